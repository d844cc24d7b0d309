package e2e

import (
	"errors"
	"slices"
	"strconv"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/defender"
)

// facts of an incident that people change.
type decided struct {
	Status         defender.Status
	AssignedTo     string
	Classification defender.Classification
	Determination  defender.Determination
	Tags           []string
	Comments       []string
}

func decisions(i *defender.Incident) decided {
	d := decided{Status: i.Status, AssignedTo: i.AssignedTo, Classification: i.Classification, Determination: i.Determination, Tags: slices.Clone(i.Tags)}
	slices.Sort(d.Tags)
	for _, c := range i.Comments {
		d.Comments = append(d.Comments, c.Text)
	}
	return d
}

// TestUpdatesAreSeenOnBothSurfaces: what is written through one surface is read
// through the other, moves the last update on both, and is a conflict for who
// saw the incident before, whichever surface that was on.
func TestUpdatesAreSeenOnBothSurfaces(t *testing.T) {
	b := newBox(t)
	c := b.client(t, acme, defender.Config{})
	var ids []string // of incidents that nobody has decided on
	for _, i := range b.World().Incidents(acme) {
		if i.RedirectTo == 0 && i.Classification == "unknown" {
			ids = append(ids, strconv.FormatInt(i.ID, 10))
		}
	}
	if len(ids) < 2 {
		t.Fatalf("only %d incidents are undecided", len(ids))
	}
	name := "o'neil+1@partner.example"
	steps := []defender.IncidentUpdate{
		{Status: defender.StatusInProgress, AssignedTo: &name, Comment: "looking\nat it, ünïcode 漢字 \"quoted\""},
		{Classification: defender.ClassificationTruePositive, Determination: defender.DeterminationCompromisedAccount},
		{Classification: defender.ClassificationExpected, Determination: defender.DeterminationConfirmedActivity},
		{Classification: defender.ClassificationExpected, Determination: defender.DeterminationLineOfBusiness},
		{Classification: defender.ClassificationFalsePositive, Determination: defender.DeterminationNotEnoughData, Tags: &[]string{"vip", "q4 'x'"}},
		{Determination: defender.DeterminationNotMalicious},
		{Status: defender.StatusResolved, Tags: &[]string{}},
		{AssignedTo: new(string), Status: defender.StatusActive},
	}
	for n, written := range defender.Surfaces() {
		other := defender.Surfaces()[1-n]
		id := ids[n]
		seen, err := c.Incidents(other).Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for step, u := range steps {
			r, err := c.Incidents(written).Update(t.Context(), id, u, defender.UpdateOptions{Seen: seen})
			if err != nil {
				t.Fatalf("%s, step %d: %v", written, step, err)
			}
			if len(r.Changes) == 0 || len(r.Differs) > 0 {
				t.Errorf("%s, step %d: changes %v, differs %v", written, step, r.Changes, r.Differs)
			}
			now, err := c.Incidents(other).Get(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(decisions(r.After), decisions(now)); diff != "" {
				t.Errorf("%s, step %d: -written +read on %s:\n%s", written, step, other, diff)
			}
			if !now.LastUpdate.After(seen.LastUpdate) || !now.LastUpdate.Equal(r.After.LastUpdate) {
				t.Errorf("%s, step %d: last update %s, then %s, told %s", written, step, seen.LastUpdate, now.LastUpdate, r.After.LastUpdate)
			}
			_, err = c.Incidents(written).Update(t.Context(), id, defender.IncidentUpdate{Comment: "late"}, defender.UpdateOptions{Seen: seen})
			if conflict, ok := errors.AsType[*defender.ConflictError](err); !ok || len(conflict.Fields) == 0 {
				t.Errorf("%s, step %d: error %v, want a conflict that names what has changed", written, step, err)
			}
			seen = now
		}
		if comment, err := c.Incidents(written).Comment(t.Context(), id, "done"); err != nil || comment.By == "" || comment.Created.IsZero() {
			t.Errorf("%s: comment %+v, error %v", written, comment, err)
		}
	}
}

// TestAlertUpdates: alerts of incidents and alone.
func TestAlertUpdates(t *testing.T) {
	b := newBox(t)
	alerts := b.client(t, acme, defender.Config{}).Alerts(defender.SurfaceGraph)
	alone, held := 0, 0
	for a, err := range alerts.All(t.Context(), defender.AlertListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if a.IncidentID == "" {
			if alone++; alone > 1 {
				continue
			}
		} else if held++; held > 1 {
			continue
		}
		nobody := ""
		for _, u := range []defender.AlertUpdate{
			{Status: defender.AlertInProgress, Classification: defender.ClassificationTruePositive, Determination: defender.DeterminationPhishing, Comment: "mine"},
			{Status: defender.AlertResolved, AssignedTo: &nobody, Classification: defender.ClassificationFalsePositive, Determination: defender.DeterminationNotEnoughData},
		} {
			r, err := alerts.Update(t.Context(), a.ID, u, defender.AlertUpdateOptions{SeenAt: a.LastUpdate})
			if err != nil || len(r.Changes) == 0 || len(r.Differs) > 0 {
				t.Fatalf("alert %s: %+v, %v", a.ID, r, err)
			}
			now, err := alerts.Get(t.Context(), a.ID)
			if err != nil || now.Status != u.Status || now.Determination != u.Determination || !now.LastUpdate.Equal(r.After.LastUpdate) {
				t.Errorf("alert %s is %+v, error %v", a.ID, now, err)
			}
			a = now
		}
	}
	if alone == 0 || held == 0 {
		t.Errorf("%d alerts alone, %d of incidents", alone, held)
	}
}

// TestMergedIncidentIsRefused: by both surfaces, with the target's id.
func TestMergedIncidentIsRefused(t *testing.T) {
	b := newBox(t)
	var open []int64
	for _, i := range b.World().Incidents(bolt) {
		if i.RedirectTo == 0 {
			open = append(open, i.ID)
		}
	}
	if err := b.World().MergeIncident(bolt, open[0], open[1]); err != nil {
		t.Fatal(err)
	}
	c := b.client(t, bolt, defender.Config{})
	for _, s := range defender.Surfaces() {
		_, err := c.Incidents(s).Update(t.Context(), strconv.FormatInt(open[0], 10), defender.IncidentUpdate{Comment: "seen"}, defender.UpdateOptions{Force: true})
		if merged, ok := errors.AsType[*defender.MergedError](err); !ok || merged.Target != strconv.FormatInt(open[1], 10) {
			t.Errorf("%s: error %v", s, err)
		}
	}
}
