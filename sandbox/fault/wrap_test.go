package fault

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/sandbox/journal"
)

// items is how many things the shelf of the tests has.
const items = 23

type page struct {
	Next  string           `json:"@odata.nextLink,omitempty"`
	Value []map[string]any `json:"value"`
}

// shelf answers GET /things by $top (10 unless asked) and $skip, with a link to
// the next page, as an API does.
func shelf(w http.ResponseWriter, r *http.Request) {
	number := func(name string, otherwise int) int {
		if n, err := strconv.Atoi(r.URL.Query().Get(name)); err == nil {
			return n
		}
		return otherwise
	}
	top, skip := number("$top", 10), number("$skip", 0)
	p := page{Value: []map[string]any{}}
	for i := skip; i < min(skip+top, items); i++ {
		p.Value = append(p.Value, map[string]any{"id": i, "name": fmt.Sprintf("Thing number %d", i), "colour": "red"})
	}
	if skip+top < items {
		q := r.URL.Query()
		q.Set("$skip", strconv.Itoa(skip+top))
		p.Next = "https://" + r.Host + r.URL.Path + "?" + strings.ReplaceAll(q.Encode(), "%24", "$")
	}
	raw, err := json.Marshal(p)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(raw)
}

// api serves the shelf over TLS with faults and a journal.
func api(t *testing.T, service string) (*Set, *httptest.Server, *journal.Journal) {
	t.Helper()
	j := journal.New(nil, nil)
	s := New(Config{Journal: j, Operations: map[string][]string{ServiceSTS: {"token"}, ServiceGraph: {"things.get", "things.list"}, ServiceXDR: {"things.list"}, ServiceMDE: {"things.list"}}})
	h := s.Wrap(http.HandlerFunc(shelf), func(r *http.Request) Request {
		return Request{Service: service, Operation: "things.list", Tenant: r.Header.Get("Tenant")}
	})
	srv := httptest.NewTLSServer(j.Middleware(h))
	t.Cleanup(func() {
		s.Close()
		srv.Close()
	})
	return s, srv, j
}

func fetch(t *testing.T, srv *httptest.Server, address string) (*http.Response, []byte, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := srv.Client().Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return resp, raw, err
}

// readPages follows links, at most ten, and returns the ids read and the
// lengths of the pages.
func readPages(t *testing.T, srv *httptest.Server, address string) (ids []int, lengths []int) {
	t.Helper()
	for range 10 {
		if address == "" {
			return ids, lengths
		}
		_, raw, err := fetch(t, srv, address)
		var p page
		if err != nil || json.Unmarshal(raw, &p) != nil {
			t.Fatalf("%s: %v %s", address, err, raw)
		}
		for _, v := range p.Value {
			ids = append(ids, int(v["id"].(float64)))
		}
		lengths = append(lengths, len(p.Value))
		address = p.Next
	}
	return ids, lengths
}

// skipPages pages by $skip and what was received, as clients of the Defender
// API do.
func skipPages(t *testing.T, srv *httptest.Server, top int) (ids []int) {
	t.Helper()
	for {
		_, raw, err := fetch(t, srv, fmt.Sprintf("%s/things?$top=%d&$skip=%d", srv.URL, top, len(ids)))
		var p page
		if err != nil || json.Unmarshal(raw, &p) != nil {
			t.Fatalf("%v %s", err, raw)
		}
		for _, v := range p.Value {
			ids = append(ids, int(v["id"].(float64)))
		}
		if len(p.Value) == 0 {
			return ids
		}
	}
}

func all(t *testing.T, ids []int) {
	t.Helper()
	for i := range items {
		if !slices.Contains(ids, i) {
			t.Errorf("item %d is missing of %v", i, ids)
		}
	}
}

func TestShrinkLosesNothing(t *testing.T) {
	s, srv, _ := api(t, ServiceGraph)
	if _, err := s.Shrink(Scope{}, 3); err != nil {
		t.Fatal(err)
	}
	ids, lengths := readPages(t, srv, srv.URL+"/things?$top=10")
	all(t, ids)
	if len(ids) != items || slices.Max(lengths) != 3 {
		t.Errorf("pages of %v", lengths)
	}
	if ids := skipPages(t, srv, 10); len(ids) != items {
		t.Errorf("by $skip: %v", ids)
	}
	// Half of what was asked for, and as asked again once the fault is over.
	s.Clear()
	if _, err := s.Shrink(Scope{Count: 1}, 0); err != nil {
		t.Fatal(err)
	}
	if ids, lengths := readPages(t, srv, srv.URL+"/things?$top=8"); !cmp.Equal(lengths, []int{4, 8, 8, 3}) || len(ids) != items {
		t.Errorf("pages of %v", lengths)
	}
	s.Clear()
	if _, err := s.Shrink(Scope{Count: 1}, 0); err != nil {
		t.Fatal(err)
	}
	if _, lengths := readPages(t, srv, srv.URL+"/things"); !cmp.Equal(lengths, []int{5, 10, 8}) {
		t.Errorf("pages of %v where no size was asked for", lengths)
	}
}

func TestRepeatedItems(t *testing.T) {
	s, srv, _ := api(t, ServiceGraph)
	f, err := s.Repeat(Scope{})
	f = mustSet(t, f, err)
	ids, _ := readPages(t, srv, srv.URL+"/things?$top=10")
	all(t, ids)
	if !cmp.Equal(ids[8:12], []int{8, 9, 9, 10}) || len(ids) != items+2 {
		t.Errorf("%v", ids)
	}
	if f, _ := s.Get(f.ID); f.Matched != 2 { // not the first page
		t.Errorf("%+v", f)
	}
}

func TestTrapsInLinks(t *testing.T) {
	for _, service := range []string{ServiceGraph, ServiceXDR} {
		s, srv, j := api(t, service)
		// As the API is asked: the link must come back with this very address.
		first := srv.URL + "/things?$top=10&$filter=a%20eq%20'b%26c'"
		for _, c := range []struct {
			kind Kind
			path string
			good func(link string) bool
		}{
			{Loop, first, func(link string) bool { return link == first }},
			{Loop, srv.URL + "/things?$skip=20", func(link string) bool { return link == srv.URL+"/things?$skip=20" }},
			{ForeignLink, first, func(link string) bool {
				return strings.HasPrefix(link, "https://graph.elsewhere.invalid/things?") && strings.Contains(link, "$skip=10")
			}},
			{ForeignLink, srv.URL + "/things?$skip=20", func(link string) bool { return link == "https://graph.elsewhere.invalid/things?$skip=20" }},
		} {
			f, err := s.Add(Spec{Kind: c.kind})
			f = mustSet(t, f, err)
			_, raw, err := fetch(t, srv, c.path)
			var p page
			if err != nil || json.Unmarshal(raw, &p) != nil || !c.good(p.Next) || len(p.Value) == 0 {
				t.Errorf("%s %s: %v %s", service, c.kind, err, raw)
			}
			events := j.Since(0)
			e := events[len(events)-1]
			if did := e.Detail["faults"].([]any)[0].(map[string]any); did["kind"] != string(c.kind) || did["changed"] != true || e.Operation != "things.list" || e.Service != service {
				t.Errorf("journal: %+v", e)
			}
			s.Remove(f.ID)
		}
	}
}

func TestExpandFails(t *testing.T) {
	s, srv, _ := api(t, ServiceGraph)
	if _, err := s.ExpandFails(Scope{}); err != nil {
		t.Fatal(err)
	}
	for query, status := range map[string]int{"": 200, "?$top=3": 200, "?$expand=alerts": 500, "?%24expand=alerts&$top=1": 500, "?expand=alerts": 500, "?$filter=name%20eq%20'$expand=x'": 200} {
		resp, raw, err := fetch(t, srv, srv.URL+"/things"+query)
		if err != nil || resp.StatusCode != status {
			t.Errorf("%q: %v %s", query, err, raw)
		}
	}
}

// TestSpoiledAnswers looks at answers as a client does.
func TestSpoiledAnswers(t *testing.T) {
	whole := httptest.NewRecorder()
	shelf(whole, httptest.NewRequest(http.MethodGet, "/things", nil))
	size := whole.Body.Len() // but for the host in the link
	for _, c := range []struct {
		name  string
		spec  Spec
		judge func(resp *http.Response, raw []byte, err error) bool
	}{
		{"half is declared", Spec{Kind: WrongLength}, func(resp *http.Response, raw []byte, err error) bool {
			return err == nil && resp.ContentLength == int64(len(raw)) && !json.Valid(raw) && len(raw) > size/3
		}},
		{"nothing is declared", Spec{Kind: WrongLength, Bytes: ptr(0)}, func(_ *http.Response, raw []byte, err error) bool { return err == nil && len(raw) == 0 }},
		{"more is declared", Spec{Kind: WrongLength, Bytes: ptr(100_000)}, func(resp *http.Response, raw []byte, err error) bool {
			return err != nil && resp.ContentLength == 100_000 && json.Valid(raw)
		}},
		{"cut in the middle", Spec{Kind: Truncate}, func(_ *http.Response, raw []byte, err error) bool {
			return err != nil && !json.Valid(raw)
		}},
		{"gzip ends early", Spec{Kind: CutGzip}, func(resp *http.Response, raw []byte, err error) bool {
			return errors.Is(err, io.ErrUnexpectedEOF) && resp.Uncompressed && !json.Valid(raw)
		}},
		{"invalid bytes", Spec{Kind: BadUTF8}, func(_ *http.Response, raw []byte, err error) bool {
			var p page
			if err != nil || utf8.Valid(raw) || json.Unmarshal(raw, &p) != nil || len(p.Value) != 10 {
				return false
			}
			return p.Value[3]["name"] == "Thing\ufffd(\ufffd number 3" && p.Value[3]["colour"] == "red" && p.Next != "" && utf8.ValidString(p.Next)
		}},
		{"huge", Spec{Kind: HugeBody, Bytes: ptr(3 << 20)}, func(resp *http.Response, raw []byte, err error) bool {
			return err == nil && len(raw) == 3<<20 && json.Valid(raw) && resp.ContentLength == -1
		}},
	} {
		for _, version := range []string{"HTTP/1.1", "HTTP/2"} {
			t.Run(c.name+" "+version, func(t *testing.T) {
				s, srv, j := api(t, ServiceMDE)
				if version == "HTTP/2" {
					srv.Close()
					srv = httptest.NewUnstartedServer(srv.Config.Handler)
					srv.EnableHTTP2 = true
					srv.StartTLS()
					defer srv.Close()
				}
				c.spec.Services = []string{ServiceMDE}
				f, err := s.Add(c.spec)
				f = mustSet(t, f, err)
				resp, raw, err := fetch(t, srv, srv.URL+"/things")
				if resp == nil || resp.Proto != version && version == "HTTP/1.1" || !c.judge(resp, raw, err) {
					t.Errorf("%v %v %.300q", resp, err, raw)
				}
				events := j.Wait(t.Context(), 1) // behind the fault that was set
				if len(events) == 0 || events[len(events)-1].Detail["faults"].([]any)[0].(map[string]any)["id"] != f.ID {
					t.Errorf("journal: %+v", events)
				}
			})
		}
	}
}

func TestHugeBodyEndsWithItsClient(t *testing.T) {
	s, srv, j := api(t, ServiceXDR)
	if _, err := s.HugeBody(Scope{Services: []string{ServiceXDR}}, -1); err != nil {
		t.Fatal(err)
	}
	resp, err := srv.Client().Get(srv.URL + "/things")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, resp.Body, 1<<20); err != nil {
		t.Error(err)
	}
	resp.Body.Close()
	events := j.Wait(t.Context(), 1)
	if len(events) != 1 || events[0].Error != "aborted" || events[0].Bytes < 1<<20 || events[0].Bytes > 1<<29 {
		t.Errorf("%+v", events)
	}
}

func TestOwnErrors(t *testing.T) {
	for _, c := range []struct {
		service string
		spec    Spec
		status  int
		parts   []string
		header  string // Retry-After
	}{
		{ServiceGraph, Spec{Kind: Fail}, 503, []string{`"code":"serviceNotAvailable"`, `"innerError":{"date":"`, `"request-id":"`}, ""},
		{ServiceGraph, Spec{Kind: Fail, Status: 500, RetryAfter: Duration(7e9)}, 500, []string{`"code":"generalException"`}, "7"},
		{ServiceXDR, Spec{Kind: Fail, Status: 500}, 500, []string{`{"error":{"code":"InternalServerError","message":`, `"target":"`}, ""},
		{ServiceMDE, Spec{Kind: Fail, Status: 504}, 504, []string{`"code":"GatewayTimeout"`}, ""},
		{ServiceXDR, Spec{Kind: Fail, Status: 502, Body: BodyHTML}, 502, []string{"<h1>502 Bad Gateway</h1>"}, ""},
		{ServiceGraph, Spec{Kind: Throttle}, 429, []string{`"code":"TooManyRequests"`, `"code":"429"`, `"status":"429"`}, "60"},
		{ServiceXDR, Spec{Kind: Throttle, RetryAfter: Duration(20e9), RetryAfterAs: RetryNone}, 429, []string{`"code":"TooManyRequests"`, "resume in 20 seconds"}, ""},
		{ServiceMDE, Spec{Kind: Throttle, RetryAfter: Duration(20e9)}, 429, []string{"API calls quota exceeded!", "resume in 20 seconds"}, "20"},
		{ServiceMDE, Spec{Kind: Portal}, 200, []string{"guest network"}, ""},
	} {
		s, srv, j := api(t, c.service)
		c.spec.Services = []string{c.service}
		if _, err := s.Add(c.spec); err != nil {
			t.Fatal(err)
		}
		resp, raw, err := fetch(t, srv, srv.URL+"/things")
		if err != nil || resp.StatusCode != c.status || resp.Header.Get("Retry-After") != c.header {
			t.Errorf("%s %s: %v %v %s", c.service, c.spec.Kind, resp, err, raw)
		}
		for _, part := range c.parts {
			if !strings.Contains(string(raw), part) {
				t.Errorf("%s %s: no %s in %s", c.service, c.spec.Kind, part, raw)
			}
		}
		events := j.Since(1)
		if len(events) != 1 || events[0].Status != c.status || !strings.HasPrefix(events[0].Decision, "fault f1 ") {
			t.Errorf("journal: %+v", events)
		}
	}
	s, srv, _ := api(t, ServiceMDE)
	if _, err := s.Throttle(Scope{Services: []string{ServiceMDE}}, Limit{Requests: 1, Window: 90 * 1e9}); err != nil {
		t.Fatal(err)
	}
	_, _, _ = fetch(t, srv, srv.URL+"/things")
	if _, raw, _ := fetch(t, srv, srv.URL+"/things"); !strings.Contains(string(raw), "maximum allowed 1 per 00:01:30.") {
		t.Errorf("the quota is not named: %s", raw)
	}
}

func TestServicesOfAFault(t *testing.T) {
	s := New(Config{Operations: map[string][]string{ServiceSTS: {"token"}, ServiceGraph: {"alerts.list", "incidents.list"}, ServiceXDR: {"incidents.list"}, ServiceMDE: {"machines.list"}}})
	for _, c := range []struct {
		in   Spec
		want []string
	}{
		{Spec{Kind: Hang}, []string{ServiceSTS}},
		{Spec{Kind: Hang, Scope: Scope{Operations: []string{"incidents.list"}}}, []string{ServiceGraph, ServiceXDR}},
		{Spec{Kind: Hang, Scope: Scope{Operations: []string{"token", "machines.list"}}}, []string{ServiceSTS, ServiceMDE}},
		{Spec{Kind: Loop}, []string{ServiceGraph, ServiceXDR, ServiceMDE}},
		{Spec{Kind: Loop, Scope: Scope{Services: []string{ServiceGraph}}}, []string{ServiceGraph}},
		{Spec{Kind: WrongTenant}, nil},
		{Spec{Kind: Clock, Offset: 1}, nil},
	} {
		f, err := s.Add(c.in)
		if err != nil || !cmp.Equal(f.Services, c.want) {
			t.Errorf("%+v: %v, %v", c.in, f.Services, err)
		}
	}
	for _, c := range []struct {
		in    Spec
		field string
	}{
		{Spec{Kind: Hang, Scope: Scope{Services: []string{"arm"}}}, "services"},
		{Spec{Kind: Loop, Scope: Scope{Services: []string{ServiceSTS}}}, "services"},
		{Spec{Kind: WrongTenant, Scope: Scope{Services: []string{ServiceSTS}}}, "services"},
		{Spec{Kind: Clock, Offset: 1, Scope: Scope{Services: []string{ServiceSTS}}}, "services"},
		{Spec{Kind: Hang, Scope: Scope{Services: []string{ServiceXDR}, Operations: []string{"alerts.list"}}}, "operations"},
		{Spec{Kind: Loop, Scope: Scope{Operations: []string{"token"}}}, "operations"},
		{Spec{Kind: Shrink, Items: -1}, "items"},
		{Spec{Kind: HugeBody, Bytes: ptr(1 << 50)}, "bytes"},
		{Spec{Kind: CutGzip, Bytes: ptr(-1)}, "bytes"},
		{Spec{Kind: Loop, Items: 3}, "items"},
	} {
		if f, err := s.Add(c.in); !slices.Equal(fields(err), []string{c.field}) {
			t.Errorf("%+v: %+v, %v", c.in, f, err)
		}
	}
	struck := func(service, operation string) int {
		p := s.Plan(Request{Service: service, Operation: operation})
		if p == nil {
			return 0
		}
		return len(p.acts)
	}
	if struck(ServiceXDR, "incidents.list") != 1 || struck(ServiceSTS, "token") != 1 || struck("", "keys") != 1 || struck(ServiceXDR, "token") != 0 || struck("arm", "") != 0 {
		t.Error("the wrong services are struck")
	}
}

func TestOneTenantAlone(t *testing.T) {
	s, srv, _ := api(t, ServiceXDR)
	if _, err := s.Reset(Scope{Services: []string{ServiceXDR}, Tenant: "a"}); err != nil {
		t.Fatal(err)
	}
	for tenant, struck := range map[string]bool{"a": true, "A": true, "b": false, "": false} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/things", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Tenant", tenant)
		resp, err := srv.Client().Do(req)
		if err == nil {
			resp.Body.Close()
		}
		if (err != nil) != struck {
			t.Errorf("tenant %q: %v", tenant, err)
		}
	}
}

func FuzzSetLink(f *testing.F) {
	for _, s := range []string{`{"value":[]}`, `{"@odata.nextLink":"https://a/b?c","value":[]}`, `{"@odata.nextLink":3}`, `{"a":"\"@odata.nextLink\":\"x\""}`, `{}`, `[]`, ``, "\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var before map[string]any
		if json.Unmarshal(body, &before) != nil || before == nil {
			setLink(body, func(string) string { return "x" }) // must not panic
			return
		}
		out, changed := setLink(slices.Clone(body), func(string) string { return `https://a/"b"` })
		if !changed {
			return
		}
		if !json.Valid(out) {
			t.Errorf("%q became %q", body, out)
		}
	})
}
