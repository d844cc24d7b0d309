package mdeapi_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/sandbox/mdeapi"
)

// FuzzPath holds the router to its two answers agreeing, whatever the path.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"/api/machines", "/api/v1.0/machines/x/isolate", "//api//machines", "/api/indicators/%2F", "api/machineactions", "/API/V1.0", "/api/machines/../indicators"} {
		f.Add("GET", s)
		f.Add("POST", s)
	}
	keys := newFixture(f).keys
	f.Fuzz(func(t *testing.T, method, path string) {
		op := mdeapi.Operation(method, path)
		if op != "" && !mdeapi.Serves(path) {
			t.Fatalf("%q is %s and not served", path, op)
		}
		if op == "" || !strings.HasPrefix(path, "/") {
			return
		}
		fx := newWith(t, nil, keys)
		r := httptest.NewRequest(method, "/", http.NoBody)
		r.URL = &url.URL{Path: path}
		r.Header.Set("Authorization", "Bearer "+fx.app(tenantID, everything...))
		w := httptest.NewRecorder()
		fx.handler.ServeHTTP(w, r)
		if e := fx.lastEvent(); e.Operation != op || w.Code == http.StatusMethodNotAllowed || w.Code >= 500 {
			t.Fatalf("%s %q: %d, journal %q, operation %q", method, path, w.Code, e.Operation, op)
		}
	})
}
