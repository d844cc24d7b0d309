package sandbox

import (
	"net/http"
	"strings"

	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/proxy"
)

// Retiring is an API whose end Microsoft announced.
type Retiring struct {
	API       string `json:"api"`       // method and path
	What      string `json:"what"`      // in words
	Ends      string `json:"ends"`      // date, such as 2027-01-31
	Source    string `json:"source"`    // where the end is announced
	Successor string `json:"successor"` // what to call in its place

	service, path string
}

// RetiringAPIs lists the APIs that a program should call no more. The sandbox
// answers calls to them as it answers everything it does not have, and says in
// the journal's entry (detail.retiring) what they are.
func RetiringAPIs() []Retiring {
	const hunting = "Graph: POST /v1.0/security/runHuntingQuery (learn.microsoft.com/graph/api/security-security-runhuntingquery)"
	return []Retiring{
		{
			API: "POST /api/advancedhunting/run", What: "advanced hunting of the Defender XDR API", Ends: "2027-01-31",
			Source:    "message center MC1220762; learn.microsoft.com/defender-xdr/api-advanced-hunting",
			Successor: hunting, service: proxy.ServiceXDR, path: "/api/advancedhunting/run",
		},
		{
			API: "POST /api/advancedqueries/run", What: "advanced hunting of the Defender for Endpoint API", Ends: "2027-01-31",
			Source:    "message center MC1220762; learn.microsoft.com/defender-endpoint/api/run-advanced-query-api",
			Successor: hunting, service: proxy.ServiceMDE, path: "/api/advancedqueries/run",
		},
		{
			API: "GET /v1.0/security/alerts", What: "the legacy alerts of Graph", Ends: "2026-08-31",
			Source:    "learn.microsoft.com/graph/alertsv1-alertsv2-migration",
			Successor: "Graph: GET /v1.0/security/alerts_v2 (learn.microsoft.com/graph/api/security-list-alerts_v2)",
			service:   proxy.ServiceGraph, path: "/v1.0/security/alerts",
		},
	}
}

func (r Retiring) is(service, method, path string) bool {
	path = strings.TrimSuffix(strings.ToLower(path), "/")
	if rest, ok := strings.CutPrefix(path, "/api/v1.0/"); ok {
		path = "/api/" + rest
	}
	if rest, ok := strings.CutPrefix(path, "/beta/"); ok {
		path = "/v1.0/" + rest
	}
	want, _, _ := strings.Cut(r.API, " ")
	return service == r.service && method == want &&
		(path == r.path || method == http.MethodGet && strings.HasPrefix(path, r.path+"/"))
}

// tellRetiring notes a call to an API that ends, and tells of the first.
func (s *Sandbox) tellRetiring(service string, r *http.Request) {
	for _, api := range RetiringAPIs() {
		if !api.is(service, r.Method, r.URL.Path) {
			continue
		}
		journal.Note(r.Context(), func(e *journal.Event) {
			e.Add("retiring", map[string]any{"api": api.API, "what": api.What, "ends": api.Ends, "source": api.Source, "successor": api.Successor})
		})
		if _, told := s.retiring.LoadOrStore(api.API, true); !told && s.cfg.OnRetiring != nil {
			s.cfg.OnRetiring(api)
		}
	}
}
