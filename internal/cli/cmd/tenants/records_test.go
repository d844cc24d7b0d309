package tenants

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

func TestParseRecords(t *testing.T) {
	tests := []struct {
		name, file, text string
		want             []record
		problems         []problem
	}{
		{
			"CSV from a spreadsheet", "a.csv", "\ufeffDomain, Name ,Tags\r\ncontoso.com,\"Contoso, Inc.\",gold; EMEA\r\n\r\nfabrikam.com,,\r\n",
			[]record{{line: 2, tenant: "contoso.com", name: "Contoso, Inc.", tags: []string{"emea", "gold"}}, {line: 4, tenant: "fabrikam.com"}}, nil,
		},
		{
			"YAML", "a.yml", "- {domain: contoso.com, tags: [gold], customer: C}\n- tenant: fabrikam.com\n  tags: gold emea\n",
			[]record{{line: 1, tenant: "contoso.com", customer: "C", tags: []string{"gold"}}, {line: 2, tenant: "fabrikam.com", tags: []string{"emea", "gold"}}}, nil,
		},
		{"semicolons", "a.csv", "tenant;name;tags\r\ncontoso.com;Contoso, Inc.;gold emea\r\n", []record{{line: 2, tenant: "contoso.com", name: "Contoso, Inc.", tags: []string{"emea", "gold"}}}, nil},
		{"tabs", "a.txt", "tenant\tname\ttags\ncontoso.com\t\tgold\n", []record{{line: 2, tenant: "contoso.com", tags: []string{"gold"}}}, nil},
		{"UTF-16 little-endian", "a.csv", utf16Text(binary.LittleEndian, "tenant,name\r\ncontoso.com,Contôso\r\n"), []record{{line: 2, tenant: "contoso.com", name: "Contôso"}}, nil},
		{"UTF-16 big-endian", "a.yaml", utf16Text(binary.BigEndian, "- {tenant: contoso.com, name: Contôso}\n"), []record{{line: 1, tenant: "contoso.com", name: "Contôso"}}, nil},
		{"Latin-1", "a.csv", "tenant,name\ncontoso.com,Cont\xf4so\n", nil, []problem{{1, "this is not text in UTF-8 or UTF-16; save it as CSV UTF-8"}}},
		{"zeros", "a.csv", "tenant\x00\n", nil, []problem{{1, "this is not text in UTF-8 or UTF-16; save it as CSV UTF-8"}}},
		{"numbers in YAML", "a.yaml", "- {tenant: contoso.com, name: 12345, tags: [1, true]}\n", []record{{line: 1, tenant: "contoso.com", name: "12345", tags: []string{"1", "true"}}}, nil},
		{"quote not closed", "a.csv", "tenant\n\"contoso.com\n", nil, []problem{{2, "not CSV: extraneous or missing \" in quoted-field"}}},
		{"no tenant column", "a.csv", "name\nContoso\n", nil, []problem{{1, "there is no column tenant"}}},
		{"two tenant columns", "a.csv", "id,domain\nx,y\n", nil, []problem{{1, "the column \"domain\" is there twice"}}},
		{"empty", "a.csv", "", nil, nil},
		{"empty YAML", "a.yaml", "# nothing\n", nil, nil},
		{"YAML that is no list", "a.yaml", "tenant: x\n", nil, []problem{{1, "must be a list of tenants, each with the key tenant"}}},
		{"YAML value for a record", "a.yaml", "- contoso.com\n- tenant: [x]\n- tags: []\n", nil, []problem{
			{1, "must be keys and values: tenant, name, customer, tags"}, {2, "\"tenant\" must be a single value"}, {3, "names no tenant: give its id or a domain"},
		}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, problems := parseRecords(tc.file, []byte(tc.text))
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(record{})); diff != "" {
				t.Errorf("records: -want +got:\n%s", diff)
			}
			if diff := cmp.Diff(tc.problems, problems, cmp.AllowUnexported(problem{})); diff != "" {
				t.Errorf("problems: -want +got:\n%s", diff)
			}
		})
	}
}

func utf16Text(order binary.AppendByteOrder, s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

func FuzzParseRecords(f *testing.F) {
	f.Add("tenant,name\ncontoso.com,Contoso\n", false)
	f.Add("- {tenant: contoso.com, tags: [a]}\n", true)
	f.Add("- &a {tenant: *a}\n", true)
	f.Fuzz(func(t *testing.T, text string, yaml bool) {
		name := "a.csv"
		if yaml {
			name = "a.yaml"
		}
		records, problems := parseRecords(name, []byte(text))
		for _, r := range records {
			if r.tenant == "" || r.line < 1 || r.line > strings.Count(text, "\n")+strings.Count(text, "\r")+1 {
				t.Errorf("record %+v of %q", r, text)
			}
		}
		for _, p := range problems {
			if p.text == "" || p.line < 1 {
				t.Errorf("problem %+v of %q", p, text)
			}
		}
	})
}
