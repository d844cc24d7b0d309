package syntax

import "strings"

// pipeline reads a source and operators, or an expression, or returns nil.
func (p *parser) pipeline() Expr {
	outer, ok := p.enter()
	if !ok {
		return nil
	}
	defer p.leave(outer)
	start := p.start()
	x := &Pipeline{}
	if !p.operatorFirst() {
		x.Source = p.expr()
	}
	if x.Source == nil {
		op := p.operator(Span{})
		if op == nil {
			return nil
		}
		x.Ops = append(x.Ops, op)
	}
	p.ops(x)
	if len(x.Ops) == 0 {
		return x.Source
	}
	x.Span = p.from(start)
	return x
}

// subPipeline reads operators over rows that come from outside, or reports
// that what is missing.
func (p *parser) subPipeline(what string) *Pipeline {
	outer, ok := p.enter()
	start := p.start()
	x := &Pipeline{}
	if !ok {
		x.Span = Span{start, start}
		return x
	}
	defer p.leave(outer)
	if op := p.operator(Span{}); op != nil {
		x.Ops = append(x.Ops, op)
	} else {
		at := p.here()
		p.report(at, CodeOperator, "%s begins with an operator, such as where or summarize; %s.", what, p.found())
		if !p.listEnd() {
			x.Source = p.expr()
			if x.Source == nil {
				p.skipTo()
			}
		}
	}
	p.ops(x)
	x.Span = p.from(start)
	return x
}

// ops reads | operator as often as it is there.
func (p *parser) ops(x *Pipeline) {
	for {
		bar := p.here()
		if !p.accept(tokBar) {
			if !p.barMissing() {
				return
			}
			bar = Span{bar.Start, bar.Start}
		}
		op := p.operator(bar)
		if op == nil {
			op = p.badOp(bar)
		}
		x.Ops = append(x.Ops, op)
	}
}

// barMissing reports an operator that stands without a bar before it.
func (p *parser) barMissing() bool {
	t := p.tok()
	if t.kind != tokWord || t.word == wordName || t.op != NoOp {
		return false
	}
	switch w := p.text(t); w {
	case "where", "filter", "extend", "summarize", "project", "project-away",
		"project-keep", "project-rename", "project-reorder", "distinct", "sort",
		"order", "take", "limit", "top", "top-nested", "top-hitters", "join",
		"lookup", "mv-expand", "mvexpand", "mv-apply", "mvapply", "parse",
		"parse-where", "parse-kv", "make-series", "invoke", "render", "count",
		"getschema", "serialize", "sample", "sample-distinct", "consume",
		"make-graph", "graph-match", "graph-to-table", "graph-shortest-paths",
		"graph-mark-components", "scan", "reduce", "fork", "facet", "partition":
		p.report(Span{p.lastEnd(), p.lastEnd()}, CodeExpected, "A bar is missing: write | before %s.", w)
		return true
	}
	return false
}

// badOp reports what stands behind a bar and is no operator, and passes it.
func (p *parser) badOp(bar Span) Operator {
	start := p.start()
	t := p.tok()
	op := &BadOp{}
	op.Bar = bar
	switch {
	case t.kind == tokWord && !p.full:
		w := p.text(t)
		hint := ""
		if near := nearestOperator(w); near != "" {
			hint = "; did you mean " + near + "?"
		}
		p.report(t.span(), CodeOperator, "%s is no operator%s", w, orStop(hint))
		op.Keyword, op.KeyEnd = w, int(t.end)
	default:
		p.report(p.here(), CodeOperator, "An operator is missing after |; %s.", p.found())
		op.KeyEnd = start
	}
	p.skipTo()
	op.Span = Span{start, max(start, p.lastEnd())}
	return op
}

func orStop(s string) string {
	if s == "" {
		return "."
	}
	return s
}

// nearestOperator returns the operator that w is a likely slip of, or nothing.
func nearestOperator(w string) string {
	best, least := "", 3
	if len(w) > 24 {
		return best
	}
	w = strings.ToLower(w)
	switch w {
	case "select":
		return "project"
	case "group":
		return "summarize"
	case "head":
		return "take"
	case "rename":
		return "project-rename"
	case "orderby":
		return "order by"
	}
	for _, o := range operatorNames() {
		if d := editDistance(w, o, least); d < least && d < len(o)/2+1 {
			best, least = o, d
		}
	}
	return best
}

// editDistance counts the letters to change, insert or drop to make b of a. It
// may stop and return limit when there are at least as many.
func editDistance(a, b string, limit int) int {
	if max(len(a)-len(b), len(b)-len(a)) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

func operatorNames() []string {
	return []string{
		"as", "assert-schema", "consume", "count", "distinct", "evaluate",
		"extend", "facet", "filter", "find", "fork", "getschema",
		"graph-mark-components", "graph-match", "graph-shortest-paths",
		"graph-to-table", "invoke", "join", "limit", "lookup", "make-graph",
		"make-series", "mv-apply", "mv-expand", "order", "parse", "parse-kv",
		"parse-where", "partition", "print", "project", "project-away",
		"project-keep", "project-rename", "project-reorder", "range", "reduce",
		"render", "sample", "sample-distinct", "scan", "search", "serialize",
		"sort", "summarize", "take", "top", "top-hitters", "top-nested",
		"union", "where",
	}
}

// operatorFirst reports whether an operator and no expression begins here.
// Most keywords that may be names are names here.
func (p *parser) operatorFirst() bool {
	t := p.tok()
	if t.kind != tokWord || t.word == wordName {
		return false
	}
	n := p.ahead(1)
	switch w := p.text(t); w {
	case "evaluate":
		return p.nameLen(1, false) > 0 || n.kind == tokWord && isParam(p.text(n), noParams)
	case "facet":
		return p.isWord(1, "by")
	case "partition", "reduce":
		return p.isWord(1, "by") || n.kind == tokWord && isParam(p.text(n), noParams)
	case "range":
		size := p.nameLen(1, false)
		return size > 0 && p.isWord(1+size, "from")
	case "render":
		return n.kind == tokWord && n.word <= wordSoft || n.kind == tokWord && isChart(p.text(n))
	default:
		// Keywords that cannot be names begin an operator, if that.
		return t.word >= wordExtended && isHardOperator(w)
	}
}

func isStar(t token) bool { return t.kind == tokOp && t.op == Mul }

// isHardOperator reports whether w is an operator and cannot be a name.
func isHardOperator(w string) bool {
	switch w {
	case "__executeAndCache", "as", "assert-schema", "find",
		"graph-mark-components", "graph-match", "graph-shortest-paths",
		"graph-to-table", "graph-where-edges", "graph-where-nodes", "invoke",
		"macro-expand", "make-graph", "make-series", "mv-apply", "mv-expand",
		"parse-kv", "parse-where", "print", "project", "project-away",
		"project-by-names", "project-keep", "project-rename",
		"project-reorder", "sample", "sample-distinct", "search", "top-hitters",
		"top-nested", "union", "where":
		return true
	}
	return false
}
