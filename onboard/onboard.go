package onboard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/consent"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/store"
)

// Store is what onboarding needs of the state. Its errors are those of package
// store: ErrNotFound, ErrUsed, ErrExpired.
type Store interface {
	Tenant(ctx context.Context, id entra.TenantID) (fleet.Tenant, error)
	PutTenant(ctx context.Context, t fleet.Tenant) error
	PutInvitation(ctx context.Context, inv fleet.Invitation) error
	UseInvitation(ctx context.Context, state string, now time.Time) (fleet.Invitation, error)
}

// Tokens is what onboarding needs of entra.Tokens.
type Tokens interface {
	consent.TokenSource
	consent.CodeExchanger
}

// Config is what New needs; every field is required.
type Config struct {
	Cloud    entra.Cloud
	ClientID string
	Profile  fleet.Profile
	Store    Store
	Tokens   Tokens
	Now      func() time.Time
}

// Service onboards the tenants of one cloud for one app. It is safe for
// concurrent use if its Store and Tokens are.
type Service struct {
	Config
}

// New makes a service.
func New(c Config) *Service { return &Service{c} }

// ProveOptions change how long and how often [Service.Prove] asks.
type ProveOptions struct {
	Interval  time.Duration // pause between rounds; 0 means 5 s
	Deadline  time.Duration // how long to go on; 0 means 2 minutes; one round is always made
	OnAttempt func(consent.Attempt)
	// Sleep waits between rounds; nil means a timer.
	Sleep func(context.Context, time.Duration) error
}

// Prove asks for fresh tokens of the tenant until the roles of the profile are
// in them, and records the outcome: active with the roles and the surface that
// incidents will be read through, or failed with the reason in words. The
// tenant need not be in the store yet. An interrupted proof changes nothing.
//
// The error, when not proved, is the one of consent.Prove.
func (s *Service) Prove(ctx context.Context, t fleet.Tenant, o ProveOptions) (fleet.Tenant, error) {
	t, err := s.current(ctx, t)
	if err != nil {
		return t, err
	}
	proof, err := consent.Prove(ctx, s.Tokens, t.ID, s.needs(), consent.ProveOptions{
		Interval: o.Interval, Deadline: o.Deadline, OnAttempt: o.OnAttempt, Sleep: o.Sleep, Now: s.Now,
		Enough: func(roles map[entra.ResourceKind][]string) bool { return len(s.Profile.Satisfied(roles)) == 0 },
	})
	if ctx.Err() != nil {
		return t, context.Cause(ctx)
	}
	if err != nil {
		t.State, t.Detail = fleet.StateFailed, Reason(err)
		if perr := s.Store.PutTenant(ctx, t); perr != nil {
			return t, errors.Join(err, fmt.Errorf("record the outcome: %w", perr))
		}
		return t, err
	}
	t.State, t.Detail, t.Roles, t.Proved = fleet.StateActive, "", proof.Roles, s.Now().UTC()
	t.Surface = ""
	if surface, _, err := defender.ChooseSurface(proof.Roles[entra.ResourceGraph], proof.Roles[entra.ResourceDefender]); err == nil {
		t.Surface = surface // else the profile does not read incidents
	}
	if err := s.Store.PutTenant(ctx, t); err != nil {
		return t, fmt.Errorf("consent is proved; record it: %w", err)
	}
	return t, nil
}

// current is the tenant as the store has it; t when the store has it not.
func (s *Service) current(ctx context.Context, t fleet.Tenant) (fleet.Tenant, error) {
	kept, err := s.Store.Tenant(ctx, t.ID)
	switch {
	case err == nil:
		return kept, nil
	case !errors.Is(err, store.ErrNotFound):
		return t, err
	}
	if t.Added.IsZero() {
		t.Added = s.Now().UTC()
	}
	if t.Cloud == "" {
		t.Cloud = s.Cloud.Name
	}
	if t.State == "" {
		t.State = fleet.StateAdded
	}
	return t, nil
}

// needs are the roles of the profile, grouped by resource.
func (s *Service) needs() []consent.Need {
	var needs []consent.Need
	for _, n := range s.Profile.Needs {
		r := s.Cloud.Resource(n.Resource)
		i := slices.IndexFunc(needs, func(have consent.Need) bool { return have.Resource.Kind == n.Resource })
		if i < 0 {
			needs = append(needs, consent.Need{Resource: r, Roles: []string{n.Role}})
			continue
		}
		needs[i].Roles = append(needs[i].Roles, n.Role)
	}
	return needs
}

// Reason is why consent was not proved, in a short sentence without ids that
// only matter once. It is what the tenant's Detail keeps.
func Reason(err error) string {
	if e, ok := errors.AsType[*entra.Error](err); ok && e.Code != 0 {
		return fmt.Sprintf("AADSTS%d: %s", e.Code, e.Next())
	}
	if e, ok := errors.AsType[*consent.UnprovedError](err); ok {
		text := "the tokens carry no role of the profile's"
		for i, n := range e.Missing {
			if i == 0 {
				text = "missing in the tokens:"
			}
			for _, role := range n.Roles {
				text += " " + role + " (" + string(n.Resource.Kind) + ")"
			}
		}
		return text
	}
	return err.Error()
}
