package factory_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/iostreams"
	"github.com/tenantry/tenantry/internal/cli/output"
	"github.com/tenantry/tenantry/store/sqlite"
)

const id = "11111111-2222-4333-8444-555555555555"

func newFactory(t *testing.T, environ ...string) *factory.Factory {
	t.Helper()
	streams, _, _ := iostreams.Test("")
	dir := t.TempDir()
	f := factory.New(factory.Options{
		Streams: streams, Now: time.Now, Environ: append([]string{"HOME=" + dir, "XDG_STATE_HOME=" + dir}, environ...),
		OpenStore: func(ctx context.Context, path string, now func() time.Time) (factory.Store, error) {
			return sqlite.Open(ctx, path, now)
		},
	})
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func TestAppComesFromStateThenConfigurationThenAzure(t *testing.T) {
	azure := []string{"AZURE_CLIENT_ID=" + id, "AZURE_CLIENT_SECRET=x"}
	tests := []struct {
		name    string
		environ []string
		want    fleet.CredentialRef
		err     string
	}{
		{"none", nil, fleet.CredentialRef{}, "no app registration is known"},
		{"secret", azure, fleet.CredentialRef{Kind: "secret", Ref: "env:AZURE_CLIENT_SECRET"}, ""},
		{"certificate", []string{"AZURE_CLIENT_ID=" + id, "AZURE_CLIENT_CERTIFICATE_PATH=app.pfx", "AZURE_CLIENT_CERTIFICATE_PASSWORD=p"}, fleet.CredentialRef{Kind: "certificate", Ref: "file:app.pfx", PasswordRef: "env:AZURE_CLIENT_CERTIFICATE_PASSWORD"}, ""},
		{"federated", []string{"AZURE_CLIENT_ID=" + id, "AZURE_FEDERATED_TOKEN_FILE=/token"}, fleet.CredentialRef{Kind: "federated", Ref: "file:/token"}, ""},
		{"no credential", azure[:1], fleet.CredentialRef{}, "no credential for it"},
		{"no GUID", []string{"AZURE_CLIENT_ID=app", "AZURE_CLIENT_SECRET=x"}, fleet.CredentialRef{}, `AZURE_CLIENT_ID: "app" is not a GUID`},
		{"configuration first", append([]string{"TENANTRY_APP_CLIENT_ID=" + id, "TENANTRY_APP_CREDENTIAL_REF=env:MINE"}, azure...), fleet.CredentialRef{Kind: "secret", Ref: "env:MINE"}, ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			f := newFactory(t, tc.environ...)
			app, err := f.App(t.Context())
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || app.Credential != tc.want || app.ClientID != id || app.Profile != "partner" || app.RedirectURIs[0] != factory.PortalRedirect {
				t.Errorf("got %+v, %v", app, err)
			}
			dir, err := f.StateDir()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("looking for the app left a state directory behind: %v", err)
			}
		})
	}
	t.Run("state first", func(t *testing.T) {
		f := newFactory(t, azure...)
		s, err := f.Store(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		kept := fleet.App{ClientID: "22222222-2222-4333-8444-555555555555", Cloud: "public", Profile: "read", Credential: fleet.CredentialRef{Kind: "secret", Ref: "env:KEPT"}}
		if err := s.PutApp(t.Context(), kept); err != nil {
			t.Fatal(err)
		}
		if app, err := f.App(t.Context()); err != nil || app.ClientID != kept.ClientID || app.Profile != "read" {
			t.Errorf("got %+v, %v", app, err)
		}
	})
}

func TestTenant(t *testing.T) {
	f := newFactory(t, "AZURE_TENANT_ID=10000000-0000-4000-8000-00000000000F")
	s, err := f.Store(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	known := fleet.Tenant{ID: "10000000-0000-4000-8000-000000000001", Name: "Contoso", Domain: "contoso.example", Cloud: "public", State: fleet.StateAdded}
	if err := s.PutTenant(t.Context(), known); err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]entra.TenantID{
		"":                                     "10000000-0000-4000-8000-00000000000f",
		"contoso":                              known.ID,
		"CONTOSO.example":                      known.ID,
		"10000000-0000-4000-8000-000000000001": known.ID,
		"10000000-0000-4000-8000-0000000000AB": "10000000-0000-4000-8000-0000000000ab",
	} {
		got, err := f.Tenant(t.Context(), word)
		if err != nil || got.ID != want {
			t.Errorf("%q: got %+v, %v", word, got, err)
		}
	}
	if _, err := f.Tenant(t.Context(), "contosso"); err == nil {
		t.Error("an unknown name was taken")
	}
}

func TestPrinter(t *testing.T) {
	f := newFactory(t)
	f.Streams.OutTTY = true
	if p, err := f.Printer(); err != nil || p.Format != output.Table {
		t.Errorf("on a terminal: %+v, %v", p, err)
	}
	f = newFactory(t)
	if p, err := f.Printer(); err != nil || p.Format != output.NDJSON {
		t.Errorf("in a pipe: %+v, %v", p, err)
	}
	f = newFactory(t, "TENANTRY_OUTPUT=csv")
	if p, err := f.Printer(); err != nil || p.Format != output.CSV {
		t.Errorf("by the environment: %+v, %v", p, err)
	}
}

func TestCAFile(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{empty, empty + ".none"} {
		f := newFactory(t)
		f.Flags.CAFile = file
		_, err := f.HTTPClient()
		var e *clierr.Error
		if !errors.As(err, &e) || e.Code != clierr.CodeUsage || !strings.Contains(e.Message, file) {
			t.Errorf("%s: got %v", file, err)
		}
	}
}

func TestCustomCloud(t *testing.T) {
	origin := "https://localhost:8443"
	f := newFactory(t, "TENANTRY_CUSTOM_CLOUD_NAME=box", "TENANTRY_CUSTOM_CLOUD_LOGIN="+origin, "TENANTRY_CUSTOM_CLOUD_GRAPH="+origin, "TENANTRY_CUSTOM_CLOUD_DEFENDER="+origin)
	if c, err := f.Cloud(); err != nil || c.Login != origin || c.DefenderEndpoint != origin {
		t.Errorf("got %+v, %v", c, err)
	}
	f = newFactory(t, "AZURE_AUTHORITY_HOST=https://login.microsoftonline.us/")
	if c, err := f.Cloud(); err != nil || c.Name != "usgov-high" {
		t.Errorf("by AZURE_AUTHORITY_HOST: got %s, %v", c.Name, err)
	}
	f = newFactory(t)
	f.Flags.Cloud = "mars"
	if _, err := f.Cloud(); err == nil || !strings.Contains(err.Error(), "usgov-high") {
		t.Errorf("got %v", err)
	}
}
