package odata

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// Predicate says whether a record passes. get returns the value of a property:
// nil for null, else string, bool, int64, time.Time or []string by its type.
type Predicate func(get func(name string) any) bool

// Check holds a filter against the schema and returns what evaluates it. The
// error is an [*Error]. input is the text the filter was read from, for the
// message.
func (s Schema) Check(e Expr, input string) (Predicate, error) {
	p, err := s.check(e, "")
	if err != nil {
		var oe *Error
		if errors.As(err, &oe) {
			oe.Option, oe.Input = "$filter", input
		}
		return nil, err
	}
	return p, nil
}

// Filter reads and checks a $filter in one step. An empty text passes all.
func (s Schema) Filter(input string) (Predicate, error) {
	if strings.TrimSpace(input) == "" {
		return func(func(string) any) bool { return true }, nil
	}
	e, err := ParseFilter(input)
	if err != nil {
		return nil, err
	}
	return s.Check(e, input)
}

// check builds the predicate. In a lambda's body, rangeVar is the variable
// that stands for one member of the collection.
func (s Schema) check(e Expr, rangeVar string) (Predicate, error) {
	switch e := e.(type) {
	case *And:
		return s.both(e.L, e.R, rangeVar, func(l, r bool) bool { return l && r })
	case *Or:
		return s.both(e.L, e.R, rangeVar, func(l, r bool) bool { return l || r })
	case *Not:
		x, err := s.check(e.X, rangeVar)
		if err != nil {
			return nil, err
		}
		return func(get func(string) any) bool { return !x(get) }, nil
	case *Compare:
		prop, err := s.property(e.Path, rangeVar)
		if err != nil {
			return nil, err
		}
		return prop.compare(e.Path, e.Op, e.Value)
	case *In:
		prop, err := s.property(e.Path, rangeVar)
		if err != nil {
			return nil, err
		}
		var alternatives []Predicate
		for _, v := range e.Values {
			p, err := prop.compare(e.Path, "eq", v)
			if err != nil {
				return nil, err
			}
			alternatives = append(alternatives, p)
		}
		return func(get func(string) any) bool {
			return slices.ContainsFunc(alternatives, func(p Predicate) bool { return p(get) })
		}, nil
	case *Call:
		prop, err := s.property(e.Path, rangeVar)
		if err != nil {
			return nil, err
		}
		return prop.call(e)
	case *Lambda:
		return s.lambda(e, rangeVar)
	}
	return nil, &Error{Pos: -1, Message: "the expression is not supported"}
}

func (s Schema) both(l, r Expr, rangeVar string, join func(l, r bool) bool) (Predicate, error) {
	lp, err := s.check(l, rangeVar)
	if err != nil {
		return nil, err
	}
	rp, err := s.check(r, rangeVar)
	if err != nil {
		return nil, err
	}
	return func(get func(string) any) bool { return join(lp(get), rp(get)) }, nil
}

func (s Schema) property(p Path, rangeVar string) (Property, error) {
	if rangeVar != "" {
		if p.Name == rangeVar {
			return Property{Type: String, Functions: []string{"startswith", "endswith", "contains"}}, nil
		}
		return Property{}, &Error{Pos: p.Pos, Message: "only the range variable '" + rangeVar + "' can be used inside of any and all"}
	}
	prop, ok := s.Properties[p.Name]
	if !ok {
		return prop, &Error{Pos: p.Pos, Message: "could not find a filterable property named '" + p.Name + "' on type '" + s.TypeName + "'"}
	}
	return prop, nil
}

func (s Schema) lambda(e *Lambda, rangeVar string) (Predicate, error) {
	prop, err := s.property(e.Path, rangeVar)
	if err != nil {
		return nil, err
	}
	if prop.Type != Strings {
		return nil, &Error{Pos: e.Path.Pos, Message: "'" + e.Path.Name + "' is not a collection, " + e.Name + " cannot be applied"}
	}
	body, err := s.check(e.Body, e.Var)
	if err != nil {
		return nil, err
	}
	return func(get func(string) any) bool {
		all, _ := get(e.Path.Name).([]string)
		holds := func(v string) bool { return body(func(string) any { return v }) }
		if e.Name == "any" {
			return slices.ContainsFunc(all, holds)
		}
		return !slices.ContainsFunc(all, func(v string) bool { return !holds(v) })
	}, nil
}

func (p Property) call(e *Call) (Predicate, error) {
	if p.Type != String || !slices.Contains(p.Functions, e.Name) {
		return nil, &Error{Pos: e.Path.Pos, Message: "function " + e.Name + " is not supported on property '" + e.Path.Name + "'"}
	}
	want := strings.ToLower(e.Value.Text)
	test := map[string]func(s, part string) bool{"startswith": strings.HasPrefix, "endswith": strings.HasSuffix, "contains": strings.Contains}[e.Name]
	return func(get func(string) any) bool {
		v, ok := get(e.Path.Name).(string)
		return ok && test(strings.ToLower(v), want)
	}, nil
}

func (p Property) compare(path Path, op string, v Literal) (Predicate, error) {
	if p.Type == Strings {
		return nil, &Error{Pos: path.Pos, Message: "'" + path.Name + "' is a collection; use any or all"}
	}
	ordered := op != "eq" && op != "ne"
	if ordered && (p.EqualityOnly || p.Type == Bool || p.Type == GUID || p.Type == Enum) {
		return nil, &Error{Pos: path.Pos, Message: "operator " + op + " is not supported on property '" + path.Name + "'"}
	}
	if v.Kind == Null {
		// null equals only null; every order comparison with it is false.
		return func(get func(string) any) bool {
			isNull := get(path.Name) == nil
			return op == "eq" && isNull || op == "ne" && !isNull
		}, nil
	}
	order, err := p.ordering(path, v)
	if err != nil {
		return nil, err
	}
	return func(get func(string) any) bool {
		got := get(path.Name)
		if got == nil {
			return op == "ne"
		}
		c, ok := order(got)
		if !ok {
			return false
		}
		switch op {
		case "eq":
			return c == 0
		case "ne":
			return c != 0
		case "gt":
			return c > 0
		case "ge":
			return c >= 0
		case "lt":
			return c < 0
		}
		return c <= 0
	}, nil
}

// ordering returns what compares a property's value with the literal. Text is
// compared without case, as Microsoft's directory and security filters do.
func (p Property) ordering(path Path, v Literal) (func(any) (int, bool), error) {
	mismatch := &Error{Pos: v.Pos, Message: "a binary operator with incompatible types was detected: '" + path.Name + "' is " + p.Type.String() + ", the value is " + v.edm()}
	switch p.Type {
	case String, GUID:
		if v.Kind != StringLiteral && v.Kind != GUIDLiteral || p.Type == String && v.Kind == GUIDLiteral {
			return nil, mismatch
		}
		if p.Type == GUID && !isGUID(v.Text) {
			return nil, &Error{Pos: v.Pos, Message: "'" + v.Text + "' is not a GUID, which property '" + path.Name + "' is"}
		}
		want := strings.ToLower(v.Text)
		return func(got any) (int, bool) {
			s, ok := got.(string)
			return strings.Compare(strings.ToLower(s), want), ok
		}, nil
	case Bool:
		if v.Kind != BoolLiteral {
			return nil, mismatch
		}
		return func(got any) (int, bool) {
			b, ok := got.(bool)
			if b == v.Bool {
				return 0, ok
			}
			return 1, ok
		}, nil
	case Int:
		if v.Kind != NumberLiteral {
			return nil, mismatch
		}
		return func(got any) (int, bool) {
			n, ok := got.(int64)
			switch {
			case n < v.Number:
				return -1, ok
			case n > v.Number:
				return 1, ok
			}
			return 0, ok
		}, nil
	case DateTime:
		if v.Kind != TimeLiteral {
			return nil, mismatch
		}
		return func(got any) (int, bool) {
			t, ok := got.(time.Time)
			return t.Compare(v.Time), ok
		}, nil
	case Enum:
		return p.enum(v, mismatch)
	}
	return nil, mismatch
}

func (p Property) enum(v Literal, mismatch error) (func(any) (int, bool), error) {
	if v.Kind != StringLiteral && v.Kind != EnumLiteral {
		return nil, mismatch
	}
	if v.Kind == EnumLiteral && (p.EnumName == "" || !strings.EqualFold(v.EnumType, p.EnumName)) {
		return nil, &Error{Pos: v.Pos, Message: "'" + v.EnumType + "' is not the type of the property"}
	}
	if !slices.ContainsFunc(p.Members, func(m string) bool { return strings.EqualFold(m, v.Text) }) {
		return nil, &Error{Pos: v.Pos, Message: "the string '" + v.Text + "' is not a member of the enumeration; its members are " + strings.Join(p.Members, ", ")}
	}
	return func(got any) (int, bool) {
		s, ok := got.(string)
		if strings.EqualFold(s, v.Text) {
			return 0, ok
		}
		return 1, ok
	}, nil
}
