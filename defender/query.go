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
	f := filter{}
	updated, created := "lastUpdateDateTime", "createdDateTime"
	if s == SurfaceXDR {
		updated, created = "lastUpdateTime", "createdTime"
	}
	f.since(updated, opts.Since)
	f.since(created, opts.CreatedSince)
	for _, status := range opts.Status {
		if _, ok := ParseStatus(string(status)); !ok {
			return refuse("Status", string(status), "use active, inProgress, resolved, redirected or awaitingAction")
		}
		if s == SurfaceXDR && enumIncidentStatus.canonical(string(status)) == string(StatusAwaitingAction) {
			return refuse("Status", string(status), "this surface does not know this state: use surface graph")
		}
	}
	for _, severity := range opts.Severity {
		if _, ok := ParseSeverity(string(severity)); !ok {
			return refuse("Severity", string(severity), "use informational, low, medium, high or unknown")
		}
	}
	for _, c := range opts.Classification {
		if _, ok := enumClassification.read(string(c)); !ok {
			return refuse("Classification", string(c), "use truePositive, falsePositive, informationalExpectedActivity or unknown")
		}
	}
	for _, d := range opts.Determination {
		if _, ok := enumDetermination.read(string(d)); !ok {
			return refuse("Determination", string(d), "use a determination that Microsoft Graph knows, such as malware or phishing")
		}
	}
	if strings.ContainsFunc(opts.AssignedTo, unicode.IsControl) {
		return refuse("AssignedTo", opts.AssignedTo, "use a name without control characters")
	}
	f.anyOf(s, "status", enumIncidentStatus, texts(opts.Status))
	f.anyOf(s, "severity", enumSeverity, texts(opts.Severity))
	f.anyOf(s, "classification", enumClassification, texts(opts.Classification))
	f.anyOf(s, "determination", enumDetermination, texts(opts.Determination))
	if opts.AssignedTo != "" {
		f.add("assignedTo eq " + quoted(opts.AssignedTo))
	}
	q := url.Values{}
	if len(f.terms) > 0 {
		q.Set("$filter", strings.Join(f.terms, " and "))
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

// filter is the terms of an OData $filter that must all hold.
type filter struct{ terms []string }

func (f *filter) add(term string) { f.terms = append(f.terms, term) }

func (f *filter) since(field string, t time.Time) {
	if !t.IsZero() {
		f.add(field + " ge " + odataTime(t))
	}
}

func (f *filter) anyOf(s Surface, field string, e enum, values []string) {
	var terms []string
	for _, v := range values {
		v = e.canonical(v)
		if s == SurfaceXDR {
			v = strings.ToUpper(v[:1]) + v[1:] // this surface writes and compares PascalCase
		}
		terms = append(terms, field+" eq "+quoted(v))
	}
	switch len(terms) {
	case 0:
	case 1:
		f.add(terms[0])
	default:
		f.add("(" + strings.Join(terms, " or ") + ")")
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
func checkID(s Surface, id string) error {
	refuse := func(remedy string) error {
		return &OptionError{Surface: s, Option: "incident id", Value: id, Remedy: remedy}
	}
	if id == "" {
		return refuse("give the id of an incident, such as 924565")
	}
	digits := strings.Trim(id, "0123456789") == ""
	if s == SurfaceXDR && !digits {
		return refuse("use decimal digits")
	}
	if len(id) > 128 || strings.Trim(id, ".") == "" || strings.ContainsFunc(id, func(r rune) bool {
		return !(r == '-' || r == '_' || r == '.' || r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r)))
	}) {
		return refuse("use the id as the list of incidents shows it")
	}
	return nil
}
