package onboard_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/onboard"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// freePort is a port that was free a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func get(t *testing.T, method, address string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := resp.Header.Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("Referrer-Policy %q: the address holds state and code", got)
	}
	return resp.StatusCode, string(b)
}

func TestListener(t *testing.T) {
	f := newFixture(t, "partner")
	uri := "http://localhost:" + freePort(t) + "/callback"
	var refused []error
	l, err := f.Listen(uri, func(err error) { refused = append(refused, err) })
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	inv, err := f.Invite(t.Context(), onboard.Request{Kind: onboard.AdminV1, Tenant: fleet.Tenant{ID: customer}, RedirectURI: uri})
	if err != nil {
		t.Fatal(err)
	}
	link, err := url.Parse(inv.Link)
	if err != nil {
		t.Fatal(err)
	}
	state := link.Query().Get("state")
	good := uri + "?" + url.Values{"admin_consent": {"True"}, "tenant": {string(customer)}, "state": {state}}.Encode()
	for _, tc := range []struct {
		name, method, address string
		status                int
	}{
		{"another path", "GET", strings.Replace(good, "/callback", "/", 1), 404},
		{"post", "POST", good, 405},
		{"nothing", "GET", uri, 400},
		{"forged", "GET", uri + "?admin_consent=True&state=" + state + "x&tenant=" + string(customer), 400},
		{"script in a parameter", "GET", uri + "?error=%3Cscript%3E&error_description=%3Cscript%3E&state=x", 400},
		{"twice", "GET", good + "&state=" + state, 400},
		{"malformed", "GET", uri + "?state=%zz", 400},
	} {
		status, body := get(t, tc.method, tc.address)
		if status != tc.status {
			t.Errorf("%s: status %d, want %d", tc.name, status, tc.status)
		}
		if strings.Contains(body, "<script>") {
			t.Errorf("%s: the page echoes what it was sent", tc.name)
		}
	}
	if len(refused) != 5 {
		t.Errorf("told of %d refused callbacks, want 5: %v", len(refused), refused)
	}
	if status, body := get(t, "GET", good); status != 200 || !strings.Contains(body, "Thank you") {
		t.Errorf("the real one: %d %s", status, body)
	}
	claim, err := l.Wait(t.Context())
	if err != nil || claim.Tenant != customer {
		t.Errorf("got %+v, %v", claim, err)
	}
}

func TestListenerDeclined(t *testing.T) {
	f := newFixture(t, "partner")
	uri := "http://127.0.0.1:" + freePort(t) + "/callback"
	l, err := f.Listen(uri, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	inv, err := f.Invite(t.Context(), onboard.Request{Kind: onboard.AdminV1, RedirectURI: uri})
	if err != nil {
		t.Fatal(err)
	}
	link, _ := url.Parse(inv.Link)
	if status, body := get(t, "GET", uri+"?error=access_denied&error_subcode=cancel&state="+link.Query().Get("state")); status != 200 || !strings.Contains(body, "Consent was not given") {
		t.Errorf("got %d %s", status, body)
	}
	_, err = l.Wait(t.Context())
	if _, ok := errors.AsType[*onboard.DeclinedError](err); !ok {
		t.Errorf("got %v", err)
	}
}

func TestListenerEndsWithTheContext(t *testing.T) {
	f := newFixture(t, "partner")
	l, err := f.Listen("http://localhost:"+freePort(t)+"/callback", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("no time left")
	cancel(why)
	if _, err := l.Wait(ctx); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}

func TestListenRefuses(t *testing.T) {
	f := newFixture(t, "partner")
	for _, uri := range []string{"https://portal.azure.com", "http://contoso.example:8400/", "http://localhost/callback", "http://0.0.0.0:8400/", "::", ""} {
		_, err := f.Listen(uri, nil)
		if e, ok := errors.AsType[*onboard.ListenError](err); !ok || e.Next() == "" {
			t.Errorf("%q: got %v", uri, err)
		}
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, err = f.Listen("http://"+taken.Addr().String()+"/callback", nil)
	if e, ok := errors.AsType[*onboard.ListenError](err); !ok || !strings.Contains(e.Error(), "cannot be listened on") || !strings.Contains(e.Next(), "free the port") {
		t.Errorf("a taken port: got %v", err)
	}
}
