package odata

import (
	"errors"
	"strconv"
	"strings"
)

// maxDepth bounds nesting, and with it the stack; maxLength bounds the text.
// Microsoft's limits are not published for these APIs; URLs are cut at about
// 16 KB before them in any case.
const (
	maxDepth  = 64
	maxLength = 16 << 10
)

// ParseFilter reads a $filter. It knows nothing of properties; see
// [Schema.Check]. The error is an [*Error].
func ParseFilter(in string) (Expr, error) {
	if len(in) > maxLength {
		return nil, &Error{Option: "$filter", Pos: -1, Message: "the expression is longer than " + strconv.Itoa(maxLength) + " bytes"}
	}
	p := &parser{lex: lexer{in: in}}
	p.advance()
	e, err := p.or(0)
	if err == nil && p.tok.kind != tokEnd {
		err = p.unexpected("the end of the expression, 'and' or 'or'")
	}
	if err != nil {
		var oe *Error
		if errors.As(err, &oe) {
			oe.Input = in
		}
		return nil, err
	}
	return e, nil
}

type parser struct {
	lex lexer
	tok lexeme
}

func (p *parser) advance() { p.tok = p.lex.next() }

func (p *parser) fail(pos int, message string) error {
	return &Error{Option: "$filter", Pos: pos, Message: message}
}

func (p *parser) unexpected(want string) error {
	switch p.tok.kind {
	case tokInvalid:
		return p.fail(p.tok.pos, p.tok.text)
	case tokEnd:
		return p.fail(p.tok.pos, "the expression ends where "+want+" is expected")
	}
	return p.fail(p.tok.pos, "expected "+want)
}

func (p *parser) word(w string) bool { return p.tok.kind == tokIdent && p.tok.text == w }

func (p *parser) expect(k tokenKind, want string) error {
	if p.tok.kind != k {
		return p.unexpected(want)
	}
	p.advance()
	return nil
}

func (p *parser) or(depth int) (Expr, error) {
	l, err := p.and(depth)
	for err == nil && p.word("or") {
		p.advance()
		var r Expr
		if r, err = p.and(depth); err == nil {
			l = &Or{l, r}
		}
	}
	return l, err
}

func (p *parser) and(depth int) (Expr, error) {
	l, err := p.unary(depth)
	for err == nil && p.word("and") {
		p.advance()
		var r Expr
		if r, err = p.unary(depth); err == nil {
			l = &And{l, r}
		}
	}
	return l, err
}

func (p *parser) unary(depth int) (Expr, error) {
	if depth > maxDepth {
		return nil, p.fail(p.tok.pos, "the expression is nested too deeply")
	}
	switch {
	case p.word("not"):
		p.advance()
		x, err := p.unary(depth + 1)
		if err != nil {
			return nil, err
		}
		return &Not{x}, nil
	case p.tok.kind == tokOpen:
		p.advance()
		x, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		return x, p.expect(tokClose, "')'")
	}
	return p.predicate(depth)
}

// predicate reads a comparison, in, a function call or a lambda.
func (p *parser) predicate(depth int) (Expr, error) {
	if p.tok.kind != tokIdent || isLiteralWord(p.tok.text) {
		return p.turned()
	}
	path := Path{p.tok.text, p.tok.pos}
	p.advance()
	if p.tok.kind == tokString { // Namespace.Type'member' on the left
		lit := Literal{Kind: EnumLiteral, Pos: path.Pos, EnumType: path.Name, Text: p.tok.text}
		p.advance()
		return p.turnedWith(lit)
	}
	if p.tok.kind == tokOpen {
		return p.call(path)
	}
	for p.tok.kind == tokSlash {
		p.advance()
		if p.tok.kind != tokIdent {
			return nil, p.unexpected("a property name")
		}
		if p.tok.text == "any" || p.tok.text == "all" {
			return p.lambda(path, depth)
		}
		path.Name += "/" + p.tok.text
		p.advance()
	}
	if p.word("in") {
		return p.in(path)
	}
	op, err := p.operator()
	if err != nil {
		return nil, err
	}
	v, err := p.literal()
	if err != nil {
		return nil, err
	}
	return &Compare{Op: op, Path: path, Value: v}, nil
}

// turned reads a comparison whose literal stands on the left.
func (p *parser) turned() (Expr, error) {
	if p.tok.kind == tokEnd || p.tok.kind == tokInvalid || p.tok.kind == tokClose || p.tok.kind == tokComma {
		return nil, p.unexpected("a property name")
	}
	v, err := p.literal()
	if err != nil {
		return nil, err
	}
	return p.turnedWith(v)
}

func (p *parser) turnedWith(v Literal) (Expr, error) {
	op, err := p.operator()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokIdent || isLiteralWord(p.tok.text) {
		return nil, p.unexpected("a property name")
	}
	path := Path{p.tok.text, p.tok.pos}
	p.advance()
	for p.tok.kind == tokSlash {
		p.advance()
		if p.tok.kind != tokIdent {
			return nil, p.unexpected("a property name")
		}
		path.Name += "/" + p.tok.text
		p.advance()
	}
	mirror := map[string]string{"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
	return &Compare{Op: mirror[op], Path: path, Value: v}, nil
}

func (p *parser) operator() (string, error) {
	if p.tok.kind == tokIdent {
		switch p.tok.text {
		case "eq", "ne", "gt", "ge", "lt", "le":
			op := p.tok.text
			p.advance()
			return op, nil
		}
	}
	return "", p.unexpected("one of the operators eq, ne, gt, ge, lt, le, in")
}

func (p *parser) in(path Path) (Expr, error) {
	p.advance()
	if err := p.expect(tokOpen, "'('"); err != nil {
		return nil, err
	}
	e := &In{Path: path}
	for {
		v, err := p.literal()
		if err != nil {
			return nil, err
		}
		e.Values = append(e.Values, v)
		if p.tok.kind != tokComma {
			break
		}
		p.advance()
	}
	return e, p.expect(tokClose, "')'")
}

func (p *parser) call(name Path) (Expr, error) {
	fn := strings.ToLower(name.Name)
	switch fn {
	case "startswith", "endswith", "contains":
	default:
		return nil, p.fail(name.Pos, "an unknown function with name '"+name.Name+"' was found")
	}
	p.advance()
	if p.tok.kind != tokIdent || isLiteralWord(p.tok.text) {
		return nil, p.unexpected("a property name")
	}
	e := &Call{Name: fn, Path: Path{p.tok.text, p.tok.pos}}
	p.advance()
	if err := p.expect(tokComma, "','"); err != nil {
		return nil, err
	}
	v, err := p.literal()
	if err != nil {
		return nil, err
	}
	if v.Kind != StringLiteral {
		return nil, p.fail(v.Pos, "the second argument of "+fn+" must be a string")
	}
	e.Value = v
	if err := p.expect(tokClose, "')'"); err != nil {
		return nil, err
	}
	// contains(x,'y') eq true is the long form of the same.
	if p.word("eq") {
		p.advance()
		b, err := p.literal()
		if err != nil {
			return nil, err
		}
		if b.Kind != BoolLiteral {
			return nil, p.fail(b.Pos, "a function's result can only be compared with true or false")
		}
		if !b.Bool {
			return &Not{e}, nil
		}
	}
	return e, nil
}

func (p *parser) lambda(path Path, depth int) (Expr, error) {
	e := &Lambda{Name: p.tok.text, Path: path}
	p.advance()
	if err := p.expect(tokOpen, "'('"); err != nil {
		return nil, err
	}
	if p.tok.kind != tokIdent || isLiteralWord(p.tok.text) {
		return nil, p.unexpected("a range variable")
	}
	e.Var = p.tok.text
	p.advance()
	if err := p.expect(tokColon, "':'"); err != nil {
		return nil, err
	}
	body, err := p.or(depth + 1)
	if err != nil {
		return nil, err
	}
	e.Body = body
	return e, p.expect(tokClose, "')'")
}

func (p *parser) literal() (Literal, error) {
	t := p.tok
	v := Literal{Pos: t.pos, Text: t.text}
	switch t.kind {
	case tokString:
		v.Kind = StringLiteral
	case tokGUID:
		v.Kind = GUIDLiteral
	case tokTime:
		v.Kind, v.Time = TimeLiteral, t.time
	case tokNumber:
		v.Kind = NumberLiteral
		v.Number, _ = wholeNumber(t.text) // the lexer tells nothing else a number
	case tokIdent:
		switch t.text {
		case "null":
			v.Kind = Null
		case "true", "false":
			v.Kind, v.Bool = BoolLiteral, t.text == "true"
		default:
			p.advance()
			if p.tok.kind != tokString {
				return v, p.fail(t.pos, "'"+t.text+"' is not a literal; text stands between single quotes")
			}
			v.Kind, v.EnumType, v.Text = EnumLiteral, t.text, p.tok.text
		}
	default:
		return v, p.unexpected("a literal")
	}
	p.advance()
	return v, nil
}

// isLiteralWord tells the words that are literals or operators and so can be
// no property.
func isLiteralWord(s string) bool {
	switch s {
	case "null", "true", "false", "and", "or", "not", "eq", "ne", "gt", "ge", "lt", "le", "in":
		return true
	}
	return false
}
