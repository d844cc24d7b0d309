package world

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Step lets one thing happen in a tenant: a new incident, an alert more of an
// open one, a change by an analyst, a merge, or a reopening. The same tenant,
// seed and number of steps bring the same things, at whatever time the world's
// clock shows, as long as nobody else changed the queue. what names the event as
// the journal does, such as "incident.created". The error is ErrNotFound for an
// unknown tenant, and ErrInvalid when somebody merged the incident away at the
// same time.
func (w *World) Step(tenantID string) (what string, err error) {
	c := w.told(tenantID)
	if c == nil {
		return "", fmt.Errorf("tenant %s: %w", tenantID, ErrNotFound)
	}
	l := w.ledger(tenantID, true)
	l.mu.Lock()
	n := l.steps
	l.steps++
	l.mu.Unlock()
	s := &stepper{
		w: w, tenantID: tenantID, number: n, inventory: c.inventory,
		d:    newDice("step", c.tenant.ID, strconv.FormatUint(c.tenant.Incidents.Seed, 10), strconv.Itoa(n)),
		tale: &tale{tenant: c.tenant, epoch: w.Now(), stories: w.incidents.lore().stories, inventory: c.inventory},
	}
	for _, in := range w.queue(tenantID).list {
		switch {
		case in.RedirectTo != 0:
		case in.Status == "resolved":
			s.closed = append(s.closed, in)
		default:
			s.open = append(s.open, in)
		}
	}
	return s.step()
}

// stepper makes one event happen.
type stepper struct {
	w            *World
	tenantID     string
	number       int
	inventory    *Inventory
	tale         *tale
	d            dice
	open, closed []*Incident
}

// How many of a hundred events are of a kind; the rest are new incidents. A
// kind that has nothing to happen to gives way to a new incident.
const (
	stepAlert   = 20
	stepAnalyst = 40
	stepMerge   = 8
	stepReopen  = 7
)

func (s *stepper) step() (string, error) {
	switch roll := s.d.between(0, 99); {
	case roll < stepAlert && len(s.open) > 0:
		return s.anotherAlert(s.recent(s.open))
	case roll < stepAlert+stepAnalyst && len(s.open) > 0:
		return s.analyst(s.recent(s.open))
	case roll < stepAlert+stepAnalyst+stepMerge && len(s.open) > 1:
		return s.merge()
	case roll < stepAlert+stepAnalyst+stepMerge+stepReopen && len(s.closed) > 0:
		return s.reopen(s.recent(s.closed))
	}
	return s.newIncident()
}

// recent prefers what changed lately.
func (s *stepper) recent(list []*Incident) *Incident {
	n := len(list)
	if n > 10 && s.d.chance(80) {
		n = 10
	}
	return list[s.d.r.IntN(n)]
}

// alertNow tells a step's alert so that it was raised moments ago: once to
// learn how long the story takes, and once more at the right time.
func (s *stepper) alertNow(story *story, st *step, server int, words ...string) (*scene, *Alert) {
	tell := func(begin time.Time) (*scene, *Alert) {
		sc := s.tale.freshScene(append([]string{"live", strconv.Itoa(s.number)}, words...)...)
		sc.story, sc.begin = story, begin
		sc.cast()
		sc.server = s.inventory.Devices[inventoryWorkstations+server]
		return sc, sc.alert(st, begin)
	}
	at := s.tale.epoch.Add(-s.d.span(5*time.Second, 2*time.Minute))
	_, first := tell(at)
	sc, a := tell(at.Add(-first.Created.Sub(at)))
	a.LastUpdate = a.Created
	return sc, a
}

func (s *stepper) newIncident() (string, error) {
	stories := s.tale.stories
	st := &stories[s.d.r.IntN(len(stories))]
	sc, a := s.alertNow(st, &st.steps[0], st.server)
	in := Incident{
		Name: sc.name([]*Alert{a}), Description: st.description, SystemTags: st.systemTags, Tags: sc.tags(), Alerts: []*Alert{a},
		Severity: a.Severity, Status: "active", LastModifiedBy: byCreation,
		Summary:       fmt.Sprintf("%s It began with %q.", st.description, a.Title),
		PriorityScore: min(100, 20*severityRank(a.Severity)+s.d.between(0, 15)),
	}
	_, err := s.w.AddIncident(s.tenantID, in)
	return "incident.created", err
}

// anotherAlert goes on with the incident's story: the first step that it does
// not show yet, or any when it shows all.
func (s *stepper) anotherAlert(in *Incident) (string, error) {
	st := s.storyOf(in)
	i := slices.IndexFunc(st.steps, func(next step) bool {
		return !slices.ContainsFunc(in.Alerts, func(a *Alert) bool { return a.Title == next.title })
	})
	if i < 0 {
		i = s.d.r.IntN(len(st.steps))
	}
	_, a := s.alertNow(st, &st.steps[i], st.server, strconv.FormatInt(in.ID, 10))
	return s.update(in, "incident.alertAdded", func(in *Incident) {
		a.AssignedTo = in.AssignedTo
		in.Alerts = append(in.Alerts, a)
		in.raise(a)
		in.LastModifiedBy = byCorrelation
	})
}

func (s *stepper) storyOf(in *Incident) *story {
	for i := range s.tale.stories {
		st := &s.tale.stories[i]
		if len(in.Alerts) > 0 && slices.ContainsFunc(st.steps, func(x step) bool { return x.title == in.Alerts[0].Title }) {
			return st
		}
	}
	return &s.tale.stories[s.d.r.IntN(len(s.tale.stories))]
}

// analyst does what analysts do next: take an incident, remark on it, tag it,
// close it.
func (s *stepper) analyst(in *Incident) (string, error) {
	who := s.inventory.Users[0].UPN
	roll, remark := s.d.between(0, 99), pick(s.d, remarks)
	v := pick(s.d, s.storyOf(in).verdicts)
	return s.update(in, "incident.updated", func(in *Incident) {
		in.LastModifiedBy = who
		now := s.w.after(in.LastUpdate)
		switch {
		case in.AssignedTo == "" || in.Status == "active" && roll < 60:
			in.AssignedTo, in.Status = who, "inProgress"
			for _, a := range in.Alerts {
				if a.Status == "new" {
					a.Status, a.LastUpdate = "inProgress", now
				}
			}
		case roll < 40:
			in.Comments = append(in.Comments, Comment{Text: remark, By: who, Created: now})
		case roll < 55 && !slices.Contains(in.Tags, "Follow up"):
			in.Tags = append(in.Tags, "Follow up")
		default:
			in.Status, in.Classification, in.Determination, in.ResolvingComment = "resolved", v.classification, v.determination, v.remark
			in.Comments = append(in.Comments, Comment{Text: v.remark, By: who, Created: now})
		}
	})
}

// merge moves an incident into another open one, the newer into the older.
func (s *stepper) merge() (string, error) {
	into := s.recent(s.open)
	var others []*Incident
	for _, in := range s.open {
		if in != into {
			others = append(others, in)
		}
	}
	from := s.recent(others)
	if from.ID < into.ID {
		from, into = into, from
	}
	return "incident.merged", s.w.MergeIncident(s.tenantID, from.ID, into.ID)
}

func (s *stepper) reopen(in *Incident) (string, error) {
	who := s.inventory.Users[0].UPN
	return s.update(in, "incident.reopened", func(in *Incident) {
		in.Status, in.Classification, in.Determination, in.ResolvingComment, in.LastModifiedBy = "active", "unknown", "unknown", "", who
		in.Comments = append(in.Comments, Comment{Text: "Seen again; reopened.", By: who, Created: s.w.after(in.LastUpdate)})
	})
}

func (s *stepper) update(in *Incident, what string, f func(*Incident)) (string, error) {
	_, err := s.w.UpdateIncident(s.tenantID, in.ID, what, func(in *Incident) error {
		if in.RedirectTo != 0 { // since the queue was looked at
			return fmt.Errorf("incident %d was merged into %d: %w", in.ID, in.RedirectTo, ErrInvalid)
		}
		f(in)
		return nil
	})
	return what, err
}

// MaxRate is the most events per minute of [World.Live].
const MaxRate = 6000

// Live lets the world live until ctx ends: perMinute events per minute in all,
// each a [World.Step] of a tenant that has Defender XDR and a queue, chosen by
// chance that falls the same way in every run. wait sleeps between events; nil
// means a timer. It returns ctx's error, or ErrInvalid for a rate that is not
// above 0 and at most [MaxRate]. What one event cannot do (its incident was
// changed by somebody else meanwhile) is let be.
func (w *World) Live(ctx context.Context, perMinute float64, wait func(context.Context, time.Duration) error) error {
	if !(perMinute > 0 && perMinute <= MaxRate) {
		return fmt.Errorf("a rate of %v events per minute: %w", perMinute, ErrInvalid)
	}
	if wait == nil {
		wait = sleep
	}
	every := time.Duration(float64(time.Minute) / perMinute)
	for {
		if err := wait(ctx, every); err != nil {
			return err
		}
		id, ok := w.nextAlive()
		if !ok {
			continue
		}
		if _, err := w.Step(id); err != nil && !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
}

// nextAlive chooses the tenant of the next event.
func (w *World) nextAlive() (string, bool) {
	w.ledgerMu.Lock()
	n := w.liveSteps
	w.liveSteps++
	w.ledgerMu.Unlock()
	w.mu.RLock()
	defer w.mu.RUnlock()
	if len(w.order) == 0 {
		return "", false
	}
	d := newDice("live", w.order[0], strconv.FormatUint(n, 10))
	// A few throws find a tenant in nearly every world without a list of all.
	for range 64 {
		if t := w.tenants[pick(d, w.order)]; t.alive() {
			return t.ID, true
		}
	}
	for _, id := range w.order {
		if w.tenants[id].alive() {
			return id, true
		}
	}
	return "", false
}

func (t *Tenant) alive() bool {
	s := t.Incidents
	return t.HasDefender() && s.Count+len(s.Recorded)+s.Standalone+s.BigAlerts > 0
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
