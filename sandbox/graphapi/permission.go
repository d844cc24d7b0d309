package graphapi

import (
	"slices"
	"strings"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/world"
)

// need says what a token must carry for an operation: any one of the roles for
// an application's token, any one of the scopes for a user's. The tables are
// those of each call's page, section Permissions.
type need struct {
	roles  []string
	scopes []string
	// self lets an application do this to its own registration or service
	// principal without any permission ("Get servicePrincipal", "addKey").
	self bool
}

const ownedBy = "Application.ReadWrite.OwnedBy"

func (n need) orSelf() need {
	n.self = true
	return n
}

func (n need) list(appOnly bool) []string {
	if appOnly {
		return n.roles
	}
	return n.scopes
}

// accessAsUser is what the directory accepts of a user in place of any scope
// that it guards by directory roles.
const accessAsUser = "Directory.AccessAsUser.All"

func readApps() need {
	return need{
		roles:  []string{"Application.Read.All", "Application.ReadWrite.All", ownedBy, "Directory.Read.All"},
		scopes: []string{"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", accessAsUser},
	}
}

func writeApps() need {
	return need{
		roles:  []string{"Application.ReadWrite.All", ownedBy},
		scopes: []string{"Application.ReadWrite.All", accessAsUser},
	}
}

func assignRoles() need {
	return need{
		roles:  []string{"AppRoleAssignment.ReadWrite.All"},
		scopes: []string{"AppRoleAssignment.ReadWrite.All", accessAsUser},
	}
}

func readGrants() need {
	return need{
		roles:  []string{"Directory.Read.All", "DelegatedPermissionGrant.ReadWrite.All"},
		scopes: []string{"Directory.Read.All", "DelegatedPermissionGrant.ReadWrite.All", accessAsUser},
	}
}

func writeGrants() need {
	return need{
		roles:  []string{"DelegatedPermissionGrant.ReadWrite.All"},
		scopes: []string{"DelegatedPermissionGrant.ReadWrite.All", accessAsUser},
	}
}

func readMe() need {
	return need{scopes: []string{"User.Read", "User.ReadBasic.All", "User.Read.All", "Directory.Read.All", accessAsUser}}
}

func readUsers() need {
	return need{
		roles:  []string{"User.ReadBasic.All", "User.Read.All", "Directory.Read.All"},
		scopes: []string{"User.Read", "User.ReadBasic.All", "User.Read.All", "Directory.Read.All", accessAsUser},
	}
}

func readOrganization() need {
	return need{
		roles:  []string{"Organization.Read.All", "Directory.Read.All"},
		scopes: []string{"User.Read", "Organization.Read.All", "Directory.Read.All", accessAsUser},
	}
}

func userInfo() need { return need{scopes: []string{"openid"}} }

// Directory roles that manage applications for a signed-in user who does not
// own them ("Update application", section Permissions).
var appAdmins = [...]string{"Global Administrator", "Application Administrator", "Cloud Application Administrator", "Hybrid Identity Administrator"}

// authorize judges the token against the route's table.
func (c *call) authorize() *graphwire.Error {
	n := c.route.needs
	if c.caller.AppOnly && len(n.roles) == 0 {
		return &graphwire.Error{Status: 400, Code: graphwire.CodeODataBad, Message: "/me request is only valid with delegated authentication flow.", Reason: "an application's token where a user's is needed"}
	}
	if c.caller.Holds(n.list(c.caller.AppOnly)) {
		return nil
	}
	if n.self && c.caller.AppOnly && c.targetsSelf() {
		return nil
	}
	return graphwire.Denied("the token carries none of the required permissions")
}

// targetsSelf says whether the path names the calling application itself.
func (c *call) targetsSelf() bool {
	if len(c.keys) == 0 {
		return false
	}
	if c.route.pattern[0] == "servicePrincipals" {
		sp, failure := c.servicePrincipalAt(c.keys[0])
		return failure == nil && strings.EqualFold(sp.AppID, c.caller.AppID)
	}
	a, failure := c.applicationAt(c.keys[0])
	return failure == nil && strings.EqualFold(a.AppID, c.caller.AppID)
}

func (c *call) owns(a *world.App) bool {
	return slices.ContainsFunc(a.Owners, func(id string) bool { return strings.EqualFold(id, c.caller.ObjectID) })
}

// mayManage judges a write on a registration by who owns it: an application
// with OwnedBy alone manages those it owns, and a user needs to own it or hold
// a directory role.
func (c *call) mayManage(a *world.App) *graphwire.Error {
	switch {
	case c.owns(a):
		return nil
	case c.caller.AppOnly:
		if c.caller.Holds([]string{"Application.ReadWrite.All"}) {
			return nil
		}
		return graphwire.Denied("the application does not own " + a.AppID)
	case c.caller.User.HasRole(appAdmins[:]...):
		return nil
	}
	return graphwire.Denied("the user neither owns " + a.AppID + " nor holds a directory role that manages applications")
}

// mayRollKeys is mayManage, but an application may always roll its own keys.
func (c *call) mayRollKeys(a *world.App) *graphwire.Error {
	if c.caller.AppOnly && strings.EqualFold(c.caller.AppID, a.AppID) {
		return nil
	}
	return c.mayManage(a)
}

// mayGrant judges a signed-in user who grants permissions: the application
// administrators may grant anything but application roles of Microsoft Graph,
// which only a privileged role administrator may ("Grant an appRoleAssignment
// to a service principal", section Permissions).
func (c *call) mayGrant(resourceAppID string) *graphwire.Error {
	if c.caller.AppOnly {
		return nil
	}
	roles := []string{"Global Administrator", "Privileged Role Administrator"}
	if !strings.EqualFold(resourceAppID, world.AppGraph) {
		roles = append(roles, appAdmins[:]...)
	}
	if c.caller.User.HasRole(roles...) {
		return nil
	}
	return graphwire.Denied("the user holds none of the directory roles " + strings.Join(roles, ", "))
}
