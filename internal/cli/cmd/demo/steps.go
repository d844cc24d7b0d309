package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/consent"
	"github.com/tenantry/tenantry/entra/verify"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/explain"
	"github.com/tenantry/tenantry/onboard"
	"github.com/tenantry/tenantry/sandbox/world"
)

// customers takes every customer from his domain to proved consent, as far as
// he gets.
func (s *stage) customers(ctx context.Context) error {
	s.heading("A dozen customers: found by domain, invited, and proved by their tokens")
	for _, c := range s.cast {
		t, err := s.find(ctx, c)
		if err != nil {
			return err
		}
		if !c.former && c.link != "" {
			if t, err = s.onboard(ctx, c, t); err != nil {
				return err
			}
		}
		s.tenants = append(s.tenants, t)
	}
	return nil
}

// find resolves the domain and puts the tenant into the state. A domain that
// this cloud does not know is told, and the id taken from the customer.
func (s *stage) find(ctx context.Context, c customer) (fleet.Tenant, error) {
	staged, ok := s.sandbox.World().Tenant(c.domain)
	if !ok {
		return fleet.Tenant{}, fmt.Errorf("the default world has no tenant %s", c.domain)
	}
	t := fleet.Tenant{ID: entra.TenantID(staged.ID), Name: staged.Name, Domain: c.domain, Cloud: staged.Cloud, State: fleet.StateAdded, Added: s.f.Now().UTC()}
	id, err := entra.ResolveTenant(ctx, s.hc, s.cloud, c.domain)
	switch {
	case err != nil:
		x := explain.Error(err)
		s.say("find", t.Name, "%s: %s", c.domain, x.Message)
		t.State, t.Detail = fleet.StateFailed, x.Message
	case id != t.ID:
		return t, fmt.Errorf("%s resolves to %s, the world has it as %s", c.domain, id, t.ID)
	default:
		s.say("find", t.Name, "%s is tenant %s", c.domain, id)
	}
	return t, s.store.PutTenant(ctx, t)
}

// onboard invites, plays the customer's people, and proves.
func (s *stage) onboard(ctx context.Context, c customer, t fleet.Tenant) (fleet.Tenant, error) {
	service := s.service
	if c.profile != "" {
		p, err := fleet.ProfileByName(c.profile)
		if err != nil {
			return t, err
		}
		service = s.onboarding(p)
	}
	if len(c.visitors) == 0 {
		if _, err := service.Invite(ctx, onboard.Request{Kind: c.link, Tenant: t}); err != nil {
			return t, err
		}
		s.say("invite", t.Name, "%s: nobody opens it", linkName(c.link))
	}
	for _, p := range c.visitors {
		refused, err := s.invite(ctx, service, c, t, p)
		if err != nil {
			return t, err
		}
		if refused && p == c.visitors[len(c.visitors)-1] {
			return s.store.Tenant(ctx, t.ID) // with the reason
		}
	}
	if c.disabled {
		if err := s.disable(t.ID); err != nil {
			return t, err
		}
		s.say("invite", t.Name, "later, the administrator disables the app")
	}
	// One round is enough: this sandbox's directory has no lag, see open.
	proved, err := service.Prove(ctx, t, onboard.ProveOptions{Deadline: time.Millisecond})
	if ctx.Err() != nil {
		return t, ctx.Err()
	}
	if err != nil {
		s.say("prove", t.Name, "not proved: %s", onboard.Reason(err))
		return proved, nil
	}
	s.say("prove", t.Name, "proved by its own tokens; incidents through %s", proved.Surface)
	return proved, nil
}

// invite sends one link to one person and takes what comes back. refused says
// that the consent page sent a refusal.
func (s *stage) invite(ctx context.Context, service *onboard.Service, c customer, t fleet.Tenant, p person) (refused bool, err error) {
	invited, err := service.Invite(ctx, onboard.Request{Kind: c.link, Tenant: t, RedirectURI: callbackURI})
	if err != nil {
		return false, err
	}
	visit, err := s.visit(ctx, invited.Link, c.upn(p), p, "")
	if err != nil {
		return false, err
	}
	outcome := p.does
	switch {
	case visit.Problem != "":
		outcome += ": " + clip(visit.Problem)
	case strings.HasPrefix(visit.URL.String(), callbackURI):
		result, err := consent.ParseCallbackURL(visit.URL.String())
		if err != nil {
			return false, err
		}
		_, err = service.Callback(ctx, result)
		if declined, ok := errors.AsType[*onboard.DeclinedError](err); ok {
			outcome, refused = outcome+": "+clip(declined.Error()), true
		} else if err != nil {
			return false, err
		}
	}
	s.say("invite", t.Name, "%s: %s", linkName(c.link), outcome)
	return refused, nil
}

func linkName(k onboard.Kind) string {
	if k == onboard.Documented {
		return "the link of Microsoft's partner page"
	}
	return "an admin consent link (" + string(k) + ")"
}

func (s *stage) disable(id entra.TenantID) error {
	_, err := s.sandbox.World().UpdateServicePrincipal(string(id), s.app.ClientID, "servicePrincipal.disabled", func(sp *world.ServicePrincipal) error {
		sp.Enabled = false
		return nil
	})
	return err
}

// validate checks one token of every proved tenant as a careful client would.
func (s *stage) validate(ctx context.Context) error {
	s.heading("Each token is validated before it is used")
	for _, t := range s.tenants {
		if t.State != fleet.StateActive {
			continue
		}
		// The signature of a Graph token is opaque to clients; the Defender
		// XDR API's is not.
		kind := entra.ResourceDefender
		token, err := s.tokens.Token(ctx, t.ID, s.cloud.Resource(kind))
		if err != nil {
			return err
		}
		report, err := verify.InspectContext(ctx, token.Reveal(), verify.InspectOptions{
			Cloud: s.cloud, Tenant: t.ID, ClientID: s.app.ClientID, Resource: kind, Roles: t.Roles[kind], Now: s.f.Now,
			Keys: verify.NewRemoteKeys(s.cloud.Login+"/"+string(t.ID), s.hc, s.f.Now),
		})
		if err != nil {
			return err
		}
		if bad := report.Failures(); len(bad) > 0 {
			return errors.New("a token of " + t.Name + " is refused: " + bad[0].Name + ": " + bad[0].Detail)
		}
		passed := 0
		for _, c := range report.Checks {
			if c.Status == verify.Passed {
				passed++
			}
		}
		s.say("validate", t.Name, "%d checks passed: signature, issuer, tenant, audience, lifetime; roles %s", passed, strings.Join(token.Claims.Roles, ", "))
	}
	return nil
}

// clip shortens one of Entra's long texts for a line of narration.
func clip(s string) string {
	s, _, _ = strings.Cut(s, "\r\n")
	const most = 120
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
