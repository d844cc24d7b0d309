package sandbox

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/sandbox/journal"
)

// foreign runs a program of the machine in the sandbox's environment. Where it
// is not installed the test is skipped, with that reason; `make clients`
// installs it.
func foreign(t *testing.T, s *Sandbox, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed on this machine: not judged here; make clients installs and runs it", name)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = s.Environ(os.Environ())
	cmd.Dir = t.TempDir()
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", name, err, out, errs.String())
	}
	return string(out)
}

// lastAnswer is the newest request to a service in the journal.
func lastAnswer(t *testing.T, s *Sandbox, service string) journal.Event {
	t.Helper()
	events := s.Journal().Since(0)
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Service == service {
			return events[i]
		}
	}
	t.Fatalf("nothing of %s in the journal", service)
	return journal.Event{}
}

func TestCurlFromSecretToIncidents(t *testing.T) {
	s := start(t, Config{})
	out := foreign(t, s, "curl", "-sS", "--fail-with-body", "-X", "POST", "https://login.windows.net/"+healthyTenant+"/oauth2/token",
		"--data-urlencode", "resource=https://api.security.microsoft.com", "--data-urlencode", "client_id="+partnerApp,
		"--data-urlencode", "client_secret="+partnerSecret, "--data-urlencode", "grant_type=client_credentials")
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(out), &token); err != nil || token.AccessToken == "" {
		t.Fatalf("token: %v %s", err, out)
	}
	out = foreign(t, s, "curl", "-sS", "--fail-with-body", "-H", "Authorization: Bearer "+token.AccessToken, "https://api.security.microsoft.com/api/incidents")
	var list struct{ Value []any }
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list.Value) != healthyIncidents {
		t.Errorf("incidents: %v %.300s", err, out)
	}
	e := lastAnswer(t, s, "xdr")
	if e.Status != 200 || e.Decision != "allowed" || !strings.HasPrefix(e.UserAgent, "curl/") || len(e.Required) == 0 {
		t.Errorf("journal has %+v", e)
	}
}

func TestCurlIsRefusedElsewhere(t *testing.T) {
	s := start(t, Config{})
	out := foreign(t, s, "curl", "-sS", "-o", os.DevNull, "-w", "%{http_connect} %{http_code}", s.Origin()+"/")
	if out != "000 200" {
		t.Errorf("authority mode, past the proxy: %q", out)
	}
	for _, u := range []string{"https://example.com/", "http://example.com/"} {
		path, _ := exec.LookPath("curl")
		cmd := exec.CommandContext(t.Context(), path, "-sS", "--fail", u)
		cmd.Env = s.Environ(os.Environ())
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "403") {
			t.Errorf("%s: %v %s", u, err, out)
		}
	}
	if n := s.Journal().Summary().Refused; n != 2 {
		t.Errorf("journal counts %d refusals", n)
	}
}

const nodeProbe = `
const https = require('node:https');
const http2 = require('node:http2');
const byRequest = (url) => new Promise((resolve, reject) => {
  const r = https.request(url, (res) => { res.resume(); res.on('end', () => resolve(res.statusCode)); });
  r.on('error', reject); r.end();
});
const byHTTP2 = (origin, path) => new Promise((resolve, reject) => {
  const session = http2.connect(origin); session.on('error', reject);
  const r = session.request({ ':path': path });
  r.on('response', (h) => resolve(h[':status'])); r.on('end', () => session.close()); r.resume(); r.end();
});
(async () => {
  const path = '/common/v2.0/.well-known/openid-configuration';
  const out = {};
  const f = await fetch('https://login.microsoftonline.com' + path);
  out.fetch = f.status; out.issuer = (await f.json()).issuer;
  out.request = await byRequest('https://LOGIN.windows.net' + path);
  out.http2 = await byHTTP2('https://login.microsoft.com', path);
  out.direct = (await fetch(process.env.TENANTRY_SANDBOX_ORIGIN + path)).status;
  const token = await fetch('https://login.windows.net/TENANT/oauth2/token', { method: 'POST', body: new URLSearchParams({
    resource: 'https://api.security.microsoft.com', client_id: 'APP', client_secret: 'SECRET', grant_type: 'client_credentials' }) });
  const bearer = (await token.json()).access_token;
  const list = await fetch('https://api.security.microsoft.com/api/incidents', { headers: { authorization: 'Bearer ' + bearer } });
  out.incidents = (await list.json()).value.length;
  console.log(JSON.stringify(out));
})().catch((e) => { console.error(e); process.exit(1); });
`

func TestNodeFetchAndHTTPS(t *testing.T) {
	// A blank in the path tries the quoting of NODE_OPTIONS.
	s := start(t, Config{Dir: filepath.Join(t.TempDir(), "with blank")})
	script := strings.NewReplacer("TENANT/", healthyTenant+"/", "'APP'", "'"+partnerApp+"'", "'SECRET'", "'"+partnerSecret+"'").Replace(nodeProbe)
	out := foreign(t, s, "node", "-e", script)
	var got struct {
		Fetch, Request, HTTP2, Direct, Incidents int
		Issuer                                   string
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got.Fetch != 200 || got.Request != 200 || got.HTTP2 != 200 || got.Direct != 200 || got.Incidents != healthyIncidents || !strings.HasPrefix(got.Issuer, "https://login.microsoftonline.com/") {
		t.Errorf("node got %+v", got)
	}
	e := lastAnswer(t, s, "xdr")
	if e.Status != 200 || e.Decision != "allowed" || e.Host != "api.security.microsoft.com" {
		t.Errorf("journal has %+v", e)
	}
}
