package xdrapi

import (
	"bytes"
	"testing"

	"github.com/tenantry/tenantry/sandbox/world"
)

func TestShelf(t *testing.T) {
	const most = 3200
	s := newShelf(most)
	made := map[int]int{}
	items := make([]*world.Incident, 100)
	for i := range items {
		items[i] = &world.Incident{ID: int64(i)}
	}
	get := func(i, size int) {
		t.Helper()
		b, err := s.get(form{of: items[i]}, func() ([]byte, error) {
			made[i]++
			return bytes.Repeat([]byte{byte(i)}, size), nil
		})
		if err != nil || len(b) != size || b[0] != byte(i) {
			t.Fatalf("item %d: %v, %v", i, b, err)
		}
		held := 0
		for _, half := range []map[form][]byte{s.young, s.old} {
			for _, b := range half {
				held += len(b)
			}
		}
		if held > most {
			t.Fatalf("%d bytes held, at most %d are to be", held, most)
		}
	}
	for i := 1; i <= 99; i++ {
		get(1, 100) // asked for all along
		get(i, 100)
	}
	if made[1] != 1 {
		t.Errorf("what was in use was made %d times", made[1])
	}
	get(99, 100)
	get(2, 100)
	if made[99] != 1 || made[2] != 2 {
		t.Errorf("made: the latest %d times, an old one %d times", made[99], made[2])
	}
	get(0, most) // larger than a shelf is for
	get(0, most)
	get(99, 100)
	if made[0] != 2 || made[99] != 1 {
		t.Errorf("a large item was made %d times, another %d times", made[0], made[99])
	}
	if _, err := s.get(form{of: &world.Incident{}}, func() ([]byte, error) { return encode(func() {}) }); err == nil {
		t.Error("an error of encoding was swallowed")
	}
}

// TestOperation holds the names against the limits' table of operations, and
// each operation's pattern against the path it is found by.
func TestOperation(t *testing.T) {
	for _, tt := range []struct{ method, path, want string }{
		{"GET", "/api/incidents", "incidents.list"},
		{"GET", "/api/v1.0/incidents/", "incidents.list"},
		{"GET", "/api/incidents/7", "incidents.get"},
		{"PATCH", "/api/v1.0/incidents/7", "incidents.update"},
		{"POST", "/api/incidents/7", ""},
		{"GET", "/api/machines", ""},
		{"GET", "/api", ""},
		{"GET", "/v1.0/security/incidents", "incidents.list"},
		{"GET", "/beta/security/incidents('7')", "incidents.get"},
		{"PATCH", "/v1.0/security/incidents/7", "incidents.update"},
		{"POST", "/v1.0/security/incidents/7/comments", "incidents.comment"},
		{"POST", "/v1.0/security/incidents('7')/comments", "incidents.comment"},
		{"GET", "/v1.0/security/alerts_V2", "alerts.list"},
		{"GET", "/v1.0/security/alerts_v2/da1_-2", "alerts.get"},
		{"PATCH", "/v1.0/security/alerts_v2/da1", "alerts.update"},
		{"POST", "/v1.0/security/alerts_v2/da1/comments", "alerts.comment"},
		{"GET", "/v1.0/security/alerts", ""},
		{"GET", "/v1.0/security", ""},
		{"GET", "/v1.0/users", ""},
		{"GET", "", ""},
	} {
		if got := Operation(tt.method, tt.path); got != tt.want {
			t.Errorf("%s %s is %q, want %q", tt.method, tt.path, got, tt.want)
		}
	}
}
