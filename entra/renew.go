package entra

import (
	"context"
	"sync"
	"time"
)

const (
	sweepLongest  = 10 * time.Second
	sweepShortest = time.Second
	// removeEvery bounds how often a few slots are worth a new table.
	removeEvery = time.Minute
	// unusedTime is how long a token that nobody took from the cache is kept.
	unusedTime = time.Hour
)

// renew begins the renewal of a token that is still good. The caller holds the
// slot's lock. Where it cannot begin now, hits look again in some seconds.
func (t *Tokens) renew(s *slot, now int64) (begun bool) {
	g := s.current.Load()
	switch {
	case s.flight != nil && !s.flight.background: // Fresh, whose callers may leave
		s.lookAgain(now + int64(sweepShortest+jitter(sweepShortest)))
		return true
	case s.flight != nil:
		begun = true
	case t.throttle.pause(now) > 0:
		pause := t.throttle.pause(now)
		s.lookAgain(now + int64(pause+jitter(max(pause/4, 5*time.Second))))
		return false
	case t.gate.room() == 0:
		s.lookAgain(now + int64(sweepShortest+jitter(sweepShortest)))
		return false
	default:
		begun = t.start(context.Background(), s, TenantID(s.id[:]), g.Resource, wish{}, true) != nil
	}
	s.lookAgain(s.until) // landing sets the next time
	return begun
}

// sweeper looks through all slots from time to time: it begins renewals and
// forgets what expired or is not used. It is a timer and no goroutine, and is
// not set while there is nothing to look at. It keeps no list of due times, so
// a clock that jumps cannot upset it.
type sweeper struct {
	mu      sync.Mutex
	timer   *time.Timer
	every   time.Duration
	armed   bool
	busy    bool
	closed  bool
	removed int64 // when slots were last removed
}

// arm makes sure that a sweep comes in time for a token whose renewal may take
// window; 0 means that there is no token.
func (sw *sweeper) arm(t *Tokens, window time.Duration) {
	every := sweepLongest
	if window > 0 {
		every = max(sweepShortest, min(every, window/4))
	}
	sw.mu.Lock()
	defer sw.mu.Unlock()
	if sw.closed {
		return
	}
	sooner := every < sw.every || !sw.armed
	if sooner {
		sw.every = every
	}
	switch {
	case sw.busy || !sooner:
		sw.armed = true
	case sw.timer == nil:
		sw.armed = true
		sw.timer = time.AfterFunc(every, t.sweep)
	default:
		sw.armed = true
		sw.timer.Reset(every)
	}
}

func (sw *sweeper) stop() {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	sw.closed = true
	if sw.timer != nil {
		sw.timer.Stop()
	}
}

// sweep is one look through all slots.
func (t *Tokens) sweep() {
	if !t.begin() {
		return
	}
	defer t.running.Done()
	sw := &t.sweeper
	sw.mu.Lock()
	if sw.busy {
		sw.mu.Unlock()
		return
	}
	sw.busy, sw.armed = true, false
	sw.mu.Unlock()

	now := t.clock.now()
	left, waiting := 0, false
	for _, sh := range *t.shelves.Load() {
		n, more := t.sweepShelf(sh, now)
		left += n
		waiting = waiting || more
	}

	sw.mu.Lock()
	defer sw.mu.Unlock()
	sw.busy = false
	if sw.closed || left == 0 && !sw.armed {
		sw.armed = false
		return
	}
	// Short-lived tokens shorten the interval when they land; without more of
	// them it goes back to the longest.
	sw.every = min(2*sw.every, sweepLongest)
	if waiting {
		sw.every = sweepShortest
	}
	sw.armed = true
	sw.timer.Reset(sw.every)
}

// sweepShelf reports how many slots are left, and whether renewals wait for
// room.
func (t *Tokens) sweepShelf(sh *shelf, now int64) (left int, waiting bool) {
	useless := 0
	sh.each(func(s *slot) {
		left++
		if due := s.due.Load(); due != 0 && now < due && (s.used.Load() != 0 || !s.unused(now)) {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case s.useless(now):
			useless++
		case s.dead || s.current.Load() == nil || now >= s.until || now < s.due.Load() || s.used.Load() == 0:
		case !t.renew(s, now):
			waiting = waiting || t.throttle.pause(now) == 0
		}
	})
	since := time.Duration(now - t.sweeper.removed).Abs() // the clock may have been put back
	if useless == 0 || useless*16 < left && since < removeEvery {
		return left, waiting
	}
	gone := sh.remove(func(s *slot) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.useless(now) {
			return false
		}
		s.publish(nil, 0, 0)
		s.dead = true
		return true
	})
	t.sweeper.removed = now
	if gone > 0 {
		t.observe(Event{Kind: EventEvicted, Resource: sh.resource.URI, Count: gone})
	}
	return left - gone, waiting
}

// unused reports a token that came long ago and that no hit took since.
func (s *slot) unused(now int64) bool {
	g := s.current.Load()
	return g != nil && s.used.Load() == 0 && now-g.asked > int64(unusedTime)
}

// useless reports a slot that can be forgotten. The caller holds mu.
func (s *slot) useless(now int64) bool {
	if s.flight != nil || s.failure.stands(now) {
		return false
	}
	return s.current.Load() == nil || now >= s.until || s.unused(now)
}
