package sts

import (
	"errors"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/sandbox/world"
)

// permission is one thing asked for, as the page says it.
type permission struct {
	api    *world.App
	value  string
	text   string
	role   bool // an application permission
	admin  bool // needs an administrator
	static bool // comes from the registration, not from the scope parameter
	had    bool // granted already
}

// wanted is what a sign-in asks the user, or his administrator, to agree to.
type wanted struct {
	list      []permission
	static    bool     // the registration's list is part of it
	resources []string // which of the registration's resources; nil means all
	fresh     bool     // the application is new to the tenant
	admin     adminRank
}

// adminRank is how far a user's directory roles reach.
type adminRank int

const (
	notAdmin adminRank = iota
	appAdmin           // all but application permissions of Microsoft Graph
	fullAdmin
)

// rank reads a user's directory roles. Source: "Grant tenant-wide admin
// consent to an application", prerequisites.
func rank(u *world.User) adminRank {
	switch {
	case u.HasRole("Global Administrator", "Privileged Role Administrator"):
		return fullAdmin
	case u.HasRole("Cloud Application Administrator", "Application Administrator"):
		return appAdmin
	}
	return notAdmin
}

// wants works out what a flow asks for. v1, and /.default, ask for what the
// registration lists; other scopes ask for themselves.
func (x *exchange) wants(f *flow, app *world.App, t *world.Tenant, user *world.User) (wanted, error) {
	_, known := x.world.ServicePrincipal(t.ID, app.AppID)
	w := wanted{fresh: !known && !app.FirstParty, admin: rank(user)}
	var err error
	switch {
	case f.kind == kindAdminConsent && f.v2:
		err = x.wantedByAdmin(&w, f, app, t)
	case f.v2:
		err = x.wantedByScope(&w, f, app, t)
	default:
		w.static = true
	}
	if err != nil {
		return w, err
	}
	if w.static {
		if err := x.registration(&w, app, t); err != nil {
			return w, err
		}
	}
	for i := range w.list {
		w.list[i].had = x.hasPermission(t.ID, app, user, w.list[i])
	}
	return w, nil
}

// wantedByScope is a v2 sign-in.
func (x *exchange) wantedByScope(w *wanted, f *flow, app *world.App, t *world.Tenant) error {
	s, err := parseScope(f.scope, t)
	if err != nil {
		return err
	}
	w.static = s.all
	graph, _, err := x.resource(t, graphURI(t))
	if err != nil {
		return err
	}
	for _, o := range s.oidc {
		if sc, ok := graph.ScopeByValue(o); ok {
			w.addScope(graph, sc, false)
		}
	}
	if s.resource == "" {
		return nil
	}
	api, _, err := x.resource(t, s.resource)
	if err != nil {
		return err
	}
	return w.addScopes(app, api, s.values)
}

// wantedByAdmin is /v2.0/adminconsent: scopes of any number of resources;
// "/.default" brings what the registration lists for that resource.
func (x *exchange) wantedByAdmin(w *wanted, f *flow, app *world.App, t *world.Tenant) error {
	for _, s := range strings.Fields(f.scope) {
		uri, value := splitScope(s)
		if uri == "" {
			uri = graphURI(t)
		}
		api, ok := x.world.Resource(uri)
		if !ok {
			return refuse(resourceUnknown, "resource", uri, "directory", t.Name)
		}
		if _, ok := x.world.ServicePrincipal(t.ID, api.AppID); !ok {
			return noLicence(t.ID, api.AppID, api.DisplayName)
		}
		if value == defaultScope {
			w.static = true
			w.resources = append(w.resources, api.AppID)
			continue
		}
		if err := w.addScopes(app, api, []string{value}); err != nil {
			return err
		}
	}
	return nil
}

func noLicence(tenantID, appID, name string) error {
	return refuse(resourceNoLicence, "tenant", tenantID, "resourceApp", appID, "resourceName", name)
}

// registration adds what requiredResourceAccess lists.
func (x *exchange) registration(w *wanted, app *world.App, t *world.Tenant) error {
	for _, r := range app.Required {
		if w.resources != nil && !containsFold(w.resources, r.ResourceAppID) {
			continue
		}
		api, ok := x.world.App(r.ResourceAppID)
		if !ok {
			return refuse(resourceGone, "name", app.DisplayName)
		}
		if _, inTenant := x.world.ServicePrincipal(t.ID, r.ResourceAppID); !inTenant {
			return noLicence(t.ID, r.ResourceAppID, api.DisplayName)
		}
		for _, a := range r.Access {
			if role, ok := api.RoleByID(a.ID); ok && a.Type == "Role" {
				w.list = append(w.list, permission{api: api, value: role.Value, text: role.DisplayName, role: true, admin: true, static: true})
			} else if sc, ok := api.ScopeByID(a.ID); ok && a.Type != "Role" {
				w.addScope(api, sc, true)
			}
		}
	}
	return nil
}

func (w *wanted) addScopes(app, api *world.App, values []string) error {
	for _, v := range values {
		sc, ok := api.ScopeByValue(v)
		if !ok {
			return refuse(resourceScope, "name", app.DisplayName, "scope", v, "resourceApp", api.AppID)
		}
		w.addScope(api, sc, false)
	}
	return nil
}

func (w *wanted) addScope(api *world.App, sc world.Scope, static bool) {
	if slices.ContainsFunc(w.list, func(p permission) bool { return p.api.AppID == api.AppID && !p.role && p.value == sc.Value }) {
		return
	}
	w.list = append(w.list, permission{api: api, value: sc.Value, text: sc.DisplayName, admin: sc.AdminConsent, static: static})
}

func (x *exchange) hasPermission(tenantID string, app *world.App, user *world.User, p permission) bool {
	if !p.role {
		return containsFold(x.granted(tenantID, app, p.api, user.ID), p.value)
	}
	sp, ok := x.world.ServicePrincipal(tenantID, app.AppID)
	if !ok {
		return false
	}
	return slices.ContainsFunc(sp.RolesFor(p.api.AppID), func(id string) bool {
		r, ok := p.api.RoleByID(id)
		return ok && r.Value == p.value
	})
}

// needsConsent says whether a sign-in must ask. Application permissions do
// not matter to a sign-in, so a missing one alone asks nobody.
func (w wanted) needsConsent() bool {
	return w.fresh || slices.ContainsFunc(w.list, func(p permission) bool { return !p.had && !p.role })
}

// mayConsent says whether the user may accept: what needs no administrator
// anybody for himself; everything for himself or for all an administrator
// whose role reaches far enough.
func (w wanted) mayConsent(organization bool) bool {
	graphRole := slices.ContainsFunc(w.list, func(p permission) bool { return p.role && !p.had && p.api.AppID == world.AppGraph })
	switch {
	case w.admin == fullAdmin:
		return true
	case w.admin == appAdmin && !graphRole:
		return true
	case organization:
		return false
	}
	return !slices.ContainsFunc(w.list, func(p permission) bool { return p.admin && !p.had })
}

// grant records the consent in the world: the registration's list as a
// snapshot, and scopes asked for by name as grants of their own.
func (x *exchange) grant(f *flow, app *world.App, t *world.Tenant, user *world.User, w wanted, organization bool) error {
	userID := user.ID
	if organization {
		userID = ""
	}
	if w.static {
		_, err := x.world.Consent(world.ConsentRequest{TenantID: t.ID, AppID: app.AppID, UserID: userID, Resources: w.resources})
		var missing *world.MissingResourceError
		if errors.As(err, &missing) {
			return noLicence(missing.TenantID, missing.ResourceAppID, missing.ResourceName)
		}
		if err != nil {
			return err
		}
	} else if _, err := x.world.CreateServicePrincipal(t.ID, app.AppID); err != nil && !errors.Is(err, world.ErrExists) {
		return err
	}
	extra := map[string][]string{}
	for _, p := range w.list {
		// What the snapshot leaves out for a single user an administrator
		// still gets for himself.
		if !p.role && (!p.static || (p.admin && !organization)) {
			extra[p.api.AppID] = append(extra[p.api.AppID], p.value)
		}
	}
	if len(extra) == 0 {
		return nil
	}
	_, err := x.world.UpdateServicePrincipal(t.ID, app.AppID, "consent.granted", func(sp *world.ServicePrincipal) error {
		for api, scopes := range extra {
			addGrant(sp, api, userID, scopes)
		}
		return nil
	})
	return err
}

func addGrant(sp *world.ServicePrincipal, api, userID string, scopes []string) {
	i := slices.IndexFunc(sp.Grants, func(g world.Grant) bool { return strings.EqualFold(g.ResourceAppID, api) && g.UserID == userID })
	if i < 0 {
		sp.Grants = append(sp.Grants, world.Grant{ID: world.DeriveGUID("grant", sp.TenantID, sp.AppID, api, userID), ResourceAppID: api, UserID: userID, Scopes: slices.Clone(scopes)})
		return
	}
	merged := slices.Clone(sp.Grants[i].Scopes)
	for _, s := range scopes {
		if !containsFold(merged, s) {
			merged = append(merged, s)
		}
	}
	sp.Grants[i].Scopes = merged
}
