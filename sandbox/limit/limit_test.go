package limit_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/sandbox/limit"
)

func TestPublished(t *testing.T) {
	names := map[string]bool{}
	for _, r := range limit.Published() {
		if err := r.Validate(); err != nil {
			t.Error(err)
		}
		if names[r.Name] {
			t.Errorf("%s stands there twice", r.Name)
		}
		names[r.Name] = true
		if !strings.HasPrefix(r.Source, "https://learn.microsoft.com/") {
			t.Errorf("%s: source %q", r.Name, r.Source)
		}
		if r.Ours != (r.Name == "graph.incidents/minute") {
			t.Errorf("%s: ours is %v", r.Name, r.Ours)
		}
		if len(r.Operations) == 0 {
			t.Errorf("%s limits calls it does not name", r.Name)
		}
	}
	covered := func(service, operation string) []int {
		var calls []int
		for _, r := range limit.Published() {
			if r.Covers(service, operation) {
				calls = append(calls, r.Calls)
			}
		}
		return calls
	}
	for _, tt := range []struct {
		service, operation string
		want               []int
	}{
		{"xdr", "incidents.list", []int{50, 1500}},
		{"xdr", "incidents.get", []int{100, 1500}},
		{"xdr", "incidents.update", []int{50, 1500}},
		{"graph", "incidents.list", []int{150}},
		{"graph", "incidents.comment", []int{150}},
		{"graph", "alerts.update", []int{150}},
		{"mde", "machines.isolate", []int{100, 1500}},
		{"mde", "indicators.submit", []int{100, 1500}},
		{"mde", "incidents.list", nil},
		{"sts", "token", nil},
	} {
		if d := cmp.Diff(tt.want, covered(tt.service, tt.operation)); d != "" {
			t.Errorf("%s %s: %s", tt.service, tt.operation, d)
		}
	}
	limit.Published()[0].Operations[0] = "changed"
	if limit.Published()[0].Operations[0] == "changed" {
		t.Error("the table can be changed by its readers")
	}
}

func TestRefusalWords(t *testing.T) {
	at := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		calls      int
		per        time.Duration
		retryAfter time.Duration
		seconds    int
		quota      string
	}{
		{45, time.Minute, 12*time.Second + 1, 13, "API calls quota exceeded! maximum allowed 45 per 00:01:00. You can resume in 13 seconds."},
		{1500, time.Hour, time.Second, 1, "API calls quota exceeded! maximum allowed 1500 per 01:00:00. You can resume in 1 second."},
		{1, 26*time.Hour + 1500*time.Millisecond, 1, 1, "API calls quota exceeded! maximum allowed 1 per 1.02:00:01.5000000. You can resume in 1 second."},
	} {
		r := limit.Refusal{Rule: limit.Rule{Name: "n", Calls: tt.calls, Per: tt.per, Source: "s"}, RetryAfter: tt.retryAfter, Used: tt.calls, At: at}
		if r.Seconds() != tt.seconds || r.Quota() != tt.quota {
			t.Errorf("%v: %d seconds, %q", tt.retryAfter, r.Seconds(), r.Quota())
		}
		if want := at.Add(time.Duration(tt.seconds) * time.Second); !r.Resume().Equal(want) {
			t.Errorf("%v: resume at %v, want %v", tt.retryAfter, r.Resume(), want)
		}
		if d := r.Detail(); d["rule"] != "n" || d["used"] != tt.calls || d["retryAfter"] != tt.seconds || d["per"] != tt.per.String() {
			t.Errorf("detail %v", d)
		}
	}
}

func TestAdjust(t *testing.T) {
	base := limit.Published()
	got, err := limit.Adjust(base, map[string]limit.Change{
		"xdr.incidents.list/minute": {Calls: 3},
		"xdr.incidents.list/hour":   {Calls: 9, Per: 2 * time.Minute},
		"graph.alerts/minute":       {Off: true},
		"mde.machines.list/minute":  {},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(base)-1 || slices.ContainsFunc(got, func(r limit.Rule) bool { return r.Name == "graph.alerts/minute" }) {
		t.Errorf("%d rules of %d", len(got), len(base))
	}
	byName := map[string]limit.Rule{}
	for _, r := range got {
		byName[r.Name] = r
	}
	if r := byName["xdr.incidents.list/minute"]; r.Calls != 3 || r.Per != time.Minute || !r.Ours {
		t.Errorf("changed calls: %+v", r)
	}
	if r := byName["xdr.incidents.list/hour"]; r.Calls != 9 || r.Per != 2*time.Minute || !r.Ours {
		t.Errorf("changed both: %+v", r)
	}
	if r := byName["mde.machines.list/minute"]; r.Calls != 100 || r.Ours {
		t.Errorf("changed nothing: %+v", r)
	}
	if d := cmp.Diff(limit.Published(), base); d != "" {
		t.Errorf("the table given was changed: %s", d)
	}

	for _, tt := range []struct {
		name   string
		change limit.Change
		field  string
	}{
		{"xdr.incidents.list", limit.Change{Calls: 1}, "name"},
		{"xdr.incidents.list/minute", limit.Change{Calls: -1}, "calls"},
		{"xdr.incidents.list/minute", limit.Change{Calls: limit.MaxCalls + 1}, "calls"},
		{"xdr.incidents.list/minute", limit.Change{Per: -time.Second}, "per"},
	} {
		_, err := limit.Adjust(base, map[string]limit.Change{tt.name: tt.change})
		re, ok := errors.AsType[*limit.RuleError](err)
		if !ok || re.Field != tt.field || !strings.Contains(err.Error(), tt.field) || re.Next() == "" {
			t.Errorf("%s %+v: %v", tt.name, tt.change, err)
		}
	}
}

// TestNewLeavesOut: what cannot be enforced is no rule of the keeper.
func TestNewLeavesOut(t *testing.T) {
	good := limit.Rule{Name: "good", Service: "xdr", Calls: 1, Per: time.Second}
	k := limit.New(limit.Config{Rules: []limit.Rule{
		{Service: "xdr", Calls: 1, Per: 1}, {Name: "x", Calls: 1, Per: 1}, {Name: "x", Service: "xdr", Per: 1}, {Name: "x", Service: "xdr", Calls: 1}, good,
	}})
	if d := cmp.Diff([]limit.Rule{good}, k.Rules()); d != "" {
		t.Error(d)
	}
	if _, refused := k.Take("xdr", "a", "t", "a"); refused {
		t.Error("refused by a rule that is none")
	}
}
