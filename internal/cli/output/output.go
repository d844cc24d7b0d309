// Package output prints what a command found, in the format the user asked
// for: a table for people, JSON, NDJSON, CSV or YAML for programs, optionally
// reduced by a JMESPath expression first.
package output

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

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
}

// Printer prints results.
type Printer struct {
	Out    io.Writer
	Format Format
	Query  Query
	// Width is the terminal's width for tables; 0 means unlimited, so that
	// nothing is cut off in a file.
	Width int
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
		return writeTable(p.Out, r.Columns, r.Rows, p.Width)
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
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false) // links are to be read and copied
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

func writeCSV(w io.Writer, columns []string, rows [][]string) error {
	c := csv.NewWriter(w)
	if len(columns) > 0 {
		if err := c.Write(columns); err != nil {
			return fmt.Errorf("write CSV: %w", err)
		}
	}
	if err := c.WriteAll(rows); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
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
