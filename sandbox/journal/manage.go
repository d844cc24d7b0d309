package journal

import (
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// ManagementConfig is what the management API shows beside the journal.
type ManagementConfig struct {
	// CA is the PEM of the certificate that clients must trust; nil means the
	// sandbox has none of its own and /ca.pem is not found.
	CA []byte
	// World returns what /world shows, without secrets; nil means not found.
	World func() any
	// Tenant finds a tenant's id by what people call it, such as a domain, for
	// the filter tenant; nil means that only ids are known.
	Tenant func(text string) (id string, found bool)
	// More are further calls, by the patterns of net/http that lead to them,
	// such as "/faults/". They answer under the same conditions as the rest.
	More map[string]http.Handler
}

// Management returns the handler of the sandbox's management port:
//
//	GET /healthz          "ok"
//	GET /journal          events as NDJSON, oldest first; since=SEQ, limit=N, last=N, follow=1, and what they
//	                      must be: kind=, tenant=, app=, service=, operation=, status=, decision=, what=
//	DELETE /journal       forgets them, see [Journal.Clear]; {"removed": N}
//	GET /journal/summary  counts, see [Summary]
//	GET /ca.pem           the certificate to trust
//	GET /world            tenants, applications and consents
//
// It answers only when the Host header names this machine's loopback, so that
// a web page cannot read it by pointing its own name at 127.0.0.1, and changes
// nothing for web pages of other origins.
func Management(j *Journal, cfg ManagementConfig) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("GET /journal", func(w http.ResponseWriter, r *http.Request) { j.serveEvents(w, r, cfg.Tenant) })
	mux.HandleFunc("DELETE /journal", func(w http.ResponseWriter, _ *http.Request) {
		Answer(w, http.StatusOK, map[string]int{"removed": j.Clear()})
	})
	mux.HandleFunc("GET /journal/summary", func(w http.ResponseWriter, _ *http.Request) { Answer(w, http.StatusOK, j.Summary()) })
	if cfg.CA != nil {
		mux.HandleFunc("GET /ca.pem", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-pem-file")
			_, _ = w.Write(cfg.CA)
		})
	}
	if cfg.World != nil {
		mux.HandleFunc("GET /world", func(w http.ResponseWriter, _ *http.Request) { Answer(w, http.StatusOK, cfg.World()) })
	}
	for pattern, h := range cfg.More {
		mux.Handle(pattern, h)
	}
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		Refuse(w, http.StatusForbidden, Problem{"Origin", "is another web page's", "ask from a program, not from a web page"})
	}))
	guarded := cross.Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !LoopbackHost(r.Host) {
			Refuse(w, http.StatusForbidden, Problem{"Host", "the management API answers only to localhost, 127.0.0.1 and [::1]", "ask it by one of these names"})
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		guarded.ServeHTTP(w, r)
	})
}

// LoopbackHost says whether a Host header, with or without a port, names the
// loopback: localhost or a literal loopback address.
func LoopbackHost(host string) bool {
	if h, port, err := net.SplitHostPort(host); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return false
		}
		host = h
	} else {
		host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Zone() == "" && ip.IsLoopback()
}

func (j *Journal) serveEvents(w http.ResponseWriter, r *http.Request, tenant func(string) (string, bool)) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		Refuse(w, http.StatusBadRequest, Problem{"query", "cannot be read", "escape it as a URL's query"})
		return
	}
	f, problems := parseFilter(query)
	if tenant != nil && f.tenant != "" {
		id, found := tenant(f.tenant)
		switch {
		case found:
			f.tenant = id
		case !looksLikeID(f.tenant): // an id may be one of a world that was before
			problems = append(problems, Problem{"tenant", strconv.Quote(f.tenant) + " is not a tenant of the world", "name a tenant of the world by id or domain"})
		}
	}
	if len(problems) > 0 {
		Refuse(w, http.StatusBadRequest, problems...)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	sent, seq := 0, f.since
	send := func(events []Event) bool {
		for i := range events {
			seq = events[i].Seq
			if !f.match(&events[i]) {
				continue
			}
			if enc.Encode(&events[i]) != nil {
				return false
			}
			if sent++; sent == f.limit {
				return false
			}
		}
		return true
	}
	events := j.Since(seq)
	if f.last > 0 {
		events = f.newest(events)
	}
	if !send(events) || !f.follow {
		return
	}
	flush := http.NewResponseController(w)
	for {
		if flush.Flush() != nil {
			return
		}
		events = j.Wait(r.Context(), seq)
		if len(events) == 0 || !send(events) {
			return
		}
	}
}

// looksLikeID tells ids of tenants from domains and names.
func looksLikeID(text string) bool {
	const form = "00000000-0000-0000-0000-000000000000"
	if len(text) != len(form) {
		return false
	}
	for i := range form {
		if dash := form[i] == '-'; dash != (text[i] == '-') || !dash && !strings.ContainsRune("0123456789abcdefABCDEF", rune(text[i])) {
			return false
		}
	}
	return true
}

// Answer writes the answer to a management call as JSON that people can read.
func Answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v) // the caller may have gone
}

// Problem is one thing wrong with a management call.
type Problem struct {
	Field   string `json:"field"` // parameter, member or header
	Problem string `json:"problem"`
	Remedy  string `json:"remedy"`
}

// Refuse answers a management call with what is wrong with it: {"error": the
// first problem, "problems": all of them}.
func Refuse(w http.ResponseWriter, status int, problems ...Problem) {
	Answer(w, status, map[string]any{"error": problems[0], "problems": problems})
}
