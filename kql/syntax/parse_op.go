package syntax

// operator reads an operator, or returns nil. bar is the bar before it.
func (p *parser) operator(bar Span) Operator {
	t := p.tok()
	if t.kind != tokWord || t.word == wordName {
		return nil
	}
	w := p.text(t)
	if w == "count" && p.ahead(1).kind == tokLParen || w == "range" && p.ahead(1).kind == tokLParen {
		return nil // calls of functions of these names
	}
	read := p.reader(w)
	if read == nil {
		return nil
	}
	p.pos++
	op := read(OpHead{Span: t.span(), Bar: bar, Keyword: w, KeyEnd: int(t.end)})
	op.Head().End = p.lastEnd()
	return op
}

// reader returns the function that reads the rest of the operator w.
func (p *parser) reader(w string) func(OpHead) Operator {
	switch w {
	case "__executeAndCache":
		return func(h OpHead) Operator { return &ExecuteAndCacheOp{h} }
	case "__partitionby", "partition":
		return p.partitionOp
	case "as":
		return p.asOp
	case "assert-schema":
		return func(h OpHead) Operator { return &AssertSchemaOp{h, p.schema(false)} }
	case "consume":
		return func(h OpHead) Operator { h.Params = p.params(noParams); return &ConsumeOp{h} }
	case "count":
		return p.countOp
	case "distinct":
		return p.distinctOp
	case "evaluate":
		return p.evaluateOp
	case "extend":
		return func(h OpHead) Operator { return &ExtendOp{h, p.namedList("A column", 1, nil)} }
	case "facet":
		return p.facetOp
	case "filter", "where":
		return p.whereOp
	case "find":
		return p.findOp
	case "fork":
		return p.forkOp
	case "getschema":
		return func(h OpHead) Operator { h.Params = p.params(noParams); return &GetSchemaOp{h} }
	case "graph-mark-components":
		return func(h OpHead) Operator {
			h.Params = p.params(" with_component_id ")
			return &GraphMarkComponentsOp{h}
		}
	case "graph-match", "graph-shortest-paths":
		return p.graphMatchOp
	case "graph-to-table":
		return p.graphToTableOp
	case "graph-where-nodes", "graph-where-edges":
		return func(h OpHead) Operator {
			return &GraphWhereOp{h, h.Keyword == "graph-where-edges", p.needExpr("A condition")}
		}
	case "invoke":
		return p.invokeOp
	case "join", "lookup":
		return p.joinOp
	case "limit", "take":
		return func(h OpHead) Operator {
			h.Params = p.params(noParams)
			return &TakeOp{h, p.needNamed("The number of rows")}
		}
	case "macro-expand":
		return p.macroExpandOp
	case "make-graph":
		return p.makeGraphOp
	case "make-series":
		return p.makeSeriesOp
	case "mv-apply", "mvapply":
		return p.mvApplyOp
	case "mv-expand", "mvexpand":
		return p.mvExpandOp
	case "order", "sort":
		return p.sortOp
	case "parse", "parse-where":
		return p.parseOp
	case "parse-kv":
		return p.parseKVOp
	case "print":
		return func(h OpHead) Operator { return &PrintOp{h, p.namedList("An expression", 1, nil)} }
	case "project", "project-rename":
		return func(h OpHead) Operator { return &ProjectOp{h, p.namedList("A column", 0, nil)} }
	case "project-by-names":
		return func(h OpHead) Operator { return &ProjectOp{h, p.exprs("A column", 0, nil, p.expr)} }
	case "project-away", "project-keep":
		return func(h OpHead) Operator { return &ProjectNamesOp{h, p.exprs("A column", 0, nil, p.column)} }
	case "project-reorder":
		return p.reorderOp
	case "range":
		return p.rangeOp
	case "reduce":
		return p.reduceOp
	case "render":
		return p.renderOp
	case "sample", "sample-distinct":
		return p.sampleOp
	case "scan":
		return p.scanOp
	case "search":
		return p.searchOp
	case "serialize":
		return func(h OpHead) Operator {
			h.Params = p.params(noParams)
			return &SerializeOp{h, p.namedList("A column", 0, nil)}
		}
	case "summarize":
		return p.summarizeOp
	case "top":
		return p.topOp
	case "top-hitters":
		return p.topHittersOp
	case "top-nested":
		return p.topNestedOp
	case "union":
		return p.unionOp
	}
	return nil
}

// namedList reads expressions with or without names, separated by commas.
func (p *parser) namedList(what string, min int, stop func() bool) []Expr {
	return p.exprs(what, min, stop, p.namedExpr)
}

// until returns a function that reports whether one of the words is here.
func (p *parser) until(words ...string) func() bool {
	return func() bool {
		for _, w := range words {
			if p.isWord(0, w) {
				return true
			}
		}
		return false
	}
}

func (p *parser) asOp(h OpHead) Operator {
	h.Params = p.params(noParams)
	return &AsOp{h, p.needName("The name after as", false)}
}

func (p *parser) countOp(h OpHead) Operator {
	op := &CountOp{OpHead: h}
	if p.acceptWord("as") {
		if t := p.tok(); t.kind == tokWord && t.word == wordName {
			op.As = p.name(false)
		} else {
			p.missing("A plain name after as")
			at := p.here().Start
			op.As = &Name{Span: Span{at, at}}
			if p.nameLen(0, true) > 0 {
				op.As = p.name(true)
			}
		}
	}
	return op
}

func (p *parser) distinctOp(h OpHead) Operator {
	h.Params = p.params(noParams)
	return &DistinctOp{h, p.exprs("A column", 1, nil, func() Expr {
		if t := p.tok(); isStar(t) {
			p.pos++
			return &Star{t.span()}
		}
		return p.namedExpr()
	})}
}

func (p *parser) evaluateOp(h OpHead) Operator {
	h.Params = p.params(noParams)
	op := &EvaluateOp{OpHead: h}
	switch {
	case p.callStart():
		op.Call = p.call()
	case p.nameLen(0, false) > 0:
		n := p.name(false)
		p.expect(tokLParen, "(", n.Text)
		op.Call = &CallExpr{Span: n.Span, Func: n}
	default:
		op.Call = p.badExpr("The call of a plugin")
	}
	if p.accept(tokColon) {
		op.Schema = p.schema(true)
	}
	return op
}

func (p *parser) facetOp(h OpHead) Operator {
	p.expectWord("by", "facet")
	op := &FacetOp{OpHead: h}
	op.By = p.exprs("A column", 1, p.until("with"), p.simplePath)
	if !p.acceptWord("with") {
		return op
	}
	if op.WithParens = p.accept(tokLParen); op.WithParens {
		op.With = p.subPipeline("What follows with")
		p.close("with (")
		return op
	}
	start := p.start()
	if inner := p.operator(Span{}); inner != nil {
		op.With = &Pipeline{Span: p.from(start), Ops: []Operator{inner}}
	} else {
		op.With = &Pipeline{Span: Span{start, start}}
		p.missing("An operator after with")
	}
	return op
}

func (p *parser) whereOp(h OpHead) Operator {
	h.Params = p.params(noParams)
	return &WhereOp{h, p.needNamed("A condition")}
}

func (p *parser) forkOp(h OpHead) Operator {
	op := &ForkOp{OpHead: h}
	for {
		start := p.start()
		b := &ForkBranch{}
		if size := p.nameLen(0, false); size > 0 && p.ahead(size).kind == tokAssign {
			b.Name = p.name(false)
			p.pos++
			p.expect(tokLParen, "(", "=")
		} else if !p.accept(tokLParen) {
			break
		}
		b.Body = p.innerPipeline()
		p.close("(")
		b.Span = p.from(start)
		op.Branches = append(op.Branches, b)
	}
	if len(op.Branches) == 0 {
		p.missing("A subquery in ( )")
	}
	return op
}

// innerPipeline reads a subquery that may also name its source.
func (p *parser) innerPipeline() *Pipeline {
	if t := p.tok(); t.kind == tokWord && t.word != wordName && p.reader(p.text(t)) != nil && p.ahead(1).kind != tokBar ||
		p.listEnd() {
		return p.subPipeline("A subquery")
	}
	switch x := p.pipeline().(type) {
	case *Pipeline:
		return x
	case nil:
		return p.subPipeline("A subquery")
	default:
		return &Pipeline{Span: x.Position(), Source: x}
	}
}

func (p *parser) partitionOp(h OpHead) Operator {
	h.Params = p.params(noParams)
	op := &PartitionOp{OpHead: h}
	if h.Keyword == "partition" {
		p.expectWord("by", "partition")
	}
	if op.By = p.simplePath(); op.By == nil {
		op.By = p.badExpr("A column")
	}
	if h.Keyword == "partition" && p.acceptWord("in") {
		if p.callStart() {
			op.In = p.call()
		} else if op.In = p.dynamicAhead(); op.In == nil {
			op.In = p.badExpr("A call or dynamic( ) after in")
		}
	}
	if h.Keyword != "partition" && p.acceptWord("id") {
		if op.ID = p.literal(); op.ID == nil {
			op.ID = p.badExpr("The value of id")
		}
	}
	switch {
	case h.Keyword == "partition" && p.accept(tokLBrace):
		op.Braces = true
		if op.Body = p.pipeline(); op.Body == nil {
			op.Body = p.badExpr("A query in { }")
		}
		p.expect(tokRBrace, "}", "the query")
	case p.expect(tokLParen, "(", "the column"):
		op.Body = p.contextBody()
		p.close("(")
	default:
		op.Body = &BadExpr{p.from(p.lastEnd())}
	}
	return op
}

// dynamicAhead reads dynamic(…), or returns nil.
func (p *parser) dynamicAhead() Expr {
	if !p.isWord(0, "dynamic") {
		return nil
	}
	return p.dynamic()
}

// contextBody reads a subquery over rows that come from outside.
func (p *parser) contextBody() Expr {
	if !p.isWord(0, "__contextual_datatable") {
		return p.subPipeline("A subquery")
	}
	start := p.start()
	x := &Pipeline{Source: p.contextTable()}
	p.ops(x)
	x.Span = p.from(start)
	return x
}

func (p *parser) macroExpandOp(h OpHead) Operator {
	h.Params = p.params(" best_effort ")
	op := &MacroExpandOp{OpHead: h}
	if p.isWord(0, "entity_group") && p.ahead(1).kind == tokLBracket {
		op.Group = p.entityGroup()
	} else if op.Group = p.entity(); op.Group == nil {
		op.Group = p.badExpr("A group of entities")
	}
	if p.acceptWord("as") {
		op.Scope = p.needName("The name after as", false)
	}
	outer, ok := p.enter()
	if !ok {
		return op
	}
	defer p.leave(outer)
	if p.expect(tokLParen, "(", "the group of entities") {
		op.Stmts = p.statements(tokRParen)
		p.close("(")
	}
	return op
}

func (p *parser) rangeOp(h OpHead) Operator {
	op := &RangeOp{OpHead: h, Column: p.needName("The name of the column", false)}
	p.expectWord("from", "the name of the column")
	op.From = p.needExpr("The first value")
	p.expectWord("to", "the first value")
	op.To = p.needExpr("The last value")
	p.expectWord("step", "the last value")
	op.Step = p.needExpr("The step")
	return op
}
