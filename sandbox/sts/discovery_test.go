package sts

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/world"
)

func (h *harness) at(host, path string) answer {
	h.t.Helper()
	return h.do(h.http, http.MethodGet, path, host, nil)
}

func TestDiscovery(t *testing.T) {
	h := newHarness(t)
	const ms = "https://login.microsoftonline.com/"
	for name, c := range map[string]struct {
		host, path string
		want       map[string]any
	}{
		"v2 by domain": {"login.microsoftonline.com", "/Customer.Example/v2.0/.well-known/openid-configuration?", map[string]any{
			"issuer": ms + customerTenant + "/v2.0", "token_endpoint": ms + customerTenant + v2Token, "jwks_uri": ms + customerTenant + "/discovery/v2.0/keys",
			"authorization_endpoint": ms + customerTenant + v2Authorize, "device_authorization_endpoint": ms + customerTenant + "/oauth2/v2.0/devicecode",
			"userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo", "tenant_region_scope": "EU", "cloud_instance_name": "microsoftonline.com",
		}},
		"v1": {"login.windows.net", "/" + customerTenant + "/.well-known/openid-configuration", map[string]any{
			"issuer": "https://sts.windows.net/" + customerTenant + "/", "token_endpoint": "https://login.windows.net/" + customerTenant + v1Token,
			"jwks_uri": "https://login.windows.net/" + customerTenant + "/discovery/keys", "microsoft_multi_refresh_token": true,
		}},
		"v2 on an alias names the canonical issuer": {"login.windows.net", "/" + customerTenant + "/v2.0/.well-known/openid-configuration", map[string]any{
			"issuer": ms + customerTenant + "/v2.0", "token_endpoint": "https://login.windows.net/" + customerTenant + v2Token,
		}},
		"common":        {"login.microsoftonline.com", "/common/v2.0/.well-known/openid-configuration", map[string]any{"issuer": ms + "{tenantid}/v2.0", "tenant_region_scope": nil, "token_endpoint": ms + "common" + v2Token}},
		"organizations": {"login.microsoftonline.com", "/organizations/.well-known/openid-configuration", map[string]any{"issuer": "https://sts.windows.net/{tenantid}/"}},
		"consumers":     {"login.microsoftonline.com", "/consumers/v2.0/.well-known/openid-configuration", map[string]any{"issuer": ms + consumersTenant + "/v2.0"}},
		"authority mode": {"localhost:8443", "/" + customerTenant + "/v2.0/.well-known/openid-configuration", map[string]any{
			"issuer": "https://localhost:8443/" + customerTenant + "/v2.0", "token_endpoint": "https://localhost:8443/" + customerTenant + v2Token, "userinfo_endpoint": "https://localhost:8443/oidc/userinfo",
		}},
		"a tenant of another cloud is pointed to its own hosts": {"login.microsoftonline.com", "/gov.example/v2.0/.well-known/openid-configuration", map[string]any{
			"issuer": "https://login.microsoftonline.us/" + govTenant + "/v2.0", "token_endpoint": "https://login.microsoftonline.us/" + govTenant + v2Token,
			"cloud_instance_name": "microsoftonline.us", "tenant_region_scope": "USGov", "tenant_region_sub_scope": "DODCON", "msgraph_host": "graph.microsoft.us",
		}},
		"appid is handed on": {"login.microsoftonline.com", "/common/v2.0/.well-known/openid-configuration?appid=" + partnerApp, map[string]any{"jwks_uri": ms + "common/discovery/v2.0/keys?appid=" + partnerApp}},
	} {
		t.Run(name, func(t *testing.T) {
			got := h.at(c.host, c.path).json(t)
			for k, want := range c.want {
				if d := cmp.Diff(want, got[k]); d != "" {
					t.Errorf("%s (-want +got):\n%s", k, d)
				}
			}
			for _, must := range []string{"response_types_supported", "claims_supported", "end_session_endpoint", "subject_types_supported", "token_endpoint_auth_methods_supported"} {
				if got[must] == nil {
					t.Errorf("%s is missing", must)
				}
			}
		})
	}
}

func TestKeyDocuments(t *testing.T) {
	h := newHarness(t)
	for path, want := range map[string]any{
		"/common/discovery/keys":                        nil,
		"/common/discovery/v2.0/keys":                   "https://login.microsoftonline.com/{tenantid}/v2.0",
		"/" + customerTenant + "/discovery/v2.0/keys":   "https://login.microsoftonline.com/" + customerTenant + "/v2.0",
		"/CONSUMERS/Discovery/V2.0/Keys":                "https://login.microsoftonline.com/" + consumersTenant + "/v2.0",
		"/" + customerTenant + "/discovery/keys?appid=": nil,
	} {
		keys := h.at("login.microsoftonline.com", path).json(t)["keys"].([]any)
		if len(keys) < 2 {
			t.Errorf("%s: %d keys", path, len(keys))
		}
		for _, k := range keys {
			if got := k.(map[string]any)["issuer"]; got != want {
				t.Errorf("%s: issuer %v, want %v", path, got, want)
			}
		}
	}
}

func TestInstanceDiscovery(t *testing.T) {
	h := newHarness(t)
	const query = "/common/discovery/instance?api-version=1.1&authorization_endpoint="
	got := h.at("login.microsoftonline.com", query+"https://login.microsoftonline.com/common/oauth2/v2.0/authorize").json(t)
	if got["tenant_discovery_endpoint"] != "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration" || got["api-version"] != "1.1" {
		t.Errorf("answer %v", got)
	}
	first := got["metadata"].([]any)[0].(map[string]any)
	want := map[string]any{
		"preferred_network": "login.microsoftonline.com", "preferred_cache": "login.windows.net",
		"aliases": []any{"login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"},
	}
	if d := cmp.Diff(want, first); d != "" {
		t.Errorf("metadata (-want +got):\n%s", d)
	}
	// Authority mode: the host that was asked is an alias, with its port.
	got = h.at("localhost:8443", query+"https://localhost:8443/t/oauth2/authorize").json(t)
	all := got["metadata"].([]any)
	if !slices.ContainsFunc(all, func(e any) bool { return slices.Contains(e.(map[string]any)["aliases"].([]any), any("localhost:8443")) }) {
		t.Errorf("localhost:8443 is no alias: %v", all)
	}
	if got["tenant_discovery_endpoint"] != "https://localhost:8443/t/.well-known/openid-configuration" {
		t.Errorf("answer %v", got["tenant_discovery_endpoint"])
	}
}

func TestUserRealmAndCredentialType(t *testing.T) {
	h := newHarness(t)
	for path, want := range map[string]map[string]any{
		"/common/UserRealm/user@customer.example?api-version=1.0": {"ver": "1.0", "account_type": "Managed", "domain_name": "customer.example", "cloud_instance_name": "microsoftonline.com", "cloud_audience_urn": "urn:federation:MicrosoftOnline"},
		"/common/userrealm/x@nowhere.example":                     {"ver": "1.0", "account_type": "Unknown", "domain_name": "nowhere.example", "cloud_instance_name": "microsoftonline.com", "cloud_audience_urn": "urn:federation:MicrosoftOnline"},
	} {
		if d := cmp.Diff(want, h.get(path, nil).json(t)); d != "" {
			t.Errorf("%s (-want +got):\n%s", path, d)
		}
	}
	if got := h.get("/common/userrealm/nobody", nil); got.status != 400 {
		t.Errorf("no domain: %d", got.status)
	}
	for upn, want := range map[string]float64{"user@customer.example": 0, "nobody@customer.example": 1} {
		req := must(http.NewRequest(http.MethodPost, h.srv.URL+"/common/GetCredentialType", strings.NewReader(`{"username":"`+upn+`"}`)))
		if got := h.send(h.http, req).json(t)["IfExistsResult"]; got != want {
			t.Errorf("%s: IfExistsResult %v, want %v", upn, got, want)
		}
	}
}

func TestErrorLookup(t *testing.T) {
	h := newHarness(t)
	if got := h.get("/error", values("code", "7000229")); got.status != 200 || !strings.Contains(got.body, "missing service principal") {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := h.get("/error", values("code", "<b>")); strings.Contains(got.body, "<b>") || !strings.Contains(got.body, "no error with this code") {
		t.Errorf("%s", got.body)
	}
	if got := h.get("/common/nothing/here", nil); got.status != 404 {
		t.Errorf("unknown path: %d", got.status)
	}
}

func TestHeaders(t *testing.T) {
	h := newHarness(t)
	id := world.NewGUID()
	for _, c := range []struct {
		ask  string
		want string
	}{{"true", id}, {"false", ""}, {"", ""}} {
		req := must(http.NewRequest(http.MethodPost, h.srv.URL+"/"+customerTenant+v2Token, nil))
		req.Header.Set("client-request-id", id)
		req.Header.Set("Return-Client-Request-Id", c.ask)
		got := h.send(h.http, req)
		if got.header.Get("client-request-id") != c.want {
			t.Errorf("Return-Client-Request-Id %q: %q", c.ask, got.header.Get("client-request-id"))
		}
		m := got.json(t)
		if m["correlation_id"] != id || m["trace_id"] != got.header.Get("x-ms-request-id") || got.header.Get("Strict-Transport-Security") != "" {
			t.Errorf("body %v, headers %v", m, got.header)
		}
	}
	// Not a GUID: a fresh correlation id.
	req := must(http.NewRequest(http.MethodPost, h.srv.URL+"/"+customerTenant+v2Token, nil))
	req.Header.Set("client-request-id", "me")
	if got := h.send(h.http, req).json(t)["correlation_id"]; got == "me" || !world.IsGUID(got.(string)) {
		t.Errorf("correlation_id %v", got)
	}
	// msal-node sends it in the URL.
	if got := h.post("/"+customerTenant+v2Token+"?client-request-id="+id, values("grant_type", "x")).json(t); got["correlation_id"] != id {
		t.Errorf("correlation_id %v", got["correlation_id"])
	}
}

// What the handler knows is in the journal's entry of the request.
func TestJournalEntry(t *testing.T) {
	h := newHarness(t)
	h.consentAll(customerTenant, partnerApp)
	for name, c := range map[string]struct {
		form []string
		want journal.Event
	}{
		"granted": {nil, journal.Event{
			Service: "sts", Operation: "token", TenantID: customerTenant, AppID: partnerApp, Resource: secURI, Roles: []string{"Incident.Read.All"}, Decision: "allowed",
		}},
		"refused": {[]string{"client_secret", "wrong"}, journal.Event{
			Service: "sts", Operation: "token", TenantID: customerTenant, AppID: partnerApp, Resource: secURI, Error: "invalid_client", AADSTS: 7000215, Decision: "refused: the secret matches none that is valid now",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			form := appForm(c.form...)
			req := must(http.NewRequest(http.MethodPost, "https://login.microsoftonline.com/"+customerTenant+v2Token, strings.NewReader(form.Encode())))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			j := journal.New(nil, h.clock)
			j.Middleware(h.sts).ServeHTTP(&recorder{header: http.Header{}}, req)
			events := j.Since(0)
			if len(events) != 1 {
				t.Fatalf("%d events, want 1", len(events))
			}
			e := events[0]
			if raw := string(must(json.Marshal(e))); strings.Contains(raw, goodSecret) {
				t.Errorf("the journal holds the secret: %s", raw)
			}
			got := journal.Event{
				Service: e.Service, Operation: e.Operation, TenantID: e.TenantID, AppID: e.AppID, Resource: e.Resource,
				Roles: e.Roles, Error: e.Error, AADSTS: e.AADSTS, Decision: e.Decision,
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("event (-want +got):\n%s", d)
			}
		})
	}
}

func TestEveryCloudServesItsOwn(t *testing.T) {
	h := newHarness(t)
	for _, c := range []struct {
		host, tenant string
		refused      bool
	}{
		{"login.microsoftonline.us", govTenant, false},
		{"login.usgovcloudapi.net", govTenant, false},
		{"localhost:1", govTenant, false},
		{"login.microsoftonline.us", customerTenant, true},
		{"sts.windows.net", govTenant, true},
		{"login.windows.net:443", customerTenant, false},
		{"login.microsoftonline.com.", govTenant, true},
	} {
		h.rows = nil
		h.do(h.http, http.MethodPost, "/"+c.tenant+v2Token, c.host, appForm())
		if got := slices.Contains(h.rows, tenantWrongCloud); got != c.refused {
			t.Errorf("%s on %s: rows %v", c.tenant, c.host, h.rows)
		}
	}
}
