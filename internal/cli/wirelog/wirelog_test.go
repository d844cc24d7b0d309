package wirelog_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/internal/cli/wirelog"
)

type answer func(*http.Request) (*http.Response, error)

func (a answer) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

func TestSecretsStayOut(t *testing.T) {
	const secret, token, data = "S3CR3T", "eyJTOKEN", "a customer's incident"
	tests := []struct {
		name, method, url, form string
		status                  int
		body                    string
		want                    []string
	}{
		{
			"token", "POST", "https://login.example/t/oauth2/v2.0/token?client-request-id=" + secret,
			url.Values{"client_id": {"app"}, "client_secret": {secret}, "client_assertion": {token}, "code": {secret}, "scope": {"https://x/.default"}, "unheard_of": {secret}}.Encode(),
			200, `{"access_token":"` + token + `"}`, []string{"client_id=app", "scope=https://x/.default", "client_secret=[removed]", "unheard_of=[removed]", "< 200"},
		},
		{
			"refusal", "POST", "https://login.example/t/oauth2/token", "client_secret=" + secret,
			401, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret ` + secret + `.\r\nTrace ID: x"}`, []string{"< 401", "invalid_client AADSTS7000215"},
		},
		{
			"api", "GET", "https://api.example/api/incidents?$filter=status&skiptoken=" + secret, "",
			403, `{"error":{"code":"Forbidden","message":"` + data + `"}}`, []string{"$filter=status", "skiptoken=[removed]", "403", "Forbidden"},
		},
		{"success of an api", "GET", "https://api.example/api/incidents", "", 200, data, []string{"< 200"}},
		{"password in the URL", "GET", "https://me:" + secret + "@api.example/", "", 200, "", []string{"> GET https://api.example/"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			var log bytes.Buffer
			sent := ""
			rt := &wirelog.Transport{Log: &log, Now: time.Now, Base: answer(func(r *http.Request) (*http.Response, error) {
				if r.Body != nil {
					b, _ := io.ReadAll(r.Body)
					sent = string(b)
				}
				return &http.Response{StatusCode: tc.status, Header: http.Header{"Retry-After": {"7"}}, Body: io.NopCloser(strings.NewReader(tc.body)), Request: r}, nil
			})}
			req, err := http.NewRequest(tc.method, tc.url, strings.NewReader(tc.form))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+token)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			resp, err := rt.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil || string(body) != tc.body || sent != tc.form {
				t.Errorf("the log changed what went over the wire: sent %q, got %q (%v)", sent, body, err)
			}
			for _, s := range []string{secret, token, data} {
				if strings.Contains(log.String(), s) {
					t.Errorf("the log holds %q:\n%s", s, log.String())
				}
			}
			for _, w := range append(tc.want, "retry-after=7") {
				if !strings.Contains(log.String(), w) {
					t.Errorf("the log lacks %q:\n%s", w, log.String())
				}
			}
		})
	}
}

func TestNoAnswer(t *testing.T) {
	var log bytes.Buffer
	rt := &wirelog.Transport{Log: &log, Now: time.Now, Base: answer(func(*http.Request) (*http.Response, error) {
		return nil, &url.Error{Op: "Get", URL: "https://x/?code=S3CR3T", Err: io.ErrUnexpectedEOF}
	})}
	req, _ := http.NewRequest("GET", "https://x/?code=S3CR3T", nil)
	if _, err := rt.RoundTrip(req); err == nil {
		t.Fatal("the error was lost")
	}
	if s := log.String(); !strings.Contains(s, "no answer") || strings.Contains(s, "S3CR3T") {
		t.Errorf("got %q", s)
	}
}

func FuzzSafeURL(f *testing.F) {
	f.Add("code=S3CR3T&scope=x")
	f.Add("a%ff=%0a&&;=S3CR3T")
	f.Fuzz(func(t *testing.T, query string) {
		s := wirelog.SafeURL(&url.URL{Scheme: "https", Host: "h", Path: "/", RawQuery: query})
		if strings.ContainsAny(s, "\n\r\x1b") {
			t.Errorf("%q holds control characters", s)
		}
	})
}
