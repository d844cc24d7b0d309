package defender

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// Graph can fail for good on $expand=alerts when a tenant or a single incident
// is large, while it answers everything else. Such a list is read without the
// alerts, and these are put in by smaller expanded pages and at last by
// single incidents. An alerts_v2 list by incident would be the other way, but
// its documentation lists no filter on incidentId, and it needs a role of its own.

// AlertsError says why an incident came without its alerts although they were
// asked for: Incident.AlertsMissing.
type AlertsError struct {
	ID string // of the incident
	// Tried tells whether this incident was asked for by itself; if not, Err is of
	// others before it.
	Tried bool
	Err   error
}

func (e *AlertsError) Error() string {
	if !e.Tried {
		return fmt.Sprintf("alerts of incident %s: not asked for after those of others failed: %v", e.ID, e.Err)
	}
	return fmt.Sprintf("alerts of incident %s: %v", e.ID, e.Err)
}

// Unwrap gives the cause.
func (e *AlertsError) Unwrap() error { return e.Err }

// Next says in one sentence what to do about it.
func (e *AlertsError) Next() string {
	return "Read this incident by itself later, or on surface xdr, whose incidents always have their alerts."
}

// tooMuch tells whether a request for much failed in a way that one for less may not.
func tooMuch(err error) bool {
	var refused *Error
	var lost *TransportError
	var body *BodyError
	switch {
	case errors.As(err, &refused):
		return refused.Status >= 500
	case errors.As(err, &body):
		return body.Problem == BodyTooLarge || body.Problem == BodyTruncated || body.Problem == BodyEmpty
	case errors.As(err, &lost):
		return lost.Sent && !lost.Ended
	}
	return false
}

// maxLone is how many incidents in a row may fail by themselves before the rest
// of a list is not tried any more.
const maxLone = 5

// filler puts the alerts into the pages of a list that is read without them.
type filler struct {
	client *Client
	query  url.Values // of the list, with $expand and without $top
	lone   int        // incidents that failed by themselves, in a row
	last   error      // why the last of them did
}

// expanded makes a pager of incidents with their alerts fall back.
func expanded(p *graphPager[*Incident]) {
	p.retreat = func(err error) bool {
		if !p.query.Has("$expand") || !tooMuch(err) {
			return false
		}
		f := &filler{client: p.client, query: maps.Clone(p.query)}
		f.query.Del("$top")
		p.query = maps.Clone(p.query)
		p.query.Del("$expand")
		p.mend = f.fill
		return true
	}
}

// fill puts alerts into the incidents of a page, or says of each why not. An
// error is one that the rest of the list would meet as well.
func (f *filler) fill(ctx context.Context, items []*Incident, offset int, skip func(*Incident) bool) error {
	if !slices.ContainsFunc(items, func(i *Incident) bool { return !skip(i) }) {
		return nil
	}
	return f.span(ctx, items, offset, skip)
}

// span fills a stretch of a page: by one expanded page, by its halves if that
// fails, by the incident itself if it is but one.
func (f *filler) span(ctx context.Context, items []*Incident, offset int, skip func(*Incident) bool) error {
	switch {
	case len(items) == 0:
		return nil
	case len(items) == 1:
		if skip(items[0]) {
			return nil
		}
		return f.single(ctx, items, 0)
	case f.lone >= maxLone:
		for n := range items {
			if err := f.single(ctx, items, n); err != nil {
				return err
			}
		}
		return nil
	}
	got, err := f.list(ctx, offset, len(items))
	switch {
	case tooMuch(err):
		half := len(items) / 2
		if err := f.span(ctx, items[:half], offset, skip); err != nil {
			return err
		}
		return f.span(ctx, items[half:], offset+half, skip)
	case err != nil:
		return err
	}
	f.lone = 0
	// The list may have moved since: only the id says whose alerts they are.
	byID := make(map[string]*Incident, len(got))
	for _, i := range got {
		byID[i.ID] = i
	}
	for n, i := range items {
		if with := byID[i.ID]; with != nil {
			items[n] = with
		} else if !skip(i) {
			if err := f.single(ctx, items, n); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *filler) list(ctx context.Context, offset, n int) ([]*Incident, error) {
	q := maps.Clone(f.query)
	q.Set("$top", strconv.Itoa(n))
	if offset > 0 {
		q.Set("$skip", strconv.Itoa(offset))
	}
	u := *f.client.origins[SurfaceGraph]
	u.Path = graphIncidentsPath
	u.RawQuery = encodeQuery(q)
	return f.client.oneList(ctx, request{surface: SurfaceGraph, url: &u, once: true})
}

// single fills one incident by itself.
func (f *filler) single(ctx context.Context, items []*Incident, n int) error {
	id := items[n].ID
	if f.lone >= maxLone {
		items[n].AlertsMissing = &AlertsError{ID: id, Err: f.last}
		return nil
	}
	with, err := f.client.graphGet(ctx, id, true, f.lone > 0)
	var refused *Error
	switch {
	case err == nil:
		items[n], f.lone = with, 0
		return nil
	case tooMuch(err):
		f.lone, f.last = f.lone+1, err
	case errors.As(err, &refused) && refused.Status == http.StatusNotFound:
		// It has gone since the list was read.
	default:
		return err
	}
	items[n].AlertsMissing = &AlertsError{ID: id, Tried: true, Err: err}
	return nil
}

// getWithAlerts reads one incident with its alerts, or without them when that fails.
func (c *Client) getWithAlerts(ctx context.Context, id string) (*Incident, error) {
	with, err := c.graphGet(ctx, id, true, false)
	if !tooMuch(err) {
		return with, err
	}
	without, plainErr := c.graphGet(ctx, id, false, false)
	if plainErr != nil {
		return nil, plainErr
	}
	without.AlertsMissing = &AlertsError{ID: id, Tried: true, Err: err}
	return without, nil
}
