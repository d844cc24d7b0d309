package defender

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestChooseSurface(t *testing.T) {
	for _, c := range []struct {
		name       string
		graph, xdr []string
		want       Surface
		reason     string
	}{
		{"graph", []string{"SecurityIncident.Read.All"}, nil, SurfaceGraph, "SecurityIncident.Read.All"},
		{"graph, to write", []string{"SecurityAlert.Read.All", "SecurityIncident.ReadWrite.All"}, nil, SurfaceGraph, "SecurityIncident.ReadWrite.All"},
		{"both", []string{"SecurityIncident.Read.All"}, []string{"Incident.Read.All"}, SurfaceGraph, "SecurityIncident.Read.All"},
		{"partner page", nil, []string{"Incident.Read.All"}, SurfaceXDR, "Incident.Read.All"},
		{"xdr, to write", []string{"SecurityAlert.Read.All"}, []string{"Incident.ReadWrite.All"}, SurfaceXDR, "Incident.ReadWrite.All"},
	} {
		got, reason, err := ChooseSurface(c.graph, c.xdr)
		if got != c.want || err != nil || !strings.Contains(reason, c.reason) {
			t.Errorf("%s: %q, %q, %v", c.name, got, reason, err)
		}
	}
}

func TestNoSurface(t *testing.T) {
	for _, c := range []struct {
		name       string
		graph, xdr []string
		near       []NearMiss // Why left out
	}{
		{"nothing granted", nil, nil, nil},
		{"something else", []string{"User.Read.All"}, []string{"AdvancedHunting.Read.All"}, nil},
		{"plural", nil, []string{"Incidents.Read.All"}, []NearMiss{{SurfaceXDR, "Incidents.Read.All", "Incident.Read.All", ""}}},
		{"letter case", []string{"securityincident.read.all"}, nil, []NearMiss{{SurfaceGraph, "securityincident.read.all", "SecurityIncident.Read.All", ""}}},
		{"delegated", nil, []string{"Incident.Read"}, []NearMiss{{SurfaceXDR, "Incident.Read", "Incident.Read.All", ""}}},
		{"alerts only", []string{"SecurityAlert.Read.All"}, nil, []NearMiss{{SurfaceGraph, "SecurityAlert.Read.All", "SecurityIncident.Read.All", ""}}},
		{"the old API's", []string{"SecurityEvents.Read.All"}, nil, []NearMiss{{SurfaceGraph, "SecurityEvents.Read.All", "SecurityIncident.Read.All", ""}}},
		{"on the wrong service", []string{"Incident.Read.All"}, []string{"SecurityIncident.Read.All"}, []NearMiss{
			{SurfaceGraph, "Incident.Read.All", "SecurityIncident.Read.All", ""}, {SurfaceXDR, "SecurityIncident.Read.All", "Incident.Read.All", ""}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _, err := ChooseSurface(c.graph, c.xdr)
			var missing *NoRoleError
			if s != "" || !errors.As(err, &missing) || missing.Next() == "" {
				t.Fatalf("surface %q, error %v", s, err)
			}
			var near []NearMiss
			for _, n := range missing.NearMisses {
				if n.Why == "" || !strings.Contains(err.Error(), n.Have) {
					t.Errorf("near miss %+v is not explained in %q", n, err)
				}
				n.Why = ""
				near = append(near, n)
			}
			if diff := cmp.Diff(c.near, near); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			for _, role := range []string{RoleGraphRead, RoleXDRRead} {
				if !strings.Contains(err.Error(), role) {
					t.Errorf("error %q does not name %s", err, role)
				}
			}
		})
	}
}

func TestRequiredRoles(t *testing.T) {
	if got := RequiredRoles(SurfaceXDR, "isolate"); got != nil {
		t.Errorf("roles %v for what this package does not do", got)
	}
	if got := RequiredRoles("mde", OpListIncidents); got != nil {
		t.Errorf("roles %v on a surface that does not exist", got)
	}
	RequiredRoles(SurfaceXDR, OpListIncidents)[0] = "changed"
	if got := RequiredRoles(SurfaceXDR, OpListIncidents)[0]; got != RoleXDRRead {
		t.Errorf("a caller changed the table: %s", got)
	}
}

func TestRetryAfterText(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"":                         0,
		"Too many requests.":       0,
		"Try again in 35 seconds.": 35 * time.Second,
		"Rate limit is exceeded. Try again in 1 second": time.Second,
		"retry after 30s":                                             30 * time.Second,
		"You can run queries again in 00:12:30.":                      12*time.Minute + 30*time.Second,
		"You can run queries again in 14 minutes":                     14 * time.Minute,
		"Resume at 2026-11-22T10:00:45Z":                              45 * time.Second,
		"Resume at 2026-11-22T09:00:00Z":                              0, // past
		"API calls quota exceeded! maximum allowed 45 per 00:01:00":   0, // a window, no wait
		"maximum allowed 50 per 1 minute, quota resets in 20 seconds": 20 * time.Second,
		"Wait 99999999999 hours":                                      24 * time.Hour,
		"Wait 1 fortnight":                                            0,
		"99:99:99:99":                                                 0,
		"in NaN:00:01":                                                0,
	} {
		if got := retryAfterText(text, now); got != want {
			t.Errorf("%q means %v, want %v", text, got, want)
		}
	}
}

func TestRetryAfterHeader(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"0": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "1.5": 1500 * time.Millisecond, "1e300": 24 * time.Hour,
		"Sun, 22 Nov 2026 10:00:30 GMT": 30 * time.Second,
		"Sun, 22 Nov 2026 09:00:00 GMT": 0,
	} {
		if got, ok := retryAfterHeader(value, now); got != want || !ok {
			t.Errorf("%q means %v (%v), want %v", value, got, ok, want)
		}
	}
	for _, value := range []string{"", "-1", "soon", "NaN"} {
		if got, ok := retryAfterHeader(value, now); ok {
			t.Errorf("%q means %v, want nothing", value, got)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("Try again in 35 seconds.", "30")
	f.Add("quota resets at 2026-11-22T10:00:45Z; 45 per 00:01:00", "Sun, 22 Nov 2026 10:00:30 GMT")
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text, header string) {
		fromHeader, _ := retryAfterHeader(header, now)
		for _, d := range []time.Duration{retryAfterText(text, now), fromHeader} {
			if d < 0 || d > 24*time.Hour {
				t.Errorf("%q, %q: wait %v", text, header, d)
			}
		}
	})
}

func FuzzParseError(f *testing.F) {
	f.Add(403, []byte(`{"error":{"code":"Forbidden","message":"m","target":"t","innerError":{"code":"x","innerError":{"request-id":"r"}}}}`))
	f.Add(500, []byte(`<html>`))
	f.Add(429, []byte(`{"error":"x"}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		e := parseError(SurfaceXDR, OpGetIncident, status, nil, body, time.Unix(0, 0))
		if e.Next() == "" || e.Error() == "" || len(e.Message) > maxMessage+10 {
			t.Errorf("%d %q gives %+v", status, body, e)
		}
	})
}
