package syntax

// Operators on graphs. See learn.microsoft.com/kusto/query/graph-operators.
type (
	// A GraphMarkComponentsOp numbers connected parts
	// (graph-mark-components-operator).
	GraphMarkComponentsOp struct{ OpHead }

	// A GraphMatchOp is graph-match or graph-shortest-paths
	// (graph-match-operator, graph-shortest-paths-operator).
	GraphMatchOp struct {
		OpHead
		Shortest bool
		Patterns []*GraphPattern
		Where    Expr   // nil if none
		Project  []Expr // nil if none
	}

	// A GraphPattern is nodes joined by edges.
	GraphPattern struct {
		Span
		Parts []GraphPart
	}

	// A GraphPart is a *GraphNode or a *GraphEdge.
	GraphPart interface {
		Node
		graphPart()
	}

	// A GraphNode is (Name); Name is nil if none is given.
	GraphNode struct {
		Span
		Name *Name
	}

	// A GraphEdge is --, --> or <--, or one of these with a name and a range
	// of steps: -[Name*1..3]->.
	GraphEdge struct {
		Span
		Left, Right bool // the arrow has a head on that side
		Bracketed   bool
		Name        *Name // nil if none
		Min, Max    Expr  // nil if no range is given
	}

	// A GraphToTableOp turns a graph into tables (graph-to-table-operator).
	GraphToTableOp struct {
		OpHead
		Outputs []*GraphOutput
	}

	// A GraphOutput is nodes or edges, its name and parameters.
	GraphOutput struct {
		Span
		Kind   string // nodes or edges
		As     *Name  // nil if none
		Params []*OpParam
	}

	// A GraphWhereOp is graph-where-nodes or graph-where-edges.
	GraphWhereOp struct {
		OpHead
		Edges     bool
		Predicate Expr
	}

	// A MakeGraphOp makes a graph of rows (make-graph-operator).
	MakeGraphOp struct {
		OpHead
		Source, Target *NameRef
		Directed       bool            // --> and not --
		NodeID         *Name           // with_node_id=; nil if none
		With           []*GraphTableOn // nil if none
		PartitionedBy  Expr            // nil if none
		Subquery       Expr            // of PartitionedBy
	}

	// A GraphTableOn is a table of nodes and its key: Table on Key.
	GraphTableOn struct {
		Span
		Table Expr
		Key   *NameRef
	}
)

func (*GraphNode) graphPart() {}
func (*GraphEdge) graphPart() {}
