package mdeapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/sandbox/world"
)

// TestIsolation follows a machine from isolation to release, as the journal
// and the world have it.
func TestIsolation(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, everything...)
	d := f.workstation()
	body := `{"Comment":"Isolate machine due to alert 1234","IsolationType":"Selective","ExternalId":"ticket-7"}`
	a := f.post(bearer, machines+"/"+d.MDEID+"/isolate", body)
	if a.status != 201 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	id := a.text("id")
	if !world.IsGUID(id) {
		t.Errorf("id %q", id)
	}
	want := map[string]any{
		"@odata.context": host + "/api/$metadata#MachineActions/$entity", "id": id, "type": "Isolate", "title": nil, "scope": "Selective",
		"requestor": "Partner Connector", "requestorComment": "Isolate machine due to alert 1234", "status": "Pending", "machineId": d.MDEID,
		"computerDnsName": d.DNSName(), "creationDateTimeUtc": "2026-05-04T12:00:00Z", "lastUpdateDateTimeUtc": "2026-05-04T12:00:00Z",
		"cancellationRequestor": nil, "cancellationComment": nil, "cancellationDateTimeUtc": nil, "errorHResult": float64(0), "externalId": "ticket-7",
		"requestSource": "PublicApi", "relatedFileInfo": nil, "commands": []any{}, "troubleshootInfo": nil,
	}
	if d := cmp.Diff(want, a.body); d != "" {
		t.Error(d)
	}
	noted, _ := f.lastEvent().Detail["machineAction"].(map[string]any)
	if noted["id"] != id || noted["status"] != "Pending" || f.lastEvent().Decision != "allowed" {
		t.Errorf("journal: %+v", f.lastEvent())
	}

	again := f.post(bearer, machines+"/"+d.MDEID+"/isolate", body)
	if again.status != 400 || again.errorOf("code") != "ActiveRequestAlreadyExists" || again.errorOf("message") != "Action is already in progress" {
		t.Errorf("a second isolation: %d %s", again.status, again.raw)
	}
	if e := f.lastEvent(); !strings.Contains(e.Decision, id) {
		t.Errorf("the journal does not name the action in the way: %q", e.Decision)
	}
	if n := len(f.world.Actions(tenantID)); n != 1 {
		t.Errorf("%d actions", n)
	}

	var states []string
	for range 8 {
		got := f.get(bearer, actions+"/"+id)
		if s := got.text("status"); len(states) == 0 || states[len(states)-1] != s {
			states = append(states, s)
		}
		f.wait(time.Second)
	}
	if d := cmp.Diff([]string{"Pending", "InProgress", "Succeeded"}, states); d != "" {
		t.Error(d)
	}
	if !f.world.Isolated(tenantID, d.MDEID) {
		t.Error("the machine is not isolated")
	}
	if a := f.post(bearer, machines+"/"+d.MDEID+"/unisolate", `{"Comment":"clean"}`); a.status != 201 || a.text("type") != "Unisolate" || a.body["scope"] != nil {
		t.Errorf("release: %d %s", a.status, a.raw)
	}
	if a := f.post(bearer, machines+"/"+d.MDEID+"/unisolate", `{"Comment":"clean"}`); a.errorOf("code") != "ActiveRequestAlreadyExists" {
		t.Errorf("a second release: %d %s", a.status, a.raw)
	}
	f.wait(time.Minute)
	if f.world.Isolated(tenantID, d.MDEID) {
		t.Error("the machine is still isolated")
	}
}

func TestScanAndCollect(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, everything...)
	d := f.workstation()
	for _, tt := range []struct {
		path, body, kind string
		scope            any
	}{
		{"runAntiVirusScan", `{"Comment":"check","ScanType":"full"}`, "RunAntiVirusScan", "Full"},
		{"collectInvestigationPackage", `{"Comment":"forensics"}`, "CollectInvestigationPackage", nil},
		{"isolate", `{"Comment":"by default"}`, "Isolate", "Full"},
	} {
		a := f.post(bearer, machines+"/"+d.MDEID+"/"+tt.path, tt.body)
		if a.status != 201 || a.text("type") != tt.kind || a.body["scope"] != tt.scope {
			t.Errorf("%s: %d %s", tt.path, a.status, a.raw)
		}
		if a := f.post(bearer, machines+"/"+d.MDEID+"/"+tt.path, tt.body); a.status != 400 || a.errorOf("code") != "ActiveRequestAlreadyExists" {
			t.Errorf("%s again: %d %s", tt.path, a.status, a.raw)
		}
	}
	// A user is named by the sign-in name.
	a := f.post(f.user(operatorID, "Machine.Isolate"), machines+"/"+f.device(func(o *world.Device) bool { return o != d && o.OSPlatform != "Linux" }).MDEID+"/isolate", `{"Comment":"x"}`)
	if a.status != 201 || a.text("requestor") != "olga@contoso.example" {
		t.Errorf("as a user: %d %s", a.status, a.raw)
	}
}

func TestActRefused(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, everything...)
	windows, linux := f.workstation().MDEID, f.device(func(d *world.Device) bool { return d.OSPlatform == "Linux" }).MDEID
	for _, tt := range []struct {
		name, path, body string
		status           int
		code, told       string // told: in the message or, of bodies, in the journal
	}{
		{"no comment", windows + "/isolate", `{"IsolationType":"Full"}`, 400, "MissingRequiredParameter", "Comment is missing"},
		{"no body", windows + "/isolate", ``, 400, "MissingRequiredParameter", "Comment is missing"},
		{"null comment", windows + "/isolate", `{"Comment":null}`, 400, "MissingRequiredParameter", "Comment is missing"},
		{"blank comment", windows + "/isolate", `{"Comment":"  "}`, 400, "MissingRequiredParameter", "Comment is missing"},
		{"comment in small letters", windows + "/isolate", `{"comment":"x"}`, 400, "InvalidRequestBody", "'comment' must be written 'Comment'"},
		{"type in small letters", windows + "/isolate", `{"Comment":"x","isolationType":"Full"}`, 400, "InvalidRequestBody", "'IsolationType'"},
		{"comment is a number", windows + "/isolate", `{"Comment":5}`, 400, "InvalidRequestBody", "'Comment' is not a string"},
		{"unknown type", windows + "/isolate", `{"Comment":"x","IsolationType":"Partly"}`, 400, "InvalidInput", "Full, Selective, UnManagedDevice"},
		{"type of unmanaged devices", windows + "/isolate", `{"Comment":"x","IsolationType":"UnManagedDevice"}`, 400, "InvalidInput", "onboarded"},
		{"selective on Linux", linux + "/isolate", `{"Comment":"x","IsolationType":"Selective"}`, 400, "OsPlatformNotSupported", "OS Platform Linux"},
		{"no scan type", windows + "/runAntiVirusScan", `{"Comment":"x"}`, 400, "MissingRequiredParameter", "ScanType is missing"},
		{"unknown scan type", windows + "/runAntiVirusScan", `{"Comment":"x","ScanType":"Deep"}`, 400, "InvalidInput", "Quick, Full"},
		{"scan on Linux", linux + "/runAntiVirusScan", `{"Comment":"x","ScanType":"Quick"}`, 400, "OsPlatformNotSupported", "Linux"},
		{"unknown machine", "123123123/isolate", `{"Comment":"x"}`, 404, "ResourceNotFound", "Machine 123123123 was not found"},
		{"an array", windows + "/isolate", `["x"]`, 400, "InvalidRequestBody", "not a JSON object"},
		{"null", windows + "/isolate", `null`, 400, "InvalidRequestBody", "not a JSON object"},
		{"cut off", windows + "/isolate", `{"Comment":"x"`, 400, "InvalidRequestBody", "not JSON"},
		{"two values", windows + "/isolate", `{"Comment":"x"} {}`, 400, "InvalidRequestBody", "not JSON"},
		{"too large", windows + "/isolate", `{"Comment":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "RequestEntityTooLarge", "too large"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := f.post(bearer, machines+"/"+tt.path, tt.body)
			if a.status != tt.status || a.errorOf("code") != tt.code {
				t.Fatalf("%d %s, want %d %s", a.status, a.raw, tt.status, tt.code)
			}
			if e := f.lastEvent(); !strings.Contains(a.errorOf("message")+e.Decision, tt.told) || e.Error != tt.code {
				t.Errorf("message %q, journal %q: neither tells %q", a.errorOf("message"), e.Decision, tt.told)
			}
		})
	}
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"} {
		a := f.do(http.MethodPost, bearer, machines+"/"+windows+"/isolate", `{"Comment":"x"}`, "Content-Type", kind)
		if a.status != 415 || a.errorOf("code") != "UnsupportedMediaType" {
			t.Errorf("Content-Type %q: %d %s", kind, a.status, a.raw)
		}
	}
	if n := len(f.world.Actions(tenantID)); n != 0 {
		t.Fatalf("%d actions from refused calls", n)
	}
	a := f.do(http.MethodPost, bearer, machines+"/"+windows+"/isolate", `{"Comment":"x","Priority":1}`, "Content-Type", "Application/JSON; charset=utf-8")
	if d := f.lastEvent().Detail["ignoredParameters"]; a.status != 201 || fmt.Sprint(d) != "[Priority]" {
		t.Errorf("a parameter nobody knows: %d %s, journal %v", a.status, a.raw, d)
	}
}

// TestUnmanaged: a device without a sensor can be isolated as such, and nothing
// else.
func TestUnmanaged(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, everything...)
	d := f.workstation()
	d.Onboarding = "canBeOnboarded" // nobody else has this world
	if a := f.get(bearer, machines+"/"+d.MDEID); a.text("onboardingStatus") != "CanBeOnboarded" {
		t.Errorf("onboardingStatus is %q", a.text("onboardingStatus"))
	}
	for _, tt := range []struct {
		path, body string
		status     int
		code       string
	}{
		{"isolate", `{"Comment":"x","IsolationType":"Full"}`, 400, "InvalidInput"},
		{"isolate", `{"Comment":"x"}`, 400, "InvalidInput"},
		{"runAntiVirusScan", `{"Comment":"x","ScanType":"Quick"}`, 400, "BadRequest"},
		{"collectInvestigationPackage", `{"Comment":"x"}`, 400, "BadRequest"},
		{"isolate", `{"Comment":"x","IsolationType":"UnManagedDevice"}`, 201, ""},
		{"unisolate", `{"Comment":"x"}`, 201, ""},
	} {
		if a := f.post(bearer, machines+"/"+d.MDEID+"/"+tt.path, tt.body); a.status != tt.status || a.errorOf("code") != tt.code {
			t.Errorf("%s %s: %d %s", tt.path, tt.body, a.status, a.raw)
		}
	}
}

// TestStuck: an action on a machine that does not answer waits until somebody
// cancels it.
func TestStuck(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, everything...)
	d := f.device(func(d *world.Device) bool { return !d.Online() })
	id := f.post(bearer, machines+"/"+d.MDEID+"/isolate", `{"Comment":"x"}`).text("id")
	f.wait(time.Hour)
	if a := f.get(bearer, actions+"/"+id); a.text("status") != "Pending" {
		t.Fatalf("after an hour: %s", a.raw)
	}
	if a := f.post(bearer, actions+"/"+id+"/cancel", `{"comment":"x"}`); a.errorOf("code") != "InvalidRequestBody" {
		t.Errorf("a parameter in small letters: %d %s", a.status, a.raw)
	}
	a := f.post(bearer, actions+"/"+id+"/cancel", `{"Comment":"stuck"}`)
	want := map[string]any{"status": "Cancelled", "cancellationRequestor": "Partner Connector", "cancellationComment": "stuck", "cancellationDateTimeUtc": "2026-05-04T13:00:00Z", "lastUpdateDateTimeUtc": "2026-05-04T13:00:00Z"}
	for k, v := range want {
		if a.body[k] != v {
			t.Errorf("%s is %v, want %v", k, a.body[k], v)
		}
	}
	if a.status != 200 {
		t.Errorf("status %d", a.status)
	}
	for _, tt := range []struct {
		id     string
		status int
		code   string
	}{
		{id, 400, "BadRequest"},
		{"0f0f0f0f-0000-4000-8000-000000000000", 404, "ResourceNotFound"},
		{"x", 404, "ResourceNotFound"},
	} {
		if a := f.do(http.MethodPost, bearer, actions+"/"+tt.id+"/cancel", ""); a.status != tt.status || a.errorOf("code") != tt.code {
			t.Errorf("cancel %s: %d %s", tt.id, a.status, a.raw)
		}
	}
	if a := f.post(bearer, machines+"/"+d.MDEID+"/isolate", `{"Comment":"again"}`); a.status != 201 {
		t.Errorf("isolation after the cancellation: %d %s", a.status, a.raw)
	}
}

func TestActionQuery(t *testing.T) {
	f := newFixture(t)
	bearer := f.app(tenantID, everything...)
	if a := f.get(bearer, actions); a.status != 200 || a.body["value"] == nil || len(a.value()) != 0 || a.text("@odata.context") != host+"/api/$metadata#MachineActions" {
		t.Errorf("before any action: %d %s", a.status, a.raw)
	}
	all := f.world.Machines(tenantID)
	scanned, isolated := all[0].MDEID, all[1].MDEID
	scan := f.post(f.user(operatorID, "Machine.Scan"), machines+"/"+scanned+"/runAntiVirusScan", `{"Comment":"x","ScanType":"Quick"}`).text("id")
	f.wait(time.Minute)
	isolate := f.post(bearer, machines+"/"+isolated+"/isolate", `{"Comment":"x"}`).text("id")
	f.wait(time.Second)
	collect := f.post(bearer, machines+"/"+isolated+"/collectInvestigationPackage", `{"Comment":"x"}`).text("id")

	for _, tt := range []struct {
		query string
		want  []string
	}{
		{"", []string{collect, isolate, scan}},
		{"$top=2", []string{collect, isolate}},
		{"$skip=2", []string{scan}},
		{"$filter=machineId eq '" + isolated + "'&$top=2", []string{collect, isolate}},
		{"$filter=requestor eq 'olga@contoso.example' and type eq 'RunAntiVirusScan'", []string{scan}},
		{"$filter=requestor eq 'Partner Connector'", []string{collect, isolate}},
		{"$filter=status eq 'Pending'", []string{collect, isolate}},
		{"$filter=Status ne 'Pending'", []string{scan}},
		{"$filter=id eq " + isolate, []string{isolate}},
		{"$filter=id eq '" + isolate + "'", []string{isolate}},
		{"$filter=creationDateTimeUtc gt 2026-05-04T12:01:00Z", []string{collect}},
		{"$filter=creationDateTimeUtc ge 2026-05-04T12:01:00Z", []string{collect, isolate}},
		{"$filter=type in ('Isolate','Offboard')", []string{isolate}},
	} {
		a := f.get(bearer, actions+"?"+tt.query)
		if d := cmp.Diff(tt.want, ids(a)); a.status != 200 || d != "" {
			t.Errorf("%s: %d %s", tt.query, a.status, d)
		}
		for _, v := range a.value() {
			if v["lastUpdateTimeUtc"] != v["lastUpdateDateTimeUtc"] || v["lastUpdateTimeUtc"] == nil {
				t.Errorf("%s: last update %v and %v", tt.query, v["lastUpdateTimeUtc"], v["lastUpdateDateTimeUtc"])
			}
		}
	}
	for query, part := range map[string]string{
		"$filter=requestorComment eq 'x'":              "requestorComment",
		"$filter=lastUpdateDateTimeUtc gt 2026-05-04Z": "lastUpdateDateTimeUtc",
		"$filter=status eq 'Done'":                     "not a member",
		"$filter=id eq 'x'":                            "not a GUID",
		"$top=10001":                                   "limit of '10000'",
		"$stop=1":                                      "not supported",
		"$orderby=creationDateTimeUtc desc":            "not supported",
		"$filter=startswith(machineId,'x')":            "startswith is not supported",
	} {
		if a := f.get(bearer, actions+"?"+query); a.status != 400 || a.errorOf("code") != "ODataError" || !strings.Contains(a.errorOf("message"), part) {
			t.Errorf("%s: %d %s, want %q", query, a.status, a.raw, part)
		}
	}
	if a := f.get(f.app(otherID, everything...), actions+"/"+isolate); a.status != 404 || a.errorOf("code") != "ResourceNotFound" {
		t.Errorf("another tenant's action: %d %s", a.status, a.raw)
	}
	if !slices.ContainsFunc(f.world.Actions(tenantID), func(a *world.MachineAction) bool { return a.ID == scan && a.Status == world.ActionSucceeded }) {
		t.Error("the scan did not end")
	}
}
