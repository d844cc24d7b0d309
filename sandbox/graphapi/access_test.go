package graphapi_test

import (
	"strings"
	"testing"

	"github.com/tenantry/tenantry/sandbox/world"
)

func TestTokens(t *testing.T) {
	f := newFixture(t)
	for _, tt := range []struct {
		name, bearer string
		status       int
	}{
		{"good", f.asApp("Application.Read.All"), 200},
		{"missing", "", 401},
		{"malformed", "x", 401},
		{"signature", f.asApp("Application.Read.All") + "AA", 401},
		{"audience", f.sign(map[string]any{"aud": "https://api.security.microsoft.com", "appid": appID, "roles": []string{"Application.Read.All"}}), 401},
		{"expired", f.sign(map[string]any{"appid": appID, "roles": []string{"Application.Read.All"}, "exp": noon.Unix() - 3600}), 401},
		{"user gone", f.asUser("no-such-user", "Application.Read.All"), 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := f.want(tt.status, "GET", tt.bearer, "/applications", "")
			if tt.status == 401 && (a.code() != "InvalidAuthenticationToken" || a.header.Get("WWW-Authenticate") == "") {
				t.Errorf("%s %v", a.raw, a.header)
			}
			if !world.IsGUID(a.header.Get("request-id")) {
				t.Error("no request-id")
			}
		})
	}
}

// TestPermissions goes through who may do what: an application by its roles
// and what it owns, a user by scope together with role or ownership.
func TestPermissions(t *testing.T) {
	f := newFixture(t)
	f.want(204, "DELETE", f.asUser(adminID, "Application.ReadWrite.All"), "/applications/"+f.makeApp(f.asUser(devID, "Application.ReadWrite.All"), "Devs"), "")
	devs := f.makeApp(f.asUser(devID, "Application.ReadWrite.All"), "Devs own")
	owned := f.makeApp(f.asApp("Application.ReadWrite.OwnedBy"), "Apps own")
	const rename = `{"displayName":"Renamed"}`
	for _, tt := range []struct {
		name, method, bearer, path, body string
		status                           int
	}{
		{"app without roles", "GET", f.asApp(), "/applications", "", 403},
		{"app with an unrelated role", "GET", f.asApp("SecurityIncident.Read.All"), "/applications", "", 403},
		{"read role reads", "GET", f.asApp("Application.Read.All"), "/applications/" + f.peer.ObjectID, "", 200},
		{"directory reader reads", "GET", f.asApp("Directory.Read.All"), "/applications/" + f.peer.ObjectID, "", 200},
		{"read role writes", "PATCH", f.asApp("Application.Read.All"), "/applications/" + f.peer.ObjectID, rename, 403},
		{"read role creates", "POST", f.asApp("Application.Read.All"), "/applications", rename, 403},
		{"write role writes", "PATCH", f.asApp("Application.ReadWrite.All"), "/applications/" + f.peer.ObjectID, rename, 204},
		{"OwnedBy writes its own", "PATCH", f.asApp("Application.ReadWrite.OwnedBy"), "/applications/" + owned, rename, 204},
		{"OwnedBy writes another's", "PATCH", f.asApp("Application.ReadWrite.OwnedBy"), "/applications/" + f.peer.ObjectID, rename, 403},
		{"OwnedBy adds a secret to another's", "POST", f.asApp("Application.ReadWrite.OwnedBy"), "/applications/" + f.peer.ObjectID + "/addPassword", "", 403},
		{"scope in an app's token", "GET", f.sign(map[string]any{"appid": appID, "roles": []string{}}), "/applications", "", 403},
		{"app reads itself without roles", "GET", f.asApp(), "/applications/" + f.app.ObjectID, "", 200},
		{"app reads its own principal", "GET", f.asApp(), "/servicePrincipals(appId='" + appID + "')", "", 200},
		{"app reads its own assignments", "GET", f.asApp(), "/servicePrincipals/" + f.sp.ID + "/appRoleAssignments", "", 200},
		{"app reads another without roles", "GET", f.asApp(), "/applications/" + f.peer.ObjectID, "", 403},
		{"user reads with scope", "GET", f.asUser(devID, "Application.Read.All"), "/applications/" + f.peer.ObjectID, "", 200},
		{"user without scope", "GET", f.asUser(adminID, "User.Read"), "/applications", "", 403},
		{"user writes what he made", "PATCH", f.asUser(devID, "Application.ReadWrite.All"), "/applications/" + devs, rename, 204},
		{"user writes another's", "PATCH", f.asUser(devID, "Application.ReadWrite.All"), "/applications/" + f.peer.ObjectID, rename, 403},
		{"administrator writes any", "PATCH", f.asUser(adminID, "Application.ReadWrite.All"), "/applications/" + devs, rename, 204},
		{"administrator without scope", "PATCH", f.asUser(adminID, "Application.Read.All"), "/applications/" + devs, rename, 403},
		{"access as user", "GET", f.asUser(devID, "Directory.AccessAsUser.All"), "/applications", "", 200},
		{"grants need their own role", "POST", f.asApp("Application.ReadWrite.All"), "/servicePrincipals/" + f.sp.ID + "/appRoleAssignments", "{}", 403},
		{"app asks for me", "GET", f.asApp("Directory.Read.All"), "/me", "", 400},
		{"userinfo without openid", "GET", f.asUser(devID, "User.Read"), origin + "/oidc/userinfo", "", 403},
		{"User.Read lists no users", "GET", f.asUser(devID, "User.Read"), "/users", "", 403},
		{"User.Read opens oneself", "GET", f.asUser(devID, "User.Read"), "/users/dev@partner.example", "", 200},
		{"User.Read opens nobody else", "GET", f.asUser(devID, "User.Read"), "/users/" + adminID, "", 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := f.want(tt.status, tt.method, tt.bearer, tt.path, tt.body)
			e := f.lastEvent()
			if e.Service != "graph" || e.Operation == "" || e.TenantID != home || (e.Decision == "allowed") != (tt.status < 300) || e.Error != a.code() {
				t.Errorf("journal: %+v", e)
			}
			if tt.status == 403 && (a.code() != "Authorization_RequestDenied" || a.message() != "Insufficient privileges to complete the operation." || len(e.Required) == 0) {
				t.Errorf("%s, required %v", a.raw, e.Required)
			}
		})
	}
}

// makeApp creates an application and returns its object id.
func (f *fixture) makeApp(bearer, name string) string {
	f.t.Helper()
	return f.want(201, "POST", bearer, "/applications", `{"displayName":"`+name+`"}`).text("id")
}

func TestPaths(t *testing.T) {
	f := newFixture(t)
	all := f.asApp("Application.ReadWrite.All", "Directory.Read.All")
	for _, tt := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"GET", "/v1.0/groups", 404, "ResourceNotFound"},
		{"GET", "/v2.0/applications", 404, "ResourceNotFound"},
		{"GET", "/", 404, "ResourceNotFound"},
		{"GET", "/beta/applications", 200, ""},
		{"PUT", "/v1.0/applications", 405, "Request_BadRequest"},
		{"DELETE", "/v1.0/organization", 405, "Request_BadRequest"},
		{"GET", "/v1.0/applications/" + appID, 404, "Request_ResourceNotFound"}, // the client id is not the object id
		{"GET", "/v1.0/applications(appId='" + appID + "')", 200, ""},
		{"GET", "/v1.0/applications(appId=" + appID + ")", 400, "Request_BadRequest"},
		{"GET", "/v1.0/applications(name='x')", 400, "Request_BadRequest"},
		{"GET", "/v1.0/applications(appId='" + world.AppDefenderXDR + "')", 404, "Request_ResourceNotFound"}, // Microsoft's own
		{"GET", "/v1.0/servicePrincipals(appId='" + world.AppDefenderXDR + "')", 200, ""},
		{"GET", "/v1.0/organization/" + other, 404, "Request_ResourceNotFound"},
		{"GET", "/v1.0/security/incidents", 403, "Forbidden"},
		// "Path URL resource names … are not case-sensitive"
		// (learn.microsoft.com/graph/traverse-the-graph).
		{"GET", "/v1.0/Security/Incidents", 403, "Forbidden"},
		{"GET", "/v1.0/Applications", 200, ""},
	} {
		a := f.do(tt.method, all, origin+tt.path, "")
		if a.status != tt.status || a.code() != tt.code {
			t.Errorf("%s %s: %d %s, want %d %s", tt.method, tt.path, a.status, a.raw, tt.status, tt.code)
		}
	}
	if a := f.do("PUT", all, "/applications", ""); a.header.Get("Allow") != "GET, POST" {
		t.Errorf("Allow: %q", a.header.Get("Allow"))
	}
}

func TestPeople(t *testing.T) {
	f := newFixture(t)
	me := f.want(200, "GET", f.asUser(adminID, "User.Read"), "/me", "")
	if me.text("id") != adminID || me.text("userPrincipalName") != "ada@partner.example" || me.text("@odata.context") != origin+"/v1.0/$metadata#users/$entity" {
		t.Error(me.raw)
	}
	list := f.want(200, "GET", f.asApp("User.Read.All"), "/users?$filter=startswith(displayName,'ada')&$select=id,accountEnabled", "")
	if len(list.value()) != 1 || list.value()[0]["accountEnabled"] != true {
		t.Error(list.raw)
	}
	for _, a := range []answer{me, list, f.want(200, "GET", f.asApp("User.Read.All"), "/users", "")} {
		if strings.Contains(a.raw, "user-password") {
			t.Error("a password is told")
		}
	}
	f.want(404, "GET", f.asApp("User.Read.All"), "/users/nobody@partner.example", "")
	org := f.want(200, "GET", f.asUser(devID, "User.Read"), "/organization", "")
	if v := org.value(); len(v) != 1 || v[0]["id"] != home || v[0]["displayName"] != "Partner" || len(v[0]["verifiedDomains"].([]any)) != 2 || len(v[0]["assignedPlans"].([]any)) != 2 {
		t.Error(org.raw)
	}
	info := f.want(200, "GET", f.asUser(devID, "openid", "email"), origin+"/oidc/userinfo", "")
	if info.text("sub") != "pairwise-"+devID || info.text("email") != "dev@partner.example" || info.body["name"] != nil {
		t.Error(info.raw)
	}
}
