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

// Item is a machine with the tenant it belongs to.
type Item struct {
	each.Head
	*defender.Machine
}

// MarshalJSON writes the tenant, and then the machine's own properties as
// Defender for Endpoint names them.
func (i Item) MarshalJSON() ([]byte, error) { return output.Compose(i.Head, i.Machine) }

type listOptions struct {
	sel      selection.Flags
	name     string
	since    string
	health   []string
	risk     []string
	exposure []string
	limit    int
}

func newList(f *factory.Factory) *cobra.Command {
	var o listOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List machines by name",
		Long: `List the machines of one, some or all tenants by tenant and name. Tenants are
asked in parallel and independently: what fails in one is told at the end, with
the next step, and the others are read all the same. Exit code 4 means that some
tenants failed. A tenant without machines is no failure.

JSON is {items, tenants}; an item has its tenant (tenantId, tenantName,
customer) and the service's own names (id, computerDnsName, healthStatus,
riskScore). NDJSON is a line per machine and then a line {"tenantStatus": …} per
tenant. lastSeen is when the last full report came, about once a day.

Needed is the application role Machine.Read.All of WindowsDefenderATP.`,
		Example: command.Examples(
			"the machines of one tenant", "tenantry machines list --tenant contoso.com",
			"those whose sensor is silent, of all customers", "tenantry machines list --all --health inactive,noSensorData",
			"ids of those called so", "tenantry machines list --tenant contoso.com --name desktop- --output json --query 'items[].id'"),
		Args: command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runList(cmd.Context(), f, o) },
	}
	o.sel.Add(cmd)
	fs := cmd.Flags()
	fs.StringVar(&o.name, "name", "", "whose full name begins with this `text`")
	fs.StringVar(&o.since, "since", "", "that reported since this `time`: "+moment.Forms)
	fs.StringSliceVar(&o.health, "health", nil, "with this `health`: "+filter.Or(defender.MachineHealths())+"; several with commas")
	fs.StringSliceVar(&o.risk, "risk", nil, "with this `risk` score: "+filter.Or(defender.MachineRisks())+"; several with commas")
	fs.StringSliceVar(&o.exposure, "exposure", nil, "with this `exposure` level: "+filter.Or(defender.MachineExposures())+"; several with commas")
	fs.IntVar(&o.limit, "limit", 0, "at most this many per tenant; 0 means all")
	return cmd
}

func (o listOptions) parse(now time.Time) (defender.MachineListOptions, error) {
	out := defender.MachineListOptions{NamePrefix: o.name}
	var err error
	if out.LastSeen, err = moment.Past("--since", o.since, now); err != nil {
		return out, err
	}
	if out.Health, err = filter.Members("--health", "the health of a machine", defender.MachineHealths(), o.health, filter.Among(defender.MachineHealths())); err != nil {
		return out, err
	}
	if out.Risk, err = filter.Members("--risk", "a risk score", defender.MachineRisks(), o.risk, filter.Among(defender.MachineRisks())); err != nil {
		return out, err
	}
	if out.Exposure, err = filter.Members("--exposure", "an exposure level", defender.MachineExposures(), o.exposure, filter.Among(defender.MachineExposures())); err != nil {
		return out, err
	}
	if err := filter.Limit(o.limit); err != nil {
		return out, err
	}
	out.Top = pageFor(o.limit)
	return out, nil
}

// pageFor is a page size that does not read much more than a limit wants; 0 is
// the library's.
func pageFor(limit int) int {
	if limit > 0 && limit < 1000 {
		return limit
	}
	return 0
}

func runList(ctx context.Context, f *factory.Factory, o listOptions) error {
	query, err := o.parse(f.Now())
	if err != nil {
		return err
	}
	report, err := each.Through(ctx, f, o.sel, "auto", defender.OpListMachines, func(ctx context.Context, t fleet.Tenant, open *access.Tenant) ([]Item, string, error) {
		items, err := access.Again(ctx, open, func() ([]Item, error) {
			var items []Item
			for m, err := range open.Client().Machines().All(ctx, query) {
				if err != nil {
					return items, err
				}
				items = append(items, Item{each.HeadOf(t), m})
				if o.limit > 0 && len(items) == o.limit {
					break
				}
			}
			return items, nil
		})
		return items, open.Reason, err
	})
	if err != nil {
		return err
	}
	items := report.Items()
	slices.SortStableFunc(items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.TenantName), strings.ToLower(b.TenantName)), cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)))
	})
	rows := make([][]string, 0, len(items))
	for _, i := range items {
		rows = append(rows, []string{i.TenantName, i.Label(), string(i.Health), string(i.Risk), string(i.Exposure), i.OSPlatform, i.LastIP, moment.Stamp(i.LastSeen), i.ID})
	}
	err = each.Print(f, items, report.Tenants, output.Result{
		Columns: []string{"TENANT", "MACHINE", "HEALTH", "RISK", "EXPOSURE", "OS", "ADDRESS", "SEEN", "ID"},
		Rows:    rows,
		// The id is the last thing to go: every command takes the name, too.
		Give: output.Give{Drop: []string{"EXPOSURE", "OS", "ADDRESS", "ID"}, Cut: []output.Limit{{Column: "TENANT", Width: 14}, {Column: "MACHINE", Width: 20}}},
	})
	if err != nil {
		return err
	}
	report.Summary(f.Streams.Err)
	return report.Err()
}
