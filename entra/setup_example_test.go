package entra_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/tenantry/tenantry/entra"
)

// Turn the domain that a customer told into the id that tokens are asked for.
// With a real cloud, the cloud comes from entra.CloudByName("public") and the
// client may be nil.
func ExampleResolveTenant() {
	var srv *httptest.Server
	srv = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/contoso.com/v2.0/.well-known/openid-configuration" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_tenant","error_description":"AADSTS90002: Tenant not found.","error_codes":[90002]}`)
			return
		}
		const tenant = "11111111-aaaa-4aaa-8aaa-111111111111"
		fmt.Fprintf(w, `{"issuer":"%[1]s/%[2]s/v2.0","token_endpoint":"%[1]s/%[2]s/oauth2/v2.0/token"}`, srv.URL, tenant)
	}))
	defer srv.Close()
	cloud, err := entra.CustomCloud("example", srv.URL, srv.URL, srv.URL, srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, domain := range []string{"Contoso.com", "contosso.com"} {
		tenant, err := entra.ResolveTenant(context.Background(), srv.Client(), cloud, domain)
		var unknown *entra.TenantNotFoundError
		switch {
		case errors.As(err, &unknown):
			fmt.Println(domain, "is no tenant's")
		case err != nil:
			fmt.Println(err)
		default:
			fmt.Println(domain, "is", tenant)
		}
	}
	// Output:
	// Contoso.com is 11111111-aaaa-4aaa-8aaa-111111111111
	// contosso.com is no tenant's
}

// Sign in by a certificate and not by a secret. The text is what a file has
// that holds certificate and key.
func ExampleParseCertificatePEM() {
	text, notAfter := certificateFile()
	credential, err := entra.ParseCertificatePEM(text, entra.CertificateOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(credential.Kind())

	err = entra.CheckCertificate(credential, notAfter.Add(time.Minute))
	var unusable *entra.CertificateError
	if errors.As(err, &unusable) {
		fmt.Println(unusable.Problem)
	}

	cloud, _ := entra.CloudByName("public")
	tokens, err := entra.NewTokens(entra.Config{
		Cloud:      cloud,
		ClientID:   "33333333-cccc-4ccc-8ccc-333333333333",
		Credential: credential,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer tokens.Close()
	fmt.Println(tokens.ClientID())
	// Output:
	// certificate
	// expired
	// 33333333-cccc-4ccc-8ccc-333333333333
}

// certificateFile makes what openssl req -x509 -newkey rsa:2048 -noenc would.
func certificateFile() (text []byte, notAfter time.Time) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	notAfter = time.Now().Add(24 * time.Hour)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "partner"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: notAfter}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	text = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	return append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...), notAfter
}
