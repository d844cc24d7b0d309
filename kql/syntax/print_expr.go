package syntax

import "slices"

// expr lays out an expression.
func (p *printer) expr(x Expr) {
	switch x := x.(type) {
	case *Pipeline:
		p.pipeline(x, true)
	case *NameRef:
		p.name(&x.Name)
		if x.DataScope != "" {
			p.space()
			p.tok("datascope")
			p.tok("=")
			p.tok(x.DataScope)
		}
	case *Wildcard:
		if x.Quoted {
			p.bracketed(x.Span, x.Pattern)
		} else {
			p.leaf(x.Span, x.Pattern)
		}
	case *Star:
		p.leaf(x.Span, "*")
	case *ParenExpr:
		p.paren(x.X)
	case *UnaryExpr:
		p.tok(x.Op.String())
		p.operand(x.X, levelSign+1)
	case *BinaryExpr:
		p.binary(x)
	case *InExpr:
		p.operand(x.X, levelEquality+1)
		p.space()
		p.leaf(x.OpSpan, x.Op.String())
		p.space()
		p.parens(x.List)
	case *BetweenExpr:
		p.rangeTest(x)
	case *CallExpr:
		p.name(x.Func)
		if !x.Func.Quoted && parenLiteral(x.Func.Text) != tokEOF {
			p.space() // bool(x) would be a literal
		}
		p.parens(x.Args)
	case *SubqueryExpr:
		p.subquery(x)
	case *PathExpr:
		p.operand(x.X, levelSign+1)
		if _, number := x.X.(*Literal); number {
			p.space() // the dot would belong to it
		}
		p.tok(".")
		p.expr(x.Sel)
	case *IndexExpr:
		p.operand(x.X, levelSign+1)
		if x.Dotted {
			p.tok(".")
		}
		p.tok("[")
		p.expr(x.Index)
		p.tok("]")
	case *NamedExpr:
		p.named(x)
	case *OrderedExpr:
		p.ordered(x)
	default:
		p.source(x)
	}
}

// source lays out literals, and what makes tables.
func (p *printer) source(x Expr) {
	switch x := x.(type) {
	case *Literal:
		p.leaf(x.Span, x.Raw)
	case *StringLit:
		p.str(x)
	case *DynamicLit:
		p.tok("dynamic")
		p.tok("(")
		p.expr(x.Value)
		p.tok(")")
	case *DynamicArray:
		p.list("[", "]", len(x.Elems), func(i int) { p.expr(x.Elems[i]) })
	case *DynamicBag:
		p.list("{", "}", len(x.Entries), func(i int) {
			p.expr(x.Entries[i].Key)
			p.tok(":")
			p.space()
			p.expr(x.Entries[i].Value)
		})
	case *TypeOf:
		p.tok("typeof")
		if x.Schema != nil {
			p.schema(x.Schema)
			return
		}
		p.tok("(")
		if x.Type != nil {
			p.leaf(x.Type.Span, x.Type.Name)
		}
		p.tok(")")
	case *NameList:
		p.elements(len(x.Names), func() {}, func(i int) { p.expr(x.Names[i]) })
	case *DataTable:
		p.dataTable(x)
	case *ExternalData:
		p.tok(x.Keyword)
		p.opParams(x.Params)
		p.space()
		p.schema(x.Schema)
		p.space()
		p.list("[", "]", len(x.URIs), func(i int) { p.expr(x.URIs[i]) })
		if x.With != nil {
			p.space()
			p.withNamed(x.With)
		}
	case *ViewCombine:
		p.viewCombine(x)
	case *EntityGroup:
		p.tok("entity_group")
		p.space()
		p.list("[", "]", len(x.Entities), func(i int) { p.expr(x.Entities[i]) })
	case *ContextTable:
		p.tok("__contextual_datatable")
		p.space()
		p.expr(x.ID)
		p.space()
		p.schema(x.Schema)
	case *FuncDecl:
		if x.View {
			p.tok("view")
			p.space()
		}
		p.params(x.Params)
		p.space()
		p.body(x.Body)
	case *BadExpr:
		p.raw(x.Span)
	}
}

// paren lays out an expression in parentheses.
func (p *printer) paren(x Expr) {
	p.list("(", ")", 1, func(int) { p.table(x, true) })
}

// operand lays out an expression that must bind as tight as level, which one
// that was parsed does; in one that a program made parentheses may be missing.
func (p *printer) operand(x Expr, level int) {
	own := levelSign + 1
	switch x := x.(type) {
	case *BinaryExpr:
		own = x.Op.level()
	case *InExpr, *BetweenExpr:
		own = levelEquality
	case *UnaryExpr:
		own = levelSign
	case *Pipeline, *NamedExpr, *OrderedExpr:
		own = -1
	}
	if own < level {
		p.paren(x)
		return
	}
	p.expr(x)
}

// binary lays out an operator and its operands. Operators of one level that
// may follow each other make a chain: on one line, or each operand on a line
// of its own, behind its operator. A chain leans to the left and may be as long
// as the query, so it is gone through in a loop.
func (p *printer) binary(x *BinaryExpr) {
	level := x.Op.level()
	switch level {
	case levelOr, levelAnd, levelAdd, levelMul:
	default:
		p.operand(x.X, level+1)
		if x.Op != Colon {
			p.space()
		}
		p.leaf(x.OpSpan, x.Op.String())
		if x.Op != Colon {
			p.space()
		}
		p.operand(x.Y, level+1)
		return
	}
	chain := []*BinaryExpr{x}
	for {
		left, ok := x.X.(*BinaryExpr)
		if !ok || left.Op.level() != level {
			break
		}
		chain = append(chain, left)
		x = left
	}
	p.open()
	p.in()
	p.operand(x.X, level)
	for _, c := range slices.Backward(chain) {
		p.line()
		p.leaf(c.OpSpan, c.Op.String())
		p.space()
		p.operand(c.Y, level+1)
	}
	p.out()
	p.close()
}

func (p *printer) rangeTest(x *BetweenExpr) {
	p.operand(x.X, levelEquality+1)
	p.space()
	op := Between
	if x.Not {
		op = NotBetween
	}
	p.leaf(x.OpSpan, op.String())
	p.space()
	p.open()
	p.tok("(")
	p.in()
	p.soft()
	p.expr(x.Low)
	p.line()
	p.tok("..")
	p.space()
	p.expr(x.High)
	p.last(")")
	p.out()
	p.soft()
	p.tok(")")
	p.close()
}

func (p *printer) subquery(x *SubqueryExpr) {
	p.tok(x.Keyword)
	p.opParams(x.Params)
	if len(x.Params) > 0 {
		p.space()
	}
	p.paren(x.X)
}

func (p *printer) named(x *NamedExpr) {
	if x.List {
		p.list("(", ")", len(x.Names), func(i int) { p.name(x.Names[i]) })
	} else {
		for _, n := range x.Names {
			p.name(n)
		}
	}
	p.space()
	p.tok("=")
	p.space()
	p.table(x.X, true)
}

func (p *printer) ordered(x *OrderedExpr) {
	p.expr(x.X)
	if x.Order != "" {
		p.space()
		p.tok(x.Order)
	}
	if x.Nulls != "" {
		p.space()
		p.words("nulls " + x.Nulls)
	}
}

// str lays out string literals beside each other.
func (p *printer) str(x *StringLit) {
	p.open()
	p.in()
	for i, part := range x.Parts {
		if i > 0 {
			p.line()
		}
		p.leaf(part.Span, part.Raw)
	}
	p.out()
	p.close()
}

// dataTable lays out a table row by row.
func (p *printer) dataTable(x *DataTable) {
	p.tok("datatable")
	p.opParams(x.Params)
	p.space()
	p.schema(x.Schema)
	p.space()
	width := max(1, len(x.Schema.Columns))
	rows := (len(x.Values) + width - 1) / width
	p.list("[", "]", rows, func(i int) {
		if width > 1 && rows > 1 {
			p.hard() // a table is read by rows
		}
		row := x.Values[i*width : min((i+1)*width, len(x.Values))]
		p.open()
		p.exprs(func() {}, row)
		p.close()
	})
}

func (p *printer) viewCombine(x *ViewCombine) {
	p.tok("materialized-view-combine")
	p.paren(x.View)
	for _, part := range []struct {
		word string
		x    Expr
	}{{"base", x.Base}, {"delta", x.Delta}, {"aggregations", x.Aggregations}} {
		p.space()
		p.tok(part.word)
		p.space()
		p.paren(part.x)
	}
}

// opParams lays out the parameters of an operator behind its keyword.
func (p *printer) opParams(list []*OpParam) {
	for _, x := range list {
		p.space()
		p.opParam(x)
	}
}

func (p *printer) opParam(x *OpParam) {
	p.tok(x.Name)
	switch {
	case x.Value == nil:
		return
	case x.Bare:
		p.space()
	default:
		p.assign(x.Value)
		return
	}
	p.expr(x.Value)
}

// assign lays out =X without blanks, unless the two signs would be one.
func (p *printer) assign(x Expr) {
	p.tok("=")
	if tilde(x) {
		p.space()
	}
	p.expr(x)
}

// tilde reports whether the text of x begins with ~~~.
func tilde(x Expr) bool {
	switch x := x.(type) {
	case *StringLit:
		return len(x.Parts) > 0 && x.Parts[0].Raw[0] == '~'
	case *PathExpr:
		return tilde(x.X)
	case *IndexExpr:
		return tilde(x.X)
	case *BinaryExpr:
		return tilde(x.X)
	case *InExpr:
		return tilde(x.X)
	case *BetweenExpr:
		return tilde(x.X)
	}
	return false
}

// with lays out with (a=b, …).
func (p *printer) with(list []*OpParam) {
	p.tok("with")
	p.space()
	p.list("(", ")", len(list), func(i int) { p.opParam(list[i]) })
}

// withNamed is with where the names are the writer's, and may be in brackets.
func (p *printer) withNamed(list []*OpParam) {
	named := make([]*OpParam, len(list))
	for i := range list {
		x := *list[i]
		if !isPlainName(x.Name) {
			x.Name = "[" + quote(x.Name) + "]"
		}
		named[i] = &x
	}
	p.with(named)
}

// isPlainName reports whether a name needs no brackets before an equal sign.
func isPlainName(s string) bool {
	if s == "" || !isLetter(s[0]) && s[0] != '_' {
		return false
	}
	for i := range len(s) {
		if !isWordByte(s[i]) {
			return false
		}
	}
	return classify(s) != wordHard
}
