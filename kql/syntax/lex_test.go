package syntax

import (
	"fmt"
	"strings"
	"testing"
)

// dump writes a tree in short: types, and the text of leaves.
func dump(n Node) string {
	var b strings.Builder
	Inspect(n, func(n Node) bool {
		if n == nil {
			b.WriteByte(')')
			return true
		}
		name := strings.TrimPrefix(fmt.Sprintf("%T", n), "*syntax.")
		fmt.Fprintf(&b, "(%s", name)
		switch n := n.(type) {
		case *Name:
			b.WriteString(" " + n.Text)
		case *NameRef:
			b.WriteString(" " + n.Text)
		case *Wildcard:
			b.WriteString(" " + n.Pattern)
		case *Literal:
			b.WriteString(" " + n.Kind.String() + " " + n.Raw)
		case *StringLit:
			fmt.Fprintf(&b, " %q", n.Value)
		case *BinaryExpr:
			b.WriteString(" " + n.Op.String())
		case *InExpr:
			b.WriteString(" " + n.Op.String())
		case *UnaryExpr:
			b.WriteString(" " + n.Op.String())
		}
		return true
	})
	return b.String()
}

// exprOf returns the tree of the only expression of print.
func exprOf(t *testing.T, src string) Expr {
	t.Helper()
	q, diags := Parse("print " + src)
	if len(diags) > 0 {
		t.Fatalf("%s: %v", src, diags)
	}
	return q.Statements[0].(*ExprStmt).X.(*Pipeline).Ops[0].(*PrintOp).Exprs[0]
}

func TestBinding(t *testing.T) {
	for src, want := range map[string]string{
		"1 + 2 * 3":           "(BinaryExpr +(Literal long 1)(BinaryExpr *(Literal long 2)(Literal long 3)))",
		"1 - 2 - 3":           "(BinaryExpr -(BinaryExpr -(Literal long 1)(Literal long 2))(Literal long 3))",
		"a or b and c":        "(BinaryExpr or(NameRef a)(BinaryExpr and(NameRef b)(NameRef c)))",
		"a == b < c":          "(BinaryExpr ==(NameRef a)(BinaryExpr <(NameRef b)(NameRef c)))",
		"a + b has 'x'":       "(BinaryExpr +(NameRef a)(BinaryExpr has(NameRef b)(StringLit \"x\")))",
		"a <> -b.c":           "(BinaryExpr !=(NameRef a)(UnaryExpr -(PathExpr(NameRef b)(NameRef c))))",
		"a !in~ ('x', b)":     "(InExpr !in~(NameRef a)(StringLit \"x\")(NameRef b))",
		"a notcontains 'x'":   "(BinaryExpr !contains(NameRef a)(StringLit \"x\"))",
		"a.b['c'][0].['d']":   "(PathExpr(IndexExpr(IndexExpr(PathExpr(NameRef a)(NameRef b))(StringLit \"c\"))(Literal long 0))(NameRef d))",
		"f(a=1, *)":           "(CallExpr(Name f)(NamedExpr(Name a)(Literal long 1))(Star))",
		"['a b'] == 1":        "(BinaryExpr ==(NameRef a b)(Literal long 1))",
		"toscalar(T | count)": "(SubqueryExpr(Pipeline(NameRef T)(CountOp)))",
		"1-1":                 "(BinaryExpr -(Literal long 1)(Literal long 1))",
	} {
		if got := dump(exprOf(t, src)); got != want {
			t.Errorf("%s\n\tgot  %s\n\twant %s", src, got, want)
		}
	}
}

func TestStringValues(t *testing.T) {
	for src, want := range map[string]string{
		`"a\tb\\c\"d\'e"`:                "a\tb\\c\"d'e",
		`'\u00e9\x41\101\0'`:             "éAA\x00",
		`"\ud83d\ude00\U0001F600\ud83d"`: "😀😀\ufffd",
		`@"a\b""c"`:                      `a\b"c`,
		`@'a''b'`:                        "a'b",
		"```a\n\"`b```":                  "a\n\"`b",
		"~~~a~~~":                        "a",
		`h"a" H@'b\' "c"`:                `ab\c`,
		`""`:                             "",
	} {
		s, ok := exprOf(t, src).(*StringLit)
		if !ok || s.Value != want {
			t.Errorf("%s: got %q, want %q", src, s.Value, want)
		}
	}
	s := exprOf(t, `h"a" 'b'`).(*StringLit)
	if !s.Parts[0].Hidden || s.Parts[1].Hidden || s.Parts[1].Raw != "'b'" {
		t.Errorf("the parts are %+v", s.Parts)
	}
}

func TestLiteralKinds(t *testing.T) {
	for src, want := range map[string]LiteralKind{
		"true": BoolLit, "bool(0)": BoolLit, "1": LongLit, "0xFF": LongLit, "long(null)": LongLit, "int64(1)": LongLit,
		"int(1)": IntLit, "int32(1)": IntLit, "1.": RealLit, "1.5e3": RealLit, "1e3": RealLit, "double(1)": RealLit,
		"decimal(1)": DecimalLit, "date(2026)": DateTimeLit, "datetime( 2026 )": DateTimeLit, "1d": TimeSpanLit,
		"1.5h": TimeSpanLit, "3microseconds": TimeSpanLit, "time(1)": TimeSpanLit,
		"guid(74be27de-1e4e-49d9-b579-fe0b331d3642)": GuidLit,
	} {
		if l, ok := exprOf(t, src).(*Literal); !ok || l.Kind != want || l.Raw != src {
			t.Errorf("%s: got %+v, want kind %v", src, l, want)
		}
	}
	for _, src := range []string{"1dd", "3D", "0x", "12a", "1e", "_1", "$left"} {
		if n, ok := exprOf(t, src).(*NameRef); !ok || n.Text != src {
			t.Errorf("%s is %T and no name", src, exprOf(t, src))
		}
	}
}

func TestPositions(t *testing.T) {
	const src = "let a = 1; // one\nT\u00a0| where ['b c'] in (1, 'é') // two\n  | project-away x*\n// end"
	q, diags := Parse(src)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	var got []string
	Inspect(q, func(n Node) bool {
		if n != nil && n != Node(q) {
			got = append(got, src[n.Position().Start:n.Position().End])
		}
		return true
	})
	pipe := "T\u00a0| where ['b c'] in (1, 'é') // two\n  | project-away x*"
	want := []string{"let a = 1", "a", "1", pipe, pipe, "T", "where ['b c'] in (1, 'é')", "['b c'] in (1, 'é')", "['b c']", "1", "'é'", "project-away x*", "x*"}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	var comments []string
	for _, c := range q.Comments {
		comments = append(comments, fmt.Sprint(c.Text, c.OwnLine))
	}
	if s := strings.Join(comments, ";"); s != "// onefalse;// twofalse;// endtrue" {
		t.Errorf("the comments are %s", s)
	}
	where := q.Statements[1].(*ExprStmt).X.(*Pipeline).Ops[0].Head()
	if src[where.Bar.Start:where.Bar.End] != "|" || src[where.Start:where.KeyEnd] != "where" {
		t.Errorf("the head of where is %+v", where)
	}
	if line, col := LineCol(src, strings.Index(src, "// two")); line != 2 || col != 31 {
		t.Errorf("// two is at %d:%d", line, col)
	}
}

func TestWalkLeavesOut(t *testing.T) {
	q, _ := Parse("T | where f(a) | count")
	n := 0
	Inspect(q, func(x Node) bool {
		if x != nil {
			n++
		}
		_, where := x.(*WhereOp)
		return !where
	})
	if n != 6 { // query, statement, pipeline, T, where, count
		t.Errorf("Inspect met %d nodes", n)
	}
}
