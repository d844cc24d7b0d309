package onboard_test

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/consent"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/onboard"
	"github.com/tenantry/tenantry/store"
)

const (
	customer = entra.TenantID("10000000-0000-4000-8000-000000000001")
	other    = entra.TenantID("10000000-0000-4000-8000-000000000002")
	client   = "11111111-2222-4333-8444-555555555555"
	redirect = "http://localhost:8400/callback"
)

// memory is a store in memory.
type memory struct {
	mu          sync.Mutex
	tenants     map[entra.TenantID]fleet.Tenant
	invitations map[string]fleet.Invitation
	putErr      error
}

func newMemory() *memory {
	return &memory{tenants: map[entra.TenantID]fleet.Tenant{}, invitations: map[string]fleet.Invitation{}}
}

func (m *memory) Tenant(_ context.Context, id entra.TenantID) (fleet.Tenant, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tenants[id]
	if !ok {
		return t, store.ErrNotFound
	}
	return t, nil
}

func (m *memory) PutTenant(_ context.Context, t fleet.Tenant) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.putErr != nil {
		return m.putErr
	}
	m.tenants[t.ID] = t
	return nil
}

func (m *memory) PutInvitation(_ context.Context, inv fleet.Invitation) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.invitations[inv.State] = inv
	return nil
}

func (m *memory) UseInvitation(_ context.Context, state string, now time.Time) (fleet.Invitation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	inv, ok := m.invitations[state]
	switch {
	case !ok:
		return inv, store.ErrNotFound
	case !inv.Used.IsZero():
		return inv, store.ErrUsed
	case !now.Before(inv.Expires):
		return inv, store.ErrExpired
	}
	inv.Used = now
	m.invitations[state] = inv
	return inv, nil
}

// tokens answers per resource: roles, or an error.
type tokens struct {
	roles map[entra.ResourceKind][]string
	errs  map[entra.ResourceKind]error
	asked int
}

func (f *tokens) Fresh(ctx context.Context, tenant entra.TenantID, r entra.Resource) (entra.Token, error) {
	f.asked++
	if err := ctx.Err(); err != nil {
		return entra.Token{}, err
	}
	if err := f.errs[r.Kind]; err != nil {
		return entra.Token{}, err
	}
	return entra.Token{Grant: &entra.Grant{Tenant: tenant, Resource: r, Claims: entra.Claims{TenantID: string(tenant), Roles: f.roles[r.Kind]}}}, nil
}

func (f *tokens) ExchangeCode(context.Context, entra.CodeExchange) (entra.Secret, error) {
	return entra.Secret{}, errors.New("no code is good")
}

type fixture struct {
	*onboard.Service
	store  *memory
	tokens *tokens
	now    time.Time
}

func newFixture(t *testing.T, profile string) *fixture {
	t.Helper()
	p, err := fleet.ProfileByName(profile)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{store: newMemory(), tokens: &tokens{}, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	f.Service = onboard.New(onboard.Config{
		Cloud: entra.Clouds()[0], ClientID: client, Profile: p, Store: f.store, Tokens: f.tokens,
		Now: func() time.Time { return f.now },
	})
	return f
}

// quick ends after one round, without waiting.
func (f *fixture) quick() onboard.ProveOptions {
	return onboard.ProveOptions{Deadline: time.Nanosecond, Sleep: func(context.Context, time.Duration) error { return nil }}
}

func TestProve(t *testing.T) {
	noPrincipal := &entra.Error{Code: 7000229, OAuth: "invalid_client", Action: entra.ActionConsent}
	noResource := &entra.Error{Code: 500011, OAuth: "invalid_resource", Action: entra.ActionAskCustomer}
	badSecret := &entra.Error{Code: 7000215, OAuth: "invalid_client", Action: entra.ActionFixCredential}
	graph, xdr := entra.ResourceGraph, entra.ResourceDefender
	tests := []struct {
		name, profile string
		roles         map[entra.ResourceKind][]string
		errs          map[entra.ResourceKind]error
		state         fleet.State
		surface       defender.Surface
		detail        string // contained
	}{
		{"the partner page's app", "partner", map[entra.ResourceKind][]string{xdr: {"Incident.Read.All"}}, nil, fleet.StateActive, defender.SurfaceXDR, ""},
		{"one surface is enough", "read", map[entra.ResourceKind][]string{graph: {"SecurityIncident.Read.All", "SecurityAlert.Read.All"}}, map[entra.ResourceKind]error{xdr: noResource}, fleet.StateActive, defender.SurfaceGraph, ""},
		{"the other one too", "read", map[entra.ResourceKind][]string{xdr: {"Incident.Read.All"}}, nil, fleet.StateActive, defender.SurfaceXDR, ""},
		{"near miss", "partner", map[entra.ResourceKind][]string{xdr: {"Incidents.Read.All"}}, nil, fleet.StateFailed, "", "missing in the tokens: Incident.Read.All (xdr)"},
		{"no roles", "partner", nil, nil, fleet.StateFailed, "", "Incident.Read.All"},
		{"not consented", "partner", nil, map[entra.ResourceKind]error{xdr: noPrincipal}, fleet.StateFailed, "", "AADSTS7000229"},
		{"wrong secret", "partner", nil, map[entra.ResourceKind]error{xdr: badSecret}, fleet.StateFailed, "", "AADSTS7000215"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t, tc.profile)
			f.tokens.roles, f.tokens.errs = tc.roles, tc.errs
			got, err := f.Prove(t.Context(), fleet.Tenant{ID: customer, Name: "Contoso"}, f.quick())
			if (err == nil) != (tc.state == fleet.StateActive) {
				t.Fatalf("error %v", err)
			}
			kept := f.store.tenants[customer]
			if diff := cmp.Diff(got, kept); diff != "" {
				t.Errorf("what is returned is not what is kept:\n%s", diff)
			}
			if kept.State != tc.state || kept.Surface != tc.surface || !strings.Contains(kept.Detail, tc.detail) || kept.Name != "Contoso" || kept.Added.IsZero() {
				t.Errorf("got %+v", kept)
			}
			if proved := kept.Proved.Equal(f.now); proved != (tc.state == fleet.StateActive) {
				t.Errorf("proved at %s", kept.Proved)
			}
		})
	}
}

func TestInterruptedProofChangesNothing(t *testing.T) {
	f := newFixture(t, "partner")
	was := fleet.Tenant{ID: customer, State: fleet.StateActive, Surface: defender.SurfaceXDR}
	f.store.tenants[customer] = was
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Prove(ctx, was, f.quick()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(map[entra.TenantID]fleet.Tenant{customer: was}, f.store.tenants); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestOutcomeThatCannotBeRecordedIsTold(t *testing.T) {
	f := newFixture(t, "partner")
	f.store.putErr = errors.New("disk full")
	if _, err := f.Prove(t.Context(), fleet.Tenant{ID: customer}, f.quick()); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("got %v", err)
	}
}

func (f *fixture) invite(t *testing.T, id entra.TenantID) (onboard.Invited, url.Values) {
	t.Helper()
	inv, err := f.Invite(t.Context(), onboard.Request{Kind: onboard.AdminV2, Tenant: fleet.Tenant{ID: id}, RedirectURI: redirect})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(inv.Link)
	if err != nil {
		t.Fatal(err)
	}
	return inv, u.Query()
}

func (f *fixture) callback(t *testing.T, v url.Values) (onboard.Claim, error) {
	t.Helper()
	r, err := consent.ParseCallback(v)
	if err != nil {
		t.Fatal(err)
	}
	return f.Callback(t.Context(), r)
}

func TestInvite(t *testing.T) {
	f := newFixture(t, "partner")
	inv, err := f.Invite(t.Context(), onboard.Request{Kind: onboard.Documented, Tenant: fleet.Tenant{ID: customer}})
	if err != nil {
		t.Fatal(err)
	}
	want := "https://login.microsoftonline.com/common/oauth2/authorize?prompt=consent&client_id=" + client + "&response_type=code&sso_reload=true"
	if inv.Link != want || len(f.store.invitations) != 0 || f.store.tenants[customer].State != fleet.StateInvited {
		t.Errorf("got %+v, kept %v, tenant %+v", inv, f.store.invitations, f.store.tenants[customer])
	}
	_, q := f.invite(t, customer)
	if kept, ok := f.store.invitations[q.Get("state")]; !ok || kept.Tenant != customer || kept.RedirectURI != redirect || !kept.Expires.After(f.now) {
		t.Errorf("the invitation is kept as %+v", kept)
	}
	if got := q.Get("scope"); got != "https://api.security.microsoft.com/.default" {
		t.Errorf("scope %q", got)
	}
	if _, err := f.Invite(t.Context(), onboard.Request{Kind: "v3", RedirectURI: redirect}); err == nil {
		t.Error("a kind of link that does not exist was taken")
	}
	if _, err := f.Invite(t.Context(), onboard.Request{Kind: onboard.AdminV1, RedirectURI: "http://contoso.example"}); err == nil {
		t.Error("a redirect URI that Entra refuses was taken")
	}
}

// A second invitation, and its refusal, take nothing from a proved tenant.
func TestProvedTenantStaysActive(t *testing.T) {
	f := newFixture(t, "partner")
	f.store.tenants[customer] = fleet.Tenant{ID: customer, State: fleet.StateActive}
	_, q := f.invite(t, customer)
	if _, err := f.callback(t, url.Values{"error": {"access_denied"}, "error_subcode": {"cancel"}, "state": q["state"]}); err == nil {
		t.Error("a refusal gave no error")
	}
	if got := f.store.tenants[customer]; got.State != fleet.StateActive {
		t.Errorf("got %+v", got)
	}
}

func TestCallback(t *testing.T) {
	granted := func(state string, tenant entra.TenantID) url.Values {
		return url.Values{"admin_consent": {"True"}, "tenant": {string(tenant)}, "state": {state}}
	}
	t.Run("granted, once", func(t *testing.T) {
		f := newFixture(t, "partner")
		_, q := f.invite(t, customer)
		claim, err := f.callback(t, granted(q.Get("state"), customer))
		if err != nil || claim.Tenant != customer {
			t.Fatalf("got %+v, %v", claim, err)
		}
		if got := f.store.tenants[customer].State; got != fleet.StateInvited {
			t.Errorf("a callback alone made the tenant %s", got)
		}
		if _, err := f.callback(t, granted(q.Get("state"), customer)); !errors.Is(err, store.ErrUsed) {
			t.Errorf("replayed: got %v", err)
		}
	})
	t.Run("tenant not known beforehand", func(t *testing.T) {
		f := newFixture(t, "partner")
		_, q := f.invite(t, "")
		if claim, err := f.callback(t, granted(q.Get("state"), other)); err != nil || claim.Tenant != other {
			t.Errorf("got %+v, %v", claim, err)
		}
	})
	t.Run("another tenant", func(t *testing.T) {
		f := newFixture(t, "partner")
		_, q := f.invite(t, customer)
		_, err := f.callback(t, granted(q.Get("state"), other))
		if _, ok := errors.AsType[*consent.TenantMismatchError](err); !ok {
			t.Errorf("got %v", err)
		}
		if _, ok := f.store.tenants[other]; ok {
			t.Error("the other tenant got into the state")
		}
	})
	t.Run("forged state", func(t *testing.T) {
		f := newFixture(t, "partner")
		f.invite(t, customer)
		for _, v := range []url.Values{granted("forged", customer), {"admin_consent": {"True"}, "tenant": {string(customer)}}} {
			_, err := f.callback(t, v)
			if _, ok := errors.AsType[*consent.StateMismatchError](err); !ok {
				t.Errorf("got %v", err)
			}
		}
	})
	t.Run("expired", func(t *testing.T) {
		f := newFixture(t, "partner")
		inv, q := f.invite(t, customer)
		f.now = inv.Expires
		if _, err := f.callback(t, granted(q.Get("state"), customer)); !errors.Is(err, store.ErrExpired) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("code that is not redeemed", func(t *testing.T) {
		f := newFixture(t, "partner")
		_, q := f.invite(t, customer)
		if _, err := f.callback(t, url.Values{"code": {"x"}, "state": q["state"]}); err == nil || !strings.Contains(err.Error(), "no code is good") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("refused for want of a licence", func(t *testing.T) {
		f := newFixture(t, "partner")
		_, q := f.invite(t, customer)
		_, err := f.callback(t, url.Values{
			"error": {"invalid_client"}, "error_description": {"AADSTS650052: The app is trying to access a service.\r\nTrace ID: x"},
			"admin_consent": {"True"}, "state": q["state"],
		})
		declined, ok := errors.AsType[*onboard.DeclinedError](err)
		if !ok || declined.Result.AADSTS != 650052 || declined.Next() == "" {
			t.Fatalf("got %v", err)
		}
		if got := f.store.tenants[customer]; got.State != fleet.StateFailed || !strings.Contains(got.Detail, "AADSTS650052") {
			t.Errorf("got %+v", got)
		}
	})
}

// Of many copies of one callback exactly one counts.
func TestCallbackRace(t *testing.T) {
	f := newFixture(t, "partner")
	_, q := f.invite(t, customer)
	r, err := consent.ParseCallback(url.Values{"admin_consent": {"True"}, "tenant": {string(customer)}, "state": q["state"]})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	results := make(chan error, 20)
	for range 20 {
		wg.Go(func() {
			_, err := f.Callback(context.WithoutCancel(t.Context()), r)
			results <- err
		})
	}
	wg.Wait()
	close(results)
	count := map[bool]int{}
	for err := range results {
		count[err == nil]++
	}
	if !maps.Equal(count, map[bool]int{true: 1, false: 19}) {
		t.Errorf("got %v", count)
	}
}
