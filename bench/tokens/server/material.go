package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"strconv"
	"time"
)

// tenantID is the id of tenant number i; bench/tokens makes the same ids.
func tenantID(i int) string {
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(i)*2654435761, i)
}

// tenantNumber undoes tenantID.
func tenantNumber(id string) (int, bool) {
	if len(id) != 36 {
		return 0, false
	}
	n, err := strconv.ParseUint(id[24:], 16, 32)
	return int(n), err == nil && tenantID(int(n)) == id
}

// makeTokens makes an access token for the Defender API for each tenant, of
// the shape Microsoft Entra ID gives to an application: version 1.0, with
// claims that fill it to the usual size.
func makeTokens(n, signed int, now time.Time) ([][]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	random := mathrand.New(mathrand.NewPCG(1, 2))
	tokens := make([][]byte, n)
	for i := range tokens {
		if tokens[i], err = makeToken(i, key, i < signed, random, now); err != nil {
			return nil, err
		}
	}
	return tokens, nil
}

func makeToken(i int, key *rsa.PrivateKey, signed bool, random *mathrand.Rand, now time.Time) ([]byte, error) {
	tenant := tenantID(i)
	object := fmt.Sprintf("%08x-1111-4111-8111-%012x", uint32(i)*2246822519, i)
	opaque := func(n int) string {
		raw := make([]byte, n)
		for j := range raw {
			raw[j] = byte(random.Uint32())
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	claims, err := json.Marshal(map[string]any{
		"aud": "https://api.security.microsoft.com", "iss": "https://sts.windows.net/" + tenant + "/",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Unix() + 3599,
		"aio": opaque(32), "app_displayname": "Example partner", "appid": "aaaaaaaa-1111-4222-8333-444444444444", "appidacr": "1",
		"idp": "https://sts.windows.net/" + tenant + "/", "idtyp": "app", "oid": object, "sub": object, "tid": tenant,
		"rh": opaque(40), "uti": opaque(16), "ver": "1.0", "roles": []string{"Incident.Read.All", "AdvancedHunting.Read.All"},
		"xms_tcdt": 1600000000, "xms_ftd": opaque(32), "xms_idrel": "7 2", "xms_rd": opaque(32),
	})
	if err != nil {
		return nil, err
	}
	encode := base64.RawURLEncoding.EncodeToString
	input := encode([]byte(`{"typ":"JWT","alg":"RS256","x5t":"q-23falevZhhD3hm9CQbkP5MQyU","kid":"q-23falevZhhD3hm9CQbkP5MQyU"}`)) + "." + encode(claims)
	if !signed {
		return []byte(input + "." + opaque(256)), nil
	}
	sum := sha256.Sum256([]byte(input))
	sig, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		return nil, err
	}
	return []byte(input + "." + encode(sig)), nil
}

// makeCertificate makes a CA that signs one server certificate and is then
// forgotten. It returns the CA's certificate as PEM.
func makeCertificate() (tls.Certificate, string, error) {
	var none tls.Certificate
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return none, "", err
	}
	now := time.Now()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench/tokens throw-away CA"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return none, "", err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return none, "", err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	if err != nil {
		return none, "", err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})
	return tls.Certificate{Certificate: [][]byte{der, caDER}, PrivateKey: key}, string(text), nil
}
