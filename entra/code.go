package entra

import (
	"context"
	"net/url"
	"strings"
)

// CodeExchange is an authorization code on its way to become an id token.
type CodeExchange struct {
	// Tenant is a tenant id, or "organizations" if it was not known when the
	// link was made. It must be the one of the link.
	Tenant      string
	Code        Secret
	RedirectURI string // exactly as in the link
	Verifier    Secret // PKCE
	Scopes      []string
}

// ExchangeCode redeems an authorization code at the v2 token endpoint with the
// application's credential and returns the id token, unchecked apart from
// having come over TLS from the login host. Use consent.RedeemCode, which
// checks it. Errors are those of [Tokens.Token].
func (t *Tokens) ExchangeCode(ctx context.Context, x CodeExchange) (idToken Secret, err error) {
	tenant := x.Tenant
	if tenant != "organizations" && tenant != "common" {
		id, err := ParseTenantID(tenant)
		if err != nil {
			return Secret{}, err
		}
		tenant = string(id)
	}
	form := url.Values{
		"grant_type":   {"authorization_code"},
		"client_id":    {t.clientID},
		"code":         {x.Code.Reveal()},
		"redirect_uri": {x.RedirectURI},
		"scope":        {strings.Join(x.Scopes, " ")},
	}
	if v := x.Verifier.Reveal(); v != "" {
		form.Set("code_verifier", v)
	}
	a, _, err := t.post(ctx, t.cloud.Login+"/"+tenant+"/oauth2/v2.0/token", form)
	if err != nil {
		return Secret{}, err
	}
	answer, err := readTokenAnswer(a, t.clock.time())
	if err != nil {
		return Secret{}, err
	}
	if answer.IDToken == "" {
		return Secret{}, &AnswerError{Host: a.host, Problem: "it holds no id_token; the scope openid is needed"}
	}
	return NewSecret(string(answer.IDToken)), nil
}
