package xdrapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/sandbox/world"
)

const list = "https://api.security.microsoft.com/api/incidents"

func incidentIDs(a answer) []int {
	var ids []int
	for _, v := range a.value() {
		n, _ := v["incidentId"].(float64)
		ids = append(ids, int(n))
	}
	return ids
}

func TestXDRAccess(t *testing.T) {
	f := newFixture(t)
	expired := f.sign(xdrAudience, map[string]any{"tid": tenantID, "roles": []string{"Incident.Read.All"}, "exp": noon.Add(-time.Hour).Unix()})
	tests := []struct {
		name, bearer string
		status       int
		code         string
		decision     string // part of the journal's reason
	}{
		{"read role", f.app(tenantID, xdrAudience, "Incident.Read.All"), 200, "", "allowed"},
		{"write role reads", f.app(tenantID, xdrAudience, "Incident.ReadWrite.All"), 200, "", "allowed"},
		{"audience with a slash", f.app(tenantID, xdrAudience+"/", "Incident.Read.All"), 200, "", "allowed"},
		{"audience by app id", f.app(tenantID, world.AppDefenderXDR, "Incident.Read.All"), 200, "", "allowed"},
		{"user with scope and role", f.user(tenantID, xdrAudience, analystID, "Incident.Read"), 200, "", "allowed"},
		{"no token", "", 401, "Unauthorized", "no bearer"},
		{"nonsense", "nonsense", 401, "Unauthorized", "not valid"},
		{"expired", expired, 401, "Unauthorized", "expired"},
		{"unknown tenant", f.app(appID, xdrAudience, "Incident.Read.All"), 401, "Unauthorized", "tenant"},
		{"securitycenter audience", f.app(tenantID, mdeAudience, "Incident.Read.All"), 403, "Forbidden", "audience"},
		{"windowsatpservice audience", f.app(tenantID, "https://securitycenter.onmicrosoft.com/windowsatpservice", "Incident.Read.All"), 403, "Forbidden", "audience"},
		{"graph audience", f.app(tenantID, graphAudience, "Incident.Read.All"), 403, "Forbidden", "audience"},
		{"another cloud's audience", f.app(tenantID, "https://api-gov.security.microsoft.us", "Incident.Read.All"), 403, "Forbidden", "audience"},
		{"no roles", f.app(tenantID, xdrAudience), 403, "Forbidden", "none of the required"},
		{"misspelled role", f.app(tenantID, xdrAudience, "Incidents.Read.All"), 403, "Forbidden", "none of the required"},
		{"scope in place of role", f.app(tenantID, xdrAudience, "Incident.Read"), 403, "Forbidden", "none of the required"},
		{"user without directory role", f.user(tenantID, xdrAudience, clerkID, "Incident.Read"), 403, "Forbidden", "directory role"},
		{"user with another scope", f.user(tenantID, xdrAudience, analystID, "AdvancedHunting.Read"), 403, "Forbidden", "none of the required"},
		{"tenant without licence", f.app(bareTenant, xdrAudience, "Incident.Read.All"), 403, "DisabledFeature", "licence"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := f.get(f.xdr, tt.bearer, list)
			if a.status != tt.status {
				t.Fatalf("status %d, want %d: %s", a.status, tt.status, a.raw)
			}
			e := f.lastEvent()
			if e.Service != "xdr" || e.Operation != "incidents.list" || e.Status != tt.status || e.Error != tt.code || !strings.Contains(e.Decision, tt.decision) {
				t.Errorf("journal: %+v", e)
			}
			if tt.status == 200 {
				if e.TenantID != tenantID || e.AppID != appID || len(e.Roles) == 0 || len(e.Required) != 2 {
					t.Errorf("journal: %+v", e)
				}
				return
			}
			if a.errorOf("code") != tt.code || a.errorOf("message") == "" {
				t.Errorf("error body %s", a.raw)
			}
			if target, _ := a.errorOf("target").(string); !world.IsGUID(target) {
				t.Errorf("target %q is not a GUID", target)
			}
			if got := a.header.Get("WWW-Authenticate") != ""; got != (tt.status == 401) {
				t.Errorf("WWW-Authenticate present: %v", got)
			}
			if tt.bearer != "" && strings.Contains(a.raw, tt.bearer) {
				t.Error("the token is in the answer")
			}
		})
	}
}

func TestXDRPaths(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, xdrAudience, "Incident.Read.All")
	const host = "https://api.security.microsoft.com"
	for _, tt := range []struct {
		method, path string
		status       int
		code         string
	}{
		{http.MethodGet, "/api/incidents", 200, ""},
		{http.MethodGet, "/api/incidents/", 200, ""},
		{http.MethodGet, "/api/v1.0/incidents", 200, ""},
		{http.MethodGet, "/api/incidents/101", 200, ""},
		{http.MethodGet, "/api/v1.0/incidents/101", 200, ""},
		{http.MethodGet, "/api/incidents/999", 404, "ResourceNotFound"},
		{http.MethodGet, "/api/incidents/x", 400, "InvalidInput"},
		{http.MethodGet, "/api/incidents/-1", 400, "InvalidInput"},
		{http.MethodGet, "/api/incidents/101/alerts", 404, "NotFound"},
		{http.MethodGet, "/api/alerts", 404, "NotFound"},
		{http.MethodGet, "/", 404, "NotFound"},
		{http.MethodPost, "/api/advancedhunting/run", 404, "NotFound"},
		{http.MethodPatch, "/api/incidents", 405, "MethodNotAllowed"},
		{http.MethodPost, "/api/incidents", 405, "MethodNotAllowed"},
		{http.MethodDelete, "/api/incidents/101", 405, "MethodNotAllowed"},
	} {
		a := f.do(f.xdr, tt.method, bearer, host+tt.path)
		if a.status != tt.status || tt.code != "" && a.errorOf("code") != tt.code {
			t.Errorf("%s %s: %d %s, want %d %s", tt.method, tt.path, a.status, a.raw, tt.status, tt.code)
		}
		allow := "GET"
		if tt.path == "/api/incidents/101" {
			allow = "GET, PATCH"
		}
		if tt.status == 405 && a.header.Get("Allow") != allow {
			t.Errorf("%s %s: Allow is %q", tt.method, tt.path, a.header.Get("Allow"))
		}
	}
}

func TestXDRQuery(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, xdrAudience, "Incident.Read.All")
	for _, tt := range []struct {
		query string
		want  []int
	}{
		{"", []int{104, 103, 102, 101}},
		{"?$top=2", []int{104, 103}},
		{"?$top=2&$skip=2", []int{102, 101}},
		{"?$skip=9", nil},
		{"?$top=0", nil},
		{"?$filter=status eq 'Resolved'", []int{102}},
		{"?$filter=status in ('active','Redirected')", []int{103, 101}},
		{"?$filter=assignedTo eq 'ana@contoso.example'", []int{102}},
		{"?$filter=assignedTo eq null and not (status eq 'Redirected')", []int{104, 101}},
		// the boundary: what an answer told is what a filter compares with
		{"?$filter=lastUpdateTime gt 2026-05-01T08:20:00.1234567Z", []int{104, 103}},
		{"?$filter=lastUpdateTime ge 2026-05-01T08:20:00.1234567Z", []int{104, 103, 102}},
		{"?$filter=createdTime lt 2026-05-01T08:03:00Z or createdTime gt 2026-05-01T08:04:00Z", []int{104, 102, 101}},
		{"?unrelated=1", []int{104, 103, 102, 101}},
	} {
		a := f.get(f.xdr, bearer, list+tt.query)
		if d := cmp.Diff(tt.want, incidentIDs(a)); a.status != 200 || d != "" {
			t.Errorf("%s: %d %s", tt.query, a.status, d)
		}
	}
	for query, part := range map[string]string{
		"?$filter=severity eq 'High'":                       "severity",
		"?$filter=incidentId eq 101":                        "incidentId",
		"?$filter=status eq 'Open'":                         "not a member",
		"?$filter=status eq":                                "position 9",
		"?$filter=lastUpdateTime gt '2026-05-01T08:20:00Z'": "incompatible types",
		"?$filter=startswith(assignedTo,'a')":               "not supported",
		"?$top=101":                                         "limit of '100'",
		"?$top=-1":                                          "non-negative",
		"?$skip=x":                                          "non-negative",
		"?$orderby=lastUpdateTime":                          "not supported",
		"?$select=incidentId":                               "not supported",
		"?$expand=alerts":                                   "not supported",
		"?$count=true":                                      "not supported",
		"?$top=1&$top=2":                                    "more than once",
	} {
		a := f.get(f.xdr, bearer, list+query)
		message, _ := a.errorOf("message").(string)
		if a.status != 400 || a.errorOf("code") != "ODataError" || !strings.Contains(message, part) {
			t.Errorf("%s: %d %s, want %q", query, a.status, a.raw, part)
		}
	}
}

// TestXDRKeys holds the answer's keys against the page's list, so that none is
// missing, renamed or added; null is told and not left out.
func TestXDRKeys(t *testing.T) {
	f := newFixture(t)
	a := f.get(f.xdr, f.app(tenantID, xdrAudience, "Incident.Read.All"), list+"/101")
	if a.body["@odata.context"] != "https://api.security.microsoft.com/api/$metadata#Incidents/$entity" {
		t.Errorf("context %v", a.body["@odata.context"])
	}
	delete(a.body, "@odata.context")
	keysOf := func(m map[string]any) string {
		var names []string
		for k := range m {
			names = append(names, k)
		}
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	sorted := func(s string) string {
		names := strings.Fields(s)
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	alert := a.body["alerts"].([]any)[0].(map[string]any)
	device := alert["devices"].([]any)[0].(map[string]any)
	for _, tt := range []struct {
		of   map[string]any
		want string
	}{
		{a.body, "incidentId redirectIncidentId incidentName createdTime lastUpdateTime assignedTo classification determination detectionSource status severity tags comments alerts"},
		{alert, "alertId incidentId serviceSource creationTime lastUpdatedTime resolvedTime firstActivity lastActivity title description category status severity investigationId investigationState classification determination detectionSource assignedTo actorName threatFamilyName mitreTechniques devices entities"},
		{device, "mdatpDeviceId aadDeviceId deviceDnsName osPlatform version osProcessor osBuild healthStatus riskScore rbacGroupName rbacGroupId firstSeen"},
	} {
		if d := cmp.Diff(sorted(tt.want), keysOf(tt.of)); d != "" {
			t.Error(d)
		}
	}
	entityKeys := sorted("entityType sha1 sha256 fileName filePath processId processCommandLine processCreationTime parentProcessId parentProcessCreationTime ipAddress url accountName domainName userSid aadUserId userPrincipalName mailboxDisplayName mailboxAddress clusterBy sender recipient subject deliveryAction securityGroupId securityGroupName registryHive registryKey registryValueType registryValue deviceId")
	var types []string
	for _, e := range alert["entities"].([]any) {
		m := e.(map[string]any)
		types = append(types, m["entityType"].(string))
		if d := cmp.Diff(entityKeys, keysOf(m)); d != "" {
			t.Error(d)
		}
	}
	if d := cmp.Diff([]string{"User", "File", "Process", "Ip", "Url", "MailBox", "MailMessage", "Registry", "MailCluster", "SecurityGroup"}, types); d != "" {
		t.Error(d)
	}
	want := map[string]any{
		"classification": nil, "determination": nil, "resolvedTime": nil, "investigationId": nil, "assignedTo": nil,
		"status": "InProgress", "severity": "High", "serviceSource": "MicrosoftDefenderATP", "detectionSource": "WindowsDefenderAv",
		"investigationState": "PartiallyInvestigated", "creationTime": "2026-05-01T08:01:00.1234567Z",
	}
	for k, v := range want {
		if alert[k] != v {
			t.Errorf("alert %s is %v, want %v", k, alert[k], v)
		}
	}
	judged := f.get(f.xdr, f.app(tenantID, xdrAudience, "Incident.Read.All"), list+"/102")
	for k, v := range map[string]any{"classification": "FalsePositive", "determination": "Clean", "status": "Resolved", "assignedTo": "ana@contoso.example"} {
		if judged.body[k] != v {
			t.Errorf("incident %s is %v, want %v", k, judged.body[k], v)
		}
	}
	if !strings.Contains(judged.raw, "checked <ok>") {
		t.Error("text was escaped for HTML")
	}
}
