// Package selection is how a command is told which tenants it is about:
// --tenant, --tag, --exclude-tag and --all.
package selection

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/factory"
)

// Flags are the selecting flags of one command.
type Flags struct {
	Tenants     []string
	Tags        []string
	ExcludeTags []string
	All         bool
}

// Add declares the flags on a command.
func (s *Flags) Add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&s.Tenants, "tenant", nil, "`tenant` by id, domain or name; repeat it for several")
	f.StringSliceVar(&s.Tags, "tag", nil, "tenants with this `tag`; with several, tenants that have any of them")
	f.StringSliceVar(&s.ExcludeTags, "exclude-tag", nil, "leave out tenants with this `tag`")
	f.BoolVar(&s.All, "all", false, "every tenant of the state")
}

// Given says whether any tenant was asked for.
func (s *Flags) Given() bool { return s.All || len(s.Tenants) > 0 || len(s.Tags) > 0 }

// Lost is a tenant that was named and could not be found.
type Lost struct {
	Name string // as given to --tenant
	Err  error
}

// Resolve finds the tenants. Those named by --tenant need not be in the state;
// without any flag it is AZURE_TENANT_ID's, else the state's only one. Where
// several are asked for, one that cannot be found is lost and stops no other.
func (s *Flags) Resolve(ctx context.Context, f *factory.Factory) ([]fleet.Tenant, []Lost, error) {
	if s.All && len(s.Tenants) > 0 {
		return nil, nil, clierr.Usage("leave one of them out", "--all and --tenant exclude each other")
	}
	if len(s.ExcludeTags) > 0 && !s.Given() && f.Getenv("AZURE_TENANT_ID") == "" {
		return nil, nil, clierr.Usage("add --all, or --tag or --tenant", "--exclude-tag leaves out some of the tenants that are chosen, and none is")
	}
	if !s.All && len(s.Tags) == 0 {
		found, lost, err := s.named(ctx, f, nil)
		if err != nil {
			return nil, nil, err
		}
		found, err = s.without(found)
		return found, lost, err
	}
	known, err := f.Known(ctx)
	if err != nil {
		return nil, nil, err
	}
	if len(known) == 0 {
		return nil, nil, clierr.Usage("tenantry tenants add DOMAIN, or name one with --tenant", "there are no tenants in the state")
	}
	found, err := fleet.Selector{Tags: s.Tags, ExcludeTags: s.ExcludeTags, All: s.All}.Select(known)
	if err != nil {
		return nil, nil, err
	}
	var lost []Lost
	if len(s.Tenants) > 0 {
		if found, lost, err = s.named(ctx, f, found); err != nil {
			return nil, nil, err
		}
	}
	if len(found)+len(lost) == 0 {
		return nil, nil, clierr.Usage("tenantry tenants list shows the tags there are", "no tenant matches")
	}
	return found, lost, nil
}

// named adds the tenants of --tenant to those found already. A single tenant
// that cannot be found is the command's own failure.
func (s *Flags) named(ctx context.Context, f *factory.Factory, found []fleet.Tenant) (_ []fleet.Tenant, lost []Lost, _ error) {
	words := s.Tenants
	if len(words) == 0 {
		words = []string{""}
	}
	for _, w := range words {
		t, err := f.Tenant(ctx, w)
		switch {
		case err == nil:
			found = add(found, t)
		case ctx.Err() != nil || len(words)+len(found) == 1:
			return nil, nil, err
		default:
			lost = append(lost, Lost{Name: w, Err: err})
		}
	}
	return found, lost, nil
}

func (s *Flags) without(found []fleet.Tenant) ([]fleet.Tenant, error) {
	if len(s.ExcludeTags) == 0 {
		return found, nil
	}
	return fleet.Selector{All: true, ExcludeTags: s.ExcludeTags}.Select(found)
}

func add(list []fleet.Tenant, t fleet.Tenant) []fleet.Tenant {
	for _, have := range list {
		if have.ID == t.ID {
			return list
		}
	}
	return append(list, t)
}
