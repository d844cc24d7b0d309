package graphapi

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/world"
)

// applicationFields is what POST and PATCH of an application take.
func applicationFields() fields {
	kept := func(k kind) field { return field{kind: k, extra: true} }
	redirects := fields{"redirectUris": {kind: someStrings}}
	web := maps.Clone(redirects)
	maps.Copy(web, fields{
		"homePageUrl": kept(aString), "logoutUrl": kept(aString), "redirectUriSettings": {kind: objects, fields: fields{"uri": {}, "index": {kind: anInt}}},
		"implicitGrantSettings": {kind: anObject, extra: true, fields: fields{"enableAccessTokenIssuance": {kind: aBool}, "enableIdTokenIssuance": {kind: aBool}}},
	})
	return fields{
		"displayName": {}, "signInAudience": {}, "identifierUris": {kind: someStrings}, "isFallbackPublicClient": {kind: aBool},
		"web": {kind: anObject, fields: web}, "publicClient": {kind: anObject, fields: redirects},
		"spa": {kind: anObject, fields: fields{"redirectUris": kept(someStrings)}},
		"requiredResourceAccess": {kind: objects, fields: fields{
			"resourceAppId":  {kind: aGUID},
			"resourceAccess": {kind: objects, fields: fields{"id": {kind: aGUID}, "type": {}}},
		}},
		"keyCredentials":      {kind: objects, fields: keyFields()},
		"passwordCredentials": {kind: objects, fields: passwordFields()},
		"appRoles": {kind: objects, fields: fields{
			"id": {kind: aGUID}, "value": {}, "displayName": {}, "description": {}, "allowedMemberTypes": {kind: someStrings}, "isEnabled": {kind: aBool}, "origin": {},
		}},
		"api": {kind: anObject, fields: fields{
			"requestedAccessTokenVersion": {kind: anInt}, "acceptMappedClaims": kept(aBool),
			"knownClientApplications": kept(someStrings), "preAuthorizedApplications": kept(anything),
			"oauth2PermissionScopes": {kind: objects, fields: fields{
				"id": {kind: aGUID}, "value": {}, "type": {}, "isEnabled": {kind: aBool}, "adminConsentDisplayName": {}, "adminConsentDescription": {},
				"userConsentDisplayName": {}, "userConsentDescription": {}, "origin": {},
			}},
		}},
		"description": kept(aString), "notes": kept(aString), "tags": kept(someStrings), "groupMembershipClaims": kept(aString),
		"isDeviceOnlyAuthSupported": kept(aBool), "optionalClaims": kept(anything), "serviceManagementReference": kept(aString),
		"tokenEncryptionKeyId": kept(aGUID), "samlMetadataUrl": kept(aString), "uniqueName": kept(aString), "info": kept(anything),
		"parentalControlSettings": kept(anything), "servicePrincipalLockConfiguration": kept(anything), "defaultRedirectUri": kept(aString), "addIns": kept(anything),

		"id": {readOnly: true}, "appId": {readOnly: true}, "createdDateTime": {readOnly: true}, "deletedDateTime": {readOnly: true},
		"publisherDomain": {readOnly: true}, "applicationTemplateId": {readOnly: true}, "verifiedPublisher": {readOnly: true},
		"disabledByMicrosoftStatus": {readOnly: true}, "certification": {readOnly: true},
	}
}

// applicationBody holds what was given; nil means not given.
type applicationBody struct {
	DisplayName            *string
	SignInAudience         *string
	IsFallbackPublicClient *bool
	IdentifierURIs         *[]string
	PublicClient           *struct{ RedirectURIs *[]string }
	Web                    *struct {
		RedirectURIs        *[]string
		RedirectURISettings *[]struct{ URI string }
	}
	RequiredResourceAccess *[]struct {
		ResourceAppID  string
		ResourceAccess []world.Access
	}
	KeyCredentials      *[]keyBody
	PasswordCredentials *[]struct{ KeyID string }
	AppRoles            *[]struct {
		ID, Value, DisplayName, Description string
		AllowedMemberTypes                  []string
		IsEnabled                           *bool
	}
	API *struct {
		RequestedAccessTokenVersion *int
		OAuth2PermissionScopes      *[]struct {
			ID, Value, Type, AdminConsentDisplayName, AdminConsentDescription string
		}
	}

	extra map[string]json.RawMessage
}

func (c *call) applicationBody() (*applicationBody, *graphwire.Error) {
	b := &applicationBody{extra: map[string]json.RawMessage{}}
	schema := applicationFields()
	top, failure := c.body("Application", schema, false, b)
	if failure != nil {
		return nil, failure
	}
	schema.extras("", top, b.extra)
	return b, nil
}

func (c *call) createApplication() (result, *graphwire.Error) {
	b, failure := c.applicationBody()
	if failure != nil {
		return result{}, failure
	}
	if b.DisplayName == nil {
		return result{}, graphwire.BadRequest("A value is required for property 'displayName' of resource 'Application'.")
	}
	if b.PasswordCredentials != nil && len(*b.PasswordCredentials) > 0 {
		// "Create application": passwords are added with addPassword.
		return result{}, graphwire.BadRequest("New password credentials must be generated with service actions.")
	}
	a := world.App{HomeTenant: c.caller.Tenant.ID, SignInAudience: world.AudienceMyOrg, Owners: []string{c.caller.ObjectID}}
	if failure := c.identifiersFree("", b); failure != nil {
		return result{}, failure
	}
	if failure := c.apply(&a, b); failure != nil {
		return result{}, failure
	}
	made, err := c.world.CreateApp(a)
	if err != nil {
		return result{}, graphwire.BadRequest("The application cannot be created: %v.", err)
	}
	return c.created(c.applications(), c.application(made, false)), nil
}

func (c *call) updateApplication() (result, *graphwire.Error) {
	a, failure := c.managed()
	if failure != nil {
		return result{}, failure
	}
	b, failure := c.applicationBody()
	if failure != nil {
		return result{}, failure
	}
	if failure := c.identifiersFree(a.AppID, b); failure != nil {
		return result{}, failure
	}
	return c.change(a, "app.updated", func(a *world.App) *graphwire.Error { return c.apply(a, b) })
}

// change runs f under the world's lock and answers 204.
func (c *call) change(a *world.App, what string, f func(*world.App) *graphwire.Error) (result, *graphwire.Error) {
	_, err := c.world.UpdateApp(a.AppID, what, func(a *world.App) error {
		if failure := f(a); failure != nil {
			return failure
		}
		return nil
	})
	return result{status: http.StatusNoContent}, asFailure(err, a.ObjectID)
}

// asFailure turns an error of the world into Graph's; id names what the path
// was about.
func asFailure(err error, id string) *graphwire.Error {
	var failure *graphwire.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &failure):
		return failure
	case errors.Is(err, world.ErrNotFound):
		return graphwire.NotFound(id)
	}
	return graphwire.BadRequest("%v", err)
}

// apply writes what the body gives into the registration.
func (c *call) apply(a *world.App, b *applicationBody) *graphwire.Error {
	if b.DisplayName != nil {
		if *b.DisplayName == "" || len(*b.DisplayName) > 256 {
			return graphwire.BadRequest("Invalid value specified for property 'displayName' of resource 'Application'.")
		}
		a.DisplayName = *b.DisplayName
	}
	if b.SignInAudience != nil {
		// The accounts of persons (Microsoft accounts) are outside of this world.
		if *b.SignInAudience != world.AudienceMyOrg && *b.SignInAudience != world.AudienceMultiple {
			return graphwire.BadRequest("Invalid value specified for property 'signInAudience' of resource 'Application'.")
		}
		a.SignInAudience = *b.SignInAudience
	}
	if b.IsFallbackPublicClient != nil {
		a.PublicClient = *b.IsFallbackPublicClient
	}
	if b.Web != nil && b.Web.RedirectURIs == nil && b.Web.RedirectURISettings != nil {
		// The other way to write the same list; its index orders sign-in
		// pages' defaults and decides nothing here.
		uris := []string{}
		for _, s := range *b.Web.RedirectURISettings {
			uris = append(uris, s.URI)
		}
		b.Web.RedirectURIs = &uris
	}
	if b.Web != nil && b.Web.RedirectURIs != nil {
		if failure := checkRedirects("web", *b.Web.RedirectURIs); failure != nil {
			return failure
		}
		a.RedirectURIs = *b.Web.RedirectURIs
	}
	if b.PublicClient != nil && b.PublicClient.RedirectURIs != nil {
		a.PublicRedirectURIs = *b.PublicClient.RedirectURIs
	}
	if b.RequiredResourceAccess != nil {
		a.Required = nil
		for _, r := range *b.RequiredResourceAccess {
			if r.ResourceAppID == "" || slices.ContainsFunc(r.ResourceAccess, func(x world.Access) bool { return x.ID == "" || x.Type != "Role" && x.Type != "Scope" }) {
				return graphwire.BadRequest("Invalid value specified for property 'requiredResourceAccess' of resource 'Application'. Each entry needs resourceAppId, and each permission an id and the type Role or Scope.")
			}
			a.Required = append(a.Required, world.RequiredResource{ResourceAppID: strings.ToLower(r.ResourceAppID), Access: r.ResourceAccess})
		}
	}
	if b.PasswordCredentials != nil {
		if failure := keepSecrets(a, *b.PasswordCredentials); failure != nil {
			return failure
		}
	}
	if b.KeyCredentials != nil {
		if failure := c.replaceKeys(a, *b.KeyCredentials); failure != nil {
			return failure
		}
	}
	if failure := applyOffer(a, b); failure != nil {
		return failure
	}
	if len(b.extra) > 0 {
		if a.Extra == nil {
			a.Extra = map[string]json.RawMessage{}
		}
		maps.Copy(a.Extra, b.extra)
	}
	return nil
}

// keepSecrets applies a PATCH of passwordCredentials: it may leave secrets out
// and so remove them, never add any.
func keepSecrets(a *world.App, kept []struct{ KeyID string }) *graphwire.Error {
	var left []*world.Secret
	for _, k := range kept {
		i := slices.IndexFunc(a.Secrets, func(s *world.Secret) bool { return strings.EqualFold(s.KeyID, k.KeyID) })
		if i < 0 {
			return graphwire.BadRequest("New password credentials must be generated with service actions.")
		}
		left = append(left, a.Secrets[i])
	}
	a.Secrets = left
	return nil
}

// applyOffer writes what the application offers as an API.
func applyOffer(a *world.App, b *applicationBody) *graphwire.Error {
	if b.IdentifierURIs != nil {
		for _, uri := range *b.IdentifierURIs {
			u, err := url.Parse(uri)
			if err != nil || u.Scheme != "api" && u.Scheme != "https" || u.Host == "" {
				return graphwire.BadRequest("Invalid value specified for property 'identifierUris' of resource 'Application'. Use api://{appId} or an https URI of a verified domain.")
			}
		}
		a.IdentifierURIs = *b.IdentifierURIs
	}
	if b.AppRoles != nil {
		a.Roles = nil
		for _, r := range *b.AppRoles {
			// Roles of users and groups are outside of this world.
			if r.ID == "" || r.DisplayName == "" || !slices.Contains(r.AllowedMemberTypes, "Application") || r.IsEnabled != nil && !*r.IsEnabled {
				return graphwire.BadRequest("Invalid value specified for property 'appRoles' of resource 'Application'. Each role needs an id and a displayName, must be enabled and allow the member type Application.")
			}
			a.Roles = append(a.Roles, world.AppRole{ID: strings.ToLower(r.ID), Value: r.Value, DisplayName: r.DisplayName, Description: r.Description})
		}
	}
	if b.API == nil {
		return nil
	}
	if v := b.API.RequestedAccessTokenVersion; v != nil {
		if *v != 1 && *v != 2 {
			return graphwire.BadRequest("Invalid value specified for property 'api/requestedAccessTokenVersion' of resource 'Application'.")
		}
		a.TokenVersion = *v
	}
	if b.API.OAuth2PermissionScopes != nil {
		a.Scopes = nil
		for _, s := range *b.API.OAuth2PermissionScopes {
			if s.ID == "" || s.Value == "" {
				return graphwire.BadRequest("Invalid value specified for property 'api/oauth2PermissionScopes' of resource 'Application'. Each scope needs an id and a value.")
			}
			a.Scopes = append(a.Scopes, world.Scope{ID: strings.ToLower(s.ID), Value: s.Value, DisplayName: s.AdminConsentDisplayName, Description: s.AdminConsentDescription, AdminConsent: s.Type != "User"})
		}
	}
	return nil
}

// identifiersFree refuses identifier URIs of another application. It is asked
// before the world's lock is taken, which the answer needs as well.
func (c *call) identifiersFree(appID string, b *applicationBody) *graphwire.Error {
	if b.IdentifierURIs == nil {
		return nil
	}
	for _, uri := range *b.IdentifierURIs {
		if other, ok := c.world.Resource(uri); ok && !strings.EqualFold(other.AppID, appID) {
			return graphwire.Conflict(http.StatusBadRequest, "Another object with the same value for property identifierUris already exists.")
		}
	}
	return nil
}

func checkRedirects(platform string, uris []string) *graphwire.Error {
	for _, raw := range uris {
		u, err := url.Parse(raw)
		loopback := err == nil && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1")
		if err != nil || !u.IsAbs() || u.Host == "" || u.Fragment != "" || len(raw) > 256 || u.Scheme != "https" && !(u.Scheme == "http" && loopback) {
			return graphwire.BadRequest("Invalid value specified for property '%s/redirectUris' of resource 'Application'. '%s' must be an absolute https URI without a fragment; http is allowed for localhost.", platform, raw)
		}
	}
	return nil
}

func stringsOf(raw json.RawMessage) []string {
	var list []string
	if json.Unmarshal(raw, &list) != nil || list == nil {
		return []string{}
	}
	return list
}

// when reads a time that the schema has checked already.
func when(s *string, otherwise time.Time) time.Time {
	if s == nil {
		return otherwise
	}
	t, err := time.Parse(time.RFC3339Nano, *s)
	if err != nil {
		return otherwise
	}
	return t.UTC()
}
