package sts

import (
	"slices"
	"strings"

	"github.com/tenantry/tenantry/sandbox/world"
)

const defaultScope = ".default"

// asked is what a v2 scope parameter asks for: at most one resource with some
// of its permissions, and the scopes of OpenID Connect.
type asked struct {
	raw      string
	oidc     []string // openid, profile, email, offline_access
	resource string   // identifier URI as asked; "" when only OIDC scopes are
	values   []string // delegated permissions, without the resource
	prefixed bool     // the resource was spelled out, so it is in the answer
	all      bool     // <resource>/.default
}

func oidcScopes() []string { return []string{"openid", "profile", "email", "offline_access"} }

// splitScope separates the resource of one scope from its value. What is
// bare belongs to Microsoft Graph.
func splitScope(s string) (resource, value string) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return "", s
	}
	return s[:i], s[i+1:]
}

// parseScope reads a scope parameter of a user's sign-in.
func parseScope(raw string, t *world.Tenant) (asked, error) {
	a := asked{raw: raw}
	for _, s := range strings.Fields(raw) {
		if slices.Contains(oidcScopes(), strings.ToLower(s)) {
			a.oidc = append(a.oidc, strings.ToLower(s))
			continue
		}
		resource, value := splitScope(s)
		prefixed := resource != ""
		if !prefixed {
			resource = graphURI(t)
		}
		if a.resource != "" && !strings.EqualFold(a.resource, resource) {
			return a, refuse(scopeTwoResources, "scope", raw)
		}
		a.resource, a.prefixed = resource, a.prefixed || prefixed
		if value == defaultScope {
			a.all = true
		} else if !slices.Contains(a.values, value) {
			a.values = append(a.values, value)
		}
	}
	if a.all && len(a.values) > 0 {
		return a, refuse(scopeMixed, "scope", raw)
	}
	return a, nil
}

// parseAppScope reads the scope of client credentials, which names one
// resource and nothing of it. MSAL for Go adds the OIDC scopes to every
// request; they are ignored.
func parseAppScope(raw string) (resource string, err error) {
	for _, s := range strings.Fields(raw) {
		if slices.Contains(oidcScopes(), strings.ToLower(s)) {
			continue
		}
		r, ok := strings.CutSuffix(s, "/"+defaultScope)
		if !ok {
			return "", refuse(scopeNotDefault, "scope", raw)
		}
		if resource != "" && r != resource {
			return "", refuse(scopeTwoResources, "scope", raw)
		}
		resource = r
	}
	if resource == "" {
		return "", refuse(scopeNotDefault, "scope", raw)
	}
	return resource, nil
}

// resource finds the API of an audience in a tenant, with its service
// principal there.
func (x *exchange) resource(t *world.Tenant, uri string) (*world.App, *world.ServicePrincipal, error) {
	x.note.Resource = uri
	api, ok := x.world.Resource(uri)
	if !ok {
		return nil, nil, refuse(resourceUnknown, "resource", uri, "directory", t.Name)
	}
	sp, ok := x.world.ServicePrincipal(t.ID, api.AppID)
	if !ok {
		return nil, nil, refuse(resourceUnknown, "resource", uri, "directory", t.Name)
	}
	if !sp.Enabled {
		return nil, nil, refuse(resourceDisabled, "resource", uri)
	}
	return api, sp, nil
}

// granted returns the delegated permissions that a user's tokens of a client
// carry on a resource: those granted on behalf of all and his own. Microsoft's
// own clients are pre-authorised for what needs no administrator.
func (x *exchange) granted(tenantID string, app, api *world.App, userID string) []string {
	var all []string
	add := func(s string) {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	if app.FirstParty {
		for _, s := range api.Scopes {
			if !s.AdminConsent {
				add(s.Value)
			}
		}
	}
	if sp, ok := x.world.ServicePrincipal(tenantID, app.AppID); ok {
		for _, g := range sp.Grants {
			if strings.EqualFold(g.ResourceAppID, api.AppID) && (g.UserID == "" || g.UserID == userID) {
				for _, s := range g.Scopes {
					add(s)
				}
			}
		}
	}
	return all
}
