package defender

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Config says how to reach the services for one tenant.
type Config struct {
	// Graph and XDR are origins, "https://host[:port]" without a path, such as
	// "https://graph.microsoft.com" and "https://api.security.microsoft.com".
	// MDE is the origin that Defender for Endpoint's calls go to, as a rule the
	// same as XDR; its tokens are for an audience of their own (Token is asked for
	// SurfaceMDE). Any may be empty; calls to that surface are then refused. Plain
	// http is accepted for loopback addresses only.
	Graph, XDR, MDE string
	// HTTPClient sends the requests; nil means http.DefaultClient. Redirects are
	// never followed, since a bearer token must not travel to another address.
	HTTPClient *http.Client
	// Token returns a bearer token of the one tenant for the given surface. It is
	// asked before each request, so it should keep tokens, and must be safe for
	// concurrent use. Required. Package entra names the resources of its tokens as
	// surfaces are named here: cloud.Resource(entra.ResourceKind(s)).
	Token func(ctx context.Context, s Surface) (string, error)
	// Now is the clock that limits and Retry-After dates are measured by; nil means time.Now.
	Now func() time.Time
	// Sleep waits for d, or until ctx ends and then returns its error; nil means a timer.
	Sleep func(ctx context.Context, d time.Duration) error
	// Budget keeps the calls under the services' limits. Give all clients of one
	// app and tenant the same one, since the services count them together; nil
	// means one of this client's own, with the published limits.
	Budget *Budget
	// Retries is how often a call is repeated after a refusal for too many calls
	// (429) and, if it only reads, after a failure that may pass (5xx, no answer, an
	// answer cut short or empty). 0 means DefaultRetries, a negative number none.
	Retries int
	// OnWait is told before each wait, so that a person can be; nil means nobody
	// is. It may be called from several goroutines at once.
	OnWait func(Wait)
	// OnRetiring is told before each request to an API whose end Microsoft has
	// announced; see Retirements. Nil means nobody is.
	OnRetiring func(Retirement)
	// MaxBody is the largest answer accepted, in bytes after decompression;
	// 0 means DefaultMaxBody.
	MaxBody int64
	// UserAgent is sent with each request; empty means "tenantry".
	UserAgent string
}

// DefaultMaxBody is how large an answer may be when Config.MaxBody is 0: 64 MiB.
const DefaultMaxBody = 64 << 20

// DefaultRetries is how often a call is repeated when Config.Retries is 0.
const DefaultRetries = 2

// Client reads and changes what one tenant has. It is safe for concurrent use.
type Client struct {
	origins   map[Surface]*url.URL // never written after New
	http      *http.Client
	token     func(ctx context.Context, s Surface) (string, error)
	now       func() time.Time
	sleep     func(context.Context, time.Duration) error
	budget    *Budget
	retries   int
	onWait    func(Wait)
	maxBody   int64
	userAgent string

	onRetiring func(Retirement)
}

// New checks cfg and makes a client. No request is sent. A field that cannot
// be used is an [*OptionError].
func New(cfg Config) (*Client, error) {
	origins, err := cfg.origins()
	if err != nil {
		return nil, err
	}
	c := &Client{
		origins:   origins,
		token:     cfg.Token,
		now:       cfg.Now,
		maxBody:   cfg.MaxBody,
		userAgent: cfg.UserAgent,
		sleep:     cfg.Sleep,
		budget:    cfg.Budget,
		retries:   cfg.Retries,
		onWait:    cfg.OnWait,

		onRetiring: cfg.OnRetiring,
	}
	if c.token == nil {
		return nil, &OptionError{Option: "Token", Remedy: "give a function that returns bearer tokens"}
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.sleep == nil {
		c.sleep = sleep
	}
	if c.budget == nil {
		c.budget = NewBudget(BudgetConfig{Now: c.now, Sleep: c.sleep})
	}
	switch {
	case c.retries == 0:
		c.retries = DefaultRetries
	case c.retries < 0:
		c.retries = 0
	}
	switch {
	case c.maxBody == 0:
		c.maxBody = DefaultMaxBody
	case c.maxBody < 0:
		return nil, &OptionError{Option: "MaxBody", Remedy: "use a positive number of bytes, or 0 for the default"}
	}
	if c.userAgent == "" {
		c.userAgent = "tenantry"
	}
	base := cfg.HTTPClient
	if base == nil {
		base = http.DefaultClient
	}
	own := *base
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http = &own
	return c, nil
}

// origins are the addresses of the surfaces that the client can reach.
func (cfg Config) origins() (map[Surface]*url.URL, error) {
	origins := map[Surface]*url.URL{}
	for _, o := range []struct {
		surface      Surface
		field, value string
	}{{SurfaceGraph, "Graph", cfg.Graph}, {SurfaceXDR, "XDR", cfg.XDR}, {SurfaceMDE, "MDE", cfg.MDE}} {
		if o.value == "" {
			continue
		}
		u, err := parseOrigin(o.surface, o.field, o.value)
		if err != nil {
			return nil, err
		}
		origins[o.surface] = u
	}
	if len(origins) == 0 {
		return nil, &OptionError{Option: "Graph, XDR, MDE", Remedy: "name at least one origin"}
	}
	return origins, nil
}

func parseOrigin(s Surface, field, value string) (*url.URL, error) {
	refuse := func(remedy string) error {
		return &OptionError{Surface: s, Option: field, Value: value, Remedy: remedy}
	}
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return nil, refuse(`use an origin such as "https://graph.microsoft.com"`)
	case u.User != nil:
		return nil, &OptionError{Surface: s, Option: field, Remedy: "leave user name and password out of the address"}
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, refuse("give scheme and host only, without a path")
	case u.Scheme == "http" && !loopback(u.Hostname()), u.Scheme != "http" && u.Scheme != "https":
		return nil, refuse("use https: a bearer token must not travel in the clear")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Incidents returns the calls about incidents on one surface. A surface that
// the client has no origin for is refused by each call, not here.
func (c *Client) Incidents(s Surface) *IncidentService {
	return &IncidentService{client: c, surface: s}
}
