package entra

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTokenRequestShapes(t *testing.T) {
	for _, tt := range []struct {
		name     string
		protocol Protocol
		path     string
		form     url.Values
	}{
		{"v2", V2, "/" + string(tenantA) + "/oauth2/v2.0/token", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {password},
			"scope": {"https://api.security.microsoft.com/.default"},
		}},
		{"v1", V1, "/" + string(tenantA) + "/oauth2/token", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {password},
			"resource": {"https://api.security.microsoft.com"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLogin(t, healthy(xdr(), "Incident.Read.All"))
			c := &clock{t: start()}
			tok, err := l.tokens(c, func(cfg *Config) { cfg.Protocol = tt.protocol; cfg.ClientID = strings.ToUpper(clientID) }).Token(t.Context(), tenantA, xdr())
			if err != nil {
				t.Fatal(err)
			}
			got := l.last()
			if got.path != tt.path {
				t.Errorf("path %s, want %s", got.path, tt.path)
			}
			if d := cmp.Diff(tt.form, got.form); d != "" {
				t.Error(d)
			}
			if want := start().Add(3599 * time.Second); !tok.Expires.Equal(want) {
				t.Errorf("expires %s, want %s", tok.Expires, want)
			}
			if tok.Tenant != tenantA || !cmp.Equal(tok.Claims.Roles, []string{"Incident.Read.All"}) {
				t.Errorf("token for %s with roles %v", tok.Tenant, tok.Claims.Roles)
			}
			r, _ := http.NewRequest(http.MethodGet, "https://api.example", nil)
			tok.Authorize(r)
			if want := "Bearer " + appToken(tenantA, xdr().URI, "Incident.Read.All"); r.Header.Get("Authorization") != want {
				t.Error("Authorize did not set the token")
			}
		})
	}
}

// Which token is handed out is told by its expiry, not by counting requests:
// a renewal may be under way in the background by then.
func TestTokenIsCachedUntilFiveMinutesBeforeExpiry(t *testing.T) {
	const life = 3599 * time.Second
	for _, tt := range []struct {
		name   string
		wait   time.Duration
		cached bool
	}{
		{"at once", 0, true},
		{"a second too early", life - 5*time.Minute - time.Second, true},
		{"five minutes before its end", life - 5*time.Minute, false},
		{"after its end", life + time.Minute, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &clock{t: start()}
			tokens := newLogin(t, healthy(xdr())).tokens(c, nil)
			first, err := tokens.Token(t.Context(), tenantA, xdr())
			if err != nil {
				t.Fatal(err)
			}
			c.add(tt.wait)
			again, err := tokens.Token(t.Context(), tenantA, xdr())
			if err != nil {
				t.Fatal(err)
			}
			want := first.Expires
			if !tt.cached {
				want = start().Add(tt.wait + life)
			}
			if !again.Expires.Equal(want) {
				t.Errorf("the token expires at %s, want %s", again.Expires, want)
			}
		})
	}
}

func TestTokensAreKeptByTenant(t *testing.T) {
	l := newLogin(t, healthy(xdr()))
	tokens := l.tokens(&clock{t: start()}, nil)
	for i, tenant := range []TenantID{tenantA, tenantB, tenantA, tenantB} {
		tok, err := tokens.Token(t.Context(), tenant, xdr())
		if err != nil {
			t.Fatal(err)
		}
		if tok.Tenant != tenant {
			t.Errorf("call %d: token of %s, want %s", i, tok.Tenant, tenant)
		}
	}
	if got := l.count(); got != 2 {
		t.Errorf("%d requests for two tenants", got)
	}
}

func TestTokenNumbersInEitherForm(t *testing.T) {
	exp := start().Add(time.Hour)
	for _, tt := range []struct {
		name, members string
		want          time.Time
	}{
		{"ints", `"expires_in":3599`, start().Add(3599 * time.Second)},
		{"strings", `"expires_in":"3599","expires_on":"1","not_before":"1503391003"`, start().Add(3599 * time.Second)},
		{"expires_on only", fmt.Sprintf(`"expires_on":"%d"`, exp.Unix()), exp},
		{"expires_on as a number", fmt.Sprintf(`"expires_on":%d`, exp.Unix()), exp},
		{"neither: the token's own exp", `"ext_expires_in":0`, exp},
		{"null", `"expires_in":null`, exp},
		{"a year is cut to a week", `"expires_in":31536000`, start().Add(7 * 24 * time.Hour)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLogin(t, func(w http.ResponseWriter, _ string, _ url.Values) {
				fmt.Fprintf(w, `{"token_type":"bearer",%s,"access_token":%q}`, tt.members, appToken(tenantA, xdr().URI))
			})
			tok, err := l.tokens(&clock{t: start()}, nil).Token(t.Context(), tenantA, xdr())
			if err != nil {
				t.Fatal(err)
			}
			if !tok.Expires.Equal(tt.want) {
				t.Errorf("expires %s, want %s", tok.Expires, tt.want)
			}
		})
	}
}

func TestForeignTokensAreRefusedAndNotCached(t *testing.T) {
	for _, tt := range []struct {
		name  string
		token string
	}{
		{"another tenant", appToken(tenantB, xdr().URI)},
		{"another resource", appToken(tenantA, "https://graph.microsoft.com")},
		{"no tenant", fakeJWT(map[string]any{"aud": xdr().URI})},
		{"no audience", fakeJWT(map[string]any{"tid": tenantA})},
		{"two audiences", fakeJWT(map[string]any{"tid": tenantA, "aud": []string{xdr().URI, "https://evil.example"}})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answer := tt.token
			l := newLogin(t, func(w http.ResponseWriter, _ string, _ url.Values) { writeToken(w, answer) })
			tokens := l.tokens(&clock{t: start()}, nil)
			_, err := tokens.Token(t.Context(), tenantA, xdr())
			var foreign *ForeignTokenError
			if !errors.As(err, &foreign) {
				t.Fatalf("error %v, want a ForeignTokenError", err)
			}
			if strings.Contains(err.Error(), answer) {
				t.Error("the error shows the token")
			}
			answer = appToken(tenantA, xdr().URI)
			if _, err := tokens.Token(t.Context(), tenantA, xdr()); err != nil {
				t.Errorf("after the foreign token: %v", err)
			}
			if l.count() != 2 {
				t.Errorf("%d requests, want 2", l.count())
			}
		})
	}
}

func TestAcceptedAudiences(t *testing.T) {
	for _, aud := range []string{"https://api.security.microsoft.com", "https://api.security.microsoft.com/", "8EE8FDAD-f234-4243-8f3b-15c294843740"} {
		l := newLogin(t, func(w http.ResponseWriter, _ string, _ url.Values) { writeToken(w, appToken(tenantA, aud)) })
		if _, err := l.tokens(&clock{t: start()}, nil).Token(t.Context(), tenantA, xdr()); err != nil {
			t.Errorf("%s: %v", aud, err)
		}
	}
}

func TestTenantIsValidatedBeforeAnyRequest(t *testing.T) {
	l := newLogin(t, healthy(xdr()))
	tokens := l.tokens(&clock{t: start()}, nil)
	for _, tenant := range []TenantID{"", "..", "//evil.example", "contoso.com", "common", tenantA + "/../x", tenantA + "?", TenantID(strings.ToUpper(string(tenantA))), emptyGUID} {
		var ce *ConfigError
		if _, err := tokens.Token(t.Context(), tenant, xdr()); !errors.As(err, &ce) {
			t.Errorf("Token %q: error %v, want a ConfigError", tenant, err)
		}
		if _, err := tokens.Fresh(t.Context(), tenant, xdr()); !errors.As(err, &ce) {
			t.Errorf("Fresh %q: error %v, want a ConfigError", tenant, err)
		}
	}
	if _, err := tokens.Token(t.Context(), tenantA, Resource{}); err == nil {
		t.Error("the zero resource was accepted")
	}
	if l.count() != 0 {
		t.Errorf("%d requests were made", l.count())
	}
}

func TestNewTokensRefusesBadConfiguration(t *testing.T) {
	good := func() Config {
		return Config{Cloud: Clouds()[0], ClientID: clientID, Credential: ClientSecret(NewSecret(password))}
	}
	for _, tt := range []struct {
		name   string
		change func(*Config)
		says   string
	}{
		{"client id", func(c *Config) { c.ClientID = "../evil" }, "client id"},
		{"no credential", func(c *Config) { c.Credential = nil }, "credential"},
		{"secret id", func(c *Config) { c.Credential = ClientSecret(NewSecret(clientID)) }, "secret id instead of its value"},
		{"empty secret", func(c *Config) { c.Credential = ClientSecret(Secret{}) }, "is empty"},
		{"line break", func(c *Config) { c.Credential = ClientSecret(NewSecret(password + "\n")) }, "line break"},
		{"no function", func(c *Config) { c.Credential = FederatedAssertion(nil) }, "function"},
		{"no cloud", func(c *Config) { c.Cloud = Cloud{} }, "cloud.login"},
		{"http", func(c *Config) { c.Cloud.Login = "http://login.example" }, "https"},
		{"a path in the origin", func(c *Config) { c.Cloud.Login = "https://login.example/x" }, "cloud.login"},
		{"protocol", func(c *Config) { c.Protocol = 7 }, "protocol"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := good()
			tt.change(&c)
			_, err := NewTokens(c)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("error %v, want one that says %q", err, tt.says)
			}
			if strings.Contains(err.Error(), password) {
				t.Error("the error shows the secret")
			}
		})
	}
	if _, err := NewTokens(good()); err != nil {
		t.Errorf("good configuration: %v", err)
	}
}

func TestAnswersThatAreNoTokens(t *testing.T) {
	big := strings.Repeat("x", maxBody+1)
	for _, tt := range []struct {
		name, contentType, body string
		says                    string
	}{
		{"no token", "application/json", `{"token_type":"Bearer","expires_in":3599}`, "no access_token"},
		{"not a JWT", "application/json", `{"access_token":"opaque","expires_in":3599}`, "cannot be checked"},
		{"another type", "application/json", `{"token_type":"mac","access_token":"x","expires_in":3599}`, "not Bearer"},
		{"truncated", "application/json", `{"token_type":"Bearer","acc`, "not the JSON of a token"},
		{"portal", "text/html", `<html><title>Airport Wi-Fi</title></html>`, `"Airport Wi-Fi"`},
		{"too long", "application/json", big, "longer than"},
		{"never expires", "application/json", fmt.Sprintf(`{"access_token":%q}`, fakeJWT(map[string]any{"tid": tenantA, "aud": xdr().URI})), "expires"},
		{"an error with 200", "application/json", `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}`, "AADSTS7000215"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLogin(t, func(w http.ResponseWriter, _ string, _ url.Values) {
				w.Header().Set("Content-Type", tt.contentType)
				fmt.Fprint(w, tt.body)
			})
			_, err := l.tokens(&clock{t: start()}, nil).Token(t.Context(), tenantA, xdr())
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("error %.300v, want one that says %q", err, tt.says)
			}
			if len(err.Error()) > 1500 {
				t.Errorf("the error is %d bytes long", len(err.Error()))
			}
		})
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	other := newLogin(t, healthy(xdr()))
	l := newLogin(t, func(w http.ResponseWriter, path string, _ url.Values) {
		w.Header().Set("Location", other.srv.URL+path)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	_, err := l.tokens(&clock{t: start()}, nil).Token(t.Context(), tenantA, xdr())
	var e *Error
	if !errors.As(err, &e) || e.Action != ActionNetwork {
		t.Errorf("error %v, want one that names the redirect", err)
	}
	if other.count() != 0 {
		t.Error("the credential was sent to another host")
	}
}

func TestRefusalIsTypedAndRememberedForAWhile(t *testing.T) {
	refuse := true
	l := newLogin(t, func(w http.ResponseWriter, path string, form url.Values) {
		if refuse {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys are expired.\r\nTrace ID: t1\r\nCorrelation ID: c1\r\nTimestamp: 2026-11-22 12:00:00Z","error_codes":[7000222]}`)
			return
		}
		healthy(xdr())(w, path, form)
	})
	c := &clock{t: start()}
	tokens := l.tokens(c, nil)
	refused := func(want int) {
		t.Helper()
		_, err := tokens.Token(t.Context(), tenantA, xdr())
		var e *Error
		if !errors.As(err, &e) || e.Code != 7000222 || e.Action != ActionFixCredential || e.HTTPStatus != 401 {
			t.Fatalf("error %v", err)
		}
		if strings.Contains(err.Error(), password) {
			t.Error("the error shows the secret")
		}
		if l.count() != want {
			t.Errorf("%d requests, want %d", l.count(), want)
		}
	}
	refused(1)
	for range 100 {
		refused(1)
	}
	c.add(defaultRefusalTTL)
	refused(2)
	if _, err := tokens.Fresh(t.Context(), tenantA, xdr()); err == nil || l.count() != 3 {
		t.Errorf("Fresh: error %v after %d requests, want a third", err, l.count())
	}
	tokens.Drop(tenantA)
	refused(4)
	refuse = false
	c.add(-time.Hour) // a clock put back forgets rather than lasting longer
	if _, err := tokens.Token(t.Context(), tenantA, xdr()); err != nil {
		t.Error(err)
	}
}

func TestRefusalsNeedNotBeRemembered(t *testing.T) {
	l := newLogin(t, func(w http.ResponseWriter, _ string, _ url.Values) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"unauthorized_client","error_description":"AADSTS700016: not found","error_codes":[700016]}`)
	})
	tokens := l.tokens(&clock{t: start()}, func(c *Config) { c.RefusalTTL = -1 })
	for i := range 3 {
		if _, err := tokens.Token(t.Context(), tenantA, xdr()); err == nil || l.count() != i+1 {
			t.Errorf("error %v after %d requests", err, l.count())
		}
	}
}

func TestNoAnswer(t *testing.T) {
	l := newLogin(t, healthy(xdr()))
	tokens := l.tokens(&clock{t: start()}, func(c *Config) { c.HTTPClient = &http.Client{} }) // does not trust the server
	_, err := tokens.Token(t.Context(), tenantA, xdr())
	var ce *ConnectionError
	if !errors.As(err, &ce) || !strings.Contains(ce.Next(), "CA certificate") {
		t.Errorf("error %v, want one that names the missing CA", err)
	}
}

func TestAPanicOfACallbackIsAnError(t *testing.T) {
	l := newLogin(t, healthy(xdr()))
	tokens := l.tokens(&clock{t: start()}, func(c *Config) {
		c.Credential = FederatedAssertion(func(context.Context, string) (string, error) { panic("boom") })
	})
	if _, err := tokens.Token(t.Context(), tenantA, xdr()); err == nil || !strings.Contains(err.Error(), "boom") {
		t.Errorf("error %v", err)
	}
}

// An API of one's own whose tokens are of version 2.0 is named in them by its
// id. Whoever asked by URI is told so, and not to look for a proxy alone.
func TestForeignAudienceMayBeTheAPIsID(t *testing.T) {
	const id = "5a1e0000-1234-4abc-8def-001122334455"
	own, err := ParseResource(Clouds()[0], "api://reports")
	if err != nil {
		t.Fatal(err)
	}
	byID := "ask for the API by this id"
	for _, tt := range []struct {
		name     string
		tenant   TenantID
		audience string
		resource Resource
		hint     bool
	}{
		{"the id of an API asked for by URI", tenantA, id, own, true},
		{"a URI", tenantA, "api://other", own, false},
		{"another tenant", tenantB, id, own, false},
		{"a resource whose id is known", tenantA, id, xdr(), false},
	} {
		e := &ForeignTokenError{Tenant: tenantA, Resource: tt.resource, TokenTenant: string(tt.tenant), TokenAudience: tt.audience}
		if got := strings.Contains(e.Next(), byID); got != tt.hint || !strings.Contains(e.Error(), e.Next()) {
			t.Errorf("%s: %s", tt.name, e)
		}
	}
	byIDResource, err := ParseResource(Clouds()[0], id)
	if err != nil || !byIDResource.Accepts(id) {
		t.Errorf("by id: %v, %v", byIDResource, err)
	}
}
