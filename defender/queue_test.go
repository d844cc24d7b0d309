package defender_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/defender"
)

// oneIn10 allows a call every ten seconds.
func oneIn10() *defender.Budget {
	return defender.NewBudget(defender.BudgetConfig{Limits: []defender.Limit{{Surface: defender.SurfaceXDR, Calls: 1, Per: 10 * time.Second}}})
}

// Callers of many clients get their turns in the order they came, however many
// wait, and one that comes when a place is free does not go before them.
func TestTurnsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shared := &service{}, oneIn10()
		share := func(cfg *defender.Config) { cfg.Budget = shared }
		var all sync.WaitGroup
		var want []string
		for n := range 40 {
			id := fmt.Sprint(1000 + n)
			want = append(want, "GET /api/incidents/"+id)
			c := s.client(t, share)
			all.Go(func() {
				if _, err := c.Incidents(defender.SurfaceXDR).Get(t.Context(), id); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
			time.Sleep(3 * time.Second) // some come while others go
		}
		all.Wait()
		if diff := cmp.Diff(want, s.requests); diff != "" {
			t.Errorf("order of the requests, -want +got:\n%s", diff)
		}
		for n := 1; n < len(s.arrivals); n++ {
			if gap := s.arrivals[n].Sub(s.arrivals[n-1]); gap < 10*time.Second || gap > 11*time.Second {
				t.Errorf("call %d came %s after the one before", n, gap)
			}
		}
	})
}

// Who gives up waiting gives back the place: the next one goes when the first
// would have.
func TestPlacesAreGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, shared := &service{}, oneIn10()
		c := s.client(t, func(cfg *defender.Config) { cfg.Budget = shared })
		if _, err := c.Incidents(defender.SurfaceXDR).Get(t.Context(), "1"); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 30 {
			all.Go(func() {
				if _, err := c.Incidents(defender.SurfaceXDR).Get(ctx, "2"); !errors.Is(err, context.Canceled) {
					t.Errorf("a cancelled call: %v", err)
				}
			})
		}
		synctest.Wait()
		all.Go(func() {
			if _, err := c.Incidents(defender.SurfaceXDR).Get(t.Context(), "3"); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		time.Sleep(5 * time.Second)
		cancel()
		all.Wait()
		if took := time.Since(begun); took > 11*time.Second || len(s.arrivals) != 2 {
			t.Errorf("it went after %s, %d requests", took, len(s.arrivals))
		}
	})
}

// After a refusal calls do not come back all at once: one goes ahead, and the
// rest only when it was not refused as well.
func TestNoRushAfterARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		s := &service{latency: func() time.Duration { return 200 * time.Millisecond }}
		s.answer = func(int, *http.Request) (int, string, []string) {
			if time.Since(begun) < 25*time.Second { // another program uses up what there is
				return 429, "{}", []string{"Retry-After", "10"}
			}
			return 200, `{"value":[],"id":"1","incidentId":1}`, nil
		}
		c := s.client(t)
		failed := make([]bool, 32)
		var all sync.WaitGroup
		for n := range failed {
			all.Go(func() {
				_, err := c.Incidents(defender.SurfaceXDR).List(t.Context(), defender.ListOptions{})
				failed[n] = err != nil
			})
		}
		all.Wait()
		var again int
		for _, at := range s.arrivals {
			if since := at.Sub(begun); since > time.Second && since < 25*time.Second {
				again++
			}
		}
		if again > 4 {
			t.Errorf("%d calls while the service refused them all", again)
		}
		if n := len(slices.DeleteFunc(failed, func(f bool) bool { return !f })); n > 1 {
			t.Errorf("%d of 32 calls failed", n)
		}
		if got := s.most(time.Minute); got > 50 {
			t.Errorf("%d calls in a minute", got)
		}
	})
}
