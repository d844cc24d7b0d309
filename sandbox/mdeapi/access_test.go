package mdeapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/sandbox/mdeapi"
	"github.com/tenantry/tenantry/sandbox/world"
)

func TestOperation(t *testing.T) {
	for _, tt := range []struct {
		method, path, want string
		serves             bool
	}{
		{"GET", "/api/machines", "machines.list", true},
		{"GET", "/api/machines/", "machines.list", true},
		{"GET", "/api/v1.0/machines", "machines.list", true},
		{"GET", "/api/machines/abc", "machines.get", true},
		{"POST", "/api/machines/abc/isolate", "machines.isolate", true},
		{"POST", "/api/machines/abc/unisolate", "machines.release", true},
		{"POST", "/api/machines/abc/runAntiVirusScan", "machines.scan", true},
		{"POST", "/api/v1.0/machines/abc/collectInvestigationPackage", "machines.collect", true},
		{"GET", "/API/machineActions", "actions.list", true},
		{"GET", "/api/machineactions/abc", "actions.get", true},
		{"POST", "/api/machineactions/abc/cancel", "actions.cancel", true},
		{"GET", "/api/indicators", "indicators.list", true},
		{"POST", "/api/indicators", "indicators.submit", true},
		{"DELETE", "/api/indicators/1", "indicators.delete", true},

		{"GET", "/api/indicators/1", "", true},
		{"DELETE", "/api/machines/abc", "", true},
		{"GET", "/api/machines/abc/isolate", "", true},
		{"POST", "/api/machines/abc/isolate/x", "", true},
		{"GET", "/api/machines//", "machines.list", true},
		{"POST", "/api/machines//isolate", "", true},
		{"GET", "/api/incidents", "", false},
		{"GET", "/machines", "", false},
		{"GET", "/v1.0/machines", "", false},
		{"GET", "/api", "", false},
		{"GET", "/api/v1.0", "", false},
		{"GET", "/", "", false},
		{"GET", "", "", false},
	} {
		if got := mdeapi.Operation(tt.method, tt.path); got != tt.want {
			t.Errorf("%s %s is %q, want %q", tt.method, tt.path, got, tt.want)
		}
		if tt.want != "" && !slices.Contains(mdeapi.Operations(), tt.want) {
			t.Errorf("%s is not among the operations", tt.want)
		}
		if got := mdeapi.Serves(tt.path); got != tt.serves {
			t.Errorf("%s: serves is %v", tt.path, got)
		}
	}
}

func TestAccess(t *testing.T) {
	f := newFixture(t)
	expired := f.sign(mdeAudience, map[string]any{"tid": tenantID, "roles": []string{"Machine.Read.All"}, "exp": noon.Add(-time.Hour).Unix()})
	read := []string{"Machine.Read.All", "Machine.ReadWrite.All"}
	w := f.workstation().MDEID
	tests := []struct {
		name, method, path, bearer string
		status                     int
		code, decision             string
		required                   []string
	}{
		{"no token", "GET", "/api/machines", "", 401, "Unauthorized", "no bearer token", nil},
		{"no token, unknown path", "GET", "/api/nothing", "", 401, "Unauthorized", "no bearer token", nil},
		{"no JWT", "GET", "/api/machines", "x.y.z", 401, "Unauthorized", "not valid", nil},
		{"expired", "GET", "/api/machines", expired, 401, "Unauthorized", "expired", nil},
		{"unknown tenant", "GET", "/api/machines", f.app("77777777-7777-4777-8777-777777777777", "Machine.Read.All"), 401, "Unauthorized", "tenant does not exist", nil},
		{"the audience of the host", "GET", "/api/machines", f.sign(xdrAudience, map[string]any{"tid": tenantID, "roles": []string{"Machine.Read.All"}}), 403, "Forbidden", "audience " + xdrAudience, read},
		{"Graph's audience", "GET", "/api/machines", f.sign("https://graph.microsoft.com", map[string]any{"tid": tenantID, "roles": []string{"Machine.Read.All"}}), 403, "Forbidden", "audience", read},
		{"the other audience of the resource", "GET", "/api/machines", f.sign("https://securitycenter.onmicrosoft.com/windowsatpservice", map[string]any{"tid": tenantID, "roles": []string{"Machine.Read.All"}}), 200, "", "allowed", read},
		{"no licence", "GET", "/api/machines", f.app(bareTenant, "Machine.Read.All"), 403, "DisabledFeature", "licence", read},
		{"licence of Endpoint alone", "GET", "/api/machines", f.app(otherID, "Machine.Read.All"), 200, "", "allowed", read},
		{"no roles", "GET", "/api/machines", f.app(tenantID), 403, "Forbidden", "none of the required", read},
		{"the role in other letters", "GET", "/api/machines", f.app(tenantID, "machine.read.all"), 403, "Forbidden", "none of the required", read},
		{"reading does not isolate", "POST", "/api/machines/" + w + "/isolate", f.app(tenantID, "Machine.ReadWrite.All", "Machine.Scan"), 403, "Forbidden", "none of the required", []string{"Machine.Isolate"}},
		{"isolating does not read", "GET", "/api/machineactions", f.app(tenantID, "Machine.Isolate"), 403, "Forbidden", "none of the required", read},
		{"indicators", "GET", "/api/indicators", f.app(tenantID, "Machine.Read.All"), 403, "Forbidden", "none of the required", []string{"Ti.ReadWrite", "Ti.ReadWrite.All"}},
		{"a reader reads", "GET", "/api/machines", f.user(analystID, "Machine.Read"), 200, "", "allowed", []string{"Machine.Read", "Machine.ReadWrite"}},
		{"a reader does not act", "POST", "/api/machines/" + w + "/isolate", f.user(analystID, "Machine.Isolate"), 403, "Forbidden", "directory roles", []string{"Machine.Isolate"}},
		{"a clerk sees nothing", "GET", "/api/machines", f.user(clerkID, "Machine.Read"), 403, "Forbidden", "directory roles", []string{"Machine.Read", "Machine.ReadWrite"}},
		{"an unknown user", "GET", "/api/machines", f.user("nobody", "Machine.Read"), 403, "Forbidden", "directory roles", []string{"Machine.Read", "Machine.ReadWrite"}},
		{"an application's role is no scope", "GET", "/api/machines", f.user(analystID, "Machine.Read.All"), 403, "Forbidden", "none of the required", []string{"Machine.Read", "Machine.ReadWrite"}},
		{"unknown path", "GET", "/api/nothing", f.app(tenantID, everything...), 404, "NotFound", "was not found", nil},
		{"incidents are another API's", "GET", "/api/incidents", f.app(tenantID, everything...), 404, "NotFound", "was not found", nil},
		{"method", "DELETE", "/api/machines/" + w, f.app(tenantID, everything...), 405, "MethodNotAllowed", "DELETE", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := f.do(tt.method, tt.bearer, host+tt.path, `{"Comment":"x"}`, "Content-Type", "application/json")
			if a.status != tt.status || a.errorOf("code") != tt.code {
				t.Fatalf("status %d, want %d %s: %s", a.status, tt.status, tt.code, a.raw)
			}
			e := f.lastEvent()
			if e.Service != "mde" || e.Operation != mdeapi.Operation(tt.method, tt.path) || e.Status != tt.status || e.Error != tt.code || !strings.Contains(e.Decision, tt.decision) {
				t.Errorf("journal: %+v", e)
			}
			if d := cmp.Diff(tt.required, e.Required); d != "" {
				t.Errorf("journal, required: %s", d)
			}
			if got := a.header.Get("WWW-Authenticate") != ""; got != (tt.status == 401) {
				t.Errorf("WWW-Authenticate present: %v", got)
			}
			if tt.status == 405 && a.header.Get("Allow") != "GET" {
				t.Errorf("Allow is %q", a.header.Get("Allow"))
			}
			if tt.status < 400 {
				return
			}
			if !world.IsGUID(a.errorOf("target")) || a.errorOf("message") == "" {
				t.Errorf("error body %s", a.raw)
			}
			if tt.bearer != "" && strings.Contains(a.raw, tt.bearer) {
				t.Error("the token is in the answer")
			}
		})
	}
	if n := len(f.world.Actions(tenantID)); n != 0 {
		t.Errorf("%d actions from refused calls", n)
	}
}

// TestEveryRole holds each call against each role there is: it is open with
// those its page names and shut with every other.
func TestEveryRole(t *testing.T) {
	opens := map[string]string{
		"GET /api/machines":                                "Machine.Read.All Machine.ReadWrite.All",
		"GET /api/machines/x":                              "Machine.Read.All Machine.ReadWrite.All",
		"POST /api/machines/x/isolate":                     "Machine.Isolate",
		"POST /api/machines/x/unisolate":                   "Machine.Isolate",
		"POST /api/machines/x/runAntiVirusScan":            "Machine.Scan",
		"POST /api/machines/x/collectInvestigationPackage": "Machine.CollectForensics",
		"GET /api/machineactions":                          "Machine.Read.All Machine.ReadWrite.All",
		"GET /api/machineactions/x":                        "Machine.Read.All Machine.ReadWrite.All",
		"POST /api/machineactions/x/cancel":                "Machine.CollectForensics Machine.Isolate Machine.Scan Machine.RestrictExecution Machine.Offboard Machine.StopAndQuarantine Machine.LiveResponse",
		"GET /api/indicators":                              "Ti.ReadWrite Ti.ReadWrite.All",
		"POST /api/indicators":                             "Ti.ReadWrite Ti.ReadWrite.All",
		"DELETE /api/indicators/x":                         "Ti.ReadWrite Ti.ReadWrite.All",
	}
	f := newFixture(t)
	roles := strings.Fields("Alert.Read.All Alert.ReadWrite.All Machine.Read.All Machine.ReadWrite.All Machine.Isolate Machine.Scan Machine.CollectForensics Machine.RestrictExecution " +
		"Machine.Offboard Machine.StopAndQuarantine Machine.LiveResponse AdvancedQuery.Read.All Ti.ReadWrite Ti.ReadWrite.All")
	for call, open := range opens {
		method, path, _ := strings.Cut(call, " ")
		for _, role := range roles {
			want := false
			for o := range strings.FieldsSeq(open) {
				want = want || o == role
			}
			a := f.do(method, f.app(tenantID, role), host+path, "")
			if got := a.status != http.StatusForbidden; got != want {
				t.Errorf("%s with %s: status %d", call, role, a.status)
			}
		}
	}
}

// TestPathsThatAreNoIDs: calls that the pages have and this API has not are
// paths that nobody serves, not machines and indicators that are missing or
// methods that are wrong.
func TestPathsThatAreNoIDs(t *testing.T) {
	f := newFixture(t)
	for _, tt := range []struct{ method, url string }{
		{"POST", indicators + "/import"},
		{"POST", indicators + "/BatchDelete"},
		{"GET", machines + "/findbytag(tag='x',useStartsWithFilter=true)"},
		{"GET", machines + "/findbyip(ip='10.0.0.1',timestamp=2026-05-04T12:00:00Z)"},
		{"GET", machines + "/$count"},
		{"GET", actions + "/$count"},
		{"POST", machines + "/AddOrRemoveTagForMultipleMachines"},
	} {
		a := f.do(tt.method, f.app(tenantID, everything...), tt.url, `{}`, "Content-Type", "application/json")
		if a.status != http.StatusNotFound || a.errorOf("code") != "NotFound" || a.header.Get("Allow") != "" {
			t.Errorf("%s %s: %d %s", tt.method, tt.url, a.status, a.raw)
		}
	}
}

// TestByteOrderMark: .NET's encoders begin with one, and it is no part of the
// JSON.
func TestByteOrderMark(t *testing.T) {
	f := newFixture(t)
	if a := f.post(f.app(tenantID, everything...), machines+"/"+f.workstation().MDEID+"/isolate", "\xef\xbb\xbf"+`{"Comment":"Isolate","IsolationType":"Full"}`); a.status != http.StatusCreated {
		t.Errorf("%d %s", a.status, a.raw)
	}
}
