package sandbox

import (
	"time"

	"github.com/tenantry/tenantry/sandbox/limit"
	"github.com/tenantry/tenantry/sandbox/world"
)

// openLimits makes the keeper of the limits. It goes by the true clock: a fault
// that moves the services' clock must not empty its windows.
func (s *Sandbox) openLimits(clock func() time.Time) error {
	s.rules = s.cfg.Limits
	if s.rules == nil {
		var err error
		if s.rules, err = rulesOf(s.world.Settings().Limits); err != nil {
			return &ConfigError{Field: "World: limits", Problem: "cannot be enforced", Remedy: "name a limit as the management API lists them, with calls and per", Err: err}
		}
	}
	for i := range s.rules {
		if err := s.rules[i].Validate(); err != nil {
			return &ConfigError{Field: "Limits", Value: s.rules[i].Name, Problem: "cannot be enforced", Remedy: "give each rule a name, a service, calls and a window", Err: err}
		}
	}
	s.limits = limit.New(limit.Config{Rules: s.rules, Now: clock})
	return nil
}

// rulesOf are the published limits with what a world file says of them.
func rulesOf(said *world.LimitsSpec) ([]limit.Rule, error) {
	if said == nil {
		return limit.Published(), nil
	}
	if said.Off {
		return nil, nil
	}
	changes := map[string]limit.Change{}
	for _, r := range said.Rules {
		changes[r.Name] = limit.Change{Calls: r.Calls, Per: r.Per}
	}
	return limit.Adjust(limit.Published(), changes)
}

// openDelays sets how long consents and credentials take: as configured, else
// as the world says, else the default.
func (s *Sandbox) openDelays() {
	switch {
	case s.cfg.Delays != nil:
		s.world.SetDelays(*s.cfg.Delays)
	case s.world.Settings().Delays == nil && s.world.Delays() == world.Delays{}:
		s.world.SetDelays(world.Delays{Consent: world.DefaultDelay, Credential: world.DefaultDelay})
	}
}

// Limits are how many calls the APIs take, and how many were made. Their rules
// may be replaced while the sandbox runs.
func (s *Sandbox) Limits() *limit.Keeper { return s.limits }
