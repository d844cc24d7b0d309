package tenants

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/each"
	"github.com/tenantry/tenantry/internal/cli/explain"
	"github.com/tenantry/tenantry/internal/cli/factory"
)

type importOptions struct {
	path   string
	yes    bool
	dryRun bool
}

func newImport(f *factory.Factory) *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Add many tenants from a CSV or YAML file",
		Long: `Add many tenants at once. All of them are added or, when anything is wrong,
none; every problem is told with its line.

A CSV file has a first line of column names: tenant (an id or a domain; id and
domain are accepted as names too), and if you like name, customer and tags
(separated by spaces or semicolons). Columns may be separated by semicolons or
tabs instead, and UTF-16 is read too, as spreadsheets write them. A YAML file is a list with the same keys.
Domains are resolved to tenant ids by public discovery.

  tenant,name,customer,tags
  contoso.com,Contoso,Contoso Group,gold emea
  11111111-2222-4333-8444-555555555555,Fabrikam,,silver`,
		Example: command.Examples(
			"look before adding", "tenantry tenants import tenants.csv --dry-run",
			"add them", "tenantry tenants import tenants.csv --yes"),
		Args: command.Args(1, 1, "file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.path = args[0]
			return runImport(cmd.Context(), f, o)
		},
	}
	cmd.Flags().BoolVar(&o.yes, "yes", false, "do not ask for confirmation")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "show what would be added and add nothing")
	return cmd
}

func runImport(ctx context.Context, f *factory.Factory, o importOptions) error {
	text, err := os.ReadFile(o.path)
	if err != nil {
		return clierr.Usage("give a readable CSV or YAML file", "%v", err).Because(err)
	}
	records, problems := parseRecords(o.path, text)
	existing, err := f.Known(ctx)
	if err != nil {
		return err
	}
	cloud, err := f.Cloud()
	if err != nil {
		return err
	}
	ids, unresolved := resolveAll(ctx, f, records)
	problems = append(problems, unresolved...)
	if err := ctx.Err(); err != nil {
		return err
	}
	var fresh []fleet.Tenant
	var lines []int // of fresh
	for i, r := range records {
		if ids[i] == "" {
			continue
		}
		t := fleet.Tenant{ID: ids[i], Name: r.name, Domain: r.domain(), Customer: r.customer, Tags: r.tags, Cloud: cloud.Name, State: fleet.StateAdded, Added: f.Now().UTC()}
		if err := clash(existing, t); err != nil {
			problems = append(problems, problem{r.line, err.Error()})
			continue
		}
		if text, ok := repeats(fresh, lines, t); ok {
			problems = append(problems, problem{r.line, text})
			continue
		}
		fresh, lines = append(fresh, t), append(lines, r.line)
	}
	if len(problems) > 0 {
		return refuse(o.path, problems)
	}
	if len(fresh) == 0 {
		return clierr.Usage("give a line per tenant", "%s names no tenant", o.path)
	}
	if o.dryRun {
		f.Streams.Notef("would add %s; nothing was written", each.Count(len(fresh), "tenant", "tenants"))
		return f.Print(table(fresh))
	}
	if !o.yes {
		for _, t := range fresh {
			f.Streams.Notef("  %s  %s  %s", t.ID, t.Domain, t.Name)
		}
		if err := confirm(ctx, f, fmt.Sprintf("Add %s?", each.Count(len(fresh), "tenant", "tenants"))); err != nil {
			return err
		}
	}
	if err := putAll(ctx, f, nil, fresh); err != nil {
		return err
	}
	f.Streams.Notef("added %s; next: tenantry invite --tenant TENANT for each", each.Count(len(fresh), "tenant", "tenants"))
	return f.Print(table(fresh))
}

// repeats tells of a line of the file that is about the same tenant, or uses
// the same name, as one before.
func repeats(before []fleet.Tenant, lines []int, t fleet.Tenant) (string, bool) {
	for i, b := range before {
		switch {
		case b.ID == t.ID:
			return fmt.Sprintf("tenant %s is on line %d already; keep one of them", t.ID, lines[i]), true
		case t.Name != "" && strings.EqualFold(b.Name, t.Name):
			return fmt.Sprintf("the name %q is on line %d already, for another tenant; choose another", t.Name, lines[i]), true
		}
	}
	return "", false
}

// resolveAll finds the ids, a few domains at a time. Records that have a
// problem get no id.
func resolveAll(ctx context.Context, f *factory.Factory, records []record) ([]entra.TenantID, []problem) {
	ids := make([]entra.TenantID, len(records))
	errs := make([]error, len(records))
	var g errgroup.Group
	g.SetLimit(8)
	for i, r := range records {
		g.Go(func() error {
			ids[i], errs[i] = f.Resolve(ctx, r.tenant)
			return nil
		})
	}
	_ = g.Wait() // failures are in errs
	var problems []problem
	for i, err := range errs {
		if err == nil {
			continue
		}
		ids[i] = ""
		x := explain.Error(err)
		text := x.Message
		if x.Next != "" {
			text += "; " + x.Next
		}
		problems = append(problems, problem{records[i].line, text})
	}
	return ids, problems
}

type problem struct {
	line int
	text string
}

func refuse(path string, problems []problem) error {
	lines := make([]string, 0, len(problems)+1)
	word := "problems"
	if len(problems) == 1 {
		word = "problem"
	}
	lines = append(lines, fmt.Sprintf("%s has %d %s; nothing was added", path, len(problems), word))
	for _, p := range problems {
		lines = append(lines, fmt.Sprintf("  %s:%d: %s", path, p.line, p.text))
	}
	return clierr.Usage("put the lines right and import the file again", "%s", strings.Join(lines, "\n"))
}
