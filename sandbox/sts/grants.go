package sts

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox/world"
)

// Lifetimes of what is redeemed. Spent and expired ones are kept a while to
// be told apart from those that never were.
const (
	codeLifetime    = 10 * time.Minute
	codeMemory      = time.Hour
	refreshLifetime = 90 * 24 * time.Hour
	refreshMemory   = 2 * refreshLifetime
)

// grant is an authorization code or a refresh token.
type grant struct {
	userGrant
	appID     string
	redirect  string
	challenge string
	method    string // S256 or plain, when there is a challenge
	public    bool
	issued    time.Time
	spent     bool
}

func (x *exchange) newCode(g grant) string {
	code := "1." + unguessable()
	g.issued = x.now
	x.codes.put(code, g, x.now, x.now.Add(codeMemory))
	return code
}

func (x *exchange) newRefresh(app *world.App, t *world.Tenant, g userGrant) string {
	g.tenantID, g.nonce = t.ID, ""
	token := "1." + unguessable()
	x.refresh.put(token, grant{userGrant: g, appID: app.AppID, issued: x.now}, x.now, x.now.Add(refreshMemory))
	return token
}

// redeemable finds what a parameter stands for on one of the shelves, with the
// tenant it belongs to: known, redeemed at its own tenant or at one of the
// words for several, and by the client it was issued to. What is spent or has
// expired is found, too, to be told apart by the caller.
func (x *exchange) redeemable(from *shelf[grant], parameter string, app *world.App, a authority) (value string, g grant, t *world.Tenant, err error) {
	if value, err = x.need(parameter); err != nil {
		return value, g, nil, err
	}
	g, ok := from.get(value, x.now)
	if !ok {
		return value, g, nil, refuse(requestMalformed)
	}
	if err := x.sameTenant(a, g.tenantID); err != nil {
		return value, g, nil, err
	}
	if t, ok = x.world.Tenant(g.tenantID); !ok {
		return value, g, nil, refuse(requestMalformed)
	}
	if !strings.EqualFold(g.appID, app.AppID) {
		return value, g, nil, refuse(grantForeign, "parameter", parameter)
	}
	return value, g, t, nil
}

// redeemCode spends an authorization code: once, by the client it was issued
// to, with the redirect URI and the PKCE verifier of the sign-in.
func (x *exchange) redeemCode(app *world.App, a authority) error {
	code, g, t, err := x.redeemable(&x.codes, "code", app, a)
	if err != nil {
		return err
	}
	acr, err := x.authenticate(app, t, app.PublicClient || g.public)
	if err != nil {
		return err
	}
	if x.now.After(g.issued.Add(codeLifetime)) {
		return refuse(grantExpired)
	}
	redirect := x.param("redirect_uri")
	if redirect != g.redirect {
		return refuse(grantRedirect, "redirect", redirect, "expected", g.redirect)
	}
	if !g.verifies(x.param("code_verifier")) {
		return refuse(grantVerifier)
	}
	// Two requests may have come this far with the same code: one wins.
	first := false
	x.codes.change(code, x.now, func(g *grant) { first, g.spent = !g.spent, true })
	if !first {
		return refuse(grantRedeemed)
	}
	return x.answerUser(app, g.userGrant, acr)
}

func (g grant) verifies(verifier string) bool {
	want := g.challenge
	switch {
	case want == "":
		return true
	case g.method == "S256":
		sum := sha256.Sum256([]byte(verifier))
		verifier = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return subtle.ConstantTimeCompare([]byte(want), []byte(verifier)) == 1
}

// redeemRefresh issues new tokens. A refresh token is not spent by its use.
func (x *exchange) redeemRefresh(app *world.App, a authority) error {
	_, g, t, err := x.redeemable(&x.refresh, "refresh_token", app, a)
	if err != nil {
		return err
	}
	public := app.PublicClient || (len(app.PublicRedirectURIs) > 0 && x.param("client_secret") == "" && x.param("client_assertion") == "" && !x.basic)
	acr, err := x.authenticate(app, t, public)
	if err != nil {
		return err
	}
	if x.now.After(g.issued.Add(refreshLifetime)) {
		return refuse(grantIdle, "issued", g.issued.Format("2006-01-02T15:04:05.0000000Z"))
	}
	return x.answerUser(app, g.userGrant, acr)
}

// clientInfo names the user and the tenant to MSAL's cache.
func clientInfo(userID, tenantID string) string {
	raw, _ := json.Marshal(struct { // strings only: cannot fail
		User   string `json:"uid"`
		Tenant string `json:"utid"`
	}{userID, tenantID})
	return base64.RawURLEncoding.EncodeToString(raw)
}
