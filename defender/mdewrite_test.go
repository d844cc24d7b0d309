package defender_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/defender"
)

func ctxOf() context.Context { return context.Background() }

const pendingAction = `{"id":"a1","type":"Isolate","status":"Pending","machineId":"m1"}`

// write is one call that changes something.
type write struct {
	name   string
	call   func(c *defender.Client) error
	method string
	path   string
	body   string
	status int    // of success
	answer string // of success
	op     defender.Operation
}

func writes() []write {
	yes := true
	ind := defender.Indicator{ID: "ignored", Value: "evil.example", Type: "domainname", Action: "audit", Title: "t", Description: "d", Severity: "high", GenerateAlert: &yes,
		Groups: []string{"g"}, Expires: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), Created: time.Now(), Source: "ignored"}
	return []write{
		{"isolate", func(c *defender.Client) error {
			_, err := c.Machines().Isolate(ctxOf(), "m1", defender.IsolateRequest{Comment: "why"})
			return err
		}, "POST", "/api/machines/m1/isolate", `{"Comment":"why","IsolationType":"Full"}`, 201, pendingAction, defender.OpIsolateMachine},
		{"isolate selectively", func(c *defender.Client) error {
			_, err := c.Machines().Isolate(ctxOf(), "m1", defender.IsolateRequest{Type: "selective", Comment: "why"})
			return err
		}, "POST", "/api/machines/m1/isolate", `{"Comment":"why","IsolationType":"Selective"}`, 201, pendingAction, defender.OpIsolateMachine},
		{"release", func(c *defender.Client) error { _, err := c.Machines().Release(ctxOf(), "m1", "why"); return err },
			"POST", "/api/machines/m1/unisolate", `{"Comment":"why"}`, 201, pendingAction, defender.OpReleaseMachine},
		{"scan", func(c *defender.Client) error {
			_, err := c.Machines().Scan(ctxOf(), "m1", "quick", "why")
			return err
		}, "POST", "/api/machines/m1/runAntiVirusScan", `{"Comment":"why","ScanType":"Quick"}`, 201, pendingAction, defender.OpScanMachine},
		{"collect", func(c *defender.Client) error {
			_, err := c.Machines().CollectPackage(ctxOf(), "m1", "why")
			return err
		},
			"POST", "/api/machines/m1/collectInvestigationPackage", `{"Comment":"why"}`, 201, pendingAction, defender.OpCollectPackage},
		{"cancel", func(c *defender.Client) error { _, err := c.MachineActions().Cancel(ctxOf(), "a1", "why"); return err },
			"POST", "/api/machineactions/a1/cancel", `{"Comment":"why"}`, 200, pendingAction, defender.OpCancelAction},
		{"submit", func(c *defender.Client) error { _, err := c.Indicators().Submit(ctxOf(), ind); return err },
			"POST", "/api/indicators", `{"indicatorValue":"evil.example","indicatorType":"DomainName","action":"Audit","title":"t","description":"d","severity":"High","rbacGroupNames":["g"],"generateAlert":true,"expirationTime":"2027-01-01T00:00:00Z"}`,
			200, `{"id":"7","indicatorValue":"evil.example","indicatorType":"DomainName"}`, defender.OpSubmitIndicator},
		{"delete", func(c *defender.Client) error { return c.Indicators().Delete(ctxOf(), "7") },
			"DELETE", "/api/indicators/7", "", 204, "", defender.OpDeleteIndicator},
	}
}

func TestEndpointWrites(t *testing.T) {
	for _, w := range writes() {
		e := &endpoint{answer: says(w.status, w.answer)}
		if err := w.call(endpointClient(t, e)); err != nil {
			t.Errorf("%s: %v", w.name, err)
		}
		if diff := cmp.Diff([]asked{{w.method, w.path, "", w.body}}, e.requests()); diff != "" {
			t.Errorf("%s: -want +got:\n%s", w.name, diff)
		}
	}
}

// Whatever becomes of a write, it is sent once; what may have been done is
// uncertain, and what was refused is told as such.
func TestEndpointWritesOnce(t *testing.T) {
	for _, w := range writes() {
		for _, c := range []struct {
			name      string
			answer    func(http.ResponseWriter, *http.Request) bool
			uncertain bool
			sent      int
		}{
			{"500", says(500, `{"error":{"code":"InternalServerError","message":"m"}}`), true, 1},
			{"503 without a body", says(503, ""), true, 1},
			{"408", says(408, ""), true, 1},
			{"connection broken", func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }, true, 1},
			{"a page instead of an answer", says(w.status, "<html>sign in</html>"), w.answer != "", 1},
			{"no object", says(w.status, `[]`), w.answer != "", 1},
			{"cut short", says(w.status, `{"id":`), w.answer != "", 1},
			{"400", says(400, `{"error":{"code":"BadRequest","message":"Action is already in progress"}}`), false, 1},
			{"403", says(403, `{"error":{"code":"Forbidden","message":"m"}}`), false, 1},
			{"404", says(404, `{"error":{"code":"ResourceNotFound","message":"m"}}`), false, 1},
			{"429", says(429, `{"error":{"code":"TooManyRequests","message":"m"}}`), false, 1},
		} {
			e := &endpoint{answer: c.answer}
			err := w.call(endpointClient(t, e))
			if w.answer == "" && c.name[0] != '4' && c.name[0] != '5' && c.name != "connection broken" {
				continue // a deletion has no answer that could be wrong
			}
			var uncertain *defender.UncertainError
			if got := errors.As(err, &uncertain); got != c.uncertain || err == nil {
				t.Errorf("%s, %s: error %v; uncertain %v, want %v", w.name, c.name, err, got, c.uncertain)
			}
			if uncertain != nil && (uncertain.Operation != w.op || uncertain.Target == "" || uncertain.Next() == "" || uncertain.Surface != defender.SurfaceMDE) {
				t.Errorf("%s, %s: %+v", w.name, c.name, uncertain)
			}
			if n := len(e.requests()); n != c.sent {
				t.Errorf("%s, %s: sent %d times", w.name, c.name, n)
			}
		}
	}
}

// What the service refuses for a missing role names the roles that would do.
func TestEndpointRoles(t *testing.T) {
	for _, w := range writes() {
		err := w.call(endpointClient(t, &endpoint{answer: says(403, `{"error":{"code":"Forbidden","message":"m"}}`)}))
		refused, ok := errors.AsType[*defender.Error](err)
		if !ok || !cmp.Equal(refused.Required, defender.RequiredRoles(defender.SurfaceMDE, w.op)) || len(refused.Required) == 0 {
			t.Errorf("%s: %v", w.name, err)
		}
		if page := defender.Documentation(defender.SurfaceMDE, w.op); !strings.HasPrefix(page, "https://learn.microsoft.com/defender-endpoint/api/") {
			t.Errorf("%s: documented at %q", w.name, page)
		}
		if defender.RequiredRoles(defender.SurfaceGraph, w.op) != nil || defender.Documentation(defender.SurfaceXDR, w.op) != "" {
			t.Errorf("%s is told of another surface", w.name)
		}
	}
}

// A client without an origin for the surface refuses every call.
func TestEndpointWithoutOrigin(t *testing.T) {
	c, err := defender.New(defender.Config{Graph: "https://graph.microsoft.com", Token: func(context.Context, defender.Surface) (string, error) { return "t", nil }})
	if err != nil {
		t.Fatal(err)
	}
	calls := []func(*defender.Client) error{
		machines(defender.MachineListOptions{}), actions(defender.ActionListOptions{}), indicators(defender.IndicatorListOptions{}),
		func(c *defender.Client) error { _, err := c.Machines().Get(ctxOf(), "m1"); return err },
	}
	for _, w := range writes() {
		calls = append(calls, w.call)
	}
	for i, call := range calls {
		if e, ok := errors.AsType[*defender.OptionError](call(c)); !ok || e.Surface != defender.SurfaceMDE {
			t.Errorf("call %d was not refused: %v", i, e)
		}
	}
}

func TestIndicatorCheck(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	yes, no := true, false
	good := func() defender.Indicator {
		return defender.Indicator{Value: "evil.example", Type: defender.IndicatorDomain, Action: defender.IndicatorBlock, Title: "t", Description: "d"}
	}
	for _, c := range []struct {
		name   string
		change func(*defender.Indicator)
		option string // refused; empty means it is taken
	}{
		{"as it is", func(*defender.Indicator) {}, ""},
		{"audit with an alert", func(i *defender.Indicator) { i.Action, i.GenerateAlert = defender.IndicatorAudit, &yes }, ""},
		{"audit", func(i *defender.Indicator) { i.Action = defender.IndicatorAudit }, "indicator action"},
		{"audit without an alert", func(i *defender.Indicator) { i.Action, i.GenerateAlert = defender.IndicatorAudit, &no }, "indicator action"},
		{"an action of before 2022", func(i *defender.Indicator) { i.Action = defender.IndicatorAlertAndBlock }, "indicator action"},
		{"no action", func(i *defender.Indicator) { i.Action = "" }, "indicator action"},
		{"no type", func(i *defender.Indicator) { i.Type = "" }, "indicator type"},
		{"no title", func(i *defender.Indicator) { i.Title = " " }, "indicator title"},
		{"no description", func(i *defender.Indicator) { i.Description = "" }, "indicator description"},
		{"an escape", func(i *defender.Indicator) { i.Title = "\x1b[2J" }, "indicator title"},
		{"no UTF-8", func(i *defender.Indicator) { i.RecommendedActions = "\xff" }, "indicator recommended actions"},
		{"a severity", func(i *defender.Indicator) { i.Severity = "medium" }, ""},
		{"no severity there is", func(i *defender.Indicator) { i.Severity = "Fatal" }, "indicator severity"},
		{"past", func(i *defender.Indicator) { i.Expires = now }, "indicator expiration"},
		{"to come", func(i *defender.Indicator) { i.Expires = now.Add(time.Second) }, ""},
	} {
		i := good()
		c.change(&i)
		err := i.Check(now)
		if c.option == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if e, ok := errors.AsType[*defender.OptionError](err); !ok || e.Option != c.option || e.Next() == "" {
			t.Errorf("%s: %v, want an OptionError of %s", c.name, err, c.option)
		}
	}
	for value, types := range map[string][]defender.IndicatorType{
		strings.Repeat("a", 32):      {defender.IndicatorFileMD5},
		strings.Repeat("0", 40):      {defender.IndicatorFileSHA1, defender.IndicatorCertificate},
		strings.Repeat("F", 64):      {defender.IndicatorFileSHA256},
		strings.Repeat("g", 64):      nil,
		"":                           nil,
		"10.0.0.1":                   {defender.IndicatorIP},
		"2001:db8::1":                {defender.IndicatorIP},
		"fe80::1%eth0":               nil,
		"10.0.0.0/8":                 nil,
		"evil.example":               {defender.IndicatorDomain},
		"bücher.example":             {defender.IndicatorDomain},
		"evil":                       nil,
		"-evil.example":              nil,
		"evil..example":              nil,
		"evil.example/x":             nil,
		"https://evil.example/x?y=z": {defender.IndicatorURL},
		"https://":                   nil,
		"ftp://evil.example/":        nil,
		"https://evil.example/\nx":   nil,
	} {
		for _, kind := range defender.IndicatorTypes() {
			i := good()
			i.Value, i.Type = value, kind
			want := false
			for _, k := range types {
				want = want || k == kind
			}
			if got := i.Check(now) == nil; got != want {
				t.Errorf("%q as %s: taken %v, want %v", value, kind, got, want)
			}
		}
	}
}
