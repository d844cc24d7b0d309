package register_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/register"
)

// graph answers the few requests of a registration, one of them with an error.
func graph(t *testing.T, fails string) (*httptest.Server, *[]string) {
	t.Helper()
	var asked []string
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		what := r.Method + " " + r.URL.Path
		asked = append(asked, what)
		w.Header().Set("Content-Type", "application/json")
		if fails != "" && strings.Contains(what, fails) {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges"}}`)
			return
		}
		switch {
		case r.Method == "DELETE":
			w.WriteHeader(http.StatusNoContent)
		case strings.HasSuffix(r.URL.Path, "/addPassword"):
			fmt.Fprint(w, `{"keyId":"k","secretText":"S3CR3T","endDateTime":"2027-01-01T00:00:00Z"}`)
		default:
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `{"id":"33333333-2222-4333-8444-555555555555","appId":"11111111-2222-4333-8444-555555555555","displayName":"N"}`)
		}
	}))
	t.Cleanup(srv.Close)
	return srv, &asked
}

func TestRunIsWholeOrNotAtAll(t *testing.T) {
	profile, err := fleet.ProfileByName("partner")
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	tests := []struct {
		name, fails  string
		keep, record error
		deleted, ok  bool
	}{
		{name: "all well", ok: true},
		{name: "application refused", fails: "POST /v1.0/applications"},
		{name: "service principal refused", fails: "servicePrincipals", deleted: true},
		{name: "password refused", fails: "addPassword", deleted: true},
		{name: "secret not kept", keep: full, deleted: true},
		{name: "app not recorded", record: full, deleted: true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			srv, asked := graph(t, tc.fails)
			cloud := entra.Clouds()[0]
			cloud.Graph = srv.URL
			plan := register.Plan{Cloud: cloud, Name: "N", Profile: profile, RedirectURIs: []string{"https://portal.azure.com"}, SecretEnds: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
			kept := ""
			app, err := register.Run(t.Context(), plan, entra.Token{Grant: &entra.Grant{Tenant: "10000000-0000-4000-8000-000000000000"}}, srv.Client(), time.Now,
				func(_ context.Context, s entra.Secret) error { kept = s.Reveal(); return tc.keep },
				func(_ context.Context, a fleet.App) error { return tc.record })
			if (err == nil) != tc.ok {
				t.Fatalf("got %v", err)
			}
			if tc.ok && (kept != "S3CR3T" || app.ClientID == "" || app.Credential.Expires.IsZero() || app.HomeTenant == "") {
				t.Errorf("got %+v, kept %q", app, kept)
			}
			if err != nil && strings.Contains(err.Error(), "S3CR3T") {
				t.Errorf("the error tells the secret: %v", err)
			}
			deleted := slices.Contains(*asked, "DELETE /v1.0/applications/33333333-2222-4333-8444-555555555555")
			if deleted != tc.deleted {
				t.Errorf("deleted %v, want %v: %v", deleted, tc.deleted, *asked)
			}
		})
	}
}

// What cannot be undone is told with the id to look for.
func TestFailedUndoIsTold(t *testing.T) {
	profile, err := fleet.ProfileByName("partner")
	if err != nil {
		t.Fatal(err)
	}
	srv, _ := graph(t, "/applications/")
	cloud := entra.Clouds()[0]
	cloud.Graph = srv.URL
	_, err = register.Run(t.Context(), register.Plan{Cloud: cloud, Name: "N", Profile: profile}, entra.Token{Grant: &entra.Grant{}}, srv.Client(), time.Now, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "11111111-2222-4333-8444-555555555555 could not be deleted again") {
		t.Errorf("got %v", err)
	}
}

func TestCheckRedirect(t *testing.T) {
	for s, ok := range map[string]bool{
		"https://portal.azure.com": true, "http://localhost:8400/callback": true, "http://127.0.0.1/": true,
		"http://contoso.example": false, "contoso.example": false, "https://x/#f": false, "": false, "https://x/" + strings.Repeat("a", 300): false,
	} {
		if err := register.CheckRedirect(s); (err == nil) != ok {
			t.Errorf("%q: %v", s, err)
		}
	}
}
