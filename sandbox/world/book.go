package world

import (
	"cmp"
	"container/list"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maxHeldIncidents bounds how many incidents of how many tenants are kept in
// memory. Told at about 6 kB each this is some 60 MB; a tenant that was dropped
// is told anew, the same, in milliseconds.
const maxHeldIncidents = 10_000

// incidentBook keeps what was told of tenants lately. Its rules: a tenant's
// incidents are made on first use from its id, seed and users, always the same
// ones, and only a bounded number is held at once.
type incidentBook struct {
	mu      sync.Mutex
	most    int
	held    int
	recent  *list.List // of *chapter, the latest used first
	tenants map[string]*list.Element

	lore func() *lore // made on first use
}

// chapter is what one tenant's incidents are. It is told once, by whoever asks
// first; the others wait.
type chapter struct {
	tenant *Tenant
	weight int
	once   sync.Once

	inventory *Inventory
	byID      map[int64]*Incident
	alone     []*Alert // that belong to no incident
	base      queue    // as told; nothing changed
	current   atomic.Pointer[queue]

	homeOnce sync.Once
	home     map[string]int64 // alert → incident as told, 0 for none
}

func newIncidentBook(most int) *incidentBook {
	return &incidentBook{most: most, recent: list.New(), tenants: map[string]*list.Element{}, lore: sync.OnceValue(newLore)}
}

func (b *incidentBook) chapter(t *Tenant) *chapter {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e, ok := b.tenants[t.ID]; ok {
		if c := e.Value.(*chapter); c.tenant.Incidents.same(t.Incidents) {
			b.recent.MoveToFront(e)
			return c
		}
		b.dropLocked(e) // the tenant's source was changed
	}
	// The inventory weighs about as much as a few incidents.
	c := &chapter{tenant: t, weight: t.Incidents.weight() + 5}
	b.tenants[t.ID] = b.recent.PushFront(c)
	b.held += c.weight
	for b.held > b.most && b.recent.Len() > 1 {
		b.dropLocked(b.recent.Back())
	}
	return c
}

func (b *incidentBook) dropLocked(e *list.Element) {
	c := e.Value.(*chapter)
	b.recent.Remove(e)
	delete(b.tenants, c.tenant.ID)
	b.held -= c.weight
}

func (s IncidentSource) same(o IncidentSource) bool {
	return s.Count == o.Count && s.Seed == o.Seed && s.Standalone == o.Standalone && s.EqualTimes == o.EqualTimes &&
		s.Hostile == o.Hostile && s.BigAlerts == o.BigAlerts && slices.Equal(s.Recorded, o.Recorded)
}

// weight is how many incidents of the usual size what is told takes in memory.
func (s IncidentSource) weight() int {
	return s.Count + len(s.Recorded) + (s.Standalone+s.BigAlerts+2)/3
}

// holds counts what is in memory, for tests.
func (b *incidentBook) holds() (tenants, incidents int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.recent.Len(), b.held
}

func (w *World) told(tenantID string) *chapter {
	w.mu.RLock()
	t, ok := w.tenants[strings.ToLower(tenantID)]
	w.mu.RUnlock()
	if !ok {
		return nil
	}
	c := w.incidents.chapter(t)
	c.once.Do(func() { c.tell(w.epoch, w.incidents.lore()) })
	return c
}

func (c *chapter) tell(epoch time.Time, l *lore) {
	t := c.tenant
	tale := newTale(t, epoch, l)
	c.inventory = tale.inventory
	c.alone = tale.alone()
	c.byID = make(map[int64]*Incident, t.Incidents.Count+len(t.Incidents.Recorded))
	list := make([]*Incident, 0, t.Incidents.Count+len(t.Incidents.Recorded))
	for _, in := range t.Incidents.Recorded {
		in = in.housed()
		c.byID[in.ID] = in
		list = append(list, in)
	}
	for _, in := range tale.incidents() {
		if _, recorded := c.byID[in.ID]; recorded {
			continue
		}
		c.byID[in.ID] = in
		list = append(list, in)
	}
	slices.SortFunc(list, newestFirst)
	c.base.list, c.base.alone = list, c.alone
}

// housed is the incident with alerts that name it: a recording made in Go may
// not have said so.
func (in *Incident) housed() *Incident {
	if !slices.ContainsFunc(in.Alerts, func(a *Alert) bool { return a.IncidentID != in.ID }) {
		return in
	}
	c := in.clone()
	for _, a := range c.Alerts {
		a.IncidentID = c.ID
	}
	return c
}

// newestFirst orders by the last update, equal ones by id, both descending.
func newestFirst(a, b *Incident) int {
	return cmp.Or(b.LastUpdate.Compare(a.LastUpdate), cmp.Compare(b.ID, a.ID))
}

// Incidents returns a tenant's incidents as they are now, the latest updated
// first; nil for an unknown tenant. They are made on first use and shared: the
// caller must not write through them. An incident's pointer stays the same
// until the incident changes, as long as its tenant is asked for now and then:
// what nobody asks for is dropped from memory and told anew, the same, when it
// is needed. Asking is safe from many goroutines at once.
func (w *World) Incidents(tenantID string) []*Incident {
	q := w.queue(tenantID)
	if q == nil {
		return nil
	}
	return slices.Clone(q.list)
}

// Incident finds one incident of a tenant.
func (w *World) Incident(tenantID string, id int64) (*Incident, bool) {
	c := w.told(tenantID)
	if c == nil {
		return nil, false
	}
	l := w.ledger(tenantID, false)
	if l != nil {
		l.mu.RLock()
		defer l.mu.RUnlock()
	}
	return l.incident(c, id)
}

// Inventory returns the devices, users, files and mails that the generated
// incidents of a tenant speak of; nil for an unknown tenant. It is shared like
// the incidents.
func (w *World) Inventory(tenantID string) *Inventory {
	c := w.told(tenantID)
	if c == nil {
		return nil
	}
	return c.inventory
}
