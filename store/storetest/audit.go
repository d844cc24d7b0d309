package storetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/store"
)

func record(kind string, tenant entra.TenantID, target string) fleet.AuditRecord {
	return fleet.AuditRecord{
		Kind: kind, Tenant: tenant, TenantName: "Contoso & Söhne", Surface: defender.SurfaceXDR, Target: target, TargetName: `desktop-"1"`,
		Comment: "it's bad", Reason: "case 7", Changes: []string{"status: active → resolved"}, Actor: "ann@partner", Started: kept(noon()),
	}
}

func testAudit(t *testing.T, s store.Store) {
	ctx := t.Context()
	all, err := s.Audit(ctx, fleet.AuditFilter{})
	check(t, err)
	same(t, len(all), 0)

	want := record("isolate", contoso, "m1")
	sent := want
	sent.ID, sent.Outcome, sent.Finished = 77, fleet.AuditDone, noon() // not for the caller to say
	id, err := s.AppendAudit(ctx, sent)
	check(t, err)
	want.ID = id
	all, err = s.Audit(ctx, fleet.AuditFilter{})
	check(t, err)
	same(t, all, []fleet.AuditRecord{want})

	// Uncertain first, then settled; ids of the service add up.
	check(t, s.FinishAudit(ctx, id, fleet.AuditResult{Outcome: fleet.AuditUncertain, Code: "timeout", Detail: "no answer", ServiceIDs: []string{"a1"}, At: noon()}))
	all, err = s.Audit(ctx, fleet.AuditFilter{})
	check(t, err)
	want.Finished, want.Outcome, want.Code, want.Detail, want.ServiceIDs = kept(noon()), fleet.AuditUncertain, "timeout", "no answer", []string{"a1"}
	same(t, all, []fleet.AuditRecord{want})
	check(t, s.FinishAudit(ctx, id, fleet.AuditResult{Outcome: fleet.AuditDone, ServiceIDs: []string{"a2", "a1"}, At: noon().Add(time.Hour)}))
	all, err = s.Audit(ctx, fleet.AuditFilter{})
	check(t, err)
	want.Finished, want.Outcome, want.Code, want.Detail, want.ServiceIDs = kept(noon().Add(time.Hour)), fleet.AuditDone, "", "", []string{"a1", "a2"}
	same(t, all, []fleet.AuditRecord{want})

	// What is settled stays as it is.
	for _, o := range fleet.AuditOutcomes() {
		is(t, s.FinishAudit(ctx, id, fleet.AuditResult{Outcome: o}), store.ErrConflict)
	}
	is(t, s.FinishAudit(ctx, id+1, fleet.AuditResult{Outcome: fleet.AuditDone}), store.ErrNotFound)
	is(t, s.FinishAudit(ctx, id, fleet.AuditResult{}), store.ErrInvalid)
	is(t, s.FinishAudit(ctx, id, fleet.AuditResult{Outcome: "fine"}), store.ErrInvalid)
	all, err = s.Audit(ctx, fleet.AuditFilter{})
	check(t, err)
	same(t, all, []fleet.AuditRecord{want})

	for _, lacking := range []fleet.AuditRecord{
		{Tenant: contoso, Target: "m1"}, {Kind: "scan", Target: "m1"}, {Kind: "scan", Tenant: contoso},
	} {
		_, err := s.AppendAudit(ctx, lacking)
		is(t, err, store.ErrInvalid)
	}
}

func testAuditFilter(t *testing.T, s store.Store) {
	ctx := t.Context()
	var ids []int64
	for i, r := range []fleet.AuditRecord{
		record("isolate", contoso, "m1"), record("scan", contoso, "m1"), record("isolate", contoso, "m2"), record("isolate", fabrikam, "m1"),
	} {
		r.Started = noon().Add(time.Duration(i) * time.Minute)
		if i == 2 {
			r.Guard = "isolation"
		}
		id, err := s.AppendAudit(ctx, r)
		check(t, err)
		ids = append(ids, id)
	}
	check(t, s.FinishAudit(ctx, ids[1], fleet.AuditResult{Outcome: fleet.AuditRefused}))
	check(t, s.FinishAudit(ctx, ids[3], fleet.AuditResult{Outcome: fleet.AuditUncertain}))
	for _, c := range []struct {
		name   string
		filter fleet.AuditFilter
		want   []int
	}{
		{"all, newest first", fleet.AuditFilter{}, []int{3, 2, 1, 0}},
		{"id", fleet.AuditFilter{ID: ids[1]}, []int{1}},
		{"id of another tenant", fleet.AuditFilter{ID: ids[1], Tenant: fabrikam}, nil},
		{"limit", fleet.AuditFilter{Limit: 2}, []int{3, 2}},
		{"tenant", fleet.AuditFilter{Tenant: contoso}, []int{2, 1, 0}},
		{"target", fleet.AuditFilter{Target: "m1"}, []int{3, 1, 0}},
		{"tenant and target", fleet.AuditFilter{Tenant: contoso, Target: "m1"}, []int{1, 0}},
		{"kind", fleet.AuditFilter{Kinds: []string{"scan", "release"}}, []int{1}},
		{"guard", fleet.AuditFilter{Guard: "isolation"}, []int{2}},
		{"open", fleet.AuditFilter{Outcomes: []fleet.AuditOutcome{fleet.AuditOpen}}, []int{2, 0}},
		{"open or uncertain", fleet.AuditFilter{Outcomes: []fleet.AuditOutcome{fleet.AuditOpen, fleet.AuditUncertain}}, []int{3, 2, 0}},
		{"since, inclusive", fleet.AuditFilter{Since: kept(noon()).Add(2 * time.Minute)}, []int{3, 2}},
		{"nothing", fleet.AuditFilter{Tenant: adatum}, nil},
	} {
		got, err := s.Audit(ctx, c.filter)
		check(t, err)
		var at []int
		for _, r := range got {
			for i, id := range ids {
				if r.ID == id {
					at = append(at, i)
				}
			}
		}
		if len(at) != len(got) {
			t.Errorf("%s: records nobody wrote: %v", c.name, got)
		}
		same(t, at, c.want)
	}
	if !(ids[0] < ids[1] && ids[1] < ids[2] && ids[2] < ids[3]) {
		t.Errorf("ids %v do not ascend", ids)
	}
}

func testGuard(t *testing.T, s store.Store) {
	ctx := t.Context()
	guarded := record("isolate", contoso, "m1")
	guarded.Guard = "isolation"
	first, err := s.AppendAudit(ctx, guarded)
	check(t, err)
	release := guarded
	release.Kind = "release" // the guard counts, not the kind
	for _, outcome := range []fleet.AuditOutcome{fleet.AuditOpen, fleet.AuditUncertain} {
		if outcome != fleet.AuditOpen {
			check(t, s.FinishAudit(ctx, first, fleet.AuditResult{Outcome: outcome}))
		}
		for _, r := range []fleet.AuditRecord{guarded, release} {
			_, err = s.AppendAudit(ctx, r)
			is(t, err, store.ErrConflict)
		}
	}
	// Others are not kept out: another tenant, target or guard, or none.
	for _, f := range []func(*fleet.AuditRecord){
		func(r *fleet.AuditRecord) { r.Tenant = fabrikam },
		func(r *fleet.AuditRecord) { r.Target = "m2" },
		func(r *fleet.AuditRecord) { r.Guard = "scan" },
		func(r *fleet.AuditRecord) { r.Guard = "" },
		func(r *fleet.AuditRecord) { r.Guard = "" },
	} {
		r := guarded
		f(&r)
		_, err := s.AppendAudit(ctx, r)
		check(t, err)
	}
	check(t, s.FinishAudit(ctx, first, fleet.AuditResult{Outcome: fleet.AuditFailed}))
	_, err = s.AppendAudit(ctx, guarded)
	check(t, err)
}

func testGuardRace(t *testing.T, s store.Store) {
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			r := record("isolate", contoso, "m1")
			r.Guard = "isolation"
			switch _, err := s.AppendAudit(t.Context(), r); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, store.ErrConflict):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	same(t, won.Load(), int32(1))
}

// The account of what was done outlives the tenant it was done to.
func testAuditOutlivesTenant(t *testing.T, s store.Store) {
	ctx := t.Context()
	check(t, s.PutTenant(ctx, tenant(contoso, "Contoso")))
	_, err := s.AppendAudit(ctx, record("isolate", contoso, "m1"))
	check(t, err)
	check(t, s.PutSeen(ctx, contoso, fleet.SeenIncident, []fleet.Seen{{ID: "1", LastUpdate: noon()}}))
	check(t, s.PutSeen(ctx, fabrikam, fleet.SeenIncident, []fleet.Seen{{ID: "1", LastUpdate: noon()}}))
	check(t, s.RemoveTenant(ctx, contoso))
	all, err := s.Audit(ctx, fleet.AuditFilter{Tenant: contoso})
	check(t, err)
	same(t, len(all), 1)
	_, ok, err := s.Seen(ctx, contoso, fleet.SeenIncident, "1")
	check(t, err)
	same(t, ok, false)
	_, ok, err = s.Seen(ctx, fabrikam, fleet.SeenIncident, "1")
	check(t, err)
	same(t, ok, true)
}

func testSeen(t *testing.T, s store.Store) {
	ctx := t.Context()
	_, ok, err := s.Seen(ctx, contoso, fleet.SeenIncident, "29")
	check(t, err)
	same(t, ok, false)
	update := time.Date(2026, 11, 20, 8, 30, 0, 123456700, time.UTC) // seven digits, as the services write
	shown := []fleet.Seen{{ID: "29", LastUpdate: update, At: noon()}, {ID: "30", LastUpdate: update.Add(100 * time.Nanosecond), At: noon()}}
	check(t, s.PutSeen(ctx, contoso, fleet.SeenIncident, shown))
	for _, want := range shown {
		got, ok, err := s.Seen(ctx, contoso, fleet.SeenIncident, want.ID)
		check(t, err)
		want.At = kept(want.At)
		same(t, ok, true)
		same(t, got, want)
	}
	for _, other := range []struct {
		tenant entra.TenantID
		kind   string
	}{{fabrikam, fleet.SeenIncident}, {contoso, fleet.SeenAlert}} {
		_, ok, err := s.Seen(ctx, other.tenant, other.kind, "29")
		check(t, err)
		same(t, ok, false)
	}
	// What was shown last counts, even if an older state was shown.
	check(t, s.PutSeen(ctx, contoso, fleet.SeenIncident, []fleet.Seen{{ID: "29", LastUpdate: update.Add(-time.Hour), At: noon().Add(time.Minute)}}))
	got, _, err := s.Seen(ctx, contoso, fleet.SeenIncident, "29")
	check(t, err)
	same(t, got, fleet.Seen{ID: "29", LastUpdate: update.Add(-time.Hour), At: kept(noon().Add(time.Minute))})

	// One that cannot be kept keeps the others out, too.
	is(t, s.PutSeen(ctx, contoso, fleet.SeenIncident, []fleet.Seen{{ID: "31", LastUpdate: update}, {ID: "", LastUpdate: update}}), store.ErrInvalid)
	is(t, s.PutSeen(ctx, contoso, fleet.SeenIncident, []fleet.Seen{{ID: "31", LastUpdate: update}, {ID: "32"}}), store.ErrInvalid)
	is(t, s.PutSeen(ctx, contoso, "", []fleet.Seen{{ID: "31", LastUpdate: update}}), store.ErrInvalid)
	is(t, s.PutSeen(ctx, "", fleet.SeenIncident, []fleet.Seen{{ID: "31", LastUpdate: update}}), store.ErrInvalid)
	_, ok, err = s.Seen(ctx, contoso, fleet.SeenIncident, "31")
	check(t, err)
	same(t, ok, false)
	check(t, s.PutSeen(ctx, contoso, fleet.SeenIncident, nil))

	ended, cancel := context.WithCancel(ctx)
	cancel()
	is(t, s.PutSeen(ended, contoso, fleet.SeenIncident, shown), context.Canceled)
}
