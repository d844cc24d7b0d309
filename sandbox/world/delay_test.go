package world

import (
	"testing"
	"time"
)

const delayApp = "cccccccc-0000-4000-8000-000000000001"

// delayed is a world with an application that was consented to, and another
// tenant where it was not yet.
func delayed(t *testing.T, d *Delays) (*World, *ticker) {
	t.Helper()
	f := &Spec{
		Tenants: []TenantSpec{{Name: "A", Domains: []string{"a.example"}}, {Name: "B", Domains: []string{"b.example"}}},
		Apps: []AppSpec{{
			DisplayName: "App", AppID: delayApp, Secrets: []SecretSpec{{Value: "old"}},
			FederatedCreds: []FederatedSpec{{Name: "old", Issuer: "https://issuer.example", Subject: "s"}},
			RequiredRoles:  []RequiredSpec{{Resource: "xdr", Roles: []string{"Incident.Read.All", "Incident.ReadWrite.All"}}},
		}},
		Consents: []ConsentSpec{{Tenant: "a.example", App: delayApp, Roles: GrantSet{Listed: []RequiredSpec{{Resource: "xdr", Roles: []string{"Incident.Read.All"}}}}}},
		Delays:   d,
	}
	clock := &ticker{now: testEpoch}
	w, err := f.Build(clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	return w, clock
}

// visible counts the roles that tokens of the application carry in a tenant.
func visible(t *testing.T, w *World, domain string) int {
	t.Helper()
	tn, _ := w.Tenant(domain)
	sp, ok := w.ServicePrincipal(tn.ID, delayApp)
	if !ok {
		t.Fatalf("no service principal in %s", domain)
	}
	n := 0
	for _, a := range sp.Assignments {
		if w.RoleVisible(a) {
			n++
		}
	}
	return n
}

func TestConsentDelay(t *testing.T) {
	w, clock := delayed(t, &Delays{Consent: time.Second})
	if n := visible(t, w, "a.example"); n != 1 {
		t.Errorf("%d roles of the file are visible, want 1", n)
	}
	a, _ := w.Tenant("a.example")
	b, _ := w.Tenant("b.example")
	for _, tn := range []*Tenant{a, b} {
		if _, err := w.Consent(ConsentRequest{TenantID: tn.ID, AppID: delayApp}); err != nil {
			t.Fatal(err)
		}
	}
	check := func(wantA, wantB int) {
		t.Helper()
		if gotA, gotB := visible(t, w, "a.example"), visible(t, w, "b.example"); gotA != wantA || gotB != wantB {
			t.Errorf("after %v: %d and %d roles, want %d and %d", clock.Now().Sub(testEpoch), gotA, gotB, wantA, wantB)
		}
	}
	check(1, 0)
	clock.add(time.Second - time.Nanosecond)
	check(1, 0)
	w.SetDelays(Delays{})
	check(2, 2)
	w.SetDelays(Delays{Consent: time.Second})
	check(1, 0)
	clock.add(time.Nanosecond)
	check(2, 2)
	// Consent given again, and a change of something else, begin nothing anew.
	if _, err := w.Consent(ConsentRequest{TenantID: b.ID, AppID: delayApp}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.UpdateServicePrincipal(b.ID, delayApp, "x", func(sp *ServicePrincipal) error { sp.Enabled = false; return nil }); err != nil {
		t.Fatal(err)
	}
	check(2, 2)
	// A role taken away and given back is new.
	if _, err := w.UpdateServicePrincipal(b.ID, delayApp, "x", func(sp *ServicePrincipal) error { sp.Assignments = nil; return nil }); err != nil {
		t.Fatal(err)
	}
	xdr, _ := w.App(AppDefenderXDR)
	role, _ := xdr.RoleByValue("Incident.Read.All")
	if _, err := w.Assign(b.ID, delayApp, AppDefenderXDR, role.ID); err != nil {
		t.Fatal(err)
	}
	check(2, 0)
	clock.add(time.Second)
	check(2, 1)
}

func TestCredentialDelay(t *testing.T) {
	w, clock := delayed(t, &Delays{Credential: 2 * time.Second})
	secret := &Secret{KeyID: NewGUID(), Value: "new"}
	app, err := w.UpdateApp(delayApp, "x", func(a *App) error {
		a.Secrets = append(a.Secrets, secret)
		a.Keys = append(a.Keys, &Key{KeyID: NewGUID()})
		a.FICs = append(a.FICs, &FederatedCredential{ID: NewGUID()})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	check := func(app *App, want bool) {
		t.Helper()
		if !w.SecretUsable(app.Secrets[0]) || !w.FederatedUsable(app.FICs[0]) {
			t.Error("a credential of the file cannot be used")
		}
		if s, k, f := w.SecretUsable(app.Secrets[1]), w.KeyUsable(app.Keys[0]), w.FederatedUsable(app.FICs[1]); s != want || k != want || f != want {
			t.Errorf("after %v: secret %v, certificate %v, federated %v; want %v", clock.Now().Sub(testEpoch), s, k, f, want)
		}
	}
	check(app, false)
	clock.add(time.Second)
	// Written back by value, as a PATCH of keyCredentials does: the same credentials.
	if app, err = w.UpdateApp(delayApp, "x", func(a *App) error {
		s, k, f := *secret, *a.Keys[0], *a.FICs[1]
		s.made, k.made, f.made = time.Time{}, time.Time{}, time.Time{}
		a.Secrets[1], a.Keys[0], a.FICs[1] = &s, &k, &f
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	check(app, false)
	clock.add(time.Second)
	check(app, true)
	// What is there when a sandbox takes the world over belongs to the beginning.
	w.SetDelays(Delays{Credential: time.Hour, Consent: time.Hour})
	b, _ := w.Tenant("b.example")
	if _, err := w.Consent(ConsentRequest{TenantID: b.ID, AppID: delayApp}); err != nil {
		t.Fatal(err)
	}
	check(app, false)
	w.Mark()
	app, _ = w.App(delayApp)
	check(app, true)
	if n := visible(t, w, "b.example"); n != 2 {
		t.Errorf("%d roles are visible after the mark, want 2", n)
	}
	made, err := w.CreateApp(App{DisplayName: "New", HomeTenant: app.HomeTenant, Secrets: []*Secret{{Value: "x"}}})
	if err != nil {
		t.Fatal(err)
	}
	if w.SecretUsable(made.Secrets[0]) {
		t.Error("a secret of a new application can be used at once")
	}
}

func TestNoDelays(t *testing.T) {
	w, _ := delayed(t, nil)
	if w.Settings().Delays != nil || w.Delays() != (Delays{}) {
		t.Errorf("settings %+v, delays %v", w.Settings(), w.Delays())
	}
	b, _ := w.Tenant("b.example")
	if _, err := w.Consent(ConsentRequest{TenantID: b.ID, AppID: delayApp}); err != nil {
		t.Fatal(err)
	}
	if n := visible(t, w, "b.example"); n != 2 {
		t.Errorf("%d roles are visible without delays, want 2", n)
	}
	// A world made by hand has no beginning until it is marked.
	h := worldOf(t, tenantOf(1, 0))
	h.SetDelays(Delays{Credential: time.Hour})
	tn := h.Tenants()[0]
	a, err := h.CreateApp(App{DisplayName: "A", HomeTenant: tn.ID, Secrets: []*Secret{{Value: "x"}}})
	if err != nil || !h.SecretUsable(a.Secrets[0]) {
		t.Errorf("a secret from before the mark cannot be used: %v", err)
	}
}
