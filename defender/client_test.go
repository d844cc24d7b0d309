package defender_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/tenantry/tenantry/defender"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func clock() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) }

// fakeToken looks like a token and must never be shown.
const fakeToken = "eyJ0eXAi.fake-token.fake-signature"

// newClient makes a client of both surfaces for a server that h answers for.
func newClient(t *testing.T, h http.HandlerFunc, change ...func(*defender.Config)) *defender.Client {
	t.Helper()
	server := httptest.NewServer(h)
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	cfg := defender.Config{
		Graph: server.URL, XDR: server.URL, HTTPClient: &http.Client{Transport: transport}, Now: clock, Retries: -1,
		Token: func(context.Context, defender.Surface) (string, error) { return fakeToken, nil },
	}
	for _, c := range change {
		c(&cfg)
	}
	client, err := defender.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func answer(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestRequests(t *testing.T) {
	since := time.Date(2026, 11, 20, 12, 0, 0, 123456789, time.FixedZone("CET", 3600))
	list := func(s defender.Surface, opts defender.ListOptions) func(*defender.Client) error {
		return func(c *defender.Client) error { _, err := c.Incidents(s).List(t.Context(), opts); return err }
	}
	get := func(s defender.Surface, id string, alerts bool) func(*defender.Client) error {
		return func(c *defender.Client) error {
			if alerts {
				_, err := c.Incidents(s).GetWithAlerts(t.Context(), id)
				return err
			}
			_, err := c.Incidents(s).Get(t.Context(), id)
			return err
		}
	}
	for _, c := range []struct {
		name string
		call func(*defender.Client) error
		want string // path and decoded query
	}{
		{"graph, all", list("graph", defender.ListOptions{}), "/v1.0/security/incidents"},
		{"xdr, all", list("xdr", defender.ListOptions{}), "/api/incidents $top=100"},
		{"graph, narrowed", list("graph", defender.ListOptions{
			Since: since, CreatedSince: since.Add(time.Hour), Status: []defender.Status{"Active", "inprogress"}, Severity: []defender.Severity{"High"},
			Classification: []defender.Classification{"truePositive"}, Determination: []defender.Determination{"CompromisedUser"},
			AssignedTo: "o'neil@contoso.example", Top: 50, ExpandAlerts: true,
		}), "/v1.0/security/incidents $expand=alerts $filter=lastUpdateDateTime ge 2026-11-20T11:00:00.1234567Z and " +
			"createdDateTime ge 2026-11-20T12:00:00.1234567Z and (status eq 'active' or status eq 'inProgress') and severity eq 'high' and " +
			"classification eq 'truePositive' and determination eq 'compromisedAccount' and assignedTo eq 'o''neil@contoso.example' $top=50"},
		{"xdr, narrowed", list("xdr", defender.ListOptions{
			Since: since, Status: []defender.Status{"active", "inProgress"}, AssignedTo: "a+b&c=d#e@contoso.example", Top: 10, ExpandAlerts: true, Cursor: "skip:20",
		}), "/api/incidents $filter=lastUpdateTime ge 2026-11-20T11:00:00.1234567Z and (status eq 'Active' or status eq 'InProgress') and " +
			"assignedTo eq 'a+b&c=d#e@contoso.example' $skip=20 $top=10"},
		{"graph, whole seconds", list("graph", defender.ListOptions{Since: clock()}), "/v1.0/security/incidents $filter=lastUpdateDateTime ge 2026-11-22T10:00:00Z"},
		{"graph, one", get("graph", "924565", false), "/v1.0/security/incidents/924565"},
		{"graph, one with alerts", get("graph", "924565", true), "/v1.0/security/incidents/924565 $expand=alerts"},
		{"xdr, one", get("xdr", "924565", true), "/api/incidents/924565"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got string
			client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
				got = r.URL.Path
				for _, key := range []string{"$expand", "$filter", "$skip", "$top"} {
					if r.URL.Query().Has(key) {
						got += " " + key + "=" + r.URL.Query().Get(key)
					}
				}
				if r.Method != http.MethodGet || r.Header.Get("Authorization") != "Bearer "+fakeToken || r.Header.Get("Accept") != "application/json" {
					t.Errorf("%s with headers %v", r.Method, r.Header)
				}
				prefer := r.Header.Get("Prefer")
				if graph := strings.HasPrefix(r.URL.Path, "/v1.0"); graph != (prefer == "include-unknown-enum-members") {
					t.Errorf("Prefer is %q at %s", prefer, r.URL.Path)
				}
				if strings.Contains(r.URL.RawQuery, "+") {
					t.Errorf("query %q: a plus sign is not a space everywhere", r.URL.RawQuery)
				}
				_, _ = io.WriteString(w, `{"value":[],"id":"924565","incidentId":924565}`)
			})
			if err := c.call(client); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestRefusedBeforeSending(t *testing.T) {
	graphOnly := func(c *defender.Config) { c.XDR = "" }
	for _, c := range []struct {
		name    string
		surface defender.Surface
		opts    defender.ListOptions
		id      string // get this one instead of a list
		change  func(*defender.Config)
		option  string
	}{
		{name: "xdr by severity", surface: "xdr", opts: defender.ListOptions{Severity: []defender.Severity{"high"}}, option: "Severity"},
		{name: "xdr by classification", surface: "xdr", opts: defender.ListOptions{Classification: []defender.Classification{"truePositive"}}, option: "Classification"},
		{name: "xdr by determination", surface: "xdr", opts: defender.ListOptions{Determination: []defender.Determination{"malware"}}, option: "Determination"},
		{name: "xdr page too large", surface: "xdr", opts: defender.ListOptions{Top: 101}, option: "Top"},
		{name: "negative page", surface: "graph", opts: defender.ListOptions{Top: -1}, option: "Top"},
		{name: "unknown status", surface: "graph", opts: defender.ListOptions{Status: []defender.Status{"activ"}}, option: "Status"},
		{name: "graph's own status", surface: "xdr", opts: defender.ListOptions{Status: []defender.Status{"awaitingAction"}}, option: "Status"},
		{name: "unknown severity", surface: "graph", opts: defender.ListOptions{Severity: []defender.Severity{"critical"}}, option: "Severity"},
		{name: "unknown classification", surface: "graph", opts: defender.ListOptions{Classification: []defender.Classification{"bad"}}, option: "Classification"},
		{name: "unknown determination", surface: "graph", opts: defender.ListOptions{Determination: []defender.Determination{"bad"}}, option: "Determination"},
		{name: "line break in a name", surface: "graph", opts: defender.ListOptions{AssignedTo: "a\nb"}, option: "AssignedTo"},
		{name: "no origin", surface: "xdr", change: graphOnly, option: "origin"},
		{name: "no such surface", surface: "mde", option: "surface"},
		{name: "empty id", surface: "graph", id: " ", option: "incident id"},
		{name: "id with a path", surface: "graph", id: "1/../../users", option: "incident id"},
		{name: "id of dots", surface: "graph", id: "..", option: "incident id"},
		{name: "id with a query", surface: "graph", id: "1?$expand=alerts", option: "incident id"},
		{name: "id that is no number", surface: "xdr", id: "abc", option: "incident id"},
		{name: "overlong id", surface: "graph", id: strings.Repeat("1", 200), option: "incident id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var change []func(*defender.Config)
			if c.change != nil {
				change = append(change, c.change)
			}
			client := newClient(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("sent %s", r.URL) }, change...)
			var errs []error
			if c.id != "" {
				_, err := client.Incidents(c.surface).Get(t.Context(), c.id)
				errs = append(errs, err)
			} else {
				_, err := client.Incidents(c.surface).List(t.Context(), c.opts)
				errs = append(errs, err)
				for _, err := range client.Incidents(c.surface).All(t.Context(), c.opts) {
					errs = append(errs, err)
				}
			}
			for _, err := range errs {
				var option *defender.OptionError
				if !errors.As(err, &option) || option.Option != c.option || option.Next() == "" {
					t.Errorf("error %v, want an OptionError about %s", err, c.option)
				}
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	token := func(context.Context, defender.Surface) (string, error) { return "", nil }
	for name, cfg := range map[string]defender.Config{
		"nothing":      {Token: token},
		"no token":     {Graph: "https://graph.microsoft.com"},
		"plain http":   {Graph: "http://graph.microsoft.com", Token: token},
		"path":         {Graph: "https://graph.microsoft.com/v1.0", Token: token},
		"query":        {XDR: "https://api.security.microsoft.com?x=1", Token: token},
		"no scheme":    {XDR: "api.security.microsoft.com", Token: token},
		"other scheme": {XDR: "ftp://api.security.microsoft.com", Token: token},
		"user":         {Graph: "https://user:hunter2@graph.microsoft.com", Token: token},
		"body limit":   {Graph: "https://graph.microsoft.com", Token: token, MaxBody: -1},
	} {
		_, err := defender.New(cfg)
		var option *defender.OptionError
		if !errors.As(err, &option) {
			t.Errorf("%s: error %v, want an OptionError", name, err)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows a password: %v", name, err)
		}
	}
	for _, origin := range []string{"https://graph.microsoft.com", "https://graph.microsoft.com/", "https://localhost:8443", "http://127.0.0.1:80", "http://[::1]:80"} {
		if _, err := defender.New(defender.Config{Graph: origin, Token: token}); err != nil {
			t.Errorf("%s: %v", origin, err)
		}
	}
}

func TestServiceErrors(t *testing.T) {
	const forbidden = `{"error":{"code":"Forbidden","message":"no permission","target":"11111111-aaaa-4bbb-8ccc-222222222222"}}`
	for _, c := range []struct {
		name    string
		surface defender.Surface
		handler http.HandlerFunc
		want    defender.Error
	}{
		{"xdr 401", "xdr", answer(401, `{"error":{"code":"Unauthorized","message":"expired","target":"t1"}}`, "WWW-Authenticate", `Bearer error="invalid_token"`),
			defender.Error{Status: 401, Code: "Unauthorized", Message: "expired", Target: "t1", Action: defender.ActionToken, Challenge: `Bearer error="invalid_token"`}},
		{"graph 401 without body", "graph", answer(401, "", "request-id", "r0"),
			defender.Error{Status: 401, Message: "the answer has no body", RequestID: "r0", Action: defender.ActionToken}},
		{"xdr 403", "xdr", answer(403, forbidden),
			defender.Error{Status: 403, Code: "Forbidden", Message: "no permission", Target: "11111111-aaaa-4bbb-8ccc-222222222222", Action: defender.ActionConsent,
				Required: []string{"Incident.Read.All", "Incident.ReadWrite.All"}}},
		{"graph 403", "graph", answer(403, `{"error":{"code":"Forbidden","message":"Missing application roles.","innerError":{"date":"2026-11-22T10:00:00","request-id":"r1","client-request-id":"c1"}}}`),
			defender.Error{Status: 403, Code: "Forbidden", Message: "Missing application roles.", RequestID: "r1", Time: "2026-11-22T10:00:00", Action: defender.ActionConsent,
				Required: []string{"SecurityIncident.Read.All", "SecurityIncident.ReadWrite.All"}}},
		{"graph nested inner error", "graph", answer(400, `{"error":{"code":"BadRequest","message":"m","innererror":{"code":"outer","innerError":{"code":"inner","request-id":"r2"}}}}`),
			defender.Error{Status: 400, Code: "BadRequest", Message: "m", InnerCode: "inner", RequestID: "r2", Action: defender.ActionRequest}},
		{"xdr 403 feature off", "xdr", answer(403, `{"error":{"code":"DisabledFeature","message":"off"}}`),
			defender.Error{Status: 403, Code: "DisabledFeature", Message: "off", Action: defender.ActionConsent}},
		{"404", "xdr", answer(404, `{"error":{"code":"ResourceNotFound","message":"Incident 1 was not found","target":"t2"}}`),
			defender.Error{Status: 404, Code: "ResourceNotFound", Message: "Incident 1 was not found", Target: "t2", Action: defender.ActionGiveUp}},
		{"429 header in seconds", "graph", answer(429, `{"error":{"code":"TooManyRequests","message":"in 99 seconds"}}`, "Retry-After", "7"),
			defender.Error{Status: 429, Code: "TooManyRequests", Message: "in 99 seconds", Action: defender.ActionWait, RetryAfter: 7 * time.Second}},
		{"429 header with a date", "graph", answer(429, "{}", "Retry-After", "Sun, 22 Nov 2026 10:01:30 GMT"),
			defender.Error{Status: 429, Message: "{}", Action: defender.ActionWait, RetryAfter: 90 * time.Second}},
		{"429 in the body", "xdr", answer(429, `{"error":{"code":"TooManyRequests","message":"API calls quota exceeded! maximum allowed 50 per 00:01:00. Resume after 35 seconds."}}`),
			defender.Error{Status: 429, Code: "TooManyRequests", Message: "API calls quota exceeded! maximum allowed 50 per 00:01:00. Resume after 35 seconds.",
				Action: defender.ActionWait, RetryAfter: 35 * time.Second}},
		{"503 web page", "graph", answer(503, "<!DOCTYPE html><html>Bad gateway</html>", "Content-Type", "text/html"),
			defender.Error{Status: 503, Action: defender.ActionWait,
				Message: "the answer is a web page instead of JSON: a proxy or sign-in page on the way may have answered instead of the service"}},
		{"502 plain text", "xdr", answer(502, "upstream gone", "Content-Type", "text/plain"),
			defender.Error{Status: 502, Message: "upstream gone", Action: defender.ActionWait}},
		{"gateway's own shape", "graph", answer(401, `{"error":"invalid_token","error_description":"audience"}`),
			defender.Error{Status: 401, Code: "invalid_token", Message: "audience", Action: defender.ActionToken}},
		{"redirect", "graph", answer(302, "", "Location", "https://elsewhere.example/"),
			defender.Error{Status: 302, Message: "the service redirects to another address, which is not followed", Action: defender.ActionUnknown}},
		{"cut off", "xdr", answer(500, `{"error":{"code":"Inter`),
			defender.Error{Status: 500, Message: `{"error":{"code":"Inter`, Action: defender.ActionWait}},
	} {
		t.Run(c.name, func(t *testing.T) {
			// Each call has a client of its own: after a 429 the next call would wait.
			client := func() *defender.Client { return newClient(t, c.handler) }
			c.want.Surface = c.surface
			check := func(err error, op defender.Operation) {
				t.Helper()
				var got *defender.Error
				if !errors.As(err, &got) {
					t.Fatalf("error %v, want an Error", err)
				}
				want := c.want
				want.Operation = op
				if diff := cmp.Diff(&want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
				if strings.Contains(err.Error()+got.Next(), fakeToken) || got.Next() == "" {
					t.Errorf("error %q, next %q", err, got.Next())
				}
				for _, role := range got.Required {
					if !strings.Contains(got.Next(), role) {
						t.Errorf("next step %q does not name %s", got.Next(), role)
					}
				}
			}
			_, err := client().Incidents(c.surface).Get(t.Context(), "1")
			check(err, defender.OpGetIncident)
			_, err = client().Incidents(c.surface).List(t.Context(), defender.ListOptions{})
			check(err, defender.OpListIncidents)
		})
	}
}

func TestUnusableBodies(t *testing.T) {
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		want    defender.BodyProblem
	}{
		{"empty", answer(200, ""), defender.BodyEmpty},
		{"white space", answer(200, " \r\n"), defender.BodyEmpty},
		{"web page", answer(200, "<html>Sign in to the network</html>", "Content-Type", "text/html; charset=utf-8"), defender.BodyHTML},
		{"web page that says JSON", answer(200, "\n <!doctype html>"), defender.BodyHTML},
		{"ends early", answer(200, `{"value":[{"id":"1"`), defender.BodyTruncated},
		{"connection ends early", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"value":[]}`)
		}, defender.BodyTruncated},
		{"not JSON", answer(200, "INVALID RESPONSE"), defender.BodyNotJSON},
		{"two documents", answer(200, `{"value":[]}{"value":[]}`), defender.BodyNotJSON},
		{"too large", answer(200, `{"value":[],"filler":"`+strings.Repeat("x", 2000)+`"}`), defender.BodyTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := newClient(t, c.handler, func(cfg *defender.Config) { cfg.MaxBody = 1000 })
			_, err := client.Incidents("graph").List(t.Context(), defender.ListOptions{})
			var body *defender.BodyError
			if !errors.As(err, &body) || body.Problem != c.want || body.Next() == "" {
				t.Errorf("error %v, want a BodyError %s", err, c.want)
			}
		})
	}
	for name, body := range map[string]string{"no list": `{"items":[]}`, "null": `{"value":null}`, "an object": `{"value":{}}`, "an array": `[]`, "odd link": `{"value":[],"@odata.nextLink":7}`} {
		client := newClient(t, answer(200, body))
		_, err := client.Incidents("graph").List(t.Context(), defender.ListOptions{})
		var decode *defender.DecodeError
		if !errors.As(err, &decode) {
			t.Errorf("%s: error %v, want a DecodeError", name, err)
		}
	}
}

func TestByteOrderMarkAndExactLimit(t *testing.T) {
	body := "\xef\xbb\xbf" + `{"value":[{"id":"1"}]}`
	client := newClient(t, answer(200, body), func(cfg *defender.Config) { cfg.MaxBody = int64(len(body)) })
	page, err := client.Incidents("graph").List(t.Context(), defender.ListOptions{})
	if err != nil || len(page.Items) != 1 {
		t.Errorf("page %v, error %v", page, err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	stolen := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen = true }))
	defer elsewhere.Close()
	client := newClient(t, answer(307, "", "Location", elsewhere.URL+"/v1.0/security/incidents"))
	_, err := client.Incidents("graph").List(t.Context(), defender.ListOptions{})
	var refused *defender.Error
	if !errors.As(err, &refused) || refused.Status != 307 || stolen {
		t.Errorf("error %v; the other server was asked: %v", err, stolen)
	}
}

func TestFailuresOnTheWay(t *testing.T) {
	cause := errors.New("no consent")
	client := newClient(t, func(http.ResponseWriter, *http.Request) { t.Error("asked without a token") }, func(cfg *defender.Config) {
		cfg.Token = func(context.Context, defender.Surface) (string, error) { return "", cause }
	})
	if _, err := client.Incidents("xdr").Get(t.Context(), "1"); !errors.Is(err, cause) || !strings.Contains(err.Error(), "xdr") {
		t.Errorf("error %v, want the cause and the surface", err)
	}

	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("the user stopped it")
	client = newClient(t, func(http.ResponseWriter, *http.Request) { cancel(stop) })
	if _, err := client.Incidents("graph").List(ctx, defender.ListOptions{}); !errors.Is(err, stop) {
		t.Errorf("error %v, want the cause of the ended context", err)
	}

	client, err := defender.New(defender.Config{Graph: "https://graph.invalid", HTTPClient: &http.Client{Transport: failing{}}, Retries: -1,
		Token: func(context.Context, defender.Surface) (string, error) { return fakeToken, nil }})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Incidents("graph").List(t.Context(), defender.ListOptions{AssignedTo: "person@contoso.example"})
	if !errors.Is(err, errUnplugged) || strings.Contains(err.Error(), "person") || !strings.Contains(err.Error(), "graph.invalid") {
		t.Errorf("error %v, want the host and the cause but not the query", err)
	}
}

var errUnplugged = errors.New("cable unplugged")

type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errUnplugged }
