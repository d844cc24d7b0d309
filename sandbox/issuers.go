package sandbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/tenantry/tenantry/sandbox/proxy"
)

// issuerTimeout bounds how long a token request waits for an issuer's keys.
const issuerTimeout = 10 * time.Second

// issuerClient fetches discovery documents and keys of the issuers of
// federated credentials. Anybody who may change an application in the sandbox
// names issuers, so it goes to the loopback and to the sandbox itself only.
func (s *Sandbox) issuerClient() *http.Client {
	if s.cfg.IssuerClient != nil {
		return s.cfg.IssuerClient
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	roots.AppendCertsFromPEM(s.roots)
	dialer := &net.Dialer{Timeout: issuerTimeout}
	return &http.Client{Timeout: issuerTimeout, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			name, port := proxy.SplitHost(addr)
			if _, ok := s.hosts[name]; ok && port == "443" {
				addr = *s.tlsAddr.Load()
			} else if !proxy.IsLoopback(name) {
				return nil, fmt.Errorf("the sandbox does not fetch keys from %s: declare the issuer's JWKS in the world, or run the issuer on localhost", name)
			}
			return dialer.DialContext(ctx, network, addr)
		},
		IdleConnTimeout: time.Minute,
	}}
}
