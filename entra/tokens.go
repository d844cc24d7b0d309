package entra

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Protocol is the generation of the token endpoint. It does not decide the
// version of the token: the resource does.
type Protocol int

// The protocols.
const (
	// V2 asks /oauth2/v2.0/token with scope={resource}/.default. The default.
	V2 Protocol = iota
	// V1 asks /oauth2/token with resource={resource}, as Microsoft's Defender
	// samples do.
	V1
)

// String is "v2" or "v1".
func (p Protocol) String() string {
	if p == V1 {
		return "v1"
	}
	return "v2"
}

// Config is what NewTokens needs.
type Config struct {
	Cloud    Cloud
	ClientID string
	// Credential is needed.
	Credential Credential
	// HTTPClient sends the requests; nil means one with a timeout of 30 s that
	// honours HTTPS_PROXY. It is copied; redirects are never followed.
	HTTPClient *http.Client
	Protocol   Protocol
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// renewBefore is how long before its expiry a token is no longer handed out
// from the cache, as every Microsoft client library does.
const renewBefore = 5 * time.Minute

// requestTimeout bounds a token request whatever its callers' contexts say,
// since it lives on while anyone waits for it.
const requestTimeout = 60 * time.Second

// Tokens gets, checks and keeps tokens of one application for any number of
// tenants and resources. It is safe for concurrent use. Tenants do not wait
// for each other: each (tenant, resource) has its own slot, with at most one
// request under way.
type Tokens struct {
	cloud    Cloud
	clientID string
	cred     Credential
	hc       *http.Client
	protocol Protocol
	now      func() time.Time

	tenants sync.Map // TenantID → *tenantSlots
}

// NewTokens checks the configuration. Errors are [*ConfigError] or
// [*CertificateError] values; no request is made.
func NewTokens(c Config) (*Tokens, error) {
	if err := c.Cloud.validate(); err != nil {
		return nil, err
	}
	id, err := parseClientID(c.ClientID)
	if err != nil {
		return nil, err
	}
	if c.Credential == nil {
		return nil, &ConfigError{Field: "credential", Problem: "is missing", Remedy: "give a client secret, a certificate or a federated assertion"}
	}
	if err := c.Credential.check(); err != nil {
		return nil, err
	}
	if c.Protocol != V1 && c.Protocol != V2 {
		return nil, &ConfigError{Field: "protocol", Problem: "is unknown", Remedy: "use V1 or V2"}
	}
	now := c.Now
	if now == nil {
		now = time.Now
	}
	return &Tokens{cloud: c.Cloud, clientID: id, cred: c.Credential, hc: plainClient(c.HTTPClient), protocol: c.Protocol, now: now}, nil
}

// Cloud returns the cloud that tokens come from.
func (t *Tokens) Cloud() Cloud { return t.cloud }

// ClientID returns the application's id, in lower case.
func (t *Tokens) ClientID() string { return t.clientID }

// Token returns a token for the resource in the tenant, from the cache until
// five minutes before it expires. However many callers ask at once, one
// request is made; a caller whose context ends leaves without disturbing the
// others. A token without roles is no error: Microsoft Entra ID issues it when
// nothing was consented, so look at Claims.Roles.
//
// Errors: [*Error] (a refusal), [*ForeignTokenError], [*AnswerError],
// [*ConnectionError], [*ConfigError], [*CertificateError], or the context's.
func (t *Tokens) Token(ctx context.Context, tenant TenantID, resource Resource) (Token, error) {
	if s, ok := t.existing(tenant, resource); ok {
		if tok := s.current.Load(); tok != nil && t.usable(tok, resource) {
			return *tok, nil
		}
	}
	s, err := t.slot(tenant, resource)
	if err != nil {
		return Token{}, err
	}
	return s.join(ctx, t.fetcher(tenant, resource), func(tok *Token) bool { return t.usable(tok, resource) })
}

// usable reports whether a cached token may still be handed out. The audience
// is compared again, since a caller may bring a Resource of the same URI that
// accepts fewer names.
func (t *Tokens) usable(tok *Token, resource Resource) bool {
	return t.now().Before(tok.Expires.Add(-renewBefore)) && resource.Accepts(tok.Claims.Audience)
}

// Fresh returns a token that was requested after the call of Fresh, for
// example to see roles that have just been granted, and replaces the cached
// one. A request already under way is waited for and not used; callers of
// Fresh who wait at the same time share the next one.
func (t *Tokens) Fresh(ctx context.Context, tenant TenantID, resource Resource) (Token, error) {
	s, err := t.slot(tenant, resource)
	if err != nil {
		return Token{}, err
	}
	if err := s.settle(ctx); err != nil {
		return Token{}, err
	}
	return s.join(ctx, t.fetcher(tenant, resource), nil)
}

// Drop forgets the tenant's tokens, after a consent change or when an API
// refuses one with 401. A request under way still answers its callers, but its
// token is not kept.
func (t *Tokens) Drop(tenant TenantID) {
	if v, ok := t.tenants.Load(tenant); ok {
		v.(*tenantSlots).drop()
	}
}

func (t *Tokens) existing(tenant TenantID, resource Resource) (*slot, bool) {
	v, ok := t.tenants.Load(tenant)
	if !ok {
		return nil, false
	}
	return v.(*tenantSlots).get(resource.URI)
}

func (t *Tokens) slot(tenant TenantID, resource Resource) (*slot, error) {
	if err := tenant.validate(); err != nil {
		return nil, err
	}
	if err := resource.validate(); err != nil {
		return nil, err
	}
	v, ok := t.tenants.Load(tenant)
	if !ok {
		v, _ = t.tenants.LoadOrStore(tenant, &tenantSlots{})
	}
	return v.(*tenantSlots).make(resource.URI), nil
}

func (t *Tokens) fetcher(tenant TenantID, resource Resource) func(context.Context) (Token, error) {
	return func(ctx context.Context) (Token, error) { return t.request(ctx, tenant, resource) }
}

// endpoint is the token endpoint of a tenant: a template, so that no discovery
// request per tenant is needed.
func (t *Tokens) endpoint(tenant string) string {
	if t.protocol == V1 {
		return t.cloud.LoginV1 + "/" + tenant + "/oauth2/token"
	}
	return t.cloud.Login + "/" + tenant + "/oauth2/v2.0/token"
}

// request makes one token request and checks what comes back.
func (t *Tokens) request(ctx context.Context, tenant TenantID, resource Resource) (Token, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {t.clientID}}
	if t.protocol == V1 {
		form.Set("resource", resource.URI)
	} else {
		form.Set("scope", resource.Scope())
	}
	a, asked, err := t.post(ctx, t.endpoint(string(tenant)), form)
	if err != nil {
		return Token{}, err
	}
	answer, err := readTokenAnswer(a, t.now())
	if err != nil {
		return Token{}, err
	}
	return checkToken(answer, a.host, asked, tenant, resource)
}

// post adds the credential and sends. asked is the local time just before.
func (t *Tokens) post(ctx context.Context, endpoint string, form url.Values) (a answer, asked time.Time, err error) {
	asked = t.now()
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
func checkToken(answer tokenAnswer, host string, asked time.Time, tenant TenantID, resource Resource) (Token, error) {
	if answer.AccessToken == "" {
		return Token{}, &AnswerError{Host: host, Problem: "it holds no access_token"}
	}
	claims, err := ReadClaims(string(answer.AccessToken))
	if err != nil {
		return Token{}, &AnswerError{Host: host, Problem: "its access token cannot be checked: " + err.Error()}
	}
	got, tidErr := ParseTenantID(claims.TenantID)
	if (tenant == "" && tidErr != nil) || (tenant != "" && got != tenant) || !resource.Accepts(claims.Audience) {
		audience := claims.Audience
		if len(claims.Audiences) > 1 {
			audience = clip(claims.Audiences[0], 60) + " and others"
		}
		return Token{}, &ForeignTokenError{Tenant: tenant, Resource: resource, TokenTenant: claims.TenantID, TokenAudience: audience}
	}
	expires, ok := answer.expiry(asked, claims)
	if !ok {
		return Token{}, &AnswerError{Host: host, Problem: "it says nowhere when the token expires"}
	}
	return Token{Tenant: got, Resource: resource, Expires: expires, Claims: claims, value: NewSecret(string(answer.AccessToken))}, nil
}
