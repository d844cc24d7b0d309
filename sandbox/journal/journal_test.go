package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func seqs(events []Event) []uint64 {
	var out []uint64
	for _, e := range events {
		out = append(out, e.Seq)
	}
	return out
}

func TestSince(t *testing.T) {
	j := New(nil, nil)
	if got := j.Since(0); len(got) != 0 {
		t.Errorf("an empty journal has %v", got)
	}
	for range 5 {
		j.Append(Event{Kind: KindState})
	}
	for _, c := range []struct {
		since uint64
		want  []uint64
	}{{0, []uint64{1, 2, 3, 4, 5}}, {3, []uint64{4, 5}}, {5, nil}, {99, nil}} {
		if got := seqs(j.Since(c.since)); !slices.Equal(got, c.want) {
			t.Errorf("Since(%d) = %v, want %v", c.since, got, c.want)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	j := New(nil, nil)
	j.max = 8
	for i := range 100 {
		j.Append(Event{Kind: KindState, What: "x"})
		events := j.Since(0)
		if len(events) > 8 || events[len(events)-1].Seq != uint64(i+1) {
			t.Fatalf("after %d events memory holds %v", i+1, seqs(events))
		}
		for k := 1; k < len(events); k++ {
			if events[k].Seq != events[k-1].Seq+1 {
				t.Fatalf("gap in %v", seqs(events))
			}
		}
	}
	if got := seqs(j.Since(98)); !slices.Equal(got, []uint64{99, 100}) {
		t.Errorf("Since(98) = %v", got)
	}
	if got := j.Summary().Changes; got != 100 {
		t.Errorf("summary counts %d changes, want all 100", got)
	}
}

func TestFileHasOneLineForEachEvent(t *testing.T) {
	var out bytes.Buffer
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	j := New(&out, func() time.Time { return at })
	j.Append(Event{Kind: KindState, What: "app.created", Detail: map[string]any{"displayName": "a\nb"}})
	j.Append(Event{Kind: KindRequest, Status: 200})
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines: %q", len(lines), out.String())
	}
	var first Event
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(j.Since(0)[0], first); diff != "" {
		t.Errorf("line differs from memory (-memory +line):\n%s", diff)
	}
	if !first.Time.Equal(at) {
		t.Errorf("time is %v", first.Time)
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestErrTellsOfABrokenFile(t *testing.T) {
	full := errors.New("disk full")
	j := New(brokenWriter{full}, nil)
	if j.Err() != nil {
		t.Error("error before anything was written")
	}
	j.Append(Event{Kind: KindState})
	if !errors.Is(j.Err(), full) || len(j.Since(0)) != 1 {
		t.Errorf("Err() = %v, %d events in memory", j.Err(), len(j.Since(0)))
	}
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := New(nil, nil)
		got := make(chan []uint64, 1)
		go func() { got <- seqs(j.Wait(t.Context(), 1)) }()
		j.Append(Event{Kind: KindState}) // number 1 is not news
		synctest.Wait()
		select {
		case s := <-got:
			t.Fatalf("returned %v too early", s)
		default:
		}
		j.Append(Event{Kind: KindState})
		if s := <-got; !slices.Equal(s, []uint64{2}) {
			t.Errorf("got %v", s)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if events := j.Wait(ctx, 2); events != nil {
			t.Errorf("after the end of its context Wait returned %v", seqs(events))
		}
	})
}

func TestNoteOutsideARequestDoesNothing(t *testing.T) {
	Note(t.Context(), func(*Event) { t.Error("called") })
}

func TestLinesKeepTheirOrder(t *testing.T) {
	var out syncBuffer
	j := New(&out, nil)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				j.Append(Event{Kind: KindState, What: "x"})
				// One's own event is written when Append returns.
				if seq := j.Seq(); out.lines() == 0 || seq == 0 {
					t.Error("nothing is written")
				}
			}
		})
	}
	wg.Wait()
	if err := j.Err(); err != nil {
		t.Fatal(err)
	}
	want := uint64(0)
	for line := range strings.Lines(out.String()) {
		var e Event
		want++
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Seq != want {
			t.Fatalf("line %d: %v %s", want, err, line)
		}
	}
	if want != 1600 {
		t.Errorf("%d lines", want)
	}
}

// syncBuffer can be read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func (s *syncBuffer) lines() int { return strings.Count(s.String(), "\n") }
