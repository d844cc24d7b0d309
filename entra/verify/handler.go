package verify

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/verify/internal/rule"
)

// HandlerConfig says which requests [Handler] lets through.
type HandlerConfig struct {
	// Verifier judges the tokens. Required.
	Verifier *Verifier

	// Tenants and Allow say whose tokens are accepted, beside the Tenants of the
	// Verifier. At least one of the three must be given: without any, an
	// application of any tenant in the world could call, since whoever administers
	// a tenant can get tokens for a multi-tenant API.
	Tenants []entra.TenantID
	// Allow is asked for each token that is genuine and of one of Tenants (if
	// those are given): is this a tenant that is served? It must be quick, and is
	// called concurrently. An error is answered by 503 and not by a refusal.
	Allow func(ctx context.Context, tenant entra.TenantID) (bool, error)

	// Roles are the application roles that an application's token must all
	// have, Scopes the delegated permissions that a user's token must all have.
	// Where one of them is empty, tokens of that kind are refused: Entra issues
	// an application's token without any role to whoever asks.
	Roles  []string
	Scopes []string

	// Realm is told in challenges. It may hold no quotes, backslashes and
	// control characters; empty leaves it out.
	Realm string
	// OnReject, when not nil, is told of each request that is refused, before it
	// is answered, and called concurrently. The reason is for the log of the
	// API, never for the caller.
	OnReject func(r *http.Request, rejection Rejection)
}

// Rejection says why a request was refused.
type Rejection struct {
	Status int    // HTTP status of the answer
	Code   string // error code of RFC 6750 in the answer; empty if it has none
	// Err is a [*CredentialError], [*Error], [*KeySourceError] or [*AllowError].
	Err error
}

// CredentialError says that a request brought no token, or not in the one way
// that is accepted: a single Authorization header of the scheme Bearer.
type CredentialError struct {
	Missing bool   // no token at all
	Detail  string // what is wrong
}

func (e *CredentialError) Error() string { return "no usable token: " + e.Detail }

// Next says what to do about it.
func (e *CredentialError) Next() string {
	return "Send one header, Authorization: Bearer, followed by the token."
}

// AllowError says that HandlerConfig.Allow could not tell whether a tenant is
// served.
type AllowError struct {
	Tenant entra.TenantID
	Err    error
}

func (e *AllowError) Error() string {
	return "whether tenant " + string(e.Tenant) + " is served could not be found out: " + e.Err.Error()
}

func (e *AllowError) Unwrap() error { return e.Err }

// contextKey keeps the claims out of reach of other packages.
type contextKey struct{}

// FromContext returns the claims of the token that a request was let through
// with; false outside a [Handler].
func FromContext(ctx context.Context) (Claims, bool) {
	c, ok := ctx.Value(contextKey{}).(Claims)
	return c, ok
}

// Handler lets requests through to next that carry a token which c accepts, and
// puts its claims into the request's context ([FromContext]). Others are
// answered as RFC 6750 says: 401 without a code if there is no token, 400
// invalid_request if there is more than one, 401 invalid_token for whatever is
// wrong with a token, 403 insufficient_scope if roles or scopes are missing, and
// 503 if it cannot be told now. The answers say nothing else; a tenant that is
// not served gets the same answer as a forged token.
//
// Tokens are taken from the Authorization header only, never from a form or
// from the address, where they would end up in logs.
func Handler(next http.Handler, c HandlerConfig) (http.Handler, error) {
	switch {
	case next == nil:
		return nil, errors.New("verify: Handler: the handler to protect is nil")
	case c.Verifier == nil:
		return nil, errors.New("verify: Verifier: is needed; make one by New")
	case c.Tenants == nil && c.Allow == nil && c.Verifier.rules.tenants == nil:
		return nil, errors.New("verify: Tenants: name the tenants that are served, or give Allow; a function that always says yes opens the API to every tenant there is")
	case len(c.Roles) == 0 && len(c.Scopes) == 0:
		return nil, errors.New("verify: Roles: name the roles or the scopes that are needed; every application can get a token without any")
	case slices.Contains(c.Roles, "") || slices.Contains(c.Scopes, ""):
		return nil, errors.New("verify: Roles: a role or scope is empty")
	case strings.ContainsFunc(c.Realm, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }):
		return nil, errors.New("verify: Realm: only plain characters without quotes and backslashes are allowed")
	}
	g := &guard{next: next, c: c, tenants: setOf(c.Tenants)}
	g.c.Roles, g.c.Scopes = slices.Clone(c.Roles), slices.Clone(c.Scopes)
	return g, nil
}

type guard struct {
	next    http.Handler
	c       HandlerConfig
	tenants map[string]struct{}
}

// The error codes of RFC 6750, section 3.1.
const (
	codeRequest = "invalid_request"
	codeToken   = "invalid_token"
	codeScope   = "insufficient_scope"
)

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	claims, no := g.judge(r)
	if no == nil {
		g.next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, claims)))
		return
	}
	if g.c.OnReject != nil {
		g.c.OnReject(r, *no)
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if no.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "10")
	} else {
		h.Set("WWW-Authenticate", g.challenge(no.Code))
	}
	http.Error(w, http.StatusText(no.Status), no.Status)
}

// challenge writes Bearer realm="…", error="…", each part only if there is one.
func (g *guard) challenge(code string) string {
	var parts []string
	if g.c.Realm != "" {
		parts = append(parts, `realm="`+g.c.Realm+`"`)
	}
	if code != "" {
		parts = append(parts, `error="`+code+`"`)
	}
	return strings.TrimSpace("Bearer " + strings.Join(parts, ", "))
}

func (g *guard) judge(r *http.Request) (Claims, *Rejection) {
	raw, bad := bearer(r)
	if bad != nil {
		if bad.Missing {
			return Claims{}, &Rejection{http.StatusUnauthorized, "", bad}
		}
		return Claims{}, &Rejection{http.StatusBadRequest, codeRequest, bad}
	}
	claims, err := g.c.Verifier.Verify(r.Context(), raw)
	if err != nil {
		if errors.As(err, new(*Error)) {
			return Claims{}, &Rejection{http.StatusUnauthorized, codeToken, err}
		}
		return Claims{}, &Rejection{http.StatusServiceUnavailable, "", err}
	}
	if no := g.tenant(r.Context(), claims); no != nil {
		return Claims{}, no
	}
	if err := g.entitled(claims); err != nil {
		return Claims{}, &Rejection{http.StatusForbidden, codeScope, err}
	}
	return claims, nil
}

// tenant holds a genuine token's tenant against the lists of the handler.
func (g *guard) tenant(ctx context.Context, claims Claims) *Rejection {
	if g.c.Verifier.rules.off.Has(rule.TenantAllowed) {
		return nil
	}
	const remedy = "Onboard the tenant, if it is a customer's."
	if _, ok := g.tenants[claims.TenantID]; g.tenants != nil && !ok {
		return &Rejection{http.StatusUnauthorized, codeToken, refuse(rule.TenantAllowed, remedy, "the tenant %s is not served", claims.TenantID)}
	}
	if g.c.Allow == nil {
		return nil
	}
	id := entra.TenantID(claims.TenantID)
	switch ok, err := g.c.Allow(ctx, id); {
	case err != nil:
		return &Rejection{http.StatusServiceUnavailable, "", &AllowError{id, err}}
	case !ok:
		return &Rejection{http.StatusUnauthorized, codeToken, refuse(rule.TenantAllowed, remedy, "the tenant %s is not served", claims.TenantID)}
	}
	return nil
}

// entitled holds roles and scopes against what is needed, by the kind of the
// token: roles say what an application may do by itself, scopes what it may do
// for the user who signed in.
func (g *guard) entitled(c Claims) *Error {
	id, need, have, what := rule.Roles, g.c.Roles, c.Roles, "role"
	if c.Kind() == KindUser {
		id, need, have, what = rule.Scopes, g.c.Scopes, c.Scopes, "scope"
	}
	if g.c.Verifier.rules.off.Has(id) {
		return nil
	}
	if len(need) == 0 {
		return refuse(id, "Sign in the other way, or name what tokens of this kind need.", "no %s is named that would let a token of kind %s in", what, c.Kind())
	}
	for _, name := range need {
		if slices.Contains(have, name) {
			continue
		}
		if near, ok := NearMiss(name, have); ok {
			return refuse(id, "Grant exactly "+name+".", "the %s %s is missing; the token has %s, which is another one", what, name, printable(near))
		}
		return refuse(id, "Grant "+name+" and get a new token.", "the %s %s is missing", what, name)
	}
	return nil
}

// bearer takes the token out of the one Authorization header.
func bearer(r *http.Request) (string, *CredentialError) {
	values := r.Header.Values("Authorization")
	switch {
	case len(values) == 0:
		return "", &CredentialError{Missing: true, Detail: "the request has no Authorization header"}
	case len(values) > 1:
		return "", &CredentialError{Detail: "the request has more than one Authorization header"}
	}
	scheme, raw, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", &CredentialError{Missing: true, Detail: "the Authorization header is of another scheme"}
	}
	raw = strings.Trim(raw, " ")
	switch {
	case raw == "":
		return "", &CredentialError{Detail: "nothing follows the word Bearer"}
	case strings.ContainsAny(raw, " ,\t"):
		return "", &CredentialError{Detail: "more than one token follows the word Bearer"}
	case r.URL.RawQuery != "" && r.URL.Query().Has("access_token"):
		return "", &CredentialError{Detail: "a second token is in the address, where it ends up in logs"}
	}
	return raw, nil
}
