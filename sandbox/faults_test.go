package sandbox

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/sandbox/fault"
	"github.com/tenantry/tenantry/sandbox/journal"
)

const loginHost = "https://login.microsoftonline.com"

// manage calls the management API and returns status and body.
func manage(t *testing.T, s *Sandbox, method, path, content string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.ManagementURL()+path, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if content != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := s.Client().Do(req)
	text := body(t, resp, err)
	return resp.StatusCode, text
}

// setFault sets a fault from outside and returns its id.
func setFault(t *testing.T, s *Sandbox, spec string) string {
	t.Helper()
	status, text := manage(t, s, http.MethodPost, "/faults", spec)
	var f fault.Fault
	if err := json.Unmarshal([]byte(text), &f); err != nil || status != http.StatusCreated || f.ID == "" {
		t.Fatalf("POST /faults %s: %d %s %v", spec, status, text, err)
	}
	return f.ID
}

// asked is what a client sees of one request.
type asked struct {
	status int
	header http.Header
	body   string
	err    error // of the request or of reading the answer
}

func askToken(ctx context.Context, c *http.Client, tenant string) asked {
	form := url.Values{
		"scope": {"https://api.security.microsoft.com/.default"}, "client_id": {partnerApp},
		"client_secret": {partnerSecret}, "grant_type": {"client_credentials"},
	}
	return ask(ctx, c, http.MethodPost, loginHost+"/"+tenant+"/oauth2/v2.0/token", form.Encode())
}

func ask(ctx context.Context, c *http.Client, method, address, form string) asked {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form))
	if err != nil {
		return asked{err: err}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.Do(req)
	if err != nil {
		return asked{err: err}
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return asked{resp.StatusCode, resp.Header, string(raw), err}
}

// answerOf reads a token answer, and the claims and the key id of its token.
func answerOf(t *testing.T, a asked) (answer, claims map[string]any, kid string) {
	t.Helper()
	if a.err != nil || a.status != http.StatusOK || json.Unmarshal([]byte(a.body), &answer) != nil {
		t.Fatalf("no token: %d %v %s", a.status, a.err, a.body)
	}
	parts := strings.Split(answer["access_token"].(string), ".")
	var header struct{ Kid string }
	for i, to := range []any{&header, &claims} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(raw, to) != nil {
			t.Fatalf("part %d of the token: %v", i, err)
		}
	}
	return answer, claims, header.Kid
}

// struck returns the newest token request of the journal, and what the fault
// of this id did to it.
func struck(t *testing.T, s *Sandbox, id string) (journal.Event, map[string]any) {
	t.Helper()
	events := s.Journal().Since(0)
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Kind != journal.KindRequest {
			continue
		}
		list, _ := events[i].Detail["faults"].([]any)
		for _, f := range list {
			if m, ok := f.(map[string]any); ok && m["id"] == id {
				return events[i], m
			}
		}
		t.Fatalf("the newest request was not struck by %s: %+v", id, events[i])
	}
	t.Fatal("the journal has no request")
	return journal.Event{}, nil
}

// http1 is a client that speaks HTTP/1.1 and opens a connection per request,
// so that nothing is asked again by itself.
func http1(s *Sandbox) *http.Client {
	tr := s.Client().Transport.(*http.Transport).Clone()
	tr.ForceAttemptHTTP2 = false
	tr.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	tr.TLSClientConfig.NextProtos = nil
	tr.DisableKeepAlives = true
	return &http.Client{Transport: tr}
}

// TestFaultsFromOutside sets each fault as another program would and asks for
// a token of its tenant, then of another tenant, by both versions of HTTP.
func TestFaultsFromOutside(t *testing.T) {
	s := start(t, Config{})
	clients := map[string]*http.Client{"HTTP/2": s.Client(), "HTTP/1.1": http1(s)}
	for _, c := range []struct {
		name, spec string
		status     int    // as the journal has it
		decision   string // part of the journal's
		judge      func(*testing.T, asked) string
	}{
		{"slow", `{"kind":"slow","delay":"20ms"`, 200, "allowed", tokenOf(healthyTenant)},
		{"fail", `{"kind":"fail"`, 503, "fail", func(t *testing.T, a asked) string {
			var e struct {
				Error       string
				Description string `json:"error_description"`
				Codes       []int  `json:"error_codes"`
			}
			if a.status != 503 || json.Unmarshal([]byte(a.body), &e) != nil || e.Error != "temporarily_unavailable" || !slices.Equal(e.Codes, []int{90033}) ||
				!strings.Contains(e.Description, "Correlation ID: ") || a.header.Get("Retry-After") != "" {
				return "want the token service's own 503"
			}
			return ""
		}},
		{"fail 500", `{"kind":"fail","status":500,"retryAfter":"7s"`, 500, "fail", func(t *testing.T, a asked) string {
			if a.status != 500 || !strings.Contains(a.body, "AADSTS50000") || a.header.Get("Retry-After") != "7" {
				return "want AADSTS50000 with Retry-After"
			}
			return ""
		}},
		{"fail html", `{"kind":"fail","status":502,"body":"html"`, 502, "fail", func(t *testing.T, a asked) string {
			if a.status != 502 || !strings.HasPrefix(a.body, "<html>") || a.header.Get("Content-Type") != "text/html" || a.header.Get("x-ms-request-id") != "" || a.header.Get(MarkHeader) == "" {
				return "want a gateway's page, marked as the sandbox's"
			}
			return ""
		}},
		{"fail empty", `{"kind":"fail","status":504,"body":"empty"`, 504, "fail", func(t *testing.T, a asked) string {
			if a.status != 504 || a.body != "" || a.err != nil {
				return "want an empty 504"
			}
			return ""
		}},
		{"reset", `{"kind":"reset"`, 0, "no answer was given", func(t *testing.T, a asked) string {
			if a.err == nil || a.status != 0 {
				return "want no answer"
			}
			return ""
		}},
		{"truncate", `{"kind":"truncate"`, 200, "cut off", func(t *testing.T, a asked) string {
			n := len(a.body)
			if a.err == nil || a.status != 200 || n == 0 || fmt.Sprint(2*n) != a.header.Get("Content-Length") && fmt.Sprint(2*n+1) != a.header.Get("Content-Length") {
				return "want half of the body and an error: declared " + a.header.Get("Content-Length")
			}
			return ""
		}},
		{"truncate to 9", `{"kind":"truncate","bytes":9`, 200, "cut off", func(t *testing.T, a asked) string {
			if a.err == nil || len(a.body) != 9 {
				return "want 9 bytes and an error"
			}
			return ""
		}},
		{"throttle", `{"kind":"throttle"`, 429, "throttle", func(t *testing.T, a asked) string {
			if a.status != 429 || a.body != "Too Many Requests" || a.header.Get("Retry-After") != "60" || !strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") {
				return "want plain text and a minute"
			}
			return ""
		}},
		{"throttle by date", `{"kind":"throttle","retryAfter":"90s","retryAfterAs":"date"`, 429, "throttle", func(t *testing.T, a asked) string {
			at, err := http.ParseTime(a.header.Get("Retry-After"))
			if d := time.Until(at); err != nil || d < 60*time.Second || d > 92*time.Second {
				return fmt.Sprintf("want a date in 90 seconds: %v", err)
			}
			return ""
		}},
		{"throttle without Retry-After", `{"kind":"throttle","retryAfterAs":"none"`, 429, "throttle", func(t *testing.T, a asked) string {
			if a.status != 429 || a.header.Get("Retry-After") != "" {
				return "want no Retry-After"
			}
			return ""
		}},
		{"portal", `{"kind":"portal"`, 200, "portal", func(t *testing.T, a asked) string {
			if a.status != 200 || !strings.Contains(a.body, "<form") || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") || a.header.Get("x-ms-request-id") != "" {
				return "want a page"
			}
			return ""
		}},
		{"wrong tenant", `{"kind":"wrongTenant"`, 200, "allowed", func(t *testing.T, a asked) string {
			_, claims, _ := answerOf(t, a)
			if claims["tid"] == healthyTenant || !strings.Contains(claims["iss"].(string), claims["tid"].(string)) {
				return "want another tenant in tid and iss"
			}
			return ""
		}},
		{"wrong tenant by domain", `{"kind":"wrongTenant","otherTenant":"` + rolelessOne + `"`, 200, "allowed", tokenOf(rolelessOne)},
		{"wrong audience", `{"kind":"wrongAudience"`, 200, "allowed", func(t *testing.T, a asked) string {
			_, claims, _ := answerOf(t, a)
			if claims["aud"] != "https://graph.microsoft.com" || claims["tid"] != healthyTenant {
				return fmt.Sprintf("want a token of Graph: %v", claims["aud"])
			}
			return ""
		}},
		{"audience of nobody", `{"kind":"wrongAudience","audience":"api://nobody"`, 200, "allowed", func(t *testing.T, a asked) string {
			if _, claims, _ := answerOf(t, a); claims["aud"] != "api://nobody" {
				return fmt.Sprintf("audience is %v", claims["aud"])
			}
			return ""
		}},
		{"refresh_in", `{"kind":"refreshIn","refreshIn":"20m"`, 200, "allowed", func(t *testing.T, a asked) string {
			if answer, _, _ := answerOf(t, a); answer["refresh_in"] != 1200.0 || answer["expires_in"] != 3599.0 {
				return "want refresh_in 1200 beside the usual lifetime"
			}
			return ""
		}},
		{"long-lived", `{"kind":"longLived"`, 200, "allowed", func(t *testing.T, a asked) string {
			answer, claims, _ := answerOf(t, a)
			if answer["refresh_in"] != 43200.0 || answer["expires_in"] != 86400.0 || claims["exp"].(float64)-claims["nbf"].(float64) != 86400+300 {
				return "want a day"
			}
			return ""
		}},
	} {
		for version, client := range clients {
			t.Run(c.name+" "+version, func(t *testing.T) {
				id := setFault(t, s, c.spec+`,"tenant":"`+healthyTenant+`"}`)
				defer func() {
					if status, text := manage(t, s, http.MethodDelete, "/faults/"+id, ""); status != http.StatusNoContent {
						t.Errorf("DELETE: %d %s", status, text)
					}
				}()
				begun := time.Now()
				a := askToken(t.Context(), client, healthyTenant)
				if problem := c.judge(t, a); problem != "" {
					t.Errorf("%s; got %d %v %v %s", problem, a.status, a.err, a.header, a.body)
				}
				if took := time.Since(begun); c.name == "slow" && took < 20*time.Millisecond {
					t.Errorf("answered after %s", took)
				}
				event, did := struck(t, s, id)
				if cut := event.Error == "aborted"; cut != (a.err != nil) {
					t.Errorf("the client met %v, the journal has error %q", a.err, event.Error)
				}
				if event.Operation != "token" || event.TenantID != healthyTenant || event.Status != c.status || !strings.Contains(event.Decision, c.decision) {
					t.Errorf("journal: %+v", event)
				}
				if kind, _, _ := strings.Cut(strings.TrimPrefix(c.spec, `{"kind":"`), `"`); did["kind"] != kind {
					t.Errorf("journal names %v", did)
				}
				if problem := tokenOf(rolelessOne)(t, askToken(t.Context(), client, rolelessOne)); problem != "" {
					t.Errorf("another tenant: %s", problem)
				}
				if f, _ := s.Faults().Get(id); f.Struck != 1 || f.Matched != 1 {
					t.Errorf("counts: %+v", f)
				}
			})
		}
	}
	if problem := tokenOf(healthyTenant)(t, askToken(t.Context(), s.Client(), healthyTenant)); problem != "" {
		t.Errorf("after all were removed: %s", problem)
	}
}

// tokenOf wants a token of the tenant, verified by nobody.
func tokenOf(tenant string) func(*testing.T, asked) string {
	return func(t *testing.T, a asked) string {
		if _, claims, _ := answerOf(t, a); claims["tid"] != tenant {
			return fmt.Sprintf("want a token of %s, got one of %v", tenant, claims["tid"])
		}
		return ""
	}
}

// waitHang waits until the journal tells that a request hangs.
func waitHang(t *testing.T, s *Sandbox, seq uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		events := s.Journal().Wait(ctx, seq)
		if len(events) == 0 {
			t.Fatal("nothing hangs")
		}
		for _, e := range events {
			seq = e.Seq
			if e.What == "fault.hanging" {
				return
			}
		}
	}
}

func TestHang(t *testing.T) {
	s := start(t, Config{})
	for version, client := range map[string]*http.Client{"HTTP/2": s.Client(), "HTTP/1.1": http1(s)} {
		t.Run("client leaves "+version, func(t *testing.T) {
			f, err := s.Faults().Hang(fault.Scope{Tenant: healthyTenant})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Faults().Remove(f.ID)
			seq := s.Journal().Seq()
			ctx, leave := context.WithCancel(t.Context())
			done := make(chan asked)
			go func() { done <- askToken(ctx, client, healthyTenant) }()
			waitHang(t, s, seq)
			if problem := tokenOf(rolelessOne)(t, askToken(t.Context(), client, rolelessOne)); problem != "" {
				t.Errorf("another tenant meanwhile: %s", problem)
			}
			leave()
			if a := <-done; !errors.Is(a.err, context.Canceled) {
				t.Errorf("got %+v", a)
			}
			if e := requestOf(t, s, seq, healthyTenant); e.Status != 0 || !strings.Contains(e.Decision, "the client left") {
				t.Errorf("journal: %+v", e)
			}
		})
	}
	t.Run("fault removed", func(t *testing.T) {
		f, err := s.Faults().Hang(fault.Scope{})
		if err != nil {
			t.Fatal(err)
		}
		seq := s.Journal().Seq()
		done := make(chan asked)
		go func() { done <- askToken(t.Context(), s.Client(), healthyTenant) }()
		waitHang(t, s, seq)
		if !s.Faults().Remove(f.ID) {
			t.Error("the fault is gone already")
		}
		if problem := tokenOf(healthyTenant)(t, <-done); problem != "" {
			t.Error(problem)
		}
	})
	t.Run("sandbox closes", func(t *testing.T) {
		if _, err := s.Faults().Hang(fault.Scope{}); err != nil {
			t.Fatal(err)
		}
		seq := s.Journal().Seq()
		done := make(chan asked)
		client := s.Client()
		go func() { done <- askToken(t.Context(), client, healthyTenant) }()
		waitHang(t, s, seq)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if a := <-done; a.err == nil {
			t.Errorf("got %+v", a)
		}
		if e := requestOf(t, s, seq, healthyTenant); !strings.Contains(e.Decision, "the sandbox closed") {
			t.Errorf("journal: %+v", e)
		}
	})
}

// requestOf waits for the first request of a tenant after an event.
func requestOf(t *testing.T, s *Sandbox, seq uint64, tenant string) journal.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		events := s.Journal().Wait(ctx, seq)
		if len(events) == 0 {
			t.Fatal("no such request")
		}
		for _, e := range events {
			seq = e.Seq
			if e.Kind == journal.KindRequest && e.TenantID == tenant {
				return e
			}
		}
	}
}

func TestClockOffset(t *testing.T) {
	s := start(t, Config{})
	f, err := s.Faults().ShiftClock(-2*time.Hour, 0)
	if err != nil {
		t.Fatal(err)
	}
	seq := s.Journal().Seq()
	a := askToken(t.Context(), s.Client(), healthyTenant)
	answer, claims, _ := answerOf(t, a)
	near := func(what string, at time.Time, want time.Duration) {
		if d := time.Until(at) - want; d < -time.Minute || d > time.Minute {
			t.Errorf("%s is %s away, want %s", what, time.Until(at), want)
		}
	}
	near("iat", time.Unix(int64(claims["iat"].(float64)), 0), -2*time.Hour-5*time.Minute)
	near("exp", time.Unix(int64(claims["exp"].(float64)), 0), -2*time.Hour+time.Hour)
	date, err := http.ParseTime(a.header.Get("Date"))
	if err != nil {
		t.Error(err)
	}
	near("Date", date, -2*time.Hour)
	event, did := struck(t, s, f.ID)
	near("the journal's time", event.Time, 0)
	if did["offset"] != "-2h0m0s" || event.Seq <= seq {
		t.Errorf("journal: %+v", event)
	}
	// The APIs go by the same clock: they take the token now, and when the
	// clock is right again they find it expired.
	bearer := answer["access_token"].(string)
	if status, text := incidents(t, s.Client(), "https://api.security.microsoft.com", bearer); status != http.StatusOK {
		t.Errorf("under the offset: %d %s", status, text)
	}
	if n := s.Faults().Clear(); n != 1 {
		t.Errorf("%d faults", n)
	}
	if status, text := incidents(t, s.Client(), "https://api.security.microsoft.com", bearer); status != http.StatusUnauthorized {
		t.Errorf("without it: %d %s", status, text)
	}
	a = askToken(t.Context(), s.Client(), healthyTenant)
	if date, err = http.ParseTime(a.header.Get("Date")); err != nil {
		t.Error(err)
	}
	near("Date again", date, 0)
}

// publishedKeys are the kids of the key set, in its order.
func publishedKeys(t *testing.T, s *Sandbox) []string {
	t.Helper()
	resp, err := s.Client().Get(loginHost + "/common/discovery/v2.0/keys")
	var set struct{ Keys []struct{ Kid string } }
	if err := json.Unmarshal([]byte(body(t, resp, err)), &set); err != nil {
		t.Fatal(err)
	}
	var kids []string
	for _, k := range set.Keys {
		kids = append(kids, k.Kid)
	}
	return kids
}

func TestKeyRotation(t *testing.T) {
	s := start(t, Config{})
	before := publishedKeys(t, s)
	first := askToken(t.Context(), s.Client(), healthyTenant)
	answer, _, kid := answerOf(t, first)
	bearer := answer["access_token"].(string)
	if len(before) != 3 || kid != before[1] {
		t.Fatalf("keys %v, token by %s", before, kid)
	}
	rotate := func() fault.Keys {
		status, text := manage(t, s, http.MethodPost, "/keys/rotate", "")
		var k fault.Keys
		if err := json.Unmarshal([]byte(text), &k); err != nil || status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
		return k
	}
	k := rotate()
	if k.Previous != before[1] || k.Current != before[2] || slices.Contains(before, k.Next) {
		t.Errorf("rotated to %+v from %v", k, before)
	}
	if now := publishedKeys(t, s); !slices.Equal(now, []string{k.Previous, k.Current, k.Next}) {
		t.Errorf("published are %v", now)
	}
	if status, text := manage(t, s, http.MethodGet, "/keys", ""); status != 200 || !strings.Contains(text, k.Next) {
		t.Errorf("GET /keys: %d %s", status, text)
	}
	if _, _, kid := answerOf(t, askToken(t.Context(), s.Client(), healthyTenant)); kid != k.Current {
		t.Errorf("signed by %s", kid)
	}
	if status, _ := incidents(t, s.Client(), "https://api.security.microsoft.com", bearer); status != http.StatusOK {
		t.Errorf("a token of the previous key: %d", status)
	}
	rotate()
	if status, _ := incidents(t, s.Client(), "https://api.security.microsoft.com", bearer); status != http.StatusUnauthorized {
		t.Errorf("a token of a withdrawn key: %d", status)
	}
	rotations := 0
	for _, e := range s.Journal().Since(0) {
		if e.What == "keys.rotated" {
			rotations++
		}
	}
	if rotations != 2 {
		t.Errorf("%d rotations in the journal", rotations)
	}
}

func TestFaultsOfOperations(t *testing.T) {
	s := start(t, Config{})
	setFault(t, s, `{"kind":"fail","operations":["keys","discovery"],"body":"html"}`)
	for path, want := range map[string]int{
		"/common/discovery/v2.0/keys": 503, "/" + healthyTenant + "/v2.0/.well-known/openid-configuration": 503,
		"/common/discovery/instance?authorization_endpoint=https://login.microsoftonline.com/common/oauth2/v2.0/authorize": 200,
	} {
		if a := ask(t.Context(), s.Client(), http.MethodGet, loginHost+path, ""); a.status != want {
			t.Errorf("%s: %d %v", path, a.status, a.err)
		}
	}
	if a := askToken(t.Context(), s.Client(), healthyTenant); a.status != 200 {
		t.Errorf("token: %d", a.status)
	}
}

func TestFaultByDomainStrikesTheTenant(t *testing.T) {
	s := start(t, Config{})
	tenant, _ := s.World().Tenant(healthyTenant)
	id := setFault(t, s, `{"kind":"fail","tenant":"`+strings.ToUpper(tenant.Domains[0])+`"}`)
	for _, name := range []string{healthyTenant, strings.ToUpper(healthyTenant), tenant.Domains[0]} {
		if a := askToken(t.Context(), s.Client(), name); a.status != 503 {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	if f, _ := s.Faults().Get(id); f.Tenant != healthyTenant || f.Struck != 3 {
		t.Errorf("%+v", f)
	}
	// Only a tenant named in the path is known before the request is read.
	if a := ask(t.Context(), s.Client(), http.MethodGet, loginHost+"/common/discovery/keys", ""); a.status != 200 {
		t.Errorf("/common: %d", a.status)
	}
}
