package directory_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/directory"
)

// newGraph stands in for Microsoft Graph: it registers one application.
func newGraph() *httptest.Server {
	const app = `{"id":"0b1ec700-aaaa-4bbb-8ccc-123456789abc","appId":"c0ffee00-1234-4abc-8def-001122334455","displayName":"Northwind Detection","signInAudience":"AzureADMultipleOrgs"}`
	return httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch call := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/v1.0"); call {
		case "POST /applications":
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, app)
		case "POST /servicePrincipals":
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `{"id":"5e4f1ce0-1111-4222-8333-944445555666","appId":"c0ffee00-1234-4abc-8def-001122334455","accountEnabled":true}`)
		case "POST /applications/0b1ec700-aaaa-4bbb-8ccc-123456789abc/addPassword":
			fmt.Fprint(w, `{"keyId":"6e1d0000-1111-4222-8333-944445555666","displayName":"first","hint":"abc","secretText":"abc8Q~not-a-real-secret","endDateTime":"2027-05-22T00:00:00Z"}`)
		default:
			http.Error(w, call, http.StatusNotFound)
		}
	}))
}

// Register an application as Microsoft's partner page says: one permission of
// Microsoft Threat Protection, for the tenants of others. With Graph itself the
// origin is https://graph.microsoft.com, and the token that of an administrator
// who signed in, see entra.SignInWithDeviceCode.
func ExampleClient_CreateApplication() {
	srv := newGraph()
	defer srv.Close()
	graph := directory.New(srv.URL, func(context.Context) (string, error) { return "token", nil }, srv.Client())

	ctx := context.Background()
	app, err := graph.CreateApplication(ctx, directory.NewApplication{
		DisplayName:  "Northwind Detection",
		RedirectURIs: []string{"https://portal.azure.com"},
		RequiredResources: []directory.RequiredResource{{
			ResourceAppID: entra.AppIDDefender,
			Access:        []directory.ResourceAccess{{ID: "a9790345-4595-42e4-971a-ccdc79f19b7c", Type: directory.Role}}, // Incident.Read.All
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := graph.CreateServicePrincipal(ctx, app.AppID); err != nil {
		fmt.Println(err)
		return
	}
	password, err := graph.AddPassword(ctx, app.ID, "first", time.Date(2027, 5, 22, 0, 0, 0, 0, time.UTC))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("client id:", app.AppID)
	fmt.Println("secret:", password.Secret, "until", password.End.Format(time.DateOnly)) // Secret.Reveal is its value
	// Output:
	// client id: c0ffee00-1234-4abc-8def-001122334455
	// secret: [secret] until 2027-05-22
}
