package defender

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DecodeError says that a field cannot be read and cannot be done without: an
// incident without an id, or with a time that is none.
type DecodeError struct {
	Surface Surface
	Field   string // path of the field, such as "value[3].lastUpdateDateTime"
	Problem string // what is wrong with it
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("answer of surface %s: field %s %s", e.Surface, e.Field, e.Problem)
}

// Next says in one sentence what to do about it.
func (e *DecodeError) Next() string {
	return "The service's answer has changed or was altered on its way: look at it with the wire log, and report it."
}

// object takes the fields of one JSON object. A field that is taken is removed;
// what is left is unknown and kept as Extra. A field whose value has a type
// that was not expected is not taken, so that it is kept too.
type object struct {
	surface Surface
	path    string
	fields  map[string]json.RawMessage
}

func newObject(s Surface, path string, raw json.RawMessage) (*object, error) {
	o := &object{surface: s, path: path}
	if err := json.Unmarshal(raw, &o.fields); err != nil || o.fields == nil {
		return nil, &DecodeError{Surface: s, Field: path, Problem: "is not a JSON object"}
	}
	return o, nil
}

func (o *object) fail(field, problem string) error {
	if o.path != "" {
		field = o.path + "." + field
	}
	return &DecodeError{Surface: o.surface, Field: field, Problem: problem}
}

// take removes a field that decodes into v. Null counts as decoded and leaves v.
func (o *object) take(field string, v any) bool {
	raw, ok := o.fields[field]
	if !ok {
		return false
	}
	if json.Unmarshal(raw, v) != nil {
		return false
	}
	delete(o.fields, field)
	return true
}

// text takes a string; a number or truth value is taken as it is written,
// since ids are strings on one surface and numbers on the other.
func (o *object) text(fields ...string) string {
	for _, field := range fields {
		var s string
		raw := bytes.TrimSpace(o.fields[field])
		switch {
		case len(raw) == 0:
			continue
		case raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9' || raw[0] == 't' || raw[0] == 'f':
			s = string(raw)
			delete(o.fields, field)
		default:
			o.take(field, &s)
		}
		if s != "" {
			return s
		}
	}
	return ""
}

// id takes an identifier and refuses what cannot be one.
func (o *object) id(field string) (string, error) {
	id := o.text(field)
	if strings.TrimSpace(id) == "" {
		return "", o.fail(field, "is missing or empty")
	}
	return id, nil
}

// enum takes a string and gives it the spelling of Graph.
func (o *object) enum(e enum, field string) string {
	return e.canonical(o.text(field))
}

// enums takes a list of enum values.
func (o *object) enums(e enum, field string) []string {
	list := o.texts(field)
	for i := range list {
		list[i] = e.canonical(list[i])
	}
	return list
}

// texts takes a list of strings, without its nulls; an empty list is nil.
func (o *object) texts(field string) []string {
	var list []*string
	if !o.take(field, &list) {
		return nil
	}
	var out []string
	for _, s := range list {
		if s != nil {
			out = append(out, *s)
		}
	}
	return out
}

// number takes a whole number, also one written as a string, as Graph writes
// Int64 when asked for strict types.
func (o *object) number(field string) int64 {
	var n *int64
	if o.take(field, &n) {
		if n != nil {
			return *n
		}
		return 0
	}
	var s string
	raw := o.fields[field]
	if json.Unmarshal(raw, &s) != nil {
		return 0
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	delete(o.fields, field)
	return v
}

// time takes a time; one that cannot be read is left for Extra.
func (o *object) time(fields ...string) time.Time {
	for _, field := range fields {
		if t, err := o.mustTime(field); err == nil && !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// mustTime takes a time; one that cannot be read is an error. A missing one is zero.
func (o *object) mustTime(field string) (time.Time, error) {
	raw, ok := o.fields[field]
	if !ok {
		return time.Time{}, nil
	}
	var s *string
	if json.Unmarshal(raw, &s) != nil {
		return time.Time{}, o.fail(field, "is no string")
	}
	if s == nil || *s == "" {
		delete(o.fields, field)
		return time.Time{}, nil
	}
	t, err := parseTime(*s)
	if err != nil {
		return time.Time{}, o.fail(field, "is "+err.Error())
	}
	delete(o.fields, field)
	return t, nil
}

// list takes an array of objects; elements that are null are left out.
func (o *object) list(field string) []json.RawMessage {
	var list []json.RawMessage
	if !o.take(field, &list) {
		return nil
	}
	return slices.DeleteFunc(list, func(raw json.RawMessage) bool { return string(bytes.TrimSpace(raw)) == "null" })
}

// child takes a nested object; nil when it is absent, null or something else.
func (o *object) child(field string) *object {
	var fields map[string]json.RawMessage
	if !o.take(field, &fields) || fields == nil {
		return nil
	}
	return &object{surface: o.surface, path: o.path + "." + field, fields: fields}
}

// giveBack puts what is left of a child under the child's name, so that fields
// of nested objects that nobody knows are kept as well.
func (o *object) giveBack(field string, child *object) {
	if child == nil {
		return
	}
	if left := child.extra(); left != nil {
		raw, err := json.Marshal(left)
		if err == nil {
			o.fields[field] = raw
		}
	}
}

// extra is what was not taken, without annotations of the protocol, and without
// nulls and empty lists, which say nothing; nil when nothing is left.
func (o *object) extra() map[string]json.RawMessage {
	maps.DeleteFunc(o.fields, func(name string, raw json.RawMessage) bool {
		value := string(bytes.TrimSpace(raw))
		return name == "@odata.type" || name == "@odata.context" || value == "null" || value == "[]"
	})
	if len(o.fields) == 0 {
		return nil
	}
	return o.fields
}
