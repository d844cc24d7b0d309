package respond_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/respond"
	"github.com/tenantry/tenantry/store/sqlite"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(processStore); path != "" {
		fmt.Println(process(path, os.Getenv(processService)))
		return
	}
	goleak.VerifyTestMain(m)
}

const (
	contoso = "aaaaaaaa-0000-4000-8000-000000000001"
	machine = "1e5bc9d7e413ddd7902c2932e418702b84d0cc07"
)

func start() time.Time { return time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC) }

// action is one machine action of the fake service.
type action struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Status    string `json:"status"`
	MachineID string `json:"machineId"`
	Comment   string `json:"requestorComment"`
	Requestor string `json:"requestor"`
	Created   string `json:"creationDateTimeUtc"`
	Updated   string `json:"lastUpdateDateTimeUtc"`
}

// service stands for Defender for Endpoint: a list of actions, and what to do
// with the next POST.
type service struct {
	mu      sync.Mutex
	clock   time.Time
	actions []action
	posts   []string // paths posted to
	// post answers a POST; nil does what the service does.
	post func(w http.ResponseWriter, r *http.Request, do func() action)
	// list answers the list of actions; nil does what the service does.
	list func(w http.ResponseWriter) bool
}

func (s *service) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock
}

func (s *service) advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = s.clock.Add(d)
}

func (s *service) add(kind, status, comment string, at time.Time) action {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addLocked(kind, status, comment, at)
}

func (s *service) addLocked(kind, status, comment string, at time.Time) action {
	text := at.UTC().Format("2006-01-02T15:04:05.0000000Z")
	a := action{ID: fmt.Sprintf("action-%d", len(s.actions)+1), Type: kind, Status: status, MachineID: machine, Comment: comment,
		Requestor: "ann@contoso.example", Created: text, Updated: text}
	s.actions = append(s.actions, a)
	return a
}

func (s *service) posted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.posts...)
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/api/machineactions":
		if s.list != nil && s.list(w) {
			return
		}
		var shown []action
		if r.URL.Query().Get("$skip") == "" {
			shown = s.actions
		} else if n := len(s.actions); n > 0 {
			shown = s.actions[n-1:] // the overlap of the page that ends the list
		}
		if shown == nil {
			shown = []action{}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"value": shown})
	case r.Method == http.MethodPost:
		s.posts = append(s.posts, r.URL.Path)
		var body struct{ Comment string }
		_ = json.NewDecoder(r.Body).Decode(&body)
		kind := map[string]string{"isolate": "Isolate", "unisolate": "Unisolate", "runAntiVirusScan": "RunAntiVirusScan",
			"collectInvestigationPackage": "CollectInvestigationPackage"}[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]]
		do := func() action { return s.addLocked(kind, "Pending", body.Comment, s.clock) }
		if s.post != nil {
			s.post(w, r, do)
			return
		}
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(do())
	case r.Method == http.MethodDelete:
		s.posts = append(s.posts, r.URL.Path)
		w.WriteHeader(http.StatusNoContent)
	default:
		http.NotFound(w, r)
	}
}

// rig is a runner with a store, a client and the service it talks to.
type rig struct {
	*service
	client *defender.Client
	runner *respond.Runner
	store  *sqlite.DB
}

func newRig(t *testing.T) *rig {
	t.Helper()
	s := &service{clock: start()}
	server := httptest.NewServer(s)
	hc := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(func() {
		hc.CloseIdleConnections()
		server.Close()
	})
	client, err := defender.New(defender.Config{
		MDE: server.URL, HTTPClient: hc, Retries: -1, Now: s.now,
		Token: func(context.Context, defender.Surface) (string, error) { return "t", nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), s.now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return &rig{service: s, client: client, store: db, runner: &respond.Runner{Store: db, Now: s.now, Actor: "bob"}}
}

func plan(comment string) respond.Plan {
	return respond.Plan{Tenant: contoso, TenantName: "Contoso", Target: machine, TargetName: "desktop-1", Comment: comment}
}

func (r *rig) isolate(ctx context.Context, comment string) (*defender.MachineAction, respond.Result, error) {
	return r.runner.Isolate(ctx, r.client, plan(comment), respond.IsolateOptions{})
}

// audit is the records, the oldest first.
func (r *rig) audit(t *testing.T) []fleet.AuditRecord {
	t.Helper()
	all, err := r.store.Audit(context.Background(), fleet.AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
		all[i], all[j] = all[j], all[i]
	}
	return all
}

func outcomes(records []fleet.AuditRecord) string {
	var out []string
	for _, r := range records {
		o := string(r.Outcome)
		if o == "" {
			o = "open"
		}
		out = append(out, o)
	}
	return strings.Join(out, " ")
}
