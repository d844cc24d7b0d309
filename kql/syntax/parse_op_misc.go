package syntax

// renderOp reads render and its properties.
// See learn.microsoft.com/kusto/query/render-operator.
func (p *parser) renderOp(h OpHead) Operator {
	const own = " kind title accumulate xcolumn ycolumns anomalycolumns series xtitle ytitle xaxis yaxis legend ysplit ymin ymax xmin xmax "
	op := &RenderOp{OpHead: h}
	if t := p.tok(); t.kind == tokWord && (t.word == wordName || isChart(p.text(t))) {
		op.Chart = p.text(p.next())
	} else {
		p.missing("The kind of chart")
	}
	for p.oldProperty(op) {
		op.Old = true
	}
	if !p.isWord(0, "with") {
		return op
	}
	p.pos++
	p.expect(tokLParen, "(", "with")
	p.accept(tokComma)
	op.With = append(op.With, p.paramList(own)...)
	p.closeProperties(own)
	return op
}

// isChart reports whether w is a kind of chart.
func isChart(w string) bool {
	switch w {
	case "table", "list", "barchart", "piechart", "ladderchart", "timechart",
		"linechart", "anomalychart", "pivotchart", "areachart",
		"stackedareachart", "scatterchart", "timepivot", "columnchart",
		"timeline", "3Dchart", "card", "treemap", "plotly", "graph", "sankey":
		return true
	}
	return false
}

// oldProperty reads a property that stands without with (…).
func (p *parser) oldProperty(op *RenderOp) bool {
	start := p.start()
	w := ""
	if p.at(tokWord) {
		w = p.text(p.tok())
	}
	n := p.ahead(1).kind
	switch {
	case (w == "kind" || w == "title" || w == "accumulate") && n == tokAssign:
		op.With = append(op.With, p.param(1, noParams))
		return true
	case w == "with" && n != tokLParen:
		p.pos++
		o := &OpParam{Name: w, Bare: true}
		if o.Value = p.literal(); o.Value == nil {
			o.Value = p.badExpr("The text after with")
		}
		o.Span = p.from(start)
		op.With = append(op.With, o)
		return true
	case w == "by":
		p.pos++
		o := &OpParam{Name: w, Bare: true, Value: p.nameList(noParams)}
		o.Span = p.from(start)
		op.With = append(op.With, o)
		return true
	}
	return false
}

// scanOp reads scan and its steps.
// See learn.microsoft.com/kusto/query/scan-operator.
func (p *parser) scanOp(h OpHead) Operator {
	h.Params = p.params(noParams)
	op := &ScanOp{OpHead: h}
	stop := p.until("partition", "order", "by", "declare", "with")
	if p.acceptWord("order") {
		p.expectWord("by", "order")
		for _, o := range p.orderedList(stop) {
			op.OrderBy = append(op.OrderBy, o)
		}
	}
	if p.acceptWord("partition") {
		p.expectWord("by", "partition")
		op.PartitionBy = p.exprs("A column", 1, stop, p.expr)
	}
	if p.acceptWord("declare") {
		op.Declare = p.parameters("A variable", true)
	}
	p.expectWord("with", "scan")
	if p.expect(tokLParen, "(", "with") {
		for p.isWord(0, "step") {
			op.Steps = append(op.Steps, p.scanStep())
		}
		p.expect(tokRParen, ")", "the steps of scan")
	}
	return op
}

// scanStep reads step Name [optional] [output=…] : condition [=> A = X, …];
func (p *parser) scanStep() *ScanStep {
	start := p.start()
	p.pos++
	s := &ScanStep{Name: p.needName("The name of the step", true)}
	s.Optional = p.acceptWord("optional")
	if p.acceptWord("output") {
		p.expect(tokAssign, "=", "output")
		s.Output = p.words("all last none", "output=")
	}
	p.expect(tokColon, ":", "the name of the step")
	s.Cond = p.needExpr("The condition of the step")
	if p.accept(tokArrow) {
		p.list("An assignment", false, nil, func() bool {
			at := p.start()
			n := p.name(true)
			if n == nil {
				return false
			}
			p.expect(tokAssign, "=", n.Text)
			a := &NamedExpr{Names: []*Name{n}, X: p.needExpr("The value of " + n.Text)}
			a.Span = p.from(at)
			s.Assign = append(s.Assign, a)
			return true
		})
		if len(s.Assign) == 0 {
			p.missing("An assignment after =>")
		}
	}
	p.expect(tokSemicolon, ";", "a step of scan")
	s.Span = p.from(start)
	return s
}
