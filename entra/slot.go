package entra

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// slot keeps the token of one (tenant, resource) and its request under way.
// Hits read the first line without a lock; everything else happens under mu,
// which is never held while a clock is read, a callback runs or a network or
// file is waited for.
type slot struct {
	id   [tenantIDLength]byte // the tenant
	used atomic.Uint32        // 1: handed out by a hit since the last renewal
	// due is when a hit has to look closer: the time to renew, or the time the
	// token is no longer handed out. 0 means that there is no token. The lowest
	// bit says that the token's audience is another name of the resource than
	// its URI, so that the caller's Resource decides.
	//
	// A writer sets due to 0, then current, then due; a reader reads due,
	// current and due again. So it never pairs a token with another one's time.
	due     atomic.Int64
	current atomic.Pointer[Grant]
	shelf   *shelf

	mu       sync.Mutex
	flight   *flight
	failure  *failure
	until    int64 // when current is no longer handed out
	failures uint8 // in a row
	dead     bool  // taken off the shelf: whoever still holds it looks again
	// skipVault: the stored token was dropped or refused.
	skipVault bool

	_ [22]byte // fill two cache lines, so that hits of neighbours share none
}

const otherName = 1 // the bit in due

// hit returns the cached token if nothing speaks against handing it out.
func (s *slot) hit(now int64, resource *Resource) *Grant {
	due := s.due.Load()
	g := s.current.Load()
	if now >= due || g == nil || s.due.Load() != due {
		return nil
	}
	if due&otherName != 0 && !resource.Accepts(g.Claims.Audience) {
		return nil
	}
	if s.used.Load() == 0 {
		s.used.Store(1)
	}
	return g
}

// publish makes g, or nothing, the token that hits see. The caller holds mu.
func (s *slot) publish(g *Grant, due, until int64) {
	s.due.Store(0)
	s.current.Store(g)
	s.until = until
	if g != nil {
		s.due.Store(s.mark(g, due))
	}
}

// lookAgain moves the time of the next closer look. The caller holds mu and there
// is a token.
func (s *slot) lookAgain(at int64) { s.due.Store(s.mark(s.current.Load(), min(at, s.until))) }

func (s *slot) mark(g *Grant, due int64) int64 {
	due = max(due, 2) &^ otherName
	if g.Claims.Audience != s.shelf.resource.URI {
		due |= otherName
	}
	return due
}

// keep publishes a new token and plans its renewal. The caller holds mu.
func (s *slot) keep(g *Grant) {
	due, until := plan(g)
	s.publish(g, due, until)
	s.used.Store(0)
	s.failure, s.failures, s.skipVault = nil, 0, false
}

// drop forgets token, failure and the request under way, whose token will not
// be kept. The caller holds mu.
func (s *slot) drop() {
	s.publish(nil, 0, 0)
	s.failure, s.failures, s.skipVault = nil, 0, true
	if f := s.flight; f != nil {
		s.flight = nil
		if f.waiters == 0 {
			f.cancel(errAbandoned)
		}
	}
}

// putBack keeps up with a clock that was put back. The caller holds mu.
func (s *slot) putBack(back time.Duration) {
	s.failure = nil
	if g := s.current.Load(); g != nil {
		due, until := s.due.Load()-int64(back), s.until-int64(back)
		s.publish(g.moved(back), due, until)
	}
}

// expiryMargin is how long before its expiry a token is no longer handed out:
// five minutes, as every Microsoft client library does, but at most a fifth of
// its life, so that short-lived tokens are kept too.
func expiryMargin(life time.Duration) time.Duration { return min(5*time.Minute, life/5) }

// plan says when to renew a token and when to stop handing it out. The time of
// the renewal is drawn by lot, so that tokens asked for together are not
// renewed together: from 55 to 75 % of the life, or, where the answer had a
// refresh_in, within a tenth of the life after that.
func plan(g *Grant) (due, until int64) {
	life := g.life()
	until = g.Expires.Add(-expiryMargin(life)).UnixNano()
	from, spread := life*55/100, life/5
	if g.renewIn > 0 {
		// Not below a minute: an answer must not make us ask all the time.
		from = max(time.Duration(g.renewIn)*time.Second, min(life/4, time.Minute))
		spread = life / 10
	}
	room := time.Duration(until - g.asked)
	if from >= room {
		from = room * 3 / 4
	}
	spread = min(spread, (room-from)*3/4)
	return g.asked + int64(from+jitter(spread)), until
}

// jitter is a random duration below limit.
func jitter(limit time.Duration) time.Duration {
	if limit <= 0 {
		return 0
	}
	return time.Duration(rand.Int64N(int64(limit)))
}

// flight is one request with everyone who waits for it. It runs in a goroutine
// of its own; what callers began is cancelled when the last of them has left.
type flight struct {
	done       chan struct{}
	grant      *Grant // set before done is closed
	err        error
	cancel     context.CancelCauseFunc
	ticket     *ticket
	background bool // begun with nobody waiting
	fresh      bool // the vault must not answer
	claims     string
	waiters    int // under slot.mu
}
