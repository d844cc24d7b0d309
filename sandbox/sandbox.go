// Package sandbox stands in for Microsoft on the wire: Entra's token service,
// Microsoft Graph, the Defender API and the little else that clients touch at
// sign-in, over TLS, under Microsoft's own host names, for clients that were
// told to trust it and for nobody else.
//
// The root only wires: the state is in sandbox/world, each service in a
// package of its own. Make one with [New], then [Sandbox.Start] it:
//
//	s, err := sandbox.New(sandbox.Config{})
//	...
//	if err := s.Start(); err != nil { ... }
//	defer s.Close()
//	resp, err := s.Client().Get("https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration")
//
// In a test, a sandbox lives as an httptest.Server does: end it with
// t.Cleanup(func() { s.Close() }), or keep one for many tests and take it back
// with [Sandbox.Reset]. Config.World says what there is, [Sandbox.Faults] what
// goes wrong, [Sandbox.Limits] how many calls are taken; the program under test
// gets [Sandbox.Client], or [Sandbox.Environ] when it is a process of its own;
// and [Sandbox.Journal] tells what it really did.
package sandbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenantry/tenantry/sandbox/fault"
	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/limit"
	"github.com/tenantry/tenantry/sandbox/proxy"
	"github.com/tenantry/tenantry/sandbox/token"
	"github.com/tenantry/tenantry/sandbox/world"
)

// JournalFile is the name of the journal in the sandbox's directory. Runs are
// appended to each other.
const JournalFile = "journal.ndjson"

// defaultAddr takes any free port of the loopback.
const defaultAddr = "127.0.0.1:0"

// Config says how a sandbox is to be. The zero Config is useful: the default
// world, on free loopback ports, leaving nothing behind.
type Config struct {
	// Dir keeps the certificate authority, the signing keys, the journal and
	// what foreign programs need. It is created when missing. Empty means
	// keys in memory and a temporary directory that Close removes.
	Dir string
	// World is what the sandbox pretends exists; nil means world.Default. The
	// sandbox becomes its observer, so a world belongs to one sandbox.
	World *world.World
	// Addr, ProxyAddr and ManagementAddr are host:port to listen on, for TLS,
	// for the CONNECT proxy and for the management API. Empty means any free
	// port of 127.0.0.1.
	Addr, ProxyAddr, ManagementAddr string
	// AllowNonLoopback lets Addr and ProxyAddr be reached from other machines
	// (for containers). Whoever reaches them can do everything in the world.
	// The management API stays on the loopback in any case.
	AllowNonLoopback bool
	// CertFile and KeyFile (PEM) replace the sandbox's own server certificate.
	// RootsFile, PEM too, is then what clients are told to trust.
	CertFile, KeyFile, RootsFile string
	// IssuerClient fetches the keys of issuers of federated credentials. nil
	// means a client that reaches loopback issuers and the sandbox itself and
	// refuses to go anywhere else.
	IssuerClient *http.Client
	// Faults are in force from the beginning, beside those that the world file
	// names; [Sandbox.Faults] sets and removes more.
	Faults []fault.Spec
	// Limits are how many calls the APIs take; nil means those of the world
	// file, else the published ones (limit.Published). An empty slice that is
	// not nil means none.
	Limits []limit.Rule
	// Delays are how long a consent and a new credential take to be noticed;
	// nil means what the world has, and where nothing was said
	// world.DefaultDelay each. The zero Delays mean at once.
	Delays *world.Delays
	// Rate is how many events per minute happen in the world while the sandbox
	// runs: incidents appear, change, merge and are opened again. 0 means as
	// many as the world file says, else none; below 0 none.
	Rate float64
	// OnRetiring, if set, is told of the first call to each API that Microsoft
	// is retiring, in the goroutine that answers it.
	OnRetiring func(Retiring)
	// Log gets warnings and, at debug level, remarks on connections. nil
	// means nothing is logged.
	Log *slog.Logger
	// Now is the clock of everything; nil means time.Now. A fault may set the
	// services ahead of it or back; journal and certificates keep to it.
	Now func() time.Time
}

// Sandbox is one Microsoft stand-in. Its methods are safe for concurrent use;
// those that tell addresses are of use after Start.
type Sandbox struct {
	cfg     Config
	log     *slog.Logger
	now     func() time.Time
	world   *world.World
	keys    *token.Keys
	journal *journal.Journal
	faults  *fault.Set
	file    io.Closer // the journal's file, may be nil

	authority *proxy.Authority // nil when a certificate was given
	cert      func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	roots     []byte // PEM that clients trust
	pool      *x509.CertPool
	limits    *limit.Keeper
	rules     []limit.Rule // that the sandbox began with
	services  atomic.Pointer[services]
	issuers   *http.Client // asks issuers of federated credentials
	retiring  sync.Map     // Retiring.API of those told about
	hosts     proxy.HostTable
	handler   http.Handler
	tlsAddr   atomic.Pointer[string] // of the TLS listener, for connections of our own

	resets sync.Mutex // one Reset at a time

	mu         sync.Mutex
	state      state
	dir        string // Config.Dir, or the temporary directory once started
	endpoints  Endpoints
	server     *proxy.Server
	management *http.Server
	stop       context.CancelFunc // ends streams of the management API, and what happens in the world
	managed    chan error
	lived      chan struct{} // closed when nothing happens in the world any more
	client     *http.Client
}

type state int

const (
	fresh state = iota
	running
	closed
)

// New prepares a sandbox: it reads or makes keys and certificates and wires
// the services, and listens to nothing yet. What the world holds now is what
// [Sandbox.Reset] goes back to. Wrong settings are told by a
// *[ConfigError]; keys and certificates that cannot be used by
// *proxy.AuthorityError, *proxy.CertificateError or *token.KeyFileError.
// A sandbox that is never started must still be closed.
func New(cfg Config) (_ *Sandbox, err error) {
	s := &Sandbox{cfg: cfg, log: cfg.Log, now: cfg.Now, world: cfg.World, hosts: proxy.NewHostTable()}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if err := s.checkAddrs(); err != nil {
		return nil, err
	}
	if s.world == nil {
		if s.world, err = world.Default().Build(s.now); err != nil {
			return nil, fmt.Errorf("build the default world: %w", err)
		}
	}
	if err := s.checkRate(); err != nil {
		return nil, err
	}
	if err := s.openDir(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil && s.file != nil {
			_ = s.file.Close()
		}
	}()
	if err := s.openCertificate(); err != nil {
		return nil, err
	}
	trueClock := s.now
	s.now = func() time.Time { return s.faults.Now() }
	s.faults = s.newFaults(trueClock)
	if s.keys, err = token.Load(s.cfg.Dir, s.now); err != nil {
		return nil, err
	}
	s.world.Observe(func(c world.Change) {
		s.journal.Append(journal.Event{
			Time: c.Time, Kind: journal.KindState, What: c.What,
			TenantID: c.TenantID, AppID: c.AppID, Detail: c.Detail,
		})
	})
	if err := s.openLimits(trueClock); err != nil {
		return nil, err
	}
	s.openDelays()
	s.world.Mark()
	if err := s.setFaults(); err != nil {
		return nil, err
	}
	s.issuers = s.issuerClient()
	s.services.Store(s.wire())
	s.handler = s.journal.Middleware(http.HandlerFunc(s.route))
	return s, nil
}

// openDir makes the directory and opens the journal in it.
func (s *Sandbox) openDir() error {
	if s.cfg.Dir == "" {
		s.journal = journal.New(nil, s.now)
		return nil
	}
	dir, err := filepath.Abs(s.cfg.Dir)
	if err != nil {
		return &ConfigError{"Dir", s.cfg.Dir, "is not a usable path", "give the path of a directory", err}
	}
	remedy := "choose a directory that can be written to"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return &ConfigError{"Dir", dir, "cannot be created", remedy, err}
	}
	f, err := os.OpenFile(filepath.Join(dir, JournalFile), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return &ConfigError{"Dir", dir, "cannot be written to", remedy, err}
	}
	s.cfg.Dir, s.dir, s.file = dir, dir, f
	s.journal = journal.New(f, s.now)
	return nil
}

// openCertificate takes the certificate given, or one of the own authority.
func (s *Sandbox) openCertificate() error {
	if s.cfg.CertFile == "" && s.cfg.KeyFile == "" && s.cfg.RootsFile == "" {
		a, err := proxy.OpenAuthority(s.cfg.Dir, s.now)
		if err != nil {
			return err
		}
		leaf, err := proxy.NewLeaf(a)
		if err != nil {
			return err
		}
		s.authority, s.cert, s.roots, s.pool = a, leaf.Get, a.PEM(), a.Pool()
		return nil
	}
	for _, f := range []struct{ field, value string }{{"CertFile", s.cfg.CertFile}, {"KeyFile", s.cfg.KeyFile}, {"RootsFile", s.cfg.RootsFile}} {
		if f.value == "" {
			return &ConfigError{f.field, "", "is missing", "give CertFile, KeyFile and RootsFile together, or none of them", nil}
		}
	}
	cert, err := proxy.LoadCertificate(s.cfg.CertFile, s.cfg.KeyFile, s.now())
	if err != nil {
		return err
	}
	roots, err := os.ReadFile(s.cfg.RootsFile)
	if err != nil {
		return &ConfigError{"RootsFile", s.cfg.RootsFile, "cannot be read", "give the PEM of what clients are to trust", err}
	}
	s.pool = x509.NewCertPool()
	if !s.pool.AppendCertsFromPEM(roots) {
		return &ConfigError{"RootsFile", s.cfg.RootsFile, "holds no PEM certificate", "give the PEM of what clients are to trust", nil}
	}
	var unnamed []string
	for _, h := range proxy.Hosts() {
		if cert.Leaf.VerifyHostname(h.Name) != nil {
			unnamed = append(unnamed, h.Name)
		}
	}
	if len(unnamed) > 0 {
		s.log.Warn("the given certificate does not name every host that the sandbox serves; clients will refuse those", "missing", len(unnamed), "first", unnamed[0])
	}
	s.roots = roots
	s.cert = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return cert, nil }
	return nil
}

// Start listens and serves in the background until [Sandbox.Close]. An
// address that cannot be had is told by a *[ListenError], a sandbox that runs
// in the same directory already by an *[AlreadyRunningError].
func (s *Sandbox) Start() (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != fresh {
		return errors.New("the sandbox was started before; make a new one")
	}
	if s.cfg.Dir != "" {
		if other, err := ReadEndpoints(s.cfg.Dir); err == nil && other.Alive(context.Background()) == nil {
			return &AlreadyRunningError{Dir: s.cfg.Dir, Endpoints: other}
		}
	}
	var listeners []net.Listener
	tempDir := ""
	defer func() {
		if err != nil {
			for _, l := range listeners {
				_ = l.Close()
			}
			if tempDir != "" {
				_ = os.RemoveAll(tempDir)
				s.dir = ""
			}
		}
	}()
	for _, a := range s.addrs() {
		l, err := listen(a.field, a.addr)
		if err != nil {
			return err
		}
		listeners = append(listeners, l)
	}
	if s.cfg.Dir == "" {
		if tempDir, err = os.MkdirTemp("", "tenantry-sandbox-"); err != nil {
			return &ConfigError{"Dir", os.TempDir(), "cannot hold a temporary directory", "set Dir, or TMPDIR, to a directory that can be written to", err}
		}
		s.dir = tempDir
	}
	if err := s.writeFiles(listeners); err != nil {
		return &ConfigError{"Dir", s.dir, "cannot be written to", "choose a directory that can be written to", err}
	}
	s.serve(listeners)
	s.state = running
	s.journal.Append(journal.Event{Kind: journal.KindState, What: "sandbox.started", Detail: map[string]any{"origin": s.endpoints.Origin}})
	return nil
}

// writeFiles writes what other programs read, the endpoints last: whoever
// finds them finds the rest.
func (s *Sandbox) writeFiles(l []net.Listener) error {
	caFile := filepath.Join(s.dir, proxy.CAFile)
	if s.authority == nil {
		abs, err := filepath.Abs(s.cfg.RootsFile)
		if err != nil {
			return err
		}
		caFile = abs
	} else if s.cfg.Dir == "" {
		if err := proxy.ReplaceFile(caFile, s.roots, 0o644); err != nil {
			return err
		}
	}
	if err := proxy.WriteClientFiles(s.dir, s.roots); err != nil {
		return err
	}
	s.endpoints = Endpoints{
		Origin:     "https://" + publicAddr(l[0].Addr(), "localhost"),
		Proxy:      "http://" + publicAddr(l[1].Addr(), ""),
		Management: "http://" + publicAddr(l[2].Addr(), ""),
		CAFile:     caFile,
		Dir:        s.dir,
		PID:        os.Getpid(),
		Started:    s.now().UTC().Truncate(time.Millisecond),
	}
	return s.endpoints.write()
}

func (s *Sandbox) serve(l []net.Listener) {
	tlsAddr := publicAddr(l[0].Addr(), "")
	s.tlsAddr.Store(&tlsAddr)
	s.server = proxy.New(proxy.Config{
		TLSListener: l[0], ProxyListener: l[1], Certificate: s.cert,
		Handler: s.handler, Journal: s.journal, Log: s.log,
	})
	s.server.Start()

	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	s.management = &http.Server{
		Handler: journal.Management(s.journal, journal.ManagementConfig{
			CA: s.roots, World: func() any { return viewWorld(s.world) }, More: s.managementCalls(),
			Tenant: func(text string) (string, bool) {
				t, found := s.world.Tenant(text)
				if !found {
					return "", false
				}
				return t.ID, true
			},
		}),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	managed := make(chan error, 1)
	s.managed = managed
	go func() { managed <- s.management.Serve(l[2]) }()
	s.lived = make(chan struct{})
	go s.live(ctx)

	proxyURL, _ := url.Parse(s.endpoints.Proxy) // made above
	s.client = &http.Client{Transport: &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) {
			if proxy.IsLoopback(r.URL.Hostname()) {
				return nil, nil
			}
			return proxyURL, nil
		},
		TLSClientConfig:     &tls.Config{RootCAs: s.pool, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     time.Minute,
	}}
}

// Close stops the sandbox: requests under way get a second. It removes the
// endpoints file and the temporary directory, closes the journal's file, and
// returns what went wrong meanwhile. Closing again does nothing.
func (s *Sandbox) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == closed {
		return nil
	}
	var errs []error
	if s.state == running {
		s.faults.Close() // whoever hangs must not hold the server up
		s.client.CloseIdleConnections()
		errs = append(errs, s.server.Close())
		s.issuers.CloseIdleConnections()
		s.stop()
		<-s.lived
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		if s.management.Shutdown(ctx) != nil {
			_ = s.management.Close()
		}
		cancel()
		if err := <-s.managed; !errors.Is(err, http.ErrServerClosed) {
			errs = append(errs, err)
		}
		s.journal.Append(journal.Event{Kind: journal.KindState, What: "sandbox.stopped"})
		errs = append(errs, s.endpoints.remove())
		if s.cfg.Dir == "" {
			errs = append(errs, os.RemoveAll(s.dir))
		}
	}
	s.state = closed
	errs = append(errs, s.journal.Err())
	if s.file != nil {
		errs = append(errs, s.file.Close())
	}
	return errors.Join(errs...)
}
