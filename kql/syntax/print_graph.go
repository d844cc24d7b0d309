package syntax

// graph lays out what follows the keyword of operators on graphs.
func (p *printer) graph(op Operator) {
	switch x := op.(type) {
	case *GraphMarkComponentsOp:
	case *GraphMatchOp:
		p.lines(len(x.Patterns), func(i int) { p.graphPattern(x.Patterns[i]) })
		p.in()
		if x.Where != nil {
			p.line()
			p.tok("where")
			p.after("", x.Where)
		}
		if x.Project != nil {
			p.line()
			p.clause("project", x.Project)
		}
		p.out()
	case *GraphToTableOp:
		p.lines(len(x.Outputs), func(i int) {
			o := x.Outputs[i]
			p.tok(o.Kind)
			if o.As != nil {
				p.space()
				p.tok("as")
				p.space()
				p.name(o.As)
			}
			p.opParams(o.Params)
		})
	case *GraphWhereOp:
		p.after("", x.Predicate)
	case *MakeGraphOp:
		p.makeGraph(x)
	}
}

func (p *printer) graphPattern(x *GraphPattern) {
	for _, part := range x.Parts {
		switch part := part.(type) {
		case *GraphNode:
			p.tok("(")
			p.name(part.Name)
			p.tok(")")
		case *GraphEdge:
			p.graphEdge(part)
		}
	}
}

func (p *printer) graphEdge(x *GraphEdge) {
	switch {
	case x.Bracketed:
		if x.Left {
			p.tok("<-[")
		} else {
			p.tok("-[")
		}
		p.name(x.Name)
		if x.Min != nil || x.Max != nil {
			p.tok("*")
			p.optional(x.Min)
			p.tok("..")
			p.optional(x.Max)
		}
		if x.Right {
			p.tok("]->")
		} else {
			p.tok("]-")
		}
	case x.Left:
		p.tok("<--")
	case x.Right:
		p.tok("-->")
	default:
		p.tok("--")
	}
}

func (p *printer) optional(x Expr) {
	if x != nil {
		p.expr(x)
	}
}

func (p *printer) makeGraph(x *MakeGraphOp) {
	p.space()
	p.expr(x.Source)
	p.space()
	if x.Directed {
		p.tok("-->")
	} else {
		p.tok("--")
	}
	p.space()
	p.expr(x.Target)
	if x.NodeID != nil {
		p.space()
		p.tok("with_node_id")
		p.tok("=")
		p.name(x.NodeID)
	}
	if x.With != nil {
		p.space()
		p.tok("with")
		p.lines(len(x.With), func(i int) {
			p.expr(x.With[i].Table)
			p.space()
			p.tok("on")
			p.space()
			p.expr(x.With[i].Key)
		})
	}
	if x.PartitionedBy != nil {
		p.space()
		p.tok("partitioned-by")
		p.space()
		p.expr(x.PartitionedBy)
		p.space()
		p.block("(", ")", func() { p.table(x.Subquery, true) })
	}
}
