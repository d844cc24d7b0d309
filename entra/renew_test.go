package entra

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestNobodyWaitsForARenewal uses one tenant for a day with a slow service.
func TestNobodyWaitsForARenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{t: t, delay: 300 * time.Millisecond}
		var seen events
		tokens := s.tokens(func(c *Config) { c.Observe = seen.add })
		mustToken(t, tokens, tenantA)
		for range 24 * 60 {
			time.Sleep(time.Minute)
			began := time.Now()
			tok := mustToken(t, tokens, tenantA)
			if d := time.Since(began); d != 0 {
				t.Fatalf("a caller waited %s", d)
			}
			if !tok.Expires.After(began) {
				t.Fatal("an expired token was handed out")
			}
		}
		// A life is 3599 s and renewed at 55 to 75 % of it.
		if n := s.count(); n < 32 || n > 45 {
			t.Errorf("%d requests in a day, want 32 to 45", n)
		}
		if n := seen.count(EventRenewed); n != s.count()-1 {
			t.Errorf("%d renewals reported of %d", n, s.count()-1)
		}
	})
}

func TestWhatNobodyUsesIsNotRenewedAndForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{t: t}
		var seen events
		tokens := s.tokens(func(c *Config) { c.Observe = seen.add })
		for i := range 50 {
			mustToken(t, tokens, tenantNumber(i))
		}
		mustToken(t, tokens, tenantNumber(0)) // used once
		time.Sleep(50 * time.Minute)
		if s.count() != 51 {
			t.Errorf("%d requests, want one renewal: 51", s.count())
		}
		time.Sleep(3 * time.Hour)
		if s.count() != 51 {
			t.Errorf("%d requests: what was renewed unused was renewed again", s.count())
		}
		left := 0
		tokens.shelf(xdr()).each(func(*slot) { left++ })
		if left != 0 || seen.count(EventEvicted) == 0 {
			t.Errorf("%d slots are left", left)
		}
		tokens.sweeper.mu.Lock()
		defer tokens.sweeper.mu.Unlock()
		if tokens.sweeper.armed {
			t.Error("an empty cache still has a timer")
		}
	})
}

func TestLongUnusedLongLivedTokensAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{t: t, answer: func(_ context.Context, n int, tenant TenantID, _ url.Values) (int, http.Header, string) {
			return 200, nil, goodAnswer(tenant, n, 86399, 43199)
		}}
		tokens := s.tokens(nil)
		mustToken(t, tokens, tenantA)
		mustToken(t, tokens, tenantB)
		mustToken(t, tokens, tenantB)
		time.Sleep(unusedTime + 3*time.Minute)
		if slotOf(tokens, tenantA, xdr()) != nil {
			t.Error("an unused token is kept")
		}
		if slotOf(tokens, tenantB, xdr()) == nil {
			t.Error("a used token was forgotten")
		}
	})
}

// TestRenewalsAreSpread: tenants whose tokens came in the same second.
func TestRenewalsAreSpread(t *testing.T) {
	for _, refreshIn := range []int64{0, 1800} {
		t.Run(fmt.Sprint("refresh_in ", refreshIn), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{t: t, answer: func(_ context.Context, n int, tenant TenantID, _ url.Values) (int, http.Header, string) {
					return 200, nil, goodAnswer(tenant, n, 3599, refreshIn)
				}}
				tokens := s.tokens(nil)
				const n = 1000
				began := time.Now()
				for range 2 {
					for i := range n {
						mustToken(t, tokens, tenantNumber(i))
					}
				}
				time.Sleep(50 * time.Minute)
				perMinute := map[int]int{}
				for _, r := range s.all()[n:] {
					at := r.at.Sub(began)
					if refreshIn > 0 && (at < 30*time.Minute || at > 37*time.Minute) {
						t.Errorf("renewed after %s, want at refresh_in or soon after", at)
					}
					perMinute[int(at/time.Minute)]++
				}
				if got := s.count() - n; got != n {
					t.Errorf("%d renewals, want %d", got, n)
				}
				for m, c := range perMinute {
					if c > n/4 {
						t.Errorf("%d of %d renewals in minute %d", c, n, m)
					}
				}
			})
		})
	}
}

func TestAFailingRenewalDisturbsNobodyAndBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := false
		s := &service{t: t, answer: func(_ context.Context, n int, tenant TenantID, _ url.Values) (int, http.Header, string) {
			if broken {
				return 503, nil, `{"error":"temporarily_unavailable"}`
			}
			return 200, nil, goodAnswer(tenant, n, 3599, 0)
		}}
		tokens := s.tokens(nil)
		mustToken(t, tokens, tenantA)
		broken = true
		for range 53 * 60 {
			time.Sleep(time.Second)
			mustToken(t, tokens, tenantA)
		}
		if n := s.count(); n < 3 || n > 20 {
			t.Errorf("%d requests while renewal fails, want a handful", n)
		}
		broken = false
		for range 10 * 60 {
			time.Sleep(time.Second)
			mustToken(t, tokens, tenantA)
		}
	})
}

// TestHitsStayHitsDuringARenewal: the renewal must not send every caller the
// long way.
func TestHitsStayHitsDuringARenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{t: t}
		tokens := s.tokens(nil)
		first := mustToken(t, tokens, tenantA)
		s.slow(30 * time.Second)
		time.Sleep(46 * time.Minute)
		mustToken(t, tokens, tenantA) // begins the renewal, since no hit came before
		resource := xdr()
		g := slotOf(tokens, tenantA, resource).hit(time.Now().UnixNano(), &resource)
		if g == nil || g.Reveal() != first.Reveal() {
			t.Error("no hit while the renewal is under way")
		}
		time.Sleep(2 * time.Minute)
		if mustToken(t, tokens, tenantA).Claims.TokenID != "2" || s.count() != 2 {
			t.Errorf("not renewed, or more than once: %d requests", s.count())
		}
	})
}

// TestRenewalsWaitOutAThrottle and then happen before anyone has to wait.
func TestRenewalsWaitOutAThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := refusals{}
		s := &service{t: t, answer: r.answer}
		tokens := s.tokens(nil)
		const n = 200
		for range 2 {
			for i := range n {
				mustToken(t, tokens, tenantNumber(i))
			}
		}
		time.Sleep(30 * time.Minute)
		r.status, r.header, r.body = 429, http.Header{"Retry-After": {"900"}}, "Too Many Requests"
		if _, err := tokens.Token(t.Context(), tenantNumber(n), xdr()); err == nil {
			t.Fatal("not throttled")
		}
		r.status = 0
		before := s.count()
		time.Sleep(15*time.Minute - time.Second) // all renewals fall due
		if got := s.count() - before; got != 0 {
			t.Errorf("%d requests against the throttle", got)
		}
		s.slow(100 * time.Millisecond)
		for range 9 * 60 {
			time.Sleep(time.Second)
			began := time.Now()
			for i := range n {
				mustToken(t, tokens, tenantNumber(i))
			}
			if d := time.Since(began); d != 0 {
				t.Fatalf("callers waited %s", d)
			}
		}
		if got := s.count() - before; got != n {
			t.Errorf("%d renewals after the throttle, want %d", got, n)
		}
	})
}

// TestRenewalsYieldToCallers: many renewals are due at a slow service.
func TestRenewalsYieldToCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{t: t}
		tokens := s.tokens(func(c *Config) { c.MaxRequests = 4 })
		const n = 400
		for range 2 {
			for i := range n {
				mustToken(t, tokens, tenantNumber(i))
			}
		}
		s.slow(30 * time.Second) // 400 renewals at 3 a time take over an hour
		time.Sleep(45 * time.Minute)
		began := time.Now()
		mustToken(t, tokens, tenantNumber(20_000))
		if d := time.Since(began); d != s.delay {
			t.Errorf("a caller took %s, want %s: renewals hold every place", d, s.delay)
		}
		began = time.Now()
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() { mustToken(t, tokens, tenantNumber(10_000+i)) })
		}
		wg.Wait()
		if d := time.Since(began); d > 2*s.delay { // the others take places as they get free
			t.Errorf("four callers waited %s behind renewals", d)
		}
		// A caller whose own renewal is still in the queue takes it along.
		time.Sleep(10*time.Minute + 20*time.Second) // tokens have run out
		var queued TenantID
		tokens.shelf(xdr()).each(func(s *slot) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if f := s.flight; f != nil && f.ticket == lastQueued(tokens.gate) {
				queued = TenantID(s.id[:])
			}
		})
		if queued == "" {
			t.Fatal("no renewal is queued: nothing to test")
		}
		began = time.Now()
		mustToken(t, tokens, queued)
		if d := time.Since(began); d > 2*s.delay {
			t.Errorf("a caller waited %s in the renewals' queue", d)
		}
	})
}

func TestShortLivedTokensAreKeptAndRenewed(t *testing.T) {
	for _, life := range []int64{10, 60, 300} {
		t.Run(fmt.Sprint(life, " s"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{t: t, delay: 100 * time.Millisecond, answer: func(_ context.Context, n int, tenant TenantID, _ url.Values) (int, http.Header, string) {
					return 200, nil, goodAnswer(tenant, n, life, 0)
				}}
				tokens := s.tokens(nil)
				mustToken(t, tokens, tenantA)
				waited := 0
				for range 100 * 10 {
					time.Sleep(time.Duration(life) * time.Second / 100)
					began := time.Now()
					if tok := mustToken(t, tokens, tenantA); !tok.Expires.After(time.Now()) {
						t.Fatal("an expired token was handed out")
					}
					if time.Since(began) > 0 {
						waited++
					}
				}
				if n := s.count(); n > 20 {
					t.Errorf("%d requests in ten lives", n)
				}
				if waited > 0 {
					t.Errorf("callers waited %d times", waited)
				}
			})
		})
	}
}

func TestPlanKeepsItsOrder(t *testing.T) {
	for _, life := range []time.Duration{time.Second, 10 * time.Second, 5 * time.Minute, time.Hour, 28 * time.Hour, 7 * 24 * time.Hour} {
		for _, renewIn := range []int32{0, 1, 60, 3600, 43199, 1 << 30} {
			for range 50 {
				g := &Grant{asked: start().UnixNano(), Expires: start().Add(life), renewIn: renewIn}
				due, until := plan(g)
				if due <= g.asked || due > until || until >= g.Expires.UnixNano() {
					t.Fatalf("life %s, refresh_in %d: renew after %s, stop after %s", life, renewIn, time.Duration(due-g.asked), time.Duration(until-g.asked))
				}
				if life >= 25*time.Minute && g.Expires.UnixNano()-until != int64(5*time.Minute) {
					t.Fatalf("life %s: margin %s", life, time.Duration(g.Expires.UnixNano()-until))
				}
			}
		}
	}
}

// TestARenewalThatIsHeldBackComesLater: neither at once, in a loop, nor never.
func TestARenewalThatIsHeldBackComesLater(t *testing.T) {
	tokens := (&service{t: t}).tokens(func(c *Config) { c.Now = start })
	now := start().UnixNano()
	e := ParseError(429, http.Header{"Retry-After": {"60"}}, nil)
	tokens.throttle.told(now, tokens.judge(e), e)
	for name, hold := range map[string]func(*slot){
		"before it began": func(s *slot) { tokens.renew(s, now) },
		"in the queue": func(s *slot) {
			err := tokens.throttle.check(now)
			s.fail(now, err, tokens.judge(err))
		},
	} {
		s := tokens.shelf(xdr()).make(tenantA)
		s.keep(&Grant{Tenant: tenantA, Resource: xdr(), Claims: Claims{Audience: xdr().URI}, asked: now, Expires: start().Add(time.Hour)})
		s.lookAgain(s.until)
		hold(s)
		if wait := time.Duration(s.due.Load() - now); wait < 29*time.Second || wait > 2*time.Minute {
			t.Errorf("%s: looked at again after %s", name, wait)
		}
		if s.failure != nil || s.failures != 0 {
			t.Errorf("%s: counts as a failure of the tenant", name)
		}
	}
}

// lastQueued is the renewal that waits at the end of the queue.
func lastQueued(g *gate) *ticket {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.later.Len() == 0 {
		return nil
	}
	return g.later.Back().Value.(*ticket)
}
