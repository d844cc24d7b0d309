package entra

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// remoteKey is a signer whose key is out of reach, as in a vault.
type remoteKey struct {
	key  *rsa.PrivateKey
	uses int
}

func (k *remoteKey) Public() crypto.PublicKey { return k.key.Public() }

func (k *remoteKey) Sign(r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	k.uses++
	return k.key.Sign(r, digest, opts)
}

// TestAssertion verifies assertions with the standard library alone.
func TestAssertion(t *testing.T) {
	cert := goodCert(t)
	sum1, sum256 := sha1.Sum(cert.Raw), sha256.Sum256(cert.Raw)
	enc := base64.RawURLEncoding.EncodeToString
	issuer := newCert(t, sharedKey(), start(), start().Add(time.Hour))
	for _, tt := range []struct {
		name     string
		opts     CertificateOptions
		protocol Protocol
		header   map[string]any
	}{
		{"PS256", CertificateOptions{}, V2, map[string]any{"alg": "PS256", "typ": "JWT", "x5t#S256": enc(sum256[:])}},
		{"RS256", CertificateOptions{Algorithm: "RS256"}, V1, map[string]any{"alg": "RS256", "typ": "JWT", "x5t": enc(sum1[:])}},
		{"chain", CertificateOptions{SendChain: true, Chain: []*x509.Certificate{issuer}}, V2, map[string]any{
			"alg": "PS256", "typ": "JWT", "x5t#S256": enc(sum256[:]),
			"x5c": []any{base64.StdEncoding.EncodeToString(cert.Raw), base64.StdEncoding.EncodeToString(issuer.Raw)},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			key := &remoteKey{key: sharedKey()}
			cred, err := ClientCertificate(cert, key, tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			l := newLogin(t, healthy(xdr()))
			tokens := l.tokens(&clock{t: start()}, func(c *Config) { c.Credential = cred; c.Protocol = tt.protocol })
			var ids []string
			for range 2 {
				if _, err := tokens.Fresh(t.Context(), tenantA, xdr()); err != nil {
					t.Fatal(err)
				}
				form := l.last().form
				if form.Get("client_assertion_type") != assertionType || form.Has("client_secret") {
					t.Errorf("form %v", form)
				}
				ids = append(ids, checkAssertion(t, form.Get("client_assertion"), tt.header, l.srv.URL+l.last().path))
			}
			if ids[0] == ids[1] || len(ids[0]) < 20 {
				t.Errorf("jti %q, then %q", ids[0], ids[1])
			}
			if key.uses != 2 {
				t.Errorf("the signer was asked %d times, want 2", key.uses)
			}
		})
	}
}

func checkAssertion(t *testing.T, assertion string, header map[string]any, endpoint string) (jti string) {
	t.Helper()
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		t.Fatalf("assertion has %d parts", len(parts))
	}
	var gotHeader, claims map[string]any
	for i, to := range []*map[string]any{&gotHeader, &claims} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, to); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := mustJSON(gotHeader), mustJSON(header); got != want {
		t.Errorf("header %s, want %s", got, want)
	}
	jti, _ = claims["jti"].(string)
	delete(claims, "jti")
	now := start().Unix()
	want := mustJSON(map[string]any{"aud": endpoint, "iss": clientID, "sub": clientID, "nbf": now, "iat": now, "exp": now + 600})
	if got := mustJSON(claims); got != want {
		t.Errorf("claims %s, want %s", got, want)
	}
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	public := &sharedKey().PublicKey
	if header["alg"] == "PS256" {
		err = rsa.VerifyPSS(public, crypto.SHA256, sum[:], sig, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	} else {
		err = rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], sig)
	}
	if err != nil {
		t.Errorf("signature: %v", err)
	}
	return jti
}

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func problemOf(t *testing.T, err error) CertificateProblem {
	t.Helper()
	var ce *CertificateError
	if !errors.As(err, &ce) {
		t.Fatalf("error %v, want a CertificateError", err)
	}
	if ce.Next() == "" || !strings.Contains(err.Error(), ce.Detail) {
		t.Errorf("error %q lacks detail or remedy", err)
	}
	return ce.Problem
}

func TestCertificateOutsideItsTimeIsRefusedBeforeTheCall(t *testing.T) {
	for _, tt := range []struct {
		from, to time.Duration
		want     CertificateProblem
	}{
		{-2 * time.Hour, -time.Second, CertificateExpired},
		{time.Second, time.Hour, CertificateNotYetValid},
	} {
		cred, err := ClientCertificate(newCert(t, sharedKey(), start().Add(tt.from), start().Add(tt.to)), sharedKey(), CertificateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		l := newLogin(t, healthy(xdr()))
		_, err = l.tokens(&clock{t: start()}, func(c *Config) { c.Credential = cred }).Token(t.Context(), tenantA, xdr())
		if got := problemOf(t, err); got != tt.want {
			t.Errorf("problem %q, want %q", got, tt.want)
		}
		if got := problemOf(t, CheckCertificate(cred, start())); got != tt.want {
			t.Errorf("checked beforehand: problem %q, want %q", got, tt.want)
		}
		if err := CheckCertificate(cred, start().Add((tt.from+tt.to)/2)); err != nil {
			t.Errorf("in its time: %v", err)
		}
		if err := CheckCertificate(ClientSecret(NewSecret("s")), start()); err != nil {
			t.Errorf("a secret: %v", err)
		}
		if l.count() != 0 {
			t.Error("a request was made")
		}
	}
}

func TestClientCertificateRefuses(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // refused below
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, _ := ed25519.GenerateKey(rand.Reader)
	edCert := &x509.Certificate{PublicKey: edKey.Public(), PublicKeyAlgorithm: x509.Ed25519}
	for _, tt := range []struct {
		name string
		cert *x509.Certificate
		key  crypto.Signer
		opts CertificateOptions
		want CertificateProblem
	}{
		{"nothing", nil, nil, CertificateOptions{}, CertificateIncomplete},
		{"no key", goodCert(t), nil, CertificateOptions{}, CertificateIncomplete},
		{"another key", goodCert(t), other, CertificateOptions{}, CertificateMismatch},
		{"small key", newCert(t, small, start(), start().Add(time.Hour)), small, CertificateOptions{}, CertificateKeyType},
		{"Ed25519", edCert, edKey, CertificateOptions{}, CertificateKeyType},
		{"algorithm", goodCert(t), sharedKey(), CertificateOptions{Algorithm: "HS256"}, CertificateBadOption},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cred, err := ClientCertificate(tt.cert, tt.key, tt.opts)
			if got := problemOf(t, err); got != tt.want {
				t.Errorf("problem %q, want %q", got, tt.want)
			}
			if cred != nil {
				t.Error("a credential beside the error")
			}
		})
	}
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func TestParseCertificatePEM(t *testing.T) {
	key := sharedKey()
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecSEC1, _ := x509.MarshalECPrivateKey(ec)
	ecPKCS8, _ := x509.MarshalPKCS8PrivateKey(ec)
	cert := block("CERTIFICATE", goodCert(t).Raw)
	otherCert := block("CERTIFICATE", newCert(t, other, start(), start().Add(time.Hour)).Raw)
	p8, p1 := block("PRIVATE KEY", pkcs8), block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))

	for name, text := range map[string]string{
		"PKCS 8":              cert + p8,
		"PKCS 1, key first":   p1 + cert,
		"leaf after its root": otherCert + p8 + cert,
		"text around":         "Bag Attributes\n  localKeyID: 01\n" + p8 + "subject=CN = x\n" + cert,
	} {
		cred, err := ParseCertificatePEM([]byte(text), CertificateOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		form := url.Values{}
		if err := cred.authenticate(context.Background(), proofRequest{now: start()}, form); err != nil || form.Get("client_assertion") == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	legacy := "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"
	for _, tt := range []struct {
		name, text string
		want       CertificateProblem
	}{
		{"empty", "", CertificateUnreadable},
		{"no PEM", "hello", CertificateUnreadable},
		{"encrypted PKCS 8", cert + block("ENCRYPTED PRIVATE KEY", pkcs8), CertificateEncrypted},
		{"encrypted the old way", cert + legacy, CertificateEncrypted},
		{"no key", cert, CertificateIncomplete},
		{"no certificate", p8, CertificateIncomplete},
		{"two keys", cert + p8 + p1, CertificateIncomplete},
		{"mismatch", otherCert + p8, CertificateMismatch},
		{"EC", cert + block("EC PRIVATE KEY", ecSEC1), CertificateKeyType},
		{"EC in PKCS 8", cert + block("PRIVATE KEY", ecPKCS8), CertificateKeyType},
		{"broken certificate", block("CERTIFICATE", []byte("x")) + p8, CertificateUnreadable},
		{"broken key", cert + block("PRIVATE KEY", []byte("x")), CertificateUnreadable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseCertificatePEM([]byte(tt.text), CertificateOptions{})
			if got := problemOf(t, err); got != tt.want {
				t.Errorf("problem %q, want %q: %v", got, tt.want, err)
			}
			if strings.Contains(err.Error(), "MII") {
				t.Error("the error shows the file")
			}
		})
	}
}

func TestParseCertificatePFX(t *testing.T) {
	cert := goodCert(t)
	pfx, err := pkcs12.Modern.Encode(sharedKey(), cert, nil, "right")
	if err != nil {
		t.Fatal(err)
	}
	old, err := pkcs12.LegacyDES.Encode(sharedKey(), cert, nil, "right")
	if err != nil {
		t.Fatal(err)
	}
	ec, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ecPFX, err := pkcs12.Modern.Encode(ec, cert, nil, "right")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{pfx, old} {
		cred, err := ParseCertificatePFX(b, NewSecret("right"), CertificateOptions{})
		if err != nil || cred.Kind() != "certificate" {
			t.Errorf("good PFX: %v", err)
		}
	}
	for _, tt := range []struct {
		name     string
		pfx      []byte
		password string
		want     CertificateProblem
	}{
		{"wrong password", pfx, "wrong", CertificatePassword},
		{"no password", pfx, "", CertificatePassword},
		{"truncated", pfx[:len(pfx)/2], "right", CertificateUnreadable},
		{"empty", nil, "", CertificateUnreadable},
		{"PEM", []byte(block("CERTIFICATE", cert.Raw)), "", CertificateUnreadable},
		{"base64", []byte(base64.StdEncoding.EncodeToString(pfx)), "right", CertificateUnreadable},
		{"a bare certificate", cert.Raw, "right", CertificateUnreadable},
		{"EC key", ecPFX, "right", CertificateKeyType},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseCertificatePFX(tt.pfx, NewSecret(tt.password), CertificateOptions{})
			if got := problemOf(t, err); got != tt.want {
				t.Errorf("problem %q, want %q: %v", got, tt.want, err)
			}
		})
	}
	if _, err := ParseCertificatePEM(pfx, CertificateOptions{}); err == nil || !strings.Contains(err.Error(), "PFX") {
		t.Errorf("PFX given as PEM: %v", err)
	}
}

func FuzzParseCertificate(f *testing.F) {
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"))
	f.Add([]byte("0\x82\x01\x00\x02\x01\x03"))
	f.Add([]byte("0\x84\x02\x01\x03"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, err := range []error{second(ParseCertificatePEM(b, CertificateOptions{})), second(ParseCertificatePFX(b, NewSecret("x"), CertificateOptions{}))} {
			var ce *CertificateError
			if err != nil && !errors.As(err, &ce) {
				t.Errorf("error %T", err)
			}
		}
	})
}

func second(_ Credential, err error) error { return err }

func TestFederated(t *testing.T) {
	l := newLogin(t, healthy(xdr()))
	path := filepath.Join(t.TempDir(), "token")
	write := func(s string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tokens := l.tokens(&clock{t: start()}, func(c *Config) { c.Credential = FederatedAssertionFile(path) })
	for _, content := range []string{"first.a.b\n", "second.a.b\r\n"} { // re-read on every use
		write(content)
		if _, err := tokens.Fresh(t.Context(), tenantA, xdr()); err != nil {
			t.Fatal(err)
		}
		if got := l.last().form.Get("client_assertion"); got != strings.TrimSpace(content) {
			t.Errorf("assertion %q, want %q", got, strings.TrimSpace(content))
		}
	}
	sent := l.count()
	for _, content := range []string{"", " \n", "no token", "a.b", "a.b\n.c"} {
		write(content)
		_, err := tokens.Fresh(t.Context(), tenantA, xdr())
		var ce *ConfigError
		if !errors.As(err, &ce) {
			t.Errorf("%q: error %v", content, err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := tokens.Fresh(t.Context(), tenantA, xdr()); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("missing file: %v", err)
	}
	if l.count() != sent {
		t.Error("a request was made without an assertion")
	}

	var audience string
	tokens = l.tokens(&clock{t: start()}, func(c *Config) {
		c.Cloud.FederatedAudience = "api://AzureADTokenExchangeUSGov"
		c.Credential = FederatedAssertion(func(_ context.Context, a string) (string, error) { audience = a; return "x.y.z", nil })
	})
	if _, err := tokens.Token(t.Context(), tenantA, xdr()); err != nil || audience != "api://AzureADTokenExchangeUSGov" {
		t.Errorf("audience %q: %v", audience, err)
	}
	broken := errors.New("issuer is down")
	tokens = l.tokens(&clock{t: start()}, func(c *Config) {
		c.Credential = FederatedAssertion(func(context.Context, string) (string, error) { return "", broken })
	})
	if _, err := tokens.Token(t.Context(), tenantA, xdr()); !errors.Is(err, broken) {
		t.Errorf("error %v, want the callback's", err)
	}
}
