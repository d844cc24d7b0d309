package syntax

// Operators that choose, order and group rows.

func (p *parser) invokeOp(h OpHead) Operator {
	op := &InvokeOp{OpHead: h}
	start := p.start()
	if !p.callStart() {
		op.Call = p.badExpr("The call of a function")
		return op
	}
	op.Call = p.call()
	for p.at(tokDot) && p.grow() {
		n := p.nameLen(1, false)
		if n == 0 || p.ahead(1+n).kind != tokLParen {
			break
		}
		p.pos++
		c := p.call()
		op.Call = &PathExpr{Span: p.from(start), X: op.Call, Sel: c}
	}
	return op
}

func (p *parser) joinOp(h OpHead) Operator {
	h.Params = p.params(noParams)
	op := &JoinOp{OpHead: h, Lookup: h.Keyword == "lookup"}
	op.Right = p.needExpr("The table on the right")
	switch {
	case p.acceptWord("on"):
		op.HasOn = true
		op.On = p.exprs("A column or condition", 1, nil, p.expr)
	case !op.Lookup && p.acceptWord("where"):
		op.Where = p.needExpr("A condition")
	case op.Lookup:
		p.report(p.here(), CodeMissingPart, "lookup needs on and the columns to match by; %s.", p.found())
	}
	return op
}

func (p *parser) sortOp(h OpHead) Operator {
	h.Params = p.params(noParams)
	p.expectWord("by", h.Keyword)
	return &SortOp{h, p.orderedList(nil)}
}

// orderedList reads expressions with their directions.
func (p *parser) orderedList(stop func() bool) []*OrderedExpr {
	var out []*OrderedExpr
	p.list("A column", false, stop, func() bool {
		x := p.ordered()
		if x != nil {
			out = append(out, x)
		}
		return x != nil
	})
	if len(out) == 0 {
		x := p.badExpr("A column")
		out = append(out, &OrderedExpr{Span: x.Position(), X: x})
	}
	return out
}

// ordered reads an expression with its direction, or returns nil.
func (p *parser) ordered() *OrderedExpr {
	start := p.start()
	x := p.namedExpr()
	if x == nil {
		return nil
	}
	o := &OrderedExpr{X: x, Order: p.direction()}
	if p.acceptWord("nulls") {
		switch {
		case p.acceptWord("first"):
			o.Nulls = "first"
		case p.acceptWord("last"):
			o.Nulls = "last"
		default:
			p.missing("first or last after nulls")
		}
	}
	o.Span = p.from(start)
	return o
}

func (p *parser) direction() string {
	if t := p.tok(); t.kind == tokWord {
		switch w := p.text(t); w {
		case "asc", "desc", "granny-asc", "granny-desc":
			p.pos++
			return w
		}
	}
	return ""
}

// needOrdered is ordered that reports what is missing.
func (p *parser) needOrdered(what string) *OrderedExpr {
	if o := p.ordered(); o != nil {
		return o
	}
	x := p.badExpr(what)
	return &OrderedExpr{Span: x.Position(), X: x}
}

func (p *parser) reorderOp(h OpHead) Operator {
	op := &ProjectReorderOp{OpHead: h}
	p.list("A column", false, nil, func() bool {
		start := p.start()
		c := p.column()
		if c == nil {
			return false
		}
		o := &OrderedExpr{X: c, Order: p.direction()}
		o.Span = p.from(start)
		op.Columns = append(op.Columns, o)
		return true
	})
	return op
}

func (p *parser) summarizeOp(h OpHead) Operator {
	h.Params = p.params(noParams)
	op := &SummarizeOp{OpHead: h}
	op.Aggs = p.namedList("An aggregate", 0, p.until("by"))
	if !p.acceptWord("by") {
		return op
	}
	op.HasBy = true
	bin := func() bool {
		return p.isWord(0, "bin") && p.ahead(1).kind == tokAssign &&
			p.ahead(2).kind >= tokString && p.ahead(2).kind <= tokRawGuid
	}
	op.By = p.namedList("A column", 1, bin)
	if p.isWord(0, "bin") && p.ahead(1).kind == tokAssign {
		p.pos += 2
		op.Bin = p.needExpr("The value of bin")
	}
	return op
}

func (p *parser) sampleOp(h OpHead) Operator {
	h.Params = p.params(noParams)
	op := &SampleOp{OpHead: h, Count: p.needNamed("The number of rows")}
	if h.Keyword == "sample-distinct" {
		p.expectWord("of", "the number of values")
		op.Of = p.needNamed("A column")
	}
	return op
}

func (p *parser) topOp(h OpHead) Operator {
	h.Params = p.params(noParams)
	op := &TopOp{OpHead: h, Count: p.needNamed("The number of rows")}
	p.expectWord("by", "the number of rows")
	op.By = p.needOrdered("A column")
	return op
}

func (p *parser) topHittersOp(h OpHead) Operator {
	op := &TopHittersOp{OpHead: h, Count: p.needNamed("The number of values")}
	p.expectWord("of", "the number of values")
	op.Of = p.needNamed("A column")
	if p.acceptWord("by") {
		x := p.needNamed("An expression after by")
		op.By = &OrderedExpr{Span: x.Position(), X: x}
	}
	return op
}

func (p *parser) topNestedOp(h OpHead) Operator {
	op := &TopNestedOp{OpHead: h}
	level := func(start int) {
		l := &TopNestedLevel{}
		if !p.isWord(0, "of") {
			l.Count = p.namedExpr()
		}
		p.expectWord("of", "top-nested")
		l.Of = p.needNamed("A column")
		if p.acceptWord("with") {
			p.expectWord("others", "with")
			p.expect(tokAssign, "=", "others")
			l.Others = p.needExpr("The value for others")
		}
		p.expectWord("by", "the column of top-nested")
		l.By = p.needOrdered("An aggregate")
		l.Span = p.from(start)
		op.Levels = append(op.Levels, l)
	}
	level(h.Start)
	for p.accept(tokComma) {
		start := p.start()
		if !p.acceptWord("top-nested") {
			p.missing("The word top-nested")
			break
		}
		level(start)
	}
	return op
}

func (p *parser) reduceOp(h OpHead) Operator {
	const own = " threshold characters "
	h.Params = p.params(own)
	p.expectWord("by", "reduce")
	op := &ReduceOp{OpHead: h, By: p.needNamed("A column")}
	if p.acceptWord("with") {
		op.With = p.paramList(own)
	}
	return op
}

func (p *parser) makeSeriesOp(h OpHead) Operator {
	h.Params = p.params(noParams)
	op := &MakeSeriesOp{OpHead: h}
	p.list("An aggregate", false, p.until("on", "from", "in"), func() bool {
		start := p.start()
		x := p.namedExpr()
		if x == nil {
			return false
		}
		a := &SeriesAgg{X: x}
		if p.acceptWord("default") {
			p.expect(tokAssign, "=", "default")
			a.Default = p.needNamed("The default")
		}
		a.Span = p.from(start)
		op.Aggs = append(op.Aggs, a)
		return true
	})
	if len(op.Aggs) == 0 {
		p.missing("An aggregate")
	}
	p.expectWord("on", "the aggregates of make-series")
	op.On = p.needNamed("The column to go along")
	p.seriesRange(op)
	if p.acceptWord("by") {
		op.By = p.namedList("A column", 1, nil)
	}
	return op
}

// seriesRange reads from … to … step …, or in range(…).
func (p *parser) seriesRange(op *MakeSeriesOp) {
	if !p.isWord(0, "from") && !p.isWord(0, "to") && !p.isWord(0, "step") {
		op.InRange = true
		if !p.isWord(0, "in") {
			op.InRange = false
			p.report(p.here(), CodeExpected, "The word step is missing after the column of make-series; %s.", p.found())
			return
		}
		p.pos++
		p.expectWord("range", "in")
		p.expect(tokLParen, "(", "in range")
		bounds := p.namedList("A bound", 0, nil)
		p.expect(tokRParen, ")", "the bounds")
		for i, to := range []*Expr{&op.From, &op.To, &op.Step} {
			if i < len(bounds) {
				*to = bounds[i]
			}
		}
		if len(bounds) != 3 {
			p.report(boundsAt(bounds, p), CodeMissingPart, "in range( ) needs a start, an end and a step.")
		}
		return
	}
	if p.acceptWord("from") {
		op.From = p.needExpr("The start")
	}
	if p.acceptWord("to") {
		op.To = p.needExpr("The end")
	}
	p.expectWord("step", "the bounds of make-series")
	op.Step = p.needExpr("The step")
}

// boundsAt is the place to tell that bounds are not three.
func boundsAt(bounds []Expr, p *parser) Span {
	if len(bounds) > 0 {
		return bounds[0].Position()
	}
	return p.here()
}
