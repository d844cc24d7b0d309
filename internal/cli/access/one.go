package access

import (
	"context"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/factory"
)

// One opens the one tenant that a command was given, by id, domain or name, for
// an operation; surface is as for [ForCommand].
func One(ctx context.Context, f *factory.Factory, tenant, surface string, op defender.Operation) (fleet.Tenant, *Tenant, error) {
	opener, err := ForCommand(ctx, f, surface, op)
	if err != nil {
		return fleet.Tenant{}, nil, err
	}
	t, err := f.Tenant(ctx, tenant)
	if err != nil {
		return fleet.Tenant{}, nil, err
	}
	open, err := opener.Open(ctx, t.ID)
	return t, open, err
}
