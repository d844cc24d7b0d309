// Package indicators is the command group "indicators".
package indicators

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

// New makes the group.
func New(f *factory.Factory) *cobra.Command {
	return command.Group(&cobra.Command{
		Use:   "indicators",
		Short: "Indicators: block files, addresses and domains",
		Long: `Indicators of compromise in Defender for Endpoint: files, certificates, IP
addresses, domains and URLs that a tenant's machines warn of, block or allow.
A tenant has 15,000 active ones at most.

Needed is an application role of WindowsDefenderATP: Ti.ReadWrite, which the
profile respond holds, for the indicators that your app submitted itself;
Ti.ReadWrite.All for all of them.`,
		Example: command.Examples(
			"block a domain for the gold customers", "tenantry indicators submit evil.example --tag gold --action block --comment 'campaign 12'",
			"what your app has submitted everywhere", "tenantry indicators list --all",
			"take one back", "tenantry indicators delete 994 --tenant contoso.com --comment 'false alarm'"),
	}, newList(f), newSubmit(f), newDelete(f))
}

// Item is an indicator with the tenant it belongs to.
type Item struct {
	each.Head
	*defender.Indicator
}

// MarshalJSON writes the tenant, and then the indicator's own properties as
// Defender for Endpoint names them.
func (i Item) MarshalJSON() ([]byte, error) { return output.Compose(i.Head, i.Indicator) }

type listOptions struct {
	sel      selection.Flags
	value    string
	types    []string
	actions  []string
	severity []string
	since    string
	limit    int
}

func newList(f *factory.Factory) *cobra.Command {
	var o listOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List active indicators, the newest first",
		Long: `List the active indicators of one, some or all tenants, the newest first.
Tenants are asked in parallel and independently: what fails in one is told at the
end, with the next step. Exit code 4 means that some tenants failed.

With the role Ti.ReadWrite you see those that your app submitted itself, with
Ti.ReadWrite.All everybody's.`,
		Example: command.Examples(
			"where a domain is blocked", "tenantry indicators list --all --value evil.example",
			"files that are allowed", "tenantry indicators list --tenant contoso.com --type fileSha256 --action allowed"),
		Args: command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runList(cmd.Context(), f, o) },
	}
	o.sel.Add(cmd)
	fs := cmd.Flags()
	fs.StringVar(&o.value, "value", "", "with this `value`")
	fs.StringSliceVar(&o.types, "type", nil, "of this `type`: "+filter.Or(defender.IndicatorTypes())+"; several with commas")
	fs.StringSliceVar(&o.actions, "action", nil, "with this `action`: "+filter.Or(defender.IndicatorActions())+"; several with commas")
	fs.StringSliceVar(&o.severity, "severity", nil, "of this `severity`: "+filter.Or(defender.IndicatorSeverities())+"; several with commas")
	fs.StringVar(&o.since, "since", "", "created since this `time`: "+moment.Forms)
	fs.IntVar(&o.limit, "limit", 0, "at most this many per tenant; 0 means all")
	return cmd
}

func (o listOptions) parse(now time.Time) (defender.IndicatorListOptions, error) {
	out := defender.IndicatorListOptions{Value: o.value}
	// The two of before 2022 can still be found.
	actions := append(defender.IndicatorActions(), defender.IndicatorAlert, defender.IndicatorAlertAndBlock)
	var err error
	if out.Type, err = filter.Members("--type", "a type of indicator", defender.IndicatorTypes(), o.types, filter.Among(defender.IndicatorTypes())); err != nil {
		return out, err
	}
	if out.Action, err = filter.Members("--action", "an action of an indicator", defender.IndicatorActions(), o.actions, filter.Among(actions)); err != nil {
		return out, err
	}
	if out.Severity, err = filter.Members("--severity", "a severity", defender.IndicatorSeverities(), o.severity, filter.Among(defender.IndicatorSeverities())); err != nil {
		return out, err
	}
	if out.Created, err = moment.Past("--since", o.since, now); err != nil {
		return out, err
	}
	if err := filter.Limit(o.limit); err != nil {
		return out, err
	}
	return out, nil
}

func runList(ctx context.Context, f *factory.Factory, o listOptions) error {
	query, err := o.parse(f.Now())
	if err != nil {
		return err
	}
	report, err := each.Through(ctx, f, o.sel, "auto", defender.OpListIndicators, func(ctx context.Context, t fleet.Tenant, open *access.Tenant) ([]Item, string, error) {
		items, err := access.Again(ctx, open, func() ([]Item, error) {
			var items []Item
			for i, err := range open.Client().Indicators().All(ctx, query) {
				if err != nil {
					return items, err
				}
				items = append(items, Item{each.HeadOf(t), i})
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
		rows = append(rows, []string{i.TenantName, i.ID, string(i.Type), i.Value, string(i.Action), i.Severity, moment.Stamp(i.Created), moment.Stamp(i.Expires), i.Title})
	}
	err = each.Print(f, items, report.Tenants, output.Result{
		Columns: []string{"TENANT", "ID", "TYPE", "VALUE", "ACTION", "SEVERITY", "CREATED", "EXPIRES", "TITLE"},
		Rows:    rows,
		Give: output.Give{Drop: []string{"SEVERITY", "EXPIRES", "TITLE"}, Cut: []output.Limit{
			{Column: "TENANT", Width: 12}, {Column: "VALUE", Width: 24}, {Column: "TYPE", Width: 10}}},
	})
	if err != nil {
		return err
	}
	report.Summary(f.Streams.Err)
	return report.Err()
}

func newestFirst(a, b Item) int {
	return cmp.Or(cmp.Compare(b.Created.UnixNano(), a.Created.UnixNano()), strings.Compare(a.ID, b.ID))
}
