package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/verify/internal/rule"
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
	// Revoked, when not nil, is asked about every token that passed all else;
	// true refuses it. SessionID (sid) names the sign-in of an id token, TokenID
	// (uti) one token. Entra's own revocations reach resources that take part in
	// continuous access evaluation only.
	Revoked func(Claims) bool
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
	rules   rules
	kind    Kind
	keys    Keys
	now     func() time.Time
	revoked func(Claims) bool
	memory  sync.Pool // of *scratch
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
		rules:   newRules(c.Cloud, c.Skew, c.MaxLifetime),
		kind:    c.Kind,
		keys:    c.Keys,
		now:     c.Now,
		revoked: c.Revoked,
	}
	v.rules.audiences = slices.Clone(c.Audiences)
	v.rules.clients = setOf(c.Clients)
	v.rules.tenants = setOf(c.Tenants)
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

// setOf keeps the difference between nil (any) and empty (none). GUIDs are
// written in small letters in tokens.
func setOf[S ~string](ids []S) map[string]struct{} {
	if ids == nil {
		return nil
	}
	set := make(map[string]struct{}, len(ids))
	for _, id := range ids {
		set[strings.ToLower(string(id))] = struct{}{}
	}
	return set
}

// Verify judges an access token, given exactly as it was sent (without the
// word Bearer). A token that is refused gives an [*Error] that names the check
// and the remedy. A [*KeySourceError] means that the keys could not be had and
// nothing is known about the token.
//
// Verify says that the token is genuine and meant for the audience. What it
// allows is the caller's to judge, by Roles for KindApplication and by Scopes
// for KindUser; [Handler] does that.
//
// The claims share one piece of memory as long as the token's payload; clone
// what is kept for long.
func (v *Verifier) Verify(ctx context.Context, raw string) (Claims, error) {
	t := token{raw: raw, off: v.rules.off}
	if err := v.common(ctx, &t); err != nil {
		return Claims{}, err
	}
	if err := v.rules.accessKind(&t, v.kind); err != nil {
		return Claims{}, err
	}
	if err := v.rules.application(&t); err != nil {
		return Claims{}, err
	}
	if err := v.ended(&t); err != nil {
		return Claims{}, err
	}
	return t.claims, nil
}

// VerifyID judges an id token. nonce is the one that was put into the
// authorization request, and must be the token's; it must not be empty, since
// a token without it may be one that was taken from another sign-in.
func (v *Verifier) VerifyID(ctx context.Context, raw, nonce string) (Claims, error) {
	t := token{raw: raw, off: v.rules.off}
	if err := v.common(ctx, &t); err != nil {
		return Claims{}, err
	}
	if err := v.rules.idKind(&t); err != nil {
		return Claims{}, err
	}
	if (nonce == "" || t.claims.Nonce != nonce) && v.rules.on(rule.Nonce) {
		return Claims{}, refuse(rule.Nonce, "Start the sign-in again; do not use the token.", "the nonce is not the one of this sign-in")
	}
	if err := v.ended(&t); err != nil {
		return Claims{}, err
	}
	return t.claims, nil
}

// common runs the checks that both kinds share: the signature before any claim
// is read, then the claims in the order in which they depend on each other.
func (v *Verifier) common(ctx context.Context, t *token) error {
	s, ok := v.memory.Get().(*scratch)
	if !ok {
		s = new(scratch)
	}
	defer func() {
		s.wipe()
		v.memory.Put(s)
	}()
	r, now := &v.rules, v.now()
	if err := t.open(s); err != nil {
		return err
	}
	for _, check := range [...]func(*token) *Error{r.header, r.algorithm, r.graphNonce} {
		if err := check(t); err != nil {
			return err
		}
	}
	key, refused, err := r.signature(ctx, t, s, v.keys)
	switch {
	case err != nil:
		return err
	case refused != nil:
		return refused
	}
	if err := r.typ(t); err != nil {
		return err
	}
	if err := t.read(s); err != nil {
		return err
	}
	for _, check := range [...]func(*token) *Error{r.wellTyped, r.tenant, r.version, r.issuerOf} {
		if err := check(t); err != nil {
			return err
		}
	}
	if err := r.keyIssuer(t, key); err != nil {
		return err
	}
	if err := r.audience(t); err != nil {
		return err
	}
	if err := r.lifetime(t, now); err != nil {
		return err
	}
	return nil
}

// ended asks the caller about a token that is sound otherwise.
func (v *Verifier) ended(t *token) *Error {
	if v.revoked == nil || !v.rules.on(rule.Revoked) || !v.revoked(t.claims) {
		return nil
	}
	return refuse(rule.Revoked, "Sign in again.", "the session or the token was ended")
}
