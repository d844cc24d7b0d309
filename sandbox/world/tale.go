package world

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tale tells the incidents of one tenant. Scene i depends on the tenant, the
// seed and i alone; with one scene more than incidents it is also known
// whether a neighbour was merged into the oldest of them.
type tale struct {
	tenant    *Tenant
	epoch     time.Time
	stories   []story
	inventory *Inventory
	scenes    []*scene
}

func newTale(t *Tenant, epoch time.Time, l *lore) *tale {
	tl := &tale{tenant: t, epoch: epoch, stories: l.stories, inventory: newInventory(t, epoch, l.files)}
	if t.Incidents.Count == 0 {
		return tl // not even the neighbour of the oldest
	}
	for i := range t.Incidents.Count + 1 {
		s := newScene(tl, i)
		tl.scenes = append(tl.scenes, s)
		if s.mail != nil {
			tl.inventory.Mails = append(tl.inventory.Mails, s.mail)
		}
	}
	return tl
}

func (tl *tale) incidents() []*Incident {
	newest := newestID(tl.tenant.ID)
	told := make([]*Incident, len(tl.scenes), len(tl.scenes)+1)
	for i := len(tl.scenes) - 1; i >= 0; i-- {
		told[i] = tl.scenes[i].incident(newest - int64(i))
	}
	for i := len(told) - 1; i > 0; i-- {
		if tl.scenes[i].merge && !tl.scenes[i-1].merge && told[i-1].Status != "resolved" {
			tl.scenes[i].mergeInto(told[i], told[i-1])
		}
	}
	told = told[:tl.tenant.Incidents.Count]
	if n := tl.tenant.Incidents.BigAlerts; n > 0 {
		told = append(told, tl.big(newest+1, n))
	}
	if tl.tenant.Incidents.EqualTimes {
		equalTimes(told)
	}
	if tl.tenant.Incidents.Hostile {
		makeHostile(told)
	}
	return told
}

// Who Microsoft says made a change that no person did.
const (
	byCreation    = "Microsoft 365 Defender-IncidentCreation"
	byCorrelation = "Microsoft 365 Defender-AlertCorrelation"
)

// newestID is the id of a tenant's newest generated incident, which is the
// highest.
func newestID(tenantID string) int64 {
	return int64(newDice("ids", tenantID).between(100_000, 900_000))
}

// What becomes of an incident, by a roll from 0 to 99.
const (
	lifeActive     = 38 // below this it is still new
	lifeInProgress = 60 // below this somebody works on it; above it is resolved
)

func (s *scene) incident(id int64) *Incident {
	in := &Incident{ID: id, Description: s.story.description, Tags: s.tags(), SystemTags: s.story.systemTags, LastModifiedBy: byCreation}
	in.Alerts = make([]*Alert, 0, len(s.story.steps))
	from := s.begin
	for i := range s.story.steps {
		a := s.alert(&s.story.steps[i], from)
		in.Alerts = append(in.Alerts, a)
		from = a.LastActivity.Add(s.d.span(2*time.Minute, 40*time.Minute))
		in.raise(a)
	}
	in.Name = s.name(in.Alerts)
	in.Summary = fmt.Sprintf("%s It began with %q on %s and was seen in %d alerts.", s.story.description, in.Alerts[0].Title, in.Alerts[0].FirstActivity.Format("2 January 2006 at 15:04 UTC"), len(in.Alerts))
	in.PriorityScore = min(100, 20*severityRank(in.Severity)+s.d.between(0, 15)+len(in.Alerts))
	in.Created = in.Alerts[0].Created.Add(s.d.span(2*time.Second, 90*time.Second))
	in.LastUpdate = in.Created
	for _, a := range in.Alerts {
		in.LastUpdate = later(in.LastUpdate, a.LastUpdate)
	}
	in.Status, in.Classification, in.Determination = "active", "unknown", "unknown"
	for _, a := range in.Alerts {
		a.IncidentID = in.ID
	}
	switch {
	case s.life < lifeActive:
	case s.life < lifeInProgress:
		s.take(in)
	default:
		s.take(in)
		s.resolve(in)
	}
	return in
}

// soon is a moment after t, but never in the world's future: where there is
// no time for what was rolled, what there is of it is used in proportion, so
// that recent incidents do not all end at the moment the world began.
func (s *scene) soon(t time.Time, low, high time.Duration) time.Time {
	rolled, left := s.d.span(low, high), s.tale.epoch.Sub(t)
	if rolled < left {
		return t.Add(rolled)
	}
	if left <= 0 {
		return s.tale.epoch
	}
	share := 0.15 + 0.7*float64(rolled-low)/float64(high-low)
	return t.Add(time.Duration(share * float64(left)).Truncate(100 * time.Nanosecond))
}

// analyst is who works on the tenant's queue: the first declared user, or an
// invented one.
func (s *scene) analyst() *Account { return s.tale.inventory.Users[0] }

func (s *scene) take(in *Incident) {
	at := s.soon(in.LastUpdate, 5*time.Minute, 6*time.Hour)
	in.Status, in.AssignedTo, in.LastModifiedBy, in.LastUpdate = "inProgress", s.analyst().UPN, s.analyst().UPN, at
	for _, a := range in.Alerts {
		a.AssignedTo = in.AssignedTo
		a.Status = "inProgress"
		a.LastUpdate = at
	}
	if s.d.chance(60) {
		in.Comments = append(in.Comments, Comment{Text: pick(s.d, remarks), By: s.analyst().UPN, Created: at})
	}
}

func (s *scene) resolve(in *Incident) {
	at := s.soon(in.LastUpdate, 20*time.Minute, 5*24*time.Hour)
	v := pick(s.d, s.story.verdicts)
	in.Status, in.Classification, in.Determination, in.LastUpdate = "resolved", v.classification, v.determination, at
	for _, a := range in.Alerts {
		a.Status, a.Classification, a.Determination, a.Resolved, a.LastUpdate = "resolved", v.classification, v.determination, at, at
		if a.InvestigationID != 0 {
			a.InvestigationState = "successfullyRemediated"
			if v.classification != "truePositive" {
				a.InvestigationState = "benign"
			}
		}
		if v.classification != "truePositive" {
			for i := range a.Entities {
				a.Entities[i].Verdict, a.Entities[i].Remediation = "noThreatsFound", "none"
			}
		} else {
			for i := range a.Entities {
				if a.Entities[i].Remediation == "active" {
					a.Entities[i].Remediation = "remediated"
				}
			}
		}
	}
	in.Comments = append(in.Comments, Comment{Text: v.remark, By: s.analyst().UPN, Created: at})
}

// mergeInto moves what in holds into target, as correlation does when it finds
// that both are one attack.
func (s *scene) mergeInto(in, target *Incident) {
	at := s.soon(later(in.LastUpdate, target.LastUpdate), time.Minute, 2*time.Hour)
	target.Alerts = append(target.Alerts, in.Alerts...)
	target.LastUpdate = at
	if severityRank(in.Severity) > severityRank(target.Severity) {
		target.Severity = in.Severity
	}
	for _, a := range in.Alerts {
		a.LastUpdate, a.IncidentID = at, target.ID
		if a.Status == "resolved" { // the target is open
			a.Status, a.Classification, a.Determination, a.Resolved = "inProgress", "unknown", "unknown", time.Time{}
		}
	}
	in.Alerts, in.RedirectTo, in.Status, in.LastUpdate = nil, target.ID, "redirected", at
	in.Classification, in.Determination = "unknown", "unknown"
	in.LastModifiedBy = byCorrelation
}

func (s *scene) alert(st *step, from time.Time) *Alert {
	s.from = from
	s.to = from.Add(s.d.span(10*time.Second, 25*time.Minute))
	a := &Alert{
		Title: st.title, Description: st.description, RecommendedActions: st.actions, Category: st.category,
		ServiceSource: st.source.service, DetectionSource: st.source.detection, ProductName: st.source.product,
		DetectorID: st.detector, Severity: st.severity, Status: "new",
		FirstActivity: s.from, LastActivity: s.to,
		Created:        s.to.Add(s.d.span(20*time.Second, 9*time.Minute)),
		Classification: "unknown", Determination: "unknown",
		Techniques: slices.Clone(st.techniques), ThreatFamily: st.family, Threat: st.threat, Actor: st.actor,
	}
	a.LastUpdate = a.Created.Add(s.d.span(0, 12*time.Minute))
	a.InvestigationState = "unsupportedAlertType"
	if st.source.investigates {
		a.InvestigationID = int64(s.d.between(1000, 99_999))
		a.InvestigationState = pick(s.d, []string{"running", "pendingApproval", "partiallyInvestigated", "queued"})
	}
	a.ID = s.alertID(st, a)
	a.ProviderAlertID = a.ID[len(st.source.prefix):]
	a.Entities = make([]Entity, 0, len(st.evidence))
	for _, p := range st.evidence {
		e := p(s)
		e.Created = a.Created
		a.Entities = append(a.Entities, e)
	}
	return a
}

// alertID has the form of the service's own: ticks and a hash of Defender for
// Endpoint, a GUID or hex digits of the others.
func (s *scene) alertID(st *step, a *Alert) string {
	words := []string{"alert", s.tale.tenant.ID, strconv.FormatUint(s.tale.tenant.Incidents.Seed, 10), strconv.Itoa(s.index), st.title}
	if s.salt != "" {
		words = append(words, s.salt)
	}
	switch st.source.prefix {
	case "da":
		const ticksTo1970 = 621_355_968_000_000_000                                                // of 100 ns since the year 1
		return fmt.Sprintf("da%d_%d", ticksTo1970+a.Created.UnixNano()/100, int32(s.d.r.Uint32())) //nolint:gosec // wraps on purpose
	case "ca":
		return "ca" + hexOf(24, words...)
	}
	return st.source.prefix + DeriveGUID(words...)
}

// name builds what the portal calls an incident: its story, how far it spread,
// and whether several products saw it.
func (s *scene) name(alerts []*Alert) string {
	devices, users, services := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, a := range alerts {
		services[a.ServiceSource] = true
		for _, e := range a.Entities {
			switch e.Kind {
			case EntityDevice:
				devices[e.Device.MDEID] = true
			case EntityUser:
				users[e.Account.UPN] = true
			case EntityMailbox:
				users[e.Mailbox.UPN] = true
			case EntityMail:
				users[e.Mail.Recipient] = true
			}
		}
	}
	name := s.story.title
	switch {
	case len(devices) > 1:
		name += " on multiple endpoints"
	case len(devices) == 1:
		name += " on one endpoint"
	case len(users) > 1:
		name += " involving multiple users"
	case len(users) == 1:
		name += " involving one user"
	}
	if len(services) > 1 {
		name += " reported by multiple sources"
	}
	return name
}

func (s *scene) tags() []string {
	var tags []string
	if s.d.chance(30) {
		tags = append(tags, pick(s.d, []string{"VIP", "Tier 1", "Follow up", "Contract: gold", "Awaiting customer"}))
	}
	return tags
}

// raise gives the incident the severity of an alert that is graver.
func (in *Incident) raise(a *Alert) {
	if severityRank(a.Severity) > severityRank(in.Severity) {
		in.Severity = a.Severity
	}
}

func severityRank(s string) int {
	return 1 + slices.Index([]string{"informational", "low", "medium", "high"}, strings.ToLower(s))
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
