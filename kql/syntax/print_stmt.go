package syntax

// statements lays out statements, each on lines of its own.
func (p *printer) statements(list []Statement, preceded bool) {
	for i, s := range list {
		if i > 0 {
			p.hard()
		}
		p.between(s.Position().Start, preceded || i > 0)
		p.statement(s)
		if _, value := s.(*ExprStmt); !value || i < len(list)-1 {
			p.sep(";")
		}
	}
}

func (p *printer) statement(s Statement) {
	switch s := s.(type) {
	case *LetStmt:
		p.tok("let")
		p.space()
		p.name(s.Name)
		p.space()
		p.tok("=")
		p.value(s.Value)
	case *SetStmt:
		p.tok("set")
		p.space()
		p.name(s.Name)
		if s.Value != nil {
			p.space()
			p.tok("=")
			p.space()
			p.expr(s.Value)
		}
	case *DeclareStmt:
		p.words("declare query_parameters")
		p.params(s.Params)
	case *PatternStmt:
		p.pattern(s)
	case *AliasStmt:
		p.words("alias database")
		p.space()
		p.name(s.Name)
		p.space()
		p.tok("=")
		p.space()
		p.expr(s.Value)
	case *RestrictStmt:
		p.words("restrict access to")
		p.space()
		p.parens(s.Entities)
		if s.With != nil {
			p.space()
			p.withNamed(s.With)
		}
	case *ExprStmt:
		p.table(s.X, false)
	case *BadStmt:
		p.raw(s.Span)
	}
}

// value lays out what a let names: a pipeline below the name, all else behind.
func (p *printer) value(x Expr) {
	if pipe, ok := x.(*Pipeline); ok && bars(pipe) > 0 {
		p.in()
		p.hard()
		p.pipeline(pipe, false)
		p.out()
		return
	}
	p.space()
	p.table(x, false)
}

// table lays out an expression that may be a pipeline. Inside of parentheses
// or braces a short one may stay on one line.
func (p *printer) table(x Expr, inside bool) {
	if pipe, ok := x.(*Pipeline); ok {
		p.pipeline(pipe, inside)
		return
	}
	p.expr(x)
}

func bars(x *Pipeline) int {
	if x.Source == nil {
		return len(x.Ops) - 1
	}
	return len(x.Ops)
}

func (p *printer) pipeline(x *Pipeline, inside bool) {
	if x.Source != nil {
		p.expr(x.Source)
	}
	short := inside && bars(x) <= 1
	for i, op := range x.Ops {
		if i > 0 || x.Source != nil {
			if short {
				p.line()
			} else {
				p.hard()
			}
			p.tok("|")
			p.space()
		}
		p.operator(op)
	}
}

func (p *printer) pattern(s *PatternStmt) {
	p.words("declare pattern")
	p.space()
	p.name(s.Name)
	if s.Params == nil && s.Rules == nil {
		return
	}
	p.space()
	p.tok("=")
	p.space()
	p.params(s.Params)
	if s.Path != nil {
		p.tok("[")
		p.param(s.Path)
		p.tok("]")
	}
	p.space()
	p.tok("{")
	p.in()
	for _, r := range s.Rules {
		p.hard()
		p.parens(r.Args)
		if r.Path != nil {
			p.tok(".")
			p.tok("[")
			p.expr(r.Path)
			p.tok("]")
		}
		p.space()
		p.tok("=")
		p.space()
		p.body(r.Body)
		p.sep(";")
	}
	p.last("}")
	p.out()
	p.hard()
	p.tok("}")
}

// body lays out the statements of a function. A single short expression may
// stand between its braces on one line.
func (p *printer) body(b *FuncBody) {
	p.open()
	p.tok("{")
	p.in()
	p.line()
	if one := b.Stmts; len(one) == 1 {
		if x, ok := one[0].(*ExprStmt); ok {
			p.table(x.X, true)
			b = nil
		}
	}
	if b != nil {
		if len(b.Stmts) > 0 {
			p.hard() // each statement on a line of its own
		}
		p.statements(b.Stmts, false)
	}
	p.last("}")
	p.out()
	p.line()
	p.tok("}")
	p.close()
}

// params lays out declared parameters.
func (p *printer) params(list []*Param) {
	p.list("(", ")", len(list), func(i int) { p.param(list[i]) })
}

func (p *printer) param(x *Param) {
	p.name(x.Name)
	switch {
	case x.Schema != nil:
		p.tok(":")
		p.space()
		p.schema(x.Schema)
	case x.Type != nil:
		p.tok(":")
		p.space()
		p.leaf(x.Type.Span, x.Type.Name)
	}
	if x.Default != nil {
		p.space()
		p.tok("=")
		p.space()
		p.expr(x.Default)
	}
}

func (p *printer) schema(s *Schema) {
	n := len(s.Columns)
	if s.Star {
		n++
	}
	p.list("(", ")", n, func(i int) {
		switch {
		case !s.Star:
			p.column(s.Columns[i])
		case i == 0:
			p.tok("*")
		default:
			p.column(s.Columns[i-1])
		}
	})
}

func (p *printer) column(c *ColumnDecl) {
	p.name(c.Name)
	if c.Type != nil {
		p.tok(":")
		p.space()
		p.leaf(c.Type.Span, c.Type.Name)
	}
}
