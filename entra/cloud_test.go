package entra

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestClouds(t *testing.T) {
	var names []string
	for _, c := range Clouds() {
		names = append(names, c.Name)
		if err := c.validate(); err != nil {
			t.Error(err)
		}
		for _, o := range append([]string{c.Graph, c.Defender, c.DefenderEndpoint, c.Issuer, c.IssuerV2, c.KeyVaultAudience}, c.DefenderRegions...) {
			if got, err := parseOrigin("origin", o); err != nil || got != o {
				t.Errorf("%s: %q is no plain origin", c.Name, o)
			}
		}
		got, err := CloudByName(strings.ToUpper(c.Name))
		if err != nil || got.Name != c.Name {
			t.Errorf("CloudByName(%s): %v", c.Name, err)
		}
	}
	if d := cmp.Diff([]string{"public", "usgov-gcc", "usgov-high", "usgov-dod"}, names); d != "" {
		t.Error(d)
	}
	_, err := CloudByName("china")
	if err == nil || !strings.Contains(err.Error(), "usgov-dod") || !strings.Contains(err.Error(), `"china"`) {
		t.Errorf("unknown cloud: %v", err)
	}
}

func TestResources(t *testing.T) {
	for _, tt := range []struct {
		cloud, graph, xdr, mde, vault string
	}{
		{"public", "https://graph.microsoft.com", "https://api.security.microsoft.com", "https://api.securitycenter.microsoft.com", "https://vault.azure.net"},
		{"usgov-gcc", "https://graph.microsoft.com", "https://api-gcc.security.microsoft.us", "https://api-gcc.securitycenter.microsoft.us", "https://vault.azure.net"},
		{"usgov-high", "https://graph.microsoft.us", "https://api-gov.security.microsoft.us", "https://api-gov.securitycenter.microsoft.us", "https://vault.usgovcloudapi.net"},
		{"usgov-dod", "https://dod-graph.microsoft.us", "https://api-gov.security.microsoft.us", "https://api-gov.securitycenter.microsoft.us", "https://vault.usgovcloudapi.net"},
	} {
		c, err := CloudByName(tt.cloud)
		if err != nil {
			t.Fatal(err)
		}
		for kind, want := range map[ResourceKind]string{ResourceGraph: tt.graph, ResourceDefender: tt.xdr, ResourceEndpoint: tt.mde, ResourceKeyVault: tt.vault} {
			r := c.Resource(kind)
			if r.URI != want || r.Scope() != want+"/.default" || !r.Accepts(want+"/") || !r.Accepts(strings.ToUpper(r.AppID)) || r.Accepts("") || r.Accepts(want+".evil.example") {
				t.Errorf("%s %s: %+v", tt.cloud, kind, r)
			}
		}
	}
	if r := Clouds()[0].Resource("nonsense"); r.URI != "" {
		t.Errorf("unknown kind: %+v", r)
	}
}

func TestParseResource(t *testing.T) {
	c := Clouds()[0]
	for in, want := range map[string]struct {
		kind ResourceKind
		uri  string
	}{
		"graph":                               {ResourceGraph, "https://graph.microsoft.com"},
		"XDR":                                 {ResourceDefender, "https://api.security.microsoft.com"},
		"https://api.security.microsoft.com/": {ResourceDefender, "https://api.security.microsoft.com"},
		"https://securitycenter.onmicrosoft.com/windowsatpservice/.default": {ResourceEndpoint, "https://securitycenter.onmicrosoft.com/windowsatpservice"},
		"fc780465-2017-40d4-a0c5-307022471b92":                              {ResourceEndpoint, "fc780465-2017-40d4-a0c5-307022471b92"},
		"api://my-api/.default":                                             {ResourceOther, "api://my-api"},
		clientID:                                                            {ResourceOther, clientID},
	} {
		r, err := ParseResource(c, in)
		if err != nil || r.Kind != want.kind || r.URI != want.uri || !r.Accepts(want.uri) {
			t.Errorf("%s: %+v, %v", in, r, err)
		}
	}
	for _, in := range []string{"", "/", "incidents", "http://api.security.microsoft.com", "https://", "https://x y", "https://u:p@host", "https://host/?q", "ftp://x", "\x00"} {
		if r, err := ParseResource(c, in); err == nil {
			t.Errorf("%q accepted as %+v", in, r)
		}
	}
}

func TestCustomCloud(t *testing.T) {
	c, err := CustomCloud("sandbox", "https://LocalHost:8443/", "https://localhost:8443", "https://localhost:8443", "https://localhost:8443")
	if err != nil {
		t.Fatal(err)
	}
	if c.Login != "https://localhost:8443" || c.LoginV1 != c.Login || c.IssuerV2 != c.Login || c.DefenderRegions != nil {
		t.Errorf("%+v", c)
	}
	if got := c.Resource(ResourceDefender).URI; got != "https://api.security.microsoft.com" {
		t.Errorf("the audience %q moved with the address", got)
	}
	for _, bad := range []string{"", "http://localhost", "localhost:8443", "https://", "https://h/path", "https://h?q", "https://h#f", "https://user:hunter2@h", "://"} {
		_, err := CustomCloud("sandbox", bad, c.Graph, c.Defender, c.DefenderEndpoint)
		var ce *ConfigError
		if !errors.As(err, &ce) || ce.Field != "cloud.login" || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, name := range []string{"", " ", "Public"} {
		if _, err := CustomCloud(name, c.Login, c.Graph, c.Defender, c.DefenderEndpoint); err == nil {
			t.Errorf("name %q accepted", name)
		}
	}
}

func TestParseTenantID(t *testing.T) {
	for _, in := range []string{string(tenantA), strings.ToUpper(string(tenantA)), "{" + string(tenantA) + "}", " " + string(tenantA) + "\n"} {
		if got, err := ParseTenantID(in); err != nil || got != tenantA {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"", emptyGUID, "contoso.com", "common", "11111111aaaa4aaa8aaa111111111111", string(tenantA) + "/", "../" + string(tenantA), "11111111-aaaa-4aaa-8aaa-11111111111g", "１1111111-aaaa-4aaa-8aaa-1111111111"} {
		if got, err := ParseTenantID(in); err == nil {
			t.Errorf("%q accepted as %q", in, got)
		}
	}
	if _, err := ParseTenantID("contoso.com"); !strings.Contains(err.Error(), "resolve the domain") {
		t.Errorf("a domain: %v", err)
	}
}

func TestParseDomain(t *testing.T) {
	for in, want := range map[string]string{"Contoso.COM": "contoso.com", "a.b-c.onmicrosoft.com.": "a.b-c.onmicrosoft.com", "xn--mnchen-3ya.example": "xn--mnchen-3ya.example"} {
		if got, err := ParseDomain(in); err != nil || got != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"", ".", "contoso", "-a.com", "a-.com", "a..com", "münchen.example", "a@b.com", "https://a.com", "a.com/x", "10.0.0.1", "a_b.com", strings.Repeat("a", 64) + ".com", strings.Repeat("a.", 127) + "com", "a.com:443", "a.com?x"} {
		if got, err := ParseDomain(in); err == nil {
			t.Errorf("%q accepted as %q", in, got)
		}
	}
}

func FuzzParseNames(f *testing.F) {
	for _, s := range []string{string(tenantA), "contoso.com", "{}", "xdr", "https://x/.default", "https://localhost:8443"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		safe := func(what, v string) {
			if strings.ContainsAny(v, "/?#%@\\ ") || url.PathEscape(v) != v {
				t.Errorf("%s %q is not safe in a URL", what, v)
			}
		}
		if id, err := ParseTenantID(s); err == nil {
			safe("tenant", string(id))
		}
		if d, err := ParseDomain(s); err == nil {
			safe("domain", d)
		}
		if r, err := ParseResource(Clouds()[0], s); err == nil && (r.URI == "" || !r.Accepts(r.URI)) {
			t.Errorf("resource %+v", r)
		}
		if o, err := parseOrigin("o", s); err == nil {
			if again, err := parseOrigin("o", o); err != nil || again != o {
				t.Errorf("origin %q is not stable: %q, %v", o, again, err)
			}
		}
	})
}

func TestResolveTenant(t *testing.T) {
	doc := func(issuer, instance, sub string) string {
		return fmt.Sprintf(`{"issuer":%q,"cloud_instance_name":%q,"tenant_region_sub_scope":%q}`, issuer, instance, sub)
	}
	iss := "https://login.microsoftonline.com/" + string(tenantA) + "/v2.0"
	const notFound = `{"error":"invalid_tenant","error_description":"AADSTS90002: Tenant 'nobody.example' not found.","error_codes":[90002]}`
	for _, tt := range []struct {
		name, cloud, ask, path string
		status                 int
		body                   string
		want                   TenantID
		says                   string
	}{
		{"domain", "public", "Contoso.com", "/contoso.com/v2.0/.well-known/openid-configuration", 200, doc(iss, "microsoftonline.com", ""), tenantA, ""},
		{"id", "public", strings.ToUpper(string(tenantA)), "/" + string(tenantA) + "/v2.0/.well-known/openid-configuration", 200, doc(iss, "microsoftonline.com", ""), tenantA, ""},
		{"null members", "public", "contoso.com", "", 200, `{"issuer":"` + iss + `","cloud_instance_name":"microsoftonline.com","tenant_region_sub_scope":null}`, tenantA, ""},
		{"unknown", "public", "nobody.example", "", 400, notFound, "", "usgov-high"},
		{"GCC High asked in public", "public", "agency.example", "", 200, doc(iss, "microsoftonline.us", "DODCON"), tenantA, "use the cloud usgov-high"},
		{"DoD asked in GCC High", "usgov-high", "agency.example", "", 200, doc(iss, "microsoftonline.us", "DOD"), tenantA, "use the cloud usgov-dod"},
		{"GCC asked in public", "public", "city.example", "", 200, doc(iss, "microsoftonline.com", "GCC"), tenantA, "use the cloud usgov-gcc"},
		{"GCC asked in GCC", "usgov-gcc", "city.example", "", 200, doc(iss, "microsoftonline.com", "GCC"), tenantA, ""},
		{"public asked in DoD", "usgov-dod", "contoso.com", "", 200, doc(iss, "microsoftonline.com", ""), tenantA, "public or usgov-gcc"},
		{"another cloud", "public", "contoso.cn", "", 200, doc(iss, "partner.microsoftonline.cn", ""), tenantA, "not supported"},
		{"another tenant's document", "public", string(tenantB), "", 200, doc(iss, "", ""), "", "asked was"},
		{"no tenant in the issuer", "public", "contoso.com", "", 200, doc("https://login.microsoftonline.com/{tenantid}/v2.0", "", ""), "", "names no tenant"},
		{"http issuer", "public", "contoso.com", "", 200, doc("http://x/"+string(tenantA), "", ""), "", "not an https URL"},
		{"portal", "public", "contoso.com", "", 200, "<html><title>Wi-Fi</title>", "", "Wi-Fi"},
		{"not JSON", "public", "contoso.com", "", 200, "hello", "", "not an OpenID configuration"},
		{"service down", "public", "contoso.com", "", 503, "", "", "503"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cloud, err := CloudByName(tt.cloud)
			if err != nil {
				t.Fatal(err)
			}
			hc := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				if "https://"+r.URL.Host != cloud.Login || (tt.path != "" && r.URL.Path != tt.path) {
					t.Errorf("asked %s", r.URL)
				}
				return respond(tt.status, "", tt.body), nil
			})}
			got, err := ResolveTenant(t.Context(), hc, cloud, tt.ask)
			if got != tt.want {
				t.Errorf("tenant %q, want %q", got, tt.want)
			}
			if (tt.says == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), tt.says)) {
				t.Errorf("error %v, want one that says %q", err, tt.says)
			}
			var nf *TenantNotFoundError
			var e *Error
			if tt.status == 400 && (!errors.As(err, &nf) || !errors.As(err, &e) || e.Code != 90002) {
				t.Errorf("error %T does not unwrap to the refusal", err)
			}
		})
	}
	unreached := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		t.Errorf("asked %s", r.URL)
		return nil, errors.New("no")
	})}
	for _, bad := range []string{"", "contoso", "../x", emptyGUID, "a.com/../../b", "common"} {
		if _, err := ResolveTenant(t.Context(), unreached, Clouds()[0], bad); err == nil {
			t.Errorf("%q accepted", bad)
		}
	}
}
