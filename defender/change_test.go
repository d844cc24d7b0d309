package defender

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"
)

// Of an incident that was read and changed, only what was changed differs.
func TestOnlyTheChangedFieldDiffers(t *testing.T) {
	c := readCorpus(t)
	changed := 0
	check := func(path string, before any, after []byte) {
		t.Helper()
		if n := countDifferences(before, meaning(t, after)); n != 1 {
			t.Errorf("%s: %d members differ, want 1", path, n)
		}
		changed++
	}
	for s, answer := range c.both() {
		data := mustMarshal(t, answer)
		before := meaning(t, data)
		for _, target := range []func(*Incident) reflect.Value{
			func(i *Incident) reflect.Value { return reflect.ValueOf(i).Elem() },
			func(i *Incident) reflect.Value { return reflect.ValueOf(&i.Alerts[0]).Elem() },
			func(i *Incident) reflect.Value { return reflect.ValueOf(&i.Comments[0]).Elem() },
		} {
			i, _ := DecodeIncident(s, data)
			fields := target(i)
			for n := range fields.NumField() {
				i, _ := DecodeIncident(s, data)
				i.Raw = nil
				f, name := target(i).Field(n), fields.Type().Field(n).Name
				if !fields.Type().Field(n).IsExported() || name == "Surface" || name == "Raw" || f.IsZero() || !change(f) {
					continue
				}
				after, err := EncodeIncident(s, i)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				check(fmt.Sprintf("%s %s.%s", s, fields.Type().Name(), name), before, after)
			}
		}
	}
	for _, kind := range c.evidenceKinds() {
		data := mustMarshal(t, c.full(kind, 2))
		before := meaning(t, data)
		e, _ := DecodeEvidence(data)
		for _, f := range reflect.VisibleFields(reflect.TypeOf(e).Elem()) {
			e, _ := DecodeEvidence(data)
			v := reflect.ValueOf(e).Elem().FieldByIndex(f.Index)
			if !f.IsExported() || f.Anonymous || v.IsZero() || !change(v) {
				continue
			}
			after, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			check(kind+"."+f.Name, before, after)
		}
	}
	if changed < 300 {
		t.Errorf("only %d fields were changed", changed)
	}
}

// change gives a field another value, sometimes none; false if it is of a kind
// that is not changed as a whole.
func change(f reflect.Value) bool {
	switch f.Kind() {
	case reflect.String:
		if isNumber(f.String()) { // an id, which must be one on xdr
			f.SetString("987654")
		} else {
			f.SetString("changed")
		}
	case reflect.Slice:
		if f.Type().Elem().Kind() != reflect.String {
			return false
		}
		f.Set(reflect.Zero(f.Type()))
	case reflect.Pointer:
		f.SetZero()
	case reflect.Struct:
		if f.Type() != reflect.TypeFor[time.Time]() {
			return false
		}
		f.Set(reflect.ValueOf(at("2030-01-01T00:00:00Z")))
	default:
		return false
	}
	return true
}

// countDifferences counts members that differ, a member within another as one.
func countDifferences(a, b any) int {
	if reflect.DeepEqual(a, b) {
		return 0
	}
	x, isX := a.(object)
	y, isY := b.(object)
	if isX && isY {
		n := 0
		for name := range x {
			if _, ok := y[name]; ok {
				n += countDifferences(x[name], y[name])
			} else {
				n++
			}
		}
		for name := range y {
			if _, ok := x[name]; !ok {
				n++
			}
		}
		return n
	}
	l, isL := a.([]any)
	m, isM := b.([]any)
	if isL && isM && len(l) == len(m) {
		n := 0
		for i := range l {
			n += countDifferences(l[i], m[i])
		}
		return n
	}
	return 1
}
