package output

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Style is how a piece of text stands out in a terminal. Without colour it
// looks like any other: what matters is always said in words as well.
type Style string

// Styles, as the parameters of an SGR sequence (ECMA-48, 8.3.117). They are the
// eight basic colours, which every theme makes readable.
const (
	Plain  Style = ""
	Strong Style = "1"
	Faint  Style = "2"
	Red    Style = "1;31"
	Yellow Style = "33"
	Green  Style = "32"
	Blue   Style = "36"
)

// Page is a text for people: headings, paragraphs, fields and lists, fitted to
// a terminal. Whatever text is put in is cleaned first (see [Clean]), so that
// nothing of foreign origin reaches the terminal as anything but text.
//
// In a file, where the width is 0, nothing is wrapped or cut.
type Page struct {
	width int
	color bool
	b     strings.Builder
	begun bool // a line was written before
}

// NewPage begins a page of the given width in characters; 0 means unlimited.
func NewPage(width int, color bool) *Page { return &Page{width: width, color: color} }

// WriteTo writes the page.
func (p *Page) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, p.b.String())
	if err != nil {
		return int64(n), fmt.Errorf("write the page: %w", err)
	}
	return int64(n), nil
}

// Width is the page's width; 0 means unlimited.
func (p *Page) Width() int { return p.width }

// Cell is a piece of text with its style.
type Cell struct {
	Text  string
	Style Style
}

// Text is a cell without a style.
func Text(s string) Cell { return Cell{Text: s} }

func (p *Page) paint(text string, s Style) string {
	if !p.color || s == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// Title writes the first line or lines of a page.
func (p *Page) Title(s string) {
	for _, line := range p.wrap(Clean(s), 0) {
		p.b.WriteString(p.paint(line, Strong) + "\n")
	}
	p.begun = true
}

// Heading begins a section, after an empty line.
func (p *Page) Heading(s string) {
	if p.begun {
		p.b.WriteByte('\n')
	}
	p.b.WriteString(p.paint(Clean(s), Strong) + "\n")
	p.begun = true
}

// Blank writes an empty line.
func (p *Page) Blank() { p.b.WriteByte('\n') }

// Paragraphs writes a text of any length, its own line breaks kept and long
// lines wrapped, each line indented.
func (p *Page) Paragraphs(indent int, s string) {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	for line := range strings.SplitSeq(strings.Trim(s, "\n"), "\n") {
		for _, part := range p.wrap(strings.TrimRight(Clean(line), " "), indent) {
			p.line(strings.Repeat(" ", indent)+part, "")
		}
	}
	p.begun = true
}

// Words writes cells one after the other on a line, separated as given, and
// goes on in the next line where the width ends. Empty cells are left out.
func (p *Page) Words(indent int, separator string, cells ...Cell) {
	between := utf8.RuneCountInString(separator)
	line, length := strings.Repeat(" ", indent), indent
	for _, c := range cells {
		text := Clean(c.Text)
		if text == "" {
			continue
		}
		n := utf8.RuneCountInString(text)
		if length > indent && p.width > 0 && length+between+n > p.width {
			p.line(line, "")
			line, length = strings.Repeat(" ", indent), indent
		}
		if length > indent {
			line += separator
			length += between
		}
		line += p.paint(text, c.Style)
		length += n
	}
	if length > indent {
		p.line(line, "")
	}
	p.begun = true
}

// Rows writes rows of cells as aligned columns without a header. Of a row that
// does not fit, the last cell is wrapped below itself.
func (p *Page) Rows(indent int, rows ...[]Cell) {
	widths := []int{}
	clean := make([][]Cell, len(rows))
	for i, r := range rows {
		for j, c := range r {
			c.Text = Clean(c.Text)
			clean[i] = append(clean[i], c)
			if j == len(widths) {
				widths = append(widths, 0)
			}
			if j < len(r)-1 { // a last cell may be as long as it likes
				widths[j] = max(widths[j], utf8.RuneCountInString(c.Text))
			}
		}
	}
	for _, r := range clean {
		line, at := strings.Repeat(" ", indent), indent
		for j, c := range r {
			if j < len(r)-1 {
				pad := widths[j] - utf8.RuneCountInString(c.Text)
				line += p.paint(c.Text, c.Style) + strings.Repeat(" ", pad) + gap
				at += widths[j] + len(gap)
				continue
			}
			for k, part := range p.wrap(c.Text, at) {
				if k > 0 {
					line = strings.Repeat(" ", at)
				}
				p.line(line, p.paint(part, c.Style))
				line = ""
			}
		}
	}
	p.begun = true
}

// Fields writes pairs of a name and a value, the values aligned; those without
// a value are left out.
func (p *Page) Fields(indent int, pairs ...[2]string) {
	var rows [][]Cell
	for _, f := range pairs {
		if f[1] != "" {
			rows = append(rows, []Cell{{Text: f[0], Style: Faint}, {Text: f[1]}})
		}
	}
	if len(rows) > 0 {
		p.Rows(indent, rows...)
	}
}

func (p *Page) wrap(s string, at int) []string {
	if p.width <= 0 || p.width-at < minWrap {
		return []string{s}
	}
	return Wrap(s, p.width-at)
}

func (p *Page) line(start, rest string) {
	p.b.WriteString(strings.TrimRight(start+rest, " "))
	p.b.WriteByte('\n')
}
