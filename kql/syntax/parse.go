// Package syntax reads queries in the Kusto Query Language, the language of
// advanced hunting in Microsoft Defender, of Microsoft Sentinel and of Azure
// Data Explorer.
//
// [Parse] never fails: it returns the tree of what it understood, and a
// diagnostic for each place where it did not. Each [Node] knows its place in
// the text. [Walk] and [Inspect] go through a tree.
//
// The language is described at learn.microsoft.com/kusto/query.
package syntax

import (
	"cmp"
	"slices"
)

// Parse reads a query: statements separated by semicolons. The result is never
// nil. Without diagnostics the tree has no Bad nodes and no empty names.
func Parse(src string) (*Query, []Diagnostic) {
	p := &parser{src: src}
	q := &Query{Span: Span{0, len(src)}, Text: src}
	if len(src) > MaxLength {
		p.report(Span{MaxLength, len(src)}, CodeTooLong, "The query is longer than %d bytes and is not read.", MaxLength)
		return q, p.diags
	}
	l := lexer{p: p, src: src}
	l.run()
	p.toks = l.toks
	q.Comments = l.comments
	q.Directives = p.directives()
	q.Statements = p.statements(tokEOF)
	slices.SortStableFunc(p.diags, func(a, b Diagnostic) int { return cmp.Compare(a.Start, b.Start) })
	p.diags = slices.CompactFunc(p.diags, func(a, b Diagnostic) bool { return a.Start == b.Start })
	return q, p.diags
}

// A parser goes through the tokens once, from left to right. Functions named
// after a construct read it from the current token on. Those that return nil
// have read nothing.
type parser struct {
	src   string
	toks  []token
	pos   int
	diags []Diagnostic
	depth int // brackets and the like that are open
	chain int // height of the tree that operators in a row have built
	full  bool
}

// tok returns the current token.
func (p *parser) tok() token { return p.toks[p.pos] }

// ahead returns the token n places after the current one.
func (p *parser) ahead(n int) token {
	return p.toks[min(p.pos+n, len(p.toks)-1)]
}

func (p *parser) text(t token) string { return p.src[t.start:t.end] }

func (p *parser) at(k tokenKind) bool { return p.toks[p.pos].kind == k }

// next passes the current token and returns it.
func (p *parser) next() token {
	t := p.toks[p.pos]
	if t.kind != tokEOF {
		p.pos++
	}
	return t
}

func (t token) span() Span { return Span{int(t.start), int(t.end)} }

// lastEnd returns where the token before the current one ends.
func (p *parser) lastEnd() int {
	if p.pos == 0 {
		return 0
	}
	return int(p.toks[p.pos-1].end)
}

// from returns the span from start to the end of the last token.
func (p *parser) from(start int) Span { return Span{start, max(start, p.lastEnd())} }

// start returns where the current token begins.
func (p *parser) start() int { return int(p.toks[p.pos].start) }

// here is the place of the current token; at the end of the query it is the
// place after the last one, where the cursor stands.
func (p *parser) here() Span {
	if p.at(tokEOF) {
		return Span{p.lastEnd(), p.lastEnd()}
	}
	return p.tok().span()
}

// accept passes the current token if it is of kind k.
func (p *parser) accept(k tokenKind) bool {
	if p.toks[p.pos].kind == k {
		p.pos++
		return true
	}
	return false
}

// isWord reports whether the token n places ahead is the word w.
func (p *parser) isWord(n int, w string) bool {
	t := p.ahead(n)
	return t.kind == tokWord && p.text(t) == w
}

// acceptWord passes the current token if it is the word w.
func (p *parser) acceptWord(w string) bool {
	if p.isWord(0, w) {
		p.pos++
		return true
	}
	return false
}

// expect passes a token of kind k, or reports that it is missing; after says
// what it should follow.
func (p *parser) expect(k tokenKind, symbol, after string) bool {
	if p.accept(k) {
		return true
	}
	p.report(p.here(), CodeExpected, "%s is missing after %s; %s.", symbol, after, p.found())
	return false
}

// expectWord passes the word w, or reports that it is missing.
func (p *parser) expectWord(w, after string) bool {
	if p.acceptWord(w) {
		return true
	}
	p.report(p.here(), CodeExpected, "The word %s is missing after %s; %s.", w, after, p.found())
	return false
}

// missing reports that a part is missing here.
func (p *parser) missing(what string) {
	if t := p.tok(); t.kind == tokWord && t.word >= wordExtended && t.op == NoOp {
		p.report(p.here(), CodeMissingPart, "%s is missing; if %s is meant to be a name, write ['%s'].", what, p.text(t), p.text(t))
		return
	}
	p.report(p.here(), CodeMissingPart, "%s is missing; %s.", what, p.found())
}

// badExpr reports a missing expression and stands in for it.
func (p *parser) badExpr(what string) Expr {
	p.missing(what)
	at := p.here().Start
	return &BadExpr{Span{at, at}}
}

// enter begins a construct that may hold itself. If it returns false, the
// text is nested too deeply, and the rest of it is given up.
func (p *parser) enter() (outer int, ok bool) {
	if p.depth >= MaxNesting {
		p.giveUp(CodeTooDeep, "The query is nested deeper than %d levels; give parts of it a name with let.", MaxNesting)
		return 0, false
	}
	p.depth++
	outer, p.chain = p.chain, 0
	return outer, true
}

// leave ends what enter began.
func (p *parser) leave(outer int) {
	p.depth--
	p.chain = max(outer, p.chain)
}

// grow counts one more operator in a row. It returns false, and the rest of
// the query is given up, if there are too many.
func (p *parser) grow() bool {
	p.chain++
	if p.chain > MaxChain {
		p.giveUp(CodeTooDeep, "The expression has more than %d operators in a row; use in (…) or has_any (…) with a list.", MaxChain)
		return false
	}
	return true
}

// giveUp reports once that the query is beyond a bound and goes to its end.
func (p *parser) giveUp(code, format string, args ...any) {
	if !p.full {
		p.full = true
		p.report(p.here(), code, format, args...)
	}
	p.pos = len(p.toks) - 1
}

// listEnd reports whether the current token ends every list.
func (p *parser) listEnd() bool {
	switch p.tok().kind {
	case tokRParen, tokRBracket, tokRBrace, tokBar, tokSemicolon, tokEOF:
		return true
	}
	return false
}

// list reads elements separated by commas. elem returns false if there is
// none. A comma that is missing between two elements is reported and the list
// goes on. If trailing is false, an element must follow each comma. stop, if
// not nil, ends the list where it returns true.
func (p *parser) list(what string, trailing bool, stop func() bool, elem func() bool) {
	done := func() bool { return p.listEnd() || stop != nil && stop() }
	if done() {
		return
	}
	if !elem() {
		if !p.at(tokComma) {
			return
		}
		p.missing(what)
	}
	for {
		switch {
		case p.accept(tokComma):
			if p.at(tokComma) {
				p.missing(what)
				continue
			}
			if !done() && elem() {
				continue
			}
			if !trailing {
				p.missing(what)
			}
			if !p.at(tokComma) {
				return
			}
		case done():
			return
		default:
			end, before := p.lastEnd(), p.pos
			n := len(p.diags)
			if !elem() || p.pos == before {
				return
			}
			// Put before what the element itself had to tell.
			p.insert(n, Diagnostic{Span{end, end}, CodeExpected, "A comma is missing here, between two elements of a list."})
		}
	}
}

// insert adds a diagnostic before those from n on.
func (p *parser) insert(n int, d Diagnostic) {
	if len(p.diags) < MaxDiagnostics {
		p.diags = slices.Insert(p.diags, n, d)
	}
}

// skipTo passes tokens up to the next bar, semicolon or closing bracket that
// belongs to the construct being read.
func (p *parser) skipTo() {
	open := 0
	for {
		switch p.tok().kind {
		case tokEOF:
			return
		case tokLParen, tokLBracket, tokLBrace:
			open++
		case tokRParen, tokRBracket, tokRBrace:
			if open == 0 {
				return
			}
			open--
		case tokBar, tokSemicolon:
			if open == 0 {
				return
			}
		}
		p.pos++
	}
}
