// Package storetest is the one suite of tests that every implementation of
// [store.Store] passes. An implementation's own test calls [Run].
package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/store"
)

// Ids of the suite's tenants.
const (
	contoso  entra.TenantID = "aaaaaaaa-0000-4000-8000-000000000001"
	fabrikam entra.TenantID = "aaaaaaaa-0000-4000-8000-000000000002"
	adatum   entra.TenantID = "aaaaaaaa-0000-4000-8000-000000000003"
)

// noon has more digits than a store keeps, and is not in UTC.
func noon() time.Time {
	return time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.FixedZone("CET", 3600))
}

// kept is a time as a store returns it.
func kept(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// Run tests what open returns. Each test asks open for an empty store of its
// own, which the suite closes.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, s store.Store)
	}{
		{"App", testApp},
		{"Tenants", testTenants},
		{"TenantIsReplacedWhole", testReplace},
		{"TenantsShareNoMemory", testNoSharing},
		{"RemoveTenant", testRemove},
		{"InvalidRecords", testInvalid},
		{"InvitationIsUsedOnce", testInvitation},
		{"InvitationExpires", testExpiry},
		{"OneOfManyUsesAnInvitation", testRace},
		{"ManyWriteAtOnce", testWriters},
		{"Audit", testAudit},
		{"AuditIsFiltered", testAuditFilter},
		{"GuardKeepsASecondOneOut", testGuard},
		{"OneOfManyPassesTheGuard", testGuardRace},
		{"AuditOutlivesItsTenant", testAuditOutlivesTenant},
		{"Seen", testSeen},
		{"EndedContext", testContext},
		{"Closed", testClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			defer s.Close()
			c.test(t, s)
		})
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func is(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want one that is %q", err, want)
	}
}

func tenant(id entra.TenantID, name string) fleet.Tenant {
	return fleet.Tenant{
		ID: id, Name: name, Domain: "contoso.example", Cloud: "public", Customer: "Contoso & Söhne",
		Tags: []string{"eu", "tier:gold"}, State: fleet.StateActive, Detail: `it's "fine"`, Surface: defender.SurfaceGraph,
		Roles: map[entra.ResourceKind][]string{entra.ResourceGraph: {"SecurityAlert.Read.All", "SecurityIncident.Read.All"}},
		Added: kept(noon()), Proved: kept(noon().Add(time.Hour)),
	}
}

func invitation(state string) fleet.Invitation {
	return fleet.Invitation{
		State: state, Nonce: "nonce-" + state, Verifier: "verifier-" + state, Tenant: contoso, Cloud: "public",
		RedirectURI: "http://localhost:8400/callback", Created: kept(noon()), Expires: kept(noon().Add(time.Hour)),
	}
}

func testApp(t *testing.T, s store.Store) {
	ctx := t.Context()
	_, ok, err := s.App(ctx)
	check(t, err)
	if ok {
		t.Error("an empty store has an app")
	}
	app := fleet.App{
		ClientID: "bbbbbbbb-0000-4000-8000-000000000001", ObjectID: "bbbbbbbb-0000-4000-8000-000000000002",
		DisplayName: "Tenantry", HomeTenant: adatum, Cloud: "usgov-high", RedirectURIs: []string{"https://portal.azure.com"},
		Credential: fleet.CredentialRef{Kind: fleet.CredentialCertificate, Ref: "file:app.pfx", PasswordRef: "env:PFX_PASSWORD", Expires: noon()},
		Profile:    fleet.ProfileRead, Created: noon(),
	}
	check(t, s.PutApp(ctx, app))
	app.Created, app.Credential.Expires = kept(app.Created), kept(app.Credential.Expires)
	got, ok, err := s.App(ctx)
	check(t, err)
	if !ok {
		t.Error("the app that was put is not there")
	}
	same(t, got, app)

	second := fleet.App{ClientID: "bbbbbbbb-0000-4000-8000-000000000003", Created: kept(noon())}
	check(t, s.PutApp(ctx, second))
	got, _, err = s.App(ctx)
	check(t, err)
	same(t, got, second) // nothing is left of the first
}

func testTenants(t *testing.T, s store.Store) {
	ctx := t.Context()
	all, err := s.Tenants(ctx)
	check(t, err)
	same(t, len(all), 0)
	// Two of one name come by id; letter case does not matter to the order.
	for _, tn := range []fleet.Tenant{tenant(fabrikam, "contoso"), tenant(adatum, "Adatum"), tenant(contoso, "Contoso")} {
		check(t, s.PutTenant(ctx, tn))
	}
	all, err = s.Tenants(ctx)
	check(t, err)
	same(t, all, []fleet.Tenant{tenant(adatum, "Adatum"), tenant(contoso, "Contoso"), tenant(fabrikam, "contoso")})
	one, err := s.Tenant(ctx, fabrikam)
	check(t, err)
	same(t, one, tenant(fabrikam, "contoso"))
	_, err = s.Tenant(ctx, "cccccccc-0000-4000-8000-000000000001")
	is(t, err, store.ErrNotFound)
}

func testReplace(t *testing.T, s store.Store) {
	ctx := t.Context()
	check(t, s.PutTenant(ctx, tenant(contoso, "Contoso")))
	check(t, s.PutInvitation(ctx, invitation("kept")))
	bare := fleet.Tenant{ID: contoso, State: fleet.StateAdded, Added: kept(noon())}
	check(t, s.PutTenant(ctx, bare))
	got, err := s.Tenant(ctx, contoso)
	check(t, err)
	same(t, got, bare)
	_, err = s.UseInvitation(ctx, "kept", noon()) // replacing a tenant is not removing it
	check(t, err)
}

func testNoSharing(t *testing.T, s store.Store) {
	ctx := t.Context()
	mine := tenant(contoso, "Contoso")
	check(t, s.PutTenant(ctx, mine))
	mine.Tags[0], mine.Roles[entra.ResourceGraph][0] = "changed", "changed"
	got, err := s.Tenant(ctx, contoso)
	check(t, err)
	same(t, got, tenant(contoso, "Contoso"))
	got.Tags[0] = "changed"
	got, err = s.Tenant(ctx, contoso)
	check(t, err)
	same(t, got, tenant(contoso, "Contoso"))
}

func testRemove(t *testing.T, s store.Store) {
	ctx := t.Context()
	is(t, s.RemoveTenant(ctx, contoso), store.ErrNotFound)
	check(t, s.PutTenant(ctx, tenant(contoso, "Contoso")))
	check(t, s.PutTenant(ctx, tenant(fabrikam, "Fabrikam")))
	check(t, s.PutInvitation(ctx, invitation("gone")))
	other := invitation("stays")
	other.Tenant = fabrikam
	check(t, s.PutInvitation(ctx, other))
	open := invitation("open")
	open.Tenant = "" // for whichever tenant answers
	check(t, s.PutInvitation(ctx, open))

	check(t, s.RemoveTenant(ctx, contoso))
	_, err := s.Tenant(ctx, contoso)
	is(t, err, store.ErrNotFound)
	_, err = s.UseInvitation(ctx, "gone", noon())
	is(t, err, store.ErrNotFound)
	for _, state := range []string{"stays", "open"} {
		_, err = s.UseInvitation(ctx, state, noon())
		check(t, err)
	}
	is(t, s.RemoveTenant(ctx, contoso), store.ErrNotFound)
}

func testInvalid(t *testing.T, s store.Store) {
	ctx := t.Context()
	is(t, s.PutApp(ctx, fleet.App{DisplayName: "no client id"}), store.ErrInvalid)
	for _, id := range []entra.TenantID{"", "contoso.com", "AAAAAAAA-0000-4000-8000-000000000001", "00000000-0000-0000-0000-000000000000"} {
		is(t, s.PutTenant(ctx, fleet.Tenant{ID: id}), store.ErrInvalid)
	}
	is(t, s.PutInvitation(ctx, fleet.Invitation{Expires: noon()}), store.ErrInvalid)
	is(t, s.PutInvitation(ctx, fleet.Invitation{State: "endless"}), store.ErrInvalid)
	_, ok, err := s.App(ctx)
	check(t, err)
	all, err := s.Tenants(ctx)
	check(t, err)
	if ok || len(all) != 0 {
		t.Errorf("a refused record was kept: app %v, tenants %v", ok, all)
	}
}

func testInvitation(t *testing.T, s store.Store) {
	ctx := t.Context()
	inv := invitation("s1")
	check(t, s.PutInvitation(ctx, inv))
	is(t, s.PutInvitation(ctx, inv), store.ErrConflict)
	_, err := s.UseInvitation(ctx, "s2", noon())
	is(t, err, store.ErrNotFound)
	_, err = s.UseInvitation(ctx, "S1", noon()) // states are compared exactly
	is(t, err, store.ErrNotFound)
	_, err = s.UseInvitation(ctx, "", noon())
	is(t, err, store.ErrNotFound)

	at := noon().Add(time.Minute)
	got, err := s.UseInvitation(ctx, "s1", at)
	check(t, err)
	inv.Used = kept(at)
	same(t, got, inv)
	_, err = s.UseInvitation(ctx, "s1", at)
	is(t, err, store.ErrUsed)
	_, err = s.UseInvitation(ctx, "s1", at.Add(24*time.Hour)) // used counts for more than expired
	is(t, err, store.ErrUsed)
	is(t, s.PutInvitation(ctx, invitation("s1")), store.ErrConflict) // a used one is not made anew
}

func testExpiry(t *testing.T, s store.Store) {
	ctx := t.Context()
	check(t, s.PutInvitation(ctx, invitation("s1")))
	for _, late := range []time.Duration{0, time.Second, 1000 * time.Hour} {
		_, err := s.UseInvitation(ctx, "s1", kept(noon().Add(time.Hour)).Add(late))
		is(t, err, store.ErrExpired)
	}
	// An expired one stays unused: a clock that was wrong can be put right.
	_, err := s.UseInvitation(ctx, "s1", kept(noon().Add(time.Hour)).Add(-time.Microsecond))
	check(t, err)
}

func testRace(t *testing.T, s store.Store) {
	const callers = 16
	check(t, s.PutInvitation(t.Context(), invitation("s1")))
	errs := make([]error, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() { _, errs[i] = s.UseInvitation(t.Context(), "s1", noon()) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			is(t, err, store.ErrUsed)
		}
	}
	same(t, won, 1)
}

func testWriters(t *testing.T, s store.Store) {
	const writers, each = 8, 10
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := range each {
				id := entra.TenantID(fmt.Sprintf("dddddddd-0000-4000-8000-%06d%06d", w, n))
				if err := s.PutTenant(t.Context(), tenant(id, "many")); err != nil {
					t.Error(err)
				}
				if _, err := s.Tenants(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	all, err := s.Tenants(t.Context())
	check(t, err)
	same(t, len(all), writers*each)
}

func testContext(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	is(t, s.PutTenant(ctx, tenant(contoso, "Contoso")), context.Canceled)
	_, err := s.Tenants(ctx)
	is(t, err, context.Canceled)
	all, err := s.Tenants(t.Context())
	check(t, err)
	same(t, len(all), 0)
}

func testClosed(t *testing.T, s store.Store) {
	check(t, s.Close())
	if err := s.PutTenant(t.Context(), tenant(contoso, "Contoso")); err == nil {
		t.Error("a closed store took a tenant")
	}
	if _, err := s.Tenants(t.Context()); err == nil {
		t.Error("a closed store told its tenants")
	}
	check(t, s.Close())
}
