package entra

import (
	"container/list"
	"context"
	"sync"
)

// gate bounds how many token requests of the application are under way. Those
// that a caller waits for go first; background renewals use at most three
// quarters of the places, so that a burst of them never holds up a caller.
type gate struct {
	limit int

	mu         sync.Mutex
	busy       int       // requests under way
	background int       // of them, those begun as background work
	callers    list.List // of *ticket, first come first served
	later      list.List // background *ticket
}

// ticket is a place asked for.
type ticket struct {
	ready      chan struct{} // closed when granted
	granted    bool
	background bool
	queue      *list.List // where it waits; nil when granted or gone
	place      *list.Element
}

func newGate(limit int) *gate { return &gate{limit: limit} }

// backgroundLimit is how many places background work may hold.
func (g *gate) backgroundLimit() int { return max(1, g.limit-max(1, g.limit/4)) }

// ask queues for a place.
func (g *gate) ask(background bool) *ticket {
	t := &ticket{ready: make(chan struct{}), background: background}
	g.mu.Lock()
	defer g.mu.Unlock()
	t.queue = &g.callers
	if background {
		t.queue = &g.later
	}
	t.place = t.queue.PushBack(t)
	g.grant()
	return t
}

// promote moves waiting background work to the callers, since one waits for
// it now.
func (g *gate) promote(t *ticket) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t.queue != &g.later {
		return
	}
	g.later.Remove(t.place)
	t.background, t.queue = false, &g.callers
	t.place = g.callers.PushBack(t)
	g.grant()
}

// wait blocks until the place is granted or ctx ends; then the ticket is void.
func (g *gate) wait(ctx context.Context, t *ticket) error {
	select {
	case <-t.ready:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if t.granted {
		g.release(t)
	} else {
		t.queue.Remove(t.place)
		t.queue = nil
	}
	return context.Cause(ctx)
}

// leave gives a granted place back.
func (g *gate) leave(t *ticket) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.release(t)
}

func (g *gate) release(t *ticket) {
	g.busy--
	if t.background {
		g.background--
	}
	g.grant()
}

// grant hands out free places. The caller holds mu.
func (g *gate) grant() {
	for g.busy < g.limit {
		q := &g.callers
		if q.Len() == 0 {
			q = &g.later
			if q.Len() == 0 || g.background >= g.backgroundLimit() {
				return
			}
		}
		t := q.Remove(q.Front()).(*ticket)
		t.granted, t.queue = true, nil
		g.busy++
		if t.background {
			g.background++
		}
		close(t.ready)
	}
}

// room is how much more background work may queue. Beyond that it is better
// left for the next look than kept as waiting goroutines.
func (g *gate) room() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(0, 4*g.limit-g.later.Len())
}
