package world

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// place is where a field stands in a file; zero when it does not.
type place struct{ line, column int }

// decoder fills structs from YAML nodes. Unlike the library's own decoding it
// keeps going after a mistake, and remembers where every field stood so that
// mistakes found later can be shown in their place.
type decoder struct {
	file     string
	root     *yaml.Node
	at       map[string]place
	wrong    map[string]bool // fields already complained about
	problems Problems
}

func newDecoder(file string) *decoder {
	return &decoder{file: file, at: map[string]place{}, wrong: map[string]bool{}}
}

// where gives a problem the place of its field, or of the nearest field around
// it. It reports false when that field, or one around it, was complained about
// already: what follows from a mistake is not worth a second line.
func (d *decoder) where(p *Problem) bool {
	p.File = d.file
	for path := p.Field; path != ""; path = path[:max(0, strings.LastIndexAny(path, ".["))] {
		if d.wrong[path] {
			return false
		}
		if at, ok := d.at[path]; ok && p.Line == 0 {
			p.Line, p.Column = at.line, at.column
		}
	}
	p.Line, p.Column = max(p.Line, 1), max(p.Column, 1)
	return true
}

func (d *decoder) problem(n *yaml.Node, path, message, remedy string) {
	d.wrong[path] = true
	d.problems = append(d.problems, Problem{File: d.file, Line: max(n.Line, 1), Column: max(n.Column, 1), Field: path, Message: message, Remedy: remedy})
}

var lineRE = regexp.MustCompile(`line (\d+)(?:, column (\d+))?: `)

func (d *decoder) document(data []byte, into *Spec) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		p := Problem{File: d.file, Line: 1, Column: 1, Remedy: "the file must be valid YAML"}
		if errors.Is(err, io.EOF) {
			p.Message, p.Remedy = "the file is empty", "declare at least one tenant"
		} else {
			p.Message = strings.TrimPrefix(err.Error(), "yaml: ")
			if m := lineRE.FindStringSubmatch(p.Message); m != nil {
				p.Line, _ = strconv.Atoi(m[1])
				p.Message = strings.Replace(p.Message, m[0], "", 1)
			}
		}
		d.problems = append(d.problems, p)
		return
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		d.problem(&doc, "", "a world file is a mapping of "+strings.Join(keys(reflect.TypeFor[Spec]()), ", "), "declare at least one tenant")
		return
	}
	d.root = doc.Content[0]
	d.value(d.root, reflect.ValueOf(into).Elem(), "")
	var more yaml.Node
	switch err := dec.Decode(&more); {
	case err == nil:
		d.problem(&more, "", "a second YAML document", "put everything into one document")
	case !errors.Is(err, io.EOF):
		d.problems = append(d.problems, Problem{File: d.file, Line: 1, Column: 1, Message: strings.TrimPrefix(err.Error(), "yaml: "), Remedy: "the file must be valid YAML"})
	}
}

func (d *decoder) value(n *yaml.Node, v reflect.Value, path string) {
	if path != "" {
		d.at[path] = place{n.Line, n.Column}
	}
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		d.problem(n, path, "anchors and aliases are not read", "write the value out")
		return
	}
	switch p := v.Addr().Interface().(type) {
	case *When:
		if d.scalar(n, path, `a time such as "-24h", "+180d" or 2027-01-31T00:00:00Z`) {
			w, err := ParseWhen(n.Value)
			if err != nil {
				d.problem(n, path, strconv.Quote(n.Value)+" is not a time", `write an offset from the world's start such as "-24h" or "+180d", or an RFC 3339 time such as 2027-01-31T00:00:00Z`)
			}
			*p = w
		}
		return
	case *time.Duration:
		if d.scalar(n, path, `a duration such as "10m"`) {
			t, err := time.ParseDuration(n.Value)
			if err != nil {
				d.problem(n, path, strconv.Quote(n.Value)+" is not a duration", `write a number with a unit, such as "90s", "10m" or "1h"`)
			}
			*p = t
		}
		return
	case *GrantSet:
		d.grants(n, p, path)
		return
	case *LimitsSpec:
		d.limits(n, p, path)
		return
	case *json.RawMessage:
		d.object(n, p, path)
		return
	case **Delays:
		*p = &Delays{DefaultDelay, DefaultDelay} // what the file leaves out
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.value(n, v.Elem(), path)
	case reflect.Struct:
		d.mapping(n, v, path)
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			d.problem(n, path, "must be a list, not "+kindName(n), "write one \"- …\" line per entry")
			return
		}
		s := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
		for i, c := range n.Content {
			d.value(c, s.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
		v.Set(s)
	case reflect.String:
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
			remedy := "write text"
			if n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null" {
				remedy = "put it in quotes"
			}
			d.problem(n, path, "must be text, not "+kindName(n), remedy)
			return
		}
		v.SetString(n.Value)
	case reflect.Bool:
		if n.ShortTag() != "!!bool" {
			d.problem(n, path, "must be true or false, not "+kindName(n), "write true or false")
			return
		}
		v.SetBool(strings.EqualFold(n.Value, "true"))
	case reflect.Float64:
		if tag := n.ShortTag(); tag != "!!int" && tag != "!!float" || n.Kind != yaml.ScalarNode {
			d.problem(n, path, "must be a number, not "+kindName(n), "write digits")
			return
		}
		if err := n.Decode(v.Addr().Interface()); err != nil || math.IsInf(v.Float(), 0) || math.IsNaN(v.Float()) {
			d.problem(n, path, strconv.Quote(n.Value)+" is not in range", "write a number such as 6 or 0.5")
			v.SetFloat(0)
		}
	case reflect.Int, reflect.Uint64:
		if n.ShortTag() != "!!int" {
			d.problem(n, path, "must be a whole number, not "+kindName(n), "write digits")
			return
		}
		if err := n.Decode(v.Addr().Interface()); err != nil {
			d.problem(n, path, strconv.Quote(n.Value)+" is not in range", "write a number that is not negative and below 2^64")
		}
	}
}

func (d *decoder) scalar(n *yaml.Node, path, want string) bool {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		d.problem(n, path, "must be "+want+", not "+kindName(n), "write "+want)
		return false
	}
	return true
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.problem(n, path, "must be a mapping, not "+kindName(n), "its keys are "+strings.Join(keys(v.Type()), ", "))
		return
	}
	fields := map[string]int{}
	for i := range v.NumField() {
		if key := v.Type().Field(i).Tag.Get("yaml"); key != "" {
			fields[key] = i
		}
	}
	d.eachKey(n, path, func(key *yaml.Node, value *yaml.Node, at string) {
		i, ok := fields[key.Value]
		if !ok {
			d.problem(key, at, "unknown key "+strconv.Quote(key.Value), suggest(key.Value, keys(v.Type())))
			return
		}
		d.value(value, v.Field(i), at)
	})
}

func (d *decoder) eachKey(n *yaml.Node, path string, f func(key, value *yaml.Node, at string)) {
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := strings.TrimPrefix(path+"."+key.Value, ".")
		if key.Kind != yaml.ScalarNode {
			d.problem(key, path, "a key must be a word", "write key: value")
			continue
		}
		if line, dup := seen[key.Value]; dup {
			d.problem(key, at, fmt.Sprintf("key %q is given twice, first in line %d", key.Value, line), "keep one of them")
			continue
		}
		seen[key.Value] = key.Line
		f(key, value, at)
	}
}

// grants reads `all`, `none`, or a mapping from resources to lists of roles.
func (d *decoder) grants(n *yaml.Node, g *GrantSet, path string) {
	const remedy = `write all, none, or a mapping such as {xdr: [Incident.Read.All]}`
	switch n.Kind {
	case yaml.ScalarNode:
		switch n.Value {
		case "all":
			g.All = true
		case "none":
			g.None = true
		default:
			d.problem(n, path, strconv.Quote(n.Value)+" is not a set of roles", remedy)
		}
	case yaml.MappingNode:
		d.eachKey(n, path, func(key, value *yaml.Node, at string) {
			spec := RequiredSpec{Resource: key.Value}
			d.value(value, reflect.ValueOf(&spec.Roles).Elem(), at)
			g.Listed = append(g.Listed, spec)
		})
	default:
		d.problem(n, path, "must be a set of roles, not "+kindName(n), remedy)
	}
}

// keys are the keys of a struct's mapping in the order they are declared.
func keys(t reflect.Type) []string {
	var all []string
	for i := range t.NumField() {
		if key := t.Field(i).Tag.Get("yaml"); key != "" {
			all = append(all, key)
		}
	}
	return all
}

// kindName names what a node is, without its value: it may be a secret.
func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	case "!!timestamp":
		return "a time"
	}
	return "text"
}
