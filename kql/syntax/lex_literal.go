package syntax

import (
	"strings"
	"unicode/utf8"
)

// parenLiteral returns the kind of literal that a type's name and a directly
// following parenthesis begin, or tokEOF.
func parenLiteral(w string) tokenKind {
	switch w {
	case "bool":
		return tokBool
	case "int", "int32":
		return tokInt
	case "long", "int64":
		return tokLong
	case "real", "double":
		return tokReal
	case "decimal":
		return tokDecimal
	case "datetime", "date":
		return tokDateTime
	case "timespan", "time":
		return tokTimeSpan
	case "guid":
		return tokGuid
	}
	return tokEOF
}

// parenLiteral reads from ( to ), which must stand on one line.
func (l *lexer) parenLiteral(kind tokenKind, start int) {
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		if c == '\n' || c == '\r' || c == 0xe2 && l.lineEnd(l.pos) == l.pos {
			break
		}
		l.pos++
		if c == ')' {
			l.add(kind, start)
			return
		}
	}
	l.add(kind, start)
	l.p.report(Span{l.pos, l.pos}, CodeUnclosed, "The literal %.20s… has no ) on its line.", l.src[start:l.pos])
}

// rawGuid reads a GUID that stands without guid(…).
func (l *lexer) rawGuid() bool {
	const size = len("00000000-0000-0000-0000-000000000000")
	if l.pos+size > len(l.src) || !isHex(l.src[l.pos]) || l.src[l.pos+8] != '-' {
		return false
	}
	for i := range size {
		c := l.src[l.pos+i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if !isHex(c) {
			return false
		}
	}
	start := l.pos
	l.pos += size
	l.add(tokRawGuid, start)
	return true
}

// number reads what begins with a digit: numbers, timespans such as 1.5h,
// GUIDs, and names such as 3Dchart.
func (l *lexer) number() {
	start := l.pos
	if l.rawGuid() {
		return
	}
	digits := l.digits(start)
	end, kind := digits, tokLong
	switch c := l.at(digits); {
	case c|0x20 == 'x' && digits == start+1 && l.src[start] == '0' && isHex(l.at(digits+1)):
		for end = digits + 1; isHex(l.at(end)); end++ {
		}
	case c == '.' && (l.at(digits+1) != '.' || l.at(digits+2) == '.'):
		// A fraction may be empty, as in 1.; two dots belong to between.
		end, kind = l.digits(digits+1), tokReal
	}
	if kind == tokLong && end > digits && !isWordByte(l.at(end)) { // hexadecimal
		l.pos = end
		l.add(tokLong, start)
		return
	}
	if kind == tokLong {
		end = digits
	}
	if exp := l.exponent(end); exp > end && !isWordByte(l.at(exp)) {
		l.pos = exp
		l.add(tokReal, start)
		return
	}
	if !isWordByte(l.at(end)) {
		l.pos = end
		l.add(kind, start)
		return
	}
	unit := l.wordEnd(end)
	if isTimeUnit(l.src[end:unit]) && (kind == tokLong || end > digits+1) {
		l.pos = unit
		l.add(tokTimeSpan, start)
		return
	}
	if kind == tokReal { // 1.x is 1, a dot and x
		l.pos = digits
		l.add(tokLong, start)
		return
	}
	l.pos = l.wordEnd(digits)
	l.addWord(start, l.src[start:l.pos])
}

// at returns the byte at pos, or 0.
func (l *lexer) at(pos int) byte {
	if pos < len(l.src) {
		return l.src[pos]
	}
	return 0
}

func (l *lexer) digits(pos int) int {
	for isDigit(l.at(pos)) {
		pos++
	}
	return pos
}

// exponent returns where an exponent that begins at pos ends, else pos.
func (l *lexer) exponent(pos int) int {
	if l.at(pos)|0x20 != 'e' {
		return pos
	}
	begin := pos + 1
	if c := l.at(begin); c == '+' || c == '-' {
		begin++
	}
	if end := l.digits(begin); end > begin {
		return end
	}
	return pos
}

// isTimeUnit reports whether w may follow a number to make a timespan.
// See learn.microsoft.com/kusto/query/scalar-data-types/timespan.
func isTimeUnit(w string) bool {
	switch w {
	case "d", "day", "days", "h", "hr", "hrs", "hour", "hours",
		"m", "min", "minute", "minutes", "s", "sec", "second", "seconds",
		"ms", "milli", "millis", "millisec", "millisecond", "milliseconds",
		"micro", "micros", "microsec", "microsecond", "microseconds",
		"nano", "nanos", "nanosec", "nanosecond", "nanoseconds",
		"tick", "ticks":
		return true
	}
	return false
}

// str reads a string literal whose prefix may begin at start, and reports
// whether there is one.
func (l *lexer) str(start int) bool {
	pos := start
	if c := l.src[pos]; c == 'h' || c == 'H' {
		pos++
	}
	verbatim := l.at(pos) == '@'
	if verbatim {
		pos++
	}
	switch quote := l.at(pos); {
	case quote == '"' || quote == '\'':
		l.quoted(start, pos+1, quote, verbatim)
	case strings.HasPrefix(l.src[pos:], "```") || strings.HasPrefix(l.src[pos:], "~~~"):
		fence := l.src[pos : pos+3]
		end := strings.Index(l.src[pos+3:], fence)
		if end < 0 {
			l.pos = len(l.src)
			l.add(tokString, start)
			l.p.report(Span{start, pos + 3}, CodeUnclosed, "The text that begins here has no closing %s.", fence)
			return true
		}
		l.pos = pos + 3 + end + 3
		l.add(tokString, start)
	default:
		return false
	}
	return true
}

// quoted reads the rest of a string that must end on its line.
func (l *lexer) quoted(start, pos int, quote byte, verbatim bool) {
	for pos < len(l.src) {
		c := l.src[pos]
		switch {
		case c == quote && verbatim && l.at(pos+1) == quote:
			pos += 2
		case c == quote:
			l.pos = pos + 1
			l.add(tokString, start)
			return
		case c == '\n' || c == '\r':
			l.unclosed(start, pos, quote)
			return
		case c == '\\' && !verbatim:
			size := escapeLen(l.src[pos:])
			if size == 0 {
				_, next := utf8.DecodeRuneInString(l.src[pos+1:])
				if c := l.at(pos + 1); c == '\n' || c == '\r' {
					next = 0
				}
				bad := l.src[pos : pos+1+next]
				l.p.report(Span{pos, pos + len(bad)}, CodeMalformed, "%s is no escape; write \\%s, or put @ before the quotation mark to take the text as it is.", bad, bad)
				size = max(1, len(bad))
			}
			pos += size
		default:
			pos++
		}
	}
	l.unclosed(start, pos, quote)
}

func (l *lexer) unclosed(start, pos int, quote byte) {
	l.pos = pos
	l.add(tokString, start)
	l.p.report(Span{pos, pos}, CodeUnclosed, "The text that begins with %.20s has no closing %c on its line.", l.src[start:pos], quote)
}

// escapeLen returns the length of the escape that s begins with, or 0.
// See learn.microsoft.com/kusto/query/scalar-data-types/string.
func escapeLen(s string) int {
	if len(s) < 2 {
		return 0
	}
	hex := func(n int) int {
		if len(s) < 2+n {
			return 0
		}
		for i := range n {
			if !isHex(s[2+i]) {
				return 0
			}
		}
		return 2 + n
	}
	switch c := s[1]; {
	case strings.IndexByte(`\'"abfnrtv`, c) >= 0:
		return 2
	case c == 'x':
		return hex(2)
	case c == 'u':
		return hex(4)
	case c == 'U':
		return hex(8)
	case c >= '0' && c <= '7':
		n := 2
		for n < 4 && n < len(s) && s[n] >= '0' && s[n] <= '7' {
			n++
		}
		if n == 4 && c > '3' {
			n = 3
		}
		return n
	}
	return 0
}
