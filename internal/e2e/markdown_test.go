package e2e

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"
)

// block is one fenced block of a page, or a stage direction: an HTML comment
// "person: …" (who acts meanwhile) or "go: …" (the function whose body follows).
type block struct {
	line   int    // of its first content line, from 1
	lang   string // "console", "sh", "go", "json", "text"; "person" for a direction
	name   string // of the function, for "go"
	text   string
	output bool // what the sh block before it prints
}

// blocks takes a page apart. A json or text block is the output of the sh
// block right before it.
func blocks(page string) ([]block, error) {
	var all []block
	var open *block
	name := ""
	for i, line := range strings.Split(page, "\n") {
		if open != nil {
			if line == "```" {
				all = append(all, *open)
				open = nil
				continue
			}
			open.text += line + "\n"
			continue
		}
		if lang, ok := strings.CutPrefix(line, "```"); ok {
			open = &block{line: i + 2, lang: lang}
			if lang == "go" {
				open.name, name = name, ""
			}
			if lang == "json" || lang == "text" {
				if len(all) == 0 || all[len(all)-1].lang != "sh" {
					return nil, fmt.Errorf("line %d: output of what?", i+1)
				}
				open.output = true
			}
			continue
		}
		if f, ok := strings.CutPrefix(line, "<!-- go: "); ok {
			name = strings.TrimSuffix(f, " -->")
		}
		if does, ok := strings.CutPrefix(line, "<!-- person: "); ok {
			all = append(all, block{line: i + 1, lang: "person", text: strings.TrimSuffix(does, " -->")})
		}
	}
	if open != nil {
		return nil, fmt.Errorf("line %d: the block does not end", open.line)
	}
	return all, nil
}

// replaceBlock puts other content between the fences of a block.
func replaceBlock(page string, b block, text string) string {
	lines := strings.SplitAfter(page, "\n")
	end := b.line - 1 + strings.Count(b.text, "\n")
	return strings.Join(lines[:b.line-1], "") + text + strings.Join(lines[end:], "")
}

// session is a command of a console block with what it prints.
type session struct{ command, output string }

func sessions(b block) ([]session, error) {
	var all []session
	for line := range strings.Lines(b.text) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			all = append(all, session{command: strings.TrimSuffix(command, "\n")})
			continue
		}
		if n := len(all); n > 0 && all[n-1].output == "" && strings.HasSuffix(all[n-1].command, "|") {
			all[n-1].command += "\n" + strings.TrimSuffix(line, "\n") // goes on
			continue
		}
		if len(all) == 0 {
			return nil, fmt.Errorf("line %d: a console block begins with a command", b.line)
		}
		all[len(all)-1].output += line
	}
	return all, nil
}

// bodies reads the functions of a source file: the text of each body, without
// its braces and one level of indentation.
func bodies(t *testing.T, file string) map[string]string {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		text := string(source[files.Position(f.Body.Lbrace).Offset+1 : files.Position(f.Body.Rbrace).Offset])
		all[f.Name.Name] = regexp.MustCompile(`(?m)^\t`).ReplaceAllString(strings.TrimPrefix(text, "\n"), "")
	}
	return all
}

// What differs from run to run, and ids that do not.
var (
	jwtRE     = regexp.MustCompile(`eyJ[\w-]+…?(\.[\w-]+\.[\w-]+)?`)
	guidRE    = regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	fixedRE   = regexp.MustCompile(`^(10000000-0000-4000-8000-|8ee8fdad-|a9790345-|fc780465-)`)
	placeRE   = regexp.MustCompile(`file:/\S*/(\S+)`) // where the page is run
	stampRE   = regexp.MustCompile(`\b20\d\d-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?UTC|Z)?)?`)
	epochRE   = regexp.MustCompile(`"\d{10}"`)
	codeRE    = regexp.MustCompile(`(enter the code )[A-Z0-9]+`)
	keyRE     = regexp.MustCompile(`\bkey "[\w-]{27}"`)
	utiRE     = regexp.MustCompile(`(id in the sign-in log\s+)[\w-]{22}`)
	spanRE    = regexp.MustCompile(`\b\d+ (min from now|bytes)\b`)
	paddingRE = regexp.MustCompile(`[ \t]+`)
)

// normal takes out of an output what differs from run to run. Blanks are
// padding of tables, whose widths follow from what was taken out.
func normal(s string) string {
	s = jwtRE.ReplaceAllString(s, "TOKEN")
	s = guidRE.ReplaceAllStringFunc(s, func(id string) string {
		if fixedRE.MatchString(id) {
			return id
		}
		return "GUID"
	})
	s = placeRE.ReplaceAllString(s, "file:${1}")
	s = stampRE.ReplaceAllString(s, "TIME")
	s = epochRE.ReplaceAllString(s, `"EPOCH"`)
	s = codeRE.ReplaceAllString(s, "${1}CODE")
	s = keyRE.ReplaceAllString(s, "key ID")
	s = utiRE.ReplaceAllString(s, "${1}ID")
	s = spanRE.ReplaceAllString(s, "SOME ${1}")
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(paddingRE.ReplaceAllString(lines[i], " "), " ")
	}
	return strings.Join(lines, "\n")
}

// shown is an output as a page shows it: without whole tokens, which are of no
// use to a reader.
func shown(s string) string {
	s = strings.TrimRight(jwtRE.ReplaceAllString(s, "eyJ0eXAi…"), " \n")
	if s == "" {
		return ""
	}
	return s + "\n"
}
