package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// schema is schema.json.
type schema struct {
	Source string
	About  string
	Types  map[string]graphType
	Enums  map[string][]string
	Docs   map[string]string // what a type is, to follow its name
	XDR    struct {
		Source string
		Types  map[string]xdrType
	}
}

// graphType is a type of the namespace microsoft.graph.security.
type graphType struct {
	Base       string
	Kind       string
	Open       bool
	Properties map[string]string
	Navigation map[string]string
}

// xdrType is a flat object of the Defender XDR API.
type xdrType struct {
	Doc        string
	Documented map[string]string
	Seen       map[string]string // written by the service, though not documented
}

func readSchema(file string) (*schema, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var s schema
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &s, nil
}

const abstractEvidence = "alertEvidence"

// ownFields is where an evidence type's own fields begin to count: the base has those below.
const ownFields = 8

func (t graphType) isEvidence() bool { return t.Base == "self."+abstractEvidence }

// wanted lists the types to generate: all evidence, and the plain types that it
// is made of, each group by name.
func (s *schema) wanted() []string {
	var evidence []string
	plain := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		for _, property := range s.Types[name].Properties {
			element, _ := elementOf(property)
			t, isType := s.Types[element]
			if !isType || t.Open || t.isEvidence() || element == abstractEvidence || plain[element] {
				continue
			}
			plain[element] = true
			visit(element)
		}
	}
	for name, t := range s.Types {
		if t.isEvidence() {
			evidence = append(evidence, name)
			visit(name)
		}
	}
	slices.Sort(evidence)
	return append(evidence, slices.Sorted(maps.Keys(plain))...)
}

// elementOf takes a type apart: "Collection(String)" is "String", true.
func elementOf(property string) (element string, list bool) {
	inner, list := strings.CutPrefix(property, "Collection(")
	return strings.TrimSuffix(inner, ")"), list
}
