package defender

import (
	"context"
	"crypto/sha256"
	"net/http"
	"net/url"
	"strings"
)

const (
	graphIncidentsPath = "/v1.0/security/incidents"
	graphAlertsPath    = "/v1.0/security/alerts_v2"
)

// maxEmptyPages bounds how many pages without an item are followed: Graph
// may send a few, a loop would send them for ever.
const maxEmptyPages = 50

// graphPager reads a list of Graph by its next links.
type graphPager[T item] struct {
	client *Client
	op     Operation
	path   string
	query  url.Values
	decode func(body []byte) (items []T, next string, err error)

	// retreat, if set, changes query so that the list can be read although a page
	// of it failed with err, and tells whether it did.
	retreat func(err error) bool
	// mend, if set, puts into a page's items what a retreat left out. The page
	// begins offset items behind the start of the list; skip tells which to leave alone.
	mend func(ctx context.Context, items []T, offset int, skip func(T) bool) error
}

func (p *graphPager[T]) problem(problem PagingProblem, detail string) error {
	return &PagingError{Surface: SurfaceGraph, Operation: p.op, Problem: problem, Detail: detail}
}

func (p *graphPager[T]) start() *url.URL {
	u := *p.client.origins[SurfaceGraph]
	u.Path = p.path
	u.RawQuery = encodeQuery(p.query)
	return &u
}

// follow checks a next link: same scheme and host, since the token goes there.
func (p *graphPager[T]) follow(link string, problem PagingProblem) (*url.URL, error) {
	origin := p.client.origins[SurfaceGraph]
	u, err := url.Parse(link)
	if err != nil {
		return nil, p.problem(problem, "it is no address")
	}
	u = origin.ResolveReference(u)
	if u.Scheme != origin.Scheme || canonicalHost(u) != canonicalHost(origin) || u.User != nil {
		return nil, p.problem(problem, u.Scheme+"://"+u.Host)
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

// page reads the one page that cursor names, and tells the cursor of the next.
func (p *graphPager[T]) page(ctx context.Context, cursor string) ([]T, string, error) {
	u := p.start()
	if cursor != "" {
		var err error
		if u, err = p.follow(cursor, PagingBadCursor); err != nil {
			return nil, "", err
		}
		if !strings.EqualFold(u.Path, p.path) {
			return nil, "", p.problem(PagingBadCursor, u.Path)
		}
	}
	items, next, err := p.fetch(ctx, u)
	if err != nil || next == nil {
		return items, "", err
	}
	return items, next.String(), nil
}

func (p *graphPager[T]) fetch(ctx context.Context, u *url.URL) (items []T, next *url.URL, err error) {
	var link string
	err = p.client.read(ctx, SurfaceGraph, p.op, u, func(body []byte) (err error) {
		items, link, err = p.decode(body)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if link != "" {
		if next, err = p.follow(link, PagingForeignLink); err != nil {
			return nil, nil, err
		}
	}
	return items, next, nil
}

// all calls yield until it returns false or the list ends.
func (p *graphPager[T]) all(ctx context.Context, yield func(T) bool) error {
	c := newCollector(yield)
	pages, _, err := p.walk(ctx, c, func([]T, int) bool { return false })
	// What moved to the head while the later pages were read is found there.
	for n := 0; n < maxSweeps && err == nil && !c.stopped && pages > 1; n++ {
		var found int
		_, found, err = p.walk(ctx, c, func(items []T, fresh int) bool {
			return fresh == 0 && c.reachesMark(items)
		})
		if found == 0 {
			break
		}
	}
	return err
}

// walk is pass, begun again after a retreat: what was handed on before is not again.
func (p *graphPager[T]) walk(ctx context.Context, c *collector[T], done func([]T, int) bool) (pages, found int, err error) {
	for {
		var more int
		pages, more, err = p.pass(ctx, c, done)
		found += more
		if err == nil || p.retreat == nil || !p.retreat(err) {
			return pages, found, err
		}
	}
}

// pass follows the list from its start until it ends, the caller stops, or
// done says so of a page and how many items of it were new.
func (p *graphPager[T]) pass(ctx context.Context, c *collector[T], done func([]T, int) bool) (pages, found int, err error) {
	c.forget()
	visited := map[digest]struct{}{}
	empty, offset := 0, 0
	for u := p.start(); u != nil; {
		// A list may be walked again from its first address; within one walk an
		// address that comes twice never ends.
		address := digestOf(u)
		if _, again := visited[address]; again {
			return pages, found, p.problem(PagingLoop, pageNumber(pages+1))
		}
		visited[address] = struct{}{}
		items, next, err := p.fetch(ctx, u)
		if err != nil {
			return pages, found, err
		}
		pages++
		if pages == 1 && c.seen.empty() {
			c.setMark(items)
		}
		// One item may rightly come again when another was put before it; a
		// page of several that comes again stands in for one that never came.
		if runs := c.repeated(items); runs > 1 && (len(items) > 1 || runs > 2) {
			return pages, found, p.problem(PagingRepeated, pageNumber(pages))
		}
		if empty++; len(items) > 0 {
			empty = 0
		}
		if empty > maxEmptyPages {
			return pages, found, p.problem(PagingRepeated, pageNumber(pages)+", empty like those before")
		}
		if p.mend != nil {
			if err := p.mend(ctx, items, offset, c.has); err != nil {
				return pages, found, err
			}
		}
		offset += len(items)
		fresh := c.take(items)
		found += fresh
		if c.stopped || done(items, fresh) {
			break
		}
		u = next
	}
	return pages, found, nil
}

// digest stands for an address: next links are long, and there is one a page.
type digest [16]byte

func digestOf(u *url.URL) digest {
	sum := sha256.Sum256([]byte(u.String()))
	return digest(sum[:16])
}

// graphGet reads one incident.
func (c *Client) graphGet(ctx context.Context, id string, alerts, once bool) (*Incident, error) {
	if err := checkID(SurfaceGraph, "incident id", id); err != nil {
		return nil, err
	}
	u := *c.origins[SurfaceGraph]
	u.Path = graphIncidentsPath + "/" + id
	if alerts {
		u.RawQuery = "$expand=alerts"
	}
	a, err := c.do(ctx, request{surface: SurfaceGraph, op: OpGetIncident, method: http.MethodGet, url: &u, once: once})
	if err != nil {
		return nil, err
	}
	return DecodeIncident(SurfaceGraph, a.body)
}
