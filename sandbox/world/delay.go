package world

import (
	"slices"
	"time"
)

// Delays are how long Entra takes to notice a change. Microsoft publishes no
// times, only that there is a wait; the lengths are ours. 0 means at once.
type Delays struct {
	// Consent is the time from a consent, or from the assignment of a role,
	// until tokens carry the role.
	Consent time.Duration `yaml:"consent"`
	// Credential is the time from the adding of a secret, certificate or
	// federated credential until the token service takes it.
	Credential time.Duration `yaml:"credential"`
}

// DefaultDelay is what a world file's delays mean that name only one of the
// two, and what a sandbox takes when nothing was said.
const DefaultDelay = time.Second

// Delays returns the delays in force; the zero value in a world of which
// nothing was said. What a world file says is in [World.Settings] too, where
// nothing can be told from zero.
func (w *World) Delays() Delays {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.delays
}

// SetDelays sets the delays, for what was made before as well: with zero
// everything can be used at once. [World.Reset] goes back to what was in force
// at the mark.
func (w *World) SetDelays(d Delays) {
	w.mu.Lock()
	w.delays = d
	w.mu.Unlock()
}

// RoleVisible says whether an assigned role is in tokens yet. Roles that the
// world was built with are.
func (w *World) RoleVisible(a Assignment) bool { return w.passed(a.made, Delays.consent) }

// SecretUsable says whether the token service knows a secret yet. It does not
// judge its start and end.
func (w *World) SecretUsable(s *Secret) bool { return w.passed(s.made, Delays.credential) }

// KeyUsable says whether the token service knows a certificate yet.
func (w *World) KeyUsable(k *Key) bool { return w.passed(k.made, Delays.credential) }

// FederatedUsable says whether the token service knows a federated credential
// yet.
func (w *World) FederatedUsable(f *FederatedCredential) bool {
	return w.passed(f.made, Delays.credential)
}

func (d Delays) consent() time.Duration    { return d.Consent }
func (d Delays) credential() time.Duration { return d.Credential }

func (w *World) passed(made time.Time, of func(Delays) time.Duration) bool {
	return made.IsZero() || !w.Now().Before(made.Add(of(w.Delays())))
}

// stampApp notes when what is new in an application was made. Before the world
// is marked nothing is: it was there from the beginning.
func (w *World) stampApp(a, old *App) {
	if w.marked == nil {
		return
	}
	if old == nil {
		old = &App{}
	}
	now := w.Now()
	for i, s := range a.Secrets {
		if made, fresh := since(s, old.Secrets, func(s *Secret) (string, time.Time) { return s.KeyID, s.made }, now); fresh {
			c := *s
			c.made = made
			a.Secrets[i] = &c
		}
	}
	for i, k := range a.Keys {
		if made, fresh := since(k, old.Keys, func(k *Key) (string, time.Time) { return k.KeyID, k.made }, now); fresh {
			c := *k
			c.made = made
			a.Keys[i] = &c
		}
	}
	for i, f := range a.FICs {
		if made, fresh := since(f, old.FICs, func(f *FederatedCredential) (string, time.Time) { return f.ID, f.made }, now); fresh {
			c := *f
			c.made = made
			a.FICs[i] = &c
		}
	}
}

// since tells when a credential was made: now, or when the one of the same id
// was that it replaces. fresh is false for one that stayed as it is.
func since[T any](p *T, before []*T, of func(*T) (id string, made time.Time), now time.Time) (made time.Time, fresh bool) {
	id, _ := of(p)
	for _, b := range before {
		if b == p {
			return time.Time{}, false
		}
		if was, made := of(b); was == id && id != "" {
			return made, true
		}
	}
	return now, true
}

// stampPrincipal does the same for the roles of a service principal.
func (w *World) stampPrincipal(sp, old *ServicePrincipal) {
	if w.marked == nil {
		return
	}
	now := w.Now()
	for i, a := range sp.Assignments {
		if a.made.IsZero() && (old == nil || !slices.ContainsFunc(old.Assignments, func(o Assignment) bool { return o.ID == a.ID })) {
			sp.Assignments[i].made = now
		}
	}
}

// settleLocked makes everything there is a part of the beginning.
func (w *World) settleLocked() {
	for key, a := range w.apps {
		if !a.recent() {
			continue
		}
		c := a.clone()
		for i := range c.Secrets {
			c.Secrets[i] = copied(c.Secrets[i])
			c.Secrets[i].made = time.Time{}
		}
		for i := range c.Keys {
			c.Keys[i] = copied(c.Keys[i])
			c.Keys[i].made = time.Time{}
		}
		for i := range c.FICs {
			c.FICs[i] = copied(c.FICs[i])
			c.FICs[i].made = time.Time{}
		}
		w.apps[key] = c
	}
	for _, m := range w.sps {
		for key, sp := range m {
			if !slices.ContainsFunc(sp.Assignments, func(a Assignment) bool { return !a.made.IsZero() }) {
				continue
			}
			c := sp.clone()
			for i := range c.Assignments {
				c.Assignments[i].made = time.Time{}
			}
			m[key] = c
		}
	}
}

// recent says whether a credential was added after the last mark.
func (a *App) recent() bool {
	return slices.ContainsFunc(a.Secrets, func(s *Secret) bool { return !s.made.IsZero() }) ||
		slices.ContainsFunc(a.Keys, func(k *Key) bool { return !k.made.IsZero() }) ||
		slices.ContainsFunc(a.FICs, func(f *FederatedCredential) bool { return !f.made.IsZero() })
}
