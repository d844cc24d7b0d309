package world

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestStandaloneAlerts(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(40) {
		few, many := tenantOf(seed, 10), tenantOf(seed, 10)
		few.Incidents.Standalone, many.Incidents.Standalone = 5, 25
		w, v := worldOf(t, few), worldOf(t, many)
		c := checker{t: t, where: fmt.Sprintf("seed %d", seed), w: w, inv: w.Inventory(few.ID), byID: map[int64]*Incident{}, alertIDs: map[string]bool{}}
		c.index()
		if d := cmp.Diff(worldOf(t, tenantOf(seed, 10)).Incidents(few.ID), w.Incidents(few.ID)); d != "" {
			t.Fatalf("seed %d: alerts without incident change the incidents:\n%s", seed, d)
		}
		n := 0
		for _, a := range w.Alerts(few.ID) {
			if a.IncidentID != 0 {
				continue
			}
			n++
			seen[a.Status]++
			if a.LastUpdate.After(w.Epoch()) || a.LastUpdate.Before(a.Created) || (a.Status == "resolved") == a.Resolved.IsZero() || !slices.Contains(determinationsOf(a.Classification), a.Determination) {
				t.Errorf("seed %d: %+v", seed, a)
			}
			for i, e := range a.Entities {
				c.entity(fmt.Sprintf("alert %s, entity %d", a.ID, i), a, e)
			}
			if other, ok := v.Alert(few.ID, a.ID); !ok || !cmp.Equal(a, other) {
				t.Errorf("seed %d: alert %s differs when there are more", seed, a.ID)
			}
		}
		if n != 5 {
			t.Errorf("seed %d: %d alerts without incident, want 5", seed, n)
		}
	}
	for _, s := range []string{"new", "inProgress", "resolved"} {
		if seen[s] < 20 {
			t.Errorf("%d of them are %s", seen[s], s)
		}
	}
}

func TestBigAlerts(t *testing.T) {
	const n = 10_000
	tn := tenantOf(2, 3)
	tn.Incidents.BigAlerts = n
	w := worldOf(t, tn)
	list := w.Incidents(tn.ID)
	if len(list) != 4 {
		t.Fatalf("%d incidents, want 3 and the big one", len(list))
	}
	big := slices.MaxFunc(list, func(a, b *Incident) int { return int(a.ID - b.ID) })
	if len(big.Alerts) != n || big.Created.After(big.LastUpdate) || big.LastUpdate.After(w.Epoch()) || big.Severity != "high" {
		t.Errorf("big incident: %d alerts, created %v, updated %v, %s", len(big.Alerts), big.Created, big.LastUpdate, big.Severity)
	}
	ids, devices := map[string]bool{}, map[string]bool{}
	for _, a := range big.Alerts {
		ids[a.ID] = true
		for _, e := range a.Entities {
			if e.Device != nil {
				devices[e.Device.MDEID] = true
			}
		}
		if a.IncidentID != big.ID || a.LastUpdate.After(big.LastUpdate) {
			t.Fatalf("alert %+v", a)
		}
	}
	if len(ids) != n || len(devices) < inventoryWorkstations {
		t.Errorf("%d ids of %d alerts on %d devices", len(ids), n, len(devices))
	}
	if _, weight := w.incidents.holds(); weight < n/4 {
		t.Errorf("the book counts %d for %d alerts", weight, n)
	}
	last := big.Alerts[n-1]
	if _, err := w.UpdateAlert(tn.ID, last.ID, "x", func(a *Alert) error { a.AssignedTo = "me"; return nil }); err != nil {
		t.Error(err)
	}
	if _, err := w.UpdateIncident(tn.ID, big.ID, "x", func(in *Incident) error { in.Status = "resolved"; return nil }); err != nil {
		t.Error(err)
	}
	if a, _ := w.Alert(tn.ID, last.ID); a.Status != "resolved" || a.AssignedTo != "me" {
		t.Errorf("last alert = %s of %s", a.Status, a.AssignedTo)
	}
}

func TestEqualTimestamps(t *testing.T) {
	tn := tenantOf(2, 200)
	tn.Incidents.EqualTimes = true
	w := worldOf(t, tn)
	groups := map[time.Time]int{}
	for _, in := range w.Incidents(tn.ID) {
		groups[in.LastUpdate]++
		for _, a := range in.Alerts {
			if a.LastUpdate.After(in.LastUpdate) {
				t.Errorf("incident %d changed before its alert", in.ID)
			}
		}
	}
	var sizes []int
	for _, n := range groups {
		sizes = append(sizes, n)
	}
	slices.Sort(sizes)
	if d := cmp.Diff([]int{2, 2, 2, 7, 7, 7, 53, 60, 60}, sizes); d != "" {
		t.Errorf("sizes of groups (-want +got):\n%s", d)
	}
}

func TestHostile(t *testing.T) {
	tn := tenantOf(2, 2*len(hostileTexts))
	tn.Incidents.Hostile, tn.Incidents.Standalone = true, 3
	w := worldOf(t, tn)
	all := ""
	for _, in := range w.Incidents(tn.ID) {
		texts := []string{in.Name, in.Description}
		for _, a := range in.Alerts {
			texts = append(texts, a.Title)
		}
		for _, c := range in.Comments {
			texts = append(texts, c.Text)
		}
		texts = append(texts, in.Tags...)
		for _, s := range texts {
			if !utf8.ValidString(s) {
				t.Errorf("%q is not UTF-8", s)
			}
			all += s + "\n"
		}
	}
	for _, mark := range []string{"\x1b[2J", "\x1b]8;;", "\u009b", "\n=HYPERLINK", "\n@SUM", "\n-2+3", "\n+cmd", "\n＝1+1", "\n＋1", "\n－2", "\n＠SUM", "<script>", "\u202e", "\u2066", "\x00", "\r\n", "{{7*7}} %s%n"} {
		if !strings.Contains(all, mark) {
			t.Errorf("nothing holds %q", mark)
		}
	}
	if strings.Contains(all, "%!") {
		t.Error("a text was formatted wrongly")
	}
}
