package factory

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/wirelog"
)

// requestTimeout bounds one request with its answer. Microsoft's own slowest
// answers, hunting queries, end after three minutes; incidents are far below.
const requestTimeout = 2 * time.Minute

func (f *Factory) newHTTPClient() (*http.Client, error) {
	cfg, err := f.Config()
	if err != nil {
		return nil, err
	}
	t := http.DefaultTransport.(*http.Transport).Clone() // proxy from the environment
	t.MaxIdleConnsPerHost = 16
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	file, origin := f.Flags.CAFile, "--ca-file"
	if file == "" {
		file, origin = cfg.CAFile, "ca_file"
	}
	if file != "" {
		pool, err := caPool(file, origin)
		if err != nil {
			return nil, err
		}
		t.TLSClientConfig.RootCAs = pool
	}
	var rt http.RoundTripper = named{base: t, userAgent: f.UserAgent()}
	if w := f.TraceTo(); w != nil {
		rt = &wirelog.Transport{Base: rt, Log: w, Now: f.Now}
	}
	return &http.Client{Transport: rt, Timeout: requestTimeout, CheckRedirect: noRedirect}, nil
}

// UserAgent is how every request names its program, "tenantry/VERSION", so that
// a customer finds it in the sign-in log and Microsoft's support in theirs.
func (f *Factory) UserAgent() string {
	version, _, _ := strings.Cut(f.Version, " ") // "devel COMMIT with changes"
	version = strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f && !strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) { // a token of RFC 9110
			return r
		}
		return -1
	}, version)
	if version == "" {
		return "tenantry"
	}
	return "tenantry/" + version
}

// named puts the program's name on requests that carry none.
type named struct {
	base      http.RoundTripper
	userAgent string
}

func (n named) RoundTrip(req *http.Request) (*http.Response, error) {
	if _, given := req.Header["User-Agent"]; !given {
		req = req.Clone(req.Context()) // a RoundTripper must not change the request
		req.Header.Set("User-Agent", n.userAgent)
	}
	return n.base.RoundTrip(req)
}

// noRedirect hands back a redirect as it is: none of the APIs redirects, and a
// token must not follow one to another host.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func caPool(file, origin string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, clierr.Usage("give a readable PEM file of certificates", "%s: %v", origin, err).Because(err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, clierr.Usage("the file must hold -----BEGIN CERTIFICATE----- blocks", "%s: no certificate in %s", origin, file)
	}
	return pool, nil
}
