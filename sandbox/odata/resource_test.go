package odata_test

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/sandbox/odata"
)

// ticket is a value with one property of each type; a nil pointer is null.
type ticket struct {
	owner   *string
	state   string
	created time.Time // zero is null
	number  *int64
	open    *bool
	app     string
	tags    []string
}

func tickets() odata.Resource[*ticket] {
	text := func(s string) (string, bool) { return s, s != "" }
	return odata.Resource[*ticket]{TypeName: "test.ticket", AnyCase: true, Fields: map[string]odata.Field[*ticket]{
		"owner": {
			Property: odata.Property{Type: odata.String, Functions: []string{"startswith"}},
			Text: func(t *ticket) (string, bool) {
				if t.owner == nil {
					return "", false
				}
				return *t.owner, true
			},
		},
		"state":   {Property: odata.Property{Type: odata.Enum, Members: []string{"New", "Done"}}, Text: func(t *ticket) (string, bool) { return text(t.state) }},
		"app":     {Property: odata.Property{Type: odata.GUID}, Text: func(t *ticket) (string, bool) { return text(t.app) }},
		"created": {Property: odata.Property{Type: odata.DateTime}, Time: func(t *ticket) (time.Time, bool) { return t.created, !t.created.IsZero() }},
		"number": {Property: odata.Property{Type: odata.Int, Quoted: true}, Int: func(t *ticket) (int64, bool) {
			if t.number == nil {
				return 0, false
			}
			return *t.number, true
		}},
		"open": {Property: odata.Property{Type: odata.Bool}, Bool: func(t *ticket) (bool, bool) {
			if t.open == nil {
				return false, false
			}
			return *t.open, true
		}},
		"tags": {Property: odata.Property{Type: odata.Strings}, List: func(t *ticket) []string { return t.tags }},
	}}
}

func TestResource(t *testing.T) {
	full := &ticket{
		owner: new("ÉVA@contoso.example"), state: "New", created: time.Date(2018, 8, 1, 0, 0, 0, 1, time.UTC), number: new(int64(140)), open: new(true),
		app: "8EE8FDAD-f234-4243-8f3b-15c294843740", tags: []string{"Tier 0", "lab"},
	}
	empty := &ticket{}
	for _, tt := range []struct {
		filter      string
		full, empty bool
	}{
		{"", true, true},
		{"  ", true, true},
		{"owner eq 'éva@CONTOSO.example'", true, false},
		{"owner gt 'éva@contoso'", true, false},
		{"owner lt 'éva@contoso'", false, false},
		{"owner lt 'z'", false, false}, // é sorts behind z, as its code point does
		{"startswith(owner,'Éva@')", true, false},
		{"OWNER ne null", true, false},
		{"owner eq null", false, true},
		{"owner gt null", false, false},
		{"owner ne 'x'", true, true},
		{"State eq 'new'", true, false},
		{"state eq null", false, true},
		{"state in ('Done','New')", true, false},
		{"not (state in ('Done','New'))", false, true},
		{"created gt 2018-08-01Z", true, false},
		{"created le 2018-08-01Z", false, false},
		{"created eq null", false, true},
		{"number eq 140", true, false},
		{"number eq '140'", true, false},
		{"number ge '-5' and number lt +141", true, false},
		{"number ne 1", true, true},
		{"number eq null", false, true},
		{"open eq true", true, false},
		{"open eq false", false, false},
		{"open ne false", true, true},
		{"open eq null", false, true},
		{"app eq 8ee8fdad-f234-4243-8f3b-15c294843740", true, false},
		{"tags/any(t:t eq 'tier 0')", true, false},
		{"tags/any(tag: tag ne 'lab')", true, false},
		{"tags/all(t:t eq 'lab')", false, true},
	} {
		p, err := tickets().Filter(tt.filter)
		if err != nil {
			t.Errorf("%s: %v", tt.filter, err)
			continue
		}
		if gotFull, gotEmpty := p(full), p(empty); gotFull != tt.full || gotEmpty != tt.empty {
			t.Errorf("%s: full %v, empty %v; want %v and %v", tt.filter, gotFull, gotEmpty, tt.full, tt.empty)
		}
	}
	for filter, part := range map[string]string{
		"rank eq 1":              "could not find a filterable property named 'rank' on type 'test.ticket'",
		"number eq 'many'":       "not a whole number",
		"number eq 5x":           "neither a name nor a literal",
		"endswith(owner,'x')":    "function endswith is not supported",
		"state gt 'New'":         "operator gt",
		"tags/any(t:u eq 'lab')": "only the range variable 't'",
		"tags eq 'lab'":          "collection",
	} {
		_, err := tickets().Filter(filter)
		if oe, ok := errors.AsType[*odata.Error](err); !ok || !strings.Contains(oe.Message, part) || oe.Option != "$filter" || oe.Input != filter {
			t.Errorf("%s: got %#v, want %q", filter, err, part)
		}
	}
	strict := tickets()
	strict.AnyCase = false
	if _, err := strict.Filter("State eq 'New'"); err == nil {
		t.Error("without AnyCase a name in other letters was found")
	}
}

// TestResourceAllocates holds the promise that evaluating costs no memory, on
// which lists of thousands of incidents rely.
func TestResourceAllocates(t *testing.T) {
	p, err := tickets().Filter("created gt 2018-01-01Z and (state eq 'Done' or owner eq 'EVA@contoso.example') and number ge 1 and open eq true and tags/any(t:t eq 'lab')")
	if err != nil {
		t.Fatal(err)
	}
	one := &ticket{owner: new("eva@contoso.example"), state: "New", created: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), number: new(int64(2)), open: new(true), tags: []string{"LAB"}}
	if !p(one) {
		t.Fatal("the ticket does not pass, so nothing is measured")
	}
	if n := testing.AllocsPerRun(100, func() { p(one) }); n != 0 {
		t.Errorf("%v allocations for each value, want none", n)
	}
}

// FuzzOptions holds the reader of options to its promises: errors that name an
// option, numbers inside of the bounds, and a meaning that survives being
// written again.
func FuzzOptions(f *testing.F) {
	for _, s := range []string{
		"$top=5&$skip=10", "%24filter=a+eq+1&$count=true", "$orderby=a desc,b&$select=id, name&$expand=alerts", "top=5&skip=1", "$top=1&$top=2",
		"$filter=%zz", "$top=-1", "$skiptoken=abc", "$search=x", "mine=1&$expand=*", "$TOP=3", ";", "$orderby=%20",
	} {
		f.Add(s)
	}
	rules := odata.Rules{Allowed: []string{"$filter", "$top", "$skip", "$count", "$orderby", "$select", "$expand", "$skiptoken"}, MaxTop: 100, BareNames: true}
	f.Fuzz(func(t *testing.T, query string) {
		o, err := rules.Parse(query)
		if err != nil {
			if oe, ok := errors.AsType[*odata.Error](err); !ok || oe.Option == "" || oe.Message == "" {
				t.Fatalf("%q: error without option or message: %#v", query, err)
			}
			return
		}
		if o.Top < -1 || o.Top > 100 || o.Skip < -1 {
			t.Fatalf("%q: top %d, skip %d", query, o.Top, o.Skip)
		}
		for _, name := range slices.Concat(o.Select, o.Expand) {
			if name == "" || strings.ContainsAny(name, " ,&=") {
				t.Fatalf("%q: name %q", query, name)
			}
		}
		again, err := rules.Parse(written(o))
		if err != nil {
			t.Fatalf("%q was written as %q, which fails: %v", query, written(o), err)
		}
		if written(again) != written(o) {
			t.Fatalf("%q reads back as %q", written(o), written(again))
		}
	})
}

// written is a query with the meaning of o.
func written(o odata.Options) string {
	v := url.Values{}
	set := func(name, value string, present bool) {
		if present {
			v.Set(name, value)
		}
	}
	set("$filter", o.Filter, o.Filter != "")
	set("$top", strconv.Itoa(o.Top), o.Top >= 0)
	set("$skip", strconv.Itoa(o.Skip), o.Skip >= 0)
	set("$count", "true", o.Count)
	set("$select", strings.Join(o.Select, ","), len(o.Select) > 0)
	set("$expand", strings.Join(o.Expand, ","), len(o.Expand) > 0)
	set("$skiptoken", o.SkipToken, o.SkipToken != "")
	var by []string
	for _, ord := range o.OrderBy {
		direction := " asc"
		if ord.Descending {
			direction = " desc"
		}
		by = append(by, ord.Property+direction)
	}
	set("$orderby", strings.Join(by, ","), len(by) > 0)
	return v.Encode()
}
