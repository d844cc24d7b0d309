package defender

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
)

// ActionType is what a machine action does.
type ActionType string

// Types of machine action.
const (
	ActionScan       ActionType = "RunAntiVirusScan"
	ActionIsolate    ActionType = "Isolate"
	ActionRelease    ActionType = "Unisolate"
	ActionCollect    ActionType = "CollectInvestigationPackage"
	ActionOffboard   ActionType = "Offboard"
	ActionLive       ActionType = "LiveResponse"
	ActionQuarantine ActionType = "StopAndQuarantineFile"
	ActionRestrict   ActionType = "RestrictCodeExecution"
	ActionUnrestrict ActionType = "UnrestrictCodeExecution"
)

// ActionTypes lists the types there are.
func ActionTypes() []ActionType {
	return []ActionType{ActionScan, ActionIsolate, ActionRelease, ActionCollect, ActionOffboard, ActionLive, ActionQuarantine, ActionRestrict, ActionUnrestrict}
}

// ActionStatus is how far a machine action has come.
type ActionStatus string

// States of a machine action.
const (
	ActionPending    ActionStatus = "Pending" // the machine has not taken it up yet
	ActionInProgress ActionStatus = "InProgress"
	ActionSucceeded  ActionStatus = "Succeeded"
	ActionFailed     ActionStatus = "Failed"
	ActionTimeOut    ActionStatus = "TimeOut"
	ActionCancelled  ActionStatus = "Cancelled"
)

// ActionStatuses lists the states there are.
func ActionStatuses() []ActionStatus {
	return []ActionStatus{ActionPending, ActionInProgress, ActionSucceeded, ActionFailed, ActionTimeOut, ActionCancelled}
}

// Open tells whether the action may still take effect: it waits or runs. A
// state unknown to this package counts as open.
func (s ActionStatus) Open() bool {
	switch s {
	case ActionSucceeded, ActionFailed, ActionTimeOut, ActionCancelled:
		return false
	}
	return true
}

// MachineAction is something done to a machine. Its JSON is that of the
// service, Extra included, without nulls.
//
// Source: https://learn.microsoft.com/defender-endpoint/api/machineaction
type MachineAction struct {
	ID        string       `json:"id"` // a GUID
	Type      ActionType   `json:"type,omitempty"`
	Title     string       `json:"title,omitempty"`
	Scope     string       `json:"scope,omitempty"` // Full or Selective of an isolation, Quick or Full of a scan
	Status    ActionStatus `json:"status,omitempty"`
	MachineID string       `json:"machineId,omitempty"`
	Machine   string       `json:"computerDnsName,omitempty"`

	Requestor  string `json:"requestor,omitempty"` // who asked for it
	Comment    string `json:"requestorComment,omitempty"`
	Source     string `json:"requestSource,omitempty"`
	ExternalID string `json:"externalID,omitempty"`

	Created time.Time `json:"creationDateTimeUtc,omitzero"`
	// LastUpdate is lastUpdateDateTimeUtc, or lastUpdateTimeUtc, as the page of
	// the list spells it.
	LastUpdate time.Time `json:"lastUpdateDateTimeUtc,omitzero"`

	CancelledBy     string    `json:"cancellationRequestor,omitempty"`
	CancelComment   string    `json:"cancellationComment,omitempty"`
	CancelRequested time.Time `json:"cancellationDateTimeUtc,omitzero"`

	File *ActionFile `json:"relatedFileInfo,omitempty"`

	Extra map[string]json.RawMessage `json:"-"` // see Machine.Extra
	Raw   json.RawMessage            `json:"-"`
}

// ActionFile is the file that an action is about.
type ActionFile struct {
	ID     string `json:"fileIdentifier"`
	IDType string `json:"fileIdentifierType,omitempty"` // Sha1, Sha256 or Md5
}

// Isolates tells whether the action isolates a machine or releases it; both
// change the same state.
func (a *MachineAction) Isolates() bool { return a.Type == ActionIsolate || a.Type == ActionRelease }

// UnmarshalJSON reads an action as Defender for Endpoint writes it. One without
// an id is a [*DecodeError].
func (a *MachineAction) UnmarshalJSON(data []byte) error {
	type plain MachineAction
	var p plain
	extra, err := readMDE("", data, &p)
	if err != nil {
		return err
	}
	if raw, ok := extra["lastUpdateTimeUtc"]; ok && p.LastUpdate.IsZero() {
		if t, ok := readMDETime(raw); ok {
			p.LastUpdate = t
			delete(extra, "lastUpdateTimeUtc")
			if len(extra) == 0 {
				extra = nil
			}
		}
	}
	p.Type = canonicalOf(ActionTypes(), p.Type)
	p.Status = canonicalOf(ActionStatuses(), p.Status)
	p.Extra, p.Raw = extra, bytes.Clone(data)
	*a = MachineAction(p)
	return needID("", a.ID)
}

// MarshalJSON writes the action as Defender for Endpoint would, Extra included.
func (a MachineAction) MarshalJSON() ([]byte, error) {
	type plain MachineAction
	return writeMDE(plain(a), a.Extra)
}

// canonicalOf gives a value the spelling of known that differs from it in
// letter case alone; any other value stays as it is.
func canonicalOf[T ~string](known []T, value T) T {
	for _, k := range known {
		if strings.EqualFold(string(k), string(value)) {
			return k
		}
	}
	return value
}
