package output_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/cli/output"
)

func write(t *testing.T, width int, color bool, f func(*output.Page)) string {
	t.Helper()
	var out bytes.Buffer
	p := output.Printer{Out: &out, Format: output.Table, Width: width, Color: color}
	if err := p.Print(output.Result{Doc: 1, Page: f}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func samplePage(p *output.Page) {
	p.Title("Incident 29 of Contoso: Hands-on-keyboard attack launched from an account")
	p.Words(0, " · ", output.Cell{Text: "high", Style: output.Red}, output.Text(""), output.Text("active"), output.Text("assigned to somebody@contoso.example"))
	p.Blank()
	p.Fields(0, [2]string{"tags", "a, b"}, [2]string{"none", ""}, [2]string{"portal", "https://security.microsoft.com/incidents/29?tid=0123456789"})
	p.Heading("What happened")
	p.Paragraphs(2, "First line that is longer than the page is wide, so it is wrapped.\r\n\r\nSecond.\n")
	p.Rows(2, []output.Cell{output.Text("a"), output.Text("one that wraps below itself when it has to do so")}, []output.Cell{output.Text("bbb"), output.Text("two")})
}

func TestPageFitsTheTerminal(t *testing.T) {
	want := `Incident 29 of Contoso: Hands-on-keyboard
attack launched from an account
high · active
assigned to somebody@contoso.example

tags    a, b
portal  https://security.microsoft.com/incidents/29?tid=0123456789

What happened
  First line that is longer than the page is
  wide, so it is wrapped.

  Second.
  a    one that wraps below itself when it
       has to do so
  bbb  two
`
	if diff := cmp.Diff(want, write(t, 44, false, samplePage)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, line := range strings.Split(write(t, 44, false, samplePage), "\n") {
		if len([]rune(line)) > 44 && !strings.Contains(line, "https://") {
			t.Errorf("%q is wider than the page", line)
		}
	}
}

func TestPageInAFileIsWhole(t *testing.T) {
	got := write(t, 0, false, samplePage)
	if !strings.Contains(got, "  First line that is longer than the page is wide, so it is wrapped.\n") || strings.Contains(got, "\x1b") {
		t.Errorf("got %q", got)
	}
}

// Colours are the page's own: taking them out gives the page without colours.
func TestPageColours(t *testing.T) {
	plain, coloured := write(t, 60, false, samplePage), write(t, 60, true, samplePage)
	for _, style := range []output.Style{output.Red, output.Strong, output.Faint} {
		if !strings.Contains(coloured, "\x1b["+string(style)+"m") {
			t.Errorf("nothing has style %q: %q", style, coloured)
		}
	}
	for _, style := range []output.Style{output.Red, output.Strong, output.Faint, "0"} {
		coloured = strings.ReplaceAll(coloured, "\x1b["+string(style)+"m", "")
	}
	if diff := cmp.Diff(plain, coloured); diff != "" {
		t.Errorf("-plain +coloured:\n%s", diff)
	}
}

// CSV and a query have no use for a page.
func TestPageIsForPeople(t *testing.T) {
	q, err := output.ParseQuery("name")
	if err != nil {
		t.Fatal(err)
	}
	r := output.Result{Doc: map[string]string{"name": "doc"}, Columns: []string{"A"}, Rows: [][]string{{"row"}}, Page: func(p *output.Page) { p.Title("page") }}
	for _, tc := range []struct {
		p    output.Printer
		want string
	}{
		{output.Printer{Format: output.Table}, "page\n"},
		{output.Printer{Format: output.CSV}, "A\nrow\n"},
		{output.Printer{Format: output.Table, Query: q}, "doc\n"},
		{output.Printer{Format: output.JSON, Query: q}, "\"doc\"\n"},
	} {
		var out bytes.Buffer
		tc.p.Out = &out
		if err := tc.p.Print(r); err != nil || out.String() != tc.want {
			t.Errorf("%s: got %q, %v", tc.p.Format, out.String(), err)
		}
	}
}

// Whatever is put in, a terminal gets text: without colours there is no control
// character but the end of a line.
func FuzzPage(f *testing.F) {
	f.Add("plain text", 80)
	f.Add("\x1b[2J\u009b31m\u202eevil\r\n\x07\u2028\xff", 20)
	f.Add(strings.Repeat("long ", 100), 1)
	f.Fuzz(func(t *testing.T, s string, width int) {
		var out bytes.Buffer
		p := output.NewPage(width, false)
		p.Title(s)
		p.Heading(s)
		p.Words(2, " · ", output.Text(s), output.Text(s))
		p.Paragraphs(4, s)
		p.Rows(2, []output.Cell{output.Text(s), output.Text(s), output.Text(s)})
		p.Fields(0, [2]string{s, s})
		if _, err := p.WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		for _, r := range out.String() {
			if r != '\n' && unicode.IsControl(r) || r == 0x202e || r == 0x2028 {
				t.Fatalf("%q reaches the terminal in %q", r, out.String())
			}
		}
	})
}

// Columns that are left out last leave their room to those that were cut.
func TestTableSparesColumnsLast(t *testing.T) {
	r := output.Result{
		Columns: []string{"ID", "STATE", "WHEN", "TITLE"},
		Rows:    [][]string{{"da637551227677560813_-961444813", "inProgress", "2026-11-22 19:23", "Hands-on-keyboard attack launched"}},
		Give:    output.Give{Cut: []output.Limit{{Column: "TITLE", Width: 12}}, Spare: []string{"WHEN", "STATE"}},
	}
	for width, want := range map[int]string{
		100: "da637551227677560813_-961444813  inProgress  2026-11-22 19:23  Hands-on-keyboard attack launched",
		78:  "da637551227677560813_-961444813  inProgress  2026-11-22 19:23  Hands-on-keybo…",
		70:  "da637551227677560813_-961444813  inProgress  Hands-on-keyboard attack…",
		50:  "da637551227677560813_-961444813  Hands-on-keyboar…",
	} {
		var out bytes.Buffer
		p := output.Printer{Out: &out, Format: output.Table, Width: width}
		if err := p.Print(r); err != nil {
			t.Fatal(err)
		}
		if got := strings.Split(out.String(), "\n")[1]; got != want {
			t.Errorf("width %d: got %q, want %q", width, got, want)
		}
	}
}

func TestCompose(t *testing.T) {
	head := map[string]string{"tenantId": "t"}
	for _, tc := range []struct {
		head, body any
		want       string
	}{
		{head, json.RawMessage(`{"z":1,"tenantId":"other","a":{"b":[null,1.50]},"n":12345678901234567890}`), `{"tenantId":"t","z":1,"a":{"b":[null,1.50]},"n":12345678901234567890}`},
		{head, json.RawMessage(`{}`), `{"tenantId":"t"}`},
		{map[string]string{}, json.RawMessage(`{"a\"b":"<x>"}`), `{"a\"b":"\u003cx\u003e"}`},
	} {
		got, err := output.Compose(tc.head, tc.body)
		if err != nil || string(got) != tc.want {
			t.Errorf("got %s, %v; want %s", got, err, tc.want)
		}
	}
	for _, bad := range []any{nil, 1, "text", []int{1}, true} {
		if _, err := output.Compose(head, bad); err == nil {
			t.Errorf("%v is taken for a record", bad)
		}
		if _, err := output.Compose(bad, map[string]int{}); err == nil {
			t.Errorf("%v is taken for a head", bad)
		}
	}
	if _, err := output.Compose(head, func() {}); err == nil {
		t.Error("what has no JSON is taken")
	}
}
