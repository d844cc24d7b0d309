package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func openAuthority(t *testing.T, dir string, now func() time.Time) *Authority {
	t.Helper()
	a, err := OpenAuthority(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAuthorityIsKept(t *testing.T) {
	dir := t.TempDir()
	first := openAuthority(t, dir, nil)
	if again := openAuthority(t, dir, nil); string(again.PEM()) != string(first.PEM()) {
		t.Error("the second start made another authority")
	}
	c := first.Certificate()
	if c.Subject.CommonName != CAName || !c.IsCA || !c.MaxPathLenZero {
		t.Errorf("certificate is %v, CA %t", c.Subject, c.IsCA)
	}
	if years := time.Until(c.NotAfter).Hours() / 24 / 365; years < 9.9 || years > 10.1 {
		t.Errorf("valid for %.1f years", years)
	}
	if runtime.GOOS != "windows" {
		info, err := os.Stat(filepath.Join(dir, CAKeyFile))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("key file: %v, %v", info.Mode(), err)
		}
	}
}

func TestMemoryAuthoritiesDiffer(t *testing.T) {
	first, second := openAuthority(t, "", nil), openAuthority(t, "", nil)
	if string(first.PEM()) == string(second.PEM()) {
		t.Error("two sandboxes share a key")
	}
}

func TestUnusableAuthority(t *testing.T) {
	other := t.TempDir()
	openAuthority(t, other, nil)
	otherKey, err := os.ReadFile(filepath.Join(other, CAKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, file, problem string
		spoil               func(dir string) error
		years               int
	}{
		{"certificate missing", CAFile, "cannot be read", func(d string) error { return os.Remove(filepath.Join(d, CAFile)) }, 0},
		{"key missing", CAKeyFile, "cannot be read", func(d string) error { return os.Remove(filepath.Join(d, CAKeyFile)) }, 0},
		{"certificate is no PEM", CAFile, "no PEM certificate", func(d string) error { return os.WriteFile(filepath.Join(d, CAFile), []byte("hi"), 0o600) }, 0},
		{"certificate is broken", CAFile, "cannot be read", func(d string) error {
			return os.WriteFile(filepath.Join(d, CAFile), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{1}}), 0o600)
		}, 0},
		{"key is no PEM", CAKeyFile, "no PEM private key", func(d string) error { return os.WriteFile(filepath.Join(d, CAKeyFile), nil, 0o600) }, 0},
		{"key is broken", CAKeyFile, "cannot be read", func(d string) error {
			return os.WriteFile(filepath.Join(d, CAKeyFile), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}}), 0o600)
		}, 0},
		{"key of another", CAKeyFile, "is not the key of", func(d string) error { return os.WriteFile(filepath.Join(d, CAKeyFile), otherKey, 0o600) }, 0},
		{"expired", CAFile, "is valid from", func(string) error { return nil }, 11},
		{"not valid yet", CAFile, "is valid from", func(string) error { return nil }, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			openAuthority(t, dir, nil)
			if err := c.spoil(dir); err != nil {
				t.Fatal(err)
			}
			_, err := OpenAuthority(dir, func() time.Time { return time.Now().AddDate(c.years, 0, 0) })
			var ae *AuthorityError
			if !errors.As(err, &ae) || filepath.Base(ae.File) != c.file || !strings.Contains(ae.Problem, c.problem) || ae.Remedy == "" {
				t.Fatalf("error is %v", err)
			}
			if strings.Contains(err.Error(), "PRIVATE KEY") {
				t.Error("the error shows the file's content")
			}
		})
	}
}

func TestAuthorityInAMissingDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "no", "such")
	_, err := OpenAuthority(dir, nil)
	var ae *AuthorityError
	if !errors.As(err, &ae) || !strings.Contains(ae.Remedy, "writable") || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}

func TestLeafNamesEveryHost(t *testing.T) {
	a := openAuthority(t, "", nil)
	l, err := NewLeaf(a)
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Get(&tls.ClientHelloInfo{ServerName: "login.windows.net"})
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"localhost", "127.0.0.1", "::1"}
	for _, h := range Hosts() {
		names = append(names, h.Name)
	}
	for _, n := range names {
		if _, err := c.Leaf.Verify(x509.VerifyOptions{DNSName: n, Roots: a.Pool()}); err != nil {
			t.Errorf("%s: %v", n, err)
		}
	}
	if c.Leaf.VerifyHostname("example.com") == nil {
		t.Error("the leaf names example.com")
	}
}

func TestAuthorityCannotVouchForOthers(t *testing.T) {
	a := openAuthority(t, "", nil)
	good, err := a.issue(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		names []string
		ips   []net.IP
	}{{[]string{"bank.example"}, nil}, {[]string{"notmicrosoft.com"}, nil}, {nil, []net.IP{net.IPv4(10, 0, 0, 1)}}} {
		template := *good.Leaf
		template.DNSNames, template.IPAddresses = c.names, c.ips
		der, err := x509.CreateCertificate(nil, &template, a.cert, good.Leaf.PublicKey, a.key)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: a.Pool()}); err == nil {
			t.Errorf("a certificate for %v %v is trusted", c.names, c.ips)
		}
	}
}

func TestLeafIsRenewedInTime(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l, err := NewLeaf(openAuthority(t, "", func() time.Time { return now }))
	if err != nil {
		t.Fatal(err)
	}
	serialAfter := func(d time.Duration) string {
		now = now.Add(d)
		c, err := l.Certificate()
		if err != nil {
			t.Fatal(err)
		}
		if now.Add(leafMargin).After(c.Leaf.NotAfter) {
			t.Errorf("at %v the leaf ends at %v", now, c.Leaf.NotAfter)
		}
		return c.Leaf.SerialNumber.String()
	}
	first := serialAfter(0)
	if serialAfter(leafLifetime-leafMargin-time.Minute) != first {
		t.Error("renewed too early")
	}
	if serialAfter(2*time.Minute) == first {
		t.Error("not renewed")
	}
}

func TestLoadCertificate(t *testing.T) {
	dir := t.TempDir()
	a := openAuthority(t, dir, nil)
	// The authority's own pair is as good as any for reading.
	certFile, keyFile := filepath.Join(dir, CAFile), filepath.Join(dir, CAKeyFile)
	c, err := LoadCertificate(certFile, keyFile, time.Now())
	if err != nil || !c.Leaf.Equal(a.Certificate()) {
		t.Fatalf("got %v, %v", c, err)
	}
	other := t.TempDir()
	openAuthority(t, other, nil)
	for _, tc := range []struct {
		name, cert, key string
		now             time.Time
		problem         string
	}{
		{"no certificate", filepath.Join(dir, "none"), keyFile, time.Now(), "cannot be read"},
		{"no key", certFile, filepath.Join(dir, "none"), time.Now(), "cannot be read"},
		{"key of another", certFile, filepath.Join(other, CAKeyFile), time.Now(), "does not make a pair"},
		{"key is a certificate", certFile, certFile, time.Now(), "does not make a pair"},
		{"expired", certFile, keyFile, time.Now().AddDate(20, 0, 0), "expired on"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := LoadCertificate(tc.cert, tc.key, tc.now)
			var ce *CertificateError
			if !errors.As(err, &ce) || !strings.Contains(ce.Problem, tc.problem) || ce.Remedy == "" {
				t.Errorf("error is %v", err)
			}
		})
	}
}
