package incidents

import (
	"context"
	"slices"

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

type updateOptions struct {
	flags     change.Flags
	verdict   change.Verdict
	status    string
	setTags   []string
	addTags   []string
	dropTags  []string
	resolving string
	surface   string
	ids       []string
}

func newUpdate(f *factory.Factory) *cobra.Command {
	var o updateOptions
	cmd := &cobra.Command{
		Use:   "update INCIDENT-ID...",
		Short: "Set status, assignment, classification or tags of incidents",
		Long: `Change incidents of one tenant. Each is read again first. It is left alone when
it was merged into another (the other one is named), and when it was updated
after list or show last showed it to you: look at it again and decide anew, or
add --force. A scheduled list with the same state counts as showing; programs
had better say with --seen which lastUpdateDateTime they decided upon.

What would change is told and confirmed before anything is sent (--yes for
scripts), and written to the audit of the state with what became of it. Only
what differs is sent, once: when a service breaks off, the outcome is
"uncertain" and the next step tells how to find out. Neither of Microsoft's APIs
can update on a condition, so that a change by somebody else in the same moment
can still be lost.

Determinations go with a classification:

` + change.DeterminationHelp() + `

Needed is the application role SecurityIncident.ReadWrite.All of Microsoft
Graph, or Incident.ReadWrite.All of Microsoft Threat Protection (profile
manage). Exit code 4 means that some incidents were changed and some were not.`,
		Example: command.Examples(
			"take one", "tenantry incidents update 29 --tenant contoso.com --status inProgress --assign-to soc@partner.example",
			"what closing two would change", "tenantry incidents update 29 31 --tenant contoso.com --status resolved --dry-run",
			"close a false positive from a script", `tenantry incidents update 29 --tenant contoso.com --status resolved --classification falsePositive --determination notMalicious --yes`,
			"tag one, keeping its other tags", "tenantry incidents update 29 --tenant contoso.com --add-tag vip"),
		Args: command.Args(1, -1, "incident id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.ids = args
			return runUpdate(cmd, f, o)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&o.status, "status", "", "set this `status`: active, inProgress or resolved")
	o.verdict.Add(cmd)
	fs.StringSliceVar(&o.setTags, "set-tags", nil, "these `tags` and no others, with commas; '' removes all")
	fs.StringSliceVar(&o.addTags, "add-tag", nil, "add this `tag`; several with commas")
	fs.StringSliceVar(&o.dropTags, "remove-tag", nil, "remove this `tag`; several with commas")
	fs.StringVar(&o.resolving, "resolving-comment", "", "`text` on how it was resolved; graph only")
	o.flags.Add(cmd, true)
	fs.StringVar(&o.surface, "surface", "auto", "auto, graph or xdr")
	return cmd
}

// tagging says how the tags of each incident change.
type tagging struct {
	set       bool
	tags      []string // all of them, when set
	add, drop []string
}

func (t tagging) none() bool { return !t.set && len(t.add)+len(t.drop) == 0 }

// of is what the tags become; nil leaves them alone.
func (t tagging) of(now []string) *[]string {
	if t.none() {
		return nil
	}
	tags := []string{}
	if t.set {
		tags = append(tags, t.tags...)
	} else {
		tags = append(tags, now...)
	}
	tags = slices.DeleteFunc(tags, func(s string) bool { return slices.Contains(t.drop, s) })
	for _, s := range t.add {
		if !slices.Contains(tags, s) {
			tags = append(tags, s)
		}
	}
	return &tags
}

func (o updateOptions) parse(cmd *cobra.Command) (defender.IncidentUpdate, tagging, error) {
	var u defender.IncidentUpdate
	t := tagging{set: cmd.Flags().Changed("set-tags"), tags: o.setTags, add: o.addTags, drop: o.dropTags}
	if t.set && len(t.add)+len(t.drop) > 0 {
		return u, t, clierr.Usage("leave one of them out", "--set-tags excludes --add-tag and --remove-tag")
	}
	t.tags = slices.DeleteFunc(slices.Clone(t.tags), func(s string) bool { return s == "" })
	d, err := o.verdict.Parse(cmd)
	if err != nil {
		return u, t, err
	}
	settable := []defender.Status{defender.StatusActive, defender.StatusInProgress, defender.StatusResolved}
	if u.Status, err = filter.Member("--status", "a status of an incident", settable, o.status, defender.ParseStatus); err != nil {
		return u, t, err
	}
	if u.Status == defender.StatusRedirected {
		return u, t, clierr.Usage("use "+filter.Or(settable), "--status: the service sets %q when it merges incidents", o.status)
	}
	u.AssignedTo, u.Classification, u.Determination, u.Comment, u.ResolvingComment = d.AssignedTo, d.Classification, d.Determination, d.Comment, o.resolving
	if u == (defender.IncidentUpdate{}) && t.none() {
		return u, t, clierr.Usage("give one of --status, --assign-to, --unassign, --classification, --set-tags, --add-tag, --remove-tag, --resolving-comment or --comment", "there is nothing to change")
	}
	return u, t, nil
}

func runUpdate(cmd *cobra.Command, f *factory.Factory, o updateOptions) error {
	u, tags, err := o.parse(cmd)
	if err != nil {
		return err
	}
	job := change.Job{Kind: respond.KindIncidentUpdate, Compared: true, Comment: u.Comment}
	return runJob(cmd.Context(), f, o.flags, o.surface, defender.OpUpdateIncident, o.ids, job, func(ctx context.Context, t *access.Tenant, id string, g change.Guard) (*change.Written, error) {
		u := u
		if !tags.none() {
			now, err := t.BriefIncident(ctx, id)
			if err != nil {
				return nil, err
			}
			u.Tags = tags.of(now.Tags)
		}
		return written(t.UpdateIncident(ctx, id, u, defender.UpdateOptions{SeenAt: g.SeenAt, Force: g.Force, DryRun: g.DryRun}))
	})
}

func written(r *defender.UpdateResult, err error) (*change.Written, error) {
	if r == nil {
		return nil, err
	}
	return &change.Written{Name: r.Before.Name, Before: r.Before.LastUpdate, After: r.After.LastUpdate, Changes: r.Changes, Differs: r.Differs}, err
}

// runJob opens the tenant and carries out a job on incidents.
func runJob(ctx context.Context, f *factory.Factory, flags change.Flags, surface string, op defender.Operation, ids []string, job change.Job,
	write func(context.Context, *access.Tenant, string, change.Guard) (*change.Written, error),
) error {
	for _, id := range ids {
		if err := checkID(id); err != nil {
			return err
		}
	}
	if err := flags.Check(f); err != nil {
		return err
	}
	t, open, err := access.One(ctx, f, flags.Tenant, surface, op)
	if err != nil {
		return err
	}
	f.Streams.Progressf("%s, through %s: %s", t.Label(), open.Surface, open.Reason)
	job.Noun, job.SeenKind, job.Show = "incident", fleet.SeenIncident, "incidents show"
	job.Tenant, job.Surface, job.IDs = t, open.Surface, ids
	job.Write = func(ctx context.Context, id string, g change.Guard) (*change.Written, error) {
		return write(ctx, open, id, g)
	}
	return change.Run(ctx, f, flags, job)
}
