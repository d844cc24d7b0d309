package sts

import (
	"crypto/subtle"
	"strings"

	"github.com/tenantry/tenantry/sandbox/world"
)

// How a client proved itself, as appidacr and azpacr say it.
const (
	provedNothing   = "0"
	provedSecret    = "1"
	provedAssertion = "2"
)

// clientID is the client_id of the body or of HTTP Basic.
func (x *exchange) clientID() string {
	if id := x.param("client_id"); id != "" || !x.basic {
		return id
	}
	return x.id
}

// authenticate checks the client's credential. public says that the client
// may and must come without one.
func (x *exchange) authenticate(app *world.App, t *world.Tenant, public bool) (acr string, err error) {
	secret, assertion := x.param("client_secret"), x.param("client_assertion")
	if x.basic && secret == "" && strings.EqualFold(x.id, app.AppID) {
		secret = x.pass
	}
	switch {
	case public:
		if secret != "" || assertion != "" {
			return "", refuse(credentialOnPublic)
		}
		return provedNothing, nil
	case assertion != "":
		return provedAssertion, x.checkAssertion(app, t, assertion)
	case secret != "":
		return provedSecret, x.checkSecret(app, secret)
	case x.param("grant_type") == grantClientCredentials:
		return "", refuse(credentialNone)
	}
	return "", refuse(credentialNoneUser)
}

// checkSecret compares with every secret of the application, all in constant
// time. A secret's id in place of its value matches none, and the text of
// that error says so. One that was added a moment ago is not known yet.
func (x *exchange) checkSecret(app *world.App, value string) error {
	expired, alive := false, false
	for _, s := range app.Secrets {
		over := !s.End.IsZero() && !x.now.Before(s.End)
		started := s.Start.IsZero() || !x.now.Before(s.Start)
		alive = alive || !over
		if subtle.ConstantTimeCompare([]byte(s.Value), []byte(value)) != 1 || s.Value == "" {
			continue
		}
		if !x.world.SecretUsable(s) {
			x.pending("secret " + s.KeyID)
			continue
		}
		switch {
		case over:
			expired = true
		case started:
			return nil
		}
	}
	if expired || (len(app.Secrets) > 0 && !alive) {
		return refuse(secretExpired, "app", app.AppID)
	}
	return refuse(secretInvalid, "app", app.AppID)
}
