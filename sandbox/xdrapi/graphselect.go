package xdrapi

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/odata"
)

// entityType is what $select, $expand and messages know of a type of Graph.
type entityType struct {
	name       string   // qualified
	properties []string // that $select may name
	expands    []string // navigation properties
}

// The names are read off the wire types, so that they cannot differ from what
// is told.
var (
	incidentType = entityType{"microsoft.graph.security.incident", propertiesOf[graphIncident]("alerts"), []string{"alerts"}}
	alertType    = entityType{"microsoft.graph.security.alert", propertiesOf[graphAlert](), nil}
)

func propertiesOf[T any](except ...string) []string {
	var names []string
	t := reflect.TypeFor[T]()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if !strings.HasPrefix(name, "@") && !slices.Contains(except, name) {
			names = append(names, name)
		}
	}
	return names
}

// selection is what of an entity is told.
type selection struct {
	names    []string // of $select; none means all
	expanded bool
}

// spelled returns the name as the list spells it. Names of properties are not
// case-sensitive, as the page "Navigate Microsoft Graph" says
// (learn.microsoft.com/graph/traverse-the-graph).
func spelled(list []string, name string) (string, bool) {
	i := slices.IndexFunc(list, func(have string) bool { return strings.EqualFold(have, name) })
	if i < 0 {
		return name, false
	}
	return list[i], true
}

func (t entityType) selection(o odata.Options) (selection, *graphwire.Error) {
	unknown := func(name string) *graphwire.Error {
		return &graphwire.Error{Status: http.StatusBadRequest, Code: graphwire.CodeODataBad, Message: "Parsing OData Select and Expand failed: Could not find a property named '" + name + "' on type '" + t.name + "'."}
	}
	for _, name := range o.Expand {
		if _, ok := spelled(t.expands, name); !ok {
			return selection{}, unknown(name)
		}
	}
	s := selection{expanded: len(o.Expand) > 0}
	for _, name := range o.Select {
		name, ok := spelled(t.properties, name)
		if name != "*" && !ok {
			return selection{}, unknown(name)
		}
		if !slices.Contains(s.names, name) {
			s.names = append(s.names, name)
		}
	}
	return s, nil
}

// project keeps the selected properties in the order of the type, and
// expanded ones always.
func (s selection) project(t entityType, object []byte) ([]byte, error) {
	if len(s.names) == 0 || slices.Contains(s.names, "*") {
		return object, nil
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(object, &all); err != nil {
		return nil, err
	}
	out := []byte{'{'}
	add := func(name string) {
		if raw, ok := all[name]; ok {
			if len(out) > 1 {
				out = append(out, ',')
			}
			out = append(append(append(out, quoted(name)...), ':'), raw...)
		}
	}
	for _, name := range t.properties {
		if slices.Contains(s.names, name) {
			add(name)
		}
	}
	if s.expanded {
		for _, name := range t.expands {
			add(name)
		}
	}
	return append(out, '}'), nil
}

// String is the part of a context URL that names what was selected and
// expanded.
func (s selection) String() string {
	parts := slices.Clone(s.names)
	if s.expanded {
		parts = append(parts, "alerts()")
	}
	if len(parts) == 0 {
		return ""
	}
	return "(" + strings.Join(parts, ",") + ")"
}
