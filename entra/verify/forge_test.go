package verify

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/entra"
)

const (
	tenantA  = "1e6a0c4e-9f57-4d34-8d41-0d6a5f2b7c11"
	tenantB  = "7b0c9a52-31d8-4e0f-9f21-5d4c3b2a1900"
	clientID = "c0ffee00-1234-4abc-8def-001122334455"
	otherApp = "deadbeef-1234-4abc-8def-001122334455"
	objectID = "0b1ec700-aaaa-4bbb-8ccc-123456789abc"
	xdr      = "https://api.security.microsoft.com"
	keyID    = "nOo3ZDrODXEK1jKWhXslHR_KXEg"
)

// noon is the moment all tests happen at.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func atNoon() time.Time { return noon }

// Keys are slow to make, so the tests of a run share them. The signing key is
// always the same one, so that what a fuzzing run found can be run again.
var (
	signingKey = sync.OnceValue(func() *rsa.PrivateKey { return keyOf(primeP, primeQ) })
	rogueKey   = sync.OnceValue(func() *rsa.PrivateKey { return mustKey(2048) })
)

// Primes of a key that signs nothing outside these tests.
const (
	primeP = "e4acbefcabaedaa4eafd7f01068af257b2f10371b26836b64f524e05761e381c" +
		"03c8be15eb6692f6feb138ca088ad5fe0e45a754b48569cf9398bd2212e7b1b2" +
		"dfe46018d844953c4832a4e3c59acc8618e409243346b656564bec0ecf078058" +
		"e1756a91ad31d8ef61072616614f728fec35fb374f010dd7ae96e534ecaad72f"
	primeQ = "e48f81248b28ca5ba7a4838fb12f61b67f25a90c9211c4ee1a6fe8f90f0ff63c" +
		"b231db941429fbc1f0b19fc3f49c052b279ffeb999c66571aeba954ce939e3be" +
		"dd92846031bd1a000872d38afd891a5bf5402f1b75d1f7e7ba31ace7cc2d7092" +
		"1d0e846169aa782f052d925822ece221553c550d8bfc48d81108c537695aac55"
)

func keyOf(primes ...string) *rsa.PrivateKey {
	k := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: big.NewInt(1), E: 65537}}
	totient := big.NewInt(1)
	for _, text := range primes {
		p, ok := new(big.Int).SetString(text, 16)
		if !ok {
			panic("not a number: " + text)
		}
		k.Primes = append(k.Primes, p)
		k.N.Mul(k.N, p)
		totient.Mul(totient, new(big.Int).Sub(p, big.NewInt(1)))
	}
	k.D = new(big.Int).ModInverse(big.NewInt(int64(k.E)), totient)
	k.Precompute()
	if err := k.Validate(); err != nil {
		panic(err)
	}
	return k
}

// keyOfExponent makes a key that no sound generator makes.
func keyOfExponent(e int64) *rsa.PrivateKey {
	prime := func() *big.Int {
		for {
			p, err := rand.Prime(rand.Reader, 1024)
			if err != nil {
				panic(err)
			}
			less := new(big.Int).Sub(p, big.NewInt(1))
			if new(big.Int).Mod(less, big.NewInt(e)).Sign() != 0 { // coprime, as e is prime
				return p
			}
		}
	}
	p, q := prime(), prime()
	k := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: int(e)}, Primes: []*big.Int{p, q}}
	totient := new(big.Int).Mul(new(big.Int).Sub(p, big.NewInt(1)), new(big.Int).Sub(q, big.NewInt(1)))
	k.D = new(big.Int).ModInverse(big.NewInt(e), totient)
	k.Precompute()
	return k
}

func mustKey(bits int) *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return k
}

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// jwkOf writes a public key as Entra does; issuer empty leaves the member out.
func jwkOf(kid, issuer string, key *rsa.PublicKey) map[string]any {
	m := map[string]any{
		"kty": "RSA", "use": "sig", "kid": kid, "x5t": kid,
		"n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes()),
	}
	if issuer != "" {
		m["issuer"] = issuer
	}
	return m
}

func jwks(keys ...map[string]any) []byte {
	raw, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		panic(err)
	}
	return raw
}

func keySet(t testing.TB, keys ...map[string]any) KeySet {
	t.Helper()
	s, err := ParseJWKS(jwks(keys...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const templateIssuer = "https://login.microsoftonline.com/{tenantid}/v2.0"

// forge makes a token; every vector changes one thing of it.
type forge struct {
	header  map[string]any
	claims  map[string]any
	payload string                          // instead of claims, when not empty
	head    string                          // instead of header, when not empty
	key     *rsa.PrivateKey                 // signs
	encode  func(part int, s string) string // changes an encoded part before it is signed
	sign    func(input string) []byte       // instead of RS256 under key
	after   func(string) string             // changes the finished token
}

func (f forge) token() string {
	head, payload := []byte(f.head), []byte(f.payload)
	if f.head == "" {
		head, _ = json.Marshal(f.header)
	}
	if f.payload == "" {
		payload, _ = json.Marshal(f.claims)
	}
	encode := f.encode
	if encode == nil {
		encode = func(_ int, s string) string { return s }
	}
	input := encode(0, b64(head)) + "." + encode(1, b64(payload))
	sign := f.sign
	if sign == nil {
		sign = func(input string) []byte {
			sum := sha256.Sum256([]byte(input))
			sig, err := rsa.SignPKCS1v15(nil, f.key, crypto.SHA256, sum[:])
			if err != nil {
				panic(err)
			}
			return sig
		}
	}
	token := input + "." + b64(sign(input))
	if f.after != nil {
		token = f.after(token)
	}
	return token
}

func header() map[string]any {
	return map[string]any{"typ": "JWT", "alg": "RS256", "kid": keyID, "x5t": keyID}
}

// appV1 is what Entra issues for a Defender API to an application with a
// client secret.
func appV1() forge {
	return forge{
		header: header(),
		key:    signingKey(),
		claims: map[string]any{
			"aud": xdr, "iss": "https://sts.windows.net/" + tenantA + "/", "idp": "https://sts.windows.net/" + tenantA + "/",
			"iat": noon.Unix() - 300, "nbf": noon.Unix() - 300, "exp": noon.Unix() + 3300,
			"appid": clientID, "appidacr": "1", "oid": objectID, "sub": objectID, "tid": tenantA,
			"roles": []string{"Incident.Read.All"}, "uti": "u0", "rh": "0.A", "ver": "1.0",
		},
	}
}

func (f forge) with(changes map[string]any) forge {
	f.claims = maps.Clone(f.claims)
	for name, value := range changes {
		if value == nil {
			delete(f.claims, name)
			continue
		}
		f.claims[name] = value
	}
	return f
}

func (f forge) head1(name string, value any) forge {
	f.header = maps.Clone(f.header)
	if value == nil {
		delete(f.header, name)
		return f
	}
	f.header[name] = value
	return f
}

func appV2() forge {
	return appV1().head1("x5t", nil).with(map[string]any{
		"iss": "https://login.microsoftonline.com/" + tenantA + "/v2.0", "aud": otherApp, "ver": "2.0",
		"appid": nil, "appidacr": nil, "azp": clientID, "azpacr": "2", "idp": nil,
	})
}

func userV1() forge {
	return appV1().with(map[string]any{
		"sub": "pairwise-subject", "scp": "Incident.Read User.Read", "roles": nil, "upn": "ada@contoso.example", "name": "Ada", "appidacr": "0",
	})
}

func idV2() forge {
	return appV2().with(map[string]any{
		"aud": clientID, "azp": nil, "azpacr": nil, "roles": nil, "sub": "pairwise-subject",
		"nonce": "n-1", "name": "Ada", "preferred_username": "ada@contoso.example",
	})
}

func config(t testing.TB) Config {
	return Config{
		Cloud:     entra.Clouds()[0],
		Audiences: []string{xdr, otherApp},
		Tenants:   []entra.TenantID{tenantA},
		Clients:   []string{clientID},
		Keys:      keySet(t, jwkOf(keyID, templateIssuer, &signingKey().PublicKey), jwkOf("second", templateIssuer, &rogueKey().PublicKey)),
		Now:       atNoon,
	}
}

func verifier(t testing.TB, c Config) *Verifier {
	t.Helper()
	v, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// part changes one of the three parts of a token.
func part(n int, change func(string) string) func(string) string {
	return func(token string) string {
		parts := strings.Split(token, ".")
		parts[n] = change(parts[n])
		return strings.Join(parts, ".")
	}
}
