package world

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// openIncident is an incident that nobody resolved or merged, with alerts.
func openIncident(t *testing.T, w *World, tenantID string) *Incident {
	t.Helper()
	for _, in := range w.Incidents(tenantID) {
		if in.Status == "active" && len(in.Alerts) > 1 {
			return in
		}
	}
	t.Fatal("the tenant has no open incident of several alerts")
	return nil
}

func TestUpdateIncident(t *testing.T) {
	tn := tenantOf(3, 30)
	w := worldOf(t, tn)
	var told []Change
	w.Observe(func(c Change) { told = append(told, c) })
	old := openIncident(t, w, tn.ID)
	before := old.clone()
	alerts := slices.Clone(old.Alerts)

	in, err := w.UpdateIncident(tn.ID, old.ID, "incident.updated", func(in *Incident) error {
		in.Comments = append(in.Comments, Comment{Text: "seen", By: "me", Created: testEpoch})
		in.Tags = append(in.Tags, "mine")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, old); d != "" {
		t.Errorf("the old value was written to:\n%s", d)
	}
	if !in.LastUpdate.After(old.LastUpdate) || in.LastUpdate.Before(w.Now()) {
		t.Errorf("last update %v after %v, now %v", in.LastUpdate, old.LastUpdate, w.Now())
	}
	for i, a := range in.Alerts {
		if a != alerts[i] {
			t.Errorf("alert %d has another pointer though it did not change", i)
		}
	}
	got, ok := w.Incident(tn.ID, old.ID)
	if list := w.Incidents(tn.ID); !ok || got != in || list[0] != in || len(list) != 30 {
		t.Errorf("Incident = %p, list of %d starts with %p, want %p", got, len(list), list[0], in)
	}
	if len(told) != 1 || told[0].What != "incident.updated" || told[0].TenantID != tn.ID || told[0].Detail["incidentId"] != fmt.Sprint(old.ID) {
		t.Errorf("told %+v", told)
	}

	// At the same moment of the clock again: later all the same.
	again, err := w.UpdateIncident(tn.ID, old.ID, "x", func(*Incident) error { return nil })
	if err != nil || again.LastUpdate.Sub(in.LastUpdate) < tick {
		t.Errorf("a second change at the same moment: %v after %v, %v", again.LastUpdate, in.LastUpdate, err)
	}
}

func TestUpdateIncidentRefused(t *testing.T) {
	tn := tenantOf(3, 30)
	w := worldOf(t, tn)
	was := w.Incidents(tn.ID)
	id := openIncident(t, w, tn.ID).ID
	own := errors.New("mine")
	for name, c := range map[string]struct {
		tenant string
		id     int64
		f      func(*Incident) error
		want   error
	}{
		"own error":        {tn.ID, id, func(in *Incident) error { in.Name = "x"; return own }, own},
		"unknown tenant":   {DeriveGUID("nobody"), id, func(*Incident) error { return nil }, ErrNotFound},
		"unknown incident": {tn.ID, 1, func(*Incident) error { return nil }, ErrNotFound},
		"another id":       {tn.ID, id, func(in *Incident) error { in.ID++; return nil }, ErrInvalid},
		"alert twice":      {tn.ID, id, func(in *Incident) error { in.Alerts = append(in.Alerts, in.Alerts[0]); return nil }, ErrInvalid},
		"alert without id": {tn.ID, id, func(in *Incident) error { in.Alerts = append(in.Alerts, &Alert{}); return nil }, ErrInvalid},
	} {
		if in, err := w.UpdateIncident(c.tenant, c.id, "x", c.f); !errors.Is(err, c.want) || in != nil {
			t.Errorf("%s: %v, %v; want %v", name, in, err, c.want)
		}
	}
	if !slices.Equal(was, w.Incidents(tn.ID)) {
		t.Error("a refused change changed something")
	}
}

// TestCascade: assigning and resolving an incident reaches its alerts;
// reopening it does not.
func TestCascade(t *testing.T) {
	tn := tenantOf(3, 30)
	w := worldOf(t, tn)
	id := openIncident(t, w, tn.ID).ID
	set := func(f func(*Incident)) *Incident {
		t.Helper()
		in, err := w.UpdateIncident(tn.ID, id, "x", func(in *Incident) error { f(in); return nil })
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	in := set(func(in *Incident) { in.AssignedTo = "jo@customer3.onmicrosoft.com" })
	for _, a := range in.Alerts {
		if a.AssignedTo != in.AssignedTo || !a.LastUpdate.Equal(in.LastUpdate) || a.Status == "resolved" {
			t.Errorf("after assigning: alert %+v", a)
		}
	}
	in = set(func(in *Incident) {
		in.Alerts[0].Classification, in.Alerts[0].Determination = "falsePositive", "notMalicious"
		in.Status, in.Classification, in.Determination = "resolved", "truePositive", "malware"
	})
	for i, a := range in.Alerts {
		if a.Status != "resolved" || !a.Resolved.Equal(in.LastUpdate) || (a.Classification == "truePositive") != (i > 0) {
			t.Errorf("after resolving: alert %d is %s, %s, resolved %v", i, a.Status, a.Classification, a.Resolved)
		}
	}
	in = set(func(in *Incident) { in.Status = "active" })
	for _, a := range in.Alerts {
		if a.Status != "resolved" {
			t.Errorf("after reopening: alert is %s", a.Status)
		}
	}
}

func TestAlerts(t *testing.T) {
	tn := tenantOf(3, 30)
	tn.Incidents.Standalone = 9
	w := worldOf(t, tn)
	all := w.Alerts(tn.ID)
	want := 9
	for _, in := range w.Incidents(tn.ID) {
		want += len(in.Alerts)
	}
	if len(all) != want || !slices.IsSortedFunc(all, latestAlert) {
		t.Fatalf("%d alerts, want %d, newest first", len(all), want)
	}
	alone := 0
	for _, a := range all {
		got, ok := w.Alert(tn.ID, a.ID)
		if !ok || got != a {
			t.Fatalf("Alert(%s) = %p, want %p", a.ID, got, a)
		}
		if a.IncidentID == 0 {
			alone++
			continue
		}
		in, ok := w.Incident(tn.ID, a.IncidentID)
		if !ok || !slices.Contains(in.Alerts, a) {
			t.Fatalf("alert %s is not in its incident %d", a.ID, a.IncidentID)
		}
	}
	if alone != 9 {
		t.Errorf("%d alerts belong to no incident, want 9", alone)
	}
	if _, ok := w.Alert(tn.ID, "none"); ok || w.Alerts("none") != nil {
		t.Error("alerts of nobody")
	}
	if _, ok := w.Alert(DeriveGUID("nobody"), all[0].ID); ok {
		t.Error("an alert of an unknown tenant")
	}
}

func TestUpdateAlert(t *testing.T) {
	tn := tenantOf(3, 30)
	tn.Incidents.Standalone = 3
	w := worldOf(t, tn)
	in := openIncident(t, w, tn.ID)
	old := in.Alerts[1]
	got, err := w.UpdateAlert(tn.ID, old.ID, "alert.updated", func(a *Alert) error {
		a.Status, a.Comments = "resolved", append(a.Comments, Comment{Text: "x"})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !got.LastUpdate.After(old.LastUpdate) || !got.Resolved.Equal(got.LastUpdate) || old.Status == "resolved" || len(old.Comments) != 0 {
		t.Errorf("alert = %+v", got)
	}
	now, _ := w.Incident(tn.ID, in.ID)
	if now == in || !now.LastUpdate.After(in.LastUpdate) || now.Alerts[1] != got || now.Alerts[0] != in.Alerts[0] || w.Incidents(tn.ID)[0] != now {
		t.Errorf("its incident did not move: %v, was %v", now.LastUpdate, in.LastUpdate)
	}
	if got, err = w.UpdateAlert(tn.ID, old.ID, "x", func(a *Alert) error { a.Status = "inProgress"; return nil }); err != nil || !got.Resolved.IsZero() {
		t.Errorf("reopened: %+v, %v", got, err)
	}

	var alone *Alert
	for _, a := range w.Alerts(tn.ID) {
		if a.IncidentID == 0 {
			alone = a
		}
	}
	list := w.Incidents(tn.ID)
	got, err = w.UpdateAlert(tn.ID, alone.ID, "x", func(a *Alert) error { a.AssignedTo = "me"; return nil })
	if err != nil || got.AssignedTo != "me" || got.IncidentID != 0 {
		t.Fatalf("alert = %+v, %v", got, err)
	}
	if found, _ := w.Alert(tn.ID, alone.ID); found != got || !slices.Contains(w.Alerts(tn.ID), got) || slices.Contains(w.Alerts(tn.ID), alone) {
		t.Error("the change of an alert without incident is not seen")
	}
	if !slices.Equal(list, w.Incidents(tn.ID)) {
		t.Error("an alert without incident moved an incident")
	}

	own := errors.New("mine")
	for name, c := range map[string]struct {
		tenant, id string
		f          func(*Alert) error
		want       error
	}{
		"own error":        {tn.ID, old.ID, func(*Alert) error { return own }, own},
		"unknown alert":    {tn.ID, "none", func(*Alert) error { return nil }, ErrNotFound},
		"unknown tenant":   {DeriveGUID("nobody"), old.ID, func(*Alert) error { return nil }, ErrNotFound},
		"another id":       {tn.ID, old.ID, func(a *Alert) error { a.ID = "b"; return nil }, ErrInvalid},
		"another incident": {tn.ID, old.ID, func(a *Alert) error { a.IncidentID++; return nil }, ErrInvalid},
	} {
		if _, err := w.UpdateAlert(c.tenant, c.id, "x", c.f); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestMergeIncident(t *testing.T) {
	tn := tenantOf(3, 40)
	w := worldOf(t, tn)
	var open []*Incident
	for _, in := range w.Incidents(tn.ID) {
		if in.Status == "active" {
			open = append(open, in)
		}
	}
	from, into := open[0], open[1]
	if err := w.MergeIncident(tn.ID, from.ID, into.ID); err != nil {
		t.Fatal(err)
	}
	a, _ := w.Incident(tn.ID, from.ID)
	b, _ := w.Incident(tn.ID, into.ID)
	if a.Status != "redirected" || a.RedirectTo != into.ID || len(a.Alerts) != 0 || !a.LastUpdate.After(from.LastUpdate) {
		t.Errorf("merged = %+v", a)
	}
	if len(b.Alerts) != len(from.Alerts)+len(into.Alerts) || !b.LastUpdate.After(into.LastUpdate) || b.Status != "active" {
		t.Errorf("target has %d alerts", len(b.Alerts))
	}
	for _, was := range from.Alerts {
		now, ok := w.Alert(tn.ID, was.ID)
		if !ok || now.IncidentID != into.ID || was.IncidentID != from.ID {
			t.Errorf("alert %s is of incident %d", was.ID, now.IncidentID)
		}
		if _, err := w.UpdateAlert(tn.ID, was.ID, "x", func(a *Alert) error { a.AssignedTo = "me"; return nil }); err != nil {
			t.Error(err)
		}
	}
	if b, _ = w.Incident(tn.ID, into.ID); b.Alerts[len(b.Alerts)-1].AssignedTo != "me" {
		t.Error("an alert that moved cannot be changed in its new incident")
	}
	// A chain: what was merged before stays pointing at its own target.
	if err := w.MergeIncident(tn.ID, into.ID, open[2].ID); err != nil {
		t.Fatal(err)
	}
	if a, _ = w.Incident(tn.ID, from.ID); a.RedirectTo != into.ID {
		t.Errorf("the first points to %d", a.RedirectTo)
	}
	for name, c := range map[string]struct {
		tenant     string
		from, into int64
		want       error
	}{
		"itself":         {tn.ID, open[2].ID, open[2].ID, ErrInvalid},
		"from merged":    {tn.ID, from.ID, open[2].ID, ErrInvalid},
		"into merged":    {tn.ID, open[2].ID, from.ID, ErrInvalid},
		"unknown":        {tn.ID, 1, open[2].ID, ErrNotFound},
		"unknown target": {tn.ID, open[2].ID, 1, ErrNotFound},
		"unknown tenant": {DeriveGUID("nobody"), 1, 2, ErrNotFound},
	} {
		if err := w.MergeIncident(c.tenant, c.from, c.into); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestAddIncident(t *testing.T) {
	tn := tenantOf(3, 4)
	w := worldOf(t, tn)
	top := w.Incidents(tn.ID)
	highest := slices.MaxFunc(top, func(a, b *Incident) int { return int(a.ID - b.ID) }).ID
	in, err := w.AddIncident(tn.ID, Incident{Name: "by hand", Alerts: []*Alert{{ID: "a"}}})
	if err != nil {
		t.Fatal(err)
	}
	if in.ID != highest+1 || in.Status != "active" || in.Severity != "unknown" || in.Created.Before(w.Now()) || in.Alerts[0].IncidentID != in.ID || len(w.Incidents(tn.ID)) != 5 {
		t.Errorf("added = %+v", in)
	}
	if a, ok := w.Alert(tn.ID, "a"); !ok || a.IncidentID != in.ID {
		t.Errorf("its alert = %+v, %v", a, ok)
	}
	if _, err := w.AddIncident(tn.ID, Incident{ID: highest}); !errors.Is(err, ErrExists) {
		t.Errorf("an id that is taken: %v", err)
	}
	if _, err := w.AddIncident(tn.ID, Incident{Alerts: []*Alert{{ID: "a"}}}); !errors.Is(err, ErrExists) {
		t.Errorf("an alert that is there already: %v", err)
	}
	if _, err := w.AddIncident(DeriveGUID("nobody"), Incident{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown tenant: %v", err)
	}
	empty := tenantOf(4, 0)
	w = worldOf(t, empty)
	if in, err := w.AddIncident(empty.ID, Incident{}); err != nil || in.ID < 100_000 {
		t.Errorf("first of a tenant: %+v, %v", in, err)
	}
}

// TestOneMayNotWriteThroughAClone: what f does to its copy, deep inside, does
// not reach what was handed out before, nor the tenant's inventory.
func TestOneMayNotWriteThroughAClone(t *testing.T) {
	tn := tenantOf(3, 60)
	w := worldOf(t, tn)
	list := w.Incidents(tn.ID)
	kinds := map[EntityKind]bool{}
	for _, old := range list {
		want := old.clone()
		inventory := fmt.Sprintf("%+v", w.Inventory(tn.ID).Devices[0])
		if _, err := w.UpdateIncident(tn.ID, old.ID, "x", func(in *Incident) error {
			for _, a := range in.Alerts {
				for i := range a.Entities {
					kinds[a.Entities[i].Kind] = true
					scribble(&a.Entities[i])
				}
				for i := range a.Techniques {
					a.Techniques[i] = "X"
				}
			}
			for i := range in.Comments {
				in.Comments[i].Text = "X"
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, old); d != "" {
			t.Fatalf("incident %d was written to:\n%s", old.ID, d)
		}
		if now := fmt.Sprintf("%+v", w.Inventory(tn.ID).Devices[0]); now != inventory {
			t.Fatalf("the inventory was written to: %s", now)
		}
	}
	if len(kinds) < 10 {
		t.Errorf("only kinds %v", slices.Collect(maps.Keys(kinds)))
	}
}

func scribble(e *Entity) {
	for i := range e.Roles {
		e.Roles[i] = "X"
	}
	for i := range e.Tags {
		e.Tags[i] = "X"
	}
	switch {
	case e.Device != nil:
		e.Device.Host = "X"
		if e.Device.LoggedOnUser != nil {
			e.Device.LoggedOnUser.UPN = "X"
		}
		for i := range e.Device.Tags {
			e.Device.Tags[i] = "X"
		}
	case e.Account != nil:
		e.Account.UPN = "X"
	case e.Mailbox != nil:
		e.Mailbox.UPN = "X"
	case e.File != nil:
		e.File.Name = "X"
	case e.Process != nil:
		e.Process.Account.UPN, e.Process.Image.Name = "X", "X"
	case e.Mail != nil:
		e.Mail.Subject, e.Mail.URLs[0] = "X", "X"
	case e.Registry != nil:
		e.Registry.Key = "X"
	case e.Cluster != nil:
		e.Cluster.NetworkMessageIDs[0] = "X"
	case e.Group != nil:
		e.Group.Name = "X"
	case e.CloudApp != nil:
		e.CloudApp.Name = "X"
	case e.OAuthApp != nil:
		e.OAuthApp.Name = "X"
	}
}

// TestAfter: a change is later than the last and not before the clock, in
// steps that the wire can tell.
func TestAfter(t *testing.T) {
	w := New(func() time.Time { return testEpoch })
	for _, old := range []time.Time{{}, testEpoch.Add(-time.Hour), testEpoch.Add(-time.Nanosecond), testEpoch, testEpoch.Add(time.Nanosecond), testEpoch.Add(time.Hour)} {
		got := w.after(old)
		if !got.After(old) || got.Before(testEpoch) || got.Nanosecond()%100 != 0 || !got.Truncate(tick).After(old.Truncate(tick)) {
			t.Errorf("after(%v) = %v at %v", old, got, testEpoch)
		}
	}
}
