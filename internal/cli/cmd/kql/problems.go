package kql

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/iostreams"
	"github.com/tenantry/tenantry/internal/cli/output"
	"github.com/tenantry/tenantry/kql/syntax"
)

// problems tells what is wrong with queries, and counts it.
type problems struct {
	streams *iostreams.Streams
	errors  int
	files   int
}

func newProblems(s *iostreams.Streams) *problems { return &problems{streams: s} }

// tell writes the diagnostics of one text to stderr, each as
// file:line:column: message, which editors turn into a link, and the line.
func (p *problems) tell(src source, list []syntax.Diagnostic) {
	p.files++
	p.errors += len(list)
	text := string(src.data)
	for _, d := range list {
		line, col := syntax.LineCol(text, d.Start)
		p.streams.Notef("%s:%d:%d: %s (%s)", src.name, line, col, d.Message, d.Code)
		if excerpt := excerptOf(text, d.Span); excerpt != "" {
			p.streams.Notef("%s", excerpt)
		}
	}
}

func (p *problems) any() bool { return p.errors > 0 }

// err is the end of a run with problems, nil without. done says what became of
// the rest.
func (p *problems) err(done string) error {
	if !p.any() {
		return nil
	}
	return clierr.Failed(done+"mend them and run it again", "%s in %s", count(p.errors, "syntax error", "syntax errors"), count(p.files, "query", "queries"))
}

// excerptWidth is how much of a line is shown: a dashboard's query may be one
// line of ten thousand characters.
const excerptWidth = 100

// excerptOf shows the line of a place, with carets below the place.
func excerptOf(text string, at syntax.Span) string {
	from := max(0, min(at.Start, len(text)))
	start := strings.LastIndexAny(text[:from], "\r\n") + 1
	end := len(text)
	if i := strings.IndexAny(text[from:], "\r\n"); i >= 0 {
		end = from + i
	}
	to := max(from, min(at.End, end))
	before := []rune(output.Clean(text[start:from]))
	marked := []rune(output.Clean(text[from:to]))
	after := []rune(output.Clean(text[to:end]))
	head, tail := "", ""
	if len(before) > excerptWidth/2 {
		head, before = "…", before[len(before)-excerptWidth/2:]
	}
	room := excerptWidth - len(before)
	if len(marked) > room {
		marked, after, tail = marked[:room], nil, "…"
	}
	if room -= len(marked); len(after) > room {
		after, tail = after[:room], "…"
	}
	line := head + string(before) + string(marked) + string(after) + tail
	if strings.TrimSpace(line) == "" {
		return ""
	}
	pad := strings.Repeat(" ", utf8.RuneCountInString(head)+len(before))
	return fmt.Sprintf("    %s\n    %s%s", line, pad, strings.Repeat("^", max(1, len(marked))))
}
