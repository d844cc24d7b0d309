package verify_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/verify"
)

// A partner's own API accepts tokens of its customers' tenants. The token
// service is a stand-in here; with Entra it is
// https://login.microsoftonline.com/common and entra.Clouds()[0].
func ExampleHandler() {
	const (
		contoso  = "1e6a0c4e-9f57-4d34-8d41-0d6a5f2b7c11" // a customer
		stranger = "7b0c9a52-31d8-4e0f-9f21-5d4c3b2a1900" // not a customer
		api      = "5a1e0000-1234-4abc-8def-001122334455" // the partner's API
	)
	service := newTokenService()
	defer service.Close()
	cloud, err := entra.CustomCloud("stand-in", service.URL, service.URL, service.URL, service.URL)
	if err != nil {
		log.Fatal(err)
	}

	verifier, err := verify.New(verify.Config{
		Cloud:     cloud,
		Audiences: []string{api},
		Keys:      verify.NewRemoteKeys(service.URL+"/common", service.Client(), nil),
	})
	if err != nil {
		log.Fatal(err)
	}
	customers := map[entra.TenantID]string{contoso: "Contoso"}
	protected, err := verify.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, _ := verify.FromContext(r.Context())
		fmt.Fprintf(w, "reports of %s", customers[entra.TenantID(claims.TenantID)])
	}), verify.HandlerConfig{
		Verifier: verifier,
		Allow: func(_ context.Context, tenant entra.TenantID) (bool, error) {
			_, ok := customers[tenant]
			return ok, nil
		},
		Roles: []string{"Reports.Read.All"},
		OnReject: func(_ *http.Request, no verify.Rejection) {
			var refused *verify.Error
			if errors.As(no.Err, &refused) {
				fmt.Println("  log:", refused.Rule)
			}
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(protected)
	defer server.Close()

	call := func(token string) {
		r, _ := http.NewRequest(http.MethodGet, server.URL, nil)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := server.Client().Do(r)
		if err != nil {
			log.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode == http.StatusOK {
			fmt.Println(resp.StatusCode, string(body))
			return
		}
		fmt.Println(resp.StatusCode, resp.Header.Get("WWW-Authenticate"))
	}
	call(service.token(contoso, api, "Reports.Read.All"))
	call(service.token(stranger, api, "Reports.Read.All"))
	call(service.token(contoso, api, "Reports.Read"))
	call("")
	// Output:
	// 200 reports of Contoso
	//   log: tenant.allowed
	// 401 Bearer error="invalid_token"
	//   log: roles
	// 403 Bearer error="insufficient_scope"
	// 401 Bearer
}

// tokenService signs tokens as Entra does, for the example.
type tokenService struct {
	*httptest.Server
	key *rsa.PrivateKey
}

func newTokenService() *tokenService {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		log.Fatal(err)
	}
	s := &tokenService{key: key}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		encode := base64.RawURLEncoding.EncodeToString
		json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]string{
			"kty": "RSA", "use": "sig", "kid": "k1", "issuer": s.URL + "/{tenantid}/v2.0",
			"n": encode(key.N.Bytes()), "e": encode(big.NewInt(int64(key.E)).Bytes()),
		}}})
	}))
	return s
}

func (s *tokenService) token(tenant, audience, role string) string {
	encode := base64.RawURLEncoding.EncodeToString
	now, object := time.Now().Unix(), "0b1ec700-aaaa-4bbb-8ccc-123456789abc"
	payload, err := json.Marshal(map[string]any{
		"aud": audience, "iss": s.URL + "/" + tenant + "/v2.0", "tid": tenant, "ver": "2.0", "iat": now, "nbf": now, "exp": now + 3600,
		"azp": "c0ffee00-1234-4abc-8def-001122334455", "oid": object, "sub": object, "roles": []string{role},
	})
	if err != nil {
		log.Fatal(err)
	}
	input := encode([]byte(`{"typ":"JWT","alg":"RS256","kid":"k1"}`)) + "." + encode(payload)
	digest := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPKCS1v15(nil, s.key, crypto.SHA256, digest[:])
	if err != nil {
		log.Fatal(err)
	}
	return input + "." + encode(signature)
}
