package main

import (
	"maps"
	"slices"
	"strings"
)

func (g *generator) enums() {
	g.line("")
	g.line("// Members of the enumerations of Microsoft Graph.")
	g.line("// Source: %s", g.schema.Source)
	g.line("const (")
	for _, name := range slices.Sorted(maps.Keys(g.schema.Enums)) {
		g.line("%s enum = %q", members(name), strings.Join(g.schema.Enums[name], " "))
	}
	g.line(")")
}

func (g *generator) evidenceTypes() {
	g.imports("encoding/json", "time")
	g.line("// Kinds of evidence.")
	g.line("// Source: %s", g.schema.Source)
	g.line("const (")
	for _, name := range g.schema.wanted() {
		if kind, ok := g.kind(name); ok {
			g.line("Evidence%s EvidenceType = %q", goName(kind), kind)
		}
	}
	g.line(")")
	for _, name := range g.schema.wanted() {
		t := g.schema.Types[name]
		g.line("")
		g.line("// %s %s.", goName(name), g.schema.Docs[name])
		g.line("type %s struct {", goName(name))
		if t.isEvidence() {
			g.line("EvidenceBase")
			g.line("")
		}
		g.fields(t.Properties, func(goType string) string { return goType })
		if !t.isEvidence() {
			g.line("")
			g.line("Extra map[string]json.RawMessage `json:\"-\"` // see Incident.Extra")
			g.line("told told")
		}
		g.line("}")
	}
}

// kind is the evidence type that a Graph type is, without the word evidence.
func (g *generator) kind(name string) (string, bool) {
	return strings.TrimSuffix(name, "Evidence"), g.schema.Types[name].isEvidence()
}

func (g *generator) imports(paths ...string) {
	g.line("")
	g.line("import (")
	for _, p := range paths {
		g.line("%q", p)
	}
	g.line(")")
	g.line("")
}

func (g *generator) fields(of map[string]string, rename func(goType string) string) {
	for _, p := range g.properties(of, 0) {
		g.line("%s %s %s%s", goName(p.name), rename(p.goType), p.tag(), g.comment(p))
	}
}

func (g *generator) evidenceCodec() {
	g.line("")
	g.line("// newEvidence makes evidence of a kind; nil if no Go type is made for it.")
	g.line("func newEvidence(kind EvidenceType) Evidence {")
	g.line("switch kind {")
	for _, name := range g.schema.wanted() {
		if kind, ok := g.kind(name); ok {
			g.line("case Evidence%s:", goName(kind))
			g.line("return &%s{}", goName(name))
		}
	}
	g.line("}")
	g.line("return nil")
	g.line("}")
	for _, name := range g.schema.wanted() {
		g.codec(name)
	}
}

func (g *generator) codec(name string) {
	t, goType := g.schema.Types[name], goName(name)
	kind, isEvidence := g.kind(name)
	first := 0
	if isEvidence {
		first = ownFields
		g.line("")
		g.line("// Type is [Evidence%s].", goName(kind))
		g.line("func (x *%s) Type() EvidenceType { return Evidence%s }", goType, goName(kind))
	} else {
		g.line("")
		g.line("func (x *%s) state(Surface) state { return state{told: &x.told, extra: &x.Extra} }", goType)
	}
	properties := g.properties(t.Properties, first)
	g.line("")
	g.line("func (x *%s) member(d *decoder, key string) bool {", goType)
	g.line("switch key {")
	if isEvidence {
		g.line("case odataType: return d.odataType(&x.EvidenceBase, %q)", "#microsoft.graph.security."+name)
	}
	for _, p := range properties {
		g.line("case %q:", p.name)
		g.line("return %s", p.read())
	}
	g.line("}")
	if isEvidence {
		g.line("return x.EvidenceBase.member(d, key)")
	} else {
		g.line("return false")
	}
	g.line("}")
	g.line("")
	g.line("func (x *%s) members(w *writer) {", goType)
	if isEvidence {
		g.line("w.odataType(&x.EvidenceBase, %q)", "#microsoft.graph.security."+name)
		g.line("x.EvidenceBase.members(w)")
	}
	for _, p := range properties {
		g.line("%s", p.write())
	}
	g.line("}")
	g.line("")
	g.line("// MarshalJSON writes the shape of Microsoft Graph.")
	g.line("func (x %s) MarshalJSON() ([]byte, error) { return marshal(&x) }", goType)
	g.line("")
	g.line("// UnmarshalJSON reads the shape of Microsoft Graph. The error is a [*DecodeError].")
	g.line("func (x *%s) UnmarshalJSON(data []byte) error { *x = %s{}; return unmarshal(data, x) }", goType, goType)
}

func (g *generator) xdr() {
	g.imports("encoding/json", "time")
	g.line("// Source: %s", g.schema.XDR.Source)
	for _, name := range slices.Sorted(maps.Keys(g.schema.XDR.Types)) {
		t := g.schema.XDR.Types[name]
		documented := g.properties(t.Documented, 0)
		seen := g.properties(t.Seen, len(documented))
		g.line("")
		g.line("// %s %s.", name, t.Doc)
		g.line("type %s struct {", name)
		g.fields(t.Documented, func(goType string) string { return goType })
		g.line("")
		g.line("// Seen in answers, not documented:")
		g.fields(t.Seen, func(goType string) string { return goType })
		g.line("")
		g.line("Extra map[string]json.RawMessage `json:\"-\"`")
		g.line("told told")
		g.line("every bool // made by hand: documented members are written even if they are zero")
		g.line("}")
		g.line("")
		g.line("func (x *%s) state(Surface) state { return state{told: &x.told, extra: &x.Extra, every: x.every} }", name)
		g.line("")
		g.line("func (x *%s) member(d *decoder, key string) bool {", name)
		g.line("switch key {")
		for _, p := range append(documented, seen...) {
			g.line("case %q:", p.name)
			g.line("return %s", p.read())
		}
		g.line("}")
		g.line("return false")
		g.line("}")
		g.line("")
		g.line("func (x *%s) members(w *writer) {", name)
		for _, p := range documented {
			g.line("%s", p.write())
		}
		g.line("w.every = false")
		for _, p := range seen {
			g.line("%s", p.write())
		}
		g.line("}")
		g.line("")
		g.line("// holds tells whether a member is not zero.")
		g.line("func (x *%s) holds() bool {", name)
		g.line("return %s", strings.Join(notZero(append(documented, seen...)), " ||\n"))
		g.line("}")
	}
}

// notZero are conditions that the properties of x have values.
func notZero(properties []property) []string {
	var out []string
	for _, p := range properties {
		field := "x." + goName(p.name)
		switch {
		case p.goType == "string":
			out = append(out, field+` != ""`)
		case p.goType == "time.Time":
			out = append(out, "!"+field+".IsZero()")
		case strings.HasPrefix(p.goType, "[]"):
			out = append(out, "len("+field+") > 0")
		default:
			out = append(out, field+" != nil")
		}
	}
	return out
}
