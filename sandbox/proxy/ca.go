package proxy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Names of the files an [Authority] keeps in its directory.
const (
	CAFile    = "ca.pem"     // the certificate to trust
	CAKeyFile = "ca-key.pem" // its private key, mode 0600
)

// CAName is the common name of the sandbox's certificate authority. Whoever
// meets it in a trust store should know what it is.
const CAName = "Tenantry sandbox CA – trust only for tests"

const (
	caLifetime   = 10 * 365 * 24 * time.Hour
	caMargin     = 30 * 24 * time.Hour // an authority this near its end is not used any more
	leafLifetime = 90 * 24 * time.Hour
	leafMargin   = 15 * 24 * time.Hour // a leaf this near its end is replaced
	backdate     = 24 * time.Hour      // for clients whose clock is behind
)

// Authority is the sandbox's own certificate authority. Its certificate is
// constrained to the domains of the host table and the loopback, so that it
// cannot vouch for anything else even when its key is stolen; it can vouch
// for Microsoft's names, so trust it in test programs alone.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
	now  func() time.Time
}

// AuthorityError says why the certificate authority in a directory cannot be
// used and what to do about it.
type AuthorityError struct {
	File    string
	Problem string
	Remedy  string
	Err     error // cause, may be nil
}

func (e *AuthorityError) Error() string {
	s := e.File + ": " + e.Problem
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s + " (" + e.Remedy + ")"
}

// Unwrap returns the cause.
func (e *AuthorityError) Unwrap() error { return e.Err }

// Next says in one sentence what to do about it.
func (e *AuthorityError) Next() string { return e.Remedy }

// OpenAuthority loads the certificate authority kept in dir, making it on
// first use. dir must exist; empty means in memory, new each time. now is the
// clock; nil means time.Now. Its errors are of type *[AuthorityError].
func OpenAuthority(dir string, now func() time.Time) (*Authority, error) {
	if now == nil {
		now = time.Now
	}
	if dir == "" {
		return newAuthority(now)
	}
	certFile, keyFile := filepath.Join(dir, CAFile), filepath.Join(dir, CAKeyFile)
	certPEM, certErr := os.ReadFile(certFile)
	keyPEM, keyErr := os.ReadFile(keyFile)
	switch {
	case errors.Is(certErr, fs.ErrNotExist) && errors.Is(keyErr, fs.ErrNotExist):
		return createAuthority(certFile, keyFile, now)
	case certErr != nil:
		return nil, &AuthorityError{certFile, "cannot be read", "make it readable, or remove " + keyFile + " too and a new authority is made", certErr}
	case keyErr != nil:
		return nil, &AuthorityError{keyFile, "cannot be read", "make it readable, or remove " + certFile + " too and a new authority is made", keyErr}
	}
	return parseAuthority(certFile, certPEM, keyFile, keyPEM, now)
}

func createAuthority(certFile, keyFile string, now func() time.Time) (*Authority, error) {
	a, err := newAuthority(now)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return nil, fmt.Errorf("encode the key of the sandbox's certificate authority: %w", err)
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	remedy := "make the directory writable, make room on its disk, or choose another one"
	if err := writeNew(keyFile, keyPEM, 0o600); err != nil {
		return nil, &AuthorityError{keyFile, "cannot be written", remedy, err}
	}
	if err := writeNew(certFile, a.pem, 0o644); err != nil {
		_ = os.Remove(keyFile) // a key without its certificate would stop the next start
		return nil, &AuthorityError{certFile, "cannot be written", remedy, err}
	}
	return a, nil
}

// writeNew writes a file that must not exist, all of it or nothing.
func writeNew(name string, data []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		_ = os.Remove(name)
	}
	return err
}

func newAuthority(now func() time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of the sandbox's certificate authority: %w", err)
	}
	t := now().UTC()
	template := &x509.Certificate{
		SerialNumber:                serial(),
		Subject:                     pkix.Name{CommonName: CAName, Organization: []string{"Tenantry sandbox"}},
		NotBefore:                   t.Add(-backdate),
		NotAfter:                    t.Add(caLifetime),
		IsCA:                        true,
		BasicConstraintsValid:       true,
		MaxPathLenZero:              true,
		KeyUsage:                    x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains: []string{
			"localhost", "microsoft.com", "microsoftonline.com", "windows.net", "azure.com", "azure.net",
			"microsoft.us", "microsoftonline.us", "azure.us", "usgovcloudapi.net",
		},
		PermittedIPRanges: []*net.IPNet{
			{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)},
			{IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)},
		},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make the sandbox's certificate authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read back the sandbox's certificate authority: %w", err)
	}
	return &Authority{cert: cert, key: key, pem: encodeCert(der), now: now}, nil
}

func parseAuthority(certFile string, certPEM []byte, keyFile string, keyPEM []byte, now func() time.Time) (*Authority, error) {
	renew := "remove " + certFile + " and " + keyFile + "; a new authority is made at the next start and must be trusted anew"
	block, _ := pem.Decode(certPEM)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, &AuthorityError{certFile, "holds no PEM certificate", renew, nil}
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, &AuthorityError{certFile, "holds a certificate that cannot be read", renew, err}
	}
	kb, _ := pem.Decode(keyPEM)
	if kb == nil || kb.Type != "PRIVATE KEY" {
		return nil, &AuthorityError{keyFile, "holds no PEM private key", renew, nil}
	}
	parsed, err := x509.ParsePKCS8PrivateKey(kb.Bytes)
	if err != nil {
		return nil, &AuthorityError{keyFile, "holds a key that cannot be read", renew, err}
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || !key.PublicKey.Equal(cert.PublicKey) {
		return nil, &AuthorityError{keyFile, "is not the key of " + CAFile, renew, nil}
	}
	if !cert.IsCA {
		return nil, &AuthorityError{certFile, "is not a certificate authority", renew, nil}
	}
	if t := now(); t.Before(cert.NotBefore) || t.After(cert.NotAfter.Add(-caMargin)) {
		return nil, &AuthorityError{certFile, fmt.Sprintf("is valid from %s to %s only", cert.NotBefore.Format(time.DateOnly), cert.NotAfter.Format(time.DateOnly)), renew, nil}
	}
	return &Authority{cert: cert, key: key, pem: encodeCert(block.Bytes), now: now}, nil
}

// PEM returns the authority's certificate.
func (a *Authority) PEM() []byte { return append([]byte(nil), a.pem...) }

// Certificate returns the authority's certificate; it must not be changed.
func (a *Authority) Certificate() *x509.Certificate { return a.cert }

// Pool returns a new pool that holds the authority alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func encodeCert(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// serial returns a random positive serial number of 127 bits.
func serial() *big.Int {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	b[0] &= 0x7f
	b[15] |= 1
	return new(big.Int).SetBytes(b[:])
}
