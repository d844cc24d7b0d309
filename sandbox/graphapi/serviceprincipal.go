package graphapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/odata"
	"github.com/tenantry/tenantry/sandbox/world"
)

func (c *call) servicePrincipals(items ...object) listing {
	return listing{
		typeName: "microsoft.graph.servicePrincipal", context: "servicePrincipals", items: items,
		names:   propertyNames(c.servicePrincipal(&world.ServicePrincipal{})),
		orderBy: []string{"displayName"},
		filters: map[string]odata.Property{
			"id": filterText(), "appId": filterText(), "displayName": filterText(), "appDisplayName": filterText(), "servicePrincipalType": filterText(),
			"appOwnerOrganizationId": {Type: odata.GUID}, "accountEnabled": {Type: odata.Bool},
			"servicePrincipalNames": {Type: odata.Strings}, "tags": {Type: odata.Strings},
		},
	}
}

// servicePrincipal is the wire form, with what the application offers as an
// API as of now. The application may be gone; its service principal stays.
func (c *call) servicePrincipal(sp *world.ServicePrincipal) object {
	a, ok := c.world.App(sp.AppID)
	if !ok {
		a = &world.App{AppID: sp.AppID, DisplayName: sp.AppID}
	}
	names := []string{}
	if sp.AppID != "" {
		names = append(names, sp.AppID)
	}
	return object{
		"id": sp.ID, "appId": sp.AppID, "displayName": a.DisplayName, "appDisplayName": a.DisplayName,
		"appOwnerOrganizationId": orNull(a.HomeTenant), "accountEnabled": sp.Enabled, "appRoleAssignmentRequired": sp.AssignmentRequired,
		"servicePrincipalType": "Application", "servicePrincipalNames": append(names, a.IdentifierURIs...), "signInAudience": orNull(a.SignInAudience),
		"appRoles": appRoles(a), "oauth2PermissionScopes": scopes(a), "replyUrls": orEmpty(a.RedirectURIs), "createdDateTime": stamp(sp.Created),
		"keyCredentials": []object{}, "passwordCredentials": []object{}, "tags": []string{}, "alternativeNames": []string{}, "addIns": []object{},
		"appDescription": nil, "applicationTemplateId": nil, "deletedDateTime": nil, "description": nil, "disabledByMicrosoftStatus": nil,
		"homepage": nil, "loginUrl": nil, "logoutUrl": nil, "notes": nil, "notificationEmailAddresses": []string{}, "preferredSingleSignOnMode": nil,
		"preferredTokenSigningKeyThumbprint": nil, "resourceSpecificApplicationPermissions": []object{}, "samlSingleSignOnSettings": nil, "tokenEncryptionKeyId": nil,
		"info":              object{"logoUrl": nil, "marketingUrl": nil, "privacyStatementUrl": nil, "supportUrl": nil, "termsOfServiceUrl": nil},
		"verifiedPublisher": object{"displayName": nil, "verifiedPublisherId": nil, "addedDateTime": nil},
	}
}

// byObject finds a service principal of the caller's tenant by object id.
func (c *call) byObject(id string) (*world.ServicePrincipal, bool) {
	list := c.world.ServicePrincipals(c.caller.Tenant.ID)
	i := slices.IndexFunc(list, func(sp *world.ServicePrincipal) bool { return strings.EqualFold(sp.ID, id) })
	if i < 0 {
		return nil, false
	}
	return list[i], true
}

func (c *call) servicePrincipalAt(raw string) (*world.ServicePrincipal, *graphwire.Error) {
	name, value, failure := key(raw, "appId")
	if failure != nil {
		return nil, failure
	}
	sp, ok := c.byObject(value)
	if name == "appId" {
		sp, ok = c.world.ServicePrincipal(c.caller.Tenant.ID, value)
	}
	if !ok {
		return nil, graphwire.NotFound(value)
	}
	return sp, nil
}

// mayManagePrincipal is mayManage for a service principal: owning its
// application in the same tenant is enough.
func (c *call) mayManagePrincipal(appID string) *graphwire.Error {
	a, ok := c.world.App(appID)
	if !ok || !strings.EqualFold(a.HomeTenant, c.caller.Tenant.ID) {
		a = &world.App{AppID: appID}
	}
	return c.mayManage(a)
}

func (c *call) listServicePrincipals() (result, *graphwire.Error) {
	var items []object
	for _, sp := range c.world.ServicePrincipals(c.caller.Tenant.ID) {
		items = append(items, c.servicePrincipal(sp))
	}
	return c.answer(c.servicePrincipals(items...))
}

func (c *call) getServicePrincipal() (result, *graphwire.Error) {
	sp, failure := c.servicePrincipalAt(c.keys[0])
	if failure != nil {
		return result{}, failure
	}
	return c.one(c.servicePrincipals(), c.servicePrincipal(sp))
}

func (c *call) createServicePrincipal() (result, *graphwire.Error) {
	var b struct {
		AppID                                     string
		AccountEnabled, AppRoleAssignmentRequired *bool
	}
	if _, failure := c.body("ServicePrincipal", fields{
		"appId": {kind: aGUID}, "accountEnabled": {kind: aBool}, "appRoleAssignmentRequired": {kind: aBool}, "id": {readOnly: true},
	}, false, &b); failure != nil {
		return result{}, failure
	}
	if b.AppID == "" {
		return result{}, graphwire.BadRequest("A value is required for property 'appId' of resource 'ServicePrincipal'.")
	}
	if failure := c.mayManagePrincipal(b.AppID); failure != nil {
		return result{}, failure
	}
	tenant := c.caller.Tenant
	a, ok := c.world.App(b.AppID)
	if !ok || a.SignInAudience == world.AudienceMyOrg && !strings.EqualFold(a.HomeTenant, tenant.ID) {
		return result{}, &graphwire.Error{Status: http.StatusBadRequest, Code: "NoBackingApplicationObject", Message: "The appId '" + b.AppID + "' of the service principal does not reference a valid application object."}
	}
	if a.FirstParty && len(a.NeedsLicence) > 0 && !slices.ContainsFunc(a.NeedsLicence, func(l string) bool { return slices.Contains(tenant.Licences, l) }) {
		// Ours: what a tenant without the licence is told is not documented.
		return result{}, graphwire.BadRequest("The service principal of '%s' cannot be created: the tenant has no licence for it.", a.DisplayName)
	}
	if _, ok := c.world.ServicePrincipal(tenant.ID, b.AppID); ok {
		return result{}, graphwire.Conflict(http.StatusConflict, "The service principal cannot be created, updated, or restored because the service principal name %s is already in use.", b.AppID)
	}
	sp, err := c.world.CreateServicePrincipal(tenant.ID, b.AppID)
	if err != nil {
		return result{}, asFailure(err, b.AppID)
	}
	if b.AccountEnabled != nil || b.AppRoleAssignmentRequired != nil {
		if sp, err = c.world.UpdateServicePrincipal(tenant.ID, b.AppID, "servicePrincipal.updated", func(sp *world.ServicePrincipal) error {
			switches(sp, b.AccountEnabled, b.AppRoleAssignmentRequired)
			return nil
		}); err != nil {
			return result{}, asFailure(err, b.AppID)
		}
	}
	return c.created(c.servicePrincipals(), c.servicePrincipal(sp)), nil
}

func switches(sp *world.ServicePrincipal, enabled, assignmentRequired *bool) {
	if enabled != nil {
		sp.Enabled = *enabled
	}
	if assignmentRequired != nil {
		sp.AssignmentRequired = *assignmentRequired
	}
}

func (c *call) updateServicePrincipal() (result, *graphwire.Error) {
	sp, failure := c.servicePrincipalAt(c.keys[0])
	if failure != nil {
		return result{}, failure
	}
	if failure := c.mayManagePrincipal(sp.AppID); failure != nil {
		return result{}, failure
	}
	var b struct{ AccountEnabled, AppRoleAssignmentRequired *bool }
	if _, failure := c.body("ServicePrincipal", fields{
		"accountEnabled": {kind: aBool}, "appRoleAssignmentRequired": {kind: aBool}, "id": {readOnly: true}, "appId": {readOnly: true}, "displayName": {readOnly: true},
	}, false, &b); failure != nil {
		return result{}, failure
	}
	_, err := c.world.UpdateServicePrincipal(sp.TenantID, sp.AppID, "servicePrincipal.updated", func(sp *world.ServicePrincipal) error {
		switches(sp, b.AccountEnabled, b.AppRoleAssignmentRequired)
		return nil
	})
	return result{status: http.StatusNoContent}, asFailure(err, sp.ID)
}

func (c *call) deleteServicePrincipal() (result, *graphwire.Error) {
	sp, failure := c.servicePrincipalAt(c.keys[0])
	if failure != nil {
		return result{}, failure
	}
	if failure := c.mayManagePrincipal(sp.AppID); failure != nil {
		return result{}, failure
	}
	return result{status: http.StatusNoContent}, asFailure(c.world.DeleteServicePrincipal(sp.TenantID, sp.AppID), sp.ID)
}
