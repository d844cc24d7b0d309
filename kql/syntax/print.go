package syntax

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Format writes a query in its canonical layout. Parsed again, the result is
// the same query: the same statements, operators, names, literals and
// comments, in the same order, only at other places; and formatted again it is
// the same text. What cannot be read (see [BadExpr]) is written as it stands,
// but then nothing is promised: check the diagnostics of Parse first.
//
// The rules:
//
//   - One operator per line, beginning with its bar. A pipeline in parentheses
//     or braces may stand on one line if it has one bar at most.
//   - A line has [PrintWidth] characters at most, if names, literals and
//     comments allow. What is longer is broken at the outermost place there
//     is: a list has one element per line then, a chain of and, or, + one
//     operand per line, beginning with its operator. A datatable of several
//     rows and columns always has one row per line.
//   - A let whose value is a pipeline has it below, indented.
//   - Keywords, names and literals stay as they are written; operators get
//     today's spelling (!= for <>, !contains for notcontains).
//   - A comment stays between the two tokens it stood between, on a line of
//     its own or behind the token before it.
//   - Blank lines between statements, and around comments between them, are
//     kept, several as one. There are none inside a statement.
func Format(q *Query) string {
	p := printer{src: q.Text, comments: q.Comments}
	for i, d := range q.Directives {
		p.between(d.Start, i > 0)
		p.leaf(d.Span, strings.TrimRightFunc(d.Text, unicode.IsSpace))
		p.hard()
	}
	p.statements(q.Statements, len(q.Directives) > 0)
	p.hard()
	p.between(len(p.src)+1, true)
	return p.write()
}

// A printer walks a query and lays its tokens out. To put comments back it
// follows the tokens in the text they came from; a query made by a program has
// no text, and no comments.
type printer struct {
	layout
	src      string
	cursor   int // behind the last token in src
	comments []Comment
	put      int // comments before this one are laid out
	passed   int // comments before this one are before cursor
}

// tok lays out a token of fixed spelling.
func (p *printer) tok(s string) {
	if p.find(s) {
		p.flush(p.cursor)
		p.cursor += len(s)
	}
	p.text(s)
}

// sep lays out a comma or a semicolon. A comment before it comes behind it:
// it is about what the line holds, and no line begins with a comma.
func (p *printer) sep(s string) {
	if p.find(s) {
		p.cursor += len(s)
	}
	p.text(s)
}

// words lays out keywords with spaces between them.
func (p *printer) words(s string) {
	for i, w := range strings.Fields(s) {
		if i > 0 {
			p.space()
		}
		p.tok(w)
	}
}

// leaf lays out a token whose place is known, s being what is written.
func (p *printer) leaf(at Span, s string) {
	if at.Start >= p.cursor && at.Start < at.End && at.End <= len(p.src) {
		p.flush(at.Start)
		p.cursor = at.End
	}
	p.text(s)
}

// raw lays out a part of the text as it stands.
func (p *printer) raw(at Span) {
	if at.Start >= 0 && at.Start < at.End && at.End <= len(p.src) {
		p.leaf(at, p.src[at.Start:at.End])
		// The comments in it have been written with it.
		for p.put < len(p.comments) && p.comments[p.put].Start < at.End {
			p.put++
		}
	}
}

// find moves the cursor to the next token of the text and tells if it begins
// with s. Commas and semicolons that are not written again are passed over.
func (p *printer) find(s string) bool {
	for {
		p.skip()
		rest := p.src[p.cursor:]
		switch {
		case rest == "":
			return false
		case strings.HasPrefix(rest, s):
			return true
		case rest[0] != ',' && rest[0] != ';':
			return false
		}
		p.cursor++
	}
}

// skip moves the cursor over blanks and comments.
func (p *printer) skip() {
	for p.cursor < len(p.src) {
		for p.passed < len(p.comments) && p.comments[p.passed].Start < p.cursor {
			p.passed++
		}
		if p.passed < len(p.comments) && p.comments[p.passed].Start == p.cursor {
			p.cursor = max(p.cursor+1, min(p.comments[p.passed].End, len(p.src)))
			continue
		}
		r, size := utf8.DecodeRuneInString(p.src[p.cursor:])
		if !isSpace(r) {
			return
		}
		p.cursor += size
	}
}

// isSpace reports whether the lexer passes r over.
func isSpace(r rune) bool {
	switch r {
	case ' ', '\t', '\f', '\r', '\n':
		return true
	}
	return isBlank(r)
}

// flush lays out the comments before an offset.
func (p *printer) flush(before int) {
	for ; p.put < len(p.comments) && p.comments[p.put].Start < before; p.put++ {
		p.comment(p.comments[p.put])
	}
}

func (p *printer) comment(c Comment) {
	kind := itemTrailing
	if c.OwnLine {
		kind = itemOwnLine
	}
	p.add(kind, strings.TrimRightFunc(c.Text, unicode.IsSpace))
}

// between lays out the comments between two statements. Blank lines before
// them are kept, before the first thing of all only if something precedes it.
func (p *printer) between(next int, preceded bool) {
	for ; p.put < len(p.comments) && p.comments[p.put].Start < next; p.put++ {
		c := p.comments[p.put]
		if c.OwnLine && preceded && p.blankBefore(c.Start) {
			p.blank()
		}
		p.comment(c)
		preceded = true
	}
	if preceded && next <= len(p.src) && p.blankBefore(next) {
		p.blank()
	}
}

// blankBefore tells if an empty line stands before an offset of the text.
func (p *printer) blankBefore(offset int) bool {
	if offset < 0 || offset > len(p.src) {
		return false
	}
	lines := 0
	for before := p.src[:offset]; before != ""; {
		r, size := utf8.DecodeLastRuneInString(before)
		if !isSpace(r) {
			break
		}
		before = before[:len(before)-size]
		// Two characters may be one line break.
		if r == '\n' || r == '\u2028' || r == '\u2029' || r == '\r' && !strings.HasPrefix(p.src[len(before)+1:], "\n") {
			lines++
		}
	}
	return lines > 1
}

// list lays out elements between brackets, on one line or one line each.
func (p *printer) list(left, right string, n int, each func(int)) {
	p.open()
	p.tok(left)
	p.in()
	p.elements(n, p.soft, each)
	p.last(right)
	p.out()
	if n > 0 {
		p.soft()
	}
	p.tok(right)
	p.close()
}

// last lays out the comments that stand before a closing bracket: they are
// among what it closes.
func (p *printer) last(right string) {
	if p.put < len(p.comments) && p.find(right) && p.comments[p.put].Start < p.cursor {
		p.soft()
		p.flush(p.cursor)
	}
}

// elements lays out elements with commas between them; first breaks the line
// before them.
func (p *printer) elements(n int, first func(), each func(int)) {
	for i := range n {
		if i == 0 {
			first()
		} else {
			p.sep(",")
			p.line()
		}
		each(i)
	}
}

// exprs lays out a list of expressions.
func (p *printer) exprs(first func(), list []Expr) {
	p.elements(len(list), first, func(i int) { p.table(list[i], true) })
}

// parens lays out a list of expressions in parentheses.
func (p *printer) parens(list []Expr) {
	p.list("(", ")", len(list), func(i int) { p.table(list[i], true) })
}

// name lays out a name. One that is quoted stays so, in the one form there is
// here for it.
func (p *printer) name(n *Name) {
	if n == nil {
		return
	}
	switch {
	case n.Quoted:
		p.bracketed(n.Span, quote(n.Text))
	case n.Braced:
		p.leaf(n.Span, "{"+n.Text+"}")
	default:
		p.leaf(n.Span, n.Text)
	}
}

// bracketed lays out what is one word to a reader, and three tokens.
func (p *printer) bracketed(at Span, s string) {
	p.tok("[")
	inside := at.Start < p.cursor && p.cursor < at.End && at.End <= len(p.src)
	if inside {
		p.skip()
		p.flush(p.cursor)
	}
	p.text(s)
	if inside {
		p.cursor = max(p.cursor, at.End-1)
	}
	p.tok("]")
}

// quote writes a string literal.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for i := range len(text) { // bytes: what is no UTF-8 has to stay, too
		c := text[i]
		if e := strings.IndexByte("'\\\n\r\t", c); e >= 0 {
			b.WriteByte('\\')
			c = `'\nrt`[e]
		}
		b.WriteByte(c)
	}
	b.WriteByte('\'')
	return b.String()
}
