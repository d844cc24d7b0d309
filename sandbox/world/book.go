package world

import (
	"cmp"
	"container/list"
	"slices"
	"strings"
	"sync"
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
	list      []*Incident // latest update first
	byID      map[int64]*Incident
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
	c := &chapter{tenant: t, weight: t.Incidents.Count + len(t.Incidents.Recorded) + 5}
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
	return s.Count == o.Count && s.Seed == o.Seed && slices.Equal(s.Recorded, o.Recorded)
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
	c.byID = make(map[int64]*Incident, t.Incidents.Count+len(t.Incidents.Recorded))
	for _, in := range t.Incidents.Recorded {
		c.byID[in.ID] = in
		c.list = append(c.list, in)
	}
	for _, in := range tale.incidents() {
		if _, recorded := c.byID[in.ID]; recorded {
			continue
		}
		c.byID[in.ID] = in
		c.list = append(c.list, in)
	}
	slices.SortStableFunc(c.list, func(a, b *Incident) int {
		return cmp.Or(b.LastUpdate.Compare(a.LastUpdate), cmp.Compare(b.ID, a.ID))
	})
}

// Incidents returns a tenant's incidents, the latest updated first; nil for an
// unknown tenant. They are made on first use and shared: the caller must not
// write through them. Asking is safe from many goroutines at once.
func (w *World) Incidents(tenantID string) []*Incident {
	c := w.told(tenantID)
	if c == nil {
		return nil
	}
	return slices.Clone(c.list)
}

// Incident finds one incident of a tenant.
func (w *World) Incident(tenantID string, id int64) (*Incident, bool) {
	c := w.told(tenantID)
	if c == nil {
		return nil, false
	}
	in, ok := c.byID[id]
	return in, ok
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
