package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/entra"
)

// Config says what a [Verifier] accepts.
type Config struct {
	// Cloud gives the issuers: IssuerV2 (or Login) for tokens of version 2.0,
	// Issuer for the others. Required.
	Cloud entra.Cloud
	// Audiences are the values of aud that are accepted, compared exactly: for
	// access tokens the identifier URIs and the id of the API, for id tokens
	// the client id. Required.
	Audiences []string
	// Tenants are the accepted tenants; nil accepts any, which is right only
	// where the caller looks the tenant up afterwards. Not nil and empty
	// accepts none.
	Tenants []entra.TenantID
	// Clients are the accepted client applications (appid, azp) of access
	// tokens; nil accepts any.
	Clients []string
	// Kind restricts access tokens to KindApplication or KindUser; empty
	// accepts both.
	Kind Kind
	// Keys is where signing keys come from. Required; a token never adds to it.
	Keys Keys
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Skew is the allowed difference of clocks; 0 means DefaultSkew, negative
	// means none.
	Skew time.Duration
	// MaxLifetime bounds exp minus iat; 0 means DefaultMaxLifetime.
	MaxLifetime time.Duration
}

// Verifier judges tokens by one [Config]. It is safe for concurrent use.
type Verifier struct {
	rules rules
	kind  Kind
	keys  Keys
	now   func() time.Time
}

// New checks the configuration, so that nothing is accepted by omission.
func New(c Config) (*Verifier, error) {
	switch {
	case c.Cloud.Login == "" || c.Cloud.Issuer == "":
		return nil, errors.New("verify: Cloud: its login origin and its issuer are needed; take one of entra.Clouds or entra.CustomCloud")
	case len(c.Audiences) == 0 || slices.Contains(c.Audiences, ""):
		return nil, errors.New("verify: Audiences: name at least one, and none that is empty, or tokens for other APIs would be accepted")
	case c.Keys == nil:
		return nil, errors.New("verify: Keys: a source of signing keys is needed; take NewRemoteKeys or ParseJWKS")
	case c.Kind != "" && c.Kind != KindApplication && c.Kind != KindUser:
		return nil, fmt.Errorf("verify: Kind: %q is none of %q, %q and empty", c.Kind, KindApplication, KindUser)
	case c.MaxLifetime < 0:
		return nil, errors.New("verify: MaxLifetime: must not be negative")
	}
	v := &Verifier{
		rules: newRules(c.Cloud, c.Skew, c.MaxLifetime),
		kind:  c.Kind,
		keys:  c.Keys,
		now:   c.Now,
	}
	v.rules.audiences = slices.Clone(c.Audiences)
	v.rules.clients = slices.Clone(c.Clients)
	v.rules.tenants = tenantStrings(c.Tenants)
	if v.now == nil {
		v.now = time.Now
	}
	return v, nil
}

func newRules(cloud entra.Cloud, skew, maxLifetime time.Duration) rules {
	switch {
	case skew == 0:
		skew = DefaultSkew
	case skew < 0:
		skew = 0
	}
	if maxLifetime == 0 {
		maxLifetime = DefaultMaxLifetime
	}
	return rules{
		login:       strings.TrimSuffix(cmp.Or(cloud.IssuerV2, cloud.Login), "/"),
		issuer:      strings.TrimSuffix(cloud.Issuer, "/"),
		skew:        skew,
		maxLifetime: maxLifetime,
	}
}

// tenantStrings keeps the difference between nil (any) and empty (none).
func tenantStrings(ids []entra.TenantID) []string {
	if ids == nil {
		return nil
	}
	list := make([]string, 0, len(ids))
	for _, id := range ids {
		list = append(list, strings.ToLower(string(id)))
	}
	return list
}

// Verify judges an access token, given exactly as it was sent (without the
// word Bearer). A token that is refused gives an [*Error] that names the check
// and the remedy. A [*KeySourceError] means that the keys could not be had and
// nothing is known about the token.
//
// Verify says that the token is genuine and meant for the audience. What it
// allows is the caller's to judge, by Roles for KindApplication and by Scopes
// for KindUser.
func (v *Verifier) Verify(ctx context.Context, raw string) (Claims, error) {
	t, r, err := v.common(ctx, raw)
	if err != nil {
		return Claims{}, err
	}
	for _, c := range []Check{r.accessKind(t, v.kind), r.application(t)} {
		if err := refusal(c); err != nil {
			return Claims{}, err
		}
	}
	return t.claims, nil
}

// VerifyID judges an id token. nonce is the one that was put into the
// authorization request, and must be the token's; it must not be empty, since
// a token without it may be one that was taken from another sign-in.
func (v *Verifier) VerifyID(ctx context.Context, raw, nonce string) (Claims, error) {
	t, r, err := v.common(ctx, raw)
	if err != nil {
		return Claims{}, err
	}
	if err := refusal(r.idKind(t)); err != nil {
		return Claims{}, err
	}
	if nonce == "" || t.claims.Nonce != nonce {
		return Claims{}, &Error{Check: CheckNonce, Detail: "the nonce is not the one of this sign-in", Remedy: "Start the sign-in again; do not use the token."}
	}
	return t.claims, nil
}

// common runs the checks that both kinds share: the signature before any claim
// is believed, then the claims in the order in which they depend on each other.
func (v *Verifier) common(ctx context.Context, raw string) (*token, rules, error) {
	r := v.rules
	r.now = v.now()
	t, err := parse(raw)
	if err != nil {
		return nil, r, &Error{Check: CheckForm, Detail: "the token " + err.Error(), Remedy: remedyFresh}
	}
	for _, c := range []Check{r.header(t), r.algorithm(t)} {
		if err := refusal(c); err != nil {
			return nil, r, err
		}
	}
	if _, has := t.headerMembers["nonce"]; has {
		return nil, r, &Error{
			Check:  CheckSignature,
			Detail: "the header has a nonce: the token is for Microsoft Graph, and nobody else can verify its signature",
			Remedy: "Ask for a token for this API; a token for Microsoft Graph is for Microsoft Graph only.",
		}
	}
	sig, key, err := r.signature(ctx, t, v.keys)
	if err != nil {
		return nil, r, err
	}
	if err := refusal(sig); err != nil {
		return nil, r, err
	}
	for _, check := range []func(*token) Check{
		r.claims, r.tenant, r.version, r.issuerOf,
		func(t *token) Check { return r.keyIssuer(t, key) },
		r.audience, r.lifetime,
	} {
		if err := refusal(check(t)); err != nil {
			return nil, r, err
		}
	}
	return t, r, nil
}

func refusal(c Check) error {
	if c.Status == Passed {
		return nil
	}
	return &Error{Check: c.Name, Detail: c.Detail, Remedy: c.Remedy}
}
