package onboard

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/consent"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/store"
)

// Kind is which consent link an invitation uses.
type Kind string

// Kinds of links; package consent tells when to use which.
const (
	Documented Kind = "documented" // the link of Microsoft's partner page
	AdminV1    Kind = "v1"         // /adminconsent: all that the registration lists
	AdminV2    Kind = "v2"         // /v2.0/adminconsent: the resources of the profile
)

// Request is what to invite for.
type Request struct {
	Kind Kind
	// Tenant is the tenant invited; zero when it is not known yet.
	Tenant fleet.Tenant
	// RedirectURI is where the administrator's browser is sent afterwards; one
	// of the app's. The documented link has none.
	RedirectURI string
	// Lifetime of the state; 0 means consent.DefaultLifetime.
	Lifetime time.Duration
}

// Invited is an invitation that was made.
type Invited struct {
	Kind   Kind           `json:"kind"`
	Link   string         `json:"link"`
	Tenant entra.TenantID `json:"tenant,omitempty"`
	// DirectoryRole is the least privileged role that may accept.
	DirectoryRole string `json:"directoryRole"`
	// Expires is when the callback is no longer accepted; zero for the
	// documented link, which has none.
	Expires time.Time `json:"expires,omitzero"`
}

// Invite makes a consent link. A tenant that is known becomes invited, unless
// its consent was proved before: a second link takes nothing away.
func (s *Service) Invite(ctx context.Context, r Request) (Invited, error) {
	out := Invited{Kind: r.Kind, Tenant: r.Tenant.ID, DirectoryRole: consent.RequiredRole(s.resources()...)}
	if r.Kind == Documented {
		out.Link = consent.DocumentedLink(s.Cloud, s.ClientID)
		return out, s.invited(ctx, r.Tenant)
	}
	inv, err := consent.NewInvitation(consent.InvitationConfig{
		Cloud: s.Cloud, ClientID: s.ClientID, Tenant: r.Tenant.ID, RedirectURI: r.RedirectURI, Lifetime: r.Lifetime, Now: s.Now,
	})
	if err != nil {
		return out, err
	}
	switch r.Kind {
	case AdminV1:
		out.Link = inv.AdminConsentLinkV1()
	case AdminV2:
		out.Link = inv.AdminConsentLinkV2(s.resources()...)
	default:
		return out, &entra.ConfigError{Field: "kind of link", Value: string(r.Kind), Problem: "is not known", Remedy: "use documented, v1 or v2"}
	}
	out.Expires = inv.Expires
	err = s.Store.PutInvitation(ctx, fleet.Invitation{
		State: inv.State, Nonce: inv.Nonce, Verifier: inv.Verifier, Tenant: inv.Tenant, Cloud: s.Cloud.Name,
		RedirectURI: inv.RedirectURI, Created: inv.Created, Expires: inv.Expires,
	})
	if err != nil {
		return out, fmt.Errorf("keep the invitation: %w", err)
	}
	return out, s.invited(ctx, r.Tenant)
}

func (s *Service) resources() []entra.Resource {
	var list []entra.Resource
	for _, kind := range s.Profile.Resources() {
		list = append(list, s.Cloud.Resource(kind))
	}
	return list
}

func (s *Service) invited(ctx context.Context, t fleet.Tenant) error {
	if t.ID == "" {
		return nil
	}
	t, err := s.current(ctx, t)
	if err != nil {
		return err
	}
	if t.State == fleet.StateActive {
		return nil
	}
	t.State, t.Detail = fleet.StateInvited, ""
	if err := s.Store.PutTenant(ctx, t); err != nil {
		return fmt.Errorf("record the invitation: %w", err)
	}
	return nil
}

// Claim is what a callback that passed all checks says. It names the tenant to
// prove; it proves nothing.
type Claim struct {
	Tenant entra.TenantID
	Result consent.Result
}

// DeclinedError says that the administrator pressed cancel, or that Microsoft
// Entra ID refused; Result tells which.
type DeclinedError struct{ Result consent.Result }

func (e *DeclinedError) Error() string {
	text := e.outcome()
	if e.Result.Description != "" {
		text += ": " + e.Result.Description
	}
	return text
}

func (e *DeclinedError) outcome() string {
	if e.Result.AADSTS != 0 {
		return fmt.Sprintf("consent was %s (AADSTS%d)", e.Result.Kind, e.Result.AADSTS)
	}
	return "consent was " + string(e.Result.Kind)
}

// short is the outcome with the next step, without Microsoft's text.
func (e *DeclinedError) short() string {
	if n := e.Next(); n != "" {
		return e.outcome() + ": " + n
	}
	return e.outcome()
}

// Next says what to do.
func (e *DeclinedError) Next() string { return e.Result.Next }

// Callback judges what a consent page sent back. The invitation is found by
// its state and used up: a second callback with the same state, a state that
// was never given out, an expired one and one for another tenant are refused,
// with store.ErrUsed, store.ErrNotFound, store.ErrExpired or a
// *consent.TenantMismatchError. A refusal on Microsoft's page is a
// *DeclinedError; it uses the invitation up too.
func (s *Service) Callback(ctx context.Context, r consent.Result) (Claim, error) {
	if r.State == "" {
		return Claim{}, &consent.StateMismatchError{Missing: true}
	}
	now := s.Now()
	kept, err := s.Store.UseInvitation(ctx, r.State, now)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Claim{}, fmt.Errorf("%w (%w)", &consent.StateMismatchError{}, err)
	case err != nil:
		return Claim{}, fmt.Errorf("the invitation of this callback: %w", err)
	}
	inv := s.invitation(kept)
	if err := inv.Check(r, now); err != nil {
		return Claim{}, err
	}
	switch r.Kind {
	case consent.Granted:
		tenant := r.Tenant
		if tenant == "" {
			tenant = inv.Tenant
		}
		if tenant == "" {
			return Claim{}, &consent.CallbackError{Parameter: "tenant", Problem: "is missing"}
		}
		return Claim{Tenant: tenant, Result: r}, nil
	case consent.SignedIn:
		id, err := consent.RedeemCode(ctx, s.Tokens, inv, r.Code, now)
		if err != nil {
			return Claim{}, err
		}
		return Claim{Tenant: id.Tenant, Result: r}, nil
	}
	declined := &DeclinedError{Result: r}
	if err := s.declined(ctx, inv.Tenant, declined); err != nil {
		return Claim{}, errors.Join(declined, err)
	}
	return Claim{}, declined
}

// declined records why the tenant that was invited did not consent. It is
// often more than any later refusal of a token tells, such as that a licence
// is missing. A tenant whose consent was proved before stays active: the
// refusal of a second link takes nothing away.
func (s *Service) declined(ctx context.Context, id entra.TenantID, why *DeclinedError) error {
	if id == "" {
		return nil
	}
	t, err := s.current(ctx, fleet.Tenant{ID: id})
	if err != nil || t.State == fleet.StateActive {
		return err
	}
	t.State, t.Detail = fleet.StateFailed, why.short()
	if err := s.Store.PutTenant(ctx, t); err != nil {
		return fmt.Errorf("record that consent was declined: %w", err)
	}
	return nil
}

func (s *Service) invitation(kept fleet.Invitation) consent.Invitation {
	return consent.Invitation{
		Cloud: s.Cloud, ClientID: s.ClientID, Tenant: kept.Tenant, RedirectURI: kept.RedirectURI,
		State: kept.State, Nonce: kept.Nonce, Verifier: kept.Verifier, Created: kept.Created, Expires: kept.Expires,
	}
}
