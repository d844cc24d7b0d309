package arm

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/token"
	"github.com/tenantry/tenantry/sandbox/world"
)

const tenantID = "11111111-1111-4111-8111-111111111111"

// verifier knows tokens by their names.
type verifier map[string]*token.Claims

func (v verifier) Verify(raw string) (*token.Claims, error) {
	if c, ok := v[raw]; ok {
		return c, nil
	}
	return nil, errors.New("bad signature")
}

type fixture struct {
	handler http.Handler
	journal *journal.Journal
}

func setUp(t *testing.T, subscriptions func(string) []Subscription) *fixture {
	t.Helper()
	w := world.New(nil)
	if _, err := w.AddTenant(world.Tenant{ID: tenantID, Name: "Contoso", Domains: []string{"contoso.example", "contoso.onmicrosoft.com"}}); err != nil {
		t.Fatal(err)
	}
	v := verifier{
		"arm":   {TenantID: tenantID, AppID: "app", Audience: "https://management.azure.com/"},
		"core":  {TenantID: tenantID, AppID: "app", Audience: "https://management.core.windows.net/"},
		"gov":   {TenantID: tenantID, AppID: "app", Audience: "https://management.usgovcloudapi.net"},
		"id":    {TenantID: tenantID, AppID: "app", Audience: world.AppARM},
		"graph": {TenantID: tenantID, AppID: "app", Audience: "https://graph.microsoft.com"},
		"odd":   {TenantID: tenantID, AppID: "app", Audience: "https://nobody.example"},
		"gone":  {TenantID: "22222222-2222-4222-8222-222222222222", AppID: "app", Audience: "https://management.azure.com"},
	}
	j := journal.New(nil, nil)
	return &fixture{j.Middleware(New(Config{World: w, Verifier: v, Subscriptions: subscriptions, Now: func() time.Time { return time.Unix(0, 0) }})), j}
}

func (f *fixture) ask(t *testing.T, method, target, authorization string) (*http.Response, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	rec := httptest.NewRecorder()
	f.handler.ServeHTTP(rec, r)
	var body map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
		t.Fatalf("%s: %v in %q", target, err, rec.Body)
	}
	return rec.Result(), body
}

func TestTenants(t *testing.T) {
	f := setUp(t, nil)
	for _, bearer := range []string{"arm", "core", "gov", "id"} {
		resp, body := f.ask(t, http.MethodGet, "https://management.azure.com/tenants?api-version=2019-11-01", "Bearer "+bearer)
		want := map[string]any{"value": []any{map[string]any{
			"id": "/tenants/" + tenantID, "tenantId": tenantID, "displayName": "Contoso", "defaultDomain": "contoso.example",
			"domains": []any{"contoso.example", "contoso.onmicrosoft.com"}, "tenantCategory": "Home", "tenantType": "AAD",
		}}}
		if diff := cmp.Diff(want, body); diff != "" || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s (-want +got):\n%s", bearer, resp.Status, diff)
		}
	}
	if _, body := f.ask(t, http.MethodGet, "/tenants?api-version=2019-11-01", "bearer gone"); len(body["value"].([]any)) != 0 {
		t.Errorf("a tenant that is not in the world: %v", body)
	}
}

func TestSubscriptions(t *testing.T) {
	none := setUp(t, nil)
	resp, body := none.ask(t, http.MethodGet, "/Subscriptions/?api-version=2022-12-01", "Bearer arm")
	if resp.StatusCode != http.StatusOK || len(body["value"].([]any)) != 0 {
		t.Errorf("%s %v", resp.Status, body)
	}
	e := none.journal.Since(0)[0]
	if e.Operation != "subscriptions.list" || e.Decision != "allowed" || e.TenantID != tenantID || e.Resource != "https://management.azure.com/" {
		t.Errorf("journal has %+v", e)
	}
	one := setUp(t, func(id string) []Subscription {
		if id != tenantID {
			t.Errorf("asked for %s", id)
		}
		return []Subscription{{ID: "33333333-3333-4333-8333-333333333333", Name: "Production"}}
	})
	_, body = one.ask(t, http.MethodGet, "/subscriptions?api-version=2022-12-01", "Bearer arm")
	got := body["value"].([]any)[0].(map[string]any)
	if got["subscriptionId"] != "33333333-3333-4333-8333-333333333333" || got["displayName"] != "Production" || got["state"] != "Enabled" || got["tenantId"] != tenantID {
		t.Errorf("got %v", got)
	}
}

func TestRefusals(t *testing.T) {
	f := setUp(t, nil)
	for _, c := range []struct {
		name, method, target, auth string
		status                     int
		code                       string
	}{
		{"no token", "GET", "/subscriptions?api-version=2022-12-01", "", 401, "AuthenticationFailed"},
		{"other scheme", "GET", "/subscriptions?api-version=2022-12-01", "Basic arm", 401, "AuthenticationFailed"},
		{"foreign token", "GET", "/subscriptions?api-version=2022-12-01", "Bearer x", 401, "InvalidAuthenticationToken"},
		{"token for Graph", "GET", "/tenants?api-version=2022-12-01", "Bearer graph", 401, "InvalidAuthenticationTokenAudience"},
		{"token for nobody", "GET", "/tenants?api-version=2022-12-01", "Bearer odd", 401, "InvalidAuthenticationTokenAudience"},
		{"no version", "GET", "/tenants", "Bearer arm", 400, "MissingApiVersionParameter"},
		{"odd version", "GET", "/tenants?api-version=new", "Bearer arm", 400, "InvalidApiVersionParameter"},
		{"other method", "DELETE", "/tenants?api-version=2022-12-01", "Bearer arm", 405, "HttpMethodNotSupported"},
		{"unknown path", "GET", "/subscriptions/x/resourceGroups?api-version=2022-12-01", "Bearer arm", 404, "NotFound"},
		{"unknown path without token", "GET", "/x?api-version=2022-12-01", "", 401, "AuthenticationFailed"},
		{"root", "GET", "/", "", 404, "NotFound"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := f.journal.Seq()
			resp, body := f.ask(t, c.method, c.target, c.auth)
			e, _ := body["error"].(map[string]any)
			if resp.StatusCode != c.status || e["code"] != c.code || e["message"] == "" {
				t.Errorf("%s %v", resp.Status, body)
			}
			if challenge := resp.Header.Get("WWW-Authenticate"); (c.status == 401) != strings.HasPrefix(challenge, `Bearer authorization_uri="https://login.windows.net/`) {
				t.Errorf("challenge is %q", challenge)
			}
			if got := f.journal.Since(before)[0]; got.Decision != c.code {
				t.Errorf("journal says %q", got.Decision)
			}
		})
	}
}

func TestMetadataEndpoints(t *testing.T) {
	f := setUp(t, nil)
	get := func(target string) []byte {
		t.Helper()
		rec := httptest.NewRecorder()
		f.handler.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, target, nil))
		if rec.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", target, rec.Code, rec.Body)
		}
		return rec.Body.Bytes()
	}
	var list []cloud
	if err := json.Unmarshal(get("https://management.azure.com/metadata/endpoints?api-version=2019-05-01"), &list); err != nil || len(list) != 2 || list[1].Name != "AzureUSGovernment" {
		t.Errorf("list is %+v, %v", list, err)
	}
	for target, want := range map[string]string{
		"https://management.azure.com/metadata/endpoints?api-version=2022-09-01":             "https://login.microsoftonline.com",
		"https://management.azure.com/Metadata/Endpoints?api-version=latest":                 "https://login.microsoftonline.com",
		"https://management.usgovcloudapi.net:443/metadata/endpoints?api-version=2023-11-01": "https://login.microsoftonline.us",
		"https://management.azure.com/metadata/endpoints?api-version=2015-01-01":             "https://login.microsoftonline.com/",
		"https://management.azure.com/metadata/endpoints?api-version=1.0":                    "https://login.microsoftonline.com/",
	} {
		var one cloud
		if err := json.Unmarshal(get(target), &one); err != nil || one.Authentication.LoginEndpoint != want || len(one.Authentication.Audiences) != 2 {
			t.Errorf("%s: %+v, %v", target, one, err)
		}
	}
}
