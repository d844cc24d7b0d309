package world

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestLedgerAgainstAModel changes a queue in every way, forgets what was told
// in between, and compares with a plain map.
func TestLedgerAgainstAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tn := tenantOf(uint64(rapid.IntRange(0, 50).Draw(t, "seed")), rapid.IntRange(0, 12).Draw(t, "count"))
		tn.Incidents.Standalone = rapid.IntRange(0, 3).Draw(t, "alone")
		w := New(testClock)
		if _, err := w.AddTenant(tn); err != nil {
			t.Fatal(err)
		}
		model := map[int64]*Incident{}
		for _, in := range w.Incidents(tn.ID) {
			model[in.ID] = in
		}
		alone := map[string]*Alert{}
		for _, a := range w.Alerts(tn.ID) {
			if a.IncidentID == 0 {
				alone[a.ID] = a
			}
		}
		draw := func(name string) *Incident {
			list := w.Incidents(tn.ID)
			if len(list) == 0 {
				t.Skip("no incident")
			}
			return list[rapid.IntRange(0, len(list)-1).Draw(t, name)]
		}
		refresh := func(ids ...int64) {
			for _, id := range ids {
				in, ok := w.Incident(tn.ID, id)
				if !ok {
					t.Fatalf("incident %d is gone", id)
				}
				if was := model[id]; was != nil && !in.LastUpdate.After(was.LastUpdate) {
					t.Fatalf("incident %d changed at %v, before at %v", id, in.LastUpdate, was.LastUpdate)
				}
				model[id] = in
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"update": func(*rapid.T) {
				in := draw("incident")
				if _, err := w.UpdateIncident(tn.ID, in.ID, "x", func(in *Incident) error { in.Name += "!"; return nil }); err != nil {
					t.Fatal(err)
				}
				refresh(in.ID)
			},
			"alert": func(*rapid.T) {
				list := w.Alerts(tn.ID)
				if len(list) == 0 {
					t.Skip("no alert")
				}
				a := list[rapid.IntRange(0, len(list)-1).Draw(t, "alert")]
				got, err := w.UpdateAlert(tn.ID, a.ID, "x", func(a *Alert) error { a.Title += "!"; return nil })
				if err != nil {
					t.Fatal(err)
				}
				if a.IncidentID == 0 {
					alone[a.ID] = got
				} else {
					refresh(a.IncidentID)
				}
			},
			"merge": func(*rapid.T) {
				from, into := draw("from"), draw("into")
				if w.MergeIncident(tn.ID, from.ID, into.ID) == nil {
					refresh(from.ID, into.ID)
				}
			},
			"add": func(*rapid.T) {
				in, err := w.AddIncident(tn.ID, Incident{Name: "new", Alerts: []*Alert{{ID: NewGUID(), Created: testEpoch}}})
				if err != nil {
					t.Fatal(err)
				}
				model[in.ID] = in
			},
			"forget what was told": func(*rapid.T) {
				lore := w.incidents.lore
				w.incidents = newIncidentBook(maxHeldIncidents)
				w.incidents.lore = lore
			},
			"": func(*rapid.T) {
				list := w.Incidents(tn.ID)
				if len(list) != len(model) || !slices.IsSortedFunc(list, newestFirst) {
					t.Fatalf("%d incidents, want %d, sorted", len(list), len(model))
				}
				alerts := map[string]*Alert{}
				for id, a := range alone {
					alerts[id] = a
				}
				for _, in := range list {
					if in != model[in.ID] && !reflect.DeepEqual(model[in.ID], in) {
						t.Fatalf("incident %d (-want +got):\n%s", in.ID, cmp.Diff(model[in.ID], in))
					}
					if one, ok := w.Incident(tn.ID, in.ID); !ok || one != in {
						t.Fatalf("incident %d has two pointers", in.ID)
					}
					for _, a := range in.Alerts {
						if a.IncidentID != in.ID || alerts[a.ID] != nil {
							t.Fatalf("alert %s of incident %d is of %d, or told twice", a.ID, in.ID, a.IncidentID)
						}
						alerts[a.ID] = a
					}
				}
				got := w.Alerts(tn.ID)
				if len(got) != len(alerts) {
					t.Fatalf("%d alerts, want %d", len(got), len(alerts))
				}
				for _, a := range got {
					if one, ok := w.Alert(tn.ID, a.ID); !ok || one != a || a != alerts[a.ID] && !reflect.DeepEqual(a, alerts[a.ID]) {
						t.Fatalf("alert %s differs", a.ID)
					}
				}
			},
		})
	})
}

// TestManyWriters changes one tenant from many goroutines: no change is lost.
func TestManyWriters(t *testing.T) {
	tn := tenantOf(3, 20)
	tn.Incidents.Standalone = 2
	w := worldOf(t, tn)
	list := w.Incidents(tn.ID)
	const writers, each = 8, 40
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			for range each {
				in := list[r.IntN(len(list))]
				if _, err := w.UpdateIncident(tn.ID, in.ID, "x", func(in *Incident) error {
					in.Comments = append(in.Comments, Comment{Text: "count me"})
					return nil
				}); err != nil {
					t.Error(err)
				}
				w.Incidents(tn.ID)
				alerts := w.Alerts(tn.ID)
				if _, err := w.UpdateAlert(tn.ID, alerts[r.IntN(len(alerts))].ID, "x", func(a *Alert) error { return nil }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	n := 0
	for _, in := range w.Incidents(tn.ID) {
		for _, c := range in.Comments {
			if c.Text == "count me" {
				n++
			}
		}
	}
	if n != writers*each {
		t.Errorf("%d comments, want %d", n, writers*each)
	}
}

// TestMemoryGrowsWithChangesAlone reads ten thousand tenants of fifty incidents
// and changes one incident of every hundredth.
func TestMemoryGrowsWithChangesAlone(t *testing.T) {
	const tenants, incidents, every = 10_000, 50, 100
	f := &Spec{}
	for i := range tenants {
		f.Tenants = append(f.Tenants, TenantSpec{
			Name: fmt.Sprintf("Customer %d", i), Domains: []string{fmt.Sprintf("customer%05d.onmicrosoft.com", i)},
			Incidents: IncidentsSpec{Count: incidents, Seed: uint64(i)},
		})
	}
	w, err := f.Build(testClock)
	if err != nil {
		t.Fatal(err)
	}
	all := w.Tenants()
	for _, tn := range all[:400] { // fills the book
		w.Incidents(tn.ID)
	}
	before := heap()
	changed := map[string]*Incident{}
	for i := 0; i < tenants; i += every {
		id := all[i].ID
		in := w.Incidents(id)[7]
		if changed[id], err = w.UpdateIncident(id, in.ID, "x", func(in *Incident) error {
			in.Comments = append(in.Comments, Comment{Text: "changed"})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, tn := range all[100:500] { // the book forgets every one of them
		w.Incidents(tn.ID)
	}
	after := heap()
	for id, want := range changed {
		if list := w.Incidents(id); list[0] != want || len(list) != incidents {
			t.Fatalf("tenant %s: a change was forgotten", id)
		}
	}
	n := len(changed)
	per := int64(after-before) / int64(n)
	t.Logf("%d bytes per change", per)
	// An incident with alerts and entities of its own is some 8 kB.
	if per > 40_000 {
		t.Errorf("a change takes %d bytes, want at most 40,000", per)
	}
	if tenants, weight := w.incidents.holds(); weight > maxHeldIncidents {
		t.Errorf("the book holds %d incidents of %d tenants", weight, tenants)
	}
	runtime.KeepAlive(w)
}
