package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/sandbox"
	"github.com/tenantry/tenantry/sandbox/limit"
	"github.com/tenantry/tenantry/sandbox/world"
)

// target is what the calls of the tests below are about.
type target struct {
	incidents, alerts     []string
	machine, action, file string
}

// Each call takes the next, so that none gets long by what is added to it.
func (to target) incident(n int) string { return to.incidents[uint(n)%uint(len(to.incidents))] }
func (to target) alert(n int) string    { return to.alerts[uint(n)%uint(len(to.alerts))] }

const actionID = "70000000-0000-4000-8000-000000000001"

// aim finds something in Acme for every call to be about.
func (b *box) aim(t *testing.T) target {
	t.Helper()
	if err := b.Reset(sandbox.PartWorld); err != nil {
		t.Fatal(err)
	}
	w := b.World()
	out := target{action: actionID, file: strings.Repeat("ab", 20)}
	for _, i := range w.Incidents(acme) {
		if i.RedirectTo == 0 {
			out.incidents = append(out.incidents, strconv.FormatInt(i.ID, 10))
		}
	}
	for _, a := range w.Alerts(acme) {
		out.alerts = append(out.alerts, a.ID)
	}
	for _, d := range w.Machines(acme) {
		if d.Online() {
			out.machine = d.MDEID
			break
		}
	}
	if _, err := w.AddAction(acme, world.MachineAction{ID: actionID, Type: world.ActionScan, MachineID: out.machine, Requestor: "test", Comment: "test"}); err != nil {
		t.Fatal(err)
	}
	return out
}

// prepare makes anew what an operation uses up, as somebody else would.
func (b *box) prepare(t *testing.T, operation string, to target, n int) (id string) {
	t.Helper()
	switch operation {
	case "actions.cancel":
		a, err := b.World().AddAction(acme, world.MachineAction{Type: world.ActionCollect, MachineID: to.machine, Requestor: "test", Comment: "test"})
		var active *world.ActiveActionError // one that a refused call did not cancel
		switch {
		case errors.As(err, &active):
			return active.Action.ID
		case err != nil:
			t.Fatal(err)
		}
		return a.ID
	case "indicators.delete":
		i, _, err := b.World().PutIndicator(acme, world.Indicator{Value: fmt.Sprintf("%040x", n), Type: "FileSha1", Action: "Audit", Title: "t", Description: "d", Severity: "Low"})
		if err != nil {
			t.Fatal(err)
		}
		return i.ID
	}
	return ""
}

// wire is a call as its page documents it; id is what prepare made.
func wire(service, operation string, to target, id string, n int) (method, address, body string) {
	incidents, alerts, mde := graphOrigin+"/v1.0/security/incidents", graphOrigin+"/v1.0/security/alerts_v2", xdrOrigin+"/api"
	comment := fmt.Sprintf(`{"@odata.type":"microsoft.graph.security.alertComment","comment":"number %d"}`, n)
	switch service + " " + operation {
	case "graph incidents.list":
		return "GET", incidents + "?$top=1", ""
	case "graph incidents.get":
		return "GET", incidents + "/" + to.incident(n), ""
	case "graph incidents.update":
		return "PATCH", incidents + "/" + to.incident(n), `{"assignedTo":"kaic@acme.example"}`
	case "graph incidents.comment":
		return "POST", incidents + "/" + to.incident(n) + "/comments", comment
	case "graph alerts.list":
		return "GET", alerts + "?$top=1", ""
	case "graph alerts.get":
		return "GET", alerts + "/" + to.alert(n), ""
	case "graph alerts.update":
		return "PATCH", alerts + "/" + to.alert(n), `{"assignedTo":"kaic@acme.example"}`
	case "graph alerts.comment":
		return "POST", alerts + "/" + to.alert(n) + "/comments", comment
	case "xdr incidents.list":
		return "GET", xdrOrigin + "/api/incidents?$top=1", ""
	case "xdr incidents.get":
		return "GET", xdrOrigin + "/api/incidents/" + to.incident(n), ""
	case "xdr incidents.update":
		return "PATCH", xdrOrigin + "/api/incidents/" + to.incident(n), `{"assignedTo":"kaic@acme.example"}`
	case "mde machines.list":
		return "GET", mde + "/machines?$top=1", ""
	case "mde machines.get":
		return "GET", mde + "/machines/" + to.machine, ""
	case "mde machines.isolate":
		return "POST", mde + "/machines/" + to.machine + "/isolate", `{"Comment":"test","IsolationType":"Full"}`
	case "mde machines.release":
		return "POST", mde + "/machines/" + to.machine + "/unisolate", `{"Comment":"test"}`
	case "mde machines.scan":
		return "POST", mde + "/machines/" + to.machine + "/runAntiVirusScan", `{"Comment":"test","ScanType":"Quick"}`
	case "mde machines.collect":
		return "POST", mde + "/machines/" + to.machine + "/collectInvestigationPackage", `{"Comment":"test"}`
	case "mde actions.list":
		return "GET", mde + "/machineactions?$top=1", ""
	case "mde actions.get":
		return "GET", mde + "/machineactions/" + to.action, ""
	case "mde actions.cancel":
		return "POST", mde + "/machineactions/" + id + "/cancel", `{"Comment":"test"}`
	case "mde indicators.list":
		return "GET", mde + "/indicators?$top=1", ""
	case "mde indicators.submit":
		return "POST", mde + "/indicators", `{"indicatorValue":"` + to.file + `","indicatorType":"FileSha1","action":"Block","title":"t","description":"d"}`
	case "mde indicators.delete":
		return "DELETE", mde + "/indicators/" + id, ""
	}
	return "", "", ""
}

// reply is an answer as it came.
type reply struct {
	status int
	header http.Header
	code   string
	text   string // the error's message
	body   string
}

// raw sends a call without any pace.
func (b *box) raw(t *testing.T, tenant, service, operation string, to target, n int) reply {
	t.Helper()
	method, address, body := wire(service, operation, to, b.prepare(t, operation, to, n), n)
	if method == "" {
		t.Fatalf("this test does not know how to call %s of %s", operation, service)
	}
	tok, err := b.tokens.Token(t.Context(), entra.TenantID(tenant), b.cloud.Resource(resourceKind(defender.Surface(service))))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+tok.Reveal())
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := b.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := reply{status: resp.StatusCode, header: resp.Header, body: string(text)}
	if resp.StatusCode >= 400 {
		var failure struct {
			Error struct{ Code, Message string } `json:"error"`
		}
		if err := json.Unmarshal(text, &failure); err != nil {
			t.Fatalf("%d %s: %v", resp.StatusCode, text, err)
		}
		out.code, out.text = failure.Error.Code, failure.Error.Message
	}
	return out
}

// answered tells whether a call was taken: not for everything that is asked
// twice a second there is something left to do.
func (r reply) answered() bool {
	return r.status < 300 || r.status == http.StatusBadRequest && r.code == "ActiveRequestAlreadyExists"
}

// book is what a test knows of the calls that were answered.
type book map[string][]time.Time // by service and operation

// oldest is when the first of the calls in a rule's window was made; full tells
// that there is no room for another.
func (k book) oldest(r limit.Rule, now time.Time) (first time.Time, full bool) {
	var inside []time.Time
	for _, o := range r.Operations {
		for _, at := range k[r.Service+" "+o] {
			if now.Sub(at) < r.Per {
				inside = append(inside, at)
			}
		}
	}
	if len(inside) < r.Calls {
		return time.Time{}, false
	}
	return slices.MinFunc(inside, time.Time.Compare), true
}

// TestServerEnforcesLimits drives every limit to its edge through the whole
// sandbox with a client that knows no pace: all calls that have room are
// answered, the next is refused in the documented form, other tenants are not
// held up, and at the moment that was told there is room for one call, not
// before and not for two.
func TestServerEnforcesLimits(t *testing.T) {
	b := newBox(t)
	for _, rule := range limit.Published() {
		t.Run(rule.Name, func(t *testing.T) {
			to := b.aim(t)
			b.clock.pass(2 * time.Hour) // every window is empty
			begun := b.Journal().Seq()
			calls, n := book{}, 0
			operation := func() string { return rule.Operations[n%len(rule.Operations)] }
			// Of the long windows of one API most is filled by its keeper, for the sake
			// of time; the calls at the edge, and every tenth, come over the wire.
			direct := func() bool {
				return rule.Service == limit.ServiceMDE && rule.Per == time.Hour && n%10 != 9 && n < rule.Calls-10
			}
			wired := 0
			send := func() reply {
				o := operation()
				if direct() {
					n++
					if _, refused := b.Limits().Take(rule.Service, o, acme, boxApp); refused {
						t.Fatalf("call %d has no room", n)
					}
					calls[rule.Service+" "+o] = append(calls[rule.Service+" "+o], b.clock.Now())
					return reply{status: http.StatusOK}
				}
				n++
				wired++
				r := b.raw(t, acme, rule.Service, o, to, n)
				if r.status != http.StatusTooManyRequests {
					calls[rule.Service+" "+o] = append(calls[rule.Service+" "+o], b.clock.Now())
				}
				return r
			}
			var first time.Time
			for full := false; !full; {
				if r := send(); !r.answered() {
					t.Fatalf("call %d: %d %s", n, r.status, r.body)
				}
				b.clock.pass(10 * time.Millisecond)
				// A shorter window that is full before this one has to move on.
				for _, other := range limit.Published() {
					if at, none := calls.oldest(other, b.clock.Now()); none && other.Covers(rule.Service, operation()) && other.Name != rule.Name && other.Per < rule.Per {
						b.clock.pass(at.Add(other.Per).Sub(b.clock.Now()))
					}
				}
				first, full = calls.oldest(rule, b.clock.Now())
			}
			if n != rule.Calls {
				t.Fatalf("%d calls filled the window of %d", n, rule.Calls)
			}
			wait := first.Add(rule.Per).Sub(b.clock.Now())
			b.refused(t, rule, send(), wait, rule.Calls)
			another := map[bool]string{true: "machines.list", false: "incidents.list"}[rule.Service == limit.ServiceMDE]
			if r := b.raw(t, bolt, rule.Service, another, to, n); r.status != http.StatusOK {
				t.Errorf("another tenant at the same moment: %d %s", r.status, r.body)
			}
			b.unpaced(t, rule, operation(), to, wait)
			b.clock.pass(wait - 1)
			b.refused(t, rule, send(), 1, rule.Calls)
			b.clock.pass(1)
			if r := send(); !r.answered() {
				t.Errorf("when the window has moved: %d %s", r.status, r.body)
			}
			if first, full := calls.oldest(rule, b.clock.Now()); !full {
				t.Error("more than one call left the window at once: the test proves less than it says")
			} else {
				b.refused(t, rule, send(), first.Add(rule.Per).Sub(b.clock.Now()), rule.Calls)
			}
			// The journal tells the same: so many were answered, so many refused.
			var refused, passed int
			for _, e := range b.requests(acme, begun) {
				switch {
				case !rule.Covers(e.Service, e.Operation):
				case e.Status == http.StatusTooManyRequests:
					refused++
				default:
					passed++
				}
			}
			if passed != wired-3 || refused != 3+2 || wired < min(rule.Calls, 100) {
				t.Errorf("the journal has %d calls answered and %d refused, of %d and two more", passed, refused, wired)
			}
		})
	}
}

func seconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }

// refused wants a refusal in the documented form, and its entry in the journal.
func (b *box) refused(t *testing.T, rule limit.Rule, r reply, wait time.Duration, used int) {
	t.Helper()
	told := strconv.Itoa(seconds(wait))
	if r.status != http.StatusTooManyRequests || r.header.Get("Retry-After") != told || !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") {
		t.Fatalf("%d, Retry-After %q, %q, %s; want a refusal for %s s by %s", r.status, r.header.Get("Retry-After"), r.header.Get("Content-Type"), r.body, told, rule.Name)
	}
	unit := " seconds"
	if told == "1" {
		unit = " second"
	}
	want := []string{"resume in " + told + unit, fmt.Sprintf("maximum allowed %d per ", rule.Calls)}
	if rule.Service == limit.ServiceGraph {
		want = []string{"Please retry again later."} // the header tells when
	}
	for _, words := range want {
		if r.code != "TooManyRequests" || !strings.Contains(r.text, words) {
			t.Errorf("code %q, message %q: want %q", r.code, r.text, words)
		}
	}
	all := b.requests(acme, 0)
	e := all[len(all)-1]
	detail, _ := e.Detail["limit"].(map[string]any)
	if e.Status != http.StatusTooManyRequests || e.Error != "TooManyRequests" || detail["rule"] != rule.Name || detail["used"] != used || detail["ours"] != rule.Ours || fmt.Sprint(detail["retryAfter"]) != told {
		t.Errorf("journal: %+v", e)
	}
}

// headless takes the Retry-After header from every answer.
type headless struct{ next http.RoundTripper }

func (h headless) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := h.next.RoundTrip(r)
	if err == nil {
		resp.Header.Del("Retry-After")
	}
	return resp, err
}

// unpaced wants the client without a budget to understand the refusal: by the
// header, and where the body tells the wait too, by the body alone.
func (b *box) unpaced(t *testing.T, rule limit.Rule, operation string, to target, wait time.Duration) {
	t.Helper()
	never := func() *defender.Budget {
		return defender.NewBudget(defender.BudgetConfig{Limits: []defender.Limit{}, Now: b.clock.Now, Sleep: b.clock.Sleep})
	}
	for _, way := range []struct {
		name string
		http *http.Client
		said bool
	}{
		{"header", b.Client(), true},
		{"body", &http.Client{Transport: headless{b.Client().Transport}}, rule.Service != limit.ServiceGraph},
	} {
		c := b.client(t, acme, defender.Config{Budget: never(), Retries: -1, HTTPClient: way.http})
		err := b.call(t, c, rule.Service, operation, to, -1)
		var refused *defender.Error
		if !errors.As(err, &refused) || refused.Status != http.StatusTooManyRequests || refused.Action != defender.ActionWait || refused.Next() == "" {
			t.Fatalf("the client without a pace, told by the %s: %v", way.name, err)
		}
		want := time.Duration(seconds(wait)) * time.Second
		if !way.said {
			want = 0
		}
		if refused.RetryAfter != want {
			t.Errorf("told by the %s, the client waits %s, want %s: %v", way.name, refused.RetryAfter, want, err)
		}
	}
}

// call makes one of the sandbox's operations happen through the client.
func (b *box) call(t *testing.T, c *defender.Client, service, operation string, to target, n int) error {
	ctx := t.Context()
	id := b.prepare(t, operation, to, 1_000_000+n)
	who := fmt.Sprintf("kaic%d@acme.example", n) // a change that is none is not sent
	text := fmt.Sprintf("number %d", n)
	s := defender.Surface(service)
	var err error
	switch service + " " + operation {
	case "graph incidents.list", "xdr incidents.list":
		_, err = c.Incidents(s).List(ctx, defender.ListOptions{Top: 1})
	case "graph incidents.get", "xdr incidents.get":
		_, err = c.Incidents(s).Get(ctx, to.incident(n))
	case "graph incidents.update", "xdr incidents.update":
		_, err = c.Incidents(s).Update(ctx, to.incident(n), defender.IncidentUpdate{AssignedTo: &who}, defender.UpdateOptions{Force: true})
	case "graph incidents.comment":
		_, err = c.Incidents(s).Comment(ctx, to.incident(n), text)
	case "graph alerts.list":
		_, err = c.Alerts(s).List(ctx, defender.AlertListOptions{Top: 1})
	case "graph alerts.get":
		_, err = c.Alerts(s).Get(ctx, to.alert(n))
	case "graph alerts.update":
		_, err = c.Alerts(s).Update(ctx, to.alert(n), defender.AlertUpdate{AssignedTo: &who}, defender.AlertUpdateOptions{Force: true})
	case "graph alerts.comment":
		_, err = c.Alerts(s).Comment(ctx, to.alert(n), text)
	case "mde machines.list":
		_, err = c.Machines().List(ctx, defender.MachineListOptions{Top: 1})
	case "mde machines.get":
		_, err = c.Machines().Get(ctx, to.machine)
	case "mde machines.isolate":
		_, err = c.Machines().Isolate(ctx, to.machine, defender.IsolateRequest{Comment: text})
	case "mde machines.release":
		_, err = c.Machines().Release(ctx, to.machine, text)
	case "mde machines.scan":
		_, err = c.Machines().Scan(ctx, to.machine, defender.ScanQuick, text)
	case "mde machines.collect":
		_, err = c.Machines().CollectPackage(ctx, to.machine, text)
	case "mde actions.list":
		_, err = c.MachineActions().List(ctx, defender.ActionListOptions{Top: 1})
	case "mde actions.get":
		_, err = c.MachineActions().Get(ctx, to.action)
	case "mde actions.cancel":
		_, err = c.MachineActions().Cancel(ctx, id, text)
	case "mde indicators.list":
		_, err = c.Indicators().List(ctx, defender.IndicatorListOptions{Top: 1})
	case "mde indicators.submit":
		_, err = c.Indicators().Submit(ctx, defender.Indicator{Value: to.file, Type: defender.IndicatorFileSHA1, Action: defender.IndicatorBlock, Title: "t", Description: text})
	case "mde indicators.delete":
		err = c.Indicators().Delete(ctx, id)
	default:
		t.Fatalf("this test does not know how to call %s of %s", operation, service)
	}
	return err
}
