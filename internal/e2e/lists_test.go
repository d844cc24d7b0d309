package e2e

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/sandbox/proxy"
	"github.com/tenantry/tenantry/sandbox/sts"
	"github.com/tenantry/tenantry/sandbox/world"
)

// TestHostsAgree: every host the client side may call is answered by the
// sandbox, as the service that the client takes it for.
func TestHostsAgree(t *testing.T) {
	table := proxy.NewHostTable()
	checked := map[string]bool{}
	check := func(cloud, origin, service string) {
		t.Helper()
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "https" || u.Path != "" {
			t.Errorf("cloud %s: %q is not an origin (%v)", cloud, origin, err)
			return
		}
		name, port := proxy.SplitHost(u.Host)
		h, ok := table[name]
		if !ok || port != "" {
			t.Errorf("cloud %s: the sandbox does not stand in for %s", cloud, u.Host)
			return
		}
		if h.Service != service {
			t.Errorf("cloud %s: %s is %q to the sandbox, want %q", cloud, u.Host, h.Service, service)
		}
		checked[name] = true
	}
	for _, c := range entra.Clouds() {
		check(c.Name, c.Login, proxy.ServiceSTS)
		check(c.Name, c.LoginV1, proxy.ServiceSTS)
		check(c.Name, c.Graph, proxy.ServiceGraph)
		check(c.Name, c.Defender, proxy.ServiceXDR)
		check(c.Name, c.DefenderEndpoint, proxy.ServiceMDE)
		for _, r := range c.DefenderRegions {
			check(c.Name, r, proxy.ServiceXDR)
		}
	}
	if len(checked) < 20 {
		t.Errorf("only %d hosts were compared", len(checked))
	}
	// The other way round: a host of the Defender XDR API that the sandbox
	// answers and no cloud of the client names is a region it cannot be sent to.
	// The api-xx spellings are a second name of regions that are named.
	for name, h := range table {
		if h.Service == proxy.ServiceXDR && !checked[name] && !checked[strings.TrimPrefix(strings.Replace(name, ".security.", ".api.security.", 1), "api-")] {
			t.Errorf("the sandbox answers for %s, and no cloud of the client names it", name)
		}
	}
}

// TestResourcesAgree: the audiences a client asks for are known to the sandbox
// as the application that the client expects in a version 2 token.
func TestResourcesAgree(t *testing.T) {
	w := world.New(nil)
	for _, c := range entra.Clouds() {
		for _, kind := range []entra.ResourceKind{entra.ResourceGraph, entra.ResourceDefender, entra.ResourceEndpoint, entra.ResourceKeyVault} {
			r := c.Resource(kind)
			app, ok := w.Resource(r.URI)
			if !ok {
				t.Errorf("cloud %s: the sandbox has no API called %s", c.Name, r.URI)
				continue
			}
			if app.AppID != r.AppID {
				t.Errorf("cloud %s: %s is application %s to the sandbox, %s to the client", c.Name, r.URI, app.AppID, r.AppID)
			}
			for _, aud := range r.Audiences {
				if same, ok := w.Resource(aud); !ok || same.AppID != r.AppID {
					t.Errorf("cloud %s: the client accepts audience %s for %s, and to the sandbox it is another API", c.Name, aud, r.URI)
				}
			}
		}
	}
}

// TestRolesAgree: every role that a profile asks for is offered by the
// sandbox's API under the same name and, where it is published, the same id.
func TestRolesAgree(t *testing.T) {
	w := world.New(nil)
	public, err := entra.CloudByName("public")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, p := range fleet.Profiles() {
		if len(p.Needs) == 0 {
			t.Errorf("profile %s needs nothing", p.Name)
		}
		for _, need := range p.Needs {
			api, ok := w.App(public.Resource(need.Resource).AppID)
			if !ok {
				t.Fatalf("no API for %s", need.Resource)
			}
			role, ok := api.RoleByValue(need.Role)
			if !ok {
				t.Errorf("profile %s: %s has no role %s in the sandbox", p.Name, api.DisplayName, need.Role)
				continue
			}
			if need.RoleID != "" && role.ID != need.RoleID {
				t.Errorf("profile %s: role %s has id %s in the sandbox, %s in the profile", p.Name, need.Role, role.ID, need.RoleID)
			}
			checked++
		}
	}
	if checked < 10 {
		t.Errorf("only %d roles were compared", checked)
	}
}

// TestErrorsAgree: whatever the sandbox's token service can answer, the client
// explains.
func TestErrorsAgree(t *testing.T) {
	known := entra.Codes()
	rows := sts.Errors()
	if len(rows) < 30 {
		t.Errorf("the sandbox's table has %d rows", len(rows))
	}
	for _, row := range rows {
		i := slices.IndexFunc(known, func(c entra.CodeInfo) bool { return c.Code == row.Code })
		if i < 0 {
			t.Errorf("AADSTS%d (%s) is answered by the sandbox and not explained by entra", row.Code, row.Condition)
			continue
		}
		if !strings.HasSuffix(known[i].Next, ".") || known[i].Action == "" || known[i].Action == entra.ActionUnknown {
			t.Errorf("AADSTS%d: next step %q, action %q", row.Code, known[i].Next, known[i].Action)
		}
	}
}
