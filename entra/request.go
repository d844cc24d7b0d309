package entra

import (
	"context"
	"net/url"
	"time"
)

// endpoint is the token endpoint of a tenant: a template, so that no discovery
// request per tenant is needed.
func (t *Tokens) endpoint(tenant string) string {
	if t.protocol == V1 {
		return t.cloud.LoginV1 + "/" + tenant + "/oauth2/token"
	}
	return t.cloud.Login + "/" + tenant + "/oauth2/v2.0/token"
}

// request makes one token request and checks what comes back.
func (t *Tokens) request(ctx context.Context, tenant TenantID, resource Resource, challenge string) (*Grant, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {t.clientID}}
	if t.protocol == V1 {
		form.Set("resource", resource.URI)
	} else {
		form.Set("scope", resource.Scope())
	}
	claims, err := requestClaims(challenge, t.long)
	if err != nil {
		return nil, err
	}
	if claims != "" {
		form.Set("claims", claims)
	}
	a, asked, err := t.post(ctx, t.endpoint(string(tenant)), form)
	if err != nil {
		return nil, err
	}
	now := t.clock.time()
	answer, err := readTokenAnswer(a, now)
	if err != nil {
		return nil, err
	}
	// A clock that moved during the request says nothing about the token's age.
	if now.Before(asked) || now.Sub(asked) > requestTimeout+time.Second {
		asked = now
	}
	g, err := checkToken(answer, a.host, asked, tenant, resource)
	if err != nil {
		return nil, err
	}
	if !g.Expires.After(now) {
		return nil, &AnswerError{Host: a.host, Problem: "the token has expired already by this computer's clock"}
	}
	g.challenged = challenge != ""
	return g, nil
}

// post adds the credential and sends. asked is the local time just before.
func (t *Tokens) post(ctx context.Context, endpoint string, form url.Values) (a answer, asked time.Time, err error) {
	asked = t.clock.time()
	proof := proofRequest{endpoint: endpoint, clientID: t.clientID, federatedAudience: t.cloud.FederatedAudience, now: asked}
	if proof.federatedAudience == "" {
		proof.federatedAudience = federatedAudience
	}
	if err := t.cred.authenticate(ctx, proof, form); err != nil {
		return answer{}, asked, err
	}
	a, err = postForm(ctx, t.hc, endpoint, form)
	return a, asked, err
}

// checkToken refuses a token that is not what was asked for. tenant "" accepts
// any tenant (a person signed in and chose).
func checkToken(answer tokenAnswer, host string, asked time.Time, tenant TenantID, resource Resource) (*Grant, error) {
	if answer.AccessToken == "" {
		return nil, &AnswerError{Host: host, Problem: "it holds no access_token"}
	}
	claims, err := ReadClaims(string(answer.AccessToken))
	if err != nil {
		return nil, &AnswerError{Host: host, Problem: "its access token cannot be checked: " + err.Error()}
	}
	expires, ok := answer.expiry(asked, claims)
	if !ok {
		return nil, &AnswerError{Host: host, Problem: "it says nowhere when the token expires"}
	}
	g := &Grant{Resource: resource, Expires: expires, Claims: claims, value: NewSecret(string(answer.AccessToken)), asked: asked.UnixNano()}
	if err := g.belongs(tenant); err != nil {
		return nil, err
	}
	if r := answer.RefreshIn; r.Set && r.Value > 0 {
		g.renewIn = int32(min(r.Value, maxLifetime))
	}
	return g, nil
}

// belongs sets the tenant and refuses a token of another tenant or resource.
func (g *Grant) belongs(tenant TenantID) error {
	got, tidErr := ParseTenantID(g.Claims.TenantID)
	if (tenant == "" && tidErr != nil) || (tenant != "" && got != tenant) || !g.Resource.Accepts(g.Claims.Audience) {
		audience := g.Claims.Audience
		if len(g.Claims.Audiences) > 1 {
			audience = clip(g.Claims.Audiences[0], 60) + " and others"
		}
		return &ForeignTokenError{Tenant: tenant, Resource: g.Resource, TokenTenant: g.Claims.TenantID, TokenAudience: audience}
	}
	g.Tenant = got
	return nil
}
