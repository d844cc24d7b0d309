package fault

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/tenantry/tenantry/sandbox/journal"
)

// Wrap returns next with the faults in force in front of it. describe says
// what a request is, by its service, operation and tenant; it is asked only
// while there are faults.
func (s *Set) Wrap(next http.Handler, describe func(*http.Request) Request) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.Any() {
			next.ServeHTTP(w, r)
			return
		}
		q := describe(r)
		q.listing = listingOf(r, q.Operation)
		p := s.Plan(q)
		if p == nil {
			next.ServeHTTP(w, r)
			return
		}
		// A request that gets no further is in the journal by what is known of it.
		journal.Note(r.Context(), func(e *journal.Event) {
			e.Service, e.Operation, e.TenantID = q.Service, q.Operation, q.Tenant
		})
		if p.Begin(w, r) {
			return
		}
		out, finish := p.Writer(w, r)
		next.ServeHTTP(out, p.paged(r))
		finish()
	})
}

// defaultItems is how long a shrunk page is when the request did not say how
// long it may be.
const defaultItems = 5

// paged is the request as the service is to see it: a page that is shorter, or
// that begins earlier, is asked for, so that what follows it is right.
func (p *Plan) paged(r *http.Request) *http.Request {
	for _, a := range p.acts {
		if k := a.entry.spec.Kind; k != Shrink && k != Repeat {
			continue
		}
		q, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return r // the service refuses it
		}
		if a.entry.spec.Kind == Shrink {
			items, ok := shrunk(a.entry.spec.Items, option(q, "$top"))
			if !ok {
				continue
			}
			setOption(q, "$top", strconv.Itoa(items))
		} else {
			setOption(q, "$skip", strconv.Itoa(p.req.listing.skip-1))
		}
		r = r.Clone(r.Context())
		r.URL.RawQuery = q.Encode()
	}
	return r
}

// shrunk is how many items a page gets that was asked for by $top.
func shrunk(most int, top string) (items int, ok bool) {
	if top == "" {
		if most == 0 {
			most = defaultItems
		}
		return most, true
	}
	asked, err := strconv.Atoi(top)
	if err != nil || asked < 2 {
		return 0, false // refused by the service, or as short as can be
	}
	if most == 0 {
		most = (asked + 1) / 2
	}
	return min(most, asked), true
}
