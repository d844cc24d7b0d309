package world

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var testEpoch = time.Date(2026, 11, 22, 12, 34, 56, 789, time.UTC)

func testClock() time.Time { return testEpoch }

func tenantOf(seed uint64, count int) Tenant {
	id := DeriveGUID("test tenant", strconv.FormatUint(seed%7, 10))
	domain := fmt.Sprintf("customer%d.onmicrosoft.com", seed%7)
	return Tenant{
		ID: id, Name: "Customer", Domains: []string{domain}, Licences: []string{LicenceDefenderXDR},
		Users:     []*User{{UPN: "admin@" + domain, Name: "Ad Min"}, {UPN: "jo@" + domain, Name: "Jo"}},
		Incidents: IncidentSource{Count: count, Seed: seed},
	}
}

func worldOf(t *testing.T, tenants ...Tenant) *World {
	t.Helper()
	w := New(testClock)
	for _, tn := range tenants {
		if _, err := w.AddTenant(tn); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// TestGeneratedIncidents holds over a thousand seeds what readers of incidents
// rely on.
func TestGeneratedIncidents(t *testing.T) {
	const seeds, count = 1000, 20
	seen := map[string]int{}
	for seed := range uint64(seeds) {
		tn := tenantOf(seed, count)
		w := worldOf(t, tn)
		all := w.Incidents(tn.ID)
		if len(all) != count {
			t.Fatalf("seed %d: %d incidents, want %d", seed, len(all), count)
		}
		c := checker{t: t, where: fmt.Sprintf("seed %d", seed), w: w, inv: w.Inventory(tn.ID), byID: map[int64]*Incident{}, alertIDs: map[string]bool{}}
		c.index()
		for _, in := range all {
			c.byID[in.ID] = in
		}
		if len(c.byID) != count {
			t.Errorf("seed %d: incident ids are not unique", seed)
		}
		for _, in := range all {
			c.incident(in)
			seen["severity "+in.Severity]++
			seen["status "+in.Status]++
			seen["classification "+in.Classification]++
			seen["determination "+in.Determination]++
			if in.AssignedTo != "" {
				seen["assigned"]++
			}
			if len(in.Tags) > 0 {
				seen["tagged"]++
			}
			if len(in.Comments) > 0 {
				seen["commented"]++
			}
			for _, a := range in.Alerts {
				seen["service "+a.ServiceSource]++
				for _, e := range a.Entities {
					seen["entity "+string(e.Kind)]++
				}
			}
		}
		if t.Failed() {
			return
		}
	}
	want := []string{
		"severity informational", "severity low", "severity medium", "severity high",
		"status active", "status inProgress", "status resolved", "status redirected", "assigned", "tagged", "commented",
		"classification truePositive", "classification falsePositive", "classification informationalExpectedActivity",
		"entity device", "entity user", "entity file", "entity process", "entity ip", "entity url", "entity mailbox", "entity mail", "entity registry",
		"entity mailCluster", "entity securityGroup", "entity cloudApplication", "entity oauthApplication",
		"service microsoftDefenderForEndpoint", "service microsoftDefenderForOffice365", "service microsoftDefenderForIdentity", "service microsoftDefenderForCloudApps", "service azureAdIdentityProtection",
	}
	for _, k := range want {
		if seen[k] < seeds/100 {
			t.Errorf("%s: seen %d times over %d incidents", k, seen[k], seeds*count)
		}
	}
	t.Log(seen)
}

type checker struct {
	t        *testing.T
	where    string
	w        *World
	inv      *Inventory
	byID     map[int64]*Incident
	alertIDs map[string]bool

	devices, users, hashes, mails, ips, urls map[string]bool
}

func (c *checker) index() {
	c.devices, c.users, c.hashes, c.mails, c.ips, c.urls = map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, d := range c.inv.Devices {
		c.devices[d.MDEID], c.ips[d.LastIP], c.ips[d.ExternalIP] = true, true, true
	}
	for _, u := range c.inv.Users {
		c.users[u.UPN+u.SID+u.EntraID] = true
	}
	for _, f := range c.inv.Files {
		c.hashes[f.Name+f.SHA1+f.SHA256] = true
	}
	for _, m := range c.inv.Mails {
		c.mails[m.NetworkMessageID], c.ips[m.SenderIP] = true, true
		for _, u := range m.URLs {
			c.urls[u] = true
		}
	}
}

func (c *checker) must(ok bool, format string, args ...any) {
	c.t.Helper()
	if !ok {
		c.t.Errorf(c.where+": "+format, args...)
	}
}

func (c *checker) ordered(what string, times ...time.Time) {
	c.t.Helper()
	for i := 1; i < len(times); i++ {
		c.must(!times[i].Before(times[i-1]), "%s: times are not in order: %v", what, times)
	}
}

func (c *checker) incident(in *Incident) {
	at := fmt.Sprintf("incident %d", in.ID)
	c.ordered(at, c.w.Epoch().Add(-200*24*time.Hour), in.Created, in.LastUpdate, c.w.Now())
	c.must(in.Name != "" && in.Description != "" && in.Summary != "", "%s: texts are missing", at)
	c.must(slices.Contains(determinationsOf(in.Classification), in.Determination), "%s: determination %s does not belong to %s", at, in.Determination, in.Classification)
	c.must((in.Status == "resolved") == (in.Classification != "unknown"), "%s: %s is classified %s", at, in.Status, in.Classification)
	for _, cm := range in.Comments {
		c.ordered(at+" comment", in.Created, cm.Created, in.LastUpdate)
	}
	if in.AssignedTo != "" {
		_, _, ok := c.w.User(in.AssignedTo)
		c.must(ok, "%s: assigned to %s, who is not there", at, in.AssignedTo)
	}
	if in.Status == "redirected" {
		target := c.byID[in.RedirectTo]
		c.must(target != nil && target != in && target.Status != "redirected", "%s: redirected to %d", at, in.RedirectTo)
		c.must(len(in.Alerts) == 0, "%s: keeps alerts though it was merged", at)
		return
	}
	c.must(in.RedirectTo == 0 && len(in.Alerts) > 0, "%s: redirect %d, %d alerts", at, in.RedirectTo, len(in.Alerts))
	first := in.Alerts[0].Created
	rank := 0
	for _, a := range in.Alerts {
		if a.Created.Before(first) {
			first = a.Created
		}
		rank = max(rank, severityRank(a.Severity))
		c.alert(in, a)
	}
	c.ordered(at, first, in.Created)
	c.must(rank == severityRank(in.Severity) && rank > 0, "%s: severity %s is not its worst alert's", at, in.Severity)
}

func (c *checker) alert(in *Incident, a *Alert) {
	at := fmt.Sprintf("incident %d, alert %s", in.ID, a.ID)
	c.ordered(at, a.FirstActivity, a.LastActivity, a.Created, a.LastUpdate, in.LastUpdate)
	c.must(!c.alertIDs[a.ID], "%s: the id is used twice", at)
	c.alertIDs[a.ID] = true
	c.must((a.Status == "resolved") == !a.Resolved.IsZero(), "%s: %s, resolved %v", at, a.Status, a.Resolved)
	c.must((in.Status == "resolved") == (a.Status == "resolved"), "%s: %s in an incident that is %s", at, a.Status, in.Status)
	c.must(slices.Contains(determinationsOf(a.Classification), a.Determination), "%s: %s of %s", at, a.Determination, a.Classification)
	c.must(a.IncidentID == in.ID, "%s: says it belongs to incident %d", at, a.IncidentID)
	c.must(a.Title != "" && a.Category != "" && a.ProductName != "" && len(a.Techniques) > 0 && len(a.Entities) > 0, "%s: parts are missing", at)
	for i, e := range a.Entities {
		c.entity(fmt.Sprintf("%s, entity %d", at, i), a, e)
	}
}

func (c *checker) entity(at string, a *Alert, e Entity) {
	c.must(e.Created.Equal(a.Created), "%s: created %v", at, e.Created)
	file := func(f File) {
		c.must(c.hashes[f.Name+f.SHA1+f.SHA256] && c.devices[f.DeviceMDEID], "%s: file %+v is nowhere", at, f)
	}
	account := func(u *Account) { c.must(c.users[u.UPN+u.SID+u.EntraID], "%s: user %+v is unknown", at, u) }
	switch e.Kind {
	case EntityDevice:
		c.must(c.devices[e.Device.MDEID], "%s: device %s is unknown", at, e.Device.MDEID)
		c.ordered(at, e.Device.FirstSeen, a.FirstActivity)
	case EntityUser:
		account(e.Account)
	case EntityMailbox:
		account(e.Mailbox)
	case EntityFile:
		file(*e.File)
	case EntityProcess:
		p := e.Process
		file(p.Image)
		file(p.Parent)
		account(p.Account)
		c.must(c.devices[p.DeviceMDEID], "%s: device %s is unknown", at, p.DeviceMDEID)
		c.ordered(at, p.ParentStarted, p.Started, a.LastActivity)
		c.ordered(at, a.FirstActivity, p.Started)
	case EntityIP:
		c.must(c.ips[e.IP], "%s: address %s belongs to no device or mail", at, e.IP)
	case EntityURL:
		c.must(c.urls[e.URL], "%s: URL %s is in no mail", at, e.URL)
	case EntityMail:
		c.must(c.mails[e.Mail.NetworkMessageID], "%s: mail is unknown", at)
		c.ordered(at, e.Mail.Received, a.FirstActivity)
	case EntityRegistry:
		c.must(c.devices[e.Registry.DeviceMDEID], "%s: device %s is unknown", at, e.Registry.DeviceMDEID)
	case EntityMailCluster:
		m := e.Cluster
		c.must(int(m.Count) == len(m.NetworkMessageIDs) && m.Count > 1 && c.mails[m.NetworkMessageIDs[0]], "%s: cluster %+v", at, m)
		c.must(m.By != "" && m.ByValue != "" && m.Query != "" && m.URN != "", "%s: cluster %+v", at, m)
	case EntitySecurityGroup:
		c.must(slices.Contains(c.inv.Groups, e.Group) && IsGUID(e.Group.ID), "%s: group %+v is unknown", at, e.Group)
	case EntityCloudApp:
		c.must(e.CloudApp.Name != "" && e.CloudApp.AppID > 0 && e.CloudApp.SaaSID > 0, "%s: %+v", at, e.CloudApp)
	case EntityOAuthApp:
		c.must(IsGUID(e.OAuthApp.AppID) && IsGUID(e.OAuthApp.ObjectID) && e.OAuthApp.Name != "", "%s: %+v", at, e.OAuthApp)
	default:
		c.t.Errorf("%s: kind %q", at, e.Kind)
	}
}

// TestIncidentsAreSpread: nothing ends at the very moment the world begins, and hardly two incidents
// of a tenant change in the same minute: what is recent is spread, not cut off.
func TestIncidentsAreSpread(t *testing.T) {
	same, all := 0, 0
	for seed := range uint64(300) {
		tn := tenantOf(seed, 12)
		w := worldOf(t, tn)
		minutes := map[time.Time]bool{}
		for _, in := range w.Incidents(tn.ID) {
			if !in.LastUpdate.Before(w.Epoch()) {
				t.Errorf("seed %d: incident %d changed at %v, when the world began", seed, in.ID, in.LastUpdate)
			}
			all++
			if m := in.LastUpdate.Truncate(time.Minute); in.Status == "resolved" && minutes[m] {
				same++
			} else {
				minutes[m] = true
			}
		}
	}
	if same*100 > all {
		t.Errorf("%d of %d incidents changed in the same minute as another", same, all)
	}
}

// TestIncidentsDependOnTheirIndexAlone: more incidents add older ones and
// change nothing, in another world of the same beginning too.
func TestIncidentsDependOnTheirIndexAlone(t *testing.T) {
	few, many := tenantOf(4, 30), tenantOf(4, 60)
	a, b := worldOf(t, few), worldOf(t, many)
	for _, in := range a.Incidents(few.ID) {
		other, ok := b.Incident(many.ID, in.ID)
		if !ok {
			t.Fatalf("incident %d is gone when there are more", in.ID)
		}
		if d := cmp.Diff(in, other); d != "" {
			t.Fatalf("incident %d differs (-30 +60 incidents):\n%s", in.ID, d)
		}
	}
	otherSeed := tenantOf(4, 30)
	otherSeed.Incidents.Seed++
	if cmp.Equal(a.Incidents(few.ID), worldOf(t, otherSeed).Incidents(few.ID)) {
		t.Error("another seed tells the same incidents")
	}
}

// TestStories: everything a story names is in the catalogue, and every verdict
// is one of Microsoft's table.
func TestStories(t *testing.T) {
	l := newLore()
	stories := l.stories
	if len(stories) < 8 {
		t.Errorf("%d stories", len(stories))
	}
	names := map[string]bool{}
	for _, f := range fileCatalogue {
		names[f.name] = true
	}
	tn := tenantOf(1, 1)
	tl := newTale(&tn, testEpoch, l)
	for i := range stories {
		st := &stories[i]
		for _, v := range st.verdicts {
			if !slices.Contains(determinationsOf(v.classification), v.determination) {
				t.Errorf("%s: %s is no determination of %s", st.title, v.determination, v.classification)
			}
		}
		s := newScene(tl, 0)
		s.story = st
		if st.lure != nil {
			s.mail = s.newMail()
		}
		s.server = tl.inventory.Devices[inventoryWorkstations+st.server]
		in := s.incident(1)
		for _, a := range in.Alerts {
			for _, e := range a.Entities {
				var used []string
				if e.File != nil {
					used = append(used, e.File.Name)
				}
				if e.Process != nil {
					used = append(used, e.Process.Image.Name, e.Process.Parent.Name)
				}
				for _, name := range used {
					if !names[name] {
						t.Errorf("%s: file %s is not in the catalogue", st.title, name)
					}
				}
			}
		}
	}
}
