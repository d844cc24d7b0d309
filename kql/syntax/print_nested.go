package syntax

// nested lays out what follows the keyword of operators that hold pipelines,
// tables or steps.
func (p *printer) nested(op Operator) bool {
	switch x := op.(type) {
	case *JoinOp:
		p.join(x)
	case *MvApplyOp:
		p.mvExprs(x.Exprs, x.Limit)
		p.after("id", x.ID)
		p.space()
		p.tok("on")
		p.space()
		p.block("(", ")", func() { p.table(x.Body, true) })
	case *FacetOp:
		p.space()
		p.clause("by", x.By)
		if x.With != nil {
			p.space()
			p.tok("with")
			p.space()
			if x.WithParens {
				p.block("(", ")", func() { p.table(x.With, true) })
			} else {
				p.table(x.With, true)
			}
		}
	case *FindOp:
		p.findOp(x)
	case *ForkOp:
		p.in()
		for _, b := range x.Branches {
			p.line()
			if b.Name != nil {
				p.name(b.Name)
				p.space()
				p.tok("=")
				p.space()
			}
			p.block("(", ")", func() { p.table(b.Body, true) })
		}
		p.out()
	case *MacroExpandOp:
		p.space()
		p.expr(x.Group)
		if x.Scope != nil {
			p.space()
			p.tok("as")
			p.space()
			p.name(x.Scope)
		}
		p.space()
		p.block("(", ")", func() { p.inner(x.Stmts) })
	case *PartitionOp:
		p.partition(x)
	case *ScanOp:
		p.scan(x)
	case *SearchOp:
		p.search(x)
	default:
		return false
	}
	return true
}

// block lays out something between brackets.
func (p *printer) block(left, right string, inside func()) {
	p.open()
	p.tok(left)
	p.in()
	p.soft()
	inside()
	p.last(right)
	p.out()
	p.soft()
	p.tok(right)
	p.close()
}

// inner lays out statements between brackets.
func (p *printer) inner(list []Statement) {
	if len(list) == 1 {
		if x, ok := list[0].(*ExprStmt); ok {
			p.table(x.X, true)
			return
		}
	}
	p.hard()
	p.statements(list, false)
}

func (p *printer) join(x *JoinOp) {
	p.space()
	p.expr(x.Right)
	if x.HasOn {
		p.space()
		p.clause("on", x.On)
	}
	p.after("where", x.Where)
}

func (p *printer) tables(list []Expr) {
	if list != nil {
		p.space()
		p.tok("in")
		p.space()
		p.parens(list)
	}
}

func (p *printer) dataScope(scope string) {
	if scope != "" {
		p.space()
		p.tok("datascope")
		p.tok("=")
		p.tok(scope)
	}
}

func (p *printer) search(x *SearchOp) {
	p.dataScope(x.DataScope)
	p.tables(x.In)
	// Behind * and a whole condition follows, with or without parentheses.
	if and, ok := x.Predicate.(*BinaryExpr); ok && and.Op == And {
		if star, ok := and.X.(*Star); ok {
			p.after("", star)
			p.space()
			p.leaf(and.OpSpan, "and")
			p.after("", and.Y)
			return
		}
	}
	p.after("", x.Predicate)
}

func (p *printer) findOp(x *FindOp) {
	p.tables(x.In)
	if x.Where {
		p.space()
		p.tok("where")
	}
	p.after("", x.Predicate)
	p.in()
	if x.Project != nil {
		p.findColumns("project", x.Project)
	}
	if x.Smart {
		p.line()
		p.tok("project-smart")
	}
	if x.ProjectAway != nil {
		p.findColumns("__projectAway", x.ProjectAway)
	}
	p.out()
}

func (p *printer) findColumns(word string, list []*FindColumn) {
	p.line()
	p.open()
	p.tok(word)
	p.lines(len(list), func(i int) {
		c := list[i]
		switch {
		case c.Pack:
			p.tok("pack")
			p.tok("(")
			p.tok("*")
			p.tok(")")
		case c.Star:
			p.tok("*")
		default:
			p.name(c.Name)
			if c.Type != nil {
				p.tok(":")
				p.space()
				p.leaf(c.Type.Span, c.Type.Name)
			}
		}
	})
	p.close()
}

func (p *printer) partition(x *PartitionOp) {
	p.after("by", x.By)
	p.after("in", x.In)
	p.after("id", x.ID)
	p.space()
	if x.Braces {
		p.block("{", "}", func() { p.table(x.Body, true) })
	} else {
		p.block("(", ")", func() { p.table(x.Body, true) })
	}
}

func (p *printer) scan(x *ScanOp) {
	if x.OrderBy != nil {
		p.space()
		p.clause("order by", x.OrderBy)
	}
	if x.PartitionBy != nil {
		p.space()
		p.clause("partition by", x.PartitionBy)
	}
	if x.Declare != nil {
		p.space()
		p.tok("declare")
		p.space()
		p.params(x.Declare)
	}
	p.space()
	p.tok("with")
	p.space()
	p.block("(", ")", func() {
		for _, s := range x.Steps {
			p.hard()
			p.scanStep(s)
		}
	})
}

func (p *printer) scanStep(s *ScanStep) {
	p.open()
	p.tok("step")
	p.space()
	p.name(s.Name)
	if s.Optional {
		p.space()
		p.tok("optional")
	}
	if s.Output != "" {
		p.space()
		p.tok("output")
		p.tok("=")
		p.tok(s.Output)
	}
	p.tok(":")
	p.space()
	p.in()
	p.expr(s.Cond)
	if len(s.Assign) > 0 {
		p.line()
		p.tok("=>")
		p.elements(len(s.Assign), p.space, func(i int) { p.named(s.Assign[i]) })
	}
	p.out()
	p.sep(";")
	p.close()
}
