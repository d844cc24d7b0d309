package syntax

// A Span is a half-open range of byte offsets into the text of a query.
type Span struct {
	Start, End int
}

// Position returns the span itself, so that every struct that embeds a Span
// says where it is.
func (s Span) Position() Span { return s }

// A Node is a part of a query that knows its place in the text. The span of a
// node covers all its children, and neither blanks nor comments around it.
type Node interface {
	Position() Span
}

// An Expr is a scalar or tabular expression. The language draws the line
// between the two by what names refer to, so syntax cannot.
type Expr interface {
	Node
	expr()
}

// An Operator is one step of a pipeline. Operators that can begin a pipeline
// (find, print, range, search, union, evaluate, macro-expand) are steps too.
type Operator interface {
	Node
	operator()
	// Head returns what all operators have: keyword and parameters.
	Head() *OpHead
}

// A Statement is one of the parts of a query between semicolons.
type Statement interface {
	Node
	statement()
}

// A Query is a parsed text. See learn.microsoft.com/kusto/query/statements.
type Query struct {
	Span
	Text       string       // as given to Parse; every span points into it
	Directives []*Directive // lines beginning with # before the first statement
	Statements []Statement  // in order; empty statements are left out
	// Comments holds every comment of the text in order. They belong to no
	// node: a printer puts them back by their position.
	Comments []Comment
}

// A Comment runs from // to the end of its line, without the line break.
// See learn.microsoft.com/kusto/query/comment.
type Comment struct {
	Span
	Text string // with its slashes
	// OwnLine is true if nothing but blanks stands before it on its line.
	OwnLine bool
}

// A Directive is a line such as "#connect cluster(…)", meant for the tool that
// sends the query and not for the service.
type Directive struct {
	Span
	Name string // without #
	Text string // the whole line, with #
}

// Statements.
type (
	// A LetStmt names a value, a table or a function.
	// See learn.microsoft.com/kusto/query/let-statement.
	LetStmt struct {
		Span
		Name *Name
		// Value is any expression, or a *FuncDecl, or an *EntityGroup.
		Value Expr
	}

	// A SetStmt sets a request property; Value is nil if none is given.
	// See learn.microsoft.com/kusto/query/set-statement.
	SetStmt struct {
		Span
		Name  *Name
		Value Expr // *NameRef or *Literal
	}

	// A DeclareStmt is declare query_parameters(…).
	// See learn.microsoft.com/kusto/query/query-parameters-statement.
	DeclareStmt struct {
		Span
		Params []*Param
	}

	// A PatternStmt is declare pattern; without parameters and rules it only
	// announces the name.
	// See learn.microsoft.com/kusto/query/pattern-statement.
	PatternStmt struct {
		Span
		Name   *Name
		Params []*Param // nil if only announced
		Path   *Param   // nil if none
		Rules  []*PatternRule
	}

	// An AliasStmt is alias database Name = Value.
	// See learn.microsoft.com/kusto/query/alias-statement.
	AliasStmt struct {
		Span
		Name  *Name
		Value Expr
	}

	// A RestrictStmt limits the tables that later statements see.
	// See learn.microsoft.com/kusto/query/restrict-statement.
	RestrictStmt struct {
		Span
		Entities []Expr     // *NameRef, *Wildcard or *PathExpr
		With     []*OpParam // nil if none
	}

	// An ExprStmt is an expression whose value is a result of the query.
	// See learn.microsoft.com/kusto/query/tabular-expression-statements.
	ExprStmt struct {
		Span
		X Expr
	}

	// A BadStmt stands for text that is no statement.
	BadStmt struct {
		Span
	}
)

// A PatternRule is one case of a pattern: ("a", "b").["p"] = { body }.
type PatternRule struct {
	Span
	Args []Expr
	Path Expr // nil if none
	Body *FuncBody
}

// A FuncDecl is the value of a let that declares a function or a view.
// See learn.microsoft.com/kusto/query/functions/user-defined-functions.
type FuncDecl struct {
	Span
	View   bool
	Params []*Param
	Body   *FuncBody
}

// A FuncBody is the text in braces of a function. Its last statement, if it is
// an *ExprStmt, is the value.
type FuncBody struct {
	Span
	Stmts []Statement
}

// A Param is a parameter of a function, a query or a pattern, or a declared
// variable of scan.
type Param struct {
	Span
	Name    *Name
	Type    *TypeName // nil if the parameter is a table, or has no type
	Schema  *Schema   // of a table; nil if the parameter is a scalar
	Default Expr      // nil if none
}

// A TypeName is the name of a scalar type, as it was written.
// See learn.microsoft.com/kusto/query/scalar-data-types.
type TypeName struct {
	Span
	Name string // bool, date, datetime, …
}

// A Schema lists columns in parentheses: (a: string, b: long).
type Schema struct {
	Span
	// Star is true for (*), and for evaluate's (*, a: string).
	Star    bool
	Columns []*ColumnDecl
}

// A ColumnDecl is a column and its type. Type is nil where it may be missing
// and is.
type ColumnDecl struct {
	Span
	Name *Name
	Type *TypeName
}

// A Name is a name at a place where one is declared or referred to.
// See learn.microsoft.com/kusto/query/schema-entities/entity-names.
type Name struct {
	Span
	// Text is the name itself, without brackets and quotes. It is empty if a
	// name is missing, which a diagnostic then tells.
	Text string
	// Quoted is true for the bracketed forms ['a b'] and ["a b"].
	Quoted bool
	// Braced is true for {a}, which a tool replaces before it sends the query.
	Braced bool
}

func (*LetStmt) statement()      {}
func (*SetStmt) statement()      {}
func (*DeclareStmt) statement()  {}
func (*PatternStmt) statement()  {}
func (*AliasStmt) statement()    {}
func (*RestrictStmt) statement() {}
func (*ExprStmt) statement()     {}
func (*BadStmt) statement()      {}
