package defender

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRetiringCallsAreTold(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) }))
	defer server.Close()
	for _, c := range []struct {
		surface      Surface
		method, path string
		what         string
	}{
		{SurfaceGraph, "GET", "/v1.0/security/alerts", "Microsoft Graph legacy alerts"},
		{SurfaceGraph, "GET", "/v1.0/security/alerts/", "Microsoft Graph legacy alerts"},
		{SurfaceGraph, "GET", "/v1.0/security/alerts/da63", "Microsoft Graph legacy alerts"},
		{SurfaceGraph, "GET", "/V1.0/Security/Alerts", "Microsoft Graph legacy alerts"},
		{SurfaceXDR, "POST", "/api/advancedhunting/run", "Defender XDR advanced hunting API"},
		{SurfaceMDE, "POST", "/api/advancedqueries/run", "Defender for Endpoint advanced hunting API"},
		{SurfaceMDE, "POST", "/api/v1.0/advancedqueries/run", "Defender for Endpoint advanced hunting API"},
		{SurfaceGraph, "GET", "/v1.0/security/alerts_v2", ""},
		{SurfaceGraph, "GET", "/v1.0/security/incidents", ""},
		{SurfaceGraph, "POST", "/v1.0/security/runHuntingQuery", ""},
		{SurfaceXDR, "GET", "/api/incidents", ""},
		{SurfaceXDR, "GET", "/api/advancedhunting/run", ""},
		{SurfaceMDE, "GET", "/api/machines", ""},
	} {
		var told []string
		client, err := New(Config{Graph: server.URL, XDR: server.URL, MDE: server.URL, HTTPClient: server.Client(),
			Token:      func(context.Context, Surface) (string, error) { return "t", nil },
			OnRetiring: func(r Retirement) { told = append(told, r.What) }})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(server.URL + c.path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.send(t.Context(), c.surface, "hunt", c.method, u, nil); err != nil {
			t.Fatal(err)
		}
		var want []string
		if c.what != "" {
			want = []string{c.what}
		}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("%s %s: -want +got:\n%s", c.method, c.path, diff)
		}
	}
}

func TestRetirements(t *testing.T) {
	var before time.Time
	for _, r := range Retirements() {
		if r.What == "" || r.Announcement == "" || r.Successor == "" || r.Source == "" || r.Ends.Before(before) {
			t.Errorf("%+v", r)
		}
		before = r.Ends
	}
	// None of this package's own calls is among them.
	for _, path := range []string{graphIncidentsPath, graphAlertsPath, xdrIncidentsPath} {
		for _, s := range []Surface{SurfaceGraph, SurfaceXDR, SurfaceMDE} {
			for _, method := range []string{"GET", "POST", "PATCH"} {
				if r, found := findRetirement(s, method, path); found {
					t.Errorf("%s %s is %s", method, path, r.What)
				}
			}
		}
	}
}

func TestEveryOperationIsDocumented(t *testing.T) {
	for _, s := range []Surface{SurfaceGraph, SurfaceXDR, SurfaceMDE} {
		if len(calls(s)) == 0 {
			t.Errorf("surface %s has no operations", s)
		}
		for _, c := range calls(s) {
			u, err := url.Parse(Documentation(s, c.op))
			if err != nil || u.Host != "learn.microsoft.com" || len(RequiredRoles(s, c.op)) == 0 || c.op.noun() == "" {
				t.Errorf("%s on %s: roles %v, page %v", c.op, s, RequiredRoles(s, c.op), u)
			}
		}
	}
	if Documentation(SurfaceXDR, OpListAlerts) != "" || Documentation("", OpListIncidents) != "" {
		t.Error("a page for what there is not")
	}
}
