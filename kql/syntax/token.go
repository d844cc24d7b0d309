package syntax

// tokenKind tells tokens apart. Words are one kind: what a word means depends
// on where it stands, since most keywords may also be names.
type tokenKind uint8

const (
	tokEOF tokenKind = iota
	tokBad           // characters of no use in the language
	tokDirective
	tokWord
	tokString
	tokBool
	tokInt
	tokLong
	tokReal
	tokDecimal
	tokDateTime
	tokTimeSpan
	tokGuid
	tokRawGuid

	tokLParen
	tokRParen
	tokLBracket
	tokRBracket
	tokLBrace
	tokRBrace
	tokBar
	tokDot
	tokDotDot
	tokComma
	tokColon
	tokSemicolon
	tokAssign // =
	tokArrow  // =>
	tokAt
	tokQuestion
	tokOp // an operator; see token.op
)

// A token is a piece of the text without the blanks and comments before it.
// Offsets have 32 bits, so that a token takes 12 bytes: the text is bounded.
type token struct {
	start, end int32
	kind       tokenKind
	word       wordClass
	op         OpKind
	glued      bool // nothing stands between this token and the one before
}

// wordClass says where a word may be a name.
type wordClass uint8

const (
	wordName     wordClass = iota // no keyword
	wordSoft                      // a keyword that may be a name anywhere
	wordExtended                  // a keyword that may be a name before = or in a schema
	wordHard                      // a keyword that must be in brackets to be a name
)

// classify returns the class of a word. The lists are those of the service's
// own language library, which its editors use; documentation gives none.
func classify(w string) wordClass {
	switch w {
	case "__partitionby", "access", "alias", "best_effort", "bin", "bool",
		"consume", "count", "database", "dataformat", "datetime_pattern",
		"declare", "default", "distinct", "edges", "entity_group", "evaluate",
		"extend", "facet", "filter", "fork", "from", "getschema", "graph",
		"guid", "id", "inline_external_table", "join", "let", "limit",
		"lookup", "mvapply", "mvexpand", "nodes", "null", "nulls", "on",
		"optional", "order", "output", "pack", "parse", "partition", "pattern",
		"plotly", "query_parameters", "range", "reduce", "regex", "render",
		"restrict", "scan", "serialize", "sort", "step", "summarize", "take",
		"top", "typeof", "uuid", "view", "with", "with_node_id":
		return wordSoft

	case "accumulate", "as", "by", "contains", "datatable", "earliest",
		"externaldata", "find", "has", "in", "invoke", "latest", "materialize",
		"mdm", "of", "print", "sample", "sample-distinct", "search", "set",
		"sql", "title", "to", "top-hitters", "top-nested", "toscalar",
		"totable", "verbose", "viewers", "where":
		return wordExtended

	case "3Dchart", "__contextual_datatable", "__crossCluster", "__crossDB",
		"__executeAndCache", "__id", "__isFuzzy", "__noWithSource",
		"__packedColumn", "__projectAway", "__sourceColumnIndex", "and",
		"anomalychart", "areachart", "asc", "assert-schema", "bagexpansion",
		"barchart", "between", "bin_legacy", "boolean", "byte",
		"cachingpolicy", "callout", "cancel", "card", "char", "columnchart",
		"commands-and-queries", "contains_cs", "containscs", "cycles",
		"dataexport", "datascope", "date", "datetime", "decimal",
		"decodeblocks", "desc", "double", "dynamic", "encodingpolicy",
		"endswith", "endswith_cs", "expandoutput", "extent_tags_retention",
		"external_data", "first", "flags", "float", "force_remote",
		"granny-asc", "granny-desc", "graph-mark-components", "graph-match",
		"graph-shortest-paths", "graph-to-table", "graph-where-edges",
		"graph-where-nodes", "harddelete", "hardretention", "has_all",
		"has_any", "has_cs", "hasprefix", "hasprefix_cs", "hassuffix",
		"hassuffix_cs", "hint.concurrency", "hint.distribution",
		"hint.materialized", "hint.num_partitions", "hint.progressive_top",
		"hint.remote", "hint.shufflekey", "hint.spread", "hint.strategy",
		"hotcache", "int", "int16", "int32", "int64", "int8", "isfuzzy",
		"journal", "kind", "ladderchart", "last", "like", "likecs",
		"linechart", "long", "macro-expand", "make-graph", "make-series",
		"materialized-view-combine", "materialized-views", "missing",
		"mv-apply", "mv-expand", "nooptimization", "notcontains",
		"notcontainscs", "notlike", "notlikecs", "or", "others", "parse-kv",
		"parse-where", "partitioned-by", "pathformat", "piechart",
		"pivotchart", "project", "project-away", "project-by-names",
		"project-keep", "project-rename", "project-reorder", "project-smart",
		"queries", "query_results", "real", "relaxed",
		"restricted_view_access", "row_level_security", "rowstore",
		"rowstore_references", "rowstore_sealinfo", "rowstorepolicy",
		"rowstores", "scatterchart", "seal", "seals", "set-or-append",
		"set-or-replace", "shards", "simple", "softdelete", "softretention",
		"stackedareachart", "startswith", "startswith_cs", "statistics",
		"storedqueryresultcontainers", "string", "tablepurge", "time",
		"timechart", "timeline", "timepivot", "timespan", "treemap", "uint",
		"uint16", "uint32", "uint64", "uint8", "ulong", "union", "uniqueid",
		"unrestrictedviewers", "views", "with_itemindex", "with_match_id",
		"with_source", "with_step_name", "withsource", "writeaheadlog":
		return wordHard
	}
	return wordName
}

// joined lists the keywords that hold a character that ends other words, by
// what stands before that character.
func joined(w string) []string {
	switch w {
	case "assert":
		return []string{"-schema"}
	case "commands":
		return []string{"-and-queries"}
	case "granny":
		return []string{"-asc", "-desc"}
	case "graph":
		return []string{"-mark-components", "-match", "-shortest-paths", "-to-table", "-where-edges", "-where-nodes"}
	case "hint":
		return []string{
			".concurrency", ".distribution", ".materialized", ".num_partitions",
			".progressive_top", ".remote", ".shufflekey", ".spread", ".strategy",
		}
	case "in":
		return []string{"~"}
	case "macro":
		return []string{"-expand"}
	case "make":
		return []string{"-graph", "-series"}
	case "matches":
		return []string{" regex"}
	case "materialized":
		return []string{"-view-combine", "-views"}
	case "mv":
		return []string{"-apply", "-expand"}
	case "parse":
		return []string{"-kv", "-where"}
	case "partitioned":
		return []string{"-by"}
	case "project":
		return []string{"-away", "-by-names", "-keep", "-rename", "-reorder", "-smart"}
	case "sample":
		return []string{"-distinct"}
	case "set":
		return []string{"-or-append", "-or-replace"}
	case "top":
		return []string{"-hitters", "-nested"}
	}
	return nil
}

// wordOp returns the operator that a word is, or NoOp.
func wordOp(w string) OpKind {
	switch w {
	case "and":
		return And
	case "or":
		return Or
	case "matches regex":
		return MatchesRegex
	}
	if len(w) < 2 || len(w) > len("notcontainscs") {
		return NoOp
	}
	for i := range wordOps {
		if wordOps[i].word == w {
			return wordOps[i].kind
		}
	}
	return NoOp
}
