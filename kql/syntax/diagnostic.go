package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Diagnostic tells what is wrong at one place of a query.
type Diagnostic struct {
	Span
	// Code is the code that the service's language library gives to this kind
	// of error, or one of this package's own (TQ…) where it has none.
	Code    string
	Message string
}

// Codes of diagnostics.
const (
	CodeUnclosed      = "KS001" // a text or a literal without its end
	CodeUnexpected    = "KS002" // a character that the language does not use
	CodeMalformed     = "KS004" // a literal that cannot be read
	CodeExpected      = "KS005" // a certain word or character is missing
	CodeMissingPart   = "KS006" // an expression, a name … is missing
	CodeNoBrackets    = "KS147" // brackets where no element can be meant
	CodeTypeName      = "KS160" // not the name of a type
	CodeOperator      = "KS176" // not an operator
	CodeLeftOver      = "KS198" // text that belongs to nothing
	CodeFirstOperator = "KS174" // an operator that needs rows begins a query
	CodeBraced        = "KS213" // {name}, which a tool should have replaced
	CodeRawGuid       = "KS214" // a GUID without guid(…)
	CodeNeedsBrackets = "KS228" // a keyword as a name
	CodeDirective     = "KS250" // an unknown # line
	CodeTooDeep       = "TQ001" // nested deeper than MaxNesting
	CodeTooLong       = "TQ002" // longer than MaxLength
	CodeTooManyErrors = "TQ003" // errors behind the first MaxDiagnostics are left out
)

// Bounds. They are far beyond what people write, and keep what a stranger's
// text can cost in proportion to its length.
const (
	MaxLength      = 16 << 20 // bytes of a query
	MaxNesting     = 500      // brackets, functions and subqueries in each other; parentheses count twice
	MaxChain       = 100_000  // operators in a row in one expression
	MaxDiagnostics = 200
)

// Error makes a Diagnostic an error.
func (d Diagnostic) Error() string { return d.Code + ": " + d.Message }

// LineCol returns the line and the column of a byte offset, both from 1. The
// column counts characters, as editors do.
func LineCol(text string, offset int) (line, col int) {
	offset = max(0, min(offset, len(text)))
	before := text[:offset]
	line = 1 + strings.Count(before, "\n")
	return line, 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
}

// report adds a diagnostic, unless one at the same place tells already that
// something is wrong there: what follows a first error is mostly its echo.
func (p *parser) report(at Span, code, format string, args ...any) {
	n := len(p.diags)
	if n > 0 && p.diags[n-1].Start == at.Start {
		return
	}
	if n >= MaxDiagnostics {
		if n == MaxDiagnostics {
			p.diags = append(p.diags, Diagnostic{at, CodeTooManyErrors,
				fmt.Sprintf("There are more than %d errors; mend these first.", MaxDiagnostics)})
		}
		return
	}
	p.diags = append(p.diags, Diagnostic{at, code, fmt.Sprintf(format, args...)})
}

// found describes the token that stands where something else was expected.
func (p *parser) found() string {
	t := p.tok()
	if t.kind == tokEOF {
		return "the query ends here"
	}
	text := p.text(t)
	if len(text) > 40 {
		cut := 37
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut] + "…"
	}
	return "found " + text
}
