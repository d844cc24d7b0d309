package graphapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/sandbox/world"
)

const incidentRead = "a9790345-4595-42e4-971a-ccdc79f19b7c"

func TestServicePrincipals(t *testing.T) {
	f := newFixture(t)
	bearer := f.asApp("Application.ReadWrite.All")
	for _, filter := range []string{"appId eq '" + world.AppDefenderXDR + "'", "displayName eq 'Microsoft Threat Protection'", "servicePrincipalNames/any(n:n eq 'https://api.security.microsoft.com')"} {
		a := f.want(200, "GET", bearer, "/servicePrincipals?$filter="+filter, "")
		if len(a.value()) != 1 || !strings.Contains(a.raw, `"Incident.Read.All"`) || !strings.Contains(a.raw, incidentRead) {
			t.Errorf("%s: %s", filter, a.raw)
		}
	}
	made := f.want(201, "POST", bearer, "/servicePrincipals", `{"appId":"`+peerID+`"}`)
	if made.text("appOwnerOrganizationId") != home || made.body["accountEnabled"] != true {
		t.Error(made.raw)
	}
	if a := f.want(409, "POST", bearer, "/servicePrincipals", `{"appId":"`+peerID+`"}`); !strings.Contains(a.message(), "already in use") {
		t.Error(a.raw)
	}
	if a := f.want(400, "POST", bearer, "/servicePrincipals", `{"appId":"`+world.NewGUID()+`"}`); !strings.Contains(a.message(), "does not reference a valid application object") {
		t.Error(a.raw)
	}
	f.want(400, "POST", bearer, "/servicePrincipals", `{}`)
	f.want(400, "POST", bearer, "/servicePrincipals", `{"appId":"`+appID+`","nonsense":1}`)
	f.want(403, "POST", f.asApp("Application.ReadWrite.OwnedBy"), "/servicePrincipals", `{"appId":"`+peerID+`"}`)
	id := made.text("id")
	f.want(204, "PATCH", bearer, "/servicePrincipals/"+id, `{"accountEnabled":false}`)
	if sp, _ := f.world.ServicePrincipal(home, peerID); sp.Enabled {
		t.Error("the service principal is still enabled")
	}
	f.want(400, "PATCH", bearer, "/servicePrincipals/"+id, `{"appId":"`+appID+`"}`)
	f.want(204, "DELETE", bearer, "/servicePrincipals/"+id, "")
	f.want(404, "GET", bearer, "/servicePrincipals/"+id, "")
	// Another tenant without the licence has no Defender, and cannot get it.
	stranger := f.sign(map[string]any{"tid": other, "appid": appID, "oid": "x", "roles": []string{"Application.ReadWrite.All"}})
	if a := f.want(200, "GET", stranger, "/servicePrincipals?$filter=appId eq '"+world.AppDefenderXDR+"'", ""); len(a.value()) != 0 {
		t.Error(a.raw)
	}
	f.want(400, "POST", stranger, "/servicePrincipals", `{"appId":"`+world.AppDefenderXDR+`"}`)
	f.want(404, "GET", stranger, "/servicePrincipals/"+f.sp.ID, "")
}

func TestAssignments(t *testing.T) {
	f := newFixture(t)
	bearer := f.asApp("AppRoleAssignment.ReadWrite.All", "Application.Read.All")
	xdr, _ := f.world.ServicePrincipal(home, world.AppDefenderXDR)
	graph, _ := f.world.ServicePrincipal(home, world.AppGraph)
	body := func(principal, resource, role string) string {
		return fmt.Sprintf(`{"principalId":%q,"resourceId":%q,"appRoleId":%q}`, principal, resource, role)
	}
	own, to := "/servicePrincipals/"+f.sp.ID+"/appRoleAssignments", "/servicePrincipals/"+xdr.ID+"/appRoleAssignedTo"
	made := f.want(201, "POST", bearer, own, body(f.sp.ID, xdr.ID, incidentRead))
	if made.text("resourceDisplayName") != "Microsoft Threat Protection" || made.text("principalDisplayName") != "Mine" {
		t.Error(made.raw)
	}
	if sp, _ := f.world.ServicePrincipal(home, appID); len(sp.RolesFor(world.AppDefenderXDR)) != 1 {
		t.Error("the world does not hold the role")
	}
	for _, path := range []string{own, to} {
		if a := f.want(400, "POST", bearer, path, body(f.sp.ID, xdr.ID, incidentRead)); a.message() != "Permission being assigned already exists on the object" {
			t.Error(a.raw)
		}
		if a := f.want(200, "GET", bearer, path+"?$filter=resourceId eq "+xdr.ID, ""); len(a.value()) != 1 || a.value()[0]["appRoleId"] != incidentRead {
			t.Error(a.raw)
		}
	}
	f.want(400, "POST", bearer, own, body(f.sp.ID, xdr.ID, world.NewGUID()))
	f.want(400, "POST", bearer, own, body(xdr.ID, xdr.ID, incidentRead))
	f.want(400, "POST", bearer, own, `{"principalId":"`+f.sp.ID+`"}`)
	f.want(404, "POST", bearer, own, body(f.sp.ID, world.NewGUID(), incidentRead))
	// Graph's own roles are for a privileged administrator, not a developer.
	const readIncidents = "45cc0394-e837-488b-a098-1918f48d186c"
	f.want(403, "POST", f.asUser(devID, "AppRoleAssignment.ReadWrite.All"), own, body(f.sp.ID, graph.ID, readIncidents))
	f.want(201, "POST", f.asUser(adminID, "AppRoleAssignment.ReadWrite.All"), own, body(f.sp.ID, graph.ID, readIncidents))
	f.want(404, "DELETE", bearer, "/servicePrincipals/"+graph.ID+"/appRoleAssignedTo/"+made.text("id"), "")
	f.want(204, "DELETE", bearer, to+"/"+made.text("id"), "")
	f.want(404, "DELETE", bearer, own+"/"+made.text("id"), "")
	if sp, _ := f.world.ServicePrincipal(home, appID); len(sp.RolesFor(world.AppDefenderXDR)) != 0 || len(sp.Assignments) != 1 {
		t.Errorf("world: %+v", sp.Assignments)
	}
}

func TestGrants(t *testing.T) {
	f := newFixture(t)
	bearer := f.asApp("DelegatedPermissionGrant.ReadWrite.All")
	graph, _ := f.world.ServicePrincipal(home, world.AppGraph)
	body := `{"clientId":"` + f.sp.ID + `","consentType":"AllPrincipals","resourceId":"` + graph.ID + `","scope":"User.Read Application.Read.All"}`
	made := f.want(201, "POST", bearer, "/oauth2PermissionGrants", body)
	path := "/oauth2PermissionGrants/" + made.text("id")
	if a := f.want(409, "POST", bearer, "/oauth2PermissionGrants", body); a.message() != "Permission entry already exists." {
		t.Error(a.raw)
	}
	personal := strings.Replace(body, `"AllPrincipals"`, `"Principal","principalId":"`+devID+`"`, 1)
	f.want(201, "POST", bearer, "/oauth2PermissionGrants", personal)
	f.want(400, "POST", bearer, "/oauth2PermissionGrants", strings.Replace(body, "AllPrincipals", "Everyone", 1))
	f.want(404, "POST", bearer, "/oauth2PermissionGrants", strings.Replace(personal, devID, world.NewGUID(), 1))
	f.want(404, "POST", bearer, "/oauth2PermissionGrants", strings.Replace(body, f.sp.ID, world.NewGUID(), 1))
	f.want(403, "POST", f.asApp("Application.ReadWrite.All"), "/oauth2PermissionGrants", body)
	f.want(403, "DELETE", f.asUser(devID, "DelegatedPermissionGrant.ReadWrite.All"), path, "")
	if a := f.want(200, "GET", bearer, "/oauth2PermissionGrants?$filter=clientId eq '"+f.sp.ID+"' and consentType eq 'Principal'", ""); len(a.value()) != 1 || a.value()[0]["principalId"] != devID {
		t.Error(a.raw)
	}
	if a := f.want(200, "GET", bearer, "/servicePrincipals/"+f.sp.ID+"/oauth2PermissionGrants", ""); len(a.value()) != 2 {
		t.Error(a.raw)
	}
	before, _ := f.world.ServicePrincipal(home, appID)
	f.want(204, "PATCH", bearer, path, `{"scope":"User.Read"}`)
	if a := f.want(200, "GET", bearer, path, ""); a.text("scope") != "User.Read" {
		t.Error(a.raw)
	}
	if len(before.Grants[0].Scopes) != 2 {
		t.Error("a published service principal was written to")
	}
	f.want(400, "PATCH", bearer, path, `{"clientId":"`+f.sp.ID+`"}`)
	f.want(204, "DELETE", bearer, path, "")
	f.want(404, "GET", bearer, path, "")
}
