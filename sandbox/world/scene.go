package world

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// scene is one incident in the making: which story, when, with whom.
type scene struct {
	tale  *tale
	index int
	d     dice
	story *story

	begin    time.Time // first activity of the first alert
	victim   *Account
	second   *Account // another user
	device   *Device  // the victim's
	next     *Device  // where the attacker goes from there
	server   *Device
	mail     *Mail  // nil when the story needs nobody from outside
	salt     string // tells scenes apart that have no index
	merge    bool   // would be redirected if the newer neighbour is open
	life     int    // 0–99: what became of it
	from, to time.Time
}

// Incidents thin out into the past: half of them are younger than halfAge, and
// none is older than Microsoft keeps them.
const (
	retention = 180 * 24 * time.Hour
	halfAge   = 270 // as many incidents lie in the first half of the retention
)

func age(index int) time.Duration {
	return time.Duration(float64(retention) * float64(index+1) / float64(index+1+halfAge)).Truncate(time.Second)
}

func newScene(t *tale, index int) *scene {
	d := newDice("incident", t.tenant.ID, strconv.FormatUint(t.tenant.Incidents.Seed, 10), strconv.Itoa(index))
	s := &scene{tale: t, index: index, d: d, story: &t.stories[d.r.IntN(len(t.stories))]}
	s.merge, s.life = d.chance(14), d.between(0, 99)
	s.begin = t.epoch.Add(-age(index) - d.span(0, (age(index+1)-age(index))/2))
	s.cast()
	return s
}

// cast chooses whom and what the story happens to.
func (s *scene) cast() {
	d, inv := s.d, s.tale.inventory
	work := inv.Devices[:inventoryWorkstations]
	i := d.r.IntN(len(work))
	s.device, s.next = work[i], work[(i+1+d.r.IntN(len(work)-1))%len(work)]
	s.victim = s.device.LoggedOnUser
	j := d.r.IntN(len(inv.Users))
	if inv.Users[j] == s.victim {
		j = (j + 1) % len(inv.Users)
	}
	s.second = inv.Users[j]
	s.server = inv.Devices[inventoryWorkstations+s.story.server]
	if s.story.lure != nil {
		s.mail = s.newMail()
	}
}

// lure is the mail a story begins with.
type lure struct {
	senderName, subject string
	domain              string
	path                string // of its link
	action, location    string
	threat              string
}

func (s *scene) newMail() *Mail {
	l := s.story.lure
	id := DeriveGUID("mail", s.tale.tenant.ID, s.victim.UPN, s.begin.Format(time.RFC3339Nano))
	host := fmt.Sprintf("%s-%d.example", l.domain, s.d.between(10, 99))
	return &Mail{
		NetworkMessageID: id, InternetMessageID: "<" + id[:18] + "@" + host + ">",
		Sender: strings.ToLower(strings.ReplaceAll(l.senderName, " ", ".")) + "@" + host, SenderName: l.senderName,
		SenderIP:  fmt.Sprintf("203.0.113.%d", s.d.between(1, 254)), // documentation range, RFC 5737
		Recipient: s.victim.UPN, Subject: l.subject,
		DeliveryAction: l.action, DeliveryLocation: l.location,
		Received: s.begin.Add(-s.d.span(3*time.Minute, 50*time.Minute)),
		URLs:     []string{"https://" + host + l.path}, Threats: []string{l.threat},
	}
}

// prop makes one entity of an alert out of the scene.
type prop func(*scene) Entity

func evidence(kind EntityKind, verdict, remediation string, roles ...string) Entity {
	return Entity{Kind: kind, Verdict: verdict, Remediation: remediation, Roles: roles}
}

func theVictim(s *scene) Entity {
	e := evidence(EntityUser, "suspicious", "active", "compromised")
	e.Account = s.victim
	return e
}

func anotherUser(s *scene) Entity {
	e := evidence(EntityUser, "suspicious", "active", "attacked")
	e.Account = s.second
	return e
}

func theDevice(s *scene) Entity {
	e := evidence(EntityDevice, "suspicious", "active", "attacked")
	e.Device = s.device
	return e
}

func nextDevice(s *scene) Entity {
	e := evidence(EntityDevice, "suspicious", "active", "destination")
	e.Device = s.next
	return e
}

func theServer(s *scene) Entity {
	e := evidence(EntityDevice, "suspicious", "active", "destination")
	e.Device = s.server
	e.Tags = []string{"Critical"}
	return e
}

func theMail(s *scene) Entity {
	e := evidence(EntityMail, "malicious", "remediated", "contextual")
	if s.mail.DeliveryAction == "Delivered" {
		e.Remediation = "active"
	}
	e.Mail = s.mail
	return e
}

func theMailbox(s *scene) Entity {
	e := evidence(EntityMailbox, "suspicious", "active", "compromised")
	e.Mailbox = s.victim
	return e
}

func theURL(s *scene) Entity {
	e := evidence(EntityURL, "malicious", "blocked", "source")
	e.URL = s.mail.URLs[0]
	return e
}

func outsideIP(s *scene) Entity {
	e := evidence(EntityIP, "suspicious", "none", "attacker")
	e.IP, e.Country = s.mail.SenderIP, "NL"
	return e
}

func deviceIP(s *scene) Entity {
	e := evidence(EntityIP, "suspicious", "none", "source")
	e.IP = s.device.LastIP
	return e
}

// on is where a file, process or registry value was seen.
type on func(*scene) *Device

func onDevice(s *scene) *Device { return s.device }
func onNext(s *scene) *Device   { return s.next }
func onServer(s *scene) *Device { return s.server }

func seenFile(name string, where on, verdict, remediation string) prop {
	return func(s *scene) Entity {
		e := evidence(EntityFile, verdict, remediation, "contextual")
		f := *s.tale.inventory.file(name)
		f.DeviceMDEID = where(s).MDEID
		e.File = &f
		return e
	}
}

func seenProcess(image, parent, command string, where on) prop {
	return func(s *scene) Entity {
		e := evidence(EntityProcess, "suspicious", "active", "suspicious")
		started := s.from.Add(s.d.span(0, s.to.Sub(s.from)))
		p := &Process{
			ID: int64(s.d.between(400, 16000)) * 4, ParentID: int64(s.d.between(100, 399)) * 4,
			CommandLine: command, Started: started, ParentStarted: started.Add(-s.d.span(time.Second, 2*time.Hour)),
			Image: *s.tale.inventory.file(image), Parent: *s.tale.inventory.file(parent), Account: s.victim, DeviceMDEID: where(s).MDEID,
		}
		p.Image.DeviceMDEID, p.Parent.DeviceMDEID = p.DeviceMDEID, p.DeviceMDEID
		e.Process = p
		return e
	}
}

func seenRegistry(key, name, value string, where on) prop {
	return func(s *scene) Entity {
		e := evidence(EntityRegistry, "suspicious", "active", "added")
		e.Registry = &Registry{Hive: "HKEY_LOCAL_MACHINE", Key: key, ValueName: name, ValueType: "ExpandString", Value: value, DeviceMDEID: where(s).MDEID}
		return e
	}
}
