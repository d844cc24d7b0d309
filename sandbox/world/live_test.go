package world

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestStep lets tenants live for a while and holds what readers rely on after
// every event.
func TestStep(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(12) {
		tn := tenantOf(seed, int(seed)*4)
		w, clock := movingWorld(t, tn)
		var told []string
		w.Observe(func(c Change) { told = append(told, c.What) })
		for range 60 {
			clock.add(7 * time.Second)
			before := map[int64]*Incident{}
			for _, in := range w.Incidents(tn.ID) {
				before[in.ID] = in
			}
			told = nil
			what, err := w.Step(tn.ID)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			seen[what]++
			if d := cmp.Diff([]string{what}, told); d != "" {
				t.Fatalf("journal (-want +got):\n%s", d)
			}
			changed := 0
			for i, in := range w.Incidents(tn.ID) {
				was := before[in.ID]
				if was == in {
					continue
				}
				changed++
				if i > 1 || in.LastUpdate.Before(clock.Now()) {
					t.Errorf("seed %d, %s: incident %d is number %d of the list, changed %v ago", seed, what, in.ID, i, clock.Now().Sub(in.LastUpdate))
				}
				for _, a := range in.Alerts {
					if a.Created.After(clock.Now()) || a.LastUpdate.After(in.LastUpdate) || a.FirstActivity.After(a.LastActivity) || a.LastActivity.After(a.Created) || a.IncidentID != in.ID {
						t.Errorf("seed %d, %s: times of alert %+v", seed, what, a)
					}
				}
				if was == nil && (what != "incident.created" || in.Created.Before(clock.Now()) || len(in.Alerts) != 1) {
					t.Errorf("seed %d, %s: new incident %+v", seed, what, in)
				}
			}
			want := 1
			if what == "incident.merged" {
				want = 2
			}
			if changed != want {
				t.Errorf("seed %d: %s changed %d incidents, want %d", seed, what, changed, want)
			}
		}
		ids := map[string]bool{}
		for _, a := range w.Alerts(tn.ID) {
			if ids[a.ID] {
				t.Errorf("seed %d: alert %s is there twice", seed, a.ID)
			}
			ids[a.ID] = true
		}
	}
	for _, what := range []string{"incident.created", "incident.alertAdded", "incident.updated", "incident.merged", "incident.reopened"} {
		if seen[what] < 5 {
			t.Errorf("%s happened %d times: %v", what, seen[what], seen)
		}
	}
	w := worldOf(t)
	if _, err := w.Step(DeriveGUID("nobody")); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown tenant: %v", err)
	}
}

// TestStepIsDeterministic: the same world lives the same life.
func TestStepIsDeterministic(t *testing.T) {
	tn := tenantOf(5, 20)
	life := func() (what []string, list []*Incident) {
		w, clock := movingWorld(t, tn)
		for range 50 {
			clock.add(time.Second)
			s, err := w.Step(tn.ID)
			if err != nil {
				t.Fatal(err)
			}
			what = append(what, s)
		}
		return what, w.Incidents(tn.ID)
	}
	whatA, a := life()
	whatB, b := life()
	if d := cmp.Diff(whatA, whatB); d != "" {
		t.Errorf("events differ:\n%s", d)
	}
	if d := cmp.Diff(a, b); d != "" {
		t.Errorf("incidents differ:\n%s", d)
	}
}

func TestLive(t *testing.T) {
	a, b := tenantOf(1, 10), tenantOf(2, 10)
	empty, bare := tenantOf(3, 0), tenantOf(4, 10)
	bare.Licences = nil
	w, clock := movingWorld(t, a, b, empty, bare)
	tenants := map[string]int{}
	w.Observe(func(c Change) { tenants[c.TenantID]++ })
	ctx, cancel := context.WithCancel(t.Context())
	var waits []time.Duration
	err := w.Live(ctx, 30, func(ctx context.Context, d time.Duration) error {
		waits = append(waits, d)
		clock.add(d)
		if len(waits) == 41 {
			cancel()
		}
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Live = %v", err)
	}
	if waits[0] != 2*time.Second || tenants[a.ID]+tenants[b.ID] != 40 || tenants[a.ID] < 5 || tenants[b.ID] < 5 || len(tenants) != 2 {
		t.Errorf("waits of %v, events by tenant %v", waits[0], tenants)
	}
	for _, rate := range []float64{0, -1, MaxRate + 1} {
		if err := w.Live(t.Context(), rate, nil); !errors.Is(err, ErrInvalid) {
			t.Errorf("rate %v: %v", rate, err)
		}
	}
	// Nothing to do is no mistake.
	w, _ = movingWorld(t, empty)
	n := 0
	if err := w.Live(t.Context(), 60, func(context.Context, time.Duration) error {
		if n++; n > 3 {
			return context.DeadlineExceeded
		}
		return nil
	}); !errors.Is(err, context.DeadlineExceeded) || n != 4 {
		t.Errorf("an empty world: %v after %d waits", err, n)
	}
}

func TestLiveEndsWhileItWaits(t *testing.T) {
	w := worldOf(t, tenantOf(1, 3))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Live(ctx, 0.001, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Live = %v", err)
	}
}

// TestStepsBesideReaders runs a life beside readers and writers, for the race
// detector and for errors.
func TestStepsBesideReaders(t *testing.T) {
	tn := tenantOf(2, 15)
	w := worldOf(t, tn)
	done := make(chan error)
	for i := range 4 {
		go func() {
			var err error
			for n := 0; n < 60 && err == nil; n++ {
				if i%2 == 0 {
					_, err = w.Step(tn.ID)
				} else if in := w.Incidents(tn.ID); len(in) > 0 {
					_, err = w.UpdateIncident(tn.ID, in[n%len(in)].ID, "x", func(in *Incident) error { in.Tags = append(in.Tags, "t"); return nil })
				}
				if errors.Is(err, ErrInvalid) {
					err = nil // two merges of one incident
				}
			}
			done <- err
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if len(w.Incidents(tn.ID)) < 15 {
		t.Error("incidents are gone")
	}
}
