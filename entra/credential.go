package entra

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"
)

// Credential is how the application proves itself: [ClientSecret],
// [ClientCertificate], [ParseCertificatePEM], [ParseCertificatePFX],
// [FederatedAssertion] or [FederatedAssertionFile]. Credentials are safe for
// concurrent use and print nothing of what they hold.
type Credential interface {
	// Kind is "secret", "certificate" or "federated".
	Kind() string

	// check is called once by NewTokens.
	check() error
	// authenticate adds the proof to a token request's form.
	authenticate(ctx context.Context, r proofRequest, form url.Values) error
}

// proofRequest says what a proof is for.
type proofRequest struct {
	endpoint          string // the token endpoint asked, which an assertion names as its audience
	clientID          string
	federatedAudience string
	now               time.Time
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

type clientSecret struct{ secret Secret }

// ClientSecret proves the application by a client secret. [NewTokens] refuses
// an empty value and a value that is a GUID, which is the secret's id.
func ClientSecret(s Secret) Credential { return clientSecret{s} }

func (clientSecret) Kind() string { return "secret" }

func (c clientSecret) check() error {
	v := c.secret.Reveal()
	bad := func(problem, remedy string) error {
		return &ConfigError{Field: "client secret", Problem: problem, Remedy: remedy}
	}
	switch {
	case v == "":
		return bad("is empty", "give the secret's value")
	case isGUID(strings.TrimSpace(v)):
		return bad("is a secret id instead of its value", "copy the column Value, not Secret ID; it is shown only once, so add a new secret if it is lost")
	case strings.TrimSpace(v) != v:
		return bad("begins or ends with a space or line break", "remove it from the place where the secret is kept")
	}
	return nil
}

func (c clientSecret) authenticate(_ context.Context, _ proofRequest, form url.Values) error {
	form.Set("client_secret", c.secret.Reveal())
	return nil
}

// CertificateOptions change how a certificate proves the application. The zero
// value is right for Microsoft Entra ID.
type CertificateOptions struct {
	// Algorithm is "PS256" (default: x5t#S256 in the header) or "RS256" (x5t,
	// SHA-1), the older form that every version of every endpoint accepts.
	Algorithm string
	// SendChain adds the x5c header, for apps that trust a subject name and
	// issuer in place of a thumbprint.
	SendChain bool
	// Chain are the certificates that follow the leaf in x5c, leaf's issuer
	// first. ParseCertificatePEM and ParseCertificatePFX fill it when empty.
	Chain []*x509.Certificate
}

// ClientCertificate proves the application by an RSA certificate. The signer
// may keep its key elsewhere, such as in a hardware module or a vault; it is
// asked for one signature per token request and must be safe for concurrent
// use. Microsoft Entra ID takes RSA keys only, so ECDSA and Ed25519 are
// refused, as is a signer whose public key is not the certificate's. Errors are
// [*CertificateError] values. Expiry is checked at every use.
func ClientCertificate(cert *x509.Certificate, signer crypto.Signer, opts CertificateOptions) (Credential, error) {
	return asCredential(newCertificate(cert, signer, opts))
}

type federated struct {
	assertion func(ctx context.Context, audience string) (string, error)
}

// FederatedAssertion proves the application by a token of another issuer that
// the app registration trusts (a federated identity credential). The function
// is called once per token request with the audience the token should carry,
// "api://AzureADTokenExchange" in the public cloud, and must be safe for
// concurrent use.
func FederatedAssertion(assertion func(ctx context.Context, audience string) (string, error)) Credential {
	return federated{assertion}
}

// FederatedAssertionFile is FederatedAssertion with a file that something else
// keeps fresh, as Kubernetes does with a projected service account token. It
// is read at every use; surrounding white space is trimmed.
func FederatedAssertionFile(path string) Credential {
	return federated{func(context.Context, string) (string, error) {
		b, err := os.ReadFile(path)
		if err != nil {
			return "", &ConfigError{Field: "federated assertion file", Value: path, Problem: "cannot be read (" + reason(err) + ")", Remedy: "check the path and its permissions"}
		}
		s := strings.TrimSpace(string(b))
		if s == "" {
			return "", &ConfigError{Field: "federated assertion file", Value: path, Problem: "is empty", Remedy: "check what writes it"}
		}
		return s, nil
	}}
}

func (federated) Kind() string { return "federated" }

func (c federated) check() error {
	if c.assertion == nil {
		return &ConfigError{Field: "federated assertion", Problem: "has no function", Remedy: "pass a function that returns the assertion"}
	}
	return nil
}

func (c federated) authenticate(ctx context.Context, r proofRequest, form url.Values) error {
	s, err := c.assertion(ctx, r.federatedAudience)
	if err != nil {
		return fmt.Errorf("federated assertion: %w", err)
	}
	if strings.Count(s, ".") != 2 || strings.ContainsAny(s, " \t\r\n") {
		return &ConfigError{Field: "federated assertion", Problem: "is not a signed token (three parts between dots)", Remedy: "check what the function or file gives"}
	}
	form.Set("client_assertion_type", assertionType)
	form.Set("client_assertion", s)
	return nil
}

// reason is an error of the file system without the path.
func reason(err error) string {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}
