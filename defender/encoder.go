package defender

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-faster/jx"
)

// writer writes records in the shape of one surface.
type writer struct {
	jx      jx.Writer
	surface Surface
	plain   bool // as if all values were made by hand; see canCarry
	path    string
	err     error

	frame // of the object that is being written
}

// frame is what a writer knows of one object.
type frame struct {
	told  *told
	extra map[string]json.RawMessage
	every bool // zero members are written as null or [], unless told otherwise
	count int  // members so far
	// replaced are names in extra whose field has been given a value since.
	replaced []string
}

func (w *writer) fail(field, problem string) {
	if w.err == nil {
		w.err = &EncodeError{Surface: w.surface, Field: strings.TrimPrefix(w.path+dot(field), "."), Problem: problem}
	}
}

// cannot refuses to leave out a value that the surface has no member for.
func (w *writer) cannot(field string, present bool) {
	if present {
		w.fail(field, "has no place on this surface")
	}
}

// object writes a record: its members, then what Extra holds, by name.
func (w *writer) object(r record) {
	s := r.state(w.surface)
	outer := w.frame
	w.frame = frame{told: s.told, extra: *s.extra, every: s.every}
	if w.plain {
		w.told = &told{}
	}
	w.jx.ObjStart()
	r.members(w)
	for _, name := range slices.Sorted(maps.Keys(w.extra)) {
		if slices.Contains(w.replaced, name) {
			continue
		}
		raw := w.extra[name]
		if !json.Valid(raw) {
			w.fail(name, "in Extra is not JSON")
		}
		w.name(name)
		w.jx.Raw(raw)
	}
	w.jx.ObjEnd()
	w.frame = outer
}

func (w *writer) name(name string) {
	if w.count > 0 {
		w.jx.Comma()
	}
	w.count++
	w.str(name)
	w.jx.RawStr(":")
}

// value begins a member that has a value. A value of the same name in Extra was
// one that could not be read and has been replaced.
func (w *writer) value(name string) {
	if _, odd := w.extra[name]; odd {
		w.replaced = append(w.replaced, name)
	}
	w.name(name)
}

// zero writes a member that has none: as it was told, or not at all.
func (w *writer) zero(name string, field uint, empty, every string) {
	if _, odd := w.extra[name]; odd {
		return
	}
	switch {
	case w.told.isEmpty(field):
		w.name(name)
		w.jx.RawStr(empty)
	case w.told.isThere(field):
		w.name(name)
		w.jx.Null()
	case w.every:
		w.name(name)
		w.jx.RawStr(every)
	}
}

func (w *writer) str(s string) {
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	w.jx.Str(s)
}

func (w *writer) text(name string, field uint, v string) {
	if v == "" {
		w.zero(name, field, `""`, "null")
		return
	}
	w.value(name)
	w.str(v)
}

// ident writes an id as a number or a string; usual says which on this surface.
func (w *writer) ident(name string, field uint, v string, usual jx.Type) {
	if v == "" {
		w.zero(name, field, `""`, "null")
		return
	}
	w.value(name)
	number := isNumber(v)
	if usual == jx.Number && !number && !w.told.isOther(field) {
		w.fail(name, "is no number")
	}
	if number && (usual == jx.Number) != w.told.isOther(field) {
		w.jx.RawStr(v)
		return
	}
	w.str(v)
}

func isNumber(s string) bool {
	return s != "" && (s[0] == '-' || '0' <= s[0] && s[0] <= '9') && json.Valid([]byte(s))
}

func (w *writer) enum(name string, field uint, v string, e enum) {
	w.text(name, field, w.spelling(v, e))
}

// spelling is Graph's spelling of a member, or PascalCase on xdr. A value that
// is no member is written as it is.
func (w *writer) spelling(v string, e enum) string {
	if w.surface != SurfaceXDR || !e.has(v) {
		return v
	}
	return upperFirst(v)
}

func (w *writer) time(name string, field uint, v time.Time) {
	switch {
	case !v.IsZero():
		if y := v.UTC().Year(); y < 1 || y > 9999 {
			w.fail(name, "is no time of the years 1 to 9999")
		}
		w.value(name)
		w.str(v.UTC().Format(time.RFC3339Nano))
	case w.told.isOther(field):
		w.zero(name, field, `""`, "null")
	default:
		w.zero(name, field, yearOne, "null")
	}
}

func writeInt[T int | int32 | int64](w *writer, name string, field uint, v *T) {
	if v == nil {
		w.zero(name, field, "null", "null")
		return
	}
	w.value(name)
	w.number(field, strconv.FormatInt(int64(*v), 10))
}

func (w *writer) float(name string, field uint, v *float64) {
	if v == nil {
		w.zero(name, field, "null", "null")
		return
	}
	if math.IsNaN(*v) || math.IsInf(*v, 0) {
		w.fail(name, "is no finite number")
	}
	w.value(name)
	w.number(field, strconv.FormatFloat(*v, 'g', -1, 64))
}

func (w *writer) number(field uint, digits string) {
	if w.told.isOther(field) {
		digits = `"` + digits + `"`
	}
	w.jx.RawStr(digits)
}

func (w *writer) bool(name string, field uint, v *bool) {
	if v == nil {
		w.zero(name, field, "null", "null")
		return
	}
	w.value(name)
	w.jx.Bool(*v)
}

// list writes n elements with the strays between them.
func (w *writer) list(name string, field uint, n int, missing bool, element func(i int)) {
	strays := w.told.strays(field)
	if missing && len(strays) == 0 {
		w.zero(name, field, "[]", "[]")
		return
	}
	w.value(name)
	w.jx.ArrStart()
	for at, i := 0, 0; i < n || len(strays) > 0; at++ {
		if at > 0 {
			w.jx.Comma()
		}
		if len(strays) > 0 && (strays[0].at <= at || i == n) {
			w.jx.Raw(strays[0].raw)
			strays = strays[1:]
			continue
		}
		element(i)
		i++
	}
	w.jx.ArrEnd()
}

func (w *writer) texts(name string, field uint, v []string) {
	w.list(name, field, len(v), v == nil, func(i int) { w.str(v[i]) })
}

func (w *writer) enums(name string, field uint, v []string, e enum) {
	w.list(name, field, len(v), v == nil, func(i int) { w.str(w.spelling(v[i], e)) })
}

func writeOne[T any, P recordOf[T]](w *writer, name string, field uint, v *T) {
	if v == nil {
		w.zero(name, field, "null", "null")
		return
	}
	w.value(name)
	w.object(P(v))
}

func writeMany[T any, P recordOf[T]](w *writer, name string, field uint, v []T) {
	w.list(name, field, len(v), v == nil, func(i int) { w.object(P(&v[i])) })
}

func writePointers[T any, P recordOf[T]](w *writer, name string, field uint, v []*T) {
	w.list(name, field, len(v), v == nil, func(i int) {
		if v[i] == nil {
			w.fail(fmt.Sprintf("%s[%d]", name, i), "is nil")
			w.jx.Null()
			return
		}
		w.object(P(v[i]))
	})
}

func (w *writer) dictionary(name string, field uint, v map[string]json.RawMessage) {
	if v == nil {
		w.zero(name, field, "null", "null")
		return
	}
	w.value(name)
	w.jx.ObjStart()
	for n, key := range slices.Sorted(maps.Keys(v)) {
		if n > 0 {
			w.jx.Comma()
		}
		if !json.Valid(v[key]) {
			w.fail(name+dot(key), "is not JSON")
		}
		w.str(key)
		w.jx.RawStr(":")
		w.jx.Raw(v[key])
	}
	w.jx.ObjEnd()
}

// yearOne is how .NET, and so the services, write a time that never was.
const yearOne = `"0001-01-01T00:00:00Z"`

func indexed(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }
