package defender

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// parseFilter reads what this package writes as a $filter: terms joined by
// "and", of which one may be an "or" in parentheses. It is written from OData's
// grammar for such terms, not from the code that writes them.
func parseFilter(s string) (terms [][3]string, err error) {
	rest := s
	word := func() string {
		end := strings.IndexAny(rest, " )")
		if end < 0 {
			end = len(rest)
		}
		w := rest[:end]
		rest = rest[end:]
		return w
	}
	space := func() error {
		if !strings.HasPrefix(rest, " ") || strings.HasPrefix(rest, "  ") {
			return fmt.Errorf("no single space before %q", rest)
		}
		rest = rest[1:]
		return nil
	}
	depth := 0
	for {
		for strings.HasPrefix(rest, "(") {
			rest = rest[1:]
			depth++
		}
		var term [3]string
		term[0] = word()
		if err := space(); err != nil {
			return nil, err
		}
		term[1] = word()
		if err := space(); err != nil {
			return nil, err
		}
		if strings.HasPrefix(rest, "'") {
			var b strings.Builder
			for i := 1; ; i++ {
				if i >= len(rest) {
					return nil, fmt.Errorf("text without end: %q", rest)
				}
				if rest[i] != '\'' {
					b.WriteByte(rest[i])
					continue
				}
				if i+1 < len(rest) && rest[i+1] == '\'' {
					b.WriteByte('\'')
					i++
					continue
				}
				rest = rest[i+1:]
				break
			}
			term[2] = b.String()
		} else {
			term[2] = word()
		}
		terms = append(terms, term)
		for strings.HasPrefix(rest, ")") {
			rest = rest[1:]
			depth--
		}
		if rest == "" {
			if depth != 0 {
				return nil, fmt.Errorf("parentheses do not match")
			}
			return terms, nil
		}
		if err := space(); err != nil {
			return nil, err
		}
		joint := word()
		if joint != "and" && joint != "or" || joint == "or" && depth == 0 {
			return nil, fmt.Errorf("%q between terms", joint)
		}
		if err := space(); err != nil {
			return nil, err
		}
	}
}

// sent is the filter as a service reads it from the address.
func sent(t *testing.T, q url.Values) string {
	t.Helper()
	u, err := url.Parse("https://graph.invalid/v1.0/security/incidents?" + encodeQuery(q))
	if err != nil {
		t.Fatal(err)
	}
	got, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	if u.Fragment != "" || len(got) != len(q) {
		t.Fatalf("%v became %v", q, got)
	}
	return got.Get("$filter")
}

// Whatever a person is called, a filter means what was asked for and no more.
func FuzzFilterLiteral(f *testing.F) {
	for _, name := range []string{"a@contoso.example", "o'neil", "''", "' or 1 eq 1 or '", "a&$top=1", "a+b c%20d", "#", "Ünïcode 漢字", ") or (", "\x00", "\xff", "'", "%27"} {
		f.Add(name, 1)
	}
	f.Fuzz(func(t *testing.T, name string, statuses int) {
		for _, s := range Surfaces() {
			opts := ListOptions{AssignedTo: name, Since: time.Unix(1e9, 0)}
			want := [][3]string{{"lastUpdateDateTime", "ge", "2001-09-09T01:46:40Z"}}
			if s == SurfaceXDR {
				want[0][0] = "lastUpdateTime"
			}
			for n := range statuses & 3 {
				opts.Status = append(opts.Status, []Status{"ACTIVE", "inprogress", "Resolved"}[n])
				value := []string{"active", "inProgress", "resolved"}[n]
				if s == SurfaceXDR {
					value = []string{"Active", "InProgress", "Resolved"}[n]
				}
				want = append(want, [3]string{"status", "eq", value})
			}
			q, err := listQuery(s, opts)
			if err != nil {
				if plain(name) {
					t.Fatalf("%q refused: %v", name, err)
				}
				continue
			}
			if name != "" {
				want = append(want, [3]string{"assignedTo", "eq", name})
			}
			terms, err := parseFilter(sent(t, q))
			if err != nil {
				t.Fatalf("filter %q: %v", q.Get("$filter"), err)
			}
			if diff := cmp.Diff(want, terms); diff != "" {
				t.Errorf("%q: -want +got:\n%s", name, diff)
			}
		}
		q, err := alertQuery(AlertListOptions{AssignedTo: name, ServiceSource: []string{name}, Status: []AlertStatus{"New"}})
		if err != nil {
			return // as a rule no service is called like that
		}
		terms, err := parseFilter(sent(t, q))
		if err != nil || len(terms) < 2 {
			t.Fatalf("filter %q: %v", q.Get("$filter"), err)
		}
	})
}

func TestAlertFilter(t *testing.T) {
	at := time.Date(2026, 11, 20, 12, 0, 0, 123456789, time.UTC)
	q, err := alertQuery(AlertListOptions{
		Since: at, CreatedSince: at.Add(time.Hour), Status: []AlertStatus{"New", "Active"}, Severity: []Severity{"HIGH"},
		Classification: []Classification{"NotSet"}, Determination: []Determination{"Clean"}, ServiceSource: []string{"OfficeATP"},
		AssignedTo: "o'neil", Top: 7,
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = "lastUpdateDateTime ge 2026-11-20T12:00:00.1234567Z and createdDateTime ge 2026-11-20T13:00:00.1234567Z and " +
		"(status eq 'new' or status eq 'inProgress') and severity eq 'high' and classification eq 'unknown' and " +
		"determination eq 'notMalicious' and serviceSource eq 'microsoftDefenderForOffice365' and assignedTo eq 'o''neil'"
	if diff := cmp.Diff(want, q.Get("$filter")); diff != "" || q.Get("$top") != "7" || len(q) != 2 {
		t.Errorf("%v: -want +got:\n%s", q, diff)
	}
	for option, opts := range map[string]AlertListOptions{
		"Status": {Status: []AlertStatus{"open"}}, "Severity": {Severity: []Severity{"critical"}}, "Top": {Top: -1},
		"Classification": {Classification: []Classification{"x"}}, "Determination": {Determination: []Determination{""}},
		"ServiceSource": {ServiceSource: []string{"sentinel' or 1 eq 1"}}, "AssignedTo": {AssignedTo: "a\nb"},
	} {
		_, err := alertQuery(opts)
		if refused, ok := err.(*OptionError); !ok || refused.Option != option || refused.Surface != SurfaceGraph || refused.Next() == "" {
			t.Errorf("%s: error %v", option, err)
		}
	}
}
