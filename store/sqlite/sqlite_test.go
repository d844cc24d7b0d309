package sqlite_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/store"
	"github.com/tenantry/tenantry/store/sqlite"
	"github.com/tenantry/tenantry/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func now() time.Time { return time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC) }

const contoso = "aaaaaaaa-0000-4000-8000-000000000001"

func open(t *testing.T, path string) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, filepath.Join(t.TempDir(), "state.db")) })
}

func TestStateOutlivesTheProcess(t *testing.T) {
	// Characters that mean something in SQLite's addresses.
	path := filepath.Join(t.TempDir(), "a dir", "100% #1?", "state.db")
	first, err := sqlite.Open(t.Context(), path, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.PutTenant(t.Context(), fleet.Tenant{ID: contoso, Name: "Contoso"}); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file is elsewhere: %v", err)
	}
	got, err := open(t, path).Tenant(t.Context(), contoso)
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "Contoso" || !got.Added.Equal(now()) {
		t.Errorf("got %+v, want Contoso added at the store's clock %v", got, now())
	}
}

func TestFilesAreTheOwnersOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("Windows has no modes: only the location of the files is checked")
	}
	dir := filepath.Join(t.TempDir(), "new")
	path := filepath.Join(dir, "state.db")
	// A file that was left readable is put right.
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	db := open(t, path)
	if err := db.PutTenant(t.Context(), fleet.Tenant{ID: contoso}); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) < 2 {
		t.Errorf("found %v, want the database and its log", entries)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %04o, want 0600", e.Name(), info.Mode().Perm())
		}
	}
}

func TestVerifierIsForgotten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := sqlite.Open(t.Context(), path, now)
	if err != nil {
		t.Fatal(err)
	}
	inv := fleet.Invitation{State: "s1", Verifier: "a-verifier-nobody-may-find", Expires: now().Add(time.Hour)}
	if err := db.PutInvitation(t.Context(), inv); err != nil {
		t.Fatal(err)
	}
	used, err := db.UseInvitation(t.Context(), "s1", time.Time{}) // zero: the store's clock
	if err != nil {
		t.Fatal(err)
	}
	if used.Verifier != inv.Verifier || !used.Used.Equal(now()) {
		t.Errorf("got %+v, want the verifier, used at %v", used, now())
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	var verifier string
	if err := raw.QueryRow(`SELECT verifier FROM invitation`).Scan(&verifier); err != nil || verifier != "" {
		t.Errorf("verifier %q, error %v; want it emptied", verifier, err)
	}
}

// What was shown longer ago than the service keeps its incidents is forgotten.
func TestSeenIsForgotten(t *testing.T) {
	at := now()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	put := func(id string) {
		t.Helper()
		if err := db.PutSeen(t.Context(), contoso, fleet.SeenIncident, []fleet.Seen{{ID: id, LastUpdate: now()}}); err != nil {
			t.Fatal(err)
		}
	}
	has := func(id string) bool {
		t.Helper()
		_, ok, err := db.Seen(t.Context(), contoso, fleet.SeenIncident, id)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	put("1")
	at = at.Add(180 * 24 * time.Hour)
	put("2")
	if !has("1") || !has("2") {
		t.Error("what was shown 180 days ago is forgotten while the service keeps it")
	}
	at = at.Add(30 * 24 * time.Hour)
	put("3")
	if has("1") || !has("2") || !has("3") {
		t.Errorf("kept: 1 %v, 2 %v, 3 %v; want the last two", has("1"), has("2"), has("3"))
	}
}

func TestTwoProcessesOpenANewDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	dbs := make([]*sqlite.DB, 4)
	var wg sync.WaitGroup
	for i := range dbs {
		wg.Go(func() {
			var err error
			if dbs[i], err = sqlite.Open(t.Context(), path, now); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	if err := dbs[0].PutInvitation(t.Context(), fleet.Invitation{State: "s1", Expires: now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	won := make([]bool, len(dbs))
	for i, db := range dbs {
		wg.Go(func() {
			_, err := db.UseInvitation(t.Context(), "s1", now())
			won[i] = err == nil
			if err != nil && !errors.Is(err, store.ErrUsed) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	n := 0
	for i, db := range dbs {
		if won[i] {
			n++
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	if n != 1 {
		t.Errorf("%d of %d processes used the invitation, want 1", n, len(dbs))
	}
}

func TestRefusedFiles(t *testing.T) {
	raw := func(t *testing.T, path, statement string) {
		t.Helper()
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	made := func(t *testing.T, path string) {
		t.Helper()
		db, err := sqlite.Open(t.Context(), path, now)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name    string
		prepare func(t *testing.T, path string) string // returns the path to open
		want    string
		changes bool // the file may change
	}{
		{"not a database", func(t *testing.T, path string) string {
			if err := os.WriteFile(path, []byte(strings.Repeat("clientId: nothing like a database\n", 100)), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}, "not a database, or it is damaged", false},
		{"damaged", func(t *testing.T, path string) string {
			made(t, path)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			copy(data[100:], bytes.Repeat([]byte{0xff}, 3000)) // the page that lists the tables
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}, "damaged", false},
		{"damaged where its version stands", func(t *testing.T, path string) string {
			made(t, path)
			overwrite(t, path, "goose_db_version")
			return path
		}, "it is damaged", false},
		{"newer version", func(t *testing.T, path string) string {
			made(t, path)
			raw(t, path, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`)
			return path
		}, "newer version of this program (its version is 999", false},
		{"another program's", func(t *testing.T, path string) string {
			raw(t, path, `CREATE TABLE bookmarks (url TEXT)`)
			return path
		}, "another program", true}, // SQLite notes in its header how it is read
		{"directory", func(t *testing.T, path string) string { return filepath.Dir(path) }, "this is a directory", true},
		{"below a file", func(t *testing.T, path string) string {
			if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
			return filepath.Join(path, "state.db")
		}, "its directory cannot be made: not a directory", true},
		{"no path", func(*testing.T, string) string { return "" }, "no path", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := c.prepare(t, filepath.Join(t.TempDir(), "state.db"))
			before, _ := os.ReadFile(path)
			_, err := sqlite.Open(t.Context(), path, now)
			var openErr *sqlite.OpenError
			if !errors.As(err, &openErr) {
				t.Fatalf("error %v, want an OpenError", err)
			}
			if !strings.Contains(err.Error(), c.want) || openErr.Next() == "" {
				t.Errorf("error %q, want %q and a remedy", err, c.want)
			}
			if path != "" && !strings.Contains(err.Error(), path) {
				t.Errorf("error %q does not name %s", err, path)
			}
			after, _ := os.ReadFile(path)
			if !c.changes && !bytes.Equal(before, after) {
				t.Error("the refused file was changed")
			}
		})
	}
}

// overwrite destroys the first page of a table.
func overwrite(t *testing.T, path, table string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	var page, size int64
	if err := db.QueryRow(`SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_master WHERE name = ?`, table).Scan(&page, &size); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xff}, 100), (page-1)*size); err != nil {
		t.Fatal(err)
	}
}

// Damage that is met only when a table is read is told as such, too.
func TestDamagedInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	overwrite(t, path, "tenant")
	overwrite(t, path, "app")
	db := open(t, path)
	_, tenants := db.Tenants(t.Context())
	_, _, app := db.App(t.Context())
	put := db.PutTenant(t.Context(), fleet.Tenant{ID: contoso})
	for name, err := range map[string]error{"tenants": tenants, "app": app, "put": put} {
		if e, ok := errors.AsType[*sqlite.OpenError](err); !ok || e.Problem != "it is damaged" || e.Path != path || e.Next() == "" {
			t.Errorf("%s: error %v, want an OpenError about damage", name, err)
		}
	}
}

func TestUnwritableDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "state.db"), now)
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Log("modes do not bind this user, so that the database is made: only that is checked")
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		return
	}
	var openErr *sqlite.OpenError
	if !errors.As(err, &openErr) || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("error %v, want an OpenError about permissions", err)
	}
}

func TestReadersDoNotWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db := open(t, path)
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	conn, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), `BEGIN IMMEDIATE`); err != nil {
		t.Fatal(err)
	}
	// Readers go on beside a writer.
	if _, err := db.Tenants(t.Context()); err != nil {
		t.Errorf("a reader waits for the writer: %v", err)
	}
	if _, err := conn.ExecContext(t.Context(), `ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	if err := db.PutTenant(t.Context(), fleet.Tenant{ID: contoso}); err != nil {
		t.Error(err)
	}
}
