package graphapi

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/odata"
	"github.com/tenantry/tenantry/sandbox/world"
)

// noRole is the app role id of an assignment to a resource that offers no
// roles.
const noRole = "00000000-0000-0000-0000-000000000000"

func (c *call) assignments(of *world.ServicePrincipal, relation string, items ...object) listing {
	return listing{
		typeName: "microsoft.graph.appRoleAssignment", context: "servicePrincipals('" + of.ID + "')/" + relation, items: items,
		names: propertyNames(c.assignment(of, world.Assignment{})),
		filters: map[string]odata.Property{
			"id": filterText(), "appRoleId": {Type: odata.GUID}, "resourceId": {Type: odata.GUID}, "principalId": {Type: odata.GUID}, "principalDisplayName": filterText(),
		},
	}
}

// assignment is the wire form of a role that principal holds.
func (c *call) assignment(principal *world.ServicePrincipal, g world.Assignment) object {
	resourceID, _ := c.principalID(g.ResourceAppID)
	return object{
		"id": g.ID, "appRoleId": g.RoleID, "createdDateTime": stamp(g.Created), "deletedDateTime": nil,
		"principalId": principal.ID, "principalDisplayName": c.displayName(principal.AppID), "principalType": "ServicePrincipal",
		"resourceId": resourceID, "resourceDisplayName": c.displayName(g.ResourceAppID),
	}
}

func (c *call) displayName(appID string) string {
	if a, ok := c.world.App(appID); ok {
		return a.DisplayName
	}
	return appID
}

func (c *call) principalID(appID string) (string, bool) {
	sp, ok := c.world.ServicePrincipal(c.caller.Tenant.ID, appID)
	if !ok {
		return "", false
	}
	return sp.ID, true
}

func (c *call) listAssignments() (result, *graphwire.Error) {
	sp, failure := c.servicePrincipalAt(c.keys[0])
	if failure != nil {
		return result{}, failure
	}
	var items []object
	for _, g := range sp.Assignments {
		items = append(items, c.assignment(sp, g))
	}
	return c.answer(c.assignments(sp, "appRoleAssignments", items...))
}

func (c *call) listAssignedTo() (result, *graphwire.Error) {
	resource, failure := c.servicePrincipalAt(c.keys[0])
	if failure != nil {
		return result{}, failure
	}
	var items []object
	for _, sp := range c.world.ServicePrincipals(c.caller.Tenant.ID) {
		for _, g := range sp.Assignments {
			if strings.EqualFold(g.ResourceAppID, resource.AppID) {
				items = append(items, c.assignment(sp, g))
			}
		}
	}
	return c.answer(c.assignments(resource, "appRoleAssignedTo", items...))
}

func (c *call) createAssignment() (result, *graphwire.Error) {
	return c.assign("appRoleAssignments", func(at, principal, _ string) bool { return strings.EqualFold(at, principal) })
}

func (c *call) createAssignedTo() (result, *graphwire.Error) {
	return c.assign("appRoleAssignedTo", func(at, _, resource string) bool { return strings.EqualFold(at, resource) })
}

// assign grants a role. fits judges whether the object of the path is the side
// of the assignment that the relation is about.
func (c *call) assign(relation string, fits func(at, principal, resource string) bool) (result, *graphwire.Error) {
	at, failure := c.servicePrincipalAt(c.keys[0])
	if failure != nil {
		return result{}, failure
	}
	var b struct{ PrincipalID, ResourceID, AppRoleID string }
	if _, failure := c.body("AppRoleAssignment", fields{
		"principalId": {kind: aGUID}, "resourceId": {kind: aGUID}, "appRoleId": {kind: aGUID}, "id": {readOnly: true}, "principalType": {readOnly: true},
	}, false, &b); failure != nil {
		return result{}, failure
	}
	for _, p := range [][2]string{{"principalId", b.PrincipalID}, {"resourceId", b.ResourceID}, {"appRoleId", b.AppRoleID}} {
		if p[1] == "" {
			return result{}, graphwire.BadRequest("A value is required for property '%s' of resource 'AppRoleAssignment'.", p[0])
		}
	}
	if !fits(at.ID, b.PrincipalID, b.ResourceID) {
		return result{}, graphwire.BadRequest("The object '%s' of the path is not the one the assignment names.", at.ID)
	}
	// Users and groups as principals are outside of this world.
	principal, ok := c.byObject(b.PrincipalID)
	if !ok {
		return result{}, graphwire.NotFound(b.PrincipalID)
	}
	resource, ok := c.byObject(b.ResourceID)
	if !ok {
		return result{}, graphwire.NotFound(b.ResourceID)
	}
	if failure := c.mayGrant(resource.AppID); failure != nil {
		return result{}, failure
	}
	if api, ok := c.world.App(resource.AppID); ok {
		_, offered := api.RoleByID(b.AppRoleID)
		if !offered && (b.AppRoleID != noRole || len(api.Roles) > 0) {
			return result{}, graphwire.BadRequest("Permission being assigned was not found on application '%s'.", resource.AppID)
		}
	}
	g, err := c.world.Assign(c.caller.Tenant.ID, principal.AppID, resource.AppID, strings.ToLower(b.AppRoleID))
	if errors.Is(err, world.ErrExists) {
		return result{}, graphwire.BadRequest("Permission being assigned already exists on the object")
	}
	if err != nil {
		return result{}, asFailure(err, principal.ID)
	}
	return c.created(c.assignments(at, relation), c.assignment(principal, g)), nil
}

func (c *call) deleteAssignment() (result, *graphwire.Error) {
	sp, failure := c.servicePrincipalAt(c.keys[0])
	if failure != nil {
		return result{}, failure
	}
	return c.revoke([]*world.ServicePrincipal{sp}, func(world.Assignment) bool { return true })
}

func (c *call) deleteAssignedTo() (result, *graphwire.Error) {
	resource, failure := c.servicePrincipalAt(c.keys[0])
	if failure != nil {
		return result{}, failure
	}
	return c.revoke(c.world.ServicePrincipals(c.caller.Tenant.ID), func(g world.Assignment) bool {
		return strings.EqualFold(g.ResourceAppID, resource.AppID)
	})
}

// revoke takes back the assignment that the path's second key names, from
// whichever of the principals holds it.
func (c *call) revoke(among []*world.ServicePrincipal, within func(world.Assignment) bool) (result, *graphwire.Error) {
	_, id, failure := key(c.keys[1])
	if failure != nil {
		return result{}, failure
	}
	named := func(g world.Assignment) bool { return g.ID == id && within(g) }
	for _, sp := range among {
		i := slices.IndexFunc(sp.Assignments, named)
		if i < 0 {
			continue
		}
		if failure := c.mayGrant(sp.Assignments[i].ResourceAppID); failure != nil {
			return result{}, failure
		}
		_, err := c.world.UpdateServicePrincipal(sp.TenantID, sp.AppID, "role.revoked", func(sp *world.ServicePrincipal) error {
			sp.Assignments = slices.DeleteFunc(sp.Assignments, named)
			return nil
		})
		return result{status: http.StatusNoContent}, asFailure(err, id)
	}
	return result{}, graphwire.NotFound(id)
}
