package syntax

// pattern reads declare pattern.
// See learn.microsoft.com/kusto/query/pattern-statement.
func (p *parser) pattern() Statement {
	start := p.start()
	p.pos += 2
	s := &PatternStmt{Name: p.needName("The name of the pattern", false)}
	if p.accept(tokAssign) {
		s.Params = p.patternParams()
		if p.accept(tokLBracket) {
			if s.Path = p.patternParam(); s.Path == nil {
				p.missing("The parameter in [ ]")
			}
			p.expect(tokRBracket, "]", "the parameter")
		}
		if p.expect(tokLBrace, "{", "the parameters of the pattern") {
			for p.at(tokLParen) {
				s.Rules = append(s.Rules, p.patternRule())
			}
			if len(s.Rules) == 0 {
				p.missing("A case of the pattern")
			}
			p.expect(tokRBrace, "}", "the cases of the pattern")
		}
	}
	s.Span = p.from(start)
	return s
}

func (p *parser) patternParams() []*Param {
	params := []*Param{}
	if !p.expect(tokLParen, "(", "=") {
		return params
	}
	p.list("A parameter", false, nil, func() bool {
		v := p.patternParam()
		if v != nil {
			params = append(params, v)
		}
		return v != nil
	})
	p.expect(tokRParen, ")", "the parameters")
	return params
}

// patternParam reads Name: Type, or returns nil.
func (p *parser) patternParam() *Param {
	c := p.columnDecl(true)
	if c == nil {
		return nil
	}
	return &Param{Span: c.Span, Name: c.Name, Type: c.Type}
}

// patternRule reads (args).[path] = { body };
func (p *parser) patternRule() *PatternRule {
	start := p.start()
	p.pos++
	r := &PatternRule{Args: p.exprs("An argument", 1, nil, p.expr)}
	p.expect(tokRParen, ")", "the arguments")
	if p.accept(tokDot) {
		p.expect(tokLBracket, "[", "the dot")
		if r.Path = p.literal(); r.Path == nil {
			r.Path = p.badExpr("The path in [ ]")
		}
		p.expect(tokRBracket, "]", "the path")
	}
	p.expect(tokAssign, "=", "the arguments of a case")
	r.Body = p.body()
	r.Span = p.from(start)
	p.expect(tokSemicolon, ";", "a case of the pattern")
	return r
}
