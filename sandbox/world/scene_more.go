package world

import (
	"strconv"
	"strings"
)

// Kinds of evidence that only some stories have. None throws the scene's dice,
// so that an incident's other facts do not depend on them.

// theCluster is the messages that look like the story's.
func theCluster(s *scene) Entity {
	e := evidence(EntityMailCluster, "malicious", "remediated", "contextual")
	m := s.mail
	_, domain, _ := strings.Cut(m.Sender, "@")
	c := &MailCluster{By: "Subject;P2SenderDomain", ByValue: m.Subject + ";" + domain, NetworkMessageIDs: []string{m.NetworkMessageID}}
	c.Count = int64(2 + newDice("cluster", m.NetworkMessageID).between(0, 3))
	for i := range int(c.Count) - 1 {
		c.NetworkMessageIDs = append(c.NetworkMessageIDs, DeriveGUID("mail like", m.NetworkMessageID, strconv.Itoa(i)))
	}
	c.Query = `Subject:"` + m.Subject + `" AND P2SenderDomain:"` + domain + `"`
	c.URN = "urn:MailCluster:" + hexOf(32, "cluster", m.NetworkMessageID)
	e.Cluster = c
	return e
}

// theAdmins is the group that an attacker looks for.
func theAdmins(s *scene) Entity {
	e := evidence(EntitySecurityGroup, "suspicious", "none", "contextual")
	e.Group = s.tale.inventory.Groups[0]
	return e
}

// cloudApp is a service that files were copied to or from. Names and numbers
// are invented.
func cloudApp(name string) prop {
	return func(*scene) Entity {
		e := evidence(EntityCloudApp, "suspicious", "none", "destination")
		d := newDice("cloud app", name)
		e.CloudApp = &CloudApp{AppID: int64(d.between(30_000, 39_999)), Name: name, SaaSID: int64(d.between(40_000, 49_999)), Instance: name + " default"}
		return e
	}
}

// theOAuthApp is an application that the victim let in; every tenant meets the
// same one, under an object of its own.
func theOAuthApp(s *scene) Entity {
	e := evidence(EntityOAuthApp, "suspicious", "active", "suspicious")
	const name = "Meeting Notes Pro"
	e.OAuthApp = &OAuthApp{AppID: DeriveGUID("oauth app", name), ObjectID: DeriveGUID("oauth app", name, s.tale.tenant.ID), Name: name, Publisher: "Meeting Notes"}
	return e
}
