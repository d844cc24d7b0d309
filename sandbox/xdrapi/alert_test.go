package xdrapi_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/sandbox/world"
)

func alertIDs(a answer) []string {
	var out []string
	for _, v := range a.value() {
		out = append(out, v["id"].(string))
	}
	return out
}

// alertWorld is a tenant with hand-made alerts: of one incident, of another,
// and of none.
func alertWorld(t *testing.T) (*fixture, string) {
	t.Helper()
	f := newFixture(t)
	const id = "13131313-1313-4313-8313-131313131313"
	at := func(hour int) time.Time { return time.Date(2026, 5, 2, hour, 0, 0, 0, time.UTC) }
	alert := func(id string, incident int64, hour int, change func(*world.Alert)) *world.Alert {
		a := &world.Alert{
			ID: id, IncidentID: incident, Title: id, Category: "Execution", Severity: "high", Status: "new", ServiceSource: "microsoftDefenderForEndpoint",
			DetectionSource: "antivirus", Created: at(hour), LastUpdate: at(hour + 10), FirstActivity: at(hour), LastActivity: at(hour),
		}
		change(a)
		return a
	}
	_, err := f.world.AddTenant(world.Tenant{ID: id, Name: "Alerts", Licences: []string{world.LicenceDefenderXDR}, Incidents: world.IncidentSource{Recorded: []*world.Incident{
		{ID: 1, Name: "First", Created: at(1), LastUpdate: at(12), Status: "active", Alerts: []*world.Alert{
			alert("a1", 1, 1, func(a *world.Alert) { a.Status, a.AssignedTo = "inProgress", "ana@contoso.example" }),
			alert("a2", 1, 2, func(a *world.Alert) { a.Severity, a.ServiceSource = "low", "microsoftDefenderForCloud" }),
		}},
		{ID: 2, Name: "Second", Created: at(3), LastUpdate: at(13), Status: "resolved", Alerts: []*world.Alert{
			alert("a3", 2, 3, func(a *world.Alert) {
				a.Status, a.Classification, a.Determination = "resolved", "truePositive", "malware"
			}),
		}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return f, id
}

func TestAlertQuery(t *testing.T) {
	f, tenant := alertWorld(t)
	bearer := f.app(tenant, graphAudience, "SecurityAlert.Read.All")
	for query, want := range map[string][]string{
		"":                            {"a3", "a2", "a1"},
		"?$top=1&$skip=1":             {"a2"},
		"?$top=5000":                  {"a3", "a2", "a1"}, // clamped, not refused
		"?$filter=severity eq 'high'": {"a3", "a1"},
		"?$filter=status eq 'inProgress' or status eq 'resolved'":        {"a3", "a1"},
		"?$filter=serviceSource eq 'microsoftDefenderForCloud'":          {"a2"},
		"?$filter=serviceSource ne 'microsoftDefenderForEndpoint'":       {"a2"},
		"?$filter=assignedTo eq 'Ana@contoso.example'":                   {"a1"},
		"?$filter=classification eq 'unknown'":                           {"a2", "a1"},
		"?$filter=determination eq 'malware'":                            {"a3"},
		"?$filter=createdDateTime lt 2026-05-02T03:00:00Z":               {"a2", "a1"},
		"?$filter=lastUpdateDateTime gt 2026-05-02T12:00:00Z":            {"a3"},
		"?$orderby=createdDateTime":                                      {"a1", "a2", "a3"},
		"?$orderby=lastUpdateDateTime asc&$top=1":                        {"a1"},
		"?top=1&orderby=createdDateTime asc":                             {"a1"},
		"?$filter=createdDateTime ge 2026-05-02T02:00:00Z&$select=id":    {"a3", "a2"},
		"?$filter=startsWith&unrelated=1&$filter=x":                      nil,
		"?$filter=incidentId eq '1'":                                     nil,
		"?$filter=investigationState eq 'running'":                       nil,
		"?$filter=evidence/any(e:e eq 'x')":                              nil,
		"?$filter=severity eq 'critical'":                                nil,
		"?$orderby=severity":                                             nil,
		"?$expand=evidence":                                              nil,
		"?$select=nonsense":                                              nil,
		"?$search=x":                                                     nil,
		"?$top=x":                                                        nil,
		"?$count=yes":                                                    nil,
		"?$filter=lastUpdateDateTime gt '2026-05-02T12:00:00Z'&$count=1": nil,
	} {
		a := f.get(f.graph, bearer, alertList+query)
		if want == nil {
			if a.status != http.StatusBadRequest || a.errorOf("code") != "BadRequest" {
				t.Errorf("%s: %d %s, want a 400", query, a.status, a.raw)
			}
			continue
		}
		if d := cmp.Diff(want, alertIDs(a)); a.status != 200 || d != "" {
			t.Errorf("%s: %d %s", query, a.status, d)
		}
	}
	a := f.get(f.graph, bearer, strings.Replace(alertList, "alerts_v2", "alerts_V2", 1)+"?$count=true&$top=1&$select=id,incidentId&$filter=status ne 'resolved'")
	want := map[string]any{
		"@odata.context":  "https://graph.microsoft.com/v1.0/$metadata#security/alerts_v2(id,incidentId)",
		"@odata.count":    2.0,
		"@odata.nextLink": "https://graph.microsoft.com/v1.0/security/alerts_V2?$count=true&$filter=status+ne+%27resolved%27&$select=id%2CincidentId&$skip=1&$top=1",
		"value":           []any{map[string]any{"id": "a2", "incidentId": "1"}},
	}
	if d := cmp.Diff(want, a.body); d != "" {
		t.Error(d)
	}
	if e := f.lastEvent(); e.Operation != "alerts.list" || e.Decision != "allowed" {
		t.Errorf("journal: %+v", e)
	}
	one := f.get(f.graph, bearer, alertList+"('a1')?$select=title")
	if d := cmp.Diff(map[string]any{"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#security/alerts_v2(title)/$entity", "title": "a1"}, one.body); d != "" {
		t.Error(d)
	}
	if a := f.get(f.graph, f.app(tenant, graphAudience, "SecurityIncident.ReadWrite.All"), alertList); a.status != http.StatusForbidden {
		t.Errorf("incidents' role opens alerts: %d", a.status)
	}
}

// TestStandaloneAlerts: alerts of no incident are in alerts_v2 and nowhere
// else, and change like others.
func TestStandaloneAlerts(t *testing.T) {
	f := newFixture(t)
	const id = "14141414-1414-4414-8414-141414141414"
	if _, err := f.world.AddTenant(world.Tenant{ID: id, Name: "Alone", Domains: []string{"alone.example"}, Licences: []string{world.LicenceDefenderXDR}, Incidents: world.IncidentSource{Count: 70, Seed: 3, Standalone: 60}}); err != nil {
		t.Fatal(err)
	}
	bearer := f.app(id, graphAudience, "SecurityAlert.ReadWrite.All")
	seen, alone := map[string]bool{}, 0
	last := ""
	for next := alertList + "?$top=50"; next != ""; {
		a := f.get(f.graph, bearer, next)
		for _, v := range a.value() {
			if seen[v["id"].(string)] {
				t.Errorf("alert %v twice", v["id"])
			}
			seen[v["id"].(string)] = true
			if v["incidentId"] == nil {
				alone++
				last = v["id"].(string)
				if v["incidentWebUrl"] != nil {
					t.Errorf("an alert of no incident links to %v", v["incidentWebUrl"])
				}
			} else if _, err := strconv.Atoi(v["incidentId"].(string)); err != nil {
				t.Errorf("incidentId %v", v["incidentId"])
			}
		}
		next, _ = a.body["@odata.nextLink"].(string)
		if u, err := url.Parse(next); next != "" && (err != nil || u.Query().Get("$top") != "50") {
			t.Fatalf("next link %q", next)
		}
	}
	if alone != 60 || len(seen) != len(f.world.Alerts(id)) {
		t.Errorf("%d of %d alerts, %d alone", len(seen), len(f.world.Alerts(id)), alone)
	}
	a := f.send(f.graph, http.MethodPatch, bearer, alertList+"/"+last, `{"status":"resolved"}`)
	if a.status != 200 || a.body["status"] != "resolved" || a.body["resolvedDateTime"] != "2026-05-04T12:00:00Z" {
		t.Errorf("%d %s", a.status, a.raw)
	}
}
