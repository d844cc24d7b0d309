package world

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// ticker is a clock that tests move.
type ticker struct {
	mu  sync.Mutex
	now time.Time
}

func (c *ticker) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *ticker) add(d time.Duration) {
	c.mu.Lock()
	c.now = c.now.Add(d)
	c.mu.Unlock()
}

func movingWorld(t *testing.T, tenants ...Tenant) (*World, *ticker) {
	t.Helper()
	c := &ticker{now: testEpoch}
	w := New(c.Now)
	for _, tn := range tenants {
		if _, err := w.AddTenant(tn); err != nil {
			t.Fatal(err)
		}
	}
	w.Mark()
	return w, c
}

func TestMachines(t *testing.T) {
	tn := tenantOf(1, 0)
	w := worldOf(t, tn)
	all := w.Machines(tn.ID)
	ids, offline := map[string]bool{}, 0
	for _, d := range all {
		if len(d.MDEID) != 40 || ids[d.MDEID] || d.DNSName() == "" || d.Architecture == "" || d.Exposure == "" || d.Value == "" || d.FirstSeen.After(w.Now()) {
			t.Errorf("machine = %+v", d)
		}
		ids[d.MDEID] = true
		if !d.Online() {
			offline++
			if d.LastSeen.IsZero() || !d.LastSeen.After(d.FirstSeen) {
				t.Errorf("%s does not answer and was last seen %v", d.Host, d.LastSeen)
			}
		}
		for _, name := range []string{d.MDEID, strings.ToUpper(d.MDEID), d.DNSName()} {
			if got, ok := w.Machine(tn.ID, name); !ok || got != d {
				t.Errorf("Machine(%s) = %v, %v", name, got, ok)
			}
		}
	}
	if offline != 2 || len(all) < 10 {
		t.Errorf("%d of %d machines do not answer, want 2", offline, len(all))
	}
	for _, name := range []string{"", "none", all[0].Host} {
		if _, ok := w.Machine(tn.ID, name); ok {
			t.Errorf("Machine(%q) finds one", name)
		}
	}
	if w.Machines(DeriveGUID("nobody")) != nil {
		t.Error("machines of an unknown tenant")
	}
}

// TestNoMachines: a tenant that says it has none has none, though its alerts
// are those of a tenant that has.
func TestNoMachines(t *testing.T) {
	f, err := ParseFile([]byte("tenants: [{name: A, domains: [a.example], machines: none, incidents: {count: 5}}, {name: B, domains: [b.example]}]"))
	if err != nil {
		t.Fatal(err)
	}
	w, err := f.Build(testClock)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := w.Tenant("a.example")
	b, _ := w.Tenant("b.example")
	if n := len(w.Machines(b.ID)); n == 0 {
		t.Error("the tenant beside it has no machines")
	}
	d := w.Inventory(a.ID).Devices[0]
	if _, found := w.Machine(a.ID, d.MDEID); len(w.Machines(a.ID)) != 0 || found || w.Isolated(a.ID, d.MDEID) {
		t.Errorf("%d machines, found %v", len(w.Machines(a.ID)), found)
	}
	if _, err := w.AddAction(a.ID, MachineAction{Type: ActionScan, MachineID: d.MDEID}); !errors.Is(err, ErrNotFound) {
		t.Errorf("an action: %v", err)
	}
	if len(w.Incidents(a.ID)) != 5 {
		t.Errorf("%d incidents", len(w.Incidents(a.ID)))
	}
	w.Mark()
	w.Reset()
	if len(w.Machines(a.ID)) != 0 {
		t.Error("machines after a reset")
	}
}

func TestActionStates(t *testing.T) {
	for _, c := range []struct {
		typ, scope string
		takes      time.Duration
	}{
		{ActionIsolate, "Full", isolationTakes},
		{ActionUnisolate, "", isolationTakes},
		{ActionScan, "Quick", quickScanTakes},
		{ActionScan, "Full", fullScanTakes},
		{ActionCollect, "", collectTakes},
	} {
		tn := tenantOf(1, 0)
		w, clock := movingWorld(t, tn)
		d := w.Machines(tn.ID)[0]
		a, err := w.AddAction(tn.ID, MachineAction{Type: c.typ, Scope: c.scope, MachineID: strings.ToUpper(d.MDEID), Requestor: "me", Comment: "why"})
		if err != nil {
			t.Fatal(err)
		}
		if !IsGUID(a.ID) || a.MachineID != d.MDEID || a.MachineName != d.DNSName() || a.Status != ActionPending || a.Comment != "why" || a.Final() {
			t.Errorf("%s: %+v", c.typ, a)
		}
		see := func(want string) *MachineAction {
			t.Helper()
			got, ok := w.Action(tn.ID, strings.ToUpper(a.ID))
			if !ok || got.Status != want || got.LastUpdate.After(w.Now()) || got.LastUpdate.Before(a.Created) {
				t.Errorf("%s at %v: %+v, want %s", c.typ, clock.Now().Sub(testEpoch), got, want)
			}
			return got
		}
		clock.add(actionPickUp - time.Microsecond)
		see(ActionPending)
		clock.add(2 * time.Microsecond)
		see(ActionInProgress)
		clock.add(c.takes - 4*time.Microsecond)
		see(ActionInProgress)
		clock.add(4 * time.Microsecond)
		if got := see(ActionSucceeded); !got.Final() {
			t.Errorf("%s: succeeded but not over", c.typ)
		}
		var final *FinalActionError
		if _, err := w.CancelAction(tn.ID, a.ID, "me", "late"); !errors.As(err, &final) || final.Action.Status != ActionSucceeded {
			t.Errorf("%s: cancelled when over: %v", c.typ, err)
		}
	}
}

func TestIsolated(t *testing.T) {
	tn := tenantOf(1, 0)
	w, clock := movingWorld(t, tn)
	all := w.Machines(tn.ID)
	d, other := all[0], all[1]
	do := func(typ string) {
		t.Helper()
		if _, err := w.AddAction(tn.ID, MachineAction{Type: typ, MachineID: d.MDEID}); err != nil {
			t.Fatal(err)
		}
	}
	is := func(want bool) {
		t.Helper()
		if got := w.Isolated(tn.ID, d.DNSName()); got != want {
			t.Errorf("isolated = %v at %v", got, clock.Now().Sub(testEpoch))
		}
	}
	is(false)
	do(ActionIsolate)
	is(false)
	clock.add(time.Minute)
	is(true)
	do(ActionUnisolate)
	is(true)
	clock.add(time.Minute)
	is(false)
	do(ActionIsolate)
	a := w.Actions(tn.ID)[0]
	if _, err := w.CancelAction(tn.ID, a.ID, "me", "no"); err != nil {
		t.Fatal(err)
	}
	clock.add(time.Minute)
	is(false)
	if w.Isolated(tn.ID, other.MDEID) || w.Isolated(tn.ID, "none") {
		t.Error("another machine is isolated")
	}
}

func TestAddActionRefused(t *testing.T) {
	tn := tenantOf(1, 0)
	w, clock := movingWorld(t, tn)
	d := w.Machines(tn.ID)[0]
	first, err := w.AddAction(tn.ID, MachineAction{Type: ActionIsolate, MachineID: d.MDEID})
	if err != nil {
		t.Fatal(err)
	}
	var active *ActiveActionError
	if _, err := w.AddAction(tn.ID, MachineAction{Type: ActionIsolate, MachineID: d.MDEID}); !errors.As(err, &active) || active.Action.ID != first.ID {
		t.Errorf("isolated twice: %v", err)
	}
	if _, err := w.AddAction(tn.ID, MachineAction{Type: ActionScan, MachineID: d.MDEID}); err != nil {
		t.Errorf("another type at the same time: %v", err)
	}
	clock.add(time.Hour)
	if _, err := w.AddAction(tn.ID, MachineAction{Type: ActionIsolate, MachineID: d.MDEID}); err != nil {
		t.Errorf("isolated again when the first was over: %v", err)
	}
	for name, c := range map[string]struct {
		tenant, machine, typ string
		want                 error
	}{
		"unknown tenant":  {DeriveGUID("nobody"), d.MDEID, ActionScan, ErrNotFound},
		"unknown machine": {tn.ID, "none", ActionScan, ErrNotFound},
		"unknown type":    {tn.ID, d.MDEID, "Explode", ErrInvalid},
	} {
		if _, err := w.AddAction(c.tenant, MachineAction{Type: c.typ, MachineID: c.machine}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := w.CancelAction(tn.ID, "none", "", ""); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown action is cancelled: %v", err)
	}
	if _, err := w.CancelAction(DeriveGUID("nobody"), first.ID, "", ""); !errors.Is(err, ErrNotFound) {
		t.Errorf("an action of an unknown tenant is cancelled: %v", err)
	}
}

// TestOfflineMachine: what is asked of a machine that does not answer waits,
// can be called off, and is given up after three days.
func TestOfflineMachine(t *testing.T) {
	tn := tenantOf(1, 0)
	w, clock := movingWorld(t, tn)
	var d *Device
	for _, m := range w.Machines(tn.ID) {
		if !m.Online() {
			d = m
		}
	}
	var told []string
	w.Observe(func(c Change) { told = append(told, c.What+" "+c.Detail["status"].(string)) })
	a, err := w.AddAction(tn.ID, MachineAction{Type: ActionIsolate, MachineID: d.MDEID})
	if err != nil {
		t.Fatal(err)
	}
	clock.add(71 * time.Hour)
	if got, _ := w.Action(tn.ID, a.ID); got.Status != ActionPending {
		t.Errorf("after 71 hours it is %s", got.Status)
	}
	got, err := w.CancelAction(tn.ID, a.ID, "me", "not needed")
	if err != nil || got.Status != ActionCancelled || got.CancelledBy != "me" || got.CancelComment != "not needed" || !got.CancelledAt.Equal(w.Now().Truncate(tick)) {
		t.Errorf("cancelled = %+v, %v", got, err)
	}
	b, err := w.AddAction(tn.ID, MachineAction{Type: ActionIsolate, MachineID: d.MDEID})
	if err != nil {
		t.Fatal(err)
	}
	clock.add(73 * time.Hour)
	var states []string
	for _, x := range w.Actions(tn.ID) {
		states = append(states, x.Status)
	}
	if d := cmp.Diff([]string{ActionTimeOut, ActionCancelled}, states); d != "" {
		t.Errorf("states (-want +got):\n%s", d)
	}
	if w.Actions(tn.ID)[0].ID != b.ID || w.Isolated(tn.ID, d.MDEID) {
		t.Error("the latest is not the first, or the machine is isolated")
	}
	if d := cmp.Diff([]string{"machineAction.created Pending", "machineAction.cancelled Cancelled", "machineAction.created Pending"}, told); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
}
