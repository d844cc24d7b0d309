package syntax

import "strings"

// nameLen returns how many tokens from the n-th ahead make a name, or 0.
// extended says that keywords may be names that may be so only before = or in
// a schema.
func (p *parser) nameLen(n int, extended bool) int {
	switch t := p.ahead(n); t.kind {
	case tokWord:
		if t.word <= wordSoft || extended && t.word == wordExtended {
			return 1
		}
	case tokLBracket:
		size := 1
		for p.ahead(n+size).kind == tokString {
			size++
		}
		if size > 1 && p.ahead(n+size).kind == tokRBracket {
			return size + 1
		}
	case tokLBrace:
		return p.bracedLen(n)
	}
	return 0
}

// bracedLen returns how many tokens make {name} or {name[1]}, or 0. Dashboards
// replace such names before they send a query.
func (p *parser) bracedLen(n int) int {
	i := n + 1
	glued := func(k tokenKind) bool {
		t := p.ahead(i)
		if t.kind == k && t.glued {
			i++
			return true
		}
		return false
	}
	if p.ahead(n).kind != tokLBrace || !glued(tokWord) {
		return 0
	}
	if glued(tokLBracket) {
		if t := p.ahead(i); t.kind == tokOp && t.op == Sub && t.glued {
			i++
		}
		if !glued(tokLong) || !glued(tokRBracket) {
			return 0
		}
	}
	if !glued(tokRBrace) {
		return 0
	}
	return i - n
}

// name reads a name, or returns nil.
func (p *parser) name(extended bool) *Name {
	size := p.nameLen(0, extended)
	if size == 0 {
		return nil
	}
	n := p.readName(size)
	return &n
}

// readName reads the name of the next size tokens.
func (p *parser) readName(size int) Name {
	t := p.next()
	n := Name{Span: t.span()}
	switch t.kind {
	case tokWord:
		n.Text = p.text(t)
		return n
	case tokLBrace:
		p.pos += size - 1
		n.End = p.lastEnd()
		n.Braced = true
		p.report(n.Span, CodeBraced, "%s is a placeholder that a tool should have replaced before it sent the query.", p.src[n.Start:n.End])
		n.Text = p.src[n.Start+1 : n.End-1]
		return n
	}
	n.Quoted = true
	if p.toks[p.pos+1].kind == tokRBracket {
		n.Text, _ = unquote(p.text(p.next()))
	} else {
		var b strings.Builder
		for p.at(tokString) {
			v, _ := unquote(p.text(p.next()))
			b.WriteString(v)
		}
		n.Text = b.String()
	}
	p.pos++
	n.End = p.lastEnd()
	return n
}

// needName reads a name, or reports that what is missing.
func (p *parser) needName(what string, extended bool) *Name {
	if n := p.name(extended); n != nil {
		return n
	}
	if n := p.hardName(); n != nil {
		return n
	}
	p.missing(what)
	at := p.here().Start
	return &Name{Span: Span{at, at}}
}

// hardName reads a keyword that cannot be a name and yet stands where only a
// name can, as the token after it tells.
func (p *parser) hardName() *Name {
	t := p.tok()
	if t.kind != tokWord || t.word < wordExtended || !p.endsName(p.ahead(1)) {
		return nil
	}
	p.pos++
	p.report(t.span(), CodeNeedsBrackets, "%s is a keyword; write ['%s'] to use it as a name.", p.text(t), p.text(t))
	return &Name{Span: t.span(), Text: p.text(t)}
}

// endsName reports whether t can stand after a name only.
func (p *parser) endsName(t token) bool {
	switch t.kind {
	case tokRParen, tokRBracket, tokRBrace, tokDot, tokComma, tokColon, tokBar:
		return true
	case tokOp:
		return t.op != Add && t.op != Sub
	case tokWord:
		return t.op != NoOp
	}
	return false
}

// nameRef reads a reference to a name, or returns nil.
func (p *parser) nameRef(extended bool) *NameRef {
	if size := p.nameLen(0, extended); size > 0 {
		return &NameRef{Name: p.readName(size)}
	}
	return nil
}

// wildcardLen returns how many tokens from the n-th ahead make a name with
// asterisks, or 0. They stand without blanks between them.
func (p *parser) wildcardLen(n int) int {
	i := n
	isStar := func(t token) bool { return t.kind == tokOp && t.op == Mul }
	isPart := func(t token) bool { return t.kind == tokWord && t.word <= wordExtended }
	switch t := p.ahead(i); {
	case isStar(t):
		i++
	case isPart(t) && p.ahead(i+1).glued && isStar(p.ahead(i+1)):
		i += 2
	default:
		return 0
	}
	for {
		t := p.ahead(i)
		if !t.glued || !isPart(t) && !isStar(t) && t.kind != tokLong {
			return i - n
		}
		i++
	}
}

// wildcard reads a name with asterisks, or returns nil.
func (p *parser) wildcard() Expr {
	size := p.wildcardLen(0)
	if size == 0 {
		return nil
	}
	start := p.start()
	p.pos += size
	at := p.from(start)
	return &Wildcard{Span: at, Pattern: p.src[at.Start:at.End]}
}

// bracketedWildcard reads [a*], or returns nil.
func (p *parser) bracketedWildcard() Expr {
	if !p.at(tokLBracket) {
		return nil
	}
	size := p.wildcardLen(1)
	if size == 0 || p.ahead(1+size).kind != tokRBracket {
		return nil
	}
	start := p.start()
	p.pos += size + 2
	at := p.from(start)
	return &Wildcard{Span: at, Pattern: strings.TrimSpace(p.src[at.Start+1 : at.End-1]), Quoted: true}
}

// column reads a name or a name with asterisks, or returns nil.
func (p *parser) column() Expr {
	if w := p.wildcard(); w != nil {
		return w
	}
	if n := p.nameRef(false); n != nil {
		return n
	}
	if n := p.hardName(); n != nil {
		return &NameRef{Name: *n}
	}
	return nil
}

// typeName reads the name of a scalar type. Where extended is true, so may be
// any name that the service knew once.
func (p *parser) typeName(extended bool) *TypeName {
	t := p.tok()
	if t.kind != tokWord {
		p.missing("The name of a type")
		return nil
	}
	w := p.text(t)
	known, today := scalarType(w)
	if !known && t.word > wordSoft {
		p.missing("The name of a type")
		return nil
	}
	if !today && !(known && extended) {
		p.badType(t)
	}
	p.pos++
	return &TypeName{Span: t.span(), Name: w}
}

// scalarType reports whether w is the name of a scalar type, and whether it is
// one that a column or a parameter can have today.
func scalarType(w string) (known, today bool) {
	switch w {
	case "bool", "boolean", "date", "datetime", "decimal", "double", "dynamic",
		"guid", "int", "int64", "int8", "long", "real", "string", "time",
		"timespan", "uniqueid":
		return true, true
	case "float", "int16", "int32", "uint", "uint16", "uint32", "uint64", "uint8", "ulong":
		return true, false
	}
	return false, false
}

func (p *parser) badType(t token) {
	p.report(t.span(), CodeTypeName, "%s is not the name of a type that can stand here; use bool, datetime, decimal, dynamic, guid, int, long, real, string or timespan.", p.text(t))
}

// schema reads (a: string, b: long). star says that it may begin with *.
func (p *parser) schema(star bool) *Schema {
	start := p.start()
	s := &Schema{}
	if !p.expect(tokLParen, "The list of columns in ( )", p.before()) {
		s.Span = Span{start, start}
		return s
	}
	p.accept(tokComma)
	if t := p.tok(); star && t.kind == tokOp && t.op == Mul {
		p.pos++
		s.Star = true
		p.accept(tokComma)
	}
	p.list("A column", true, nil, func() bool {
		c := p.columnDecl(true)
		if c != nil {
			s.Columns = append(s.Columns, c)
		}
		return c != nil
	})
	p.expect(tokRParen, ")", "the columns")
	s.Span = p.from(start)
	return s
}

// columnDecl reads Name: Type, or returns nil. The type may be missing if
// typed is false.
func (p *parser) columnDecl(typed bool) *ColumnDecl {
	start := p.start()
	var c ColumnDecl
	if p.at(tokColon) {
		p.missing("The name of a column")
		c.Name = &Name{Span: Span{start, start}}
	} else if c.Name = p.name(true); c.Name == nil {
		return nil
	}
	if typed {
		p.expect(tokColon, ":", "the name of a column")
		c.Type = p.typeName(false)
	} else if p.accept(tokColon) {
		c.Type = p.typeName(false)
	}
	c.Span = p.from(start)
	return &c
}

// before is the text of the token before the current one, for messages.
func (p *parser) before() string {
	if p.pos == 0 {
		return "the beginning"
	}
	return p.text(p.toks[p.pos-1])
}
