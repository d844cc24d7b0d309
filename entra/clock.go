package entra

import (
	"sync"
	"sync/atomic"
	"time"
)

// leaseTime is how long one reading of the system clock serves cache hits.
// Reading the clock costs more than all the rest of a hit. A token is handed
// out for at most this much longer than the rules say, which is nothing beside
// the margin before its expiry.
const leaseTime = 100 * time.Millisecond

// jumpTolerance is what a clock may go backwards without being a jump:
// readings of several goroutines arrive out of order, and NTP corrects.
const jumpTolerance = time.Second

// timekeeper reads the time in nanoseconds since 1970, by the wall: a monotonic
// reading stands still while a computer sleeps, tokens do not.
//
// An injected clock is read anew every time. The system's is read by the first
// hit of every leaseTime; a timer ends the lease, and itself when a whole
// lease went by without a reading, so that an idle program is not woken up.
type timekeeper struct {
	read   func() time.Time         // nil means the system's
	jumped func(back time.Duration) // moves what is kept; must not read the clock
	told   func(back time.Duration) // afterwards; nil for nobody

	lease atomic.Int64 // 0: read the clock
	_     [56]byte     // lease shares its line with nothing that is written
	last  atomic.Int64 // the latest reading, to notice a clock put back

	moving sync.Mutex // held while jumped runs

	mu     sync.Mutex
	timer  *time.Timer
	armed  bool
	closed bool
}

// fast is the time for a cache hit.
func (c *timekeeper) fast() int64 {
	if now := c.lease.Load(); now != 0 {
		return now
	}
	return c.now()
}

// now reads the clock. When it was put back, jumped is called first with how
// far, before anyone acts on the new time.
func (c *timekeeper) now() int64 {
	if c.read != nil {
		now := c.read().UnixNano()
		c.notice(now)
		return now
	}
	now := time.Now().UnixNano()
	c.notice(now)
	c.renewLease(now)
	return now
}

// time is now as a time.Time without a monotonic reading.
func (c *timekeeper) time() time.Time { return time.Unix(0, c.now()).UTC() }

// notice compares with the latest reading. It writes rarely, so that parallel
// callers with an injected clock do not fight over the line.
func (c *timekeeper) notice(now int64) {
	last := c.last.Load()
	switch d := time.Duration(now - last); {
	case last == 0 || d > leaseTime:
		c.last.CompareAndSwap(last, now)
	case d < -jumpTolerance:
		if back := c.move(now); back > 0 && c.told != nil {
			c.told(back)
		}
	}
}

// move calls jumped. Of several who see the jump one does so and the others
// wait: an expired token would look good to them.
func (c *timekeeper) move(now int64) (back time.Duration) {
	c.moving.Lock()
	defer c.moving.Unlock()
	last := c.last.Load()
	if back = time.Duration(last - now); back <= jumpTolerance {
		return 0
	}
	c.jumped(back)
	// Not before: until then everyone sees the jump and comes here.
	c.last.Store(now)
	return back
}

// renewLease reads the clock again, as noticed may be old by now, and lends the
// reading unless it shows a jump that nobody has noticed.
func (c *timekeeper) renewLease(noticed int64) {
	c.mu.Lock()
	if now := time.Now().UnixNano(); !c.closed && now >= noticed {
		c.lease.Store(now)
		if !c.armed {
			c.armed = true
			if c.timer == nil {
				c.timer = time.AfterFunc(leaseTime, c.endLease)
			} else {
				c.timer.Reset(leaseTime)
			}
		}
	}
	c.mu.Unlock()
}

func (c *timekeeper) endLease() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed = c.lease.Swap(0) != 0 && !c.closed
	if c.armed {
		c.timer.Reset(leaseTime)
	}
}

// close ends the lease for good: every hit reads the clock from now on.
func (c *timekeeper) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.lease.Store(0)
	if c.timer != nil {
		c.timer.Stop()
	}
}
