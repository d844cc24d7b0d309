package syntax

// primary reads an expression without operators around it, or returns nil.
func (p *parser) primary() Expr {
	t := p.tok()
	switch t.kind {
	case tokLParen:
		return p.paren()
	case tokString, tokBool, tokInt, tokLong, tokReal, tokDecimal,
		tokDateTime, tokTimeSpan, tokGuid, tokRawGuid:
		return p.literal()
	case tokWord:
		if x, ok := p.keywordExpr(t); ok {
			return x
		}
	}
	if p.callStart() {
		return p.call()
	}
	var x Expr
	if w := p.bracketedWildcard(); w != nil {
		x = w
	} else if x = p.bareName(); x == nil {
		if p.at(tokLBracket) {
			return p.bracketed()
		}
		if n := p.hardName(); n != nil {
			return &NameRef{Name: *n}
		}
		return nil
	}
	if n, ok := x.(*NameRef); ok && p.isWord(0, "datascope") {
		n.DataScope = p.dataScope()
		n.End = p.lastEnd()
	}
	return x
}

// keywordExpr reads what begins with a keyword of its own. It reports false
// if the word here is none, or is a name.
func (p *parser) keywordExpr(t token) (Expr, bool) {
	switch p.text(t) {
	case "dynamic":
		return p.dynamic(), true
	case "datatable":
		return p.dataTable(), true
	case "externaldata", "external_data":
		return p.externalData(), true
	case "__contextual_datatable":
		return p.contextTable(), true
	case "toscalar", "totable":
		return p.subquery(), true
	case "materialize":
		if p.ahead(1).kind == tokLParen {
			p.report(t.span(), CodeMissingPart, "materialize(…) can only be the value of a let; give it a name first.")
			return p.subquery(), true
		}
	case "materialized-view-combine":
		return p.viewCombine(), true
	case "typeof":
		if p.ahead(1).kind == tokLParen {
			return p.typeOf(), true
		}
	}
	return nil, false
}

// paren reads ( query ).
func (p *parser) paren() Expr {
	start := p.start()
	p.pos++
	x := p.pipeline()
	if x == nil {
		x = p.badExpr("An expression in ( )")
	}
	p.close("(")
	return &ParenExpr{Span: p.from(start), X: x}
}

// close passes the ) that belongs to an earlier (.
func (p *parser) close(what string) {
	p.expect(tokRParen, ")", "what follows "+what)
}

// bracketed reads [expr] where a name is expected.
func (p *parser) bracketed() Expr {
	start := p.start()
	p.report(p.here(), CodeNoBrackets, "[ begins neither a name nor a list here; write ['name'], or dynamic([…]).")
	p.pos++
	p.exprs("A value", 1, nil, p.expr)
	p.expect(tokRBracket, "]", "the values")
	return &BadExpr{p.from(start)}
}

// callStart reports whether a call begins here.
func (p *parser) callStart() bool {
	n := p.nameLen(0, false)
	return n > 0 && p.ahead(n).kind == tokLParen
}

// call reads Name(args).
func (p *parser) call() *CallExpr {
	start := p.start()
	c := &CallExpr{Func: p.name(false)}
	if p.expect(tokLParen, "(", "the name of a function") {
		c.Args = p.exprs("An argument", 0, nil, p.argument)
		p.expect(tokRParen, ")", "the arguments of "+c.Func.Text)
	}
	c.Span = p.from(start)
	return c
}

// argument reads an argument: *, or an expression with or without a name.
func (p *parser) argument() Expr {
	if t := p.tok(); t.kind == tokOp && t.op == Mul {
		if k := p.ahead(1).kind; k == tokRParen || k == tokComma {
			p.pos++
			return &Star{t.span()}
		}
	}
	return p.namedExpr()
}

// subquery reads toscalar(query) and its like.
func (p *parser) subquery() Expr {
	start := p.start()
	e := &SubqueryExpr{Keyword: p.text(p.next())}
	if e.Keyword != "materialize" && p.isWord(0, "kind") && p.ahead(1).kind == tokAssign {
		e.Params = p.params(noParams)
	}
	if p.expect(tokLParen, "(", e.Keyword) {
		if e.X = p.pipeline(); e.X == nil {
			e.X = p.badExpr("A query in " + e.Keyword + "( )")
		}
		p.close(e.Keyword + "(")
	} else {
		e.X = &BadExpr{p.from(p.lastEnd())}
	}
	e.Span = p.from(start)
	return e
}

// dataScope reads datascope=value and returns the value.
func (p *parser) dataScope() string {
	p.pos++
	p.expect(tokAssign, "=", "datascope")
	t := p.tok()
	switch {
	case t.kind == tokWord && (p.text(t) == "hotcache" || p.text(t) == "all" || p.text(t) == "hotindex"):
		p.pos++
		return p.text(t)
	default:
		p.report(p.here(), CodeExpected, "hotcache or all is missing after datascope=; %s.", p.found())
		return ""
	}
}

// dataTable reads datatable (schema) [values].
func (p *parser) dataTable() Expr {
	start := p.start()
	p.pos++
	e := &DataTable{Params: p.params(noParams)}
	e.Schema = p.schema(false)
	if p.expect(tokLBracket, "[", "the columns of datatable") {
		p.accept(tokComma)
		p.list("A value", true, nil, func() bool {
			v := p.literal()
			if v != nil {
				e.Values = append(e.Values, v)
			}
			return v != nil
		})
		p.expect(tokRBracket, "]", "the values of datatable")
	}
	e.Span = p.from(start)
	return e
}

// externalData reads externaldata (schema) [addresses] with (…).
func (p *parser) externalData() Expr {
	start := p.start()
	e := &ExternalData{Keyword: p.text(p.next())}
	e.Params = p.params(noParams)
	e.Schema = p.schema(false)
	if p.expect(tokLBracket, "[", "the columns of externaldata") {
		p.list("An address", true, nil, func() bool {
			v := p.pipeline()
			if v != nil {
				e.URIs = append(e.URIs, v)
			}
			return v != nil
		})
		p.expect(tokRBracket, "]", "the addresses of externaldata")
	}
	if p.acceptWord("with") {
		e.With = p.properties()
	}
	e.Span = p.from(start)
	return e
}

// properties reads (name=value, …), where values are literals or names.
func (p *parser) properties() []*OpParam {
	props := []*OpParam{}
	if !p.expect(tokLParen, "(", "with") {
		return props
	}
	p.list("A property", false, nil, func() bool {
		start := p.start()
		n := p.name(true)
		if n == nil {
			return false
		}
		o := &OpParam{Name: n.Text}
		p.expect(tokAssign, "=", "the name of a property")
		if v := p.propertyValue(); v != nil {
			o.Value = v
		} else {
			o.Value = p.badExpr("The value of " + n.Text)
		}
		o.Span = p.from(start)
		props = append(props, o)
		return true
	})
	p.expect(tokRParen, ")", "the properties")
	return props
}

func (p *parser) propertyValue() Expr {
	switch t := p.tok(); {
	case t.kind == tokRawGuid:
		p.pos++
		return &Literal{Span: t.span(), Kind: GuidLit, Raw: p.text(t)}
	case t.kind >= tokString && t.kind < tokRawGuid:
		return p.literal()
	}
	if n := p.nameRef(true); n != nil {
		return n
	}
	return nil
}

// contextTable reads __contextual_datatable ID (schema).
func (p *parser) contextTable() Expr {
	start := p.start()
	p.pos++
	e := &ContextTable{}
	if e.ID = p.literal(); e.ID == nil {
		e.ID = p.needExpr("An identifier")
	}
	e.Schema = p.schema(false)
	e.Span = p.from(start)
	return e
}

// viewCombine reads materialized-view-combine and its clauses.
func (p *parser) viewCombine() Expr {
	start := p.start()
	p.pos++
	clause := func(word string) Expr {
		if word != "" {
			p.expectWord(word, p.before())
		}
		if !p.expect(tokLParen, "(", p.before()) {
			return &BadExpr{p.from(p.lastEnd())}
		}
		x := p.pipeline()
		if x == nil {
			x = p.badExpr("An expression in ( )")
		}
		p.close("(")
		return x
	}
	e := &ViewCombine{View: clause(""), Base: clause("base"), Delta: clause("delta"), Aggregations: clause("aggregations")}
	e.Span = p.from(start)
	return e
}
