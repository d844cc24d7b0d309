package tenants

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
)

// record is one line of an import.
type record struct {
	line     int
	tenant   string // id or domain
	name     string
	customer string
	tags     []string
}

// domain is the tenant's domain when the record names it by one.
func (r record) domain() string {
	if _, err := entra.ParseTenantID(r.tenant); err == nil {
		return ""
	}
	return strings.ToLower(r.tenant)
}

// parseRecords reads a file as YAML when its name ends so, else as CSV.
// Records without a problem are returned along with the problems of the
// others, so that all are told at once.
func parseRecords(path string, text []byte) ([]record, []problem) {
	text, err := utf8Text(text)
	if err != nil {
		return nil, []problem{{1, err.Error()}}
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".yaml", ".yml":
		return parseYAML(text)
	}
	return parseCSV(text)
}

// utf8Text decodes UTF-16, which spreadsheets call Unicode text, and takes the
// byte order mark off.
func utf8Text(text []byte) ([]byte, error) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(text, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(text, []byte("\xfe\xff")):
		order = binary.BigEndian
	}
	if order != nil && len(text)%2 == 0 {
		units := make([]uint16, 0, len(text)/2)
		for i := 2; i < len(text); i += 2 {
			units = append(units, order.Uint16(text[i:]))
		}
		text = []byte(string(utf16.Decode(units)))
	}
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return nil, errors.New("this is not text in UTF-8 or UTF-16; save it as CSV UTF-8")
	}
	return bytes.TrimPrefix(text, []byte("\ufeff")), nil
}

// delimiter is what the first line separates its columns by. Spreadsheets
// write semicolons, or tabs, where the comma is the decimal sign.
func delimiter(text []byte) rune {
	first, _, _ := bytes.Cut(text, []byte("\n"))
	for _, r := range []rune{',', ';', '\t'} {
		if bytes.ContainsRune(first, r) {
			return r
		}
	}
	return ','
}

var columnNames = map[string]string{"tenant": "tenant", "id": "tenant", "domain": "tenant", "tenantid": "tenant", "name": "name", "customer": "customer", "tags": "tags"}

func parseCSV(text []byte) (records []record, problems []problem) {
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma = delimiter(text)
	r.TrimLeadingSpace = r.Comma != '\t' // or empty fields would be lost
	r.FieldsPerRecord = -1               // told with its line below
	var columns []string
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var pe *csv.ParseError
		if errors.As(err, &pe) {
			return records, append(problems, problem{pe.Line, "not CSV: " + pe.Err.Error()})
		}
		if err != nil {
			return records, append(problems, problem{1, err.Error()})
		}
		line, _ := r.FieldPos(0)
		if columns == nil {
			var p []problem
			if columns, p = header(fields, line); len(p) > 0 {
				return nil, p
			}
			continue
		}
		if len(fields) != len(columns) {
			problems = append(problems, problem{line, fmt.Sprintf("has %d fields, the first line has %d", len(fields), len(columns))})
			continue
		}
		values := map[string]string{}
		for i, c := range columns {
			if v := strings.TrimSpace(fields[i]); v != "" {
				values[c] = v
			}
		}
		records, problems = collect(records, problems, line, values)
	}
	return records, problems
}

func header(fields []string, line int) (columns []string, problems []problem) {
	for _, f := range fields {
		name, ok := columnNames[strings.ToLower(strings.TrimSpace(f))]
		switch {
		case !ok:
			problems = append(problems, problem{line, fmt.Sprintf("%q is not a column: use tenant, name, customer, tags", f)})
		case slices.Contains(columns, name):
			problems = append(problems, problem{line, fmt.Sprintf("the column %q is there twice", f)})
		default:
			columns = append(columns, name)
		}
	}
	if len(problems) == 0 && !slices.Contains(columns, "tenant") {
		problems = append(problems, problem{line, "there is no column tenant"})
	}
	return columns, problems
}

func collect(records []record, problems []problem, line int, values map[string]string) ([]record, []problem) {
	rec := record{line: line, tenant: values["tenant"], name: values["name"], customer: values["customer"]}
	if rec.tenant == "" {
		return records, append(problems, problem{line, "names no tenant: give its id or a domain"})
	}
	words := strings.FieldsFunc(values["tags"], func(r rune) bool { return r == ' ' || r == ';' || r == ',' })
	tags, err := fleet.NormalizeTags(words)
	if err != nil {
		return records, append(problems, problem{line, err.Error()})
	}
	rec.tags = tags
	return append(records, rec), problems
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

func parseYAML(text []byte) (records []record, problems []problem) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		line, msg := 1, strings.TrimPrefix(err.Error(), "yaml: ")
		if m := yamlLine.FindStringSubmatch(msg); m != nil {
			line, _ = strconv.Atoi(m[1])
			msg = strings.Replace(msg, m[0], "", 1)
		}
		return nil, []problem{{line, "not YAML: " + msg}}
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	list := doc.Content[0]
	if list.Kind != yaml.SequenceNode {
		return nil, []problem{{list.Line, "must be a list of tenants, each with the key tenant"}}
	}
	for _, item := range list.Content {
		if item.Kind != yaml.MappingNode {
			problems = append(problems, problem{item.Line, "must be keys and values: tenant, name, customer, tags"})
			continue
		}
		values, p := yamlValues(item)
		if len(p) > 0 {
			problems = append(problems, p...)
			continue
		}
		records, problems = collect(records, problems, item.Line, values)
	}
	return records, problems
}

func yamlValues(item *yaml.Node) (map[string]string, []problem) {
	values := map[string]string{}
	var problems []problem
	for i := 0; i+1 < len(item.Content); i += 2 {
		k, v := item.Content[i], item.Content[i+1]
		name, ok := columnNames[strings.ToLower(k.Value)]
		switch {
		case !ok:
			problems = append(problems, problem{k.Line, fmt.Sprintf("%q is not a key: use tenant, name, customer, tags", k.Value)})
		case values[name] != "":
			problems = append(problems, problem{k.Line, fmt.Sprintf("%q is there twice", k.Value)})
		case v.Kind == yaml.ScalarNode && v.Tag != "!!null":
			values[name] = strings.TrimSpace(v.Value)
		case v.Kind == yaml.SequenceNode && name == "tags":
			var words []string
			for _, w := range v.Content {
				if w.Kind != yaml.ScalarNode {
					problems = append(problems, problem{w.Line, "a tag must be a word"})
				}
				words = append(words, w.Value)
			}
			values[name] = strings.Join(words, ";")
		case v.Tag != "!!null":
			problems = append(problems, problem{v.Line, fmt.Sprintf("%q must be a single value", k.Value)})
		}
	}
	return values, problems
}
