package fault

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/sandbox/journal"
)

func TestManagement(t *testing.T) {
	j := journal.New(nil, nil)
	s := New(Config{Journal: j})
	srv := httptest.NewServer(s.Handler())
	defer srv.Close()
	call := func(method, path, content string, header ...string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, strings.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		for i := 0; i+1 < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(raw)
	}
	for _, c := range []struct {
		name, method, path, content string
		header                      []string
		status                      int
		part                        string
	}{
		{"none yet", "GET", "/faults", "", nil, 200, `"faults": []`},
		{"set", "POST", "/faults", `{"kind":"throttle","requests":1,"window":"1m"}`, nil, 201, `"id": "f1"`},
		{"set another", "POST", "/faults", `{"kind":"hang","count":2}`, []string{"Content-Type", "application/json; charset=utf-8"}, 201, `"state": "active"`},
		{"listed", "GET", "/faults", "", nil, 200, `"window": "1m0s"`},
		{"one", "GET", "/faults/f2", "", nil, 200, `"count": 2`},
		{"not one", "GET", "/faults/f9", "", nil, 404, `"field": "id"`},
		{"unknown key", "POST", "/faults", `{"kind":"hang","percent":3}`, nil, 400, `"field": "percent"`},
		{"every problem", "POST", "/faults", `{"kind":"slow","count":-1}`, nil, 400, `"field": "delay"`},
		{"not JSON", "POST", "/faults", `kind=hang`, nil, 400, `"field": "body"`},
		{"form", "POST", "/faults", `{"kind":"hang"}`, []string{"Content-Type", "text/plain"}, 415, `"field": "Content-Type"`},
		{"too long", "POST", "/faults", `{"kind":"` + strings.Repeat("x", maxSpec) + `"}`, nil, 413, "64 KiB"},
		{"web page", "POST", "/faults", `{"kind":"hang"}`, []string{"Sec-Fetch-Site", "cross-site"}, 403, `"field": "Origin"`},
		{"old web page", "DELETE", "/faults", "", []string{"Origin", "https://evil.example"}, 403, `"field": "Origin"`},
		{"no keys", "POST", "/keys/rotate", "", nil, 404, `"field": "keys"`},
		{"other method", "PUT", "/faults", "", nil, 405, ""},
		{"remove one", "DELETE", "/faults/f1", "", nil, 204, ""},
		{"again", "DELETE", "/faults/f1", "", nil, 404, `"field": "id"`},
		{"remove all", "DELETE", "/faults", "", nil, 200, `"removed": 1`},
	} {
		if status, text := call(c.method, c.path, c.content, c.header...); status != c.status || !strings.Contains(text, c.part) {
			t.Errorf("%s: %d %s", c.name, status, text)
		}
	}
	var what []string
	for _, e := range j.Since(0) {
		what = append(what, e.What+" "+e.Detail["id"].(string))
	}
	if got := strings.Join(what, ", "); got != "fault.set f1, fault.set f2, fault.removed f1, fault.removed f2" {
		t.Errorf("journal: %s", got)
	}
}

// TestEveryFieldIsRead holds Parse to the fields that a Spec has.
func TestEveryFieldIsRead(t *testing.T) {
	full := Spec{
		Kind: Slow, Scope: Scope{Services: []string{"s"}, Tenant: "t", Operations: []string{"o"}, Probability: .5, Seed: 1, Count: 1, For: 1},
		Delay: 1, DelayMax: 1, Status: 1, Body: "b", Bytes: ptr(1), Items: 1, Requests: 1, Window: 1, RetryAfter: 1, RetryAfterAs: "x",
		OtherTenant: "o", Audience: "a", RefreshIn: 1, Lifetime: 1, Offset: 1,
	}
	raw, err := json.Marshal(full)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if raw2, _ := json.Marshal(again); string(raw2) != string(raw) {
		t.Errorf("read %s\nof   %s", raw2, raw)
	}
}
