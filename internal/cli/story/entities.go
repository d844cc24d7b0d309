package story

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/internal/cli/output"
)

// entity is one thing that alerts are about, as it is told.
type entity struct {
	kind    string // heading, such as "devices"
	one     string // the same for one of them, such as "device"
	key     string // what makes two of a kind the same
	label   string // what people call it
	details []string
	verdict string
	roles   []string
	done    string // remediation
}

// kinds is the order of headings: what was attacked first, then with what.
func kinds() []string {
	return []string{"devices", "users", "mailboxes", "messages", "groups", "applications", "cloud resources", "processes", "files", "addresses", "links", "registry", "malware", "other"}
}

// entities lists what the alerts are about, each thing once, with how many
// alerts are about it.
func entities(p *output.Page, alerts []defender.Alert) {
	found, alertsOf := gather(alerts)
	if len(found) == 0 {
		return
	}
	p.Heading("What they are about")
	for _, kind := range kinds() {
		var list []*entity
		for _, e := range found {
			if e.kind == kind {
				list = append(list, e)
			}
		}
		if len(list) == 0 {
			continue
		}
		slices.SortStableFunc(list, func(a, b *entity) int {
			return cmp.Or(gravity(b.verdict)-gravity(a.verdict), alertsOf[b]-alertsOf[a])
		})
		p.Words(2, " ", output.Cell{Text: fmt.Sprintf("%s (%d)", kind, len(list)), Style: output.Faint})
		shown := list
		if p.Width() > 0 && len(list) > maxEntities {
			shown = list[:maxEntities]
		}
		for _, e := range shown {
			cells := []output.Cell{{Text: short(p, e.label), Style: output.Strong}}
			for _, d := range e.details {
				cells = append(cells, output.Text(short(p, d)))
			}
			cells = append(cells, output.Cell{Text: verdictWords(e.verdict), Style: verdictStyle(e.verdict)}, output.Text(strings.Join(e.roles, ", ")), output.Text(e.done))
			if len(alerts) > 1 {
				cells = append(cells, output.Cell{Text: count(alertsOf[e], "alert", "alerts"), Style: output.Faint})
			}
			p.Words(4, separatorDot, cells...)
		}
		if more := len(list) - len(shown); more > 0 {
			p.Paragraphs(4, fmt.Sprintf("… and %d more; with --output json all of them are there", more))
		}
	}
}

// maxDetail is how much of a command line, or another long text, a terminal is
// shown, in characters.
const maxDetail = 160

func short(p *output.Page, s string) string {
	if r := []rune(s); p.Width() > 0 && len(r) > maxDetail {
		return string(r[:maxDetail]) + "…"
	}
	return s
}

// gather finds each thing once, in the order of the alerts. Of several tellings
// the first one that says something is kept, and the gravest verdict.
func gather(alerts []defender.Alert) ([]*entity, map[*entity]int) {
	var found []*entity
	known := map[[2]string]*entity{}
	alertsOf := map[*entity]int{}
	for _, a := range alerts {
		inThis := map[*entity]bool{}
		for _, ev := range a.Evidence {
			e, ok := read(ev)
			if !ok {
				continue
			}
			at := [2]string{e.kind, strings.ToLower(e.key)}
			have := known[at]
			if have == nil {
				have = &e
				known[at] = have
				found = append(found, have)
			} else {
				have.add(e)
			}
			if !inThis[have] {
				inThis[have] = true
				alertsOf[have]++
			}
		}
	}
	return found, alertsOf
}

func (e *entity) add(other entity) {
	if len(e.details) == 0 {
		e.details = other.details
	}
	if gravity(other.verdict) > gravity(e.verdict) {
		e.verdict = other.verdict
	}
	for _, r := range other.roles {
		if !slices.Contains(e.roles, r) {
			e.roles = append(e.roles, r)
		}
	}
	e.done = cmp.Or(e.done, other.done)
}

// named are an alert's things in a line, the first few of them in a terminal.
func named(p *output.Page, evidence []defender.Evidence) []output.Cell {
	var cells []output.Cell
	seen := map[[2]string]bool{}
	for _, ev := range evidence {
		e, ok := read(ev)
		if at := [2]string{e.kind, strings.ToLower(e.key)}; !ok || seen[at] {
			continue
		} else {
			seen[at] = true
		}
		cells = append(cells, output.Text(e.one+" "+short(p, e.label)))
	}
	if more := len(cells) - maxPerAlert; p.Width() > 0 && more > 0 {
		cells = append(cells[:maxPerAlert], output.Text(fmt.Sprintf("%d more", more)))
	}
	return cells
}

func gravity(verdict string) int {
	return map[string]int{"noThreatsFound": 1, "suspicious": 2, "malicious": 3}[verdict]
}

func verdictWords(v string) string {
	if gravity(v) == 0 {
		return ""
	}
	return words(v)
}

func verdictStyle(v string) output.Style {
	return map[string]output.Style{"noThreatsFound": output.Green, "suspicious": output.Yellow, "malicious": output.Red}[v]
}
