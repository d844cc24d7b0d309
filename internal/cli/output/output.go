// Package output prints what a command found, in the format the user asked
// for: a table for people, JSON, NDJSON, CSV or YAML for programs, optionally
// reduced by a JMESPath expression first.
package output

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jmespath/go-jmespath"
)

// Format is one way of printing.
type Format string

// The formats of --output.
const (
	Table  Format = "table"
	JSON   Format = "json"
	NDJSON Format = "ndjson"
	CSV    Format = "csv"
	YAML   Format = "yaml"
)

// Formats lists every format in the order help shows them.
func Formats() []Format { return []Format{Table, JSON, NDJSON, CSV, YAML} }

// ParseFormat reads a format's name. The error lists the names there are.
func ParseFormat(s string) (Format, error) {
	f := Format(strings.ToLower(strings.TrimSpace(s)))
	if slices.Contains(Formats(), f) {
		return f, nil
	}
	return "", fmt.Errorf("%q is not an output format: use table, json, ndjson, csv or yaml", s)
}

// Query is a compiled JMESPath expression (https://jmespath.org). The zero
// value selects everything.
type Query struct{ path *jmespath.JMESPath }

// ParseQuery compiles an expression; an empty one selects everything.
func ParseQuery(s string) (Query, error) {
	if strings.TrimSpace(s) == "" {
		return Query{}, nil
	}
	p, err := jmespath.Compile(s)
	if err != nil {
		return Query{}, fmt.Errorf("%q is not a JMESPath expression: %w", s, err)
	}
	return Query{path: p}, nil
}

// Result is what a command found.
type Result struct {
	// Doc is the whole as one JSON value, for json, yaml and queries.
	Doc any
	// Lines are the values of NDJSON, one per line. Nil means the elements of
	// Doc when it is a list, else Doc itself.
	Lines []any
	// Columns and Rows are the table and the CSV. Without columns they are
	// derived from Doc.
	Columns []string
	Rows    [][]string
	// Give says how the table fits a terminal that is too narrow.
	Give Give
	// Page, if not nil, writes what people read in place of the table; CSV still
	// has Columns and Rows.
	Page func(*Page)
}

// Give says which columns of a table give way in a narrow terminal. The zero
// value wraps the last column and cuts nothing: right for records, where every
// word counts. Lists that should stay a line per row name what may be cut.
type Give struct {
	// Drop are columns left out first, in this order: what they say is also
	// said elsewhere.
	Drop []string
	// Cut are columns cut short, in this order, each not below its width; ids
	// and times are never among them. None means that the last column wraps.
	Cut []Limit
	// Spare are columns left out last, in this order, when cutting did not do.
	Spare []string
}

// Limit is the width, in characters, that a column keeps at least.
type Limit struct {
	Column string
	Width  int
}

// Printer prints results.
type Printer struct {
	Out    io.Writer
	Format Format
	Query  Query
	// Width is the terminal's width for tables; 0 means unlimited, so that
	// nothing is cut off in a file.
	Width int
	// Color says whether a page may use colours.
	Color bool
}

// Print writes one result.
func (p *Printer) Print(r Result) error {
	if p.Query.path != nil {
		doc, err := generic(r.Doc)
		if err != nil {
			return err
		}
		v, err := p.Query.path.Search(doc)
		if err != nil {
			return fmt.Errorf("apply --query: %w", err)
		}
		r = Result{Doc: v}
	}
	switch p.Format {
	case JSON:
		return writeJSON(p.Out, r.Doc, "  ")
	case YAML:
		return writeYAML(p.Out, r.Doc)
	case NDJSON:
		return p.lines(r)
	case CSV, Table:
		if r.Page != nil && p.Format == Table {
			page := NewPage(p.Width, p.Color)
			r.Page(page)
			_, err := page.WriteTo(p.Out)
			return err
		}
		if r.Columns == nil {
			doc, err := generic(r.Doc)
			if err != nil {
				return err
			}
			r.Columns, r.Rows = tabulate(doc)
		}
		if p.Format == CSV {
			return writeCSV(p.Out, r.Columns, r.Rows)
		}
		return writeTable(p.Out, r.Columns, r.Rows, p.Width, r.Give)
	}
	return fmt.Errorf("%q is not an output format", p.Format)
}

func (p *Printer) lines(r Result) error {
	if r.Lines != nil {
		for _, v := range r.Lines {
			if err := writeJSON(p.Out, v, ""); err != nil {
				return err
			}
		}
		return nil
	}
	doc, err := generic(r.Doc)
	if err != nil {
		return err
	}
	list, ok := doc.([]any)
	if !ok {
		return writeJSON(p.Out, r.Doc, "")
	}
	for _, v := range list {
		if err := writeJSON(p.Out, v, ""); err != nil {
			return err
		}
	}
	return nil
}

func writeJSON(w io.Writer, v any, indent string) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // links are to be read and copied
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	if _, err := w.Write(escapeRisky(b.Bytes())); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// risky are the characters that encoding/json leaves as they are and a
// terminal may obey: the control characters from U+007F to U+009F and
// bidirectional overrides.
func risky(r rune) bool { return r >= 0x7f && r != utf8.RuneError && unfit(r) }

// escapeRisky writes risky characters as \u. In JSON, and in what writeYAML
// makes, they occur inside quoted strings only, so the value stays the same.
func escapeRisky(text []byte) []byte {
	if bytes.IndexFunc(text, risky) < 0 {
		return text
	}
	var b bytes.Buffer
	for _, r := range string(text) {
		if risky(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.Bytes()
}

func writeCSV(w io.Writer, columns []string, rows [][]string) error {
	c := csv.NewWriter(w)
	if len(columns) > 0 {
		if err := c.Write(columns); err != nil {
			return fmt.Errorf("write CSV: %w", err)
		}
	}
	for _, r := range rows {
		harmless := make([]string, len(r))
		for i := range r {
			harmless[i] = plainCell(r[i])
		}
		if err := c.Write(harmless); err != nil {
			return fmt.Errorf("write CSV: %w", err)
		}
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

// plainCell makes a cell text and nothing else: for a terminal, as Clean does,
// and for a spreadsheet, which would take what begins like a formula for one.
// The apostrophe is what OWASP's page on CSV injection advises, and so are the
// full-width characters, which some locales read as the plain ones. Numbers keep
// their sign. JSON and YAML give the text as it was.
func plainCell(s string) string {
	s = Clean(s)
	first, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(s, unicode.IsSpace))
	if !strings.ContainsRune("=+-@＝＋－＠", first) {
		return s
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return s
	}
	return "'" + s
}

// generic turns any value into maps, slices and scalars by way of JSON.
func generic(v any) (any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, fmt.Errorf("read back JSON: %w", err)
	}
	return out, nil
}
