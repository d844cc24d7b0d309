package sts

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/sandbox/world"
)

// claimsOf reads a token without judging it.
func claimsOf(t testing.TB, raw string) map[string]any {
	t.Helper()
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		t.Fatalf("not a token: %d parts", len(parts))
	}
	var m map[string]any
	if err := json.Unmarshal(must(base64.RawURLEncoding.DecodeString(parts[1])), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// verified checks a token as a client library does, with the published keys.
func (h *harness) verified(raw, jwksPath string) (map[string]any, error) {
	h.t.Helper()
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(h.get(jwksPath, nil).body), &set); err != nil {
		h.t.Fatal(err)
	}
	sig := must(jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256}))
	keys := set.Key(sig.Signatures[0].Header.KeyID)
	if len(keys) != 1 {
		h.t.Fatalf("%d keys for kid %s", len(keys), sig.Signatures[0].Header.KeyID)
	}
	_, err := sig.Verify(keys[0])
	return claimsOf(h.t, raw), err
}

func headerOf(t testing.TB, raw string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(must(base64.RawURLEncoding.DecodeString(raw[:strings.IndexByte(raw, '.')])), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func roles(c map[string]any) []string {
	var out []string
	list, _ := c["roles"].([]any)
	for _, r := range list {
		out = append(out, r.(string))
	}
	return out
}

func TestAppTokenV1(t *testing.T) {
	h := newHarness(t)
	h.consentAll(customerTenant, partnerApp)
	for _, asked := range []string{secURI, secURI + "/", world.AppDefenderXDR} {
		m := h.post("/"+customerTenant+v1Token, appForm("scope", "", "resource", asked)).json(t)
		raw := m["access_token"].(string)
		delete(m, "access_token")
		from := h.now.Unix() - 300
		want := map[string]any{
			"token_type": "Bearer", "expires_in": "3599", "ext_expires_in": "3599", "resource": asked,
			"expires_on": jsonNumber(h.now.Unix() + 3599), "not_before": jsonNumber(from),
		}
		if d := cmp.Diff(want, m); d != "" {
			t.Errorf("answer (-want +got):\n%s", d)
		}
		c, err := h.verified(raw, "/"+customerTenant+"/discovery/keys")
		if err != nil {
			t.Errorf("signature: %v", err)
		}
		sp, _ := h.world.ServicePrincipal(customerTenant, partnerApp)
		for name, want := range map[string]any{
			"aud": asked, "iss": "https://sts.windows.net/" + customerTenant + "/", "idp": "https://sts.windows.net/" + customerTenant + "/", "tid": customerTenant,
			"appid": partnerApp, "appidacr": "1", "oid": sp.ID, "sub": sp.ID, "ver": "1.0", "idtyp": "app",
			"iat": float64(from), "nbf": float64(from), "exp": float64(h.now.Unix() + 3599),
		} {
			if c[name] != want {
				t.Errorf("%s = %v, want %v", name, c[name], want)
			}
		}
		if d := cmp.Diff([]string{"Incident.Read.All"}, roles(c)); d != "" {
			t.Errorf("roles:\n%s", d)
		}
		if _, has := c["scp"]; has {
			t.Error("an application's token has scp")
		}
		if hd := headerOf(t, raw); hd["x5t"] != hd["kid"] {
			t.Errorf("header %v", hd)
		}
	}
}

func jsonNumber(n int64) string { return string(must(json.Marshal(n))) }

func TestAppTokenThroughV2(t *testing.T) {
	h := newHarness(t)
	h.consentAll(customerTenant, partnerApp)
	// The resource decides the version: Defender gives version 1 here too.
	// The OIDC scopes are what MSAL for Go adds to every request.
	m := h.post("/CUSTOMER.example/OAuth2/V2.0/Token?client-request-id=x", appForm("scope", secURI+"/.default openid offline_access profile")).json(t)
	if c := claimsOf(t, m["access_token"].(string)); c["ver"] != "1.0" || c["aud"] != secURI {
		t.Errorf("ver %v, aud %v", c["ver"], c["aud"])
	}
	delete(m, "access_token")
	if d := cmp.Diff(map[string]any{"token_type": "Bearer", "expires_in": 3599.0, "ext_expires_in": 3599.0}, m); d != "" {
		t.Errorf("answer (-want +got):\n%s", d)
	}
	// The double slash of Azure's management API keeps one slash in aud.
	m = h.post("/"+customerTenant+v2Token, appForm("scope", "https://management.core.windows.net//.default")).json(t)
	if c := claimsOf(t, m["access_token"].(string)); c["aud"] != "https://management.core.windows.net/" || roles(c) != nil {
		t.Errorf("aud %v, roles %v", c["aud"], roles(c))
	}
}

func TestAppTokenV2Resource(t *testing.T) {
	h := newHarness(t)
	if _, err := h.world.Assign(customerTenant, singleApp, apiApp, world.DeriveGUID("things")); err != nil {
		t.Fatal(err)
	}
	m := h.post("/"+customerTenant+v2Token, appForm("client_id", singleApp, "scope", "api://things/.default")).json(t)
	raw := m["access_token"].(string)
	c, err := h.verified(raw, "/"+customerTenant+"/discovery/v2.0/keys")
	if err != nil {
		t.Errorf("signature: %v", err)
	}
	for name, want := range map[string]any{"aud": apiApp, "iss": h.srv.URL + "/" + customerTenant + "/v2.0", "azp": singleApp, "azpacr": "1", "ver": "2.0", "appid": nil} {
		if c[name] != want {
			t.Errorf("%s = %v, want %v", name, c[name], want)
		}
	}
	if d := cmp.Diff([]string{"Things.Read"}, roles(c)); d != "" {
		t.Errorf("roles:\n%s", d)
	}
	if _, has := headerOf(t, raw)["x5t"]; has {
		t.Error("a version 2 token has x5t")
	}
}

func TestGraphTokenIsOpaque(t *testing.T) {
	h := newHarness(t)
	h.consentAll(customerTenant, partnerApp)
	m := h.post("/"+customerTenant+v2Token, appForm("scope", graphAPI+"/.default")).json(t)
	raw := m["access_token"].(string)
	if headerOf(t, raw)["nonce"] == nil {
		t.Error("no nonce in the header")
	}
	c, err := h.verified(raw, "/"+customerTenant+"/discovery/keys")
	if err == nil {
		t.Error("plain verification of a Graph token succeeded")
	}
	if d := cmp.Diff([]string{"SecurityIncident.Read.All"}, roles(c)); d != "" {
		t.Errorf("roles:\n%s", d)
	}
	got, err := h.sts.keys.Verify(raw)
	if err != nil || !got.AppOnly || got.TenantID != customerTenant {
		t.Errorf("the sandbox's own verification: %+v, %v", got, err)
	}
}

func TestConsentDecidesRoles(t *testing.T) {
	h := newHarness(t)
	// In the directory but granted nothing: a token without roles.
	must(h.world.CreateServicePrincipal(customerTenant, partnerApp))
	ask := func() []string {
		return roles(claimsOf(t, h.post("/"+customerTenant+v2Token, appForm()).json(t)["access_token"].(string)))
	}
	if got := ask(); got != nil {
		t.Errorf("roles %v, want none", got)
	}
	h.consentAll(customerTenant, partnerApp)
	xdr, _ := h.world.App(world.AppDefenderXDR)
	hunting, _ := xdr.RoleByValue("AdvancedHunting.Read.All")
	must(h.world.UpdateApp(partnerApp, "role.added", func(a *world.App) error {
		a.Required[0].Access = append(a.Required[0].Access, world.Access{ID: hunting.ID, Type: "Role"})
		return nil
	}))
	// Consent was a snapshot.
	if d := cmp.Diff([]string{"Incident.Read.All"}, ask()); d != "" {
		t.Errorf("roles after the registration changed:\n%s", d)
	}
	h.consentAll(customerTenant, partnerApp)
	if d := cmp.Diff([]string{"Incident.Read.All", "AdvancedHunting.Read.All"}, ask()); d != "" {
		t.Errorf("roles after a second consent:\n%s", d)
	}
	// Another tenant that granted nothing is not touched.
	must(h.world.CreateServicePrincipal(partnerTenant, partnerApp))
	got := claimsOf(t, h.post("/"+partnerTenant+v2Token, appForm("scope", graphAPI+"/.default")).json(t)["access_token"].(string))
	if roles(got) != nil || got["tid"] != partnerTenant {
		t.Errorf("tid %v, roles %v", got["tid"], roles(got))
	}
}

func TestLifetimeByApp(t *testing.T) {
	h := newHarness(t)
	h.consentAll(customerTenant, defendApp)
	m := h.post("/"+customerTenant+v2Token, appForm("client_id", defendApp)).json(t)
	c := claimsOf(t, m["access_token"].(string))
	if m["expires_in"] != 600.0 || c["exp"] != float64(h.now.Unix()+600) {
		t.Errorf("expires_in %v, exp %v", m["expires_in"], c["exp"])
	}
}

func TestBasicAuthentication(t *testing.T) {
	h := newHarness(t)
	odd := "a b:c+%/é"
	must(h.world.UpdateApp(partnerApp, "secret", func(a *world.App) error {
		a.Secrets = append(a.Secrets, &world.Secret{Value: odd})
		return nil
	}))
	h.consentAll(customerTenant, partnerApp)
	for secret, want := range map[string]int{odd: 200, "wrong": 401, "": 401} {
		form := appForm("client_secret", "", "client_id", "")
		req := must(http.NewRequest(http.MethodPost, h.srv.URL+"/"+customerTenant+v2Token, strings.NewReader(form.Encode())))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth(partnerApp, url.QueryEscape(secret))
		if a := h.send(h.http, req); a.status != want {
			t.Errorf("secret %q: status %d, want %d: %s", secret, a.status, want, a.body)
		}
	}
}

func TestFederatedByDiscovery(t *testing.T) {
	h := newHarness(t)
	var issuer *httptest.Server
	issuer = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/keys" {
			_, _ = w.Write(keySetOf(clientJWKS()))
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": issuer.URL, "jwks_uri": issuer.URL + "/keys"})
	}))
	defer issuer.Close()
	got := foreign(issuer.URL, "repo:a", "api://AzureADTokenExchange", func(f *world.FederatedCredential) { f.Issuer, f.JWKS = issuer.URL, nil })(h)
	if got.status != 200 {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	if c := claimsOf(t, got.json(t)["access_token"].(string)); c["appidacr"] != "2" {
		t.Errorf("appidacr %v", c["appidacr"])
	}
	// The same with the keys declared by the world.
	if got := foreign("https://issuer.example", "repo:a", "api://AzureADTokenExchange", nil)(newHarness(t)); got.status != 200 {
		t.Errorf("declared keys: status %d: %s", got.status, got.body)
	}
}

func TestUserTokensV2(t *testing.T) {
	h := newHarness(t)
	verifier := strings.Repeat("v", 50)
	code := h.code("scope", "openid profile offline_access "+graphAPI+"/User.Read", "code_challenge", s256(verifier), "code_challenge_method", "S256")
	m := h.post("/"+customerTenant+v2Token, codeForm(code, "code_verifier", verifier, "client_info", "1")).json(t)
	if m["scope"] != "openid profile "+graphAPI+"/User.Read" {
		t.Errorf("scope %v", m["scope"])
	}
	if n := m["expires_in"].(float64); n < 3600 || n >= 5400 {
		t.Errorf("expires_in %v, want 60 to 90 minutes", n)
	}
	id, err := h.verified(m["id_token"].(string), "/"+customerTenant+"/discovery/v2.0/keys")
	if err != nil {
		t.Errorf("signature of the id token: %v", err)
	}
	user := world.DeriveGUID("admin@customer.example")
	for name, want := range map[string]any{"aud": partnerApp, "iss": h.srv.URL + "/" + customerTenant + "/v2.0", "tid": customerTenant, "oid": user, "nonce": "n-1", "preferred_username": "admin@customer.example", "ver": "2.0"} {
		if id[name] != want {
			t.Errorf("id token: %s = %v, want %v", name, id[name], want)
		}
	}
	access := claimsOf(t, m["access_token"].(string))
	scp := strings.Fields(access["scp"].(string))
	if !slices.Contains(scp, "User.Read") || access["upn"] != "admin@customer.example" || access["roles"] != nil || access["idtyp"] != "user" {
		t.Errorf("access token: scp %v, upn %v, roles %v, idtyp %v", scp, access["upn"], access["roles"], access["idtyp"])
	}
	var info map[string]string
	if err := json.Unmarshal(must(base64.RawURLEncoding.DecodeString(m["client_info"].(string))), &info); err != nil || info["uid"] != user || info["utid"] != customerTenant {
		t.Errorf("client_info %v, %v", info, err)
	}
	// The refresh token works more than once.
	for range 2 {
		again := h.post("/common"+v2Token, codeForm("", "code", "", "grant_type", "refresh_token", "refresh_token", m["refresh_token"].(string)))
		if again.status != 200 || again.json(t)["refresh_token"] == m["refresh_token"] {
			t.Errorf("refresh: %d %s", again.status, again.body)
		}
	}
	// userinfo of v1 takes the access token.
	req := must(http.NewRequest(http.MethodGet, h.srv.URL+"/common/openid/userinfo", nil))
	req.Header.Set("Authorization", "Bearer "+m["access_token"].(string))
	if a := h.send(h.http, req); a.status != 200 || a.json(t)["upn"] != "admin@customer.example" {
		t.Errorf("userinfo: %d %s", a.status, a.body)
	}
	if a := h.get("/common/openid/userinfo", nil); a.status != 401 {
		t.Errorf("userinfo without a token: %d", a.status)
	}
}

func TestPublicClientWithPKCE(t *testing.T) {
	h := newHarness(t)
	verifier := strings.Repeat("v", 50)
	code := h.code("redirect_uri", desktopURI+":54321", "code_challenge", verifier, "code_challenge_method", "plain")
	form := codeForm(code, "client_secret", "", "redirect_uri", desktopURI+":54321", "code_verifier", verifier)
	if a := h.post("/"+customerTenant+v2Token, form); a.status != 200 {
		t.Errorf("status %d: %s", a.status, a.body)
	}
}

func TestDeviceCode(t *testing.T) {
	h := newHarness(t)
	scope := "openid offline_access " + graphAPI + "/Application.ReadWrite.All"
	start := h.post("/organizations/oauth2/v2.0/devicecode", values("client_id", world.AppGraphCommands, "scope", scope)).json(t)
	if start["verification_uri"] != h.srv.URL+"/devicelogin" || start["expires_in"] != 900.0 || start["interval"] != 5.0 {
		t.Errorf("answer %v", start)
	}
	code := start["device_code"].(string)
	if to := h.get("/devicelogin", nil).location; to != h.srv.URL+"/common/oauth2/deviceauth" {
		t.Errorf("devicelogin leads to %s", to)
	}
	page := h.submit(h.http, h.get("/common/oauth2/deviceauth", nil), "otc", strings.ToLower(start["user_code"].(string)))
	page = h.submit(h.http, page, "upn", "admin@customer.example", "password", "pw")
	if !strings.Contains(page.body, `data-permission="Application.ReadWrite.All"`) {
		t.Fatalf("no consent page: %s", page.body)
	}
	page = h.submit(h.http, page, "decision", "accept")
	if page.status != 200 || !strings.Contains(page.body, "You have signed in") {
		t.Fatalf("status %d: %s", page.status, page.body)
	}
	m := h.poll(world.AppGraphCommands, code).json(t)
	c := claimsOf(t, m["access_token"].(string))
	if !slices.Contains(strings.Fields(c["scp"].(string)), "Application.ReadWrite.All") || c["appidacr"] != "0" || c["tid"] != customerTenant {
		t.Errorf("scp %v, appidacr %v, tid %v", c["scp"], c["appidacr"], c["tid"])
	}
	// Consent without the tick box is the administrator's own.
	sp, _ := h.world.ServicePrincipal(customerTenant, world.AppGraphCommands)
	for _, g := range sp.Grants {
		if g.UserID == "" {
			t.Errorf("tenant-wide grant %v", g)
		}
	}
	if a := h.poll(world.AppGraphCommands, code); a.json(t)["error"] != "invalid_grant" {
		t.Errorf("second redemption: %s", a.body)
	}
}

func TestDeviceCodeV1(t *testing.T) {
	h := newHarness(t)
	resource := "https://management.core.windows.net/"
	start := h.post("/common/oauth2/devicecode?api-version=1.0", values("client_id", world.AppAzureCLI, "resource", resource)).json(t)
	if start["expires_in"] != "900" || start["interval"] != "5" || start["verification_url"] == nil {
		t.Errorf("answer %v", start)
	}
	page := h.post("/common/oauth2/deviceauth", values("otc", start["user_code"].(string)))
	page = h.submit(h.http, page, "upn", "user@customer.example", "password", "pw")
	h.submit(h.http, page, "decision", "accept") // no consent: a pre-authorised client
	m := h.post("/common"+v1Token, values("grant_type", "device_code", "client_id", world.AppAzureCLI, "code", start["device_code"].(string), "resource", resource)).json(t)
	if m["resource"] != resource || m["scope"] != "user_impersonation" || m["refresh_token"] == nil || m["id_token"] == nil {
		t.Errorf("answer %v", m)
	}
}

func TestTokensOfThePast(t *testing.T) {
	h := newHarness(t)
	h.consentAll(customerTenant, partnerApp)
	raw := h.post("/"+customerTenant+v2Token, appForm()).json(t)["access_token"].(string)
	if c := claimsOf(t, raw); c["exp"].(float64)-c["iat"].(float64) != 3899 {
		t.Errorf("exp - iat = %v", c["exp"].(float64)-c["iat"].(float64))
	}
	h.pass(time.Hour)
	other := h.post("/"+customerTenant+v2Token, appForm()).json(t)["access_token"].(string)
	if claimsOf(t, other)["exp"] == claimsOf(t, raw)["exp"] {
		t.Error("the service ignores the world's clock")
	}
}
