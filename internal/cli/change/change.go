// Package change makes changes to incidents and alerts from the command line:
// each is read again and compared with what was shown, told before it is made,
// confirmed, written to the audit, made once, and told with what became of it.
package change

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/act"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/each"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/moment"
	"github.com/tenantry/tenantry/internal/cli/seen"
	"github.com/tenantry/tenantry/respond"
)

// Flags are those of every command that changes something.
type Flags struct {
	Tenant string
	Reason string
	Seen   string
	DryRun bool
	Force  bool
	Yes    bool
}

// Add declares the flags; compared says that the change is compared with what
// was shown.
func (o *Flags) Add(cmd *cobra.Command, compared bool) {
	fs := cmd.Flags()
	fs.StringVar(&o.Tenant, "tenant", "", "`tenant` by id, domain or name")
	fs.StringVar(&o.Reason, "reason", "", "`text` for your own audit; the customer does not see it")
	fs.BoolVar(&o.DryRun, "dry-run", false, "read and tell what would change, and change nothing")
	fs.BoolVar(&o.Yes, "yes", false, "do not ask for confirmation")
	if compared {
		fs.StringVar(&o.Seen, "seen", "", "refuse if it was updated after this `time`, its lastUpdateDateTime when you read it (default: when list or show last showed it)")
		fs.BoolVar(&o.Force, "force", false, "change it although it has changed since it was shown")
	}
}

// Check refuses what cannot be carried out, before anything is asked.
func (o *Flags) Check(f *factory.Factory) error {
	if _, err := moment.Past("--seen", o.Seen, f.Now()); err != nil {
		return err
	}
	return act.Confirmable(f, o.DryRun || o.Yes)
}

// Guard says how one thing is changed.
type Guard struct {
	SeenAt time.Time // refuse if its last update is another; zero: do not compare
	Force  bool      // do not compare
	DryRun bool      // tell what would change
}

// Written is what a change did, or would do.
type Written struct {
	Name          string    // title, for people
	Before, After time.Time // last updates
	Changes       []defender.FieldChange
	Differs       []defender.FieldChange // the service tells these otherwise than they were written
}

// Job is a change of several things of one tenant, each by itself.
type Job struct {
	Kind     respond.Kind
	Noun     string // "incident" or "alert"
	SeenKind string // of what list and show remember
	Compared bool   // with what was shown
	Comment  string // that the customer reads, for the audit
	Tenant   fleet.Tenant
	Surface  defender.Surface
	IDs      []string // one that comes twice is changed once
	// Show is the command that shows one of them, for next steps: "incidents show".
	Show string
	// Write reads one, and changes it unless Guard.DryRun. It may be called more
	// than once for one id. A result beside an error is what was done in part.
	Write func(ctx context.Context, id string, g Guard) (*Written, error)
}

// Run carries out a job: preview, confirmation, audit, change, account.
func Run(ctx context.Context, f *factory.Factory, o Flags, j Job) error {
	list := make([]*Result, 0, len(j.IDs))
	done := map[string]bool{}
	for _, id := range j.IDs {
		if !done[id] {
			list = append(list, j.preview(ctx, f, o, id))
		}
		done[id] = true
	}
	ready := 0
	for _, r := range list {
		if r.Outcome == OutcomePlanned {
			ready++
		}
	}
	tell(f, j, list)
	if o.DryRun || ready == 0 {
		return finish(ctx, f, j, list)
	}
	if !o.Yes {
		question := fmt.Sprintf("Change %s of %s?", each.Count(ready, j.Noun, j.Noun+"s"), j.Tenant.Place())
		if err := act.Confirm(ctx, f, question); err != nil {
			return err
		}
	}
	runner, err := act.Runner(ctx, f)
	if err != nil {
		return err
	}
	for _, r := range list {
		switch {
		case r.Outcome != OutcomePlanned:
		case ctx.Err() != nil:
			r.fail(j, clierr.NotBegun())
		default:
			j.carryOut(ctx, f, o, runner, r)
		}
	}
	return finish(ctx, f, j, list)
}

// preview reads one and finds out what would change.
func (j Job) preview(ctx context.Context, f *factory.Factory, o Flags, id string) *Result {
	r := &Result{TenantID: string(j.Tenant.ID), TenantName: j.Tenant.Label(), Surface: j.Surface, ID: id}
	g := Guard{Force: o.Force, DryRun: true}
	var err error
	if r.shown, err = j.shown(ctx, f, o, id); err != nil {
		return r.fail(j, err)
	}
	if j.Compared {
		g.SeenAt = r.shown
	}
	w, err := j.Write(ctx, id, g)
	if err != nil {
		return r.fail(j, err)
	}
	r.take(w)
	r.before = w.Before
	r.Outcome = OutcomePlanned
	if len(w.Changes) == 0 {
		r.Outcome = OutcomeUnchanged
	}
	return r
}

func (j Job) shown(ctx context.Context, f *factory.Factory, o Flags, id string) (time.Time, error) {
	if o.Seen != "" {
		return moment.Past("--seen", o.Seen, f.Now())
	}
	return seen.LastUpdate(ctx, f, j.SeenKind, j.Tenant.ID, id)
}

// carryOut makes one change, between the two halves of its audit record.
func (j Job) carryOut(ctx context.Context, f *factory.Factory, o Flags, runner *respond.Runner, r *Result) {
	plan := respond.Plan{
		Kind: j.Kind, Tenant: j.Tenant.ID, TenantName: j.Tenant.Label(), Surface: j.Surface,
		Target: r.ID, TargetName: r.Name, Comment: j.Comment, Reason: o.Reason,
	}
	for _, c := range r.Changes {
		plan.Changes = append(plan.Changes, sentence(c))
	}
	g := Guard{}
	if j.Compared {
		g.SeenAt = r.before // what was told a moment ago, --force or not
	}
	var w *Written
	res, err := runner.Run(ctx, plan, func(ctx context.Context) (respond.Receipt, error) {
		var err error
		w, err = j.Write(ctx, r.ID, g)
		return respond.Receipt{}, err
	})
	r.AuditID, r.Outcome = res.AuditID, Outcome(res.Outcome)
	if w != nil {
		r.take(w)
	}
	if err != nil {
		r.fail(j, err)
		return
	}
	// What a colleague changed unseen is not seen by this change.
	if same(r.shown, w.Before) {
		seen.Remember(ctx, f, j.SeenKind, onlyOne(j.Tenant.ID, fleet.Seen{ID: r.ID, LastUpdate: r.LastUpdate}))
	}
}

// same compares instants as finely as Microsoft tells them: 100 ns.
func same(a, b time.Time) bool {
	return a.Truncate(100 * time.Nanosecond).Equal(b.Truncate(100 * time.Nanosecond))
}
