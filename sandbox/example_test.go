package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox"
	"github.com/tenantry/tenantry/sandbox/fault"
	"github.com/tenantry/tenantry/sandbox/limit"
	"github.com/tenantry/tenantry/sandbox/world"
)

const exampleWorld = `
tenants:
  - name: Northwind Security
    domains: [northwind.example]
  - name: Contoso
    domains: [contoso.example]
    incidents: {count: 3, seed: 1}
apps:
  - displayName: Northwind Detection
    appId: 33333333-cccc-4ccc-8ccc-333333333333
    secrets: [{name: one, value: not-a-secret}]
    requiredRoles:
      - {resource: xdr, roles: [Incident.Read.All]}
  - displayName: Northwind Response
    appId: 33333333-dddd-4ddd-8ddd-333333333333
    secrets: [{name: one, value: not-a-secret}]
    requiredRoles:
      - {resource: xdr, roles: [Incident.ReadWrite.All]}
      - {resource: graph, roles: [SecurityIncident.ReadWrite.All]}
consents:
  - {tenant: contoso.example, app: Northwind Detection, roles: all}
  - {tenant: contoso.example, app: Northwind Response, roles: all}
`

// open starts a sandbox with the world above.
func open(cfg sandbox.Config) *sandbox.Sandbox {
	spec, err := world.ParseFile([]byte(exampleWorld))
	if err != nil {
		panic(err)
	}
	if cfg.World, err = spec.Build(nil); err != nil {
		panic(err)
	}
	s, err := sandbox.New(cfg)
	if err != nil {
		panic(err)
	}
	if err := s.Start(); err != nil {
		panic(err)
	}
	return s
}

// ask is a program's call as Northwind Response: a token of Contoso for the
// API, then the call with it.
func ask(hc *http.Client, method, api, path, content string) (status int, retryAfter string, answer map[string]any) {
	resp, err := hc.PostForm("https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "scope": {api + "/.default"},
		"client_id": {"33333333-dddd-4ddd-8ddd-333333333333"}, "client_secret": {"not-a-secret"},
	})
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	var token struct {
		Value string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&token); err != nil {
		panic(err)
	}
	req, err := http.NewRequest(method, api+path, strings.NewReader(content))
	if err != nil {
		panic(err)
	}
	req.Header.Set("Authorization", "Bearer "+token.Value)
	req.Header.Set("Content-Type", "application/json")
	if resp, err = hc.Do(req); err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		panic(err)
	}
	return resp.StatusCode, resp.Header.Get("Retry-After"), answer
}

const (
	graph    = "https://graph.microsoft.com"
	defender = "https://api.security.microsoft.com"
)

// Test a program of yours against a sandbox: a world from YAML, Microsoft's own
// host names through Client, the journal as the judge, and a fault.
func ExampleNew() {
	spec, err := world.ParseFile([]byte(exampleWorld))
	if err != nil {
		fmt.Println(err)
		return
	}
	w, err := spec.Build(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := sandbox.New(sandbox.Config{World: w})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	if err := s.Start(); err != nil {
		fmt.Println(err)
		return
	}

	program := func(hc *http.Client) { // hand the client to the program under test
		resp, err := hc.PostForm("https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token", url.Values{
			"grant_type": {"client_credentials"}, "scope": {"https://api.security.microsoft.com/.default"},
			"client_id": {"33333333-cccc-4ccc-8ccc-333333333333"}, "client_secret": {"not-a-secret"},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
	}
	program(s.Client())
	if _, err := s.Faults().Throttle(fault.Scope{Tenant: "contoso.example"}, fault.Limit{}); err != nil {
		fmt.Println(err)
		return
	}
	program(s.Client())

	for _, e := range s.Journal().Since(0) {
		if e.Operation == "token" {
			fmt.Println(e.Status, e.Decision, e.Roles, strings.HasPrefix(e.Form["client_secret"][0], "[redacted"))
		}
	}
	// Output:
	// 200 allowed [Incident.Read.All] true
	// 429 fault f1 throttle [] true
}

// A change through one API is in the next answer of the other, and in the
// journal.
func ExampleSandbox_World() {
	s := open(sandbox.Config{})
	defer s.Close()
	_, _, list := ask(s.Client(), "GET", graph, "/v1.0/security/incidents?$top=1", "")
	id := list["value"].([]any)[0].(map[string]any)["id"].(string)

	status, _, _ := ask(s.Client(), "PATCH", graph, "/v1.0/security/incidents/"+id, `{"status": "resolved", "assignedTo": "kaic@northwind.example"}`)
	fmt.Println(status)
	_, _, incident := ask(s.Client(), "GET", defender, "/api/incidents/"+id, "")
	fmt.Println(incident["status"], incident["assignedTo"])

	if err := s.Reset(sandbox.PartWorld); err != nil { // for the next test
		fmt.Println(err)
	}
	_, _, incident = ask(s.Client(), "GET", defender, "/api/incidents/"+id, "")
	fmt.Println(incident["assignedTo"] == "kaic@northwind.example")
	// Output:
	// 200
	// Resolved kaic@northwind.example
	// false
}

// What goes wrong, goes wrong for the tenant, the API and the calls that were
// named, and the journal says so.
func ExampleSandbox_Faults() {
	s := open(sandbox.Config{})
	defer s.Close()
	in := fault.Scope{Services: []string{fault.ServiceGraph}, Operations: []string{"incidents.list"}, Tenant: "contoso.example"}
	if _, err := s.Faults().Fail(in, 503, fault.BodyOwn, 30*time.Second); err != nil {
		fmt.Println(err)
		return
	}
	status, retryAfter, answer := ask(s.Client(), "GET", graph, "/v1.0/security/incidents", "")
	fmt.Println(status, retryAfter, answer["error"].(map[string]any)["code"])
	status, _, _ = ask(s.Client(), "GET", defender, "/api/incidents", "")
	fmt.Println(status)
	s.Faults().Clear()
	status, _, _ = ask(s.Client(), "GET", graph, "/v1.0/security/incidents", "")
	fmt.Println(status)
	// Output:
	// 503 30 serviceNotAvailable
	// 200
	// 200
}

// Microsoft's limits hold, unless a test brings its own or none: a program
// that is to stay below them is judged by the answers it did not get.
func ExampleSandbox_Limits() {
	s := open(sandbox.Config{Limits: []limit.Rule{{
		Name: "mine", Service: "xdr", Operations: []string{"incidents.list"}, Calls: 2, Per: time.Minute,
	}}})
	defer s.Close()
	for range 3 {
		status, retryAfter, _ := ask(s.Client(), "GET", defender, "/api/incidents", "")
		fmt.Println(status, retryAfter != "")
	}
	for _, u := range s.Limits().Usage() {
		fmt.Println(u.Rule, u.Used, "of", u.Calls)
	}
	// Output:
	// 200 false
	// 200 false
	// 429 true
	// mine 2 of 2
}

// Things happen in a world, one by one or, with Config.Rate, by themselves; the
// same world lives the same life each time.
func ExampleSandbox_World_living() {
	s := open(sandbox.Config{})
	defer s.Close()
	tenant, _ := s.World().Tenant("contoso.example")
	for range 8 {
		what, err := s.World().Step(tenant.ID)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(what)
	}
	_, _, list := ask(s.Client(), "GET", graph, "/v1.0/security/incidents", "")
	fmt.Println(len(list["value"].([]any)), "incidents")
	// Output:
	// incident.updated
	// incident.updated
	// incident.reopened
	// incident.reopened
	// incident.updated
	// incident.updated
	// incident.created
	// incident.updated
	// 4 incidents
}

// The journal is the judge of a test: it has what was really asked, and what
// was carried by the token that asked.
func ExampleSandbox_Journal() {
	s := open(sandbox.Config{})
	defer s.Close()
	before := s.Journal().Seq()
	ask(s.Client(), "GET", defender, "/api/incidents?$top=2", "") // the program under test
	for _, e := range s.Journal().Since(before) {
		fmt.Println(e.Service, e.Operation, e.Status, e.Roles, e.Decision)
	}
	// Output:
	// sts token 200 [Incident.ReadWrite.All] allowed
	// xdr incidents.list 200 [Incident.ReadWrite.All] allowed
}
