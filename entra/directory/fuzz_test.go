package directory

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"
)

func FuzzParseError(f *testing.F) {
	f.Add(404, "3", []byte(notFound().body))
	f.Add(429, "Sat, 01 Jan 2000 00:00:20 GMT", []byte("Too Many Requests"))
	f.Add(500, "-1", []byte("<html>"))
	f.Add(400, "99999999999999999999", []byte(`{"error":{"code":"x","message":"\u001b","innerError":null}}`))
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, status int, after string, body []byte) {
		e := parseError("test", status, http.Header{"Retry-After": {after}}, body, now)
		if e.RetryAfter < 0 || e.RetryAfter > longestRetryAfter {
			t.Errorf("RetryAfter %s", e.RetryAfter)
		}
		if e.Next() == "" || strings.ContainsFunc(e.Error(), unicode.IsControl) {
			t.Errorf("unusable error %q, next %q", e.Error(), e.Next())
		}
	})
}

// FuzzNextLink looks for a link that is followed and leads elsewhere.
func FuzzNextLink(f *testing.F) {
	for _, seed := range []string{
		origin + "/v1.0/applications?$skiptoken=a", "https://evil.example/v1.0/", "//graph.example/v1.0/", "https://graph.example@evil/v1.0/",
		"HTTPS://GRAPH.EXAMPLE/v1.0/x", "https://graph.example\\.evil/v1.0/", "https://graph.example:443/v1.0/", "https://graph.example/v1.0/%2e%2e/x",
	} {
		f.Add(seed)
	}
	c := New(origin, signedIn, nil)
	f.Fuzz(func(t *testing.T, link string) {
		if c.checkLink(link) != "" {
			return
		}
		req, err := http.NewRequest(http.MethodGet, link, nil)
		if err != nil {
			return
		}
		u, _ := url.Parse(origin)
		if req.URL.Scheme != "https" || !strings.EqualFold(req.URL.Host, u.Host) || req.Host != "" && !strings.EqualFold(req.Host, u.Host) || req.URL.User != nil || !strings.HasPrefix(req.URL.Path, "/v1.0/") {
			t.Errorf("%q is followed to %s", link, req.URL)
		}
	})
}
