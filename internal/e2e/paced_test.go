package e2e

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/limit"
)

// distant is a network on which a call takes time by the test's clock: some of
// it before the service sees the call, some after.
type distant struct {
	clock *clock
	next  http.RoundTripper
	takes func() (there, back time.Duration)
}

func (d distant) RoundTrip(r *http.Request) (*http.Response, error) {
	there, back := d.takes()
	if err := d.clock.Sleep(r.Context(), there); err != nil {
		return nil, err
	}
	resp, err := d.next.RoundTrip(r)
	if serr := d.clock.Sleep(r.Context(), back); serr != nil && err == nil {
		resp.Body.Close()
		return nil, serr
	}
	return resp, err
}

// paced lets a client with the default budget call as fast as it will, for more
// than an hour where there is a limit of the hour, and has the journal judge.
type paced struct {
	name       string
	service    string
	operations []string // called in turn
	workers    int
	lasts      time.Duration
	takes      func() (there, back time.Duration)
}

// TestClientStaysUnderLimits: under every published limit a client that keeps to
// its budget meets no refusal, makes in no stretch of time more calls than the
// service takes, and makes at least 95 % of those that it takes.
func TestClientStaysUnderLimits(t *testing.T) {
	b := newBox(t)
	quick := func() (time.Duration, time.Duration) { return 2 * time.Millisecond, 3 * time.Millisecond }
	var mde []string
	runs := []paced{
		{"xdr list", "xdr", []string{"incidents.list"}, 1, 65 * time.Minute, quick},
		{"xdr get", "xdr", []string{"incidents.get"}, 1, 65 * time.Minute, quick},
		{"xdr update", "xdr", []string{"incidents.update"}, 1, 65 * time.Minute, quick},
		{"graph incidents", "graph", []string{"incidents.list", "incidents.get", "incidents.update", "incidents.comment"}, 1, 20 * time.Minute, quick},
		{"graph alerts", "graph", []string{"alerts.list", "alerts.get", "alerts.update", "alerts.comment"}, 1, 20 * time.Minute, quick},
		{"mde read", "mde", []string{"machines.list"}, 1, 65 * time.Minute, quick},
		{"mde write", "mde", []string{"indicators.submit"}, 1, 65 * time.Minute, quick},
	}
	for _, r := range limit.Published() {
		if r.Service == "mde" && r.Per == time.Minute {
			mde = append(mde, r.Operations...)
		}
	}
	// The client counts all calls of this service together; the service does not.
	runs = append(runs, paced{"mde all", "mde", mde, 1, 65 * time.Minute, quick})
	met := map[string]bool{}
	for _, run := range runs {
		for _, r := range limit.Published() {
			if slices.ContainsFunc(run.operations, func(o string) bool { return r.Covers(run.service, o) }) {
				met[r.Name] = true
			}
		}
		t.Run(run.name, func(t *testing.T) {
			begin, events := b.run(t, run)
			judge(t, run, begin, events)
		})
	}
	for _, r := range limit.Published() {
		if !met[r.Name] {
			t.Errorf("nothing was called that %s limits", r.Name)
		}
	}
}

// TestManyCallersShareABudget: eight callers at once, over a network on which a
// call now and then takes longer than the window, stay under the limits too.
func TestManyCallersShareABudget(t *testing.T) {
	b := newBox(t)
	dice := rand.New(rand.NewPCG(1, 2))
	network := func(stall int) func() (time.Duration, time.Duration) {
		return func() (time.Duration, time.Duration) {
			b.clock.mu.Lock() // for the dice
			defer b.clock.mu.Unlock()
			there, back := time.Duration(dice.IntN(200))*time.Millisecond, time.Duration(dice.IntN(200))*time.Millisecond
			if stall > 0 && dice.IntN(stall) == 0 {
				there += time.Duration(30+dice.IntN(90)) * time.Second
			}
			return there, back
		}
	}
	for _, run := range []paced{
		{"a good network", "xdr", []string{"incidents.list"}, 8, 65 * time.Minute, network(0)},
		{"a bad network", "xdr", []string{"incidents.get"}, 8, 65 * time.Minute, network(40)},
	} {
		t.Run(run.name, func(t *testing.T) {
			begin, events := b.run(t, run)
			if run.name == "a bad network" {
				under(t, run, events) // how much it can do depends on the network
				if len(events) < 500 {
					t.Errorf("only %d calls", len(events))
				}
				return
			}
			judge(t, run, begin, events)
		})
	}
}

// run makes calls for as long as the run lasts.
func (b *box) run(t *testing.T, run paced) (begin time.Time, events []journal.Event) {
	t.Helper()
	to := b.aim(t)
	b.clock.pass(2 * time.Hour)
	seq := b.Journal().Seq()
	begin = b.clock.Now()
	budget := defender.NewBudget(defender.BudgetConfig{Now: b.clock.Now, Sleep: b.clock.Sleep})
	b.clock.work(run.workers, func(worker int) {
		// Each of them has a client of its own, as the commands of a fleet do.
		c := b.client(t, acme, defender.Config{Budget: budget, HTTPClient: &http.Client{Transport: distant{b.clock, b.Client().Transport, run.takes}}})
		for n := 0; b.clock.Now().Sub(begin) < run.lasts; n++ {
			err := b.call(t, c, run.service, run.operations[n%len(run.operations)], to, n)
			var refused *defender.Error
			if errors.As(err, &refused) && refused.Status == http.StatusBadRequest && run.service == "mde" {
				continue // it took the call: the machine was at it, or the action over, already
			}
			if err != nil {
				t.Errorf("call %d: %v", n, err)
				return
			}
		}
	})
	return begin, b.requests(acme, seq)
}

// arrivals are when the service saw the calls that a rule counts.
func arrivals(r limit.Rule, events []journal.Event) []time.Time {
	var all []time.Time
	for _, e := range events {
		if r.Covers(e.Service, e.Operation) && e.Status != http.StatusTooManyRequests {
			all = append(all, e.Time)
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

// under wants no refusal, and no stretch of time with too many calls.
func under(t *testing.T, run paced, events []journal.Event) {
	t.Helper()
	for _, e := range events {
		if e.Status == http.StatusTooManyRequests {
			t.Fatalf("refused at %s: %v", e.Time, e.Detail["limit"])
		}
	}
	for _, r := range limit.Published() {
		all := arrivals(r, events)
		for i := r.Calls; i < len(all); i++ {
			if d := all[i].Sub(all[i-r.Calls]); d < r.Per {
				t.Fatalf("%s: %d calls within %s from %s on", r.Name, r.Calls+1, d, all[i-r.Calls])
			}
		}
	}
}

// judge wants in addition that little was left unused: of what the tightest
// limit allows in the first ten minutes, in the first hour, and in the five
// minutes after it.
func judge(t *testing.T, run paced, begin time.Time, events []journal.Event) {
	t.Helper()
	under(t, run, events)
	for _, span := range []struct {
		from, to time.Duration
	}{{0, 10 * time.Minute}, {0, min(time.Hour, run.lasts)}, {time.Hour, 65 * time.Minute}} {
		if span.to > run.lasts {
			continue
		}
		// Of several limits that the calls share out among themselves, the one that
		// is nearest to being full is what holds them up.
		var most, allowed float64
		var by string
		rules := limit.Published()
		for i, r := range rules {
			if len(run.operations) > 1 && r.Service == "mde" {
				rules[i].Operations = nil // counted together by the client
			}
		}
		for _, r := range rules {
			made := 0
			for _, at := range arrivals(r, events) {
				if d := at.Sub(begin); d >= span.from && d < span.to {
					made++
				}
			}
			room := float64(r.Calls) * max(1, float64(span.to-span.from)/float64(r.Per))
			if share := float64(made) / room; made > 0 && share > most {
				most, allowed, by = share, room, r.Name
			}
		}
		if most < 0.95 {
			t.Errorf("%s to %s: %.1f %% of the %.0f calls that %s allows were made", span.from, span.to, 100*most, allowed, cmp.Or(by, "no limit"))
		}
	}
}
