package syntax

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Each text must parse without a diagnostic.
func TestParseAccepts(t *testing.T) {
	for construct, queries := range map[string][]string{
		"statements": {
			"", " // nothing but a comment", "T", "T;", "let a = 1;\n\nT | where x == a",
			"let a = T | take 1; a", "let a = materialize(T | where x > 1); a",
			"let f = (x: long, y: string = 'a') { T | where a == x }; f(1)",
			"let f = (T: (*), n: int) { T | take n }; f(U, 1)", "let f = (T: (a: string, b: long)) { let c = 1; T }; f(U)",
			"let v = view () { T }; v", "let f = () { 1 }; print f()", "let g = entity_group [database('a'), database('b')]; T",
			"set notruncation; T", "set maxmemoryconsumptionperiterator = 100; T",
			"declare query_parameters(a: long, b: string = 'x'); print a",
			"declare pattern app; app('x')", "declare pattern app = (a: string)[p: string] { ('x').['y'] = { T; }; }; app('x')",
			"alias database a = cluster('x').database('y'); T", "restrict access to (T, Device*); T", "#connect cluster('x')\nT",
		},
		"literals": {
			`print "a\tb\u00e9\x41\101", 'it\'s', @"c:\x ""y""", @'it''s'`, "print ```a\n\"b\"```, ~~~c~~~, h'x', H@\"y\", h```z```",
			`print "a" 'b' @"c"`, "print 1, 0x1F, 1.5, 1., 1e5, 1.5e-3, true, False", "print 1d, 2.5h, 10min, 100ms, 5micro, 1tick",
			"print long(1), long(null), int(-1), real(nan), double(1), decimal(1.2), bool(true), guid(null)",
			"print datetime(2026-01-01 10:00), date(2026), time(1.02:03:04), timespan(null), datetime(null)",
			`print dynamic({"a": [1, -2, null, true, datetime(2026-01-01), 1d, {"b": "c"}]}), dynamic([]), dynamic({}), dynamic(null), dynamic(1)`,
			"print typeof(long), typeof(*), typeof(a: string, b: long)",
		},
		"names": {
			"T | where ['a b'] == 1 and [\"c\"] == 2", "T | extend ['x-y'] = 1, where = 2, by = 3", "T | project kind, from, count, 3D",
			"['my table'] | take 1", "T | where $left.a == 1",
		},
		"expressions": {
			"print a.b[0]['c'].['d'].[1], -x, +y, (1 + 2) * 3 % 4 / 5 - 6", "T | where not(a) and (b or c) and d != 1 and e <> 2",
			"T | where a =~ 'x' and b !~ 'y' and c has 'z' and d !has_cs 'w' and e matches regex @'\\d'",
			"T | where a notcontains 'x' or b containscs 'y' or c like 'z' or d startswith 'a' or e !endswith_cs 'b' or f hasprefix 'c'",
			"T | where a in (1, 2) and b !in~ ('x') and c in~ (U) and d has_any (l) and e has_all ('x', 'y') and f in ((U | project x))",
			"T | where a in (U | where x == 1 | project y)", "T | where a between (1 .. 2) and b !between (ago(1d)..now())",
			"T | where * has 'x' or * == 1", "print f(*, 1), g(a=1), count(), h()", "print toscalar(T | count), toscalar kind=nooptimization (T)",
			"print x = 1, (a, b) = f()", "T\u00a0|\u00a0take\u00a01", "T // one\n\n  | take 1 // two\r\n// three",
		},
		"operators": {
			"T | as x", "T | assert-schema (a: string)", "T | consume", "T | count", "T | count as n", "T | distinct *", "T | distinct a, b",
			"T | evaluate bag_unpack(d, 'x_')", "evaluate p(1) : (a: string)", "T | evaluate hint.remote=auto p() : (*, a: string)",
			"T | extend a = 1, b", "T | facet by a, b with (where c == 1 | take 5)", "T | facet by a with take 1", "T | filter a == 1",
			"find 'x'", "find withsource=s in (T, Device*, database('d').U) where a == 1 project a, b: string, pack(*)", "find in (T | as x) where a project-smart",
			"T | fork (count) b = (take 1 | project a)", "T | getschema", "T | invoke f(a).g(1)", "T | invoke FileProfile(SHA1, 1000)",
			"T | join U on a", "T | join kind=leftouter hint.strategy=shuffle hint.num_partitions=5 (U | take 1) on $left.a == $right.b, c",
			"T | lookup kind=inner U on a", "T | limit 5", "T | take 5", "macro-expand entity_group [database('a')] as d (d.T | take 1)",
			"T | make-graph a --> b with U on k, V on k | graph-match (n)-[e*1..3]->(m)<--(k)--(l)<-[f]-(o) where n.x == 1 project n",
			"T | make-graph a -- b with_node_id=id | graph-to-table nodes as N with_node_id=i, edges as E", "G | graph-match cycles=none (a), (b)-[c]-(d)",
			"G | graph-shortest-paths output=all (a)-[e*1..5]->(b) project a", "G | graph-mark-components kind=weak with_component_id=c", "G | graph-where-nodes x > 1",
			"T | make-series n = count() default=0, avg(x) on t from ago(1d) to now() step 1h by a, b", "T | make-series count() on t in range(a, b, c)",
			"T | make-series count() on t step 1h", "T | mv-expand a, b = c to typeof(string) limit 10", "T | mvexpand bagexpansion=array a",
			"T | mv-expand with_itemindex=i kind=bag a", "T | mv-apply x = a to typeof(long), y on (where x > 1 | summarize count())", "T | mv-apply a limit 5 on (take 1)",
			"T | parse a with * 'x' b: long 'y' c", "T | parse kind=regex flags=Ui a with 'x' b: string", "T | parse-where a with b ' ' *",
			"T | parse-kv a as (b: string, c: long) with (pair_delimiter=',', kv_delimiter='=', greedy=true)",
			"T | partition by a (take 1)", "T | partition hint.strategy=native by a { U | take 1 }", "T | partition by a in dynamic([1]) (count)",
			"print 1", "range x from 1 to 10 step 1", "print range(1, 2, 3)", "T | project", "T | project a = 1, b", "T | project-away a*, b", "T | project-keep *id*",
			"T | project-rename a = b", "T | project-reorder a* asc, b granny-desc, *", "T | reduce by a with threshold=0.1, characters='x'",
			"T | render timechart", "T | render columnchart with (title='x', ycolumns=a, b, series=c, ymin=0, xaxis=log)", "T | render barchart kind=stacked title='x' by a, b",
			"T | sample 5", "T | sample-distinct 5 of a", "T | serialize", "T | serialize n = row_number()",
			"T | scan with_match_id=m order by t asc partition by a declare (n: long = 0) with (step s1: x == 1 => n = 1; step s2 optional output=all: true;)",
			"search 'x'", "search kind=case_sensitive in (T, U) 'x' and a: 'y'", "search *", "search * and a == 1", "T | search 'x'",
			"T | sort by a, b asc nulls first", "T | order by a desc", "T | summarize", "T | summarize by a", "T | summarize hint.shufflekey=a n = count(), avg(x) by bin(t, 1h), b",
			"T | summarize count() by a bin=1h", "T | top 5 by a asc nulls last", "T | top-hitters 5 of a by b",
			"T | top-nested 3 of a by count(), top-nested of b with others='x' by sum(c) desc", "union T, U", "union kind=outer isfuzzy=true withsource=s Device*, (U | take 1), database('d').V*", "T | union U",
			"T | where a == 1", "T datascope=hotcache | take 1",
			"datatable (a: string, b: long) ['x', 1, 'y', -2,]", "externaldata (a: string, ) [@'https://x', 'y'] with (format='csv', ignoreFirstRecord=true)",
		},
	} {
		for _, q := range queries {
			if _, diags := Parse(q); len(diags) > 0 {
				t.Errorf("%s: %s\n\t%v", construct, q, diags)
			}
		}
	}
}

// Each text must give exactly these codes, at these places.
func TestParseRejects(t *testing.T) {
	for _, c := range []struct {
		query string
		want  string // code@offset, in order
		word  string // part of the first message
	}{
		{"T |", "KS176@3", "operator"},
		{"T | foo x", "KS176@4", "foo"},
		{"T | wher x == 1", "KS176@4", "did you mean where"},
		{"T | select a", "KS176@4", "project"},
		{"T where x == 1", "KS005@1", "write | before where"},
		{"T | where", "KS006@9", "condition"},
		{"T | where a ==", "KS006@14", "after =="},
		{"T | where a == b == c", "KS198@17", "=="},
		{"T | where (a == 1", "KS005@17", ")"},
		{"T | where a == 1)", "KS198@16", "open bracket"},
		{"T | where first == 1", "KS228@10", "['first']"},
		{"T | where a && b", "KS002@12 KS002@13", "write and"},
		{"T | where !(a)", "KS002@10", "not("},
		{"T | where a in ()", "KS006@16", "value"},
		{"T | where a in (1,)", "KS006@18", "value"},
		{"T | where a in (1 2)", "KS005@17", "comma"},
		{"T | where a between (1, 2)", "KS005@22", ".."},
		{"T | extend a-b = 1", "KS228@11", "['a-b']"},
		{"T | project a,, b", "KS006@14", "column"},
		{"T | order a", "KS005@10", "by"},
		{"T | lookup U", "KS006@12", "on"},
		{"T | sort by a nulls x", "KS005@19 KS006@20", "comma"},
		{"T | render timechart with (foo=1)", "KS005@27", "title"},
		{"T | mv-apply a on (T | take 1)", "KS176@19", "begins with an operator"},
		{"let x = T | where 1; materialize(x)", "KS006@21", "let"},
		{"let f = () { 1; 2 }; T", "KS005@16", "last statement"},
		{"print 1 print 2", "KS005@7", "semicolon"},
		{"print 1;; print 2", "KS198@8", "no statement"},
		{".show tables", "KS198@0", "management command"},
		{"print 'a", "KS001@8", "no closing '"},
		{`print "C:\Windows"`, "KS004@9", `\\W`},
		{"print ```a", "KS001@6", "```"},
		{"print datetime(2026", "KS001@19", ")"},
		{"print dynamic({a: 1})", "KS006@15", `"a"`},
		{"print 74be27de-1e4e-49d9-b579-fe0b331d3642", "KS214@6", "guid(74be"},
		{"print “a”", "KS002@6 KS002@10", "quotation"},
		{"datatable (a: foo) []", "KS160@14", "foo"},
		{"print é", "KS002@6", "['é']"},
		{"# hello\nT", "KS250@0", "//"},
		{"print {x}", "KS213@6", "placeholder"},
	} {
		_, diags := Parse(c.query)
		var got []string
		for _, d := range diags {
			got = append(got, fmt.Sprintf("%s@%d", d.Code, d.Start))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s\n\tgot  %s\n\twant %s\n\t%v", c.query, s, c.want, diags)
			continue
		}
		if !strings.Contains(diags[0].Message, c.word) {
			t.Errorf("%s: the message does not hold %q: %s", c.query, c.word, diags[0].Message)
		}
	}
}

// What stands behind a mistake must be read, so that an editor can go on.
func TestParseRecovers(t *testing.T) {
	for _, c := range []struct {
		query string
		diags int
		ops   string // keywords of all operators that were understood
	}{
		{"T | where a == | take 5", 1, "where take"},
		{"T | foo bar (1 | 2) | take 5 | wher x | count", 2, "foo take wher count"},
		{"T where a == 1 extend b = 2 | count", 2, "where extend count"},
		{"T | summarize count() by | order by n", 1, "summarize order"},
		{"let a = ; T | where x == | take 1; U | count", 2, "where take count"},
		{"T | where a in (1, 2 | take 1", 1, "where take"},
		{"T | join (U | where ) on a | take 1", 1, "join where take"},
		{"T | where a == 1) | take 1", 1, "where take"},
		{"let f = (x) { T | take x }; U | count", 1, "take count"},
		{"T | extend a = f(1, , 2), = 3 | count", 2, "extend count"},
	} {
		q, diags := Parse(c.query)
		var ops []string
		Inspect(q, func(n Node) bool {
			if op, ok := n.(Operator); ok {
				ops = append(ops, op.Head().Keyword)
			}
			return true
		})
		if got := strings.Join(ops, " "); got != c.ops || len(diags) != c.diags {
			t.Errorf("%s\n\toperators %q, want %q\n\t%d diagnostics, want %d: %v", c.query, got, c.ops, len(diags), c.diags, diags)
		}
	}
}

// A stranger's text must not cost more than its length.
func TestParseBounds(t *testing.T) {
	long := func(n int, elem, sep string) string {
		return strings.TrimSuffix(strings.Repeat(elem+sep, n), sep)
	}
	for _, c := range []struct{ name, query, code string }{
		{"a list of 100,000", "T | where a in (" + long(100_000, "'x'", ", ") + ")", ""},
		{"100,000 strings in dynamic", "print dynamic([" + long(100_000, "'x'", ", ") + "])", ""},
		{"90,000 ors", "T | where " + long(90_000, "a", " or "), ""},
		{"150,000 ors", "T | where " + long(150_000, "a", " or "), CodeTooDeep},
		{"100,000 operators", "T " + strings.Repeat("| take 1\n", 100_000), ""},
		{"100,000 statements", strings.Repeat("let a = 1;\n", 100_000), ""},
		{"100,000 strings beside each other", "print " + strings.Repeat(`"a" `, 100_000), ""},
		{"nesting of 100", "print " + strings.Repeat("(", 100) + "1" + strings.Repeat(")", 100), ""},
		{"open parentheses", "print " + strings.Repeat("(", 1<<20), CodeTooDeep},
		{"open brackets", "print dynamic(" + strings.Repeat("[", 1<<20), CodeTooDeep},
		{"unions", strings.Repeat("union (", 100_000), CodeTooDeep},
		{"forks", "T | " + strings.Repeat("fork (", 100_000), CodeTooDeep},
		{"functions", strings.Repeat("let f = () {", 100_000), CodeTooDeep},
		{"nested in", strings.Repeat("a in (", 100_000), CodeTooDeep},
		{"a long path", "print a" + strings.Repeat(".b", 200_000), CodeTooDeep},
		{"bad characters", strings.Repeat("\x01 ", 500_000), CodeUnexpected},
		{"bars", strings.Repeat("|", 1<<20), CodeLeftOver},
		{"open quotes", strings.Repeat("'\n", 500_000), CodeUnclosed},
		{"commas", "print " + strings.Repeat(",", 1<<20), CodeMissingPart},
		{"names in parentheses", "print (" + strings.Repeat("a,", 500_000), CodeExpected},
		{"too long", strings.Repeat(" ", MaxLength+1), CodeTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			begin := time.Now()
			_, diags := Parse(c.query)
			t.Logf("%d bytes in %v", len(c.query), time.Since(begin).Round(time.Millisecond))
			switch {
			case c.code == "" && len(diags) > 0:
				t.Error(diags[0])
			case c.code != "" && !hasCode(diags, c.code):
				t.Errorf("no diagnostic has the code %s: %.300v", c.code, diags)
			case len(diags) > MaxDiagnostics+1:
				t.Errorf("there are %d diagnostics", len(diags))
			}
		})
	}
}

func hasCode(diags []Diagnostic, code string) bool {
	for _, d := range diags {
		if d.Code == code {
			return true
		}
	}
	return false
}
