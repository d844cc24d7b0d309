package entra

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

const (
	tenantA  = TenantID("11111111-aaaa-4aaa-8aaa-111111111111")
	tenantB  = TenantID("22222222-bbbb-4bbb-8bbb-222222222222")
	clientID = "33333333-cccc-4ccc-8ccc-333333333333"
	password = "abc8Q~not-a-real-secret"
)

// start is the local time of the tests' clocks.
func start() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// clock is an injected clock.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// sleep moves the clock in place of waiting.
func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.add(d)
	return nil
}

// asked is a token request that a fake login server saw.
type asked struct {
	path string
	form url.Values
}

// login is a fake login server: answer decides, requests records.
type login struct {
	t      *testing.T
	srv    *httptest.Server
	answer func(w http.ResponseWriter, path string, form url.Values)

	mu       sync.Mutex
	requests []asked
}

func newLogin(t *testing.T, answer func(w http.ResponseWriter, path string, form url.Values)) *login {
	t.Helper()
	l := &login{t: t, answer: answer}
	l.srv = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Errorf("fake login: %v", err)
		}
		l.mu.Lock()
		l.requests = append(l.requests, asked{r.URL.Path, r.PostForm})
		l.mu.Unlock()
		l.answer(w, r.URL.Path, r.PostForm)
	}))
	t.Cleanup(l.srv.Close)
	return l
}

func (l *login) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.requests)
}

func (l *login) last() asked {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.requests) == 0 {
		l.t.Fatal("no request was made")
	}
	return l.requests[len(l.requests)-1]
}

func (l *login) cloud() Cloud {
	c, err := CustomCloud("test", l.srv.URL, l.srv.URL, l.srv.URL, l.srv.URL)
	if err != nil {
		l.t.Fatal(err)
	}
	return c
}

func (l *login) tokens(c *clock, change func(*Config)) *Tokens {
	l.t.Helper()
	cfg := Config{Cloud: l.cloud(), ClientID: clientID, Credential: ClientSecret(NewSecret(password)), HTTPClient: l.srv.Client(), Now: c.now}
	if change != nil {
		change(&cfg)
	}
	tokens, err := NewTokens(cfg)
	if err != nil {
		l.t.Fatal(err)
	}
	return tokens
}

// fakeJWT has the claims and no valid signature.
func fakeJWT(claims map[string]any) string {
	b, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + enc(b) + "." + enc([]byte("signature"))
}

func appToken(tenant TenantID, audience string, roles ...string) string {
	return fakeJWT(map[string]any{
		"aud": audience, "iss": "https://sts.windows.net/" + string(tenant) + "/", "tid": tenant,
		"appid": clientID, "oid": "44444444-dddd-4ddd-8ddd-444444444444", "roles": roles, "ver": "1.0",
		"iat": start().Unix(), "nbf": start().Unix(), "exp": start().Add(time.Hour).Unix(),
	})
}

func writeToken(w http.ResponseWriter, jwt string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":%q}`, jwt)
}

// tenantOf is the first segment of the path.
func tenantOf(path string) TenantID { return TenantID(path[1:37]) }

// healthy answers every request with the right token.
func healthy(resource Resource, roles ...string) func(http.ResponseWriter, string, url.Values) {
	return func(w http.ResponseWriter, path string, _ url.Values) {
		writeToken(w, appToken(tenantOf(path), resource.URI, roles...))
	}
}

func xdr() Resource { return Clouds()[0].Resource(ResourceDefender) }

// sharedKey is made once: an RSA key takes a noticeable part of a second.
var sharedKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func newCert(t *testing.T, key *rsa.PrivateKey, from, to time.Time) *x509.Certificate {
	t.Helper()
	tpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tenantry test"}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func goodCert(t *testing.T) *x509.Certificate {
	return newCert(t, sharedKey(), start().Add(-time.Hour), start().Add(time.Hour))
}
