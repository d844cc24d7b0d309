package defender_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/defender"
)

// endpoint stands for Defender for Endpoint: it keeps what it was asked and
// answers from a list, or as a test says.
type endpoint struct {
	mu     sync.Mutex
	asked  []asked
	list   []string // JSON of the items of every list
	answer func(w http.ResponseWriter, r *http.Request) bool
}

// asked is one request.
type asked struct {
	Method, Path, Filter, Body string
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	e.asked = append(e.asked, asked{r.Method, r.URL.Path, r.URL.Query().Get("$filter"), string(body)})
	w.Header().Set("Content-Type", "application/json")
	if e.answer != nil && e.answer(w, r) {
		return
	}
	skip, _ := strconv.Atoi(r.URL.Query().Get("$skip"))
	top, _ := strconv.Atoi(r.URL.Query().Get("$top"))
	page := []json.RawMessage{}
	for i := min(skip, len(e.list)); i < min(skip+top, len(e.list)); i++ {
		page = append(page, json.RawMessage(e.list[i]))
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"value": page})
}

func (e *endpoint) requests() []asked {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]asked(nil), e.asked...)
}

// endpointClient is a client of e that tries everything once.
func endpointClient(t *testing.T, e *endpoint) *defender.Client {
	t.Helper()
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	c, err := defender.New(defender.Config{
		MDE: server.URL, HTTPClient: server.Client(), Retries: -1,
		Now: func() time.Time { return time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC) },
		Token: func(_ context.Context, s defender.Surface) (string, error) {
			if s != defender.SurfaceMDE {
				t.Errorf("a token for surface %s was asked for", s)
			}
			return "t", nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// says answers every request with a status and a body.
func says(status int, body string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		return true
	}
}
