package defender_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantry/tenantry/defender"
)

// Reads are repeated after failures that may pass, with growing waits, and
// nothing else is.
func TestReadsAreRepeated(t *testing.T) {
	fails := func(status int, body string, header ...string) func(int, *http.Request) (int, string, []string) {
		return func(int, *http.Request) (int, string, []string) { return status, body, header }
	}
	for _, c := range []struct {
		name   string
		answer func(int, *http.Request) (int, string, []string)
		sent   int
		atMost time.Duration // all waits together
		least  time.Duration
	}{
		{"500", fails(500, "{}"), 3, 1500 * time.Millisecond, 750 * time.Millisecond},
		{"502 web page", fails(502, "<html>"), 3, 1500 * time.Millisecond, 750 * time.Millisecond},
		{"503 that says when", fails(503, "{}", "Retry-After", "9"), 3, 18 * time.Second, 18 * time.Second},
		{"504", fails(504, ""), 3, 1500 * time.Millisecond, 750 * time.Millisecond},
		{"reset", fails(0, ""), 3, 1500 * time.Millisecond, 750 * time.Millisecond},
		{"cut short", fails(200, `{"value":[`), 3, 1500 * time.Millisecond, 750 * time.Millisecond},
		{"nothing at all", fails(200, ""), 3, 1500 * time.Millisecond, 750 * time.Millisecond},
		{"400", fails(400, "{}"), 1, 0, 0},
		{"401", fails(401, "{}"), 1, 0, 0},
		{"403", fails(403, "{}"), 1, 0, 0},
		{"404", fails(404, "{}"), 1, 0, 0},
		{"web page", fails(200, "<html>"), 1, 0, 0},
		{"not JSON", fails(200, "nonsense"), 1, 0, 0},
		{"redirect", fails(302, ""), 1, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{answer: c.answer}
				var told time.Duration
				client := s.client(t, func(cfg *defender.Config) {
					cfg.OnWait = func(w defender.Wait) {
						if w.Why != defender.WaitRetry {
							t.Errorf("wait %+v", w)
						}
						told += w.For
					}
				})
				begun := time.Now()
				_, err := client.Incidents(defender.SurfaceXDR).Get(t.Context(), "1")
				if err == nil || len(s.arrivals) != c.sent {
					t.Errorf("error %v after %d requests, want %d", err, len(s.arrivals), c.sent)
				}
				if took := time.Since(begun); took > c.atMost || took < c.least || took != told {
					t.Errorf("waited %s, told of %s; want %s to %s", took, told, c.least, c.atMost)
				}
				if next, ok := errors.AsType[interface {
					error
					Next() string
				}](err); !ok || next.Next() == "" {
					t.Errorf("error %v has no next step", err)
				}
			})
		})
	}
}

func TestReadMendsItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{answer: func(n int, _ *http.Request) (int, string, []string) {
			if n == 0 {
				return 0, "", nil
			}
			return 200, `{"incidentId":1}`, nil
		}}
		i, err := s.client(t).Incidents(defender.SurfaceXDR).Get(t.Context(), "1")
		if err != nil || i.ID != "1" {
			t.Errorf("incident %v, error %v", i, err)
		}
	})
}

func TestRetryEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{answer: func(int, *http.Request) (int, string, []string) { return 503, "", []string{"Retry-After", "100"} }}
		stop := errors.New("the user stopped it")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(stop) })
		_, err := s.client(t).Incidents(defender.SurfaceXDR).Get(ctx, "1")
		if !errors.Is(err, stop) || len(s.arrivals) != 1 {
			t.Errorf("error %v after %d requests", err, len(s.arrivals))
		}
	})
}

// A service that answers and then hangs, cuts off or pours out data without end
// leads to a typed error, in bounded memory.
func TestHostileBodies(t *testing.T) {
	endless := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"value":["`)
		for chunk := strings.Repeat("x", 1<<16); r.Context().Err() == nil; {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	}
	cutGzip := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xaa\x56"))
	}
	notGzip := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, `{"value":[]}`)
	}
	reset := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    defender.BodyProblem // "" for a TransportError
	}{
		"without end": {endless, defender.BodyTooLarge},
		"cut gzip":    {cutGzip, defender.BodyTruncated},
		"not gzip":    {notGzip, defender.BodyTruncated},
		"reset":       {reset, ""},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, c.handler, func(cfg *defender.Config) { cfg.MaxBody = 1 << 20 })
			_, err := client.Incidents(defender.SurfaceXDR).Get(t.Context(), "1")
			body, isBody := errors.AsType[*defender.BodyError](err)
			lost, isLost := errors.AsType[*defender.TransportError](err)
			switch {
			case c.want == "" && (!isLost || !lost.Sent || lost.Next() == ""):
				t.Errorf("error %v, want a TransportError", err)
			case c.want != "" && (!isBody || body.Problem != c.want):
				t.Errorf("error %v, want a BodyError %s", err, c.want)
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	client, err := defender.New(defender.Config{XDR: "http://127.0.0.1:1", Token: bearer, HTTPClient: &http.Client{Transport: &http.Transport{}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Incidents(defender.SurfaceXDR).Get(t.Context(), "1")
	lost, ok := errors.AsType[*defender.TransportError](err)
	if !ok || lost.Sent || lost.Host != "127.0.0.1:1" {
		t.Errorf("error %#v, want one that says that nothing was sent", err)
	}
}
