package machines

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/access"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/each"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/filter"
	"github.com/tenantry/tenantry/internal/cli/moment"
	"github.com/tenantry/tenantry/internal/cli/output"
	"github.com/tenantry/tenantry/internal/cli/selection"
)

// ActionItem is a machine action with the tenant it belongs to.
type ActionItem struct {
	each.Head
	*defender.MachineAction
}

// MarshalJSON writes the tenant, and then the action's own properties as
// Defender for Endpoint names them.
func (i ActionItem) MarshalJSON() ([]byte, error) { return output.Compose(i.Head, i.MachineAction) }

type actionsOptions struct {
	sel     selection.Flags
	machine string
	since   string
	types   []string
	status  []string
	limit   int
}

func newActions(f *factory.Factory) *cobra.Command {
	var o actionsOptions
	cmd := &cobra.Command{
		Use:   "actions",
		Short: "List what was done to machines, and how far it has come",
		Long: `List the actions taken on machines of one, some or all tenants, the newest
first, whoever asked for them and wherever: here, in the portal, or by another
program. Failures are told per tenant, as machines list does.

An action is Pending until the machine takes it up, then InProgress, and ends as
Succeeded, Failed, TimeOut or Cancelled.

A terminal that is too narrow for the ids of the actions, which machines cancel
wants, shows them with --output csv.

Needed is the application role Machine.Read.All of WindowsDefenderATP.`,
		Example: command.Examples(
			"what is under way everywhere", "tenantry machines actions --all --status pending,inProgress",
			"isolations and releases of one machine", "tenantry machines actions --tenant contoso.com --machine desktop-7 --type isolate,unisolate"),
		Args: command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runActions(cmd.Context(), f, o) },
	}
	o.sel.Add(cmd)
	fs := cmd.Flags()
	fs.StringVar(&o.machine, "machine", "", "on this `machine`, by id or name")
	fs.StringVar(&o.since, "since", "", "asked for since this `time`: "+moment.Forms)
	fs.StringSliceVar(&o.types, "type", nil, "of this `type`: "+filter.Or(defender.ActionTypes())+"; several with commas")
	fs.StringSliceVar(&o.status, "status", nil, "in this `status`: "+filter.Or(defender.ActionStatuses())+"; several with commas")
	fs.IntVar(&o.limit, "limit", 0, "at most this many per tenant; 0 means all")
	return cmd
}

func (o actionsOptions) parse(now time.Time) (query defender.ActionListOptions, keep func(*defender.MachineAction) bool, err error) {
	keep = func(*defender.MachineAction) bool { return true }
	switch {
	case isID(o.machine):
		query.MachineID = o.machine
	case o.machine != "":
		// The service does not filter actions by the machine's name.
		keep = func(a *defender.MachineAction) bool { return called(a.Machine, o.machine) }
	}
	if query.Created, err = moment.Past("--since", o.since, now); err != nil {
		return query, nil, err
	}
	if query.Type, err = filter.Members("--type", "a type of action", defender.ActionTypes(), o.types, filter.Among(defender.ActionTypes())); err != nil {
		return query, nil, err
	}
	if query.Status, err = filter.Members("--status", "a status of an action", defender.ActionStatuses(), o.status, filter.Among(defender.ActionStatuses())); err != nil {
		return query, nil, err
	}
	if err := filter.Limit(o.limit); err != nil {
		return query, nil, err
	}
	return query, keep, nil
}

func runActions(ctx context.Context, f *factory.Factory, o actionsOptions) error {
	query, keep, err := o.parse(f.Now())
	if err != nil {
		return err
	}
	report, err := each.Through(ctx, f, o.sel, "auto", defender.OpListActions, func(ctx context.Context, t fleet.Tenant, open *access.Tenant) ([]ActionItem, string, error) {
		items, err := access.Again(ctx, open, func() ([]ActionItem, error) {
			var items []ActionItem
			for a, err := range open.Client().MachineActions().All(ctx, query) {
				if err != nil {
					return items, err
				}
				if keep(a) {
					items = append(items, ActionItem{each.HeadOf(t), a})
				}
			}
			return items, nil
		})
		// The service promises no order, so that the newest are known at the end.
		slices.SortStableFunc(items, newestFirst)
		if o.limit > 0 && len(items) > o.limit {
			items = items[:o.limit]
		}
		return items, open.Reason, err
	})
	if err != nil {
		return err
	}
	items := report.Items()
	slices.SortStableFunc(items, newestFirst)
	rows := make([][]string, 0, len(items))
	for _, i := range items {
		what := string(i.Type)
		if i.Scope != "" {
			what += " (" + i.Scope + ")"
		}
		rows = append(rows, []string{i.TenantName, i.Machine, what, string(i.Status), moment.Stamp(i.Created), i.Requestor, i.ID, i.Comment})
	}
	err = each.Print(f, items, report.Tenants, output.Result{
		Columns: []string{"TENANT", "MACHINE", "ACTION", "STATUS", "ASKED", "BY", "ID", "COMMENT"},
		Rows:    rows,
		Give: output.Give{Drop: []string{"COMMENT", "BY"}, Cut: []output.Limit{
			{Column: "TENANT", Width: 12}, {Column: "MACHINE", Width: 16}, {Column: "ACTION", Width: 12}}, Spare: []string{"ID"}},
	})
	if err != nil {
		return err
	}
	report.Summary(f.Streams.Err)
	return report.Err()
}

func newestFirst(a, b ActionItem) int {
	return cmp.Or(cmp.Compare(b.Created.UnixNano(), a.Created.UnixNano()), strings.Compare(a.ID, b.ID))
}
