package token

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Errors of [Keys.Verify]. Compare with errors.Is; the texts never hold any
// part of the token.
var (
	ErrMalformed      = errors.New("the token is not a JSON Web Token signed with RS256")
	ErrUnknownKey     = errors.New("the token names no signing key of this sandbox")
	ErrSignature      = errors.New("the token's signature does not match")
	ErrNotAccessToken = errors.New("the token is not an access token")
	ErrExpired        = errors.New("the token has expired")
	ErrNotYetValid    = errors.New("the token is not valid yet")
)

// Skew is how far clocks may differ, as at Microsoft's resources.
const Skew = 5 * time.Minute

// maxToken bounds what is parsed: the largest tokens of Entra (a user with
// hundreds of groups) stay under 20 kB.
const maxToken = 64 << 10

// payload are the claims of either version that [Claims] is made of.
type payload struct {
	Audience  string   `json:"aud"`
	Issuer    string   `json:"iss"`
	TenantID  string   `json:"tid"`
	AppID     string   `json:"appid"`
	AZP       string   `json:"azp"`
	ObjectID  string   `json:"oid"`
	Subject   string   `json:"sub"`
	Version   string   `json:"ver"`
	Roles     []string `json:"roles"`
	Scope     *string  `json:"scp"`
	UPN       string   `json:"upn"`
	Preferred string   `json:"preferred_username"`
	NotBefore int64    `json:"nbf"`
	Expires   int64    `json:"exp"`
	ID        string   `json:"uti"`
}

// Verify implements [Verifier]. It hashes the header's nonce first, see
// [Keys.Sign].
func (k *Keys) Verify(raw string) (*Claims, error) {
	body, err := k.verifySignature(raw)
	if err != nil {
		return nil, err
	}
	var p payload
	if err := json.Unmarshal(body, &p); err != nil {
		return nil, fmt.Errorf("%w: claims of an unexpected type", ErrMalformed)
	}
	// An id token names nobody it was issued to but its audience.
	if p.AppID == "" && p.AZP == "" {
		return nil, ErrNotAccessToken
	}
	c := &Claims{
		Audience: p.Audience, Issuer: p.Issuer, TenantID: p.TenantID,
		AppID: p.AppID + p.AZP, ObjectID: p.ObjectID, Subject: p.Subject, Version: p.Version,
		AppOnly: p.Scope == nil, Roles: p.Roles,
		NotBefore: time.Unix(p.NotBefore, 0).UTC(), Expires: time.Unix(p.Expires, 0).UTC(),
		ID: p.ID,
	}
	if p.Scope != nil {
		c.Scopes = strings.Fields(*p.Scope)
		c.UPN = p.UPN
		if c.UPN == "" {
			c.UPN = p.Preferred
		}
	}
	now := k.now()
	if now.After(c.Expires.Add(Skew)) {
		return nil, ErrExpired
	}
	if now.Add(Skew).Before(c.NotBefore) {
		return nil, ErrNotYetValid
	}
	return c, nil
}

// VerifyIDToken checks the signature of an id token and returns the client it
// was issued to and its tenant. Lifetime is not judged: a hint at sign-out
// may be old.
func (k *Keys) VerifyIDToken(raw string) (clientID, tenantID string, err error) {
	body, err := k.verifySignature(raw)
	if err != nil {
		return "", "", err
	}
	var p payload
	if err := json.Unmarshal(body, &p); err != nil {
		return "", "", fmt.Errorf("%w: claims of an unexpected type", ErrMalformed)
	}
	return p.Audience, p.TenantID, nil
}

func (k *Keys) verifySignature(raw string) ([]byte, error) {
	if len(raw) > maxToken {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrMalformed, maxToken)
	}
	shown, rest, ok := strings.Cut(raw, ".")
	if !ok {
		return nil, ErrMalformed
	}
	header, err := base64.RawURLEncoding.DecodeString(shown)
	if err != nil {
		return nil, ErrMalformed
	}
	signed := base64.RawURLEncoding.EncodeToString(hashNonce(header)) + "." + rest
	sig, err := jose.ParseSignedCompact(signed, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, ErrMalformed
	}
	key := k.byID(sig.Signatures[0].Header.KeyID)
	if key == nil {
		return nil, ErrUnknownKey
	}
	body, err := sig.Verify(&key.private.PublicKey)
	if err != nil {
		return nil, ErrSignature
	}
	return body, nil
}

func (k *Keys) byID(id string) *signingKey {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, key := range k.list {
		if key.id == id {
			return key
		}
	}
	return nil
}
