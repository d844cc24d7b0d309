package syntax

// head lays out the keyword of an operator and its parameters.
func (p *printer) head(op Operator) {
	h := op.Head()
	p.leaf(Span{h.Start, h.KeyEnd}, h.Keyword)
	if find, ok := op.(*FindOp); ok {
		p.dataScope(find.DataScope)
	}
	p.opParams(h.Params)
}

// clause lays out a keyword and a list behind it, on one line or the elements
// below it, one each.
func (p *printer) clause(word string, list []Expr) {
	p.open()
	p.words(word)
	p.below(list)
	p.close()
}

// below lays out a list that follows a keyword. A single element stays behind
// it and is broken inside, if it must be.
func (p *printer) below(list []Expr) {
	p.lines(len(list), func(i int) { p.table(list[i], true) })
}

func (p *printer) lines(n int, each func(int)) {
	if n == 1 {
		p.elements(n, p.space, each)
		return
	}
	p.in()
	p.elements(n, p.line, each)
	p.out()
}

// after lays out a keyword and an expression, if there is one, on the same line.
func (p *printer) after(word string, x Expr) {
	if x == nil {
		return
	}
	p.space()
	p.words(word)
	p.space()
	p.expr(x)
}

// operator lays out an operator without the bar before it.
func (p *printer) operator(op Operator) {
	p.open()
	switch x := op.(type) {
	case *BadOp:
		p.raw(x.Span)
	case *TopNestedOp:
		p.topNested(x)
	default:
		p.head(op)
		if !p.listed(op) && !p.simple(op) && !p.nested(op) {
			p.graph(op)
		}
	}
	p.close()
}

// listed lays out what follows the keyword of operators that are mostly a list.
func (p *printer) listed(op Operator) bool {
	switch x := op.(type) {
	case *DistinctOp:
		p.below(x.Exprs)
	case *ExtendOp:
		p.below(x.Exprs)
	case *PrintOp:
		p.below(x.Exprs)
	case *ProjectOp:
		p.below(x.Exprs)
	case *ProjectNamesOp:
		p.below(x.Columns)
	case *ProjectReorderOp:
		p.lines(len(x.Columns), func(i int) { p.ordered(x.Columns[i]) })
	case *SerializeOp:
		p.below(x.Exprs)
	case *SortOp:
		p.space()
		p.tok("by")
		p.lines(len(x.By), func(i int) { p.ordered(x.By[i]) })
	case *SummarizeOp:
		p.summarize(x)
	case *UnionOp:
		p.below(x.Tables)
	case *MvExpandOp:
		p.mvExprs(x.Exprs, x.Limit)
	case *MakeSeriesOp:
		p.makeSeries(x)
	case *ParseOp:
		p.space()
		p.expr(x.X)
		p.space()
		p.tok("with")
		p.in()
		for _, part := range x.Pattern {
			p.line()
			switch part := part.(type) {
			case *ColumnDecl:
				p.column(part)
			case Expr:
				p.expr(part)
			}
		}
		p.out()
	default:
		return false
	}
	return true
}

// simple lays out what follows the keyword of operators that stay on a line.
func (p *printer) simple(op Operator) bool {
	switch x := op.(type) {
	case *AsOp:
		p.space()
		p.name(x.Name)
	case *AssertSchemaOp:
		p.space()
		p.schema(x.Schema)
	case *ConsumeOp, *ExecuteAndCacheOp, *GetSchemaOp:
	case *CountOp:
		if x.As != nil {
			p.space()
			p.tok("as")
			p.space()
			p.name(x.As)
		}
	case *EvaluateOp:
		p.space()
		p.expr(x.Call)
		if x.Schema != nil {
			p.space()
			p.tok(":")
			p.space()
			p.schema(x.Schema)
		}
	case *InvokeOp:
		p.space()
		p.expr(x.Call)
	case *ParseKVOp:
		p.space()
		p.expr(x.X)
		p.space()
		p.tok("as")
		p.space()
		p.schema(x.Schema)
		if x.With != nil {
			p.space()
			p.with(x.With)
		}
	case *RangeOp:
		p.space()
		p.name(x.Column)
		p.after("from", x.From)
		p.after("to", x.To)
		p.after("step", x.Step)
	case *ReduceOp:
		p.after("by", x.By)
		if x.With != nil {
			p.space()
			p.tok("with")
			p.elements(len(x.With), p.space, func(i int) { p.opParam(x.With[i]) })
		}
	case *RenderOp:
		p.render(x)
	case *SampleOp:
		p.after("", x.Count)
		p.after("of", x.Of)
	case *TakeOp:
		p.after("", x.Count)
	case *TopOp:
		p.after("", x.Count)
		p.by(x.By)
	case *TopHittersOp:
		p.after("", x.Count)
		p.after("of", x.Of)
		p.by(x.By)
	case *WhereOp:
		p.after("", x.Predicate)
	default:
		return false
	}
	return true
}

func (p *printer) by(x *OrderedExpr) {
	if x != nil {
		p.space()
		p.tok("by")
		p.space()
		p.ordered(x)
	}
}

func (p *printer) render(x *RenderOp) {
	p.space()
	p.tok(x.Chart)
	with := x.With
	if x.Old {
		// Some may stand alone, and do if they did not. The rest cannot.
		for len(with) > 0 && (with[0].Bare || with[0].Name == "kind" || with[0].Name == "title" || with[0].Name == "accumulate") {
			p.space()
			p.opParam(with[0])
			with = with[1:]
		}
	}
	if len(with) > 0 {
		p.space()
		p.with(with)
	}
}

func (p *printer) summarize(x *SummarizeOp) {
	p.below(x.Aggs)
	p.in()
	if x.HasBy {
		if len(x.Aggs) == 0 {
			p.space()
		} else {
			p.line()
		}
		p.clause("by", x.By)
	}
	if x.Bin != nil {
		p.line()
		p.tok("bin")
		p.assign(x.Bin)
	}
	p.out()
}

func (p *printer) makeSeries(x *MakeSeriesOp) {
	p.lines(len(x.Aggs), func(i int) {
		a := x.Aggs[i]
		p.expr(a.X)
		if a.Default != nil {
			p.space()
			p.tok("default")
			p.assign(a.Default)
		}
	})
	p.in()
	p.line()
	p.tok("on")
	p.space()
	p.expr(x.On)
	if x.InRange {
		p.space()
		p.words("in range")
		p.parens([]Expr{x.From, x.To, x.Step})
	} else {
		p.after("from", x.From)
		p.after("to", x.To)
		p.after("step", x.Step)
	}
	if x.By != nil {
		p.line()
		p.clause("by", x.By)
	}
	p.out()
}

func (p *printer) mvExprs(list []*MvExpr, limit Expr) {
	p.lines(len(list), func(i int) {
		if list[i].X != nil {
			p.expr(list[i].X)
		}
		p.after("to", list[i].To)
	})
	p.after("limit", limit)
}

func (p *printer) topNested(x *TopNestedOp) {
	p.in()
	p.elements(len(x.Levels), func() {}, func(i int) {
		l := x.Levels[i]
		p.tok("top-nested")
		p.after("", l.Count)
		p.after("of", l.Of)
		if l.Others != nil {
			p.space()
			p.words("with others")
			p.space()
			p.tok("=")
			p.space()
			p.expr(l.Others)
		}
		p.by(l.By)
	})
	p.out()
}
