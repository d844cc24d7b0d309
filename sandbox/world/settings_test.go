package world

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSettings(t *testing.T) {
	w := buildFile(t, "testdata/everything.good.yaml")
	want := Settings{
		Delays: &Delays{Consent: DefaultDelay, Credential: 2500 * time.Millisecond}, // the one left out has its default
		Limits: &LimitsSpec{Rules: []LimitSpec{{"xdr.incidents.list/minute", 3, time.Minute}, {"mde: all", 100, 90 * time.Second}}},
		Faults: []json.RawMessage{
			json.RawMessage(`{"kind":"slow","tenants":["partner.example"],"delay":"2s","probability":0.5,"times":3,"on":true,"none":null}`),
			json.RawMessage(`{"kind":"fail","services":["graph","xdr"],"status":503,"body":"\u003cb\u003e\"\u0026\u2028","since":"2026-01-01T00:00:00Z"}`),
		},
		Rate: 7.5,
	}
	if d := cmp.Diff(want, w.Settings()); d != "" {
		t.Errorf("settings (-want +got):\n%s", d)
	}
	if w.Delays() != *want.Delays {
		t.Errorf("delays in force: %v", w.Delays())
	}
	for _, raw := range w.Settings().Faults {
		if !json.Valid(raw) {
			t.Errorf("%s is not JSON", raw)
		}
	}
	tn, _ := w.Tenant("partner.example")
	if s := tn.Incidents; !s.EqualTimes || s.Hostile || s.BigAlerts != 5 || s.Standalone != 4 {
		t.Errorf("incidents = %+v", s)
	}
	if d := cmp.Diff(Settings{}, buildFile(t, "testdata/smallest.good.yaml").Settings()); d != "" {
		t.Errorf("settings of a file that says nothing (-want +got):\n%s", d)
	}
}

func TestLimitsOff(t *testing.T) {
	const tenant = "tenants: [{name: A, domains: [a.example]}]\n"
	for _, text := range []string{"off", "false", `"off"`} {
		f, err := ParseFile([]byte(tenant + "limits: " + text))
		if err != nil || !f.Limits.Off {
			t.Errorf("limits: %s: %v", text, err)
		}
	}
}

// TestHooks: what this package only keeps is judged by whoever knows it, and
// told in its place.
func TestHooks(t *testing.T) {
	text := strings.Join([]string{
		"tenants: [{name: A, domains: [a.example]}]",
		"limits: {graph.incidents/minut: {calls: 1, per: 1s}, other: {calls: 1, per: 1s}}",
		"faults:",
		"  - {kind: slow}",
		"  - {knd: slow}",
	}, "\n")
	var saw []string
	check := func(raw json.RawMessage) error {
		saw = append(saw, string(raw))
		if !strings.Contains(string(raw), `"kind"`) {
			return errors.New("kind is missing")
		}
		return nil
	}
	_, err := ParseFile([]byte(text), Named("w.yaml"), CheckFaults(check), KnownLimits("graph.incidents/minute", "mde/hour"))
	want := strings.Join([]string{
		`w.yaml:2:10: limits.graph.incidents/minut: no limit is called "graph.incidents/minut"; did you mean "graph.incidents/minute"?`,
		`w.yaml:2:54: limits.other: no limit is called "other"; use one of graph.incidents/minute, mde/hour`,
		`w.yaml:5:5: faults[1]: kind is missing; the kinds of faults and what each takes are listed by: tenantry sandbox faults --help`,
	}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf("error:\n%v\nwant:\n%s", err, want)
	}
	if d := cmp.Diff([]string{`{"kind":"slow"}`, `{"knd":"slow"}`}, saw); d != "" {
		t.Errorf("the hook saw (-want +got):\n%s", d)
	}
	// Options reach a file from disk too, and a Spec made in Go is judged by
	// what can be known without them.
	path := t.TempDir() + "/w.yaml"
	if err := os.WriteFile(path, []byte("tenants: [{name: A, domains: [a.example]}]\nfaults: [{a: 1}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadFile(path, CheckFaults(check)); err == nil || !strings.Contains(err.Error(), "kind is missing") {
		t.Errorf("LoadFile = %v", err)
	}
	good := []TenantSpec{{Name: "A", Domains: []string{"a.example"}}}
	for name, f := range map[string]*Spec{
		"no JSON":     {Tenants: good, Faults: []json.RawMessage{json.RawMessage("{")}},
		"nothing":     {Tenants: good, Faults: []json.RawMessage{nil}},
		"no kind":     {Tenants: good, Faults: []json.RawMessage{json.RawMessage(`{}`)}},
		"rate":        {Tenants: good, Rate: -1},
		"delay":       {Tenants: good, Delays: &Delays{Consent: 2 * time.Hour}},
		"limit":       {Tenants: good, Limits: &LimitsSpec{Rules: []LimitSpec{{Name: "a"}}}},
		"limit twice": {Tenants: good, Limits: &LimitsSpec{Rules: []LimitSpec{{"a", 1, 1}, {"a", 1, 1}}}},
		"off and on":  {Tenants: good, Limits: &LimitsSpec{Off: true, Rules: []LimitSpec{{"a", 1, 1}}}},
	} {
		var problems Problems
		if _, err := f.Build(testClock); !errors.As(err, &problems) {
			t.Errorf("%s: Build = %v, want Problems", name, err)
		}
	}
}
