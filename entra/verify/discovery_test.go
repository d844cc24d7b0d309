package verify

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func discoveryDoc(issuer, keys string) []byte {
	return fmt.Appendf(nil, `{"token_endpoint":"https://login.example/x/oauth2/v2.0/token","issuer":%q,"jwks_uri":%q,"cloud_instance_name":"microsoftonline.com"}`, issuer, keys)
}

func TestParseDiscovery(t *testing.T) {
	const host = "https://login.example"
	ofA := host + "/" + tenantA
	for _, tt := range []struct{ name, authority, issuer, keys string }{
		{"common", host + "/common", host + "/{tenantid}/v2.0", host + "/common/discovery/v2.0/keys"},
		{"organizations", host + "/organizations", host + "/{tenantid}/v2.0", host + "/organizations/discovery/v2.0/keys"},
		{"consumers", host + "/consumers", host + "/" + consumers + "/v2.0", host + "/consumers/discovery/v2.0/keys"},
		{"tenant", ofA, ofA + "/v2.0", ofA + "/discovery/v2.0/keys"},
		{"tenant, keys of version 1.0", ofA, ofA + "/v2.0", ofA + "/discovery/keys"},
		{"tenant, shared keys", ofA, ofA + "/v2.0", host + "/common/discovery/v2.0/keys"},
		{"tenant, keys of one application", ofA, ofA + "/v2.0", ofA + "/discovery/v2.0/keys?appid=" + clientID},
		{"domain answered by an id", host + "/contoso.example", ofA + "/v2.0", ofA + "/discovery/v2.0/keys"},
	} {
		d, err := ParseDiscovery(discoveryDoc(tt.issuer, tt.keys), tt.authority)
		if err != nil || d.Issuer != tt.issuer || d.KeysURI != tt.keys {
			t.Errorf("%s: %+v, %v", tt.name, d, err)
		}
	}
	good := discoveryDoc(ofA+"/v2.0", ofA+"/discovery/v2.0/keys")
	for _, tt := range []struct {
		name string
		doc  []byte
		want string
	}{
		{"keys elsewhere", discoveryDoc(ofA+"/v2.0", "https://evil.example/"+tenantA+"/discovery/v2.0/keys"), "which is not at"},
		{"keys at a look-alike", discoveryDoc(ofA+"/v2.0", "https://login.example.evil.example/"+tenantA+"/discovery/v2.0/keys"), "which is not at"},
		{"keys at the host as a user", discoveryDoc(ofA+"/v2.0", "https://login.example@evil.example/"+tenantA+"/discovery/v2.0/keys"), "which is not at"},
		{"keys at a user of the host", discoveryDoc(ofA+"/v2.0", "https://x@login.example/"+tenantA+"/discovery/v2.0/keys"), "which is not at"},
		{"keys at another port", discoveryDoc(ofA+"/v2.0", "https://login.example:8443/"+tenantA+"/discovery/v2.0/keys"), "which is not at"},
		{"keys over http", discoveryDoc(ofA+"/v2.0", "http://login.example/"+tenantA+"/discovery/v2.0/keys"), "which is not at"},
		{"keys in a file", discoveryDoc(ofA+"/v2.0", "file:///etc/keys"), "which is not at"},
		{"keys in the text", discoveryDoc(ofA+"/v2.0", "data:application/json,{}"), "which is not at"},
		{"keys at the metadata address", discoveryDoc(ofA+"/v2.0", "https://169.254.169.254/"+tenantA+"/discovery/v2.0/keys"), "which is not at"},
		{"keys with another query", discoveryDoc(ofA+"/v2.0", ofA+"/discovery/v2.0/keys?next=https://evil.example"), "which is not at"},
		{"keys of another tenant", discoveryDoc(ofA+"/v2.0", host+"/"+tenantB+"/discovery/v2.0/keys"), "not the keys of the tenant"},
		{"keys at another path", discoveryDoc(ofA+"/v2.0", ofA+"/uploads/keys"), "not the keys of the tenant"},
		{"keys by way of a dotted path", discoveryDoc(ofA+"/v2.0", ofA+"/discovery/v2.0/keys/../../x"), "not the keys of the tenant"},
		{"issuer of another tenant", discoveryDoc(host+"/"+tenantB+"/v2.0", ofA+"/discovery/v2.0/keys"), "is about the tenant"},
		{"issuer of all tenants", discoveryDoc(host+"/{tenantid}/v2.0", ofA+"/discovery/v2.0/keys"), "is about the tenant"},
		{"issuer elsewhere", discoveryDoc("https://evil.example/"+tenantA+"/v2.0", ofA+"/discovery/v2.0/keys"), "names the issuer"},
		{"issuer of version 1.0", discoveryDoc("https://sts.windows.net/"+tenantA+"/", ofA+"/discovery/v2.0/keys"), "names the issuer"},
		{"issuer with a path", discoveryDoc(ofA+"/x/v2.0", ofA+"/discovery/v2.0/keys"), "names the issuer"},
		{"jwks_uri missing", []byte(`{"issuer":"` + ofA + `/v2.0"}`), "no issuer or no jwks_uri"},
		{"jwks_uri twice", []byte(strings.Replace(string(good), `{`, `{"jwks_uri":"https://evil.example/keys",`, 1)), "twice"},
		{"jwks_uri a list", []byte(`{"issuer":"` + ofA + `/v2.0","jwks_uri":["` + ofA + `/discovery/v2.0/keys"]}`), "no issuer or no jwks_uri"},
		{"HTML", []byte("<html>sign in</html>"), "HTML page"},
		{"truncated", good[:len(good)-9], "not valid JSON"},
		{"too long", append(good, make([]byte, MaxDiscovery)...), "more than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseDiscovery(tt.doc, ofA)
			var document *DocumentError
			if !errors.As(err, &document) || !strings.Contains(err.Error(), tt.want) || document.Next() == "" {
				t.Errorf("error %v, want *DocumentError with %q", err, tt.want)
			}
		})
	}
	if _, err := ParseDiscovery(good, "http://login.example/x"); err == nil {
		t.Error("an authority over http is accepted")
	}
}

func TestDiscoveredKeys(t *testing.T) {
	keys := jwks(jwkOf("k", "", &signingKey().PublicKey))
	evilAsked := 0
	evil := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { evilAsked++; w.Write(keys) }))
	defer evil.Close()
	var srv *httptest.Server
	elsewhere := false
	srv = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/common/v2.0/.well-known/openid-configuration":
			at := srv.URL
			if elsewhere {
				at = evil.URL
			}
			w.Write(discoveryDoc(srv.URL+"/{tenantid}/v2.0", at+"/common/discovery/v2.0/keys"))
		case "/common/discovery/v2.0/keys":
			w.Write(keys)
		default:
			http.NotFound(w, r)
		}
	}))
	defer srv.Close()
	rec := &recorder{next: srv.Client().Transport}
	hc := &http.Client{Transport: rec}
	mustKeyOf(t, NewDiscoveredKeys(srv.URL+"/common", hc, atNoon), "k")
	if len(rec.urls) != 2 {
		t.Errorf("requests %v", rec.urls)
	}
	elsewhere = true
	_, err := NewDiscoveredKeys(srv.URL+"/common", hc, atNoon).Key(t.Context(), "k")
	var source *KeySourceError
	if !errors.As(err, &source) || !errors.As(err, new(*DocumentError)) || evilAsked != 0 {
		t.Errorf("error %v, the other host was asked %d times", err, evilAsked)
	}
	_, err = NewDiscoveredKeys(srv.URL+"/"+tenantA, hc, atNoon).Key(t.Context(), "k")
	if !errors.As(err, &source) || !strings.Contains(err.Error(), "404") {
		t.Errorf("error %v, want 404", err)
	}
}
