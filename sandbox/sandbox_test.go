package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/proxy"
)

// Of the default world.
const (
	partnerApp    = "11111111-2222-4333-8444-555555555555"
	partnerSecret = "Nwd8Q~FakeSecretOfTheSandbox-NotReal.123"
	healthyTenant = "10000000-0000-4000-8000-000000000001"
	rolelessOne   = "10000000-0000-4000-8000-000000000004"

	healthyIncidents = 7
)

func start(t *testing.T, cfg Config) *Sandbox {
	t.Helper()
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

func body(t *testing.T, resp *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// tokenV1 asks as the partner page's samples do.
func tokenV1(t *testing.T, c *http.Client, origin, tenant string) string {
	t.Helper()
	resp, err := c.PostForm(origin+"/"+tenant+"/oauth2/token", url.Values{
		"resource": {"https://api.security.microsoft.com"}, "client_id": {partnerApp},
		"client_secret": {partnerSecret}, "grant_type": {"client_credentials"},
	})
	text := body(t, resp, err)
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || resp.StatusCode != http.StatusOK || answer.AccessToken == "" {
		t.Fatalf("token of %s: %s %s", tenant, resp.Status, text)
	}
	return answer.AccessToken
}

func incidents(t *testing.T, c *http.Client, origin, bearer string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, origin+"/api/incidents", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	resp, err := c.Do(req)
	text := body(t, resp, err)
	return resp.StatusCode, text
}

func TestFromSecretToIncidents(t *testing.T) {
	s := start(t, Config{})
	bearer := tokenV1(t, s.Client(), "https://login.windows.net", healthyTenant)
	status, text := incidents(t, s.Client(), "https://api.security.microsoft.com", bearer)
	var list struct{ Value []map[string]any }
	if err := json.Unmarshal([]byte(text), &list); err != nil || status != http.StatusOK || len(list.Value) != healthyIncidents {
		t.Fatalf("%d, %d incidents, %v: %.300s", status, len(list.Value), err, text)
	}
	bearer = tokenV1(t, s.Client(), "https://login.microsoftonline.com", rolelessOne)
	if status, text := incidents(t, s.Client(), "https://eu.api.security.microsoft.com", bearer); status != http.StatusForbidden {
		t.Errorf("without a role: %d %.300s", status, text)
	}

	var requests []journal.Event
	for _, e := range s.Journal().Since(0) {
		if e.Kind == journal.KindRequest {
			requests = append(requests, e)
		}
	}
	if len(requests) != 4 {
		t.Fatalf("%d requests: %+v", len(requests), requests)
	}
	signIn, listed, refused := requests[0], requests[1], requests[3]
	if signIn.Service != "sts" || signIn.Host != "login.windows.net" || signIn.TenantID != healthyTenant || signIn.Form["client_secret"][0] != fmt.Sprintf("[redacted:%d]", len(partnerSecret)) {
		t.Errorf("sign-in: %+v", signIn)
	}
	if listed.Service != "xdr" || listed.Status != http.StatusOK || listed.Decision != "allowed" || listed.TenantID != healthyTenant ||
		!slices.Contains(listed.Roles, "Incident.Read.All") || !slices.Contains(listed.Required, "Incident.Read.All") {
		t.Errorf("role check: %+v", listed)
	}
	if refused.Status != http.StatusForbidden || refused.Decision == "allowed" || refused.TenantID != rolelessOne || len(refused.Roles) != 0 {
		t.Errorf("refusal: %+v", refused)
	}
	if n := s.Journal().Summary().Refused; n != 0 {
		t.Errorf("%d connections refused", n)
	}
}

func TestAuthorityMode(t *testing.T) {
	s := start(t, Config{})
	if !strings.HasPrefix(s.Origin(), "https://localhost:") {
		t.Errorf("origin is %s", s.Origin())
	}
	bearer := tokenV1(t, s.Client(), s.Origin(), healthyTenant)
	if status, text := incidents(t, s.Client(), s.Origin(), bearer); status != http.StatusOK {
		t.Errorf("incidents: %d %s", status, text)
	}
	for path, service := range map[string]string{
		"/": "portal", "/v1.0/organization": "graph", "/beta/me": "graph", "/oidc/userinfo": "graph", "/subscriptions?api-version=2022-12-01": "arm",
		"/metadata/endpoints?api-version=latest": "arm", "/common/v2.0/.well-known/openid-configuration": "sts", "/API/incidents": "xdr",
	} {
		before := s.Journal().Seq()
		resp, err := s.Client().Get(s.Origin() + path)
		body(t, resp, err)
		if got := s.Journal().Since(before)[0].Service; got != service {
			t.Errorf("%s went to %q, want %q", path, got, service)
		}
		if resp.Header.Get(MarkHeader) == "" {
			t.Errorf("%s: answer is not marked", path)
		}
	}
}

func TestUnknownHostIsMisdirected(t *testing.T) {
	s := start(t, Config{})
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Origin()+"/common", nil)
	req.Host = "evil.example"
	resp, err := s.Client().Do(req)
	text := body(t, resp, err)
	if resp.StatusCode != http.StatusMisdirectedRequest || !strings.Contains(text, "evil.example") {
		t.Errorf("%s %s", resp.Status, text)
	}
	events := s.Journal().Since(0)
	if e := events[len(events)-1]; e.Kind != journal.KindRefused || e.Host != "evil.example" {
		t.Errorf("journal has %+v", e)
	}
}

func TestOtherHostsAreRefused(t *testing.T) {
	s := start(t, Config{})
	resp, err := s.Client().Get("https://example.com/")
	if err == nil {
		resp.Body.Close()
		t.Fatalf("example.com answered %s", resp.Status)
	}
	if !strings.Contains(err.Error(), "Forbidden") {
		t.Errorf("error is %v", err)
	}
	if n := s.Journal().Summary().Refused; n != 1 {
		t.Errorf("journal counts %d refusals", n)
	}
}

func TestPortalLandingPage(t *testing.T) {
	s := start(t, Config{})
	for _, c := range []struct{ query, want, not string }{
		{"", "Nothing to see", "close this page"},
		{"?code=SECRETCODE&state=1", "You may close this page", "SECRETCODE"},
		{"?admin_consent=True&tenant=%3Cscript%3E", "&lt;script&gt;", "<script>"},
		{"?error=access_denied&error_description=AADSTS65004%3A+declined&admin_consent=True", "AADSTS65004: declined", "close this page"},
	} {
		resp, err := s.Client().Get("https://portal.azure.com/" + c.query)
		text := body(t, resp, err)
		if resp.StatusCode != http.StatusOK || !strings.Contains(text, c.want) || strings.Contains(text, c.not) || !strings.Contains(text, "TENANTRY SANDBOX") {
			t.Errorf("%q: %s\n%s", c.query, resp.Status, text)
		}
		if !strings.Contains(resp.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("policy is %q", resp.Header.Get("Content-Security-Policy"))
		}
	}
}

func TestManagementAPI(t *testing.T) {
	s := start(t, Config{})
	tokenV1(t, s.Client(), "https://login.windows.net", healthyTenant)
	get := func(path string) string {
		resp, err := s.Client().Get(s.ManagementURL() + path)
		return body(t, resp, err)
	}
	if got := get("/healthz"); got != "ok\n" {
		t.Errorf("healthz: %q", got)
	}
	ca, err := os.ReadFile(s.CAFile())
	if err != nil || get("/ca.pem") != string(ca) {
		t.Errorf("ca.pem differs from %s: %v", s.CAFile(), err)
	}
	var view WorldView
	text := get("/world")
	if err := json.Unmarshal([]byte(text), &view); err != nil || len(view.Tenants) != len(s.World().Tenants()) || len(view.Apps) == 0 {
		t.Fatalf("world: %v\n%.500s", err, text)
	}
	i := slices.IndexFunc(view.Consents, func(c ConsentView) bool { return c.TenantID == healthyTenant && c.AppID == partnerApp })
	if i < 0 || len(view.Consents[i].Granted) != 1 || !slices.Equal(view.Consents[i].Granted[0].Roles, []string{"Incident.Read.All"}) {
		t.Errorf("consents: %+v", view.Consents)
	}
	for _, everywhere := range []string{text, get("/journal")} {
		for _, secret := range []string{partnerSecret, "Sandbox-1", "eyJ"} {
			if strings.Contains(everywhere, secret) {
				t.Errorf("the management API shows %s", secret)
			}
		}
	}
}

func TestChangesAreJournalled(t *testing.T) {
	s := start(t, Config{})
	before := s.Journal().Seq()
	if _, err := s.World().CreateServicePrincipal("10000000-0000-4000-8000-000000000006", partnerApp); err != nil {
		t.Fatal(err)
	}
	e := s.Journal().Since(before)[0]
	if e.Kind != journal.KindState || e.What != "servicePrincipal.created" || e.AppID != partnerApp {
		t.Errorf("journal has %+v", e)
	}
}

func TestDirectoryIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "here")
	first := start(t, Config{Dir: dir})
	bearer := tokenV1(t, first.Client(), "https://login.windows.net", healthyTenant)
	ca, err := os.ReadFile(first.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	found, err := ReadEndpoints(dir)
	if err != nil || found != first.Endpoints() {
		t.Errorf("endpoints are %+v, %v, want %+v", found, err, first.Endpoints())
	}
	if err := found.Alive(t.Context()); err != nil {
		t.Errorf("Alive: %v", err)
	}
	if info, err := os.Stat(filepath.Join(dir, EndpointsFile)); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("endpoints file: %v, %v", info.Mode(), err)
	}

	second, err := New(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	var running *AlreadyRunningError
	if err := second.Start(); !errors.As(err, &running) || running.Endpoints != found {
		t.Errorf("starting beside it: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}

	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := found.Alive(t.Context()); err == nil {
		t.Error("alive after Close")
	}
	if _, err := ReadEndpoints(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("endpoints after Close: %v", err)
	}

	third := start(t, Config{Dir: dir})
	if again, _ := os.ReadFile(third.CAFile()); string(again) != string(ca) {
		t.Error("the authority changed")
	}
	if status, text := incidents(t, third.Client(), "https://api.security.microsoft.com", bearer); status != http.StatusOK {
		t.Errorf("a token of the first run: %d %s", status, text)
	}
	log, err := os.ReadFile(filepath.Join(dir, JournalFile))
	if err != nil || strings.Count(string(log), "sandbox.started") != 2 || strings.Contains(string(log), partnerSecret) || strings.Contains(string(log), "eyJ") {
		t.Errorf("journal file: %v\n%.2000s", err, log)
	}
}

func TestNothingIsLeftOfATemporarySandbox(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	s := start(t, Config{})
	if !strings.HasPrefix(s.CAFile(), tmp) {
		t.Errorf("CA file is %s", s.CAFile())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(tmp); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if err := s.Start(); err == nil {
		t.Error("a closed sandbox starts")
	}
}

func TestPortTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := taken.Addr().String()
	for field, cfg := range map[string]Config{"Addr": {Addr: addr}, "ProxyAddr": {ProxyAddr: addr}, "ManagementAddr": {ManagementAddr: addr}} {
		dir := t.TempDir()
		cfg.Dir = dir
		s, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var le *ListenError
		if err := s.Start(); !errors.As(err, &le) || le.Field != field || le.Addr != addr || !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "another program") {
			t.Errorf("%s: %v", field, err)
		}
		if _, err := os.Stat(filepath.Join(dir, EndpointsFile)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: endpoints file: %v", field, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}

func TestBadConfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("no PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		cfg     Config
		field   string
		problem string
	}{
		{"all interfaces", Config{Addr: "0.0.0.0:0"}, "Addr", "not a loopback"},
		{"no host", Config{ProxyAddr: ":3128"}, "ProxyAddr", "not a loopback"},
		{"other machine", Config{ProxyAddr: "192.0.2.1:0"}, "ProxyAddr", "not a loopback"},
		{"name", Config{Addr: "example.com:443"}, "Addr", "not a loopback"},
		{"management elsewhere", Config{ManagementAddr: "0.0.0.0:0", AllowNonLoopback: true}, "ManagementAddr", "not a loopback"},
		{"no port", Config{Addr: "127.0.0.1"}, "Addr", "not host:port"},
		{"port out of range", Config{Addr: "127.0.0.1:70000"}, "Addr", "no valid port"},
		{"service name", Config{Addr: "127.0.0.1:https"}, "Addr", "no valid port"},
		{"directory is a file", Config{Dir: file}, "Dir", "cannot be created"},
		{"directory below a file", Config{Dir: filepath.Join(file, "x")}, "Dir", "cannot be created"},
		{"certificate without key", Config{CertFile: file, RootsFile: file}, "KeyFile", "is missing"},
		{"certificate without roots", Config{CertFile: file, KeyFile: file}, "RootsFile", "is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := New(c.cfg)
			if err == nil {
				s.Close()
			}
			var ce *ConfigError
			if !errors.As(err, &ce) || ce.Field != c.field || !strings.Contains(ce.Problem, c.problem) || ce.Remedy == "" {
				t.Errorf("error is %v", err)
			}
		})
	}
	_, err := New(Config{CertFile: file, KeyFile: file, RootsFile: file})
	var ce *proxy.CertificateError
	if !errors.As(err, &ce) {
		t.Errorf("certificate that is none: %v", err)
	}
}

func TestNonLoopbackWhenAskedFor(t *testing.T) {
	s := start(t, Config{Addr: "0.0.0.0:0", ProxyAddr: "0.0.0.0:0", AllowNonLoopback: true})
	if !strings.HasPrefix(s.Origin(), "https://localhost:") || !strings.HasPrefix(s.ProxyURL(), "http://127.0.0.1:") {
		t.Errorf("origin %s, proxy %s", s.Origin(), s.ProxyURL())
	}
	tokenV1(t, s.Client(), "https://login.windows.net", healthyTenant)
}

func TestGivenCertificate(t *testing.T) {
	other := t.TempDir()
	cert, key := filepath.Join(other, "cert.pem"), filepath.Join(other, "key.pem")
	writeSelfSigned(t, cert, key, "localhost", "login.windows.net")
	s := start(t, Config{CertFile: cert, KeyFile: key, RootsFile: cert})
	tokenV1(t, s.Client(), "https://login.windows.net", healthyTenant)
	if s.CAFile() != cert {
		t.Errorf("CA file is %s", s.CAFile())
	}
	if resp, err := s.Client().Get("https://graph.microsoft.com/"); err == nil {
		resp.Body.Close()
		t.Error("a name that the certificate does not have was accepted")
	}
}

func TestFollowEndsWithTheSandbox(t *testing.T) {
	s := start(t, Config{})
	resp, err := s.Client().Get(s.ManagementURL() + "/journal?follow=1")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	done := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, resp.Body)
		done <- err
	}()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Errorf("the stream ended with %v", err)
	}
}

func TestBannerIsLoud(t *testing.T) {
	for _, word := range []string{"SANDBOX", "NOT Microsoft", "Never give it real credentials"} {
		if !strings.Contains(Banner(), word) {
			t.Errorf("banner lacks %q", word)
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(Banner()), "\n") {
		if len(line) != 72 {
			t.Errorf("line is %d wide: %s", len(line), line)
		}
	}
}

func TestIssuersElsewhereAreNotAsked(t *testing.T) {
	s := start(t, Config{})
	for _, u := range []string{"https://token.actions.githubusercontent.com/.well-known/openid-configuration", "http://192.0.2.1/", "http://login.microsoftonline.com/"} {
		resp, err := s.issuers.Get(u)
		if err == nil {
			resp.Body.Close()
			t.Errorf("%s answered %s", u, resp.Status)
		} else if !strings.Contains(err.Error(), "does not fetch keys") {
			t.Errorf("%s: %v", u, err)
		}
	}
	resp, err := s.issuers.Get("https://login.microsoftonline.com/" + healthyTenant + "/v2.0/.well-known/openid-configuration")
	if text := body(t, resp, err); resp.StatusCode != http.StatusOK || !strings.Contains(text, "jwks_uri") {
		t.Errorf("the sandbox itself as issuer: %s %s", resp.Status, text)
	}
}

func ExampleBanner() {
	fmt.Println(strings.Contains(Banner(), "NOT Microsoft"))
	// Output: true
}
