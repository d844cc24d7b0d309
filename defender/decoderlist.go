package defender

import (
	"encoding/json"
	"slices"

	"github.com/go-faster/jx"
)

// elements reads a list; one reads an element and says whether there is a place
// for it. The list itself is empty when it holds nothing, not even strays.
func (d *decoder) elements(t *told, field uint, one func() bool) bool {
	switch d.in.next() {
	case jx.Null:
		t.value(field, false)
		return d.null()
	case jx.Array:
	default:
		t.forget(field)
		return false
	}
	t.value(field, true)
	d.in.enter()
	for at := 0; d.err == nil && d.in.more(); at++ {
		if !one() && d.err == nil {
			t.addStray(field, stray{at: at, raw: d.copy(d.raw())})
		}
	}
	return true
}

// texts reads a list of strings. One list at a time is gathered, so that each
// is allocated once.
func (d *decoder) texts(t *told, field uint, v *[]string) bool {
	*v = nil
	d.names = d.names[:0]
	ok := d.elements(t, field, func() bool {
		if d.in.next() != jx.String {
			return false
		}
		d.names = append(d.names, d.str())
		return true
	})
	if len(d.names) > 0 {
		*v = slices.Clone(d.names)
	}
	return ok
}

func (d *decoder) enums(t *told, field uint, v *[]string, e enum) bool {
	ok := d.texts(t, field, v)
	for i, s := range *v {
		(*v)[i] = e.canonical(s)
	}
	return ok
}

// recordOf is a pointer to T that is a record.
type recordOf[T any] interface {
	*T
	record
}

// readOne reads a nested object.
func readOne[T any, P recordOf[T]](d *decoder, t *told, field uint, v **T) bool {
	*v = nil
	switch d.in.next() {
	case jx.Object:
		*v = new(T)
		t.value(field, false)
		return d.record(P(*v))
	case jx.Null:
		t.value(field, false)
		return d.null()
	}
	t.forget(field)
	return false
}

// readMany reads a list of nested objects.
func readMany[T any, P recordOf[T]](d *decoder, t *told, field uint, v *[]T) bool {
	*v = nil
	return d.elements(t, field, func() bool {
		if d.in.next() != jx.Object {
			return false
		}
		*v = append(*v, *new(T))
		return d.record(P(&(*v)[len(*v)-1]))
	})
}

// readPointers is readMany for types that are always handed on as pointers: evidence.
func readPointers[T any, P recordOf[T]](d *decoder, t *told, field uint, v *[]*T) bool {
	*v = nil
	return d.elements(t, field, func() bool {
		if d.in.next() != jx.Object {
			return false
		}
		*v = append(*v, new(T))
		return d.record(P((*v)[len(*v)-1]))
	})
}

// dictionary reads an object of whatever members.
func (d *decoder) dictionary(t *told, field uint, v *map[string]json.RawMessage) bool {
	*v = nil
	switch d.in.next() {
	case jx.Null:
		t.value(field, false)
		return d.null()
	case jx.Object:
	default:
		t.forget(field)
		return false
	}
	t.value(field, false)
	*v = map[string]json.RawMessage{}
	for d.in.enter(); d.err == nil && d.in.more(); {
		key := d.key()
		(*v)[key] = d.copy(d.raw())
	}
	return true
}
