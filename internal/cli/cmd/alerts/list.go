package alerts

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/access"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/each"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/filter"
	"github.com/tenantry/tenantry/internal/cli/moment"
	"github.com/tenantry/tenantry/internal/cli/output"
	"github.com/tenantry/tenantry/internal/cli/seen"
	"github.com/tenantry/tenantry/internal/cli/selection"
)

type listOptions struct {
	sel        selection.Flags
	since      string
	status     []string
	severity   []string
	source     []string
	assignedTo string
	alone      bool
	limit      int
}

func newList(f *factory.Factory) *cobra.Command {
	var o listOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List alerts, newest first",
		Long: `List the alerts of one, some or all tenants, newest first, also those that
belong to no incident. Tenants are asked in parallel and independently, each
within Microsoft's limits: what fails in one is told at the end, with the next
step, and the others are read all the same. Exit code 4 means that some tenants
failed.

JSON is {items, tenants}: the alerts, and what became of each tenant. An alert
has its tenant (tenantId, tenantName, customer), its surface, and Microsoft
Graph's own names (title, serviceSource, evidence). NDJSON is a line per alert
and then a line {"tenantStatus": …} per tenant. Table and CSV hold the alerts;
the account per tenant goes to stderr. In CSV a text that a spreadsheet would
take for a formula has an apostrophe put before it.

Filters are the service's, but for --without-incident and --assigned-to none,
which are applied here after more was read.

Needed is the application role SecurityAlert.Read.All of Microsoft Graph.`,
		Example: command.Examples(
			"the last day of all tenants", "tenantry alerts list --all --since 24h",
			"new ones of the gold customers that belong to no incident", "tenantry alerts list --tag gold --status new --without-incident",
			"titles of what is severe, for a program", "tenantry alerts list --all --severity high --output json --query 'items[].title'"),
		Args: command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runList(cmd.Context(), f, o) },
	}
	o.sel.Add(cmd)
	fs := cmd.Flags()
	fs.StringVar(&o.since, "since", "", "updated since this `time`: "+moment.Forms)
	fs.StringSliceVar(&o.status, "status", nil, "in this `status`: "+filter.Or(filter.AlertStatuses())+"; several with commas")
	fs.StringSliceVar(&o.severity, "severity", nil, "of this `severity`: "+filter.Or(filter.Severities())+"; several with commas")
	fs.StringSliceVar(&o.source, "service", nil, "from this `product`, such as microsoftDefenderForEndpoint; several with commas")
	fs.StringVar(&o.assignedTo, "assigned-to", "", "assigned to this `name`, as the alert tells it; none for those assigned to nobody")
	fs.BoolVar(&o.alone, "without-incident", false, "only those that belong to no incident")
	fs.IntVar(&o.limit, "limit", 0, "at most this many per tenant; 0 means all")
	return cmd
}

func (o listOptions) parse(now time.Time) (query defender.AlertListOptions, keep []func(*defender.Alert) bool, err error) {
	if query.Since, err = moment.Past("--since", o.since, now); err != nil {
		return query, nil, err
	}
	if query.Status, err = filter.Members("--status", "a status of an alert", filter.AlertStatuses(), o.status, defender.ParseAlertStatus); err != nil {
		return query, nil, err
	}
	if query.Severity, err = filter.Members("--severity", "a severity", filter.Severities(), o.severity, defender.ParseSeverity); err != nil {
		return query, nil, err
	}
	if query.ServiceSource, err = filter.Members("--service", "a product that alerts come from", services(), o.source, defender.ParseServiceSource); err != nil {
		return query, nil, err
	}
	if err := filter.Limit(o.limit); err != nil {
		return query, nil, err
	}
	if strings.EqualFold(o.assignedTo, filter.Nobody) {
		keep = append(keep, func(a *defender.Alert) bool { return a.AssignedTo == "" })
	} else {
		query.AssignedTo = o.assignedTo
	}
	if o.alone {
		keep = append(keep, func(a *defender.Alert) bool { return a.IncidentID == "" })
	}
	return query, keep, nil
}

// services are the products offered; Microsoft adds some now and then, so that
// others that the parser knows are taken too.
func services() []string {
	return []string{
		"microsoftDefenderForEndpoint", "microsoftDefenderForIdentity", "microsoftDefenderForCloudApps", "microsoftDefenderForOffice365",
		"microsoft365Defender", "azureAdIdentityProtection", "microsoftDefenderForCloud", "microsoftSentinel",
	}
}

func runList(ctx context.Context, f *factory.Factory, o listOptions) error {
	query, keep, err := o.parse(f.Now())
	if err != nil {
		return err
	}
	report, err := each.Through(ctx, f, o.sel, "auto", defender.OpListAlerts, func(ctx context.Context, t fleet.Tenant, open *access.Tenant) ([]Item, string, error) {
		list, err := open.Alerts(ctx, query, o.limit, keep...)
		items := make([]Item, 0, len(list))
		for _, a := range list {
			items = append(items, newItem(t, open.Surface, a))
		}
		return items, fmt.Sprintf("through %s: %s", open.Surface, open.Reason), err
	})
	if err != nil {
		return err
	}
	items := report.Items()
	slices.SortStableFunc(items, func(a, b Item) int { return cmp.Compare(b.LastUpdate.UnixNano(), a.LastUpdate.UnixNano()) })
	if err := printList(f, items, report.Tenants); err != nil {
		return err
	}
	remembered := map[entra.TenantID][]fleet.Seen{}
	for _, i := range items {
		id := entra.TenantID(i.TenantID)
		remembered[id] = append(remembered[id], shown(i.Alert))
	}
	seen.Remember(ctx, f, fleet.SeenAlert, remembered)
	report.Summary(f.Streams.Err)
	return report.Err()
}

func printList(f *factory.Factory, items []Item, tenants []fleet.TenantStatus) error {
	rows := make([][]string, 0, len(items))
	for _, i := range items {
		rows = append(rows, []string{
			i.TenantName, i.ID, string(i.Severity), string(i.Status), i.AssignedTo, moment.Stamp(i.LastUpdate), i.IncidentID, i.ServiceSource, i.Title,
		})
	}
	return each.Print(f, items, tenants, output.Result{
		Columns: []string{"TENANT", "ID", "SEVERITY", "STATUS", "ASSIGNED", "UPDATED", "INCIDENT", "SERVICE", "ALERT"},
		Rows:    rows,
		Give: output.Give{
			Drop: []string{"SERVICE", "ASSIGNED"},
			Cut:  []output.Limit{{Column: "ALERT", Width: 36}, {Column: "SEVERITY", Width: 8}, {Column: "TENANT", Width: 14}, {Column: "ALERT", Width: 12}},
			// Ids of alerts are long, and stay whole: they are to be copied.
			Spare: []string{"INCIDENT", "UPDATED", "STATUS"},
		},
	})
}
