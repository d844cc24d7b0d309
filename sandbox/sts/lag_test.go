package sts

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/world"
)

// lagging is a harness whose world was complete before it was asked anything,
// and takes ten seconds to notice a consent and twenty a credential.
func lagging(t *testing.T) (*harness, *journal.Journal) {
	h := newHarness(t)
	h.consentAll(customerTenant, defendApp)
	h.world.SetDelays(world.Delays{Consent: 10 * time.Second, Credential: 20 * time.Second})
	h.world.Mark()
	j := journal.New(nil, nil)
	srv := httptest.NewTLSServer(j.Middleware(h.sts))
	t.Cleanup(srv.Close)
	h.srv.Close()
	h.srv = srv
	return h, j
}

// pendingOf is what the newest request of a journal did not know yet.
func pendingOf(t *testing.T, j *journal.Journal) []string {
	t.Helper()
	events := j.Since(0)
	if len(events) == 0 {
		t.Fatal("nothing is in the journal")
	}
	list, _ := events[len(events)-1].Detail["pending"].([]string)
	return list
}

func TestConsentTakesItsTime(t *testing.T) {
	h, j := lagging(t)
	h.consentAll(customerTenant, partnerApp)
	roles := func(app string) []string {
		t.Helper()
		before := j.Seq()
		if a := h.post("/"+customerTenant+v2Token, appForm("client_id", app)); a.status != http.StatusOK || j.Seq() != before+1 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		return j.Since(before)[0].Roles
	}
	if got := roles(partnerApp); got != nil {
		t.Errorf("at once: %v", got)
	}
	if d := cmp.Diff([]string{"role Incident.Read.All"}, pendingOf(t, j)); d != "" {
		t.Errorf("the journal does not say what is missing: %s", d)
	}
	if d := cmp.Diff([]string{"Incident.Read.All"}, roles(defendApp)); d != "" {
		t.Errorf("what was there from the beginning is not seen: %s", d)
	}
	h.pass(10*time.Second - 1)
	if got := roles(partnerApp); got != nil {
		t.Errorf("a moment too early: %v", got)
	}
	h.pass(1)
	if d := cmp.Diff([]string{"Incident.Read.All"}, roles(partnerApp)); d != "" || pendingOf(t, j) != nil {
		t.Errorf("after the delay: %s, pending %v", d, pendingOf(t, j))
	}
	// A second consent does not take away what the first gave.
	h.consentAll(customerTenant, partnerApp)
	if got := roles(partnerApp); !slices.Contains(got, "Incident.Read.All") {
		t.Errorf("after another consent: %v", got)
	}
}

func TestCredentialsTakeTheirTime(t *testing.T) {
	h, j := lagging(t)
	now := h.clock()
	cert := certificate(now.Add(-time.Hour), now.Add(time.Hour))
	add := func(app string, f func(*world.App)) {
		t.Helper()
		if _, err := h.world.UpdateApp(app, "app.credential.added", func(a *world.App) error {
			f(a)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	add(singleApp, func(a *world.App) {
		a.Secrets = append(a.Secrets, &world.Secret{KeyID: "s2", Value: "brand~new", Start: now, End: now.Add(time.Hour)})
	})
	add(certApp, func(a *world.App) { a.Keys = append(a.Keys, &world.Key{KeyID: "k2", Cert: cert}) })
	bySecret := func(value string) answer {
		return h.post("/"+customerTenant+v2Token, appForm("client_id", singleApp, "client_secret", value))
	}
	byKey := func(i int) answer {
		return h.byAssertion(makeAssertion(t, base64.RawURLEncoding, "RS256", h.x5t(i), h.ownClaims()))
	}
	code := func(a answer) any {
		t.Helper()
		if a.status == http.StatusOK {
			return nil
		}
		return a.json(t)["error_codes"].([]any)[0]
	}
	if got := code(bySecret("brand~new")); got != 7000215.0 {
		t.Errorf("new secret at once: %v", got)
	}
	if d := cmp.Diff([]string{"secret s2"}, pendingOf(t, j)); d != "" {
		t.Error(d)
	}
	if got := code(bySecret(goodSecret)); got != nil {
		t.Errorf("old secret: %v", got)
	}
	if got := code(byKey(2)); got != 700027.0 {
		t.Errorf("new certificate at once: %v", got)
	}
	if d := cmp.Diff([]string{"certificate k2"}, pendingOf(t, j)); d != "" {
		t.Error(d)
	}
	if got := code(byKey(0)); got != nil {
		t.Errorf("old certificate: %v", got)
	}
	h.pass(20 * time.Second)
	if got, key := code(bySecret("brand~new")), code(byKey(2)); got != nil || key != nil {
		t.Errorf("after the delay: secret %v, certificate %v", got, key)
	}
	// A change of something else does not make it new again.
	add(singleApp, func(a *world.App) { a.DisplayName = "Renamed" })
	if got := code(bySecret("brand~new")); got != nil {
		t.Errorf("after a renaming: %v", got)
	}
}

func TestFederatedCredentialTakesItsTime(t *testing.T) {
	h, j := lagging(t)
	fic := &world.FederatedCredential{ID: "f2", Name: "new", Issuer: "https://issuer.example", Subject: "me", Audiences: []string{"api://AzureADTokenExchange"}, JWKS: []byte(`{"keys":[]}`)}
	if _, err := h.world.UpdateApp(certApp, "app.federated.added", func(a *world.App) error {
		a.FICs = append(a.FICs, fic)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	ask := func() float64 {
		a := h.byAssertion(makeAssertion(t, base64.RawURLEncoding, "RS256", map[string]any{"kid": "1"}, h.ownClaims("iss", fic.Issuer, "sub", fic.Subject, "aud", fic.Audiences[0])))
		return a.json(t)["error_codes"].([]any)[0].(float64)
	}
	none := ask()
	if d := cmp.Diff([]string{"federated credential f2"}, pendingOf(t, j)); d != "" {
		t.Error(d)
	}
	h.pass(20 * time.Second)
	if known := ask(); known == none || pendingOf(t, j) != nil {
		t.Errorf("before %v, after %v: the credential is not looked at", none, known)
	}
}
