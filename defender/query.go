package defender

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// listQuery turns options into a query, or refuses what the surface cannot do.
// $skip and, for xdr, $top are the pager's business.
func listQuery(s Surface, opts ListOptions) (url.Values, error) {
	refuse := func(option, value, remedy string) (url.Values, error) {
		return nil, &OptionError{Surface: s, Option: option, Value: value, Remedy: remedy}
	}
	if opts.Top < 0 {
		return refuse("Top", strconv.Itoa(opts.Top), "use a positive page size, or 0")
	}
	if s == SurfaceXDR {
		switch {
		case len(opts.Severity) > 0:
			return refuse("Severity", joined(opts.Severity), "this surface cannot filter by severity: filter what it returns, or use surface graph")
		case len(opts.Classification) > 0:
			return refuse("Classification", joined(opts.Classification), "this surface cannot filter by classification: filter what it returns, or use surface graph")
		case len(opts.Determination) > 0:
			return refuse("Determination", joined(opts.Determination), "this surface cannot filter by determination: filter what it returns, or use surface graph")
		case opts.Top > xdrMaxTop:
			return refuse("Top", strconv.Itoa(opts.Top), fmt.Sprintf("use %d at most", xdrMaxTop))
		}
	}
	f := filter{surface: s}
	updated, created := "lastUpdateDateTime", "createdDateTime"
	if s == SurfaceXDR {
		updated, created = "lastUpdateTime", "createdTime"
	}
	f.since(updated, opts.Since)
	f.since(created, opts.CreatedSince)
	for _, status := range opts.Status {
		if s == SurfaceXDR && enumIncidentStatus.canonical(string(status)) == string(StatusAwaitingAction) {
			return refuse("Status", string(status), "this surface does not know this state: use surface graph")
		}
	}
	f.anyOf("Status", "status", enumIncidentStatus, texts(opts.Status), "use active, inProgress, resolved, redirected or awaitingAction")
	f.anyOf("Severity", "severity", enumSeverity, texts(opts.Severity), useSeverity)
	f.anyOf("Classification", "classification", enumClassification, texts(opts.Classification), useClassification)
	f.anyOf("Determination", "determination", enumDetermination, texts(opts.Determination), useDetermination)
	f.person(opts.AssignedTo)
	q, err := f.query()
	if err != nil {
		return nil, err
	}
	if s == SurfaceGraph {
		if opts.Top > 0 {
			q.Set("$top", strconv.Itoa(opts.Top))
		}
		if opts.ExpandAlerts {
			q.Set("$expand", "alerts")
		}
	}
	return q, nil
}

// What to use instead of a value that cannot be filtered by.
const (
	useSeverity       = "use informational, low, medium, high or unknown"
	useClassification = "use truePositive, falsePositive, informationalExpectedActivity or unknown"
	useDetermination  = "use a determination that Microsoft Graph knows, such as malware or phishing"
)

// filter is the terms of an OData $filter that must all hold, and the first
// reason why there cannot be one.
type filter struct {
	surface Surface
	terms   []string
	err     error
}

func (f *filter) add(term string) { f.terms = append(f.terms, term) }

func (f *filter) refuse(option, value, remedy string) {
	if f.err == nil {
		f.err = &OptionError{Surface: f.surface, Option: option, Value: value, Remedy: remedy}
	}
}

func (f *filter) since(field string, t time.Time) {
	if !t.IsZero() {
		f.add(field + " ge " + odataTime(t))
	}
}

// anyOf adds the term that a field has one of some values; option is the Go name
// of where they came from.
func (f *filter) anyOf(option, field string, e enum, values []string, remedy string) {
	var terms []string
	for _, v := range values {
		canonical, ok := e.read(v)
		if !ok {
			f.refuse(option, v, remedy)
			return
		}
		if f.surface == SurfaceXDR {
			canonical = upperFirst(canonical) // this surface writes and compares PascalCase
		}
		terms = append(terms, field+" eq "+quoted(canonical))
	}
	f.either(terms)
}

// either adds the term that one of several holds; none adds nothing.
func (f *filter) either(terms []string) {
	switch len(terms) {
	case 0:
	case 1:
		f.add(terms[0])
	default:
		f.add("(" + strings.Join(terms, " or ") + ")")
	}
}

// query is the query of the filter, or why there is none.
func (f *filter) query() (url.Values, error) {
	if f.err != nil {
		return nil, f.err
	}
	q := url.Values{}
	if len(f.terms) > 0 {
		q.Set("$filter", strings.Join(f.terms, " and "))
	}
	return q, nil
}

// person adds the term that something is assigned to someone.
func (f *filter) person(name string) {
	switch {
	case name == "":
	case !plain(name):
		f.refuse("AssignedTo", name, "use a name without control characters")
	default:
		f.add("assignedTo eq " + quoted(name))
	}
}

// quoted writes an OData string literal: a quote within is doubled.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func texts[T ~string](list []T) []string {
	var out []string
	for _, v := range list {
		out = append(out, string(v))
	}
	return out
}

func joined[T ~string](list []T) string { return strings.Join(texts(list), ", ") }

// encodeQuery is url.Values.Encode with spaces as %20 and the dollar signs of
// OData unescaped, as Microsoft's own examples write them.
func encodeQuery(q url.Values) string {
	return strings.ReplaceAll(strings.ReplaceAll(q.Encode(), "+", "%20"), "%24", "$")
}

// checkID refuses ids that would change the path of a request.
func checkID(s Surface, what, id string) error {
	refuse := func(remedy string) error {
		return &OptionError{Surface: s, Option: what, Value: id, Remedy: remedy}
	}
	if id == "" {
		return refuse("give an id as the list shows it, such as 924565 of an incident")
	}
	digits := strings.Trim(id, "0123456789") == ""
	if s == SurfaceXDR && !digits {
		return refuse("use decimal digits")
	}
	if len(id) > 128 || !segment(id) {
		return refuse("use the id as the list shows it")
	}
	return nil
}

// segment tells whether an id is one segment of a path as it stands: letters and
// digits of ASCII, hyphens, underscores, and dots among others.
func segment(id string) bool {
	return strings.Trim(id, ".") != "" && !strings.ContainsFunc(id, func(r rune) bool {
		return !(r == '-' || r == '_' || r == '.' || r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r)))
	})
}
