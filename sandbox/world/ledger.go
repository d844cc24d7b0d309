package world

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// ledger holds what became of one tenant since its incidents were told: the
// incidents and alerts that changed or appeared, what was done with machines,
// and indicators. It is made at the first change, so a world's memory grows
// with what was changed and not with what was read; the book beside it may
// forget and tell again what never changed.
type ledger struct {
	mu      sync.RWMutex
	version atomic.Uint64 // counts changes of incidents and alerts

	incidents map[int64]*Incident
	order     []*Incident       // the same, newest first
	alerts    map[string]*Alert // changed ones that belong to no incident
	home      map[string]int64  // alert → incident, of alerts that came to it since it was told
	steps     int               // events of the living world so far

	actions      []*MachineAction      // oldest first, as they were asked for
	indicators   map[string]*Indicator // by type and value
	indicatorIDs map[string]string     // id → type and value
	lastID       int64                 // of an indicator
}

// ledger finds what changed in a tenant. nil means that nothing did; with make
// it is begun.
func (w *World) ledger(tenantID string, make bool) *ledger {
	key := strings.ToLower(tenantID)
	w.ledgerMu.RLock()
	l := w.ledgers[key]
	w.ledgerMu.RUnlock()
	if l != nil || !make {
		return l
	}
	w.ledgerMu.Lock()
	defer w.ledgerMu.Unlock()
	if l = w.ledgers[key]; l == nil {
		l = &ledger{
			incidents: map[int64]*Incident{}, alerts: map[string]*Alert{}, home: map[string]int64{},
			indicators: map[string]*Indicator{}, indicatorIDs: map[string]string{},
		}
		w.ledgers[key] = l
	}
	return l
}

// put replaces or adds an incident. The caller holds the lock.
func (l *ledger) put(in *Incident) {
	if old, ok := l.incidents[in.ID]; ok {
		if i, found := slices.BinarySearchFunc(l.order, old, newestFirst); found {
			l.order = slices.Delete(l.order, i, i+1)
		}
	}
	l.incidents[in.ID] = in
	i, _ := slices.BinarySearchFunc(l.order, in, newestFirst)
	l.order = slices.Insert(l.order, i, in)
	l.version.Add(1)
}

// incident finds an incident as it is now. The caller holds the lock; a nil
// ledger has changed nothing.
func (l *ledger) incident(c *chapter, id int64) (*Incident, bool) {
	if l != nil {
		if in, ok := l.incidents[id]; ok {
			return in, true
		}
	}
	in, ok := c.byID[id]
	return in, ok
}

// homeOf tells which incident an alert belongs to, 0 for none.
func (l *ledger) homeOf(c *chapter, alertID string) (int64, bool) {
	if l != nil {
		if id, ok := l.home[alertID]; ok {
			return id, true
		}
	}
	c.homeOnce.Do(func() {
		c.home = map[string]int64{}
		for _, in := range c.base.list {
			for _, a := range in.Alerts {
				c.home[a.ID] = in.ID
			}
		}
		for _, a := range c.alone {
			c.home[a.ID] = 0
		}
	})
	id, ok := c.home[alertID]
	return id, ok
}

// alert finds an alert as it is now.
func (l *ledger) alert(c *chapter, alertID string) (*Alert, bool) {
	home, ok := l.homeOf(c, alertID)
	if !ok {
		return nil, false
	}
	list := c.alone
	if home == 0 && l != nil && l.alerts[alertID] != nil {
		return l.alerts[alertID], true
	}
	if home != 0 {
		in, ok := l.incident(c, home)
		if !ok {
			return nil, false
		}
		list = in.Alerts
	}
	i := slices.IndexFunc(list, func(a *Alert) bool { return a.ID == alertID })
	if i < 0 {
		return nil, false
	}
	return list[i], true
}

// queue is a tenant's incidents and alerts at one moment. It never changes.
type queue struct {
	ledger  *ledger
	version uint64
	list    []*Incident // latest update first
	alone   []*Alert

	once   sync.Once
	alerts []*Alert // of list and alone, the latest created first
}

// queue is what a tenant's queue shows now; nil for an unknown tenant.
func (w *World) queue(tenantID string) *queue {
	c := w.told(tenantID)
	if c == nil {
		return nil
	}
	return c.queue(w.ledger(tenantID, false))
}

func (c *chapter) queue(l *ledger) *queue {
	if l == nil || l.version.Load() == 0 {
		return &c.base
	}
	if q := c.current.Load(); q != nil && q.ledger == l && q.version == l.version.Load() {
		return q
	}
	l.mu.RLock()
	q := c.merged(l)
	l.mu.RUnlock()
	c.current.Store(q)
	return q
}

// merged lays what changed over what was told; both are sorted. The caller
// holds the ledger's lock.
func (c *chapter) merged(l *ledger) *queue {
	q := &queue{ledger: l, version: l.version.Load(), list: make([]*Incident, 0, len(c.base.list)+len(l.order))}
	changed := l.order
	for _, in := range c.base.list {
		if _, again := l.incidents[in.ID]; again {
			continue
		}
		for len(changed) > 0 && newestFirst(changed[0], in) < 0 {
			q.list = append(q.list, changed[0])
			changed = changed[1:]
		}
		q.list = append(q.list, in)
	}
	q.list = append(q.list, changed...)
	if len(l.alerts) == 0 {
		q.alone = c.alone
		return q
	}
	for _, a := range c.alone {
		if _, again := l.alerts[a.ID]; !again {
			q.alone = append(q.alone, a)
		}
	}
	for _, a := range l.alerts {
		q.alone = append(q.alone, a)
	}
	slices.SortFunc(q.alone, latestAlert)
	return q
}

// latestAlert orders alerts by their creation, the newest first.
func latestAlert(a, b *Alert) int {
	return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(b.ID, a.ID))
}

// Alerts returns a tenant's alerts, those of its incidents and those that
// belong to none (IncidentID 0), the latest created first; nil for an unknown
// tenant. They are shared like [World.Incidents].
func (w *World) Alerts(tenantID string) []*Alert {
	q := w.queue(tenantID)
	if q == nil {
		return nil
	}
	q.once.Do(func() {
		n := len(q.alone)
		for _, in := range q.list {
			n += len(in.Alerts)
		}
		q.alerts = make([]*Alert, 0, n)
		for _, in := range q.list {
			q.alerts = append(q.alerts, in.Alerts...)
		}
		q.alerts = append(q.alerts, q.alone...)
		slices.SortFunc(q.alerts, latestAlert)
	})
	return slices.Clone(q.alerts)
}

// Alert finds one alert of a tenant by its id.
func (w *World) Alert(tenantID, alertID string) (*Alert, bool) {
	c := w.told(tenantID)
	if c == nil {
		return nil, false
	}
	l := w.ledger(tenantID, false)
	if l != nil {
		l.mu.RLock()
		defer l.mu.RUnlock()
	}
	return l.alert(c, alertID)
}
