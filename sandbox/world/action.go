package world

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Types of machine actions that the sandbox carries out, as the page
// "MachineAction resource type" spells them
// (learn.microsoft.com/defender-endpoint/api/machineaction).
const (
	ActionIsolate   = "Isolate"
	ActionUnisolate = "Unisolate"
	ActionScan      = "RunAntiVirusScan"
	ActionCollect   = "CollectInvestigationPackage"
)

// States of a machine action, as the same page spells them.
const (
	ActionPending    = "Pending"
	ActionInProgress = "InProgress"
	ActionSucceeded  = "Succeeded"
	ActionFailed     = "Failed"
	ActionTimeOut    = "TimeOut"
	ActionCancelled  = "Cancelled"
)

// MachineAction is something that was asked of a machine.
type MachineAction struct {
	ID            string // GUID; filled in by AddAction
	Type          string
	Title         string
	Scope         string // Full|Selective|UnManagedDevice of an isolation, Quick|Full of a scan
	Requestor     string // who asked: a user principal name, or an application's id
	RequestSource string // such as "PublicApi"
	ExternalID    string
	Comment       string // requestorComment
	MachineID     string // of the device in Defender for Endpoint
	MachineName   string // computerDnsName; filled in by AddAction
	Commands      []string
	FileID        string // relatedFileInfo.fileIdentifier; empty: none
	FileIDType    string
	Created       time.Time
	CancelledBy   string // cancellationRequestor; empty: not cancelled
	CancelComment string
	CancelledAt   time.Time
	ErrorHResult  int32

	// Status and LastUpdate follow from the clock: they are as of the moment
	// the action was asked for.
	Status     string
	LastUpdate time.Time

	offline bool // the machine did not answer when it was asked
}

// How long actions take. Microsoft publishes no times; these are ours, short
// enough to be waited for.
const (
	actionPickUp   = 2 * time.Second
	isolationTakes = 3 * time.Second
	quickScanTakes = 20 * time.Second
	fullScanTakes  = time.Minute
	collectTakes   = 10 * time.Second
	// actionExpires is how long an action waits for a machine that does not
	// answer.
	actionExpires = 72 * time.Hour
)

func (a *MachineAction) takes() time.Duration {
	switch a.Type {
	case ActionScan:
		if strings.EqualFold(a.Scope, "Full") {
			return fullScanTakes
		}
		return quickScanTakes
	case ActionCollect:
		return collectTakes
	}
	return isolationTakes
}

// at is the action as it stands at a moment.
func (a *MachineAction) at(now time.Time) *MachineAction {
	c := *a
	c.Commands = slices.Clone(a.Commands)
	begun := a.Created.Add(actionPickUp)
	over := begun.Add(a.takes())
	switch {
	case !a.CancelledAt.IsZero():
		c.Status, c.LastUpdate = ActionCancelled, a.CancelledAt
	case a.offline && !now.Before(a.Created.Add(actionExpires)):
		c.Status, c.LastUpdate = ActionTimeOut, a.Created.Add(actionExpires)
	case a.offline || now.Before(begun):
		c.Status, c.LastUpdate = ActionPending, a.Created
	case now.Before(over):
		c.Status, c.LastUpdate = ActionInProgress, begun
	default:
		c.Status, c.LastUpdate = ActionSucceeded, over
	}
	return &c
}

// Final says whether nothing more happens with the action.
func (a *MachineAction) Final() bool {
	return a.Status != ActionPending && a.Status != ActionInProgress
}

// ActiveActionError says that the same is being done with the machine already.
type ActiveActionError struct{ Action *MachineAction }

func (e *ActiveActionError) Error() string {
	return fmt.Sprintf("machine %s: %s %s is %s", e.Action.MachineID, e.Action.Type, e.Action.ID, e.Action.Status)
}

// Next says in one sentence what to do about it.
func (e *ActiveActionError) Next() string { return "Wait until that action is over, or cancel it." }

// FinalActionError says that an action is over and cannot be cancelled.
type FinalActionError struct{ Action *MachineAction }

func (e *FinalActionError) Error() string {
	return fmt.Sprintf("action %s is %s", e.Action.ID, e.Action.Status)
}

// Next says in one sentence what to do about it.
func (e *FinalActionError) Next() string { return "Ask for another action where one is needed." }

// AddAction asks something of a machine. The type, the machine's id and the
// requestor are the caller's; ids, names and times are filled in. It fails with
// ErrNotFound for an unknown tenant or machine, with ErrInvalid for a type that
// the sandbox does not carry out, and with an *[ActiveActionError] while an
// action of the same type on the same machine is Pending or InProgress (the
// page "Isolate machine" tells that a second call gets the pending action or
// HTTP 400 "Action is already in progress").
func (w *World) AddAction(tenantID string, a MachineAction) (*MachineAction, error) {
	d, ok := w.Machine(tenantID, a.MachineID)
	if !ok {
		return nil, fmt.Errorf("machine %s of tenant %s: %w", a.MachineID, tenantID, ErrNotFound)
	}
	if !slices.Contains([]string{ActionIsolate, ActionUnisolate, ActionScan, ActionCollect}, a.Type) {
		return nil, fmt.Errorf("machine action %q: %w", a.Type, ErrInvalid)
	}
	now := w.Now()
	l := w.ledger(tenantID, true)
	l.mu.Lock()
	for _, other := range l.actions {
		if s := other.at(now); s.Type == a.Type && s.MachineID == d.MDEID && !s.Final() {
			l.mu.Unlock()
			return nil, &ActiveActionError{s}
		}
	}
	if a.ID == "" {
		a.ID = NewGUID()
	}
	if a.Created.IsZero() {
		a.Created = now.Truncate(tick)
	}
	a.Commands = slices.Clone(a.Commands)
	a.MachineID, a.MachineName, a.offline = d.MDEID, d.DNSName(), !d.Online()
	a.CancelledAt, a.CancelledBy, a.CancelComment = time.Time{}, "", ""
	l.actions = append(l.actions, &a)
	out := a.at(now)
	l.mu.Unlock()
	w.tellAction("machineAction.created", tenantID, out)
	return out, nil
}

// Actions returns what was asked of a tenant's machines, the latest first, each
// as it stands now. The values are the caller's.
func (w *World) Actions(tenantID string) []*MachineAction {
	l := w.ledger(tenantID, false)
	if l == nil {
		return nil
	}
	now := w.Now()
	l.mu.RLock()
	defer l.mu.RUnlock()
	all := make([]*MachineAction, 0, len(l.actions))
	for _, a := range slices.Backward(l.actions) {
		all = append(all, a.at(now))
	}
	return all
}

// Action finds one machine action by its id, as it stands now.
func (w *World) Action(tenantID, id string) (*MachineAction, bool) {
	l := w.ledger(tenantID, false)
	if l == nil {
		return nil, false
	}
	now := w.Now()
	l.mu.RLock()
	defer l.mu.RUnlock()
	if i := l.action(id); i >= 0 {
		return l.actions[i].at(now), true
	}
	return nil, false
}

func (l *ledger) action(id string) int {
	return slices.IndexFunc(l.actions, func(a *MachineAction) bool { return strings.EqualFold(a.ID, id) })
}

// CancelAction calls an action off that is not over yet; by and comment are
// told with it. It fails with ErrNotFound, or with a *[FinalActionError].
func (w *World) CancelAction(tenantID, id, by, comment string) (*MachineAction, error) {
	missing := fmt.Errorf("machine action %s of tenant %s: %w", id, tenantID, ErrNotFound)
	l := w.ledger(tenantID, false)
	if l == nil {
		return nil, missing
	}
	now := w.Now()
	l.mu.Lock()
	out, err := l.cancel(id, by, comment, now)
	l.mu.Unlock()
	if err != nil {
		if errors.Is(err, ErrNotFound) {
			return nil, missing
		}
		return nil, err
	}
	w.tellAction("machineAction.cancelled", tenantID, out)
	return out, nil
}

func (l *ledger) cancel(id, by, comment string, now time.Time) (*MachineAction, error) {
	i := l.action(id)
	if i < 0 {
		return nil, ErrNotFound
	}
	if s := l.actions[i].at(now); s.Final() {
		return nil, &FinalActionError{s}
	}
	c := *l.actions[i]
	c.CancelledAt, c.CancelledBy, c.CancelComment = now.Truncate(tick), by, comment
	l.actions[i] = &c
	return c.at(now), nil
}

// Isolated says whether a machine is cut off from the network now: whether the
// isolation that was carried out last was not released since. machine is an id
// or a full name.
func (w *World) Isolated(tenantID, machine string) bool {
	d, ok := w.Machine(tenantID, machine)
	l := w.ledger(tenantID, false)
	if !ok || l == nil {
		return false
	}
	now := w.Now()
	l.mu.RLock()
	defer l.mu.RUnlock()
	var last *MachineAction
	for _, a := range l.actions {
		if a.MachineID != d.MDEID || a.Type != ActionIsolate && a.Type != ActionUnisolate {
			continue
		}
		if s := a.at(now); s.Status == ActionSucceeded && (last == nil || !s.LastUpdate.Before(last.LastUpdate)) {
			last = s
		}
	}
	return last != nil && last.Type == ActionIsolate
}

func (w *World) tellAction(what, tenantID string, a *MachineAction) {
	w.tell(Change{What: what, TenantID: strings.ToLower(tenantID), Detail: map[string]any{"actionId": a.ID, "type": a.Type, "machineId": a.MachineID, "status": a.Status}})
}
