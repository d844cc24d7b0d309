package entra

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"
)

// service is a login service without a network, for tests with fake time. Its
// answer decides; the zero answer is a good token.
type service struct {
	t      *testing.T
	delay  time.Duration
	answer func(ctx context.Context, n int, tenant TenantID, form url.Values) (status int, header http.Header, body string)

	mu       sync.Mutex
	requests []sent
}

// sent is a request that arrived.
type sent struct {
	tenant TenantID
	at     time.Time
	form   url.Values
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	tenant := tenantOf(r.URL.Path)
	s.mu.Lock()
	s.requests = append(s.requests, sent{tenant, time.Now(), r.PostForm})
	n, delay := len(s.requests), s.delay
	s.mu.Unlock()
	if err := sleep(r.Context(), delay); err != nil {
		return nil, err
	}
	status, header, body := 200, http.Header{}, goodAnswer(tenant, n, 3599, 0)
	if s.answer != nil {
		status, header, body = s.answer(r.Context(), n, tenant, r.PostForm)
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	resp := respond(status, "application/json", body)
	for k, v := range header {
		resp.Header[k] = v
	}
	return resp, nil
}

// slow changes the delay while requests may be under way.
func (s *service) slow(delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = delay
}

func (s *service) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

func (s *service) all() []sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]sent(nil), s.requests...)
}

// goodAnswer holds a token that says in uti which request it answers.
func goodAnswer(tenant TenantID, n int, expiresIn, refreshIn int64) string {
	jwt := fakeJWT(map[string]any{"aud": xdr().URI, "tid": tenant, "iss": "https://sts.windows.net/" + string(tenant) + "/", "uti": fmt.Sprint(n), "roles": []string{"Incident.Read.All"}})
	m := map[string]any{"token_type": "Bearer", "expires_in": expiresIn, "access_token": jwt}
	if refreshIn > 0 {
		m["refresh_in"] = refreshIn
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// tokens is a cache on the service. It is closed when the test ends.
func (s *service) tokens(change func(*Config)) *Tokens {
	s.t.Helper()
	cfg := Config{Cloud: Clouds()[0], ClientID: clientID, Credential: ClientSecret(NewSecret(password)), HTTPClient: &http.Client{Transport: s}}
	if change != nil {
		change(&cfg)
	}
	tokens, err := NewTokens(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := tokens.Close(); err != nil {
			s.t.Error(err)
		}
	})
	return tokens
}

// tenantNumber makes ids.
func tenantNumber(i int) TenantID {
	return TenantID(fmt.Sprintf("%08x-0000-4000-8000-000000000001", i))
}

// events collects what a Tokens reports.
type events struct {
	mu  sync.Mutex
	all []Event
}

func (e *events) add(ev Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, ev)
}

func (e *events) count(k EventKind) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, ev := range e.all {
		if ev.Kind == k {
			n++
		}
	}
	return n
}

// mustToken fails the test on an error.
func mustToken(t *testing.T, tokens *Tokens, tenant TenantID) Token {
	t.Helper()
	tok, err := tokens.Token(t.Context(), tenant, xdr())
	if err != nil {
		t.Fatal(err)
	}
	return tok
}
