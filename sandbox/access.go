package sandbox

import (
	"crypto/x509"
	"net/http"

	"github.com/tenantry/tenantry/sandbox/fault"
	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/token"
	"github.com/tenantry/tenantry/sandbox/world"
)

// Endpoints returns where a started sandbox is found.
func (s *Sandbox) Endpoints() Endpoints {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.endpoints
}

// Origin is https://localhost:PORT of the TLS listener. In this authority
// mode, requests are told apart by their paths.
func (s *Sandbox) Origin() string { return s.Endpoints().Origin }

// ProxyURL is the address of the CONNECT proxy, for HTTPS_PROXY.
func (s *Sandbox) ProxyURL() string { return s.Endpoints().Proxy }

// ManagementURL is the address of the management API; see
// [journal.Management].
func (s *Sandbox) ManagementURL() string { return s.Endpoints().Management }

// CAFile is the path of the PEM that clients must trust.
func (s *Sandbox) CAFile() string { return s.Endpoints().CAFile }

// CAPool returns a pool of what clients must trust.
func (s *Sandbox) CAPool() *x509.CertPool { return s.pool.Clone() }

// Journal is the record of what was asked, answered and changed.
func (s *Sandbox) Journal() *journal.Journal { return s.journal }

// World is what the sandbox pretends exists.
func (s *Sandbox) World() *world.World { return s.world }

// Keys are the keys that the sandbox's tokens are signed with, for tests that
// rotate them.
func (s *Sandbox) Keys() *token.Keys { return s.keys }

// Faults are what the sandbox does wrong; none until one is set.
func (s *Sandbox) Faults() *fault.Set { return s.faults }

// Client returns an HTTP client that trusts the sandbox and goes through its
// proxy, so that Microsoft's host names work; nil before Start. All callers
// share it. Its idle connections are closed by Close.
func (s *Sandbox) Client() *http.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.client
}

// Environ returns base (in the form of os.Environ) with the variables that
// lead a program to this sandbox; see [EnvironFor].
func (s *Sandbox) Environ(base []string) []string { return EnvironFor(s.Endpoints(), base) }
