package xdrapi_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/token"
	"github.com/tenantry/tenantry/sandbox/world"
	"github.com/tenantry/tenantry/sandbox/xdrapi"
)

// BenchmarkPage reads pages of incidents (100 on xdr, 50 on Graph, the largest
// each) with 3 alerts of 4 entities over TLS, with another filter in each call
// and the journal in front, in turns with a handler that only writes the same
// bytes. %bare is the API's throughput in percent of that handler's.
func BenchmarkPage(b *testing.B) {
	w := world.New(func() time.Time { return noon })
	if _, err := w.AddTenant(world.Tenant{
		ID: tenantID, Name: "Contoso", Domains: []string{"contoso.example"}, Licences: []string{world.LicenceDefenderXDR},
		Incidents: world.IncidentSource{Recorded: manyIncidents(500)},
	}); err != nil {
		b.Fatal(err)
	}
	now := func() time.Time { return noon }
	keys, err := token.Load("", now)
	if err != nil {
		b.Fatal(err)
	}
	bearer := func(audience, role string) string {
		raw, err := keys.Sign(map[string]any{}, map[string]any{
			"aud": audience, "iss": "https://sts.windows.net/x/", "appid": appID, "ver": "1.0", "uti": "u", "tid": tenantID, "oid": "sp", "sub": "sp",
			"roles": []string{role}, "nbf": noon.Unix(), "iat": noon.Unix(), "exp": noon.Add(time.Hour).Unix(),
		})
		if err != nil {
			b.Fatal(err)
		}
		return raw
	}
	api := xdrapi.New(xdrapi.Config{World: w, Verifier: keys})
	for _, surface := range []struct {
		name, path, bearer string
		handler            http.Handler
		filter             string
	}{
		{"xdr", "/api/incidents", bearer(xdrAudience, "Incident.Read.All"), api.XDR(), "?$filter=createdTime+ge+"},
		{"graph", "/v1.0/security/incidents", bearer(graphAudience, "SecurityIncident.Read.All"), api.Graph(), "?$expand=alerts&$filter=createdDateTime+ge+"},
	} {
		url := func(i int) string {
			return surface.path + surface.filter + noon.Add(-time.Duration(i+1)*time.Hour).Format("2006-01-02T15:04:05.0000000Z")
		}
		first := httptest.NewRequest(http.MethodGet, "https://api.security.example"+url(0), nil)
		first.Header.Set("Authorization", "Bearer "+surface.bearer)
		page := httptest.NewRecorder()
		surface.handler.ServeHTTP(page, first)
		if page.Code != http.StatusOK {
			b.Fatal(page.Body)
		}
		bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", fmt.Sprint(page.Body.Len()))
			_, _ = w.Write(page.Body.Bytes())
		})
		for _, version := range []string{"http1", "http2"} {
			b.Run(surface.name+"/"+version, func(b *testing.B) {
				reader := func(h http.Handler) func(i int) time.Duration {
					server := httptest.NewUnstartedServer(h)
					server.EnableHTTP2 = version == "http2"
					server.StartTLS()
					b.Cleanup(server.Close)
					return func(i int) time.Duration {
						start := time.Now()
						r, err := http.NewRequest(http.MethodGet, server.URL+url(i), nil)
						if err != nil {
							b.Fatal(err)
						}
						r.Header.Set("Authorization", "Bearer "+surface.bearer)
						answer, err := server.Client().Do(r)
						if err != nil {
							b.Fatal(err)
						}
						n, err := io.Copy(io.Discard, answer.Body)
						_ = answer.Body.Close()
						if err != nil || answer.StatusCode != http.StatusOK || n < int64(page.Body.Len())*9/10 {
							b.Fatalf("status %d, %d bytes, %v", answer.StatusCode, n, err)
						}
						return time.Since(start)
					}
				}
				readBare, readAPI := reader(bare), reader(journal.New(nil, now).Middleware(surface.handler))
				var ofBare, ofAPI time.Duration
				for i := 0; b.Loop(); i++ {
					ofBare += readBare(i)
					ofAPI += readAPI(i)
				}
				b.ReportMetric(float64(ofBare.Nanoseconds())/float64(b.N), "bare-ns/page")
				b.ReportMetric(float64(ofAPI.Nanoseconds())/float64(b.N), "api-ns/page")
				b.ReportMetric(100*float64(ofBare)/float64(ofAPI), "%bare")
			})
		}
	}
}

// manyIncidents are n incidents with three alerts of four entities each, all
// created lately.
func manyIncidents(n int) []*world.Incident {
	entities := handMade()[0].Alerts[0].Entities[:4]
	out := make([]*world.Incident, n)
	for i := range out {
		at := noon.Add(-time.Duration(i) * time.Second)
		in := &world.Incident{ID: int64(1000 + i), Name: fmt.Sprintf("Incident %d on several endpoints", i), Created: at, LastUpdate: at, Status: "active", Severity: "medium", Classification: "unknown", Determination: "unknown"}
		for j := range 3 {
			in.Alerts = append(in.Alerts, &world.Alert{
				ID: fmt.Sprintf("da%d_%d", i, j), IncidentID: in.ID, Title: "Suspicious process", Description: "A process behaved as attackers' tools do.",
				Category: "Execution", ServiceSource: "microsoftDefenderForEndpoint", DetectionSource: "antivirus", Severity: "medium", Status: "new",
				Created: at, LastUpdate: at, FirstActivity: at, LastActivity: at, Techniques: []string{"T1059.001"}, Entities: entities,
			})
		}
		out[i] = in
	}
	return out
}
