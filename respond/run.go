package respond

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/store"
)

// Store is what carrying out plans needs of a store.
type Store interface {
	AppendAudit(ctx context.Context, r fleet.AuditRecord) (id int64, err error)
	FinishAudit(ctx context.Context, id int64, res fleet.AuditResult) error
	Audit(ctx context.Context, f fleet.AuditFilter) ([]fleet.AuditRecord, error)
}

// Runner carries out plans. It is safe for concurrent use when its fields are
// not changed.
type Runner struct {
	Store Store
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Actor is who runs it, for the audit: a user name or a job's name.
	Actor string
}

func (r *Runner) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}

// Receipt is what the service gave for an effect.
type Receipt struct {
	ServiceIDs []string // ids of what it made, such as that of a machine action
	Detail     string   // for the audit, in words; may be empty

	unsent bool // with an error: it came before anything was sent
}

// Result is what became of a plan.
type Result struct {
	AuditID int64 // of its record; 0 when none was written
	Outcome fleet.AuditOutcome
	Receipt Receipt
}

// AuditError says that the audit could not be kept. With Before, nothing was
// sent to the service; else the effect had Outcome and only its record is
// incomplete.
type AuditError struct {
	Before  bool
	AuditID int64
	Outcome fleet.AuditOutcome
	Err     error
}

func (e *AuditError) Error() string {
	if e.Before {
		return fmt.Sprintf("the audit record cannot be written, so that nothing was done: %v", e.Err)
	}
	return fmt.Sprintf("what was asked for is %s, and that cannot be written to audit record %d: %v", e.Outcome, e.AuditID, e.Err)
}

// Unwrap gives the cause.
func (e *AuditError) Unwrap() error { return e.Err }

// Next says in one sentence what to do about it.
func (e *AuditError) Next() string {
	if e.Before {
		return "Mend what keeps the state from being written, then run it again."
	}
	return "Mend what keeps the state from being written; do not run it again without looking at what the service shows."
}

// keep is how long finishing a record may take when the caller's context has
// ended: Ctrl-C must not leave a record open whose effect is known.
const keep = 10 * time.Second

// Run checks the plan, writes its audit record, calls effect once and finishes
// the record. It returns effect's error as it is, so that callers see typed
// errors; Result tells the outcome that [Judge] made of it.
//
// Errors of its own are [*PlanError], [*AuditError] and, when ctx ended before
// anything was written, its cause; whenever Result.AuditID is 0, nothing was
// sent. When the record cannot be finished, the error is an [*AuditError] that
// wraps, beside the cause, the effect's own.
func (r *Runner) Run(ctx context.Context, p Plan, effect func(context.Context) (Receipt, error)) (Result, error) {
	if err := p.Check(); err != nil {
		return Result{}, err
	}
	id, err := r.begin(ctx, p)
	if err != nil {
		return Result{}, unwritten(ctx, err)
	}
	return r.carryOut(ctx, id, effect)
}

// unwritten tells that a record could not be written; when that is because the
// caller's context ended, it tells of that alone.
func unwritten(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return &AuditError{Before: true, Err: err}
}

// begin writes the open record of a plan that was checked.
func (r *Runner) begin(ctx context.Context, p Plan) (int64, error) {
	return r.Store.AppendAudit(ctx, fleet.AuditRecord{
		Kind: string(p.Kind), Tenant: p.Tenant, TenantName: p.TenantName, Surface: p.Surface,
		Target: p.Target, TargetName: p.TargetName, Comment: p.Comment, Reason: p.Reason, Changes: p.Changes,
		Actor: r.Actor, Guard: p.Kind.guard(), Started: r.now(),
	})
}

// carryOut tries the effect of a record that was begun and finishes it. A
// panic of the effect leaves the record uncertain and goes on.
func (r *Runner) carryOut(ctx context.Context, id int64, effect func(context.Context) (Receipt, error)) (Result, error) {
	returned := false
	defer func() {
		if !returned {
			_ = r.finish(ctx, id, fleet.AuditResult{Outcome: fleet.AuditUncertain, Code: "panic", Detail: "the program broke off"})
		}
	}()
	receipt, err := effect(ctx)
	returned = true
	outcome, code := Judge(err)
	if outcome == fleet.AuditUncertain && receipt.unsent {
		outcome = fleet.AuditFailed
	}
	res := Result{AuditID: id, Outcome: outcome, Receipt: receipt}
	detail := receipt.Detail
	if err != nil {
		detail = err.Error()
	}
	if cause := r.finish(ctx, id, fleet.AuditResult{Outcome: outcome, ServiceIDs: receipt.ServiceIDs, Code: code, Detail: detail}); cause != nil {
		if err != nil {
			cause = fmt.Errorf("%w; the effect itself: %w", cause, err)
		}
		return res, &AuditError{AuditID: id, Outcome: outcome, Err: cause}
	}
	return res, err
}

// finish writes the outcome. Another run may have found it out before, from
// what the service shows: that is as good when it says the same.
func (r *Runner) finish(ctx context.Context, id int64, res fleet.AuditResult) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keep)
	defer cancel()
	res.At = r.now()
	err := r.Store.FinishAudit(ctx, id, res)
	if !errors.Is(err, store.ErrConflict) {
		return err
	}
	settled, readErr := r.Store.Audit(ctx, fleet.AuditFilter{ID: id})
	if readErr == nil && len(settled) == 1 && settled[0].Outcome == res.Outcome {
		return nil
	}
	return err
}
