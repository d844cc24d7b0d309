package fault

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// The services that can be made to misbehave, as the journal names them.
const (
	ServiceSTS   = "sts"   // the token service
	ServiceGraph = "graph" // Microsoft Graph
	ServiceXDR   = "xdr"   // the API of Microsoft Defender XDR
	ServiceMDE   = "mde"   // the API of Microsoft Defender for Endpoint
)

// Services lists the services that faults can be set for.
func Services() []string { return []string{ServiceSTS, ServiceGraph, ServiceXDR, ServiceMDE} }

func apis() []string { return []string{ServiceGraph, ServiceXDR, ServiceMDE} }

// possible are the services that a kind of fault can strike.
func (k Kind) possible() []string {
	switch {
	case k.alters():
		return []string{ServiceSTS}
	case k.pages() || k == ExpandFails:
		return apis()
	}
	return Services()
}

// services are those that a fault strikes: the ones named, else those that
// have one of its operations, else the kind's own. nil means that the question
// does not arise: the clock is everybody's, and tokens are one service's.
func (s *Spec) services(known map[string][]string) []string {
	switch {
	case s.Kind == Clock || s.Kind.alters():
		return nil
	case len(s.Services) > 0:
		return s.Services
	case len(s.Operations) > 0 && known != nil:
		return slices.DeleteFunc(s.Kind.possible(), func(service string) bool {
			return !slices.ContainsFunc(s.Operations, func(o string) bool { return slices.Contains(known[service], o) })
		})
	case slices.Contains(s.Kind.possible(), ServiceSTS):
		return []string{ServiceSTS}
	}
	return s.Kind.possible()
}

// reach are the services of a fault that was set.
func (s *Spec) reach() []string {
	if len(s.Services) == 0 {
		return s.Kind.possible()
	}
	return s.Services
}

func (s *Spec) checkServices(c *checker, known map[string][]string) {
	for _, service := range s.Services {
		switch {
		case s.Kind.alters():
			c.wrong("services", "leave it out", "does not apply to %s, which strikes wherever a token is issued", s.Kind)
			return
		case !slices.Contains(Services(), service):
			c.wrong("services", oneOf(Services()), "%q is not a service", service)
			return
		case !slices.Contains(s.Kind.possible(), service):
			c.wrong("services", oneOf(s.Kind.possible()), "%s does not apply to %q", s.Kind, service)
			return
		}
	}
	if s.Kind.alters() && len(s.Operations) > 0 {
		c.wrong("operations", "leave it out", "does not apply to %s, which strikes wherever a token is issued", s.Kind)
	}
	if known == nil || s.Kind == Clock {
		return
	}
	in := s.Services
	if len(in) == 0 {
		in = s.Kind.possible()
	}
	var all []string
	for _, service := range in {
		all = append(all, known[service]...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	for _, o := range s.Operations {
		if !slices.Contains(all, o) {
			c.wrong("operations", oneOf(all), "%q is not an operation of %s", o, strings.Join(in, ", "))
		}
	}
}

// listing is what a request says of pages and of related objects.
type listing struct {
	list   bool // it reads a list
	skip   int  // how many items are left out before the page
	expand bool
}

// listingOf reads a request's query as the APIs do: Graph also takes options
// without their dollar sign.
func listingOf(r *http.Request, operation string) listing {
	l := listing{list: r.Method == http.MethodGet && strings.HasSuffix(operation, ".list")}
	q, _ := url.ParseQuery(r.URL.RawQuery) // what can be read of it
	if n, err := strconv.Atoi(option(q, "$skip")); err == nil && n > 0 {
		l.skip = n
	}
	l.expand = option(q, "$expand") != ""
	return l
}

func option(q url.Values, name string) string {
	if v := q.Get(name); v != "" {
		return v
	}
	return q.Get(name[1:])
}

func setOption(q url.Values, name, value string) {
	if q.Has(name[1:]) {
		name = name[1:]
	}
	if value == "" {
		q.Del(name)
		return
	}
	q.Set(name, value)
}

// fits says whether a kind of fault can happen to the request at all: it would
// be counted as a strike, or miss the request it was set for, otherwise.
func (l listing) fits(k Kind) bool {
	switch {
	case k == ExpandFails:
		return l.expand
	case k == Repeat:
		return l.list && l.skip > 0
	case k.pages():
		return l.list
	}
	return true
}
