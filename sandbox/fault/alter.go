package fault

import (
	"context"
	"time"
)

// Alteration is what is to be wrong, or unusual, with a token that is about
// to be issued. The zero value is nothing.
type Alteration struct {
	WrongTenant   bool
	OtherTenant   string // id; empty: any other
	WrongAudience bool
	Audience      string // empty: any other
	Lifetime      time.Duration
	RefreshIn     time.Duration
}

// Alter decides what is to be wrong with a token, and notes it in the
// journal's entry of the request: it must be done then.
func (s *Set) Alter(ctx context.Context, q Request) Alteration {
	var a Alteration
	if !s.Any() {
		return a
	}
	s.mu.Lock()
	now := s.cfg.Now()
	var struck []*entry
	for _, e := range s.faults {
		if !e.spec.Kind.alters() {
			continue
		}
		if _, ok := e.strike(q, now); !ok {
			continue
		}
		struck = append(struck, e)
		switch e.spec.Kind {
		case WrongTenant:
			a.WrongTenant, a.OtherTenant = true, e.spec.OtherTenant
		case WrongAudience:
			a.WrongAudience, a.Audience = true, e.spec.Audience
		case LongLived:
			a.Lifetime, a.RefreshIn = time.Duration(e.spec.Lifetime), time.Duration(e.spec.RefreshIn)
		case RefreshIn:
			a.RefreshIn = time.Duration(e.spec.RefreshIn)
		}
	}
	s.mu.Unlock()
	for _, e := range struck {
		note(ctx, e.id, e.spec.Kind, nil)
	}
	return a
}
