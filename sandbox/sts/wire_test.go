package sts

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/sandbox/world"
)

// Every member that Microsoft's documents have and that tells of something
// the sandbox can be asked, in both versions.
func TestDiscoveryMembers(t *testing.T) {
	h := newHarness(t)
	common := strings.Fields(`token_endpoint token_endpoint_auth_methods_supported jwks_uri response_modes_supported subject_types_supported
		id_token_signing_alg_values_supported response_types_supported scopes_supported issuer request_uri_parameter_supported userinfo_endpoint
		authorization_endpoint device_authorization_endpoint http_logout_supported frontchannel_logout_supported end_session_endpoint
		claims_supported tenant_region_scope cloud_instance_name cloud_graph_host_name msgraph_host rbac_url`)
	for path, own := range map[string][]string{
		"/v2.0/.well-known/openid-configuration": {"kerberos_endpoint"},
		"/.well-known/openid-configuration":      {"microsoft_multi_refresh_token", "check_session_iframe"},
	} {
		for _, tenant := range []string{"common", customerTenant} {
			doc := h.at("login.microsoftonline.com", "/"+tenant+path).json(t)
			for _, name := range slices.Concat(common, own) {
				if _, ok := doc[name]; !ok {
					t.Errorf("%s of %s lacks %s", path, tenant, name)
				}
			}
		}
	}
	v1 := h.at("login.windows.net", "/common/.well-known/openid-configuration").json(t)
	if want := "https://login.windows.net/common/oauth2/checksession"; v1["check_session_iframe"] != want {
		t.Errorf("check_session_iframe %v, want %s", v1["check_session_iframe"], want)
	}
	v2 := h.at("login.microsoftonline.com", "/customer.example/v2.0/.well-known/openid-configuration").json(t)
	if want := "https://login.microsoftonline.com/" + customerTenant + "/kerberos"; v2["kerberos_endpoint"] != want {
		t.Errorf("kerberos_endpoint %v, want %s", v2["kerberos_endpoint"], want)
	}
}

// The alias of the US government's first cloud serves that cloud.
func TestFirstGovernmentHost(t *testing.T) {
	h := newHarness(t)
	for tenant, refused := range map[string]bool{govTenant: false, customerTenant: true} {
		h.rows = nil
		h.do(h.http, http.MethodPost, "/"+tenant+v2Token, "login-us.microsoftonline.com", appForm())
		if got := slices.Contains(h.rows, tenantWrongCloud); got != refused {
			t.Errorf("%s: rows %v", tenant, h.rows)
		}
	}
}

func TestCookiesOfEveryAnswer(t *testing.T) {
	h := newHarness(t)
	resp := &http.Response{Header: h.get("/common/discovery/v2.0/keys", nil).header}
	var names []string
	for _, c := range resp.Cookies() {
		names = append(names, c.Name)
		if c.Value == "" || !c.Secure || !c.HttpOnly || c.Path != "/" {
			t.Errorf("cookie %+v", c)
		}
	}
	if want := []string{"fpc", "x-ms-gateway-slice", "stsservicecookie"}; !slices.Equal(names, want) {
		t.Errorf("cookies %v, want %v", names, want)
	}
}

// "Redirect URI restrictions": one without a path comes back with a slash,
// but not in a posted form.
func TestRedirectURIWithoutPath(t *testing.T) {
	const portal = "https://portal.azure.com"
	h := newHarness(t)
	for mode, want := range map[string]string{"": portal + "/?error=", "query": portal + "/?error=", "fragment": portal + "/#error="} {
		if got := h.get("/"+customerTenant+v2Authorize, authorizeQuery("redirect_uri", portal, "response_mode", mode, "prompt", "none")).location; !strings.HasPrefix(got, want) {
			t.Errorf("response_mode %q: location %s, want %s…", mode, got, want)
		}
	}
	if got := h.get("/"+customerTenant+v2Authorize, authorizeQuery("redirect_uri", portal, "response_mode", "form_post", "prompt", "none")).body; !strings.Contains(got, `action="`+portal+`"`) {
		t.Errorf("form_post: %s", got)
	}
	page := h.signIn("/common/adminconsent", values("client_id", partnerApp, "redirect_uri", portal), "admin@customer.example")
	if got := h.submit(h.http, page, "decision", "accept").location; got != portal+"/?admin_consent=True&tenant="+customerTenant {
		t.Errorf("admin consent: location %s", got)
	}
	if got := h.get("/common/oauth2/authorize", values("client_id", partnerApp, "response_type", "code", "redirect_uri", "http://localhost:7071", "prompt", "x")).location; !strings.HasPrefix(got, "http://localhost:7071/?error=") {
		t.Errorf("loopback: location %s", got)
	}
}

// The code of a redirect URI without a path is redeemed with the address as
// it was sent and registered, without the slash.
func TestRedeemWithRedirectURIWithoutPath(t *testing.T) {
	const portal = "https://portal.azure.com"
	h := newHarness(t)
	code := h.code("redirect_uri", portal)
	if got := h.post("/"+customerTenant+v2Token, codeForm(code, "redirect_uri", portal)); got.status != 200 {
		t.Errorf("status %d: %s", got.status, got.body)
	}
}

// Redirects are written by .NET's form encoding: hexadecimal in lower case,
// and !*() as they are, but not the tilde.
func TestRedirectEncoding(t *testing.T) {
	for in, want := range map[string]string{
		"a b": "a+b", "a:/'\r\n": "a%3a%2f%27%0d%0a", "f(x)*!": "f(x)*!", "~": "%7e", "ä": "%c3%a4", "%2F": "%252F", "-_.": "-_.", "": "",
	} {
		if got := formEscape(in); got != want {
			t.Errorf("formEscape(%q) = %q, want %q", in, got, want)
		}
		if back, err := url.QueryUnescape(formEscape(in)); err != nil || back != in {
			t.Errorf("%q comes back as %q, %v", in, back, err)
		}
	}
	h := newHarness(t)
	got := h.get("/"+customerTenant+v2Authorize, authorizeQuery("prompt", "admin_consent", "state", "s:1")).location
	if !strings.Contains(got, "error_description=AADSTS901001%3a+The+prompt+request+parameter+value+%27admin_consent%27+is+invalid.%0d%0aTrace+ID%3a+") || !strings.HasSuffix(got, "&state=s%3a1") {
		t.Errorf("location %s", got)
	}
}

// Texts of rows whose wording clients and people search for, as the service
// was quoted with them.
func TestQuotedTexts(t *testing.T) {
	texts := map[string]ErrorRow{}
	for _, r := range Errors() {
		texts[r.ID] = r
	}
	for id, want := range map[string]string{
		deviceExpired: "The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
		federatedCase: "No matching federated identity record found for presented assertion subject '{subject}'. The subject matches with case-insensitive comparison, but not with case-sensitive comparison. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. See documentation at: https://learn.microsoft.com/entra/workload-id/workload-identity-federation. See breaking change notification and remediation at: https://learn.microsoft.com/en-us/entra/identity-platform/reference-breaking-changes#august-2024.",
		federatedUser: "Forbidden token type. Only app-only tokens may be used as Federated Identity Credentials for AAD issuer.",
		resourceGone:  "The application '{name}' asked for permissions to access a resource that has been removed or is no longer available. Contact the app vendor.",
	} {
		if got := texts[id].Message; got != want {
			t.Errorf("%s: %s", id, got)
		}
	}
	if got := texts[resourceUnlisted].OAuth; got != "invalid_client" {
		t.Errorf("650057 is %s", got)
	}
}

// A token of Entra's own is an assertion like any other when it is an
// application's; a foreign issuer may put what it likes into scp.
func TestEntraTokensAsAssertions(t *testing.T) {
	const issuer = "https://sts.windows.net/" + partnerTenant + "/"
	for name, c := range map[string]struct {
		issuer string
		claims []any
		want   string // row, "" for a token
	}{
		"application":          {issuer, []any{"idtyp", "app"}, ""},
		"user by scp":          {issuer, []any{"scp", "User.Read"}, federatedUser},
		"user by idtyp":        {issuer, []any{"idtyp", "user"}, federatedUser},
		"user, v2":             {"https://login.microsoftonline.com/" + partnerTenant + "/v2.0", []any{"scp", "User.Read"}, federatedUser},
		"foreign issuer's scp": {"https://issuer.example", []any{"scp", []string{"a"}, "idtyp", 7}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			fic := &world.FederatedCredential{Issuer: c.issuer, Subject: "s", Audiences: []string{"api://AzureADTokenExchange"}, JWKS: keySetOf(clientJWKS())}
			must(h.world.UpdateApp(certApp, "fic", func(a *world.App) error { a.FICs = append(a.FICs, fic); return nil }))
			claims := h.ownClaims(append([]any{"iss", c.issuer, "sub", "s", "aud", "api://AzureADTokenExchange"}, c.claims...)...)
			got := h.byAssertion(makeAssertion(t, base64.RawURLEncoding, "RS256", map[string]any{"kid": "k"}, claims))
			switch {
			case c.want == "" && got.status != 200:
				t.Errorf("status %d: %s", got.status, got.body)
			case c.want != "" && !slices.Contains(h.rows, c.want):
				t.Errorf("rows %v: %s", h.rows, got.body)
			}
		})
	}
}

// msticpy sends its form without saying that it is one.
func TestFormWithoutContentType(t *testing.T) {
	h := newHarness(t)
	h.consentAll(customerTenant, partnerApp)
	for kind, want := range map[string]int{"": 200, "application/x-www-form-urlencoded; charset=utf-8": 200, "application/octet-stream": 400, "text/plain": 400} {
		req := must(http.NewRequest(http.MethodPost, h.srv.URL+"/"+customerTenant+v2Token, strings.NewReader(appForm().Encode())))
		if kind != "" {
			req.Header.Set("Content-Type", kind)
		}
		if a := h.send(h.http, req); a.status != want {
			t.Errorf("Content-Type %q: status %d, want %d: %s", kind, a.status, want, a.body)
		}
	}
}
