package verify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/entra"
)

func TestVerifyAccepts(t *testing.T) {
	high, err := entra.CloudByName("usgov-high")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		forge  forge
		config func(*Config)
		kind   Kind
	}{
		{name: "application, version 1.0, secret", forge: appV1(), kind: KindApplication},
		{name: "application, version 1.0, idtyp, certificate", forge: appV1().with(map[string]any{"idtyp": "app", "appidacr": "2"}), kind: KindApplication},
		{name: "application, version 2.0", forge: appV2(), kind: KindApplication},
		{name: "application without roles, as before consent", forge: appV1().with(map[string]any{"roles": nil}), kind: KindApplication},
		{name: "user, version 1.0", forge: userV1(), kind: KindUser},
		{name: "user, version 2.0, idtyp", forge: appV2().with(map[string]any{"scp": "Incident.Read", "idtyp": "user", "sub": "pairwise", "roles": nil}), kind: KindUser},
		{name: "expired within the skew", forge: appV1().with(map[string]any{"exp": noon.Unix() - 299}), kind: KindApplication},
		{name: "not yet valid within the skew", forge: appV1().with(map[string]any{"iat": noon.Unix() + 299, "nbf": noon.Unix() + 299}), kind: KindApplication},
		{name: "long-lived, 28 hours", forge: appV1().with(map[string]any{"exp": noon.Unix() + 28*3600 - 300}), kind: KindApplication},
		{name: "typ after unknown claims", forge: appV1().with(map[string]any{"xms_cc": []string{"cp1"}, "xms_tdbr": "EU"}), kind: KindApplication},
		{name: "key of version 1.0, without issuer", forge: appV1(), kind: KindApplication, config: func(c *Config) {
			c.Keys = keySet(t, jwkOf(keyID, "", &signingKey().PublicKey))
		}},
		{name: "key of the tenant alone", forge: appV2(), kind: KindApplication, config: func(c *Config) {
			c.Keys = keySet(t, jwkOf(keyID, "https://login.microsoftonline.com/"+tenantA+"/v2.0", &signingKey().PublicKey))
		}},
		{name: "any tenant and any client", forge: appV1(), kind: KindApplication, config: func(c *Config) { c.Tenants, c.Clients = nil, nil }},
		{name: "another cloud", kind: KindApplication, config: func(c *Config) {
			c.Cloud = high
			c.Keys = keySet(t, jwkOf(keyID, "https://login.microsoftonline.us/{tenantid}/v2.0", &signingKey().PublicKey))
		}, forge: appV2().with(map[string]any{"iss": "https://login.microsoftonline.us/" + tenantA + "/v2.0"})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := config(t)
			if tt.config != nil {
				tt.config(&c)
			}
			claims, err := verifier(t, c).Verify(t.Context(), tt.forge.token())
			if err != nil {
				t.Fatal(err)
			}
			if got := claims.Kind(); got != tt.kind {
				t.Errorf("kind %q, want %q", got, tt.kind)
			}
			if claims.TenantID != tenantA || claims.AppID != clientID || claims.ObjectID != objectID {
				t.Errorf("claims %+v", claims)
			}
		})
	}
}

func TestVerifyReturnsClaims(t *testing.T) {
	got, err := verifier(t, config(t)).Verify(t.Context(), appV1().token())
	if err != nil {
		t.Fatal(err)
	}
	want := Claims{
		Audience: xdr, Issuer: "https://sts.windows.net/" + tenantA + "/", TenantID: tenantA, Version: "1.0",
		AppID: clientID, AppAuth: "1", ObjectID: objectID, Subject: objectID, TokenID: "u0",
		Roles: []string{"Incident.Read.All"}, Scopes: []string{},
		Issued: noon.Add(-5 * time.Minute), NotBefore: noon.Add(-5 * time.Minute), Expires: noon.Add(55 * time.Minute),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// hostile are tokens that must be refused, each one change away from appV1,
// which is accepted.
func hostile() []struct {
	name  string
	check string
	forge forge
} {
	good := appV1()
	claims := func(name string, value any) forge { return good.with(map[string]any{name: value}) }
	after := func(change func(string) string) forge { f := good; f.after = change; return f }
	payload := func(change func(string) string) forge {
		f := good
		_, rest, _ := strings.Cut(good.token(), ".")
		body, _, _ := strings.Cut(rest, ".")
		raw, _ := base64.RawURLEncoding.DecodeString(body)
		f.payload = change(string(raw))
		return f
	}
	hs256 := func(secret []byte) forge {
		return good.head1("alg", "HS256").afterwards(func(token string) string {
			input := token[:strings.LastIndex(token, ".")]
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(input))
			return input + "." + b64(mac.Sum(nil))
		})
	}
	public := &signingKey().PublicKey
	der, _ := x509.MarshalPKIXPublicKey(public)
	rogue := good
	rogue.key = rogueKey()
	embedded := good.head1("jwk", jwkOf("x", "", &rogueKey().PublicKey))
	embedded.key = rogueKey()

	return []struct {
		name  string
		check string
		forge forge
	}{
		// Algorithm.
		{"alg none, signature kept", CheckAlgorithm, good.head1("alg", "none")},
		{"alg none, signature empty", CheckForm, good.head1("alg", "none").afterwards(part(2, func(string) string { return "" }))},
		{"alg nOnE", CheckAlgorithm, good.head1("alg", "nOnE")},
		{"alg missing", CheckAlgorithm, good.head1("alg", nil)},
		{"alg rs256 in small letters", CheckAlgorithm, good.head1("alg", "rs256")},
		{"alg as a list", CheckHeader, good.head1("alg", []string{"RS256"})},
		{"alg PS256", CheckAlgorithm, good.head1("alg", "PS256")},
		{"alg RS512", CheckAlgorithm, good.head1("alg", "RS512")},
		{"alg ES256, signature of zeroes", CheckAlgorithm, good.head1("alg", "ES256").afterwards(part(2, func(string) string { return b64(make([]byte, 64)) }))},
		{"alg HS256 under the public key in PEM", CheckAlgorithm, hs256(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))},
		{"alg HS256 under the public key in DER", CheckAlgorithm, hs256(der)},
		{"alg HS256 under the modulus", CheckAlgorithm, hs256(public.N.Bytes())},
		// Key.
		{"kid missing", CheckSignature, good.head1("kid", nil)},
		{"kid unknown", CheckSignature, good.head1("kid", "unknown")},
		{"kid in other case", CheckSignature, good.head1("kid", strings.ToLower(keyID))},
		{"kid as a path", CheckSignature, good.head1("kid", "../../dev/null")},
		{"kid as SQL", CheckSignature, good.head1("kid", "' UNION SELECT 'key' --")},
		{"kid of 10 kB", CheckSignature, good.head1("kid", strings.Repeat("k", 10<<10))},
		{"kid a number", CheckHeader, good.head1("kid", 7)},
		{"kid of another key of the set", CheckSignature, good.head1("kid", "second")},
		{"signed by a key that is not of the set", CheckSignature, rogue},
		{"jwk in the header", CheckHeader, embedded},
		{"jku in the header", CheckHeader, good.head1("jku", "https://evil.example/keys")},
		{"x5u in the header", CheckHeader, good.head1("x5u", "https://evil.example/cert")},
		{"x5c in the header", CheckHeader, good.head1("x5c", []string{"MII"})},
		// Header.
		{"typ at+jwt", CheckHeader, good.head1("typ", "at+jwt")},
		{"typ logout+jwt", CheckHeader, good.head1("typ", "logout+jwt")},
		{"typ missing", CheckHeader, good.head1("typ", nil)},
		{"crit", CheckHeader, good.head1("crit", []string{"exp"})},
		{"b64 false", CheckHeader, good.head1("b64", false)},
		{"zip", CheckHeader, good.head1("zip", "DEF")},
		{"cty JWT: a nested token", CheckHeader, good.head1("cty", "JWT")},
		{"nonce: a token for Microsoft Graph", CheckSignature, good.head1("nonce", "abc")},
		{"header with alg twice", CheckForm, forge{head: `{"typ":"JWT","alg":"none","alg":"RS256","kid":"` + keyID + `"}`, claims: good.claims, key: good.key}},
		// Form.
		{"empty", CheckForm, after(func(string) string { return "" })},
		{"two parts", CheckForm, after(func(s string) string { return s[:strings.LastIndex(s, ".")] })},
		{"five parts: encrypted", CheckForm, after(func(s string) string { return s + ".AA.AA" })},
		{"a thousand dots", CheckForm, after(func(s string) string { return s + strings.Repeat(".", 1000) })},
		{"longer than 16 kB", CheckForm, claims("pad", strings.Repeat("x", MaxToken))},
		{"with the word Bearer", CheckForm, after(func(s string) string { return "Bearer " + s })},
		{"line break at the end", CheckForm, after(func(s string) string { return s + "\n" })},
		{"line break inside", CheckForm, after(func(s string) string { return s[:40] + "\n" + s[40:] })},
		{"padding", CheckForm, after(func(s string) string { return s + "==" })},
		{"standard base64 alphabet", CheckForm, after(part(2, func(s string) string { return "+/" + s[2:] }))},
		{"stray bits at the end of the signature", CheckForm, after(part(2, strayBits))},
		{"header is not JSON", CheckForm, forge{head: "{", claims: good.claims, key: good.key}},
		{"payload is a list", CheckForm, payload(func(s string) string { return "[" + s + "]" })},
		{"payload with tid twice", CheckForm, payload(func(s string) string { return `{"tid":"` + tenantB + `",` + s[1:] })},
		{"payload with tid twice, escaped", CheckForm, payload(func(s string) string { return `{"\u0074id":"` + tenantB + `",` + s[1:] })},
		{"payload with a byte order mark", CheckForm, payload(func(s string) string { return "\ufeff" + s })},
		{"payload with bytes behind", CheckForm, payload(func(s string) string { return s + "{}" })},
		{"payload with NUL", CheckForm, payload(func(s string) string { return s + "\x00" })},
		{"payload with invalid UTF-8", CheckForm, payload(func(s string) string { return `{"x":"` + "\xff" + `",` + s[1:] })},
		{"payload nested 10,000 deep", CheckForm, payload(func(s string) string {
			return `{"x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `,` + s[1:]
		})},
		// Signature.
		{"payload changed after signing", CheckSignature, after(part(1, func(string) string {
			_, rest, _ := strings.Cut(good.with(map[string]any{"roles": []string{"Incident.ReadWrite.All"}}).token(), ".")
			body, _, _ := strings.Cut(rest, ".")
			return body
		}))},
		{"header changed after signing", CheckSignature, after(part(0, func(string) string {
			head, _, _ := strings.Cut(good.head1("x5t", "other").token(), ".")
			return head
		}))},
		{"one bit of the signature changed", CheckSignature, after(part(2, func(s string) string {
			sig, _ := base64.RawURLEncoding.DecodeString(s)
			sig[100] ^= 1
			return b64(sig)
		}))},
		{"signature of another token", CheckSignature, after(part(2, func(string) string {
			other := good.with(map[string]any{"uti": "u1"}).token()
			return other[strings.LastIndex(other, ".")+1:]
		}))},
		{"signature cut by a byte", CheckSignature, after(part(2, func(s string) string {
			sig, _ := base64.RawURLEncoding.DecodeString(s)
			return b64(sig[:len(sig)-1])
		}))},
		// Types.
		{"exp a string", CheckClaims, claims("exp", "4102444800")},
		{"exp a fraction", CheckClaims, claims("exp", float64(noon.Unix())+3300.5)},
		{"exp with an exponent", CheckClaims, payload(func(s string) string { return strings.Replace(s, `"exp":`, `"exp":1e300,"exq":`, 1) })},
		{"exp negative", CheckClaims, claims("exp", -1)},
		{"exp of 30 digits", CheckClaims, payload(func(s string) string {
			return strings.Replace(s, `"exp":`, `"exp":999999999999999999999999999999,"exq":`, 1)
		})},
		{"aud a list with ours", CheckClaims, claims("aud", []string{xdr, "https://evil.example"})},
		{"roles a string", CheckClaims, claims("roles", "Incident.Read.All")},
		{"roles with a number", CheckClaims, claims("roles", []any{"Incident.Read.All", 1})},
		{"tid null", CheckClaims, payload(func(s string) string { return strings.Replace(s, `"tid":`, `"tid":null,"tie":`, 1) })},
		{"sub missing", CheckClaims, claims("sub", nil)},
		{"an actor token inside", CheckClaims, claims("actortoken", "eyJ")},
		// Tenant and issuer.
		{"tid of another tenant, issuer kept", CheckTenant, claims("tid", tenantB)},
		{"tid and iss of another tenant", CheckTenant, good.with(map[string]any{"tid": tenantB, "iss": "https://sts.windows.net/" + tenantB + "/"})},
		{"tid missing", CheckTenant, claims("tid", nil)},
		{"tid a domain", CheckTenant, claims("tid", "contoso.com")},
		{"tid the empty GUID", CheckTenant, claims("tid", emptyGUID)},
		{"tid in capitals", CheckTenant, claims("tid", strings.ToUpper(tenantA))},
		{"tid with a blank", CheckTenant, claims("tid", tenantA+" ")},
		{"iss of another tenant", CheckIssuer, claims("iss", "https://sts.windows.net/"+tenantB+"/")},
		{"iss missing", CheckIssuer, claims("iss", nil)},
		{"iss without the slash", CheckIssuer, claims("iss", "https://sts.windows.net/"+tenantA)},
		{"iss with a placeholder", CheckIssuer, claims("iss", "https://sts.windows.net/{tenantid}/")},
		{"iss of version 2.0", CheckIssuer, claims("iss", "https://login.microsoftonline.com/"+tenantA+"/v2.0")},
		{"iss of a look-alike host", CheckIssuer, claims("iss", "https://sts.windows.net.evil.example/"+tenantA+"/")},
		{"iss over http", CheckIssuer, claims("iss", "http://sts.windows.net/"+tenantA+"/")},
		{"iss with the tenant in capitals", CheckIssuer, claims("iss", "https://sts.windows.net/"+strings.ToUpper(tenantA)+"/")},
		{"iss with the tenant as a query", CheckIssuer, claims("iss", "https://sts.windows.net/"+tenantB+"/?"+tenantA)},
		{"iss with something behind", CheckIssuer, claims("iss", "https://sts.windows.net/"+tenantA+"/v2.0")},
		{"ver missing", CheckVersion, claims("ver", nil)},
		{"ver 3.0", CheckVersion, claims("ver", "3.0")},
		{"ver 2.0 with an issuer of 1.0", CheckIssuer, claims("ver", "2.0")},
		// Audience.
		{"aud missing", CheckAudience, claims("aud", nil)},
		{"aud another API", CheckAudience, claims("aud", "https://api.securitycenter.microsoft.com")},
		{"aud ours with a suffix", CheckAudience, claims("aud", xdr+".evil.example")},
		{"aud a prefix of ours", CheckAudience, claims("aud", strings.TrimSuffix(xdr, "m"))},
		{"aud with a slash", CheckAudience, claims("aud", xdr+"/")},
		{"aud in capitals", CheckAudience, claims("aud", strings.ToUpper(xdr))},
		// Times.
		{"expired", CheckLifetime, claims("exp", noon.Unix()-300)},
		{"exp missing", CheckLifetime, claims("exp", nil)},
		{"nbf missing", CheckLifetime, claims("nbf", nil)},
		{"iat missing", CheckLifetime, claims("iat", nil)},
		{"nbf in the future", CheckLifetime, claims("nbf", noon.Unix()+301)},
		{"iat in the future", CheckLifetime, claims("iat", noon.Unix()+301)},
		{"lives a year", CheckLifetime, claims("exp", noon.Unix()+365*24*3600)},
		{"ends before it begins", CheckLifetime, good.with(map[string]any{"nbf": noon.Unix() + 200, "exp": noon.Unix() + 100})},
		// Kind and client.
		{"no client application", CheckKind, claims("appid", nil)},
		{"idtyp app with scopes", CheckKind, good.with(map[string]any{"idtyp": "app", "scp": "Incident.Read"})},
		{"idtyp unknown", CheckKind, claims("idtyp", "device")},
		{"sub and oid differ in an application's token", CheckKind, claims("sub", tenantB)},
		{"idtyp app, sub and oid differ", CheckKind, good.with(map[string]any{"idtyp": "app", "sub": tenantB})},
		{"oid missing", CheckKind, claims("oid", nil)},
		{"another client application", CheckApplication, claims("appid", otherApp)},
		{"client only in azp, which is of version 2.0", CheckKind, good.with(map[string]any{"appid": nil, "azp": clientID})},
		{"an id token", CheckKind, good.with(map[string]any{"appid": nil, "appidacr": nil, "roles": nil, "nonce": "n"})},
	}
}

func (f forge) afterwards(change func(string) string) forge { f.after = change; return f }

// strayBits sets the bits of the last character that no byte uses; lenient
// decoders take both spellings for the same signature.
func strayBits(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, s[len(s)-1])
	return s[:len(s)-1] + string(alphabet[last|1])
}

func TestVerifyRefuses(t *testing.T) {
	v := verifier(t, config(t))
	if _, err := v.Verify(t.Context(), appV1().token()); err != nil {
		t.Fatalf("the good twin is refused: %v", err)
	}
	seen := map[string]bool{}
	for _, tt := range hostile() {
		t.Run(tt.name, func(t *testing.T) {
			token := tt.forge.token()
			if seen[token] {
				t.Fatal("the same token as another vector")
			}
			seen[token] = true
			claims, err := v.Verify(t.Context(), token)
			var refused *Error
			if !errors.As(err, &refused) {
				t.Fatalf("error %v, claims %+v; want *Error", err, claims)
			}
			if refused.Check != tt.check {
				t.Errorf("refused by %q (%s), want %q", refused.Check, refused.Detail, tt.check)
			}
			if refused.Detail == "" || refused.Next() == "" {
				t.Errorf("no detail or no remedy: %+v", refused)
			}
			if diff := cmp.Diff(Claims{}, claims); diff != "" {
				t.Errorf("claims of a refused token are returned: %s", diff)
			}
			if leaks(err.Error()+refused.Next(), token) {
				t.Errorf("the error repeats the token: %v", err)
			}
		})
	}
	if n := len(hostile()); n < 60 {
		t.Errorf("%d vectors, want at least 60", n)
	}
}

// leaks looks for a piece of the token's payload or signature.
func leaks(text, token string) bool {
	for i := 0; i+24 <= len(token); i++ {
		piece := token[i : i+24]
		if !strings.ContainsAny(piece, ". ") && strings.Contains(text, piece) {
			return true
		}
	}
	return false
}

// Keys that must not be believed for a token, each one change away from a set
// with which the token is accepted.
func TestVerifyRefusesKeys(t *testing.T) {
	public := &signingKey().PublicKey
	change := func(name string, value any) map[string]any {
		k := jwkOf(keyID, templateIssuer, public)
		k[name] = value
		return k
	}
	second := jwkOf("second", templateIssuer, &rogueKey().PublicKey)
	for _, tt := range []struct {
		name  string
		check string
		keys  []map[string]any
	}{
		{"key of another tenant", CheckKeyIssuer, []map[string]any{change("issuer", "https://login.microsoftonline.com/"+tenantB+"/v2.0")}},
		{"key of personal accounts", CheckKeyIssuer, []map[string]any{change("issuer", "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0")}},
		{"key of another cloud", CheckKeyIssuer, []map[string]any{change("issuer", "https://login.microsoftonline.us/{tenantid}/v2.0")}},
		{"issuer not a string", CheckSignature, []map[string]any{change("issuer", 1), second}},
		{"key for encryption", CheckSignature, []map[string]any{change("use", "enc"), second}},
		{"key for another algorithm", CheckSignature, []map[string]any{change("alg", "PS256"), second}},
		{"one id for two keys", CheckSignature, []map[string]any{change("x", 1), jwkOf(keyID, templateIssuer, &rogueKey().PublicKey), second}},
		{"one id for two issuers", CheckSignature, []map[string]any{change("x", 1), change("issuer", "https://login.microsoftonline.com/"+tenantB+"/v2.0"), second}},
		{"key is gone", CheckSignature, []map[string]any{second}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := config(t)
			c.Keys = keySet(t, tt.keys...)
			_, err := verifier(t, c).Verify(t.Context(), appV1().token())
			var refused *Error
			if !errors.As(err, &refused) || refused.Check != tt.check {
				t.Fatalf("error %v, want the check %q to fail", err, tt.check)
			}
		})
	}
}

func TestVerifyByConfig(t *testing.T) {
	for _, tt := range []struct {
		name   string
		forge  forge
		change func(*Config)
		check  string
	}{
		{"no tenant is allowed", appV1(), func(c *Config) { c.Tenants = []entra.TenantID{} }, CheckTenant},
		{"no client is allowed", appV1(), func(c *Config) { c.Clients = []string{} }, CheckApplication},
		{"user where an application is needed", userV1(), func(c *Config) { c.Kind = KindApplication }, CheckKind},
		{"application where a user is needed", appV1(), func(c *Config) { c.Kind = KindUser }, CheckKind},
		{"no skew", appV1().with(map[string]any{"exp": noon.Unix() - 1}), func(c *Config) { c.Skew = -1 }, CheckLifetime},
		{"shorter lifetime", appV1(), func(c *Config) { c.MaxLifetime = 30 * time.Minute }, CheckLifetime},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := config(t)
			if _, err := verifier(t, c).Verify(t.Context(), tt.forge.token()); err != nil {
				t.Fatalf("the good twin is refused: %v", err)
			}
			tt.change(&c)
			_, err := verifier(t, c).Verify(t.Context(), tt.forge.token())
			var refused *Error
			if !errors.As(err, &refused) || refused.Check != tt.check {
				t.Fatalf("error %v, want the check %q to fail", err, tt.check)
			}
		})
	}
}

func TestVerifyID(t *testing.T) {
	c := config(t)
	c.Audiences = []string{clientID}
	v := verifier(t, c)
	claims, err := v.VerifyID(t.Context(), idV2().token(), "n-1")
	if err != nil {
		t.Fatal(err)
	}
	if claims.Kind() != KindID || claims.Username != "ada@contoso.example" {
		t.Errorf("claims %+v", claims)
	}
	idV1 := appV1().with(map[string]any{"aud": clientID, "appid": nil, "appidacr": nil, "roles": nil, "nonce": "n-1", "upn": "ada@contoso.example"})
	if _, err := v.VerifyID(t.Context(), idV1.token(), "n-1"); err != nil {
		t.Errorf("id token of version 1.0: %v", err)
	}
	for _, tt := range []struct {
		name, nonce, check string
		forge              forge
	}{
		{"nonce of another sign-in", "n-2", CheckNonce, idV2()},
		{"nonce not asked for", "", CheckNonce, idV2().with(map[string]any{"nonce": nil})},
		{"nonce missing", "n-1", CheckNonce, idV2().with(map[string]any{"nonce": nil})},
		{"access token of version 2.0", "n-1", CheckKind, idV2().with(map[string]any{"azp": clientID})},
		{"access token of version 1.0", "n-1", CheckKind, idV1.with(map[string]any{"appid": clientID})},
		{"token with scopes", "n-1", CheckKind, idV2().with(map[string]any{"scp": "User.Read"})},
		{"for another application", "n-1", CheckAudience, idV2().with(map[string]any{"aud": otherApp})},
		{"of another tenant", "n-1", CheckTenant, idV2().with(map[string]any{"tid": tenantB})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := v.VerifyID(t.Context(), tt.forge.token(), tt.nonce)
			var refused *Error
			if !errors.As(err, &refused) || refused.Check != tt.check {
				t.Fatalf("error %v, want the check %q to fail", err, tt.check)
			}
		})
	}
}

func TestNewRefusesOmissions(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"Cloud":       func(c *Config) { c.Cloud = entra.Cloud{} },
		"Audiences":   func(c *Config) { c.Audiences = nil },
		"Audiences:":  func(c *Config) { c.Audiences = []string{xdr, ""} },
		"Keys":        func(c *Config) { c.Keys = nil },
		"Kind":        func(c *Config) { c.Kind = KindID },
		"MaxLifetime": func(c *Config) { c.MaxLifetime = -1 },
	} {
		c := config(t)
		change(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestVerifyPassesKeyTroubleOn(t *testing.T) {
	c := config(t)
	c.Keys = brokenKeys{}
	_, err := verifier(t, c).Verify(t.Context(), appV1().token())
	var source *KeySourceError
	if !errors.As(err, &source) || errors.As(err, new(*Error)) {
		t.Fatalf("error %v, want a *KeySourceError: nothing is known about the token", err)
	}
}

type brokenKeys struct{}

func (brokenKeys) Key(context.Context, string) (Key, error) {
	return Key{}, &KeySourceError{Source: "https://login.example/keys", Err: errors.New("no route to host")}
}
