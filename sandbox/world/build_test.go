package world

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func buildFile(t *testing.T, path string) *World {
	t.Helper()
	f, err := LoadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := f.Build(testClock)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func rolesIn(w *World, tenant, app, resource string) []string {
	t, _ := w.Tenant(tenant)
	sp, ok := w.ServicePrincipal(t.ID, app)
	if !ok {
		return nil
	}
	api, _ := w.App(resource)
	roles := []string{}
	for _, id := range sp.RolesFor(resource) {
		r, _ := api.RoleByID(id)
		roles = append(roles, r.Value)
	}
	return roles
}

func TestBuildEverything(t *testing.T) {
	w := buildFile(t, "testdata/everything.good.yaml")
	epoch := w.Epoch()
	partner, ok := w.Tenant("PARTNER.example")
	if !ok || partner.ID != "aaaaaaaa-0000-4000-8000-000000000001" || partner.Region != "NA" || !partner.OlderErrors || partner.DefaultDomain() != "partner.onmicrosoft.com" {
		t.Fatalf("partner = %+v, %v", partner, ok)
	}
	agency, ok := w.Tenant("agency.onmicrosoft.us")
	if !ok || agency.Cloud != CloudDoD || agency.Region != "USG" || agency.HasDefender() || agency.ID != DeriveGUID("tenant", "agency.onmicrosoft.us") {
		t.Fatalf("agency = %+v, %v", agency, ok)
	}
	_, admin, ok := w.User("ADMIN@partner.example")
	if !ok || admin.Password != "123" || !admin.HasRole("global administrator") || admin.Name != "Ad Min" || admin.ID == "" {
		t.Errorf("admin = %+v, %v", admin, ok)
	}
	if _, gone, _ := w.User("gone@partner.example"); gone == nil || !gone.Disabled || gone.Password != DefaultPassword || gone.Name != "Gone" {
		t.Errorf("gone = %+v", gone)
	}

	const appID, apiID = "cccccccc-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000001"
	app, ok := w.App(appID)
	if !ok || app.HomeTenant != partner.ID || !app.PublicClient || app.TokenLifetime != 90*time.Second {
		t.Fatalf("app = %+v, %v", app, ok)
	}
	type times struct{ Name, Start, End string }
	var got []times
	for _, s := range app.Secrets {
		got = append(got, times{s.Name, s.Start.Sub(epoch).String(), s.End.Format(time.RFC3339Nano)})
	}
	fixed := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	want := []times{
		{"one", "-24h0m0s", epoch.Add(36 * time.Hour).Format(time.RFC3339Nano)},
		{"two", fixed.Sub(epoch).String(), "2027-01-30T23:00:00.5Z"},
		{"expired", "-24h0m0s", epoch.Add(-time.Hour).Format(time.RFC3339Nano)},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("secrets (-want +got):\n%s", d)
	}
	if len(app.Keys) != 2 || app.Keys[0].Cert.Subject.CommonName != "sandbox test" || !app.Keys[0].Cert.Equal(app.Keys[1].Cert) {
		t.Errorf("certificates: %+v", app.Keys)
	}
	if len(app.FICs) != 2 || !strings.Contains(string(app.FICs[0].JWKS), `"one"`) || app.FICs[1].JWKS != nil || app.FICs[1].Audiences[0] != "api://AzureADTokenExchange" {
		t.Errorf("federated credentials: %+v", app.FICs)
	}

	if d := cmp.Diff([]string{"SecurityIncident.Read.All", "SecurityAlert.Read.All"}, rolesIn(w, partner.ID, appID, AppGraph)); d != "" {
		t.Errorf("Graph roles in the home tenant (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"SecurityIncident.Read.All"}, rolesIn(w, agency.ID, appID, AppGraph)); d != "" {
		t.Errorf("Graph roles in the agency (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"Task.Write.All"}, rolesIn(w, agency.ID, appID, apiID)); d != "" {
		t.Errorf("roles of the file's own API (-want +got):\n%s", d)
	}
	if sp, _ := w.ServicePrincipal(agency.ID, appID); sp == nil || sp.Enabled {
		t.Errorf("the agency's service principal is not disabled: %+v", sp)
	}
	api, ok := w.Resource("https://tasks.partner.example/")
	if !ok || api.AppID != apiID || api.TokenVersion != 2 {
		t.Errorf("api = %+v, %v", api, ok)
	}
	if sp, _ := w.ServicePrincipal(agency.ID, apiID); sp == nil || !sp.AssignmentRequired {
		t.Errorf("the API's service principal: %+v", sp)
	}
	if inside := w.Apps(partner.ID); !slices.ContainsFunc(inside, func(a *App) bool { return a.DisplayName == "Inside app" && a.SignInAudience == AudienceMyOrg }) {
		t.Error("the single-tenant app is not in the first tenant")
	}

	all := w.Incidents(partner.ID)
	if len(all) != 7 { // 3 generated, a big one, 1 of Graph, 2 of the XDR API
		t.Errorf("%d incidents", len(all))
	}
	if !slices.IsSortedFunc(all, func(a, b *Incident) int { return b.LastUpdate.Compare(a.LastUpdate) }) {
		t.Error("incidents are not sorted by their last update")
	}
	if in, ok := w.Incident(partner.ID, 2972395); !ok || in.Name != "Multi-stage incident on one endpoint" {
		t.Errorf("recorded incident: %+v, %v", in, ok)
	}
}

func TestBuildSecretTimesThatOnlyTheClockKnows(t *testing.T) {
	f := &Spec{
		Tenants: []TenantSpec{{Name: "A", Domains: []string{"a.example"}}},
		Apps:    []AppSpec{{DisplayName: "App", Secrets: []SecretSpec{{Value: "hush", Start: Absolute(testEpoch.AddDate(1, 0, 0)), End: Relative(time.Hour)}}}},
	}
	_, err := f.Build(testClock)
	var problems Problems
	if !errors.As(err, &problems) || !strings.Contains(err.Error(), "secrets[0].end") || strings.Contains(err.Error(), "hush") {
		t.Errorf("Build = %v", err)
	}
	f.Apps[0].Secrets[0].End = Relative(400 * 24 * time.Hour)
	if _, err := f.Build(testClock); err != nil {
		t.Errorf("Build of a good one = %v", err)
	}
}

// TestBuildChecksWhatGoMade: a Spec made in Go is checked as a file is.
func TestBuildChecksWhatGoMade(t *testing.T) {
	_, err := (&Spec{Tenants: []TenantSpec{{Name: "A", Domains: []string{"a.example"}, Cloud: "moon"}}}).Build(nil)
	if want := `tenants[0].cloud: "moon" is not a cloud; use one of public, usgov-gcc, usgov-high, usgov-dod`; err == nil || err.Error() != want {
		t.Errorf("Build = %v, want %s", err, want)
	}
}

// TestDefault is what demo, serve and the README rely on.
func TestDefault(t *testing.T) {
	w, err := Default().Build(testClock)
	if err != nil {
		t.Fatal(err)
	}
	const appID = "11111111-2222-4333-8444-555555555555"
	if n := len(w.Tenants()); n != 13 {
		t.Errorf("%d tenants, want the partner's and a dozen", n)
	}
	app, ok := w.App(appID)
	if !ok {
		t.Fatal("the partner page app is missing")
	}
	if d := cmp.Diff([]string{"https://portal.azure.com"}, app.RedirectURIs); d != "" {
		t.Error(d)
	}
	xdr, _ := w.App(AppDefenderXDR)
	role, _ := xdr.RoleByValue("Incident.Read.All")
	if d := cmp.Diff([]RequiredResource{{ResourceAppID: AppDefenderXDR, Access: []Access{{ID: role.ID, Type: "Role"}}}}, app.Required); d != "" {
		t.Errorf("required (-want +got):\n%s", d)
	}
	good := 0
	for _, s := range app.Secrets {
		if len(s.Value) != 40 || s.Value[3:6] != "8Q~" {
			t.Errorf("secret %s has not the form of Microsoft's", s.Name)
		}
		if s.End.After(w.Now()) {
			good++
		}
	}
	if good != 1 || len(app.Secrets) != 2 {
		t.Errorf("%d of %d secrets are in force, want 1 of 2", good, len(app.Secrets))
	}

	condition := map[string]int{}
	for _, tn := range w.Tenants() {
		sp, known := w.ServicePrincipal(tn.ID, appID)
		switch {
		case tn.ID == app.HomeTenant:
			condition["home"]++
		case known && !sp.Enabled:
			condition["disabled"]++
		case known && len(sp.Assignments) == 0:
			condition["without roles"]++
		case known:
			condition["consented"]++
		}
		if tn.OlderErrors {
			condition["older errors"]++
		}
		if !tn.HasDefender() {
			condition["no Defender XDR"]++
		}
		if tn.Cloud != CloudPublic {
			condition["other cloud"]++
		}
		if !slices.ContainsFunc(tn.Users, func(u *User) bool { return u.HasRole("Global Administrator") && !u.Disabled }) {
			condition["no administrator"]++
		}
	}
	want := map[string]int{"home": 1, "disabled": 1, "without roles": 1, "consented": 3, "older errors": 1, "no Defender XDR": 2, "other cloud": 1, "no administrator": 1}
	if d := cmp.Diff(want, condition); d != "" {
		t.Errorf("conditions (-want +got):\n%s", d)
	}
	if _, err := w.Consent(ConsentRequest{TenantID: "10000000-0000-4000-8000-000000000008", AppID: appID}); err == nil {
		t.Error("consent succeeds without a licence")
	}
}

func TestUpdateTenant(t *testing.T) {
	a, b := tenantOf(1, 3), tenantOf(2, 3)
	w := worldOf(t, a, b)
	domainA, domainB := a.Domains[0], b.Domains[0]
	before := w.Incidents(a.ID)

	u, err := w.AddUser(a.ID, User{UPN: "New.One@" + strings.ToUpper(domainA), Roles: []string{"Security Reader"}})
	if err != nil {
		t.Fatal(err)
	}
	if tn, got, ok := w.User("new.one@" + domainA); !ok || tn.ID != a.ID || got.ID != u.ID || got.Name != "New One" || got.Password != DefaultPassword {
		t.Errorf("User = %+v, %v", got, ok)
	}
	if d := cmp.Diff(before, w.Incidents(a.ID)); d != "" {
		t.Errorf("a new user changed what had happened:\n%s", d)
	}

	refused := map[string]struct {
		f    func(*Tenant) error
		want error
	}{
		"domain of another": {func(tn *Tenant) error { tn.Domains = append(tn.Domains, strings.ToUpper(domainB)); return nil }, ErrExists},
		"user of another":   {func(tn *Tenant) error { tn.Users = append(tn.Users, &User{UPN: "admin@" + domainB}); return nil }, ErrInvalid},
		"user twice":        {func(tn *Tenant) error { tn.Users = append(tn.Users, &User{UPN: "ADMIN@" + domainA}); return nil }, ErrExists},
		"another id":        {func(tn *Tenant) error { tn.ID = b.ID; return nil }, ErrInvalid},
		"own error":         {func(tn *Tenant) error { tn.Name = "x"; return ErrNotFound }, ErrNotFound},
	}
	for name, c := range refused {
		was, _ := w.Tenant(a.ID)
		if _, err := w.UpdateTenant(a.ID, "test", c.f); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if is, _ := w.Tenant(a.ID); is != was {
			t.Errorf("%s: changed although refused", name)
		}
	}
	if _, err := w.UpdateTenant(DeriveGUID("nobody"), "test", func(*Tenant) error { return nil }); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown tenant: %v", err)
	}

	if _, err := w.UpdateTenant(a.ID, "licence.dropped", func(tn *Tenant) error { tn.Licences = nil; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, ok := w.ServicePrincipal(a.ID, AppDefenderXDR); ok {
		t.Error("the resource stays without a licence")
	}
	if _, err := w.UpdateTenant(a.ID, "incidents", func(tn *Tenant) error { tn.Incidents.Count = 5; return nil }); err != nil {
		t.Fatal(err)
	}
	if n := len(w.Incidents(a.ID)); n != 5 {
		t.Errorf("%d incidents after the source was changed, want 5", n)
	}
}
