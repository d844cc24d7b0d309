package syntax

import (
	"strings"
	"unicode/utf8"
)

// A lexer cuts a text into tokens, all at once: the parser then looks ahead
// as far as it needs to.
type lexer struct {
	p        *parser // for reports
	src      string
	pos      int
	toks     []token
	comments []Comment
}

// run cuts the whole text. The last token is always tokEOF.
func (l *lexer) run() {
	l.toks = make([]token, 0, len(l.src)/4+8)
	for {
		l.skipBlanks()
		start := l.pos
		if start >= len(l.src) {
			l.add(tokEOF, start)
			return
		}
		c := l.src[start]
		switch {
		case isLetter(c) || c == '_' || c == '$':
			l.word()
		case isDigit(c):
			l.number()
		default:
			l.punctuation(c)
		}
	}
}

// add ends the token that began at start.
func (l *lexer) add(kind tokenKind, start int) *token {
	n := len(l.toks)
	l.toks = append(l.toks, token{
		start: int32(start), end: int32(l.pos), kind: kind,
		glued: n > 0 && int(l.toks[n-1].end) == start,
	})
	return &l.toks[n]
}

// skipBlanks passes blanks and comments and keeps the comments.
func (l *lexer) skipBlanks() {
	ownLine := l.pos == 0
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; {
		case c == '\n' || c == '\r':
			ownLine = true
			l.pos++
		case c == ' ' || c == '\t' || c == '\f':
			l.pos++
		case c == '/' && strings.HasPrefix(l.src[l.pos:], "//"):
			start := l.pos
			l.pos = l.lineEnd(start)
			l.comments = append(l.comments, Comment{
				Span: Span{start, l.pos}, Text: l.src[start:l.pos], OwnLine: ownLine,
			})
			if l.pos < len(l.src) && l.src[l.pos] >= utf8.RuneSelf {
				l.pos += len("\u2028") // a line break after comments only
				ownLine = true
			}
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(l.src[l.pos:])
			if !isBlank(r) {
				return
			}
			l.pos += size
		default:
			return
		}
	}
}

// lineEnd returns where the line that holds pos ends, before its line break.
func (l *lexer) lineEnd(pos int) int {
	for i := pos; i < len(l.src); i++ {
		switch c := l.src[i]; {
		case c == '\n' || c == '\r':
			return i
		case c == 0xe2 && (strings.HasPrefix(l.src[i:], "\u2028") || strings.HasPrefix(l.src[i:], "\u2029")):
			return i
		}
	}
	return len(l.src)
}

// isBlank reports whether r, which is not ASCII, separates tokens. Text from
// web pages and mails is full of them.
func isBlank(r rune) bool {
	switch r {
	case '\u00a0', '\u1680', '\u180e', '\u202f', '\u205f', '\u3000', '\ufeff':
		return true
	}
	return r >= '\u2000' && r <= '\u200b'
}

// word reads a name or a keyword, and the literals that begin with a letter.
func (l *lexer) word() {
	start := l.pos
	if l.rawGuid() {
		return
	}
	l.pos = l.wordEnd(start + 1)
	w := l.src[start:l.pos]
	next := l.peek(0)
	if next == '(' {
		if kind := parenLiteral(w); kind != tokEOF {
			l.parenLiteral(kind, start)
			return
		}
	}
	if len(w) == 1 && (w[0] == 'h' || w[0] == 'H') && (isQuote(next) || next == '@') && l.str(start) {
		return
	}
	if next == '-' || next == '.' || next == ' ' || next == '~' {
		for _, rest := range joined(w) {
			if strings.HasPrefix(l.src[l.pos:], rest) && !isWordByte(l.peek(len(rest))) {
				l.pos += len(rest)
				w = l.src[start:l.pos]
				break
			}
		}
	}
	l.addWord(start, w)
}

func (l *lexer) addWord(start int, w string) {
	switch w {
	case "true", "True", "TRUE", "false", "False", "FALSE":
		l.add(tokBool, start)
		return
	}
	t := l.add(tokWord, start)
	if t.word = classify(w); t.word != wordName {
		t.op = wordOp(w)
		return
	}
	if w == "matches regex" || strings.HasSuffix(w, "~") {
		t.op, t.word = wordOp(w), wordHard
	}
}

// wordEnd returns where the word ends that holds what stands before pos.
func (l *lexer) wordEnd(pos int) int {
	for pos < len(l.src) && isWordByte(l.src[pos]) {
		pos++
	}
	return pos
}

// peek returns the byte n places behind the current one, or 0.
func (l *lexer) peek(n int) byte {
	if l.pos+n < len(l.src) {
		return l.src[l.pos+n]
	}
	return 0
}

// punctuation reads a token that begins with neither a letter nor a digit.
func (l *lexer) punctuation(c byte) {
	start := l.pos
	two := byte(0)
	if start+1 < len(l.src) {
		two = l.src[start+1]
	}
	op := func(k OpKind, size int) {
		l.pos += size
		l.add(tokOp, start).op = k
	}
	one := func(k tokenKind, size int) {
		l.pos += size
		l.add(k, start)
	}
	switch {
	case c == '(':
		one(tokLParen, 1)
	case c == ')':
		one(tokRParen, 1)
	case c == '[':
		one(tokLBracket, 1)
	case c == ']':
		one(tokRBracket, 1)
	case c == '{':
		one(tokLBrace, 1)
	case c == '}':
		one(tokRBrace, 1)
	case c == '|':
		one(tokBar, 1)
	case c == '.' && two == '.':
		one(tokDotDot, 2)
	case c == '.':
		one(tokDot, 1)
	case c == ',':
		one(tokComma, 1)
	case c == ':':
		one(tokColon, 1)
	case c == ';':
		one(tokSemicolon, 1)
	case c == '?':
		one(tokQuestion, 1)
	case c == '=' && two == '=':
		op(Eq, 2)
	case c == '=' && two == '~':
		op(EqTilde, 2)
	case c == '=' && two == '>':
		one(tokArrow, 2)
	case c == '=':
		one(tokAssign, 1)
	case c == '!' && two == '=':
		op(Neq, 2)
	case c == '!' && two == '~':
		op(NeqTilde, 2)
	case c == '<' && two == '>':
		op(Neq, 2)
	case c == '<' && two == '=':
		op(Lte, 2)
	case c == '<':
		op(Lt, 1)
	case c == '>' && two == '=':
		op(Gte, 2)
	case c == '>':
		op(Gt, 1)
	case c == '+':
		op(Add, 1)
	case c == '-':
		op(Sub, 1)
	case c == '*':
		op(Mul, 1)
	case c == '/':
		op(Div, 1)
	case c == '%':
		op(Mod, 1)
	case c == '#':
		l.pos = l.lineEnd(start)
		l.add(tokDirective, start)
	case c == '!' && isLetter(two):
		l.notWord()
	case (isQuote(c) || c == '@') && l.str(start):
	case c == '@' && !isQuote(two):
		one(tokAt, 1)
	default:
		l.bad()
	}
}

// notWord reads an operator such as !contains.
func (l *lexer) notWord() {
	start := l.pos
	end := l.wordEnd(start + 1)
	if end < len(l.src) && l.src[end] == '~' && l.src[start:end] == "!in" {
		end++
	}
	k := wordOp(l.src[start:end])
	if k == NoOp {
		l.bad()
		return
	}
	l.pos = end
	t := l.add(tokWord, start)
	t.op, t.word = k, wordHard
}

// bad reads characters that the language has no use for, as one token.
func (l *lexer) bad() {
	start := l.pos
	first, size := utf8.DecodeRuneInString(l.src[start:])
	l.pos += size
	for l.pos < len(l.src) && l.src[l.pos] >= utf8.RuneSelf {
		r, size := utf8.DecodeRuneInString(l.src[l.pos:])
		if isBlank(r) {
			break
		}
		l.pos += size
	}
	l.add(tokBad, start)
	at := Span{start, l.pos}
	switch {
	case first == '!':
		l.p.report(at, CodeUnexpected, "! begins no operator here; for the opposite of a condition write not(…).")
	case first == '“' || first == '”' || first == '„' || first == '‘' || first == '’' || first == '`':
		l.p.report(at, CodeUnexpected, "%c is no quotation mark of the language; write \" or '.", first)
	case first == '–' || first == '—' || first == '−':
		l.p.report(at, CodeUnexpected, "%c is a dash and no minus; write -.", first)
	case first == '&':
		l.p.report(at, CodeUnexpected, "& is no operator; write and.")
	case first < utf8.RuneSelf || first == utf8.RuneError:
		l.p.report(at, CodeUnexpected, "The language has no use for the character %q.", first)
	default:
		l.p.report(at, CodeUnexpected, "%c cannot be part of a name as it is; write ['%.40s'] for such a name, or quote it if it is text.", first, l.src[start:l.pos])
	}
}

func isLetter(c byte) bool   { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool    { return c >= '0' && c <= '9' }
func isWordByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' }
func isQuote(c byte) bool    { return c == '"' || c == '\'' || c == '`' || c == '~' }
func isHex(c byte) bool      { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
