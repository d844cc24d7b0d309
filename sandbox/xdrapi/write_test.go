package xdrapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// writer and xdrWriter are tokens of the application that may change all.
func (f *fixture) writer() string {
	return f.app(tenantID, graphAudience, "SecurityIncident.ReadWrite.All", "SecurityAlert.ReadWrite.All")
}

func (f *fixture) xdrWriter() string { return f.app(tenantID, xdrAudience, "Incident.ReadWrite.All") }

func some(m map[string]any, names ...string) map[string]any {
	out := map[string]any{}
	for _, n := range names {
		out[n] = m[n]
	}
	return out
}

// TestGraphUpdateIsSeenOnBothSurfaces sends the request of Graph's page
// "Update incident", with each property of its table.
func TestGraphUpdateIsSeenOnBothSurfaces(t *testing.T) {
	f := newFixture(t)
	before := f.get(f.graph, f.writer(), graphList+"/101")
	f.at = noon.Add(time.Hour)
	a := f.send(f.graph, http.MethodPatch, f.writer(), graphList+"/101", `{
		"@odata.type": "#microsoft.graph.security.incident",
		"classification": "TruePositive", "determination": "MultiStagedAttack", "customTags": ["Demo"],
		"assignedTo": "olga@contoso.example", "status": "inProgress", "severity": "medium", "displayName": "Renamed",
		"description": "What it is.", "summary": "What was.", "resolvingComment": "Why."}`)
	if a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	want := map[string]any{
		"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#security/incidents/$entity",
		"classification": "truePositive", "determination": "multiStagedAttack", "customTags": []any{"Demo"},
		"assignedTo": "olga@contoso.example", "status": "inProgress", "severity": "medium", "displayName": "Renamed",
		"description": "What it is.", "summary": "What was.", "resolvingComment": "Why.",
		"lastUpdateDateTime": "2026-05-04T13:00:00Z", "lastModifiedBy": "API-App:Partner SOC",
		"id": "101", "createdDateTime": before.body["createdDateTime"], "comments": []any{},
	}
	names := make([]string, 0, len(want))
	for n := range want {
		names = append(names, n)
	}
	if d := cmp.Diff(want, some(a.body, names...)); d != "" {
		t.Error(d)
	}
	again := f.get(f.graph, f.writer(), graphList+"/101")
	if d := cmp.Diff(a.body, again.body); d != "" {
		t.Error("the next read differs: " + d)
	}
	x := f.get(f.xdr, f.xdrWriter(), list+"/101")
	wantXDR := map[string]any{
		"incidentName": "Renamed", "classification": "TruePositive", "determination": "MultiStagedAttack", "tags": []any{"Demo"},
		"assignedTo": "olga@contoso.example", "status": "InProgress", "severity": "Medium", "lastUpdateTime": "2026-05-04T13:00:00Z",
	}
	names = names[:0]
	for n := range wantXDR {
		names = append(names, n)
	}
	if d := cmp.Diff(wantXDR, some(x.body, names...)); d != "" {
		t.Error(d)
	}
	// What changed last is first, and a filter on what was seen finds it.
	if got := f.get(f.xdr, f.xdrWriter(), list+"?$filter=lastUpdateTime gt 2026-05-04T12:00:00Z"); !slices.Equal(incidentIDs(got), []int{101}) {
		t.Errorf("changed since: %s", got.raw)
	}
	if got := incidentIDs(f.get(f.xdr, f.xdrWriter(), list+"?$top=1")); !slices.Equal(got, []int{101}) {
		t.Errorf("newest first: %v", got)
	}
	if e := f.lastEvent(); e.Operation != "incidents.list" {
		t.Errorf("journal: %+v", e)
	}
}

// TestXDRUpdate sends what the page "Update incidents" allows, in both
// spellings of what has two.
func TestXDRUpdate(t *testing.T) {
	for _, tt := range []struct {
		name, body    string
		xdr, graph    map[string]any
		alertsOfGraph map[string]any
	}{
		{
			"sample of the page",
			`{"status": "Resolved", "assignedTo": "secop2@contoso.com", "classification": "TruePositive", "determination": "Malware", "tags": ["Yossi's playground", "Don't mess with Mike"], "comment": "pen testing"}`,
			map[string]any{"status": "Resolved", "assignedTo": "secop2@contoso.com", "classification": "TruePositive", "determination": "Malware", "tags": []any{"Yossi's playground", "Don't mess with Mike"}},
			map[string]any{"status": "resolved", "assignedTo": "secop2@contoso.com", "classification": "truePositive", "determination": "malware"},
			map[string]any{"status": "resolved", "assignedTo": "secop2@contoso.com", "resolvedDateTime": "2026-05-04T12:00:00Z"},
		},
		{
			"older determination", `{"classification": "TruePositive", "determination": "CompromisedUser"}`,
			map[string]any{"determination": "CompromisedAccount"}, map[string]any{"determination": "compromisedAccount"}, nil,
		},
		{
			"newer determination", `{"classification": "TruePositive", "determination": "CompromisedAccount"}`,
			map[string]any{"determination": "CompromisedAccount"}, map[string]any{"determination": "compromisedAccount"}, nil,
		},
		{
			"insufficient data", `{"classification": "FalsePositive", "determination": "InsufficientData"}`,
			map[string]any{"determination": "NoEnoughDataToValidate"}, map[string]any{"determination": "notEnoughDataToValidate"}, nil,
		},
		{
			"Microsoft's spelling", `{"classification": "falsePositive", "determination": "NoEnoughDataToValidate"}`,
			map[string]any{"classification": "FalsePositive", "determination": "NoEnoughDataToValidate"}, map[string]any{"determination": "notEnoughDataToValidate"}, nil,
		},
		{
			"clean", `{"classification": "FalsePositive", "determination": "Clean"}`,
			map[string]any{"determination": "Clean"}, map[string]any{"determination": "notMalicious"}, nil,
		},
		{
			"confirmed", `{"classification": "InformationalExpectedActivity", "determination": "ConfirmedUserActivity"}`,
			map[string]any{"determination": "ConfirmedActivity"}, map[string]any{"determination": "confirmedActivity"}, nil,
		},
		{"unassign", `{"assignedTo": null}`, map[string]any{"assignedTo": nil}, map[string]any{"assignedTo": nil}, nil},
		{"no tags", `{"tags": []}`, map[string]any{"tags": []any{}}, map[string]any{"customTags": []any{}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			a := f.send(f.xdr, http.MethodPatch, f.xdrWriter(), list+"/101", tt.body)
			if a.status != http.StatusOK || a.body["@odata.context"] != "https://api.security.microsoft.com/api/$metadata#Incidents/$entity" {
				t.Fatalf("%d %s", a.status, a.raw)
			}
			for k, v := range tt.xdr {
				if d := cmp.Diff(v, a.body[k]); d != "" {
					t.Errorf("%s: %s", k, d)
				}
			}
			if e := f.lastEvent(); e.Operation != "incidents.update" || e.Decision != "allowed" || !slices.Equal(e.Required, []string{"Incident.ReadWrite.All"}) {
				t.Errorf("journal: %+v", e)
			}
			g := f.get(f.graph, f.writer(), graphList+"/101?$expand=alerts")
			for k, v := range tt.graph {
				if d := cmp.Diff(v, g.body[k]); d != "" {
					t.Errorf("graph: %s: %s", k, d)
				}
			}
			for k, v := range tt.alertsOfGraph {
				if got := objects(g.body["alerts"])[0][k]; got != v {
					t.Errorf("alert: %s is %v, want %v", k, got, v)
				}
			}
			if g.body["lastUpdateDateTime"] != a.body["lastUpdateTime"] || a.body["lastUpdateTime"] != "2026-05-04T12:00:00Z" {
				t.Errorf("last update %v on graph, %v on xdr", g.body["lastUpdateDateTime"], a.body["lastUpdateTime"])
			}
			if said := len(objects(a.body["comments"])); (said == 1) != strings.Contains(tt.body, `"comment"`) {
				t.Errorf("%d comments", said)
			}
		})
	}
}

// TestComments adds comments on either surface and reads them on both, with
// their authors.
func TestComments(t *testing.T) {
	f := newFixture(t)
	const comment = `{"@odata.type": "microsoft.graph.security.alertComment", "comment": "Demo for docs"}`
	a := f.send(f.graph, http.MethodPost, f.writer(), graphList+"/101/comments", comment)
	want := map[string]any{
		"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#security/incidents('101')/comments",
		"value":          []any{map[string]any{"comment": "Demo for docs", "createdByDisplayName": "Partner SOC", "createdDateTime": "2026-05-04T12:00:00Z"}},
	}
	if d := cmp.Diff(want, a.body); a.status != 200 || d != "" {
		t.Errorf("%d %s", a.status, d)
	}
	f.at = noon.Add(time.Minute)
	operator := f.user(tenantID, xdrAudience, operatorID, "Incident.ReadWrite")
	x := f.send(f.xdr, http.MethodPatch, operator, list+"/101", `{"comment": "mine <b>"}`)
	said := []map[string]any{
		{"comment": "Demo for docs", "createdBy": "Partner SOC", "createdTime": "2026-05-04T12:00:00Z"},
		{"comment": "mine <b>", "createdBy": "olga@contoso.example", "createdTime": "2026-05-04T12:01:00Z"},
	}
	if d := cmp.Diff(said, objects(x.body["comments"])); x.status != 200 || d != "" {
		t.Errorf("%d %s", x.status, d)
	}
	g := f.get(f.graph, f.writer(), graphList+"/101")
	if all := objects(g.body["comments"]); len(all) != 2 || all[1]["createdByDisplayName"] != "olga@contoso.example" {
		t.Errorf("graph: %v", all)
	}
	if g.body["lastUpdateDateTime"] != "2026-05-04T12:01:00Z" || g.body["lastModifiedBy"] != "API-App:olga@contoso.example" {
		t.Errorf("last update %v by %v", g.body["lastUpdateDateTime"], g.body["lastModifiedBy"])
	}

	const alert = alertList + "/da637551227677560813_-961444813"
	a = f.send(f.graph, http.MethodPost, f.writer(), alert+"/comments", comment)
	if a.status != 200 || len(a.value()) != 1 || a.body["@odata.context"] != "https://graph.microsoft.com/v1.0/$metadata#security/alerts_v2('da637551227677560813_-961444813')/comments" {
		t.Errorf("alert: %d %s", a.status, a.raw)
	}
	if e := f.lastEvent(); e.Operation != "alerts.comment" {
		t.Errorf("journal: %+v", e)
	}
	if got := f.get(f.graph, f.writer(), alert); len(objects(got.body["comments"])) != 1 {
		t.Errorf("the alert's comments: %s", got.raw)
	}
}

// TestAlertUpdate changes an alert and sees it alone, under its incident, and
// on the other surface, whose last update moves with it.
func TestAlertUpdate(t *testing.T) {
	f := newFixture(t)
	const alert = alertList + "/da637551227677560813_-961444813"
	f.at = noon.Add(time.Minute)
	a := f.send(f.graph, http.MethodPatch, f.writer(), alert, `{"assignedTo": "secAdmin@contoso.onmicrosoft.com", "classification": "falsePositive", "determination": "clean", "status": "resolved"}`)
	want := map[string]any{
		"assignedTo": "secAdmin@contoso.onmicrosoft.com", "classification": "falsePositive", "determination": "notMalicious", "status": "resolved",
		"resolvedDateTime": "2026-05-04T12:01:00Z", "lastUpdateDateTime": "2026-05-04T12:01:00Z", "incidentId": "101",
	}
	if d := cmp.Diff(want, some(a.body, "assignedTo", "classification", "determination", "status", "resolvedDateTime", "lastUpdateDateTime", "incidentId")); a.status != 200 || d != "" {
		t.Fatalf("%d %s", a.status, d)
	}
	if e := f.lastEvent(); e.Operation != "alerts.update" || !slices.Equal(e.Required, []string{"SecurityAlert.ReadWrite.All"}) {
		t.Errorf("journal: %+v", e)
	}
	under := f.get(f.graph, f.writer(), graphList+"/101?$expand=alerts")
	alone := f.get(f.graph, f.writer(), alert)
	delete(alone.body, "@odata.context")
	if d := cmp.Diff(alone.body, objects(under.body["alerts"])[0]); d != "" {
		t.Errorf("alone (-) and under its incident (+): %s", d)
	}
	x := f.get(f.xdr, f.xdrWriter(), list+"/101")
	al := objects(x.body["alerts"])[0]
	if x.body["lastUpdateTime"] != "2026-05-04T12:01:00Z" || al["status"] != "Resolved" || al["determination"] != "Clean" || al["resolvedTime"] != "2026-05-04T12:01:00Z" {
		t.Errorf("xdr: %s", x.raw)
	}
	if got := f.send(f.graph, http.MethodPatch, f.writer(), alert, `{"status": "new", "assignedTo": null}`); got.body["resolvedDateTime"] != nil || got.body["assignedTo"] != nil {
		t.Errorf("reopened: %s", got.raw)
	}
}

// TestRefusedWrites holds every way a write can be wrong against status, code
// and message, and the world against what it was.
func TestRefusedWrites(t *testing.T) {
	f := newFixture(t)
	const alert = alertList + "/dc1"
	reader := f.app(tenantID, graphAudience, "SecurityIncident.Read.All", "SecurityAlert.Read.All")
	operator := f.user(tenantID, graphAudience, analystID, "SecurityIncident.ReadWrite.All", "SecurityAlert.ReadWrite.All")
	before := f.get(f.graph, reader, graphList+"?$expand=alerts").raw
	for _, tt := range []struct {
		name, method, bearer, url, body string
		status                          int
		code, part                      string
	}{
		{"reader", "PATCH", reader, graphList + "/101", `{"status":"active"}`, 403, "Forbidden", "SecurityIncident.ReadWrite.All"},
		{"reader's alert", "PATCH", reader, alert, `{"status":"new"}`, 403, "Forbidden", "SecurityAlert.ReadWrite.All"},
		{"user who may only read", "PATCH", operator, graphList + "/101", `{"status":"active"}`, 403, "Forbidden", "change incidents"},
		{"user's comment", "POST", operator, alert + "/comments", `{"comment":"x"}`, 403, "Forbidden", "change alerts"},
		{"no such incident", "PATCH", f.writer(), graphList + "/999", `{"status":"active"}`, 404, "NotFound", "999"},
		{"no such alert", "PATCH", f.writer(), alertList + "/nope", `{"status":"new"}`, 404, "NotFound", "nope"},
		{"unknown property", "PATCH", f.writer(), graphList + "/101", `{"tags":["x"]}`, 400, "BadRequest", "'tags' does not exist"},
		{"property that is told only", "PATCH", f.writer(), graphList + "/101", `{"createdDateTime":"2026-01-01T00:00:00Z"}`, 400, "BadRequest", "cannot be updated"},
		{"alerts of an incident", "PATCH", f.writer(), graphList + "/101", `{"alerts":[]}`, 400, "BadRequest", "cannot be updated"},
		{"unknown member", "PATCH", f.writer(), graphList + "/101", `{"status":"closed"}`, 400, "BadRequest", "incidentStatus"},
		{"unknownFutureValue", "PATCH", f.writer(), graphList + "/101", `{"status":"unknownFutureValue"}`, 400, "BadRequest", "incidentStatus"},
		{"redirecting", "PATCH", f.writer(), graphList + "/101", `{"status":"redirected"}`, 400, "BadRequest", "incidentStatus"},
		{"null status", "PATCH", f.writer(), graphList + "/101", `{"status":null}`, 400, "BadRequest", "incidentStatus"},
		{"number for text", "PATCH", f.writer(), graphList + "/101", `{"assignedTo":7}`, 400, "BadRequest", "Edm.String"},
		{"tag that is no text", "PATCH", f.writer(), graphList + "/101", `{"customTags":["a",null]}`, 400, "BadRequest", "Collection(Edm.String)"},
		{"empty name", "PATCH", f.writer(), graphList + "/101", `{"displayName":" "}`, 400, "BadRequest", "displayName"},
		{"good and bad", "PATCH", f.writer(), graphList + "/101", `{"assignedTo":"x","status":"closed"}`, 400, "BadRequest", "status"},
		{"no JSON", "PATCH", f.writer(), graphList + "/101", `{"status":`, 400, "BadRequest", "JSON"},
		{"no object", "PATCH", f.writer(), graphList + "/101", `["status"]`, 400, "BadRequest", "JSON"},
		{"two objects", "PATCH", f.writer(), graphList + "/101", `{"status":"active"} {}`, 400, "BadRequest", "JSON"},
		{"no body", "PATCH", f.writer(), graphList + "/101", ``, 400, "BadRequest", "JSON"},
		{"merged", "PATCH", f.writer(), graphList + "/103", `{"status":"active"}`, 400, "BadRequest", "merged into incident 101"},
		{"comment on a merged one", "POST", f.writer(), graphList + "/103/comments", `{"comment":"x"}`, 400, "BadRequest", "merged into incident 101"},
		{"empty comment", "POST", f.writer(), graphList + "/101/comments", `{"comment":" "}`, 400, "BadRequest", "comment"},
		{"no comment", "POST", f.writer(), graphList + "/101/comments", `{}`, 400, "BadRequest", "comment"},
		{"comment of another", "POST", f.writer(), graphList + "/101/comments", `{"comment":"x","createdByDisplayName":"Boss"}`, 400, "BadRequest", "createdByDisplayName"},
		{"comment with more", "POST", f.writer(), graphList + "/101/comments", `{"comment":"x","pinned":true}`, 400, "BadRequest", "pinned"},
		{"alert's title", "PATCH", f.writer(), alert, `{"title":"x"}`, 400, "BadRequest", "cannot be updated"},
		{"alert status of incidents", "PATCH", f.writer(), alert, `{"status":"active"}`, 400, "BadRequest", "alertStatus"},
		{"too large", "PATCH", f.writer(), graphList + "/101", `{"assignedTo":"` + strings.Repeat("x", 4<<20) + `"}`, 413, "RequestEntityTooLarge", "too large"},

		{"xdr reader", "PATCH", f.app(tenantID, xdrAudience, "Incident.Read.All"), list + "/101", `{"status":"Active"}`, 403, "Forbidden", "Incident.ReadWrite.All"},
		{"xdr user who may only read", "PATCH", f.user(tenantID, xdrAudience, analystID, "Incident.ReadWrite"), list + "/101", `{"status":"Active"}`, 403, "Forbidden", "change incidents"},
		{"xdr no such incident", "PATCH", f.xdrWriter(), list + "/999", `{"status":"Active"}`, 404, "ResourceNotFound", "999"},
		{"xdr other case", "PATCH", f.xdrWriter(), list + "/101", `{"Status":"Active"}`, 400, "InvalidRequestBody", "case-sensitive"},
		{"xdr Graph's name", "PATCH", f.xdrWriter(), list + "/101", `{"customTags":[]}`, 400, "InvalidRequestBody", "customTags"},
		{"xdr unknown member", "PATCH", f.xdrWriter(), list + "/101", `{"status":"Closed"}`, 400, "InvalidInput", "status"},
		{"xdr redirecting", "PATCH", f.xdrWriter(), list + "/101", `{"status":"Redirected"}`, 400, "InvalidInput", "status"},
		{"xdr determination of another classification", "PATCH", f.xdrWriter(), list + "/101", `{"classification":"FalsePositive","determination":"Malware"}`, 400, "InvalidInput", "Malware cannot be set with the classification FalsePositive"},
		{"xdr determination without classification", "PATCH", f.xdrWriter(), list + "/101", `{"determination":"Malware"}`, 400, "InvalidInput", "classification Unknown"},
		{"xdr determination that is gone", "PATCH", f.xdrWriter(), list + "/101", `{"classification":"TruePositive","determination":"Apt"}`, 400, "InvalidInput", "Apt"},
		{"xdr comment list", "PATCH", f.xdrWriter(), list + "/101", `{"comment":["x"]}`, 400, "InvalidRequestBody", "comment"},
		{"xdr tags text", "PATCH", f.xdrWriter(), list + "/101", `{"tags":"x"}`, 400, "InvalidRequestBody", "tags"},
		{"xdr no JSON", "PATCH", f.xdrWriter(), list + "/101", `status=Active`, 400, "InvalidRequestBody", "JSON"},
		{"xdr merged", "PATCH", f.xdrWriter(), list + "/103", `{"status":"Active"}`, 400, "BadRequest", "Change incident 101"},
		{"xdr too large", "PATCH", f.xdrWriter(), list + "/101", `{"comment":"` + strings.Repeat("x", 4<<20) + `"}`, 413, "InvalidRequestBody", "too large"},
	} {
		h := f.graph
		if strings.HasPrefix(tt.url, list) {
			h = f.xdr
		}
		a := f.send(h, tt.method, tt.bearer, tt.url, tt.body)
		message, _ := a.errorOf("message").(string)
		if a.status != tt.status || a.errorOf("code") != tt.code || !strings.Contains(message, tt.part) {
			t.Errorf("%s: %d %.300s, want %d %s with %q", tt.name, a.status, a.raw, tt.status, tt.code, tt.part)
		}
		if e := f.lastEvent(); e.Error != tt.code || e.Decision == "allowed" {
			t.Errorf("%s: journal %+v", tt.name, e)
		}
	}
	for _, tt := range []struct {
		h           http.Handler
		bearer, url string
		header      []string
		status      int
	}{
		{f.graph, f.writer(), graphList + "/101", nil, 400},
		{f.graph, f.writer(), graphList + "/101", []string{"Content-Type", "text/plain"}, 415},
		{f.xdr, f.xdrWriter(), list + "/101", nil, 415},
		{f.xdr, f.xdrWriter(), list + "/101", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
	} {
		if a := f.with(tt.h, http.MethodPatch, tt.bearer, tt.url, strings.NewReader(`{"assignedTo":"x"}`), tt.header...); a.status != tt.status {
			t.Errorf("%s with %v: %d %s", tt.url, tt.header, a.status, a.raw)
		}
	}
	if after := f.get(f.graph, reader, graphList+"?$expand=alerts").raw; after != before {
		t.Error("a refused write changed the world")
	}
}

// TestEmptyUpdate: what asks for nothing changes nothing.
func TestEmptyUpdate(t *testing.T) {
	f := newFixture(t)
	before := f.get(f.graph, f.writer(), graphList+"/101")
	if a := f.send(f.graph, http.MethodPatch, f.writer(), graphList+"/101", "\ufeff{}"); a.status != 200 || a.raw != before.raw {
		t.Errorf("%d %s", a.status, a.raw)
	}
	x := f.get(f.xdr, f.xdrWriter(), list+"/101")
	if a := f.send(f.xdr, http.MethodPatch, f.xdrWriter(), list+"/101", "{}"); a.status != 200 || a.raw != x.raw {
		t.Errorf("%d %s", a.status, a.raw)
	}
}

// TestWritesAtOnce: many writers on both surfaces, and no word is lost.
func TestWritesAtOnce(t *testing.T) {
	f := newFixture(t)
	graph, xdr := f.writer(), f.xdrWriter()
	const each = 25
	var wg sync.WaitGroup
	for i := range each {
		for _, write := range []func(){
			func() {
				f.send(f.graph, http.MethodPost, graph, graphList+"/101/comments", fmt.Sprintf(`{"comment":"g%d"}`, i))
			},
			func() { f.send(f.xdr, http.MethodPatch, xdr, list+"/101", fmt.Sprintf(`{"comment":"x%d"}`, i)) },
			func() {
				f.send(f.graph, http.MethodPost, graph, alertList+"/da637551227677560813_-961444813/comments", fmt.Sprintf(`{"comment":"a%d"}`, i))
			},
			func() { f.get(f.graph, graph, graphList+"?$expand=alerts") },
		} {
			wg.Go(write)
		}
	}
	wg.Wait()
	x, g := f.get(f.xdr, xdr, list+"/101"), f.get(f.graph, graph, graphList+"/101?$expand=alerts")
	said := map[any]bool{}
	for _, c := range objects(x.body["comments"]) {
		said[c["comment"]] = true
	}
	alert := objects(g.body["alerts"])[0]
	if len(said) != 2*each || len(objects(g.body["comments"])) != 2*each || len(objects(alert["comments"])) != each {
		t.Errorf("%d comments on xdr, %d on graph, %d of the alert", len(said), len(objects(g.body["comments"])), len(objects(alert["comments"])))
	}
	// 75 changes of one incident under a clock that stands still: each moved
	// the last update by a tick at least.
	if want := noon.Add((3*each - 1) * 100 * time.Nanosecond).Format("2006-01-02T15:04:05.9999999Z"); g.body["lastUpdateDateTime"] != want {
		t.Errorf("last update %v, want %v", g.body["lastUpdateDateTime"], want)
	}
}

// TestMergeIsSeen: a merge in the world is told on both surfaces.
func TestMergeIsSeen(t *testing.T) {
	f := newFixture(t)
	if err := f.world.MergeIncident(tenantID, 101, 102); err != nil {
		t.Fatal(err)
	}
	g, x := f.get(f.graph, f.writer(), graphList+"/101"), f.get(f.xdr, f.xdrWriter(), list+"/101")
	if g.body["status"] != "redirected" || g.body["redirectIncidentId"] != "102" || x.body["status"] != "Redirected" || x.body["redirectIncidentId"] != 102.0 {
		t.Errorf("graph %s, xdr %s", g.raw, x.raw)
	}
	f.compare(tenantID, f.xdrWriter(), f.writer())
}
