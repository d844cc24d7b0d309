package respond_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/respond"
)

func TestIsolate(t *testing.T) {
	r := newRig(t)
	a, res, err := r.isolate(t.Context(), "alert 7")
	if err != nil {
		t.Fatal(err)
	}
	if a.Type != defender.ActionIsolate || res.Outcome != fleet.AuditDone || res.AuditID == 0 {
		t.Errorf("action %+v, result %+v", a, res)
	}
	want := []fleet.AuditRecord{{
		ID: res.AuditID, Kind: "isolate", Tenant: contoso, TenantName: "Contoso", Surface: defender.SurfaceMDE, Target: machine, TargetName: "desktop-1",
		Comment: "alert 7", Actor: "bob", Guard: "isolation", Started: start(), Finished: start(), Outcome: fleet.AuditDone, ServiceIDs: []string{"action-1"},
	}}
	if diff := cmp.Diff(want, r.audit(t)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := r.posted(); len(got) != 1 || got[0] != "/api/machines/"+machine+"/isolate" {
		t.Errorf("posted %v", got)
	}
}

// No second isolation while one is under way, or of a machine that is isolated.
func TestIsolateOnce(t *testing.T) {
	for _, c := range []struct {
		name    string
		actions [][2]string // type and status, the oldest first
		kind    respond.Kind
		force   bool
		refused string // part of the refusal; empty means it is sent
	}{
		{"nothing was done", nil, respond.KindIsolate, false, ""},
		{"pending", [][2]string{{"Isolate", "Pending"}}, respond.KindIsolate, false, "is being isolated already: action action-1, asked for at 2026-11-22 08:00:00 UTC by ann@contoso.example, Pending"},
		{"in progress", [][2]string{{"Isolate", "InProgress"}}, respond.KindIsolate, false, "being isolated already"},
		{"in a state nobody knows", [][2]string{{"Isolate", "Thinking"}}, respond.KindIsolate, false, "being isolated already"},
		{"pending, and force does not help", [][2]string{{"Isolate", "Pending"}}, respond.KindIsolate, true, "being isolated already"},
		{"isolated", [][2]string{{"Isolate", "Succeeded"}}, respond.KindIsolate, false, "is isolated already: action action-1"},
		{"isolated, by force", [][2]string{{"Isolate", "Succeeded"}}, respond.KindIsolate, true, ""},
		{"isolated and released", [][2]string{{"Isolate", "Succeeded"}, {"Unisolate", "Succeeded"}}, respond.KindIsolate, false, ""},
		{"isolated, and the release failed", [][2]string{{"Isolate", "Succeeded"}, {"Unisolate", "Failed"}}, respond.KindIsolate, false, "is isolated already"},
		{"isolated, and the release ran out of time", [][2]string{{"Isolate", "Succeeded"}, {"Unisolate", "TimeOut"}}, respond.KindIsolate, false, "is isolated already"},
		{"being released", [][2]string{{"Isolate", "Succeeded"}, {"Unisolate", "Pending"}}, respond.KindIsolate, false, "being released already"},
		{"being released, by force", [][2]string{{"Isolate", "Succeeded"}, {"Unisolate", "Pending"}}, respond.KindIsolate, true, ""},
		{"failed", [][2]string{{"Isolate", "Failed"}}, respond.KindIsolate, false, ""},
		{"cancelled", [][2]string{{"Isolate", "Cancelled"}}, respond.KindIsolate, false, ""},
		{"scanned", [][2]string{{"RunAntiVirusScan", "Pending"}}, respond.KindIsolate, false, ""},
		{"release", [][2]string{{"Isolate", "Succeeded"}}, respond.KindRelease, false, ""},
		{"release of what is not isolated", nil, respond.KindRelease, false, ""},
		{"release while being released", [][2]string{{"Isolate", "Succeeded"}, {"Unisolate", "InProgress"}}, respond.KindRelease, false, "being released already"},
		{"release while being isolated", [][2]string{{"Isolate", "Pending"}}, respond.KindRelease, false, "being isolated already"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			for i, a := range c.actions {
				r.add(a[0], a[1], "earlier", start().Add(-time.Hour+time.Duration(i)*time.Minute))
			}
			var err error
			if c.kind == respond.KindIsolate {
				_, _, err = r.runner.Isolate(t.Context(), r.client, plan("why"), respond.IsolateOptions{Force: c.force})
			} else {
				_, _, err = r.runner.Release(t.Context(), r.client, plan("why"))
			}
			if c.refused == "" {
				if err != nil || len(r.posted()) != 1 || outcomes(r.audit(t)) != "done" {
					t.Errorf("error %v, posted %v, audit %q; want it done", err, r.posted(), outcomes(r.audit(t)))
				}
				return
			}
			already, ok := errors.AsType[*respond.AlreadyIsolatingError](err)
			if !ok || !strings.Contains(err.Error(), c.refused) || already.Next() == "" || already.Kind != c.kind {
				t.Errorf("error %v, want one that says %q", err, c.refused)
			}
			if len(r.posted()) != 0 || outcomes(r.audit(t)) != "refused" {
				t.Errorf("posted %v, audit %q; want nothing sent and it refused", r.posted(), outcomes(r.audit(t)))
			}
		})
	}
}

// Of many runs at once exactly one isolates.
func TestIsolateRace(t *testing.T) {
	r := newRig(t)
	var done, refused atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, _, err := r.isolate(t.Context(), "why")
			switch _, ok := errors.AsType[*respond.AlreadyIsolatingError](err); {
			case err == nil:
				done.Add(1)
			case ok:
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if done.Load() != 1 || refused.Load() != 7 || len(r.posted()) != 1 {
		t.Errorf("%d isolated, %d refused, posted %v; want one", done.Load(), refused.Load(), r.posted())
	}
}

// hangUp breaks the connection off.
func hangUp(http.ResponseWriter) { panic(http.ErrAbortHandler) }

// The answer is lost. What the service's list shows then decides.
func TestIsolateUncertain(t *testing.T) {
	for _, c := range []struct {
		name  string
		post  func(w http.ResponseWriter, r *http.Request, do func() action)
		taken bool // the service took it
	}{
		{"broken off after it was taken", func(w http.ResponseWriter, _ *http.Request, do func() action) { do(); hangUp(w) }, true},
		{"broken off before", func(w http.ResponseWriter, _ *http.Request, _ func() action) { hangUp(w) }, false},
		{"500 after it was taken", func(w http.ResponseWriter, _ *http.Request, do func() action) { do(); w.WriteHeader(500) }, true},
		{"503 before", func(w http.ResponseWriter, _ *http.Request, _ func() action) { w.WriteHeader(503) }, false},
		{"an answer that is none", func(w http.ResponseWriter, _ *http.Request, do func() action) {
			do()
			w.WriteHeader(201)
			_, _ = w.Write([]byte(`{"id":`))
		}, true},
		{"an answer without an id", func(w http.ResponseWriter, _ *http.Request, do func() action) {
			do()
			w.WriteHeader(201)
			_, _ = w.Write([]byte(`{}`))
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.post = c.post
			a, _, err := r.isolate(t.Context(), "alert 7")
			if len(r.posted()) != 1 {
				t.Fatalf("posted %v, want one request whatever the answer", r.posted())
			}
			if c.taken {
				if err != nil || a == nil || a.ID != "action-1" || outcomes(r.audit(t)) != "done" {
					t.Errorf("action %+v, error %v, audit %q; the list shows the action", a, err, outcomes(r.audit(t)))
				}
				return
			}
			var uncertain *defender.UncertainError
			if !errors.As(err, &uncertain) || uncertain.Next() == "" || outcomes(r.audit(t)) != "uncertain" {
				t.Fatalf("error %v, audit %q; want it uncertain", err, outcomes(r.audit(t)))
			}

			// It refuses another one, and a release, until time has told.
			r.post = nil
			r.advance(10 * time.Minute)
			_, _, err = r.isolate(t.Context(), "again")
			already, ok := errors.AsType[*respond.AlreadyIsolatingError](err)
			if !ok || already.Action != nil || already.Record == nil || !strings.Contains(err.Error(), "begun at 2026-11-22 09:00:00 UTC by bob (audit record 1)") ||
				!strings.Contains(already.Next(), "09:15:00") {
				t.Errorf("error %v", err)
			}
			if _, _, err := r.runner.Release(t.Context(), r.client, plan("free")); err == nil {
				t.Error("a release crossed an isolation of which nobody knows")
			}
			if len(r.posted()) != 1 {
				t.Errorf("posted %v", r.posted())
			}
			r.advance(5 * time.Minute)
			if _, _, err := r.isolate(t.Context(), "again"); err != nil {
				t.Fatal(err)
			}
			records := r.audit(t)
			if outcomes(records) != "failed done" || records[0].Code != "not-shown" {
				t.Errorf("audit %+v", records)
			}
		})
	}
}

// The service shows later what an uncertain run did.
func TestUncertainIsFoundLater(t *testing.T) {
	r := newRig(t)
	r.post = func(w http.ResponseWriter, _ *http.Request, _ func() action) { hangUp(w) }
	if _, _, err := r.isolate(t.Context(), "alert 7"); err == nil {
		t.Fatal("an isolation without an answer passed for done")
	}
	r.post = nil
	r.add("Isolate", "Pending", "another case", start()) // of somebody else
	r.add("Isolate", "Succeeded", "alert 7", start().Add(-time.Hour))
	ours := r.add("Isolate", "Pending", "alert 7", start().Add(time.Second))
	r.advance(time.Minute)
	_, _, err := r.isolate(t.Context(), "again")
	if already, ok := errors.AsType[*respond.AlreadyIsolatingError](err); !ok || already.Action == nil {
		t.Fatalf("error %v, want a refusal that names the action", err)
	}
	records := r.audit(t)
	if outcomes(records) != "done" || !cmp.Equal(records[0].ServiceIDs, []string{ours.ID}) {
		t.Errorf("audit %+v", records)
	}
}

// A run that was cut off left its record open.
func TestIsolateAfterCrash(t *testing.T) {
	r := newRig(t)
	if _, err := r.store.AppendAudit(t.Context(), fleet.AuditRecord{Kind: "isolate", Tenant: contoso, Target: machine, Comment: "alert 7", Guard: "isolation"}); err != nil {
		t.Fatal(err)
	}
	_, _, err := r.isolate(t.Context(), "again")
	if _, ok := errors.AsType[*respond.AlreadyIsolatingError](err); !ok {
		t.Fatalf("error %v", err)
	}
	r.advance(15 * time.Minute)
	if _, _, err := r.isolate(t.Context(), "again"); err != nil {
		t.Fatal(err)
	}
	if got := outcomes(r.audit(t)); got != "failed done" {
		t.Errorf("audit %q", got)
	}
}

// When the list cannot be read, nothing is sent.
func TestIsolateWithoutTheList(t *testing.T) {
	for _, c := range []struct {
		name    string
		list    func(w http.ResponseWriter) bool
		outcome string
	}{
		{"not allowed", func(w http.ResponseWriter) bool {
			w.WriteHeader(403)
			_, _ = w.Write([]byte(`{"error":{"code":"Forbidden","message":"no"}}`))
			return true
		}, "refused"},
		{"broken", func(w http.ResponseWriter) bool { w.WriteHeader(500); return true }, "failed"},
		{"no list", func(w http.ResponseWriter) bool { _, _ = w.Write([]byte(`{"value":{}}`)); return true }, "failed"},
		{"cut short", func(w http.ResponseWriter) bool { _, _ = w.Write([]byte(`{"value":[`)); return true }, "failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.list = c.list
			_, _, err := r.isolate(t.Context(), "why")
			if err == nil || len(r.posted()) != 0 {
				t.Errorf("error %v, posted %v", err, r.posted())
			}
			if got := outcomes(r.audit(t)); got != c.outcome {
				t.Errorf("audit %q, want %q", got, c.outcome)
			}
		})
	}
}

func TestReadIsolation(t *testing.T) {
	r := newRig(t)
	got, err := respond.ReadIsolation(t.Context(), r.client, machine)
	if err != nil || got.Isolated() || got.Open != nil || got.Last != nil {
		t.Errorf("%+v, %v", got, err)
	}
	r.add("Isolate", "Succeeded", "", start().Add(-3*time.Hour))
	r.add("Unisolate", "Succeeded", "", start().Add(-2*time.Hour))
	r.add("Isolate", "Succeeded", "", start().Add(-time.Hour))
	r.add("Unisolate", "Pending", "", start())
	r.service.actions[3].MachineID = strings.ToUpper(machine) // ids are GUIDs and hashes: letter case says nothing
	other := r.add("Unisolate", "Succeeded", "", start())
	r.service.actions[4].MachineID = "another"
	got, err = respond.ReadIsolation(t.Context(), r.client, machine)
	if err != nil || !got.Isolated() || got.Last.ID != "action-3" || got.Open == nil || got.Open.ID != "action-4" {
		t.Errorf("%+v, %v; %s is of another machine", got, err, other.ID)
	}
}
