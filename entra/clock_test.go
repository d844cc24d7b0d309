package entra

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// jumping is a clock for fake time that can be set.
type jumping struct{ off atomic.Int64 }

func (j *jumping) now() time.Time { return time.Now().Add(time.Duration(j.off.Load())).Round(0) }

func (j *jumping) jump(d time.Duration) { j.off.Add(int64(d)) }

// truly lets the service's tokens say when they really expire, whatever the
// client's clock shows.
func truly(life time.Duration, ends *sync.Map) func(context.Context, int, TenantID, url.Values) (int, http.Header, string) {
	return func(_ context.Context, n int, tenant TenantID, _ url.Values) (int, http.Header, string) {
		body := goodAnswer(tenant, n, int64(life/time.Second), 0)
		ends.Store(fmt.Sprint(n), time.Now().Add(life))
		return 200, nil, body
	}
}

func TestClockJumps(t *testing.T) {
	for _, tt := range []struct {
		name  string
		life  time.Duration
		age   time.Duration // of the token at the jump
		jumps []time.Duration
		most  int // requests
	}{
		{"back an hour", time.Hour, 30 * time.Minute, []time.Duration{-time.Hour}, 4},
		{"on an hour", time.Hour, 10 * time.Minute, []time.Duration{time.Hour}, 5},
		{"on an hour and back", time.Hour, 10 * time.Minute, []time.Duration{time.Hour, -time.Hour}, 6},
		{"on forty days", time.Hour, 10 * time.Minute, []time.Duration{40 * 24 * time.Hour}, 5},
		{"on forty days and back", time.Hour, 10 * time.Minute, []time.Duration{40 * 24 * time.Hour, -40 * 24 * time.Hour}, 6},
		{"back an hour, long-lived", 24 * time.Hour, 3 * time.Hour, []time.Duration{-time.Hour}, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ends := &sync.Map{}
				s := &service{t: t, answer: truly(tt.life, ends)}
				clock := &jumping{}
				var seen events
				tokens := s.tokens(func(c *Config) { c.Now, c.Observe = clock.now, seen.add })
				check := func() {
					t.Helper()
					tok := mustToken(t, tokens, tenantA)
					if end, ok := ends.Load(tok.Claims.TokenID); !ok || !time.Now().Before(end.(time.Time)) {
						t.Fatalf("a token that expired at %v was handed out", end)
					}
				}
				check()
				time.Sleep(tt.age)
				check()
				for _, j := range tt.jumps {
					clock.jump(j)
					for range 100 {
						check()
					}
				}
				for range int(tt.life / time.Minute) {
					time.Sleep(time.Minute)
					check()
				}
				if s.count() > tt.most {
					t.Errorf("%d requests, want at most %d", s.count(), tt.most)
				}
				back := 0
				for _, j := range tt.jumps {
					if j < 0 {
						back++
					}
				}
				if got := seen.count(EventClockPutBack); got != back {
					t.Errorf("%d jumps back were noticed, want %d", got, back)
				}
			})
		})
	}
}

// TestAClockThatJumpsDuringTheRequest: how long the request took cannot be
// told, the token is good all the same.
func TestAClockThatJumpsDuringTheRequest(t *testing.T) {
	for _, jump := range []time.Duration{-time.Hour, time.Hour, 40 * 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			clock := &jumping{}
			s := &service{t: t, answer: func(_ context.Context, n int, tenant TenantID, _ url.Values) (int, http.Header, string) {
				if n == 1 {
					clock.jump(jump)
				}
				return 200, nil, goodAnswer(tenant, n, 3599, 0)
			}}
			tokens := s.tokens(func(c *Config) { c.Now = clock.now })
			tok := mustToken(t, tokens, tenantA)
			if left := tok.Expires.Sub(clock.now()); left < 59*time.Minute || left > time.Hour {
				t.Errorf("jump %s: the token is good for %s", jump, left)
			}
			mustToken(t, tokens, tenantA)
			if s.count() != 1 {
				t.Errorf("jump %s: %d requests", jump, s.count())
			}
		})
	}
}

// TestTheSystemClockIsReadByLease: hits between two readings cost none, and
// an idle cache has no ticking timer.
func TestTheSystemClockIsReadByLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := (&service{t: t}).tokens(nil)
		mustToken(t, tokens, tenantA)
		if tokens.clock.lease.Load() != time.Now().UnixNano() {
			t.Error("the reading is not leased")
		}
		mustToken(t, tokens, tenantA)
		time.Sleep(2*leaseTime + 1)
		synctest.Wait()
		tokens.clock.mu.Lock()
		armed := tokens.clock.armed
		tokens.clock.mu.Unlock()
		if tokens.clock.lease.Load() != 0 || armed {
			t.Error("an idle cache goes on reading the clock")
		}
		for range 100 { // a lease in use never gets older than leaseTime
			time.Sleep(leaseTime / 10)
			mustToken(t, tokens, tenantA)
			if age := time.Now().UnixNano() - tokens.clock.fast(); age < 0 || time.Duration(age) > leaseTime {
				t.Fatalf("a reading %s old was used", time.Duration(age))
			}
		}
	})
}

func TestAnExpiredAnswerIsRefused(t *testing.T) {
	l := newLogin(t, func(w http.ResponseWriter, path string, _ url.Values) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"expires_on":"1503394903","access_token":"` + appToken(tenantOf(path), xdr().URI) + `"}`))
	})
	_, err := l.tokens(&clock{t: start()}, nil).Token(t.Context(), tenantA, xdr())
	var a *AnswerError
	if !errors.As(err, &a) {
		t.Errorf("error %v, want an AnswerError", err)
	}
}
