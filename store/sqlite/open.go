// Package sqlite keeps the product's state in one SQLite file, without cgo. It
// is the default [store.Store]: any number of readers, one writer at a time,
// also across processes.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed migrations/*.sql
var migrations embed.FS

// DB is a database. It is safe for concurrent use.
type DB struct {
	path   string
	writer *sql.DB // one connection: writers queue here and not in SQLite
	reader *sql.DB
	now    func() time.Time
}

// OpenError says why a database cannot be opened, or, when the file went bad
// later, used.
type OpenError struct {
	Path    string
	Problem string
	Remedy  string
	Err     error // cause, or nil
}

func (e *OpenError) Error() string {
	return fmt.Sprintf("database %s: %s; %s", e.Path, e.Problem, e.Remedy)
}

// Unwrap gives the cause.
func (e *OpenError) Unwrap() error { return e.Err }

// Next says in one sentence what to do about it.
func (e *OpenError) Next() string { return e.Remedy }

// busy is how long a statement waits for a writer of another process.
const busy = 5 * time.Second

// Open opens the database at path, making it and its directory when they do not
// exist, and brings it to this program's version. The file is readable by its
// owner only. now is the clock for records that carry no time of their own; nil
// means time.Now. Every failure is an [*OpenError].
func Open(ctx context.Context, path string, now func() time.Time) (*DB, error) {
	if now == nil {
		now = time.Now
	}
	abs, err := filepath.Abs(path)
	if err != nil || path == "" {
		return nil, &OpenError{Path: path, Problem: "this is no path", Remedy: "give the path of a file", Err: err}
	}
	if err := prepare(abs); err != nil {
		return nil, err
	}
	db := &DB{path: abs, now: now}
	if db.writer, err = connect(abs, "rw", 1); err == nil {
		db.reader, err = connect(abs, "ro", max(2, runtime.NumCPU()))
	}
	if err == nil {
		err = db.migrate(ctx)
	}
	if err != nil {
		return nil, errors.Join(openError(abs, err), db.Close())
	}
	return db, nil
}

// Close gives up the connections. It may be called more than once.
func (db *DB) Close() error {
	var errs []error
	for _, pool := range []*sql.DB{db.reader, db.writer} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	return errors.Join(errs...)
}

// Path is where the database is.
func (db *DB) Path() string { return db.path }

// prepare makes directory and file with the right modes before SQLite would
// make the file readable to all. SQLite gives the modes of the file to the
// files that it puts beside it.
func prepare(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return &OpenError{Path: path, Problem: "its directory cannot be made: " + reason(err),
			Remedy: "choose a place that may be written", Err: err}
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		problem := "it cannot be written: " + reason(err)
		if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
			problem = "this is a directory"
		}
		return &OpenError{Path: path, Problem: problem, Remedy: "choose a file that may be written, in a directory that may be written", Err: err}
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		err = f.Chmod(0o600)
	}
	if err != nil {
		return &OpenError{Path: path, Problem: "it can be read by others, and that cannot be changed: " + reason(err),
			Remedy: "run chmod 600 on it as its owner", Err: err}
	}
	return nil
}

// connect makes a pool without opening it. Writing transactions take the lock
// when they begin, so that none fails half-way because another came first.
func connect(path, mode string, conns int) (*sql.DB, error) {
	q := url.Values{}
	q.Set("mode", mode)
	q.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", busy.Milliseconds()))
	q.Add("_pragma", "foreign_keys(1)")
	if mode == "rw" {
		q.Add("_pragma", "journal_mode(WAL)") // readers do not wait for the writer
		// A transaction is on disk when it ends: "audit before effect" depends on
		// it. With WAL, NORMAL would lose the last ones when the power fails.
		q.Add("_pragma", "synchronous(FULL)")
		q.Set("_txlock", "immediate")
	} else {
		q.Add("_pragma", "query_only(1)")
	}
	slashed := filepath.ToSlash(path)
	if slashed[0] != '/' { // a drive letter
		slashed = "/" + slashed
	}
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: slashed}).EscapedPath(), RawQuery: q.Encode()}
	pool, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	return pool, nil
}

// migrate brings the tables to this program's version. Two processes may do so
// at once: the one that comes second fails at a step the other has done, looks
// again, and finds the work done. Of several that begin at once one can be told
// at once that another is writing, without the wait for it; it asks again for as
// long as that wait would be.
func (db *DB) migrate(ctx context.Context) error {
	if err := db.own(ctx); err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	giveUp := time.Now().Add(busy)
	for attempt := 0; ; attempt++ {
		provider, err := goose.NewProvider(goose.DialectSQLite3, db.writer, files, goose.WithDisableGlobalRegistry(true))
		if err != nil {
			return err
		}
		current, target, err := provider.GetVersions(ctx)
		if err == nil && current > target {
			return &OpenError{Path: db.path, Problem: fmt.Sprintf("it was made by a newer version of this program (its version is %d, this program knows %d)", current, target),
				Remedy: "use the newer program, or another database; nothing was changed"}
		}
		if err == nil {
			_, err = provider.Up(ctx)
		}
		if err == nil || ctx.Err() != nil {
			return err
		}
		if attempt < 5 {
			continue
		}
		if !isBusy(err) || time.Now().After(giveUp) {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// isBusy tells whether another process's writing is why a statement failed.
func isBusy(err error) bool {
	var sqliteErr *sqlite.Error
	return errors.As(err, &sqliteErr) && (sqliteErr.Code()&0xff == sqlite3.SQLITE_BUSY || sqliteErr.Code()&0xff == sqlite3.SQLITE_LOCKED)
}

// own refuses a database that another program has put tables into.
func (db *DB) own(ctx context.Context) error {
	var tables, versions int
	err := db.writer.QueryRowContext(ctx,
		`SELECT count(*), coalesce(sum(name = 'goose_db_version'), 0) FROM sqlite_master WHERE type = 'table'`).Scan(&tables, &versions)
	if err != nil {
		return err
	}
	if tables > 0 && versions == 0 {
		return &OpenError{Path: db.path, Problem: "this is the database of another program", Remedy: "give the path of a file that does not exist yet; nothing was changed"}
	}
	if versions > 0 {
		// The migrations take a table that cannot be read for one that is about
		// to appear, and wait for minutes; damage is told at once instead.
		var version int64
		return db.writer.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version`).Scan(&version)
	}
	return nil
}

// openError gives an error of SQLite a sentence and a remedy.
func openError(path string, err error) error {
	var open *OpenError
	if errors.As(err, &open) {
		return open
	}
	if e, ok := classify(path, err); ok {
		return e
	}
	return &OpenError{Path: path, Problem: "it cannot be opened: " + err.Error(), Remedy: "check the file and its directory", Err: err}
}

// known gives an error that came up in use the sentence it would have had on
// opening, when it is about the file and not about a statement.
func (db *DB) known(err error) error {
	if e, ok := classify(db.path, err); ok {
		return e
	}
	return err
}

func classify(path string, err error) (*OpenError, bool) {
	var sqliteErr *sqlite.Error
	if !errors.As(err, &sqliteErr) {
		return nil, false
	}
	e := &OpenError{Path: path, Err: err}
	switch sqliteErr.Code() & 0xff {
	case sqlite3.SQLITE_NOTADB:
		e.Problem, e.Remedy = "this is not a database, or it is damaged", "restore it from a backup, or move it away to begin anew"
	case sqlite3.SQLITE_CORRUPT:
		e.Problem, e.Remedy = "it is damaged", "restore it from a backup, or move it away to begin anew"
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		e.Problem, e.Remedy = "another process is writing to it and does not finish", "end that process, or try again"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		e.Problem, e.Remedy = "it cannot be written", "choose a file that may be written, in a directory that may be written"
	case sqlite3.SQLITE_FULL:
		e.Problem, e.Remedy = "the disk is full", "make room"
	case sqlite3.SQLITE_IOERR:
		// What SQLite says when the files beside the database find no room.
		e.Problem, e.Remedy = "reading or writing it failed: "+sqliteErr.Error(), "make room if the disk is full, and check the disk"
	default:
		return nil, false
	}
	return e, true
}

// reason is an error's cause without the path that the message names anyway.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}
