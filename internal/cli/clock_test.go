package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/internal/cli"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/iostreams"
	"github.com/tenantry/tenantry/sandbox"
	"github.com/tenantry/tenantry/sandbox/world"
)

// A clock that is minutes off is told as what it is, in which direction and by
// how much: the service says no more than that an assertion is outside its time.
func TestClockOffByMinutes(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := writeCredentials(time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("world.yaml", []byte(`
tenants:
  - {name: Partner, domains: [partner.example]}
  - {id: 20000000-0000-4000-8000-000000000001, name: Contoso, domains: [contoso.example]}
apps:
  - displayName: App
    appId: 22222222-2222-4333-8444-555555555555
    certificates: [{name: one, file: cert.pem}]
    requiredRoles: [{resource: xdr, roles: [Incident.Read.All]}]
consents:
  - {tenant: contoso.example, app: App, roles: all}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	spec, err := world.LoadFile("world.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w, err := spec.Build(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sandbox.New(sandbox.Config{World: w})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	config := "cloud: box\ncustom_cloud: {name: box, login: \"" + s.Origin() + "\", graph: \"" + s.Origin() + "\", defender: \"" + s.Origin() + "\"}\n" +
		"ca_file: " + s.CAFile() + "\nstate: " + filepath.Join(dir, "state") + "\n" +
		"app: {client_id: 22222222-2222-4333-8444-555555555555, credential: {kind: certificate, ref: \"file:app.pem\"}}\n"
	if err := os.WriteFile("tenantry.yaml", []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		off  time.Duration
		exit int
		want string
	}{
		{0, 0, ""},
		{-25 * time.Minute, 3, "s behind the login service's"},
		{25 * time.Minute, 3, "s ahead of the login service's"},
	} {
		streams, out, errOut := iostreams.Test("")
		code := cli.Run(t.Context(), []string{"token", "get", "--tenant", "20000000-0000-4000-8000-000000000001"}, factory.Options{
			Streams: streams, Now: func() time.Time { return time.Now().Add(tc.off) },
		})
		if code != tc.exit || !strings.Contains(errOut.String(), tc.want) || (code != 0 && out.Len() > 0) {
			t.Errorf("off by %v: exit %d, want %d; stderr %q, want %q", tc.off, code, tc.exit, errOut, tc.want)
		}
	}
}
