package cli_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"software.sslmate.com/src/go-pkcs12"
)

// makecreds writes credentials for a script into the current directory:
// cert.pem, app.pem (with its key), app.pfx (password "pfx"), expired.pem (with
// its key), and jwks.json with assertion.jwt of a foreign issuer.
func makecreds() int {
	if err := writeCredentials(time.Now()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func writeCredentials(now time.Time) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	good, goodPEM, err := selfSigned(key, now.Add(-time.Hour), now.Add(24*time.Hour))
	if err != nil {
		return err
	}
	_, expiredPEM, err := selfSigned(key, now.Add(-48*time.Hour), now.Add(-24*time.Hour))
	if err != nil {
		return err
	}
	pfx, err := pkcs12.Modern.Encode(key, good, nil, "pfx")
	if err != nil {
		return err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "foreign"}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return err
	}
	assertion, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: "https://issuer.example", Subject: "tenantry-test", Audience: jwt.Audience{"api://AzureADTokenExchange"},
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(time.Hour)), ID: "1",
	}).Serialize()
	if err != nil {
		return err
	}
	jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "foreign", Algorithm: "RS256", Use: "sig"}}})
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{
		"cert.pem": goodPEM, "app.pem": append(goodPEM, keyPEM...), "app.pfx": pfx, "expired.pem": append(expiredPEM, keyPEM...),
		"jwks.json": jwks, "assertion.jwt": []byte(assertion + "\n"),
	} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func selfSigned(key *rsa.PrivateKey, from, to time.Time) (*x509.Certificate, []byte, error) {
	template := &x509.Certificate{SerialNumber: big.NewInt(from.Unix()), Subject: pkix.Name{CommonName: "tenantry test"}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), err
}
