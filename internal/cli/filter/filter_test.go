package filter_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/internal/cli/filter"
)

func TestMembers(t *testing.T) {
	got, err := filter.Members("--status", "a status", filter.Statuses(), []string{"ACTIVE", " InProgress "}, defender.ParseStatus)
	if want := []defender.Status{"active", "inProgress"}; err != nil || !cmp.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	_, err = filter.Members("--severity", "a severity", filter.Severities(), []string{"high", "severe"}, defender.ParseSeverity)
	if err == nil || err.Error() != `--severity: "severe" is not a severity` {
		t.Errorf("got %v", err)
	}
	if one, err := filter.Member("--status", "a status", filter.Statuses(), "", defender.ParseStatus); one != "" || err != nil {
		t.Errorf("nothing given: %q, %v", one, err)
	}
	if _, err := filter.Member("--status", "a status", filter.Statuses(), " ", defender.ParseStatus); err == nil {
		t.Error("a space is taken for a status")
	}
}

// What is offered is what the parsers take, each once.
func TestWhatIsOfferedIsTaken(t *testing.T) {
	taken := 0
	check := func(member string, ok bool) {
		t.Helper()
		taken++
		if !ok {
			t.Errorf("%q is offered and not taken", member)
		}
	}
	for _, m := range filter.Statuses() {
		v, ok := defender.ParseStatus(string(m))
		check(string(m), ok && v == m)
	}
	for _, m := range filter.AlertStatuses() {
		v, ok := defender.ParseAlertStatus(string(m))
		check(string(m), ok && v == m)
	}
	for _, m := range filter.Severities() {
		v, ok := defender.ParseSeverity(string(m))
		check(string(m), ok && v == m)
	}
	for _, m := range filter.Classifications() {
		v, ok := defender.ParseClassification(string(m))
		check(string(m), ok && v == m)
		of := filter.Determinations(m)
		if of[len(of)-1] != defender.DeterminationOther || len(of) < 3 {
			t.Errorf("%s: %v", m, of)
		}
	}
	seen := map[defender.Determination]bool{}
	for _, m := range filter.Determinations("") {
		v, ok := defender.ParseDetermination(string(m))
		check(string(m), ok && v == m && !seen[m])
		seen[m] = true
	}
	if taken != 4+3+4+3+12 {
		t.Errorf("%d members were checked", taken)
	}
	if s := filter.Or(filter.Severities()); s != "informational, low, medium or high" || !strings.HasSuffix(filter.Or(filter.Statuses()[:1]), "active") {
		t.Errorf("got %q", s)
	}
}

func TestAmong(t *testing.T) {
	read := filter.Among(defender.ScanTypes())
	if v, ok := read("quick"); !ok || v != defender.ScanQuick {
		t.Errorf("got %q, %v", v, ok)
	}
	for _, s := range []string{"", "Quick ", "qui"} {
		if v, ok := read(s); ok || v != "" {
			t.Errorf("%q: got %q, %v", s, v, ok)
		}
	}
}

func TestLimit(t *testing.T) {
	if err := filter.Limit(0); err != nil {
		t.Error(err)
	}
	if err := filter.Limit(-1); err == nil || err.Error() != "--limit: -1 is less than 0" {
		t.Errorf("got %v", err)
	}
}
