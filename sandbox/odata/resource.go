package odata

import (
	"errors"
	"strings"
	"time"
)

// Field is a property of a T that a filter may name, and how it is read. Of
// the functions only the one of the property's type is called: Text for
// String, GUID and Enum, Bool, Int, Time for DateTime, List for Strings. The
// second result is false for null.
type Field[T any] struct {
	Property
	Text func(T) (string, bool)
	Bool func(T) (bool, bool)
	Int  func(T) (int64, bool)
	Time func(T) (time.Time, bool)
	List func(T) []string
}

// Resource is what a filter over values of type T may speak of. A filter is
// compiled to closures over the fields' functions, so that evaluating it reads
// only what it names and allocates nothing for texts in ASCII.
type Resource[T any] struct {
	TypeName string // for messages, such as "microsoft.graph.security.incident"
	Fields   map[string]Field[T]
	// AnyCase compares the names of properties without case, for the APIs whose
	// pages write them both ways. OData itself compares them with case.
	AnyCase bool

	rangeVar string // in a lambda's body: the one name that may be used
}

// Filter reads, checks and compiles a $filter. An empty text passes all. The
// error is an [*Error].
func (r Resource[T]) Filter(input string) (func(T) bool, error) {
	if strings.TrimSpace(input) == "" {
		return func(T) bool { return true }, nil
	}
	e, err := ParseFilter(input)
	if err != nil {
		return nil, err
	}
	return r.Compile(e, input)
}

// Compile holds a filter against the resource and returns what evaluates it.
// The error is an [*Error]. input is the text the filter was read from, for
// the message.
func (r Resource[T]) Compile(e Expr, input string) (func(T) bool, error) {
	p, err := r.compile(e)
	if err != nil {
		var oe *Error
		if errors.As(err, &oe) {
			oe.Option, oe.Input = "$filter", input
		}
		return nil, err
	}
	return p, nil
}

func (r Resource[T]) field(p Path) (Field[T], error) {
	f, ok := r.Fields[p.Name]
	if !ok && r.AnyCase {
		for name, candidate := range r.Fields {
			if strings.EqualFold(name, p.Name) {
				f, ok = candidate, true
				break
			}
		}
	}
	switch {
	case ok:
		return f, nil
	case r.rangeVar != "":
		return f, &Error{Pos: p.Pos, Message: "only the range variable '" + r.rangeVar + "' can be used inside of any and all"}
	}
	return f, &Error{Pos: p.Pos, Message: "could not find a filterable property named '" + p.Name + "' on type '" + r.TypeName + "'"}
}
