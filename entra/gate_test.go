package entra

import (
	"context"
	"errors"
	"testing"
)

func granted(t *ticket) bool {
	select {
	case <-t.ready:
		return true
	default:
		return false
	}
}

func TestGate(t *testing.T) {
	g := newGate(4)
	var renewals []*ticket
	for range 5 {
		renewals = append(renewals, g.ask(true))
	}
	for i, r := range renewals {
		if granted(r) != (i < 3) {
			t.Errorf("renewal %d: granted %t; renewals may hold three of four places", i, granted(r))
		}
	}
	first, second, third := g.ask(false), g.ask(false), g.ask(false)
	if !granted(first) || granted(second) {
		t.Error("want the fourth place given to a caller, and no fifth")
	}
	// A caller who waits for a queued renewal takes it to the callers' queue.
	g.promote(renewals[4])
	g.promote(renewals[0]) // under way: nothing to promote
	g.leave(renewals[0])
	g.leave(renewals[1])
	if !granted(second) || !granted(third) || granted(renewals[3]) || granted(renewals[4]) {
		t.Error("want callers served first, in their order")
	}
	g.leave(first)
	if !granted(renewals[4]) || granted(renewals[3]) {
		t.Error("want the promoted renewal served before the other")
	}
	gone, cause := context.WithCancelCause(t.Context())
	cause(errAbandoned)
	if err := g.wait(gone, renewals[3]); !errors.Is(err, errAbandoned) {
		t.Errorf("error %v", err)
	}
	for _, r := range []*ticket{second, third, renewals[2], renewals[4]} {
		g.leave(r)
	}
	if g.busy != 0 || g.background != 0 || g.callers.Len() != 0 || g.later.Len() != 0 {
		t.Errorf("left over: %d busy, %d in the background, %d and %d waiting", g.busy, g.background, g.callers.Len(), g.later.Len())
	}
	if one := newGate(1).ask(true); !granted(one) {
		t.Error("with a single place renewals never happen")
	}
}

// TestAPlaceGrantedToNobodyIsGivenBack: the grant and the caller's leaving may
// come together.
func TestAPlaceGrantedToNobodyIsGivenBack(t *testing.T) {
	g := newGate(1)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		if tk := g.ask(false); g.wait(gone, tk) == nil {
			g.leave(tk)
		}
	}
	if !granted(g.ask(false)) {
		t.Error("the place is lost")
	}
}
