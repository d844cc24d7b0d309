// Package browser has administrators of customers accept and refuse consent in
// a real browser (chromium), with the command line running as a user runs it,
// and lets the outcome of the command and the sandbox's journal judge.
package browser

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	appID   = "aaaaaaaa-1111-4222-8333-555555555555"
	appName = "Northwind Incident Desk"
	secret  = "fak8Q~this-is-a-made-up-value-for-tests1"

	partnerDomain = "northwind.onmicrosoft.com"
	partnerAdmin  = "admin@" + partnerDomain
	password      = "Sandbox-1"

	portal      = "https://portal.azure.com"
	role        = "Incident.Read.All"
	roleInWords = "Read all incidents"
)

// customer is a tenant of the world; every case has one of its own, so that
// no case sees what another granted.
type customer struct{ id, name, domain string }

func (c customer) admin() string { return "admin@" + c.domain }
func (c customer) clerk() string { return "clerk@" + c.domain }

// customers makes n tenants.
func customers(n int) []customer {
	list := make([]customer, n)
	for i := range list {
		list[i] = customer{
			id:     fmt.Sprintf("c0000000-0000-4000-8000-%012d", i+1),
			name:   fmt.Sprintf("Customer %d", i+1),
			domain: fmt.Sprintf("customer%d.onmicrosoft.com", i+1),
		}
	}
	return list
}

func worldFile(list []customer) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `tenants:
  - name: Northwind
    id: f0000000-0000-4000-8000-00000000000f
    domains: [%s]
    users: [{upn: %s, name: Nora Winde, roles: [Global Administrator]}]
`, partnerDomain, partnerAdmin)
	for _, c := range list {
		fmt.Fprintf(&b, `  - name: %s
    id: %s
    domains: [%s]
    users:
      - {upn: %s, name: Ada Min, roles: [Global Administrator]}
      - {upn: %s, name: Clara Erk}
    incidents: {count: 2, seed: 7}
`, c.name, c.id, c.domain, c.admin(), c.clerk())
	}
	fmt.Fprintf(&b, `apps:
  - displayName: %s
    appId: %s
    homeTenant: %s
    audience: AzureADMultipleOrgs
    redirectUris: [%s, http://localhost:8400/callback]
    secrets: [{name: current, value: "%s", start: -24h, end: +4320h}]
    requiredRoles: [{resource: xdr, roles: [%s]}]
`, appName, appID, partnerDomain, portal, secret, role)
	return []byte(b.String())
}

// sandbox is a running `tenantry sandbox serve`.
type sandbox struct {
	tenantry string
	dir      string
	at       struct{ Origin, Proxy, Management, CAFile string }
}

// serve runs a sandbox with these customers until the test ends.
func serve(t *testing.T, list []customer) *sandbox {
	t.Helper()
	tenantry := os.Getenv("TENANTRY")
	if tenantry == "" {
		t.Fatal("TENANTRY is not set: it names the built command; run this suite with .ci/browser, or TENANTRY=/path/to/tenantry go test ./browser")
	}
	tenantry, err := filepath.Abs(tenantry)
	if err != nil {
		t.Fatal(err)
	}
	s := &sandbox{tenantry: tenantry, dir: filepath.Join(t.TempDir(), "sandbox")}
	world := filepath.Join(t.TempDir(), "world.yaml")
	if err := os.WriteFile(world, worldFile(list), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, tenantry, "sandbox", "serve", "--world", world, "--dir", s.dir)
	cmd.Env = environ(t.TempDir())
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// The addresses are the first it prints, when it is ready to answer.
	ready, drained := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(drained)
		first := true
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if first {
				close(ready)
				first = false
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-drained
		err := cmd.Wait()
		if t.Failed() {
			t.Logf("sandbox serve: %v\n%s", err, log.String())
		}
	})
	select {
	case <-ready:
	case <-drained:
		t.Fatal("sandbox serve ended before it was ready")
	case <-time.After(30 * time.Second):
		t.Fatal("sandbox serve is not ready after 30 s")
	}
	data, err := os.ReadFile(filepath.Join(s.dir, "sandbox.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &s.at); err != nil || s.at.Management == "" || s.at.Proxy == "" {
		t.Fatalf("sandbox.json: %v\n%s", err, data)
	}
	return s
}

// environ is this process's environment without what would lead the command
// astray, and with a home of its own.
func environ(home string, more ...string) []string {
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool {
		return strings.HasPrefix(kv, "TENANTRY") || strings.HasPrefix(kv, "AZURE_") || strings.HasPrefix(kv, "XDG_")
	})
	return append(append(env, "HOME="+home), more...)
}

// event is a line of the journal, as far as the suite judges it.
type event struct {
	Seq       uint64
	Kind      string
	Service   string
	Operation string
	Host      string
	Path      string
	Status    int
	AADSTS    int
	Decision  string
	Error     string
	Roles     []string
	TenantID  string
	UserAgent string
	What      string
}

func (e event) token() bool { return e.Service == "sts" && e.Operation == "token" }

// journal returns what happened after event since, in the tenant alone when
// one is named.
func (s *sandbox) journal(t *testing.T, since uint64, tenant string) []event {
	t.Helper()
	var all []event
	s.read(t, fmt.Sprintf("%s/journal?since=%d&tenant=%s", s.at.Management, since, tenant), func(e event) bool {
		all = append(all, e)
		return true
	})
	return all
}

// await returns the first event of the tenant that match accepts, past or to
// come.
func (s *sandbox) await(t *testing.T, tenant, what string, match func(event) bool) event {
	t.Helper()
	var found *event
	s.read(t, s.at.Management+"/journal?follow=1&tenant="+tenant, func(e event) bool {
		if match(e) {
			found = &e
		}
		return found == nil
	})
	if found == nil {
		t.Fatalf("the journal of tenant %s does not show: %s", tenant, what)
	}
	return *found
}

// read gives the journal's lines to each until it returns false.
func (s *sandbox) read(t *testing.T, url string, each func(event) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", url, resp.Status)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("journal line %q: %v", lines.Text(), err)
		}
		if !each(e) {
			return
		}
	}
	if err := lines.Err(); err != nil && ctx.Err() == nil {
		t.Fatal(err)
	}
}

func (s *sandbox) lastSeq(t *testing.T) uint64 {
	t.Helper()
	all := s.journal(t, 0, "")
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].Seq
}

// granted lists the application roles that the app has in a tenant, and
// whether the tenant knows the app at all.
func (s *sandbox) granted(t *testing.T, tenant string) (roles []string, known bool) {
	t.Helper()
	resp, err := http.Get(s.at.Management + "/world")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var view struct {
		Consents []struct {
			TenantID, AppID string
			Granted         []struct{ Roles []string }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&view); err != nil {
		t.Fatal(err)
	}
	for _, c := range view.Consents {
		if c.TenantID != tenant || c.AppID != appID {
			continue
		}
		known = true
		for _, g := range c.Granted {
			roles = append(roles, g.Roles...)
		}
	}
	return roles, known
}
