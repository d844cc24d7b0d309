// Package tenants is the command group "tenants".
package tenants

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/output"
)

// New makes the group.
func New(f *factory.Factory) *cobra.Command {
	return command.Group(&cobra.Command{
		Use:   "tenants",
		Short: "The customer tenants you serve",
		Long: `The tenants of your customers, kept in the state. A tenant is one Entra
directory: the unit of consent, token and failure. Its state is

  added    known, nothing done yet
  invited  a consent link was made for it
  active   consent was proved by a token that carries the roles
  failed   the last attempt failed; the detail says why`,
		Example: command.Examples(
			"add a customer by its domain", "tenantry tenants add contoso.com --name Contoso --tag gold",
			"all tenants with their state", "tenantry tenants list"),
	}, newList(f), newShow(f), newAdd(f), newImport(f), newRemove(f), newTag(f))
}

func table(list []fleet.Tenant) output.Result {
	rows := make([][]string, 0, len(list))
	for _, t := range list {
		rows = append(rows, []string{t.Name, t.Domain, string(t.ID), string(t.State), string(t.Surface), strings.Join(t.Tags, ","), t.Detail})
	}
	if list == nil {
		list = []fleet.Tenant{}
	}
	return output.Result{Doc: list, Columns: []string{"NAME", "DOMAIN", "TENANT", "STATE", "SURFACE", "TAGS", "DETAIL"}, Rows: rows, Give: output.Give{
		Drop: []string{"SURFACE", "TAGS"},
		Cut:  []output.Limit{{Column: "DETAIL", Width: 12}, {Column: "NAME", Width: 12}, {Column: "DOMAIN", Width: 14}},
	}}
}

func newList(f *factory.Factory) *cobra.Command {
	var sel fleet.Selector
	var state string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the tenants of the state",
		Long:  `List the tenants of the state with how far each has come. Nothing is asked of Microsoft.`,
		Example: command.Examples(
			"all of them", "tenantry tenants list",
			"the ids of those without proved consent", `tenantry tenants list --query "[?state!='active'].id"`,
			"the gold ones as CSV", "tenantry tenants list --tag gold --output csv"),
		Args: command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return list(cmd.Context(), f, sel, state) },
	}
	cmd.Flags().StringSliceVar(&sel.Tags, "tag", nil, "tenants with this `tag`; with several, tenants that have any of them")
	cmd.Flags().StringSliceVar(&sel.ExcludeTags, "exclude-tag", nil, "leave out tenants with this `tag`")
	cmd.Flags().StringVar(&state, "in-state", "", "tenants in this `state`: added, invited, active or failed")
	return cmd
}

func list(ctx context.Context, f *factory.Factory, sel fleet.Selector, state string) error {
	if state != "" && !isState(state) {
		return clierr.Usage("use added, invited, active or failed", "--in-state: %q is not a state", state)
	}
	all, err := f.Known(ctx)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		f.Streams.Notef("there are no tenants in the state; tenantry tenants add DOMAIN adds one")
		return f.Print(table(nil))
	}
	sel.All = len(sel.Tags) == 0
	found, err := sel.Select(all)
	if err != nil {
		return err
	}
	var kept []fleet.Tenant
	for _, t := range found {
		if state == "" || string(t.State) == state {
			kept = append(kept, t)
		}
	}
	return f.Print(table(kept))
}

func isState(s string) bool {
	for _, known := range fleet.States() {
		if s == string(known) {
			return true
		}
	}
	return false
}

func newShow(f *factory.Factory) *cobra.Command {
	return &cobra.Command{
		Use:   "show TENANT",
		Short: "Show one tenant of the state",
		Long: `Show all that the state knows of one tenant: its customer and tags, how far it
has come, and the roles its tokens were seen to carry when consent was proved.`,
		Example: command.Examples("by domain", "tenantry tenants show contoso.com", "by name, as JSON", "tenantry tenants show Contoso -o json"),
		Args:    command.Args(1, 1, "tenant"),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := known(cmd.Context(), f, args[0])
			if err != nil {
				return err
			}
			return f.Print(one(t))
		},
	}
}

func one(t fleet.Tenant) output.Result {
	rows := [][]string{
		{"name", t.Name}, {"domain", t.Domain}, {"tenant", string(t.ID)}, {"customer", t.Customer},
		{"tags", strings.Join(t.Tags, ", ")}, {"cloud", t.Cloud}, {"state", string(t.State)}, {"detail", t.Detail},
		{"surface", string(t.Surface)},
	}
	for _, kind := range []entra.ResourceKind{entra.ResourceGraph, entra.ResourceDefender, entra.ResourceEndpoint} {
		if roles := t.Roles[kind]; len(roles) > 0 {
			rows = append(rows, []string{"roles on " + string(kind), strings.Join(roles, ", ")})
		}
	}
	for _, when := range []struct {
		name string
		at   time.Time
	}{{"added", t.Added}, {"proved", t.Proved}} {
		if !when.at.IsZero() {
			rows = append(rows, []string{when.name, when.at.UTC().Format(time.RFC3339)})
		}
	}
	return output.Result{Doc: t, Columns: []string{"FIELD", "VALUE"}, Rows: rows}
}

// known finds one tenant of the state.
func known(ctx context.Context, f *factory.Factory, word string) (fleet.Tenant, error) {
	all, err := f.Known(ctx)
	if err != nil {
		return fleet.Tenant{}, err
	}
	found, err := fleet.Selector{Tenants: []string{word}}.Select(all)
	if err != nil {
		return fleet.Tenant{}, err
	}
	if len(found) != 1 {
		return fleet.Tenant{}, clierr.Usage("tenantry tenants list shows the tenants there are", "%q is not a tenant of the state", word)
	}
	return found[0], nil
}
