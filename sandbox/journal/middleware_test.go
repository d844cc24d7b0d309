package journal

import (
	"bufio"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func serve(t *testing.T, j *Journal, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(j.Middleware(h))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Start()
	t.Cleanup(srv.Close)
	return srv
}

func TestMiddlewareRecordsATokenRequest(t *testing.T) {
	j := New(nil, nil)
	var seen url.Values
	srv := serve(t, j, func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		seen = r.PostForm
		Note(r.Context(), func(e *Event) { e.Service, e.Operation, e.TenantID, e.AADSTS = "sts", "token", "t1", 7000215 })
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, "no!")
	})
	form := url.Values{"client_id": {"a"}, "client_secret": {"hush hush"}, "client_assertion": {sampleJWT}, "grant_type": {"client_credentials"}}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/t1/oauth2/token?api-version=1.0&code=abc", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	req.Header.Set("X-Client-Sku", "MSAL.Go")
	req.Header.Set("X-Unknown", "not recorded")
	req.Header.Set("Cookie", "a=secret")
	req.SetBasicAuth("id", "hush")
	req.Header.Set("User-Agent", "test/1")
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized || string(body) != "no!" {
		t.Errorf("client got %d %q", resp.StatusCode, body)
	}
	if diff := cmp.Diff(form, seen); diff != "" {
		t.Errorf("handler saw another form (-sent +seen):\n%s", diff)
	}
	want := []Event{{
		Seq: 1, Kind: KindRequest, Service: "sts", Operation: "token", Method: http.MethodPost,
		Host: strings.TrimPrefix(srv.URL, "http://"), Path: "/t1/oauth2/token", Query: "api-version=1.0&code=[redacted:3]",
		Form: map[string][]string{
			"client_id": {"a"}, "client_secret": {"[redacted:9]"}, "client_assertion": {"[redacted:49]"}, "grant_type": {"client_credentials"},
		},
		Headers: map[string]string{
			"Authorization": "Basic [redacted:12]", "Cookie": "[redacted:8]", "Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "X-Client-Sku": "MSAL.Go",
		},
		UserAgent: "test/1", Status: 401, Bytes: 3, TenantID: "t1", AADSTS: 7000215,
	}}
	if diff := cmp.Diff(want, j.Since(0), cmpopts.IgnoreFields(Event{}, "Time", "DurationMS")); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}

func TestMiddlewareLeavesOtherBodiesAlone(t *testing.T) {
	j := New(nil, nil)
	srv := serve(t, j, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != `{"password":"x"}` {
			t.Errorf("handler read %q, %v", body, err)
		}
	})
	resp, err := srv.Client().Post(srv.URL, "application/json", strings.NewReader(`{"password":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	e := j.Since(0)[0]
	if e.Form != nil || e.Status != http.StatusOK {
		t.Errorf("event is %+v", e)
	}
}

func TestMiddlewareBoundsTheForm(t *testing.T) {
	j := New(nil, nil)
	long := strings.Repeat("x", maxForm-20)
	body := "a=" + long + "&b=1&client_secret=" + strings.Repeat("s", 100)
	srv := serve(t, j, func(w http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		if err != nil || string(got) != body {
			t.Errorf("handler read %d bytes of %d, %v", len(got), len(body), err)
		}
	})
	resp, err := srv.Client().Post(srv.URL, "application/x-www-form-urlencoded", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if diff := cmp.Diff(map[string][]string{"a": {long}, "b": {"1"}}, j.Since(0)[0].Form); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
}

func TestMiddlewareHandsOnABrokenBody(t *testing.T) {
	j := New(nil, nil)
	broken := errors.New("connection reset")
	r := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(strings.NewReader("a=1&b"), failing{broken}))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	j.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		if string(got) != "a=1&b" || !errors.Is(err, broken) {
			t.Errorf("handler read %q, %v", got, err)
		}
	})).ServeHTTP(httptest.NewRecorder(), r)
}

func TestEventIsThereWhenTheClientHasItsAnswer(t *testing.T) {
	j := New(nil, nil)
	big := strings.Repeat("y", 1<<16)
	srv := serve(t, j, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "65536")
		_, _ = io.WriteString(w, big[:1000])
		w.(http.Flusher).Flush()
		_, _ = io.WriteString(w, big[1000:])
	})
	for i := range 50 {
		resp, err := srv.Client().Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(got) != big {
			t.Fatalf("client read %d bytes, %v", len(got), err)
		}
		if n := j.Seq(); n != uint64(i+1) {
			t.Fatalf("after answer %d the journal has %d events", i+1, n)
		}
	}
	if b := j.Since(0)[0].Bytes; b != 65536 {
		t.Errorf("event says %d bytes", b)
	}
}

func TestMiddlewareStreams(t *testing.T) {
	j := New(nil, nil)
	release := make(chan struct{})
	srv := serve(t, j, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "first\n")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-release
		_, _ = io.WriteString(w, "second\n")
	})
	resp, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	if line, err := lines.ReadString('\n'); line != "first\n" {
		t.Errorf("read %q, %v before the handler ended", line, err)
	}
	if j.Seq() != 0 {
		t.Error("recorded before the end")
	}
	close(release)
	if line, err := lines.ReadString('\n'); line != "second\n" {
		t.Errorf("read %q, %v", line, err)
	}
}

func TestMiddlewareRecordsAPanic(t *testing.T) {
	j := New(nil, nil)
	srv := serve(t, j, func(http.ResponseWriter, *http.Request) { panic("boom") })
	if resp, err := srv.Client().Get(srv.URL); err == nil {
		resp.Body.Close()
		t.Errorf("client got %s", resp.Status)
	}
	e := j.Wait(t.Context(), 0)[0]
	if e.Error != "panic" || e.Status != 0 {
		t.Errorf("event is %+v", e)
	}
}

func TestHeadHasNoHeldByte(t *testing.T) {
	j := New(nil, nil)
	srv := serve(t, j, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5")
		_, _ = io.WriteString(w, "hello")
	})
	resp, err := srv.Client().Head(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.ContentLength != 5 || j.Seq() != 1 {
		t.Errorf("length %d, %d events", resp.ContentLength, j.Seq())
	}
}
