package graphapi

import (
	"net/http"
	"strings"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
)

// route is one operation. A "*" in the pattern stands for a key.
type route struct {
	method    string
	pattern   []string
	operation string
	needs     need
	handle    func(*call) (result, *graphwire.Error)
}

func (rt route) match(segments []string) (keys []string, ok bool) {
	if len(segments) != len(rt.pattern) {
		return nil, false
	}
	for i, p := range rt.pattern {
		switch {
		case p == "*":
			keys = append(keys, segments[i])
		case !strings.EqualFold(p, segments[i]):
			return nil, false
		}
	}
	return keys, true
}

// routes lists every operation there is. What is not here does not exist.
func routes() []route {
	const (
		get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete

		apps, app = "applications", "applications/*"
		sps, sp   = "servicePrincipals", "servicePrincipals/*"
	)
	on := func(method, pattern, operation string, needs need, handle func(*call) (result, *graphwire.Error)) route {
		return route{method, strings.Split(pattern, "/"), operation, needs, handle}
	}
	return []route{
		on(get, apps, "applications.list", readApps(), (*call).listApplications),
		on(post, apps, "applications.create", writeApps(), (*call).createApplication),
		on(get, app, "applications.get", readApps().orSelf(), (*call).getApplication),
		on(patch, app, "applications.update", writeApps(), (*call).updateApplication),
		on(del, app, "applications.delete", writeApps(), (*call).deleteApplication),
		on(post, app+"/addPassword", "applications.addPassword", writeApps(), (*call).addPassword),
		on(post, app+"/removePassword", "applications.removePassword", writeApps(), (*call).removePassword),
		on(post, app+"/addKey", "applications.addKey", writeApps().orSelf(), (*call).addKey),
		on(post, app+"/removeKey", "applications.removeKey", writeApps().orSelf(), (*call).removeKey),
		on(get, app+"/federatedIdentityCredentials", "federatedIdentityCredentials.list", readApps().orSelf(), (*call).listFederated),
		on(post, app+"/federatedIdentityCredentials", "federatedIdentityCredentials.create", writeApps(), (*call).createFederated),
		on(get, app+"/federatedIdentityCredentials/*", "federatedIdentityCredentials.get", readApps().orSelf(), (*call).getFederated),
		on(patch, app+"/federatedIdentityCredentials/*", "federatedIdentityCredentials.update", writeApps(), (*call).updateFederated),
		on(del, app+"/federatedIdentityCredentials/*", "federatedIdentityCredentials.delete", writeApps(), (*call).deleteFederated),

		on(get, sps, "servicePrincipals.list", readApps(), (*call).listServicePrincipals),
		on(post, sps, "servicePrincipals.create", writeApps(), (*call).createServicePrincipal),
		on(get, sp, "servicePrincipals.get", readApps().orSelf(), (*call).getServicePrincipal),
		on(patch, sp, "servicePrincipals.update", writeApps(), (*call).updateServicePrincipal),
		on(del, sp, "servicePrincipals.delete", writeApps(), (*call).deleteServicePrincipal),
		on(get, sp+"/appRoleAssignments", "appRoleAssignments.list", readApps().orSelf(), (*call).listAssignments),
		on(post, sp+"/appRoleAssignments", "appRoleAssignments.create", assignRoles(), (*call).createAssignment),
		on(del, sp+"/appRoleAssignments/*", "appRoleAssignments.delete", assignRoles(), (*call).deleteAssignment),
		on(get, sp+"/appRoleAssignedTo", "appRoleAssignedTo.list", readApps(), (*call).listAssignedTo),
		on(post, sp+"/appRoleAssignedTo", "appRoleAssignedTo.create", assignRoles(), (*call).createAssignedTo),
		on(del, sp+"/appRoleAssignedTo/*", "appRoleAssignedTo.delete", assignRoles(), (*call).deleteAssignedTo),
		on(get, sp+"/oauth2PermissionGrants", "servicePrincipals.listGrants", readGrants(), (*call).listOwnGrants),

		on(get, "oauth2PermissionGrants", "oauth2PermissionGrants.list", readGrants(), (*call).listGrants),
		on(post, "oauth2PermissionGrants", "oauth2PermissionGrants.create", writeGrants(), (*call).createGrant),
		on(get, "oauth2PermissionGrants/*", "oauth2PermissionGrants.get", readGrants(), (*call).getGrant),
		on(patch, "oauth2PermissionGrants/*", "oauth2PermissionGrants.update", writeGrants(), (*call).updateGrant),
		on(del, "oauth2PermissionGrants/*", "oauth2PermissionGrants.delete", writeGrants(), (*call).deleteGrant),

		on(get, "me", "me.get", readMe(), (*call).getMe),
		on(get, "users", "users.list", readUsers(), (*call).listUsers),
		on(get, "users/*", "users.get", readUsers(), (*call).getUser),
		on(get, "organization", "organization.list", readOrganization(), (*call).listOrganization),
		on(get, "organization/*", "organization.get", readOrganization(), (*call).getOrganization),
		on(get, "oidc/userinfo", "userinfo.get", userInfo(), (*call).userinfo),
		on(post, "oidc/userinfo", "userinfo.get", userInfo(), (*call).userinfo),
	}
}

// key reads a path key: plain, ('id') or (name='value') with one of the given
// alternate names. name is empty for the object's own id.
func key(raw string, alternates ...string) (name, value string, failure *graphwire.Error) {
	if !strings.HasPrefix(raw, "(") {
		return "", raw, nil
	}
	inner, ok := strings.CutSuffix(strings.TrimPrefix(raw, "("), ")")
	if !ok {
		return "", "", graphwire.BadRequest("The key '%s' is not closed.", raw)
	}
	if before, after, found := strings.Cut(inner, "="); found {
		name, inner = before, after
	}
	quoted := len(inner) >= 2 && inner[0] == '\'' && inner[len(inner)-1] == '\''
	if !quoted {
		return "", "", graphwire.BadRequest("The key '%s' must stand between single quotes.", raw)
	}
	value = strings.ReplaceAll(inner[1:len(inner)-1], "''", "'")
	if name == "" || name == "id" {
		return "", value, nil
	}
	for _, a := range alternates {
		if a == name {
			return name, value, nil
		}
	}
	return "", "", graphwire.BadRequest("'%s' is not a key of this resource.", name)
}
