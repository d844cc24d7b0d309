package world

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// portrait is everything a world shows, as text.
func portrait(w *World) string {
	s := fmt.Sprintln(w.Delays(), len(w.ledgers))
	for _, t := range w.Tenants() {
		s += fmt.Sprintln(t.ID, t.Name, t.Domains, t.Licences, len(t.Users))
		for _, u := range t.Users {
			_, _, ok := w.User(u.UPN)
			s += fmt.Sprintln(" user", u.UPN, ok)
		}
		for _, d := range t.Domains {
			found, ok := w.Tenant(d)
			s += fmt.Sprintln(" domain", d, ok, found == t)
		}
		for _, a := range w.Apps(t.ID) {
			byObject, _ := w.AppByObject(a.ObjectID)
			s += fmt.Sprintln(" app", a.AppID, a.DisplayName, len(a.Secrets), byObject == a)
		}
		for _, sp := range w.ServicePrincipals(t.ID) {
			s += fmt.Sprintln(" sp", sp.ID, sp.AppID, sp.Enabled, sp.Assignments)
		}
		for _, in := range w.Incidents(t.ID) {
			s += fmt.Sprintln(" incident", in.ID, in.Name, in.Status, in.LastUpdate, len(in.Alerts))
		}
		for _, a := range w.Alerts(t.ID) {
			s += fmt.Sprintln(" alert", a.ID, a.Status, a.LastUpdate)
		}
		for _, a := range w.Actions(t.ID) {
			s += fmt.Sprintln(" action", a.Type)
		}
		for _, i := range w.Indicators(t.ID) {
			s += fmt.Sprintln(" indicator", i.Value)
		}
	}
	return s
}

func TestReset(t *testing.T) {
	clock := &ticker{now: testEpoch}
	f := Default()
	w, err := f.Build(clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	before := portrait(w)
	for range 2 { // the mark must survive a reset
		clock.add(time.Hour)
		change(t, w)
		if portrait(w) == before {
			t.Fatal("nothing changed")
		}
		w.Observe(func(c Change) { told = append(told, c.What) })
		w.Reset()
		if d := cmp.Diff(before, portrait(w)); d != "" {
			t.Fatalf("after the reset (-built +now):\n%s", d)
		}
	}
	if d := cmp.Diff([]string{"world.reset", "world.reset"}, slices.DeleteFunc(told, func(s string) bool { return s != "world.reset" })); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
}

// change touches every part of a world.
func change(t *testing.T, w *World) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	const appID = "11111111-2222-4333-8444-555555555555"
	tn, _ := w.Tenant("cobaltfreight.onmicrosoft.com")
	other, _ := w.Tenant("fenwicklogistics.onmicrosoft.com")
	_, err := w.AddTenant(Tenant{ID: NewGUID(), Name: "New", Domains: []string{"new.example"}})
	must(err)
	_, err = w.AddUser(tn.ID, User{UPN: "new@cobaltfreight.onmicrosoft.com"})
	must(err)
	_, err = w.UpdateTenant(other.ID, "x", func(t *Tenant) error { t.Domains = append(t.Domains, "more.example"); return nil })
	must(err)
	_, err = w.CreateApp(App{DisplayName: "New", HomeTenant: tn.ID})
	must(err)
	_, err = w.UpdateApp(appID, "x", func(a *App) error { a.Secrets = append(a.Secrets, &Secret{Value: "new"}); return nil })
	must(err)
	_, err = w.Consent(ConsentRequest{TenantID: other.ID, AppID: appID})
	must(err)
	must(w.DeleteServicePrincipal("10000000-0000-4000-8000-000000000001", appID))
	must(w.DeleteApp(appID))
	_, err = w.UpdateIncident(tn.ID, w.Incidents(tn.ID)[3].ID, "x", func(in *Incident) error { in.Status = "resolved"; return nil })
	must(err)
	_, err = w.Step(tn.ID)
	must(err)
	_, err = w.AddAction(tn.ID, MachineAction{Type: ActionScan, MachineID: w.Machines(tn.ID)[0].MDEID})
	must(err)
	_, _, err = w.PutIndicator(tn.ID, Indicator{Type: "Url", Value: "https://x.example"})
	must(err)
	w.SetDelays(Delays{Consent: time.Minute})
}

// TestResetWithoutMark: a world nobody marked keeps what was put into it by
// hand.
func TestResetWithoutMark(t *testing.T) {
	tn := tenantOf(3, 10)
	w := worldOf(t, tn)
	before := portrait(w)
	if _, err := w.Step(tn.ID); err != nil {
		t.Fatal(err)
	}
	w.Reset()
	if d := cmp.Diff(before, portrait(w)); d != "" {
		t.Errorf("after the reset:\n%s", d)
	}
}

// TestLivesAgain: after a reset the same things happen as before.
func TestLivesAgain(t *testing.T) {
	tn := tenantOf(3, 10)
	w, _ := movingWorld(t, tn)
	life := func() (all []string) {
		for range 20 {
			what, err := w.Step(tn.ID)
			if err != nil {
				t.Fatal(err)
			}
			id, _ := w.nextAlive()
			all = append(all, what+" "+id)
		}
		return all
	}
	first := life()
	w.Reset()
	if d := cmp.Diff(first, life()); d != "" {
		t.Errorf("another life after the reset:\n%s", d)
	}
}
