package entra

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ConfigError is a value that was refused before any request was made.
type ConfigError struct {
	Field string // where the value was given, in words
	// Value is what was given, cut to a printable length; "" if it is absent
	// or must not be shown.
	Value   string
	Problem string // continues "field value …"
	Remedy  string // what to do
}

func (e *ConfigError) Error() string {
	var b strings.Builder
	b.WriteString(e.Field)
	if e.Value != "" {
		fmt.Fprintf(&b, " %q", clip(e.Value, 120))
	}
	b.WriteString(" " + e.Problem)
	if e.Remedy != "" {
		b.WriteString(": " + e.Remedy)
	}
	return b.String()
}

// Next is the remedy.
func (e *ConfigError) Next() string { return e.Remedy }

// ForeignTokenError is an answer that holds a token for something other than
// what was asked for. It is never cached and never handed on. It means that
// something between us and Microsoft Entra ID mixes up answers, or that the
// resource has a name that the request did not tell: an API of your own that
// takes tokens of version 2.0 is named there by its application id, whatever
// URI was asked for; see [Resource].
type ForeignTokenError struct {
	Tenant   TenantID // asked for
	Resource Resource // asked for
	// TokenTenant and TokenAudience are what the token says.
	TokenTenant   string
	TokenAudience string
}

func (e *ForeignTokenError) Error() string {
	if !strings.EqualFold(e.TokenTenant, string(e.Tenant)) {
		return fmt.Sprintf("token refused: asked for tenant %s, got a token of tenant %q; %s", e.Tenant, clip(e.TokenTenant, 60), e.Next())
	}
	return fmt.Sprintf("token refused: asked for audience %s, got a token for %q; %s", e.Resource.URI, clip(e.TokenAudience, 120), e.Next())
}

// Next says what to do.
func (e *ForeignTokenError) Next() string {
	if strings.EqualFold(e.TokenTenant, string(e.Tenant)) && e.Resource.Kind == ResourceOther && e.Resource.AppID == "" && isGUID(e.TokenAudience) {
		return "if that is the application id of the API, whose tokens are then of version 2.0, ask for the API by this id; else " + lookForMix
	}
	return lookForMix
}

const lookForMix = "look for a proxy or cache between this program and the login host that mixes up answers; the token was thrown away"

// AnswerError is an answer of success that cannot be understood.
type AnswerError struct {
	Host    string
	Problem string
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("answer of %s: %s; %s", e.Host, e.Problem, e.Next())
}

// Next says what to do.
func (e *AnswerError) Next() string {
	return "check that the login host is Microsoft's (or the sandbox's) and that no proxy rewrites its answers"
}

// ConnectionError is a request that got no answer.
type ConnectionError struct {
	Host string // host and port asked
	Err  error
}

func (e *ConnectionError) Error() string {
	return fmt.Sprintf("no answer from %s: %v; %s", e.Host, e.Err, e.Next())
}

// Unwrap returns the cause.
func (e *ConnectionError) Unwrap() error { return e.Err }

// Next says what to do.
func (e *ConnectionError) Next() string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case errors.As(e.Err, &unknown):
		return "the certificate's issuer is not trusted here: add the proxy's or sandbox's CA certificate to the trusted ones"
	case errors.As(e.Err, &name):
		return "the certificate is for another host: check the address and any proxy"
	}
	return "check the network, the proxy settings and the host name"
}

// CertificateProblem says what is wrong with a certificate credential.
type CertificateProblem string

// What can be wrong with a certificate credential.
const (
	CertificateExpired     CertificateProblem = "expired"
	CertificateNotYetValid CertificateProblem = "not yet valid"
	CertificateMismatch    CertificateProblem = "key does not match"
	CertificateEncrypted   CertificateProblem = "encrypted key"
	CertificatePassword    CertificateProblem = "wrong password"
	CertificateKeyType     CertificateProblem = "unsupported key"
	CertificateUnreadable  CertificateProblem = "unreadable"
	CertificateIncomplete  CertificateProblem = "incomplete"
	CertificateBadOption   CertificateProblem = "option"
)

// CertificateError is a certificate credential that cannot be used. No request
// was made.
type CertificateError struct {
	Problem CertificateProblem
	Detail  string
	Remedy  string
	// NotBefore and NotAfter are the certificate's, when it could be read.
	NotBefore, NotAfter time.Time
}

func (e *CertificateError) Error() string {
	return "certificate: " + e.Detail + ": " + e.Remedy
}

// Next is the remedy.
func (e *CertificateError) Next() string { return e.Remedy }

// clip cuts s to at most n bytes of printable text on one line.
func clip(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || (r >= 0x7f && r < 0xa0) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if len(s) <= n {
		return s
	}
	cut := n
	for cut > 0 && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return s[:cut] + "…"
}
