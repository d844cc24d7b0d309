package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The recorded answers stand beside the repository, where there are any.
func TestFloors(t *testing.T) {
	const data = "../../../../shared/kql"
	if _, err := os.Stat(data); err != nil {
		t.Log("There is no folder shared/kql beside the repository, so that nothing is measured.")
		return
	}
	var out bytes.Buffer
	err := score(&out, data, "floors.txt", false, false)
	t.Logf("\n%s", &out)
	if err != nil {
		t.Error(err)
	}
}

func TestScore(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("hunting-queries.jsonl", `{"id":"a","query":"T | take 5","diagnostics":[{"code":"KS204"}]}
{"id":"b","query":"T | take","diagnostics":[{"code":"KS006"}]}
{"id":"c","query":"T | take 1","diagnostics":[{"code":"KS006"}]}
`)
	floors := write("floors.txt", "# remark\n\nhunting-parse 1\n")
	run := func(raise bool) (string, error) {
		var out bytes.Buffer
		err := score(&out, dir, floors, raise, true)
		return out.String(), err
	}
	out, err := run(false)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"hunting-parse                  2 of     3   66.67 %  floor     1",
		"c: accepted here alone",
		"hunting-round-trip             2 of     2  100.00 %  floor     0",
		"engine-docs-cases.jsonl is not in",
		"risen: hunting-parse, hunting-round-trip",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
	if _, err := run(true); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(floors)
	if err != nil || string(kept) != "# remark\n\nhunting-parse 2\nhunting-round-trip 2\n" {
		t.Errorf("the floors are %q, %v", kept, err)
	}
	write("floors.txt", "hunting-parse 3\n")
	if _, err := run(true); err == nil || !strings.Contains(err.Error(), "hunting-parse is 2, 1 below its floor") {
		t.Errorf("below the floor: %v", err)
	}
	if kept, _ := os.ReadFile(floors); string(kept) != "hunting-parse 3\n" {
		t.Errorf("a floor fell: %q", kept)
	}
}
