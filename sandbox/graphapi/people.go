package graphapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/odata"
	"github.com/tenantry/tenantry/sandbox/world"
)

func (c *call) users(items ...object) listing {
	return listing{
		typeName: "microsoft.graph.user", context: "users", items: items,
		names: propertyNames(user(&world.User{})), hidden: []string{"accountEnabled", "userType"}, orderBy: []string{"displayName", "userPrincipalName"},
		filters: map[string]odata.Property{
			"id": filterText(), "displayName": filterText(), "userPrincipalName": filterText(), "mail": filterText(), "accountEnabled": {Type: odata.Bool}, "userType": filterText(),
		},
	}
}

func user(u *world.User) object {
	given, family, _ := strings.Cut(u.Name, " ")
	return object{
		"id": u.ID, "userPrincipalName": u.UPN, "displayName": u.Name, "givenName": orNull(given), "surname": orNull(family), "mail": orNull(u.UPN),
		"businessPhones": []string{}, "jobTitle": nil, "mobilePhone": nil, "officeLocation": nil, "preferredLanguage": nil,
		"accountEnabled": !u.Disabled, "userType": "Member",
	}
}

func (c *call) getMe() (result, *graphwire.Error) {
	return c.one(c.users(), user(c.caller.User))
}

// onlySelf says that a signed-in user's token opens no user but himself.
func (c *call) onlySelf() bool {
	wide := []string{"User.ReadBasic.All", "User.Read.All", "Directory.Read.All", accessAsUser}
	return !c.caller.AppOnly && !c.caller.Holds(wide)
}

func (c *call) listUsers() (result, *graphwire.Error) {
	if c.onlySelf() {
		return result{}, graphwire.Denied("User.Read opens the signed-in user alone")
	}
	var items []object
	for _, u := range c.caller.Tenant.Users {
		items = append(items, user(u))
	}
	return c.answer(c.users(items...))
}

func (c *call) getUser() (result, *graphwire.Error) {
	_, id, failure := key(c.keys[0], "userPrincipalName")
	if failure != nil {
		return result{}, failure
	}
	list := c.caller.Tenant.Users
	i := slices.IndexFunc(list, func(u *world.User) bool { return strings.EqualFold(u.ID, id) || strings.EqualFold(u.UPN, id) })
	self := i >= 0 && c.caller.User != nil && list[i].ID == c.caller.User.ID
	switch {
	case c.onlySelf() && !self:
		return result{}, graphwire.Denied("User.Read opens the signed-in user alone")
	case i < 0:
		return result{}, graphwire.NotFound(id)
	}
	return c.one(c.users(), user(list[i]))
}

func (c *call) organizations(items ...object) listing {
	return listing{
		typeName: "microsoft.graph.organization", context: "organization", items: items,
		names: propertyNames(organization(&world.Tenant{})), filters: map[string]odata.Property{"id": filterText(), "displayName": filterText()},
	}
}

// Service plans that bring Defender ("Product names and service plan
// identifiers for licensing").
const (
	planXDR      = "bf28f719-7844-4079-9c78-c1307898e192" // MTP
	planEndpoint = "871d91ec-ec1a-452b-a83f-bd76c7d770ef" // WINDEFATP
)

func organization(t *world.Tenant) object {
	domains := []object{}
	for i, d := range t.Domains {
		domains = append(domains, object{
			"name": d, "isDefault": i == 0, "isInitial": strings.HasSuffix(strings.ToLower(d), ".onmicrosoft.com"), "type": "Managed", "capabilities": "Email, OfficeCommunicationsOnline",
		})
	}
	plans := []object{}
	plan := func(service, id string) {
		plans = append(plans, object{"service": service, "servicePlanId": id, "capabilityStatus": "Enabled", "assignedDateTime": nil})
	}
	if t.HasDefender() {
		plan("MicrosoftThreatProtection", planXDR)
	}
	if t.HasDefender() || slices.Contains(t.Licences, world.LicenceDefenderEndpoint) {
		plan("WindowsDefenderATP", planEndpoint)
	}
	return object{
		"id": t.ID, "displayName": t.Name, "tenantType": "AAD", "verifiedDomains": domains, "assignedPlans": plans, "provisionedPlans": []object{},
		"businessPhones": []string{}, "city": nil, "country": nil, "countryLetterCode": nil, "createdDateTime": nil, "deletedDateTime": nil,
		"marketingNotificationEmails": []string{}, "onPremisesSyncEnabled": nil, "postalCode": nil, "preferredLanguage": nil, "privacyProfile": nil,
		"securityComplianceNotificationMails": []string{}, "state": nil, "street": nil, "technicalNotificationMails": []string{},
	}
}

func (c *call) listOrganization() (result, *graphwire.Error) {
	return c.answer(c.organizations(organization(c.caller.Tenant)))
}

func (c *call) getOrganization() (result, *graphwire.Error) {
	_, id, failure := key(c.keys[0])
	if failure != nil {
		return result{}, failure
	}
	if !strings.EqualFold(id, c.caller.Tenant.ID) {
		return result{}, graphwire.NotFound(id)
	}
	return c.one(c.organizations(), organization(c.caller.Tenant))
}

// userinfo is the OpenID Connect endpoint: Entra's lives on Graph's host
// ("Microsoft identity platform UserInfo endpoint").
func (c *call) userinfo() (result, *graphwire.Error) {
	u := c.caller.User
	given, family, _ := strings.Cut(u.Name, " ")
	out := object{"sub": c.caller.Subject}
	if c.caller.Holds([]string{"profile"}) {
		out["name"], out["given_name"], out["family_name"] = u.Name, given, family
		out["picture"] = c.Origin() + "/v1.0/me/photo/$value"
	}
	if c.caller.Holds([]string{"email"}) {
		out["email"] = u.UPN
	}
	return result{http.StatusOK, out}, nil
}
