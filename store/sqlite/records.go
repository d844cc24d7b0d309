package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/store"
)

// micros writes a time as the tables keep it.
func micros(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: !t.IsZero()}
}

// instant reads what micros wrote.
func instant(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.UnixMicro(n.Int64).UTC()
}

// encode writes a list or map as JSON text.
func encode(v any) (string, error) {
	data, err := json.Marshal(v)
	return string(data), err
}

// decode reads what encode wrote; a field that is no JSON means that the file
// was altered.
func decode(what, text string, v any) error {
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return fmt.Errorf("%s is damaged in the database: %w", what, err)
	}
	return nil
}

func invalid(what, problem string) error {
	return fmt.Errorf("%s: %s: %w", what, problem, store.ErrInvalid)
}

// App returns the registered app; false when there is none yet.
func (db *DB) App(ctx context.Context) (fleet.App, bool, error) {
	var app fleet.App
	var uris string
	var expires, created sql.NullInt64
	err := db.reader.QueryRowContext(ctx, `
		SELECT client_id, object_id, display_name, home_tenant, cloud, redirect_uris,
		       credential_kind, credential_ref, credential_password, credential_expires, profile, created
		FROM app`).Scan(
		&app.ClientID, &app.ObjectID, &app.DisplayName, &app.HomeTenant, &app.Cloud, &uris,
		&app.Credential.Kind, &app.Credential.Ref, &app.Credential.PasswordRef, &expires, &app.Profile, &created)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fleet.App{}, false, nil
	case err != nil:
		return fleet.App{}, false, fmt.Errorf("read the app: %w", db.known(err))
	}
	if err := decode("the app's redirect addresses", uris, &app.RedirectURIs); err != nil {
		return fleet.App{}, false, err
	}
	app.Credential.Expires, app.Created = instant(expires), instant(created)
	return app, true, nil
}

// PutApp registers the app, replacing the one before. Created is set to now
// when it is zero.
func (db *DB) PutApp(ctx context.Context, app fleet.App) error {
	if app.ClientID == "" {
		return invalid("app", "it has no client id")
	}
	if app.Created.IsZero() {
		app.Created = db.now()
	}
	uris, err := encode(app.RedirectURIs)
	if err != nil {
		return fmt.Errorf("write the app: %w", db.known(err))
	}
	_, err = db.writer.ExecContext(ctx, `
		INSERT OR REPLACE INTO app (one, client_id, object_id, display_name, home_tenant, cloud, redirect_uris,
		       credential_kind, credential_ref, credential_password, credential_expires, profile, created)
		VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		app.ClientID, app.ObjectID, app.DisplayName, string(app.HomeTenant), app.Cloud, uris,
		app.Credential.Kind, app.Credential.Ref, app.Credential.PasswordRef, micros(app.Credential.Expires), app.Profile, micros(app.Created))
	if err != nil {
		return fmt.Errorf("write the app: %w", db.known(err))
	}
	return nil
}

const tenantColumns = `id, name, domain, cloud, customer, tags, state, detail, surface, roles, added, proved`

func scanTenant(scan func(...any) error) (fleet.Tenant, error) {
	var t fleet.Tenant
	var tags, roles string
	var added, proved sql.NullInt64
	err := scan(&t.ID, &t.Name, &t.Domain, &t.Cloud, &t.Customer, &tags, &t.State, &t.Detail, &t.Surface, &roles, &added, &proved)
	if err != nil {
		return fleet.Tenant{}, err
	}
	if err := decode("the tags of a tenant", tags, &t.Tags); err != nil {
		return fleet.Tenant{}, err
	}
	if err := decode("the roles of a tenant", roles, &t.Roles); err != nil {
		return fleet.Tenant{}, err
	}
	t.Added, t.Proved = instant(added), instant(proved)
	return t, nil
}

// Tenants returns all tenants by name, then id.
func (db *DB) Tenants(ctx context.Context) ([]fleet.Tenant, error) {
	rows, err := db.reader.QueryContext(ctx, `SELECT `+tenantColumns+` FROM tenant ORDER BY name COLLATE NOCASE, id`)
	if err != nil {
		return nil, fmt.Errorf("read the tenants: %w", db.known(err))
	}
	defer rows.Close()
	var all []fleet.Tenant
	for rows.Next() {
		t, err := scanTenant(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("read the tenants: %w", db.known(err))
		}
		all = append(all, t)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the tenants: %w", db.known(err))
	}
	return all, nil
}

// Tenant returns one tenant, or store.ErrNotFound.
func (db *DB) Tenant(ctx context.Context, id entra.TenantID) (fleet.Tenant, error) {
	t, err := scanTenant(db.reader.QueryRowContext(ctx, `SELECT `+tenantColumns+` FROM tenant WHERE id = ?`, string(id)).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		err = store.ErrNotFound
	}
	if err != nil {
		return fleet.Tenant{}, fmt.Errorf("tenant %s: %w", id, db.known(err))
	}
	return t, nil
}

// PutTenant adds a tenant or replaces the one with its id. Added is set to now
// when it is zero; an id that entra.ParseTenantID would not return is
// store.ErrInvalid.
func (db *DB) PutTenant(ctx context.Context, t fleet.Tenant) error {
	if id, err := entra.ParseTenantID(string(t.ID)); err != nil || id != t.ID {
		return invalid("tenant "+string(t.ID), "its id is not a GUID in lower case")
	}
	if t.Added.IsZero() {
		t.Added = db.now()
	}
	tags, err := encode(t.Tags)
	if err != nil {
		return fmt.Errorf("tenant %s: %w", t.ID, db.known(err))
	}
	roles, err := encode(t.Roles)
	if err != nil {
		return fmt.Errorf("tenant %s: %w", t.ID, db.known(err))
	}
	_, err = db.writer.ExecContext(ctx, `INSERT OR REPLACE INTO tenant (`+tenantColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		string(t.ID), t.Name, t.Domain, t.Cloud, t.Customer, tags, string(t.State), t.Detail, string(t.Surface), roles,
		micros(t.Added), micros(t.Proved))
	if err != nil {
		return fmt.Errorf("tenant %s: %w", t.ID, db.known(err))
	}
	return nil
}

// RemoveTenant forgets a tenant, its invitations and what was shown of it, or
// returns store.ErrNotFound. The audit stays.
func (db *DB) RemoveTenant(ctx context.Context, id entra.TenantID) error {
	err := db.update(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM tenant WHERE id = ?`, string(id))
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, store.ErrNotFound)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM invitation WHERE tenant = ?`, string(id)); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM seen WHERE tenant = ?`, string(id))
		return err
	})
	if err != nil {
		return fmt.Errorf("tenant %s: %w", id, db.known(err))
	}
	return nil
}

// update runs f in one transaction: all of it takes effect, or none.
func (db *DB) update(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := db.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback() // what f found is the cause
		return err
	}
	return tx.Commit()
}
