package defender

import (
	"context"
	"iter"
	"net/url"
	"strconv"
	"time"
)

// AlertService is the calls about alerts of one tenant. Graph alone has them: on
// surface xdr alerts are read as part of their incidents, and each call here is
// refused with an [*OptionError]. It is safe for concurrent use.
//
// Calls on alerts may be made 150 times a minute for each app and tenant:
// https://learn.microsoft.com/graph/throttling-limits.
type AlertService struct {
	client  *Client
	surface Surface
}

// Alerts returns the calls about alerts on one surface.
func (c *Client) Alerts(s Surface) *AlertService { return &AlertService{client: c, surface: s} }

// AlertListOptions narrows a list of alerts. The zero value asks for all of them,
// also those that belong to no incident.
type AlertListOptions struct {
	// Since keeps alerts last updated at this time or later.
	Since time.Time
	// CreatedSince keeps alerts created at this time or later.
	CreatedSince time.Time
	// Each of the following keeps alerts with any of its values.
	Status         []AlertStatus
	Severity       []Severity
	Classification []Classification
	Determination  []Determination
	ServiceSource  []string // such as microsoftDefenderForEndpoint
	// AssignedTo keeps alerts assigned to this person.
	AssignedTo string
	// Top is the page size; 0 leaves it to the service.
	Top int
	// Cursor continues a list: AlertPage.Next of the page before, with the other
	// options unchanged. Empty means from the start. All ignores it.
	Cursor string
}

// AlertPage is one page of a list of alerts.
type AlertPage struct {
	Items []*Alert
	// Next continues the list when put into AlertListOptions.Cursor; empty means
	// that this was the last page.
	Next string
}

// List reads one page, newest first. Between two pages of a list that changes
// meanwhile, alerts can move; use [AlertService.All] to read a whole list
// without losing or repeating one.
//
// GET /v1.0/security/alerts_v2, needs SecurityAlert.Read.All or
// SecurityAlert.ReadWrite.All; https://learn.microsoft.com/graph/api/security-list-alerts_v2
func (s *AlertService) List(ctx context.Context, opts AlertListOptions) (AlertPage, error) {
	pager, err := s.pager(opts)
	if err != nil {
		return AlertPage{}, err
	}
	items, next, err := pager.page(ctx, opts.Cursor)
	return AlertPage{Items: items, Next: next}, err
}

// All reads the whole list, newest first, one page at a time as the caller goes
// on, each alert once. It yields the first error, if any, and stops. An alert that
// moves to an earlier page while the list is read is found again and comes at the
// end. Roles and documentation are those of [AlertService.List].
func (s *AlertService) All(ctx context.Context, opts AlertListOptions) iter.Seq2[*Alert, error] {
	return func(yield func(*Alert, error) bool) {
		pager, err := s.pager(opts)
		if err == nil {
			err = pager.all(ctx, func(a *Alert) bool { return yield(a, nil) })
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// Get reads one alert with its evidence. An unknown id is an [*Error] with status 404.
//
// GET /v1.0/security/alerts_v2/{id}, roles as for List;
// https://learn.microsoft.com/graph/api/security-alert-get
func (s *AlertService) Get(ctx context.Context, id string) (*Alert, error) {
	u, err := s.address(id)
	if err != nil {
		return nil, err
	}
	body, err := s.client.get(ctx, SurfaceGraph, OpGetAlert, u)
	if err != nil {
		return nil, err
	}
	return DecodeAlert(SurfaceGraph, body)
}

// address is where one alert is.
func (s *AlertService) address(id string) (*url.URL, error) {
	if err := s.ready(); err != nil {
		return nil, err
	}
	if err := checkID(SurfaceGraph, "alert id", id); err != nil {
		return nil, err
	}
	u := *s.client.origins[SurfaceGraph]
	u.Path = graphAlertsPath + "/" + id
	return &u, nil
}

func (s *AlertService) pager(opts AlertListOptions) (*graphPager[*Alert], error) {
	if err := s.ready(); err != nil {
		return nil, err
	}
	query, err := alertQuery(opts)
	if err != nil {
		return nil, err
	}
	return &graphPager[*Alert]{client: s.client, op: OpListAlerts, path: graphAlertsPath, query: query, decode: decodeAlertPage}, nil
}

// ready refuses a surface that has no alerts, does not exist or has no origin.
func (s *AlertService) ready() error {
	if _, err := ParseSurface(string(s.surface)); err != nil {
		return err
	}
	if s.surface != SurfaceGraph {
		return &OptionError{Surface: s.surface, Option: "alerts",
			Remedy: "this surface has no calls for alerts: they are part of its incidents; read those, or use surface graph"}
	}
	if s.client.origins[SurfaceGraph] == nil {
		return noOrigin(SurfaceGraph)
	}
	return nil
}

// alertQuery turns options into a query. What Graph can filter is listed on
// https://learn.microsoft.com/graph/api/security-list-alerts_v2.
func alertQuery(opts AlertListOptions) (url.Values, error) {
	if opts.Top < 0 {
		return nil, &OptionError{Surface: SurfaceGraph, Option: "Top", Value: strconv.Itoa(opts.Top), Remedy: "use a positive page size, or 0"}
	}
	f := filter{surface: SurfaceGraph}
	f.since("lastUpdateDateTime", opts.Since)
	f.since("createdDateTime", opts.CreatedSince)
	f.anyOf("Status", "status", enumAlertStatus, texts(opts.Status), "use new, inProgress, resolved or unknown")
	f.anyOf("Severity", "severity", enumSeverity, texts(opts.Severity), useSeverity)
	f.anyOf("Classification", "classification", enumClassification, texts(opts.Classification), useClassification)
	f.anyOf("Determination", "determination", enumDetermination, texts(opts.Determination), useDetermination)
	f.anyOf("ServiceSource", "serviceSource", enumServiceSource, opts.ServiceSource, "use a service that Microsoft Graph knows, such as microsoftDefenderForEndpoint")
	f.person(opts.AssignedTo)
	q, err := f.query()
	if err != nil {
		return nil, err
	}
	if opts.Top > 0 {
		q.Set("$top", strconv.Itoa(opts.Top))
	}
	return q, nil
}
