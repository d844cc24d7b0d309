package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/cli/config"
)

func load(t *testing.T, text string, environ ...string) (config.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tenantry.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Load(config.Options{Path: path, Environ: environ})
}

func TestEveryKeyIsReadFromFileAndEnvironment(t *testing.T) {
	values := map[string]string{
		"cloud": "usgov-high", "custom_cloud.name": "box", "custom_cloud.login": "https://localhost:8443", "custom_cloud.graph": "https://localhost:8443",
		"custom_cloud.defender": "https://localhost:8443", "custom_cloud.defender_endpoint": "https://localhost:8443", "ca_file": "/etc/ca.pem", "state": "/var/st",
		"output": "yaml", "parallel": "3", "profile": "read", "app.client_id": "11111111-2222-4333-8444-555555555555",
		"app.home_tenant": "11111111-2222-4333-8444-666666666666", "app.redirect_uri": "http://localhost:8400/callback",
		"app.credential.kind": "certificate", "app.credential.ref": "file:/etc/app.pfx", "app.credential.password_ref": "env:PFX_PASSWORD",
	}
	text := `
cloud: usgov-high
custom_cloud: {name: box, login: "https://localhost:8443", graph: "https://localhost:8443", defender: "https://localhost:8443", defender_endpoint: "https://localhost:8443"}
ca_file: /etc/ca.pem
state: /var/st
output: yaml
parallel: 3
profile: read
app:
  client_id: 11111111-2222-4333-8444-555555555555
  home_tenant: 11111111-2222-4333-8444-666666666666
  redirect_uri: http://localhost:8400/callback
  credential: {kind: certificate, ref: "file:/etc/app.pfx", password_ref: "env:PFX_PASSWORD"}
`
	fromFile, err := load(t, text)
	if err != nil {
		t.Fatal(err)
	}
	var environ []string
	for _, k := range config.Keys() {
		environ = append(environ, k.Env+"="+values[k.Name])
	}
	fromEnv, err := load(t, "", environ...)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range config.Keys() {
		if diff := cmp.Diff([]string{values[k.Name], values[k.Name]}, []string{k.Get(fromFile), k.Get(fromEnv)}); diff != "" {
			t.Errorf("%s: -want +got (file, environment):\n%s", k.Name, diff)
		}
	}
}

// What a file says means the same from every directory; what a variable says
// is meant from where the command runs.
func TestPathsAreRelativeToTheFile(t *testing.T) {
	text := `
ca_file: ca.pem
state: ../st
app:
  client_id: 11111111-2222-4333-8444-555555555555
  credential: {kind: certificate, ref: "file:keys/app.pfx", password_ref: "file:/abs/password"}
`
	c, err := load(t, text)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(c.Path)
	want := []string{filepath.Join(dir, "ca.pem"), filepath.Join(filepath.Dir(dir), "st"), "file:" + filepath.Join(dir, "keys/app.pfx"), "file:/abs/password"}
	if diff := cmp.Diff(want, []string{c.CAFile, c.State, c.App.Credential.Ref, c.App.Credential.PasswordRef}); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if c, err = load(t, text, "TENANTRY_STATE=here", "TENANTRY_APP_CREDENTIAL_REF=file:app.pfx"); err != nil || c.State != "here" || c.App.Credential.Ref != "file:app.pfx" {
		t.Errorf("of the environment: state %q, reference %q, error %v", c.State, c.App.Credential.Ref, err)
	}
}

func TestProblems(t *testing.T) {
	tests := []struct {
		name, text string
		environ    []string
		want       []string
	}{
		{"unknown key", "clod: public", nil, []string{":1:1: clod: is not a key; did you mean cloud?"}},
		{"unknown nested key", "app:\n  credential:\n    reff: env:X\n  client_id: 11111111-2222-4333-8444-555555555555\n", nil, []string{":3:5: app.credential.reff: is not a key; did you mean app.credential.ref?", ": app.credential.ref: is missing"}},
		{"not a mapping", "- a", nil, []string{":1:1: must hold keys and values"}},
		{"list for a value", "cloud: [a]", nil, []string{":1:8: cloud: must be a single value"}},
		{"value for a group", "app: x", nil, []string{":1:6: app: must hold keys and values"}},
		{"two documents", "cloud: public\n---\ncloud: public\n", nil, []string{"second document"}},
		{"parallel", "parallel: 0", nil, []string{"not a whole number from 1 to 64"}},
		{"http origin", "custom_cloud:\n  login: http://x\n", nil, []string{":2:10: custom_cloud.login: \"http://x\" is not an origin"}},
		{"half a cloud", "custom_cloud:\n  login: https://x\n", nil, []string{":2:3: custom_cloud.name: is missing", "custom_cloud.graph: is missing"}},
		{"redirect", "app: {client_id: 11111111-2222-4333-8444-555555555555, redirect_uri: 'http://contoso.example', credential: {ref: env:A}}", nil, []string{"must begin with https://"}},
		{"empty GUID", "app: {client_id: 00000000-0000-0000-0000-000000000000, credential: {ref: env:A}}", nil, []string{"is not a GUID"}},
		{"password without certificate", "app: {client_id: 11111111-2222-4333-8444-555555555555, credential: {ref: env:A, password_ref: env:B}}", nil, []string{"only a certificate has a password"}},
		{"credential without app", "app: {credential: {ref: env:A}}", nil, []string{"app.client_id: is missing"}},
		{"environment", "", []string{"TENANTRY_OUTPUT=xml"}, []string{"TENANTRY_OUTPUT: output: \"xml\" is not an output format"}},
		{"cloud from the environment", "", []string{"TENANTRY_CLOUD=mars"}, []string{"TENANTRY_CLOUD: cloud: "}},
		{"tab", "app:\n\tclient_id: x", nil, []string{":2:1: not YAML"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := load(t, tc.text, tc.environ...)
			var ps config.Problems
			if !errors.As(err, &ps) {
				t.Fatalf("got %v, want problems", err)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
		})
	}
}

// A secret that was written by value is told of, and not repeated.
func TestSecretByValueIsRefused(t *testing.T) {
	for _, text := range []string{
		"app: {client_secret: hunter2}",
		"app: {client_id: 11111111-2222-4333-8444-555555555555, credential: {ref: hunter2}}",
		"password: hunter2",
	} {
		_, err := load(t, text)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q gave %v", text, err)
		}
	}
}

// One mistake is one problem: what is wrong is not missing as well.
func TestWrongIsNotMissing(t *testing.T) {
	for _, tt := range []struct {
		text    string
		environ []string
		field   string
	}{
		{"app: {client_id: 11111111-2222-4333-8444-555555555555, credential: {ref: hunter2}}", nil, "app.credential.ref"},
		{"app: {client_id: 11111111-2222-4333-8444-555555555555}", []string{"TENANTRY_APP_CREDENTIAL_REF=hunter2"}, "app.credential.ref"},
		{"app: {client_id: x, credential: {ref: env:A}}", nil, "app.client_id"},
		{"app: {client_id: 11111111-2222-4333-8444-555555555555}", nil, "app.credential.ref"},
	} {
		_, err := load(t, tt.text, tt.environ...)
		var ps config.Problems
		if !errors.As(err, &ps) || len(ps) != 1 || ps[0].Field != tt.field {
			t.Errorf("%q %q: got %v, want one problem of %s", tt.text, tt.environ, err, tt.field)
		}
	}
}

func TestUnknownEnv(t *testing.T) {
	got := config.UnknownEnv([]string{"TENANTRY_CLOUDS=x", "TENANTRY_CLOUD=public", "PATH=/bin", "TENANTRY_CONFIG=y"}, "TENANTRY_CONFIG")
	if diff := cmp.Diff([]string{"TENANTRY_CLOUDS"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("cloud: public\napp:\n  client_id: x\n")
	f.Add("a: &x [*x]\n<<: *x")
	f.Add("? {a: b}\n: c\n---\n")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(dir, "tenantry.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := config.Load(config.Options{Path: path})
		var ps config.Problems
		if errors.As(err, &ps) {
			for _, p := range ps {
				if p.Message == "" || p.Source == "" {
					t.Errorf("a problem without words: %+v", p)
				}
			}
		}
	})
}
