package syntax

// directives reads the # lines at the beginning.
func (p *parser) directives() []*Directive {
	var out []*Directive
	for p.at(tokDirective) {
		t := p.next()
		d := &Directive{Span: t.span(), Text: p.text(t)}
		end := 1
		for end < len(d.Text) && (isWordByte(d.Text[end]) || d.Text[end] == '-') {
			end++
		}
		d.Name = d.Text[1:end]
		if !knownDirective(d.Name) {
			p.report(Span{d.Start, d.Start + end}, CodeDirective, "#%s is no instruction to a tool; begin a comment with //.", d.Name)
		}
		out = append(out, d)
	}
	return out
}

// statements reads statements up to the token end, or to the end of the query.
func (p *parser) statements(end tokenKind) []Statement {
	var out []Statement
	for !p.at(end) && !p.at(tokEOF) {
		if p.at(tokSemicolon) {
			p.report(p.here(), CodeLeftOver, "There is no statement before this semicolon.")
			p.pos++
			continue
		}
		s := p.statement()
		if s == nil {
			s = p.leftOver()
		}
		out = append(out, s)
		for !p.accept(tokSemicolon) && !p.at(end) && !p.at(tokEOF) {
			if p.beginsStatement() {
				at := Span{p.lastEnd(), p.lastEnd()}
				p.report(at, CodeExpected, "A semicolon is missing here, between two statements; %s.", p.found())
				break
			}
			out = append(out, p.leftOver())
		}
	}
	return out
}

// beginsStatement reports whether a statement can begin with this token.
func (p *parser) beginsStatement() bool {
	switch p.tok().kind {
	case tokRParen, tokRBracket, tokRBrace, tokBar, tokComma, tokColon, tokDot,
		tokDotDot, tokAssign, tokArrow, tokBad, tokDirective, tokQuestion:
		return false
	case tokOp:
		return p.tok().op == Add || p.tok().op == Sub
	case tokWord:
		t := p.tok()
		if t.word <= wordSoft {
			return true
		}
		switch w := p.text(t); w {
		case "datatable", "dynamic", "external_data", "externaldata", "set", "toscalar", "totable":
			return true
		default:
			return isHardOperator(w)
		}
	}
	return true
}

// leftOver passes text that belongs to no statement. Operators behind it are
// read, so that mistakes in them are told too.
func (p *parser) leftOver() Statement {
	start := p.start()
	before := p.pos
	switch {
	case p.at(tokBar) && p.pos > 0 && p.toks[p.pos-1].kind == tokRParen:
		p.report(p.here(), CodeLeftOver, "No operator can follow here; it belongs inside the parentheses.")
	case p.at(tokDot) && p.pos == 0:
		p.report(p.here(), CodeLeftOver, "A text that begins with a dot is a management command and no query.")
	case p.at(tokRParen) || p.at(tokRBracket) || p.at(tokRBrace):
		p.report(p.here(), CodeLeftOver, "There is no open bracket for this %s.", p.text(p.tok()))
	default:
		p.report(p.here(), CodeLeftOver, "%s does not belong to what stands before it.", p.text(p.tok()))
	}
	p.skipTo()
	if p.pos == before && !p.at(tokBar) {
		p.pos++
	}
	at := p.from(start)
	if !p.at(tokBar) {
		return &BadStmt{at}
	}
	outer, ok := p.enter()
	if !ok {
		return &BadStmt{at}
	}
	defer p.leave(outer)
	x := &Pipeline{Source: &BadExpr{at}}
	p.ops(x)
	x.Span = p.from(start)
	return &ExprStmt{x.Span, x}
}

// statement reads a statement, or returns nil.
func (p *parser) statement() Statement {
	if t := p.tok(); t.kind == tokWord && t.word != wordName {
		switch p.text(t) {
		case "let":
			if k := p.ahead(1); k.kind == tokWord || p.nameLen(1, true) > 0 {
				return p.let()
			}
		case "set":
			return p.set()
		case "declare":
			if p.isWord(1, "pattern") {
				return p.pattern()
			}
			if p.isWord(1, "query_parameters") {
				return p.declare()
			}
		case "alias":
			if p.isWord(1, "database") {
				return p.alias()
			}
		case "restrict":
			if p.isWord(1, "access") {
				return p.restrict()
			}
		}
	}
	x := p.pipeline()
	if x == nil {
		return nil
	}
	return &ExprStmt{x.Position(), x}
}

// let reads let Name = value.
func (p *parser) let() Statement {
	start := p.start()
	p.pos++
	s := &LetStmt{}
	if s.Name = p.name(false); s.Name == nil {
		if t := p.tok(); t.kind == tokWord && p.ahead(1).kind == tokAssign {
			p.pos++
			p.report(t.span(), CodeMissingPart, "%s is a keyword; write ['%s'] to use it as a name.", p.text(t), p.text(t))
			s.Name = &Name{Span: t.span(), Text: p.text(t)}
		} else {
			s.Name = p.needName("The name after let", false)
		}
	}
	p.expect(tokAssign, "=", "the name after let")
	switch {
	case p.isWord(0, "materialize"):
		s.Value = p.subquery()
	case p.isWord(0, "entity_group") && p.ahead(1).kind == tokLBracket:
		s.Value = p.entityGroup()
	case p.functionAhead():
		s.Value = p.function()
	default:
		if s.Value = p.pipeline(); s.Value == nil {
			s.Value = p.badExpr("The value of " + s.Name.Text)
		}
	}
	s.Span = p.from(start)
	return s
}

// functionAhead reports whether the declaration of a function begins here.
func (p *parser) functionAhead() bool {
	n := 0
	if p.isWord(0, "view") {
		n = 1
	}
	if p.ahead(n).kind != tokLParen {
		return false
	}
	t := p.ahead(n + 1)
	if t.kind == tokRParen || t.kind == tokOp && t.op == Mul {
		return true
	}
	size := p.nameLen(n+1, true)
	if size > 0 && p.ahead(n+1+size).kind == tokColon {
		return true
	}
	// Parameters without types are plainly meant where a brace follows.
	for i := n + 1; size > 0; size = p.nameLen(i, true) {
		if i += size; p.ahead(i).kind == tokRParen {
			return p.ahead(i+1).kind == tokLBrace
		}
		if p.ahead(i).kind != tokComma {
			return false
		}
		i++
	}
	return false
}

// function reads [view] (parameters) { body }.
func (p *parser) function() Expr {
	start := p.start()
	f := &FuncDecl{View: p.acceptWord("view")}
	f.Params = p.parameters("A parameter", true)
	f.Body = p.body()
	f.Span = p.from(start)
	return f
}

// parameters reads (name: type = default, …).
func (p *parser) parameters(what string, mayBeEmpty bool) []*Param {
	params := []*Param{}
	if !p.expect(tokLParen, "(", p.before()) {
		return params
	}
	p.list(what, false, nil, func() bool {
		v := p.parameter()
		if v != nil {
			params = append(params, v)
		}
		return v != nil
	})
	if len(params) == 0 && !mayBeEmpty {
		p.missing(what)
	}
	p.expect(tokRParen, ")", "the parameters")
	return params
}

// parameter reads one parameter, or returns nil.
func (p *parser) parameter() *Param {
	start := p.start()
	v := &Param{}
	if p.at(tokColon) {
		v.Name = p.needName("The name of a parameter", true)
	} else if v.Name = p.name(true); v.Name == nil {
		return nil
	}
	p.expect(tokColon, ":", "the name of a parameter")
	if p.at(tokLParen) {
		v.Schema = p.tableSchema()
	} else {
		v.Type = p.typeName(false)
	}
	if p.accept(tokAssign) {
		if v.Default = p.literal(); v.Default == nil {
			if t := p.tok(); t.kind == tokWord && t.op == NoOp {
				p.pos++
				v.Default = &NameRef{Name: Name{Span: t.span(), Text: p.text(t)}}
			} else {
				v.Default = p.badExpr("The default of " + v.Name.Text)
			}
		}
	}
	v.Span = p.from(start)
	return v
}

// tableSchema reads (*) or (a: string, …).
func (p *parser) tableSchema() *Schema {
	if t := p.ahead(1); t.kind != tokOp || t.op != Mul {
		return p.schema(false)
	}
	start := p.start()
	p.pos += 2
	p.expect(tokRParen, ")", "*")
	return &Schema{Span: p.from(start), Star: true}
}

// body reads the statements of a function in { }.
func (p *parser) body() *FuncBody {
	start := p.start()
	b := &FuncBody{}
	if !p.expect(tokLBrace, "{", "the parameters of a function") {
		b.Span = Span{start, start}
		return b
	}
	outer, ok := p.enter()
	if !ok {
		b.Span = p.from(start)
		return b
	}
	defer p.leave(outer)
	value := false
	for !p.at(tokRBrace) && !p.at(tokEOF) {
		if value {
			p.report(p.here(), CodeExpected, "} is missing: only the last statement of a function may be an expression.")
		}
		s := p.statement()
		if s == nil {
			s = p.leftOver()
		}
		b.Stmts = append(b.Stmts, s)
		switch s.(type) {
		case *LetStmt, *DeclareStmt:
			p.expect(tokSemicolon, ";", "a statement of a function")
			continue
		case *ExprStmt:
			value = true
		default:
			p.report(s.Position(), CodeLeftOver, "Only let and declare query_parameters can stand in a function.")
		}
		p.accept(tokSemicolon)
	}
	p.expect(tokRBrace, "}", "the body of the function")
	b.Span = p.from(start)
	return b
}

// entityGroup reads entity_group [A, B].
func (p *parser) entityGroup() Expr {
	start := p.start()
	p.pos++
	e := &EntityGroup{}
	if p.expect(tokLBracket, "[", "entity_group") {
		e.Entities = p.exprs("An entity", 1, nil, p.expr)
		p.expect(tokRBracket, "]", "the entities")
	}
	e.Span = p.from(start)
	return e
}

// set reads set Name = value.
func (p *parser) set() Statement {
	start := p.start()
	p.pos++
	s := &SetStmt{Name: p.needName("The name of a request property", false)}
	if p.accept(tokAssign) {
		s.Value = p.needExpr("The value of " + s.Name.Text)
	}
	s.Span = p.from(start)
	return s
}

// declare reads declare query_parameters (…).
func (p *parser) declare() Statement {
	start := p.start()
	p.pos += 2
	s := &DeclareStmt{Params: p.parameters("A parameter", false)}
	s.Span = p.from(start)
	return s
}

// alias reads alias database Name = value.
func (p *parser) alias() Statement {
	start := p.start()
	p.pos += 2
	s := &AliasStmt{Name: p.needName("The name after alias database", false)}
	p.expect(tokAssign, "=", "the name after alias database")
	s.Value = p.needExpr("The value of " + s.Name.Text)
	s.Span = p.from(start)
	return s
}

// restrict reads restrict access to (entities) with (…).
func (p *parser) restrict() Statement {
	start := p.start()
	p.pos += 2
	s := &RestrictStmt{}
	p.expectWord("to", "restrict access")
	if p.expect(tokLParen, "(", "restrict access to") {
		s.Entities = p.exprs("A table", 1, nil, p.entity)
		p.expect(tokRParen, ")", "the tables")
	}
	if p.acceptWord("with") {
		s.With = p.properties()
	}
	s.Span = p.from(start)
	return s
}

// knownDirective reports whether a tool knows the directive of that name.
func knownDirective(name string) bool {
	switch name {
	case "automate", "browse", "connect", "crp", "database", "download", "qp",
		"query", "run", "save", "sqr":
		return true
	}
	return false
}
