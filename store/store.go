// Package store says what keeps the product's state: the app registration, the
// customer tenants and the invitations sent to them, what was done to those
// tenants, and what people were last shown of them. The implementations are in
// folders of their own; package storetest holds the one suite that all of them
// pass. A consumer declares the small interface it needs of a store itself; the
// [Store] here is the sum that the suite tests.
package store

import (
	"context"
	"errors"
	"time"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
)

// Errors that every implementation returns, wrapped with what was asked for.
// Compare with errors.Is.
var (
	// ErrNotFound says that there is no such record.
	ErrNotFound = errors.New("not found")
	// ErrUsed says that an invitation was used before: each may be used once.
	ErrUsed = errors.New("already used")
	// ErrExpired says that an invitation's time has run out.
	ErrExpired = errors.New("expired")
	// ErrConflict says that a record with this key exists and must not be replaced.
	ErrConflict = errors.New("exists already")
	// ErrInvalid says that a record lacks what it is found by.
	ErrInvalid = errors.New("invalid")
)

// Store keeps the state. All methods are safe for concurrent use; each takes
// effect as a whole or not at all, and what it returns shares no memory with
// what is kept. Times are kept in UTC to the microsecond.
type Store interface {
	// App returns the registered app; false when there is none yet.
	App(ctx context.Context) (fleet.App, bool, error)
	// PutApp registers the app, replacing the one before.
	PutApp(ctx context.Context, app fleet.App) error

	// Tenants returns all tenants by name, then id.
	Tenants(ctx context.Context) ([]fleet.Tenant, error)
	// Tenant returns one tenant, or ErrNotFound.
	Tenant(ctx context.Context, id entra.TenantID) (fleet.Tenant, error)
	// PutTenant adds a tenant or replaces the one with its id.
	PutTenant(ctx context.Context, t fleet.Tenant) error
	// RemoveTenant forgets a tenant, its invitations and what was shown of it, or
	// returns ErrNotFound. What was done to it stays in the audit.
	RemoveTenant(ctx context.Context, id entra.TenantID) error

	// PutInvitation keeps a new invitation; ErrConflict when its state is known.
	PutInvitation(ctx context.Context, inv fleet.Invitation) error
	// UseInvitation finds the invitation by its state and marks it used at now.
	// Of any number of callers exactly one gets it: the others get ErrUsed.
	// ErrNotFound for an unknown state, ErrExpired from Expires on (an expired
	// invitation stays unused).
	UseInvitation(ctx context.Context, state string, now time.Time) (fleet.Invitation, error)

	// AppendAudit writes an open record of an effect that is about to be tried and
	// returns its id, higher than those before. It is kept for good when the call
	// returns. ErrInvalid when the record lacks a kind, a tenant or a target;
	// ErrConflict when an unsettled record of the same tenant and target has the
	// same guard (an empty guard keeps nothing out).
	AppendAudit(ctx context.Context, r fleet.AuditRecord) (id int64, err error)
	// FinishAudit writes what became of it. Open and uncertain records can be
	// finished; a settled one is ErrConflict and does not change, an unknown one
	// ErrNotFound, an outcome that is none ErrInvalid. Service ids add up.
	FinishAudit(ctx context.Context, id int64, res fleet.AuditResult) error
	// Audit returns the records that match, the newest first.
	Audit(ctx context.Context, f fleet.AuditFilter) ([]fleet.AuditRecord, error)

	// PutSeen remembers in which state a person was shown incidents or alerts
	// (kind is fleet.SeenIncident or fleet.SeenAlert) of a tenant; what was shown
	// last replaces what was shown before. Last updates are kept to the
	// nanosecond. ErrInvalid for one without an id or a last update.
	PutSeen(ctx context.Context, tenant entra.TenantID, kind string, list []fleet.Seen) error
	// Seen returns what was last shown of one; false when nothing was, or so long
	// ago that the service no longer keeps it.
	Seen(ctx context.Context, tenant entra.TenantID, kind, id string) (fleet.Seen, bool, error)

	// Close gives up what the store holds. Calls after it fail.
	Close() error
}
