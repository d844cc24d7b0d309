package world

import "testing"

// BenchmarkUpdateIncident changes one of fifty incidents and reads the queue.
func BenchmarkUpdateIncident(b *testing.B) {
	tn := tenantOf(3, 50)
	w := New(testClock)
	if _, err := w.AddTenant(tn); err != nil {
		b.Fatal(err)
	}
	list := w.Incidents(tn.ID)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := w.UpdateIncident(tn.ID, list[i%len(list)].ID, "x", func(in *Incident) error { in.Summary = "x"; return nil }); err != nil {
			b.Fatal(err)
		}
		w.Incidents(tn.ID)
	}
}

// BenchmarkUpdateBig changes an incident of ten thousand alerts.
func BenchmarkUpdateBig(b *testing.B) {
	tn := tenantOf(3, 0)
	tn.Incidents.BigAlerts = 10_000
	w := New(testClock)
	if _, err := w.AddTenant(tn); err != nil {
		b.Fatal(err)
	}
	id := w.Incidents(tn.ID)[0].ID
	for b.Loop() {
		if _, err := w.UpdateIncident(tn.ID, id, "x", func(in *Incident) error { in.Summary = "x"; return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkUpdateLongQueue changes one of ten thousand incidents, many of them
// changed before, and reads the queue.
func BenchmarkUpdateLongQueue(b *testing.B) {
	tn := tenantOf(3, MaxIncidents)
	w := New(testClock)
	if _, err := w.AddTenant(tn); err != nil {
		b.Fatal(err)
	}
	list := w.Incidents(tn.ID)
	for i := 0; b.Loop(); i++ {
		if _, err := w.UpdateIncident(tn.ID, list[i%len(list)].ID, "x", func(in *Incident) error { in.Summary = "x"; return nil }); err != nil {
			b.Fatal(err)
		}
		w.Incidents(tn.ID)
	}
}
