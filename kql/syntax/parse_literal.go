package syntax

// literal reads a literal, with a sign that touches its number, or returns
// nil. See learn.microsoft.com/kusto/query/scalar-data-types.
func (p *parser) literal() Expr {
	t := p.tok()
	switch t.kind {
	case tokString:
		return p.stringLit()
	case tokBool, tokInt, tokLong, tokReal, tokDecimal, tokDateTime, tokTimeSpan, tokGuid:
		p.pos++
		return &Literal{Span: t.span(), Kind: literalKind(t.kind), Raw: p.text(t)}
	case tokRawGuid:
		p.pos++
		p.report(t.span(), CodeRawGuid, "A GUID cannot stand alone; write guid(%s), or quote it if it is text.", p.text(t))
		return &Literal{Span: t.span(), Kind: GuidLit, Raw: p.text(t)}
	case tokOp:
		n := p.ahead(1)
		if (t.op == Add || t.op == Sub) && n.glued && isDigit(p.src[min(int(n.start), len(p.src)-1)]) &&
			(n.kind == tokLong || n.kind == tokReal || n.kind == tokTimeSpan) {
			p.pos += 2
			at := p.from(int(t.start))
			return &Literal{Span: at, Kind: literalKind(n.kind), Raw: p.src[at.Start:at.End]}
		}
	case tokWord:
		switch p.text(t) {
		case "dynamic":
			return p.dynamic()
		case "typeof":
			if p.ahead(1).kind == tokLParen {
				return p.typeOf()
			}
		}
	case tokLBrace:
		if p.bracedLen(0) > 0 {
			return p.nameRef(false)
		}
	}
	return nil
}

func literalKind(k tokenKind) LiteralKind {
	switch k {
	case tokBool:
		return BoolLit
	case tokInt:
		return IntLit
	case tokLong:
		return LongLit
	case tokReal:
		return RealLit
	case tokDecimal:
		return DecimalLit
	case tokDateTime:
		return DateTimeLit
	case tokTimeSpan:
		return TimeSpanLit
	case tokGuid, tokRawGuid:
		return GuidLit
	}
	return NullLit
}

// stringLit reads strings beside each other, which are one.
func (p *parser) stringLit() *StringLit {
	start := p.start()
	s := &StringLit{}
	for p.at(tokString) {
		t := p.next()
		part := StringPart{Span: t.span(), Raw: p.text(t)}
		part.Value, part.Hidden = unquote(part.Raw)
		s.Parts = append(s.Parts, part)
		if len(s.Parts) == 1 && !p.at(tokString) {
			s.Value = part.Value
		}
	}
	if len(s.Parts) > 1 {
		size := 0
		for i := range s.Parts {
			size += len(s.Parts[i].Value)
		}
		b := make([]byte, 0, size)
		for i := range s.Parts {
			b = append(b, s.Parts[i].Value...)
		}
		s.Value = string(b)
	}
	s.Span = p.from(start)
	return s
}

// dynamic reads dynamic(value), or returns nil.
func (p *parser) dynamic() Expr {
	if p.ahead(1).kind != tokLParen {
		if n := p.hardName(); n != nil {
			return &NameRef{Name: *n}
		}
		return nil
	}
	start := p.start()
	p.pos += 2
	d := &DynamicLit{Value: p.jsonValue()}
	if d.Value == nil {
		d.Value = p.badExpr("A value in dynamic( )")
	}
	p.expect(tokRParen, ")", "the value of dynamic(")
	d.Span = p.from(start)
	return d
}

// jsonValue reads a value of a dynamic literal, or returns nil.
func (p *parser) jsonValue() Expr {
	t := p.tok()
	switch t.kind {
	case tokString:
		return p.stringLit()
	case tokLong, tokReal, tokBool, tokDateTime, tokTimeSpan, tokGuid, tokRawGuid, tokDecimal:
		return p.literal()
	case tokOp:
		if n := p.ahead(1); t.op == Sub && (n.kind == tokLong || n.kind == tokReal) {
			p.pos++
			return &UnaryExpr{Op: Sub, X: p.literal(), Span: p.from(int(t.start))}
		}
		return nil
	case tokWord:
		switch p.text(t) {
		case "null":
			p.pos++
			return &Literal{Span: t.span(), Kind: NullLit, Raw: "null"}
		case "dynamic":
			if p.ahead(1).kind != tokLParen {
				return nil
			}
		default:
			return nil
		}
	case tokLBrace, tokLBracket:
	default:
		return nil
	}
	outer, ok := p.enter()
	if !ok {
		return nil
	}
	defer p.leave(outer)
	switch {
	case t.kind == tokWord:
		return p.dynamic()
	case t.kind == tokLBracket:
		return p.jsonArray()
	case p.bracedLen(0) > 0:
		return p.nameRef(false)
	}
	return p.jsonBag()
}

func (p *parser) jsonArray() Expr {
	start := p.start()
	p.pos++
	a := &DynamicArray{Elems: p.exprs("A value", 0, nil, p.jsonValue)}
	p.expect(tokRBracket, "]", "the values of the array")
	a.Span = p.from(start)
	return a
}

func (p *parser) jsonBag() Expr {
	start := p.start()
	p.pos++
	b := &DynamicBag{}
	p.list("A key and its value", false, nil, func() bool {
		start := p.start()
		e := &BagEntry{}
		if t := p.tok(); t.kind == tokString {
			p.pos++
			part := StringPart{Span: t.span(), Raw: p.text(t)}
			part.Value, part.Hidden = unquote(part.Raw)
			e.Key = &StringLit{Span: t.span(), Parts: []StringPart{part}, Value: part.Value}
		} else if n := p.ahead(1); t.kind == tokWord && n.kind == tokColon {
			p.pos++
			p.report(t.span(), CodeMissingPart, "A key in dynamic( ) needs quotation marks: \"%s\".", p.text(t))
			e.Key = &NameRef{Name: Name{Span: t.span(), Text: p.text(t)}}
		} else if t.kind == tokColon {
			e.Key = p.badExpr("The key")
		} else {
			return false
		}
		p.expect(tokColon, ":", "the key")
		if e.Value = p.jsonValue(); e.Value == nil {
			e.Value = p.badExpr("The value of the key")
		}
		e.Span = p.from(start)
		b.Entries = append(b.Entries, e)
		return true
	})
	p.expect(tokRBrace, "}", "the entries of the bag")
	b.Span = p.from(start)
	return b
}

// typeOf reads typeof(type) or typeof(schema).
func (p *parser) typeOf() Expr {
	start := p.start()
	p.pos++
	e := &TypeOf{}
	t, after := p.ahead(1), p.ahead(2)
	known, _ := scalarType(p.text(t))
	if t.kind == tokWord && (known || t.word == wordName) && after.kind == tokRParen {
		p.pos += 2
		e.Type = &TypeName{Span: t.span(), Name: p.text(t)}
		p.pos++
	} else {
		open := p.start()
		e.Schema = &Schema{}
		p.pos++
		p.list("A column", false, nil, func() bool {
			if s := p.tok(); s.kind == tokOp && s.op == Mul {
				p.pos++
				e.Schema.Star = true
				return true
			}
			c := p.columnDecl(true)
			if c != nil {
				e.Schema.Columns = append(e.Schema.Columns, c)
			}
			return c != nil
		})
		p.expect(tokRParen, ")", "typeof(")
		e.Schema.Span = p.from(open)
	}
	e.Span = p.from(start)
	return e
}
