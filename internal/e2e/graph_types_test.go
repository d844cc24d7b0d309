package e2e

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// TestGraphTypesAreTheMetadatas compares the schema that the types of evidence
// are generated from with the facts taken from Microsoft's metadata, which may
// lie beside the repository and are no part of it.
func TestGraphTypesAreTheMetadatas(t *testing.T) {
	type schema struct {
		Source string
		Types  map[string]struct {
			Base, Kind string
			Open       bool
			Properties map[string]string
			Navigation map[string]string
		}
		Enums map[string][]string
	}
	read := func(path string) (s schema, err error) {
		data, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(data, &s)
		}
		return s, err
	}
	ours, err := read("../../defender/internal/evidencegen/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(ours.Types) < 60 || len(ours.Enums) < 30 {
		t.Errorf("the schema has %d types and %d enums; it had more", len(ours.Types), len(ours.Enums))
	}
	facts, err := read("../../../shared/facts/graph-security-types.json")
	if errors.Is(err, fs.ErrNotExist) {
		t.Log("There is no folder shared/facts beside the repository, so that the schema is not compared with it.")
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(facts, ours); diff != "" {
		t.Errorf("the schema differs from the facts; run go generate ./defender after mending it: -facts +schema\n%s", diff)
	}
}
