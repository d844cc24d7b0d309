package odata_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/sandbox/odata"
)

var incident = odata.Schema{
	TypeName: "test.incident",
	Properties: map[string]odata.Property{
		"assignedTo":  {Type: odata.String, Functions: []string{"startswith", "endswith", "contains"}},
		"createdTime": {Type: odata.DateTime},
		"status":      {Type: odata.Enum, Members: []string{"active", "inProgress", "resolved"}, EnumName: "ns.status"},
		"appId":       {Type: odata.GUID},
		"enabled":     {Type: odata.Bool},
		"count":       {Type: odata.Int},
		"uris":        {Type: odata.Strings},
		"web/home":    {Type: odata.String, EqualityOnly: true},
	},
}

func record(name string) any {
	switch name {
	case "assignedTo":
		return "O'Hara@contoso.example"
	case "createdTime":
		return time.Date(2026, 3, 1, 12, 0, 0, 123456700, time.UTC)
	case "status":
		return "inProgress"
	case "appId":
		return "8ee8fdad-f234-4243-8f3b-15c294843740"
	case "enabled":
		return true
	case "count":
		return int64(7)
	case "uris":
		return []string{"api://one", "https://two.example"}
	}
	return nil
}

func TestFilterHolds(t *testing.T) {
	tests := []struct {
		filter string
		want   bool
	}{
		{"status eq 'inProgress'", true},
		{"status eq 'InProgress'", true},
		{"status eq ns.status'inprogress'", true},
		{"'inProgress' eq status", true},
		{"ns.status'active' eq status", false},
		{"status ne 'active'", true},
		{"status in ('active','inProgress')", true},
		{"status in ('active')", false},
		{"not (status eq 'active')", true},
		{"not status eq 'active'", true},
		{"assignedTo eq 'o''hara@contoso.example'", true},
		{"assignedTo eq null", false},
		{"assignedTo ne null", true},
		{"web/home eq null", true},
		{"web/home ne 'x'", true},
		{"web/home eq 'x'", false},
		{"createdTime gt 2026-03-01T12:00:00Z", true},
		{"createdTime gt 2026-03-01T12:00:00.1234567Z", false},
		{"createdTime ge 2026-03-01T12:00:00.1234567Z", true},
		{"createdTime ge 2026-03-01T13:00:00.1234567+01:00", true},
		{"createdTime lt 2026-03-02", true},
		{"2026-03-01 lt createdTime", true},
		{"2026-03-02 lt createdTime", false},
		{"createdTime gt 2026-03-01T00:00:00Z and (status eq 'active' or enabled eq true)", true},
		// and binds more tightly than or
		{"status eq 'inProgress' or status eq 'active' and enabled eq false", true},
		{"(status eq 'inProgress' or status eq 'active') and enabled eq false", false},
		{"appId eq '8EE8FDAD-f234-4243-8f3b-15c294843740'", true},
		{"appId eq 8ee8fdad-f234-4243-8f3b-15c294843740", true},
		{"count ge 7 and count lt 8 and count gt -1", true},
		{"startswith(assignedTo,'o''h')", true},
		{"startsWith(assignedTo,'x')", false},
		{"endswith(assignedTo, '.example') eq true", true},
		{"contains(assignedTo,'@') eq false", false},
		{"uris/any(u:u eq 'api://one')", true},
		{"uris/any(u:u eq 'api://none')", false},
		{"uris/all(u:startswith(u,'api') or contains(u,'two'))", true},
	}
	for _, tt := range tests {
		t.Run(tt.filter, func(t *testing.T) {
			p, err := incident.Filter(tt.filter)
			if err != nil {
				t.Fatal(err)
			}
			if got := p(record); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestFilterRefused(t *testing.T) {
	tests := []struct {
		filter string
		pos    int
		part   string
	}{
		{"severity eq 'high'", 0, "severity"},
		{"status eq", 9, "a literal"},
		{"status 'active'", 15, "one of the operators"},
		{"status eq 'active' status", 19, "'and' or 'or'"},
		{"status eq 'act", 10, "not terminated"},
		{"status eq active", 10, "single quotes"},
		{"status eq 'busy'", 10, "not a member"},
		{"status gt 'active'", 0, "operator gt"},
		{"status eq other.type'active'", 10, "not the type"},
		{"createdTime gt '2026-03-01T12:00:00Z'", 15, "incompatible types"},
		{"createdTime gt 2026-03-01T12:00:00", 15, "not a date"},
		{"createdTime gt 2026-13-01", 15, "not a date"},
		{"createdTime gt 2026-03-01T12:00:00 01:00", 15, "not a date"},
		{"assignedTo eq 5", 14, "incompatible types"},
		{"enabled eq 'true'", 11, "incompatible types"},
		{"count eq 99999999999999999999", 9, "neither a name nor a literal"},
		{"appId eq 'x'", 9, "not a GUID"},
		{"(status eq 'active'", 19, "')'"},
		{"status eq 'active')", 18, "the end"},
		{"", 0, "a property name"},
		{"and", 0, "not a literal"},
		{"status in 'active'", 10, "'('"},
		{"status in ()", 11, "a literal"},
		{"length(assignedTo) eq 3", 0, "unknown function"},
		{"contains(status,'a')", 9, "not supported"},
		{"contains(assignedTo,5)", 20, "must be a string"},
		{"uris eq 'x'", 0, "collection"},
		{"status/any(s:s eq 'x')", 0, "not a collection"},
		{"uris/any(u:status eq 'active')", 11, "range variable"},
		{"web/home gt 'a'", 0, "operator gt"},
		{"status eq 'active' ; drop", 19, "character ';'"},
		{strings.Repeat("(", 200) + "status eq 'active'", 65, "too deeply"},
	}
	for _, tt := range tests {
		t.Run(tt.filter, func(t *testing.T) {
			e, err := odata.ParseFilter(tt.filter)
			if err == nil {
				_, err = incident.Check(e, tt.filter)
			}
			var oe *odata.Error
			if !errors.As(err, &oe) {
				t.Fatalf("got %v, want an *odata.Error", err)
			}
			if oe.Pos != tt.pos || !strings.Contains(oe.Message, tt.part) {
				t.Errorf("got position %d, %q; want position %d and %q", oe.Pos, oe.Message, tt.pos, tt.part)
			}
			if oe.Option != "$filter" || oe.Input != tt.filter {
				t.Errorf("error names option %q, input %q", oe.Option, oe.Input)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	rules := odata.Rules{Allowed: []string{"$filter", "$top", "$skip", "$count", "$orderby", "$select", "$expand"}, MaxTop: 50, BareNames: true}
	got, err := rules.Parse("%24filter=status+eq+%27active%27&top=5&$skip=10&$count=true&$orderby=createdTime+desc,name&$select=id,%20name&$expand=alerts&mine=1")
	if err != nil {
		t.Fatal(err)
	}
	want := odata.Options{
		Filter: "status eq 'active'", Top: 5, Skip: 10, Count: true,
		OrderBy: []odata.Order{{Property: "createdTime", Descending: true}, {Property: "name"}},
		Select:  []string{"id", "name"}, Expand: []string{"alerts"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for query, part := range map[string]string{
		"$top=51":             "limit of '50'",
		"$top=-1":             "non-negative",
		"$top=x":              "non-negative",
		"$top=99999999999":    "non-negative",
		"$skip=":              "non-negative",
		"$count=yes":          "'true' and 'false'",
		"$filter=+":           "empty",
		"$top=1&$top=2":       "more than once",
		"$top=1&top=2":        "more than once",
		"$search=x":           "not supported",
		"$nonsense=1":         "not supported",
		"$orderby=a+b+c":      "asc or desc",
		"$orderby=a+sideways": "neither asc nor desc",
		"$select=a,,b":        "missing",
		"$expand=alerts($x)":  "not the name",
		"$filter=%zz":         "URL encoding",
	} {
		if _, err := rules.Parse(query); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: got %v, want %q", query, err, part)
		}
	}
	atLeastOne := odata.Rules{Allowed: []string{"$top", "$skip"}, MinTop: 1, MaxTop: 50}
	if o, err := atLeastOne.Parse("$top=+5%20&$skip=0"); err != nil || o.Top != 5 || o.Skip != 0 {
		t.Errorf("blanks around a number: got %+v, %v", o, err)
	}
	if _, err := atLeastOne.Parse("$top=0"); err == nil || !strings.Contains(err.Error(), "the minimum is 1") {
		t.Errorf("$top=0: %v", err)
	}
	if o, err := rules.Parse("$top=0"); err != nil || o.Top != 0 {
		t.Errorf("$top=0 without a minimum: got %+v, %v", o, err)
	}
	anyCase := odata.Schema{TypeName: "t", AnyCase: true, Properties: map[string]odata.Property{"assignedTo": {Type: odata.String}}}
	if keep, err := anyCase.Filter("ASSIGNEDTO eq 'x'"); err != nil || !keep(func(name string) any { return map[string]any{"assignedTo": "x"}[name] }) {
		t.Errorf("a name in other case: %v", err)
	}
	if o, err := (odata.Rules{}).Parse("top=5"); err != nil || o.Top != -1 {
		t.Errorf("without BareNames top is the caller's own: got %+v, %v", o, err)
	}
}

// FuzzFilter holds the reader to three things: no panic, errors with a place
// inside of the input, and a tree that writes itself so that it reads back.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{
		"status eq 'active' and (createdTime gt 2026-03-01T12:00:00.1234567Z or not (assignedTo eq null))",
		"status in ('active','inProgress')", "uris/any(u:startswith(u,'a''b'))", "'x' lt assignedTo", "ns.status'a' eq status",
		"((((", "not not not", "a eq 1 or", "number eq '140' and State eq 'new'", "tags/any(t:t eq 'x')", "appId eq 8ee8fdad-f234-4243-8f3b-15c294843740",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		e, err := odata.ParseFilter(in)
		if err != nil {
			var oe *odata.Error
			if !errors.As(err, &oe) || oe.Pos < -1 || oe.Pos > len(in) {
				t.Fatalf("error without a place in the input: %#v", err)
			}
			return
		}
		written := e.String()
		again, err := odata.ParseFilter(written)
		if err != nil {
			// Only the limits may stop what was written by ourselves: the
			// written form has more parentheses.
			if !strings.Contains(err.Error(), "too deeply") && !strings.Contains(err.Error(), "longer than") {
				t.Fatalf("%q was written as %q, which fails: %v", in, written, err)
			}
			return
		}
		if again.String() != written {
			t.Fatalf("%q reads back as %q", written, again.String())
		}
		if p, err := incident.Check(e, in); err == nil {
			p(record)
		}
		// What was written means what was read.
		p, err := tickets().Compile(e, in)
		q, againErr := tickets().Compile(again, written)
		if (err == nil) != (againErr == nil) {
			t.Fatalf("%q compiles with %v, %q with %v", in, err, written, againErr)
		}
		for _, v := range []*ticket{{}, {owner: new("a"), state: "New", number: new(int64(140)), open: new(false), tags: []string{"x", ""}}} {
			if err == nil && p(v) != q(v) {
				t.Fatalf("%q and %q judge differently", in, written)
			}
		}
	})
}
