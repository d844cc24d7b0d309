package verify

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/verify/internal/jws"
	"github.com/tenantry/tenantry/entra/verify/internal/rule"
)

// FuzzVerify looks for a text other than the one good token that is accepted.
func FuzzVerify(f *testing.F) {
	v := verifier(f, config(f))
	good := appV1().token()
	f.Add(good)
	app := twins()[0]
	for _, hostile := range vectors() {
		if !app.has(hostile.on) || hostile.change == nil {
			continue
		}
		if token := hostile.token(app); len(token) < 4096 && hostile.config == nil && hostile.keys == nil && token != good {
			f.Add(token)
		}
	}
	f.Fuzz(func(t *testing.T, raw string) {
		_, err := v.Verify(t.Context(), raw)
		if raw == good {
			if err != nil {
				t.Fatalf("the good token is refused: %v", err)
			}
			return
		}
		var refused *Error
		if !errors.As(err, &refused) {
			t.Fatalf("error %v for a token that was not issued", err)
		}
		if refused.Remedy == "" || strings.ContainsFunc(refused.Error(), unicode.IsControl) {
			t.Fatalf("unusable error %q, remedy %q", refused.Error(), refused.Remedy)
		}
	})
}

func FuzzInspect(f *testing.F) {
	good := appV1().token()
	for _, seed := range []string{
		good, "Bearer " + good, `{"access_token":"` + good + `"}`, "access_token=" + good, graphToken().token(), userV1().token(), idV2().token(),
		`{"error":"invalid_client","error_description":"AADSTS7000215: x"}`, "eyJ", "%", "'", "{", "HTTP/1.1 200 OK\r\n\r\n{}", "<html>", "0.AXkA",
	} {
		f.Add(seed, "Incidents.Read.All")
	}
	keys := keySet(f, jwkOf(keyID, templateIssuer, &signingKey().PublicKey))
	f.Fuzz(func(t *testing.T, raw, role string) {
		r, err := Inspect(raw, InspectOptions{Keys: keys, Roles: []string{role}, Resource: entra.ResourceDefender, Now: atNoon})
		if err != nil {
			var not *NotTokenError
			if !errors.As(err, &not) || not.Remedy == "" || strings.ContainsFunc(err.Error(), unicode.IsControl) {
				t.Fatalf("unusable error %v", err)
			}
			return
		}
		for _, c := range r.Checks {
			if c.Status == Failed && c.Remedy == "" {
				t.Fatalf("a failure without a remedy: %+v", c)
			}
			if strings.ContainsFunc(c.Detail+c.Remedy, unicode.IsControl) {
				t.Fatalf("control characters in %+v", c)
			}
		}
	})
}

func FuzzParseJWKS(f *testing.F) {
	good := jwkOf(keyID, templateIssuer, &signingKey().PublicKey)
	f.Add(jwks(good))
	f.Add(jwks(good, jwkOf(keyID, "", &rogueKey().PublicKey)))
	f.Add([]byte(`{"keys":[{"kty":"oct","kid":"k","k":"AAAA"}]}`))
	f.Add([]byte(`{"keys":[null,1,"x",{}]}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		set, err := ParseJWKS(doc)
		if err != nil {
			return
		}
		if set.Len() == 0 {
			t.Fatal("a set without keys")
		}
		for _, id := range set.IDs() {
			k, err := set.Key(t.Context(), id)
			if err != nil || k.ID != id || k.Public.N.BitLen() < minKeyBits || k.Public.E < minExponent {
				t.Fatalf("key %+v, error %v", k, err)
			}
		}
	})
}

func FuzzParseDiscovery(f *testing.F) {
	const host = "https://login.example"
	f.Add(discoveryDoc(host+"/{tenantid}/v2.0", host+"/common/discovery/v2.0/keys"), host+"/common")
	f.Add(discoveryDoc(host+"/"+tenantA+"/v2.0", host+"/"+tenantA+"/discovery/keys?appid=x"), host+"/"+tenantA)
	f.Add([]byte(`{"issuer":"https://login.example/{tenantid}/v2.0","jwks_uri":"https://login.example@evil.example/"}`), host+"/common")
	f.Add([]byte("<html>"), host+"/common")
	f.Fuzz(func(t *testing.T, doc []byte, authority string) {
		d, err := ParseDiscovery(doc, authority)
		if err != nil {
			var document *DocumentError
			if !errors.As(err, &document) || document.Remedy == "" || strings.ContainsFunc(err.Error(), unicode.IsControl) {
				t.Fatalf("unusable error %v", err)
			}
			return
		}
		keys, err := url.Parse(d.KeysURI)
		if err != nil {
			t.Fatal(err)
		}
		at, err := url.Parse(authority)
		if err != nil || keys.Scheme != "https" || !strings.EqualFold(keys.Host, at.Host) || keys.User != nil {
			t.Fatalf("authority %q, keys at %q", authority, d.KeysURI)
		}
	})
}

// FuzzMembers compares the scanner with encoding/json: what it reads is valid
// JSON with the same members, and what it refuses as no JSON is none or is
// read in more than one way.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1,"b":[true,null,"\u0041"]}`, `{"a":-0.5e+3}`, `{"a":"\ud83d\ude00"}`, `{"a":{"a":{}}}`, ` { "a" : 1 } `, `[1]`, `{"a":01}`, "{\"a\":\"\x00\"}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := map[string]string{}
		fault := jws.Members(text, rule.Set{}, func(name, value string) { got[name] = value })
		if fault != nil {
			if fault.Rule == rule.FormSyntax && json.Valid([]byte(text)) && !strings.Contains(strings.ToLower(text), `\ud`) {
				t.Fatalf("%q is refused: %v", text, fault)
			}
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &want); err != nil || len(want) != len(got) {
			t.Fatalf("%q: read %v, encoding/json %v, %v", text, got, want, err)
		}
		for name, value := range got {
			if string(want[name]) != value {
				t.Fatalf("%q: %s is %s, encoding/json says %s", text, name, value, want[name])
			}
		}
	})
}

func FuzzNearMiss(f *testing.F) {
	f.Add("Incidents.Read.All", "Incident.Read.All")
	f.Add("Ti.Read", "Ip.Read")
	f.Fuzz(func(t *testing.T, want, have string) {
		near, ok := NearMiss(want, []string{have})
		if ok && (near != have || have == want) || !ok && near != "" {
			t.Fatalf("NearMiss(%q, %q) = %q, %v", want, have, near, ok)
		}
	})
}
