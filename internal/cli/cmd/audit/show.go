package audit

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/output"
)

func newShow(f *factory.Factory) *cobra.Command {
	return &cobra.Command{
		Use:   "show RECORD",
		Short: "Show one record in full",
		Long: `Show all of one record of the audit, by the number that audit list, and every
command that changes something, tell: who asked for what and why, and what
became of it. Nothing is asked of Microsoft.`,
		Example: command.Examples("in full", "tenantry audit show 12", "as JSON", "tenantry audit show 12 --output json"),
		Args:    command.Args(1, 1, "record"),
		RunE:    func(cmd *cobra.Command, args []string) error { return runShow(cmd.Context(), f, args[0]) },
	}
}

func runShow(ctx context.Context, f *factory.Factory, word string) error {
	const next = "numbers are in the column ID of tenantry audit list"
	id, err := strconv.ParseInt(strings.TrimSpace(word), 10, 64)
	if err != nil || id <= 0 {
		return clierr.Usage(next, "%q is not the number of a record", word)
	}
	if _, err := f.Printer(); err != nil {
		return err
	}
	st, ok, err := f.ExistingStore(ctx)
	if err != nil {
		return err
	}
	var found []fleet.AuditRecord
	if ok {
		if found, err = st.Audit(ctx, fleet.AuditFilter{ID: id}); err != nil {
			return err
		}
	}
	if len(found) == 0 {
		return clierr.Failed(next, "the audit of this state has no record %d", id)
	}
	return f.Print(page(itemOf(found[0])))
}

func page(i Item) output.Result {
	var rows [][]string
	add := func(field, value string) {
		if value != "" {
			rows = append(rows, []string{field, value})
		}
	}
	add("record", strconv.FormatInt(i.ID, 10))
	add("kind", i.Kind)
	add("tenant", i.TenantName)
	add("tenant id", string(i.Tenant))
	add("surface", string(i.Surface))
	add("on", i.TargetName)
	add("id", i.Target)
	for _, c := range i.Changes {
		add("asked for", c)
	}
	add("comment", i.Comment)
	add("reason", i.Reason)
	add("by", i.Actor)
	add("begun", stamp(i.Started))
	add("ended", stamp(i.Finished))
	add("outcome", string(i.Outcome))
	add("code", i.Code)
	add("detail", i.Detail)
	add("service's ids", strings.Join(i.ServiceIDs, ", "))
	add("next", i.Next)
	return output.Result{Doc: i, Columns: []string{"FIELD", "VALUE"}, Rows: rows}
}
