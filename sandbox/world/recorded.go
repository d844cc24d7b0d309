package world

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// RecordedError says what is wrong with a recording of incidents.
type RecordedError struct {
	Incident int    // index in the file, from 0; -1 when the file as a whole is meant
	Field    string // JSON name, empty for the whole incident
	Message  string
}

func (e *RecordedError) Error() string {
	var at string
	if e.Incident >= 0 {
		at = fmt.Sprintf("incident %d of the file: ", e.Incident)
	}
	if e.Field != "" {
		at += e.Field + ": "
	}
	return at + e.Message
}

// Next says in one sentence what to do about it.
func (e *RecordedError) Next() string {
	return "Give incidents as Graph's /security/incidents or /api/incidents of the Defender XDR API answer them."
}

// ParseIncidents reads recorded incidents: an answer {"value": […]}, an array,
// or one incident, each in the shape of Graph (it has "id") or of the Defender
// XDR API (it has "incidentId"). What both surfaces tell goes into the
// incident's fields, spelled as Graph spells it; everything else is kept in
// Extra. The error is a [*RecordedError].
func ParseIncidents(data []byte) ([]*Incident, error) {
	items, err := recordedItems(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	if err != nil {
		return nil, err
	}
	seen := map[int64]bool{}
	all := make([]*Incident, 0, len(items))
	for i, raw := range items {
		r := &record{}
		if err := json.Unmarshal(raw, &r.rest); err != nil || r.rest == nil {
			return nil, &RecordedError{Incident: i, Message: "not a JSON object"}
		}
		var in *Incident
		switch {
		case r.has("incidentId"):
			in = r.xdrIncident()
		case r.has("id"):
			in = r.graphIncident()
		default:
			return nil, &RecordedError{Incident: i, Message: `neither "id" (Graph) nor "incidentId" (Defender XDR) is there`}
		}
		if r.err == nil && in.ID <= 0 {
			r.fail("id", "an incident id is a positive number")
		}
		if r.err == nil && in.Created.IsZero() {
			r.fail("createdDateTime", "the time of creation is missing")
		}
		if r.err == nil && seen[in.ID] {
			r.fail("id", fmt.Sprintf("incident %d is in the file twice", in.ID))
		}
		if r.err != nil {
			r.err.Incident = i
			return nil, r.err
		}
		if in.LastUpdate.IsZero() {
			in.LastUpdate = in.Created
		}
		for _, a := range in.Alerts {
			a.IncidentID = in.ID
		}
		seen[in.ID] = true
		all = append(all, in)
	}
	return all, nil
}

func recordedItems(data []byte) ([]json.RawMessage, error) {
	bad := func(err error) error {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			before := data[:min(int(syntax.Offset), len(data))]
			return &RecordedError{Incident: -1, Message: fmt.Sprintf("line %d is not JSON: %v", 1+bytes.Count(before, []byte("\n")), err)}
		}
		return &RecordedError{Incident: -1, Message: "not JSON of incidents: " + err.Error()}
	}
	var items []json.RawMessage
	if trimmed := bytes.TrimSpace(data); len(trimmed) > 0 && trimmed[0] == '[' {
		if err := json.Unmarshal(data, &items); err != nil {
			return nil, bad(err)
		}
		return items, nil
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, bad(err)
	}
	value, ok := object["value"]
	if !ok {
		return []json.RawMessage{data}, nil
	}
	if err := json.Unmarshal(value, &items); err != nil {
		return nil, &RecordedError{Incident: -1, Field: "value", Message: "not an array"}
	}
	return items, nil
}

// record takes fields out of a JSON object; what nobody took stays in rest.
// Its first mistake is kept in err.
type record struct {
	rest map[string]json.RawMessage
	err  *RecordedError
	path string
}

func (r *record) fail(field, message string) {
	if r.err == nil {
		r.err = &RecordedError{Field: strings.TrimPrefix(r.path+"."+field, "."), Message: message}
	}
}

func (r *record) has(field string) bool { _, ok := r.rest[field]; return ok }

// take removes a field and reads it into v. Null and a missing field leave v.
func (r *record) take(field string, v any, want string) {
	raw, ok := r.rest[field]
	if !ok {
		return
	}
	delete(r.rest, field)
	if json.Unmarshal(raw, v) != nil {
		r.fail(field, "must be "+want)
	}
}

// text takes the first of several names that is there.
func (r *record) text(fields ...string) string {
	var s string
	for _, f := range fields {
		if s == "" {
			r.take(f, &s, "text")
		}
	}
	return s
}

func (r *record) texts(field string) []string {
	var s []string
	r.take(field, &s, "a list of texts")
	return s
}

// number reads numbers that one surface writes in quotes.
func (r *record) number(field string) int64 {
	raw, ok := r.rest[field]
	if !ok {
		return 0
	}
	delete(r.rest, field)
	s := strings.Trim(string(raw), `"`)
	if s == "null" || s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		r.fail(field, "must be a whole number")
	}
	return n
}

// time reads ISO 8601 in UTC with any number of fractional digits; a time
// without a zone is UTC, as older recordings write it.
func (r *record) time(fields ...string) time.Time {
	s := r.text(fields...)
	if s == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	r.fail(fields[0], fmt.Sprintf("%q is not a time", s))
	return time.Time{}
}

// records takes a list of objects; f sees each with a path of its own.
func (r *record) records(field string, f func(*record)) {
	var list []map[string]json.RawMessage
	r.take(field, &list, "a list of objects")
	for i, m := range list {
		r.inside(fmt.Sprintf("%s[%d]", field, i), m, f)
	}
}

// object takes one object, if it is there.
func (r *record) object(field string, f func(*record)) {
	var m map[string]json.RawMessage
	r.take(field, &m, "an object")
	if m != nil {
		r.inside(field, m, f)
	}
}

func (r *record) inside(field string, m map[string]json.RawMessage, f func(*record)) {
	if m == nil {
		r.fail(field, "must be an object")
		return
	}
	c := &record{rest: m, path: strings.TrimPrefix(r.path+"."+field, ".")}
	f(c)
	if r.err == nil {
		r.err = c.err
	}
}

// extra is what nobody took, without nulls: a surface tells those anyway.
func (r *record) extra() map[string]json.RawMessage {
	for k, v := range r.rest {
		if string(v) == "null" {
			delete(r.rest, k)
		}
	}
	if len(r.rest) == 0 {
		return nil
	}
	return r.rest
}

// drop forgets fields that a surface makes of others.
func (r *record) drop(fields ...string) {
	for _, f := range fields {
		delete(r.rest, f)
	}
}

func (r *record) comments(field string) []Comment {
	var all []Comment
	r.records(field, func(c *record) {
		all = append(all, Comment{
			Text:    c.text("comment"),
			By:      c.text("createdByDisplayName", "createdBy"),
			Created: c.time("createdDateTime", "createdTime", "createTime"),
		})
	})
	return all
}

// enum gives a value Graph's spelling: one of the known ones whatever its
// case, an alias, or the value itself with a small first letter, since the
// enums grow.
func enum(value string, known []string, aliases map[string]string) string {
	for _, k := range known {
		if strings.EqualFold(k, value) {
			return k
		}
	}
	if a, ok := aliases[strings.ToLower(value)]; ok {
		return a
	}
	if value == "" {
		return ""
	}
	return strings.ToLower(value[:1]) + value[1:]
}
