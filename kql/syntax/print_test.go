package syntax

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var (
	update  = flag.Bool("update", false, "rewrite the expected layouts in testdata/format")
	hunting = flag.String("hunting", "../../../shared/kql/hunting-queries.jsonl", "recorded queries to print, one JSON object per line")
)

// formatted prints a query and checks what printing promises.
func formatted(t *testing.T, src string) string {
	t.Helper()
	q, diagnostics := Parse(src)
	if len(diagnostics) > 0 {
		line, col := LineCol(src, diagnostics[0].Start)
		t.Fatalf("%d:%d: %v", line, col, diagnostics[0])
	}
	out := Format(q)
	again, diagnostics := Parse(out)
	if len(diagnostics) > 0 {
		t.Fatalf("what was printed does not parse: %v\n%s", diagnostics[0], out)
	}
	if !Equal(q, again) {
		t.Fatalf("what was printed is another query:\n%s", out)
	}
	if twice := Format(again); twice != out {
		t.Fatalf("printed twice it is another text:\n%s\n--- first:\n%s", twice, out)
	}
	if was, is := places(src), places(out); !slices.Equal(was, is) {
		t.Fatalf("comments moved: they stood behind %d tokens, now %d:\n%s", was, is, out)
	}
	for i, line := range strings.Split(strings.TrimSuffix(out, "\n"), "\n") {
		if strings.TrimRight(line, " \t") != line && !strings.Contains(out, "```") && !strings.Contains(out, "~~~") {
			t.Errorf("line %d ends in a blank: %q", i+1, line)
		}
	}
	return out
}

// places counts, for each comment, the tokens before it. Commas and semicolons
// are left out: those that need not be there come and go.
func places(src string) []int {
	l := lexer{p: &parser{src: src}, src: src}
	l.run()
	behind := make([]int, len(l.comments))
	for i, c := range l.comments {
		last := tokEOF
		for _, t := range l.toks {
			// Strings beside each other may become one in a name.
			if int(t.start) < c.Start && t.kind != tokComma && t.kind != tokSemicolon && (t.kind != tokString || last != tokString) {
				behind[i]++
			}
			last = t.kind
		}
	}
	return behind
}

// Each case of testdata/format is a query, NAME.in.kql, and its layout,
// NAME.out.kql.
func TestFormat(t *testing.T) {
	cases, err := filepath.Glob("testdata/format/*.in.kql")
	if err != nil || len(cases) < 10 {
		t.Fatalf("%d cases were found (%v); there are more", len(cases), err)
	}
	for _, in := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(in), ".in.kql"), func(t *testing.T) {
			src, err := os.ReadFile(in)
			if err != nil {
				t.Fatal(err)
			}
			got := formatted(t, string(src))
			out := strings.TrimSuffix(in, ".in.kql") + ".out.kql"
			if *update {
				if err := os.WriteFile(out, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// A comment may stand between any two tokens, and stays there.
func TestFormatCommentsAnywhere(t *testing.T) {
	cases, err := filepath.Glob("testdata/format/*.in.kql")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, in := range cases {
		data, err := os.ReadFile(in)
		if err != nil {
			t.Fatal(err)
		}
		src := string(data)
		l := lexer{p: &parser{src: src}, src: src}
		l.run()
		for _, token := range l.toks {
			for _, comment := range []string{"//c\n", "\n//c\n", "\n\n//c\n\n//d\n\n"} {
				with := src[:token.start] + comment + src[token.start:]
				if _, diagnostics := Parse(with); len(diagnostics) > 0 {
					continue // signs that have to touch
				}
				tried++
				formatted(t, with)
			}
		}
	}
	if tried < 1000 {
		t.Errorf("only %d places were tried", tried)
	}
}

// Real queries print to themselves, with every comment where it was.
func TestFormatHunting(t *testing.T) {
	f, err := os.Open(*hunting)
	if err != nil {
		t.Log("There is no folder shared/kql beside the repository, so that only testdata is printed.")
		return
	}
	defer f.Close()
	for dec := json.NewDecoder(f); dec.More(); {
		var row struct{ ID, Query string }
		if err := dec.Decode(&row); err != nil {
			t.Fatal(err)
		}
		if _, diagnostics := Parse(row.Query); len(diagnostics) == 0 {
			t.Run(row.ID, func(t *testing.T) { formatted(t, row.Query) })
		}
	}
}

// Whatever parses prints to the same query, and printing settles at once.
// What does not parse prints to something, without a panic.
func FuzzFormat(f *testing.F) {
	cases, err := filepath.Glob("testdata/format/*.in.kql")
	if err != nil {
		f.Fatal(err)
	}
	for _, in := range cases {
		src, err := os.ReadFile(in)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(src))
	}
	if file, err := os.Open(*hunting); err == nil {
		defer file.Close()
		for dec := json.NewDecoder(file); dec.More(); {
			var row struct{ Query string }
			if err := dec.Decode(&row); err != nil {
				f.Fatal(err)
			}
			f.Add(row.Query)
		}
	}
	f.Fuzz(func(t *testing.T, src string) {
		q, diagnostics := Parse(src)
		out := Format(q)
		if len(diagnostics) > 0 {
			return
		}
		again, diagnostics := Parse(out)
		if len(diagnostics) > 0 {
			t.Fatalf("%q prints as %q, which does not parse: %v", src, out, diagnostics[0])
		}
		if !Equal(q, again) {
			t.Fatalf("%q prints as another query, %q", src, out)
		}
		if twice := Format(again); twice != out {
			t.Fatalf("%q prints as %q, and that as %q", src, out, twice)
		}
	})
}

// A query that a program made has no text: it prints all the same.
func TestFormatWithoutText(t *testing.T) {
	q, _ := Parse("T // all\n| where a == 1 and b <> 'x' | project a, ['b c']")
	q.Text, q.Comments = "", nil
	const want = "T\n| where a == 1 and b != 'x'\n| project a, ['b c']\n"
	if got := Format(q); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// What is nested or long costs in proportion, and a chain is no recursion.
func TestFormatLong(t *testing.T) {
	or := "T | where a == 0" + strings.Repeat(" or a == 1", 50_000)
	if out := formatted(t, or); strings.Count(out, "\n") != 50_002 {
		t.Errorf("%d lines", strings.Count(out, "\n"))
	}
	formatted(t, "T | where a in ("+strings.Repeat("'x', ", 100_000)+"'y')")
	formatted(t, "T | where "+strings.Repeat("(", 200)+"a"+strings.Repeat(")", 200))
	formatted(t, "print "+strings.Repeat("f(", 200)+"a"+strings.Repeat(")", 200))
}
