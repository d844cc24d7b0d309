package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
)

// seenFor is how long it is remembered what a person was shown: longer than
// Microsoft keeps an incident's data, which is 180 days
// (https://learn.microsoft.com/defender-xdr/data-privacy). Ours.
const seenFor = 200 * 24 * time.Hour

// PutSeen remembers the state in which a person was shown incidents or alerts
// of a tenant, all of them or none. One shown before is replaced, also when it
// was newer then: what counts is what was shown last. store.ErrInvalid for one
// without an id or a last update.
func (db *DB) PutSeen(ctx context.Context, tenant entra.TenantID, kind string, list []fleet.Seen) error {
	what := "what was shown of tenant " + string(tenant)
	if tenant == "" || kind == "" {
		return invalid(what, "it has no tenant or kind")
	}
	for _, s := range list {
		if s.ID == "" || s.LastUpdate.IsZero() {
			return invalid(what, "one has no id or no last update")
		}
	}
	if len(list) == 0 {
		return nil
	}
	now := db.now()
	err := db.update(ctx, func(tx *sql.Tx) error {
		put, err := tx.PrepareContext(ctx, `INSERT OR REPLACE INTO seen (tenant, kind, id, last_update, at) VALUES (?, ?, ?, ?, ?)`)
		if err != nil {
			return err
		}
		defer put.Close()
		for _, s := range list {
			if s.At.IsZero() {
				s.At = now
			}
			if _, err := put.ExecContext(ctx, string(tenant), kind, s.ID, s.LastUpdate.UTC().Format(time.RFC3339Nano), micros(s.At)); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM seen WHERE at < ?`, micros(now.Add(-seenFor)))
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, db.known(err))
	}
	return nil
}

// Seen returns what a person was last shown of an incident or alert; false when
// it was never shown, or too long ago to be remembered.
func (db *DB) Seen(ctx context.Context, tenant entra.TenantID, kind, id string) (fleet.Seen, bool, error) {
	var text string
	var at sql.NullInt64
	err := db.reader.QueryRowContext(ctx, `SELECT last_update, at FROM seen WHERE tenant = ? AND kind = ? AND id = ?`,
		string(tenant), kind, id).Scan(&text, &at)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fleet.Seen{}, false, nil
	case err != nil:
		return fleet.Seen{}, false, fmt.Errorf("what was shown of tenant %s: %w", tenant, db.known(err))
	}
	update, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return fleet.Seen{}, false, fmt.Errorf("what was shown of tenant %s is damaged in the database: %w", tenant, err)
	}
	return fleet.Seen{ID: id, LastUpdate: update.UTC(), At: instant(at)}, true, nil
}
