package world

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Settings are what a world file says of the sandbox around the world. The
// world keeps them for whoever runs it and follows only the delays itself.
type Settings struct {
	Delays *Delays           // nil: nothing was said
	Limits *LimitsSpec       // nil: nothing was said, the published ones hold
	Faults []json.RawMessage // as package fault reads them
	Rate   float64           // events of the living world per minute; 0: it stands still
}

// LimitsSpec is what a world file says of the limits of calls.
type LimitsSpec struct {
	Off   bool // none at all
	Rules []LimitSpec
}

// LimitSpec replaces the numbers of one limit.
type LimitSpec struct {
	Name  string
	Calls int           `yaml:"calls"`
	Per   time.Duration `yaml:"per"`
}

// Settings returns what the world file says of the sandbox; the zero value for
// a world that was made in Go.
func (w *World) Settings() Settings { return w.settings }

// mark is everything a world goes back to. The values in its maps are never
// changed, so that a mark costs the maps alone.
type mark struct {
	order   []string
	tenants map[string]*Tenant
	domains map[string]string
	apps    map[string]*App
	objects map[string]string
	appSeq  []string
	sps     map[string]map[string]*ServicePrincipal
	users   map[string]userKey
	delays  Delays
}

// Mark makes what the world is now the state that [World.Reset] goes back to,
// and the point after which credentials and consents need their [Delays].
// [Spec.Build] marks what it built, and a sandbox the world it is given; what
// was made before can be used at once. Changes of incidents, actions and
// indicators are not part of the mark.
func (w *World) Mark() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settleLocked()
	w.marked = w.copyLocked()
}

func (w *World) copyLocked() *mark {
	return &mark{
		order: slices.Clone(w.order), tenants: maps.Clone(w.tenants), domains: maps.Clone(w.domains),
		apps: maps.Clone(w.apps), objects: maps.Clone(w.objects), appSeq: slices.Clone(w.appSeq),
		sps: cloneTwice(w.sps), users: maps.Clone(w.users), delays: w.delays,
	}
}

func cloneTwice(m map[string]map[string]*ServicePrincipal) map[string]map[string]*ServicePrincipal {
	c := make(map[string]map[string]*ServicePrincipal, len(m))
	for k, inner := range m {
		c[k] = maps.Clone(inner)
	}
	return c
}

// Reset takes the world back to its mark, under the same pointer: tenants,
// people, applications, credentials, consents and delays are as they were, and
// every change of an incident or alert, every incident the living world added,
// every machine action and indicator is gone. The epoch stays, so the same
// incidents are told with the same times. A world that was never marked keeps
// its tenants and applications and forgets the rest.
//
// Pointers handed out before stay readable; calls that run at the same time
// see the world before or after it.
func (w *World) Reset() {
	w.mu.Lock()
	if w.marked != nil {
		m := w.marked
		fresh := (&World{
			order: m.order, tenants: m.tenants, domains: m.domains, apps: m.apps, objects: m.objects,
			appSeq: m.appSeq, sps: m.sps, users: m.users, delays: m.delays,
		}).copyLocked()
		w.order, w.tenants, w.domains, w.apps, w.objects = fresh.order, fresh.tenants, fresh.domains, fresh.apps, fresh.objects
		w.appSeq, w.sps, w.users, w.delays = fresh.appSeq, fresh.sps, fresh.users, fresh.delays
	}
	w.ledgerMu.Lock()
	w.ledgers = map[string]*ledger{}
	w.liveSteps = 0
	w.ledgerMu.Unlock()
	w.mu.Unlock()
	w.tell(Change{What: "world.reset"})
}
