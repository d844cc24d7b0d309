package verify

import (
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/tenantry/tenantry/entra"
)

// FuzzVerify looks for a text other than the one good token that is accepted.
func FuzzVerify(f *testing.F) {
	v := verifier(f, config(f))
	good := appV1().token()
	f.Add(good)
	for _, tt := range hostile() {
		if token := tt.forge.token(); len(token) < 4096 {
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
