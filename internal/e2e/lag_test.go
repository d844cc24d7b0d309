package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/sandbox/world"
)

// manage makes a call of the sandbox's management API.
func (b *box) manage(t *testing.T, method, path string, body any) {
	t.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, b.Endpoints().Management+path, strings.NewReader(string(content)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, text)
	}
}

// TestServicePrincipalDisabled: a customer's administrator disables the app. The
// token that is out still opens what it opens; the next is refused with a next
// step; another tenant sees nothing of it; and when the app is enabled the data
// is there again.
func TestServicePrincipalDisabled(t *testing.T) {
	b := newBox(t)
	client, other := b.client(t, acme, defender.Config{}), b.client(t, bolt, defender.Config{})
	for _, on := range defender.Surfaces() {
		if problem := rightData(b, readAll(t.Context(), client, on, 0)); problem != "" {
			t.Fatal(problem)
		}
		b.manage(t, http.MethodPut, "/servicePrincipals", map[string]any{"tenant": "acme.example", "app": "Outside", "enabled": false})
		b.tokens.Drop(acme)
		r := readAll(t.Context(), client, on, 0)
		problem := failed(func(err error) bool {
			var e *entra.Error
			return errors.As(err, &e) && e.Code == 7000112
		})(b, r)
		if problem != "" || len(r.items) != 0 {
			t.Errorf("%s: %s (%d incidents)", on, problem, len(r.items))
		}
		if r := readAll(t.Context(), other, on, 0); r.err != nil || r.wrong(b.World(), bolt, nil) != "" {
			t.Errorf("%s: another tenant: %v %s", on, r.err, r.wrong(b.World(), bolt, nil))
		}
		b.manage(t, http.MethodPut, "/servicePrincipals", map[string]any{"tenant": acme, "app": boxApp, "enabled": true})
		if problem := rightData(b, readAll(t.Context(), client, on, 0)); problem != "" {
			t.Errorf("%s, enabled again: %s", on, problem)
		}
	}
}

// TestConsentTakesTime: between a consent and its arrival the client meets
// refusals that name the roles, then, with a fresh token, the data.
func TestConsentTakesTime(t *testing.T) {
	b := newBox(t)
	b.manage(t, http.MethodPut, "/delays", map[string]any{"consent": "40s"})
	client := b.client(t, crow, defender.Config{})
	for _, on := range defender.Surfaces() {
		r := readAll(t.Context(), client, on, 0)
		if problem := as[*entra.Error]()(b, r); problem != "" {
			t.Fatalf("without consent: %s", problem)
		}
	}
	if _, err := b.World().Consent(world.ConsentRequest{TenantID: crow, AppID: boxApp}); err != nil {
		t.Fatal(err)
	}
	for _, wait := range []time.Duration{0, 39 * time.Second} {
		b.clock.pass(wait)
		b.tokens.Drop(crow)
		for _, on := range defender.Surfaces() {
			r := readAll(t.Context(), client, on, 0)
			problem := failed(func(err error) bool {
				var e *defender.Error
				return errors.As(err, &e) && e.Status == http.StatusForbidden && e.Action == defender.ActionConsent && len(e.Required) > 0
			})(b, r)
			if problem != "" {
				t.Errorf("%s after %s: %s", on, wait, problem)
			}
		}
	}
	b.clock.pass(time.Second)
	for _, on := range defender.Surfaces() {
		// The token that has no role yet is kept until it is thrown away.
		if r := readAll(t.Context(), client, on, 0); r.err == nil {
			t.Errorf("%s: a token without roles opened the list", on)
		}
	}
	b.tokens.Drop(crow)
	for _, on := range defender.Surfaces() {
		r := readAll(t.Context(), client, on, 0)
		if r.err != nil || r.wrong(b.World(), crow, nil) != "" || len(r.items) == 0 {
			t.Errorf("%s, when it has arrived: %v %s", on, r.err, r.wrong(b.World(), crow, nil))
		}
	}
}

// TestCredentialTakesTime: a secret that was just added is refused as a wrong
// one is, in every tenant, and works when it has arrived.
func TestCredentialTakesTime(t *testing.T) {
	b := newBox(t)
	b.manage(t, http.MethodPut, "/delays", map[string]any{"credential": "40s"})
	if _, err := b.World().UpdateApp(boxApp, "app.secret.added", func(a *world.App) error {
		a.Secrets = append(a.Secrets, &world.Secret{KeyID: "70000000-0000-4000-8000-000000000009", Name: "two", Value: "not-a-secret-either", Start: b.clock.Now(), End: b.clock.Now().Add(time.Hour), Created: b.clock.Now()})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	tokens := b.signIn(t, "not-a-secret-either", b.Client())
	fresh, old := b.clientOf(t, tokens, acme, defender.Config{}), b.client(t, acme, defender.Config{})
	for _, wait := range []time.Duration{0, 39 * time.Second} {
		b.clock.pass(wait)
		r := readAll(t.Context(), fresh, defender.SurfaceGraph, 0)
		problem := failed(func(err error) bool {
			var e *entra.Error
			return errors.As(err, &e) && e.Code == 7000215
		})(b, r)
		if problem != "" {
			t.Errorf("after %s: %s", wait, problem)
		}
		if problem := rightData(b, readAll(t.Context(), old, defender.SurfaceGraph, 0)); problem != "" {
			t.Errorf("the secret that was there before: %s", problem)
		}
	}
	b.clock.pass(time.Second)
	if problem := rightData(b, readAll(t.Context(), fresh, defender.SurfaceGraph, 0)); problem != "" {
		t.Errorf("when it has arrived: %s", problem)
	}
}

// TestEqualTimestamps: groups of incidents share their last update, one of them
// larger than a page; none is lost or doubled, in pages of any size.
func TestEqualTimestamps(t *testing.T) {
	b := newBox(t)
	times := map[time.Time]int{}
	for _, i := range b.World().Incidents(same) {
		times[i.LastUpdate]++
	}
	largest := 0
	for _, n := range times {
		largest = max(largest, n)
	}
	if largest < 51 {
		t.Fatalf("the largest group has %d incidents: smaller than a page, it proves little", largest)
	}
	for _, on := range defender.Surfaces() {
		for _, top := range []int{0, 2, 7, 50} {
			t.Run(fmt.Sprintf("%s by %d", on, top), func(t *testing.T) {
				b.clock.pass(2 * time.Hour)
				r := readAll(t.Context(), b.client(t, same, defender.Config{}), on, top)
				if r.err != nil {
					t.Fatal(r.err)
				}
				if problem := r.wrong(b.World(), same, nil); problem != "" {
					t.Error(problem)
				}
			})
		}
	}
}
