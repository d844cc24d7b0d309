package incidents

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
	assignedTo string
	surface    string
	limit      int
}

func newList(f *factory.Factory) *cobra.Command {
	var o listOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List incidents, newest first",
		Long: `List the incidents of one, some or all tenants, newest first. Tenants are asked
in parallel and independently, each within Microsoft's limits: what fails in one
is told at the end, with the next step, and the others are read all the same.
Exit code 4 means that some tenants failed.

JSON is {items, tenants}: the incidents, and what became of each tenant. An
incident has its tenant (tenantId, tenantName, customer), the surface it was
read through, and Microsoft Graph's own names (displayName, lastUpdateDateTime,
customTags), whichever the surface. NDJSON is a line per incident and then a
line {"tenantStatus": …} per tenant. Table and CSV hold the incidents; the
account per tenant goes to stderr. In CSV a text that a spreadsheet would take
for a formula has an apostrophe put before it.

Some filters are the service's and some are applied here, after more was read:
severity on xdr, and --assigned-to none on both.

Needed is the application role SecurityIncident.Read.All of Microsoft Graph, or
Incident.Read.All of Microsoft Threat Protection (the Defender XDR API).`,
		Example: command.Examples(
			"the tenant of AZURE_TENANT_ID, or the only one of the state", "tenantry incidents list",
			"two tenants, one of them not in the state", "tenantry incidents list --tenant contoso.com --tenant 11111111-2222-4333-8444-555555555555",
			"open ones of the gold customers since Monday", "tenantry incidents list --tag gold --status active,inProgress --since 2026-11-16",
			"what nobody has taken yet", "tenantry incidents list --all --status active --assigned-to none",
			"names of what is severe, for a program", "tenantry incidents list --all --severity high --output json --query 'items[].displayName'"),
		Args: command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runList(cmd.Context(), f, o) },
	}
	o.sel.Add(cmd)
	cmd.Flags().StringVar(&o.since, "since", "", "updated since this `time`: "+moment.Forms)
	cmd.Flags().StringSliceVar(&o.status, "status", nil, "in this `status`: "+filter.Or(filter.Statuses())+"; several with commas")
	cmd.Flags().StringSliceVar(&o.severity, "severity", nil, "of this `severity`: "+filter.Or(filter.Severities())+"; several with commas")
	cmd.Flags().StringVar(&o.assignedTo, "assigned-to", "", "assigned to this `name`, as the incident tells it; none for those assigned to nobody")
	cmd.Flags().StringVar(&o.surface, "surface", "auto", "auto, graph or xdr")
	cmd.Flags().IntVar(&o.limit, "limit", 0, "at most this many per tenant; 0 means all")
	return cmd
}

func (o listOptions) parse(now time.Time) (query defender.ListOptions, keep []func(*defender.Incident) bool, err error) {
	if query.Since, err = moment.Past("--since", o.since, now); err != nil {
		return query, nil, err
	}
	if query.Status, err = filter.Members("--status", "a status of an incident", filter.Statuses(), o.status, defender.ParseStatus); err != nil {
		return query, nil, err
	}
	if query.Severity, err = filter.Members("--severity", "a severity", filter.Severities(), o.severity, defender.ParseSeverity); err != nil {
		return query, nil, err
	}
	if err := filter.Limit(o.limit); err != nil {
		return query, nil, err
	}
	if strings.EqualFold(o.assignedTo, filter.Nobody) {
		keep = append(keep, func(i *defender.Incident) bool { return i.AssignedTo == "" })
	} else {
		query.AssignedTo = o.assignedTo
	}
	return query, keep, nil
}

func runList(ctx context.Context, f *factory.Factory, o listOptions) error {
	query, keep, err := o.parse(f.Now())
	if err != nil {
		return err
	}
	report, err := each.Through(ctx, f, o.sel, o.surface, defender.OpListIncidents, func(ctx context.Context, t fleet.Tenant, open *access.Tenant) ([]Item, string, error) {
		list, err := open.Incidents(ctx, query, o.limit, keep...)
		items := make([]Item, 0, len(list))
		for _, inc := range list {
			items = append(items, NewItem(t, inc))
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
		remembered[id] = append(remembered[id], shown(i.Incident))
	}
	seen.Remember(ctx, f, fleet.SeenIncident, remembered)
	report.Summary(f.Streams.Err)
	return report.Err()
}

func printList(f *factory.Factory, items []Item, tenants []fleet.TenantStatus) error {
	rows := make([][]string, 0, len(items))
	for _, i := range items {
		rows = append(rows, []string{
			i.TenantName, i.ID, string(i.Severity), string(i.Status), i.AssignedTo, moment.Stamp(i.LastUpdate), string(i.Surface), i.Name,
		})
	}
	return each.Print(f, items, tenants, output.Result{
		Columns: []string{"TENANT", "ID", "SEVERITY", "STATUS", "ASSIGNED", "UPDATED", "SURFACE", "INCIDENT"},
		Rows:    rows,
		Give:    Give(),
	})
}

// Give is how a table of incidents fits a narrow terminal: ids and times stay
// whole.
func Give() output.Give {
	return output.Give{
		Drop: []string{"SURFACE", "ASSIGNED"},
		Cut:  []output.Limit{{Column: "INCIDENT", Width: 36}, {Column: "SEVERITY", Width: 8}, {Column: "TENANT", Width: 14}, {Column: "INCIDENT", Width: 12}},
	}
}
