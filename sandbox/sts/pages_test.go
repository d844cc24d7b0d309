package sts

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/sandbox/world"
)

func s256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// rolesOf lists what a tenant granted an application.
func (h *harness) rolesOf(tenant, app string) []string {
	sp, ok := h.world.ServicePrincipal(tenant, app)
	if !ok {
		return nil
	}
	var out []string
	for _, a := range sp.Assignments {
		api, _ := h.world.App(a.ResourceAppID)
		r, _ := api.RoleByID(a.RoleID)
		out = append(out, r.Value)
	}
	return out
}

// documented is the consent link of Microsoft's partner page.
func documented(app string) (string, url.Values) {
	return "/common/oauth2/authorize", values("prompt", "consent", "client_id", app, "response_type", "code", "sso_reload", "true")
}

func TestDocumentedLink(t *testing.T) {
	all := []string{"Incident.Read.All", "SecurityIncident.Read.All"}
	for name, c := range map[string]struct {
		typed []string
		want  []string
	}{
		"with the tick box":    {[]string{"decision", "accept", "orgconsent", "true"}, all},
		"without the tick box": {[]string{"decision", "accept"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			link, q := documented(partnerApp)
			page := h.signIn(link, q, "admin@customer.example")
			for _, want := range []string{
				"Partner &lt;b&gt;App&lt;/b&gt;", "Customer &lt;Ltd&gt;", "partner.example", "Read all incidents", "Read all security incidents", "Sign you in and read your profile",
				`id="orgconsent"`, `<label for="orgconsent">`, `id="accept"`, `id="cancel"`,
			} {
				if !strings.Contains(page.body, want) {
					t.Errorf("the page lacks %q: %s", want, page.body)
				}
			}
			done := h.submit(h.http, page, c.typed...)
			if !strings.HasPrefix(done.location, redirectURI+"?code=") {
				t.Errorf("status %d, location %s", done.status, done.location)
			}
			if d := cmp.Diff(c.want, h.rolesOf(customerTenant, partnerApp)); d != "" {
				t.Errorf("roles (-want +got):\n%s", d)
			}
			sp, _ := h.world.ServicePrincipal(customerTenant, partnerApp)
			for _, g := range sp.Grants {
				if (g.UserID == "") != (c.want != nil) {
					t.Errorf("grant %+v", g)
				}
			}
		})
	}
}

func TestAdminConsentCallbacks(t *testing.T) {
	t.Run("v1 success", func(t *testing.T) {
		h := newHarness(t)
		page := h.signIn("/common/adminconsent", values("client_id", partnerApp, "redirect_uri", redirectURI, "state", "a b"), "admin@customer.example")
		if strings.Contains(page.body, `id="orgconsent"`) || !strings.Contains(page.body, "Review for your organization") {
			t.Errorf("page %s", page.body)
		}
		got := h.submit(h.http, page, "decision", "accept")
		if want := redirectURI + "?admin_consent=True&tenant=" + customerTenant + "&state=a+b"; got.location != want {
			t.Errorf("location %s, want %s", got.location, want)
		}
		if d := cmp.Diff([]string{"Incident.Read.All", "SecurityIncident.Read.All"}, h.rolesOf(customerTenant, partnerApp)); d != "" {
			t.Errorf("roles:\n%s", d)
		}
	})
	t.Run("v2 success, one resource", func(t *testing.T) {
		h := newHarness(t)
		scope := secURI + "/.default"
		page := h.signIn("/customer.example/v2.0/adminconsent", values("client_id", partnerApp, "redirect_uri", redirectURI, "scope", scope), "apps@customer.example")
		got := h.submit(h.http, page, "decision", "accept")
		q := got.query(t)
		if q.Get("admin_consent") != "True" || q.Get("tenant") != customerTenant || q.Get("scope") != scope || q.Has("state") {
			t.Errorf("location %s", got.location)
		}
		if d := cmp.Diff([]string{"Incident.Read.All"}, h.rolesOf(customerTenant, partnerApp)); d != "" {
			t.Errorf("roles:\n%s", d)
		}
	})
	t.Run("v2 single scope grants no roles", func(t *testing.T) {
		h := newHarness(t)
		page := h.signIn("/organizations/v2.0/adminconsent", values("client_id", partnerApp, "redirect_uri", redirectURI, "scope", graphAPI+"/Directory.Read.All"), "admin@customer.example")
		h.submit(h.http, page, "decision", "accept")
		if got := h.rolesOf(customerTenant, partnerApp); got != nil {
			t.Errorf("roles %v", got)
		}
		sp, _ := h.world.ServicePrincipal(customerTenant, partnerApp)
		if len(sp.Grants) != 1 || sp.Grants[0].UserID != "" || !cmp.Equal(sp.Grants[0].Scopes, []string{"Directory.Read.All"}) {
			t.Errorf("grants %+v", sp.Grants)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		h := newHarness(t)
		page := h.signIn("/common/adminconsent", values("client_id", partnerApp, "redirect_uri", redirectURI, "state", "s:1"), "admin@customer.example")
		got := h.submit(h.http, page, "decision", "cancel").location
		rest, ok := strings.CutPrefix(got, redirectURI+"?error=access_denied&error_description=AADSTS65004%3a+User+declined+to+consent+to+access+the+app.%0d%0aTrace+ID%3a+")
		if !ok || !strings.Contains(rest, "&error_uri=https%3a%2f%2f") || !strings.HasSuffix(rest, "%3d65004&admin_consent=True&state=s%3a1#") || strings.Contains(rest, "tenant=") {
			t.Errorf("location %s", got)
		}
		if h.rolesOf(customerTenant, partnerApp) != nil {
			t.Error("a cancelled consent granted roles")
		}
	})
	t.Run("v1 sign-in cancelled", func(t *testing.T) {
		h := newHarness(t)
		link, q := documented(partnerApp)
		q.Set("state", "s")
		got := h.submit(h.http, h.signIn(link, q, "admin@customer.example"), "decision", "cancel").location
		if want := redirectURI + "?error=access_denied&error_subcode=cancel&state=s"; got != want {
			t.Errorf("location %s, want %s", got, want)
		}
	})
}

// A form can be sent without its page having offered what it says.
func TestConsentIsJudgedAgainWhenSent(t *testing.T) {
	h := newHarness(t)
	link, q := documented(partnerApp)
	page := h.signIn(link, q, "user@customer.example")
	if !strings.Contains(page.body, "AADSTS90094") || strings.Contains(page.body, `id="accept"`) {
		t.Fatalf("page %s", page.body)
	}
	got := h.submit(h.http, page, "decision", "accept", "orgconsent", "true")
	if got.location != "" || h.rolesOf(customerTenant, partnerApp) != nil {
		t.Errorf("location %s, roles %v", got.location, h.rolesOf(customerTenant, partnerApp))
	}
	// The same by an application administrator who may grant Defender's roles
	// but not Graph's.
	h = newHarness(t)
	page = h.signIn(link, q, "apps@customer.example")
	h.submit(h.http, page, "decision", "accept", "orgconsent", "true")
	if got := h.rolesOf(customerTenant, partnerApp); got != nil {
		t.Errorf("roles %v", got)
	}
}

func TestSessionAndAccounts(t *testing.T) {
	h := newHarness(t)
	path := "/" + customerTenant + v2Authorize
	page := h.signIn(path, authorizeQuery(), "user@customer.example")
	h.submit(h.http, page, "decision", "accept")
	// Signed in and consented: no page at all, prompt=none included.
	for _, prompt := range []string{"", "none"} {
		if got := h.get(path, authorizeQuery("prompt", prompt)); got.query(t).Get("code") == "" || got.query(t).Get("state") != "st&te" {
			t.Errorf("prompt %q: %d %s", prompt, got.status, got.location)
		}
	}
	if got := h.get(path, authorizeQuery("prompt", "login")); !strings.Contains(got.body, `id="password"`) {
		t.Errorf("prompt=login: %s", got.body)
	}
	page = h.get(path, authorizeQuery("prompt", "select_account"))
	if !strings.Contains(page.body, `class="account"`) || !strings.Contains(page.body, "Uma User") {
		t.Fatalf("accounts: %s", page.body)
	}
	if got := h.submit(h.http, page, "account", "user@customer.example"); got.query(t).Get("code") == "" {
		t.Errorf("chosen account: %s", got.body)
	}
	// An account that is not signed in here cannot be chosen.
	if got := h.submit(h.http, h.get(path, authorizeQuery("prompt", "select_account")), "account", "admin@customer.example"); !strings.Contains(got.body, `id="password"`) {
		t.Errorf("foreign account: %d %s", got.status, got.location)
	}
	h.get("/common/oauth2/v2.0/logout", nil)
	if got := h.get(path, authorizeQuery()); !strings.Contains(got.body, `id="password"`) {
		t.Errorf("after sign-out: %d %s", got.status, got.location)
	}
}

func TestSignInChangesTheSession(t *testing.T) {
	h := newHarness(t)
	u := must(url.Parse(h.srv.URL))
	cookie := func() string {
		for _, c := range h.http.Jar.Cookies(u) {
			if c.Name == sessionCookie {
				return c.Value
			}
		}
		return ""
	}
	page := h.get("/"+customerTenant+v2Authorize, authorizeQuery())
	before := cookie()
	h.submit(h.http, page, "upn", "user@customer.example", "password", "pw")
	if after := cookie(); before == "" || after == before {
		t.Errorf("session %q before, %q after", before, after)
	}
}

func TestResponseModes(t *testing.T) {
	h := newHarness(t)
	path := "/" + customerTenant + v2Authorize
	h.submit(h.http, h.signIn(path, authorizeQuery(), "user@customer.example"), "decision", "accept")
	if got := h.get(path, authorizeQuery("response_mode", "fragment")).location; !strings.HasPrefix(got, redirectURI+"#code=") {
		t.Errorf("fragment: %s", got)
	}
	got := h.get(path, authorizeQuery("response_mode", "form_post"))
	if !strings.Contains(got.body, `action="`+redirectURI+`"`) || !strings.Contains(got.body, `name="state" value="st&amp;te"`) {
		t.Errorf("form_post: %s", got.body)
	}
}

func TestPagesAreGuarded(t *testing.T) {
	h := newHarness(t)
	page := h.get("/"+customerTenant+v2Authorize, authorizeQuery("login_hint", `"><script>alert(1)</script>`))
	if strings.Contains(page.body, "<script>alert") {
		t.Error("login_hint is not escaped")
	}
	csp := page.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("policy %q lacks %s", csp, want)
		}
	}
	if page.header.Get("Cache-Control") != "no-store, no-cache" || page.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers %v", page.header)
	}
	bad := h.get("/"+customerTenant+v2Authorize, authorizeQuery("redirect_uri", "https://evil.example/<script>"))
	if bad.location != "" || strings.Contains(bad.body, "<script>\n") || strings.Contains(bad.body, "evil.example/<script>") {
		t.Errorf("status %d, location %s, %s", bad.status, bad.location, bad.body)
	}
}

func TestSameRedirect(t *testing.T) {
	for _, c := range []struct {
		registered, asked string
		want              bool
	}{
		{"https://a.example/cb", "https://a.example/cb", true},
		{"https://a.example/cb", "https://a.example/cb/", false},
		{"https://a.example/cb", "https://a.example/CB", false},
		{"https://a.example/cb", "https://a.example/cb?x=1", false},
		{"https://localhost/cb", "https://localhost:1/cb", false},
		{"http://localhost", "http://localhost:8400/", true},
		{"http://localhost/cb", "http://localhost:8400/cb", true},
		{"http://localhost/cb", "http://localhost:8400/other", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:5/cb", true},
		{"http://localhost", "http://localhost:80@evil.example/", false},
		{"http://localhost", "http://localhost.evil.example/", false},
		{"http://localhost", "http://user@localhost/", false},
		{"http://localhost", "http://localhost/#x", false},
		{"http://localhost", "https://localhost:1", false},
	} {
		if got := sameRedirect(c.registered, c.asked); got != c.want {
			t.Errorf("sameRedirect(%q, %q) = %v", c.registered, c.asked, got)
		}
	}
}

func TestLogoutRedirectsOnlyWhereRegistered(t *testing.T) {
	h := newHarness(t)
	for target, want := range map[string]string{redirectURI: redirectURI + "?state=x", "https://evil.example/": ""} {
		if got := h.get("/common/oauth2/v2.0/logout", values("client_id", partnerApp, "post_logout_redirect_uri", target, "state", "x")); got.location != want {
			t.Errorf("%s leads to %q, want %q", target, got.location, want)
		}
	}
	if got := h.get("/common/oauth2/logout", values("post_logout_redirect_uri", redirectURI)); got.location != "" {
		t.Errorf("without a client: %s", got.location)
	}
}

func FuzzAuthorize(f *testing.F) {
	for _, q := range []string{authorizeQuery().Encode(), "client_id=" + partnerApp, "redirect_uri=%", "response_mode=form_post&client_id=" + partnerApp + "&response_type=x&redirect_uri=" + url.QueryEscape(desktopURI)} {
		f.Add(q)
	}
	w := world.New(nil)
	must(w.AddTenant(world.Tenant{ID: partnerTenant, Name: "P", Domains: []string{"partner.example"}}))
	must(w.CreateApp(world.App{AppID: partnerApp, HomeTenant: partnerTenant, SignInAudience: world.AudienceMultiple, RedirectURIs: []string{redirectURI}, PublicRedirectURIs: []string{desktopURI}}))
	s := newServer(Config{World: w, Keys: must(testKeys())})
	f.Fuzz(func(t *testing.T, query string) {
		for _, path := range []string{"/common/oauth2/authorize", "/common/oauth2/v2.0/authorize", "/common/adminconsent"} {
			r := must(http.NewRequestWithContext(context.Background(), http.MethodGet, "https://login.microsoftonline.com"+path, nil))
			r.URL.RawQuery = query
			rec := &recorder{header: http.Header{}}
			s.ServeHTTP(rec, r)
			to := rec.header.Get("Location")
			if to == "" {
				continue
			}
			u, err := url.Parse(to)
			if err != nil || (u.Host != "app.example" && u.Hostname() != "localhost") || u.User != nil {
				t.Fatalf("redirected to %q (%v)", to, err)
			}
		}
	})
}

// recorder is a response writer that forgets the body.
type recorder struct{ header http.Header }

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(b []byte) (int, error) { return len(b), nil }
func (r *recorder) WriteHeader(int)             {}

// Nobody vouches for a partner; Microsoft vouches for its own.
func TestUnverifiedPublisher(t *testing.T) {
	h := newHarness(t)
	link, q := documented(partnerApp)
	if page := h.signIn(link, q, "admin@customer.example"); !strings.Contains(page.body, "(unverified)") {
		t.Errorf("the partner's app: %s", page.body)
	}
	h = newHarness(t)
	link, q = documented(world.AppGraphCommands)
	page := h.signIn(link, q, "admin@customer.example")
	if !strings.Contains(page.body, "Microsoft Corporation") || strings.Contains(page.body, "unverified") {
		t.Errorf("Microsoft's own app: %d %s", page.status, page.body)
	}
}

// The keyboard is where something is left to type.
func TestSignInPageHoldsTheKeyboard(t *testing.T) {
	for hint, want := range map[string]string{"": `id="upn"`, "user@customer.example": `id="password"`} {
		h := newHarness(t)
		page := h.get("/"+customerTenant+v2Authorize, authorizeQuery("login_hint", hint))
		var held []string
		for line := range strings.Lines(page.body) {
			if strings.Contains(line, " autofocus>") {
				held = append(held, line)
			}
		}
		if len(held) != 1 || !strings.Contains(held[0], want) {
			t.Errorf("hint %q: the keyboard is at %q", hint, held)
		}
	}
}
