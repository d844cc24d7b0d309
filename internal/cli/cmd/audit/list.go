package audit

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/filter"
	"github.com/tenantry/tenantry/internal/cli/moment"
	"github.com/tenantry/tenantry/internal/cli/output"
	"github.com/tenantry/tenantry/respond"
)

type listOptions struct {
	tenants  []string
	target   string
	since    string
	outcomes []string
	kinds    []string
	limit    int
}

func newList(f *factory.Factory) *cobra.Command {
	var o listOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the records, the newest first",
		Long: `List the records of the audit, the newest first. Nothing is asked of Microsoft.

  outcome    what became of the change
  done       the service took it
  refused    it was refused, by the service or here, and nothing has changed
  failed     it failed, and nothing has changed
  partial    some of it was done; the detail says what was not
  uncertain  it was sent, and whether it took effect is not known
  open       begun, and not finished: under way still, or cut off

For those that are uncertain or open, "next" is the command that shows how things
are now. An isolation or release that is uncertain is settled by the next one of
the same machine, which looks first.

JSON is a list of records, NDJSON a record per line, the same for every kind of
change: id, kind, tenantId, tenantName, surface, target, targetName, comment,
reason, changes, actor, started, finished, outcome, serviceIds, code, detail,
next. What is empty is left out.`,
		Example: command.Examples(
			"the last day", "tenantry audit list --since 24h",
			"one customer's, for a report", "tenantry audit list --tenant Contoso --since 2026-11-01 --output csv",
			"what nobody knows the end of", "tenantry audit list --outcome uncertain,open",
			"who isolated machines", `tenantry audit list --kind isolate --query '[].[started,actor,targetName,outcome]'`),
		Args: command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runList(cmd.Context(), f, o) },
	}
	fs := cmd.Flags()
	fs.StringSliceVar(&o.tenants, "tenant", nil, "of this `tenant`, by id, domain or name; repeat it for several")
	fs.StringVar(&o.target, "target", "", "on what has this `id`: an incident, an alert, a machine, an indicator (its value, when submitted)")
	fs.StringVar(&o.since, "since", "", "begun since this `time`: "+moment.Forms)
	fs.StringSliceVar(&o.outcomes, "outcome", nil, "with this `outcome`: "+filter.Or(outcomes())+"; several with commas")
	fs.StringSliceVar(&o.kinds, "kind", nil, "of this `kind`: "+filter.Or(respond.Kinds())+"; several with commas")
	fs.IntVar(&o.limit, "limit", 0, "at most this many; 0 means all")
	return cmd
}

// parse reads the flags that name no tenant.
func (o listOptions) parse(now time.Time) (fleet.AuditFilter, error) {
	q := fleet.AuditFilter{Target: strings.TrimSpace(o.target), Limit: o.limit}
	var err error
	if q.Since, err = moment.Past("--since", o.since, now); err != nil {
		return q, err
	}
	chosen, err := filter.Members("--outcome", "an outcome", outcomes(), o.outcomes, filter.Among(outcomes()))
	if err != nil {
		return q, err
	}
	for _, c := range chosen {
		q.Outcomes = append(q.Outcomes, c.stored())
	}
	kinds, err := filter.Members("--kind", "a kind of change", respond.Kinds(), o.kinds, filter.Among(respond.Kinds()))
	if err != nil {
		return q, err
	}
	for _, k := range kinds {
		q.Kinds = append(q.Kinds, string(k))
	}
	if err := filter.Limit(o.limit); err != nil {
		return q, err
	}
	return q, nil
}

func runList(ctx context.Context, f *factory.Factory, o listOptions) error {
	query, err := o.parse(f.Now())
	if err != nil {
		return err
	}
	if _, err := f.Printer(); err != nil {
		return err
	}
	st, ok, err := f.ExistingStore(ctx)
	if err != nil {
		return err
	}
	if !ok {
		dir, err := f.StateDir()
		if err != nil {
			return err
		}
		f.Streams.Notef("there is no state in %s yet: nothing was changed from it", dir)
		return f.Print(result(nil))
	}
	records, err := read(ctx, st, query, o.tenants)
	if err != nil {
		return err
	}
	items := make([]Item, 0, len(records))
	for _, r := range records {
		items = append(items, itemOf(r))
	}
	if err := f.Print(result(items)); err != nil {
		return err
	}
	tell(f, items)
	return nil
}

// tell says that of some nobody knows whether they took effect. How to find
// out is in each record: a line here for every one would bury the list.
func tell(f *factory.Factory, items []Item) {
	var unknown []Item
	for _, i := range items {
		if i.Next != "" {
			unknown = append(unknown, i)
		}
	}
	switch len(unknown) {
	case 0:
	case 1:
		f.Streams.Notef("whether record %d took effect is not known", unknown[0].ID)
		f.Streams.Notef("  next: %s", unknown[0].Next)
	default:
		f.Streams.Notef("whether %d of these took effect is not known: those that are uncertain or open", len(unknown))
		f.Streams.Notef("  next: tenantry audit show %d tells how to find out for the newest; the others likewise", unknown[0].ID)
	}
}

// reader is what reading the audit needs of the state.
type reader interface {
	Audit(ctx context.Context, f fleet.AuditFilter) ([]fleet.AuditRecord, error)
	Tenants(ctx context.Context) ([]fleet.Tenant, error)
}

// read reads the records of some tenants, or of all when none is named.
func read(ctx context.Context, st reader, query fleet.AuditFilter, words []string) ([]fleet.AuditRecord, error) {
	if len(words) == 0 {
		return st.Audit(ctx, query)
	}
	ids, err := named(ctx, st, words)
	if err != nil {
		return nil, err
	}
	var all []fleet.AuditRecord
	for _, id := range ids {
		query.Tenant = id
		some, err := st.Audit(ctx, query)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	slices.SortFunc(all, func(a, b fleet.AuditRecord) int { return cmp.Compare(b.ID, a.ID) })
	if query.Limit > 0 && len(all) > query.Limit {
		all = all[:query.Limit]
	}
	return all, nil
}

// named finds the tenants that are meant, without asking anybody else: those of
// the state, any id, and names that records were written with, since a record
// outlives the tenant's place in the state.
func named(ctx context.Context, st reader, words []string) ([]entra.TenantID, error) {
	known, err := st.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	var ids []entra.TenantID
	add := func(id entra.TenantID) {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, w := range words {
		found, selectErr := fleet.Selector{Tenants: []string{w}}.Select(known)
		if selectErr == nil && len(found) == 1 {
			add(found[0].ID)
			continue
		}
		if id, err := entra.ParseTenantID(w); err == nil {
			add(id)
			continue
		}
		records, err := st.Audit(ctx, fleet.AuditFilter{})
		if err != nil {
			return nil, err
		}
		before := len(ids)
		for _, r := range records {
			if strings.EqualFold(r.TenantName, strings.TrimSpace(w)) {
				add(r.Tenant)
			}
		}
		if len(ids) == before {
			return nil, clierr.Usage("give its id; tenantry tenants list shows those of the state", "--tenant: neither a tenant of the state nor one of a record is called %q", w)
		}
	}
	return ids, nil
}

func result(items []Item) output.Result {
	if items == nil {
		items = []Item{} // never null in JSON
	}
	rows := make([][]string, 0, len(items))
	for _, i := range items {
		rows = append(rows, []string{strconv.FormatInt(i.ID, 10), stamp(i.Started), i.place(), i.Kind, i.on(), string(i.Outcome), i.Actor, i.what(), i.Reason, i.Detail})
	}
	return output.Result{
		Doc: items, Columns: []string{"ID", "BEGUN", "TENANT", "KIND", "ON", "OUTCOME", "BY", "WHAT", "REASON", "DETAIL"}, Rows: rows,
		Give: output.Give{
			Drop: []string{"DETAIL", "REASON", "WHAT"},
			Cut:  []output.Limit{{Column: "ON", Width: 10}, {Column: "TENANT", Width: 8}, {Column: "BY", Width: 4}},
		},
	}
}
