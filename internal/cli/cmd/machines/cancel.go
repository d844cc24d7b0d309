package machines

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/internal/cli/access"
	"github.com/tenantry/tenantry/internal/cli/act"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/each"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/moment"
	"github.com/tenantry/tenantry/respond"
)

type cancelOptions struct {
	act.Flags
	tenant string
	id     string
}

func newCancel(f *factory.Factory) *cobra.Command {
	var o cancelOptions
	cmd := &cobra.Command{
		Use:   "cancel ACTION-ID",
		Short: "Call off an action that has not come to its end",
		Long: `Cancel one action on a machine that is Pending or InProgress: an isolation that
waits for a machine which is off, for example. A person confirms, or --yes; the
audit record is written before anything is sent.

Needed are the application role of such an action, such as Machine.Isolate, and
Machine.Read.All of WindowsDefenderATP.`,
		Example: command.Examples("an isolation that is no longer wanted",
			"tenantry machines cancel 5382f7ea-7557-4ab7-9782-d50480024a4e --tenant contoso.com --comment 'false alarm'"),
		Args: command.Args(1, 1, "action id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.id = args[0]
			return runCancel(cmd.Context(), f, o)
		},
	}
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "`tenant` by id, domain or name")
	o.Add(cmd, "sent to the service, where the customer reads it")
	return cmd
}

func runCancel(ctx context.Context, f *factory.Factory, o cancelOptions) error {
	if err := o.Check(f); err != nil {
		return err
	}
	t, open, err := access.One(ctx, f, o.tenant, "auto", defender.OpCancelAction)
	if err != nil {
		return err
	}
	show := fmt.Sprintf("tenantry machines actions --tenant %s", command.Quote(t.Label()))
	a, err := access.Again(ctx, open, func() (*defender.MachineAction, error) { return open.Client().MachineActions().Get(ctx, o.id) })
	if refused, ok := errors.AsType[*defender.Error](err); ok && refused.Status == http.StatusNotFound {
		return clierr.Failed(show+" shows the actions there are", "%s has no action %q", t.Label(), o.id).Because(err)
	}
	if err != nil {
		return err
	}
	if !a.Status.Open() {
		return clierr.Failed("there is nothing to cancel", "action %s (%s of machine %s) has ended: %s", a.ID, a.Type, a.Machine, a.Status)
	}
	d := deed{Flags: o.Flags, kind: respond.KindCancel}
	plan := respond.Plan{Kind: d.kind, Tenant: t.ID, TenantName: t.Label(), Target: a.ID, TargetName: fmt.Sprintf("%s of %s", a.Type, a.Machine),
		Comment: o.Comment, Reason: o.Reason, Changes: []string{fmt.Sprintf("status: %s → Cancelled", a.Status)}}
	if err := plan.Check(); err != nil {
		return err
	}
	f.Streams.Notef("action %s: %s of machine %s, %s, asked for %s by %s: %s", a.ID, a.Type, a.Machine, a.Status, moment.Stamp(a.Created), a.Requestor, a.Comment)
	done := Done{Head: each.HeadOf(t), MachineID: a.MachineID, Machine: a.Machine, Kind: d.kind, Outcome: act.OutcomePlanned, Action: a}
	if o.DryRun {
		return d.print(f, done)
	}
	if err := o.Confirm(ctx, f, fmt.Sprintf("Cancel %s of machine %s of %s?", a.Type, a.Machine, t.Place())); err != nil {
		return err
	}
	runner, err := act.Runner(ctx, f)
	if err != nil {
		return err
	}
	var res respond.Result
	done.Action, err = access.Again(ctx, open, func() (out *defender.MachineAction, err error) {
		out, res, err = runner.Cancel(ctx, open.Client(), plan)
		return out, err
	})
	if err != nil {
		return d.failed(f, done, res, d.explained(err, t, &defender.Machine{ID: a.MachineID, Name: a.Machine}, res.AuditID))
	}
	done.Outcome, done.AuditID = string(res.Outcome), res.AuditID
	return d.print(f, done)
}
