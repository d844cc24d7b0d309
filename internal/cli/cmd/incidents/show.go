package incidents

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/access"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/moment"
	"github.com/tenantry/tenantry/internal/cli/output"
	"github.com/tenantry/tenantry/internal/cli/seen"
	"github.com/tenantry/tenantry/internal/cli/story"
)

type showOptions struct {
	id      string
	tenant  string
	surface string
}

func newShow(f *factory.Factory) *cobra.Command {
	var o showOptions
	cmd := &cobra.Command{
		Use:   "show INCIDENT-ID",
		Short: "Show one incident with its alerts, as a story",
		Long: `Show one incident of one tenant: what happened, its alerts in the order of
their first activity, what they are about (each device, user, file … once),
the ATT&CK techniques, the comments, and the link to its page in the portal.
Incident ids count per tenant, so that the tenant has to be named unless
AZURE_TENANT_ID is set or the state holds only one.

On a terminal long lists are cut short and say so, and severities are coloured
unless NO_COLOR is set; in a file or a pipe nothing is cut or coloured. JSON and
YAML hold everything the surface told, fields this version does not know among
them; CSV holds the incident's own fields and a line per alert.

Needed is the application role SecurityIncident.Read.All of Microsoft Graph, or
Incident.Read.All of Microsoft Threat Protection (the Defender XDR API).`,
		Example: command.Examples(
			"in words", "tenantry incidents show 29 --tenant contoso.com",
			"titles of its alerts", "tenantry incidents show 29 --tenant contoso.com --output json --query 'alerts[].title'"),
		Args: command.Args(1, 1, "incident id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.id = args[0]
			return runShow(cmd.Context(), f, o)
		},
	}
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "`tenant` by id, domain or name")
	cmd.Flags().StringVar(&o.surface, "surface", "auto", "auto, graph or xdr")
	return cmd
}

// checkID refuses what cannot be the id of an incident.
func checkID(id string) error {
	if n, err := strconv.ParseInt(id, 10, 64); err != nil || n <= 0 {
		return clierr.Usage("ids are in the column ID of tenantry incidents list", "%q is not the id of an incident: ids are numbers", id)
	}
	return nil
}

func runShow(ctx context.Context, f *factory.Factory, o showOptions) error {
	if err := checkID(o.id); err != nil {
		return err
	}
	if _, err := f.Printer(); err != nil {
		return err
	}
	t, open, err := access.One(ctx, f, o.tenant, o.surface, defender.OpGetIncident)
	if err != nil {
		return err
	}
	inc, err := open.Incident(ctx, o.id)
	if err != nil {
		return err
	}
	f.Streams.Notef("%s, through %s: %s", t.Label(), open.Surface, open.Reason)
	if inc.AlertsMissing != nil {
		f.Streams.Notef("note: its alerts are missing here: %v", inc.AlertsMissing)
	}
	item := NewItem(t, inc)
	err = f.Print(output.Result{
		Doc: item, Lines: []any{item}, Columns: []string{"FIELD", "VALUE"}, Rows: describe(item),
		Page: func(p *output.Page) {
			story.Incident(p, story.About{Tenant: item.TenantName, Customer: item.Customer, Through: open.Surface, Now: f.Now()}, inc)
		},
	})
	if err != nil {
		return err
	}
	seen.Remember(ctx, f, fleet.SeenIncident, map[entra.TenantID][]fleet.Seen{t.ID: {shown(inc)}})
	if inc.RedirectTo != "" {
		f.Streams.Notef("next: tenantry incidents show %s --tenant %s", inc.RedirectTo, command.Quote(t.Label()))
	}
	return nil
}

// describe is an incident as rows of CSV.
func describe(i Item) [][]string {
	rows := [][]string{
		{"incident", i.ID}, {"name", i.Name}, {"tenant", i.TenantName},
		{"status", string(i.Status)}, {"severity", string(i.Severity)},
		{"created", moment.Stamp(i.Created)}, {"updated", moment.Stamp(i.LastUpdate)},
	}
	for _, r := range [][]string{
		{"assigned to", i.AssignedTo}, {"classification", string(i.Classification)}, {"determination", string(i.Determination)},
		{"merged into", i.RedirectTo}, {"tags", strings.Join(i.Tags, ", ")}, {"summary", i.Summary}, {"page", i.WebURL},
	} {
		if r[1] != "" {
			rows = append(rows, r)
		}
	}
	for _, c := range i.Comments {
		rows = append(rows, []string{"comment", fmt.Sprintf("%s  %s: %s", moment.Stamp(c.Created), c.By, c.Text)})
	}
	for n, a := range i.Alerts {
		rows = append(rows, []string{fmt.Sprintf("alert %d", n+1), alertLine(a)})
	}
	return rows
}

func alertLine(a defender.Alert) string {
	line := fmt.Sprintf("%s  %s  %s", a.Severity, a.Status, a.Title)
	if n := len(a.Evidence); n > 0 {
		line += fmt.Sprintf("  (%d pieces of evidence)", n)
	}
	return line
}
