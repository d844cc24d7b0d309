package defender

import (
	"slices"
	"strings"
	"time"
)

// Retirement is an API whose end Microsoft has announced.
type Retirement struct {
	Surface Surface
	Method  string // of HTTP
	Path    string // without the origin; what lies below it retires with it
	What    string // in words
	Ends    time.Time
	// Announcement is where and how the end was announced; it says so when Ends is
	// told by copies of an announcement only.
	Announcement string
	Source       string // page that says so
	Successor    string // what to call instead
}

// Retirements lists the APIs known to end, the earliest first. This package
// itself calls none of them; [Config.OnRetiring] is for callers that hold it to that.
func Retirements() []Retirement {
	return []Retirement{
		{
			Surface: SurfaceGraph, Method: "GET", Path: "/v1.0/security/alerts", What: "Microsoft Graph legacy alerts",
			Ends:         time.Date(2026, 8, 31, 0, 0, 0, 0, time.UTC),
			Announcement: "deprecated on 2024-04-10 for removal on 2026-04-10 by Graph's metadata; no data after 2026-08-31 by the page on moving to alerts_v2",
			Source:       "https://learn.microsoft.com/graph/alertsv1-alertsv2-migration",
			Successor:    "GET /v1.0/security/alerts_v2",
		},
		{
			Surface: SurfaceXDR, Method: "POST", Path: "/api/advancedhunting/run", What: "Defender XDR advanced hunting API",
			Ends:         time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC),
			Announcement: "message center MC1220762: retirement began in January 2026; the last day is as public copies of the message tell it",
			Source:       "https://learn.microsoft.com/defender-xdr/api-advanced-hunting",
			Successor:    "POST /v1.0/security/runHuntingQuery of Microsoft Graph",
		},
		{
			Surface: SurfaceMDE, Method: "POST", Path: "/api/advancedqueries/run", What: "Defender for Endpoint advanced hunting API",
			Ends:         time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC),
			Announcement: "message center MC1220762: retirement began in January 2026; the last day is as public copies of the message tell it",
			Source:       "https://learn.microsoft.com/defender-endpoint/api/run-advanced-query-api",
			Successor:    "POST /v1.0/security/runHuntingQuery of Microsoft Graph",
		},
	}
}

// findRetirement finds what a request would call of them. Services take paths
// in any letter case, and Defender for Endpoint with its version or without.
func findRetirement(s Surface, method, path string) (Retirement, bool) {
	path = strings.ToLower(strings.TrimRight(path, "/"))
	if s != SurfaceGraph {
		path = strings.Replace(path, "/api/v1.0/", "/api/", 1)
	}
	all := Retirements()
	i := slices.IndexFunc(all, func(r Retirement) bool {
		return r.Surface == s && r.Method == method && (path == r.Path || strings.HasPrefix(path, r.Path+"/"))
	})
	if i < 0 {
		return Retirement{}, false
	}
	return all[i], true
}
