package defender

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
)

const xdrIncidentsPath = "/api/incidents"

// minTop is the smallest page to read lists by: an overlap needs two.
const minTop = 2

// maxGaps bounds how often in a row the reader goes back because pages do not
// join up, without finding anything new.
const maxGaps = 4

type xdrPager struct {
	client *Client
	query  url.Values
	top    int
}

func (p *xdrPager) size() int {
	if p.top == 0 {
		return xdrMaxTop
	}
	return p.top
}

func (p *xdrPager) page(ctx context.Context, cursor string) ([]*Incident, string, error) {
	skip, err := offsetOf(SurfaceXDR, OpListIncidents, cursor)
	if err != nil {
		return nil, "", err
	}
	items, err := p.fetch(ctx, skip, p.size(), false)
	if err != nil || len(items) == 0 {
		return nil, "", err
	}
	return items, offsetCursor + strconv.Itoa(skip+len(items)), nil
}

func (p *xdrPager) fetch(ctx context.Context, skip, top int, once bool) ([]*Incident, error) {
	q := url.Values{"$top": {strconv.Itoa(top)}}
	for k, v := range p.query {
		q[k] = v
	}
	if skip > 0 {
		q.Set("$skip", strconv.Itoa(skip))
	}
	u := *p.client.origins[SurfaceXDR]
	u.Path = xdrIncidentsPath
	u.RawQuery = encodeQuery(q)
	return p.client.oneList(ctx, request{surface: SurfaceXDR, url: &u, once: once})
}

// all reads the list by offsets. The service numbers a list that changes, so
// that neither the end nor the join of two pages can be taken on trust:
//
//   - Each page begins with the last incident of the page before. If it begins
//     with one never seen, some before it have gone and others have slipped past
//     unread: the reader goes back.
//   - A short page is not the end, because the service may send less than it was
//     asked for: the end is where nothing follows the last incident. (Should a
//     service that sent more begin to send one incident a page while it is
//     read, that would look like the end.)
//   - What was updated meanwhile has moved to the head, perhaps from a page not
//     read yet: when the list was longer than a page, or shifted, the head is read
//     again until it joins what was there at the beginning.
func (p *xdrPager) all(ctx context.Context, yield func(*Incident) bool) error {
	c := newCollector(yield)
	how, err := p.pass(ctx, c, false)
	if err != nil || c.stopped || how.whole() {
		return err
	}
	for range maxSweeps {
		again, err := p.pass(ctx, c, !how.blind)
		if err != nil || c.stopped || again.found == 0 && !again.shifted {
			return err
		}
	}
	return nil
}

// walk is how a pass over the list went.
type walk struct {
	pages   int  // before the one that was the end
	found   int  // incidents that were new
	shifted bool // the list moved between two pages
	blind   bool // pages of a single incident left no room for an overlap
}

// whole tells whether the pass was one page of a list that stood still.
func (w walk) whole() bool { return w.pages <= 1 && !w.shifted && !w.blind }

// pass walks the list from its head to its end, or, with headOnly, until a page
// has nothing new and joins what was there when the list was begun.
func (p *xdrPager) pass(ctx context.Context, c *collector[*Incident], headOnly bool) (w walk, err error) {
	top := max(p.size(), minTop)
	c.forget()
	pos, overlap, gaps := 0, 0, 0 // pos incidents are behind; the last overlap of them are read again
	lastID := ""
	for {
		skip := max(0, pos-overlap)
		items, err := p.fetch(ctx, skip, top, false)
		// A page too large for the service, or for us, may do in smaller ones.
		for tooMuch(err) && top > minTop {
			top = max(minTop, top/2)
			p.top = top // for the passes that follow as well
			items, err = p.fetch(ctx, skip, top, true)
		}
		if err != nil {
			return w, err
		}
		if pos == 0 && gaps == 0 && c.seen.empty() {
			c.setMark(items)
		}
		joined := skip == 0 || overlap == 0 || len(items) > 0 && c.has(items[0])
		if !joined {
			w.shifted = true
			if gaps++; gaps > maxGaps {
				return w, &PagingError{Surface: SurfaceXDR, Operation: OpListIncidents, Problem: PagingUnstable, Detail: fmt.Sprintf("at $skip=%d", skip)}
			}
			pos = max(0, skip-top<<(gaps-1))
			c.forget()
			continue
		}
		if skip > 0 && overlap > 0 && items[0].ID != lastID {
			w.shifted = true
		}
		if skip > 0 && c.repeated(items) > 2 {
			// As many new incidents as the reader went on do this; so does a service
			// that ignores $skip, and then the head of the list looks the same too.
			head, err := p.fetch(ctx, 0, top, false)
			if err != nil {
				return w, err
			}
			if slices.EqualFunc(head, items, sameID) {
				return w, &PagingError{Surface: SurfaceXDR, Operation: OpListIncidents, Problem: PagingRepeated, Detail: fmt.Sprintf("at $skip=%d", skip)}
			}
			c.forget()
		}
		fresh := c.take(items)
		w.found += fresh
		if fresh > 0 {
			gaps = 0
		}
		end := skip+len(items) <= pos
		if c.stopped || end || headOnly && fresh == 0 && c.reachesMark(items) {
			return w, nil
		}
		w.pages++
		pos = skip + len(items)
		lastID = items[len(items)-1].ID
		overlap = 1
		if len(items) == 1 {
			overlap = 0
			w.blind = w.blind || pos > 1
		}
	}
}

func sameID(a, b *Incident) bool { return a.ID == b.ID }

// xdrGet reads one incident.
func (c *Client) xdrGet(ctx context.Context, id string) (*Incident, error) {
	if err := checkID(SurfaceXDR, "incident id", id); err != nil {
		return nil, err
	}
	u := *c.origins[SurfaceXDR]
	u.Path = xdrIncidentsPath + "/" + id
	body, err := c.get(ctx, SurfaceXDR, OpGetIncident, &u)
	if err != nil {
		return nil, err
	}
	return DecodeIncident(SurfaceXDR, body)
}

func pageNumber(n int) string { return fmt.Sprintf("page %d", n) }
