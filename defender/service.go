package defender

import (
	"context"
	"iter"
)

// IncidentService is the calls about incidents on one surface of one tenant.
// It is safe for concurrent use.
type IncidentService struct {
	client  *Client
	surface Surface
}

// Page is one page of a list.
type Page struct {
	Items []*Incident
	// Next continues the list when put into ListOptions.Cursor; empty means that
	// this was the last page. On xdr, which tells no next page, it is set after
	// every page that held anything.
	Next string
}

// List reads one page, newest first. Between two pages of a list that changes
// meanwhile, incidents can move; use [IncidentService.All] to read a whole list
// without losing or repeating one.
//
//   - graph: GET /v1.0/security/incidents, needs SecurityIncident.Read.All or
//     SecurityIncident.ReadWrite.All;
//     https://learn.microsoft.com/graph/api/security-list-incidents
//   - xdr: GET /api/incidents, needs Incident.Read.All or Incident.ReadWrite.All;
//     50 calls a minute and 1,500 an hour;
//     https://learn.microsoft.com/defender-xdr/api-list-incidents
func (s *IncidentService) List(ctx context.Context, opts ListOptions) (Page, error) {
	pager, err := s.pager(opts)
	if err != nil {
		return Page{}, err
	}
	items, next, err := pager.page(ctx, opts.Cursor)
	return Page{Items: items, Next: next}, err
}

// All reads the whole list, newest first, one page at a time as the caller
// goes on, each incident once. It yields the first error, if any, and stops.
//
// Lists change while they are read. An incident that moves to an earlier page
// is found again and comes at the end; one that comes to a later page a second
// time is left out. On xdr, whose pages are counted by $skip, pages overlap by
// one incident so that a shift is noticed and read again; reading a list of
// one page therefore takes two requests. (One change escapes it: between the
// only two requests for a list that looks like one page, though the service cut
// that page short, an unread incident is updated and another one goes. The
// update is later than Since of a next reading, which finds it.) On graph the
// next page is where the service says it is, and must be on the same host.
//
// Graph can fail on ListOptions.ExpandAlerts for a large tenant or a single large
// incident. The list is then read without alerts, which are put in by smaller
// pages and at last one by one; an incident whose alerts still cannot be had
// says so in AlertsMissing. On xdr such a page is asked for in smaller ones.
//
// Roles and documentation are those of [IncidentService.List].
func (s *IncidentService) All(ctx context.Context, opts ListOptions) iter.Seq2[*Incident, error] {
	return func(yield func(*Incident, error) bool) {
		pager, err := s.pager(opts)
		if err == nil {
			err = pager.all(ctx, func(i *Incident) bool { return yield(i, nil) })
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// Get reads one incident. On graph it comes without its alerts; see
// [IncidentService.GetWithAlerts]. An unknown id is an [*Error] with status 404.
//
//   - graph: GET /v1.0/security/incidents/{id}, roles as for List;
//     https://learn.microsoft.com/graph/api/security-incident-get
//   - xdr: GET /api/incidents/{id}, roles as for List; 100 calls a minute and
//     1,500 an hour; https://learn.microsoft.com/defender-xdr/api-get-incident
func (s *IncidentService) Get(ctx context.Context, id string) (*Incident, error) {
	return s.get(ctx, id, false)
}

// GetWithAlerts is Get with the alerts of the incident on both surfaces: graph
// is asked with $expand=alerts. When that fails although the incident itself can
// be read, it comes without alerts and AlertsMissing says why.
func (s *IncidentService) GetWithAlerts(ctx context.Context, id string) (*Incident, error) {
	return s.get(ctx, id, true)
}

// pager reads the pages of one list.
type pager interface {
	page(ctx context.Context, cursor string) (items []*Incident, next string, err error)
	// all calls yield until it returns false or the list ends.
	all(ctx context.Context, yield func(*Incident) bool) error
}

func (s *IncidentService) pager(opts ListOptions) (pager, error) {
	if err := s.ready(); err != nil {
		return nil, err
	}
	query, err := listQuery(s.surface, opts)
	if err != nil {
		return nil, err
	}
	if s.surface == SurfaceXDR {
		return &xdrPager{client: s.client, query: query, top: opts.Top}, nil
	}
	p := &graphPager[*Incident]{client: s.client, op: OpListIncidents, path: graphIncidentsPath, query: query,
		decode: func(body []byte) ([]*Incident, string, error) { return decodePage(SurfaceGraph, body) }}
	expanded(p)
	return p, nil
}

func (s *IncidentService) get(ctx context.Context, id string, alerts bool) (*Incident, error) {
	if err := s.ready(); err != nil {
		return nil, err
	}
	if s.surface == SurfaceXDR {
		return s.client.xdrGet(ctx, id)
	}
	if alerts {
		return s.client.getWithAlerts(ctx, id)
	}
	return s.client.graphGet(ctx, id, false, false)
}

// ready refuses a surface that does not exist or has no origin.
func (s *IncidentService) ready() error {
	if _, err := ParseSurface(string(s.surface)); err != nil {
		return err
	}
	if s.client.origins[s.surface] == nil {
		return noOrigin(s.surface)
	}
	return nil
}

func noOrigin(s Surface) error {
	return &OptionError{Surface: s, Option: "origin", Remedy: "the client was made without an origin for this surface"}
}
