package sts

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"html"
	"io"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/sandbox/token"
	"github.com/tenantry/tenantry/sandbox/world"
)

// Ids of the test world.
const (
	partnerTenant  = "11111111-1111-4111-8111-111111111111"
	customerTenant = "22222222-2222-4222-8222-222222222222"
	plainTenant    = "33333333-3333-4333-8333-333333333333" // no Defender licence
	olderTenant    = "44444444-4444-4444-8444-444444444444" // answers as before 7000229
	govTenant      = "55555555-5555-4555-8555-555555555555"

	partnerApp = "aaaaaaaa-0000-4000-8000-000000000001" // multi-tenant: Graph and Defender roles, User.Read
	defendApp  = "aaaaaaaa-0000-4000-8000-000000000002" // multi-tenant: only Incident.Read.All
	singleApp  = "aaaaaaaa-0000-4000-8000-000000000003" // single-tenant, no redirect URI
	apiApp     = "aaaaaaaa-0000-4000-8000-000000000004" // an API with version 2 tokens
	certApp    = "aaaaaaaa-0000-4000-8000-000000000005" // certificates and federated credentials
	pastApp    = "aaaaaaaa-0000-4000-8000-000000000006" // expired secrets only

	goodSecret    = "good~secret"
	expiredSecret = "expired~secret"
	futureSecret  = "future~secret"
	redirectURI   = "https://app.example/callback"
	desktopURI    = "http://localhost"

	secURI   = "https://api.security.microsoft.com"
	graphAPI = "https://graph.microsoft.com"
)

// testKeys are made once: RSA keys take their time.
var testKeys = sync.OnceValues(func() (*token.Keys, error) { return token.Load("", nil) })

var clientKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

type harness struct {
	t     testing.TB
	world *world.World
	sts   *server
	srv   *httptest.Server
	http  *http.Client

	mu   sync.Mutex
	now  time.Time
	rows []string
}

func newHarness(t testing.TB) *harness {
	t.Helper()
	h := &harness{t: t, now: time.Now().UTC().Truncate(time.Second)}
	h.world = world.New(h.clock)
	h.fill()
	keys, err := testKeys()
	if err != nil {
		t.Fatal(err)
	}
	h.sts = newServer(Config{World: h.world, Keys: keys, HTTPClient: http.DefaultClient})
	h.sts.refused = func(row string) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.rows = append(h.rows, row)
	}
	h.srv = httptest.NewTLSServer(h.sts)
	t.Cleanup(h.srv.Close)
	h.http = h.browser()
	return h
}

func (h *harness) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *harness) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (h *harness) fill() {
	w := h.world
	user := func(upn, name string, roles ...string) *world.User {
		return &world.User{ID: world.DeriveGUID(upn), UPN: upn, Name: name, Password: "pw", Roles: roles}
	}
	gone := user("gone@customer.example", "Gone Away")
	gone.Disabled = true
	for _, t := range []world.Tenant{
		{ID: partnerTenant, Name: "Partner", Domains: []string{"partner.example"}, Users: []*world.User{user("boss@partner.example", "Boss Partner", "Global Administrator")}},
		{
			ID: customerTenant, Name: "Customer <Ltd>", Domains: []string{"customer.example", "customer.onmicrosoft.example"}, Licences: []string{world.LicenceDefenderXDR}, Region: "EU",
			Users: []*world.User{
				user("admin@customer.example", "Ada Admin", "Global Administrator"), user("apps@customer.example", "Abe Apps", "Cloud Application Administrator"),
				user("user@customer.example", "Uma User"), gone,
			},
		},
		{ID: plainTenant, Name: "Plain", Domains: []string{"plain.example"}, Users: []*world.User{user("admin@plain.example", "Pam Plain", "Global Administrator")}},
		{ID: olderTenant, Name: "Older", Domains: []string{"older.example"}, OlderErrors: true},
		{ID: govTenant, Name: "Gov", Domains: []string{"gov.example"}, Cloud: world.CloudHigh},
	} {
		must(w.AddTenant(t))
	}
	graph, _ := w.App(world.AppGraph)
	xdr, _ := w.App(world.AppDefenderXDR)
	role := func(api *world.App, v string) world.Access {
		r, ok := api.RoleByValue(v)
		if !ok {
			panic(v)
		}
		return world.Access{ID: r.ID, Type: "Role"}
	}
	userRead, _ := graph.ScopeByValue("User.Read")
	incidents := world.RequiredResource{ResourceAppID: world.AppDefenderXDR, Access: []world.Access{role(xdr, "Incident.Read.All")}}
	day := 24 * time.Hour
	secrets := []*world.Secret{
		{KeyID: world.DeriveGUID("secret"), Value: goodSecret, Start: h.now.Add(-day), End: h.now.Add(365 * day)},
		{Value: expiredSecret, Start: h.now.Add(-2 * day), End: h.now.Add(-day)},
		{Value: futureSecret, Start: h.now.Add(day), End: h.now.Add(2 * day)},
	}
	for _, a := range []world.App{
		{
			AppID: partnerApp, DisplayName: "Partner <b>App</b>", HomeTenant: partnerTenant, SignInAudience: world.AudienceMultiple, Secrets: secrets,
			RedirectURIs: []string{redirectURI, "https://portal.azure.com"}, PublicRedirectURIs: []string{desktopURI},
			Required: []world.RequiredResource{incidents, {ResourceAppID: world.AppGraph, Access: []world.Access{role(graph, "SecurityIncident.Read.All"), {ID: userRead.ID, Type: "Scope"}}}},
		},
		{
			AppID: defendApp, DisplayName: "Defend", HomeTenant: partnerTenant, SignInAudience: world.AudienceMultiple, Secrets: secrets,
			RedirectURIs: []string{redirectURI}, Required: []world.RequiredResource{incidents}, TokenLifetime: 10 * time.Minute,
		},
		{AppID: singleApp, DisplayName: "Single", HomeTenant: customerTenant, SignInAudience: world.AudienceMyOrg, Secrets: secrets},
		{
			AppID: apiApp, DisplayName: "API", HomeTenant: customerTenant, SignInAudience: world.AudienceMyOrg, IdentifierURIs: []string{"api://things"}, TokenVersion: 2,
			Roles: []world.AppRole{{ID: world.DeriveGUID("things"), Value: "Things.Read"}},
		},
		{
			AppID: certApp, DisplayName: "Cert", HomeTenant: customerTenant, SignInAudience: world.AudienceMyOrg, RedirectURIs: []string{redirectURI},
			Keys: []*world.Key{{KeyID: world.DeriveGUID("key"), Cert: certificate(h.now.Add(-day), h.now.Add(day))}, {Cert: certificate(h.now.Add(-2*day), h.now.Add(-day))}},
		},
		{AppID: pastApp, DisplayName: "Past", HomeTenant: customerTenant, SignInAudience: world.AudienceMyOrg, Secrets: secrets[1:2]},
	} {
		must(w.CreateApp(a))
	}
	for _, id := range []string{singleApp, apiApp, certApp, pastApp} {
		must(w.CreateServicePrincipal(customerTenant, id))
	}
}

func certificate(from, to time.Time) *x509.Certificate {
	template := &x509.Certificate{SerialNumber: big.NewInt(from.UnixNano()), Subject: pkix.Name{CommonName: "client"}, NotBefore: from, NotAfter: to}
	der := must(x509.CreateCertificate(rand.Reader, template, template, clientKey().Public(), clientKey()))
	return must(x509.ParseCertificate(der))
}

// browser is a client with a cookie jar that stays on this server.
func (h *harness) browser() *http.Client {
	c := *h.srv.Client()
	c.Jar = must(cookiejar.New(nil))
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// answer is what came back.
type answer struct {
	status   int
	header   http.Header
	body     string
	location string
}

func (a answer) json(t testing.TB) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(a.body), &m); err != nil {
		t.Fatalf("body %q: %v", a.body, err)
	}
	return m
}

// query returns the parameters of a redirect.
func (a answer) query(t testing.TB) url.Values {
	t.Helper()
	u, err := url.Parse(a.location)
	if err != nil || a.location == "" {
		t.Fatalf("status %d, location %q: %v; body %s", a.status, a.location, err, a.body)
	}
	q := u.Query()
	if len(q) == 0 {
		q, _ = url.ParseQuery(u.Fragment)
	}
	return q
}

func (h *harness) do(c *http.Client, method, path, host string, form url.Values) answer {
	h.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req := must(http.NewRequest(method, h.srv.URL+path, body))
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if host != "" {
		req.Host = host
	}
	return h.send(c, req)
}

func (h *harness) send(c *http.Client, req *http.Request) answer {
	h.t.Helper()
	resp, err := c.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw := must(io.ReadAll(resp.Body))
	return answer{resp.StatusCode, resp.Header, string(raw), resp.Header.Get("Location")}
}

func (h *harness) get(path string, query url.Values) answer {
	h.t.Helper()
	if query != nil {
		path += "?" + query.Encode()
	}
	return h.do(h.http, http.MethodGet, path, "", nil)
}

func (h *harness) post(path string, form url.Values) answer {
	h.t.Helper()
	return h.do(h.http, http.MethodPost, path, "", form)
}

// values makes parameters of pairs.
func values(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// appForm is a good v2 client credentials request, changed by pairs; an empty
// value removes the parameter.
func appForm(pairs ...string) url.Values {
	v := values("grant_type", "client_credentials", "client_id", partnerApp, "client_secret", goodSecret, "scope", secURI+"/.default")
	for i := 0; i+1 < len(pairs); i += 2 {
		if v.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
			v.Del(pairs[i])
		}
	}
	return v
}

const (
	v2Token = "/oauth2/v2.0/token"
	v1Token = "/oauth2/token"
)

func (h *harness) consentAll(tenant, app string) {
	h.t.Helper()
	if _, err := h.world.Consent(world.ConsentRequest{TenantID: tenant, AppID: app}); err != nil {
		h.t.Fatal(err)
	}
}

var (
	actionRE = regexp.MustCompile(`<form method="post" action="([^"]*)"`)
	hiddenRE = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// submit sends a page's form with its hidden fields and what is typed.
func (h *harness) submit(c *http.Client, page answer, typed ...string) answer {
	h.t.Helper()
	m := actionRE.FindStringSubmatch(page.body)
	if m == nil {
		h.t.Fatalf("status %d, location %q: no form in %s", page.status, page.location, page.body)
	}
	form := values(typed...)
	for _, f := range hiddenRE.FindAllStringSubmatch(page.body, -1) {
		form.Set(html.UnescapeString(f[1]), html.UnescapeString(f[2]))
	}
	return h.do(c, http.MethodPost, html.UnescapeString(m[1]), "", form)
}

// signIn opens a link and signs in on its page.
func (h *harness) signIn(link string, q url.Values, upn string) answer {
	h.t.Helper()
	page := h.get(link, q)
	return h.submit(h.http, page, "upn", upn, "password", "pw")
}

// authorizeQuery is a good v2 sign-in, changed by pairs.
func authorizeQuery(pairs ...string) url.Values {
	v := values("client_id", partnerApp, "response_type", "code", "redirect_uri", redirectURI, "scope", "openid profile offline_access", "state", "st&te", "nonce", "n-1")
	for i := 0; i+1 < len(pairs); i += 2 {
		if v.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
			v.Del(pairs[i])
		}
	}
	return v
}

const (
	v2Authorize = "/oauth2/v2.0/authorize"
	v1Authorize = "/oauth2/authorize"
)

// code signs a user in to a v2 request and returns the code.
func (h *harness) code(pairs ...string) string {
	h.t.Helper()
	page := h.signIn("/"+customerTenant+v2Authorize, authorizeQuery(pairs...), "admin@customer.example")
	if page.location == "" {
		page = h.submit(h.http, page, "decision", "accept")
	}
	return page.query(h.t).Get("code")
}

func codeForm(code string, pairs ...string) url.Values {
	v := values("grant_type", "authorization_code", "client_id", partnerApp, "client_secret", goodSecret, "code", code, "redirect_uri", redirectURI)
	for i := 0; i+1 < len(pairs); i += 2 {
		if v.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
			v.Del(pairs[i])
		}
	}
	return v
}
