package xdrapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/sandbox/limit"
	"github.com/tenantry/tenantry/sandbox/xdrapi"
)

// TestLimits drives every limit of a minute of both surfaces to its end on a
// fake clock: the call before the last is answered, the next is refused as
// documented, a caller who waits as told is answered, and other tenants, other
// applications and other operations are not held up.
func TestLimits(t *testing.T) {
	f := newFixture(t)
	const patch = `{"assignedTo":"x"}`
	xdrWriter := f.app(tenantID, xdrAudience, "Incident.ReadWrite.All")
	graphWriter := f.app(tenantID, graphAudience, "SecurityIncident.ReadWrite.All", "SecurityAlert.ReadWrite.All")
	for _, tt := range []struct {
		rule   string
		minute int
		call   func() answer
		other  func() answer // another operation, with room left
	}{
		{"xdr.incidents.list/minute", 50, func() answer { return f.get(f.xdr, xdrWriter, list+"?$top=1") }, func() answer { return f.get(f.xdr, xdrWriter, list+"/101") }},
		{"xdr.incidents.get/minute", 100, func() answer { return f.get(f.xdr, xdrWriter, list+"/101") }, func() answer { return f.get(f.xdr, xdrWriter, list+"?$top=1") }},
		{"xdr.incidents.update/minute", 50, func() answer { return f.send(f.xdr, http.MethodPatch, xdrWriter, list+"/101", patch) }, func() answer { return f.get(f.xdr, xdrWriter, list+"/101") }},
		{"graph.incidents/minute", 150, func() answer { return f.get(f.graph, graphWriter, graphList+"/101") }, func() answer { return f.get(f.graph, graphWriter, alertList+"?$top=1") }},
		{"graph.alerts/minute", 150, func() answer {
			return f.send(f.graph, http.MethodPatch, graphWriter, alertList+"/dc1", `{"status":"new"}`)
		}, func() answer { return f.get(f.graph, graphWriter, graphList+"?$top=1") }},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			f.at = noon
			f.limits.Set(limit.Published())
			// A refused call does not count.
			for range 200 {
				f.get(f.xdr, f.app(tenantID, xdrAudience), list)
				f.get(f.xdr, xdrWriter, "https://api.security.microsoft.com/api/nothing")
			}
			for i := range tt.minute {
				if a := tt.call(); a.status != http.StatusOK {
					t.Fatalf("call %d: %d %s", i+1, a.status, a.raw)
				}
				if i == 0 {
					f.at = noon.Add(20*time.Second + time.Millisecond)
				}
			}
			a := tt.call()
			message, _ := a.errorOf("message").(string)
			if a.status != http.StatusTooManyRequests || a.errorOf("code") != "TooManyRequests" || a.header.Get("Retry-After") != "40" {
				t.Fatalf("%d %v %s", a.status, a.header, a.raw)
			}
			if strings.HasPrefix(tt.rule, "xdr") && (!strings.Contains(message, "in 40 seconds") || !strings.Contains(message, "2026-05-04T12:01:00Z")) {
				t.Errorf("message %q", message)
			}
			if inner, _ := a.errorOf("innerError").(map[string]any); strings.HasPrefix(tt.rule, "graph") && (message != "Please retry again later." || inner["code"] != "429" || inner["request-id"] == nil) {
				t.Errorf("graph: %s", a.raw)
			}
			e := f.lastEvent()
			detail, _ := e.Detail["limit"].(map[string]any)
			if e.Error != "TooManyRequests" || detail["rule"] != tt.rule || detail["used"] != tt.minute || !strings.Contains(e.Decision, tt.rule) {
				t.Errorf("journal: %+v", e)
			}
			if a := tt.other(); a.status != http.StatusOK {
				t.Errorf("another operation: %d %s", a.status, a.raw)
			}
			if a := f.get(f.xdr, f.app(seedTenant, xdrAudience, "Incident.Read.All"), list+"?$top=1"); a.status != http.StatusOK {
				t.Errorf("another tenant: %d %s", a.status, a.raw)
			}
			f.at = f.at.Add(39 * time.Second)
			if a := tt.call(); a.status != http.StatusTooManyRequests {
				t.Errorf("a second early: %d", a.status)
			}
			f.at = f.at.Add(time.Second)
			if a := tt.call(); a.status != http.StatusOK {
				t.Errorf("after waiting as told: %d %s", a.status, a.raw)
			}
			if a := tt.call(); a.status != http.StatusTooManyRequests {
				t.Errorf("only one call has left the window: %d", a.status)
			}
		})
	}
}

// TestLimitOfTheHour does the same for the longer limit of the pages of the
// Defender XDR API, with calls slow enough for the shorter one.
func TestLimitOfTheHour(t *testing.T) {
	f := newFixture(t)
	h := xdrapi.New(xdrapi.Config{World: f.world, Verifier: powerful(xdrAudience), Limits: f.limits}).XDR()
	for rule, call := range map[string]func() answer{
		"xdr.incidents.list/hour":   func() answer { return f.get(h, tenantID, list+"?$top=0") },
		"xdr.incidents.get/hour":    func() answer { return f.get(h, tenantID, list+"/102") },
		"xdr.incidents.update/hour": func() answer { return f.send(h, http.MethodPatch, tenantID, list+"/102", `{}`) },
	} {
		f.limits.Set(limit.Published())
		f.at = noon
		for i := range 1500 {
			if a := call(); a.status != http.StatusOK {
				t.Fatalf("%s: call %d: %d %s", rule, i+1, a.status, a.raw)
			}
			f.at = f.at.Add(2 * time.Second)
		}
		a := call()
		if message, _ := a.errorOf("message").(string); a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") != "600" || !strings.Contains(message, "1500 per 01:00:00") {
			t.Errorf("%s: %d %v %s", rule, a.status, a.header, a.raw)
		}
		f.at = f.at.Add(10 * time.Minute)
		if a := call(); a.status != http.StatusOK {
			t.Errorf("%s, after waiting as told: %d %s", rule, a.status, a.raw)
		}
	}
}
