package journal

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// filter is what a reader of the journal asked for.
type filter struct {
	since  uint64
	limit  int // 0 means no limit
	last   int // of what there is now, only so many of the newest; 0 means all
	follow bool

	// What an event must be; empty means anything.
	kind, tenant, app, service, operation, decision, what string
	status                                                int
}

// parseFilter reads the query of GET /journal and tells everything that is
// wrong with it.
func parseFilter(q url.Values) (f filter, problems []Problem) {
	texts := map[string]*string{
		"kind": &f.kind, "tenant": &f.tenant, "app": &f.app, "service": &f.service,
		"operation": &f.operation, "decision": &f.decision, "what": &f.what,
	}
	numbers := map[string]*int{"limit": &f.limit, "last": &f.last, "status": &f.status}
	for _, name := range slices.Sorted(maps.Keys(q)) {
		values := q[name]
		wrong := func(remedy, format string, args ...any) {
			problems = append(problems, Problem{name, fmt.Sprintf(format, args...), remedy})
		}
		v := values[0]
		switch {
		case len(values) != 1:
			wrong("give it once", "is given more than once")
		case texts[name] != nil:
			*texts[name] = v
		case numbers[name] != nil:
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 {
				wrong("use a whole number", "%q is not a number above 0", v)
			}
			*numbers[name] = n
		case name == "since":
			n, err := strconv.ParseUint(v, 10, 64)
			if err != nil {
				wrong("use the seq of an event", "%q is not the number of an event", v)
			}
			f.since = n
		case name == "follow":
			b, err := strconv.ParseBool(v)
			if err != nil {
				wrong("use 1 or 0", "%q is neither 1 nor 0", v)
			}
			f.follow = b
		default:
			wrong("use since, limit, last, follow, kind, tenant, app, service, operation, status, decision, what", "is not known")
		}
	}
	if kinds := []string{"", KindRequest, KindState, KindRefused}; !slices.Contains(kinds, f.kind) {
		problems = append(problems, Problem{"kind", fmt.Sprintf("%q is no kind of event", f.kind), "use one of " + strings.Join(kinds[1:], ", ")})
	}
	return f, problems
}

// match compares exactly, but ids without case, and decision by a part of it:
// "fault f1" finds what a fault answered, "allowed" what was allowed.
func (f *filter) match(e *Event) bool {
	return is(f.kind, e.Kind) && is(f.service, e.Service) && is(f.operation, e.Operation) && is(f.what, e.What) &&
		(f.status == 0 || f.status == e.Status) && strings.Contains(e.Decision, f.decision) &&
		(f.tenant == "" || strings.EqualFold(f.tenant, e.TenantID)) && (f.app == "" || strings.EqualFold(f.app, e.AppID))
}

func is(want, have string) bool { return want == "" || want == have }

// newest leaves out the events before the last ones that match.
func (f *filter) newest(events []Event) []Event {
	left := f.last
	for i := len(events) - 1; i >= 0; i-- {
		if !f.match(&events[i]) {
			continue
		}
		if left--; left == 0 {
			return events[i:]
		}
	}
	return events
}
