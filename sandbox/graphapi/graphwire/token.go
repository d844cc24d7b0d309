package graphwire

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/sandbox/token"
	"github.com/tenantry/tenantry/sandbox/world"
)

// Caller is who a request's token speaks for.
type Caller struct {
	*token.Claims
	Tenant *world.Tenant
	User   *world.User // nil for an application's own token
}

// Carried is what the token carries: roles of an application's token, scopes
// of a user's.
func (c *Caller) Carried() []string {
	if c.AppOnly {
		return c.Roles
	}
	return c.Scopes
}

// Holds says whether the token carries any one of the permissions. Values are
// compared without case for scopes and with case for roles, as issued.
func (c *Caller) Holds(any []string) bool {
	return slices.ContainsFunc(c.Carried(), func(have string) bool { return slices.Contains(any, have) })
}

func invalidToken(message string) *Error {
	return &Error{Status: http.StatusUnauthorized, Code: CodeInvalidToken, Message: message}
}

// Authenticate judges the bearer token of a request to Graph. The messages are
// those that Graph is quoted with in issue trackers; Microsoft documents the
// code and the status alone (learn.microsoft.com/graph/errors).
func Authenticate(w *world.World, v token.Verifier, r *http.Request) (*Caller, *Error) {
	raw, ok := Bearer(r)
	if !ok {
		return nil, invalidToken("Access token is empty.")
	}
	claims, err := v.Verify(raw)
	switch {
	case err == nil:
	case errors.Is(err, token.ErrExpired):
		return nil, invalidToken("Lifetime validation failed, the token is expired.")
	case errors.Is(err, token.ErrNotYetValid):
		return nil, invalidToken("Lifetime validation failed, the token is not yet valid.")
	case strings.Count(raw, ".") != 2:
		return nil, invalidToken("IDX14100: JWT is not well formed, there are no dots (.).")
	default:
		return nil, invalidToken("Access token validation failure. Invalid signature or issuer.")
	}
	if !AudienceFits(w, claims.Audience, world.AppGraph, r.Host) {
		return nil, &Error{Status: http.StatusUnauthorized, Code: CodeInvalidToken, Message: "Access token validation failure. Invalid audience.", Reason: "audience " + claims.Audience}
	}
	t, ok := w.Tenant(claims.TenantID)
	if !ok {
		return nil, invalidToken("Access token validation failure. Invalid tenant.")
	}
	c := &Caller{Claims: claims, Tenant: t}
	if !claims.AppOnly {
		i := slices.IndexFunc(t.Users, func(u *world.User) bool { return strings.EqualFold(u.ID, claims.ObjectID) })
		if i < 0 {
			return nil, invalidToken("Access token validation failure. The user does not exist in the tenant.")
		}
		c.User = t.Users[i]
	}
	return c, nil
}

// Identify judges the bearer token of a request to one of the Defender APIs,
// whose pages tell one answer for whatever is wrong with it; refused says what
// that is, in words for the journal. A user that the tenant does not have is nil,
// and holds no directory role.
func Identify(w *world.World, v token.Verifier, r *http.Request) (c *Caller, refused string) {
	raw, ok := Bearer(r)
	if !ok {
		return nil, "no bearer token"
	}
	claims, err := v.Verify(raw)
	switch {
	case errors.Is(err, token.ErrExpired):
		return nil, "the token has expired"
	case err != nil:
		return nil, "the token is not valid: " + err.Error()
	}
	c = &Caller{Claims: claims}
	if c.Tenant, ok = w.Tenant(claims.TenantID); !ok {
		return nil, "the token's tenant does not exist"
	}
	if !claims.AppOnly {
		if i := slices.IndexFunc(c.Tenant.Users, func(u *world.User) bool { return strings.EqualFold(u.ID, claims.ObjectID) }); i >= 0 {
			c.User = c.Tenant.Users[i]
		}
	}
	return c, ""
}

// Name is who changes are told to be by: the user of a delegated token by the
// sign-in name, else the application by its display name.
func (c *Caller) Name(w *world.World) string {
	if c.User != nil {
		return c.User.UPN
	}
	if app, ok := w.App(c.AppID); ok && app.DisplayName != "" {
		return app.DisplayName
	}
	return c.AppID
}

// Bearer returns the token of the Authorization header.
func Bearer(r *http.Request) (string, bool) {
	scheme, raw, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	raw = strings.TrimSpace(raw)
	return raw, strings.EqualFold(scheme, "Bearer") && raw != ""
}

// AudienceFits says whether a token's audience is the resource appID. Each
// cloud has an identifier URI of its own; at a host that is one of them only
// that one is accepted, so that a token of another cloud is refused.
func AudienceFits(w *world.World, audience, appID, host string) bool {
	api, ok := w.Resource(audience)
	if !ok || !strings.EqualFold(api.AppID, appID) {
		return false
	}
	host = strings.ToLower(host)
	if name, _, found := strings.Cut(host, ":"); found {
		host = name
	}
	hostOf := func(uri string) string {
		u, err := url.Parse(uri)
		if err != nil {
			return ""
		}
		return strings.ToLower(u.Hostname())
	}
	isOwnHost := slices.ContainsFunc(api.IdentifierURIs, func(uri string) bool { return hostOf(uri) == host })
	return !isOwnHost || !strings.Contains(audience, "://") || hostOf(audience) == host
}
