package journal

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func sample() *Journal {
	j := New(nil, nil)
	j.Append(Event{Kind: KindRequest, Service: "sts", Operation: "token", Status: 200, TenantID: "t1", Decision: "allowed"})
	j.Append(Event{Kind: KindState, What: "consent.granted", TenantID: "t1"})
	j.Append(Event{Kind: KindRequest, Service: "xdr", Operation: "incidents.list", Status: 403, TenantID: "t2", AppID: "a1", Decision: "missing role"})
	j.Append(Event{Kind: KindRefused, Host: "example.com:443", Status: 403})
	j.Append(Event{Kind: KindRequest, Service: "sts", Operation: "token", Status: 200, TenantID: "T1", Decision: "allowed"})
	return j
}

func get(t *testing.T, h http.Handler, target string) *http.Response {
	t.Helper()
	rec := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	r.Host = "127.0.0.1:1"
	h.ServeHTTP(rec, r)
	return rec.Result()
}

func TestJournalEndpoint(t *testing.T) {
	h := Management(sample(), ManagementConfig{})
	for _, c := range []struct {
		query string
		want  []uint64
	}{
		{"", []uint64{1, 2, 3, 4, 5}},
		{"since=3", []uint64{4, 5}},
		{"kind=request", []uint64{1, 3, 5}},
		{"tenant=t1", []uint64{1, 2, 5}},
		{"service=sts&limit=1", []uint64{1}},
		{"service=sts&since=1&limit=1", []uint64{5}},
		{"kind=refused&follow=0", []uint64{4}},
		{"service=nobody", nil},
		{"operation=token", []uint64{1, 5}},
		{"status=403", []uint64{3, 4}},
		{"decision=missing", []uint64{3}},
		{"what=consent.granted", []uint64{2}},
		{"app=A1", []uint64{3}},
		{"last=2", []uint64{4, 5}},
		{"last=1&service=sts", []uint64{5}},
		{"last=9&kind=request", []uint64{1, 3, 5}},
	} {
		t.Run(c.query, func(t *testing.T) {
			resp := get(t, h, "/journal?"+c.query)
			if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/x-ndjson" {
				t.Fatalf("%s %s", resp.Status, resp.Header.Get("Content-Type"))
			}
			var got []uint64
			dec := json.NewDecoder(resp.Body)
			for dec.More() {
				var e Event
				if err := dec.Decode(&e); err != nil {
					t.Fatal(err)
				}
				got = append(got, e.Seq)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestJournalEndpointRefusesBadParameters(t *testing.T) {
	h := Management(sample(), ManagementConfig{})
	for query, field := range map[string]string{
		"since=-1": "since", "since=x": "since", "limit=0": "limit", "limit=9x": "limit", "follow=maybe": "follow",
		"kind=all": "kind", "last=0": "last", "status=ok": "status", "tenants=t1": "tenants", "since=1&since=2": "since", "a=%zz": "query",
	} {
		resp := get(t, h, "/journal?"+query)
		var body struct {
			Error struct{ Field, Problem string }
		}
		if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if resp.StatusCode != http.StatusBadRequest || body.Error.Field != field || body.Error.Problem == "" {
			t.Errorf("%s: %s %+v, want 400 for field %q", query, resp.Status, body, field)
		}
	}
}

func TestFollow(t *testing.T) {
	j := sample()
	srv := httptest.NewServer(Management(j, ManagementConfig{}))
	defer srv.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+"/journal?follow=1&kind=state&since=2", nil)
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	for i := range 3 {
		j.Append(Event{Kind: KindRequest})
		j.Append(Event{Kind: KindState, What: "x"})
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		var e Event
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Seq != uint64(7+2*i) {
			t.Errorf("line %d is %q, %v", i, line, err)
		}
	}
	cancel()
	if _, err := io.ReadAll(lines); err == nil {
		t.Error("the stream went on after the client left")
	}
}

func TestSummary(t *testing.T) {
	h := Management(sample(), ManagementConfig{})
	resp := get(t, h, "/journal/summary")
	var got Summary
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := Summary{
		Seq: 5, Requests: 3, Changes: 1, Refused: 1,
		ByService: map[string]uint64{"sts": 2, "xdr": 1}, ByStatus: map[int]uint64{200: 2, 403: 1},
		Counts: []Count{
			{Kind: KindRefused, Status: 403, Count: 1},
			{Kind: KindRequest, Service: "sts", Operation: "token", TenantID: "t1", Status: 200, Decision: "allowed", Count: 2},
			{Kind: KindRequest, Service: "xdr", Operation: "incidents.list", TenantID: "t2", Status: 403, Decision: "missing role", Count: 1},
			{Kind: KindState, TenantID: "t1", What: "consent.granted", Count: 1},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
}

func TestClear(t *testing.T) {
	j := sample()
	h := Management(j, ManagementConfig{})
	srv := httptest.NewServer(h)
	defer srv.Close()
	clear := func(origin string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, srv.URL+"/journal", nil)
		if err != nil {
			t.Fatal(err)
		}
		if origin != "" {
			req.Header.Set("Origin", origin)
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
	if status, text := clear("https://evil.example"); status != http.StatusForbidden || !strings.Contains(text, `"field": "Origin"`) || j.Summary().Requests != 3 {
		t.Errorf("a web page: %d %s", status, text)
	}
	if status, text := clear(""); status != http.StatusOK || !strings.Contains(text, `"removed": 5`) {
		t.Errorf("%d %s", status, text)
	}
	left := j.Since(0)
	if len(left) != 1 || left[0].What != "journal.cleared" || left[0].Seq != 6 || left[0].Detail["events"] != 5 {
		t.Errorf("left: %+v", left)
	}
	if s := j.Summary(); s.Requests != 0 || s.Changes != 1 || s.Seq != 6 {
		t.Errorf("summary: %+v", s)
	}
	j.Append(Event{Kind: KindRequest})
	if got := j.Since(6); len(got) != 1 || got[0].Seq != 7 {
		t.Errorf("after it: %+v", got)
	}
	if got := j.Since(2); len(got) != 2 {
		t.Errorf("since an event that was forgotten: %+v", got)
	}
}

func TestManagementServesCAAndWorld(t *testing.T) {
	full := Management(sample(), ManagementConfig{CA: []byte("PEM"), World: func() any { return map[string]int{"tenants": 3} }})
	bare := Management(sample(), ManagementConfig{})
	for path, want := range map[string]string{"/healthz": "ok\n", "/ca.pem": "PEM", "/world": "{\n  \"tenants\": 3\n}\n"} {
		body, _ := io.ReadAll(get(t, full, path).Body)
		if string(body) != want {
			t.Errorf("%s: %q", path, body)
		}
		wantStatus := http.StatusNotFound
		if path == "/healthz" {
			wantStatus = http.StatusOK
		}
		if got := get(t, bare, path).StatusCode; got != wantStatus {
			t.Errorf("%s without it: %d", path, got)
		}
	}
	rec := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/journal", strings.NewReader(""))
	r.Host = "localhost"
	full.ServeHTTP(rec, r)
	if rec.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST /journal: %d", rec.Code)
	}
}

func TestManagementAnswersLoopbackNamesOnly(t *testing.T) {
	h := Management(sample(), ManagementConfig{})
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:80": 200, "127.0.0.1:4711": 200, "127.9.9.9": 200, "[::1]:1": 200, "[::1]": 200,
		"": 403, "evil.example:80": 403, "localhost.evil.example": 403, "127.0.0.1.nip.io:80": 403, "10.0.0.1": 403,
		"[::1%25lo]:1": 403, "0.0.0.0:80": 403, "localhost:http": 403, "localhost:80:80": 403,
	} {
		rec := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/healthz", nil)
		r.Host = host
		h.ServeHTTP(rec, r)
		if rec.Code != want {
			t.Errorf("Host %q: %d, want %d", host, rec.Code, want)
		}
	}
}

// A tenant is filtered by what the sandbox can resolve, by an id of any world,
// and by nothing else: an empty answer would look like an idle tenant.
func TestManagementResolvesTenants(t *testing.T) {
	h := Management(sample(), ManagementConfig{Tenant: func(text string) (string, bool) { return "t1", text == "contoso.example" }})
	for query, want := range map[string]int{
		"contoso.example": http.StatusOK, "99999999-0000-4000-8000-00000000ABCD": http.StatusOK,
		"nosuch.example": http.StatusBadRequest, "Contoso": http.StatusBadRequest,
		"99999999-0000-4000-8000-00000000000g": http.StatusBadRequest, "99999999x0000-4000-8000-000000000000": http.StatusBadRequest,
	} {
		resp := get(t, h, "/journal?tenant="+query)
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != want {
			t.Errorf("%s: %d %s", query, resp.StatusCode, body)
		}
		if lines := bytes.Count(body, []byte("\n")); query == "contoso.example" && lines != 3 {
			t.Errorf("%s: %d events, want the 3 of t1", query, lines)
		}
	}
}
