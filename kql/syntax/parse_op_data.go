package syntax

// Operators that take values apart, and those that read several tables.

func (p *parser) mvExpandOp(h OpHead) Operator {
	h.Params = p.params(noParams)
	op := &MvExpandOp{OpHead: h}
	op.Exprs = p.mvExprs(p.until("limit"))
	if p.acceptWord("limit") {
		op.Limit = p.needExpr("The number after limit")
	}
	return op
}

// mvExprs reads [Name =] X [to typeof(T)], separated by commas.
func (p *parser) mvExprs(stop func() bool) []*MvExpr {
	var out []*MvExpr
	p.list("A column", false, stop, func() bool {
		start := p.start()
		e := &MvExpr{}
		if p.isWord(0, "to") && p.isWord(1, "typeof") {
			e.X = p.badExpr("A column")
		} else if e.X = p.namedExpr(); e.X == nil {
			return false
		}
		e.To = p.toType()
		e.Span = p.from(start)
		out = append(out, e)
		return true
	})
	if len(out) == 0 {
		p.missing("A column")
	}
	return out
}

// toType reads to typeof(T), or returns nil.
func (p *parser) toType() Expr {
	if !p.acceptWord("to") {
		return nil
	}
	if p.isWord(0, "typeof") && p.ahead(1).kind == tokLParen {
		return p.typeOf()
	}
	return p.badExpr("typeof( ) after to")
}

func (p *parser) mvApplyOp(h OpHead) Operator {
	h.Params = p.params(noParams)
	op := &MvApplyOp{OpHead: h}
	if p.isWord(0, "to") && p.isWord(1, "typeof") {
		start := p.start()
		op.Exprs = []*MvExpr{{To: p.toType(), Span: p.from(start)}}
	} else {
		op.Exprs = p.mvExprs(func() bool {
			if !p.isWord(0, "limit") && !p.isWord(0, "id") && !p.isWord(0, "on") {
				return false
			}
			k := p.ahead(1).kind
			return k != tokComma && k != tokAssign && !p.isWord(1, "to")
		})
	}
	if p.acceptWord("limit") {
		op.Limit = p.needExpr("The number after limit")
	}
	if p.acceptWord("id") {
		op.ID = p.needExpr("The value of id")
	}
	p.expectWord("on", "the columns of mv-apply")
	if p.expect(tokLParen, "(", "on") {
		op.Body = p.contextBody()
		p.close("on (")
	} else {
		op.Body = &BadExpr{p.from(p.lastEnd())}
	}
	return op
}

func (p *parser) parseOp(h OpHead) Operator {
	h.Params = p.params(" flags ")
	op := &ParseOp{OpHead: h, Where: h.Keyword == "parse-where"}
	op.X = p.needExpr("The text to parse")
	p.expectWord("with", "the text to parse")
	for {
		switch t := p.tok(); {
		case isStar(t):
			p.pos++
			op.Pattern = append(op.Pattern, &Star{t.span()})
			continue
		case t.kind == tokString:
			op.Pattern = append(op.Pattern, p.stringLit())
			continue
		case t.kind == tokWord && t.word > wordExtended:
			return op
		}
		c := p.columnDecl(false)
		if c == nil {
			return op
		}
		op.Pattern = append(op.Pattern, c)
	}
}

func (p *parser) parseKVOp(h OpHead) Operator {
	op := &ParseKVOp{OpHead: h, X: p.needExpr("The text to parse")}
	p.expectWord("as", "the text to parse")
	op.Schema = p.schema(false)
	if p.acceptWord("with") {
		const own = " pair_delimiter kv_delimiter regex quote escape greedy "
		p.expect(tokLParen, "(", "with")
		op.With = p.paramList(own)
		p.closeProperties(own)
	}
	return op
}

func (p *parser) unionOp(h OpHead) Operator {
	h.Params = p.params(" best_effort ")
	return &UnionOp{h, p.exprs("A table", 1, nil, func() Expr {
		if p.at(tokLParen) {
			return p.paren()
		}
		return p.entity()
	})}
}

// entity reads the name of a table, which may have asterisks and name its
// database, or a call, or returns nil.
func (p *parser) entity() Expr {
	if w := p.wildcard(); w != nil {
		return w
	}
	return p.entityPath(true, true)
}

// simplePath reads a column or a property of it, or returns nil.
func (p *parser) simplePath() Expr { return p.entityPath(false, false) }

func (p *parser) entityPath(calls, wild bool) Expr {
	start := p.start()
	var x Expr
	switch {
	case calls && p.callStart():
		x = p.call()
	case p.at(tokLBracket):
		if x = p.bracketedWildcard(); x == nil {
			if n := p.nameRef(false); n != nil {
				x = n
			} else {
				x = p.bracketed()
			}
		}
	default:
		x = p.bareName()
	}
	if x == nil {
		return nil
	}
	for p.grow() {
		switch {
		case p.accept(tokDot):
			x = p.selector(start, x, wild)
		case p.at(tokLBracket):
			x = p.index(start, x, false)
		default:
			p.chain--
			return x
		}
	}
	return x
}

func (p *parser) findOp(h OpHead) Operator {
	op := &FindOp{OpHead: h}
	if p.isWord(0, "datascope") {
		op.DataScope = p.dataScope()
	}
	op.Params = p.params(noParams)
	op.In = p.sources()
	op.Where = p.acceptWord("where")
	if !op.Where && (len(op.Params) > 0 || op.In != nil) {
		p.expectWord("where", "the tables of find")
	}
	op.Predicate = p.needExpr("A condition")
	if p.acceptWord("project") {
		op.Project = p.findColumns()
	} else {
		op.Smart = p.acceptWord("project-smart")
	}
	if p.acceptWord("__projectAway") {
		op.ProjectAway = p.findColumns()
	}
	return op
}

// sources reads in (tables), or returns nil.
func (p *parser) sources() []Expr {
	if !p.acceptWord("in") {
		return nil
	}
	if !p.expect(tokLParen, "(", "in") {
		return []Expr{}
	}
	tables := p.exprs("A table", 1, nil, func() Expr {
		start := p.start()
		x := p.entity()
		if x == nil {
			return nil
		}
		bar := p.here()
		if !p.accept(tokBar) {
			return x
		}
		pipe := &Pipeline{Source: x}
		if p.isWord(0, "as") {
			pipe.Ops = append(pipe.Ops, p.operator(bar))
		} else {
			pipe.Ops = append(pipe.Ops, p.badOp(bar))
		}
		pipe.Span = p.from(start)
		return pipe
	})
	p.expect(tokRParen, ")", "the tables")
	return tables
}

// findColumns reads the columns of find's project.
func (p *parser) findColumns() []*FindColumn {
	out := []*FindColumn{}
	p.list("A column", false, nil, func() bool {
		start := p.start()
		c := &FindColumn{}
		switch {
		case p.isWord(0, "pack"):
			p.pos++
			c.Pack = true
			p.expect(tokLParen, "(", "pack")
			if isStar(p.tok()) {
				p.pos++
			} else {
				p.missing("* in pack(*)")
			}
			p.expect(tokRParen, ")", "pack(*")
		case isStar(p.tok()):
			p.pos++
			c.Star = true
		default:
			if c.Name = p.name(false); c.Name == nil {
				return false
			}
			if p.accept(tokColon) {
				c.Type = p.typeName(true)
			}
		}
		c.Span = p.from(start)
		out = append(out, c)
		return true
	})
	if len(out) == 0 {
		p.missing("A column")
	}
	return out
}

func (p *parser) searchOp(h OpHead) Operator {
	h.Params = p.params(noParams)
	op := &SearchOp{OpHead: h}
	if p.isWord(0, "datascope") {
		op.DataScope = p.dataScope()
	}
	op.In = p.sources()
	if op.Predicate = p.expr(); op.Predicate != nil {
		return op
	}
	t := p.tok()
	if !isStar(t) {
		op.Predicate = p.badExpr("The text to search for")
		return op
	}
	p.pos++
	op.Predicate = &Star{t.span()}
	if and := p.tok(); p.acceptWord("and") {
		y := p.needExpr("A condition")
		op.Predicate = &BinaryExpr{Span: p.from(int(t.start)), Op: And, OpSpan: and.span(), X: op.Predicate, Y: y}
	}
	return op
}
