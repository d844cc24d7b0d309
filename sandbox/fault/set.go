package fault

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenantry/tenantry/sandbox/journal"
)

// Config is what a [Set] needs.
type Config struct {
	// Now is the true clock: offsets are added to it, and faults expire by it.
	// nil means time.Now.
	Now func() time.Time
	// After is how delays are waited for; nil means time.After's way, with a
	// timer that is stopped when nobody waits any more.
	After func(time.Duration) (fired <-chan time.Time, stop func())
	// Journal is told of faults that are set and removed; nil means nobody is.
	Journal *journal.Journal
	// Tenant finds the id of a tenant named by id or domain. nil means that
	// every name is taken as it is.
	Tenant func(idOrDomain string) (id string, ok bool)
	// Operations are the names that Scope.Operations may have, by service; nil
	// means any name of any service.
	Operations map[string][]string
	// Keys rotates the signing keys, and tells their ids; nil means that there
	// are none to rotate.
	Keys KeyRing
}

// KeyRing is what a Set needs of the sandbox's signing keys.
type KeyRing interface {
	// Rotate makes the next key the current one.
	Rotate() error
	// KeyIDs tells the published keys: the one signed with before, the one
	// signed with now, the one that will be.
	KeyIDs() (before, now, later string)
}

// Errors of [Set]'s methods.
var (
	ErrFull   = errors.New("the sandbox holds as many faults as it can: remove some first")
	ErrNoKeys = errors.New("this sandbox has no signing keys to rotate")
)

// Set holds the faults in force. Its methods are safe for concurrent use; a
// nil *Set has no faults.
type Set struct {
	cfg Config

	active atomic.Int32             // faults held, so that a sandbox without any pays nothing
	clock  atomic.Pointer[clockNow] // newest clock fault, nil when there is none

	mu     sync.Mutex
	faults []*entry
	seq    int
	closed chan struct{}
	once   sync.Once
}

type clockNow struct {
	id     string
	offset time.Duration
	until  time.Time // zero: for ever
}

// entry is a fault with its state.
type entry struct {
	spec    Spec
	id      string
	created time.Time
	expires time.Time // zero: never
	rng     *rand.Rand
	matched uint64
	struck  uint64
	windows map[string]window // of Throttle, by tenant
	removed chan struct{}
}

type window struct {
	ends time.Time
	used int
}

// New returns a set without faults. [Set.Close] releases whoever hangs in it.
func New(cfg Config) *Set {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.After == nil {
		cfg.After = func(d time.Duration) (<-chan time.Time, func()) {
			t := time.NewTimer(d)
			return t.C, func() { t.Stop() }
		}
	}
	return &Set{cfg: cfg, closed: make(chan struct{})}
}

// Any says whether any fault was set and not removed.
func (s *Set) Any() bool { return s != nil && s.active.Load() > 0 }

// Close ends requests that hang or are delayed. Faults set later do not hang.
func (s *Set) Close() { s.once.Do(func() { close(s.closed) }) }

// Add sets a fault. What is wrong with it is told by a *[SpecError]; [ErrFull]
// says that there are too many.
func (s *Set) Add(spec Spec) (Fault, error) {
	spec.Operations, spec.Services = slices.Clone(spec.Operations), slices.Clone(spec.Services)
	if err := spec.Check(s.cfg.Operations); err != nil {
		return Fault{}, err
	}
	if err := s.resolve(&spec); err != nil {
		return Fault{}, err
	}
	spec.fill(s.cfg.Operations)
	s.mu.Lock()
	now := s.cfg.Now().UTC()
	if len(s.faults) >= maxFaults {
		s.faults = slices.DeleteFunc(s.faults, func(e *entry) bool { return e.state(now) != StateActive })
	}
	if len(s.faults) >= maxFaults {
		s.mu.Unlock()
		return Fault{}, ErrFull
	}
	s.seq++
	e := &entry{spec: spec, id: fmt.Sprintf("f%d", s.seq), created: now, removed: make(chan struct{}), windows: map[string]window{}}
	e.rng = rand.New(rand.NewPCG(cmp.Or(spec.Seed, uint64(s.seq)), 0))
	if spec.For > 0 {
		e.expires = now.Add(time.Duration(spec.For))
	}
	s.faults = append(s.faults, e)
	s.publish()
	f := e.view(now)
	s.mu.Unlock()
	s.tell("fault.set", f)
	return f, nil
}

// resolve replaces names of tenants by their ids.
func (s *Set) resolve(spec *Spec) error {
	var c checker
	for _, t := range []struct {
		field string
		value *string
	}{{"tenant", &spec.Tenant}, {"otherTenant", &spec.OtherTenant}} {
		if *t.value == "" || s.cfg.Tenant == nil {
			continue
		}
		id, ok := s.cfg.Tenant(*t.value)
		if !ok {
			c.wrong(t.field, "name a tenant of the world by id or domain", "%q is not a tenant of the world", *t.value)
		}
		*t.value = id
	}
	if spec.OtherTenant != "" && strings.EqualFold(spec.Tenant, spec.OtherTenant) {
		c.wrong("otherTenant", "name another one", "is the tenant itself")
	}
	return c.err()
}

// fill puts defaults in, so that a listed fault says all that it does.
func (s *Spec) fill(known map[string][]string) {
	s.Services = s.services(known)
	switch s.Kind {
	case Fail:
		s.Status = cmp.Or(s.Status, 503)
		if s.Body == "" {
			s.Body = BodyOwn
			if len(s.Services) == 1 && s.Services[0] == ServiceSTS {
				s.Body = BodyESTS
			}
		}
		if s.RetryAfter > 0 {
			s.RetryAfterAs = cmp.Or(s.RetryAfterAs, RetrySeconds)
		}
	case Portal:
		s.Status = cmp.Or(s.Status, 200)
	case Throttle:
		s.RetryAfterAs = cmp.Or(s.RetryAfterAs, RetrySeconds)
	case LongLived:
		s.Lifetime = cmp.Or(s.Lifetime, Duration(24*time.Hour))
		s.RefreshIn = cmp.Or(s.RefreshIn, s.Lifetime/2)
	}
}

// List returns every fault that was set and not removed, oldest first.
func (s *Set) List() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now().UTC()
	all := make([]Fault, 0, len(s.faults))
	for _, e := range s.faults {
		all = append(all, e.view(now))
	}
	return all
}

// Get finds a fault by its id.
func (s *Set) Get(id string) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.faults {
		if e.id == id {
			return e.view(s.cfg.Now().UTC()), true
		}
	}
	return Fault{}, false
}

// Remove ends a fault. Requests that hang or are delayed by it are answered.
func (s *Set) Remove(id string) bool {
	return s.remove(func(e *entry) bool { return e.id == id }) > 0
}

// Clear ends all faults and returns how many there were.
func (s *Set) Clear() int { return s.remove(func(*entry) bool { return true }) }

func (s *Set) remove(which func(*entry) bool) int {
	s.mu.Lock()
	var gone []Fault
	now := s.cfg.Now().UTC()
	s.faults = slices.DeleteFunc(s.faults, func(e *entry) bool {
		if !which(e) {
			return false
		}
		gone = append(gone, e.view(now))
		close(e.removed)
		return true
	})
	s.publish()
	s.mu.Unlock()
	for _, f := range gone {
		s.tell("fault.removed", f)
	}
	return len(gone)
}

// publish updates what is read without the lock.
func (s *Set) publish() {
	s.active.Store(int32(len(s.faults)))
	var c *clockNow
	for _, e := range s.faults {
		if e.spec.Kind == Clock {
			c = &clockNow{e.id, time.Duration(e.spec.Offset), e.expires}
		}
	}
	s.clock.Store(c)
}

// tell writes a change of the set into the journal.
func (s *Set) tell(what string, f Fault) {
	if s.cfg.Journal == nil {
		return
	}
	s.cfg.Journal.Append(journal.Event{
		Kind: journal.KindState, What: what, TenantID: f.Tenant,
		Detail: map[string]any{"id": f.ID, "kind": string(f.Kind), "matched": f.Matched, "struck": f.Struck},
	})
}

func (e *entry) state(now time.Time) string {
	switch {
	case e.spec.Count > 0 && e.struck >= uint64(e.spec.Count):
		return StateSpent
	case !e.expires.IsZero() && !now.Before(e.expires):
		return StateExpired
	}
	return StateActive
}

func (e *entry) view(now time.Time) Fault {
	f := Fault{ID: e.id, Spec: e.spec, State: e.state(now), Created: e.created, Matched: e.matched, Struck: e.struck}
	f.Operations, f.Services = slices.Clone(f.Operations), slices.Clone(f.Services)
	if !e.expires.IsZero() {
		at := e.expires
		f.Expires = &at
	}
	return f
}
