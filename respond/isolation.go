package respond

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/fleet"
)

// Isolation is what the service knows of a machine's isolation.
type Isolation struct {
	// Open is the newest isolation or release that waits or runs; nil when none does.
	Open *defender.MachineAction
	// Last is the isolation or release that was carried out last; nil when none was.
	Last *defender.MachineAction

	all []*defender.MachineAction
}

// Isolated tells whether the machine is cut off, as far as the service's list
// of actions shows.
func (i Isolation) Isolated() bool { return i.Last != nil && i.Last.Type == defender.ActionIsolate }

// ReadIsolation asks the service for the isolations and releases of a machine.
// It needs Machine.Read.All.
func ReadIsolation(ctx context.Context, c *defender.Client, machineID string) (Isolation, error) {
	var out Isolation
	opts := defender.ActionListOptions{MachineID: machineID, Type: []defender.ActionType{defender.ActionIsolate, defender.ActionRelease}}
	for a, err := range c.MachineActions().All(ctx, opts) {
		if err != nil {
			return Isolation{}, err
		}
		// The filter is not taken on trust: what is decided by this list matters.
		if !a.Isolates() || !strings.EqualFold(a.MachineID, machineID) {
			continue
		}
		out.all = append(out.all, a)
		switch {
		case a.Status.Open():
			if out.Open == nil || a.Created.After(out.Open.Created) {
				out.Open = a
			}
		case a.Status == defender.ActionSucceeded:
			if out.Last == nil || ended(a).After(ended(out.Last)) {
				out.Last = a
			}
		}
	}
	return out, nil
}

func ended(a *defender.MachineAction) time.Time {
	if a.LastUpdate.IsZero() {
		return a.Created
	}
	return a.LastUpdate
}

// skew is how far the service's clock and ours may differ when an action is
// looked for that a run of ours may have made. Ours.
const skew = 5 * time.Minute

// made finds the action that the run of a record made: of its type, with its
// comment, not older than the record.
func (i Isolation) made(r fleet.AuditRecord) *defender.MachineAction {
	want := defender.ActionIsolate
	if r.Kind == string(KindRelease) {
		want = defender.ActionRelease
	}
	for _, a := range i.all {
		if a.Type == want && strings.TrimSpace(a.Comment) == strings.TrimSpace(r.Comment) && !a.Created.Before(r.Started.Add(-skew)) {
			return a
		}
	}
	return nil
}

// AlreadyIsolatingError refuses an isolation, or a release, of a machine on
// which one is under way, may be, or would change nothing. A second isolation is
// not harmless: the service can leave it pending and carry it out after the
// release (reported at https://github.com/MicrosoftDocs/microsoft-365-docs/issues/5903).
type AlreadyIsolatingError struct {
	Kind    Kind   // what was refused: KindIsolate or KindRelease
	Machine string // name or id
	// Action is the action of the service that stands in the way; nil when it is
	// a run of ours of which nobody knows what became of it.
	Action *defender.MachineAction
	// Record is that run.
	Record *fleet.AuditRecord
	// Until is when the run of Record counts as one that did nothing, unless the
	// service shows its action before.
	Until time.Time
}

func (e *AlreadyIsolatingError) Error() string {
	switch {
	case e.Action == nil:
		what := "an isolation"
		if e.Record.Kind == string(KindRelease) {
			what = "a release"
		}
		by := ""
		if e.Record.Actor != "" {
			by = " by " + e.Record.Actor
		}
		return fmt.Sprintf("machine %s: %s was begun at %s%s (audit record %d), and whether it took effect is not known",
			e.Machine, what, stamp(e.Record.Started), by, e.Record.ID)
	case !e.Action.Status.Open():
		return fmt.Sprintf("machine %s is isolated already: action %s, asked for at %s by %s, %s",
			e.Machine, e.Action.ID, stamp(e.Action.Created), requestor(e.Action), e.Action.Status)
	}
	what := "being isolated"
	if e.Action.Type == defender.ActionRelease {
		what = "being released"
	}
	return fmt.Sprintf("machine %s is %s already: action %s, asked for at %s by %s, %s",
		e.Machine, what, e.Action.ID, stamp(e.Action.Created), requestor(e.Action), e.Action.Status)
}

// Next says in one sentence what to do about it.
func (e *AlreadyIsolatingError) Next() string {
	switch {
	case e.Action == nil:
		return fmt.Sprintf("Look at the machine's actions; if none shows that run, it can be run again from %s on.", stamp(e.Until))
	case !e.Action.Status.Open():
		return "Release it when it should be free; isolate it again with force only if you know that the service's list is wrong."
	}
	return "Wait until that action has ended, or cancel it; the machine's actions show how far it has come."
}

// AuditOutcome says that nothing was sent.
func (e *AlreadyIsolatingError) AuditOutcome() fleet.AuditOutcome { return fleet.AuditRefused }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func requestor(a *defender.MachineAction) string {
	if a.Requestor == "" {
		return "somebody the service does not name"
	}
	return a.Requestor
}
