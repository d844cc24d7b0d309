package xdrapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/sandbox/token"
	"github.com/tenantry/tenantry/sandbox/world"
	"github.com/tenantry/tenantry/sandbox/xdrapi"
)

// powerful takes every token as that of an application that may do all.
type powerful string

func (audience powerful) Verify(raw string) (*token.Claims, error) {
	return &token.Claims{
		Audience: string(audience), TenantID: raw, AppID: appID, AppOnly: true,
		Roles: []string{"Incident.ReadWrite.All", "SecurityIncident.ReadWrite.All", "SecurityAlert.ReadWrite.All"},
	}, nil
}

// FuzzRequest sends any path, query and body to both surfaces. Whatever comes,
// the answer is JSON, and what was refused has changed nothing.
func FuzzRequest(f *testing.F) {
	for _, seed := range [][3]string{
		{"/v1.0/security/incidents/101", "", `{"status":"active","customTags":["a"]}`},
		{"/v1.0/security/incidents('101')/comments", "", `{"@odata.type":"x","comment":"y"}`},
		{"/v1.0/security/alerts_v2", "$filter=severity eq 'high'&$top=2000&$orderby=createdDateTime desc", ""},
		{"/beta/security/incidents", "$expand=alerts&$select=id&$skip=1&$count=true", ""},
		{"/api/incidents/102", "", `{"classification":"TruePositive","determination":"Malware","comment":"x","tags":[]}`},
		{"/api/v1.0/incidents", "$filter=status in ('Active')&$top=1", ""},
		{"/v1.0/security/incidents(('", "$top=-1", "\xef\xbb\xbf[]"},
		{"/api//incidents/", "%", "{\"status\":\"\\ud800\"}"},
	} {
		f.Add("PATCH", seed[0], seed[1], seed[2])
		f.Add("GET", seed[0], seed[1], seed[2])
		f.Add("POST", seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		w := world.New(func() time.Time { return noon })
		if _, err := w.AddTenant(world.Tenant{ID: tenantID, Name: "Contoso", Licences: []string{world.LicenceDefenderXDR}, Incidents: world.IncidentSource{Recorded: handMade()}}); err != nil {
			t.Fatal(err)
		}
		var changes int
		w.Observe(func(world.Change) { changes++ })
		u := &url.URL{Scheme: "https", Host: "api.security.example", Path: "/" + strings.TrimLeft(path, "/"), RawQuery: query}
		r, err := http.NewRequest(method, u.String(), strings.NewReader(body))
		if err != nil {
			return // no HTTP client sends this
		}
		r.URL = u
		r.Header.Set("Authorization", "Bearer "+tenantID)
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
		for _, h := range []http.Handler{
			xdrapi.New(xdrapi.Config{World: w, Verifier: powerful(xdrAudience)}).XDR(),
			xdrapi.New(xdrapi.Config{World: w, Verifier: powerful(graphAudience)}).Graph(),
		} {
			a := httptest.NewRecorder()
			changes = 0
			h.ServeHTTP(a, r)
			if !json.Valid(a.Body.Bytes()) {
				t.Fatalf("%d is not answered in JSON: %q", a.Code, a.Body)
			}
			if a.Code >= 500 || a.Code != http.StatusOK && changes > 0 || changes > 1 {
				t.Fatalf("%d with %d changes: %s", a.Code, changes, a.Body)
			}
			r.Body = io.NopCloser(strings.NewReader(body))
		}
	})
}
