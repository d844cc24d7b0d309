// Package access opens one tenant for a kind of call: it decides through which
// of Microsoft's surfaces, by the roles that the tenant's tokens carry, hands
// out tokens for that tenant alone, and answers a token's refusal.
package access

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
)

// Tokens is what opening a tenant needs of entra.Tokens.
type Tokens interface {
	Token(ctx context.Context, tenant entra.TenantID, resource entra.Resource) (entra.Token, error)
	Challenge(ctx context.Context, refused entra.Token, h http.Header) (entra.Token, error)
	Drop(tenant entra.TenantID)
}

// Opener opens tenants of one cloud. It is safe for concurrent use once its
// fields are set.
type Opener struct {
	Cloud      entra.Cloud
	Tokens     Tokens
	HTTPClient *http.Client
	Now        func() time.Time
	UserAgent  string // empty means the library's
	// Surface is the surface asked for; empty means to choose by the roles.
	Surface defender.Surface
	// For is what the tenants are opened for; empty means to list incidents. The
	// surface chosen is one whose token carries a role for it.
	For defender.Operation
	// OnWait is told before a call of a tenant waits, and OnRetiring before one
	// to an API that is about to end; nil means nobody is. Both may be called from
	// several goroutines at once.
	OnWait     func(entra.TenantID, defender.Wait)
	OnRetiring func(defender.Retirement)

	mu      sync.Mutex
	budgets map[entra.TenantID]*defender.Budget // one for all of a tenant's clients
}

func (o *Opener) budget(id entra.TenantID) *defender.Budget {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.budgets == nil {
		o.budgets = map[entra.TenantID]*defender.Budget{}
	}
	if o.budgets[id] == nil {
		o.budgets[id] = defender.NewBudget(defender.BudgetConfig{Now: o.Now})
	}
	return o.budgets[id]
}

// Tenant is one tenant, opened. It is safe for concurrent use.
type Tenant struct {
	ID      entra.TenantID
	Surface defender.Surface
	Reason  string // why this surface, in words
	client  *defender.Client
	opener  *Opener

	mu   sync.Mutex
	used map[defender.Surface]entra.Token // handed out last: a refusal is about it
}

// Open chooses the surface and prepares the client. It signs in: the roles are
// those of real tokens. When no token carries a role that would do, the error
// is a [*defender.NoRoleError] or a [*RoleError].
func (o *Opener) Open(ctx context.Context, id entra.TenantID) (*Tenant, error) {
	t := &Tenant{ID: id, Surface: o.Surface, Reason: "asked for", opener: o, used: map[defender.Surface]entra.Token{}}
	if o.Surface == "" {
		var err error
		if t.Surface, t.Reason, err = o.choose(ctx, id); err != nil {
			return nil, err
		}
	}
	cfg := defender.Config{
		Graph: o.Cloud.Graph, XDR: o.Cloud.Defender, MDE: endpointOrigin(o.Cloud),
		HTTPClient: o.HTTPClient, Now: o.Now, UserAgent: o.UserAgent, Token: t.token,
		Budget: o.budget(id), OnRetiring: o.OnRetiring,
	}
	if o.OnWait != nil {
		cfg.OnWait = func(w defender.Wait) { o.OnWait(id, w) }
	}
	c, err := defender.New(cfg)
	if err != nil {
		return nil, err
	}
	t.client = c
	return t, nil
}

// Client is the tenant's client, for calls that have no method here. Wrap them
// in [Again].
func (t *Tenant) Client() *defender.Client { return t.client }

func (t *Tenant) token(ctx context.Context, s defender.Surface) (string, error) {
	tok, err := t.opener.Tokens.Token(ctx, t.ID, t.opener.Cloud.Resource(resourceOf(s)))
	if err != nil {
		return "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.used[s] = tok
	return tok.Reveal(), nil
}

func resourceOf(s defender.Surface) entra.ResourceKind {
	switch s {
	case defender.SurfaceXDR:
		return entra.ResourceDefender
	case defender.SurfaceMDE:
		return entra.ResourceEndpoint
	}
	return entra.ResourceGraph
}

// endpointOrigin is where Defender for Endpoint is called: in the public cloud
// at the host that its pages name today
// (https://learn.microsoft.com/defender-endpoint/api/exposed-apis-list), though
// its tokens keep the older name; elsewhere the cloud has a host for it.
func endpointOrigin(c entra.Cloud) string {
	if c.Name == "public" {
		return c.Defender
	}
	return c.DefenderEndpoint
}

// choose asks for the Graph token first, and for the Defender XDR token only
// when the first does not do. A tenant without Defender has no such resource;
// that error is told when nothing else would do.
func (o *Opener) choose(ctx context.Context, id entra.TenantID) (defender.Surface, string, error) {
	if o.For != "" && o.For != defender.OpListIncidents && o.For != defender.OpGetIncident {
		return o.chooseFor(ctx, id)
	}
	graph, err := o.Tokens.Token(ctx, id, o.Cloud.Resource(entra.ResourceGraph))
	if err != nil {
		return "", "", err
	}
	if s, reason, err := defender.ChooseSurface(graph.Claims.Roles, nil); err == nil {
		return s, reason, nil
	}
	xdr, err := o.Tokens.Token(ctx, id, o.Cloud.Resource(entra.ResourceDefender))
	if err != nil {
		return "", "", err
	}
	return defender.ChooseSurface(graph.Claims.Roles, xdr.Claims.Roles)
}

// chooseFor takes the first surface that has the operation and whose token
// carries a role for it.
func (o *Opener) chooseFor(ctx context.Context, id entra.TenantID) (defender.Surface, string, error) {
	missing := &RoleError{Operation: o.For}
	for _, s := range append(defender.Surfaces(), defender.SurfaceMDE) {
		needed := defender.RequiredRoles(s, o.For)
		if needed == nil {
			continue
		}
		tok, err := o.Tokens.Token(ctx, id, o.Cloud.Resource(resourceOf(s)))
		if err != nil {
			return "", "", err
		}
		for _, role := range needed {
			if slices.Contains(tok.Claims.Roles, role) {
				return s, fmt.Sprintf("the %s token carries %s", serviceName(s), role), nil
			}
		}
		missing.Missing = append(missing.Missing, MissingRoles{Surface: s, Roles: needed})
	}
	return "", "", missing
}

func serviceName(s defender.Surface) string {
	switch s {
	case defender.SurfaceXDR:
		return "Defender XDR"
	case defender.SurfaceMDE:
		return "Defender for Endpoint"
	}
	return "Microsoft Graph"
}

// RoleError says that no token of a tenant carries a role for an operation.
type RoleError struct {
	Operation defender.Operation
	Missing   []MissingRoles // the surfaces that have the operation
}

// MissingRoles are the roles of which any one would do on a surface.
type MissingRoles struct {
	Surface defender.Surface
	Roles   []string
}

func (e *RoleError) Error() string {
	var ways []string
	for _, m := range e.Missing {
		ways = append(ways, fmt.Sprintf("the %s token needs %s", serviceName(m.Surface), strings.Join(m.Roles, " or ")))
	}
	if len(ways) == 0 {
		return fmt.Sprintf("no surface can %s", e.Operation)
	}
	return fmt.Sprintf("no role to %s: %s", e.Operation, strings.Join(ways, ", or "))
}

// Next says in one sentence what to do about it.
func (e *RoleError) Next() string {
	return "Add one of these application permissions to the app registration, have the customer's administrator consent again, then ask for a fresh token."
}

// Again makes a call, and makes it once more with another token when the
// service refuses the first one's with 401. A refusal that carries a claims
// challenge is answered with it; any other throws the tenant's tokens away. A
// call that was refused with 401 has had no effect, so that writes may be made
// again too; one that was done in part is not.
func Again[T any](ctx context.Context, t *Tenant, call func() (T, error)) (T, error) {
	v, err := call()
	if renewed, rerr := t.renew(ctx, err); rerr != nil {
		return v, rerr
	} else if renewed {
		return call()
	}
	return v, err
}

// renew replaces the token that err says was refused.
func (t *Tenant) renew(ctx context.Context, err error) (bool, error) {
	var (
		api     *defender.Error
		partial *defender.PartialUpdateError
	)
	if !errors.As(err, &api) || api.Status != http.StatusUnauthorized || errors.As(err, &partial) {
		return false, nil // or its first half would be done twice
	}
	t.mu.Lock()
	refused, known := t.used[api.Surface]
	t.mu.Unlock()
	if known && api.Challenge != "" {
		_, cerr := t.opener.Tokens.Challenge(ctx, refused, http.Header{"Www-Authenticate": {api.Challenge}})
		var unfit *entra.ChallengeError
		switch {
		case cerr == nil:
			return true, nil
		case errors.Is(cerr, entra.ErrNoChallenge), errors.As(cerr, &unfit) && !unfit.Repeated:
			// There is nothing to answer: another token may do all the same.
		default:
			return false, cerr // it tells more than "unauthorized"
		}
	}
	t.opener.Tokens.Drop(t.ID)
	return true, nil
}
