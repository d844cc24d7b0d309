package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/iostreams"
	"github.com/tenantry/tenantry/sandbox"
	"github.com/tenantry/tenantry/sandbox/world"
	"github.com/tenantry/tenantry/store/sqlite"
)

// A person at a terminal is told what would change, in which tenant, and asked;
// anything but yes changes nothing and leaves no record.
func TestUpdateIsConfirmed(t *testing.T) {
	const tenant = "20000000-0000-4000-8000-000000000001"
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("contoso.json", []byte(`[{"incidentId": 5001, "incidentName": "Password \u001b[2Jspray", "createdTime": "2026-09-06T12:07:55Z", "lastUpdateTime": "2026-09-06T12:07:56Z", "status": "Active", "severity": "High", "comments": [], "alerts": []}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("world.yaml", []byte(`
tenants:
  - {name: Partner, domains: [partner.example]}
  - {id: `+tenant+`, name: Contoso, domains: [contoso.example], incidents: {files: [contoso.json]}}
apps:
  - displayName: App
    appId: 22222222-2222-4333-8444-555555555555
    secrets: [{name: one, value: fake-secret-of-a-test}]
    requiredRoles: [{resource: graph, roles: [SecurityIncident.ReadWrite.All]}]
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
		"app: {client_id: 22222222-2222-4333-8444-555555555555, credential: {kind: secret, ref: \"env:SECRET\"}}\n"
	if err := os.WriteFile("tenantry.yaml", []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(stdin string, args ...string) (code int, stdout, stderr string) {
		streams, out, errOut := iostreams.Test(stdin)
		streams.InTTY, streams.OutTTY, streams.ErrTTY, streams.Width = true, true, true, 80
		code = cli.Run(t.Context(), args, factory.Options{
			Streams: streams, Now: time.Now, Environ: []string{"SECRET=fake-secret-of-a-test"},
			OpenStore: func(ctx context.Context, path string, now func() time.Time) (factory.Store, error) {
				return sqlite.Open(ctx, path, now)
			},
		})
		return code, out.String(), errOut.String()
	}
	status := func() string {
		_, out, errOut := run("", "incidents", "show", "5001", "--tenant", tenant, "-o", "json")
		var shown struct{ Status string }
		if err := json.NewDecoder(bytes.NewBufferString(out)).Decode(&shown); err != nil {
			t.Fatalf("%v: %s%s", err, out, errOut)
		}
		return shown.Status
	}
	update := []string{"incidents", "update", "5001", "--tenant", tenant, "--status", "resolved"}
	for _, answer := range []string{"n\n", "\n", "", "yes please\n"} {
		code, out, errOut := run(answer, update...)
		if code != 1 || out != "" || !strings.Contains(errOut, "error: nothing was changed") || status() != "active" {
			t.Errorf("answer %q: exit %d, %q, %q", answer, code, out, errOut)
		}
		for _, want := range []string{"incident 5001 of " + tenant + ": Password [2Jspray\n", "  status: active → resolved\n", "Change 1 incident of " + tenant + "? [y/N]"} {
			if !strings.Contains(errOut, want) {
				t.Errorf("answer %q: %q is not told in %q", answer, want, errOut)
			}
		}
	}
	if code, out, errOut := run("y\n", update...); code != 0 || !strings.Contains(out, "done") || status() != "resolved" {
		t.Errorf("yes: exit %d, %q, %q", code, out, errOut)
	}
	state, err := sqlite.Open(t.Context(), filepath.Join(dir, "state", factory.StateFile), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	records, err := state.Audit(t.Context(), fleet.AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 1 || records[0].Outcome != "done" || records[0].Kind != "incident.update" || records[0].Target != "5001" ||
		strings.Join(records[0].Changes, ";") != "status: active → resolved" {
		t.Errorf("the audit has %+v", records)
	}
	// A terminal gets a page, coloured, with the attacker's escape as text.
	_, page, _ := run("", "incidents", "show", "5001", "--tenant", tenant)
	if !strings.Contains(page, "\x1b[1;31mhigh severity\x1b[0m") || strings.Contains(page, "\x1b[2J") {
		t.Errorf("got %q", page)
	}
}
