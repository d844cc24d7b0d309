package world

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBookIsBounded: however many tenants are asked for, few are held, and one
// that was dropped is told again the same.
func TestBookIsBounded(t *testing.T) {
	w := New(testClock)
	w.incidents = newIncidentBook(100)
	var ids []string
	for i := range 50 {
		tn, err := w.AddTenant(Tenant{ID: DeriveGUID(fmt.Sprint(i)), Name: "T", Domains: []string{fmt.Sprintf("t%d.example", i)}, Incidents: IncidentSource{Count: 20}})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, tn.ID)
	}
	if tenants, _ := w.incidents.holds(); tenants != 0 {
		t.Errorf("%d tenants were told before anybody asked", tenants)
	}
	first := w.Incidents(ids[0])
	for _, id := range ids {
		w.Incidents(id)
		if tenants, incidents := w.incidents.holds(); tenants > 4 || incidents > 100 {
			t.Fatalf("holds %d incidents of %d tenants", incidents, tenants)
		}
	}
	again := w.Incidents(ids[0])
	if first[0] == again[0] {
		t.Error("the first tenant was not dropped")
	}
	if d := cmp.Diff(first, again); d != "" {
		t.Errorf("told differently the second time:\n%s", d)
	}
	// One tenant above the bound is still told.
	w.incidents = newIncidentBook(1)
	if n := len(w.Incidents(ids[1])); n != 20 {
		t.Errorf("%d incidents, want 20", n)
	}
}

func TestBookManyAskers(t *testing.T) {
	tn := tenantOf(3, 30)
	w := worldOf(t, tn)
	got := make([][]*Incident, 8)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() { got[i] = w.Incidents(tn.ID) })
	}
	wg.Wait()
	for _, g := range got {
		if len(g) != 30 || g[0] != got[0][0] {
			t.Fatal("two askers were told different incidents")
		}
	}
}

func TestIncidentsOfNobody(t *testing.T) {
	w := worldOf(t, tenantOf(1, 0))
	if w.Incidents(DeriveGUID("nobody")) != nil || w.Inventory(DeriveGUID("nobody")) != nil {
		t.Error("an unknown tenant has incidents")
	}
	if _, ok := w.Incident(DeriveGUID("nobody"), 1); ok {
		t.Error("an unknown tenant has an incident")
	}
	tn := tenantOf(1, 0)
	if all := w.Incidents(tn.ID); len(all) != 0 {
		t.Errorf("%d incidents of a tenant that declared none", len(all))
	}
	if _, ok := w.Incident(tn.ID, 1); ok {
		t.Error("an incident that was not declared")
	}
}

// TestRecordedWins: a recorded incident with a generated one's id replaces it.
func TestRecordedWins(t *testing.T) {
	tn := tenantOf(5, 10)
	id := worldOf(t, tn).Incidents(tn.ID)[0].ID
	tn.Incidents.Recorded = []*Incident{{ID: id, Name: "recorded", Created: testEpoch, LastUpdate: testEpoch}}
	w := worldOf(t, tn)
	if n := len(w.Incidents(tn.ID)); n != 10 {
		t.Errorf("%d incidents, want 10", n)
	}
	if in, _ := w.Incident(tn.ID, id); in == nil || in.Name != "recorded" {
		t.Errorf("incident = %+v", in)
	}
}

// TestManyTenants declares ten thousand tenants of fifty incidents. Memory is
// the measure, since it does not depend on the machine: nothing may be told
// before it is asked for, and what was asked for may not be kept for ever.
func TestManyTenants(t *testing.T) {
	const tenants, incidents = 10_000, 50
	f := &Spec{}
	for i := range tenants {
		domain := fmt.Sprintf("customer%05d.onmicrosoft.com", i)
		f.Tenants = append(f.Tenants, TenantSpec{
			Name: fmt.Sprintf("Customer %d", i), Domains: []string{domain},
			Users:     []UserSpec{{UPN: "admin@" + domain, Roles: []string{"Global Administrator"}}},
			Incidents: IncidentsSpec{Count: incidents, Seed: uint64(i)},
		})
	}
	before := heap()
	w, err := f.Build(testClock)
	if err != nil {
		t.Fatal(err)
	}
	built := heap() - before
	runtime.KeepAlive(f) // or its end would be counted too
	if per := built / tenants; per > 12_000 {
		t.Errorf("a tenant takes %d bytes before its incidents are told, want at most 12,000", per)
	}
	if held, _ := w.incidents.holds(); held != 0 {
		t.Errorf("%d tenants were told at once", held)
	}
	asked := 0
	for i, tn := range w.Tenants() {
		if i%10 == 0 { // enough to fill the book several times over
			asked += len(w.Incidents(tn.ID))
		}
	}
	if asked != tenants/10*incidents {
		t.Errorf("%d incidents were told", asked)
	}
	held, weight := w.incidents.holds()
	if weight > maxHeldIncidents {
		t.Errorf("%d incidents of %d tenants are held", weight, held)
	}
	total := heap() - before
	if total > 400<<20 {
		t.Errorf("%d MB in use after asking, want at most 400", total>>20)
	}
	t.Logf("%d kB per tenant declared, %d MB after asking %d incidents, %d held", built/tenants/1024, total>>20, asked, weight)
	runtime.KeepAlive(w)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
