// Package access opens one tenant for reading incidents: it decides through
// which of Microsoft's surfaces, by the roles that the tenant's tokens carry,
// and hands out tokens for that tenant alone.
package access

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
)

// Tokens is what opening a tenant needs of entra.Tokens.
type Tokens interface {
	Token(ctx context.Context, tenant entra.TenantID, resource entra.Resource) (entra.Token, error)
	Drop(tenant entra.TenantID)
}

// Opener opens tenants of one cloud. It is safe for concurrent use.
type Opener struct {
	Cloud      entra.Cloud
	Tokens     Tokens
	HTTPClient *http.Client
	Now        func() time.Time
	// Surface is the surface asked for; empty means to choose by the roles.
	Surface defender.Surface
}

// Tenant is one tenant, opened.
type Tenant struct {
	ID      entra.TenantID
	Surface defender.Surface
	Reason  string // why this surface, in words
	client  *defender.Client
	opener  *Opener
}

// Open chooses the surface and prepares the client. It signs in: the roles are
// those of real tokens.
func (o *Opener) Open(ctx context.Context, id entra.TenantID) (*Tenant, error) {
	t := &Tenant{ID: id, Surface: o.Surface, Reason: "asked for", opener: o}
	if o.Surface == "" {
		var err error
		if t.Surface, t.Reason, err = o.choose(ctx, id); err != nil {
			return nil, err
		}
	}
	c, err := defender.New(defender.Config{
		Graph: o.Cloud.Graph, XDR: o.Cloud.Defender, HTTPClient: o.HTTPClient, Now: o.Now,
		Token: func(ctx context.Context, s defender.Surface) (string, error) {
			tok, err := o.Tokens.Token(ctx, id, o.Cloud.Resource(resourceOf(s)))
			return tok.Reveal(), err
		},
	})
	if err != nil {
		return nil, err
	}
	t.client = c
	return t, nil
}

func resourceOf(s defender.Surface) entra.ResourceKind {
	if s == defender.SurfaceXDR {
		return entra.ResourceDefender
	}
	return entra.ResourceGraph
}

// choose asks for the Graph token first, and for the Defender XDR token only
// when the first does not do. A tenant without Defender has no such resource;
// that error is told when nothing else would do.
func (o *Opener) choose(ctx context.Context, id entra.TenantID) (defender.Surface, string, error) {
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

// List reads the incidents that match, at most limit of them; 0 means all.
// Incidents read before a failure are returned along with the error. A token
// that is refused with 401 is thrown away and replaced once.
func (t *Tenant) List(ctx context.Context, opts defender.ListOptions, limit int) ([]*defender.Incident, error) {
	items, err := t.list(ctx, opts, limit)
	if len(items) == 0 && refused(err) {
		t.opener.Tokens.Drop(t.ID)
		return t.list(ctx, opts, limit)
	}
	return items, err
}

func (t *Tenant) list(ctx context.Context, opts defender.ListOptions, limit int) ([]*defender.Incident, error) {
	severities := opts.Severity
	if t.Surface == defender.SurfaceXDR {
		opts.Severity = nil // this surface has no such filter; it is applied here
	}
	var items []*defender.Incident
	for inc, err := range t.client.Incidents(t.Surface).All(ctx, opts) {
		if err != nil {
			return items, err
		}
		if !wanted(inc.Severity, severities) {
			continue
		}
		items = append(items, inc)
		if limit > 0 && len(items) == limit {
			break
		}
	}
	return items, nil
}

func wanted(s defender.Severity, only []defender.Severity) bool {
	for _, o := range only {
		if o == s {
			return true
		}
	}
	return len(only) == 0
}

// Get reads one incident with its alerts.
func (t *Tenant) Get(ctx context.Context, id string) (*defender.Incident, error) {
	inc, err := t.client.Incidents(t.Surface).GetWithAlerts(ctx, id)
	if refused(err) {
		t.opener.Tokens.Drop(t.ID)
		return t.client.Incidents(t.Surface).GetWithAlerts(ctx, id)
	}
	return inc, err
}

func refused(err error) bool {
	var api *defender.Error
	return errors.As(err, &api) && api.Status == http.StatusUnauthorized
}
