package graphapi

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/odata"
	"github.com/tenantry/tenantry/sandbox/world"
)

// applications lists the registrations of the caller's tenant. Those of other
// tenants, and Microsoft's own, are not objects of this directory.
func (c *call) applications(items ...object) listing {
	return listing{
		typeName: "microsoft.graph.application", context: "applications", items: items,
		names:   propertyNames(c.application(&world.App{}, false)),
		orderBy: []string{"displayName", "createdDateTime", "appId"},
		filters: map[string]odata.Property{
			"id": filterText(), "appId": filterText(), "displayName": filterText(), "signInAudience": filterText(), "publisherDomain": filterText(),
			"createdDateTime": {Type: odata.DateTime}, "identifierUris": {Type: odata.Strings}, "tags": {Type: odata.Strings},
		},
	}
}

// applicationAt finds the registration a path key names.
func (c *call) applicationAt(raw string) (*world.App, *graphwire.Error) {
	name, value, failure := key(raw, "appId")
	if failure != nil {
		return nil, failure
	}
	a, ok := c.world.AppByObject(value)
	if name == "appId" {
		a, ok = c.world.App(value)
	}
	if !ok || a.FirstParty || !strings.EqualFold(a.HomeTenant, c.caller.Tenant.ID) {
		return nil, graphwire.NotFound(value)
	}
	return a, nil
}

// managed finds the registration of the path and judges whether the caller may
// change it.
func (c *call) managed() (*world.App, *graphwire.Error) {
	a, failure := c.applicationAt(c.keys[0])
	if failure != nil {
		return nil, failure
	}
	return a, c.mayManage(a)
}

func (c *call) listApplications() (result, *graphwire.Error) {
	var items []object
	for _, a := range c.world.Apps(c.caller.Tenant.ID) {
		items = append(items, c.application(a, false))
	}
	return c.answer(c.applications(items...))
}

func (c *call) getApplication() (result, *graphwire.Error) {
	a, failure := c.applicationAt(c.keys[0])
	if failure != nil {
		return result{}, failure
	}
	// The certificate itself is told only when keyCredentials is selected on
	// a single object ("keyCredential resource type").
	selected := strings.Contains(c.R.URL.Query().Get("$select"), "keyCredentials")
	return c.one(c.applications(), c.application(a, selected))
}

func (c *call) deleteApplication() (result, *graphwire.Error) {
	a, failure := c.managed()
	if failure != nil {
		return result{}, failure
	}
	if err := c.world.DeleteApp(a.AppID); err != nil {
		return result{}, graphwire.NotFound(a.ObjectID)
	}
	return result{status: http.StatusNoContent}, nil
}

// application is the wire form of a registration, with every property of the
// resource type. Secrets' values are never in it.
func (c *call) application(a *world.App, withKeys bool) object {
	out := object{
		"id": a.ObjectID, "appId": a.AppID, "displayName": a.DisplayName, "signInAudience": a.SignInAudience,
		"createdDateTime": stamp(a.Created), "deletedDateTime": nil, "publisherDomain": c.caller.Tenant.DefaultDomain(),
		"identifierUris": orEmpty(a.IdentifierURIs), "isFallbackPublicClient": a.PublicClient,
		"passwordCredentials": passwords(a), "keyCredentials": keys(a, withKeys), "requiredResourceAccess": required(a),
		"appRoles": appRoles(a),
		"api": object{
			"requestedAccessTokenVersion": tokenVersion(a), "oauth2PermissionScopes": scopes(a),
			"acceptMappedClaims": nil, "knownClientApplications": []string{}, "preAuthorizedApplications": []object{},
		},
		"web": object{
			"homePageUrl": nil, "logoutUrl": nil, "redirectUris": orEmpty(a.RedirectURIs), "redirectUriSettings": redirectSettings(a.RedirectURIs),
			"implicitGrantSettings": object{"enableAccessTokenIssuance": false, "enableIdTokenIssuance": false},
		},
		"publicClient": object{"redirectUris": orEmpty(a.PublicRedirectURIs)},
		"spa":          object{"redirectUris": []string{}},
		"info":         object{"logoUrl": nil, "marketingUrl": nil, "privacyStatementUrl": nil, "supportUrl": nil, "termsOfServiceUrl": nil},
		"addIns":       []object{}, "tags": []string{}, "description": nil, "notes": nil, "groupMembershipClaims": nil,
		"isDeviceOnlyAuthSupported": nil, "optionalClaims": nil, "serviceManagementReference": nil, "tokenEncryptionKeyId": nil,
		"samlMetadataUrl": nil, "uniqueName": nil, "applicationTemplateId": nil, "disabledByMicrosoftStatus": nil, "defaultRedirectUri": nil, "certification": nil,
		"verifiedPublisher":                 object{"displayName": nil, "verifiedPublisherId": nil, "addedDateTime": nil},
		"parentalControlSettings":           object{"countriesBlockedForMinors": []string{}, "legalAgeGroupRule": "Allow"},
		"servicePrincipalLockConfiguration": nil,
	}
	for path, raw := range a.Extra {
		into, name := out, path
		if outer, inner, found := strings.Cut(path, "."); found {
			into, name = out[outer].(object), inner
		}
		if name == "tags" { // told apart because filters look into it
			into[name] = stringsOf(raw)
			continue
		}
		into[name] = raw
	}
	return out
}

func propertyNames(o object) []string {
	names := make([]string, 0, len(o))
	for name := range o {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func passwords(a *world.App) []object {
	out := []object{}
	for _, s := range a.Secrets {
		out = append(out, password(s))
	}
	return out
}

// password tells a secret without its value; the hint is its first three
// characters.
func password(s *world.Secret) object {
	hint := s.Value[:min(3, len(s.Value))]
	return object{
		"keyId": s.KeyID, "displayName": orNull(s.Name), "hint": hint, "secretText": nil, "customKeyIdentifier": nil,
		"startDateTime": stamp(s.Start), "endDateTime": stamp(s.End),
	}
}

func required(a *world.App) []object {
	out := []object{}
	for _, r := range a.Required {
		access := []object{}
		for _, x := range r.Access {
			access = append(access, object{"id": x.ID, "type": x.Type})
		}
		out = append(out, object{"resourceAppId": r.ResourceAppID, "resourceAccess": access})
	}
	return out
}

func appRoles(a *world.App) []object {
	out := []object{}
	for _, r := range a.Roles {
		out = append(out, object{
			"id": r.ID, "value": r.Value, "displayName": r.DisplayName, "description": r.Description,
			"allowedMemberTypes": []string{"Application"}, "isEnabled": true, "origin": "Application",
		})
	}
	return out
}

func scopes(a *world.App) []object {
	out := []object{}
	for _, s := range a.Scopes {
		who := "User"
		if s.AdminConsent {
			who = "Admin"
		}
		out = append(out, object{
			"id": s.ID, "value": s.Value, "type": who, "isEnabled": true,
			"adminConsentDisplayName": s.DisplayName, "adminConsentDescription": s.Description,
			"userConsentDisplayName": s.DisplayName, "userConsentDescription": s.Description,
		})
	}
	return out
}

func tokenVersion(a *world.App) any {
	if a.TokenVersion == 0 {
		return nil
	}
	return a.TokenVersion
}

func redirectSettings(uris []string) []object {
	out := []object{}
	for _, u := range uris {
		out = append(out, object{"uri": u, "index": nil})
	}
	return out
}

// stamp writes a time with whole seconds or up to seven digits; null for the
// zero time.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.9999999Z07:00")
}

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
