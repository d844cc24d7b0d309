package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const goodEndpoints = `{"origin":"https://localhost:8443","proxy":"http://127.0.0.1:3128","management":"http://127.0.0.1:9000","caFile":"/s/ca.pem","dir":"/s","pid":1,"started":"2026-01-02T03:04:05Z"}`

func TestReadEndpoints(t *testing.T) {
	for _, c := range []struct{ name, content, field, problem string }{
		{"good", goodEndpoints, "", ""},
		{"empty", "", "", "is not the endpoints file"},
		{"no JSON", "origin: x", "", "is not the endpoints file"},
		{"another file", `{"a":1}`, "origin", "is not https://host:port"},
		{"plain origin", strings.Replace(goodEndpoints, "https://localhost", "http://localhost", 1), "origin", "is not https://host:port"},
		{"proxy without port", strings.Replace(goodEndpoints, ":3128", "", 1), "proxy", "is not http://host:port"},
		{"proxy with password", strings.Replace(goodEndpoints, "127.0.0.1:3128", "u:p@127.0.0.1:3128", 1), "proxy", "is not http://host:port"},
		{"management with path", strings.Replace(goodEndpoints, ":9000", ":9000/x", 1), "management", "is not http://host:port"},
		{"relative CA file", strings.Replace(goodEndpoints, "/s/ca.pem", "ca.pem", 1), "caFile", "is not an absolute path"},
		{"no directory", strings.Replace(goodEndpoints, `"/s"`, `""`, 1), "dir", "is not an absolute path"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, EndpointsFile), []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := ReadEndpoints(dir)
			if c.problem == "" {
				want := Endpoints{"https://localhost:8443", "http://127.0.0.1:3128", "http://127.0.0.1:9000", "/s/ca.pem", "/s", 1, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
				if err != nil || got != want {
					t.Errorf("got %+v, %v", got, err)
				}
				return
			}
			var ee *EndpointsError
			if !errors.As(err, &ee) || ee.Field != c.field || !strings.Contains(ee.Problem, c.problem) || ee.Remedy == "" || got != (Endpoints{}) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestReadEndpointsWhereNothingRuns(t *testing.T) {
	_, err := ReadEndpoints(t.TempDir())
	var ee *EndpointsError
	if !errors.As(err, &ee) || !strings.Contains(ee.Remedy, "tenantry sandbox serve") {
		t.Errorf("error is %v", err)
	}
}

func TestAliveIsNotFooledByAnotherProgram(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	e := Endpoints{Management: srv.URL, Dir: "/s"}
	if err := e.Alive(t.Context()); err == nil || !strings.Contains(err.Error(), "some other program") {
		t.Errorf("error is %v", err)
	}
}

func FuzzReadEndpoints(f *testing.F) {
	for _, s := range []string{goodEndpoints, "", "{}", `{"origin":"https://[::1]:1"}`, `{"pid":"x"}`, "[]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := parseEndpoints("f", raw)
		if err != nil {
			var ee *EndpointsError
			if !errors.As(err, &ee) || ee.Remedy == "" {
				t.Errorf("untyped error %v", err)
			}
			return
		}
		again, err := json.Marshal(e)
		if err != nil {
			return // years that JSON cannot write
		}
		if e2, err := parseEndpoints("f", again); err != nil || !e2.Started.Equal(e.Started) || e2.Proxy != e.Proxy {
			t.Errorf("%s does not survive: %v", again, err)
		}
	})
}
