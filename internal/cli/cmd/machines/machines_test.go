package machines

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/explain"
	"github.com/tenantry/tenantry/respond"
)

const id = "1e5bc9d7e413ddd7902c2932e418702b84d0cc07"

func tenant() fleet.Tenant {
	return fleet.Tenant{ID: "aaaaaaaa-0000-4000-8000-000000000001", Name: "Contoso"}
}

func TestIsID(t *testing.T) {
	for word, want := range map[string]bool{
		id: true, strings.ToUpper(id): true, id[:32]: true, id[:39]: false, id + "0": false, "desktop-1": false, "": false,
		"g" + id[1:]: false,
	} {
		if got := isID(word); got != want {
			t.Errorf("%q: %v, want %v", word, got, want)
		}
	}
}

func TestCalled(t *testing.T) {
	for _, c := range []struct {
		name, word string
		want       bool
	}{
		{"desktop-7.contoso.com", "desktop-7.contoso.com", true},
		{"desktop-7.contoso.com", "DESKTOP-7", true},
		{"desktop-7", "desktop-7", true},
		{"desktop-71.contoso.com", "desktop-7", false},
		{"desktop-7.contoso.com", "desktop-7.contoso", false},
		{"", "desktop-7", false},
	} {
		if got := called(c.name, c.word); got != c.want {
			t.Errorf("%q called %q: %v, want %v", c.name, c.word, got, c.want)
		}
	}
}

// client is one whose service answers every list with this one page.
func client(t *testing.T, page string) *defender.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Query().Get("$skip") != "" { // the overlap that ends the list
			page = `{"value":[` + page[strings.LastIndex(page, `{"id"`):]
		}
		_, _ = w.Write([]byte(page))
	}))
	t.Cleanup(server.Close)
	c, err := defender.New(defender.Config{MDE: server.URL, HTTPClient: server.Client(), Retries: -1,
		Token: func(context.Context, defender.Surface) (string, error) { return "t", nil }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A name that several machines have is refused: the wrong one must not be hit.
func TestFind(t *testing.T) {
	const twins = `{"value":[{"id":"m1","computerDnsName":"desktop-7.contoso.com"},{"id":"m2","computerDnsName":"desktop-7.contoso.com"}]}`
	const family = `{"value":[{"id":"m1","computerDnsName":"desktop-7.contoso.com"},{"id":"m2","computerDnsName":"desktop-71.contoso.com"},{"id":"m3","computerDnsName":"desktop-7"}]}`
	m, err := find(t.Context(), client(t, family), tenant(), "desktop-7")
	if err != nil || m.ID != "m3" {
		t.Errorf("%+v, %v; want the one whose whole name it is", m, err)
	}
	m, err = find(t.Context(), client(t, `{"value":[{"id":"m1","computerDnsName":"desktop-7.contoso.com"}]}`), tenant(), "Desktop-7")
	if err != nil || m.ID != "m1" {
		t.Errorf("%+v, %v", m, err)
	}
	_, err = find(t.Context(), client(t, twins), tenant(), "desktop-7")
	if e, ok := errors.AsType[*clierr.Error](err); !ok || e.Code != clierr.CodeUsage || !strings.Contains(e.Message, "m1") || !strings.Contains(e.Message, "m2") {
		t.Errorf("error %v, want a refusal that names both", err)
	}
	_, err = find(t.Context(), client(t, `{"value":[]}`), tenant(), "desktop-7")
	if e, ok := errors.AsType[*clierr.Error](err); !ok || e.Code != clierr.CodeFailed || e.Next == "" {
		t.Errorf("error %v", err)
	}
}

func TestQuestion(t *testing.T) {
	m := &defender.Machine{ID: id, Name: "desktop-7.contoso.com"}
	got := deed{verb: "Isolate"}.question(tenant(), m)
	for _, want := range []string{"Isolate", "desktop-7.contoso.com", id, "Contoso", "aaaaaaaa-0000-4000-8000-000000000001"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q does not name %q", got, want)
		}
	}
}

// Errors that call for a command name it, with the tenant and the machine.
func TestExplained(t *testing.T) {
	m := &defender.Machine{ID: id, Name: "desktop 7"}
	for _, c := range []struct {
		err  error
		next string
	}{
		{&respond.AlreadyIsolatingError{Action: &defender.MachineAction{ID: "a1", Type: defender.ActionIsolate, Status: defender.ActionPending}}, "tenantry machines cancel a1 --tenant Contoso"},
		{&respond.AlreadyIsolatingError{Action: &defender.MachineAction{ID: "a1", Type: defender.ActionIsolate, Status: defender.ActionSucceeded}}, "tenantry machines release 'desktop 7' --tenant Contoso"},
		{&respond.AlreadyIsolatingError{Record: &fleet.AuditRecord{}}, "tenantry machines actions --tenant Contoso --machine 'desktop 7'"},
		{&defender.UncertainError{Operation: defender.OpScanMachine, Target: id, Err: errors.New("reset")}, "tenantry machines actions --tenant Contoso --machine 'desktop 7'"},
		{&defender.Error{Surface: defender.SurfaceMDE, Status: 400, Message: "Action is already in progress"}, "tenantry machines actions --tenant Contoso --machine 'desktop 7'"},
	} {
		got := deed{}.explained(c.err, tenant(), m, 7)
		next := explain.Error(got).Next
		if !strings.Contains(next, c.next) {
			t.Errorf("%T: next %q, want %q in it", c.err, next, c.next)
		}
	}
	plain := errors.New("something else")
	if got := (deed{}).explained(plain, tenant(), m, 0); got != plain {
		t.Errorf("%v became %v", plain, got)
	}
}
