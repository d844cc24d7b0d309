package indicators

import (
	"io"
	"strings"

	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/each"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/output"
)

// finish prints what became of a submission everywhere, and the account.
func finish(f *factory.Factory, items []Submitted, tenants []fleet.TenantStatus, end error, summary func(io.Writer)) error {
	rows := make([][]string, 0, len(items))
	for _, i := range items {
		id := ""
		if i.Indicator != nil {
			id = i.Indicator.ID
		}
		rows = append(rows, []string{i.TenantName, i.Outcome, id, string(i.Type), i.Value, strings.Join(i.Changes, "; ")})
	}
	err := each.Print(f, items, tenants, output.Result{
		Columns: []string{"TENANT", "OUTCOME", "ID", "TYPE", "VALUE", "CHANGES"},
		Rows:    rows,
		Give:    output.Give{Cut: []output.Limit{{Column: "CHANGES", Width: 16}, {Column: "VALUE", Width: 20}, {Column: "TENANT", Width: 12}}},
	})
	if err != nil {
		return err
	}
	summary(f.Streams.Err)
	return end
}
