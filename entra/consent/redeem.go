package consent

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/entra"
)

// CodeExchanger redeems authorization codes; [*entra.Tokens] does.
type CodeExchanger interface {
	ExchangeCode(ctx context.Context, x entra.CodeExchange) (idToken entra.Secret, err error)
}

// IDToken is who signed in. Tenant and ObjectID together identify a person;
// Username and Name are for display only, since a customer's administrator can
// set both at will.
type IDToken struct {
	Tenant   entra.TenantID // proved
	ObjectID string
	Name     string
	Username string
	Issued   time.Time
}

// IDTokenError is an id token that is not the answer to this invitation.
// Nothing of it may be used.
type IDTokenError struct {
	Claim   string // name of the claim that is wrong
	Problem string
}

func (e *IDTokenError) Error() string {
	return fmt.Sprintf("id token refused: %s %s: %s", e.Claim, e.Problem, e.Next())
}

// Next says what to do.
func (e *IDTokenError) Next() string {
	if e.Claim == "exp" || e.Claim == "nbf" {
		return "check this computer's clock, then sign in again"
	}
	return "make a new invitation and sign in again"
}

// idTokenSkew is how far clocks may differ, as the IdentityModel default is.
const idTokenSkew = 5 * time.Minute

// RedeemCode exchanges the code of a sign-in callback, which [Invitation.Check]
// has accepted, and checks the id token: audience (our app), issuer and tenant
// (each naming the other), nonce, expiry, and the invited tenant if there is
// one. The signature is not checked, which OpenID Connect Core 3.1.3.7 allows
// for a token that came straight from the token endpoint over TLS.
//
// Errors: [*IDTokenError], [*TenantMismatchError], and those of
// [entra.Tokens.Token].
func RedeemCode(ctx context.Context, codes CodeExchanger, inv Invitation, code string, now time.Time) (IDToken, error) {
	if code == "" {
		return IDToken{}, &CallbackError{Parameter: "code", Problem: "is missing"}
	}
	raw, err := codes.ExchangeCode(ctx, entra.CodeExchange{
		Tenant:      inv.place("organizations"),
		Code:        entra.NewSecret(code),
		RedirectURI: inv.RedirectURI,
		Verifier:    entra.NewSecret(inv.Verifier),
		Scopes:      signInScopes(),
	})
	if err != nil {
		return IDToken{}, fmt.Errorf("redeem code: %w", err)
	}
	claims, err := entra.ReadClaims(raw.Reveal())
	if err != nil {
		return IDToken{}, &IDTokenError{Claim: "payload", Problem: "cannot be read (" + err.Error() + ")"}
	}
	return inv.checkIDToken(claims, now)
}

func (inv Invitation) checkIDToken(c entra.Claims, now time.Time) (IDToken, error) {
	refuse := func(claim, problem string) (IDToken, error) {
		return IDToken{}, &IDTokenError{Claim: claim, Problem: problem}
	}
	if !slices.ContainsFunc(c.Audiences, func(a string) bool { return strings.EqualFold(a, inv.ClientID) }) || len(c.Audiences) != 1 {
		return refuse("aud", "is not this application")
	}
	tenant, err := entra.ParseTenantID(c.TenantID)
	if err != nil {
		return refuse("tid", "is not a tenant id")
	}
	if !inv.issuedBy(c.Issuer, tenant) {
		return refuse("iss", "is not the login service of this cloud for the tenant in tid")
	}
	// A missing nonce must not match an invitation that lost its own.
	if inv.Nonce == "" || subtle.ConstantTimeCompare([]byte(inv.Nonce), []byte(c.Nonce)) != 1 {
		return refuse("nonce", "is not that of the invitation")
	}
	switch {
	case c.Expires.IsZero():
		return refuse("exp", "is missing")
	case !now.Before(c.Expires.Add(idTokenSkew)):
		return refuse("exp", "is in the past: "+c.Expires.Format(time.RFC3339))
	case c.NotBefore.After(now.Add(idTokenSkew)):
		return refuse("nbf", "is in the future: "+c.NotBefore.Format(time.RFC3339))
	case c.ObjectID == "":
		return refuse("oid", "is missing")
	}
	if inv.Tenant != "" && tenant != inv.Tenant {
		return IDToken{}, &TenantMismatchError{Want: inv.Tenant, Got: tenant}
	}
	return IDToken{Tenant: tenant, ObjectID: c.ObjectID, Name: c.Name, Username: c.Username, Issued: c.Issued}, nil
}

// issuedBy compares the issuer of a v2 id token with the cloud and the tid.
func (inv Invitation) issuedBy(issuer string, tenant entra.TenantID) bool {
	origin := inv.Cloud.IssuerV2
	if origin == "" {
		origin = inv.Cloud.Login
	}
	u, err := url.Parse(issuer)
	return err == nil && u.User == nil && u.RawQuery == "" && u.Fragment == "" &&
		u.Scheme+"://"+strings.ToLower(u.Host) == origin &&
		strings.EqualFold(u.Path, "/"+string(tenant)+"/v2.0")
}
