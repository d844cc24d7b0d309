// Package token holds the sandbox's signing keys and signs and verifies the
// tokens of its token service. The Microsoft APIs of the sandbox verify with
// the same keys, so a token of any other origin is refused.
package token

import "time"

// Claims are what the sandbox's APIs need to know of an access token they
// were shown.
type Claims struct {
	Audience  string
	Issuer    string
	TenantID  string
	AppID     string // appid (v1) or azp (v2)
	ObjectID  string
	Subject   string
	Version   string // "1.0" or "2.0"
	AppOnly   bool   // an application's own token: roles count, scopes do not
	Roles     []string
	Scopes    []string
	UPN       string // of the signed-in user, empty for application tokens
	NotBefore time.Time
	Expires   time.Time
	ID        string // uti
}

// Signer is what the token service needs of [Keys].
type Signer interface {
	// Sign returns the compact JWS of the claims under the current key.
	// header holds members to add to typ, alg, kid and x5t.
	Sign(header, claims map[string]any) (string, error)
}

// Verifier is what an API needs of [Keys].
type Verifier interface {
	// Verify checks signature and lifetime (with the five minutes of skew
	// that Microsoft's resources allow) and returns the claims. Audience and
	// roles are the caller's to judge.
	Verify(raw string) (*Claims, error)
}
