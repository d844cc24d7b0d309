package defender

import (
	"context"
	"net/url"
	"strings"
)

const graphIncidentsPath = "/v1.0/security/incidents"

// maxEmptyPages bounds how many pages without an incident are followed: Graph
// may send a few, a loop would send them for ever.
const maxEmptyPages = 50

type graphPager struct {
	client *Client
	query  url.Values
}

func (p *graphPager) start() *url.URL {
	u := *p.client.origins[SurfaceGraph]
	u.Path = graphIncidentsPath
	u.RawQuery = encodeQuery(p.query)
	return &u
}

// follow checks a next link: same scheme and host, since the token goes there.
func (p *graphPager) follow(link string, problem PagingProblem) (*url.URL, error) {
	origin := p.client.origins[SurfaceGraph]
	u, err := url.Parse(link)
	if err != nil {
		return nil, &PagingError{Surface: SurfaceGraph, Problem: problem, Detail: "it is no address"}
	}
	u = origin.ResolveReference(u)
	if u.Scheme != origin.Scheme || canonicalHost(u) != canonicalHost(origin) || u.User != nil {
		return nil, &PagingError{Surface: SurfaceGraph, Problem: problem, Detail: u.Scheme + "://" + u.Host}
	}
	u.Fragment = ""
	return u, nil
}

// canonicalHost is host and port in lower case, the port also when it is implied.
func canonicalHost(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return strings.ToLower(u.Hostname()) + ":" + port
}

func (p *graphPager) page(ctx context.Context, cursor string) (Page, error) {
	u := p.start()
	if cursor != "" {
		var err error
		if u, err = p.follow(cursor, PagingBadCursor); err != nil {
			return Page{}, err
		}
		if !strings.EqualFold(u.Path, graphIncidentsPath) {
			return Page{}, &PagingError{Surface: SurfaceGraph, Problem: PagingBadCursor, Detail: u.Path}
		}
	}
	items, next, err := p.fetch(ctx, u)
	if err != nil || next == nil {
		return Page{Items: items}, err
	}
	return Page{Items: items, Next: next.String()}, nil
}

func (p *graphPager) fetch(ctx context.Context, u *url.URL) (items []*Incident, next *url.URL, err error) {
	body, err := p.client.get(ctx, SurfaceGraph, OpListIncidents, u)
	if err != nil {
		return nil, nil, err
	}
	raw, link, err := envelope(SurfaceGraph, body)
	if err != nil {
		return nil, nil, err
	}
	if items, err = decodeIncidents(SurfaceGraph, raw); err != nil {
		return nil, nil, err
	}
	if link != "" {
		if next, err = p.follow(link, PagingForeignLink); err != nil {
			return nil, nil, err
		}
	}
	return items, next, nil
}

func (p *graphPager) all(ctx context.Context, yield func(*Incident) bool) error {
	c := newCollector(SurfaceGraph, yield)
	pages, _, err := p.pass(ctx, c, func([]*Incident, int) bool { return false })
	// What moved to the head while the later pages were read is found there.
	for n := 0; n < maxSweeps && err == nil && !c.stopped && pages > 1; n++ {
		var found int
		_, found, err = p.pass(ctx, c, func(items []*Incident, fresh int) bool {
			return fresh == 0 && c.reachesMark(items)
		})
		if found == 0 {
			break
		}
	}
	return err
}

// pass follows the list from its start until it ends, the caller stops, or
// done says so of a page and how many incidents of it were new.
func (p *graphPager) pass(ctx context.Context, c *collector, done func([]*Incident, int) bool) (pages, found int, err error) {
	c.forget()
	visited := map[string]struct{}{}
	empty := 0
	for u := p.start(); u != nil; {
		// A list may be walked again from its first address; within one walk an
		// address that comes twice never ends.
		if _, again := visited[u.String()]; again {
			return pages, found, &PagingError{Surface: SurfaceGraph, Problem: PagingLoop, Detail: pageNumber(pages + 1)}
		}
		visited[u.String()] = struct{}{}
		items, next, err := p.fetch(ctx, u)
		if err != nil {
			return pages, found, err
		}
		pages++
		if pages == 1 && len(c.seen) == 0 {
			c.setMark(items)
		}
		// One incident may rightly come again when another was put before it; a
		// page of several that comes again stands in for one that never came.
		if runs := c.repeated(items); runs > 1 && (len(items) > 1 || runs > 2) {
			return pages, found, &PagingError{Surface: SurfaceGraph, Problem: PagingRepeated, Detail: pageNumber(pages)}
		}
		if empty++; len(items) > 0 {
			empty = 0
		}
		if empty > maxEmptyPages {
			return pages, found, &PagingError{Surface: SurfaceGraph, Problem: PagingRepeated, Detail: pageNumber(pages) + ", empty like those before"}
		}
		fresh := c.take(items)
		found += fresh
		if c.stopped || done(items, fresh) {
			break
		}
		u = next
	}
	return pages, found, nil
}

// graphGet reads one incident.
func (c *Client) graphGet(ctx context.Context, id string, alerts bool) (*Incident, error) {
	if err := checkID(SurfaceGraph, id); err != nil {
		return nil, err
	}
	u := *c.origins[SurfaceGraph]
	u.Path = graphIncidentsPath + "/" + id
	if alerts {
		u.RawQuery = "$expand=alerts"
	}
	body, err := c.get(ctx, SurfaceGraph, OpGetIncident, &u)
	if err != nil {
		return nil, err
	}
	return decodeIncident(SurfaceGraph, "", body)
}
