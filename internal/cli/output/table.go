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
// narrow columns give way as give says.
func writeTable(w io.Writer, columns []string, rows [][]string, width int, give Give) error {
	t := newGrid(columns, rows)
	if t.n == 0 {
		return nil
	}
	t.fit(width, give)
	var b strings.Builder
	for _, r := range t.cells {
		t.line(&b, r, width, len(give.Cut) == 0)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

// grid is a table in the making: cleaned cells, the header among them.
type grid struct {
	n       int // columns
	columns []string
	cells   [][]string
	widths  []int
}

func newGrid(columns []string, rows [][]string) *grid {
	t := &grid{n: len(columns), columns: slices.Clone(columns)}
	for _, r := range rows {
		t.n = max(t.n, len(r))
	}
	all := rows
	if len(columns) > 0 {
		all = append([][]string{columns}, rows...)
	}
	t.widths = make([]int, t.n)
	for _, r := range all {
		clean := make([]string, len(r), t.n)
		for j, c := range r {
			clean[j] = Clean(c)
			t.widths[j] = max(t.widths[j], utf8.RuneCountInString(clean[j]))
		}
		t.cells = append(t.cells, clean)
	}
	return t
}

func (t *grid) total() int {
	total := len(gap) * (t.n - 1)
	for _, w := range t.widths {
		total += w
	}
	return total
}

func (t *grid) fit(width int, give Give) {
	if width <= 0 {
		return
	}
	for _, name := range give.Drop {
		if t.total() > width {
			t.drop(slices.Index(t.columns, name))
		}
	}
	whole := slices.Clone(t.widths)
	t.cut(width, give.Cut)
	for _, name := range give.Spare {
		j := slices.Index(t.columns, name)
		if j < 0 || t.total() <= width {
			continue
		}
		whole = slices.Delete(whole, j, j+1)
		t.drop(j)
		t.widths = slices.Clone(whole) // what was left out leaves room
		t.cut(width, give.Cut)
	}
}

func (t *grid) cut(width int, limits []Limit) {
	for _, limit := range limits {
		if j := slices.Index(t.columns, limit.Column); j >= 0 {
			t.widths[j] = max(min(t.widths[j], limit.Width), t.widths[j]-max(0, t.total()-width))
		}
	}
}

func (t *grid) drop(j int) {
	if j < 0 {
		return
	}
	t.n--
	t.columns = slices.Delete(t.columns, j, j+1)
	t.widths = slices.Delete(t.widths, j, j+1)
	for i, r := range t.cells {
		if j < len(r) {
			t.cells[i] = slices.Delete(r, j, j+1)
		}
	}
}

// minWrap is the width below which a column is not worth wrapping: the
// terminal breaks the line itself.
const minWrap = 20

// line writes one row: cells cut to their widths, or the last one continued
// under itself.
func (t *grid) line(b *strings.Builder, r []string, width int, wrapped bool) {
	line, indent := "", 0
	for j, c := range r {
		if j == t.n-1 {
			break
		}
		c = cut(c, t.widths[j])
		line += c + strings.Repeat(" ", t.widths[j]-utf8.RuneCountInString(c)) + gap
	}
	indent = utf8.RuneCountInString(line)
	var last []string
	if len(r) == t.n {
		last = []string{cut(r[t.n-1], t.widths[t.n-1])}
		if wrapped && width-indent >= minWrap {
			last = Wrap(r[t.n-1], width-indent)
		}
	}
	for i, part := range append(last, "")[:max(1, len(last))] {
		if i > 0 {
			line = strings.Repeat(" ", indent)
		}
		b.WriteString(strings.TrimRight(line+part, " "))
		b.WriteByte('\n')
	}
}

// Wrap breaks a text at spaces into lines of at most width characters. A word
// that is longer, such as a link, stays whole: it is to be copied.
func Wrap(s string, width int) []string {
	if utf8.RuneCountInString(s) <= width {
		return []string{s}
	}
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
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
		case r == '\n' || r == '\t' || r == '\r' || r == 0x2028 || r == 0x2029:
			return ' '
		case unfit(r):
			return -1
		}
		return r
	}, s)
}

func unfit(r rune) bool {
	return unicode.IsControl(r) || r == utf8.RuneError ||
		(r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) || r == 0x200e || r == 0x200f || r == 0x061c ||
		r == 0x2028 || r == 0x2029 // separators of lines and paragraphs
}
