package odata

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Expr is a node of a filter: [*And], [*Or], [*Not], [*Compare], [*In],
// [*Call] or [*Lambda].
type Expr interface {
	// String writes the node as a filter that reads back to the same tree.
	String() string
}

// And holds when both sides do.
type And struct{ L, R Expr }

// Or holds when either side does.
type Or struct{ L, R Expr }

// Not holds when X does not.
type Not struct{ X Expr }

// Compare compares a property with a literal. The parser turns a literal on
// the left around.
type Compare struct {
	Op    string // eq, ne, gt, ge, lt, le
	Path  Path
	Value Literal
}

// In holds when the property equals one of the values.
type In struct {
	Path   Path
	Values []Literal
}

// Call is startswith, endswith or contains.
type Call struct {
	Name  string
	Path  Path
	Value Literal
}

// Lambda is Collection/any(v:Body) or Collection/all(v:Body).
type Lambda struct {
	Name string // any, all
	Path Path   // the collection
	Var  string
	Body Expr
}

// Path names a property, with its place in the input.
type Path struct {
	Name string
	Pos  int
}

// LiteralKind tells which field of a Literal holds its value.
type LiteralKind int

// Kinds of literals.
const (
	Null LiteralKind = iota
	StringLiteral
	NumberLiteral
	BoolLiteral
	TimeLiteral
	GUIDLiteral
	EnumLiteral // EnumType'Text'
)

// Literal is a value in a filter.
type Literal struct {
	Kind     LiteralKind
	Pos      int
	Text     string // of strings, GUIDs and enums
	EnumType string
	Number   int64
	Bool     bool
	Time     time.Time
}

// String writes the literal as it stands in a URL, before percent encoding.
func (l Literal) String() string {
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	switch l.Kind {
	case StringLiteral:
		return quote(l.Text)
	case NumberLiteral:
		return strconv.FormatInt(l.Number, 10)
	case BoolLiteral:
		return strconv.FormatBool(l.Bool)
	case TimeLiteral:
		return l.Time.UTC().Format(time.RFC3339Nano)
	case GUIDLiteral:
		return l.Text
	case EnumLiteral:
		return l.EnumType + quote(l.Text)
	}
	return "null"
}

func (l Literal) edm() string {
	return [...]string{"null", "Edm.String", "Edm.Int64", "Edm.Boolean", "Edm.DateTimeOffset", "Edm.Guid", "Enum"}[l.Kind]
}

// String implements Expr.
func (e *And) String() string { return fmt.Sprintf("(%s and %s)", e.L, e.R) }

// String implements Expr.
func (e *Or) String() string { return fmt.Sprintf("(%s or %s)", e.L, e.R) }

// String implements Expr.
func (e *Not) String() string { return fmt.Sprintf("not (%s)", e.X) }

// String implements Expr.
func (e *Compare) String() string { return e.Path.Name + " " + e.Op + " " + e.Value.String() }

// String implements Expr.
func (e *In) String() string {
	parts := make([]string, len(e.Values))
	for i, v := range e.Values {
		parts[i] = v.String()
	}
	return e.Path.Name + " in (" + strings.Join(parts, ",") + ")"
}

// String implements Expr.
func (e *Call) String() string {
	return e.Name + "(" + e.Path.Name + "," + e.Value.String() + ")"
}

// String implements Expr.
func (e *Lambda) String() string {
	return e.Path.Name + "/" + e.Name + "(" + e.Var + ":" + e.Body.String() + ")"
}
