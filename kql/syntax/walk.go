package syntax

// A Visitor is called for each node that Walk meets. If Visit returns nil, the
// children of the node are left out; else Walk goes through them with the
// visitor it returned, and at their end calls its Visit with nil.
type Visitor interface {
	Visit(n Node) Visitor
}

// Walk goes through a tree, parents first and children in the order of the
// text.
func Walk(v Visitor, n Node) {
	if v = v.Visit(n); v == nil {
		return
	}
	w := walker{v}
	w.children(n)
	v.Visit(nil)
}

// Inspect calls f for each node of a tree, parents first and children in the
// order of the text, and with nil at the end of each node's children. If f
// returns false, the children are left out.
func Inspect(n Node, f func(Node) bool) { Walk(inspector(f), n) }

type inspector func(Node) bool

func (f inspector) Visit(n Node) Visitor {
	if f(n) {
		return f
	}
	return nil
}

// A walker goes through the children of one node. Its methods leave out what
// is not there.
type walker struct{ v Visitor }

func (w walker) expr(xs ...Expr) {
	for _, x := range xs {
		if x != nil {
			Walk(w.v, x)
		}
	}
}

func (w walker) name(n *Name) {
	if n != nil {
		Walk(w.v, n)
	}
}

func (w walker) typeName(t *TypeName) {
	if t != nil {
		Walk(w.v, t)
	}
}

func (w walker) schema(s *Schema) {
	if s != nil {
		Walk(w.v, s)
	}
}

// walkAll walks nodes of one kind.
func walkAll[N Node](w walker, nodes []N) {
	for _, n := range nodes {
		Walk(w.v, n)
	}
}

// children walks the children of n.
func (w walker) children(n Node) {
	switch n := n.(type) {
	case *Query:
		walkAll(w, n.Directives)
		walkAll(w, n.Statements)
	case Statement:
		w.statement(n)
	case Operator:
		w.operator(n)
	case Expr:
		w.exprChildren(n)
	default:
		w.part(n)
	}
}

func (w walker) statement(s Statement) {
	switch s := s.(type) {
	case *LetStmt:
		w.name(s.Name)
		w.expr(s.Value)
	case *SetStmt:
		w.name(s.Name)
		w.expr(s.Value)
	case *DeclareStmt:
		walkAll(w, s.Params)
	case *PatternStmt:
		w.name(s.Name)
		walkAll(w, s.Params)
		if s.Path != nil {
			Walk(w.v, s.Path)
		}
		walkAll(w, s.Rules)
	case *AliasStmt:
		w.name(s.Name)
		w.expr(s.Value)
	case *RestrictStmt:
		w.expr(s.Entities...)
		walkAll(w, s.With)
	case *ExprStmt:
		w.expr(s.X)
	}
}

// part walks the children of nodes that are parts of others.
func (w walker) part(n Node) {
	switch n := n.(type) {
	case *PatternRule:
		w.expr(n.Args...)
		w.expr(n.Path)
		Walk(w.v, n.Body)
	case *FuncBody:
		walkAll(w, n.Stmts)
	case *Param:
		w.name(n.Name)
		w.typeName(n.Type)
		w.schema(n.Schema)
		w.expr(n.Default)
	case *Schema:
		walkAll(w, n.Columns)
	case *ColumnDecl:
		w.name(n.Name)
		w.typeName(n.Type)
	case *OpParam:
		w.expr(n.Value)
	case *FindColumn:
		w.name(n.Name)
		w.typeName(n.Type)
	case *ForkBranch:
		w.name(n.Name)
		w.expr(n.Body)
	case *GraphPattern:
		walkAll(w, n.Parts)
	case *GraphNode:
		w.name(n.Name)
	case *GraphEdge:
		w.name(n.Name)
		w.expr(n.Min, n.Max)
	case *GraphOutput:
		w.name(n.As)
		walkAll(w, n.Params)
	case *GraphTableOn:
		w.expr(n.Table, n.Key)
	case *SeriesAgg:
		w.expr(n.X, n.Default)
	case *MvExpr:
		w.expr(n.X, n.To)
	case *ScanStep:
		w.name(n.Name)
		w.expr(n.Cond)
		walkAll(w, n.Assign)
	case *TopNestedLevel:
		w.expr(n.Count, n.Of, n.Others)
		Walk(w.v, n.By)
	case *BagEntry:
		w.expr(n.Key, n.Value)
	}
}

func (w walker) exprChildren(x Expr) {
	switch x := x.(type) {
	case *Pipeline:
		w.expr(x.Source)
		walkAll(w, x.Ops)
	case *ParenExpr:
		w.expr(x.X)
	case *UnaryExpr:
		w.expr(x.X)
	case *BinaryExpr:
		w.expr(x.X, x.Y)
	case *InExpr:
		w.expr(x.X)
		w.expr(x.List...)
	case *BetweenExpr:
		w.expr(x.X, x.Low, x.High)
	case *CallExpr:
		w.name(x.Func)
		w.expr(x.Args...)
	case *SubqueryExpr:
		walkAll(w, x.Params)
		w.expr(x.X)
	case *PathExpr:
		w.expr(x.X, x.Sel)
	case *IndexExpr:
		w.expr(x.X, x.Index)
	case *NamedExpr:
		walkAll(w, x.Names)
		w.expr(x.X)
	case *OrderedExpr:
		w.expr(x.X)
	case *DataTable:
		walkAll(w, x.Params)
		w.schema(x.Schema)
		w.expr(x.Values...)
	case *ExternalData:
		walkAll(w, x.Params)
		w.schema(x.Schema)
		w.expr(x.URIs...)
		walkAll(w, x.With)
	case *ViewCombine:
		w.expr(x.View, x.Base, x.Delta, x.Aggregations)
	case *EntityGroup:
		w.expr(x.Entities...)
	case *ContextTable:
		w.expr(x.ID)
		w.schema(x.Schema)
	case *DynamicLit:
		w.expr(x.Value)
	case *DynamicArray:
		w.expr(x.Elems...)
	case *DynamicBag:
		walkAll(w, x.Entries)
	case *TypeOf:
		w.typeName(x.Type)
		w.schema(x.Schema)
	case *FuncDecl:
		walkAll(w, x.Params)
		Walk(w.v, x.Body)
	case *NameList:
		walkAll(w, x.Names)
	}
}
