package graphapi_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/sandbox/graphapi"
	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/token"
	"github.com/tenantry/tenantry/sandbox/world"
)

const (
	home    = "11111111-1111-4111-8111-111111111111"
	other   = "22222222-2222-4222-8222-222222222222"
	adminID = "44444444-4444-4444-8444-444444444441"
	devID   = "44444444-4444-4444-8444-444444444442"
	appID   = "99999999-9999-4999-8999-999999999991"
	peerID  = "99999999-9999-4999-8999-999999999992" // an application nobody here owns
	origin  = "https://graph.microsoft.com"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

type fixture struct {
	t       *testing.T
	world   *world.World
	keys    *token.Keys
	journal *journal.Journal
	handler http.Handler
	app     *world.App
	sp      *world.ServicePrincipal
	peer    *world.App
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	now := func() time.Time { return noon }
	f := &fixture{t: t, world: world.New(now), journal: journal.New(nil, now)}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	f.keys, err = token.Load("", now)
	check(err)
	_, err = f.world.AddTenant(world.Tenant{
		ID: home, Name: "Partner", Domains: []string{"partner.example", "partner.onmicrosoft.com"}, Licences: []string{world.LicenceDefenderXDR},
		Users: []*world.User{
			{ID: adminID, UPN: "ada@partner.example", Name: "Ada Admin", Password: "user-password", Roles: []string{"Global Administrator"}},
			{ID: devID, UPN: "dev@partner.example", Name: "Dev Eloper"},
		},
	})
	check(err)
	_, err = f.world.AddTenant(world.Tenant{ID: other, Name: "Other", Domains: []string{"other.example"}})
	check(err)
	f.app, err = f.world.CreateApp(world.App{AppID: appID, DisplayName: "Mine", HomeTenant: home, SignInAudience: world.AudienceMultiple, Secrets: []*world.Secret{{KeyID: world.NewGUID(), Value: "old-secret-value", Start: noon, End: noon.AddDate(1, 0, 0)}}})
	check(err)
	f.sp, err = f.world.CreateServicePrincipal(home, appID)
	check(err)
	f.peer, err = f.world.CreateApp(world.App{AppID: peerID, DisplayName: "Peer", HomeTenant: home})
	check(err)
	f.handler = f.journal.Middleware(graphapi.New(graphapi.Config{World: f.world, Verifier: f.keys}))
	return f
}

// asApp signs a token of the fixture's application.
func (f *fixture) asApp(roles ...string) string {
	return f.sign(map[string]any{"appid": appID, "oid": f.sp.ID, "sub": f.sp.ID, "roles": roles})
}

func (f *fixture) asUser(oid string, scopes ...string) string {
	return f.sign(map[string]any{"appid": world.AppGraphCommands, "oid": oid, "sub": "pairwise-" + oid, "scp": strings.Join(scopes, " ")})
}

func (f *fixture) sign(claims map[string]any) string {
	f.t.Helper()
	all := map[string]any{"aud": "https://graph.microsoft.com", "tid": home, "iss": "https://sts.windows.net/" + home + "/", "ver": "1.0", "uti": "u", "nbf": noon.Unix(), "iat": noon.Unix(), "exp": noon.Add(time.Hour).Unix()}
	for k, v := range claims {
		all[k] = v
	}
	raw, err := f.keys.Sign(map[string]any{"nonce": "as-graph-tokens-carry"}, all)
	if err != nil {
		f.t.Fatal(err)
	}
	return raw
}

type answer struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

func (a answer) code() string {
	e, _ := a.body["error"].(map[string]any)
	s, _ := e["code"].(string)
	return s
}

func (a answer) message() string {
	e, _ := a.body["error"].(map[string]any)
	s, _ := e["message"].(string)
	return s
}

func (a answer) text(name string) string {
	s, _ := a.body[name].(string)
	return s
}

func (a answer) value() []map[string]any {
	var out []map[string]any
	list, _ := a.body["value"].([]any)
	for _, v := range list {
		out = append(out, v.(map[string]any))
	}
	return out
}

func (a answer) all(name string) []string {
	var out []string
	for _, v := range a.value() {
		s, _ := v[name].(string)
		out = append(out, s)
	}
	return out
}

// do sends a request; url may be a path under /v1.0 or absolute.
func (f *fixture) do(method, bearer, url, body string, headers ...string) answer {
	f.t.Helper()
	if strings.HasPrefix(url, "/") {
		url = origin + "/v1.0" + url
	}
	r := httptest.NewRequest(method, strings.ReplaceAll(url, " ", "%20"), strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	out := answer{status: w.Code, header: w.Result().Header, raw: w.Body.String()}
	if out.raw != "" {
		if err := json.Unmarshal(w.Body.Bytes(), &out.body); err != nil {
			f.t.Fatalf("%s %s: not JSON: %s", method, url, out.raw)
		}
	}
	return out
}

// want sends a request and fails the test unless the status is as expected.
func (f *fixture) want(status int, method, bearer, url, body string, headers ...string) answer {
	f.t.Helper()
	a := f.do(method, bearer, url, body, headers...)
	if a.status != status {
		f.t.Fatalf("%s %s %s: status %d, want %d: %s", method, url, body, a.status, status, a.raw)
	}
	return a
}

func (f *fixture) lastEvent() journal.Event {
	f.t.Helper()
	events := f.journal.Since(0)
	if len(events) == 0 {
		f.t.Fatal("the journal is empty")
	}
	return events[len(events)-1]
}

func certificate(t *testing.T) (der string, private *rsa.PrivateKey) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "partner"}, NotBefore: noon.Add(-time.Hour), NotAfter: noon.AddDate(1, 0, 0)}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(raw), private
}
