package syntax

// Expressions, from what binds loosest to what binds tightest: or; and; one
// equality or in or between; one comparison; + and -; * / and %; one operator
// on text; a sign; calls and paths.
// See learn.microsoft.com/kusto/query/scalar-operators.

// expr reads an expression without pipes, or returns nil.
func (p *parser) expr() Expr {
	if x := p.simple(); x != nil {
		return x
	}
	outer, ok := p.enter()
	if !ok {
		return nil
	}
	defer p.leave(outer)
	return p.binary(0)
}

// simple reads a literal or a name that is a whole expression, as the token
// after it tells. Long lists are made of these.
func (p *parser) simple() Expr {
	switch p.ahead(1).kind {
	case tokComma, tokRParen, tokRBrace, tokRBracket, tokBar:
	default:
		return nil
	}
	switch t := p.tok(); {
	case t.kind == tokWord && t.word == wordName:
		p.pos++
		return &NameRef{Name: Name{Span: t.span(), Text: p.text(t)}}
	case t.kind >= tokString && t.kind < tokRawGuid:
		return p.literal()
	}
	return nil
}

// needExpr reads an expression, or reports that what is missing.
func (p *parser) needExpr(what string) Expr {
	if x := p.expr(); x != nil {
		return x
	}
	return p.badExpr(what)
}

// The levels of binary.
const (
	levelOr = iota
	levelAnd
	levelEquality
	levelCompare
	levelAdd
	levelMul
	levelText
	levelSign
)

// level returns where an operator stands in the order of binding.
func (k OpKind) level() int {
	switch {
	case k == Or:
		return levelOr
	case k == And:
		return levelAnd
	case k == Eq || k == Neq || k >= In && k <= NotBetween:
		return levelEquality
	case k >= Lt && k <= Gte:
		return levelCompare
	case k == Add || k == Sub:
		return levelAdd
	case k >= Mul && k <= Mod:
		return levelMul
	case k >= EqTilde && k <= NotEndsWithCs:
		return levelText
	}
	return -1
}

// opAt returns the binary operator that the token n places ahead is, if it is
// of that level, else NoOp.
func (p *parser) opAt(n, level int) OpKind {
	t := p.ahead(n)
	k := t.op
	if t.kind == tokColon {
		k = Colon
	}
	if k == NoOp || k.level() != level {
		return NoOp
	}
	return k
}

// binary reads an expression whose operators bind at least as tight as level.
func (p *parser) binary(level int) Expr {
	if level == levelSign {
		return p.signed()
	}
	start := p.start()
	x := p.star(level)
	if x == nil {
		x = p.binary(level + 1)
	}
	if x == nil {
		return nil
	}
	for {
		op := p.opAt(0, level)
		if op == NoOp || op == In && p.isWord(1, "range") {
			return x
		}
		opSpan := p.tok().span()
		p.pos++
		switch {
		case op == Between || op == NotBetween:
			x = p.between(x, op, opSpan)
		case op >= In && op <= HasAll:
			x = p.in(x, op, opSpan)
		default:
			y := p.binary(level + 1)
			if y == nil {
				y = p.badExpr("An expression after " + p.src[opSpan.Start:opSpan.End])
			}
			x = &BinaryExpr{Span: p.from(start), Op: op, OpSpan: opSpan, X: x, Y: y}
		}
		switch level {
		case levelEquality, levelCompare, levelText:
			return x
		}
		if !p.grow() {
			return x
		}
	}
}

// star reads the asterisk of * == x or * has x, which only predicates of
// search and find have.
func (p *parser) star(level int) Expr {
	t := p.tok()
	if t.kind != tokOp || t.op != Mul || level != levelEquality && level != levelText {
		return nil
	}
	if k := p.opAt(1, level); k == NoOp || level == levelEquality && k != Eq {
		return nil
	}
	p.pos++
	return &Star{t.span()}
}

// in reads the list of in, has_any and their like.
func (p *parser) in(x Expr, op OpKind, opSpan Span) Expr {
	e := &InExpr{Op: op, OpSpan: opSpan, X: x}
	if p.expect(tokLParen, "(", p.before()) {
		query := false
		p.list("A value in the list", false, func() bool { return query }, func() bool {
			var v Expr
			if len(e.List) == 0 {
				v = p.pipeline()
				_, query = v.(*Pipeline)
			} else {
				v = p.expr()
			}
			if v != nil {
				e.List = append(e.List, v)
			}
			return v != nil
		})
		if len(e.List) == 0 {
			e.List = append(e.List, p.badExpr("A value in the list"))
		}
		p.expect(tokRParen, ")", "the list of values")
	}
	e.Span = p.from(x.Position().Start)
	return e
}

// between reads the bounds of between.
func (p *parser) between(x Expr, op OpKind, opSpan Span) Expr {
	e := &BetweenExpr{Not: op == NotBetween, OpSpan: opSpan, X: x}
	p.expect(tokLParen, "(", "between")
	e.Low = p.needExpr("The lower bound of between")
	if !p.expect(tokDotDot, "..", "the lower bound of between") {
		p.accept(tokComma)
	}
	e.High = p.needExpr("The upper bound of between")
	p.expect(tokRParen, ")", "the bounds of between")
	e.Span = p.from(x.Position().Start)
	return e
}

// signed reads an expression with at most one sign.
func (p *parser) signed() Expr {
	t := p.tok()
	if t.kind != tokOp || t.op != Add && t.op != Sub {
		return p.path()
	}
	p.pos++
	x := p.path()
	if x == nil {
		x = p.badExpr("An expression after " + p.text(t))
	}
	return &UnaryExpr{Span: p.from(int(t.start)), Op: t.op, X: x}
}

// path reads an expression and the properties, elements and calls that follow.
func (p *parser) path() Expr {
	start := p.start()
	x := p.primary()
	if x == nil {
		return nil
	}
	for p.grow() {
		switch {
		case p.at(tokDot):
			p.pos++
			x = p.selector(start, x, false)
		case p.at(tokLBracket):
			x = p.index(start, x, false)
		default:
			p.chain--
			return x
		}
	}
	return x
}

// selector reads what follows a dot. wild says that it may have asterisks.
func (p *parser) selector(start int, x Expr, wild bool) Expr {
	var sel Expr
	switch {
	case p.callStart():
		sel = p.call()
	case p.at(tokLBracket):
		if w := p.bracketedWildcard(); w != nil {
			sel = w
		} else if n := p.nameRef(false); n != nil {
			sel = n
		} else {
			return p.index(start, x, true)
		}
	case wild && p.wildcardLen(0) > 0:
		sel = p.wildcard()
	default:
		sel = p.bareName()
	}
	if sel == nil {
		if n := p.hardName(); n != nil {
			sel = &NameRef{Name: *n}
		} else {
			sel = p.badExpr("The name after the dot")
		}
	}
	return &PathExpr{Span: p.from(start), X: x, Sel: sel}
}

// index reads [Index].
func (p *parser) index(start int, x Expr, dotted bool) Expr {
	p.pos++
	i := p.needExpr("The index in [ ]")
	p.expect(tokRBracket, "]", "the index")
	return &IndexExpr{Span: p.from(start), X: x, Index: i, Dotted: dotted}
}

// bareName reads a name, or one of the keywords that name columns in old
// queries, or returns nil.
func (p *parser) bareName() Expr {
	t := p.tok()
	if t.kind == tokWord && t.word == wordHard {
		switch p.text(t) {
		case "kind", "withsource", "with_source":
			p.pos++
			return &NameRef{Name: Name{Span: t.span(), Text: p.text(t)}}
		}
		return nil
	}
	if t.kind == tokAt {
		p.pos++
		return &NameRef{Name: Name{Span: t.span(), Text: "@"}}
	}
	if n := p.nameRef(false); n != nil {
		return n
	}
	return nil
}

// namedExpr reads [Name =] X or (A, B) = X, or returns nil.
func (p *parser) namedExpr() Expr {
	start := p.start()
	if size := p.nameLen(0, true); size > 0 && p.ahead(size).kind == tokAssign {
		n := p.readName(size)
		p.pos++
		x := p.needExpr("An expression after =")
		return &NamedExpr{Span: p.from(start), Names: []*Name{&n}, X: x}
	}
	if t := p.tok(); t.kind == tokWord && p.dashedLen() > 0 {
		size := p.dashedLen()
		p.pos += size
		at := p.from(start)
		text := p.src[at.Start:at.End]
		p.report(at, CodeNeedsBrackets, "%s is no plain name; write ['%s'].", text, text)
		p.pos++
		x := p.needExpr("An expression after =")
		return &NamedExpr{Span: p.from(start), Names: []*Name{{Span: at, Text: text}}, X: x}
	}
	if p.at(tokLParen) && p.nameListAhead() {
		e := &NamedExpr{List: true}
		p.pos++
		for !p.accept(tokRParen) {
			e.Names = append(e.Names, p.name(true))
			p.accept(tokComma)
		}
		p.pos++ // =
		e.X = p.needExpr("An expression after =")
		e.Span = p.from(start)
		return e
	}
	return p.expr()
}

// needNamed is namedExpr that reports what is missing.
func (p *parser) needNamed(what string) Expr {
	if x := p.namedExpr(); x != nil {
		return x
	}
	return p.badExpr(what)
}

// dashedLen returns how many tokens make a keyword or a name with dashes that
// stands before =, or 0. It is no name, but is plainly meant as one.
func (p *parser) dashedLen() int {
	n := 1
	for {
		d, w := p.ahead(n), p.ahead(n+1)
		if d.kind != tokOp || d.op != Sub || !d.glued || w.kind != tokWord && w.kind != tokLong || !w.glued {
			break
		}
		n += 2
	}
	if p.ahead(n).kind != tokAssign || n == 1 && p.tok().word != wordHard {
		return 0
	}
	return n
}

// nameListAhead reports whether (a, b) = stands here.
func (p *parser) nameListAhead() bool {
	n := 1
	for {
		size := p.nameLen(n, true)
		if size == 0 {
			break
		}
		n += size
		if p.ahead(n).kind != tokComma {
			break
		}
		n++
	}
	return n > 1 && p.ahead(n).kind == tokRParen && p.ahead(n+1).kind == tokAssign
}

// exprs reads expressions separated by commas. min is the least number of
// them, 0 or 1.
func (p *parser) exprs(what string, min int, stop func() bool, elem func() Expr) []Expr {
	var out []Expr
	p.list(what, false, stop, func() bool {
		x := elem()
		if x != nil {
			out = append(out, x)
		}
		return x != nil
	})
	if len(out) < min {
		out = append(out, p.badExpr(what))
	}
	return out
}
