package syntax

// An OpHead is what every operator has. Its span is that of the whole
// operator, without the bar before it.
type OpHead struct {
	Span
	Bar     Span       // the bar before the operator; empty if there is none
	Keyword string     // as written: where or filter, mv-expand or mvexpand …
	KeyEnd  int        // where the keyword ends
	Params  []*OpParam // name=value pairs that follow the keyword
}

// Head returns h.
func (h *OpHead) Head() *OpHead { return h }

func (*OpHead) operator() {}

// An OpParam is a parameter of an operator, kind=inner, or a property in
// with (…). It is not evaluated: its value is a literal or a word.
type OpParam struct {
	Span
	Name string // hint.strategy, kind, isfuzzy …
	// Value is a literal, a *NameRef for a word or a column, or a *NameList
	// where several columns may stand.
	Value Expr
	// Bare is true if no equal sign stands between name and value.
	Bare bool
}

// A NameList is a list of columns as the value of a parameter.
type NameList struct {
	Span
	Names []*NameRef
}

func (*NameList) expr() {}

// Operators. Unless said otherwise a source page is
// learn.microsoft.com/kusto/query/ and the name in parentheses.
type (
	// An AsOp names the rows so far (as-operator).
	AsOp struct {
		OpHead
		Name *Name
	}

	// An AssertSchemaOp is assert-schema (…).
	AssertSchemaOp struct {
		OpHead
		Schema *Schema
	}

	// A ConsumeOp reads and drops all rows (consume-operator).
	ConsumeOp struct{ OpHead }

	// A CountOp counts rows (count-operator). As is nil if no name is given.
	CountOp struct {
		OpHead
		As *Name
	}

	// A DistinctOp is distinct * or a list (distinct-operator).
	DistinctOp struct {
		OpHead
		Exprs []Expr // a *Star alone, or expressions
	}

	// An EvaluateOp calls a plugin (evaluate-operator). Schema is nil if none
	// is given.
	EvaluateOp struct {
		OpHead
		Call   Expr // *CallExpr
		Schema *Schema
	}

	// An ExecuteAndCacheOp is what the service writes for itself.
	ExecuteAndCacheOp struct{ OpHead }

	// An ExtendOp adds columns (extend-operator).
	ExtendOp struct {
		OpHead
		Exprs []Expr
	}

	// A FacetOp makes one table per column (facet-operator). With is nil if
	// there is none; WithParens tells whether it is in parentheses.
	FacetOp struct {
		OpHead
		By         []Expr
		With       *Pipeline
		WithParens bool
	}

	// A FindOp searches tables (find-operator).
	FindOp struct {
		OpHead
		DataScope   string // value of datascope=…, or empty
		In          []Expr // tables; nil if all
		Where       bool   // the word where stands before the predicate
		Predicate   Expr
		Project     []*FindColumn // nil if there is no project
		Smart       bool          // project-smart
		ProjectAway []*FindColumn // nil if there is no project-away
	}

	// A FindColumn is a column in find's project: Name[: type], pack(*), or *
	// in project-away.
	FindColumn struct {
		Span
		Name *Name     // nil for pack(*) and *
		Type *TypeName // nil if none
		Pack bool
		Star bool
	}

	// A ForkOp runs several pipelines over the same rows (fork-operator).
	ForkOp struct {
		OpHead
		Branches []*ForkBranch
	}

	// A ForkBranch is [Name =] ( Body ).
	ForkBranch struct {
		Span
		Name *Name // nil if none
		Body *Pipeline
	}

	// A GetSchemaOp gives the columns of its input (getschema-operator).
	GetSchemaOp struct{ OpHead }

	// An InvokeOp calls a function on the rows (invoke-operator).
	InvokeOp struct {
		OpHead
		Call Expr // *CallExpr or *PathExpr
	}

	// A JoinOp is join or lookup (join-operator, lookup-operator). HasOn is
	// true if the word on is there.
	JoinOp struct {
		OpHead
		Lookup bool
		Right  Expr
		HasOn  bool
		On     []Expr
		Where  Expr // nil if none
	}

	// A MacroExpandOp runs statements for each entity of a group
	// (macro-expand-operator).
	MacroExpandOp struct {
		OpHead
		Group Expr
		Scope *Name // nil if none
		Stmts []Statement
	}

	// A MakeSeriesOp makes series (make-series-operator).
	MakeSeriesOp struct {
		OpHead
		Aggs           []*SeriesAgg
		On             Expr
		From, To, Step Expr   // nil if not given
		InRange        bool   // the old form in range(From, To, Step)
		By             []Expr // nil if none
	}

	// A SeriesAgg is an aggregate and its default.
	SeriesAgg struct {
		Span
		X       Expr
		Default Expr // nil if none
	}

	// An MvExpandOp is mv-expand (mv-expand-operator).
	MvExpandOp struct {
		OpHead
		Exprs []*MvExpr
		Limit Expr // nil if none
	}

	// An MvExpr is [Name =] X [to typeof(T)].
	MvExpr struct {
		Span
		X  Expr
		To Expr // *TypeOf, or nil
	}

	// An MvApplyOp is mv-apply (mv-apply-operator).
	MvApplyOp struct {
		OpHead
		Exprs []*MvExpr
		Limit Expr // nil if none
		ID    Expr // nil if none
		Body  Expr // *Pipeline
	}

	// A ParseOp is parse or parse-where (parse-operator,
	// parse-where-operator). Kind and flags are among the parameters.
	ParseOp struct {
		OpHead
		Where   bool
		X       Expr
		Pattern []ParsePart
	}

	// A ParsePart is a *Star, a *StringLit or a *ColumnDecl of a pattern.
	ParsePart interface{ Node }

	// A ParseKVOp is parse-kv (parse-kv-operator).
	ParseKVOp struct {
		OpHead
		X      Expr
		Schema *Schema
		With   []*OpParam
	}

	// A PartitionOp runs a pipeline per value (partition-operator).
	PartitionOp struct {
		OpHead
		By     Expr
		In     Expr // nil if none
		Braces bool // { } around a whole query, not ( ) around a subquery
		ID     Expr // of __partitionby; nil if none
		Body   Expr
	}

	// A PrintOp makes one row (print-operator).
	PrintOp struct {
		OpHead
		Exprs []Expr
	}

	// A ProjectOp is project, project-rename or project-by-names
	// (project-operator, project-rename-operator).
	ProjectOp struct {
		OpHead
		Exprs []Expr
	}

	// A ProjectNamesOp is project-away or project-keep
	// (project-away-operator, project-keep-operator).
	ProjectNamesOp struct {
		OpHead
		Columns []Expr // *NameRef or *Wildcard
	}

	// A ProjectReorderOp is project-reorder (project-reorder-operator).
	ProjectReorderOp struct {
		OpHead
		Columns []*OrderedExpr // of *NameRef or *Wildcard
	}

	// A RangeOp makes rows of a sequence (range-operator).
	RangeOp struct {
		OpHead
		Column         *Name
		From, To, Step Expr
	}

	// A ReduceOp groups strings by likeness (reduce-operator).
	ReduceOp struct {
		OpHead
		By   Expr
		With []*OpParam // nil if none
	}

	// A RenderOp asks for a chart (render-operator).
	RenderOp struct {
		OpHead
		Chart string     // empty if missing
		With  []*OpParam // properties
		Old   bool       // properties without with (…)
	}

	// A SampleOp is sample or sample-distinct (sample-operator,
	// sample-distinct-operator).
	SampleOp struct {
		OpHead
		Count Expr
		Of    Expr // of sample-distinct; else nil
	}

	// A ScanOp is scan (scan-operator).
	ScanOp struct {
		OpHead
		OrderBy     []Expr   // nil if none
		PartitionBy []Expr   // nil if none
		Declare     []*Param // nil if none
		Steps       []*ScanStep
	}

	// A ScanStep is step Name [optional] [output=…] : Cond [=> A = X, …];
	ScanStep struct {
		Span
		Name     *Name
		Optional bool
		Output   string // all, last, none, or empty
		Cond     Expr
		Assign   []*NamedExpr
	}

	// A SearchOp is search (search-operator).
	SearchOp struct {
		OpHead
		DataScope string
		In        []Expr // tables; nil if all
		Predicate Expr
	}

	// A SerializeOp fixes the order (serialize-operator).
	SerializeOp struct {
		OpHead
		Exprs []Expr
	}

	// A SortOp is sort by or order by (sort-operator).
	SortOp struct {
		OpHead
		By []*OrderedExpr
	}

	// A SummarizeOp is summarize (summarize-operator). HasBy is true if the
	// word by is there; Bin is the old bin=… behind it.
	SummarizeOp struct {
		OpHead
		Aggs  []Expr
		HasBy bool
		By    []Expr
		Bin   Expr // nil if none
	}

	// A TakeOp is take or limit (take-operator).
	TakeOp struct {
		OpHead
		Count Expr
	}

	// A TopOp is top (top-operator).
	TopOp struct {
		OpHead
		Count Expr
		By    *OrderedExpr
	}

	// A TopHittersOp is top-hitters (top-hitters-operator).
	TopHittersOp struct {
		OpHead
		Count Expr
		Of    Expr
		By    *OrderedExpr // nil if none
	}

	// A TopNestedOp is top-nested (top-nested-operator).
	TopNestedOp struct {
		OpHead
		Levels []*TopNestedLevel
	}

	// A TopNestedLevel is top-nested [N] of X [with others=Y] by Z.
	TopNestedLevel struct {
		Span
		Count  Expr // nil if none
		Of     Expr
		Others Expr // nil if none
		By     *OrderedExpr
	}

	// A UnionOp is union (union-operator).
	UnionOp struct {
		OpHead
		Tables []Expr
	}

	// A WhereOp is where or filter (where-operator).
	WhereOp struct {
		OpHead
		Predicate Expr
	}

	// A BadOp stands for text that is no operator.
	BadOp struct{ OpHead }
)
