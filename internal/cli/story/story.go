// Package story tells an incident or an alert so that a person at a terminal
// can read it: what happened, the alerts in the order things happened, what
// they are about, the techniques, the comments, and where to go on. Everything
// in it is of foreign origin, and output.Page makes that inert.
package story

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/internal/cli/output"
)

// About is where an incident or alert belongs.
type About struct {
	Tenant   string // what people call it
	Customer string
	Through  defender.Surface // the surface it was read through
	Now      time.Time        // for ages
}

// Bounds on what a terminal is shown; a file (width 0) gets everything.
const (
	maxAlerts    = 50 // of an incident
	maxEntities  = 15 // of each kind
	maxPerAlert  = 6  // entities named with an alert
	maxComments  = 30 // the newest
	separatorDot = " · "
)

// Incident writes an incident.
func Incident(p *output.Page, about About, i *defender.Incident) {
	p.Title(fmt.Sprintf("Incident %s of %s: %s", i.ID, about.Tenant, cmp.Or(i.Name, "(no name)")))
	alerts := ""
	if n := len(i.Alerts); n > 0 {
		alerts = count(n, "alert", "alerts")
	}
	p.Words(0, separatorDot,
		output.Cell{Text: words(string(i.Severity)) + " severity", Style: severityStyle(i.Severity)},
		output.Cell{Text: words(string(i.Status)), Style: statusStyle(string(i.Status))},
		assigned(i.AssignedTo), output.Text(alerts))
	p.Words(0, separatorDot, when("updated", i.LastUpdate, about.Now), when("created", i.Created, about.Now))
	p.Blank()
	merged := ""
	if i.RedirectTo != "" {
		merged = fmt.Sprintf("incident %s, which has the alerts now", i.RedirectTo)
	}
	p.Fields(0,
		[2]string{"merged into", merged},
		[2]string{"classification", judgement(i.Classification, i.Determination)},
		[2]string{"customer", about.Customer},
		[2]string{"tags", strings.Join(i.Tags, ", ")},
		[2]string{"system tags", strings.Join(i.SystemTags, ", ")},
		[2]string{"last changed by", i.LastModifiedBy},
		[2]string{"resolved with", i.ResolvingComment},
		[2]string{"portal", i.WebURL},
		[2]string{"read through", string(about.Through)})
	section(p, "What happened", cmp.Or(i.Summary, i.Description))
	timeline(p, i.Alerts, about.Now)
	entities(p, i.Alerts)
	techniques(p, i.Alerts)
	comments(p, i.Comments)
}

// Alert writes an alert.
func Alert(p *output.Page, about About, a *defender.Alert) {
	p.Title(fmt.Sprintf("Alert of %s: %s", about.Tenant, cmp.Or(a.Title, "(no title)")))
	p.Words(0, separatorDot,
		output.Cell{Text: words(string(a.Severity)) + " severity", Style: severityStyle(a.Severity)},
		output.Cell{Text: words(string(a.Status)), Style: statusStyle(string(a.Status))},
		assigned(a.AssignedTo))
	p.Words(0, separatorDot, when("updated", a.LastUpdate, about.Now), when("created", a.Created, about.Now))
	p.Blank()
	incident := "none"
	if a.IncidentID != "" {
		incident = a.IncidentID
	}
	p.Fields(0,
		[2]string{"alert", a.ID},
		[2]string{"incident", incident},
		[2]string{"found by", foundBy(a)},
		[2]string{"category", category(a)},
		[2]string{"activity", span(a.FirstActivity, a.LastActivity)},
		[2]string{"resolved", stamp(a.Resolved)},
		[2]string{"classification", judgement(a.Classification, a.Determination)},
		[2]string{"investigation", words(a.InvestigationState)},
		[2]string{"actor", a.Actor},
		[2]string{"threat", join(", ", a.Threat, a.ThreatFamily)},
		[2]string{"customer", about.Customer},
		[2]string{"portal", cmp.Or(a.WebURL, a.IncidentWebURL)},
		[2]string{"read through", string(about.Through)})
	section(p, "What happened", a.Description)
	section(p, "What to do, as Microsoft says", a.RecommendedActions)
	one := []defender.Alert{*a}
	entities(p, one)
	techniques(p, one)
	comments(p, a.Comments)
}

func section(p *output.Page, heading, text string) {
	if strings.TrimSpace(text) == "" {
		return
	}
	p.Heading(heading)
	p.Paragraphs(2, text)
}

// timeline lists alerts in the order things happened.
func timeline(p *output.Page, alerts []defender.Alert, now time.Time) {
	if len(alerts) == 0 {
		return
	}
	list := make([]*defender.Alert, len(alerts))
	for i := range alerts {
		list[i] = &alerts[i]
	}
	slices.SortStableFunc(list, func(a, b *defender.Alert) int {
		return cmp.Or(began(a).Compare(began(b)), cmp.Compare(a.ID, b.ID))
	})
	p.Heading("Alerts, in the order things happened")
	shown := list
	if p.Width() > 0 && len(list) > maxAlerts {
		shown = list[:maxAlerts]
	}
	severity, status := 0, 0
	for _, a := range shown {
		severity, status = max(severity, len(words(string(a.Severity)))), max(status, len(words(string(a.Status))))
	}
	const at = len("2006-01-02 15:04")
	for _, a := range shown {
		p.Rows(2, []output.Cell{
			{Text: fmt.Sprintf("%-*s", at, stamp(began(a)))},
			{Text: fmt.Sprintf("%-*s", severity, words(string(a.Severity))), Style: severityStyle(a.Severity)},
			{Text: fmt.Sprintf("%-*s", status, words(string(a.Status))), Style: statusStyle(string(a.Status))},
			{Text: cmp.Or(a.Title, "(no title)"), Style: output.Strong},
		})
		const under = 2 + at + 2
		p.Words(under, separatorDot, output.Text(foundBy(a)), output.Text(category(a)), output.Text(strings.Join(a.Techniques, " ")),
			output.Text(words(a.InvestigationState)), output.Text(assignedShort(a.AssignedTo)))
		p.Words(under, "; ", named(p, a.Evidence)...)
		p.Words(under, " ", output.Cell{Text: a.ID, Style: output.Faint})
	}
	if more := len(list) - len(shown); more > 0 {
		p.Paragraphs(2, fmt.Sprintf("… and %s more; with --output json all of them are there", count(more, "alert", "alerts")))
	}
}

func began(a *defender.Alert) time.Time {
	if !a.FirstActivity.IsZero() {
		return a.FirstActivity
	}
	return a.Created
}

// techniques lists the ATT&CK techniques with how many alerts name each.
func techniques(p *output.Page, alerts []defender.Alert) {
	times := map[string]int{}
	for _, a := range alerts {
		ids := slices.Clone(a.Techniques)
		slices.Sort(ids)
		for _, id := range slices.Compact(ids) {
			times[strings.ToUpper(strings.TrimSpace(id))]++
		}
	}
	ids := make([]string, 0, len(times))
	for id := range times {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return
	}
	slices.Sort(ids)
	p.Heading("ATT&CK techniques")
	var rows [][]output.Cell
	for _, id := range ids {
		row := []output.Cell{output.Text(id)}
		if len(alerts) > 1 {
			row = append(row, output.Text(count(times[id], "alert", "alerts")))
		}
		rows = append(rows, append(row, output.Cell{Text: techniqueURL(id), Style: output.Faint}))
	}
	p.Rows(2, rows...)
}

// techniqueURL is the page of a technique or sub-technique; empty for what has
// not the form of an id. https://attack.mitre.org/resources/working-with-attack/
func techniqueURL(id string) string {
	technique, sub, has := strings.Cut(id, ".")
	if !digits(technique, "T", 4) || has && !digits(sub, "", 3) {
		return ""
	}
	return "https://attack.mitre.org/techniques/" + strings.ReplaceAll(id, ".", "/") + "/"
}

func digits(s, prefix string, n int) bool {
	rest, ok := strings.CutPrefix(s, prefix)
	return ok && len(rest) == n && strings.Trim(rest, "0123456789") == ""
}

// comments lists the comments, the oldest first.
func comments(p *output.Page, list []defender.Comment) {
	if len(list) == 0 {
		return
	}
	p.Heading("Comments")
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b defender.Comment) int { return a.Created.Compare(b.Created) })
	if more := len(list) - maxComments; more > 0 && p.Width() > 0 {
		p.Paragraphs(2, fmt.Sprintf("… %s before these; with --output json all of them are there", count(more, "comment", "comments")))
		list = list[more:]
	}
	for _, c := range list {
		p.Words(2, "  ", output.Cell{Text: stamp(c.Created), Style: output.Faint}, output.Cell{Text: cmp.Or(c.By, "(nobody named)"), Style: output.Faint})
		p.Paragraphs(4, c.Text)
	}
}

func foundBy(a *defender.Alert) string {
	source := cmp.Or(a.ProductName, words(a.ServiceSource))
	if d := words(a.DetectionSource); d != "" && !strings.EqualFold(d, source) {
		return join(", ", source, d)
	}
	return source
}

func category(a *defender.Alert) string {
	if len(a.Categories) > 0 {
		return strings.Join(a.Categories, ", ")
	}
	return a.Category
}

func judgement(c defender.Classification, d defender.Determination) string {
	if c == "" || c == defender.ClassificationUnknown {
		return ""
	}
	if d == defender.DeterminationUnknown {
		d = ""
	}
	return join(", ", words(string(c)), words(string(d)))
}
