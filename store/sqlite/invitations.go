package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/store"
)

// PutInvitation keeps a new invitation; store.ErrConflict when its state is
// known, store.ErrInvalid when it lacks a state or an end. Created is set to now
// when it is zero. Errors do not show the state, since who has it can use it.
func (db *DB) PutInvitation(ctx context.Context, inv fleet.Invitation) error {
	switch {
	case inv.State == "":
		return invalid("invitation", "it has no state")
	case inv.Expires.IsZero():
		return invalid("invitation", "it does not expire")
	}
	if inv.Created.IsZero() {
		inv.Created = db.now()
	}
	_, err := db.writer.ExecContext(ctx, `
		INSERT INTO invitation (state, nonce, verifier, tenant, cloud, redirect_uri, created, expires, used)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		inv.State, inv.Nonce, inv.Verifier, string(inv.Tenant), inv.Cloud, inv.RedirectURI,
		micros(inv.Created), micros(inv.Expires), micros(inv.Used))
	var sqliteErr *sqlite.Error
	if errors.As(err, &sqliteErr) && sqliteErr.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY {
		err = store.ErrConflict
	}
	if err != nil {
		return fmt.Errorf("invitation: %w", db.known(err))
	}
	return nil
}

// UseInvitation finds the invitation by its state and marks it used at now; of
// any number of callers, also in other processes, exactly one gets it. See
// store.Store for the errors. The code verifier is returned once and forgotten.
func (db *DB) UseInvitation(ctx context.Context, state string, now time.Time) (fleet.Invitation, error) {
	if now.IsZero() { // or the record would look unused
		now = db.now()
	}
	var inv fleet.Invitation
	err := db.update(ctx, func(tx *sql.Tx) error {
		var created, expires, used sql.NullInt64
		err := tx.QueryRowContext(ctx, `
			SELECT state, nonce, verifier, tenant, cloud, redirect_uri, created, expires, used
			FROM invitation WHERE state = ?`, state).Scan(
			&inv.State, &inv.Nonce, &inv.Verifier, &inv.Tenant, &inv.Cloud, &inv.RedirectURI, &created, &expires, &used)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return store.ErrNotFound
		case err != nil:
			return err
		case used.Valid:
			return store.ErrUsed
		case !now.Before(instant(expires)):
			return store.ErrExpired
		}
		at := micros(now)
		if _, err := tx.ExecContext(ctx, `UPDATE invitation SET used = ?, verifier = '' WHERE state = ?`, at, state); err != nil {
			return err
		}
		inv.Created, inv.Expires, inv.Used = instant(created), instant(expires), instant(at)
		return nil
	})
	if err != nil {
		return fleet.Invitation{}, fmt.Errorf("invitation: %w", db.known(err))
	}
	return inv, nil
}

// The compiler checks that nothing is missing.
var _ store.Store = (*DB)(nil)
