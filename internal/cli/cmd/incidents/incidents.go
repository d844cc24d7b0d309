// Package incidents is the command group "incidents".
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
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/access"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/each"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/output"
	"github.com/tenantry/tenantry/internal/cli/selection"
)

// New makes the group.
func New(f *factory.Factory) *cobra.Command {
	return command.Group(&cobra.Command{
		Use:   "incidents",
		Short: "Security incidents of one, some or all tenants",
		Long: `Security incidents, read through Microsoft Graph security (graph) or the
Defender XDR API (xdr). The default, auto, takes graph when the tenant's Graph
token carries a role that reads incidents, else xdr, and says which.`,
		Example: command.Examples(
			"all tenants, the last day", "tenantry incidents list --all --since 24h",
			"one incident with its alerts", "tenantry incidents show 29 --tenant contoso.com -o json"),
	}, newList(f), newShow(f))
}

// Item is an incident with the tenant it belongs to.
type Item struct {
	TenantID   string `json:"tenantId"`
	TenantName string `json:"tenantName,omitempty"`
	Customer   string `json:"customer,omitempty"`
	*defender.Incident
}

// List is what incidents list prints as JSON.
type List struct {
	Items   []Item               `json:"items"`
	Tenants []fleet.TenantStatus `json:"tenants"`
}

// statusLine is how a status per tenant stands in NDJSON, after the items.
type statusLine struct {
	TenantStatus fleet.TenantStatus `json:"tenantStatus"`
}

type listOptions struct {
	sel      selection.Flags
	since    string
	status   []string
	severity []string
	surface  string
	limit    int
}

func newList(f *factory.Factory) *cobra.Command {
	var o listOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List incidents, newest first",
		Long: `List the incidents of one, some or all tenants, newest first. Tenants are asked
in parallel and independently: what fails in one is told at the end, with the
next step, and the others are read all the same. Exit code 4 means that some
tenants failed.

JSON is {items, tenants}: the incidents, and what became of each tenant. NDJSON
is a line per incident and then a line {"tenantStatus": …} per tenant. Table
and CSV hold the incidents; the account per tenant goes to stderr. In CSV a text
that a spreadsheet would take for a formula has an apostrophe put before it.

Needed is the application role SecurityIncident.Read.All of Microsoft Graph, or
Incident.Read.All of Microsoft Threat Protection (the Defender XDR API).`,
		Example: command.Examples(
			"the tenant of AZURE_TENANT_ID, or the only one of the state", "tenantry incidents list",
			"two tenants, one of them not in the state", "tenantry incidents list --tenant contoso.com --tenant 11111111-2222-4333-8444-555555555555",
			"open ones of the gold customers since Monday", "tenantry incidents list --tag gold --status active,inProgress --since 2026-11-16",
			"names of what is severe, for a program", "tenantry incidents list --all --severity high --output json --query 'items[].name'"),
		Args: command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runList(cmd.Context(), f, o) },
	}
	o.sel.Add(cmd)
	cmd.Flags().StringVar(&o.since, "since", "", "updated since this `time`: 24h, 7d, 2026-11-16 or 2026-11-16T08:00:00Z")
	cmd.Flags().StringSliceVar(&o.status, "status", nil, "in this `status`: active, inProgress, resolved or redirected; several with commas")
	cmd.Flags().StringSliceVar(&o.severity, "severity", nil, "of this `severity`: informational, low, medium or high; several with commas")
	cmd.Flags().StringVar(&o.surface, "surface", "auto", "auto, graph or xdr")
	cmd.Flags().IntVar(&o.limit, "limit", 0, "at most this many per tenant; 0 means all")
	return cmd
}

func (o listOptions) parse(now time.Time) (defender.ListOptions, error) {
	var out defender.ListOptions
	var err error
	if out.Since, err = parseSince(o.since, now); err != nil {
		return out, err
	}
	for _, s := range o.status {
		v, ok := defender.ParseStatus(strings.TrimSpace(s))
		if !ok {
			return out, clierr.Usage("use active, inProgress, resolved or redirected", "--status: %q is not a status of an incident", s)
		}
		out.Status = append(out.Status, v)
	}
	for _, s := range o.severity {
		v, ok := defender.ParseSeverity(strings.TrimSpace(s))
		if !ok {
			return out, clierr.Usage("use informational, low, medium or high", "--severity: %q is not a severity", s)
		}
		out.Severity = append(out.Severity, v)
	}
	if o.limit < 0 {
		return out, clierr.Usage("use 0 for all", "--limit: %d is less than 0", o.limit)
	}
	return out, nil
}

func runList(ctx context.Context, f *factory.Factory, o listOptions) error {
	query, err := o.parse(f.Now())
	if err != nil {
		return err
	}
	if _, err := f.Printer(); err != nil {
		return err // before anything is asked
	}
	opener, err := newOpener(ctx, f, o.surface)
	if err != nil {
		return err
	}
	tenants, lost, err := o.sel.Resolve(ctx, f)
	if err != nil {
		return err
	}
	parallel, err := f.Parallel()
	if err != nil {
		return err
	}
	f.Streams.Progressf("asking %s", each.Count(len(tenants), "tenant", "tenants"))
	report, err := each.Run(ctx, tenants, parallel, func(ctx context.Context, t fleet.Tenant) ([]Item, string, error) {
		return readTenant(ctx, opener, t, query, o.limit)
	})
	if err != nil {
		return err
	}
	for _, l := range lost {
		report.Lost(l.Name, l.Err)
	}
	items := report.Items()
	slices.SortStableFunc(items, func(a, b Item) int { return cmp.Compare(b.LastUpdate.UnixNano(), a.LastUpdate.UnixNano()) })
	if err := printList(f, items, report.Tenants); err != nil {
		return err
	}
	report.Summary(f.Streams.Err)
	return report.Err()
}

func readTenant(ctx context.Context, opener *access.Opener, t fleet.Tenant, query defender.ListOptions, limit int) ([]Item, string, error) {
	open, err := opener.Open(ctx, t.ID)
	if err != nil {
		return nil, "", err
	}
	list, err := open.List(ctx, query, limit)
	items := make([]Item, 0, len(list))
	for _, inc := range list {
		items = append(items, Item{TenantID: string(t.ID), TenantName: t.Label(), Customer: t.Customer, Incident: inc})
	}
	return items, fmt.Sprintf("through %s: %s", open.Surface, open.Reason), err
}

func printList(f *factory.Factory, items []Item, tenants []fleet.TenantStatus) error {
	rows := make([][]string, 0, len(items))
	lines := make([]any, 0, len(items)+len(tenants))
	for _, i := range items {
		rows = append(rows, []string{
			i.TenantName, i.ID, string(i.Severity), string(i.Status), stamp(i.LastUpdate), string(i.Surface), i.Name,
		})
		lines = append(lines, i)
	}
	for _, t := range tenants {
		lines = append(lines, statusLine{t})
	}
	return f.Print(output.Result{
		Doc:     List{Items: items, Tenants: tenants},
		Lines:   lines,
		Columns: []string{"TENANT", "ID", "SEVERITY", "STATUS", "UPDATED", "SURFACE", "INCIDENT"},
		Rows:    rows,
		Give:    Give(),
	})
}

// Give is how a table of incidents fits a narrow terminal: ids and times stay
// whole.
func Give() output.Give {
	return output.Give{
		Drop: []string{"SURFACE"},
		Cut:  []output.Limit{{Column: "INCIDENT", Width: 36}, {Column: "SEVERITY", Width: 8}, {Column: "TENANT", Width: 14}, {Column: "INCIDENT", Width: 12}},
	}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// newOpener signs in as the app and fixes the surface.
func newOpener(ctx context.Context, f *factory.Factory, surface string) (*access.Opener, error) {
	var s defender.Surface
	if surface != "auto" {
		var err error
		if s, err = defender.ParseSurface(surface); err != nil {
			return nil, clierr.Usage("use auto, graph or xdr", "--surface: %q is not a surface", surface).Because(err)
		}
	}
	cloud, err := f.Cloud()
	if err != nil {
		return nil, err
	}
	hc, err := f.HTTPClient()
	if err != nil {
		return nil, err
	}
	app, err := f.App(ctx)
	if err != nil {
		return nil, err
	}
	tokens, err := f.Tokens(ctx, app, factory.TokenOptions{})
	if err != nil {
		return nil, err
	}
	return &access.Opener{Cloud: cloud, Tokens: tokens, HTTPClient: hc, Now: f.Now, Surface: s}, nil
}
