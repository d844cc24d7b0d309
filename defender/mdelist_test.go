package defender_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/defender"
)

func TestEndpointFilters(t *testing.T) {
	at := time.Date(2026, 11, 16, 8, 0, 0, 123456789, time.UTC)
	for _, c := range []struct {
		name string
		ask  func(c *defender.Client) error
		path string
		want string
	}{
		{"machines", machines(defender.MachineListOptions{}), "/api/machines", ""},
		{"machines by all there is", machines(defender.MachineListOptions{
			Name: "d'arc", NamePrefix: "o'b", ID: "m1", LastSeen: at, Health: []defender.MachineHealth{"active", defender.MachineNoSensor},
			Onboarding: []defender.MachineOnboarding{defender.MachineOnboarded}, Risk: []defender.MachineLevel{"high"}, Exposure: []defender.MachineLevel{defender.MachineLow},
			OSPlatform: []string{"Windows11"}, LastIP: "10.0.0.1"}), "/api/machines",
			"computerDnsName eq 'd''arc' and startswith(computerDnsName,'o''b') and id eq 'm1' and lastSeen ge 2026-11-16T08:00:00.1234567Z and " +
				"(healthStatus eq 'Active' or healthStatus eq 'NoSensorData') and onboardingStatus eq 'onboarded' and riskScore eq 'High' and exposureLevel eq 'Low' and " +
				"osPlatform eq 'Windows11' and lastIpAddress eq '10.0.0.1'"},
		{"actions", actions(defender.ActionListOptions{MachineID: "m1", Type: []defender.ActionType{"isolate", defender.ActionRelease}, Status: []defender.ActionStatus{"pending"}, Requestor: "a@b", Created: at}),
			"/api/machineactions", "machineId eq 'm1' and (type eq 'Isolate' or type eq 'Unisolate') and status eq 'Pending' and requestor eq 'a@b' and creationDateTimeUtc ge 2026-11-16T08:00:00.1234567Z"},
		{"indicators", indicators(defender.IndicatorListOptions{Value: "evil.example", Type: []defender.IndicatorType{"domainname"}, Action: []defender.IndicatorAction{defender.IndicatorAlert}, Severity: []string{"high"}, Title: "t", Created: at}),
			"/api/indicators", "indicatorValue eq 'evil.example' and indicatorType eq 'DomainName' and action eq 'Alert' and severity eq 'High' and title eq 't' and creationTimeDateTimeUtc ge 2026-11-16T08:00:00.1234567Z"},
	} {
		e := &endpoint{}
		if err := c.ask(endpointClient(t, e)); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := e.requests()[0]; got.Filter != c.want || got.Path != c.path || got.Method != http.MethodGet {
			t.Errorf("%s: asked %+v, want filter\n%s", c.name, got, c.want)
		}
	}
}

func machines(o defender.MachineListOptions) func(*defender.Client) error {
	return func(c *defender.Client) error {
		for _, err := range c.Machines().All(ctxOf(), o) {
			if err != nil {
				return err
			}
		}
		return nil
	}
}

func actions(o defender.ActionListOptions) func(*defender.Client) error {
	return func(c *defender.Client) error {
		for _, err := range c.MachineActions().All(ctxOf(), o) {
			if err != nil {
				return err
			}
		}
		return nil
	}
}

func indicators(o defender.IndicatorListOptions) func(*defender.Client) error {
	return func(c *defender.Client) error {
		for _, err := range c.Indicators().All(ctxOf(), o) {
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// What cannot be asked is refused before anything is sent.
func TestEndpointRefusesOptions(t *testing.T) {
	e := &endpoint{}
	c := endpointClient(t, e)
	for name, ask := range map[string]func(*defender.Client) error{
		"health":       machines(defender.MachineListOptions{Health: []defender.MachineHealth{"fine"}}),
		"risk":         machines(defender.MachineListOptions{Risk: []defender.MachineLevel{"Extreme"}}),
		"exposure":     machines(defender.MachineListOptions{Exposure: []defender.MachineLevel{defender.MachineInformational}}),
		"platform":     machines(defender.MachineListOptions{OSPlatform: []string{"a\nb"}}),
		"name":         machines(defender.MachineListOptions{Name: "a\x00"}),
		"prefix":       machines(defender.MachineListOptions{NamePrefix: "a\x1b"}),
		"page size":    machines(defender.MachineListOptions{Top: 10001}),
		"less":         machines(defender.MachineListOptions{Top: -1}),
		"action type":  actions(defender.ActionListOptions{Type: []defender.ActionType{"Explode"}}),
		"status":       actions(defender.ActionListOptions{Status: []defender.ActionStatus{"Done"}}),
		"indicator":    indicators(defender.IndicatorListOptions{Type: []defender.IndicatorType{"Smell"}}),
		"severity":     indicators(defender.IndicatorListOptions{Severity: []string{"Extreme"}}),
		"machine id":   func(c *defender.Client) error { _, err := c.Machines().Get(ctxOf(), "../x"); return err },
		"no id":        func(c *defender.Client) error { _, err := c.Machines().Get(ctxOf(), ""); return err },
		"action id":    func(c *defender.Client) error { _, err := c.MachineActions().Get(ctxOf(), "a/b"); return err },
		"dots":         func(c *defender.Client) error { _, err := c.MachineActions().Get(ctxOf(), ".."); return err },
		"indicator id": func(c *defender.Client) error { return c.Indicators().Delete(ctxOf(), "9?x=1") },
		"comment": func(c *defender.Client) error {
			_, err := c.Machines().Isolate(ctxOf(), "m1", defender.IsolateRequest{Comment: " "})
			return err
		},
		"long comment": func(c *defender.Client) error {
			_, err := c.Machines().Release(ctxOf(), "m1", strings.Repeat("ä", 1001))
			return err
		},
		"escape": func(c *defender.Client) error {
			_, err := c.Machines().CollectPackage(ctxOf(), "m1", "a\x1b[2J")
			return err
		},
		"isolation type": func(c *defender.Client) error {
			_, err := c.Machines().Isolate(ctxOf(), "m1", defender.IsolateRequest{Type: "Half", Comment: "c"})
			return err
		},
		"scan type":      func(c *defender.Client) error { _, err := c.Machines().Scan(ctxOf(), "m1", "Deep", "c"); return err },
		"cancel comment": func(c *defender.Client) error { _, err := c.MachineActions().Cancel(ctxOf(), "a1", ""); return err },
	} {
		err := ask(c)
		if refused, ok := errors.AsType[*defender.OptionError](err); !ok || refused.Surface != defender.SurfaceMDE || refused.Next() == "" {
			t.Errorf("%s: error %v, want an OptionError", name, err)
		}
	}
	if got := e.requests(); len(got) != 0 {
		t.Errorf("sent %+v", got)
	}
}

func item(n int) string { return fmt.Sprintf(`{"id":"m%d"}`, n) }

func all(c *defender.Client, top int) (ids []string, err error) {
	for m, err := range c.Machines().All(ctxOf(), defender.MachineListOptions{Top: top}) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, m.ID)
	}
	return ids, nil
}

func TestEndpointPaging(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 4, 5, 6, 7, 20} {
		for _, top := range []int{1, 2, 3, 5, 100} {
			e := &endpoint{}
			var want []string
			for i := range n {
				e.list = append(e.list, item(i))
				want = append(want, fmt.Sprintf("m%d", i))
			}
			got, err := all(endpointClient(t, e), top)
			if err != nil || !cmp.Equal(got, want) {
				t.Errorf("%d items in pages of %d: %v, %v", n, top, got, err)
			}
		}
	}
}

// Lists that change while they are read, and services that page badly, lose
// and repeat nothing, or end in an error.
func TestEndpointPagingTraps(t *testing.T) {
	list := func(n int) (out []string) {
		for i := range n {
			out = append(out, item(i))
		}
		return out
	}
	t.Run("one comes to the head", func(t *testing.T) {
		e := &endpoint{list: list(9)}
		calls := 0
		e.answer = func(http.ResponseWriter, *http.Request) bool {
			if calls++; calls == 2 {
				e.list = append([]string{item(100)}, e.list...)
			}
			return false
		}
		got, err := all(endpointClient(t, e), 4)
		if err != nil || len(got) != 10 {
			t.Errorf("%v, %v", got, err)
		}
	})
	t.Run("one goes", func(t *testing.T) {
		e := &endpoint{list: list(9)}
		calls := 0
		e.answer = func(http.ResponseWriter, *http.Request) bool {
			if calls++; calls == 2 {
				e.list = e.list[1:]
			}
			return false
		}
		got, err := all(endpointClient(t, e), 4)
		if err != nil || len(got) != 9 {
			t.Errorf("%v, %v", got, err)
		}
	})
	t.Run("it never stands still", func(t *testing.T) {
		e := &endpoint{list: list(9)}
		e.answer = func(http.ResponseWriter, *http.Request) bool {
			e.list = append(e.list[1:], e.list[0])
			return false
		}
		_, err := all(endpointClient(t, e), 4)
		if bad, ok := errors.AsType[*defender.PagingError](err); !ok || bad.Problem != defender.PagingUnstable || bad.Operation != defender.OpListMachines || len(e.requests()) > 20 {
			t.Errorf("error %v after %d requests", err, len(e.requests()))
		}
	})
	t.Run("skip is ignored", func(t *testing.T) {
		e := &endpoint{}
		e.answer = says(200, `{"value":[{"id":"m0"},{"id":"m1"}]}`)
		got, err := all(endpointClient(t, e), 2)
		if _, ok := errors.AsType[*defender.PagingError](err); !ok {
			t.Errorf("%v, %v; want an error", got, err)
		}
	})
	t.Run("short pages", func(t *testing.T) {
		e := &endpoint{list: list(9)}
		e.answer = func(w http.ResponseWriter, r *http.Request) bool {
			q := r.URL.Query()
			q.Set("$top", "2") // whatever was asked for
			r.URL.RawQuery = q.Encode()
			return false
		}
		got, err := all(endpointClient(t, e), 5)
		if err != nil || len(got) != 9 {
			t.Errorf("%v, %v", got, err)
		}
	})
	t.Run("the caller stops", func(t *testing.T) {
		e := &endpoint{list: list(9)}
		for range endpointClient(t, e).Machines().All(ctxOf(), defender.MachineListOptions{Top: 2}) {
			break
		}
		if n := len(e.requests()); n != 1 {
			t.Errorf("%d requests, want one", n)
		}
	})
}

func TestEndpointList(t *testing.T) {
	e := &endpoint{list: []string{item(0), item(1), item(2)}}
	c := endpointClient(t, e)
	first, err := c.Machines().List(ctxOf(), defender.MachineListOptions{Top: 2})
	if err != nil || len(first.Items) != 2 {
		t.Fatalf("%+v, %v", first, err)
	}
	second, err := c.Machines().List(ctxOf(), defender.MachineListOptions{Top: 2, Cursor: first.Next})
	if err != nil || len(second.Items) != 1 || second.Items[0].ID != "m2" {
		t.Fatalf("%+v, %v", second, err)
	}
	third, err := c.Machines().List(ctxOf(), defender.MachineListOptions{Top: 2, Cursor: second.Next})
	if err != nil || len(third.Items) != 0 || third.Next != "" {
		t.Errorf("%+v, %v", third, err)
	}
	for _, bad := range []string{"2", "skip:-1", "skip:x", "https://evil.example/"} {
		_, err := c.Machines().List(ctxOf(), defender.MachineListOptions{Cursor: bad})
		if p, ok := errors.AsType[*defender.PagingError](err); !ok || p.Problem != defender.PagingBadCursor {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
}

// 404 is how the service tells that there are no machines; a 404 of something
// else on the way is not taken for that.
func TestNoMachines(t *testing.T) {
	for _, c := range []struct {
		name  string
		body  string
		empty bool
	}{
		{"the service's", `{"error":{"code":"ResourceNotFound","message":"No machines were found","target":"x"}}`, true},
		{"without a body", ``, true},
		{"of a proxy", `<html>not here</html>`, false},
	} {
		client := endpointClient(t, &endpoint{answer: says(404, c.body)})
		got, err := all(client, 0)
		if c.empty != (err == nil) || len(got) != 0 {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
		if err := actions(defender.ActionListOptions{})(client); err == nil {
			t.Errorf("%s: 404 passed for an empty list of actions, which no page says", c.name)
		}
	}
}

func TestEndpointBadAnswers(t *testing.T) {
	for name, body := range map[string]string{
		"no list":           `{"value":{}}`,
		"no value":          `{}`,
		"an item is none":   `{"value":[1]}`,
		"an item has no id": `{"value":[{"id":"m1"},{"computerDnsName":"x"}]}`,
	} {
		_, err := all(endpointClient(t, &endpoint{answer: says(200, body)}), 0)
		if e, ok := errors.AsType[*defender.DecodeError](err); !ok || !strings.HasPrefix(e.Field, "value") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
