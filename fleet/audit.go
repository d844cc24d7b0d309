package fleet

import (
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
)

// AuditOutcome is what became of an effect on a customer's tenant.
type AuditOutcome string

// Outcomes of an effect. A record is written open, before anything is sent,
// and finished afterwards: one that stays open is of a run that was cut off,
// and says no more about the effect than an uncertain one.
const (
	AuditOpen      AuditOutcome = ""          // begun; nothing is known yet
	AuditDone      AuditOutcome = "done"      // the service took it
	AuditRefused   AuditOutcome = "refused"   // it was refused, and nothing has changed
	AuditFailed    AuditOutcome = "failed"    // it failed, and nothing has changed
	AuditPartial   AuditOutcome = "partial"   // some of it was done: Detail says what was not
	AuditUncertain AuditOutcome = "uncertain" // it was sent, and whether it took effect is not known
)

// AuditOutcomes lists the outcomes a record can be finished with.
func AuditOutcomes() []AuditOutcome {
	return []AuditOutcome{AuditDone, AuditRefused, AuditFailed, AuditPartial, AuditUncertain}
}

// Unsettled tells whether the effect may or may not have happened: the record
// is open or uncertain.
func (o AuditOutcome) Unsettled() bool { return o == AuditOpen || o == AuditUncertain }

// AuditRecord tells of one effect on a customer's tenant: who did what to what,
// why, and what became of it. It holds no secret; Comment and Changes hold what
// the service was told, which the customer reads too.
type AuditRecord struct {
	ID         int64            `json:"id"` // given by the store, ascending
	Kind       string           `json:"kind"`
	Tenant     entra.TenantID   `json:"tenantId"`
	TenantName string           `json:"tenantName,omitempty"`
	Surface    defender.Surface `json:"surface,omitempty"` // the service that was told
	Target     string           `json:"target"`            // id of the incident, alert, machine or indicator
	TargetName string           `json:"targetName,omitempty"`
	Comment    string           `json:"comment,omitempty"` // sent along; the customer reads it
	Reason     string           `json:"reason,omitempty"`  // of our own, for those who read this record
	Changes    []string         `json:"changes,omitempty"` // what was asked for, in words
	Actor      string           `json:"actor,omitempty"`   // who ran it, as the system told
	// Guard, when not empty, keeps a second unsettled record of the same tenant
	// and target with the same guard from being written: two runs at once
	// cannot both go on.
	Guard string `json:"guard,omitempty"`

	Started  time.Time    `json:"started"`
	Finished time.Time    `json:"finished,omitzero"` // zero while open
	Outcome  AuditOutcome `json:"outcome"`
	// ServiceIDs are the ids that the service gave to what it did, such as that
	// of a machine action.
	ServiceIDs []string `json:"serviceIds,omitempty"`
	Code       string   `json:"code,omitempty"`   // machine-readable reason, such as "Forbidden"
	Detail     string   `json:"detail,omitempty"` // the reason in words
}

// AuditResult is how a record is finished.
type AuditResult struct {
	Outcome    AuditOutcome
	ServiceIDs []string
	Code       string
	Detail     string
	At         time.Time // zero means now
}

// AuditFilter chooses records; the zero filter chooses all of them. What is
// set must all hold.
type AuditFilter struct {
	ID       int64
	Tenant   entra.TenantID
	Target   string
	Kinds    []string       // any of these
	Guard    string         // records with this guard
	Outcomes []AuditOutcome // any of these
	Since    time.Time      // started then or later
	Limit    int            // 0 means all
}

// Kinds of what a person has been shown, for Seen.
const (
	SeenIncident = "incident"
	SeenAlert    = "alert"
)

// Seen is the state of something in a tenant as a person was last shown it, so
// that a change made meanwhile is noticed before it is overwritten.
type Seen struct {
	ID         string    `json:"id"`         // of the incident or alert
	LastUpdate time.Time `json:"lastUpdate"` // as the service told it, to the nanosecond
	At         time.Time `json:"at"`         // when it was shown; zero means now when it is put
}
