package output

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tabulate derives columns and rows from a value that a query left over: a
// list of objects gives a column per key, a list of lists a row each, an
// object a row per key, and a scalar one cell without a header.
func tabulate(doc any) (columns []string, rows [][]string) {
	switch v := doc.(type) {
	case nil:
		return nil, nil
	case []any:
		return tabulateList(v)
	case map[string]any:
		for _, k := range sortedKeys(v) {
			rows = append(rows, []string{k, cell(v[k])})
		}
		return []string{"FIELD", "VALUE"}, rows
	}
	return nil, [][]string{{cell(doc)}}
}

func tabulateList(list []any) (columns []string, rows [][]string) {
	for _, e := range list {
		if m, ok := e.(map[string]any); ok {
			for _, k := range sortedKeys(m) {
				if !slices.Contains(columns, k) {
					columns = append(columns, k)
				}
			}
		}
	}
	for _, e := range list {
		switch x := e.(type) {
		case map[string]any:
			row := make([]string, len(columns))
			for i, k := range columns {
				row[i] = cell(x[k])
			}
			rows = append(rows, row)
		case []any:
			row := make([]string, len(x))
			for i := range x {
				row[i] = cell(x[i])
			}
			rows = append(rows, row)
		default:
			rows = append(rows, []string{cell(e)})
		}
	}
	return columns, rows
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func cell(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case bool:
		return strconv.FormatBool(x)
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

const gap = "  "

// writeTable aligns columns by their widest cell. In a terminal that is too
// narrow the widest columns give way until the line fits.
func writeTable(w io.Writer, columns []string, rows [][]string, width int) error {
	n := len(columns)
	for _, r := range rows {
		n = max(n, len(r))
	}
	if n == 0 {
		return nil
	}
	all := make([][]string, 0, len(rows)+1)
	if len(columns) > 0 {
		all = append(all, columns)
	}
	all = append(all, rows...)
	widths := make([]int, n)
	for i, r := range all {
		clean := make([]string, n)
		for j, c := range r {
			clean[j] = Clean(c)
			widths[j] = max(widths[j], utf8.RuneCountInString(clean[j]))
		}
		all[i] = clean
	}
	shrink(widths, width)
	var b strings.Builder
	for _, r := range all {
		line := ""
		for j, c := range r {
			c = cut(c, widths[j])
			line += c
			if j < n-1 {
				line += strings.Repeat(" ", widths[j]-utf8.RuneCountInString(c)) + gap
			}
		}
		b.WriteString(strings.TrimRight(line, " "))
		b.WriteByte('\n')
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

// minColumn is the width below which no column is cut.
const minColumn = 12

func shrink(widths []int, width int) {
	if width <= 0 {
		return
	}
	for {
		total, widest := len(gap)*(len(widths)-1), 0
		for j, w := range widths {
			total += w
			if w > widths[widest] {
				widest = j
			}
		}
		if total <= width || widths[widest] <= minColumn {
			return
		}
		widths[widest]--
	}
}

func cut(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	r := []rune(s)
	return string(r[:width-1]) + "…"
}

// Clean makes a text of foreign origin fit for a terminal: line breaks and
// tabs become spaces, and control characters, which could otherwise move the
// cursor or change what was printed before, and bidirectional overrides, are
// taken out. The title of an incident may be an attacker's choice.
func Clean(s string) string {
	if !strings.ContainsFunc(s, unfit) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unfit(r):
			return -1
		}
		return r
	}, s)
}

func unfit(r rune) bool {
	return unicode.IsControl(r) || r == utf8.RuneError ||
		(r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) || r == 0x200e || r == 0x200f
}
