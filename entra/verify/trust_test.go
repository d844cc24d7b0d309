package verify

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os"
	"strings"
	"testing"
)

// covered maps one line of the project's list of JSON web token attacks
// (RFC 8725, OWASP ASVS chapter 9, and what was published about Entra) to what
// shows that it is refused.
type covered struct {
	line    string
	vectors []string // names, or beginnings of names that end in an asterisk
	tests   []string // test functions, where more than one token is needed
	outside string   // why the line is not about judging tokens
}

func trustLines() []covered {
	v := func(line string, vectors ...string) covered { return covered{line: line, vectors: vectors} }
	byTest := func(line string, tests ...string) covered { return covered{line: line, tests: tests} }
	outside := func(line, why string) covered { return covered{line: line, outside: why} }
	return []covered{
		// algorithm
		v("alg none in any spelling", "alg none,*", "alg None,*", "alg nOnE,*", "alg NONE,*", "alg none without a signature"),
		v("empty signature", "empty signature"),
		v("HS256 with the RSA public key as secret: PEM, DER, modulus", "HS256 under the public key in PEM", "HS256 under the public key in DER", "HS256 under the modulus"),
		v("RS256 header with a key of an elliptic curve", "key of an elliptic curve under an RS256 header"),
		v("algorithm that is not listed: HS*, PS*, ES256K, EdDSA", "alg HS256,*", "alg PS256,*", "PS256, soundly signed", "alg ES256K,*", "alg EdDSA,*", "alg RS512,*", "RS512, soundly signed"),
		// key
		v("kid missing", "kid missing"),
		v("kid unknown", "kid unknown"),
		v("kid a path", "kid as a path"),
		v("kid SQL", "kid as SQL"),
		v("kid of 10 kB", "kid of 10 kB"),
		v("kid of another tenant's key", "key of another tenant, named by its kid"),
		v("two keys with one kid", "one id for two keys", "one id for two issuers"),
		v("jwk in the header", "jwk, the very key that signed", "jwk of the attacker, who signed"),
		v("jku in the header", "jku", "jku at the authority itself"),
		v("x5u in the header", "x5u"),
		v("x5c in the header", "x5c"),
		v("crit unknown", "crit of an unknown member", "crit of a known member"),
		v("b64 false", "b64 false"),
		v("typ wrong: at+jwt, id_token, logout+jwt", "typ at+jwt", "typ id_token", "typ logout+jwt", "typ dpop+jwt", "typ missing"),
		v("JWE in place of JWS", "five parts, as an encrypted token has", "enc, an encrypted token in three parts"),
		v("nested token", "cty JWT, a nested token", "payload is another token", "actortoken inside"),
		v("psychic ES256, r = s = 0", "ES256 with a signature of zeroes"),
		v("RSA key of 1024 bits", "key of 1024 bits"),
		v("RSA exponent 1", "key of exponent 1", "key of exponent 3"),
		// signature
		v("payload modified", "payload changed after signing"),
		v("header modified", "header changed after signing"),
		v("one bit of the signature modified", "one bit of the signature changed", "last bit of the signature changed"),
		v("signature of another token", "signature of another token"),
		// base64
		v("base64 with padding", "padding behind the signature", "padding behind the payload, signed", "padding behind the header, signed"),
		v("base64 with blanks", "line break in the signature", "line break in the payload, signed", "blank at the end"),
		v("base64 of the standard alphabet", "standard alphabet in the signature", "standard alphabet in the payload, signed"),
		v("base64 with its last bits changed", "stray bits at the end*"),
		// JSON
		v("duplicate claims", "payload with tid twice*", "payload with exp twice", "payload with a member twice*", "header with alg twice"),
		v("byte order mark", "payload with a byte order mark", "header with a byte order mark"),
		v("NUL", "payload with NUL*", "NUL in the signature"),
		v("invalid UTF-8", "payload with invalid UTF-8", "header with invalid UTF-8", "payload with an overlong NUL"),
		v("huge integers", "exp of 30 digits", "exp in the year 10000"),
		v("fractions in exp", "exp as a fraction", "exp as a whole fraction", "exp with an exponent"),
		v("exp as a string", "exp as a string"),
		v("exp negative", "exp negative"),
		v("exp 1e300", "exp of 1e300"),
		// times
		v("exp past", "of yesterday", "expired by the skew to the second"),
		v("nbf in the future", "nbf in the future"),
		v("iat in the future", "iat in the future"),
		v("lifetime beyond the cap", "lives a year", "lives a second too long"),
		v("exp missing", "exp missing"),
		// audience
		v("aud missing", "aud missing"),
		v("aud a list with ours and others", "aud a list with ours first", "aud a list with ours last", "aud a list of ours alone"),
		v("aud a prefix", "aud that is a prefix"),
		v("aud with a suffix", "aud with a suffix"),
		v("aud in other case", "aud in capitals"),
		v("aud with a slash", "aud with a slash"),
		// issuer and tenant
		v("iss missing", "iss missing"),
		v("iss of another tenant", "iss of another tenant"),
		v("iss of the other version", "iss in the form of the other version"),
		v("iss with a slash more or less", "iss with its slash gone or one added"),
		v("iss with the literal placeholder", "iss with the placeholder tenantid"),
		v("iss of a look-alike host", "iss of a look-alike host", "iss with the host as a user"),
		v("tid is not the tenant of iss", "tid of another tenant, issuer kept"),
		v("tid that was not onboarded", "a sound token of another tenant", "tenant that the handler does not list", "tenant that the handler's function does not know"),
		v("azp or appid of another client", "azp of another client", "appid of another client"),
		v("application token where a user's is needed, and the reverse", "application where a user is needed", "user where an application is needed", "application where only users are let in", "user where only applications are let in", "user with the role of an application", "idtyp app with scopes"),
		byTest("sub and oid used again in another tenant", "TestPrincipalIsOfOneTenant"),
		v("ver mismatch", "ver 2.0 in a token of version 1.0", "ver missing*", "ver 3.0, id token"),
		v("session that was ended (sid)", "session that was ended"),
		outside("client assertion whose jti was used before", "assertions are presented to token endpoints, and this package judges tokens for APIs; its users have no endpoint that takes assertions"),
		v("client assertion in place of a token", "a client assertion of the partner's own key", "aud the token endpoint", "aud the exchange of assertions"),
		outside("client assertion for the token endpoint or the issuer as audience", "the same: which audience an assertion carries is decided where assertions are made, in package entra"),
		// size
		v("token longer than 16 kB", "longer than 16 kB", "of 1 MB"),
		v("a thousand dots", "a thousand dots"),
		// key sets
		byTest("key set empty", "TestRemoteKeysHostileAnswers", "TestParseJWKSRefuses"),
		byTest("key set not found", "TestRemoteKeysHostileAnswers"),
		byTest("key set stale", "TestRemoteKeysRotation", "TestRemoteKeysHungAuthority", "TestRemoteKeysRenewInBackground"),
		byTest("key set rotated while it is on its way", "TestRemoteKeysRotatedMidFlight"),
		byTest("key set of 100,000 keys", "TestRemoteKeysBadAnswers", "TestBounds"),
		byTest("key set by redirect to another host", "TestRemoteKeysBadAnswers", "TestRemoteKeysHostileAnswers"),
		byTest("storm of fetches by made-up ids", "TestRemoteKeysStorm"),
		// beyond the list
		byTest("a token as the reason for a request to a place it names", "TestTokensNameNoPlace"),
		byTest("discovery document that points elsewhere", "TestParseDiscovery", "TestDiscoveredKeys"),
		byTest("clock that jumps", "TestRemoteKeysClockJumps", "TestVerifyClockJumps"),
		byTest("answers that tell strangers which tenants are served", "TestHandlerIsNoOracle"),
	}
}

// Every line has a vector or a test that exists, or a reason why it needs none.
func TestTrustLines(t *testing.T) {
	names := map[string]bool{}
	for _, v := range vectors() {
		names[v.name] = true
	}
	tests := testFunctions(t)
	used := map[string]bool{}
	outside := 0
	for _, c := range trustLines() {
		if c.outside != "" {
			outside++
			if len(c.vectors)+len(c.tests) > 0 {
				t.Errorf("%s: is outside and has vectors", c.line)
			}
			continue
		}
		if len(c.vectors)+len(c.tests) == 0 {
			t.Errorf("%s: nothing shows that it is refused", c.line)
		}
		for _, name := range c.vectors {
			found := false
			for have := range names {
				if prefix, ok := strings.CutSuffix(name, "*"); have == name || ok && strings.HasPrefix(have, prefix) {
					found, used[have] = true, true
				}
			}
			if !found {
				t.Errorf("%s: there is no vector %q", c.line, name)
			}
		}
		for _, name := range c.tests {
			if !tests[name] {
				t.Errorf("%s: there is no test %q", c.line, name)
			}
		}
	}
	t.Logf("%d lines, %d of them outside; %d of %d vectors belong to a line, the others go beyond", len(trustLines()), outside, len(used), len(names))
}

// testFunctions are the names of this package's tests.
func testFunctions(t *testing.T) map[string]bool {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(gotoken.NewFileSet(), e.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "Test") {
				names[f.Name.Name] = true
			}
		}
	}
	return names
}
