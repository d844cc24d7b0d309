package output_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

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

// In a narrow terminal ids and times stay whole: what is dropped, and then
// cut, is what the list names. Nothing is cut in a file.
func TestTableFitsTheTerminal(t *testing.T) {
	r := output.Result{
		Columns: []string{"TENANT", "ID", "SEVERITY", "UPDATED", "VIA", "INCIDENT"},
		Rows: [][]string{
			{"Alder and Finch Bakery", "176325", "informational", "2026-11-22 19:23", "graph", "Hands-on-keyboard attack launched from a compromised account"},
			{"Cobalt", "17", "low", "2026-11-20 08:00", "xdr", "Phishing"},
		},
		Give: output.Give{Drop: []string{"VIA"}, Cut: []output.Limit{{Column: "INCIDENT", Width: 30}, {Column: "SEVERITY", Width: 8}, {Column: "TENANT", Width: 10}}},
	}
	for width, want := range map[int]string{
		0: "TENANT                  ID      SEVERITY       UPDATED           VIA    INCIDENT\n" +
			"Alder and Finch Bakery  176325  informational  2026-11-22 19:23  graph  Hands-on-keyboard attack launched from a compromised account\n" +
			"Cobalt                  17      low            2026-11-20 08:00  xdr    Phishing\n",
		80: "TENANT        ID      SEVERITY  UPDATED           INCIDENT\n" +
			"Alder and F…  176325  informa…  2026-11-22 19:23  Hands-on-keyboard attack laun…\n" +
			"Cobalt        17      low       2026-11-20 08:00  Phishing\n",
	} {
		var out bytes.Buffer
		p := output.Printer{Out: &out, Format: output.Table, Width: width}
		if err := p.Print(r); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("width %d: -want +got:\n%s", width, diff)
		}
	}
}

// A record is read as a whole: its last column is continued, never cut.
func TestRecordWrapsInTheTerminal(t *testing.T) {
	r := output.Result{Columns: []string{"FIELD", "VALUE"}, Rows: [][]string{
		{"name", "Hands-on-keyboard attack launched from a compromised account"},
		{"page", "https://security.microsoft.com/incidents/123456789012345678901234567890?tid=1"},
		{"none"},
	}}
	var out bytes.Buffer
	p := output.Printer{Out: &out, Format: output.Table, Width: 40}
	if err := p.Print(r); err != nil {
		t.Fatal(err)
	}
	want := `FIELD  VALUE
name   Hands-on-keyboard attack launched
       from a compromised account
page   https://security.microsoft.com/incidents/123456789012345678901234567890?tid=1
none
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// What a spreadsheet would take for a formula stays text, and a terminal is
// not told anything either; numbers stay numbers, and JSON keeps the text.
func TestCSVIsSafe(t *testing.T) {
	cells := []string{"=HYPERLINK(\"http://evil\")", "+1+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", " =1", "-5", "+1.5", "a\x1b]0;x\x07b\u009b2J", "\t=1", "plain",
		"＝1+1", "＋1", "－2", "＠SUM(A1)", "\u3000＝1", "\u00a0=1", "a＝1"}
	want := []string{"'=HYPERLINK(\"http://evil\")", "'+1+cmd|' /C calc'!A0", "'@SUM(A1)", "'-2+3", "' =1", "-5", "+1.5", "a]0;xb2J", "' =1", "plain",
		"'＝1+1", "'＋1", "'－2", "'＠SUM(A1)", "'\u3000＝1", "'\u00a0=1", "a＝1"}
	var rows [][]string
	for _, c := range cells {
		rows = append(rows, []string{c})
	}
	var out bytes.Buffer
	p := output.Printer{Out: &out, Format: output.CSV}
	if err := p.Print(output.Result{Columns: []string{"C"}, Rows: rows}); err != nil {
		t.Fatal(err)
	}
	read, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range read[1:] {
		got = append(got, r[0])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestJSONIsSafeForTerminals(t *testing.T) {
	doc := map[string]string{"name": "a\x1b[2J\u009b31m\u202eb\x7f"}
	for _, format := range []output.Format{output.JSON, output.NDJSON, output.YAML} {
		var out bytes.Buffer
		p := output.Printer{Out: &out, Format: format}
		if err := p.Print(output.Result{Doc: doc, Lines: []any{doc}}); err != nil {
			t.Fatal(err)
		}
		if s := strings.ReplaceAll(out.String(), "\n", ""); output.Clean(s) != s {
			t.Errorf("%s reaches a terminal with control characters: %q", format, s)
		}
		var back map[string]string
		if err := yaml.Unmarshal(out.Bytes(), &back); err != nil { // JSON is YAML
			t.Fatal(err)
		}
		if diff := cmp.Diff(doc, back); diff != "" {
			t.Errorf("%s changed the value: %s", format, diff)
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
