// Package proxy puts the sandbox on the wire under Microsoft's own host names:
// its certificate authority, the TLS listener that serves every name, the
// intercepting CONNECT proxy that leads clients there and refuses every other
// host, and the environment variables that point unmodified programs at it.
package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/tenantry/tenantry/sandbox/journal"
)

// Time limits of the servers. A client that stalls must not hold a connection
// for ever; an answer that is streamed has time.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = time.Minute
	writeTimeout      = 5 * time.Minute
	idleTimeout       = 2 * time.Minute
	closeGrace        = time.Second // for requests under way when the server closes
)

// maxHeader bounds an address with its headers, in bytes: several times what
// Microsoft's services take, and little enough to be kept in a journal.
const maxHeader = 128 << 10

// Config is what a [Server] needs.
type Config struct {
	// TLSListener accepts connections that speak TLS at once: authority mode,
	// and names that resolve to the sandbox. ProxyListener accepts the
	// proxy's clients. The server closes both.
	TLSListener, ProxyListener net.Listener
	// Certificate chooses the server certificate.
	Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Handler answers everything that arrives over TLS.
	Handler http.Handler
	// Journal records what the proxy refused; nil means nobody wants to know.
	Journal *journal.Journal
	// Log gets what goes wrong with connections; nil means nothing is logged.
	Log *slog.Logger
}

// Server serves TLS and the CONNECT proxy. Make it with [New].
type Server struct {
	cfg   Config
	hosts HostTable
	feed  *feed
	tls   *http.Server
	proxy *http.Server
	wg    sync.WaitGroup
	once  sync.Once
	mu    sync.Mutex
	err   error // first error of a serving goroutine
}

// New returns a server that does not serve yet.
func New(cfg Config) *Server {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: cfg, hosts: NewHostTable(), feed: newFeed(cfg.TLSListener.Addr())}
	s.tls = &http.Server{
		Handler:           cfg.Handler,
		TLSConfig:         &tls.Config{GetCertificate: cfg.Certificate, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}},
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(debugWriter{cfg.Log}, "", 0),
	}
	s.proxy = &http.Server{
		Handler:           http.HandlerFunc(s.serveProxy),
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      readTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(debugWriter{cfg.Log}, "", 0),
	}
	return s
}

// debugWriter passes net/http's remarks on connections (failed handshakes of
// clients that do not trust the certificate, mostly) to the log.
type debugWriter struct{ log *slog.Logger }

func (w debugWriter) Write(p []byte) (int, error) {
	w.log.Debug("connection", "remark", string(p))
	return len(p), nil
}

// Start begins to serve in the background.
func (s *Server) Start() {
	s.serve(func() error { return s.tls.ServeTLS(s.cfg.TLSListener, "", "") })
	s.serve(func() error { return s.tls.ServeTLS(s.feed, "", "") })
	s.serve(func() error { return s.proxy.Serve(s.cfg.ProxyListener) })
}

func (s *Server) serve(run func() error) {
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		if err := run(); err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			s.mu.Lock()
			s.err = errors.Join(s.err, err)
			s.mu.Unlock()
		}
	}()
}

// Close stops serving: listeners at once, requests under way after a second
// at most, when their contexts end and their connections are closed. It
// returns what went wrong while serving. Closing again does nothing more.
func (s *Server) Close() error {
	s.once.Do(func() {
		// Listeners first, so that nothing new arrives; Shutdown would close
		// them too, but only of those Serve was called on.
		_ = s.cfg.ProxyListener.Close()
		_ = s.cfg.TLSListener.Close()
		ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
		defer cancel()
		for _, srv := range []*http.Server{s.proxy, s.tls} {
			if srv.Shutdown(ctx) != nil {
				_ = srv.Close()
			}
		}
		s.wg.Wait()
		// A connection accepted while the servers were shutting down is known
		// to them only now.
		_ = s.proxy.Close()
		_ = s.tls.Close()
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// serveProxy answers CONNECT to the hosts of the table and refuses the rest.
func (s *Server) serveProxy(w http.ResponseWriter, r *http.Request) {
	if reason := s.judge(r); reason != "" {
		s.refuse(w, r, reason)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "CONNECT needs HTTP/1.1", http.StatusHTTPVersionNotSupported)
		return
	}
	// The limits of the proxy's own requests end here.
	_ = conn.SetDeadline(time.Time{})
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		_ = conn.Close()
		return
	}
	if n := buffered.Reader.Buffered(); n > 0 {
		early, _ := buffered.Reader.Peek(n)
		conn = &earlyConn{Conn: conn, early: append([]byte(nil), early...)}
	}
	s.feed.put(conn)
}

// judge returns why a request to the proxy is refused; empty means it is not.
func (s *Server) judge(r *http.Request) string {
	if r.Method != http.MethodConnect {
		if r.URL.Host == "" {
			return "this port is an HTTP proxy, not a web server: set HTTPS_PROXY to it"
		}
		if _, ok := s.hosts[lowerName(r.URL.Host)]; ok {
			return "plain http:// is refused; Microsoft's services are asked over https://"
		}
		return "plain http:// to other hosts is refused"
	}
	name, port := SplitHost(r.Host)
	switch {
	case IsLoopback(name):
		return "this machine's own addresses are not reached through the proxy; list them in NO_PROXY"
	case s.hosts[name].Name == "":
		return "the sandbox stands in for Microsoft's sign-in, Graph and Defender hosts only and lets nothing out to others"
	case port != "443":
		return "only port 443 of this host is answered"
	}
	return ""
}

func lowerName(host string) string {
	name, _ := SplitHost(host)
	return name
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, reason string) {
	target := r.Host
	if r.Method != http.MethodConnect && r.URL.Host != "" {
		target = r.URL.Scheme + "://" + r.URL.Host
	}
	if s.cfg.Journal != nil {
		s.cfg.Journal.Append(journal.Event{
			Kind: journal.KindRefused, Method: r.Method, Host: target, UserAgent: r.UserAgent(),
			Status: http.StatusForbidden, Decision: reason,
		})
	}
	s.cfg.Log.Warn("refused", "target", target, "reason", reason)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Connection", "close")
	w.WriteHeader(http.StatusForbidden)
	_, _ = fmt.Fprintf(w, "Tenantry sandbox refused %s %s: %s.\n", r.Method, target, reason)
}
