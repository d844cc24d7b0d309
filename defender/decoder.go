package defender

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/go-faster/jx"
)

// record is a Go type that is written as one JSON object. Everything but the
// names of its members is the same for all of them: see decoder.record and
// writer.object.
type record interface {
	// member reads the value of one member. It returns false, and leaves the
	// field zero, when it knows no such member or the value has an unexpected
	// JSON type; the value is then kept in Extra.
	member(d *decoder, key string) bool
	// members writes all members but those in Extra.
	members(w *writer)
	// state is the record's memory, as it applies to surface s.
	state(s Surface) state
}

// state is the part of a record that is not about single members.
type state struct {
	told  *told
	extra *map[string]json.RawMessage
	every bool          // when written, documented members are there even if they are zero
	base  *EvidenceBase // of evidence, else nil
}

// decoder reads one object of an answer: an incident, or an alert by itself.
//
// Strings that need no unescaping are not copied one by one: they are parts of
// one copy of the object's text that the decoder makes, that nothing writes to
// and that stays in memory as long as one of them does. Raw values are copied,
// since they are slices that a caller may write to.
type decoder struct {
	in      cursor // over checked text
	surface Surface
	prefix  string // path of the object, for errors
	alert   int    // number of the alert that is being read, -1 outside of alerts
	err     error  // the first failure; everything stops then

	unread []byte // a value that was read but could not be taken
	arena  []byte // where copies of raw values are made

	// Where lists are gathered, so that each is allocated once and of its size.
	names    []string
	gathered []Evidence // of nested lists, one behind the other
	alerts   []Alert
	again    bool // other objects follow, which gather in the same place

	// Where members of the xdr surface are read before they become evidence.
	entity xdrEntity
	device xdrDevice
}

// check validates data, which must be one JSON object, and returns it without
// the white space around it.
func (d *decoder) check(data []byte) ([]byte, error) {
	j := jx.DecodeBytes(data)
	if j.Next() != jx.Object {
		return nil, d.whole("is not a JSON object")
	}
	raw, err := j.Raw()
	if err != nil || !errors.Is(j.Skip(), io.EOF) { // or something follows
		return nil, d.whole("is not JSON")
	}
	return raw, nil
}

func (d *decoder) whole(problem string) error {
	field := d.prefix
	if field == "" {
		field = "(the whole)"
	}
	return &DecodeError{Surface: d.surface, Field: field, Problem: problem}
}

// open makes the decoder's own copy of an object that was checked.
func (d *decoder) open(raw []byte) {
	text := bytes.Clone(raw)
	if !utf8.Valid(text) {
		text = []byte(string([]rune(string(text)))) // each wrong byte becomes U+FFFD, as with encoding/json
	}
	d.alert = -1
	d.in = cursor{text: text}
}

// open begins to read one object by itself.
func open(s Surface, data []byte) (*decoder, error) {
	d := &decoder{surface: s}
	raw, err := d.check(data)
	if err != nil {
		return nil, err
	}
	d.open(raw)
	return d, nil
}

// fail notes that a member cannot be read and cannot be done without.
func (d *decoder) fail(field, problem string) {
	if d.err != nil {
		return
	}
	if d.alert >= 0 {
		field = fmt.Sprintf("alerts[%d]", d.alert) + dot(field)
	}
	if d.prefix != "" {
		field = d.prefix + dot(field)
	}
	d.err = &DecodeError{Surface: d.surface, Field: field, Problem: problem}
}

func dot(field string) string {
	if field == "" {
		return ""
	}
	return "." + field
}

// share makes a string of bytes of the decoder's text, without a copy. It is
// safe because nothing writes to that text, nor to what jx makes of a string
// with escapes.
func share(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// record reads an object. It returns false when the value is something else.
func (d *decoder) record(r record) bool {
	if d.in.next() != jx.Object {
		return false
	}
	s := r.state(d.surface)
	if s.base != nil {
		s.base.untyped = true // until its @odata.type is read
	}
	for d.in.enter(); d.err == nil && d.in.more(); {
		key := d.key()
		switch {
		case !r.member(d, key):
			d.keep(s.extra, key)
		case *s.extra != nil && key != odataType:
			delete(*s.extra, key) // a member that comes twice: the last one counts
		}
	}
	return true
}

// broken notes an escape that check has let through and that means nothing.
func (d *decoder) broken() { d.fail("", "is not JSON") }

// keep puts a value that has no field of its own into Extra.
func (d *decoder) keep(extra *map[string]json.RawMessage, key string) {
	if d.err != nil {
		return
	}
	raw := d.unread
	if d.unread = nil; raw == nil {
		raw = d.raw()
	}
	if *extra == nil {
		*extra = map[string]json.RawMessage{}
	}
	(*extra)[key] = d.copy(raw)
}

// raw takes any value as it is written; the result is part of the text.
func (d *decoder) raw() []byte { return d.in.raw() }

// key takes the name of a member.
func (d *decoder) key() string {
	b, err := d.in.key()
	if err != nil {
		d.broken()
	}
	return share(b)
}

// refuse hands a value that was taken back, for Extra.
func (d *decoder) refuse(raw []byte) bool {
	d.unread = raw
	return false
}

const arenaSize = 1024

// copy copies a raw value. Copies of one object lie side by side in few
// allocations, each with no room to grow into the next.
func (d *decoder) copy(raw []byte) json.RawMessage {
	if cap(d.arena)-len(d.arena) < len(raw) {
		d.arena = make([]byte, 0, max(arenaSize, len(raw)))
	}
	start := len(d.arena)
	d.arena = append(d.arena, raw...)
	return json.RawMessage(d.arena[start:len(d.arena):len(d.arena)])
}

func (d *decoder) str() string {
	b, err := d.in.str()
	if err != nil {
		d.broken()
	}
	return share(b)
}

func (d *decoder) null() bool {
	d.in.null()
	return true
}

// The readers of single values share a shape: where the value has an expected
// JSON type, or is null, they set v, note in t how it was told, and return true;
// else they make v zero and t forget it, and return false.

func (d *decoder) text(t *told, field uint, v *string) bool {
	*v = ""
	switch d.in.next() {
	case jx.String:
		*v = d.str()
		t.value(field, *v == "")
		return true
	case jx.Null:
		t.value(field, false)
		return d.null()
	}
	t.forget(field)
	return false
}

// ident reads an id, which is a number or a string; usual says which on this surface.
func (d *decoder) ident(t *told, field uint, v *string, usual jx.Type) bool {
	found := d.in.next()
	if found != jx.Number {
		if !d.text(t, field, v) {
			return false
		}
	} else {
		*v = share(d.raw())
		t.value(field, false)
	}
	if *v != "" && found != usual {
		t.setOther(field)
	}
	return true
}

func (d *decoder) enum(t *told, field uint, v *string, e enum) bool {
	ok := d.text(t, field, v)
	*v = e.canonical(*v)
	return ok
}

func (d *decoder) time(t *told, field uint, v *time.Time) bool {
	*v = time.Time{}
	switch d.in.next() {
	case jx.Null:
		t.value(field, false)
		return d.null()
	case jx.String:
		raw := d.raw()
		s := unquote(raw)
		at, err := parseTime(s)
		switch {
		case s == "":
			t.value(field, true)
			t.setOther(field)
			return true
		case err != nil, at.IsZero() && !isYearOne(s):
			t.forget(field)
			return d.refuse(raw)
		}
		*v = at
		t.value(field, at.IsZero())
		return true
	}
	t.forget(field)
	return false
}

// unquote takes the quotes off a string of the decoder's text.
func unquote(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return share(raw[1 : len(raw)-1])
	}
	s, err := jx.DecodeBytes(raw).Str()
	if err != nil {
		return "" // check has let it through, so this does not happen
	}
	return s
}

// must reads a time whose absence may pass and whose misspelling may not: the
// order of lists and every comparison of versions rest on it.
func (d *decoder) must(t *told, field uint, v *time.Time, key string) bool {
	if d.time(t, field, v) {
		return true
	}
	if d.unread == nil {
		d.fail(key, "is no string")
	} else if _, err := parseTime(unquote(d.unread)); err != nil {
		d.fail(key, "is "+err.Error())
	}
	return false
}

func readInt[T int | int32 | int64](d *decoder, t *told, field uint, v **T) bool {
	*v = nil
	s, quoted, ok := d.number(t, field)
	if !ok || s == nil {
		return ok
	}
	n, err := strconv.ParseInt(share(s), 10, 64)
	if err != nil || int64(T(n)) != n || quoted && strconv.FormatInt(n, 10) != string(s) {
		return d.refuseNumber(t, field, s, quoted)
	}
	*v = new(T(n))
	return true
}

func (d *decoder) float(t *told, field uint, v **float64) bool {
	*v = nil
	s, quoted, ok := d.number(t, field)
	if !ok || s == nil {
		return ok
	}
	n, err := strconv.ParseFloat(share(s), 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) || quoted && strconv.FormatFloat(n, 'g', -1, 64) != string(s) {
		return d.refuseNumber(t, field, s, quoted)
	}
	*v = &n
	return true
}

// number takes the digits of a number, also of one written as a string, as
// Graph writes Int64 when asked for strict types; nil for null.
func (d *decoder) number(t *told, field uint) (digits []byte, quoted, ok bool) {
	switch d.in.next() {
	case jx.Number:
		t.value(field, false)
		return d.raw(), false, true
	case jx.String:
		raw := d.raw()
		t.value(field, false)
		t.setOther(field)
		return raw[1 : len(raw)-1], true, true
	case jx.Null:
		t.value(field, false)
		return nil, false, d.null()
	}
	t.forget(field)
	return nil, false, false
}

func (d *decoder) refuseNumber(t *told, field uint, digits []byte, quoted bool) bool {
	t.forget(field)
	if quoted {
		digits = append(append([]byte{'"'}, digits...), '"')
	}
	return d.refuse(digits)
}

func (d *decoder) bool(t *told, field uint, v **bool) bool {
	*v = nil
	switch d.in.next() {
	case jx.Bool:
		*v = new(d.in.bool())
		t.value(field, false)
		return true
	case jx.Null:
		t.value(field, false)
		return d.null()
	}
	t.forget(field)
	return false
}
