package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/sandbox/fault"
	"github.com/tenantry/tenantry/sandbox/journal"
)

// write is one change: how the client makes it, and whether the world shows it.
type write struct {
	service, operation string
	do                 func(*defender.Client, string) error // the text tells this one from others
	made               func(text string) int
}

func (b *box) writes(t *testing.T, to target) []write {
	first, err := strconv.ParseInt(to.incident(0), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	assigned := func(text string) int {
		if i, _ := b.World().Incident(acme, first); i.AssignedTo == text {
			return 1
		}
		return 0
	}
	commented := func(text string) (n int) {
		i, _ := b.World().Incident(acme, first)
		for _, c := range i.Comments {
			if c.Text == text {
				n++
			}
		}
		return n
	}
	update := func(on defender.Surface) func(*defender.Client, string) error {
		return func(c *defender.Client, text string) error {
			_, err := c.Incidents(on).Update(ctx, to.incident(0), defender.IncidentUpdate{AssignedTo: &text}, defender.UpdateOptions{Force: true})
			return err
		}
	}
	comment := func(on defender.Surface) func(*defender.Client, string) error {
		return func(c *defender.Client, text string) error {
			_, err := c.Incidents(on).Comment(ctx, to.incident(0), text)
			return err
		}
	}
	return []write{
		{"graph", "incidents.update", update(defender.SurfaceGraph), assigned},
		{"xdr", "incidents.update", update(defender.SurfaceXDR), assigned},
		{"graph", "incidents.comment", comment(defender.SurfaceGraph), commented},
		{"xdr", "incidents.update", comment(defender.SurfaceXDR), commented},
		{"graph", "alerts.update", func(c *defender.Client, text string) error {
			_, err := c.Alerts(defender.SurfaceGraph).Update(ctx, to.alert(0), defender.AlertUpdate{AssignedTo: &text}, defender.AlertUpdateOptions{Force: true})
			return err
		}, func(text string) int {
			if a, _ := b.World().Alert(acme, to.alert(0)); a.AssignedTo == text {
				return 1
			}
			return 0
		}},
		{"mde", "machines.isolate", func(c *defender.Client, text string) error {
			_, err := c.Machines().Isolate(ctx, to.machine, defender.IsolateRequest{Comment: text})
			return err
		}, func(text string) (n int) {
			for _, a := range b.World().Actions(acme) {
				if a.Comment == text {
					n++
				}
			}
			return n
		}},
		{"mde", "indicators.submit", func(c *defender.Client, text string) error {
			_, err := c.Indicators().Submit(ctx, defender.Indicator{Value: to.file, Type: defender.IndicatorFileSHA1, Action: defender.IndicatorBlock, Title: text, Description: "d"})
			return err
		}, func(text string) (n int) {
			for _, i := range b.World().Indicators(acme) {
				if i.Title == text {
					n++
				}
			}
			return n
		}},
	}
}

// TestWritesUnderFaults: whatever happens to a write on its way, it is sent at
// most once unless the service says that it was not done, and the caller learns
// that it is done, that it is not, or that nobody knows and how to find out;
// the world agrees.
func TestWritesUnderFaults(t *testing.T) {
	b := newBox(t)
	const done, uncertain, notDone = "done", "uncertain", "not done"
	tries := 0
	for _, c := range []struct {
		spec fault.Spec
		want string
		sent int // requests that reach the service
	}{
		{fault.Spec{Kind: fault.Slow, Delay: fault.Duration(time.Millisecond)}, done, 1},
		{fault.Spec{Kind: fault.BadUTF8}, done, 1},
		{fault.Spec{Kind: fault.Throttle, Scope: fault.Scope{Count: 1}}, done, 2},
		{fault.Spec{Kind: fault.Throttle}, notDone, 3},
		{fault.Spec{Kind: fault.Hang}, uncertain, 1},
		{fault.Spec{Kind: fault.Reset}, uncertain, 1},
		{fault.Spec{Kind: fault.Fail, Status: 500}, uncertain, 1},
		{fault.Spec{Kind: fault.Fail, Status: 503, RetryAfter: fault.Duration(time.Second)}, uncertain, 1},
		{fault.Spec{Kind: fault.Fail, Status: 504, Body: fault.BodyHTML}, uncertain, 1},
		{fault.Spec{Kind: fault.Fail, Status: 502, Body: fault.BodyEmpty}, uncertain, 1},
		{fault.Spec{Kind: fault.Portal}, uncertain, 1},
		{fault.Spec{Kind: fault.Truncate}, uncertain, 1},
		{fault.Spec{Kind: fault.WrongLength}, uncertain, 1},
		{fault.Spec{Kind: fault.CutGzip}, uncertain, 1},
		{fault.Spec{Kind: fault.HugeBody}, uncertain, 1},
	} {
		for kind := range b.writes(t, b.aim(t)) {
			to := b.aim(t)
			w := b.writes(t, to)[kind]
			tries++
			text := fmt.Sprintf("try%d@acme.example", tries)
			t.Run(fmt.Sprintf("%s %s %s", c.spec.Kind, w.service, w.operation), func(t *testing.T) {
				b.clock.pass(2 * time.Hour)
				spec := c.spec
				spec.Tenant, spec.Services, spec.Operations = acme, []string{w.service}, []string{w.operation}
				f, err := b.Faults().Add(spec)
				if err != nil {
					t.Fatal(err)
				}
				defer b.Faults().Remove(f.ID)
				seq := b.Journal().Seq()
				hc := b.Client()
				if spec.Kind == fault.Hang {
					hc = &http.Client{Transport: impatient{b, hc.Transport}}
				}
				err = w.do(b.client(t, acme, defender.Config{HTTPClient: hc, MaxBody: 1 << 20}), text)
				made := w.made(text)
				var unsure *defender.UncertainError
				got := map[bool]string{true: done, false: notDone}[err == nil]
				if errors.As(err, &unsure) {
					got = uncertain
					if unsure.Target == "" || unsure.Check == "" {
						t.Errorf("%+v does not say how to find out", unsure)
					}
				}
				if err != nil {
					if problem := ours(err); problem != "" {
						t.Error(problem)
					}
				}
				if got != c.want {
					t.Errorf("the client says %s: %v; want %s", got, err, c.want)
				}
				if got == done && made != 1 || got == notDone && made != 0 || made > 1 {
					t.Errorf("the client says %s, the world has it %d times", got, made)
				}
				sent := 0
				for _, e := range b.seen(t, seq, w) {
					if e.Operation == w.operation && e.Method != http.MethodGet {
						sent++
					}
				}
				if sent != c.sent {
					t.Errorf("it was sent %d times, want %d", sent, c.sent)
				}
			})
		}
	}
}

// seen are Acme's requests after seq once the journal has the write among them:
// of a request that is given up the entry comes when the service notices.
func (b *box) seen(t *testing.T, seq uint64, w write) []journal.Event {
	t.Helper()
	for at := seq; ; {
		all := b.requests(acme, seq)
		if slices.ContainsFunc(all, func(e journal.Event) bool { return e.Operation == w.operation && e.Method != http.MethodGet }) {
			return all
		}
		events := b.Journal().Wait(t.Context(), at)
		if len(events) == 0 {
			t.Fatal(strings.TrimSpace("the write is not in the journal " + w.operation))
		}
		at = events[len(events)-1].Seq
	}
}
