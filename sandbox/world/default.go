package world

import (
	_ "embed"
	"fmt"
	"slices"
)

//go:embed default.yaml
var defaultYAML []byte

//go:embed world.schema.json
var schemaJSON []byte

// DefaultYAML is the text of the zero set-up world, with comments on every
// value: what a new world file starts from.
func DefaultYAML() []byte { return slices.Clone(defaultYAML) }

// Default is the zero set-up world: a partner, his application, and a dozen
// customers in different conditions. The caller may change it before Build.
func Default() *Spec {
	f, err := ParseFile(defaultYAML, Named("default.yaml"))
	if err != nil {
		panic(fmt.Sprintf("the embedded default world is wrong: %v", err)) // a test parses it
	}
	return f
}

// Schema is the JSON Schema (draft 2020-12) of world files, for editors. The
// parser checks more than a schema can say, such as references.
func Schema() []byte { return slices.Clone(schemaJSON) }
