package sts

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // x5t is a SHA-1 thumbprint by definition (RFC 7515 §4.1.7)
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox/world"
)

// assertionType is the client_assertion_type of RFC 7523.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// assertionSkew is the clock difference the service tolerates.
const assertionSkew = 5 * time.Minute

// maxAssertion bounds what is parsed.
const maxAssertion = 64 << 10

// assertion is a client's JSON Web Token, read but not yet believed.
type assertion struct {
	raw       string
	alg       string
	keyID     string
	sha1      []byte   // x5t
	sha256    []byte   // x5t#S256
	chain     [][]byte // x5c, leaf first
	issuer    string
	subject   string
	audiences []string
	user      bool      // says that it is a user's, as Entra's tokens do
	from, to  time.Time // zero when the claim is missing
	signed    string    // what the signature covers
	signature []byte
}

var errAssertion = errors.New("not a JSON Web Token")

// decode64 reads every variant that clients send: MSAL for Go writes
// standard base64 with padding, for Python url-safe with padding, for Node
// url-safe without.
func decode64(s string) ([]byte, error) {
	s = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(s, "="))
	return base64.RawURLEncoding.DecodeString(s)
}

// parseAssertion reads an assertion. Any deviation from a JSON Web Token is
// the same error: the client cannot do anything else with the difference.
func parseAssertion(raw string) (*assertion, error) {
	parts := strings.Split(raw, ".")
	if len(raw) > maxAssertion || len(parts) != 3 {
		return nil, errAssertion
	}
	a := &assertion{raw: raw, signed: parts[0] + "." + parts[1]}
	var h struct {
		Alg   string          `json:"alg"`
		KeyID string          `json:"kid"`
		X5T   string          `json:"x5t"`
		X5T2  string          `json:"x5t#S256"`
		X5C   json.RawMessage `json:"x5c"`
	}
	var p struct {
		Issuer   string          `json:"iss"`
		Subject  string          `json:"sub"`
		Audience json.RawMessage `json:"aud"`
		From     *json.Number    `json:"nbf"` // a number; MSAL.NET writes it as text
		To       *json.Number    `json:"exp"`
		Scope    json.RawMessage `json:"scp"` // of any type: foreign issuers have their own
		Kind     json.RawMessage `json:"idtyp"`
	}
	for i, into := range []any{&h, &p} {
		text, err := decode64(parts[i])
		if err != nil || json.Unmarshal(text, into) != nil {
			return nil, errAssertion
		}
	}
	var err error
	if a.signature, err = decode64(parts[2]); err != nil {
		return nil, errAssertion
	}
	if a.sha1, err = decode64(h.X5T); err != nil {
		return nil, errAssertion
	}
	if a.sha256, err = decode64(h.X5T2); err != nil {
		return nil, errAssertion
	}
	chain, err := stringOrList(h.X5C)
	if err != nil {
		return nil, errAssertion
	}
	for _, c := range chain {
		der, err := decode64(c)
		if err != nil {
			return nil, errAssertion
		}
		a.chain = append(a.chain, der)
	}
	if a.audiences, err = stringOrList(p.Audience); err != nil {
		return nil, errAssertion
	}
	if a.from, err = numericDate(p.From); err != nil {
		return nil, err
	}
	if a.to, err = numericDate(p.To); err != nil {
		return nil, err
	}
	a.alg, a.keyID, a.issuer, a.subject = h.Alg, h.KeyID, p.Issuer, p.Subject
	a.user = len(p.Scope) > 0 || string(p.Kind) == `"user"`
	return a, nil
}

// stringOrList reads a member that is one string or a list of them: aud by
// RFC 7519, x5c because MSAL.NET writes a string.
func stringOrList(raw json.RawMessage) ([]string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}, nil
	}
	var many []string
	err := json.Unmarshal(raw, &many)
	return many, err
}

func numericDate(n *json.Number) (time.Time, error) {
	if n == nil {
		return time.Time{}, nil
	}
	v, err := n.Float64()
	if err != nil || math.IsNaN(v) || v < 0 || v > 253402300799 { // the end of year 9999
		return time.Time{}, errAssertion
	}
	return time.Unix(int64(v), 0).UTC(), nil
}

// checkAssertion authenticates a client by assertion: its own, signed with a
// registered certificate, or a foreign issuer's that a federated credential
// trusts.
func (x *exchange) checkAssertion(app *world.App, t *world.Tenant, raw string) error {
	kind, err := x.need("client_assertion_type")
	if err != nil {
		return err
	}
	if kind != assertionType {
		return refuse(requestMalformed)
	}
	a, err := parseAssertion(raw)
	if err != nil {
		return refuse(assertionMalformed)
	}
	if strings.HasPrefix(a.issuer, "https://") || strings.HasPrefix(a.issuer, "http://") {
		return x.checkFederated(app, a)
	}
	return x.checkCertificate(app, t, a)
}

func (x *exchange) checkCertificate(app *world.App, t *world.Tenant, a *assertion) error {
	if a.alg != "RS256" && a.alg != "PS256" {
		return refuse(assertionAlgorithm, "alg", a.alg)
	}
	if len(a.sha1)+len(a.sha256)+len(a.chain) == 0 && a.keyID == "" {
		return refuse(assertionNoKey)
	}
	key := a.key(app)
	if key != nil && !x.world.KeyUsable(key.Key) {
		x.pending("certificate " + key.KeyID)
		key = nil
	}
	if key == nil {
		return refuse(assertionKeyUnknown, "thumbprint", a.thumbprint(), "app", app.AppID)
	}
	start, end := key.window()
	about := []string{"thumbprint", a.thumbprint(), "app", app.AppID, "start", start.Format("01/02/2006 15:04:05"), "end", end.Format("01/02/2006 15:04:05")}
	if !x.now.Before(end) {
		return refuse(assertionKeyExpired, about...)
	}
	if !a.signedBy(key) {
		return refuse(assertionSignature, about...)
	}
	if !strings.EqualFold(a.issuer, app.AppID) || !strings.EqualFold(a.subject, app.AppID) {
		return refuse(assertionIssuer)
	}
	if !slices.ContainsFunc(a.audiences, func(aud string) bool { return x.ownAudience(t, aud) }) {
		return refuse(assertionAudience)
	}
	return x.checkTime(a)
}

func (x *exchange) checkTime(a *assertion) error {
	if !a.to.IsZero() && !x.now.After(a.to.Add(assertionSkew)) && !x.now.Add(assertionSkew).Before(a.from) {
		return nil
	}
	stamp := func(t time.Time) string {
		if t.IsZero() {
			t = time.Unix(0, 0)
		}
		return t.UTC().Format("2006-01-02T15:04:05.0000000Z")
	}
	return refuse(assertionTime, "now", stamp(x.now), "from", stamp(a.from), "to", stamp(a.to))
}

// registeredKey is a certificate of the application with a usable key.
type registeredKey struct {
	*world.Key
	public *rsa.PublicKey
}

func (k *registeredKey) window() (start, end time.Time) {
	start, end = k.Start, k.End
	if start.IsZero() {
		start = k.Cert.NotBefore
	}
	if end.IsZero() || k.Cert.NotAfter.Before(end) {
		end = k.Cert.NotAfter
	}
	return start.UTC(), end.UTC()
}

// key finds the registered certificate the header names: by thumbprint, by
// the certificate itself, or by a kid that is a thumbprint or a key id.
func (a *assertion) key(app *world.App) *registeredKey {
	for _, k := range app.Keys {
		if k.Cert == nil {
			continue
		}
		public, ok := k.Cert.PublicKey.(*rsa.PublicKey)
		if !ok {
			continue
		}
		s1, s256 := sha1.Sum(k.Cert.Raw), sha256.Sum256(k.Cert.Raw) //nolint:gosec // see the import
		var match bool
		switch {
		case len(a.sha256) > 0:
			match = bytes.Equal(a.sha256, s256[:])
		case len(a.sha1) > 0:
			match = bytes.Equal(a.sha1, s1[:])
		case len(a.chain) > 0:
			match = bytes.Equal(a.chain[0], k.Cert.Raw)
		default:
			raw, err := decode64(a.keyID)
			match = strings.EqualFold(a.keyID, hex.EncodeToString(s1[:])) || strings.EqualFold(a.keyID, hex.EncodeToString(s256[:])) ||
				strings.EqualFold(a.keyID, k.KeyID) || (err == nil && (bytes.Equal(raw, s1[:]) || bytes.Equal(raw, s256[:])))
		}
		if match {
			return &registeredKey{k, public}
		}
	}
	return nil
}

// thumbprint is how the header named the key, as error texts show it.
func (a *assertion) thumbprint() string {
	switch {
	case len(a.sha256) > 0:
		return strings.ToUpper(hex.EncodeToString(a.sha256))
	case len(a.sha1) > 0:
		return strings.ToUpper(hex.EncodeToString(a.sha1))
	case len(a.chain) > 0:
		sum := sha1.Sum(a.chain[0]) //nolint:gosec // see the import
		return strings.ToUpper(hex.EncodeToString(sum[:]))
	}
	return a.keyID
}

// signedBy checks the signature over the text as it was sent, padding and
// all, which a strict JOSE library would refuse to parse.
func (a *assertion) signedBy(k *registeredKey) bool {
	sum := sha256.Sum256([]byte(a.signed))
	if a.alg == "PS256" {
		return rsa.VerifyPSS(k.public, crypto.SHA256, sum[:], a.signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
	}
	return rsa.VerifyPKCS1v15(k.public, crypto.SHA256, sum[:], a.signature) == nil
}

// ownAudience says whether aud names a token endpoint, or the issuer, of the
// tenant: on any host of its cloud or the one asked, by id or domain, v1 or v2.
func (x *exchange) ownAudience(t *world.Tenant, aud string) bool {
	aud = strings.ToLower(aud)
	if aud == "https://sts.windows.net/"+t.ID+"/" {
		return true
	}
	rest, ok := strings.CutPrefix(aud, "https://")
	if !ok {
		return false
	}
	host, rest, _ := strings.Cut(rest, "/")
	if host = strings.TrimSuffix(host, ":443"); host != x.host && !slices.Contains(instanceOfCloud(t.Cloud).aliases, host) {
		return false
	}
	name, path, _ := strings.Cut(rest, "/")
	if found, ok := x.world.Tenant(name); !ok || found.ID != t.ID {
		return false
	}
	return slices.Contains([]string{"", "v2.0", "oauth2/token", "oauth2/v2.0/token"}, strings.TrimSuffix(path, "/"))
}
