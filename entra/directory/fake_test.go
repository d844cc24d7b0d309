package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

const (
	origin      = "https://graph.example"
	objectID    = "0b1ec700-aaaa-4bbb-8ccc-123456789abc"
	appID       = "c0ffee00-1234-4abc-8def-001122334455"
	principalID = "5e4f1ce0-1111-4222-8333-944445555666"
	resourceID  = "4e50c4ce-1111-4222-8333-944445555666"
	roleID      = "a9790345-4595-42e4-971a-ccdc79f19b7c"
	keyID       = "6e1d0000-1111-4222-8333-944445555666"
	tenantID    = "1e6a0c4e-9f57-4d34-8d41-0d6a5f2b7c11"
	bearer      = "bearer-value-that-must-not-leak"
)

// seen is a request that a fake received.
type seen struct {
	Method, Path, Query string
	Body                any
}

// answer is what a fake answers.
type answer struct {
	status int
	header http.Header
	body   string
}

func ok(body string) answer { return answer{status: 200, body: body} }

func refusal(status int, code, message string) answer {
	quoted, _ := json.Marshal(message)
	return answer{status: status, body: fmt.Sprintf(`{"error":{"code":%q,"message":%s,"innerError":{"date":"2026-11-22T12:00:00","request-id":"11111111-2222-4333-8444-555555555555","client-request-id":"c"}}}`, code, quoted)}
}

func notFound() answer {
	return refusal(404, "Request_ResourceNotFound", "Resource '"+objectID+"' does not exist or one of its queried reference-property objects are not present.")
}

// script answers requests in order and keeps them.
type script struct {
	t       testing.TB
	mu      sync.Mutex
	answers []answer
	got     []seen
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+bearer {
		s.t.Errorf("%s %s: Authorization %q", r.Method, r.URL, r.Header.Get("Authorization"))
	}
	raw, _ := io.ReadAll(r.Body)
	req := seen{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery}
	if len(raw) > 0 {
		if r.Header.Get("Content-Type") != "application/json" {
			s.t.Errorf("%s %s: Content-Type %q", r.Method, r.URL, r.Header.Get("Content-Type"))
		}
		if err := json.Unmarshal(raw, &req.Body); err != nil {
			s.t.Errorf("%s %s: body: %v", r.Method, r.URL, err)
		}
	}
	s.got = append(s.got, req)
	if len(s.answers) == 0 {
		s.t.Errorf("unexpected request %s %s", r.Method, r.URL)
		w.WriteHeader(http.StatusTeapot)
		return
	}
	a := s.answers[0]
	s.answers = s.answers[1:]
	w.Header().Set("Content-Type", "application/json")
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	io.WriteString(w, a.body)
}

// RoundTrip serves the script without a network, for tests under a fake clock.
func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, r)
	resp := rec.Result()
	resp.Request = r
	return resp, nil
}

func signedIn(context.Context) (string, error) { return bearer, nil }

// scripted makes a client on a script, and fails the test if answers are left.
func scripted(t testing.TB, answers ...answer) (*Client, *script) {
	t.Helper()
	s := &script{t: t, answers: answers}
	t.Cleanup(func() {
		if len(s.answers) > 0 {
			t.Errorf("%d answers were not asked for", len(s.answers))
		}
	})
	return New(origin, signedIn, &http.Client{Transport: s}), s
}

// tlsScripted is scripted over a real TLS connection.
func tlsScripted(t testing.TB, answers ...answer) (*Client, *script) {
	t.Helper()
	s := &script{t: t, answers: answers}
	srv := httptest.NewTLSServer(s)
	t.Cleanup(srv.Close)
	return New(srv.URL, signedIn, srv.Client()), s
}
