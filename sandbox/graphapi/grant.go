package graphapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/odata"
	"github.com/tenantry/tenantry/sandbox/world"
)

// heldGrant is a permission grant with the service principal that holds it.
type heldGrant struct {
	client *world.ServicePrincipal
	grant  world.Grant
}

func (c *call) grants(items ...object) listing {
	return listing{
		typeName: "microsoft.graph.oAuth2PermissionGrant", context: "oauth2PermissionGrants", items: items,
		names: propertyNames(c.grant(heldGrant{client: &world.ServicePrincipal{}})),
		filters: map[string]odata.Property{
			"clientId": {Type: odata.GUID}, "resourceId": {Type: odata.GUID}, "principalId": {Type: odata.GUID},
			"consentType": {Type: odata.String, EqualityOnly: true}, "scope": filterText(),
		},
	}
}

func (c *call) grant(h heldGrant) object {
	o := object{
		"id": h.grant.ID, "clientId": h.client.ID, "consentType": "AllPrincipals", "principalId": nil, "resourceId": nil,
		"scope": strings.Join(h.grant.Scopes, " "),
	}
	if h.grant.UserID != "" {
		o["consentType"], o["principalId"] = "Principal", h.grant.UserID
	}
	if id, ok := c.principalID(h.grant.ResourceAppID); ok {
		o["resourceId"] = id
	}
	return o
}

func (c *call) allGrants() []heldGrant {
	var all []heldGrant
	for _, sp := range c.world.ServicePrincipals(c.caller.Tenant.ID) {
		for _, g := range sp.Grants {
			all = append(all, heldGrant{sp, g})
		}
	}
	return all
}

func (c *call) listGrants() (result, *graphwire.Error) {
	var items []object
	for _, h := range c.allGrants() {
		items = append(items, c.grant(h))
	}
	return c.answer(c.grants(items...))
}

func (c *call) listOwnGrants() (result, *graphwire.Error) {
	sp, failure := c.servicePrincipalAt(c.keys[0])
	if failure != nil {
		return result{}, failure
	}
	var items []object
	for _, g := range sp.Grants {
		items = append(items, c.grant(heldGrant{sp, g}))
	}
	return c.answer(c.grants(items...))
}

func (c *call) grantAt(raw string) (heldGrant, *graphwire.Error) {
	_, id, failure := key(raw)
	if failure != nil {
		return heldGrant{}, failure
	}
	all := c.allGrants()
	i := slices.IndexFunc(all, func(h heldGrant) bool { return h.grant.ID == id })
	if i < 0 {
		return heldGrant{}, graphwire.NotFound(id)
	}
	return all[i], nil
}

func (c *call) getGrant() (result, *graphwire.Error) {
	h, failure := c.grantAt(c.keys[0])
	if failure != nil {
		return result{}, failure
	}
	return c.one(c.grants(), c.grant(h))
}

// createGrant grants delegated permissions. Values that the resource does not
// offer are taken, as the page "Create oAuth2PermissionGrant" names no check.
func (c *call) createGrant() (result, *graphwire.Error) {
	var b struct{ ClientID, ConsentType, PrincipalID, ResourceID, Scope string }
	if _, failure := c.body("OAuth2PermissionGrant", fields{
		"clientId": {kind: aGUID}, "consentType": {}, "principalId": {kind: aGUID}, "resourceId": {kind: aGUID}, "scope": {},
		"startTime": {kind: aTime}, "expiryTime": {kind: aTime}, "id": {readOnly: true},
	}, false, &b); failure != nil {
		return result{}, failure
	}
	client, ok := c.byObject(b.ClientID)
	if !ok {
		return result{}, graphwire.NotFound(b.ClientID)
	}
	resource, ok := c.byObject(b.ResourceID)
	if !ok {
		return result{}, graphwire.NotFound(b.ResourceID)
	}
	knownUser := slices.ContainsFunc(c.caller.Tenant.Users, func(u *world.User) bool { return strings.EqualFold(u.ID, b.PrincipalID) })
	switch {
	case b.ConsentType != "AllPrincipals" && b.ConsentType != "Principal":
		return result{}, graphwire.BadRequest("Invalid value specified for property 'consentType' of resource 'OAuth2PermissionGrant'.")
	case b.ConsentType == "AllPrincipals" && b.PrincipalID != "":
		return result{}, graphwire.BadRequest("Property 'principalId' must be null when consentType is AllPrincipals.")
	case b.ConsentType == "Principal" && !knownUser:
		return result{}, graphwire.NotFound(b.PrincipalID)
	}
	if failure := c.mayGrant(resource.AppID); failure != nil {
		return result{}, failure
	}
	user := strings.ToLower(b.PrincipalID)
	g := world.Grant{
		ID:            world.DeriveGUID("grant", c.caller.Tenant.ID, client.AppID, resource.AppID, user),
		ResourceAppID: resource.AppID, UserID: user, Scopes: strings.Fields(b.Scope),
	}
	_, err := c.world.UpdateServicePrincipal(client.TenantID, client.AppID, "grant.created", func(sp *world.ServicePrincipal) error {
		if slices.ContainsFunc(sp.Grants, func(o world.Grant) bool {
			return strings.EqualFold(o.ResourceAppID, g.ResourceAppID) && strings.EqualFold(o.UserID, user)
		}) {
			return graphwire.Conflict(http.StatusConflict, "Permission entry already exists.")
		}
		sp.Grants = append(sp.Grants, g)
		return nil
	})
	if failure := asFailure(err, client.ID); failure != nil {
		return result{}, failure
	}
	return c.created(c.grants(), c.grant(heldGrant{client, g})), nil
}

func (c *call) updateGrant() (result, *graphwire.Error) {
	h, failure := c.grantAt(c.keys[0])
	if failure != nil {
		return result{}, failure
	}
	if failure := c.mayGrant(h.grant.ResourceAppID); failure != nil {
		return result{}, failure
	}
	var b struct{ Scope *string }
	if _, failure := c.body("OAuth2PermissionGrant", fields{
		"scope": {}, "id": {readOnly: true}, "clientId": {readOnly: true}, "consentType": {readOnly: true}, "principalId": {readOnly: true}, "resourceId": {readOnly: true},
	}, false, &b); failure != nil {
		return result{}, failure
	}
	return c.changeGrants(h, "grant.updated", func(list []world.Grant, i int) []world.Grant {
		if b.Scope != nil {
			list[i].Scopes = strings.Fields(*b.Scope)
		}
		return list
	})
}

func (c *call) deleteGrant() (result, *graphwire.Error) {
	h, failure := c.grantAt(c.keys[0])
	if failure != nil {
		return result{}, failure
	}
	if failure := c.mayGrant(h.grant.ResourceAppID); failure != nil {
		return result{}, failure
	}
	return c.changeGrants(h, "grant.deleted", func(list []world.Grant, i int) []world.Grant { return slices.Delete(list, i, i+1) })
}

func (c *call) changeGrants(h heldGrant, what string, f func(list []world.Grant, i int) []world.Grant) (result, *graphwire.Error) {
	_, err := c.world.UpdateServicePrincipal(h.client.TenantID, h.client.AppID, what, func(sp *world.ServicePrincipal) error {
		i := slices.IndexFunc(sp.Grants, func(g world.Grant) bool { return g.ID == h.grant.ID })
		if i < 0 {
			return graphwire.NotFound(h.grant.ID)
		}
		sp.Grants = f(sp.Grants, i)
		return nil
	})
	return result{status: http.StatusNoContent}, asFailure(err, h.grant.ID)
}
