package world

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tick is the resolution of Microsoft's times.
const tick = 100 * time.Nanosecond

// after is the present as the time of a change of something that changed last
// at old: strictly later on the wire too, and not before the clock.
func (w *World) after(old time.Time) time.Time {
	now := w.Now()
	t := now.Truncate(tick)
	if t.Before(now) {
		t = t.Add(tick)
	}
	if old = old.Truncate(tick); !t.After(old) {
		t = old.Add(tick)
	}
	return t
}

// UpdateIncident changes an incident: f gets a deep copy, its alerts included.
// If f fails nothing changes, and its error is returned as it is. f runs under
// the tenant's lock and must not call the World. It may add alerts, comments
// and all else, but must leave the ids.
//
// Afterwards the incident's LastUpdate is later than before, by 100 ns at
// least, and not before the world's clock. As in the portal
// (learn.microsoft.com/defender-xdr/manage-incidents), assigning an incident
// assigns its alerts, and resolving it resolves those that are still open;
// reopening it leaves them as they are (ours).
//
// what names the change for the journal, such as "incident.updated". The
// change is kept beside the book of generated incidents and is seen by every
// later call.
func (w *World) UpdateIncident(tenantID string, id int64, what string, f func(*Incident) error) (*Incident, error) {
	in, err := w.changeIncident(tenantID, id, f)
	if err != nil {
		return nil, err
	}
	w.tellIncident(what, tenantID, in, nil)
	return in, nil
}

func (w *World) changeIncident(tenantID string, id int64, f func(*Incident) error) (*Incident, error) {
	c := w.told(tenantID)
	if c == nil {
		return nil, fmt.Errorf("tenant %s: %w", tenantID, ErrNotFound)
	}
	l := w.ledger(tenantID, true)
	l.mu.Lock()
	defer l.mu.Unlock()
	return w.changeIncidentLocked(c, l, id, f)
}

func (w *World) changeIncidentLocked(c *chapter, l *ledger, id int64, f func(*Incident) error) (*Incident, error) {
	old, ok := l.incident(c, id)
	if !ok {
		return nil, fmt.Errorf("incident %d of tenant %s: %w", id, c.tenant.ID, ErrNotFound)
	}
	in := old.clone()
	if err := f(in); err != nil {
		return nil, err
	}
	if in.ID != id {
		return nil, fmt.Errorf("incident %d cannot become incident %d: %w", id, in.ID, ErrInvalid)
	}
	in.LastUpdate = w.after(old.LastUpdate)
	if err := in.own(old); err != nil {
		return nil, err
	}
	in.cascade(old)
	for _, a := range in.settle(old) {
		l.home[a.ID] = in.ID
	}
	l.put(in)
	return in, nil
}

// own gives the incident's alerts its id, and refuses alerts that are told
// twice or without an id.
func (in *Incident) own(old *Incident) error {
	seen := make(map[string]bool, len(in.Alerts))
	for _, a := range in.Alerts {
		if a.ID == "" || seen[a.ID] {
			return fmt.Errorf("incident %d: alert id %q is empty or given twice: %w", old.ID, a.ID, ErrInvalid)
		}
		seen[a.ID] = true
		a.IncidentID = in.ID
	}
	return nil
}

// cascade does to the alerts what the portal does when an incident changes.
func (in *Incident) cascade(old *Incident) {
	assigned := in.AssignedTo != old.AssignedTo
	resolved := in.Status == "resolved" && old.Status != "resolved"
	if !assigned && !resolved {
		return
	}
	for _, a := range in.Alerts {
		if assigned && a.AssignedTo != in.AssignedTo {
			a.AssignedTo, a.LastUpdate = in.AssignedTo, in.LastUpdate
		}
		if resolved && a.Status != "resolved" {
			a.Status, a.Resolved, a.LastUpdate = "resolved", in.LastUpdate, in.LastUpdate
			if a.Classification == "" || a.Classification == "unknown" {
				a.Classification, a.Determination = in.Classification, in.Determination
			}
		}
	}
}

// AddIncident adds an incident to a tenant's queue. An ID of 0 becomes one
// above the highest; Created, Status, Severity, Classification and
// Determination are filled in when empty. It fails with ErrExists when the id
// is taken.
func (w *World) AddIncident(tenantID string, in Incident) (*Incident, error) {
	added, err := w.addIncident(tenantID, in.clone())
	if err != nil {
		return nil, err
	}
	w.tellIncident("incident.created", tenantID, added, nil)
	return added, nil
}

func (w *World) addIncident(tenantID string, in *Incident) (*Incident, error) {
	c := w.told(tenantID)
	if c == nil {
		return nil, fmt.Errorf("tenant %s: %w", tenantID, ErrNotFound)
	}
	l := w.ledger(tenantID, true)
	l.mu.Lock()
	defer l.mu.Unlock()
	if in.ID == 0 {
		in.ID = c.highest(l) + 1
	}
	if _, ok := l.incident(c, in.ID); ok {
		return nil, fmt.Errorf("incident %d of tenant %s: %w", in.ID, c.tenant.ID, ErrExists)
	}
	now := w.after(in.LastUpdate.Add(-tick))
	if in.Created.IsZero() {
		in.Created = now
	}
	if in.LastUpdate.IsZero() {
		in.LastUpdate = now
	}
	in.Status, in.Severity = cmp.Or(in.Status, "active"), cmp.Or(in.Severity, "unknown")
	in.Classification, in.Determination = cmp.Or(in.Classification, "unknown"), cmp.Or(in.Determination, "unknown")
	if err := in.own(in); err != nil {
		return nil, err
	}
	for _, a := range in.Alerts {
		if home, ok := l.homeOf(c, a.ID); ok {
			return nil, fmt.Errorf("alert %s (of incident %d): %w", a.ID, home, ErrExists)
		}
	}
	for _, a := range in.Alerts {
		l.home[a.ID] = in.ID
	}
	l.put(in)
	return in, nil
}

// highest is the highest incident id of a tenant; the caller holds the lock.
func (c *chapter) highest(l *ledger) int64 {
	if c.tenant.Incidents.Count == 0 && len(c.byID) == 0 && len(l.incidents) == 0 {
		return newestID(c.tenant.ID) - 1
	}
	var top int64
	for id := range c.byID {
		top = max(top, id)
	}
	for id := range l.incidents {
		top = max(top, id)
	}
	return top
}

// UpdateAlert changes an alert as [World.UpdateIncident] does an incident. The
// LastUpdate of the alert moves, and that of the incident it belongs to. f
// must leave ID and IncidentID.
func (w *World) UpdateAlert(tenantID, alertID, what string, f func(*Alert) error) (*Alert, error) {
	c := w.told(tenantID)
	if c == nil {
		return nil, fmt.Errorf("tenant %s: %w", tenantID, ErrNotFound)
	}
	l := w.ledger(tenantID, true)
	l.mu.Lock()
	a, err := w.changeAlertLocked(c, l, alertID, f)
	l.mu.Unlock()
	if err != nil {
		return nil, err
	}
	detail := map[string]any{"alertId": a.ID, "status": a.Status, "lastUpdate": a.LastUpdate}
	if a.IncidentID != 0 {
		detail["incidentId"] = strconv.FormatInt(a.IncidentID, 10)
	}
	w.tell(Change{What: what, TenantID: c.tenant.ID, Detail: detail})
	return a, nil
}

func (w *World) changeAlertLocked(c *chapter, l *ledger, alertID string, f func(*Alert) error) (*Alert, error) {
	old, ok := l.alert(c, alertID)
	if !ok {
		return nil, fmt.Errorf("alert %s of tenant %s: %w", alertID, c.tenant.ID, ErrNotFound)
	}
	a := old.clone()
	if err := f(a); err != nil {
		return nil, err
	}
	if a.ID != old.ID || a.IncidentID != old.IncidentID {
		return nil, fmt.Errorf("alert %s cannot change its id or incident: %w", alertID, ErrInvalid)
	}
	a.LastUpdate = w.after(old.LastUpdate)
	switch {
	case a.Status == "resolved" && old.Status != "resolved":
		a.Resolved = a.LastUpdate
	case a.Status != "resolved":
		a.Resolved = time.Time{}
	}
	a = a.settled(old)
	if a.IncidentID == 0 {
		l.alerts[a.ID] = a
		l.version.Add(1)
		return a, nil
	}
	was, _ := l.incident(c, a.IncidentID)
	in := *was // the alert alone is another; all else is shared
	in.Alerts = slices.Clone(was.Alerts)
	in.Alerts[slices.IndexFunc(in.Alerts, func(x *Alert) bool { return x.ID == a.ID })] = a
	in.LastUpdate = w.after(was.LastUpdate)
	l.put(&in)
	return a, nil
}

// MergeIncident moves the alerts of one incident into another, as correlation
// or an analyst does: from becomes "redirected" and points to into; both
// LastUpdates move. An incident that is redirected already can be neither.
func (w *World) MergeIncident(tenantID string, from, into int64) error {
	in, err := w.merge(tenantID, from, into)
	if err != nil {
		return err
	}
	w.tellIncident("incident.merged", tenantID, in, map[string]any{"into": strconv.FormatInt(into, 10)})
	return nil
}

func (w *World) merge(tenantID string, from, into int64) (*Incident, error) {
	c := w.told(tenantID)
	if c == nil {
		return nil, fmt.Errorf("tenant %s: %w", tenantID, ErrNotFound)
	}
	if from == into {
		return nil, fmt.Errorf("incident %d cannot be merged into itself: %w", from, ErrInvalid)
	}
	l := w.ledger(tenantID, true)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range []int64{from, into} {
		in, ok := l.incident(c, id)
		if !ok {
			return nil, fmt.Errorf("incident %d of tenant %s: %w", id, c.tenant.ID, ErrNotFound)
		}
		if in.RedirectTo != 0 {
			return nil, fmt.Errorf("incident %d was merged into %d before: %w", id, in.RedirectTo, ErrInvalid)
		}
	}
	var moved []*Alert
	source, err := w.changeIncidentLocked(c, l, from, func(in *Incident) error {
		moved = in.Alerts
		in.Alerts, in.RedirectTo, in.Status, in.LastModifiedBy = nil, into, "redirected", byCorrelation
		in.Classification, in.Determination = "unknown", "unknown"
		return nil
	})
	if err != nil {
		return nil, err
	}
	_, err = w.changeIncidentLocked(c, l, into, func(in *Incident) error {
		at := w.after(in.LastUpdate)
		for _, a := range moved {
			if slices.ContainsFunc(in.Alerts, func(x *Alert) bool { return x.ID == a.ID }) {
				continue // a recording may tell one alert in two incidents
			}
			a.LastUpdate = later(a.LastUpdate, at)
			in.Alerts = append(in.Alerts, a)
			in.raise(a)
		}
		in.LastModifiedBy = byCorrelation
		return nil
	})
	return source, err
}

// tellIncident tells the journal of a changed incident: which and how it
// stands, and nothing that a customer wrote.
func (w *World) tellIncident(what, tenantID string, in *Incident, more map[string]any) {
	detail := map[string]any{"incidentId": strconv.FormatInt(in.ID, 10), "status": in.Status, "lastUpdate": in.LastUpdate}
	for k, v := range more {
		detail[k] = v
	}
	w.tell(Change{What: what, TenantID: strings.ToLower(tenantID), Detail: detail})
}
