package syntax

import (
	"strings"
	"unicode/utf8"
)

// unquote returns the value of a string literal, and whether it is hidden.
// What is broken in it has been reported before; unquote then does its best.
func unquote(raw string) (value string, hidden bool) {
	s := raw
	if s != "" && (s[0] == 'h' || s[0] == 'H') {
		s, hidden = s[1:], true
	}
	verbatim := strings.HasPrefix(s, "@")
	s = strings.TrimPrefix(s, "@")
	if strings.HasPrefix(s, "```") || strings.HasPrefix(s, "~~~") {
		return strings.TrimSuffix(s[3:], s[:3]), hidden
	}
	if s == "" {
		return "", hidden
	}
	quote := s[0]
	s = s[1:]
	if n := len(s); n > 0 && s[n-1] == quote {
		s = s[:n-1]
	}
	if verbatim {
		q := string(quote)
		return strings.ReplaceAll(s, q+q, q), hidden
	}
	if strings.IndexByte(s, '\\') < 0 {
		return s, hidden
	}
	return unescape(s), hidden
}

// unescape replaces the escapes of an ordinary string.
func unescape(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		s = s[i:]
		n := escapeLen(s)
		if n == 0 {
			b.WriteByte('\\')
			s = s[1:]
			continue
		}
		switch c := s[1]; c {
		case 'a':
			b.WriteByte('\a')
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'v':
			b.WriteByte('\v')
		case 'x', 'u', 'U':
			r, size := escapedRune(s, n)
			b.WriteRune(r)
			n = size
		case '0', '1', '2', '3', '4', '5', '6', '7':
			b.WriteRune(number(s[1:n], 3))
		default:
			b.WriteByte(c)
		}
		s = s[n:]
	}
}

// escapedRune reads a \x, \u or \U escape of n bytes. Two \u in a row may be
// the halves of one character, as in UTF-16.
func escapedRune(s string, n int) (r rune, size int) {
	r = number(s[2:n], 4)
	if high := r >= 0xd800 && r < 0xdc00; high && s[1] == 'u' && strings.HasPrefix(s[n:], `\u`) && escapeLen(s[n:]) == 6 {
		if low := number(s[n+2:n+6], 4); low >= 0xdc00 && low < 0xe000 {
			return (r-0xd800)<<10 | (low - 0xdc00) + 0x10000, n + 6
		}
	}
	if !utf8.ValidRune(r) {
		r = utf8.RuneError
	}
	return r, n
}

// number reads digits of 2^bits.
func number(s string, bits int) rune {
	var r rune
	for i := range len(s) {
		d := rune(s[i] - '0')
		if s[i] >= 'A' {
			d = rune(s[i]|0x20-'a') + 10
		}
		r = r<<bits | d
	}
	return r
}
