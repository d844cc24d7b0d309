package syntax

// Expressions.
type (
	// A Pipeline is a source and the operators its rows pass. Source is nil
	// if the first operator makes the rows itself (print, range, union …) or
	// gets them from its surroundings (the subqueries of mv-apply, fork,
	// partition …). A source without operators is no Pipeline but itself.
	// See learn.microsoft.com/kusto/query/tabular-expression-statements.
	Pipeline struct {
		Span
		Source Expr
		Ops    []Operator
	}

	// A NameRef refers to a column, table, variable or function by name.
	NameRef struct {
		Name
		// DataScope is the value of T datascope=hotcache, else empty.
		DataScope string
	}

	// A Wildcard is a name with asterisks, such as Device*. In brackets,
	// ['a b*'], Quoted is true.
	Wildcard struct {
		Span
		Pattern string
		Quoted  bool
	}

	// A Star is the * that stands for all columns.
	Star struct {
		Span
	}

	// A ParenExpr is an expression in parentheses.
	ParenExpr struct {
		Span
		X Expr
	}

	// A UnaryExpr is -X or +X.
	UnaryExpr struct {
		Span
		Op OpKind
		X  Expr
	}

	// A BinaryExpr is X Op Y. In predicates of search and find X may be a
	// *Star. See learn.microsoft.com/kusto/query/scalar-operators, and
	// …/datatypes-string-operators.
	BinaryExpr struct {
		Span
		Op     OpKind
		OpSpan Span
		X, Y   Expr
	}

	// An InExpr is X in (List), or one of !in, in~, !in~, has_any, has_all.
	// A tabular right side is a List of one.
	// See learn.microsoft.com/kusto/query/in-operator.
	InExpr struct {
		Span
		Op     OpKind
		OpSpan Span
		X      Expr
		List   []Expr
	}

	// A BetweenExpr is X between (Low .. High); Not is true for !between.
	// See learn.microsoft.com/kusto/query/between-operator.
	BetweenExpr struct {
		Span
		Not       bool
		OpSpan    Span
		X         Expr
		Low, High Expr
	}

	// A CallExpr is a call of a function, an aggregate or a plugin.
	CallExpr struct {
		Span
		Func *Name
		Args []Expr // *NamedExpr for a named argument, *Star for *
	}

	// A SubqueryExpr is toscalar(…), totable(…) or materialize(…), which take
	// a whole pipeline as their argument.
	// See learn.microsoft.com/kusto/query/toscalar-function.
	SubqueryExpr struct {
		Span
		Keyword string     // toscalar, totable, materialize
		Params  []*OpParam // kind=nooptimization
		X       Expr
	}

	// A PathExpr is X.Sel: a property of a dynamic value, or an entity of a
	// database. Sel is a *NameRef, *Wildcard or *CallExpr.
	PathExpr struct {
		Span
		X   Expr
		Sel Expr
	}

	// An IndexExpr is X[Index]; Dotted is true for the old form X.[Index].
	IndexExpr struct {
		Span
		X      Expr
		Index  Expr
		Dotted bool
	}

	// A NamedExpr is Name = X or (A, B) = X.
	NamedExpr struct {
		Span
		Names []*Name
		List  bool // the names are in parentheses
		X     Expr
	}

	// An OrderedExpr is an expression with its direction. The zero Order and
	// Nulls mean that none is written.
	// See learn.microsoft.com/kusto/query/sort-operator.
	OrderedExpr struct {
		Span
		X     Expr
		Order string // asc, desc, granny-asc, granny-desc, or empty
		Nulls string // first, last, or empty
	}

	// A DataTable is a table written out.
	// See learn.microsoft.com/kusto/query/datatable-operator.
	DataTable struct {
		Span
		Params []*OpParam
		Schema *Schema
		Values []Expr // row by row
	}

	// An ExternalData is a table read from outside.
	// See learn.microsoft.com/kusto/query/externaldata-operator.
	ExternalData struct {
		Span
		Keyword string // externaldata or external_data
		Params  []*OpParam
		Schema  *Schema
		URIs    []Expr
		With    []*OpParam
	}

	// A ViewCombine is materialized-view-combine(Name) base (…) delta (…)
	// aggregations (…), which the service writes for itself.
	ViewCombine struct {
		Span
		View         Expr
		Base, Delta  Expr
		Aggregations Expr
	}

	// An EntityGroup is entity_group [A, B].
	// See learn.microsoft.com/kusto/query/entity-groups.
	EntityGroup struct {
		Span
		Entities []Expr
	}

	// A ContextTable is the table that a service-made subquery reads.
	ContextTable struct {
		Span
		ID     Expr
		Schema *Schema
	}

	// A BadExpr stands where an expression is missing or cannot be read.
	BadExpr struct {
		Span
	}
)

// Literals. See learn.microsoft.com/kusto/query/scalar-data-types.
type (
	// A Literal is a value written out that is neither text nor dynamic.
	Literal struct {
		Span
		Kind LiteralKind
		Raw  string // as written: 5, 0x1F, 1d, datetime(2026-01-01), long(null)
	}

	// A StringLit is one or more string literals beside each other, which
	// the language joins.
	// See learn.microsoft.com/kusto/query/scalar-data-types/string.
	StringLit struct {
		Span
		Parts []StringPart
		Value string // all parts, unescaped and joined
	}

	// A StringPart is one string literal.
	StringPart struct {
		Span
		Raw    string // as written, with prefix and quotes
		Value  string // unescaped
		Hidden bool   // h"…": not to be shown in logs
	}

	// A DynamicLit is dynamic(…).
	// See learn.microsoft.com/kusto/query/scalar-data-types/dynamic.
	DynamicLit struct {
		Span
		// Value is a *DynamicArray, *DynamicBag, *Literal (with kind NullLit
		// for null), *StringLit or *UnaryExpr with a number.
		Value Expr
	}

	// A DynamicArray is […] in a dynamic literal.
	DynamicArray struct {
		Span
		Elems []Expr
	}

	// A DynamicBag is {…} in a dynamic literal.
	DynamicBag struct {
		Span
		Entries []*BagEntry
	}

	// A TypeOf is typeof(long), typeof(*) or typeof(a: string, b: long).
	TypeOf struct {
		Span
		Type   *TypeName // nil if a schema is given
		Schema *Schema   // nil if a type is given
	}
)

// A BagEntry is a key and its value in a dynamic literal.
type BagEntry struct {
	Span
	Key   Expr // *StringLit, or *NameRef
	Value Expr
}

// LiteralKind is the type of a Literal.
type LiteralKind uint8

// The kinds of literals that Literal holds.
const (
	NullLit LiteralKind = iota // null, in dynamic literals only
	BoolLit
	IntLit
	LongLit
	RealLit
	DecimalLit
	DateTimeLit
	TimeSpanLit
	GuidLit
)

// String returns the Kusto name of the type.
func (k LiteralKind) String() string {
	names := [...]string{"null", "bool", "int", "long", "real", "decimal", "datetime", "timespan", "guid"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

func (*Pipeline) expr()     {}
func (*NameRef) expr()      {}
func (*Wildcard) expr()     {}
func (*Star) expr()         {}
func (*ParenExpr) expr()    {}
func (*UnaryExpr) expr()    {}
func (*BinaryExpr) expr()   {}
func (*InExpr) expr()       {}
func (*BetweenExpr) expr()  {}
func (*CallExpr) expr()     {}
func (*SubqueryExpr) expr() {}
func (*PathExpr) expr()     {}
func (*IndexExpr) expr()    {}
func (*NamedExpr) expr()    {}
func (*OrderedExpr) expr()  {}
func (*DataTable) expr()    {}
func (*ExternalData) expr() {}
func (*ViewCombine) expr()  {}
func (*EntityGroup) expr()  {}
func (*ContextTable) expr() {}
func (*BadExpr) expr()      {}
func (*Literal) expr()      {}
func (*StringLit) expr()    {}
func (*DynamicLit) expr()   {}
func (*DynamicArray) expr() {}
func (*DynamicBag) expr()   {}
func (*TypeOf) expr()       {}
func (*FuncDecl) expr()     {}
