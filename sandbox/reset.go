package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/sandbox/world"
)

// Part is a part of a sandbox that can be reset by itself.
type Part string

// The parts of a sandbox.
const (
	// PartFaults are the faults: those set later are removed, those of the
	// beginning in force anew. Who hangs is answered.
	PartFaults Part = "faults"
	// PartWorld is everything the world holds, as it was when the sandbox was
	// made: registrations, credentials, consents, incidents, machine actions,
	// indicators; and what is known of browsers: sessions, codes, refresh
	// tokens. Access tokens keep verifying until they expire, as they would.
	PartWorld Part = "world"
	// PartLimits are the limits of calls: the rules of the beginning, with
	// empty windows.
	PartLimits Part = "limits"
	// PartJournal is the journal in memory; see [journal.Journal.Clear].
	PartJournal Part = "journal"
)

// Parts lists the parts in the order in which they are reset.
func Parts() []Part { return []Part{PartFaults, PartWorld, PartLimits, PartJournal} }

// Reset takes parts of the sandbox back to what they were when it was made;
// without a name, all of them. Signing keys, certificates and addresses stay.
// An unknown part is told by a *[ConfigError], and nothing is reset then.
func (s *Sandbox) Reset(parts ...Part) error {
	for _, p := range parts {
		if !slices.Contains(Parts(), p) {
			return &ConfigError{Field: "part", Value: string(p), Problem: "is no part of a sandbox", Remedy: "use one of " + partNames()}
		}
	}
	s.resets.Lock()
	defer s.resets.Unlock()
	for _, p := range Parts() {
		if len(parts) > 0 && !slices.Contains(parts, p) {
			continue
		}
		switch p {
		case PartFaults:
			s.faults.Clear()
			if err := s.setFaults(); err != nil {
				return fmt.Errorf("reset: %w", err) // a tenant of the beginning may be gone
			}
		case PartWorld:
			s.world.Reset()
			s.services.Store(s.wire())
		case PartLimits:
			s.limits.Set(s.rules)
		case PartJournal:
			s.journal.Clear()
		}
	}
	return nil
}

func partNames() string {
	names := make([]string, 0, len(Parts()))
	for _, p := range Parts() {
		names = append(names, string(p))
	}
	return strings.Join(names, ", ")
}

// rate is how many events per minute happen in the world.
func (s *Sandbox) rate() float64 { return cmp.Or(s.cfg.Rate, s.world.Settings().Rate) }

// checkRate refuses what a world cannot keep up with.
func (s *Sandbox) checkRate() error {
	if r := s.rate(); math.IsNaN(r) || r > world.MaxRate {
		return &ConfigError{Field: "Rate", Value: fmt.Sprint(r), Problem: "is no rate", Remedy: fmt.Sprintf("use a number of events per minute up to %v, or 0", float64(world.MaxRate))}
	}
	return nil
}

// live lets things happen in the world until the sandbox ends.
func (s *Sandbox) live(ctx context.Context) {
	defer close(s.lived)
	if s.rate() <= 0 {
		return
	}
	if err := s.world.Live(ctx, s.rate(), nil); ctx.Err() == nil {
		s.log.Warn("nothing happens in the world any more", "error", err)
	}
}
