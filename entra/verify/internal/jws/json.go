package jws

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/tenantry/tenantry/entra/verify/internal/rule"
)

// MaxDepth is how deep the JSON of a token or a key set may nest. Entra's
// deepest claim nests three levels.
const MaxDepth = 16

// Members reads one JSON object and calls member for each of its members in
// order, with the unescaped name and the text of the value. It refuses what two
// parsers could read in two ways: a member twice at any depth, invalid UTF-8,
// half surrogate pairs, a byte order mark, anything behind the object, absurd
// nesting. Names are compared exactly, unlike encoding/json does for structs.
// The strings share the memory of text.
func Members(text string, off rule.Set, member func(name, value string)) *Fault {
	if strings.HasPrefix(text, "\ufeff") {
		if !off.Has(rule.FormBOM) {
			return fault(rule.FormBOM, "starts with a byte order mark")
		}
		text = text[len("\ufeff"):]
	}
	if !utf8.ValidString(text) && !off.Has(rule.FormUTF8) {
		return fault(rule.FormUTF8, "is not valid UTF-8")
	}
	s := scanner{text: text, off: off}
	s.blank()
	if s.at < len(text) && text[s.at] != '{' {
		// A list or a bare value may be sound JSON and is no object.
		if f := s.value(0); f != nil {
			return f
		}
		return fault(rule.FormObject, "is not a JSON object")
	}
	if s.at == len(text) {
		return fault(rule.FormSyntax, "is not valid JSON")
	}
	if f := s.object(1, member); f != nil {
		if f.Rule == rule.FormSyntax && off.Has(rule.FormSyntax) {
			return nil // careless: what was read so far counts
		}
		return f
	}
	s.blank()
	if s.at != len(text) && !off.Has(rule.FormTrailing) {
		return fault(rule.FormTrailing, "has something after its JSON object")
	}
	return nil
}

// Elements calls element for each element of a JSON list that [Members] has
// read before; false means that it is no list. element ends it by false.
func Elements(text string, element func(value string) bool) bool {
	if len(text) == 0 || text[0] != '[' {
		return false
	}
	s := scanner{text: text, off: rule.Of(rule.FormControl), at: 1}
	for s.blank(); s.at < len(text) && text[s.at] != ']'; s.blank() {
		start := s.at
		if s.value(0) != nil {
			return false
		}
		if !element(text[start:s.at]) {
			return true
		}
		if s.blank(); s.at < len(text) && text[s.at] == ',' {
			s.at++
		}
	}
	return true
}

// String reads the text of a JSON string; false means that it is none.
func String(value string) (string, bool) {
	if len(value) < 2 || value[0] != '"' {
		return "", false
	}
	inner := value[1 : len(value)-1]
	if strings.IndexByte(inner, '\\') < 0 {
		return inner, true
	}
	var s string
	if json.Unmarshal([]byte(value), &s) != nil {
		return "", false
	}
	return s, true
}

// Strings reads a list of strings; false means that it is none.
func Strings(value string) ([]string, bool) {
	list := make([]string, 0, min(strings.Count(value, ",")+1, 64))
	sound := true
	is := Elements(value, func(v string) bool {
		var s string
		if s, sound = String(v); sound {
			list = append(list, s)
		}
		return sound
	})
	return list, is && sound
}

// scanner walks through JSON text once.
type scanner struct {
	text string
	at   int
	off  rule.Set
}

func (s *scanner) invalid() *Fault { return fault(rule.FormSyntax, "is not valid JSON") }

func (s *scanner) blank() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// next skips blanks and takes one byte if it is c.
func (s *scanner) next(c byte) bool {
	s.blank()
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) object(depth int, member func(name, value string)) *Fault {
	if depth > MaxDepth && !s.off.Has(rule.FormDepth) {
		return fault(rule.FormDepth, "nests deeper than %d levels", MaxDepth)
	}
	s.at++ // {
	if s.next('}') {
		return nil
	}
	var seen names
	for {
		s.blank()
		start := s.at
		if f := s.str(); f != nil {
			return f
		}
		name, ok := String(s.text[start:s.at])
		if !ok {
			return s.invalid()
		}
		if seen.twice(name) && !s.off.Has(rule.FormDuplicate) {
			return fault(rule.FormDuplicate, "has a member twice")
		}
		if !s.next(':') {
			return s.invalid()
		}
		s.blank()
		start = s.at
		if f := s.value(depth); f != nil {
			return f
		}
		if member != nil {
			member(name, s.text[start:s.at])
		}
		if s.next(',') {
			continue
		}
		if s.next('}') {
			return nil
		}
		return s.invalid()
	}
}

func (s *scanner) list(depth int) *Fault {
	if depth > MaxDepth && !s.off.Has(rule.FormDepth) {
		return fault(rule.FormDepth, "nests deeper than %d levels", MaxDepth)
	}
	s.at++ // [
	if s.next(']') {
		return nil
	}
	for {
		s.blank()
		if f := s.value(depth); f != nil {
			return f
		}
		if s.next(',') {
			continue
		}
		if s.next(']') {
			return nil
		}
		return s.invalid()
	}
}

func (s *scanner) value(depth int) *Fault {
	if s.at == len(s.text) {
		return s.invalid()
	}
	switch c := s.text[s.at]; {
	case c == '"':
		return s.str()
	case c == '{':
		return s.object(depth+1, nil)
	case c == '[':
		return s.list(depth + 1)
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if strings.HasPrefix(s.text[s.at:], word) {
			s.at += len(word)
			return nil
		}
	}
	return s.invalid()
}

func (s *scanner) str() *Fault {
	if s.at == len(s.text) || s.text[s.at] != '"' {
		return s.invalid()
	}
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return nil
		case c == '\\':
			if !s.escape() {
				return s.invalid()
			}
		case c < ' ' && !s.off.Has(rule.FormControl):
			return fault(rule.FormControl, "is not valid JSON: a string in it holds a control character")
		}
	}
	return s.invalid()
}

// escape stands on a backslash and ends on the last byte of the escape.
func (s *scanner) escape() bool {
	s.at++
	if s.at == len(s.text) {
		return false
	}
	switch s.text[s.at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
	default:
		return false
	}
	unit, ok := s.hex(s.at + 1)
	if !ok || unit >= 0xdc00 && unit < 0xe000 {
		return false // half a pair, which parsers read differently
	}
	s.at += 4
	if unit < 0xd800 || unit >= 0xe000 {
		return true
	}
	if !strings.HasPrefix(s.text[s.at+1:], `\u`) {
		return false
	}
	unit, ok = s.hex(s.at + 3)
	s.at += 6
	return ok && unit >= 0xdc00 && unit < 0xe000
}

func (s *scanner) hex(at int) (unit int, ok bool) {
	if at+4 > len(s.text) {
		return 0, false
	}
	for _, c := range []byte(s.text[at : at+4]) {
		switch {
		case c >= '0' && c <= '9':
			unit = unit<<4 | int(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			unit = unit<<4 | int(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return unit, true
}

func (s *scanner) number() *Fault {
	if s.text[s.at] == '-' {
		s.at++
	}
	switch {
	case s.at < len(s.text) && s.text[s.at] == '0':
		s.at++
	case s.digits() == 0:
		return s.invalid()
	}
	if s.at < len(s.text) && s.text[s.at] == '.' {
		s.at++
		if s.digits() == 0 {
			return s.invalid()
		}
	}
	if s.at < len(s.text) && s.text[s.at]|0x20 == 'e' {
		s.at++
		if s.at < len(s.text) && (s.text[s.at] == '+' || s.text[s.at] == '-') {
			s.at++
		}
		if s.digits() == 0 {
			return s.invalid()
		}
	}
	return nil
}

func (s *scanner) digits() (n int) {
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		s.at++
		n++
	}
	return n
}

// names finds a name that occurs twice: by comparing while there are few, as
// in every real token, by a map when there are many, so that a made-up object
// of thousands of members costs no more than its length.
type names struct {
	few  [48]string
	n    int
	many map[string]struct{}
}

func (s *names) twice(name string) bool {
	if s.many != nil {
		_, has := s.many[name]
		s.many[name] = struct{}{}
		return has
	}
	for _, other := range s.few[:s.n] {
		if other == name {
			return true
		}
	}
	if s.n < len(s.few) {
		s.few[s.n] = name
		s.n++
		return false
	}
	s.many = make(map[string]struct{}, 2*len(s.few))
	for _, other := range s.few {
		s.many[other] = struct{}{}
	}
	s.many[name] = struct{}{}
	return false
}
