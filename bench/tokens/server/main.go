// Command server is the token service that the clients of bench/tokens are
// measured against. It runs in a process of its own so that its work is not
// counted as theirs, and answers from tokens it made before the first request.
//
// Its inputs, all in this file: -tenants tenants whose ids tenantID makes,
// tokens of the claims in makeToken (about 1.4 kB, the size of a real one).
// Clients look at the claims of an access token for somebody else's API and
// never at its signature, so -signed of the tokens are signed with RSA-2048
// and the rest carry 256 random bytes in its place, which starts the server in
// seconds and changes nothing a client does.
//
// It speaks HTTP/1.1 over TLS with a throw-away CA. The first line of standard
// output says, as JSON, where it is and which CA to trust. It ends with its
// standard input.
package main

import (
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Settings are what POST /control sets, as JSON. A setting left out is reset.
type Settings struct {
	LatencyMS int    `json:"latencyMs"` // before every answer of the sign-in service
	RefreshIn int    `json:"refreshIn"` // refresh_in of token answers, in seconds; 0 leaves it out
	Hang      string `json:"hang"`      // the tenant whose requests are not answered while this is set
}

// Counters are what GET /counters answers: requests since the last POST /control.
type Counters struct {
	Token     int64 `json:"token"`
	Discovery int64 `json:"discovery"`
	Other     int64 `json:"other"`
}

type server struct {
	tokens [][]byte // by tenant number

	mu       sync.Mutex
	settings Settings
	released chan struct{} // closed when Settings.Hang changes

	token, discovery, other atomic.Int64
}

func main() {
	tenants := flag.Int("tenants", 100_000, "tenants with a token")
	signed := flag.Int("signed", 1000, "how many of the tokens are truly signed")
	flag.Parse()
	if err := run(*tenants, *signed); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

func run(tenants, signed int) error {
	tokens, err := makeTokens(tenants, min(signed, tenants), time.Now())
	if err != nil {
		return err
	}
	leaf, ca, err := makeCertificate()
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &server{tokens: tokens, released: make(chan struct{})}
	hs := &http.Server{Handler: s, TLSConfig: &tls.Config{Certificates: []tls.Certificate{leaf}, NextProtos: []string{"http/1.1"}}, ReadHeaderTimeout: 10 * time.Second}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{"origin": "https://localhost:" + port, "ca": ca}); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	return hs.ServeTLS(l, "", "")
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.ToLower(strings.TrimPrefix(r.URL.Path, "/"))
	switch path {
	case "control":
		s.control(w, r)
		return
	case "counters":
		_ = json.NewEncoder(w).Encode(Counters{s.token.Load(), s.discovery.Load(), s.other.Load()})
		return
	case "warm":
		// Keeps its connection busy, so that n of these at once need n of them.
		time.Sleep(100 * time.Millisecond)
		return
	}
	tenant, rest, _ := strings.Cut(path, "/")
	i, ok := tenantNumber(tenant)
	if !ok || i >= len(s.tokens) {
		s.other.Add(1)
		http.Error(w, `{"error":"invalid_tenant","error_description":"AADSTS90002: Tenant not found."}`, http.StatusBadRequest)
		return
	}
	settings, released := s.now()
	switch {
	case strings.HasSuffix(rest, "oauth2/v2.0/token") && r.Method == http.MethodPost:
		s.token.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		if !wait(r, settings, released, tenant) {
			return
		}
		writeToken(w, s.tokens[i], settings.RefreshIn)
	case strings.HasSuffix(rest, ".well-known/openid-configuration"):
		s.discovery.Add(1)
		if !wait(r, settings, released, tenant) {
			return
		}
		writeDiscovery(w, "https://"+r.Host, tenant)
	default:
		s.other.Add(1)
		http.NotFound(w, r)
	}
}

// wait is the latency, and the hang: false when the client has gone.
func wait(r *http.Request, settings Settings, released <-chan struct{}, tenant string) bool {
	if settings.Hang == tenant {
		select {
		case <-released:
		case <-r.Context().Done():
			return false
		}
	}
	if settings.LatencyMS > 0 {
		time.Sleep(time.Duration(settings.LatencyMS) * time.Millisecond)
	}
	return true
}

func (s *server) now() (Settings, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings, s.released
}

func (s *server) control(w http.ResponseWriter, r *http.Request) {
	var next Settings
	if err := json.NewDecoder(r.Body).Decode(&next); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	if next.Hang != s.settings.Hang {
		close(s.released)
		s.released = make(chan struct{})
	}
	s.settings = next
	s.mu.Unlock()
	s.token.Store(0)
	s.discovery.Store(0)
	s.other.Store(0)
}

func writeToken(w http.ResponseWriter, token []byte, refreshIn int) {
	h := w.Header()
	h["Content-Type"] = []string{"application/json; charset=utf-8"}
	h["Cache-Control"] = []string{"no-store, no-cache"}
	body := make([]byte, 0, len(token)+160)
	body = append(body, `{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,`...)
	if refreshIn > 0 {
		body = fmt.Appendf(body, `"refresh_in":%d,`, refreshIn)
	}
	body = append(body, `"access_token":"`...)
	body = append(body, token...)
	body = append(body, `"}`...)
	_, _ = w.Write(body)
}

func writeDiscovery(w http.ResponseWriter, origin, tenant string) {
	at := origin + "/" + tenant
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"token_endpoint":                        at + "/oauth2/v2.0/token",
		"authorization_endpoint":                at + "/oauth2/v2.0/authorize",
		"device_authorization_endpoint":         at + "/oauth2/v2.0/devicecode",
		"jwks_uri":                              at + "/discovery/v2.0/keys",
		"issuer":                                at + "/v2.0",
		"response_types_supported":              []string{"code", "id_token"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
	})
}
