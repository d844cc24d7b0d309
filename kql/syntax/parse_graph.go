package syntax

// Operators on graphs.
// See learn.microsoft.com/kusto/query/graph-operators.

// arrow passes the signs of s if they stand here without blanks between them.
func (p *parser) arrow(s string) bool {
	if t := p.tok(); t.kind == tokEOF || t.kind == tokString || int(t.start)+len(s) > len(p.src) ||
		p.src[t.start:int(t.start)+len(s)] != s {
		return false
	}
	end := p.start() + len(s)
	n := 0
	for p.ahead(n).kind != tokEOF && int(p.ahead(n).end) <= end {
		n++
	}
	if int(p.ahead(n-1).end) != end {
		return false
	}
	p.pos += n
	return true
}

func (p *parser) makeGraphOp(h OpHead) Operator {
	h.Params = p.params(noParams)
	op := &MakeGraphOp{OpHead: h, Source: p.needRef("The column where edges begin")}
	if op.Directed = p.arrow("-->"); !op.Directed && !p.arrow("--") {
		p.report(p.here(), CodeExpected, "--> is missing after the column where edges begin; %s.", p.found())
	}
	op.Target = p.needRef("The column where edges end")
	switch {
	case p.acceptWord("with_node_id"):
		p.expect(tokAssign, "=", "with_node_id")
		op.NodeID = p.needName("The name of the column", false)
	case p.acceptWord("with"):
		p.list("A table of nodes", false, p.until("partitioned-by"), func() bool {
			start := p.start()
			x := p.signed()
			if x == nil {
				return false
			}
			w := &GraphTableOn{Table: x}
			p.expectWord("on", "the table of nodes")
			w.Key = p.needRef("The key column")
			w.Span = p.from(start)
			op.With = append(op.With, w)
			return true
		})
		if len(op.With) == 0 {
			p.missing("A table of nodes")
		}
	}
	if p.acceptWord("partitioned-by") {
		if op.PartitionedBy = p.simplePath(); op.PartitionedBy == nil {
			op.PartitionedBy = p.badExpr("A column")
		}
		if p.expect(tokLParen, "(", "the column") {
			op.Subquery = p.contextBody()
			p.close("(")
		} else {
			op.Subquery = &BadExpr{p.from(p.lastEnd())}
		}
	}
	return op
}

// needRef reads a reference to a name, or reports that what is missing.
func (p *parser) needRef(what string) *NameRef {
	if n := p.nameRef(false); n != nil {
		return n
	}
	return &NameRef{Name: *p.needName(what, false)}
}

func (p *parser) graphMatchOp(h OpHead) Operator {
	shortest := h.Keyword == "graph-shortest-paths"
	own := noParams
	if shortest {
		own = " output "
	}
	h.Params = p.params(own)
	op := &GraphMatchOp{OpHead: h, Shortest: shortest}
	p.list("A pattern such as (a)-->(b)", false, p.until("where", "project"), func() bool {
		start := p.start()
		g := &GraphPattern{}
		for {
			part := p.graphPart()
			if part == nil {
				break
			}
			g.Parts = append(g.Parts, part)
		}
		g.Span = p.from(start)
		if len(g.Parts) > 0 {
			op.Patterns = append(op.Patterns, g)
		}
		return len(g.Parts) > 0
	})
	if len(op.Patterns) == 0 {
		p.missing("A pattern such as (a)-->(b)")
	}
	if p.acceptWord("where") {
		op.Where = p.needExpr("A condition")
	}
	if p.acceptWord("project") {
		op.Project = p.namedList("A column", 1, nil)
	}
	return op
}

// graphPart reads a node or an edge, or returns nil.
func (p *parser) graphPart() GraphPart {
	start := p.start()
	if p.accept(tokLParen) {
		n := &GraphNode{Name: p.name(false)}
		p.expect(tokRParen, ")", "the name of a node")
		n.Span = p.from(start)
		return n
	}
	e := &GraphEdge{}
	switch {
	case p.arrow("-->"):
		e.Right = true
	case p.arrow("<--"):
		e.Left = true
	case p.arrow("--"):
	case p.arrow("<-["):
		e.Left, e.Bracketed = true, true
	case p.arrow("-["):
		e.Bracketed = true
	default:
		return nil
	}
	if e.Bracketed {
		e.Name = p.name(false)
		if isStar(p.tok()) {
			p.pos++
			if e.Min = p.signed(); e.Min == nil {
				e.Min = p.badExpr("The least number of steps")
			}
			p.expect(tokDotDot, "..", "the least number of steps")
			if e.Max = p.signed(); e.Max == nil {
				e.Max = p.badExpr("The greatest number of steps")
			}
		}
		if e.Right = p.arrow("]->"); !e.Right && !p.arrow("]-") {
			p.report(p.here(), CodeExpected, "]- or ]-> is missing after the edge; %s.", p.found())
		}
	}
	e.Span = p.from(start)
	return e
}

func (p *parser) graphToTableOp(h OpHead) Operator {
	op := &GraphToTableOp{OpHead: h}
	p.list("nodes or edges", false, nil, func() bool {
		start := p.start()
		own := " with_node_id "
		if p.isWord(0, "edges") {
			own = " with_source_id with_target_id "
		} else if !p.isWord(0, "nodes") {
			return false
		}
		o := &GraphOutput{Kind: p.text(p.next())}
		if p.acceptWord("as") {
			o.As = p.needName("The name after as", false)
		}
		o.Params = p.params(own)
		o.Span = p.from(start)
		op.Outputs = append(op.Outputs, o)
		return true
	})
	if len(op.Outputs) == 0 {
		p.missing("nodes or edges")
	}
	return op
}
