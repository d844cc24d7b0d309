package entra_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/tenantry/tenantry/entra"
)

// newLoginServer stands in for Microsoft Entra ID: it knows one tenant.
func newLoginServer() *httptest.Server {
	return httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tenant := strings.Split(r.URL.Path, "/")[1]
		if tenant != "11111111-aaaa-4aaa-8aaa-111111111111" {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid_client","error_description":"AADSTS7000229: The client application is missing service principal in the tenant.","error_codes":[7000229]}`)
			return
		}
		part := base64.RawURLEncoding.EncodeToString
		claims := fmt.Sprintf(`{"aud":"https://api.security.microsoft.com","tid":%q,"roles":["Incident.Read.All"],"exp":%d}`, tenant, time.Now().Add(time.Hour).Unix())
		fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3599,"access_token":"%s.%s.%s"}`, part([]byte(`{"alg":"RS256"}`)), part([]byte(claims)), part([]byte("signature")))
	}))
}

// Get a token for a customer's tenant. With a real cloud, the cloud comes from
// entra.CloudByName("public") and HTTPClient stays nil.
func ExampleTokens_Token() {
	srv := newLoginServer()
	defer srv.Close()
	cloud, err := entra.CustomCloud("example", srv.URL, srv.URL, srv.URL, srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	tokens, err := entra.NewTokens(entra.Config{
		Cloud:      cloud,
		ClientID:   "33333333-cccc-4ccc-8ccc-333333333333",
		Credential: entra.ClientSecret(entra.NewSecret("abc8Q~not-a-real-secret")),
		HTTPClient: srv.Client(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, tenant := range []entra.TenantID{"11111111-aaaa-4aaa-8aaa-111111111111", "22222222-bbbb-4bbb-8bbb-222222222222"} {
		tok, err := tokens.Token(context.Background(), tenant, cloud.Resource(entra.ResourceDefender))
		var refused *entra.Error
		switch {
		case errors.As(err, &refused):
			fmt.Println(refused.Code, refused.Action)
			fmt.Println(refused.Next())
		case err != nil:
			fmt.Println(err)
		default:
			fmt.Println(tok.Tenant, tok.Claims.Roles)
		}
	}
	// Output:
	// 11111111-aaaa-4aaa-8aaa-111111111111 [Incident.Read.All]
	// 7000229 consent
	// Send the tenant's administrator the consent link: the application has no service principal there.
}

func ExampleNewTokens_secretID() {
	cloud, _ := entra.CloudByName("public")
	_, err := entra.NewTokens(entra.Config{
		Cloud:      cloud,
		ClientID:   "33333333-cccc-4ccc-8ccc-333333333333",
		Credential: entra.ClientSecret(entra.NewSecret("77777777-aaaa-4aaa-8aaa-777777777777")),
	})
	fmt.Println(err)
	// Output:
	// client secret is a secret id instead of its value: copy the column Value, not Secret ID; it is shown only once, so add a new secret if it is lost
}

func ExampleParseError() {
	err := entra.ParseError(http.StatusTooManyRequests, http.Header{"Retry-After": {"60"}}, []byte("Too Many Requests"))
	fmt.Println(err.Action, err.RetryAfter)
	fmt.Println(err.Next())
	// Output:
	// wait 1m0s
	// Wait 1m0s and try again.
}

func ExampleSecret() {
	s := entra.NewSecret("abc8Q~not-a-real-secret")
	fmt.Printf("%v %+v %#v %s\n", s, s, s, s)
	// Output:
	// [secret] [secret] [secret] [secret]
}
