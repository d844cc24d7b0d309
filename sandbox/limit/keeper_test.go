package limit_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/sandbox/limit"
)

var start = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// timer is a clock that stands until it is moved.
type timer struct {
	mu sync.Mutex
	t  time.Time
}

func newTimer() *timer { return &timer{t: start} }

func (c *timer) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *timer) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func rule(name string, calls int, per time.Duration, operations ...string) limit.Rule {
	return limit.Rule{Name: name, Service: limit.ServiceXDR, Operations: operations, Calls: calls, Per: per, Source: "test"}
}

// TestPublishedEnforced drives every limit of the table to its edge on a fake
// clock: the last call that has room, the first that has not, and the first
// moment after which there is room again.
func TestPublishedEnforced(t *testing.T) {
	for _, r := range limit.Published() {
		t.Run(r.Name, func(t *testing.T) {
			clock := newTimer()
			// Alone, so that the shorter of two spans is not in the way.
			k := limit.New(limit.Config{Rules: []limit.Rule{r}, Now: clock.now})
			take := func(i int) (limit.Refusal, bool) {
				return k.Take(r.Service, r.Operations[i%len(r.Operations)], "tenant", "app")
			}
			step := r.Per / time.Duration(2*r.Calls)
			for i := range r.Calls {
				if refusal, refused := take(i); refused {
					t.Fatalf("call %d of %d was refused: %+v", i+1, r.Calls, refusal)
				}
				clock.move(step)
			}
			refusal, refused := take(0)
			if !refused {
				t.Fatalf("call %d has room within %v", r.Calls+1, r.Per)
			}
			want := limit.Refusal{Rule: r, Used: r.Calls, RetryAfter: r.Per - time.Duration(r.Calls)*step, At: clock.now()}
			if d := cmp.Diff(want, refusal); d != "" {
				t.Error(d)
			}
			clock.move(refusal.RetryAfter - 1)
			if early, refused := take(0); !refused || early.RetryAfter != 1 {
				t.Errorf("one nanosecond early: refused %v, retry after %v", refused, early.RetryAfter)
			}
			clock.move(1)
			if late, refused := take(0); refused {
				t.Errorf("refused after the wait: %+v", late)
			}
			if _, refused := take(0); !refused {
				t.Error("more than the one call that left has room")
			}
		})
	}
}

func TestTake(t *testing.T) {
	clock := newTimer()
	k := limit.New(limit.Config{Now: clock.now, Rules: []limit.Rule{
		rule("short", 2, time.Minute, "incidents.list"),
		rule("long", 3, time.Hour, "incidents.list"),
		rule("pair", 2, time.Minute, "alerts.list", "alerts.get"),
		{Name: "all", Service: limit.ServiceMDE, Calls: 1, Per: time.Second},
	}})
	var refused limit.Refusal
	expect := func(name string, want string, service, operation, tenant, app string) {
		t.Helper()
		got := ""
		r, no := k.Take(service, operation, tenant, app)
		if no {
			refused, got = r, r.Rule.Name
		}
		if got != want {
			t.Errorf("%s: refused by %q, want %q", name, got, want)
		}
	}
	const xdr, mde = limit.ServiceXDR, limit.ServiceMDE
	expect("first", "", xdr, "incidents.list", "T", "a")
	expect("second, ids in other letters", "", xdr, "incidents.list", "t", "A")
	expect("third", "short", xdr, "incidents.list", "T", "a")
	expect("another application", "", xdr, "incidents.list", "T", "b")
	expect("another tenant", "", xdr, "incidents.list", "U", "a")
	expect("another call", "", xdr, "incidents.get", "T", "a")
	expect("another service", "", limit.ServiceGraph, "incidents.list", "T", "a")
	expect("one of a pair", "", xdr, "alerts.list", "T", "a")
	expect("the other of the pair", "", xdr, "alerts.get", "T", "a")
	expect("the pair shares its window", "pair", xdr, "alerts.list", "T", "a")
	expect("any call of a service", "", mde, "machines.list", "T", "a")
	expect("any other call of it", "all", mde, "anything", "T", "a")

	clock.move(time.Minute)
	expect("the short window is empty", "", xdr, "incidents.list", "T", "a")
	expect("the long one holds three now, for the refused call was not counted", "long", xdr, "incidents.list", "T", "a")
	if refused.Used != 3 || refused.RetryAfter != 59*time.Minute || refused.Seconds() != 3540 {
		t.Errorf("refusal %+v", refused)
	}
	clock.move(59 * time.Minute)
	expect("the two of the first minute have left", "", xdr, "incidents.list", "T", "a")
	k.Reset()
	for _, want := range []string{"", "", "short"} {
		expect("after a reset", want, xdr, "incidents.list", "T", "a")
	}
	k.Set(nil)
	expect("without rules", "", xdr, "incidents.list", "T", "a")
	if got := k.Rules(); got != nil {
		t.Errorf("rules %v after Set(nil)", got)
	}

	var none *limit.Keeper
	none.Reset()
	none.Set(limit.Published())
	if _, no := none.Take(xdr, "incidents.list", "T", "a"); no || none.Rules() != nil || none.Usage() != nil {
		t.Error("a nil keeper limits")
	}
}

// TestBothExhausted: the wait told is the one after which the call has room in
// every window.
func TestBothExhausted(t *testing.T) {
	clock := newTimer()
	k := limit.New(limit.Config{Now: clock.now, Rules: []limit.Rule{rule("minute", 2, time.Minute), rule("hour", 2, time.Hour)}})
	for range 2 {
		k.Take(limit.ServiceXDR, "x", "t", "a")
	}
	r, refused := k.Take(limit.ServiceXDR, "x", "t", "a")
	if !refused || r.Rule.Name != "hour" || r.RetryAfter != time.Hour {
		t.Fatalf("refused %v: %+v", refused, r)
	}
	clock.move(r.RetryAfter)
	if r, refused := k.Take(limit.ServiceXDR, "x", "t", "a"); refused {
		t.Errorf("refused after the wait: %+v", r)
	}
}

// TestWindowAgainstList compares with the plainest counting there is, over
// calls at random times and a clock that is now and then set back.
func TestWindowAgainstList(t *testing.T) {
	for seed := range uint64(40) {
		d := rand.New(rand.NewPCG(seed, 1))
		clock := newTimer()
		calls, per := 1+d.IntN(7), time.Duration(1+d.IntN(1000))
		k := limit.New(limit.Config{Now: clock.now, Rules: []limit.Rule{rule("r", calls, per)}})
		var made []time.Time
		for i := range 2000 {
			if d.IntN(200) == 0 {
				clock.move(-time.Duration(d.IntN(3000)))
			}
			clock.move(time.Duration(d.IntN(int(per)/calls*2 + 2)))
			now := clock.now()
			var inside []time.Time
			for _, m := range made {
				if m.After(now) {
					m = now // made before the clock was set back
				}
				if now.Sub(m) < per {
					inside = append(inside, m)
				}
			}
			made = inside
			r, refused := k.Take(limit.ServiceXDR, "x", "t", "a")
			if refused != (len(made) >= calls) {
				t.Fatalf("seed %d, call %d: refused %v with %d of %d in the window", seed, i, refused, len(made), calls)
			}
			if refused {
				if want := made[0].Add(per).Sub(now); r.RetryAfter != want || r.Used != len(made) || r.RetryAfter <= 0 {
					t.Fatalf("seed %d, call %d: %+v, want a wait of %v", seed, i, r, want)
				}
				continue
			}
			made = append(made, now)
		}
	}
}

// TestUsage lists what is counted, and forgets what has left the window.
func TestUsage(t *testing.T) {
	clock := newTimer()
	k := limit.New(limit.Config{Now: clock.now, Rules: []limit.Rule{rule("b", 5, time.Minute, "b"), rule("a", 5, time.Hour, "a")}})
	for _, c := range []string{"a t2 x", "a t1 y", "a t1 x", "a t1 x", "b t1 x"} {
		var op, tenant, app string
		fmt.Sscan(c, &op, &tenant, &app)
		k.Take(limit.ServiceXDR, op, tenant, app)
	}
	want := []limit.Usage{
		{Rule: "b", TenantID: "t1", AppID: "x", Used: 1, Calls: 5},
		{Rule: "a", TenantID: "t1", AppID: "x", Used: 2, Calls: 5},
		{Rule: "a", TenantID: "t1", AppID: "y", Used: 1, Calls: 5},
		{Rule: "a", TenantID: "t2", AppID: "x", Used: 1, Calls: 5},
	}
	if d := cmp.Diff(want, k.Usage()); d != "" {
		t.Error(d)
	}
	clock.move(time.Minute)
	if d := cmp.Diff(want[1:], k.Usage()); d != "" {
		t.Error(d)
	}
}

// TestConcurrentTake: however many ask at once, exactly as many as there is
// room for are let through.
func TestConcurrentTake(t *testing.T) {
	k := limit.New(limit.Config{Now: newTimer().now, Rules: []limit.Rule{rule("r", 100, time.Minute)}})
	var wg sync.WaitGroup
	var mu sync.Mutex
	allowed := map[string]int{}
	for i := range 16 {
		tenant := fmt.Sprint(i % 2)
		wg.Go(func() {
			for range 50 {
				if _, refused := k.Take(limit.ServiceXDR, "x", tenant, "a"); !refused {
					mu.Lock()
					allowed[tenant]++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if d := cmp.Diff(map[string]int{"0": 100, "1": 100}, allowed); d != "" {
		t.Error(d)
	}
}
