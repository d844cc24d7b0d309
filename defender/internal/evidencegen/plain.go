package main

import "strings"

// plain makes types with the fields of the generated ones and no methods, into
// which encoding/json reads by itself: what the decoder is compared with.
func (g *generator) plain() {
	g.imports("encoding/json", "time")
	rename := func(goType string) string {
		at := strings.LastIndexAny(goType, "]*") + 1
		name := goType[at:]
		switch {
		case goType == "map[string]json.RawMessage", name == "string", name == "int64", name == "int32", name == "float64", name == "bool", name == "time.Time":
			return goType
		}
		return goType[:at] + "plain" + name
	}
	g.line("func newPlainEvidence(kind EvidenceType) any {")
	g.line("switch kind {")
	for _, name := range g.schema.wanted() {
		if kind, ok := g.kind(name); ok {
			g.line("case Evidence%s:", goName(kind))
			g.line("return &plain%s{}", goName(name))
		}
	}
	g.line("}")
	g.line("return nil")
	g.line("}")
	for _, name := range g.schema.wanted() {
		t := g.schema.Types[name]
		g.line("")
		g.line("type plain%s struct {", goName(name))
		if t.isEvidence() {
			g.line("plainEvidenceBase")
		}
		g.fields(t.Properties, rename)
		g.line("}")
	}
}
