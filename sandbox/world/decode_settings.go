package world

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// limits reads `off`, or a mapping from names of limits to their numbers.
func (d *decoder) limits(n *yaml.Node, l *LimitsSpec, path string) {
	const remedy = `write off, or a mapping such as {graph.incidents/minute: {calls: 10, per: 1m}}`
	switch {
	// YAML reads a bare off as text or, as its older version says, as false.
	case n.Kind == yaml.ScalarNode && (n.Value == "off" || n.Value == "false"):
		l.Off = true
	case n.Kind == yaml.MappingNode:
		d.eachKey(n, path, func(key, value *yaml.Node, at string) {
			rule := LimitSpec{Name: key.Value}
			d.at[at] = place{key.Line, key.Column}
			d.mapping(value, reflect.ValueOf(&rule).Elem(), at)
			l.Rules = append(l.Rules, rule)
		})
	default:
		d.problem(n, path, "must be limits, not "+kindName(n), remedy)
	}
}

// object keeps a mapping as JSON, keys in the order of the file.
func (d *decoder) object(n *yaml.Node, raw *json.RawMessage, path string) {
	if n.Kind != yaml.MappingNode {
		d.problem(n, path, "must be a mapping, not "+kindName(n), "write one such as {kind: slow, delay: 2s}")
		return
	}
	before := len(d.problems)
	text := d.json(nil, n, path)
	if len(d.problems) > before {
		d.wrong[path] = true // what is told of its parts is enough
		return
	}
	*raw = text
}

// json writes a node as JSON. Times are texts, as everywhere in a world file.
func (d *decoder) json(out []byte, n *yaml.Node, path string) []byte {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		d.problem(n, path, "anchors and aliases are not read", "write the value out")
		return append(out, "null"...)
	}
	switch n.Kind {
	case yaml.MappingNode:
		out = append(out, '{')
		first := true
		d.eachKey(n, path, func(key, value *yaml.Node, at string) {
			if !first {
				out = append(out, ',')
			}
			first = false
			out = append(appendText(out, key.Value), ':')
			out = d.json(out, value, at)
		})
		return append(out, '}')
	case yaml.SequenceNode:
		out = append(out, '[')
		for i, c := range n.Content {
			if i > 0 {
				out = append(out, ',')
			}
			out = d.json(out, c, path+"["+strconv.Itoa(i)+"]")
		}
		return append(out, ']')
	}
	switch n.ShortTag() {
	case "!!null":
		return append(out, "null"...)
	case "!!bool":
		var b bool
		if n.Decode(&b) == nil {
			return strconv.AppendBool(out, b)
		}
	case "!!int":
		var i int64
		if n.Decode(&i) == nil {
			return strconv.AppendInt(out, i, 10)
		}
		d.problem(n, path, strconv.Quote(n.Value)+" is not in range", "write a number below 2^63")
		return append(out, "null"...)
	case "!!float":
		var f float64
		if n.Decode(&f) == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return strconv.AppendFloat(out, f, 'g', -1, 64)
		}
		d.problem(n, path, strconv.Quote(n.Value)+" is not in range", "write a number such as 0.5")
		return append(out, "null"...)
	}
	return appendText(out, n.Value)
}

func appendText(out []byte, s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		return append(out, `""`...) // a text is always JSON
	}
	return append(out, text...)
}
