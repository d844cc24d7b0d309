package respond

import (
	"context"

	"github.com/tenantry/tenantry/defender"
)

// Scan carries out a plan to start an antivirus scan on machine p.Target. While
// one is under way the service answers with it or refuses. It needs Machine.Scan.
func (r *Runner) Scan(ctx context.Context, c *defender.Client, p Plan, t defender.ScanType) (*defender.MachineAction, Result, error) {
	p.Kind = KindScan
	return r.action(ctx, p, func(ctx context.Context) (*defender.MachineAction, error) {
		return c.Machines().Scan(ctx, p.Target, t, p.Comment)
	})
}

// Collect carries out a plan to have machine p.Target put together its
// investigation package. It needs Machine.CollectForensics.
func (r *Runner) Collect(ctx context.Context, c *defender.Client, p Plan) (*defender.MachineAction, Result, error) {
	p.Kind = KindCollect
	return r.action(ctx, p, func(ctx context.Context) (*defender.MachineAction, error) {
		return c.Machines().CollectPackage(ctx, p.Target, p.Comment)
	})
}

// Cancel carries out a plan to call off machine action p.Target.
func (r *Runner) Cancel(ctx context.Context, c *defender.Client, p Plan) (*defender.MachineAction, Result, error) {
	p.Kind = KindCancel
	return r.action(ctx, p, func(ctx context.Context) (*defender.MachineAction, error) {
		return c.MachineActions().Cancel(ctx, p.Target, p.Comment)
	})
}

func (r *Runner) action(ctx context.Context, p Plan, effect func(context.Context) (*defender.MachineAction, error)) (*defender.MachineAction, Result, error) {
	p.Surface = defender.SurfaceMDE
	var action *defender.MachineAction
	res, err := r.Run(ctx, p, func(ctx context.Context) (Receipt, error) {
		var err error
		if action, err = effect(ctx); err != nil {
			return Receipt{}, err
		}
		return Receipt{ServiceIDs: []string{action.ID}}, nil
	})
	return action, res, err
}

// SubmitIndicator carries out a plan to submit an indicator, or to update the
// one of the same type and value. The plan's target is set to its value when it
// is empty. It needs Ti.ReadWrite or Ti.ReadWrite.All.
func (r *Runner) SubmitIndicator(ctx context.Context, c *defender.Client, p Plan, i defender.Indicator) (*defender.Indicator, Result, error) {
	p.Kind, p.Surface = KindIndicatorSubmit, defender.SurfaceMDE
	if p.Target == "" {
		p.Target = i.Value
	}
	var out *defender.Indicator
	res, err := r.Run(ctx, p, func(ctx context.Context) (Receipt, error) {
		var err error
		if out, err = c.Indicators().Submit(ctx, i); err != nil {
			return Receipt{}, err
		}
		return Receipt{ServiceIDs: []string{out.ID}}, nil
	})
	return out, res, err
}

// DeleteIndicator carries out a plan to delete indicator p.Target, which is its
// id. It needs Ti.ReadWrite (of the app's own) or Ti.ReadWrite.All.
func (r *Runner) DeleteIndicator(ctx context.Context, c *defender.Client, p Plan) (Result, error) {
	p.Kind, p.Surface = KindIndicatorDelete, defender.SurfaceMDE
	return r.Run(ctx, p, func(ctx context.Context) (Receipt, error) {
		return Receipt{ServiceIDs: []string{p.Target}}, c.Indicators().Delete(ctx, p.Target)
	})
}
