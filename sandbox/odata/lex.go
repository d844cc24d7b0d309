package odata

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

type tokenKind int

const (
	tokEnd     tokenKind = iota
	tokIdent             // a name or a word operator; may hold dots
	tokString            // 'text', unescaped in text
	tokNumber            // digits, perhaps with sign
	tokTime              // 2026-01-02T03:04:05.1234567Z
	tokGUID              // bare GUID
	tokOpen              // (
	tokClose             // )
	tokComma             // ,
	tokSlash             // /
	tokColon             // :
	tokInvalid           // anything else; text holds the message
)

type lexeme struct {
	kind tokenKind
	pos  int
	text string
	time time.Time
}

type lexer struct {
	in  string
	pos int
}

func (l *lexer) next() lexeme {
	for l.pos < len(l.in) && (l.in[l.pos] == ' ' || l.in[l.pos] == '\t') {
		l.pos++
	}
	start := l.pos
	if start == len(l.in) {
		return lexeme{kind: tokEnd, pos: start}
	}
	single := map[byte]tokenKind{'(': tokOpen, ')': tokClose, ',': tokComma, '/': tokSlash, ':': tokColon}
	c := l.in[start]
	if k, ok := single[c]; ok {
		l.pos++
		return lexeme{kind: k, pos: start, text: string(c)}
	}
	if c == '\'' {
		return l.quoted(start)
	}
	if !isWord(c) && c != '-' && c != '+' {
		r, _ := utf8.DecodeRuneInString(l.in[start:])
		return lexeme{kind: tokInvalid, pos: start, text: "character '" + string(r) + "' is not valid here"}
	}
	return l.word(start)
}

// quoted reads a string literal; two quotes in a row stand for one.
func (l *lexer) quoted(start int) lexeme {
	var b strings.Builder
	for i := start + 1; i < len(l.in); i++ {
		if l.in[i] != '\'' {
			b.WriteByte(l.in[i])
			continue
		}
		if i+1 < len(l.in) && l.in[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		l.pos = i + 1
		return lexeme{kind: tokString, pos: start, text: b.String()}
	}
	l.pos = len(l.in)
	return lexeme{kind: tokInvalid, pos: start, text: "the string literal is not terminated"}
}

// word reads what is made of letters, digits and the marks that dates, GUIDs,
// numbers and qualified names use, and then says what it is.
func (l *lexer) word(start int) lexeme {
	i := start
	if l.in[i] == '-' || l.in[i] == '+' {
		i++
	}
	dateLike := isDigit(l.at(i)) && isDigit(l.at(i+1)) && isDigit(l.at(i+2)) && isDigit(l.at(i+3)) && l.at(i+4) == '-'
	for i < len(l.in) && (isWord(l.in[i]) || l.in[i] == '-' || (dateLike && (l.in[i] == ':' || l.in[i] == '+'))) {
		i++
	}
	text := l.in[start:i]
	l.pos = i
	switch {
	case isGUID(text):
		return lexeme{kind: tokGUID, pos: start, text: strings.ToLower(text)}
	case dateLike:
		t, ok := parseTime(text)
		if !ok {
			return lexeme{kind: tokInvalid, pos: start, text: "'" + text + "' is not a date and time with offset, such as 2026-01-31T08:15:00Z"}
		}
		return lexeme{kind: tokTime, pos: start, text: text, time: t}
	case isNumber(text):
		return lexeme{kind: tokNumber, pos: start, text: text}
	case isName(text):
		return lexeme{kind: tokIdent, pos: start, text: text}
	}
	return lexeme{kind: tokInvalid, pos: start, text: "'" + text + "' is neither a name nor a literal"}
}

func (l *lexer) at(i int) byte {
	if i < len(l.in) {
		return l.in[i]
	}
	return 0
}

// parseTime accepts a date with time and offset, and a date alone, which
// OData reads as midnight UTC when compared with a DateTimeOffset; also a date
// with Z, which is in an example of Microsoft's ("lastSeen gt 2018-08-01Z",
// learn.microsoft.com/defender-endpoint/api/exposed-apis-odata-samples). The
// plus of an offset that a client forgot to escape arrives as a space and is
// not accepted, as it is not by Microsoft.
func parseTime(s string) (time.Time, bool) {
	s = strings.ToUpper(s)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02", "2006-01-02Z"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

func isNumber(s string) bool {
	_, ok := wholeNumber(s)
	return ok
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isWord(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '.' || c == '@'
}

// wholeNumber reads an optional sign and up to 18 digits, which any int64
// holds.
func wholeNumber(s string) (int64, bool) {
	digits := s
	if digits != "" && (digits[0] == '+' || digits[0] == '-') {
		digits = digits[1:]
	}
	if digits == "" || len(digits) > 18 {
		return 0, false
	}
	for i := range len(digits) {
		if !isDigit(digits[i]) {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

func isName(s string) bool {
	if s == "" || isDigit(s[0]) || s[0] == '.' || strings.HasSuffix(s, ".") || strings.Contains(s, "..") {
		return false
	}
	for i := range len(s) {
		if !isWord(s[i]) {
			return false
		}
	}
	return true
}

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
			continue
		}
		if !isDigit(c) && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}
