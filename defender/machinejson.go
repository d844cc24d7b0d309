package defender

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// mdeField is one field of a struct that stands for a JSON object of Defender
// for Endpoint.
type mdeField struct {
	index int
	name  string // of the JSON property
	omit  bool   // when it holds its zero value
}

// mdeFields reads the tags of a struct. Machines, actions and indicators come
// by thousands and not by millions, so that nothing is kept.
func mdeFields(t reflect.Type) []mdeField {
	var out []mdeField
	for i := range t.NumField() {
		name, opts, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		out = append(out, mdeField{index: i, name: name, omit: strings.Contains(opts, "omit")})
	}
	return out
}

// readMDE reads a JSON object into the struct that v points to and returns what
// it has no field for: unknown properties, and known ones whose value has
// another JSON type than expected. Nulls and annotations of the protocol say
// nothing and are left out. Property names are compared as encoding/json does,
// exactly first and then in any letter case.
func readMDE(path string, data []byte, v any) (map[string]json.RawMessage, error) {
	var props map[string]json.RawMessage
	if err := json.Unmarshal(data, &props); err != nil || props == nil {
		if path == "" {
			path = "the answer"
		}
		return nil, &DecodeError{Surface: SurfaceMDE, Field: path, Problem: "is not a JSON object"}
	}
	target := reflect.ValueOf(v).Elem()
	for _, f := range mdeFields(target.Type()) {
		name, raw, ok := property(props, f.name)
		if ok && setMDE(f.name, target.Field(f.index), raw) {
			delete(props, name)
		}
	}
	maps.DeleteFunc(props, func(name string, raw json.RawMessage) bool {
		return strings.HasPrefix(name, "@odata.") || string(bytes.TrimSpace(raw)) == "null"
	})
	if len(props) == 0 {
		return nil, nil
	}
	return props, nil
}

func property(props map[string]json.RawMessage, name string) (string, json.RawMessage, bool) {
	if raw, ok := props[name]; ok {
		return name, raw, true
	}
	for have, raw := range props {
		if strings.EqualFold(have, name) {
			return have, raw, true
		}
	}
	return "", nil, false
}

// setMDE gives a field the value of a property when it fits. Ids that are
// written as numbers are taken as they are written, and numbers written as text
// as numbers.
func setMDE(name string, field reflect.Value, raw json.RawMessage) bool {
	if _, ok := field.Interface().(time.Time); ok {
		t, ok := readMDETime(raw)
		if ok {
			field.Set(reflect.ValueOf(t))
		}
		return ok
	}
	fresh := reflect.New(field.Type())
	if json.Unmarshal(raw, fresh.Interface()) == nil {
		field.Set(fresh.Elem())
		return true
	}
	text := string(bytes.TrimSpace(raw))
	switch {
	case strings.HasSuffix(strings.ToLower(name), "id") && field.Kind() == reflect.String && text != "" && strings.ContainsRune("-0123456789", rune(text[0])):
		field.SetString(text)
		return true
	case field.Kind() == reflect.Pointer && len(text) > 2 && text[0] == '"':
		if json.Unmarshal([]byte(text[1:len(text)-1]), fresh.Interface()) == nil {
			field.Set(fresh.Elem())
			return true
		}
	}
	return false
}

// readMDETime reads a time; null and "" are the zero time.
func readMDETime(raw json.RawMessage) (time.Time, bool) {
	var s *string
	if json.Unmarshal(raw, &s) != nil {
		return time.Time{}, false
	}
	if s == nil || *s == "" {
		return time.Time{}, true
	}
	t, err := parseTime(*s)
	return t, err == nil
}

// writeMDE writes a struct's fields and then what extra holds besides, sorted.
func writeMDE(v any, extra map[string]json.RawMessage) ([]byte, error) {
	var b bytes.Buffer
	put := func(name string, value any) error {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(name)
		if err != nil {
			return err
		}
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(text)
		return nil
	}
	from := reflect.ValueOf(v)
	written := map[string]bool{}
	for _, f := range mdeFields(from.Type()) {
		field := from.Field(f.index)
		if f.omit && empty(field) {
			continue
		}
		written[f.name] = true
		if err := put(f.name, field.Interface()); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		if written[name] {
			continue
		}
		if err := put(name, extra[name]); err != nil {
			return nil, err
		}
	}
	return slices.Concat([]byte("{"), b.Bytes(), []byte("}")), nil
}

func empty(v reflect.Value) bool {
	if v.Kind() == reflect.Slice {
		return v.Len() == 0
	}
	return v.IsZero()
}

func needID(path, id string) error {
	if strings.TrimSpace(id) != "" {
		return nil
	}
	field := "id"
	if path != "" {
		field = path + ".id"
	}
	return &DecodeError{Surface: SurfaceMDE, Field: field, Problem: "is missing or empty"}
}
