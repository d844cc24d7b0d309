package world

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
)

// Clones share nothing with the original but texts and raw JSON, which nobody
// writes to.

func (in *Incident) clone() *Incident {
	c := *in
	c.Tags, c.SystemTags, c.Comments = slices.Clone(in.Tags), slices.Clone(in.SystemTags), slices.Clone(in.Comments)
	c.Extra = maps.Clone(in.Extra)
	c.Alerts = slices.Clone(in.Alerts)
	for i, a := range c.Alerts {
		c.Alerts[i] = a.clone()
	}
	return &c
}

func (a *Alert) clone() *Alert {
	c := *a
	c.Techniques, c.Comments, c.Extra = slices.Clone(a.Techniques), slices.Clone(a.Comments), maps.Clone(a.Extra)
	c.Entities = slices.Clone(a.Entities)
	for i := range c.Entities {
		c.Entities[i] = a.Entities[i].clone()
	}
	return &c
}

func (e Entity) clone() Entity {
	e.Roles, e.Tags, e.Extra = slices.Clone(e.Roles), slices.Clone(e.Tags), maps.Clone(e.Extra)
	e.Device, e.File, e.Registry = copied(e.Device), copied(e.File), copied(e.Registry)
	e.Account, e.Mailbox = copied(e.Account), copied(e.Mailbox)
	e.Process, e.Mail, e.Cluster = copied(e.Process), copied(e.Mail), copied(e.Cluster)
	e.Group, e.CloudApp, e.OAuthApp = copied(e.Group), copied(e.CloudApp), copied(e.OAuthApp)
	if e.Device != nil {
		e.Device.LoggedOnUser, e.Device.Tags = copied(e.Device.LoggedOnUser), slices.Clone(e.Device.Tags)
	}
	if e.Process != nil {
		e.Process.Account = copied(e.Process.Account)
	}
	if e.Mail != nil {
		e.Mail.URLs, e.Mail.Threats = slices.Clone(e.Mail.URLs), slices.Clone(e.Mail.Threats)
	}
	if e.Cluster != nil {
		e.Cluster.NetworkMessageIDs = slices.Clone(e.Cluster.NetworkMessageIDs)
	}
	return e
}

func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}

// settle gives a changed copy back what did not change, so that one comment
// costs the memory of a comment and unchanged alerts keep their pointers. It
// returns the alerts that the incident did not have before.
func (in *Incident) settle(old *Incident) (added []*Alert) {
	before := make(map[string]*Alert, len(old.Alerts))
	for _, a := range old.Alerts {
		before[a.ID] = a
	}
	for i, a := range in.Alerts {
		if was, ok := before[a.ID]; ok {
			in.Alerts[i] = a.settled(was)
		} else {
			added = append(added, a)
		}
	}
	if sameRaw(in.Extra, old.Extra) {
		in.Extra = old.Extra
	}
	return added
}

func (a *Alert) settled(old *Alert) *Alert {
	if reflect.DeepEqual(a.Entities, old.Entities) {
		a.Entities = old.Entities
	}
	if sameRaw(a.Extra, old.Extra) {
		a.Extra = old.Extra
	}
	if reflect.DeepEqual(a, old) {
		return old
	}
	return a
}

func sameRaw(a, b map[string]json.RawMessage) bool {
	return maps.EqualFunc(a, b, func(x, y json.RawMessage) bool { return bytes.Equal(x, y) })
}
