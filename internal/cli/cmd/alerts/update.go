package alerts

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/access"
	"github.com/tenantry/tenantry/internal/cli/change"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/filter"
	"github.com/tenantry/tenantry/respond"
)

func newUpdate(f *factory.Factory) *cobra.Command {
	var (
		flags   change.Flags
		verdict change.Verdict
		status  string
	)
	cmd := &cobra.Command{
		Use:   "update ALERT-ID...",
		Short: "Set status, assignment or classification of alerts",
		Long: `Change alerts of one tenant. Each is read again first, and left alone when it was
updated after list or show last showed it to you: look at it again and decide
anew, or add --force. A scheduled list with the same state counts as showing;
programs had better say with --seen which lastUpdateDateTime they decided upon.

What would change is told and confirmed before anything is sent (--yes for
scripts), and written to the audit of the state with what became of it. Only
what differs is sent, once: when the service breaks off, the outcome is
"uncertain" and the next step tells how to find out. Changing an alert moves the
last update of its incident too.

Determinations go with a classification:

` + change.DeterminationHelp() + `

Needed is the application role SecurityAlert.ReadWrite.All of Microsoft Graph
(profile manage). Exit code 4 means that some alerts were changed and some were
not.`,
		Example: command.Examples(
			"close one", "tenantry alerts update da637551227677560813_-961444813 --tenant contoso.com --status resolved --classification truePositive --determination malware",
			"what taking it would change", "tenantry alerts update da637551227677560813_-961444813 --tenant contoso.com --status inProgress --assign-to soc@partner.example --dry-run"),
		Args: command.Args(1, -1, "alert id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := verdict.Parse(cmd)
			if err != nil {
				return err
			}
			u := defender.AlertUpdate{AssignedTo: d.AssignedTo, Classification: d.Classification, Determination: d.Determination, Comment: d.Comment}
			if u.Status, err = filter.Member("--status", "a status of an alert", filter.AlertStatuses(), status, defender.ParseAlertStatus); err != nil {
				return err
			}
			if u == (defender.AlertUpdate{}) {
				return clierr.Usage("give one of --status, --assign-to, --unassign, --classification or --comment", "there is nothing to change")
			}
			job := change.Job{Kind: respond.KindAlertUpdate, Compared: true, Comment: u.Comment}
			return runJob(cmd.Context(), f, flags, defender.OpUpdateAlert, args, job, u)
		},
	}
	cmd.Flags().StringVar(&status, "status", "", "set this `status`: "+filter.Or(filter.AlertStatuses()))
	verdict.Add(cmd)
	flags.Add(cmd, true)
	return cmd
}

func newComment(f *factory.Factory) *cobra.Command {
	var (
		flags change.Flags
		text  string
	)
	cmd := &cobra.Command{
		Use:   "comment ALERT-ID...",
		Short: "Add a comment to alerts",
		Long: `Add a comment to alerts of one tenant. The customer's people read it in their
portal, with the name of your application as its author. It takes nothing away,
so that it is added whatever has changed since the alert was shown.

The comment is confirmed before it is sent (--yes for scripts) and written to the
audit of the state. It is sent once: when the service breaks off, the outcome is
"uncertain", and a second try could add it twice.

Needed is the application role SecurityAlert.ReadWrite.All of Microsoft Graph
(profile manage).`,
		Example: command.Examples(
			"tell the customer", `tenantry alerts comment da637551227677560813_-961444813 --tenant contoso.com --comment "Called Anna, she confirms the sign-in"`),
		Args: command.Args(1, -1, "alert id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := change.NeedComment(text); err != nil {
				return err
			}
			job := change.Job{Kind: respond.KindAlertComment, Comment: text}
			return runJob(cmd.Context(), f, flags, defender.OpCommentAlert, args, job, defender.AlertUpdate{Comment: text})
		},
	}
	cmd.Flags().StringVar(&text, "comment", "", "`text` of the comment (required)")
	flags.Add(cmd, false)
	return cmd
}

// runJob opens the tenant and carries out a job on alerts.
func runJob(ctx context.Context, f *factory.Factory, flags change.Flags, op defender.Operation, ids []string, job change.Job, u defender.AlertUpdate) error {
	if err := flags.Check(f); err != nil {
		return err
	}
	t, open, err := access.One(ctx, f, flags.Tenant, "auto", op)
	if err != nil {
		return err
	}
	f.Streams.Progressf("%s, through %s: %s", t.Label(), open.Surface, open.Reason)
	job.Noun, job.SeenKind, job.Show = "alert", fleet.SeenAlert, "alerts show"
	job.Tenant, job.Surface, job.IDs = t, open.Surface, ids
	job.Write = func(ctx context.Context, id string, g change.Guard) (*change.Written, error) {
		r, err := open.UpdateAlert(ctx, id, u, defender.AlertUpdateOptions{SeenAt: g.SeenAt, Force: g.Force, DryRun: g.DryRun})
		if r == nil {
			return nil, err
		}
		return &change.Written{Name: r.Before.Title, Before: r.Before.LastUpdate, After: r.After.LastUpdate, Changes: r.Changes, Differs: r.Differs}, err
	}
	return change.Run(ctx, f, flags, job)
}
