package respond

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/store"
)

// How long an isolation may take to be asked for, waits for quota included, and
// how long after its beginning a run that nobody knows the end of is taken to
// have done nothing when the service shows no action of it. The second is long
// after the first, so that no run is given up that may still send. Ours.
const (
	effectLimit = 5 * time.Minute
	settleAfter = 15 * time.Minute
)

// IsolateOptions are wishes for [Runner.Isolate].
type IsolateOptions struct {
	Type defender.IsolationType // empty means defender.IsolateFull
	// Force isolates although the service shows the machine isolated, or being
	// released. While an isolation is under way, or may be, nothing does.
	Force bool
}

// Isolate carries out a plan to isolate machine p.Target, which is its id, with
// the guard of one isolation or release of a machine at a time:
//
//   - of several runs at once, in any process that shares the store, one goes on;
//   - the service's list of actions is read after the record was written and
//     before anything is sent, and an isolation that is pending or in progress,
//     or was carried out and not released, refuses this one;
//   - when the answer is lost, the list is read to find out; what stays unknown
//     refuses others until the service shows the action or a quarter of an hour
//     has gone by without one.
//
// Refusals of these kinds are [*AlreadyIsolatingError], recorded unless another
// run's record was in the way; other errors are those of [Runner.Run] and of
// package defender. It needs Machine.Isolate and, for the list, Machine.Read.All.
func (r *Runner) Isolate(ctx context.Context, c *defender.Client, p Plan, o IsolateOptions) (*defender.MachineAction, Result, error) {
	p.Kind = KindIsolate
	return r.isolation(ctx, c, p, o.Force, func(ctx context.Context) (*defender.MachineAction, error) {
		return c.Machines().Isolate(ctx, p.Target, defender.IsolateRequest{Type: o.Type, Comment: p.Comment})
	})
}

// Release carries out a plan to release machine p.Target from isolation, with
// the guards of [Runner.Isolate]: a release or an isolation that is pending or
// in progress refuses it. A machine that does not show as isolated is released
// all the same, since what the list shows may be incomplete.
func (r *Runner) Release(ctx context.Context, c *defender.Client, p Plan) (*defender.MachineAction, Result, error) {
	p.Kind = KindRelease
	return r.isolation(ctx, c, p, false, func(ctx context.Context) (*defender.MachineAction, error) {
		return c.Machines().Release(ctx, p.Target, p.Comment)
	})
}

// Hindered tells what would refuse a plan of kind KindIsolate or KindRelease on
// a machine in this state; nil when nothing would. Its Machine is left empty.
func Hindered(kind Kind, i Isolation, force bool) *AlreadyIsolatingError {
	var a *defender.MachineAction
	switch {
	case i.Open != nil && (kind == KindRelease || i.Open.Type == defender.ActionIsolate || !force):
		a = i.Open
	case kind == KindIsolate && i.Isolated() && !force:
		a = i.Last
	default:
		return nil
	}
	return &AlreadyIsolatingError{Kind: kind, Action: a}
}

// isolation carries out either.
func (r *Runner) isolation(ctx context.Context, c *defender.Client, p Plan, force bool,
	post func(context.Context) (*defender.MachineAction, error)) (*defender.MachineAction, Result, error) {
	p.Surface = defender.SurfaceMDE
	if err := p.Check(); err != nil {
		return nil, Result{}, err
	}
	record, err := r.beginGuarded(ctx, c, p, force)
	if err != nil {
		return nil, Result{}, err
	}
	var action *defender.MachineAction
	res, err := r.carryOut(ctx, record.ID, func(ctx context.Context) (Receipt, error) {
		ctx, cancel := context.WithTimeout(ctx, effectLimit)
		defer cancel()
		now, err := ReadIsolation(ctx, c, p.Target)
		if err != nil {
			return Receipt{unsent: true}, err
		}
		if already := Hindered(p.Kind, now, force); already != nil {
			already.Machine = label(p)
			return Receipt{}, already
		}
		if action, err = post(ctx); err == nil {
			return Receipt{ServiceIDs: []string{action.ID}}, nil
		}
		if !is[*defender.UncertainError](err) {
			return Receipt{}, err
		}
		// The service may know what became of it; when it cannot be asked now, the
		// first error says what matters.
		if after, listErr := ReadIsolation(ctx, c, p.Target); listErr == nil {
			if action = after.made(record); action != nil {
				return Receipt{ServiceIDs: []string{action.ID}, Detail: "the answer was lost; the service's list shows the action"}, nil
			}
		}
		return Receipt{}, err
	})
	return action, res, err
}

// maxTurns bounds how often a run tries again because another one, which has
// ended since, came first. Ours.
const maxTurns = 10

// beginGuarded writes the record, after settling a run that is in its way. When
// that one's action hinders this one, nothing is written.
func (r *Runner) beginGuarded(ctx context.Context, c *defender.Client, p Plan, force bool) (fleet.AuditRecord, error) {
	for range maxTurns {
		started := r.now()
		id, err := r.begin(ctx, p)
		if err == nil {
			return fleet.AuditRecord{ID: id, Kind: string(p.Kind), Comment: p.Comment, Started: started}, nil
		}
		if !errors.Is(err, store.ErrConflict) {
			return fleet.AuditRecord{}, unwritten(ctx, err)
		}
		known, err := r.settle(ctx, c, p)
		if err != nil {
			return fleet.AuditRecord{}, err
		}
		if already := Hindered(p.Kind, known, force); already != nil {
			already.Machine = label(p)
			return fleet.AuditRecord{}, already
		}
	}
	return fleet.AuditRecord{}, &AuditError{Before: true, Err: fmt.Errorf("other runs on machine %s come first each time", label(p))}
}

// settle finds out what became of an earlier run on the same machine, and
// writes it. One that may still take effect is an AlreadyIsolatingError. What
// the service showed is returned; it is empty when there was nothing to settle.
func (r *Runner) settle(ctx context.Context, c *defender.Client, p Plan) (Isolation, error) {
	unsettled, err := r.Store.Audit(ctx, fleet.AuditFilter{Tenant: p.Tenant, Target: p.Target, Guard: p.Kind.guard(),
		Outcomes: []fleet.AuditOutcome{fleet.AuditOpen, fleet.AuditUncertain}})
	if err != nil {
		return Isolation{}, unwritten(ctx, err)
	}
	if len(unsettled) == 0 { // settled meanwhile
		return Isolation{}, nil
	}
	known, err := ReadIsolation(ctx, c, p.Target)
	if err != nil {
		return Isolation{}, err
	}
	for _, old := range unsettled {
		result := fleet.AuditResult{At: r.now()}
		until := old.Started.Add(settleAfter)
		switch a := known.made(old); {
		case a != nil:
			result.Outcome, result.ServiceIDs, result.Detail = fleet.AuditDone, []string{a.ID}, "found later in the service's list of actions"
		case r.now().Before(until):
			return known, &AlreadyIsolatingError{Kind: p.Kind, Machine: label(p), Record: &old, Until: until}
		default:
			result.Outcome, result.Code, result.Detail = fleet.AuditFailed, "not-shown", "the service's list shows no such action"
		}
		err := r.Store.FinishAudit(ctx, old.ID, result)
		if err != nil && !errors.Is(err, store.ErrConflict) { // a conflict: another run settled it
			return known, unwritten(ctx, err)
		}
	}
	return known, nil
}

func label(p Plan) string {
	if p.TargetName != "" {
		return p.TargetName
	}
	return p.Target
}
