package sts

import (
	"strings"

	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/world"
)

// Grant types of the token endpoint. v1 spells the device grant in its own way.
const (
	grantClientCredentials = "client_credentials"
	grantCode              = "authorization_code"
	grantRefresh           = "refresh_token"
	grantDevice            = "urn:ietf:params:oauth:grant-type:device_code"
	grantDeviceV1          = "device_code"
)

// token is the token endpoint, v1 and v2.
func (x *exchange) token() error {
	a, err := x.served()
	if err != nil {
		return err
	}
	kind, err := x.need("grant_type")
	if err != nil {
		return err
	}
	switch kind {
	case grantClientCredentials, grantCode, grantRefresh, grantDevice, grantDeviceV1:
	default:
		return refuse(requestGrant, "grant", kind)
	}
	if x.v2 && x.form.Has("resource") {
		return refuse(scopeOnV2Resource)
	}
	if kind == grantClientCredentials {
		return x.clientCredentials(a)
	}
	app, err := x.client(x.clientID(), a)
	if err != nil {
		return err
	}
	switch kind {
	case grantCode:
		return x.redeemCode(app, a)
	case grantRefresh:
		return x.redeemRefresh(app, a)
	}
	return x.redeemDevice(app, a)
}

// clientCredentials issues an application's own token. A tenant that granted
// nothing still gets one, without roles: that is how Entra answers, and what
// the client must notice.
func (x *exchange) clientCredentials(a authority) error {
	if a.tenant == nil {
		return refuse(tenantMissing)
	}
	t := a.tenant
	app, err := x.client(x.clientID(), a)
	if err != nil {
		return err
	}
	sp, inTenant := x.world.ServicePrincipal(t.ID, app.AppID)
	if !inTenant && t.OlderErrors {
		return refuse(appNotInTenantOld, "app", app.AppID, "directory", t.Name)
	}
	var audience string
	if x.v2 {
		scope, err := x.need("scope")
		if err != nil {
			return err
		}
		if audience, err = parseAppScope(scope); err != nil {
			return err
		}
	} else if audience, err = x.need("resource"); err != nil {
		return err
	}
	x.note.Resource = audience
	acr, err := x.authenticate(app, t, app.PublicClient)
	if err != nil {
		return err
	}
	switch {
	case acr == provedNothing:
		return refuse(credentialNone) // a public client has no identity of its own
	case !inTenant:
		return refuse(appNoPrincipal, "app", app.AppID, "tenant", t.ID)
	case !sp.Enabled:
		return refuse(appDisabled, "app", app.AppID, "name", app.DisplayName)
	}
	api, apiSP, err := x.resource(t, audience)
	if err != nil {
		return err
	}
	roles := x.rolesOf(sp, api)
	if apiSP.AssignmentRequired && len(roles) == 0 {
		return refuse(resourceAssignment, "app", app.AppID, "name", app.DisplayName, "resourceApp", api.AppID, "resourceName", api.DisplayName)
	}
	tok, err := x.accessToken(issue{tenant: t, client: app, objectID: sp.ID, api: api, audience: audience, roles: roles, acr: acr})
	if err != nil {
		return err
	}
	x.answerToken(tok, audience, extras{})
	return nil
}

// rolesOf are the values of the roles that a service principal was granted on
// an API. Those of a consent a moment ago are not among them yet.
func (x *exchange) rolesOf(sp *world.ServicePrincipal, api *world.App) []string {
	var roles []string
	for _, a := range sp.Assignments {
		if !strings.EqualFold(a.ResourceAppID, api.AppID) {
			continue
		}
		r, ok := api.RoleByID(a.RoleID)
		switch {
		case !ok:
		case x.world.RoleVisible(a):
			roles = append(roles, r.Value)
		default:
			x.pending("role " + r.Value)
		}
	}
	return roles
}

// pending notes for the journal what was not taken into account because it is
// too new.
func (x *exchange) pending(what string) {
	journal.Note(x.r.Context(), func(e *journal.Event) {
		list, _ := e.Detail["pending"].([]string)
		e.Add("pending", append(list, what))
	})
}

// sameTenant says whether a grant of one tenant may be redeemed at an
// authority.
func (x *exchange) sameTenant(a authority, tenantID string) error {
	if a.tenant == nil || a.tenant.ID == tenantID {
		return nil
	}
	return refuse(grantTenant, "tenant", tenantID)
}

// userGrant is what codes, refresh tokens and device codes come down to.
type userGrant struct {
	tenantID string
	upn      string
	scope    string // v2: what was asked for at sign-in
	resource string // v1
	nonce    string
}

// answerUser issues the tokens of a signed-in user.
func (x *exchange) answerUser(app *world.App, g userGrant, acr string) error {
	t, user, ok := x.world.User(g.upn)
	if !ok {
		return refuse(requestMalformed)
	}
	if home, ok := x.world.Tenant(g.tenantID); ok {
		t = home
	}
	x.note.TenantID = t.ID
	if sp, ok := x.world.ServicePrincipal(t.ID, app.AppID); ok && !sp.Enabled {
		return refuse(appDisabled, "app", app.AppID, "name", app.DisplayName)
	}
	scope, audience, err := x.wantedOf(app, t, g)
	if err != nil {
		return err
	}
	api, _, err := x.resource(t, audience)
	if err != nil {
		return err
	}
	scopes := x.granted(t.ID, app, api, user.ID)
	missing := len(scopes) == 0
	for _, v := range scope.values {
		known, ok := api.ScopeByValue(v)
		if !ok {
			return refuse(resourceScope, "name", app.DisplayName, "scope", v, "resourceApp", api.AppID)
		}
		missing = missing || !containsFold(scopes, known.Value)
	}
	if missing {
		return refuse(grantConsent, "app", app.AppID, "name", app.DisplayName)
	}
	tok, err := x.accessToken(issue{tenant: t, client: app, api: api, audience: audience, user: user, scopes: scopes, acr: acr})
	if err != nil {
		return err
	}
	e := extras{scope: answeredScope(scope, audience, scopes, x.v2)}
	oidc := strings.Fields(g.scope)
	if !x.v2 || containsFold(oidc, "offline_access") {
		e.refresh = x.newRefresh(app, t, g)
	}
	if !x.v2 || containsFold(oidc, "openid") {
		if e.id, err = x.idToken(t, app, user, g.nonce); err != nil {
			return err
		}
	}
	if x.param("client_info") == "1" {
		e.client = clientInfo(user.ID, t.ID)
	}
	x.answerToken(tok, audience, e)
	return nil
}

// wantedOf tells which resource a redemption is for: what the request says,
// else what the sign-in said, else Microsoft Graph.
func (x *exchange) wantedOf(app *world.App, t *world.Tenant, g userGrant) (asked, string, error) {
	if !x.v2 {
		audience := x.param("resource")
		if audience == "" {
			audience = g.resource
		}
		if audience == "" {
			audience = graphURI(t)
		}
		return asked{}, audience, x.listed(app, audience)
	}
	raw := x.param("scope")
	if raw == "" {
		raw = g.scope
	}
	scope, err := parseScope(raw, t)
	if err != nil {
		return scope, "", err
	}
	if scope.resource == "" {
		return scope, graphURI(t), nil
	}
	return scope, scope.resource, nil
}

// answeredScope spells the granted permissions as they were asked for.
func answeredScope(s asked, audience string, granted []string, v2 bool) string {
	if !v2 {
		return strings.Join(granted, " ")
	}
	var out []string
	for _, o := range s.oidc {
		if o != "offline_access" { // never listed, see "Refresh tokens"
			out = append(out, o)
		}
	}
	prefix := ""
	if s.prefixed {
		prefix = audience + "/"
	}
	for _, g := range granted {
		if !containsFold(oidcScopes(), g) {
			out = append(out, prefix+g)
		}
	}
	if s.all {
		out = append(out, prefix+defaultScope)
	}
	return strings.Join(out, " ")
}

func containsFold(list []string, s string) bool {
	for _, l := range list {
		if strings.EqualFold(l, s) {
			return true
		}
	}
	return false
}
