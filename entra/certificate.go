package entra

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // x5t is defined as SHA-1 (RFC 7515 §4.1.7)
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// assertionLifetime is how long a client assertion is valid. The page
// "Certificate credentials" recommends five to ten minutes.
const assertionLifetime = 10 * time.Minute

type certificate struct {
	leaf   *x509.Certificate
	signer jose.Signer
}

func newCertificate(cert *x509.Certificate, signer crypto.Signer, opts CertificateOptions) (*certificate, error) {
	if cert == nil || signer == nil {
		return nil, &CertificateError{Problem: CertificateIncomplete, Detail: "the certificate or its key is missing", Remedy: "give both"}
	}
	fail := func(p CertificateProblem, detail, remedy string) (*certificate, error) {
		return nil, &CertificateError{Problem: p, Detail: detail, Remedy: remedy, NotBefore: cert.NotBefore, NotAfter: cert.NotAfter}
	}
	public, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return fail(CertificateKeyType, fmt.Sprintf("its key is %s", cert.PublicKeyAlgorithm), "use a certificate with an RSA key; Microsoft Entra ID takes no other")
	}
	if public.N.BitLen() < 2048 {
		return fail(CertificateKeyType, fmt.Sprintf("its RSA key has %d bits", public.N.BitLen()), "use at least 2048 bits")
	}
	if !public.Equal(signer.Public()) {
		return fail(CertificateMismatch, "the private key is not the one of the certificate", "give the key that the certificate was made with")
	}
	so := (&jose.SignerOptions{}).WithType("JWT")
	var alg jose.SignatureAlgorithm
	switch opts.Algorithm {
	case "", "PS256":
		alg = jose.PS256
		sum := sha256.Sum256(cert.Raw)
		so = so.WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(sum[:]))
	case "RS256":
		alg = jose.RS256
		sum := sha1.Sum(cert.Raw) //nolint:gosec // see import
		so = so.WithHeader("x5t", base64.RawURLEncoding.EncodeToString(sum[:]))
	default:
		return fail(CertificateBadOption, fmt.Sprintf("algorithm %q is not known", opts.Algorithm), "use PS256 or RS256")
	}
	if opts.SendChain {
		chain := []string{base64.StdEncoding.EncodeToString(cert.Raw)}
		for _, c := range opts.Chain {
			if !bytes.Equal(c.Raw, cert.Raw) {
				chain = append(chain, base64.StdEncoding.EncodeToString(c.Raw))
			}
		}
		so = so.WithHeader("x5c", chain)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: opaqueKey{signer, alg}}, so)
	if err != nil {
		return fail(CertificateBadOption, "no signer can be made", err.Error())
	}
	return &certificate{leaf: cert, signer: s}, nil
}

func (*certificate) Kind() string { return "certificate" }

// check refuses the typed nil that a caller who ignores an error may pass.
func (c *certificate) check() error {
	if c == nil || c.leaf == nil {
		return &CertificateError{Problem: CertificateIncomplete, Detail: "the certificate is missing", Remedy: "give a certificate and its key"}
	}
	return nil
}

// CheckCertificate tells, before a request is made, whether a certificate
// credential can be used at the given time: the error is the
// [*CertificateError] that every request would end in. It is nil for
// credentials of other kinds.
func CheckCertificate(c Credential, now time.Time) error {
	cert, ok := c.(*certificate)
	if !ok {
		return nil
	}
	if err := cert.check(); err != nil {
		return err
	}
	return cert.inTime(now)
}

// inTime compares the certificate with the clock.
func (c *certificate) inTime(now time.Time) error {
	fail := func(p CertificateProblem, detail, remedy string) error {
		return &CertificateError{Problem: p, Detail: detail, Remedy: remedy, NotBefore: c.leaf.NotBefore, NotAfter: c.leaf.NotAfter}
	}
	switch {
	case now.After(c.leaf.NotAfter):
		return fail(CertificateExpired, "it expired on "+c.leaf.NotAfter.UTC().Format(time.RFC3339),
			"upload a new certificate to the app registration and use its key")
	case now.Before(c.leaf.NotBefore):
		return fail(CertificateNotYetValid, "it is valid only from "+c.leaf.NotBefore.UTC().Format(time.RFC3339),
			"wait, or check this computer's clock ("+now.UTC().Format(time.RFC3339)+")")
	}
	return nil
}

func (c *certificate) authenticate(_ context.Context, r proofRequest, form url.Values) error {
	if err := c.inTime(r.now); err != nil {
		return err
	}
	now := jwt.NewNumericDate(r.now)
	s, err := jwt.Signed(c.signer).Claims(jwt.Claims{
		Audience:  jwt.Audience{r.endpoint},
		Issuer:    r.clientID,
		Subject:   r.clientID,
		ID:        rand.Text(),
		NotBefore: now,
		IssuedAt:  now,
		Expiry:    jwt.NewNumericDate(r.now.Add(assertionLifetime)),
	}).Serialize()
	if err != nil {
		return fmt.Errorf("sign client assertion: %w", err)
	}
	form.Set("client_assertion_type", assertionType)
	form.Set("client_assertion", s)
	return nil
}

// opaqueKey lets go-jose sign with a key it cannot see.
type opaqueKey struct {
	signer crypto.Signer
	alg    jose.SignatureAlgorithm
}

// Public names the key for go-jose. It has no id, so that no kid header is
// written: Microsoft Entra ID finds the certificate by its thumbprint.
func (k opaqueKey) Public() *jose.JSONWebKey { return &jose.JSONWebKey{Key: k.signer.Public()} }

func (k opaqueKey) Algs() []jose.SignatureAlgorithm { return []jose.SignatureAlgorithm{k.alg} }

func (k opaqueKey) SignPayload(payload []byte, alg jose.SignatureAlgorithm) ([]byte, error) {
	sum := sha256.Sum256(payload)
	switch alg {
	case jose.PS256:
		return k.signer.Sign(rand.Reader, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
	case jose.RS256:
		return k.signer.Sign(rand.Reader, sum[:], crypto.SHA256)
	}
	return nil, errors.New("unexpected algorithm")
}
