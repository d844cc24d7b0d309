package entra

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseError(t *testing.T) {
	const trace, corr = "9d6f0a3e-1111-4222-8333-0123456a4700", "aaaaaaaa-1111-4222-8333-bbbbbbbbbbbb"
	at := time.Date(2023, 5, 6, 6, 3, 0, 0, time.UTC)
	for _, tt := range []struct {
		name   string
		status int
		header http.Header
		body   string
		want   Error
	}{
		{
			"the usual body", 401, nil,
			`{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: ` + trace + `\r\nCorrelation ID: ` + corr + `\r\nTimestamp: 2023-05-06 06:03:00Z","error_codes":[7000215],"timestamp":"2023-05-06 06:03:00Z","trace_id":"` + trace + `","correlation_id":"` + corr + `","error_uri":"https://login.microsoftonline.com/error?code=7000215"}`,
			Error{Code: 7000215, Codes: []int{7000215}, OAuth: "invalid_client", Message: "Invalid client secret provided.", TraceID: trace, CorrelationID: corr, Time: at, HTTPStatus: 401, Action: ActionFixCredential, URI: "https://login.microsoftonline.com/error?code=7000215"},
		},
		{
			"trailer joined by spaces, no error_uri, ids only in the text", 401, nil,
			`{"error":"invalid_client","error_description":"AADSTS700211: No matching federated identity record found for presented assertion issuer 'https://x'. Check it. https://learn.microsoft.com/x Trace ID: ` + trace + ` Correlation ID: ` + corr + ` Timestamp: 2023-05-06 06:03:00Z","error_codes":[700211]}`,
			Error{Code: 700211, Codes: []int{700211}, OAuth: "invalid_client", Message: "No matching federated identity record found for presented assertion issuer 'https://x'. Check it. https://learn.microsoft.com/x", TraceID: trace, CorrelationID: corr, Time: at, HTTPStatus: 401, Action: ActionFixCredential},
		},
		{
			"two codes: the telling one", 401, nil,
			`{"error":"invalid_client","error_description":"AADSTS70002: Error validating credentials. AADSTS50012: Invalid client secret is provided.\r\nTrace ID: ` + trace + `","error_codes":[70002,50012]}`,
			Error{Code: 50012, Codes: []int{70002, 50012}, OAuth: "invalid_client", Message: "AADSTS70002: Error validating credentials. AADSTS50012: Invalid client secret is provided.", TraceID: trace, HTTPStatus: 401, Action: ActionFixCredential},
		},
		{
			"number codes as strings", 400, nil,
			`{"error":"unauthorized_client","error_description":"AADSTS700016: Application not found.","error_codes":["700016"]}`,
			Error{Code: 700016, Codes: []int{700016}, OAuth: "unauthorized_client", Message: "Application not found.", HTTPStatus: 400, Action: ActionConsent},
		},
		{
			"one code outside an array", 400, nil,
			`{"error":"invalid_request","error_codes":90002}`,
			Error{Code: 90002, Codes: []int{90002}, OAuth: "invalid_request", HTTPStatus: 400, Action: ActionFixRequest},
		},
		{
			"code only in error_uri", 400, nil,
			`{"error":"invalid_tenant","error_uri":"https://login.microsoftonline.com/error?code=90002"}`,
			Error{Code: 90002, Codes: []int{90002}, OAuth: "invalid_tenant", HTTPStatus: 400, Action: ActionFixRequest, URI: "https://login.microsoftonline.com/error?code=90002"},
		},
		{
			"suberror and claims", 400, nil,
			`{"error":"interaction_required","error_description":"AADSTS50076: MFA.","error_codes":[50076],"suberror":"basic_action","claims":"{\"access_token\":{}}"}`,
			Error{Code: 50076, Codes: []int{50076}, OAuth: "interaction_required", Suberror: "basic_action", Message: "MFA.", Claims: `{"access_token":{}}`, HTTPStatus: 400, Action: ActionSignIn},
		},
		{
			"an unknown code is kept whole", 400, nil,
			`{"error":"invalid_grant","error_description":"AADSTS7999999: Something new.","error_codes":[7999999]}`,
			Error{Code: 7999999, Codes: []int{7999999}, OAuth: "invalid_grant", Message: "Something new.", HTTPStatus: 400, Action: ActionUnknown},
		},
		{
			"an unknown code beside a generic one", 401, nil,
			`{"error":"invalid_client","error_codes":[70002,7999999]}`,
			Error{Code: 7999999, Codes: []int{70002, 7999999}, OAuth: "invalid_client", HTTPStatus: 401, Action: ActionFixCredential},
		},
		{
			"throttled in plain text", 429, http.Header{"Retry-After": {"60"}, "Content-Type": {"text/plain"}}, "Too Many Requests",
			Error{HTTPStatus: 429, Action: ActionWait, RetryAfter: time.Minute},
		},
		{
			"throttled in JSON", 429, http.Header{"Retry-After": {"5"}},
			`{"error":"temporarily_unavailable","error_description":"AADSTS90055: Throttled.","error_codes":[90055]}`,
			Error{Code: 90055, Codes: []int{90055}, OAuth: "temporarily_unavailable", Message: "Throttled.", HTTPStatus: 429, Action: ActionWait, RetryAfter: 5 * time.Second},
		},
		{
			"a captive portal", 200, http.Header{"Content-Type": {"text/html; charset=utf-8"}}, "<HTML><head><TITLE>Hotel\n &amp; Wi-Fi</TITLE>",
			Error{HTTPStatus: 200, Action: ActionNetwork, Message: `the answer is a web page titled "Hotel & Wi-Fi", not an answer of the login service`},
		},
		{
			"a proxy's page without a type", 502, nil, "<!DOCTYPE html><p>Bad gateway",
			Error{HTTPStatus: 502, Action: ActionNetwork, Message: "the answer is a web page, not an answer of the login service"},
		},
		{
			"Microsoft's own error page", 400, http.Header{"Content-Type": {"text/html"}}, "<html><div>AADSTS50011: The redirect URI &#39;https://x&#39; does not match.</div>",
			Error{Code: 50011, Codes: []int{50011}, HTTPStatus: 400, Action: ActionFixRequest, Message: "The redirect URI 'https://x' does not match."},
		},
		{"empty", 503, nil, "", Error{HTTPStatus: 503, Action: ActionWait, Message: "the answer has no body"}},
		{"proxy wants a password", 407, nil, "", Error{HTTPStatus: 407, Action: ActionNetwork, Message: "the answer has no body"}},
		{
			"truncated JSON", 401, nil,
			`{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys for app 'x' are exp`,
			Error{Code: 7000222, Codes: []int{7000222}, OAuth: "invalid_client", Message: "The provided client secret keys for app 'x' are exp", HTTPStatus: 401, Action: ActionFixCredential},
		},
		{
			"JSON of something else", 404, nil, `{"status":"not here"}`,
			Error{HTTPStatus: 404, Action: ActionNetwork, Message: "the answer is JSON, but not an error of the login service"},
		},
		{
			"a redirect", 302, http.Header{"Location": {"https://portal.example/login?secret=1"}}, "",
			Error{HTTPStatus: 302, Action: ActionNetwork, Message: "the answer redirects to portal.example, which a token request must not follow"},
		},
		{
			"plain text", 400, nil, "nope", Error{HTTPStatus: 400, Action: ActionUnknown, Message: `the answer is plain text: "nope"`},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ParseError(tt.status, tt.header, []byte(tt.body))
			ignore := []cmp.Option{cmpopts.IgnoreUnexported(Error{})}
			if tt.want.Message == "" && tt.status == 429 {
				ignore = append(ignore, cmpopts.IgnoreFields(Error{}, "Message"))
				if !strings.Contains(got.Message, "throttles") {
					t.Errorf("message %q does not name the throttling", got.Message)
				}
			}
			if d := cmp.Diff(&tt.want, got, ignore...); d != "" {
				t.Error(d)
			}
			if got.Next() == "" {
				t.Error("no next step")
			}
			if strings.Contains(got.Error(), "secret=1") {
				t.Error("the error shows the redirect's query")
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	server := start()
	for _, tt := range []struct {
		value string
		date  bool
		want  time.Duration
	}{
		{"60", false, time.Minute},
		{" 7 ", false, 7 * time.Second},
		{"0.5", false, 500 * time.Millisecond},
		{"0", false, 0},
		{"-5", false, 0},
		{"NaN", false, 0},
		{"Inf", false, 24 * time.Hour},
		{"99999999999999999999", false, 24 * time.Hour},
		{"soon", false, 0},
		{"", false, 0},
		{server.Add(90 * time.Second).Format(http.TimeFormat), true, 90 * time.Second},
		{server.Add(-time.Hour).Format(http.TimeFormat), true, 0},
	} {
		h := http.Header{"Retry-After": {tt.value}}
		if tt.date {
			h.Set("Date", server.Format(http.TimeFormat))
		}
		// The local clock is hours off: a date must count from the server's.
		if got := parseError(429, h, nil, server.Add(-5*time.Hour)).RetryAfter; got != tt.want {
			t.Errorf("Retry-After %q: %s, want %s", tt.value, got, tt.want)
		}
	}
}

func TestAWrongClockIsNamed(t *testing.T) {
	body := []byte(`{"error":"invalid_client","error_description":"AADSTS700024: Client assertion is not within its valid time range.","error_codes":[700024]}`)
	h := http.Header{"Date": {start().Format(http.TimeFormat)}}
	for _, tt := range []struct {
		offset time.Duration
		says   string
	}{
		{-17 * time.Minute, "17m0s behind"},
		{11 * time.Minute, "11m0s ahead of"},
		{30 * time.Second, "send a fresh assertion"},
	} {
		if got := parseError(401, h, body, start().Add(tt.offset)).Next(); !strings.Contains(got, tt.says) {
			t.Errorf("offset %s: %q does not say %q", tt.offset, got, tt.says)
		}
	}
	if got := parseError(401, nil, body, start()).Next(); !strings.Contains(got, "Check this computer's clock") {
		t.Errorf("without a Date header: %q", got)
	}
}

func TestCodeTable(t *testing.T) {
	codes := Codes()
	if !slices.IsSortedFunc(codes, func(a, b CodeInfo) int { return a.Code - b.Code }) {
		t.Error("the table is not sorted, so LookupCode misses rows")
	}
	actions := []Action{ActionConsent, ActionFixCredential, ActionFixRequest, ActionWait, ActionAskCustomer, ActionSignIn}
	seen := map[int]bool{}
	for _, c := range codes {
		if seen[c.Code] {
			t.Errorf("%d twice", c.Code)
		}
		seen[c.Code] = true
		if !slices.Contains(actions, c.Action) {
			t.Errorf("%d: action %q", c.Code, c.Action)
		}
		if len(c.Next) < 20 || !strings.HasSuffix(c.Next, ".") {
			t.Errorf("%d: %q is no sentence", c.Code, c.Next)
		}
		if got, ok := LookupCode(c.Code); !ok || got != c {
			t.Errorf("LookupCode(%d) = %v, %t", c.Code, got, ok)
		}
	}
	if _, ok := LookupCode(1); ok {
		t.Error("LookupCode finds what is not there")
	}
	// What the customer's or the partner's side of the job runs into.
	for code, want := range map[int]Action{
		700016: ActionConsent, 7000229: ActionConsent, 65001: ActionConsent, 90094: ActionConsent,
		7000215: ActionFixCredential, 7000222: ActionFixCredential, 700027: ActionFixCredential, 700024: ActionFixCredential, 700213: ActionFixCredential,
		90002: ActionFixRequest, 900023: ActionFixRequest, 90038: ActionFixRequest, 50011: ActionFixRequest, 1002012: ActionFixRequest, 901002: ActionFixRequest,
		500011: ActionAskCustomer, 500014: ActionAskCustomer, 650052: ActionAskCustomer, 7000112: ActionAskCustomer, 53003: ActionAskCustomer,
		90055: ActionWait, 50196: ActionWait, 70016: ActionWait, 50020: ActionSignIn,
	} {
		if got, _ := LookupCode(code); got.Action != want {
			t.Errorf("%d: action %q, want %q", code, got.Action, want)
		}
	}
	codes[0].Next = "changed"
	if Codes()[0].Next == "changed" {
		t.Error("Codes hands out the table itself")
	}
}

func FuzzParseError(f *testing.F) {
	for _, s := range []string{
		``, `{`, `{"error":"x"}`, `{"error":1}`, `{"error_codes":["1",2,null]}`, `null`, `[]`, "Too Many Requests", "<html><title>x",
		`{"error":"invalid_client","error_description":"AADSTS7000222: x\r\nTrace ID: a Correlation ID: b Timestamp: 2023-05-06 06:03:00Z"}`,
		`{"error_description":"AADSTS7000222: cut\`, "\xff\xfe", "<title", `AADSTS`, "\xef\xbb\xbf{}", "<html><title>İ</title>",
	} {
		f.Add(400, s, "5", "text/html")
		f.Add(302, s, "Mon, 02 Jan 2006 15:04:05 GMT", "")
	}
	f.Fuzz(func(t *testing.T, status int, body, retry, contentType string) {
		e := ParseError(status, http.Header{"Retry-After": {retry}, "Content-Type": {contentType}}, []byte(body))
		if e == nil || e.Action == "" || e.Next() == "" {
			t.Fatalf("%+v", e)
		}
		if e.RetryAfter < 0 || e.RetryAfter > 24*time.Hour {
			t.Errorf("RetryAfter %s", e.RetryAfter)
		}
		s := e.Error()
		if len(s) > 5000 || strings.ContainsAny(s, "\r\n\x1b\x00") || !utf8.ValidString(s) {
			t.Errorf("not fit for a terminal: %q", s)
		}
	})
}

func FuzzReadClaims(f *testing.F) {
	f.Add(appToken(tenantA, "https://x", "A"))
	for _, p := range []string{`{}`, `null`, `[]`, `{"aud":["a","b"],"exp":"12","nbf":1.5,"iat":-1,"roles":"one","scp":" a  b "}`, `{"exp":1e300}`, `{"exp":NaN}`, `{"tid":5}`, `{`} {
		f.Add("h." + encode(p) + ".s")
	}
	f.Add("a.b.c.d.e")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ReadClaims(s)
		if err != nil {
			if len(err.Error()) > 200 {
				t.Errorf("the error may hold the token: %v", err)
			}
			return
		}
		if _, err := json.Marshal(c); err != nil {
			t.Errorf("claims cannot be encoded: %v", err)
		}
	})
}

func TestReadClaims(t *testing.T) {
	got, err := ReadClaims("h." + encode(`{"aud":"a","iss":"i","sub":"s","tid":"t","azp":"p","oid":"o","ver":"2.0","idtyp":"app","uti":"u","nonce":"n","name":"N","preferred_username":"m@x","roles":["A","B"],"scp":"x  y","iat":1,"nbf":"2","exp":3.9,"other":{"x":[1]}}`) + ".s")
	if err != nil {
		t.Fatal(err)
	}
	want := Claims{
		Audience: "a", Audiences: []string{"a"}, Issuer: "i", Subject: "s", TenantID: "t", AppID: "p", ObjectID: "o", Version: "2.0", IDType: "app",
		TokenID: "u", Nonce: "n", Name: "N", Username: "m@x", Roles: []string{"A", "B"}, Scopes: []string{"x", "y"},
		Issued: time.Unix(1, 0).UTC(), NotBefore: time.Unix(2, 0).UTC(), Expires: time.Unix(3, 0).UTC(),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, bad := range []string{"", "x", "a.b", "a.!.c", "a.b.c.d.e", "h." + encode(`{"aud":5}`) + ".s", "h." + encode(`"x"`) + ".s", strings.Repeat("a", maxTokenLength+1)} {
		if _, err := ReadClaims(bad); err == nil {
			t.Errorf("accepted %.40q", bad)
		}
	}
}

func TestErrorText(t *testing.T) {
	e := ParseError(400, nil, []byte(`{"error":"unauthorized_client","error_description":"AADSTS700016: Application with identifier 'a' was not found.\r\nTrace ID: t1\r\nCorrelation ID: c1\r\nTimestamp: 2023-05-06 06:03:00Z","error_codes":[700016]}`))
	want := "AADSTS700016 (unauthorized_client): Application with identifier 'a' was not found. [correlation id c1, trace id t1] Next: Send the tenant's administrator the consent link; if consent was given, check tenant and client id, or wait a minute."
	if e.Error() != want {
		t.Errorf("\ngot  %s\nwant %s", e.Error(), want)
	}
	throttled := ParseError(429, http.Header{"Retry-After": {"60"}}, []byte("Too Many Requests"))
	if got := throttled.Error(); !strings.HasSuffix(got, "kept. Next: Wait 1m0s and try again.") {
		t.Errorf("no full stop before the next step: %s", got)
	}
	if got := fmt.Sprintf("%v", ParseErrorDescription("access_denied", "AADSTS65004: User declined to consent to access the app.")); !strings.Contains(got, "AADSTS65004") {
		t.Error(got)
	}
}
