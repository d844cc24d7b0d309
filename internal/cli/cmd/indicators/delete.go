package indicators

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/internal/cli/access"
	"github.com/tenantry/tenantry/internal/cli/act"
	"github.com/tenantry/tenantry/internal/cli/change"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/each"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/moment"
	"github.com/tenantry/tenantry/internal/cli/output"
	"github.com/tenantry/tenantry/respond"
)

// Deleted is what became of the deletion of an indicator.
type Deleted struct {
	each.Head
	ID        string              `json:"id"`
	Outcome   string              `json:"outcome"` // of the audit, or planned with --dry-run
	Indicator *defender.Indicator `json:"indicator,omitempty"`
	AuditID   int64               `json:"auditId,omitempty"`
	act.Remarks
}

type deleteOptions struct {
	act.Flags
	tenant string
	id     string
}

func newDelete(f *factory.Factory) *cobra.Command {
	var o deleteOptions
	cmd := &cobra.Command{
		Use:   "delete INDICATOR-ID",
		Short: "Delete an indicator",
		Long: `Delete one indicator of one tenant by its id, which the list shows. What it is
is told first; a person confirms, or --yes; the audit record, with the comment,
is written before anything is sent. The service itself takes no comment.

Needed is the application role Ti.ReadWrite of WindowsDefenderATP, for an
indicator that your app submitted, or Ti.ReadWrite.All.`,
		Example: command.Examples("a false alarm", "tenantry indicators delete 994 --tenant contoso.com --comment 'it is our own scanner'"),
		Args:    command.Args(1, 1, "indicator id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.id = args[0]
			return runDelete(cmd.Context(), f, o)
		},
	}
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "`tenant` by id, domain or name")
	o.Add(cmd, "kept in the audit")
	return cmd
}

func runDelete(ctx context.Context, f *factory.Factory, o deleteOptions) error {
	if err := o.Check(f); err != nil {
		return err
	}
	t, open, err := access.One(ctx, f, o.tenant, "auto", defender.OpDeleteIndicator)
	if err != nil {
		return err
	}
	show := fmt.Sprintf("tenantry indicators list --tenant %s", command.Quote(t.Label()))
	i, err := access.Again(ctx, open, func() (*defender.Indicator, error) { return find(ctx, open.Client(), o.id) })
	if err != nil {
		return err
	}
	if i == nil {
		return clierr.Failed(show+" shows those there are, as far as your role lets you see them", "%s has no indicator %q", t.Label(), o.id)
	}
	plan := respond.Plan{Kind: respond.KindIndicatorDelete, Tenant: t.ID, TenantName: t.Label(), Target: i.ID, TargetName: i.Value, Comment: o.Comment, Reason: o.Reason,
		Changes: []string{fmt.Sprintf("delete: %s %s %s", i.Action, i.Type, i.Value)}}
	if err := plan.Check(); err != nil {
		return err
	}
	f.Streams.Notef("indicator %s: %s %s, %s, created %s by %s: %s", i.ID, i.Type, i.Value, i.Action, moment.Stamp(i.Created), cmp.Or(i.Source, change.None), i.Title)
	done := Deleted{Head: each.HeadOf(t), ID: i.ID, Outcome: act.OutcomePlanned, Indicator: i}
	if o.DryRun {
		return printDeleted(f, done)
	}
	if err := o.Confirm(ctx, f, fmt.Sprintf("Delete indicator %s (%s %s) of %s?", i.ID, i.Type, i.Value, t.Place())); err != nil {
		return err
	}
	runner, err := act.Runner(ctx, f)
	if err != nil {
		return err
	}
	res, err := access.Again(ctx, open, func() (respond.Result, error) { return runner.DeleteIndicator(ctx, open.Client(), plan) })
	if e, ok := errors.AsType[*defender.UncertainError](err); ok {
		err = &defender.UncertainError{Surface: e.Surface, Operation: e.Operation, Target: e.Target, Err: e.Err,
			Check: show + " tells whether it is gone; deleting it again is safe."}
	}
	if err != nil && res.AuditID == 0 {
		return err
	}
	done.Outcome, done.AuditID = string(res.Outcome), res.AuditID
	if err != nil { // begun, and not done: the outcome is data too
		done.Remarks = act.RemarksOn(err)
	}
	return errors.Join(err, printDeleted(f, done))
}

// find looks for an indicator by its id: the service lists them, and has no
// call for one.
func find(ctx context.Context, c *defender.Client, id string) (*defender.Indicator, error) {
	for i, err := range c.Indicators().All(ctx, defender.IndicatorListOptions{}) {
		if err != nil {
			return nil, err
		}
		if i.ID == id {
			return i, nil
		}
	}
	return nil, nil
}

func printDeleted(f *factory.Factory, d Deleted) error {
	rows := [][]string{{"indicator", d.ID}, {"tenant", d.TenantName}, {"type", string(d.Indicator.Type)}, {"value", d.Indicator.Value}, {"outcome", d.Outcome}}
	if d.AuditID != 0 {
		rows = append(rows, []string{"audit record", fmt.Sprint(d.AuditID)})
	}
	return f.Print(output.Result{Doc: d, Lines: []any{d}, Columns: []string{"FIELD", "VALUE"}, Rows: rows})
}
