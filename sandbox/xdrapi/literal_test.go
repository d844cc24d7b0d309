package xdrapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/sandbox/xdrapi"
)

const graphAlerts = "https://graph.microsoft.com/v1.0/security/alerts_v2"

// TestGraphNamesHaveNoCase holds the surface of Graph to what its page
// "Navigate Microsoft Graph" (learn.microsoft.com/graph/traverse-the-graph)
// says: names of query options, of properties and of parameters in a body are
// not case-sensitive, ids are. The other surface's bodies are.
func TestGraphNamesHaveNoCase(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, graphAudience, "SecurityIncident.ReadWrite.All", "SecurityAlert.ReadWrite.All")
	for path, want := range map[string]string{
		graphList + "?$filter=Status eq 'resolved'&$select=ID,DisplayName":                         `"value":[{"id":"102","displayName":"Judged"}]`,
		graphList + "?$FILTER=createddatetime le 2026-05-01T08:02:00Z&$SELECT=id":                  `"value":[{"id":"101"}]`,
		graphList + "?$orderby=CreatedDateTime&$top=1&$select=id":                                  `"value":[{"id":"101"}]`,
		graphList + "?$orderby=LASTUPDATEDATETIME desc&$top=1&$select=id":                          `"value":[{"id":"104"}]`,
		graphList + "/102?$Select=id&$Expand=Alerts":                                               `"id":"102","alerts":[{`,
		"https://graph.microsoft.com/v1.0/Security/Alerts_V2?$filter=Severity eq 'low'&$select=ID": `"value":[{"id":"dc1"}]`,
		graphAlerts + "/dc1?$select=Title":                                                         `"title":"Cloud"`,
		graphList + "?$filter=status eq 'resolved' and STATUS ne 'active'&$select=id,Id":           `"value":[{"id":"102"}]`,
	} {
		if a := f.get(f.graph, bearer, path); a.status != http.StatusOK || !strings.Contains(a.raw, want) {
			t.Errorf("%s: %d %s", path, a.status, a.raw)
		}
	}
	if a := f.send(f.graph, http.MethodPatch, bearer, graphList+"/101", `{"Status":"InProgress","AssignedTo":"olga@contoso.example","customtags":["x"]}`); a.status != http.StatusOK || a.body["status"] != "inProgress" || a.body["assignedTo"] != "olga@contoso.example" {
		t.Errorf("update: %d %s", a.status, a.raw)
	}
	if a := f.send(f.graph, http.MethodPost, bearer, graphList+"/101/Comments", `{"Comment":"Seen"}`); a.status != http.StatusOK || len(a.value()) != 1 {
		t.Errorf("comment: %d %s", a.status, a.raw)
	}
	// One name in two spellings is one name twice.
	if a := f.send(f.graph, http.MethodPatch, bearer, graphList+"/101", `{"status":"active","Status":"resolved"}`); a.status != http.StatusBadRequest || !strings.Contains(a.raw, "more than once") {
		t.Errorf("twice: %d %s", a.status, a.raw)
	}
	if a := f.get(f.graph, bearer, graphAlerts+"/DC1"); a.status != http.StatusNotFound {
		t.Errorf("an id in other case: %d %s", a.status, a.raw)
	}
}

// TestKeysAreLiteral: an id of Graph is a text, so that another spelling of
// its number is another id; and what cannot be an id is no incident that is
// missing but a path that nobody serves.
func TestKeysAreLiteral(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, graphAudience, "SecurityIncident.ReadWrite.All", "SecurityAlert.ReadWrite.All")
	for _, tt := range []struct{ method, url, code string }{
		{"GET", graphList + "/0101", "NotFound"},
		{"GET", graphList + "/+101", "NotFound"},
		{"PATCH", graphList + "/0101", "NotFound"},
		{"GET", graphList + "/$count", "ResourceNotFound"},
		{"GET", graphAlerts + "/$count", "ResourceNotFound"},
		{"GET", graphList + "('101')/$value", "ResourceNotFound"},
	} {
		if a := f.send(f.graph, tt.method, bearer, tt.url, `{"status":"active"}`); a.status != http.StatusNotFound || a.errorOf("code") != tt.code {
			t.Errorf("%s %s: %d %s", tt.method, tt.url, a.status, a.raw)
		}
	}
	if op := xdrapi.Operation("GET", "/v1.0/security/incidents/$count"); op != "" {
		t.Errorf("$count is %q", op)
	}
}

// TestGraphTop: "The minimum value of $top is 1"
// (learn.microsoft.com/graph/query-parameters). A page of none with a link to
// itself would never end.
func TestGraphTop(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, graphAudience, "SecurityIncident.Read.All", "SecurityAlert.Read.All")
	for _, path := range []string{graphList, graphAlerts} {
		if a := f.get(f.graph, bearer, path+"?$top=0"); a.status != http.StatusBadRequest || a.errorOf("code") != "BadRequest" {
			t.Errorf("%s: %d %s", path, a.status, a.raw)
		}
		if a := f.get(f.graph, bearer, path+"?$top=%201%20&$skip=1%20"); a.status != http.StatusOK || len(a.value()) != 1 {
			t.Errorf("%s with blanks around numbers: %d %s", path, a.status, a.raw)
		}
	}
	if a := f.get(f.xdr, f.app(tenantID, xdrAudience, "Incident.Read.All"), list+"?$top=0"); a.status != http.StatusOK || len(a.value()) != 0 {
		t.Errorf("xdr, whose page names no minimum: %d %s", a.status, a.raw)
	}
}

// TestXDRPathCase: the API's paths have no case, prefix and version included.
func TestXDRPathCase(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, xdrAudience, "Incident.Read.All")
	for _, path := range []string{"/API/incidents", "/api/V1.0/Incidents", "/Api/Incidents/101"} {
		if a := f.get(f.xdr, bearer, "https://api.security.microsoft.com"+path); a.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, a.status, a.raw)
		}
	}
}

// TestNextLinkOfOddNames: a link has each option once, however the first
// request spelled it, so that following links comes to an end.
func TestNextLinkOfOddNames(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, graphAudience, "SecurityIncident.Read.All")
	for _, query := range []string{"?$Top=1&$Skip=1", "?TOP=1&skip=1", "?%24top=1&%24SKIP=1&$Count=true"} {
		got, next := 0, graphList+query
		for pages := 0; next != ""; pages++ {
			a := f.get(f.graph, bearer, next)
			if a.status != http.StatusOK || pages > 5 {
				t.Fatalf("%s: page %d, %s: %d %s", query, pages, next, a.status, a.raw)
			}
			got += len(a.value())
			next, _ = a.body["@odata.nextLink"].(string)
		}
		if got != 3 {
			t.Errorf("%s: %d incidents, want 3 of 4", query, got)
		}
	}
}
