package syntax

import "strings"

// noParams says that an operator has no parameters of its own. Those that all
// operators know can still stand there.
const noParams = ""

// isParam reports whether w is the name of a parameter that operators take.
// own lists, between blanks, the names that only this operator takes.
func isParam(w, own string) bool {
	switch w {
	case "__crossCluster", "__crossDB", "__id", "__isFuzzy", "__noWithSource",
		"__packedColumn", "__sourceColumnIndex", "bagexpansion", "bin_legacy",
		"cycles", "decodeblocks", "expandoutput", "force_remote", "isfuzzy",
		"kind", "with_itemindex", "with_match_id", "with_source",
		"with_step_name", "withsource":
		return true
	}
	if strings.HasPrefix(w, "hint.") {
		return true
	}
	return own != "" && strings.Contains(own, " "+w+" ")
}

// paramLen returns how many tokens make the name of a parameter here, or 0.
func (p *parser) paramLen(own string) int {
	t := p.tok()
	if t.kind != tokWord {
		return 0
	}
	w := p.text(t)
	if w == "hint" && p.ahead(1).kind == tokDot && p.ahead(2).kind == tokWord && p.ahead(2).glued {
		return 3
	}
	if isParam(w, own) {
		return 1
	}
	return 0
}

// params reads the name=value pairs that follow the keyword of an operator.
func (p *parser) params(own string) []*OpParam {
	var out []*OpParam
	for {
		size := p.paramLen(own)
		if size == 0 || p.ahead(size).kind != tokAssign {
			return out
		}
		out = append(out, p.param(size, own))
	}
}

// param reads one parameter, whose name has size tokens.
func (p *parser) param(size int, own string) *OpParam {
	start := p.start()
	p.pos += size
	o := &OpParam{Name: p.src[start:p.lastEnd()]}
	p.expect(tokAssign, "=", o.Name)
	o.Value = p.paramValue(o.Name, own)
	o.Span = p.from(start)
	return o
}

// paramValue reads the value of the parameter of that name.
func (p *parser) paramValue(name, own string) Expr {
	switch name {
	case "ycolumns", "anomalycolumns", "series":
		if own != noParams {
			return p.nameList(own)
		}
	case "title", "xtitle", "ytitle":
		if x := p.path(); x != nil {
			return x
		}
		return p.badExpr("The value of " + name)
	}
	if v := p.literal(); v != nil {
		return v
	}
	if t := p.tok(); t.kind == tokWord && (t.word <= wordSoft || t.word == wordHard && t.op == NoOp) {
		p.pos++
		return &NameRef{Name: Name{Span: t.span(), Text: p.text(t)}}
	}
	if n := p.nameRef(false); n != nil {
		return n
	}
	return p.badExpr("The value of " + name)
}

// nameList reads columns separated by commas, up to the next property.
func (p *parser) nameList(own string) Expr {
	start := p.start()
	l := &NameList{}
	for {
		n := p.nameRef(true)
		if n == nil {
			p.missing("The name of a column")
			break
		}
		l.Names = append(l.Names, n)
		if !p.at(tokComma) {
			break
		}
		if k := p.ahead(2).kind; k == tokAssign && p.ahead(1).kind == tokWord || p.ahead(1).kind == tokRParen {
			break
		}
		p.pos++
	}
	l.Span = p.from(start)
	return l
}

// paramList reads parameters separated by commas, whose names are all in own.
func (p *parser) paramList(own string) []*OpParam {
	out := []*OpParam{}
	p.list("A property", false, nil, func() bool {
		t := p.tok()
		if t.kind != tokWord || !strings.Contains(own, " "+p.text(t)+" ") {
			return false
		}
		out = append(out, p.param(1, own))
		return true
	})
	return out
}

// closeProperties passes the ) behind properties, or tells which there are.
func (p *parser) closeProperties(own string) {
	if p.accept(tokRParen) {
		return
	}
	if p.at(tokWord) {
		p.report(p.here(), CodeExpected, "%s is no property that can stand here; there are %s.", p.text(p.tok()),
			strings.Join(strings.Fields(own), ", "))
		p.skipTo()
		p.accept(tokRParen)
		return
	}
	p.expect(tokRParen, ")", "the properties")
}

// words reads one of the words in choices, which are separated by blanks, or
// reports that it is missing.
func (p *parser) words(choices, after string) string {
	if t := p.tok(); t.kind == tokWord && strings.Contains(" "+choices+" ", " "+p.text(t)+" ") {
		p.pos++
		return p.text(t)
	}
	p.report(p.here(), CodeExpected, "One of %s is missing after %s; %s.",
		strings.Join(strings.Fields(choices), ", "), after, p.found())
	return ""
}
