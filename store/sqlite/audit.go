package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/store"
)

const auditColumns = `kind, tenant, tenant_name, surface, target, target_name, comment, reason, changes, actor, guard,
	started, finished, outcome, service_ids, code, detail`

// AppendAudit writes an open record and returns its id. The record's ID,
// Finished and Outcome are not read; Started is set to now when it is zero. It
// is on disk when the call returns. store.ErrInvalid when it lacks a kind, a
// tenant or a target; store.ErrConflict when an unsettled record of the same
// tenant and target has the same guard.
func (db *DB) AppendAudit(ctx context.Context, r fleet.AuditRecord) (int64, error) {
	switch {
	case r.Kind == "":
		return 0, invalid("audit record", "it has no kind")
	case r.Tenant == "":
		return 0, invalid("audit record", "it has no tenant")
	case r.Target == "":
		return 0, invalid("audit record", "it has no target")
	}
	if r.Started.IsZero() {
		r.Started = db.now()
	}
	changes, err := encode(r.Changes)
	if err != nil {
		return 0, fmt.Errorf("write the audit: %w", err)
	}
	result, err := db.writer.ExecContext(ctx, `INSERT INTO audit (`+auditColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, '', 'null', '', '')`,
		r.Kind, string(r.Tenant), r.TenantName, string(r.Surface), r.Target, r.TargetName, r.Comment, r.Reason, changes, r.Actor, r.Guard,
		micros(r.Started))
	var sqliteErr *sqlite.Error
	if errors.As(err, &sqliteErr) && sqliteErr.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE {
		err = store.ErrConflict
	}
	if err != nil {
		return 0, fmt.Errorf("write the audit: %w", db.known(err))
	}
	id, err := result.LastInsertId()
	if err != nil {
		return 0, fmt.Errorf("write the audit: %w", db.known(err))
	}
	return id, nil
}

// FinishAudit writes what became of an effect. A record that is open or
// uncertain can be finished; one that is settled is store.ErrConflict and stays
// as it is, an unknown id is store.ErrNotFound, an outcome that is none is
// store.ErrInvalid. Ids that the record has already are kept.
func (db *DB) FinishAudit(ctx context.Context, id int64, res fleet.AuditResult) error {
	what := fmt.Sprintf("audit record %d", id)
	if !slices.Contains(fleet.AuditOutcomes(), res.Outcome) {
		return invalid(what, fmt.Sprintf("%q is no outcome", res.Outcome))
	}
	if res.At.IsZero() {
		res.At = db.now()
	}
	err := db.update(ctx, func(tx *sql.Tx) error {
		var outcome fleet.AuditOutcome
		var text string
		err := tx.QueryRowContext(ctx, `SELECT outcome, service_ids FROM audit WHERE id = ?`, id).Scan(&outcome, &text)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return store.ErrNotFound
		case err != nil:
			return err
		case !outcome.Unsettled():
			return store.ErrConflict
		}
		var ids []string
		if err := decode("the ids of an audit record", text, &ids); err != nil {
			return err
		}
		for _, one := range res.ServiceIDs {
			if !slices.Contains(ids, one) {
				ids = append(ids, one)
			}
		}
		if text, err = encode(ids); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE audit SET finished = ?, outcome = ?, service_ids = ?, code = ?, detail = ? WHERE id = ?`,
			micros(res.At), string(res.Outcome), text, res.Code, res.Detail, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, db.known(err))
	}
	return nil
}

// Audit returns the records that match, the newest first.
func (db *DB) Audit(ctx context.Context, f fleet.AuditFilter) ([]fleet.AuditRecord, error) {
	var where []string
	var args []any
	add := func(term string, values ...any) {
		where = append(where, term)
		args = append(args, values...)
	}
	if f.ID != 0 {
		add(`id = ?`, f.ID)
	}
	if f.Tenant != "" {
		add(`tenant = ?`, string(f.Tenant))
	}
	if f.Target != "" {
		add(`target = ?`, f.Target)
	}
	if f.Guard != "" {
		add(`guard = ?`, f.Guard)
	}
	if len(f.Kinds) > 0 {
		add(`kind IN (`+marks(len(f.Kinds))+`)`, anys(f.Kinds)...)
	}
	if len(f.Outcomes) > 0 {
		add(`outcome IN (`+marks(len(f.Outcomes))+`)`, anys(f.Outcomes)...)
	}
	if !f.Since.IsZero() {
		add(`started >= ?`, micros(f.Since))
	}
	query := `SELECT id, ` + auditColumns + ` FROM audit`
	if len(where) > 0 {
		query += ` WHERE ` + strings.Join(where, ` AND `)
	}
	query += ` ORDER BY id DESC`
	if f.Limit > 0 {
		query += ` LIMIT ?`
		args = append(args, f.Limit)
	}
	rows, err := db.reader.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read the audit: %w", db.known(err))
	}
	defer rows.Close()
	var all []fleet.AuditRecord
	for rows.Next() {
		r, err := scanAudit(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("read the audit: %w", db.known(err))
		}
		all = append(all, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the audit: %w", db.known(err))
	}
	return all, nil
}

func scanAudit(scan func(...any) error) (fleet.AuditRecord, error) {
	var r fleet.AuditRecord
	var changes, ids string
	var started, finished sql.NullInt64
	err := scan(&r.ID, &r.Kind, &r.Tenant, &r.TenantName, &r.Surface, &r.Target, &r.TargetName, &r.Comment, &r.Reason, &changes, &r.Actor, &r.Guard,
		&started, &finished, &r.Outcome, &ids, &r.Code, &r.Detail)
	if err == nil {
		err = decode("what an audit record changed", changes, &r.Changes)
	}
	if err == nil {
		err = decode("the ids of an audit record", ids, &r.ServiceIDs)
	}
	r.Started, r.Finished = instant(started), instant(finished)
	return r, err
}

// marks is n placeholders.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

func anys[T ~string](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}
