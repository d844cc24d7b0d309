package journal

import (
	"encoding/json"
	"fmt"
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
	// More are further calls, by the patterns of net/http that lead to them,
	// such as "/faults/". They answer under the same conditions as the rest.
	More map[string]http.Handler
}

// Management returns the handler of the sandbox's management port:
//
//	GET /healthz          "ok"
//	GET /journal          events as NDJSON, oldest first; since=SEQ, kind=, tenant=, service=, limit=N, follow=1
//	GET /journal/summary  counts, see [Summary]
//	GET /ca.pem           the certificate to trust
//	GET /world            tenants, applications and consents
//
// It answers only when the Host header names this machine's loopback, so that
// a web page cannot read it by pointing its own name at 127.0.0.1.
func Management(j *Journal, cfg ManagementConfig) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("GET /journal", j.serveEvents)
	mux.HandleFunc("GET /journal/summary", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, j.Summary()) })
	if cfg.CA != nil {
		mux.HandleFunc("GET /ca.pem", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-pem-file")
			_, _ = w.Write(cfg.CA)
		})
	}
	if cfg.World != nil {
		mux.HandleFunc("GET /world", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, cfg.World()) })
	}
	for pattern, h := range cfg.More {
		mux.Handle(pattern, h)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !LoopbackHost(r.Host) {
			writeError(w, http.StatusForbidden, "Host", "the management API answers only to localhost, 127.0.0.1 and [::1]")
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
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

// filter is what a reader of the journal asked for.
type filter struct {
	since                 uint64
	kind, tenant, service string
	limit                 int // 0 means no limit
	follow                bool
}

// paramError says which parameter of a management call is wrong.
type paramError struct{ Field, Problem string }

func (e *paramError) Error() string { return e.Field + ": " + e.Problem }

func parseFilter(q url.Values) (filter, error) {
	var f filter
	for name, values := range q {
		if len(values) != 1 {
			return f, &paramError{name, "is given more than once"}
		}
		v := values[0]
		switch name {
		case "since":
			n, err := strconv.ParseUint(v, 10, 64)
			if err != nil {
				return f, &paramError{name, fmt.Sprintf("%q is not the number of an event", v)}
			}
			f.since = n
		case "limit":
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 {
				return f, &paramError{name, fmt.Sprintf("%q is not a number above 0", v)}
			}
			f.limit = n
		case "follow":
			b, err := strconv.ParseBool(v)
			if err != nil {
				return f, &paramError{name, fmt.Sprintf("%q is neither 1 nor 0", v)}
			}
			f.follow = b
		case "kind":
			if v != KindRequest && v != KindState && v != KindRefused {
				return f, &paramError{name, fmt.Sprintf("%q is none of %s, %s, %s", v, KindRequest, KindState, KindRefused)}
			}
			f.kind = v
		case "tenant":
			f.tenant = v
		case "service":
			f.service = v
		default:
			return f, &paramError{name, "is not known; there are since, kind, tenant, service, limit, follow"}
		}
	}
	return f, nil
}

func (f filter) match(e *Event) bool {
	return (f.kind == "" || f.kind == e.Kind) &&
		(f.service == "" || f.service == e.Service) &&
		(f.tenant == "" || strings.EqualFold(f.tenant, e.TenantID))
}

func (j *Journal) serveEvents(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		writeError(w, http.StatusBadRequest, "query", "cannot be read")
		return
	}
	f, err := parseFilter(query)
	if err != nil {
		pe := err.(*paramError)
		writeError(w, http.StatusBadRequest, pe.Field, pe.Problem)
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
	if !send(j.Since(seq)) || !f.follow {
		return
	}
	flush := http.NewResponseController(w)
	for {
		if flush.Flush() != nil {
			return
		}
		events := j.Wait(r.Context(), seq)
		if len(events) == 0 || !send(events) {
			return
		}
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v)
}

func writeError(w http.ResponseWriter, status int, field, problem string) {
	writeJSON(w, status, map[string]any{"error": map[string]string{"field": field, "problem": problem}})
}
