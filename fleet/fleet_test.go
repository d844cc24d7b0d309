package fleet_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
)

func tenants() []fleet.Tenant {
	return []fleet.Tenant{
		{ID: "aaaaaaaa-0000-4000-8000-000000000001", Name: "Contoso", Domain: "contoso.com", Tags: []string{"eu", "gold"}},
		{ID: "aaaaaaaa-0000-4000-8000-000000000002", Name: "Fabrikam", Domain: "fabrikam.example", Tags: []string{"us"}},
		{ID: "aaaaaaaa-0000-4000-8000-000000000003", Name: "Twin", Tags: []string{"eu"}},
		{ID: "aaaaaaaa-0000-4000-8000-000000000004", Name: "twin"},
		{ID: "aaaaaaaa-0000-4000-8000-000000000005", Name: "aaaaaaaa-0000-4000-8000-000000000001"}, // called like another's id
	}
}

func TestSelect(t *testing.T) {
	for _, c := range []struct {
		name string
		sel  fleet.Selector
		want string // last digits of the ids
	}{
		{"all", fleet.Selector{All: true}, "12345"},
		{"all but some", fleet.Selector{All: true, ExcludeTags: []string{"EU"}}, "245"},
		{"by name", fleet.Selector{Tenants: []string{"fabrikam"}}, "2"},
		{"by domain", fleet.Selector{Tenants: []string{" Contoso.COM "}}, "1"},
		{"by id, not by a name like it", fleet.Selector{Tenants: []string{"AAAAAAAA-0000-4000-8000-000000000001"}}, "1"},
		{"in the list's order, each once", fleet.Selector{Tenants: []string{"fabrikam.example", "contoso", "contoso.com"}}, "12"},
		{"by tag", fleet.Selector{Tags: []string{"eu"}}, "13"},
		{"by any tag", fleet.Selector{Tags: []string{"gold", "us"}}, "12"},
		{"by tag without another", fleet.Selector{Tags: []string{"eu"}, ExcludeTags: []string{"gold"}}, "3"},
		{"named and tagged", fleet.Selector{Tenants: []string{"contoso", "fabrikam"}, Tags: []string{"us"}}, "2"},
		{"nothing is left", fleet.Selector{Tenants: []string{"fabrikam"}, ExcludeTags: []string{"us"}}, ""},
	} {
		got, err := c.sel.Select(tenants())
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		digits := ""
		for _, tn := range got {
			digits += string(tn.ID[len(tn.ID)-1])
		}
		if digits != c.want {
			t.Errorf("%s: selected %q, want %q", c.name, digits, c.want)
		}
	}
}

func TestSelectRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		sel   fleet.Selector
		field string
		says  string
	}{
		{"nothing said", fleet.Selector{}, "tenant", "no tenant is chosen"},
		{"only exclusion", fleet.Selector{ExcludeTags: []string{"eu"}}, "tenant", "no tenant is chosen"},
		{"all and one", fleet.Selector{All: true, Tenants: []string{"contoso"}}, "all", "contradicts"},
		{"all and a tag", fleet.Selector{All: true, Tags: []string{"eu"}}, "all", "contradicts"},
		{"letters swapped", fleet.Selector{Tenants: []string{"cotnoso"}}, "tenant", "did you mean Contoso"},
		{"part of a name", fleet.Selector{Tenants: []string{"fabri"}}, "tenant", "Fabrikam or fabrikam.example"},
		{"nothing like it", fleet.Selector{Tenants: []string{"northwind"}}, "tenant", "no such tenant; tenantry tenants list"},
		{"empty", fleet.Selector{Tenants: []string{" "}}, "tenant", "empty"},
		{"two of a name", fleet.Selector{Tenants: []string{"twin"}}, "tenant", "aaaaaaaa-0000-4000-8000-000000000003, aaaaaaaa-0000-4000-8000-000000000004"},
		{"unknown tag", fleet.Selector{Tags: []string{"glod"}}, "tag", "did you mean gold"},
		{"unknown tag left out", fleet.Selector{All: true, ExcludeTags: []string{"ue"}}, "exclude-tag", "did you mean"},
	} {
		got, err := c.sel.Select(tenants())
		var refused *fleet.SelectError
		if !errors.As(err, &refused) || refused.Field != c.field || !strings.Contains(err.Error(), c.says) || refused.Next() == "" || got != nil {
			t.Errorf("%s: %v, error %v; want a SelectError of %s that says %q", c.name, got, err, c.field, c.says)
		}
	}
}

// An empty fleet must not make any selection succeed that names something.
func FuzzSelect(f *testing.F) {
	f.Add("contoso", "eu", "us", false)
	f.Add("", "", "", true)
	f.Fuzz(func(t *testing.T, name, tag, exclude string, all bool) {
		sel := fleet.Selector{Tenants: []string{name}, Tags: []string{tag}, ExcludeTags: []string{exclude}, All: all}
		if got, err := sel.Select(nil); err == nil {
			t.Errorf("selected %v of nothing", got)
		}
		got, err := sel.Select(tenants())
		if err != nil {
			return
		}
		for _, tn := range got {
			if slices.ContainsFunc(tn.Tags, func(h string) bool { return strings.EqualFold(h, strings.TrimSpace(exclude)) }) {
				t.Errorf("selected %s in spite of tag %q", tn.ID, exclude)
			}
		}
	})
}

func TestNormalizeTags(t *testing.T) {
	got, err := fleet.NormalizeTags([]string{" EU ", "tier:Gold", "eu", "team/soc-1"})
	if diff := cmp.Diff([]string{"eu", "team/soc-1", "tier:gold"}, got); diff != "" || err != nil {
		t.Errorf("error %v, -want +got:\n%s", err, diff)
	}
	for _, bad := range []string{"", " ", "two words", "a,b", "ä", "x\x00", strings.Repeat("a", 65)} {
		if got, err := fleet.NormalizeTag(bad); err == nil {
			t.Errorf("tag %q became %q", bad, got)
		}
	}
}

func TestProfiles(t *testing.T) {
	guid := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	ids := map[string]string{}
	names := map[string]bool{}
	for _, p := range fleet.Profiles() {
		if names[p.Name] || p.Title == "" || len(p.Needs) == 0 {
			t.Errorf("profile %+v", p)
		}
		names[p.Name] = true
		roles := map[string]bool{}
		for _, n := range p.Needs {
			key := string(n.Resource) + " " + n.Role
			if roles[key] || n.Reason == "" || n.Purpose == "" {
				t.Errorf("profile %s: need %+v", p.Name, n)
			}
			roles[key] = true
			// Microsoft publishes no ids for the roles of WindowsDefenderATP.
			if (n.RoleID == "") != (n.Resource == entra.ResourceEndpoint) || n.RoleID != "" && !guid.MatchString(n.RoleID) {
				t.Errorf("profile %s: role %s has id %q", p.Name, n.Role, n.RoleID)
			}
			if n.RoleID != "" && ids[n.RoleID] != "" && ids[n.RoleID] != key {
				t.Errorf("roles %s and %s have one id", ids[n.RoleID], key)
			}
			ids[n.RoleID] = key
		}
		if again, err := fleet.ProfileByName(p.Name); err != nil || again.Name != p.Name {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
	if _, err := fleet.ProfileByName("admin"); err == nil || !strings.Contains(err.Error(), "partner, read, hunt, manage, respond") {
		t.Errorf("error %v does not list the profiles", err)
	}
	partner, err := fleet.ProfileByName(fleet.ProfilePartner)
	if err != nil || len(partner.Needs) != 1 || partner.Needs[0].Role != "Incident.Read.All" || partner.Needs[0].Resource != entra.ResourceDefender {
		t.Errorf("the partner profile is not what Microsoft's page says: %+v, %v", partner, err)
	}
	fleet.Profiles()[1].Needs[0].Role = "changed"
	if fleet.Profiles()[1].Needs[0].Role == "changed" {
		t.Error("a caller changed the profiles")
	}
}

func TestSatisfied(t *testing.T) {
	type roles = map[entra.ResourceKind][]string
	for _, c := range []struct {
		name, profile string
		granted       roles
		missing       []string
	}{
		{"partner page", "partner", roles{"xdr": {"Incident.Read.All"}}, nil},
		{"partner page, to write", "partner", roles{"xdr": {"Incident.ReadWrite.All"}}, nil},
		{"partner page, near miss", "partner", roles{"xdr": {"Incidents.Read.All"}}, []string{"Incident.Read.All"}},
		{"partner page, on the wrong resource", "partner", roles{"graph": {"Incident.Read.All"}}, []string{"Incident.Read.All"}},
		{"read through graph", "read", roles{"graph": {"SecurityIncident.Read.All", "SecurityAlert.Read.All"}}, nil},
		{"read through xdr", "read", roles{"xdr": {"Incident.Read.All"}}, nil},
		{"read, graph in part", "read", roles{"graph": {"SecurityIncident.Read.All"}}, []string{"SecurityAlert.Read.All"}},
		{"read, graph in part and xdr", "read", roles{"graph": {"SecurityIncident.Read.All"}, "xdr": {"Incident.Read.All"}}, nil},
		{"read, nothing", "read", nil, []string{"SecurityIncident.Read.All", "SecurityAlert.Read.All", "Incident.Read.All"}},
		{"hunt needs hunting too", "hunt", roles{"xdr": {"Incident.Read.All"}}, []string{"ThreatHunting.Read.All", "AdvancedHunting.Read.All"}},
		{"purposes may be met by different resources", "hunt", roles{"xdr": {"Incident.Read.All"}, "graph": {"ThreatHunting.Read.All"}}, nil},
		{"reading is not managing", "manage", roles{"xdr": {"Incident.Read.All"}},
			[]string{"SecurityIncident.ReadWrite.All", "SecurityAlert.ReadWrite.All", "Incident.ReadWrite.All"}},
		{"managing is reading", "manage", roles{"xdr": {"Incident.ReadWrite.All"}}, nil},
		{"respond, one action is missing", "respond",
			roles{"xdr": {"Incident.ReadWrite.All"}, "mde": {"Machine.Read.All", "Machine.Isolate", "Machine.CollectForensics", "Ti.ReadWrite"}}, []string{"Machine.Scan"}},
		{"respond, with more than is needed", "respond",
			roles{"xdr": {"Incident.ReadWrite.All"}, "mde": {"Machine.ReadWrite.All", "Machine.Isolate", "Machine.Scan", "Machine.CollectForensics", "Ti.ReadWrite.All"}}, nil},
		{"respond, reading indicators is not enough", "respond",
			roles{"xdr": {"Incident.ReadWrite.All"}, "mde": {"Machine.ReadWrite.All", "Machine.Isolate", "Machine.Scan", "Machine.CollectForensics", "Ti.Read.All"}}, []string{"Ti.ReadWrite"}},
	} {
		p, err := fleet.ProfileByName(c.profile)
		if err != nil {
			t.Fatal(err)
		}
		var missing []string
		for _, n := range p.Satisfied(c.granted) {
			missing = append(missing, n.Role)
		}
		if diff := cmp.Diff(c.missing, missing); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
	}
}

func TestCustomers(t *testing.T) {
	got := fleet.Customers([]fleet.Tenant{
		{ID: "3", Name: "Zeta"}, {ID: "1", Name: "A", Customer: "Contoso Group"}, {ID: "2", Name: "B", Customer: "contoso group"}, {ID: "4", Domain: "adatum.example"},
	})
	var text []string
	for _, c := range got {
		text = append(text, fmt.Sprintf("%s:%d", c.Name, len(c.Tenants)))
	}
	if diff := cmp.Diff([]string{"adatum.example:1", "Contoso Group:2", "Zeta:1"}, text); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestVerifierIsNotWritten(t *testing.T) {
	data, err := json.Marshal(fleet.Invitation{State: "s", Verifier: "hunter2"})
	if err != nil || strings.Contains(string(data), "hunter2") {
		t.Errorf("%s, %v", data, err)
	}
}

func ExampleProfile_Satisfied() {
	profile, err := fleet.ProfileByName(fleet.ProfileRead)
	if err != nil {
		fmt.Println(err)
		return
	}
	granted := map[entra.ResourceKind][]string{entra.ResourceGraph: {"SecurityIncident.Read.All"}}
	for _, need := range profile.Satisfied(granted) {
		fmt.Printf("%s on %s: to %s\n", need.Role, need.Resource, need.Reason)
	}
	// Output: SecurityAlert.Read.All on graph: to read the alerts of those incidents and their evidence
}

// Every operation of package defender on Defender for Endpoint is one that the
// profile respond asks a role for.
func TestRespondCoversTheEndpoint(t *testing.T) {
	p, err := fleet.ProfileByName(fleet.ProfileRespond)
	if err != nil {
		t.Fatal(err)
	}
	var roles []string
	for _, n := range p.Needs {
		if n.Resource == entra.ResourceEndpoint {
			roles = append(roles, n.Role)
		}
	}
	for _, op := range []defender.Operation{
		defender.OpListMachines, defender.OpGetMachine, defender.OpIsolateMachine, defender.OpReleaseMachine, defender.OpScanMachine, defender.OpCollectPackage,
		defender.OpListActions, defender.OpGetAction, defender.OpCancelAction, defender.OpListIndicators, defender.OpSubmitIndicator, defender.OpDeleteIndicator,
	} {
		required := defender.RequiredRoles(defender.SurfaceMDE, op)
		if len(required) == 0 || !slices.ContainsFunc(required, func(r string) bool { return slices.Contains(roles, r) }) {
			t.Errorf("%s needs one of %v; the profile asks for %v", op, required, roles)
		}
	}
}

func TestPlace(t *testing.T) {
	const id = "bb9b19c6-7d52-4f7f-9f0e-5a3d1c2e4f60"
	for want, of := range map[string]fleet.Tenant{
		id:                             {ID: id},
		"Contoso (" + id + ")":         {ID: id, Name: "Contoso"},
		"contoso.example (" + id + ")": {ID: id, Domain: "contoso.example"},
	} {
		if got := of.Place(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
