package output_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/cli/output"
)

type row struct {
	Name  string   `json:"name"`
	Count int      `json:"count"`
	Tags  []string `json:"tags"`
	Yes   bool     `json:"yes"`
	None  *int     `json:"none"`
}

func sample() output.Result {
	list := []row{{Name: "a<b & c", Count: 12, Tags: []string{"x", "y"}, Yes: true}, {Name: "no: yes", Count: 3}}
	return output.Result{Doc: list, Columns: []string{"NAME", "COUNT"}, Rows: [][]string{{"a<b & c", "12"}, {"no: yes", "3"}}}
}

func TestPrint(t *testing.T) {
	tests := []struct {
		name   string
		format output.Format
		query  string
		want   string
	}{
		{"table", output.Table, "", "NAME     COUNT\na<b & c  12\nno: yes  3\n"},
		{"csv", output.CSV, "", "NAME,COUNT\na<b & c,12\nno: yes,3\n"},
		{"ndjson", output.NDJSON, "", `{"count":12,"name":"a<b & c","none":null,"tags":["x","y"],"yes":true}` + "\n" + `{"count":3,"name":"no: yes","none":null,"tags":null,"yes":false}` + "\n"},
		{"yaml", output.YAML, "[0]", "count: 12\nname: a<b & c\nnone: null\ntags:\n  - x\n  - \"y\"\n\"yes\": true\n"},
		{"json of a query", output.JSON, "[].name", "[\n  \"a<b & c\",\n  \"no: yes\"\n]\n"},
		{"lines of a query", output.NDJSON, "[].count", "12\n3\n"},
		{"table of a query of objects", output.Table, "[].{n: name, c: count}", "c   n\n12  a<b & c\n3   no: yes\n"},
		{"table of a query of lists", output.Table, "[].[name, yes]", "a<b & c  true\nno: yes  false\n"},
		{"table of an object", output.Table, "[0].{name: name}", "FIELD  VALUE\nname   a<b & c\n"},
		{"table of a scalar", output.Table, "length(@)", "2\n"},
		{"nothing found", output.Table, "[5]", ""},
		{"nothing found as JSON", output.JSON, "[5]", "null\n"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			q, err := output.ParseQuery(tc.query)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			p := output.Printer{Out: &out, Format: tc.format, Query: q}
			if err := p.Print(sample()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, out.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// JSON without a query keeps the order of the type, and empty lists stay lists.
func TestJSONKeepsOrder(t *testing.T) {
	var out bytes.Buffer
	p := output.Printer{Out: &out, Format: output.YAML}
	if err := p.Print(output.Result{Doc: map[string]any{"items": []row{}, "one": row{Name: "\u009b31m\U0001f600"}}}); err != nil {
		t.Fatal(err)
	}
	want := "items: []\none:\n  name: \"\\x9B31m\\U0001F600\"\n  count: 0\n  tags: null\n  yes: false\n  none: null\n"
	want = strings.Replace(want, "  yes:", "  \"yes\":", 1)
	got := out.String()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestLinesWin(t *testing.T) {
	var out bytes.Buffer
	p := output.Printer{Out: &out, Format: output.NDJSON}
	if err := p.Print(output.Result{Doc: map[string]int{"whole": 1}, Lines: []any{"a", "b"}}); err != nil {
		t.Fatal(err)
	}
	if out.String() != "\"a\"\n\"b\"\n" {
		t.Errorf("got %q", out.String())
	}
}

// The title of an incident is an attacker's choice.
func TestTableIsSafeForTerminals(t *testing.T) {
	var out bytes.Buffer
	p := output.Printer{Out: &out, Format: output.Table}
	err := p.Print(output.Result{Columns: []string{"A", "B"}, Rows: [][]string{{"evil\x1b[2Jtitle\r\nsecond\u202etxt", "b"}}})
	if err != nil {
		t.Fatal(err)
	}
	if want := "A                         B\nevil[2Jtitle  secondtxt  b\n"; !strings.Contains(out.String(), "evil[2Jtitle  secondtxt  b") {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestTableFitsTheTerminal(t *testing.T) {
	for _, width := range []int{40, 60, 200} {
		var out bytes.Buffer
		p := output.Printer{Out: &out, Format: output.Table, Width: width}
		if err := p.Print(output.Result{Columns: []string{"NAME", "WHAT"}, Rows: [][]string{{"contoso", strings.Repeat("é", 120)}}}); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(out.String(), "\n") {
			if n := utf8.RuneCountInString(line); n > width {
				t.Errorf("width %d: line of %d", width, n)
			}
		}
		if cut := strings.Contains(out.String(), "…"); cut != (width < 130) {
			t.Errorf("width %d: cut is %v", width, cut)
		}
	}
}

func TestWrongFormatAndQuery(t *testing.T) {
	if _, err := output.ParseFormat("xml"); err == nil || !strings.Contains(err.Error(), "table, json, ndjson, csv or yaml") {
		t.Errorf("got %v", err)
	}
	if _, err := output.ParseQuery("items["); err == nil {
		t.Error("a broken query was taken")
	}
	q, err := output.ParseQuery("sum(@)")
	if err != nil {
		t.Fatal(err)
	}
	p := output.Printer{Out: &bytes.Buffer{}, Format: output.JSON, Query: q}
	if err := p.Print(sample()); err == nil || !strings.Contains(err.Error(), "--query") {
		t.Errorf("a query that does not fit gave %v", err)
	}
}

func FuzzClean(f *testing.F) {
	f.Add("plain")
	f.Add("\x1b[31m\x00\u202e\xff\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		got := output.Clean(s)
		for _, r := range got {
			if unicode.IsControl(r) {
				t.Errorf("%q keeps a control character", got)
			}
		}
		if again := output.Clean(got); again != got {
			t.Errorf("%q is cleaned to %q, and that to %q", s, got, again)
		}
	})
}
