package sandbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/tenantry/tenantry/sandbox"
	"github.com/tenantry/tenantry/sandbox/fault"
	"github.com/tenantry/tenantry/sandbox/world"
)

const exampleWorld = `
tenants:
  - name: Northwind Security
    domains: [northwind.example]
  - name: Contoso
    domains: [contoso.example]
apps:
  - displayName: Northwind Detection
    appId: 33333333-cccc-4ccc-8ccc-333333333333
    secrets: [{name: one, value: not-a-secret}]
    requiredRoles:
      - {resource: xdr, roles: [Incident.Read.All]}
consents:
  - {tenant: contoso.example, app: Northwind Detection, roles: all}
`

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
