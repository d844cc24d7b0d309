// Package store says what keeps the product's state: the app registration, the
// customer tenants and the invitations sent to them. The implementations are in
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
	// RemoveTenant forgets a tenant and its invitations, or returns ErrNotFound.
	RemoveTenant(ctx context.Context, id entra.TenantID) error

	// PutInvitation keeps a new invitation; ErrConflict when its state is known.
	PutInvitation(ctx context.Context, inv fleet.Invitation) error
	// UseInvitation finds the invitation by its state and marks it used at now.
	// Of any number of callers exactly one gets it: the others get ErrUsed.
	// ErrNotFound for an unknown state, ErrExpired from Expires on (an expired
	// invitation stays unused).
	UseInvitation(ctx context.Context, state string, now time.Time) (fleet.Invitation, error)

	// Close gives up what the store holds. Calls after it fail.
	Close() error
}
