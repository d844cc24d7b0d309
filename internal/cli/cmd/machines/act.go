package machines

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/access"
	"github.com/tenantry/tenantry/internal/cli/act"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/each"
	"github.com/tenantry/tenantry/internal/cli/explain"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/moment"
	"github.com/tenantry/tenantry/internal/cli/output"
	"github.com/tenantry/tenantry/respond"
)

// Done is what an action on a machine printed as JSON tells.
type Done struct {
	each.Head
	MachineID string                  `json:"machineId"`
	Machine   string                  `json:"machine"`
	Kind      respond.Kind            `json:"kind"`
	Outcome   string                  `json:"outcome"` // of the audit, or planned with --dry-run
	Action    *defender.MachineAction `json:"action,omitempty"`
	AuditID   int64                   `json:"auditId,omitempty"`
	act.Remarks
}

// deed is one command that acts on one machine.
type deed struct {
	act.Flags
	tenant  string
	machine string
	kind    respond.Kind
	op      defender.Operation
	verb    string   // for the question: "Isolate"
	changes []string // what is asked for, in words
	// hinders tells before anything is asked why it will be refused; nil when
	// nothing is looked at.
	hinders func(respond.Isolation) *respond.AlreadyIsolatingError
	run     func(ctx context.Context, r *respond.Runner, c *defender.Client, p respond.Plan) (*defender.MachineAction, respond.Result, error)
}

// do carries a deed out: look, tell, confirm, act.
func (d deed) do(ctx context.Context, f *factory.Factory) error {
	if err := d.Check(f); err != nil {
		return err
	}
	t, open, err := access.One(ctx, f, d.tenant, "auto", d.op)
	if err != nil {
		return err
	}
	m, err := access.Again(ctx, open, func() (*defender.Machine, error) { return find(ctx, open.Client(), t, d.machine) })
	if err != nil {
		return unknown(err, t, d.machine)
	}
	state, err := d.look(ctx, open, m)
	if err != nil {
		return d.explained(err, t, m, 0)
	}
	plan := respond.Plan{Kind: d.kind, Tenant: t.ID, TenantName: t.Label(), Target: m.ID, TargetName: m.Label(), Comment: d.Comment, Reason: d.Reason, Changes: d.changes}
	if err := plan.Check(); err != nil {
		return err
	}
	d.tell(f, m, state)
	done := Done{Head: each.HeadOf(t), MachineID: m.ID, Machine: m.Name, Kind: d.kind, Outcome: act.OutcomePlanned}
	if d.DryRun {
		return d.print(f, done)
	}
	if err := d.Confirm(ctx, f, d.question(t, m)); err != nil {
		return err
	}
	runner, err := act.Runner(ctx, f)
	if err != nil {
		return err
	}
	var res respond.Result
	action, err := access.Again(ctx, open, func() (a *defender.MachineAction, err error) {
		a, res, err = d.run(ctx, runner, open.Client(), plan)
		return a, err
	})
	if err != nil {
		return d.failed(f, done, res, d.explained(err, t, m, res.AuditID))
	}
	done.Outcome, done.Action, done.AuditID, done.Detail = string(res.Outcome), action, res.AuditID, res.Receipt.Detail
	if err := d.print(f, done); err != nil {
		return err
	}
	f.Streams.Notef("tenantry machines actions --tenant %s --machine %s shows how far it has come", command.Quote(t.Label()), command.Quote(m.Label()))
	return nil
}

// question names the machine and the tenant so that no other can be meant.
func (d deed) question(t fleet.Tenant, m *defender.Machine) string {
	return fmt.Sprintf("%s machine %s (%s) of %s?", d.verb, m.Label(), m.ID, t.Place())
}

// look asks what is under way already, for deeds that care.
func (d deed) look(ctx context.Context, open *access.Tenant, m *defender.Machine) (respond.Isolation, error) {
	if d.hinders == nil {
		return respond.Isolation{}, nil
	}
	state, err := access.Again(ctx, open, func() (respond.Isolation, error) { return respond.ReadIsolation(ctx, open.Client(), m.ID) })
	if err != nil {
		return state, err
	}
	if refused := d.hinders(state); refused != nil {
		refused.Machine = m.Label()
		return state, refused
	}
	return state, nil
}

// tell writes what is about to be done, for who confirms it.
func (d deed) tell(f *factory.Factory, m *defender.Machine, state respond.Isolation) {
	about := []string{string(m.Health)}
	for _, s := range []string{m.OSPlatform, m.LastIP} {
		if s != "" {
			about = append(about, s)
		}
	}
	if !m.LastSeen.IsZero() {
		about = append(about, "last report "+moment.Stamp(m.LastSeen))
	}
	f.Streams.Notef("machine %s: %s", m.Label(), strings.Join(about, ", "))
	for _, c := range d.changes {
		f.Streams.Notef("  %s", c)
	}
	f.Streams.Notef("  comment: %s", d.Comment)
	if m.Health != "" && m.Health != defender.MachineActive {
		f.Streams.Notef("  its sensor is %s: the action waits until the machine reports", m.Health)
	}
	if d.hinders == nil {
		return
	}
	switch a := state.Last; {
	case state.Isolated():
		f.Streams.Notef("  it is isolated since %s, by %s: %s", moment.Stamp(a.LastUpdate), a.Requestor, a.Comment)
	case a != nil:
		f.Streams.Notef("  it was released %s, by %s", moment.Stamp(a.LastUpdate), a.Requestor)
	case d.kind == respond.KindRelease:
		f.Streams.Notef("  the service shows no isolation of it")
	}
}

// failed ends a deed that was not done: when it was begun, its outcome is
// printed as that of one that was done is. It returns err.
func (d deed) failed(f *factory.Factory, done Done, res respond.Result, err error) error {
	if res.AuditID == 0 {
		return err
	}
	done.Outcome, done.AuditID, done.Remarks = string(res.Outcome), res.AuditID, act.RemarksOn(err)
	return errors.Join(err, d.print(f, done))
}

func (d deed) print(f *factory.Factory, done Done) error {
	rows := [][]string{{"machine", done.Machine}, {"machine id", done.MachineID}, {"tenant", done.TenantName}, {"kind", string(done.Kind)}, {"outcome", done.Outcome}}
	if a := done.Action; a != nil {
		rows = append(rows, []string{"action", a.ID}, []string{"type", string(a.Type)}, []string{"status", string(a.Status)}, []string{"asked", moment.Stamp(a.Created)})
	}
	if done.Detail != "" && done.Next == "" { // a failure is told on stderr
		rows = append(rows, []string{"detail", done.Detail})
	}
	if done.AuditID != 0 {
		rows = append(rows, []string{"audit record", fmt.Sprint(done.AuditID)})
	}
	return f.Print(output.Result{Doc: done, Lines: []any{done}, Columns: []string{"FIELD", "VALUE"}, Rows: rows})
}

// explained puts the command to type into errors that call for one. record is
// the audit record of what was begun; 0 when there is none.
func (d deed) explained(err error, t fleet.Tenant, m *defender.Machine, record int64) error {
	show := fmt.Sprintf("tenantry machines actions --tenant %s --machine %s", command.Quote(t.Label()), command.Quote(m.Label()))
	if already, ok := errors.AsType[*respond.AlreadyIsolatingError](err); ok {
		var next string
		switch tenant := command.Quote(t.Label()); {
		case already.Action == nil:
			next = fmt.Sprintf("%s shows what the service knows; when it shows no such action, it can be done again from %s on", show, until(already.Until))
		case already.Action.Status.Open():
			next = fmt.Sprintf("%s shows how far it has come; tenantry machines cancel %s --tenant %s calls it off", show, already.Action.ID, tenant)
		default:
			next = fmt.Sprintf("tenantry machines release %s --tenant %s frees it; --force isolates it again, for when the service's list is wrong", command.Quote(m.Label()), tenant)
		}
		return clierr.Failed(next, "%v", err).Because(err)
	}
	if refused, ok := explain.UnderWay(err); ok {
		return clierr.Failed(show+" shows how far it has come", "machine %s: the service says that this is under way already: %s", m.Label(), refused.Message).Because(err)
	}
	if uncertain, ok := errors.AsType[*defender.UncertainError](err); ok {
		return &defender.UncertainError{Surface: uncertain.Surface, Operation: uncertain.Operation, Target: m.Label(), Err: uncertain.Err,
			Check: fmt.Sprintf("Do not repeat it blindly: %s tells whether it was done (audit record %d).", show, record)}
	}
	return err
}

// unknown says what to do about a machine id that the service does not know.
func unknown(err error, t fleet.Tenant, word string) error {
	if e, ok := errors.AsType[*defender.Error](err); ok && e.Status == http.StatusNotFound {
		return clierr.Failed(fmt.Sprintf("tenantry machines list --tenant %s shows the machines there are", command.Quote(t.Label())),
			"%s has no machine %q", t.Label(), word).Because(err)
	}
	return err
}

// until is when something may be done again.
func until(t time.Time) string { return t.UTC().Format("15:04:05 UTC") }
