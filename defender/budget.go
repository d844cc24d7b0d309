package defender

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Limit is how many calls a service takes from one app for one tenant in any
// stretch of time.
type Limit struct {
	Surface Surface
	// Operations are counted together; none means all of the surface.
	Operations []Operation
	Calls      int
	Per        time.Duration
	Source     string // page that says so
	// Ours tells that Microsoft publishes no such limit and this is a careful guess.
	Ours bool
}

func (l Limit) covers(s Surface, op Operation) bool {
	return l.Surface == s && (len(l.Operations) == 0 || slices.Contains(l.Operations, op))
}

// Limits lists the limits that a Budget keeps unless told otherwise: Microsoft's
// published ones, and ours where it publishes none.
//
// The pages of Defender for Endpoint give each call 100 a minute and 1,500 an
// hour and do not say whether calls share them; they are counted together here,
// which is right either way.
func Limits() []Limit {
	const (
		xdr   = "https://learn.microsoft.com/defender-xdr/"
		graph = "https://learn.microsoft.com/graph/throttling-limits"
		mde   = "https://learn.microsoft.com/defender-endpoint/api/exposed-apis-list"
	)
	list, get := []Operation{OpListIncidents}, []Operation{OpGetIncident}
	update := []Operation{OpUpdateIncident, OpCommentIncident} // one call on xdr
	return []Limit{
		{Surface: SurfaceXDR, Operations: list, Calls: 50, Per: time.Minute, Source: xdr + "api-list-incidents"},
		{Surface: SurfaceXDR, Operations: list, Calls: 1500, Per: time.Hour, Source: xdr + "api-list-incidents"},
		{Surface: SurfaceXDR, Operations: get, Calls: 100, Per: time.Minute, Source: xdr + "api-get-incident"},
		{Surface: SurfaceXDR, Operations: get, Calls: 1500, Per: time.Hour, Source: xdr + "api-get-incident"},
		{Surface: SurfaceXDR, Operations: update, Calls: 50, Per: time.Minute, Source: xdr + "api-update-incidents"},
		{Surface: SurfaceXDR, Operations: update, Calls: 1500, Per: time.Hour, Source: xdr + "api-update-incidents"},
		{Surface: SurfaceGraph, Operations: []Operation{OpListAlerts, OpGetAlert, OpUpdateAlert, OpCommentAlert},
			Calls: 150, Per: time.Minute, Source: graph},
		{Surface: SurfaceGraph, Operations: []Operation{OpListIncidents, OpGetIncident, OpUpdateIncident, OpCommentIncident},
			Calls: 150, Per: time.Minute, Source: graph, Ours: true}, // the page is silent on incidents; as for alerts
		{Surface: SurfaceMDE, Calls: 100, Per: time.Minute, Source: mde},
		{Surface: SurfaceMDE, Calls: 1500, Per: time.Hour, Source: mde},
	}
}

// BudgetConfig makes a Budget.
type BudgetConfig struct {
	// Limits are those to keep; nil means Limits(), an empty list none.
	Limits []Limit
	// Now and Sleep are the clock, as in Config.
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
}

// Budget counts the calls of one app to one tenant and makes a call wait that
// would exceed a limit, so that no call is refused for it and none of the
// service's patience is lost. It is safe for concurrent use, and meant to be
// shared by all clients of a tenant.
//
// Limits are sliding windows, exact as far as a client can be: a call counts
// while it is under way, and from when it was answered, which cannot be earlier
// than when the service counted it. Callers of one operation go in the order they
// came. What other programs call with the same app is not seen; the service then
// refuses with 429, and all calls of that kind pause until it says, and then go
// one by one until one is answered.
type Budget struct {
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
	limits []Limit

	mu      sync.Mutex
	windows []*window // as limits
	paused  map[kind]pause
	waiting []*ticket // who waits, in the order they came
	// floor is the earliest time it can be: what was slept has passed, even by a
	// clock that a test holds still.
	floor time.Time
}

type kind struct {
	surface Surface
	op      Operation
}

type window struct{ calls []*slot }

// slot is one call.
type slot struct {
	budget *Budget
	kind   kind
	began  time.Time
	at     time.Time // when it began, or ended once it has
	ended  bool
}

// counted is the latest time at which the service can have counted the call, as
// far as is known now: one under way can have been held up on its way there.
func (s *slot) counted(now time.Time) time.Time {
	if s.ended {
		return s.at
	}
	return later(s.at, now)
}

// margin keeps a call from arriving at the very moment an earlier one leaves a
// window, since two clocks never run quite alike. Ours.
const margin = 50 * time.Millisecond

// NewBudget makes a Budget with nothing spent.
func NewBudget(cfg BudgetConfig) *Budget {
	b := &Budget{now: cfg.Now, sleep: cfg.Sleep, limits: slices.Clone(cfg.Limits), paused: map[kind]pause{}}
	if cfg.Limits == nil {
		b.limits = Limits()
	}
	if b.now == nil {
		b.now = time.Now
	}
	if b.sleep == nil {
		b.sleep = sleep
	}
	for range b.limits {
		b.windows = append(b.windows, &window{})
	}
	return b
}

// Limits lists the limits this budget keeps.
func (b *Budget) Limits() []Limit { return slices.Clone(b.limits) }

// take waits until a call may be made. The slot must be given back with done
// when the call has ended, or with cancel if it was not made.
func (b *Budget) take(ctx context.Context, s Surface, op Operation, told func(Wait)) (*slot, error) {
	t := b.queue(kind{s, op})
	defer b.leave(t)
	for {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		taken, wait, why := b.try(t)
		if taken != nil {
			return taken, nil
		}
		w := Wait{Surface: s, Operation: op, For: wait, Why: why}
		if tooLate(ctx, wait) {
			return nil, &WaitError{Wait: w}
		}
		if told != nil && wait > margin { // less is but a step aside
			told(w)
		}
		until := b.clock().Add(wait)
		if err := b.sleep(ctx, wait); err != nil {
			return nil, err
		}
		b.mu.Lock()
		b.floor = later(b.floor, until)
		b.mu.Unlock()
	}
}

func (b *Budget) clock() time.Time {
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	return later(now, b.floor)
}

// try takes a slot, or tells how long there is none.
func (b *Budget) try(t *ticket) (_ *slot, wait time.Duration, why WaitReason) {
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	now = later(now, b.floor)
	defer func() { t.until = now.Add(wait) }()
	if until := b.paused[t.kind].ends(); until.After(now) {
		return nil, until.Sub(now), WaitThrottled
	}
	ahead := b.ahead(t, now)
	if _, hurt := b.paused[t.kind]; hurt && ahead > 0 {
		return nil, margin, WaitThrottled
	}
	var free time.Time // when all windows have room
	for i, l := range b.limits {
		if !l.covers(t.kind.surface, t.kind.op) {
			continue
		}
		w := b.windows[i]
		w.calls = slices.DeleteFunc(w.calls, func(s *slot) bool { return now.Sub(s.counted(now)) >= l.Per+margin })
		switch room := l.Calls - len(w.calls); {
		case room > ahead:
		case room > 0 || len(w.calls) == 0:
			free = later(free, now.Add(margin)) // those ahead take it
		default:
			// The window is full, not more than full: it has room when its first call leaves.
			first := slices.MinFunc(w.calls, func(a, b *slot) int { return a.counted(now).Compare(b.counted(now)) })
			free = later(free, first.counted(now).Add(l.Per+margin))
		}
	}
	if free.After(now) {
		return nil, free.Sub(now), WaitBudget
	}
	s := &slot{budget: b, kind: t.kind, began: now, at: now}
	for i, l := range b.limits {
		if l.covers(t.kind.surface, t.kind.op) {
			b.windows[i].calls = append(b.windows[i].calls, s)
		}
	}
	b.oneByOne(t.kind, now)
	return s, 0, ""
}

// done counts the call from now on. answered says that the service took it.
func (s *slot) done(answered bool) {
	now := s.budget.clock()
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	s.at, s.ended = later(s.at, now), true
	if answered {
		s.budget.heal(s)
	}
}

// cancel takes back a call that was not made.
func (s *slot) cancel() {
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	for _, w := range s.budget.windows {
		w.calls = slices.DeleteFunc(w.calls, func(other *slot) bool { return other == s })
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Wait is a pause before a call.
type Wait struct {
	Surface   Surface
	Operation Operation
	For       time.Duration
	Why       WaitReason
}

// WaitReason is why a call waits.
type WaitReason string

// Reasons to wait.
const (
	WaitBudget    WaitReason = "budget"    // the tenant's calls of this window are spent
	WaitThrottled WaitReason = "throttled" // the service refused a call as one too many (429)
	WaitRetry     WaitReason = "retry"     // the service failed; the call is repeated
)

// WaitError says that a call would have to wait longer than its context lasts.
// It was not sent.
type WaitError struct{ Wait Wait }

func (e *WaitError) Error() string {
	return fmt.Sprintf("%s on surface %s: it would have to wait %s (%s), which is more time than there is",
		e.Wait.Operation, e.Wait.Surface, e.Wait.For.Round(time.Millisecond), e.Wait.Why)
}

// Unwrap makes this a context.DeadlineExceeded.
func (e *WaitError) Unwrap() error { return context.DeadlineExceeded }

// Next says in one sentence what to do about it.
func (e *WaitError) Next() string {
	return fmt.Sprintf("Ask again in %s, or give it more time.", e.Wait.For.Round(time.Second))
}

// tooLate tells whether ctx ends before a wait would.
func tooLate(ctx context.Context, wait time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return ok && time.Until(deadline) < wait
}

// sleep waits by the machine's clock.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
