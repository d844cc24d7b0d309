package defender_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/defender"
)

// service answers without a network, so that fake clocks run freely, and
// records when each request arrived.
type service struct {
	mu       sync.Mutex
	arrivals []time.Time
	requests []string // method and path
	latency  func() time.Duration
	answer   func(n int, r *http.Request) (status int, body string, header []string) // n counts from 0; status 0 breaks the connection
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	way := time.Duration(0)
	if s.latency != nil {
		way = s.latency()
	}
	time.Sleep(way / 2)
	s.mu.Lock()
	n := len(s.arrivals)
	s.arrivals = append(s.arrivals, time.Now())
	s.requests = append(s.requests, r.Method+" "+r.URL.Path)
	s.mu.Unlock()
	time.Sleep(way / 2)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	status, body, header := 200, `{"value":[],"id":"1","incidentId":1}`, []string(nil)
	if s.answer != nil {
		status, body, header = s.answer(n, r)
	}
	if status == 0 {
		return nil, errReset
	}
	resp := &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), Request: r}
	for i := 0; i < len(header); i += 2 {
		resp.Header.Set(header[i], header[i+1])
	}
	return resp, nil
}

var errReset = errors.New("connection reset by peer")

func (s *service) client(t *testing.T, change ...func(*defender.Config)) *defender.Client {
	t.Helper()
	cfg := defender.Config{Graph: "https://graph.invalid", XDR: "https://xdr.invalid", MDE: "https://mde.invalid",
		HTTPClient: &http.Client{Transport: s}, Token: bearer}
	for _, c := range change {
		c(&cfg)
	}
	client, err := defender.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// most counts the requests in the fullest stretch of a length. Its own way of
// counting is the services': what arrived less than the stretch ago counts.
func (s *service) most(per time.Duration) (most int) {
	for first, begun := range s.arrivals {
		n := 0
		for _, at := range s.arrivals[first:] {
			if at.Sub(begun) < per {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// calls maps each operation of incidents and alerts to a call of it.
func calls(ctx context.Context, c *defender.Client, s defender.Surface) map[defender.Operation]func() error {
	incidents, alerts := c.Incidents(s), c.Alerts(s)
	return map[defender.Operation]func() error{
		defender.OpListIncidents:   func() error { _, err := incidents.List(ctx, defender.ListOptions{}); return err },
		defender.OpGetIncident:     func() error { _, err := incidents.Get(ctx, "1"); return err },
		defender.OpCommentIncident: func() error { _, err := incidents.Comment(ctx, "1", "seen"); return err },
		defender.OpListAlerts:      func() error { _, err := alerts.List(ctx, defender.AlertListOptions{}); return err },
		defender.OpGetAlert:        func() error { _, err := alerts.Get(ctx, "a1"); return err },
		defender.OpCommentAlert:    func() error { _, err := alerts.Comment(ctx, "a1", "seen"); return err },
	}
}

// Each limit is used to the full and never exceeded, as the service counts.
func TestLimitsAreKept(t *testing.T) {
	for _, l := range defender.Limits() {
		if l.Surface == defender.SurfaceMDE {
			continue // its calls have their own tests
		}
		op := l.Operations[0]
		if op == defender.OpUpdateIncident {
			op = defender.OpCommentIncident
		}
		t.Run(string(l.Surface)+" "+string(op)+" "+l.Per.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(1, 2))
				s := &service{latency: func() time.Duration { return time.Duration(random.IntN(900)) * time.Millisecond }}
				c := s.client(t, func(cfg *defender.Config) {
					cfg.Budget = defender.NewBudget(defender.BudgetConfig{Limits: []defender.Limit{l}})
				})
				call := calls(t.Context(), c, l.Surface)[op]
				begun := time.Now()
				for range 2*l.Calls + 3 {
					if err := call(); err != nil {
						t.Fatal(err)
					}
				}
				if op == defender.OpCommentIncident { // it reads first; reads are not counted here, or with the rest
					if l.Surface == defender.SurfaceXDR {
						s.arrivals = only(s, "PATCH")
					}
				}
				if got := s.most(l.Per); got > l.Calls {
					t.Errorf("%d calls in %s, of %d allowed", got, l.Per, l.Calls)
				} else if got < l.Calls*9/10 {
					t.Errorf("%d calls in %s, although %d are allowed", got, l.Per, l.Calls)
				}
				if took := time.Since(begun); took < l.Per {
					t.Errorf("%d calls took %s", len(s.arrivals), took)
				}
			})
		})
	}
}

func only(s *service, method string) (out []time.Time) {
	for n, at := range s.arrivals {
		if strings.HasPrefix(s.requests[n], method+" ") {
			out = append(out, at)
		}
	}
	return out
}

// A call that is long on its way is counted when it arrives, whenever that is.
func TestCallsUnderWayCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		random, mu := rand.New(rand.NewPCG(3, 4)), sync.Mutex{}
		s := &service{latency: func() time.Duration {
			mu.Lock()
			defer mu.Unlock()
			if random.IntN(60) == 0 {
				return time.Duration(60+random.IntN(240)) * time.Second
			}
			return time.Duration(random.IntN(400)) * time.Millisecond
		}}
		c := s.client(t)
		var all sync.WaitGroup
		for range 64 { // more than may be under way at once
			all.Go(func() {
				for range 20 {
					if _, err := c.Incidents(defender.SurfaceXDR).List(t.Context(), defender.ListOptions{}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if minute, hour := s.most(time.Minute), s.most(time.Hour); minute > 50 || hour > 1500 || len(s.arrivals) != 1280 {
			t.Errorf("%d calls, %d in a minute, %d in an hour", len(s.arrivals), minute, hour)
		}
	})
}

func TestLimitsAreDocumented(t *testing.T) {
	for _, l := range defender.Limits() {
		if l.Calls <= 0 || l.Per <= 0 || !strings.HasPrefix(l.Source, "https://learn.microsoft.com/") {
			t.Errorf("limit %+v", l)
		}
		if l.Ours != (l.Surface == defender.SurfaceGraph && slices.Contains(l.Operations, defender.OpListIncidents)) {
			t.Errorf("limit %+v: whose is it?", l)
		}
	}
	b := defender.NewBudget(defender.BudgetConfig{})
	b.Limits()[0].Calls = 1
	if diff := cmp.Diff(defender.Limits(), b.Limits()); diff != "" {
		t.Errorf("a caller changed the limits:\n%s", diff)
	}
}

// Clients of one tenant share what the service counts together.
func TestOneBudgetForManyClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{latency: func() time.Duration { return 300 * time.Millisecond }}
		shared := defender.NewBudget(defender.BudgetConfig{})
		var all sync.WaitGroup
		for range 32 {
			c := s.client(t, func(cfg *defender.Config) { cfg.Budget = shared })
			all.Go(func() {
				for range 5 {
					if _, err := c.Incidents(defender.SurfaceXDR).List(t.Context(), defender.ListOptions{}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if got := s.most(time.Minute); got != 50 || len(s.arrivals) != 160 {
			t.Errorf("%d requests, %d in the fullest minute", len(s.arrivals), got)
		}
	})
}

func TestThrottled(t *testing.T) {
	tooMany := func(times int, body string, header ...string) *service {
		return &service{answer: func(n int, _ *http.Request) (int, string, []string) {
			if n < times {
				return 429, body, header
			}
			return 200, `{"value":[],"id":"1","incidentId":1}`, nil
		}}
	}
	const text = `{"error":{"code":"TooManyRequests","message":"API calls quota exceeded! maximum allowed 50 per 00:01:00. You can resume in 35 seconds."}}`
	for _, c := range []struct {
		name    string
		service *service
		retries int
		waits   []time.Duration
		fails   bool
	}{
		{"header", tooMany(1, "{}", "Retry-After", "7"), 0, []time.Duration{7 * time.Second}, false},
		{"header before text", tooMany(1, text, "Retry-After", "7"), 0, []time.Duration{7 * time.Second}, false},
		{"text", tooMany(1, text), 0, []time.Duration{35 * time.Second}, false},
		{"nothing said", tooMany(1, ""), 0, []time.Duration{time.Minute}, false},
		{"twice", tooMany(2, "{}", "Retry-After", "7"), 0, []time.Duration{7 * time.Second, 7 * time.Second}, false},
		{"for ever", tooMany(99, "{}", "Retry-After", "7"), 0, []time.Duration{7 * time.Second, 7 * time.Second}, true},
		{"no retries", tooMany(99, "{}", "Retry-After", "7"), -1, nil, true},
		{"five retries", tooMany(5, "{}", "Retry-After", "1"), 5, slices.Repeat([]time.Duration{time.Second}, 5), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var waits []time.Duration
				client := c.service.client(t, func(cfg *defender.Config) {
					cfg.Retries = c.retries
					cfg.OnWait = func(w defender.Wait) {
						if w.Why != defender.WaitThrottled || w.Operation != defender.OpListIncidents || w.Surface != defender.SurfaceXDR {
							t.Errorf("wait %+v", w)
						}
						waits = append(waits, w.For)
					}
				})
				_, err := client.Incidents(defender.SurfaceXDR).List(t.Context(), defender.ListOptions{})
				var refused *defender.Error
				if c.fails != (errors.As(err, &refused) && refused.Status == 429) || !c.fails && err != nil {
					t.Errorf("error %v", err)
				}
				if diff := cmp.Diff(c.waits, waits); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
				for n := 1; n < len(c.service.arrivals); n++ {
					if gap := c.service.arrivals[n].Sub(c.service.arrivals[n-1]); gap < c.waits[n-1] {
						t.Errorf("asked again after %s", gap)
					}
				}
			})
		})
	}
}

// A refusal pauses every call that the service counts with the refused one, in
// every client of the tenant, and no other.
func TestPauseIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{answer: func(n int, _ *http.Request) (int, string, []string) {
			if n == 0 {
				return 429, "{}", []string{"Retry-After", "20"}
			}
			return 200, `{"value":[],"id":"1","incidentId":1}`, nil
		}}
		shared := func(b *defender.Budget) func(*defender.Config) {
			return func(cfg *defender.Config) { cfg.Budget, cfg.Retries = b, -1 }
		}(defender.NewBudget(defender.BudgetConfig{}))
		if _, err := s.client(t, shared).Alerts(defender.SurfaceGraph).Get(t.Context(), "a1"); err == nil {
			t.Fatal("not refused")
		}
		for _, c := range []struct {
			surface defender.Surface
			op      defender.Operation
			wait    time.Duration
		}{
			{defender.SurfaceGraph, defender.OpGetIncident, 0},
			{defender.SurfaceXDR, defender.OpListIncidents, 0},
			{defender.SurfaceGraph, defender.OpListAlerts, 20 * time.Second},
			{defender.SurfaceGraph, defender.OpGetAlert, 0}, // the pause is over
		} {
			begun := time.Now()
			if err := calls(t.Context(), s.client(t, shared), c.surface)[c.op](); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begun); took != c.wait {
				t.Errorf("%s on %s waited %s, want %s", c.op, c.surface, took, c.wait)
			}
		}
	})
}

func TestWritesAreRepeatedAfterRefusalOnly(t *testing.T) {
	for _, c := range []struct {
		status, sent int
		uncertain    bool
	}{{429, 2, false}, {500, 1, true}, {503, 1, true}, {0, 1, true}, {400, 1, false}, {403, 1, false}} {
		synctest.Test(t, func(t *testing.T) {
			s := &service{}
			s.answer = func(int, *http.Request) (int, string, []string) {
				if posts := only(s, "POST"); len(posts) == 1 && c.status != 429 || len(posts) == 1 {
					return c.status, `{"error":{"code":"x","message":"no"}}`, nil
				}
				return 200, `{"value":[{"comment":"seen","createdByDisplayName":"app"}]}`, nil
			}
			_, err := s.client(t).Alerts(defender.SurfaceGraph).Comment(t.Context(), "a1", "seen")
			if got := len(only(s, "POST")); got != c.sent {
				t.Errorf("status %d: sent %d times", c.status, got)
			}
			var uncertain *defender.UncertainError
			if errors.As(err, &uncertain) != c.uncertain || (err == nil) != (c.status == 429) {
				t.Errorf("status %d: error %v", c.status, err)
			}
			if c.uncertain && (uncertain.Target != "a1" || !strings.Contains(uncertain.Next(), "a1")) {
				t.Errorf("status %d: %+v says %q", c.status, uncertain, uncertain.Next())
			}
		})
	}
}

// A call does not begin a wait that its time does not allow for.
func TestNoWaitBeyondTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{}
		c := s.client(t, func(cfg *defender.Config) {
			cfg.Budget = defender.NewBudget(defender.BudgetConfig{Limits: []defender.Limit{{Surface: defender.SurfaceXDR, Calls: 1, Per: time.Hour}}})
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begun := time.Now()
		_, err := c.Incidents(defender.SurfaceXDR).Get(ctx, "1")
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Incidents(defender.SurfaceXDR).Get(ctx, "1")
		var late *defender.WaitError
		if !errors.As(err, &late) || !errors.Is(err, context.DeadlineExceeded) || late.Wait.Why != defender.WaitBudget || late.Next() == "" {
			t.Errorf("error %v, want a WaitError", err)
		}
		if time.Since(begun) != 0 || len(s.arrivals) != 1 {
			t.Errorf("waited %s, %d requests", time.Since(begun), len(s.arrivals))
		}
		s.answer = func(int, *http.Request) (int, string, []string) { return 429, "{}", []string{"Retry-After", "600"} }
		_, err = c.Incidents(defender.SurfaceGraph).Get(ctx, "1")
		var refused *defender.Error
		if !errors.As(err, &refused) || refused.RetryAfter != 10*time.Minute || time.Since(begun) != 0 {
			t.Errorf("error %v after %s", err, time.Since(begun))
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{}
		c := s.client(t, func(cfg *defender.Config) {
			cfg.Budget = defender.NewBudget(defender.BudgetConfig{Limits: []defender.Limit{{Surface: defender.SurfaceXDR, Calls: 1, Per: time.Hour}}})
		})
		if _, err := c.Incidents(defender.SurfaceXDR).Get(t.Context(), "1"); err != nil {
			t.Fatal(err)
		}
		stop := errors.New("the user stopped it")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(stop) })
		_, err := c.Incidents(defender.SurfaceXDR).Get(ctx, "1")
		var lost *defender.TransportError
		if !errors.Is(err, stop) || !errors.As(err, &lost) || lost.Sent || len(s.arrivals) != 1 {
			t.Errorf("error %v, %d requests", err, len(s.arrivals))
		}
	})
}

// Calls that were never sent are not counted, and a clock that stands still
// (a test's) does not make a wait endless.
func TestBudgetCountsCallsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, still := &service{}, clock()
		noToken := true
		c := s.client(t, func(cfg *defender.Config) {
			cfg.Budget = defender.NewBudget(defender.BudgetConfig{Now: func() time.Time { return still }})
			cfg.Token = func(context.Context, defender.Surface) (string, error) {
				if noToken {
					return "", errors.New("no consent")
				}
				return fakeToken, nil
			}
		})
		begun := time.Now()
		for range 200 {
			if _, err := c.Incidents(defender.SurfaceXDR).List(t.Context(), defender.ListOptions{}); err == nil {
				t.Fatal("no token, and yet an answer")
			}
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("calls that were not sent waited %s", took)
		}
		noToken = false
		for range 120 {
			if _, err := c.Incidents(defender.SurfaceXDR).List(t.Context(), defender.ListOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if got := s.most(time.Minute); got > 50 {
			t.Errorf("%d calls in a minute", got)
		}
	})
}
