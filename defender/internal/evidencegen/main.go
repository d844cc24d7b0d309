// Command evidencegen writes the Go types of evidence, and the code that reads
// and writes them, from schema.json. Run it with go generate in the folder of
// package defender.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := run("internal/evidencegen/schema.json", "."); err != nil {
		fmt.Fprintln(os.Stderr, "evidencegen:", err)
		os.Exit(1)
	}
}

// run reads the schema and writes the generated files into a folder.
func run(schemaFile, folder string) error {
	schema, err := readSchema(schemaFile)
	if err != nil {
		return err
	}
	files, err := generate(schema)
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
