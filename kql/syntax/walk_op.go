package syntax

// operator walks the children of an operator.
func (w walker) operator(op Operator) {
	walkAll(w, op.Head().Params)
	switch op := op.(type) {
	case *AsOp:
		w.name(op.Name)
	case *AssertSchemaOp:
		w.schema(op.Schema)
	case *CountOp:
		w.name(op.As)
	case *DistinctOp:
		w.expr(op.Exprs...)
	case *EvaluateOp:
		w.expr(op.Call)
		w.schema(op.Schema)
	case *ExtendOp:
		w.expr(op.Exprs...)
	case *FacetOp:
		w.expr(op.By...)
		if op.With != nil {
			w.expr(op.With)
		}
	case *FindOp:
		w.expr(op.In...)
		w.expr(op.Predicate)
		walkAll(w, op.Project)
		walkAll(w, op.ProjectAway)
	case *ForkOp:
		walkAll(w, op.Branches)
	case *InvokeOp:
		w.expr(op.Call)
	case *JoinOp:
		w.expr(op.Right)
		w.expr(op.On...)
		w.expr(op.Where)
	case *MacroExpandOp:
		w.expr(op.Group)
		w.name(op.Scope)
		walkAll(w, op.Stmts)
	case *MakeSeriesOp:
		walkAll(w, op.Aggs)
		w.expr(op.On, op.From, op.To, op.Step)
		w.expr(op.By...)
	case *MvExpandOp:
		walkAll(w, op.Exprs)
		w.expr(op.Limit)
	case *MvApplyOp:
		walkAll(w, op.Exprs)
		w.expr(op.Limit, op.ID, op.Body)
	case *ParseOp:
		w.expr(op.X)
		walkAll(w, op.Pattern)
	case *ParseKVOp:
		w.expr(op.X)
		w.schema(op.Schema)
		walkAll(w, op.With)
	case *PartitionOp:
		w.expr(op.By, op.In, op.ID, op.Body)
	case *PrintOp:
		w.expr(op.Exprs...)
	case *ProjectOp:
		w.expr(op.Exprs...)
	case *ProjectNamesOp:
		w.expr(op.Columns...)
	case *ProjectReorderOp:
		walkAll(w, op.Columns)
	case *RangeOp:
		w.name(op.Column)
		w.expr(op.From, op.To, op.Step)
	case *ReduceOp:
		w.expr(op.By)
		walkAll(w, op.With)
	case *RenderOp:
		walkAll(w, op.With)
	case *SampleOp:
		w.expr(op.Count, op.Of)
	case *ScanOp:
		w.expr(op.OrderBy...)
		w.expr(op.PartitionBy...)
		walkAll(w, op.Declare)
		walkAll(w, op.Steps)
	case *SearchOp:
		w.expr(op.In...)
		w.expr(op.Predicate)
	case *SerializeOp:
		w.expr(op.Exprs...)
	case *SortOp:
		walkAll(w, op.By)
	case *SummarizeOp:
		w.expr(op.Aggs...)
		w.expr(op.By...)
		w.expr(op.Bin)
	case *TakeOp:
		w.expr(op.Count)
	case *TopOp:
		w.expr(op.Count)
		Walk(w.v, op.By)
	case *TopHittersOp:
		w.expr(op.Count, op.Of)
		if op.By != nil {
			Walk(w.v, op.By)
		}
	case *TopNestedOp:
		walkAll(w, op.Levels)
	case *UnionOp:
		w.expr(op.Tables...)
	case *WhereOp:
		w.expr(op.Predicate)
	default:
		w.graphOperator(op)
	}
}

func (w walker) graphOperator(op Operator) {
	switch op := op.(type) {
	case *GraphMatchOp:
		walkAll(w, op.Patterns)
		w.expr(op.Where)
		w.expr(op.Project...)
	case *GraphToTableOp:
		walkAll(w, op.Outputs)
	case *GraphWhereOp:
		w.expr(op.Predicate)
	case *MakeGraphOp:
		w.expr(op.Source, op.Target)
		w.name(op.NodeID)
		walkAll(w, op.With)
		w.expr(op.PartitionedBy, op.Subquery)
	}
}
