package syntax

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// A corpusQuery is a row of a file of queries with what the service's own
// language library, or the service itself, said of them.
type corpusQuery struct {
	ID          string
	Query       string
	KustoError  string `json:"kusto_error"`
	Diagnostics []struct{ Code, Sev string }
}

// corpus returns the queries of a file beside the repository, if it is there.
func corpus(t testing.TB, file string) ([]corpusQuery, bool) {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "kql", file))
	if err != nil {
		return nil, false
	}
	defer f.Close()
	var out []corpusQuery
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var q corpusQuery
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			t.Fatal(err)
		}
		out = append(out, q)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out, true
}

// syntactic reports whether a code of the official library tells of syntax.
// Its parser gives those up to KS006 and a few more; its binder gives KS005 and
// KS006 too, for words that it looks up, but not in these files.
func syntactic(code string) bool {
	switch code {
	case "KS001", "KS002", "KS003", "KS004", "KS005", "KS006", "KS160",
		"KS176", "KS198", "KS213", "KS214", "KS228", "KS250":
		return true
	}
	return false
}

// Real hunting queries must be accepted exactly where the official parser
// accepts them.
func TestHuntingQueries(t *testing.T) {
	queries, ok := corpus(t, "hunting-queries.jsonl")
	if !ok {
		t.Skip("There is no folder shared/kql beside the repository, so that no published queries are tried.")
	}
	same := 0
	for _, q := range queries {
		want := false
		for _, d := range q.Diagnostics {
			want = want || d.Sev == "Error" && syntactic(d.Code)
		}
		tree, diags := Parse(q.Query)
		if got := len(diags) > 0; got != want {
			t.Logf("%s: rejected %v, should be %v: %v", q.ID, got, want, diags)
			continue
		}
		same++
		if len(diags) == 0 {
			checkTree(t, tree)
		}
	}
	t.Logf("%d of %d queries are accepted or rejected as the official parser does (%.2f %%)", same, len(queries), 100*float64(same)/float64(len(queries)))
	if same*1000 < len(queries)*999 {
		t.Errorf("only %d of %d", same, len(queries))
	}
}

// What the engine answered must parse.
func TestEngineQueries(t *testing.T) {
	for _, file := range []string{"engine-docs-cases.jsonl", "engine-family-cases.jsonl"} {
		queries, ok := corpus(t, file)
		if !ok {
			t.Skip("There is no folder shared/kql beside the repository, so that no published queries are tried.")
		}
		accepted, answered := 0, 0
		for _, q := range queries {
			if q.KustoError != "" {
				continue
			}
			answered++
			tree, diags := Parse(q.Query)
			if len(diags) > 0 {
				t.Errorf("%s %s: %v", file, q.ID, diags)
				continue
			}
			accepted++
			checkTree(t, tree)
		}
		t.Logf("%s: %d of %d answered queries parse", file, accepted, answered)
	}
}

// checkTree checks that each node lies within its parent, that siblings stand
// in order, that no node has blanks at its ends, and that an accepted query
// holds neither Bad nodes nor empty names.
func checkTree(t testing.TB, q *Query) {
	t.Helper()
	type frame struct {
		span Span
		last int
	}
	stack := []frame{{Span{0, len(q.Text)}, 0}}
	Inspect(q, func(n Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		at, top := n.Position(), &stack[len(stack)-1]
		switch {
		case at.Start < top.span.Start || at.End > top.span.End || at.Start > at.End:
			t.Fatalf("%T at %v is outside of its parent at %v in %q", n, at, top.span, q.Text)
		case at.Start < top.last:
			t.Fatalf("%T at %v begins before %d, where the one before it does, in %q", n, at, top.last, q.Text)
		}
		if text := q.Text[at.Start:at.End]; n != Node(q) && (text == "" || text[0] == ' ' || text[len(text)-1] == ' ' || text[len(text)-1] == '\n') {
			t.Fatalf("%T spans %q in %q", n, text, q.Text)
		}
		switch n := n.(type) {
		case *BadExpr, *BadOp, *BadStmt:
			t.Fatalf("%T in %q, which was accepted", n, q.Text)
		case *Name:
			if n.Text == "" && !n.Quoted {
				t.Fatalf("an empty name in %q, which was accepted", q.Text)
			}
		}
		top.last = at.Start
		stack = append(stack, frame{at, at.Start})
		return true
	})
	last := 0
	for _, c := range q.Comments {
		if c.Start < last || q.Text[c.Start:c.End] != c.Text {
			t.Fatalf("the comment at %v is out of place in %q", c.Span, q.Text)
		}
		last = c.End
	}
}

// Any text must be read without panic and in a time that it bounds, and a tree
// that was accepted must be well formed.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "T | where a == 1", "let f = (x: long, T: (*)) { T | take x }; f(1, U)", "print @'a' h\"b\" ```c```",
		"T | mv-apply a to typeof(long) on (where x in ((U | project y)))", "print dynamic({'a': [1, -2, null]})",
		"T | graph-match (a)-[e*1..3]->(b) where a.x between (1 .. 2) project a", "T | summarize n=count() by bin(t, 1h) // c",
		"T | parse kind=regex flags=i a with * 'x' b: long *", "let ['a b'] = {x}; set a=1; declare pattern p", "T where | extend = ) } ]",
		"find in (A*, b) where * has 'x' project a: string, pack(*)", "\xff\u00a0\u2028print 1..2.5d 0x 3D",
	} {
		f.Add(s)
	}
	for _, file := range []string{"hunting-queries.jsonl", "engine-family-cases.jsonl"} {
		queries, _ := corpus(f, file)
		for i := 0; i < len(queries); i += 20 {
			f.Add(queries[i].Query)
		}
	}
	f.Fuzz(func(t *testing.T, src string) {
		q, diags := Parse(src)
		if len(diags) == 0 {
			checkTree(t, q)
			return
		}
		nodes := 0
		Inspect(q, func(n Node) bool { nodes++; return true })
		if nodes > 20*len(src)+100 {
			t.Errorf("%d nodes for %d bytes", nodes, len(src))
		}
		for _, d := range diags {
			if d.Start < 0 || d.End < d.Start || d.End > len(src) || d.Code == "" || d.Message == "" {
				t.Errorf("a diagnostic out of place: %+v", d)
			}
		}
	})
}

func BenchmarkParseHuntingQueries(b *testing.B) {
	queries, ok := corpus(b, "hunting-queries.jsonl")
	if !ok {
		b.Skip("There is no folder shared/kql beside the repository.")
	}
	size := 0
	for _, q := range queries {
		size += len(q.Query)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, q := range queries {
			Parse(q.Query)
		}
	}
}
