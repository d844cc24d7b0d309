package odata

import (
	"cmp"
	"slices"
	"strings"
)

func (r Resource[T]) compile(e Expr) (func(T) bool, error) {
	switch e := e.(type) {
	case *And:
		left, right, err := r.both(e.L, e.R)
		if err != nil {
			return nil, err
		}
		return func(v T) bool { return left(v) && right(v) }, nil
	case *Or:
		left, right, err := r.both(e.L, e.R)
		if err != nil {
			return nil, err
		}
		return func(v T) bool { return left(v) || right(v) }, nil
	case *Not:
		x, err := r.compile(e.X)
		if err != nil {
			return nil, err
		}
		return func(v T) bool { return !x(v) }, nil
	case *Compare:
		f, err := r.field(e.Path)
		if err != nil {
			return nil, err
		}
		return f.compare(e.Path, e.Op, e.Value)
	case *In:
		return r.in(e)
	case *Call:
		f, err := r.field(e.Path)
		if err != nil {
			return nil, err
		}
		return f.call(e)
	case *Lambda:
		return r.lambda(e)
	}
	return nil, &Error{Pos: -1, Message: "the expression is not supported"}
}

func (r Resource[T]) both(l, right Expr) (lp, rp func(T) bool, err error) {
	if lp, err = r.compile(l); err != nil {
		return nil, nil, err
	}
	rp, err = r.compile(right)
	return lp, rp, err
}

func (r Resource[T]) in(e *In) (func(T) bool, error) {
	f, err := r.field(e.Path)
	if err != nil {
		return nil, err
	}
	alternatives := make([]func(T) bool, 0, len(e.Values))
	for _, v := range e.Values {
		p, err := f.compare(e.Path, "eq", v)
		if err != nil {
			return nil, err
		}
		alternatives = append(alternatives, p)
	}
	return func(v T) bool {
		for _, p := range alternatives {
			if p(v) {
				return true
			}
		}
		return false
	}, nil
}

// lambda compiles the body against one text, the member of the collection.
func (r Resource[T]) lambda(e *Lambda) (func(T) bool, error) {
	f, err := r.field(e.Path)
	if err != nil {
		return nil, err
	}
	if f.Type != Strings {
		return nil, &Error{Pos: e.Path.Pos, Message: "'" + e.Path.Name + "' is not a collection, " + e.Name + " cannot be applied"}
	}
	member := Resource[string]{rangeVar: e.Var, Fields: map[string]Field[string]{e.Var: {
		Property: Property{Type: String, Functions: []string{"startswith", "endswith", "contains"}},
		Text:     func(s string) (string, bool) { return s, true },
	}}}
	body, err := member.compile(e.Body)
	if err != nil {
		return nil, err
	}
	list := f.List
	if e.Name == "any" {
		return func(v T) bool { return slices.ContainsFunc(list(v), body) }, nil
	}
	return func(v T) bool {
		for _, s := range list(v) {
			if !body(s) {
				return false
			}
		}
		return true
	}, nil
}

func (f Field[T]) call(e *Call) (func(T) bool, error) {
	if f.Type != String || !slices.Contains(f.Functions, e.Name) {
		return nil, &Error{Pos: e.Path.Pos, Message: "function " + e.Name + " is not supported on property '" + e.Path.Name + "'"}
	}
	part := strings.ToLower(e.Value.Text)
	test := map[string]func(s, part string) bool{"startswith": strings.HasPrefix, "endswith": strings.HasSuffix, "contains": strings.Contains}[e.Name]
	text := f.Text
	return func(v T) bool {
		s, ok := text(v)
		return ok && test(strings.ToLower(s), part) // ToLower copies only what has capitals
	}, nil
}

func (f Field[T]) compare(path Path, op string, v Literal) (func(T) bool, error) {
	if f.Type == Strings {
		return nil, &Error{Pos: path.Pos, Message: "'" + path.Name + "' is a collection; use any or all"}
	}
	ordered := op != "eq" && op != "ne"
	if ordered && (f.EqualityOnly || f.Type == Bool || f.Type == GUID || f.Type == Enum) {
		return nil, &Error{Pos: path.Pos, Message: "operator " + op + " is not supported on property '" + path.Name + "'"}
	}
	if v.Kind == Null {
		return f.compareNull(op), nil
	}
	order, err := f.ordering(path, v)
	if err != nil {
		return nil, err
	}
	// A null equals nothing but null, and every order comparison with it is
	// false.
	switch op {
	case "eq":
		return func(v T) bool { c, ok := order(v); return ok && c == 0 }, nil
	case "ne":
		return func(v T) bool { c, ok := order(v); return !ok || c != 0 }, nil
	case "gt":
		return func(v T) bool { c, ok := order(v); return ok && c > 0 }, nil
	case "ge":
		return func(v T) bool { c, ok := order(v); return ok && c >= 0 }, nil
	case "lt":
		return func(v T) bool { c, ok := order(v); return ok && c < 0 }, nil
	}
	return func(v T) bool { c, ok := order(v); return ok && c <= 0 }, nil
}

func (f Field[T]) compareNull(op string) func(T) bool {
	var present func(T) bool
	switch f.Type {
	case Bool:
		present = func(v T) bool { _, ok := f.Bool(v); return ok }
	case Int:
		present = func(v T) bool { _, ok := f.Int(v); return ok }
	case DateTime:
		present = func(v T) bool { _, ok := f.Time(v); return ok }
	default:
		present = func(v T) bool { _, ok := f.Text(v); return ok }
	}
	switch op {
	case "eq":
		return func(v T) bool { return !present(v) }
	case "ne":
		return present
	}
	return func(T) bool { return false }
}

// ordering returns what compares a property with the literal; false means the
// property is null. Text is compared without case, as Microsoft's directory
// and security filters do.
func (f Field[T]) ordering(path Path, v Literal) (func(T) (int, bool), error) {
	mismatch := &Error{Pos: v.Pos, Message: "a binary operator with incompatible types was detected: '" + path.Name + "' is " + f.Type.String() + ", the value is " + v.edm()}
	switch f.Type {
	case String, GUID:
		if v.Kind != StringLiteral && v.Kind != GUIDLiteral || f.Type == String && v.Kind == GUIDLiteral {
			return nil, mismatch
		}
		if f.Type == GUID && !isGUID(v.Text) {
			return nil, &Error{Pos: v.Pos, Message: "'" + v.Text + "' is not a GUID, which property '" + path.Name + "' is"}
		}
		text, want := f.Text, strings.ToLower(v.Text)
		return func(v T) (int, bool) { s, ok := text(v); return compareLower(s, want), ok }, nil
	case Bool:
		if v.Kind != BoolLiteral {
			return nil, mismatch
		}
		read, want := f.Bool, v.Bool
		return func(v T) (int, bool) {
			b, ok := read(v)
			if b == want {
				return 0, ok
			}
			return 1, ok
		}, nil
	case Int:
		return f.number(v, mismatch)
	case DateTime:
		if v.Kind != TimeLiteral {
			return nil, mismatch
		}
		read, want := f.Time, v.Time
		return func(v T) (int, bool) { t, ok := read(v); return t.Compare(want), ok }, nil
	case Enum:
		return f.enum(v, mismatch)
	}
	return nil, mismatch
}

func (f Field[T]) number(v Literal, mismatch error) (func(T) (int, bool), error) {
	want := v.Number
	switch {
	case v.Kind == NumberLiteral:
	case f.Quoted && v.Kind == StringLiteral:
		n, ok := wholeNumber(v.Text)
		if !ok {
			return nil, &Error{Pos: v.Pos, Message: "'" + v.Text + "' is not a whole number"}
		}
		want = n
	default:
		return nil, mismatch
	}
	read := f.Int
	return func(v T) (int, bool) { n, ok := read(v); return cmp.Compare(n, want), ok }, nil
}

func (f Field[T]) enum(v Literal, mismatch error) (func(T) (int, bool), error) {
	if v.Kind != StringLiteral && v.Kind != EnumLiteral {
		return nil, mismatch
	}
	if v.Kind == EnumLiteral && (f.EnumName == "" || !strings.EqualFold(v.EnumType, f.EnumName)) {
		return nil, &Error{Pos: v.Pos, Message: "'" + v.EnumType + "' is not the type of the property"}
	}
	if !slices.ContainsFunc(f.Members, func(m string) bool { return strings.EqualFold(m, v.Text) }) {
		return nil, &Error{Pos: v.Pos, Message: "the string '" + v.Text + "' is not a member of the enumeration; its members are " + strings.Join(f.Members, ", ")}
	}
	text, want := f.Text, strings.ToLower(v.Text)
	return func(v T) (int, bool) { s, ok := text(v); return compareLower(s, want), ok }, nil
}

// compareLower compares s in lower case with lower, without a copy of s while
// it is ASCII.
func compareLower(s, lower string) int {
	for i := range min(len(s), len(lower)) {
		c := s[i]
		if c >= 0x80 {
			return strings.Compare(strings.ToLower(s[i:]), lower[i:])
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return cmp.Compare(c, lower[i])
		}
	}
	return cmp.Compare(len(s), len(lower))
}
