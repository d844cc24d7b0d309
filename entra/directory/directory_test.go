package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/entra"
)

const applicationJSON = `{"@odata.context":"x","id":"` + objectID + `","appId":"` + appID + `","displayName":"Partner","signInAudience":"AzureADMultipleOrgs",
 "publisherDomain":"partner.example","createdDateTime":"2026-11-22T12:00:00Z","web":{"redirectUris":["https://portal.azure.com"],"implicitGrantSettings":{}},
 "publicClient":{"redirectUris":["http://localhost"]},
 "requiredResourceAccess":[{"resourceAppId":"8ee8fdad-f234-4243-8f3b-15c294843740","resourceAccess":[{"id":"` + roleID + `","type":"Role"}]}],
 "passwordCredentials":[{"keyId":"` + keyID + `","displayName":"one","hint":"abc","secretText":null,"customKeyIdentifier":null,"startDateTime":"2026-11-22T12:00:00Z","endDateTime":"2027-05-22T12:00:00.1234567Z"}],
 "keyCredentials":[]}`

func wantApplication() Application {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	return Application{
		ID: objectID, AppID: appID, DisplayName: "Partner", SignInAudience: MultiTenant, PublisherDomain: "partner.example", Created: at,
		RedirectURIs: []string{"https://portal.azure.com"}, PublicRedirectURIs: []string{"http://localhost"},
		RequiredResources:   []RequiredResource{{ResourceAppID: "8ee8fdad-f234-4243-8f3b-15c294843740", Access: []ResourceAccess{{ID: roleID, Type: Role}}}},
		PasswordCredentials: []PasswordCredential{{KeyID: keyID, DisplayName: "one", Hint: "abc", Start: at, End: time.Date(2027, 5, 22, 12, 0, 0, 123456700, time.UTC)}},
	}
}

// Every operation over TLS: what is sent, and what is made of the answer.
func TestOperations(t *testing.T) {
	end := time.Now().Add(90 * 24 * time.Hour).UTC().Truncate(time.Second)
	name := "Partner 2"
	assignmentJSON := `{"id":"as1","principalId":"` + principalID + `","resourceId":"` + resourceID + `","resourceDisplayName":"Microsoft Threat Protection","appRoleId":"` + roleID + `","createdDateTime":"2026-11-22T12:00:00Z"}`
	assignment := RoleAssignment{ID: "as1", PrincipalID: principalID, ResourceID: resourceID, ResourceName: "Microsoft Threat Protection", RoleID: roleID, Created: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	principalJSON := `{"id":"` + principalID + `","appId":"` + appID + `","displayName":"Partner","accountEnabled":true,"appOwnerOrganizationId":"` + tenantID + `","appRoles":[{"id":"` + roleID + `","value":"Incident.Read.All","displayName":"Read all incidents","isEnabled":true},{"id":"x","value":"Old","isEnabled":false}]}`
	principal := ServicePrincipal{ID: principalID, AppID: appID, DisplayName: "Partner", Enabled: true, OwnerOrganizationID: tenantID, AppRoles: []AppRole{
		{ID: roleID, Value: "Incident.Read.All", DisplayName: "Read all incidents", Enabled: true}, {ID: "x", Value: "Old"},
	}}
	federated := FederatedCredential{Name: "ci", Issuer: "https://token.actions.githubusercontent.com", Subject: "repo:a/b:ref:refs/heads/main", Audience: "api://AzureADTokenExchange"}
	federatedJSON := `{"id":"` + keyID + `","name":"ci","issuer":"https://token.actions.githubusercontent.com","subject":"repo:a/b:ref:refs/heads/main","audiences":["api://AzureADTokenExchange"],"description":null}`
	federatedRead := federated
	federatedRead.ID = keyID

	for _, tt := range []struct {
		name   string
		answer answer
		do     func(context.Context, *Client) (any, error)
		sent   seen
		want   any
	}{
		{
			name: "create application", answer: answer{status: 201, body: applicationJSON},
			do: func(ctx context.Context, c *Client) (any, error) {
				return c.CreateApplication(ctx, NewApplication{
					DisplayName: "Partner", RedirectURIs: []string{"https://portal.azure.com"}, PublicRedirectURIs: []string{"http://localhost"},
					RequiredResources: []RequiredResource{{ResourceAppID: "8ee8fdad-f234-4243-8f3b-15c294843740", Access: []ResourceAccess{{ID: roleID, Type: Role}}}},
				})
			},
			sent: seen{"POST", "/v1.0/applications", "", map[string]any{
				"displayName": "Partner", "signInAudience": "AzureADMultipleOrgs",
				"web": map[string]any{"redirectUris": []any{"https://portal.azure.com"}}, "publicClient": map[string]any{"redirectUris": []any{"http://localhost"}},
				"requiredResourceAccess": []any{map[string]any{"resourceAppId": "8ee8fdad-f234-4243-8f3b-15c294843740", "resourceAccess": []any{map[string]any{"id": roleID, "type": "Role"}}}},
			}},
			want: wantApplication(),
		},
		{
			name: "create the least application", answer: answer{status: 201, body: applicationJSON},
			do: func(ctx context.Context, c *Client) (any, error) {
				return c.CreateApplication(ctx, NewApplication{DisplayName: "P", SignInAudience: SingleTenant})
			},
			sent: seen{"POST", "/v1.0/applications", "", map[string]any{"displayName": "P", "signInAudience": "AzureADMyOrg"}},
			want: wantApplication(),
		},
		{
			name: "read by object id", answer: ok(applicationJSON),
			do:   func(ctx context.Context, c *Client) (any, error) { return c.GetApplication(ctx, objectID) },
			sent: seen{"GET", "/v1.0/applications/" + objectID, "", nil}, want: wantApplication(),
		},
		{
			name: "read by application id", answer: ok(applicationJSON),
			do:   func(ctx context.Context, c *Client) (any, error) { return c.GetApplicationByAppID(ctx, appID) },
			sent: seen{"GET", "/v1.0/applications(appId='" + appID + "')", "", nil}, want: wantApplication(),
		},
		{
			name: "list by name with an apostrophe", answer: ok(`{"value":[` + applicationJSON + `]}`),
			do: func(ctx context.Context, c *Client) (any, error) {
				return c.ListApplications(ctx, ListOptions{DisplayName: "Ada's & app", PageSize: 5})
			},
			sent: seen{"GET", "/v1.0/applications", "%24filter=displayName%20eq%20%27Ada%27%27s%20%26%20app%27&%24top=5", nil},
			want: []Application{wantApplication()},
		},
		{
			name: "update", answer: answer{status: 204},
			do: func(ctx context.Context, c *Client) (any, error) {
				return nil, c.UpdateApplication(ctx, objectID, ApplicationUpdate{DisplayName: &name, RedirectURIs: new([]string), RequiredResources: &[]RequiredResource{}})
			},
			sent: seen{"PATCH", "/v1.0/applications/" + objectID, "", map[string]any{"displayName": "Partner 2", "web": map[string]any{"redirectUris": []any{}}, "requiredResourceAccess": []any{}}},
		},
		{
			name: "delete", answer: answer{status: 204},
			do:   func(ctx context.Context, c *Client) (any, error) { return nil, c.DeleteApplication(ctx, objectID) },
			sent: seen{"DELETE", "/v1.0/applications/" + objectID, "", nil},
		},
		{
			name: "add password", answer: ok(`{"keyId":"` + keyID + `","displayName":"d","hint":"abc","secretText":"abc8Q~fake","endDateTime":"2027-01-01T00:00:00Z","startDateTime":"2026-11-22T12:00:00Z"}`),
			do: func(ctx context.Context, c *Client) (any, error) {
				p, err := c.AddPassword(ctx, objectID, "d", end)
				return p.Secret.Reveal() + " " + p.KeyID + " " + p.Hint, err
			},
			sent: seen{"POST", "/v1.0/applications/" + objectID + "/addPassword", "", map[string]any{"passwordCredential": map[string]any{"displayName": "d", "endDateTime": end.Format(time.RFC3339)}}},
			want: "abc8Q~fake " + keyID + " abc",
		},
		{
			name: "remove password", answer: answer{status: 204},
			do:   func(ctx context.Context, c *Client) (any, error) { return nil, c.RemovePassword(ctx, objectID, keyID) },
			sent: seen{"POST", "/v1.0/applications/" + objectID + "/removePassword", "", map[string]any{"keyId": keyID}},
		},
		{
			name: "add federated credential", answer: answer{status: 201, body: federatedJSON},
			do: func(ctx context.Context, c *Client) (any, error) {
				return c.AddFederatedCredential(ctx, objectID, federated)
			},
			sent: seen{"POST", "/v1.0/applications/" + objectID + "/federatedIdentityCredentials", "", map[string]any{"name": "ci", "issuer": federated.Issuer, "subject": federated.Subject, "audiences": []any{"api://AzureADTokenExchange"}}},
			want: federatedRead,
		},
		{
			name: "list federated credentials", answer: ok(`{"value":[` + federatedJSON + `]}`),
			do:   func(ctx context.Context, c *Client) (any, error) { return c.FederatedCredentials(ctx, objectID) },
			sent: seen{"GET", "/v1.0/applications/" + objectID + "/federatedIdentityCredentials", "", nil}, want: []FederatedCredential{federatedRead},
		},
		{
			name: "remove federated credential", answer: answer{status: 204},
			do: func(ctx context.Context, c *Client) (any, error) {
				return nil, c.RemoveFederatedCredential(ctx, objectID, keyID)
			},
			sent: seen{"DELETE", "/v1.0/applications/" + objectID + "/federatedIdentityCredentials/" + keyID, "", nil},
		},
		{
			name: "create service principal", answer: answer{status: 201, body: principalJSON},
			do:   func(ctx context.Context, c *Client) (any, error) { return c.CreateServicePrincipal(ctx, appID) },
			sent: seen{"POST", "/v1.0/servicePrincipals", "", map[string]any{"appId": appID}}, want: principal,
		},
		{
			name: "read service principal", answer: ok(principalJSON),
			do:   func(ctx context.Context, c *Client) (any, error) { return c.ServicePrincipalByAppID(ctx, appID) },
			sent: seen{"GET", "/v1.0/servicePrincipals(appId='" + appID + "')", "", nil}, want: principal,
		},
		{
			name: "assign role", answer: answer{status: 201, body: assignmentJSON},
			do: func(ctx context.Context, c *Client) (any, error) {
				return c.AssignRole(ctx, principalID, resourceID, roleID)
			},
			sent: seen{"POST", "/v1.0/servicePrincipals/" + resourceID + "/appRoleAssignedTo", "", map[string]any{"principalId": principalID, "resourceId": resourceID, "appRoleId": roleID}},
			want: assignment,
		},
		{
			name: "list role assignments", answer: ok(`{"value":[` + assignmentJSON + `]}`),
			do:   func(ctx context.Context, c *Client) (any, error) { return c.AppRoleAssignments(ctx, principalID) },
			sent: seen{"GET", "/v1.0/servicePrincipals/" + principalID + "/appRoleAssignments", "", nil}, want: []RoleAssignment{assignment},
		},
		{
			name: "organization", answer: ok(`{"value":[{"id":"` + tenantID + `","displayName":"Contoso","verifiedDomains":[{"name":"contoso.onmicrosoft.com","isInitial":true,"isDefault":false},{"name":"contoso.com","isDefault":true}]}]}`),
			do: func(ctx context.Context, c *Client) (any, error) {
				o, err := c.Organization(ctx)
				return fmt.Sprint(o.ID, " ", o.Name, " ", o.DefaultDomain(), " ", len(o.Domains)), err
			},
			sent: seen{"GET", "/v1.0/organization", "", nil}, want: tenantID + " Contoso contoso.com 2",
		},
		{
			name: "me", answer: ok(`{"id":"` + principalID + `","displayName":"Ada","userPrincipalName":"ada@contoso.com","mail":null}`),
			do:   func(ctx context.Context, c *Client) (any, error) { return c.Me(ctx) },
			sent: seen{"GET", "/v1.0/me", "", nil}, want: User{ID: principalID, DisplayName: "Ada", UserPrincipalName: "ada@contoso.com"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, s := tlsScripted(t, tt.answer)
			got, err := tt.do(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]seen{tt.sent}, s.got); diff != "" {
				t.Error(diff)
			}
			// The same operation, refused: always the typed error.
			c, _ = tlsScripted(t, refusal(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."))
			_, err = tt.do(t.Context(), c)
			var refused *Error
			if !errors.As(err, &refused) || refused.Status != 403 || refused.Code != codeDenied || refused.RequestID == "" || !strings.Contains(refused.Next(), "Application Administrator") {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func TestRoleID(t *testing.T) {
	p := ServicePrincipal{AppRoles: []AppRole{{ID: "1", Value: "A"}, {ID: "2", Value: "A", Enabled: true}}}
	if id, ok := p.RoleID("A"); id != "2" || !ok {
		t.Errorf("got %q, %v", id, ok)
	}
	if id, ok := p.RoleID("B"); id != "" || ok {
		t.Errorf("got %q, %v", id, ok)
	}
}

// Nothing is sent for arguments that cannot be right.
func TestRefusesInput(t *testing.T) {
	ctx := t.Context()
	federated := FederatedCredential{Name: "n", Issuer: "https://i.example", Subject: "s", Audience: "a"}
	change := func(f func(*FederatedCredential)) FederatedCredential { c := federated; f(&c); return c }
	for name, do := range map[string]func(*Client) error{
		"object id with a path":       func(c *Client) error { _, err := c.GetApplication(ctx, objectID+"/../../me"); return err },
		"application id with a quote": func(c *Client) error { _, err := c.GetApplicationByAppID(ctx, "x' or 1 eq 1"); return err },
		"empty object id":             func(c *Client) error { return c.DeleteApplication(ctx, "") },
		"no name": func(c *Client) error {
			_, err := c.CreateApplication(ctx, NewApplication{DisplayName: " "})
			return err
		},
		"permission of unknown type": func(c *Client) error {
			_, err := c.CreateApplication(ctx, NewApplication{DisplayName: "x", RequiredResources: []RequiredResource{{ResourceAppID: appID, Access: []ResourceAccess{{ID: roleID, Type: "role"}}}}})
			return err
		},
		"permission by name": func(c *Client) error {
			_, err := c.CreateApplication(ctx, NewApplication{DisplayName: "x", RequiredResources: []RequiredResource{{ResourceAppID: appID, Access: []ResourceAccess{{ID: "Incident.Read.All", Type: Role}}}}})
			return err
		},
		"update of nothing": func(c *Client) error { return c.UpdateApplication(ctx, objectID, ApplicationUpdate{}) },
		"update without name": func(c *Client) error {
			return c.UpdateApplication(ctx, objectID, ApplicationUpdate{DisplayName: new(string)})
		},
		"page size":         func(c *Client) error { _, err := c.ListApplications(ctx, ListOptions{PageSize: 1000}); return err },
		"secret that ended": func(c *Client) error { _, err := c.AddPassword(ctx, objectID, "x", time.Unix(0, 0)); return err },
		"key id":            func(c *Client) error { return c.RemovePassword(ctx, objectID, "abc") },
		"no certificate":    func(c *Client) error { _, err := c.AddKeyCredential(ctx, objectID, "x", nil); return err },
		"role id": func(c *Client) error {
			_, err := c.AssignRole(ctx, principalID, resourceID, "Incident.Read.All")
			return err
		},
		"principal id": func(c *Client) error { _, err := c.AppRoleAssignments(ctx, "x"); return err },
		"federated: http issuer": func(c *Client) error {
			_, err := c.AddFederatedCredential(ctx, objectID, change(func(f *FederatedCredential) { f.Issuer = "http://i.example" }))
			return err
		},
		"federated: empty subject": func(c *Client) error {
			_, err := c.AddFederatedCredential(ctx, objectID, change(func(f *FederatedCredential) { f.Subject = "" }))
			return err
		},
		"federated: blank in audience": func(c *Client) error {
			_, err := c.AddFederatedCredential(ctx, objectID, change(func(f *FederatedCredential) { f.Audience = "a " }))
			return err
		},
		"federated: long name": func(c *Client) error {
			_, err := c.AddFederatedCredential(ctx, objectID, change(func(f *FederatedCredential) { f.Name = strings.Repeat("n", 121) }))
			return err
		},
	} {
		c, s := scripted(t)
		err := do(c)
		var input *InputError
		if !errors.As(err, &input) || input.Field == "" || input.Next() == "" {
			t.Errorf("%s: error %v, want *InputError", name, err)
		}
		if len(s.got) != 0 {
			t.Errorf("%s: something was sent: %+v", name, s.got)
		}
	}
	for _, bad := range []string{"", "graph.example", "http://graph.example", "https://u:p@graph.example", "https://graph.example/v1.0", "https://graph.example?x"} {
		s := &script{t: t}
		_, err := New(bad, signedIn, &http.Client{Transport: s}).Me(ctx)
		var input *InputError
		if !errors.As(err, &input) || len(s.got) != 0 || strings.Contains(err.Error(), "u:p") {
			t.Errorf("origin %q: error %v", bad, err)
		}
	}
	if _, err := New(origin, nil, nil).Me(ctx); err == nil || !strings.Contains(err.Error(), "token") {
		t.Errorf("no token function: %v", err)
	}
}

func TestErrorShapes(t *testing.T) {
	html := answer{status: 200, body: "<html>", header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}}
	htmlError := html
	htmlError.status = 502
	for _, tt := range []struct {
		name          string
		answer        answer
		message, next string
	}{
		{"bad token", refusal(401, "InvalidAuthenticationToken", "Access token has expired."), "Access token has expired.", "Sign in again"},
		{"not found", notFound(), "does not exist", "Check the id"},
		{"quota", refusal(403, "Directory_QuotaExceeded", "The directory object quota limit has been exceeded."), "quota", "Application Administrator"},
		{"exists", refusal(409, "Request_MultipleObjectsWithSameKeyValue", "The service principal cannot be created, because the name is already in use."), "already in use", "exists already"},
		{"assigned", refusal(400, "Request_BadRequest", "Permission being assigned already exists on the object"), "already exists", "exists already"},
		{"bad request", refusal(400, "Request_BadRequest", "Invalid value specified for property 'x'."), "'x'", "Mend"},
		{"control characters", refusal(400, "Request_BadRequest", "a\r\nb\x1b[31m"), "a  b�[31m", "Mend"},
		{"HTML instead of an answer", html, "not the JSON document", "proxy"},
		{"HTML error of a proxy", htmlError, "HTML page", "try again later"},
		{"empty error", answer{status: 500}, "empty answer", "try again later"},
		{"text", answer{status: 418, body: "teapot"}, "not Graph's JSON", "proxy"},
		{"redirect", answer{status: 302, header: http.Header{"Location": {"/v1.0/me"}}}, "HTTP 302", "redirect"},
		{"answer without id", ok(`{}`), "no id", "proxy"},
		{"answer far too long", ok(`"` + strings.Repeat("x", maxBody) + `"`), "longer than", "proxy"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := scripted(t, tt.answer)
			_, err := c.Me(t.Context())
			var refused *Error
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.message) || !strings.Contains(refused.Next(), tt.next) {
				t.Errorf("error %v, next %q; want %q and %q", err, refused.Next(), tt.message, tt.next)
			}
		})
	}
}

func TestSecretsStayInside(t *testing.T) {
	c, _ := tlsScripted(t, ok(`{"keyId":"`+keyID+`","hint":"abc","secretText":"abc8Q~fake"}`), refusal(401, "InvalidAuthenticationToken", "no"))
	p, err := c.AddPassword(t.Context(), objectID, "d", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(p), fmt.Sprintf("%+v", p), fmt.Sprintf("%#v", p), string(raw)} {
		if strings.Contains(text, "8Q~") {
			t.Errorf("the secret is shown: %s", text)
		}
	}
	_, err = c.Me(t.Context())
	if err == nil || strings.Contains(err.Error(), bearer) {
		t.Errorf("error %v", err)
	}
	noToken := New(origin, func(context.Context) (string, error) { return "", errors.New("not signed in") }, nil)
	if _, err := noToken.Me(t.Context()); err == nil || !strings.Contains(err.Error(), "not signed in") {
		t.Errorf("error %v", err)
	}
}

func TestOrganizationRefusesOddAnswers(t *testing.T) {
	for _, body := range []string{`{"value":[]}`, `{"value":[{"id":"` + tenantID + `"},{"id":"` + tenantID + `"}]}`, `{"value":[{"id":"contoso.com"}]}`, `{"value":[7]}`} {
		c, _ := scripted(t, ok(body))
		var refused *Error
		if o, err := c.Organization(t.Context()); !errors.As(err, &refused) {
			t.Errorf("%s: %+v, %v", body, o, err)
		}
	}
	if (Organization{ID: entra.TenantID(tenantID)}).DefaultDomain() != "" {
		t.Error("a default domain out of nothing")
	}
}

func TestPaging(t *testing.T) {
	item := func(n int) string { return strings.Replace(applicationJSON, "Partner", fmt.Sprintf("app %d", n), 1) }
	page := func(n int, next string) answer {
		return ok(fmt.Sprintf(`{"value":[%s],"@odata.nextLink":%q}`, item(n), next))
	}
	t.Run("to the end", func(t *testing.T) {
		c, s := scripted(t, page(1, origin+"/v1.0/applications?$skiptoken=a"), page(2, origin+"/v1.0/applications?$skiptoken=b"), ok(`{"value":[]}`))
		all, err := c.ListApplications(t.Context(), ListOptions{})
		if err != nil || len(all) != 2 || all[1].DisplayName != "app 2" {
			t.Errorf("%+v, %v", all, err)
		}
		if s.got[2].Query != "$skiptoken=b" {
			t.Errorf("requests %+v", s.got)
		}
	})
	t.Run("stopped by the reader", func(t *testing.T) {
		c, _ := scripted(t, page(1, origin+"/v1.0/applications?$skiptoken=a"))
		for _, err := range c.Applications(t.Context(), ListOptions{}) {
			if err != nil {
				t.Error(err)
			}
			break
		}
	})
	t.Run("error on the second page ends it", func(t *testing.T) {
		c, _ := scripted(t, page(1, origin+"/v1.0/applications?$skiptoken=a"), refusal(400, "Request_BadRequest", "Directory_ExpiredPageToken"))
		items, failures := 0, 0
		for _, err := range c.Applications(t.Context(), ListOptions{}) {
			if err != nil {
				failures++
			} else {
				items++
			}
		}
		if items != 1 || failures != 1 {
			t.Errorf("%d items and %d errors", items, failures)
		}
	})
	for name, next := range map[string]string{
		"another host":        "https://evil.example/v1.0/applications",
		"host with a suffix":  "https://graph.example.evil.example/v1.0/applications",
		"another port":        "https://graph.example:444/v1.0/applications",
		"http":                "http://graph.example/v1.0/applications",
		"user before host":    "https://graph.example@evil.example/v1.0/applications",
		"user on our host":    "https://user@graph.example/v1.0/applications",
		"no scheme":           "//evil.example/v1.0/applications",
		"path alone":          "/v1.0/applications?$skiptoken=a",
		"another version":     "https://graph.example/beta/applications",
		"dots in the path":    "https://graph.example/v1.0/../beta/applications",
		"escaped dots":        "https://graph.example/v1.0/%2e%2e/beta/applications",
		"fragment":            "https://graph.example/v1.0/applications#x",
		"not a URL":           "https://graph.example/%zz",
		"internal address":    "https://169.254.169.254/v1.0/applications",
		"backslash in a host": `https://graph.example\@evil.example/v1.0/`,
	} {
		t.Run(name, func(t *testing.T) {
			c, s := scripted(t, page(1, next))
			_, err := c.ListApplications(t.Context(), ListOptions{})
			var paging *PagingError
			if !errors.As(err, &paging) || paging.Next() == "" {
				t.Errorf("error %v, want *PagingError", err)
			}
			if len(s.got) != 1 {
				t.Errorf("%d requests, want 1", len(s.got))
			}
		})
	}
	t.Run("circle", func(t *testing.T) {
		a, b := origin+"/v1.0/applications?$skiptoken=a", origin+"/v1.0/applications?$skiptoken=b"
		c, _ := scripted(t, page(1, a), page(2, b), page(3, a))
		_, err := c.ListApplications(t.Context(), ListOptions{})
		var paging *PagingError
		if !errors.As(err, &paging) || !strings.Contains(err.Error(), "circle") {
			t.Errorf("error %v", err)
		}
	})
}

// The token must not follow a redirect, not even to the same host.
func TestRedirectIsNotFollowed(t *testing.T) {
	var reached bool
	other := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer other.Close()
	srv := httptest.NewTLSServer(http.RedirectHandler(other.URL+"/v1.0/me", http.StatusTemporaryRedirect))
	defer srv.Close()
	_, err := New(srv.URL, signedIn, srv.Client()).Me(t.Context())
	var refused *Error
	if !errors.As(err, &refused) || refused.Status != 307 || reached {
		t.Errorf("error %v, reached %v", err, reached)
	}
}
