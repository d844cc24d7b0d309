package incidents

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/internal/cli/access"
	"github.com/tenantry/tenantry/internal/cli/change"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/respond"
)

func newComment(f *factory.Factory) *cobra.Command {
	var (
		flags         change.Flags
		text, surface string
	)
	cmd := &cobra.Command{
		Use:   "comment INCIDENT-ID...",
		Short: "Add a comment to incidents",
		Long: `Add a comment to incidents of one tenant. The customer's people read it in their
portal, with the name of your application as its author. It takes nothing away,
so that it is added whatever has changed since the incident was shown; an
incident that was merged into another is left alone, and the other one named.

The comment is confirmed before it is sent (--yes for scripts) and written to the
audit of the state. It is sent once: when a service breaks off, the outcome is
"uncertain", and a second try could add it twice.

Needed is the application role SecurityIncident.ReadWrite.All of Microsoft
Graph, or Incident.ReadWrite.All of Microsoft Threat Protection (profile
manage).`,
		Example: command.Examples(
			"tell the customer", `tenantry incidents comment 29 --tenant contoso.com --comment "Called Anna, she confirms the sign-in"`),
		Args: command.Args(1, -1, "incident id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := change.NeedComment(text); err != nil {
				return err
			}
			job := change.Job{Kind: respond.KindIncidentComment, Comment: text}
			return runJob(cmd.Context(), f, flags, surface, defender.OpCommentIncident, args, job, func(ctx context.Context, t *access.Tenant, id string, g change.Guard) (*change.Written, error) {
				return written(t.UpdateIncident(ctx, id, defender.IncidentUpdate{Comment: text}, defender.UpdateOptions{DryRun: g.DryRun}))
			})
		},
	}
	cmd.Flags().StringVar(&text, "comment", "", "`text` of the comment (required)")
	flags.Add(cmd, false)
	cmd.Flags().StringVar(&surface, "surface", "auto", "auto, graph or xdr")
	return cmd
}
