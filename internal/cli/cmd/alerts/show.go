package alerts

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/access"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/moment"
	"github.com/tenantry/tenantry/internal/cli/output"
	"github.com/tenantry/tenantry/internal/cli/seen"
	"github.com/tenantry/tenantry/internal/cli/story"
)

func newShow(f *factory.Factory) *cobra.Command {
	var tenant string
	cmd := &cobra.Command{
		Use:   "show ALERT-ID",
		Short: "Show one alert with its evidence, as a story",
		Long: `Show one alert of one tenant: what happened, what it is about (each device,
user, file … once), the ATT&CK techniques, what Microsoft advises, the comments,
and the link to its page in the portal.

On a terminal long lists are cut short and say so, and severities are coloured
unless NO_COLOR is set; in a file or a pipe nothing is cut or coloured. JSON and
YAML hold everything Microsoft Graph told.

Needed is the application role SecurityAlert.Read.All of Microsoft Graph.`,
		Example: command.Examples(
			"in words", "tenantry alerts show da637551227677560813_-961444813 --tenant contoso.com",
			"its evidence, for a program", "tenantry alerts show da637551227677560813_-961444813 --tenant contoso.com --output json --query evidence"),
		Args: command.Args(1, 1, "alert id"),
		RunE: func(cmd *cobra.Command, args []string) error { return runShow(cmd.Context(), f, tenant, args[0]) },
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "`tenant` by id, domain or name")
	return cmd
}

func runShow(ctx context.Context, f *factory.Factory, tenant, id string) error {
	if _, err := f.Printer(); err != nil {
		return err
	}
	t, open, err := access.One(ctx, f, tenant, "auto", defender.OpGetAlert)
	if err != nil {
		return err
	}
	alert, err := open.Alert(ctx, id)
	if err != nil {
		return err
	}
	f.Streams.Notef("%s, through %s: %s", t.Label(), open.Surface, open.Reason)
	item := newItem(t, open.Surface, alert)
	err = f.Print(output.Result{
		Doc: item, Lines: []any{item}, Columns: []string{"FIELD", "VALUE"}, Rows: describe(item),
		Page: func(p *output.Page) {
			story.Alert(p, story.About{Tenant: item.TenantName, Customer: item.Customer, Through: open.Surface, Now: f.Now()}, alert)
		},
	})
	if err != nil {
		return err
	}
	seen.Remember(ctx, f, fleet.SeenAlert, map[entra.TenantID][]fleet.Seen{t.ID: {shown(alert)}})
	if alert.IncidentID != "" {
		f.Streams.Notef("its incident: tenantry incidents show %s --tenant %s", command.Quote(alert.IncidentID), command.Quote(t.Label()))
	}
	return nil
}

// describe is an alert as rows of CSV.
func describe(i Item) [][]string {
	rows := [][]string{
		{"alert", i.ID}, {"title", i.Title}, {"tenant", i.TenantName},
		{"status", string(i.Status)}, {"severity", string(i.Severity)},
		{"created", moment.Stamp(i.Created)}, {"updated", moment.Stamp(i.LastUpdate)},
	}
	for _, r := range [][]string{
		{"incident", i.IncidentID}, {"service", i.ServiceSource}, {"assigned to", i.AssignedTo},
		{"classification", string(i.Classification)}, {"determination", string(i.Determination)},
		{"techniques", strings.Join(i.Techniques, ", ")}, {"description", i.Description}, {"page", i.WebURL},
	} {
		if r[1] != "" {
			rows = append(rows, r)
		}
	}
	for _, c := range i.Comments {
		rows = append(rows, []string{"comment", fmt.Sprintf("%s  %s: %s", moment.Stamp(c.Created), c.By, c.Text)})
	}
	return rows
}
