package verify

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/entra"
)

// open is a configuration that lets the good tokens of tenantA in.
func open(t testing.TB) HandlerConfig {
	return HandlerConfig{Verifier: verifier(t, config(t)), Roles: []string{"Incident.Read.All"}, Scopes: []string{"Incident.Read"}}
}

func handler(t testing.TB, c HandlerConfig) http.Handler {
	t.Helper()
	h, err := Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, ok := FromContext(r.Context())
		if !ok {
			t.Error("let through without claims")
		}
		io.WriteString(w, claims.Principal())
	}), c)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHandlerAnswers(t *testing.T) {
	token := appV1().token()
	both := func(values ...string) http.Header { return http.Header{"Authorization": values} }
	unsure := func(c *HandlerConfig) {
		c.Allow = func(context.Context, entra.TenantID) (bool, error) { return false, errors.New("database is away") }
	}
	for _, tt := range []struct {
		name      string
		header    http.Header
		url       string
		change    func(*HandlerConfig)
		status    int
		challenge string
		reason    any // a pointer to the type of the error that OnReject is told
	}{
		{name: "accepted", header: both("Bearer " + token), status: 200},
		{name: "scheme in small letters", header: both("bearer " + token), status: 200},
		{name: "scheme in capitals, two blanks", header: both("BEARER  " + token), status: 200},
		{name: "parameter of the API's own", header: both("Bearer " + token), url: "/?token=x&my_access_token=y", status: 200},
		{name: "no header", status: 401, challenge: `Bearer`, reason: new(*CredentialError)},
		{name: "no header, realm", status: 401, challenge: `Bearer realm="api of ours"`, reason: new(*CredentialError), change: func(c *HandlerConfig) { c.Realm = "api of ours" }},
		{name: "another scheme", header: both("Basic dXNlcjpwYXNz"), status: 401, challenge: `Bearer`, reason: new(*CredentialError)},
		{name: "token without a scheme", header: both(token), status: 401, challenge: `Bearer`, reason: new(*CredentialError)},
		{name: "token in the address only", url: "/?access_token=" + token, status: 401, challenge: `Bearer`, reason: new(*CredentialError)},
		{name: "token in the address too", header: both("Bearer " + token), url: "/?access_token=" + token, status: 400, challenge: `Bearer error="invalid_request"`, reason: new(*CredentialError)},
		{name: "token in the address too, encoded", header: both("Bearer " + token), url: "/?access%5Ftoken=" + token, status: 400, challenge: `Bearer error="invalid_request"`, reason: new(*CredentialError)},
		{name: "two headers, both good", header: both("Bearer "+token, "Bearer "+token), status: 400, challenge: `Bearer error="invalid_request"`, reason: new(*CredentialError)},
		{name: "two headers, Basic first", header: both("Basic dXNlcjpwYXNz", "Bearer "+token), status: 400, challenge: `Bearer error="invalid_request"`, reason: new(*CredentialError)},
		{name: "two tokens in one header", header: both("Bearer " + token + ", Bearer " + token), status: 400, challenge: `Bearer error="invalid_request"`, reason: new(*CredentialError)},
		{name: "nothing behind Bearer", header: both("Bearer"), status: 400, challenge: `Bearer error="invalid_request"`, reason: new(*CredentialError)},
		{name: "only blanks behind Bearer", header: both("Bearer   "), status: 400, challenge: `Bearer error="invalid_request"`, reason: new(*CredentialError)},
		{name: "token of 1 MB", header: both("Bearer " + strings.Repeat("x", 1<<20)), status: 401, challenge: `Bearer error="invalid_token"`, reason: new(*Error)},
		{name: "forged", header: both("Bearer " + token[:len(token)-8] + "AAAAAAAA"), status: 401, challenge: `Bearer error="invalid_token"`, reason: new(*Error)},
		{name: "role missing", header: both("Bearer " + appV1().with(map[string]any{"roles": nil}).token()), status: 403, challenge: `Bearer error="insufficient_scope"`, reason: new(*Error)},
		{name: "keys cannot be had", header: both("Bearer " + token), status: 503, reason: new(*KeySourceError), change: func(c *HandlerConfig) { c.Verifier.keys = brokenKeys{} }},
		{name: "tenants cannot be had", header: both("Bearer " + token), status: 503, reason: new(*AllowError), change: unsure},
		{name: "tenant allowed by the function", header: both("Bearer " + token), status: 200, change: func(c *HandlerConfig) { c.Allow = onlyTenant(tenantA) }},
		{name: "tenant listed in capitals", header: both("Bearer " + token), status: 200, change: func(c *HandlerConfig) { c.Tenants = []entra.TenantID{entra.TenantID(strings.ToUpper(tenantA))} }},
		{name: "no tenant listed", header: both("Bearer " + token), status: 401, challenge: `Bearer error="invalid_token"`, reason: new(*Error), change: func(c *HandlerConfig) { c.Tenants = []entra.TenantID{} }},
		{name: "user with the scope", header: both("Bearer " + userV1().token()), status: 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := open(t)
			var told []Rejection
			c.OnReject = func(_ *http.Request, no Rejection) { told = append(told, no) }
			if tt.change != nil {
				tt.change(&c)
			}
			url := tt.url
			if url == "" {
				url = "/"
			}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
			r.Header = tt.header
			w := httptest.NewRecorder()
			handler(t, c).ServeHTTP(w, r)
			if w.Code != tt.status || w.Header().Get("WWW-Authenticate") != tt.challenge {
				t.Errorf("status %d, challenge %q; want %d, %q", w.Code, w.Header().Get("WWW-Authenticate"), tt.status, tt.challenge)
			}
			if tt.reason == nil {
				if len(told) != 0 || w.Body.String() != tenantA+"/"+objectID {
					t.Errorf("told %v, body %q", told, w.Body)
				}
				return
			}
			if len(told) != 1 || told[0].Status != tt.status || !errors.As(told[0].Err, tt.reason) {
				t.Fatalf("told %+v, want one rejection with %T", told, tt.reason)
			}
			if strings.TrimSpace(w.Body.String()) != http.StatusText(tt.status) || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("body %q, headers %v", w.Body, w.Header())
			}
			if leaks(told[0].Err.Error(), token) {
				t.Errorf("the reason repeats the token: %v", told[0].Err)
			}
			if next, ok := told[0].Err.(interface{ Next() string }); ok && next.Next() == "" {
				t.Error("no remedy")
			}
			if (w.Header().Get("Retry-After") != "") != (tt.status == 503) {
				t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
			}
		})
	}
}

// A stranger must not learn from the answer which tenants are served: forged,
// expired, for another API, of an unknown tenant, all the same to the byte.
func TestHandlerIsNoOracle(t *testing.T) {
	var first string
	for _, f := range []forge{
		appV1().head1("alg", "none"),
		appV1().with(map[string]any{"exp": noon.Unix() - 4000}),
		appV1().with(map[string]any{"aud": "https://graph.microsoft.com"}),
		ofTenant(tenantB)(appV1()),
		appV1().with(map[string]any{"appid": otherApp}),
		appV1().head1("kid", "unknown"),
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+f.token())
		w := httptest.NewRecorder()
		handler(t, open(t)).ServeHTTP(w, r)
		var b strings.Builder
		if err := w.Result().Write(&b); err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = b.String()
		}
		if diff := cmp.Diff(first, b.String()); diff != "" {
			t.Errorf("answers differ: %s", diff)
		}
	}
}

func TestHandlerRefusesOmissions(t *testing.T) {
	ok := http.NotFoundHandler()
	for name, change := range map[string]func(*HandlerConfig){
		"Verifier:": func(c *HandlerConfig) { c.Verifier = nil },
		"Tenants:": func(c *HandlerConfig) {
			all := config(t)
			all.Tenants = nil
			c.Verifier = verifier(t, all)
		},
		"name the roles": func(c *HandlerConfig) { c.Roles, c.Scopes = nil, nil },
		"is empty":       func(c *HandlerConfig) { c.Scopes = []string{""} },
		"Realm:":         func(c *HandlerConfig) { c.Realm = "a\"\r\nSet-Cookie: x" },
	} {
		c := open(t)
		change(&c)
		if _, err := Handler(ok, c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := Handler(nil, open(t)); err == nil {
		t.Error("a handler that protects nothing is made")
	}
	if _, ok := FromContext(t.Context()); ok {
		t.Error("claims without a handler")
	}
}
