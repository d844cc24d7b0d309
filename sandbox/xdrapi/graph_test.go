package xdrapi_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/sandbox/world"
)

const graphList = "https://graph.microsoft.com/v1.0/security/incidents"

func names(a answer) []string {
	var out []string
	for _, v := range a.value() {
		s, _ := v["displayName"].(string)
		out = append(out, s)
	}
	return out
}

func TestGraphAccess(t *testing.T) {
	f := newFixture(t)
	for _, tt := range []struct {
		name, bearer string
		status       int
		code         string
	}{
		{"read role", f.app(tenantID, graphAudience, "SecurityIncident.Read.All"), 200, ""},
		{"write role", f.app(tenantID, graphAudience, "SecurityIncident.ReadWrite.All"), 200, ""},
		{"user", f.user(tenantID, graphAudience, analystID, "SecurityIncident.Read.All"), 200, ""},
		{"user without directory role", f.user(tenantID, graphAudience, clerkID, "SecurityIncident.Read.All"), 403, "Forbidden"},
		{"no token", "", 401, "InvalidAuthenticationToken"},
		{"nonsense", "a.b", 401, "InvalidAuthenticationToken"},
		{"xdr audience", f.app(tenantID, xdrAudience, "SecurityIncident.Read.All"), 401, "InvalidAuthenticationToken"},
		{"another cloud's audience", f.app(tenantID, "https://graph.microsoft.us", "SecurityIncident.Read.All"), 401, "InvalidAuthenticationToken"},
		{"expired", f.sign(graphAudience, map[string]any{"tid": tenantID, "roles": []string{"SecurityIncident.Read.All"}, "exp": noon.Add(-time.Hour).Unix()}), 401, "InvalidAuthenticationToken"},
		{"role of the other surface", f.app(tenantID, graphAudience, "Incident.Read.All"), 403, "Forbidden"},
		{"no roles", f.app(tenantID, graphAudience), 403, "Forbidden"},
		{"no licence", f.app(bareTenant, graphAudience, "SecurityIncident.Read.All"), 403, "Forbidden"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := f.get(f.graph, tt.bearer, graphList, "client-request-id", "99999999-0000-4000-8000-000000000001")
			if a.status != tt.status {
				t.Fatalf("status %d, want %d: %s", a.status, tt.status, a.raw)
			}
			e := f.lastEvent()
			if e.Service != "graph" || e.Operation != "incidents.list" || e.Error != tt.code || (e.Decision == "allowed") != (tt.status == 200) {
				t.Errorf("journal: %+v", e)
			}
			if !world.IsGUID(a.header.Get("request-id")) || a.header.Get("client-request-id") != "99999999-0000-4000-8000-000000000001" {
				t.Errorf("ids: %v", a.header)
			}
			if tt.status == 200 {
				return
			}
			inner, _ := a.errorOf("innerError").(map[string]any)
			if a.errorOf("code") != tt.code || inner["date"] != "2026-05-04T12:00:00" || inner["request-id"] != a.header.Get("request-id") {
				t.Errorf("error body %s", a.raw)
			}
		})
	}
}

func TestGraphPaths(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, graphAudience, "SecurityIncident.ReadWrite.All")
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/v1.0/security/incidents/101", 200},
		{"GET", "/v1.0/security/incidents('101')", 200},
		{"GET", "/beta/security/incidents/101", 200},
		{"GET", "/v1.0/security/incidents/999", 404},
		{"GET", "/v1.0/security/incidents/101/alerts", 404},
		{"GET", "/v1.0/security/alerts", 404},
		{"POST", "/v1.0/security/runHuntingQuery", 404},
		{"GET", "/v1.0/security", 404},
		{"DELETE", "/v1.0/security/incidents/101", 405},
		{"POST", "/v1.0/security/incidents", 405},
		{"GET", "/v1.0/security/incidents/101/comments", 405},
		{"POST", "/v1.0/security/alerts_v2", 405},
	} {
		a := f.do(f.graph, tt.method, bearer, "https://graph.microsoft.com"+tt.path)
		if a.status != tt.status || (tt.status > 299 && a.errorOf("code") == nil) {
			t.Errorf("%s %s: %d %s", tt.method, tt.path, a.status, a.raw)
		}
	}
}

func TestGraphQuery(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, graphAudience, "SecurityIncident.Read.All")
	for query, want := range map[string][]string{
		"":                                    {"Waiting", "Merged", "Judged", "Oldest"},
		"?$top=1&$skip=1":                     {"Merged"},
		"?$filter=severity eq 'HIGH'":         {"Oldest"},
		"?$filter=severity in ('high','low')": {"Merged", "Oldest"},
		"?$filter=status eq 'awaitingAction'": {"Waiting"},
		"?$filter=status eq microsoft.graph.security.incidentStatus'active'": {"Oldest"},
		"?$filter=classification eq 'unknown'":                               {"Merged", "Oldest"},
		"?$filter=determination eq 'multiStagedAttack'":                      {"Waiting"},
		"?$filter=assignedTo eq null and status ne 'redirected'":             {"Waiting", "Oldest"},
		"?$filter=lastUpdateDateTime gt 2026-05-01T08:20:00.1234567Z":        {"Waiting", "Merged"},
		"?$orderby=createdDateTime":                                          {"Oldest", "Judged", "Merged", "Waiting"},
		"?$orderby=lastUpdateDateTime asc&$top=2":                            {"Oldest", "Judged"},
		"?orderby=createdDateTime desc&top=1":                                {"Waiting"},
	} {
		a := f.get(f.graph, bearer, graphList+query)
		if d := cmp.Diff(want, names(a)); a.status != 200 || d != "" {
			t.Errorf("%s: %d %s", query, a.status, d)
		}
	}
	for query, part := range map[string]string{
		"?$top=51":                        "limit of '50'",
		"?$filter=displayName eq 'x'":     "displayName",
		"?$filter=severity eq 'urgent'":   "not a member",
		"?$filter=severity gt 'low'":      "operator gt",
		"?$orderby=severity":              "cannot be used",
		"?$select=nonsense":               "'nonsense'",
		"?$expand=evidence":               "'evidence'",
		"?$search=x":                      "not supported",
		"?$filter=createdDateTime gt 'x'": "incompatible types",
	} {
		a := f.get(f.graph, bearer, graphList+query)
		message, _ := a.errorOf("message").(string)
		if a.status != 400 || a.errorOf("code") != "BadRequest" || !strings.Contains(message, part) {
			t.Errorf("%s: %d %s, want %q", query, a.status, a.raw, part)
		}
	}
}

func TestGraphSelectExpandCount(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, graphAudience, "SecurityIncident.Read.All")
	a := f.get(f.graph, bearer, graphList+"?$select=id,displayName&$count=true&$top=1&$filter=severity eq 'high'")
	want := map[string]any{
		"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#security/incidents(id,displayName)",
		"@odata.count":   1.0,
		"value":          []any{map[string]any{"id": "101", "displayName": "Oldest"}},
	}
	if d := cmp.Diff(want, a.body); d != "" {
		t.Error(d)
	}
	plain := f.get(f.graph, bearer, graphList+"/101")
	if _, ok := plain.body["alerts"]; ok {
		t.Error("alerts without $expand")
	}
	a = f.get(f.graph, bearer, graphList+"/101?$expand=alerts")
	alert := a.body["alerts"].([]any)[0].(map[string]any)
	var types []string
	for _, e := range alert["evidence"].([]any) {
		types = append(types, strings.TrimPrefix(e.(map[string]any)["@odata.type"].(string), "#microsoft.graph.security."))
	}
	if d := cmp.Diff([]string{"deviceEvidence", "userEvidence", "fileEvidence", "processEvidence", "ipEvidence", "urlEvidence", "mailboxEvidence", "analyzedMessageEvidence", "registryValueEvidence", "mailClusterEvidence", "securityGroupEvidence", "cloudApplicationEvidence", "oauthApplicationEvidence"}, types); d != "" {
		t.Error(d)
	}
	if a.body["incidentWebUrl"] != "https://security.microsoft.com/incidents/101?tid="+tenantID {
		t.Errorf("incidentWebUrl %v", a.body["incidentWebUrl"])
	}
	if merged := f.get(f.graph, bearer, graphList+"/103"); merged.body["redirectIncidentId"] != "101" || merged.body["status"] != "redirected" {
		t.Errorf("merged incident: %s", merged.raw)
	}
}

// TestGraphTypes holds every object of an answer against the declared
// properties of its type in Microsoft's metadata.
func TestGraphTypes(t *testing.T) {
	f := newFixture(t)
	a := f.get(f.graph, f.app(tenantID, graphAudience, "SecurityIncident.Read.All"), graphList+"?$expand=alerts")
	const base = "createdDateTime detailedRoles remediationStatus remediationStatusDetails roles tags verdict "
	declared := map[string]string{
		"incident":                "id alerts assignedTo classification comments createdDateTime customTags description determination displayName incidentWebUrl lastModifiedBy lastUpdateDateTime priorityScore redirectIncidentId resolvingComment severity status summary systemTags tenantId",
		"alert":                   "id actorDisplayName additionalData alertPolicyId alertWebUrl assignedTo categories category classification comments createdDateTime customDetails description detectionSource detectorId determination evidence firstActivityDateTime incidentId incidentWebUrl investigationState lastActivityDateTime lastUpdateDateTime mitreTechniques productName providerAlertId recommendedActions resolvedDateTime serviceSource severity status systemTags tenantId threatDisplayName threatFamilyName title",
		"deviceEvidence":          base + "azureAdDeviceId defenderAvStatus deviceDnsName dnsDomain firstSeenDateTime healthStatus hostName ipInterfaces lastExternalIpAddress lastIpAddress loggedOnUsers mdeDeviceId ntDomain onboardingStatus osBuild osPlatform rbacGroupId rbacGroupName resourceAccessEvents riskScore version vmMetadata",
		"userEvidence":            base + "stream userAccount",
		"fileEvidence":            base + "detectionStatus fileDetails mdeDeviceId",
		"processEvidence":         base + "detectionStatus imageFile mdeDeviceId parentProcessCreationDateTime parentProcessId parentProcessImageFile processCommandLine processCreationDateTime processId userAccount",
		"ipEvidence":              base + "countryLetterCode ipAddress location stream",
		"urlEvidence":             base + "url",
		"mailboxEvidence":         base + "displayName primaryAddress upn userAccount",
		"analyzedMessageEvidence": base + "antiSpamDirection attachmentsCount deliveryAction deliveryLocation internetMessageId language networkMessageId p1Sender p2Sender receivedDateTime recipientEmailAddress senderIp subject threatDetectionMethods threats urlCount urls urn",
		"registryValueEvidence":   base + "mdeDeviceId registryHive registryKey registryValue registryValueName registryValueType",

		"mailClusterEvidence":      base + "clusterBy clusterByValue emailCount networkMessageIds query urn",
		"securityGroupEvidence":    base + "activeDirectoryObjectGuid displayName distinguishedName friendlyName securityGroupId sid",
		"cloudApplicationEvidence": base + "appId displayName instanceId instanceName saasAppId stream",
		"oauthApplicationEvidence": base + "appId displayName objectId publisher",
	}
	check := func(name string, m map[string]any) {
		var got []string
		for k := range m {
			if !strings.HasPrefix(k, "@") {
				got = append(got, k)
			}
		}
		want := strings.Fields(declared[name])
		slices.Sort(want)
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	for _, in := range a.value() {
		check("incident", in)
		for _, al := range in["alerts"].([]any) {
			m := al.(map[string]any)
			check("alert", m)
			for _, e := range m["evidence"].([]any) {
				ev := e.(map[string]any)
				check(strings.TrimPrefix(ev["@odata.type"].(string), "#microsoft.graph.security."), ev)
			}
		}
	}
}

func TestGraphUnknownEnumMembers(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, graphAudience, "SecurityIncident.Read.All")
	read := func(headers ...string) (status, service, remediation string, applied string) {
		waiting := f.get(f.graph, bearer, graphList+"/104", headers...)
		cloud := f.get(f.graph, bearer, graphList+"/102?$expand=alerts", headers...)
		first := f.get(f.graph, bearer, graphList+"/101?$expand=alerts", headers...)
		alert := func(a answer) map[string]any { return a.body["alerts"].([]any)[0].(map[string]any) }
		user := alert(first)["evidence"].([]any)[1].(map[string]any)
		return waiting.body["status"].(string), alert(cloud)["serviceSource"].(string), user["remediationStatus"].(string), waiting.header.Get("Preference-Applied")
	}
	if a, b, c, d := read(); a+b+c+d != strings.Repeat("unknownFutureValue", 3) {
		t.Error("without Prefer:", a, b, c, d)
	}
	if a, b, c, d := read("Prefer", "odata.maxpagesize=5, include-unknown-enum-members"); a != "awaitingAction" || b != "microsoftDefenderForCloud" || c != "active" || d != "include-unknown-enum-members" {
		t.Error("with Prefer:", a, b, c, d)
	}
}

// TestGraphPaging follows nextLink to the end and sees every incident once,
// and the options of the first request in every link.
func TestGraphPaging(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(seedTenant, graphAudience, "SecurityIncident.Read.All")
	next := graphList + "?$count=true&$select=id&$filter=severity ne 'unknown'"
	seen := map[string]bool{}
	pages := 0
	for next != "" {
		a := f.get(f.graph, bearer, next)
		if a.status != http.StatusOK || a.body["@odata.count"] == nil {
			t.Fatalf("%s: %d %s", next, a.status, a.raw)
		}
		for _, v := range a.value() {
			id := v["id"].(string)
			if seen[id] {
				t.Errorf("incident %s twice", id)
			}
			seen[id] = true
		}
		pages++
		next, _ = a.body["@odata.nextLink"].(string)
		if u, err := url.Parse(next); next != "" && (err != nil || u.Query().Get("$filter") == "" || u.Query().Get("$select") != "id" || !strings.HasPrefix(next, graphList+"?")) {
			t.Fatalf("next link %q", next)
		}
	}
	if len(seen) != 130 || pages != 3 {
		t.Errorf("%d incidents on %d pages, want 130 on 3", len(seen), pages)
	}
}

// TestRecordedExtra: what a recorded incident told beyond the known is told
// again, on its own surface only, and replaces nothing that is known.
func TestRecordedExtra(t *testing.T) {
	f := newFixture(t)
	const id = "12121212-1212-4212-8212-121212121212"
	in := handMade()[0]
	in.Extra = map[string]json.RawMessage{"novelty": json.RawMessage(`{"a":1}`), "displayName": json.RawMessage(`"other"`), "resolvingComment": json.RawMessage(`"done"`)}
	in.ExtraSurface = world.SurfaceGraph
	in.Alerts[0].ExtraSurface = world.SurfaceGraph
	in.Alerts[0].Extra = map[string]json.RawMessage{"alertNovelty": json.RawMessage(`true`)}
	in.Alerts[0].Entities = append(in.Alerts[0].Entities, world.Entity{Kind: world.EntityOther, Extra: map[string]json.RawMessage{"@odata.type": json.RawMessage(`"#microsoft.graph.security.dnsEvidence"`)}})
	if _, err := f.world.AddTenant(world.Tenant{ID: id, Name: "Recorded", Licences: []string{world.LicenceDefenderXDR}, Incidents: world.IncidentSource{Recorded: []*world.Incident{in}}}); err != nil {
		t.Fatal(err)
	}
	g := f.get(f.graph, f.app(id, graphAudience, "SecurityIncident.Read.All"), graphList+"/101?$expand=alerts")
	if !strings.Contains(g.raw, "alertNovelty") || !strings.Contains(g.raw, "dnsEvidence") || g.body["novelty"] == nil || g.body["resolvingComment"] != "done" || g.body["displayName"] != "Oldest" {
		t.Errorf("graph: %s", g.raw)
	}
	x := f.get(f.xdr, f.app(id, xdrAudience, "Incident.Read.All"), list+"/101")
	if strings.Contains(strings.ToLower(x.raw), "novelty") || strings.Contains(x.raw, "dnsEvidence") {
		t.Errorf("xdr: %s", x.raw)
	}
}
