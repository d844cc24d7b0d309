package sqlite

import (
	"path/filepath"
	"testing"
	"time"
)

// An audit record has to be on disk before its effect is sent, whatever
// SQLite's own default is, or becomes.
func TestWritesAreOnDiskBeforeTheyAreDone(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal"} {
		var got string
		if err := db.writer.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, error %v; want %q", pragma, got, err, want)
		}
	}
}
