package proxy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// Leaf serves the one server certificate of the sandbox, with every name of
// the host table and the loopback's names in it, and replaces it in time.
// It is safe for concurrent use.
type Leaf struct {
	authority *Authority
	mu        sync.Mutex
	current   *tls.Certificate
}

// NewLeaf issues the first server certificate. It fails when the authority
// does not cover every name of the host table.
func NewLeaf(a *Authority) (*Leaf, error) {
	l := &Leaf{authority: a}
	c, err := l.Certificate()
	if err != nil {
		return nil, err
	}
	for _, h := range Hosts() {
		if _, err := c.Leaf.Verify(x509.VerifyOptions{DNSName: h.Name, Roots: a.Pool(), CurrentTime: a.now()}); err != nil {
			return nil, &AuthorityError{CAFile, "does not cover " + h.Name, "remove " + CAFile + " and " + CAKeyFile + "; a new authority is made at the next start and must be trusted anew", err}
		}
	}
	return l, nil
}

// Certificate returns a certificate that is good for at least 15 more days.
func (l *Leaf) Certificate() (*tls.Certificate, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.authority.now()
	if l.current != nil && now.Before(l.current.Leaf.NotAfter.Add(-leafMargin)) {
		return l.current, nil
	}
	c, err := l.authority.issue(now)
	if err != nil {
		return nil, err
	}
	l.current = c
	return c, nil
}

// Get is [Leaf.Certificate] in the form of tls.Config.GetCertificate.
func (l *Leaf) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) { return l.Certificate() }

func (a *Authority) issue(now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the sandbox's server key: %w", err)
	}
	end := now.Add(leafLifetime)
	if end.After(a.cert.NotAfter) {
		end = a.cert.NotAfter
	}
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: "localhost", Organization: []string{"Tenantry sandbox"}},
		NotBefore:    now.Add(-backdate),
		NotAfter:     end,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1).To4(), net.IPv6loopback},
	}
	for _, h := range Hosts() {
		template.DNSNames = append(template.DNSNames, h.Name)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("make the sandbox's server certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read back the sandbox's server certificate: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

// CertificateError says what is wrong with a certificate that was given to be
// used instead of the sandbox's own.
type CertificateError struct {
	File    string
	Problem string
	Remedy  string
	Err     error // cause, may be nil; never shows key material
}

func (e *CertificateError) Error() string {
	s := e.File + ": " + e.Problem
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s + " (" + e.Remedy + ")"
}

// Unwrap returns the cause.
func (e *CertificateError) Unwrap() error { return e.Err }

// Next says in one sentence what to do about it.
func (e *CertificateError) Next() string { return e.Remedy }

// LoadCertificate reads a server certificate (with its chain) and key in PEM
// to use instead of the sandbox's own. An expired one is refused. Its errors
// are of type *[CertificateError].
func LoadCertificate(certFile, keyFile string, now time.Time) (*tls.Certificate, error) {
	certPEM, err := os.ReadFile(certFile)
	if err != nil {
		return nil, &CertificateError{certFile, "cannot be read", "give the path of a PEM certificate", err}
	}
	keyPEM, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, &CertificateError{keyFile, "cannot be read", "give the path of the certificate's PEM private key", err}
	}
	c, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, &CertificateError{certFile, "does not make a pair with " + keyFile, "give an unencrypted PEM key and the certificate that belongs to it", err}
	}
	if c.Leaf == nil {
		return nil, &CertificateError{certFile, "holds no certificate", "give a PEM certificate", errors.New("no leaf")}
	}
	if now.After(c.Leaf.NotAfter) {
		return nil, &CertificateError{certFile, "expired on " + c.Leaf.NotAfter.Format(time.DateOnly), "give a certificate that is still valid", nil}
	}
	return &c, nil
}
