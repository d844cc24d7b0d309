package directory

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Bounds of what is read from Graph, in bytes. A page of applications with
// all their keys stays below 1 MB.
const (
	maxBody      = 8 << 20
	maxErrorBody = 64 << 10
)

// DefaultPatience is how long a request about an object that was just created
// is repeated. Microsoft names no bound; most delays reported are under a
// minute.
const DefaultPatience = 2 * time.Minute

// DefaultTimeout bounds a single request when the HTTP client has no timeout.
const DefaultTimeout = 100 * time.Second

// TokenFunc gives a bearer token for Microsoft Graph. It is called for every
// request, so it should keep its token.
type TokenFunc func(ctx context.Context) (string, error)

// Client talks to Microsoft Graph for one signed-in identity in one tenant.
// It is safe for concurrent use.
type Client struct {
	origin   string
	err      error // of construction, reported by every call
	token    TokenFunc
	hc       *http.Client
	patience time.Duration
	now      func() time.Time
	wait     func(context.Context, time.Duration) error

	mu     sync.Mutex
	recent map[string]time.Time // lower-case ids of objects just created → until when they may seem not to exist
}

// Option changes a [Client].
type Option func(*Client)

// WithPatience sets how long requests about objects just created are repeated;
// 0 never repeats them.
func WithPatience(d time.Duration) Option {
	return func(c *Client) { c.patience = max(d, 0) }
}

// WithClock replaces the clock and the way of waiting, for tests and for
// programs with a clock of their own. wait returns early with the context's
// error.
func WithClock(now func() time.Time, wait func(context.Context, time.Duration) error) Option {
	return func(c *Client) { c.now, c.wait = now, wait }
}

// New makes a client for the Graph at graphOrigin, such as
// https://graph.microsoft.com. An origin that is not https, or is more than an
// origin, is reported by every call, and no token is sent. hc nil means a
// client with default settings; redirects are never followed, so that the token
// cannot leave the origin.
func New(graphOrigin string, token TokenFunc, hc *http.Client, opts ...Option) *Client {
	if hc == nil {
		hc = &http.Client{}
	}
	own := *hc
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	own.Jar = nil
	if own.Timeout == 0 {
		own.Timeout = DefaultTimeout
	}
	c := &Client{
		origin:   strings.TrimSuffix(graphOrigin, "/"),
		token:    token,
		hc:       &own,
		patience: DefaultPatience,
		now:      time.Now,
		wait:     sleep,
		recent:   map[string]time.Time{},
	}
	u, err := url.Parse(c.origin)
	switch {
	case err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		c.err = &InputError{Field: "graph origin", Problem: "is not an https origin", Remedy: "Write https://host or https://host:port."}
	case token == nil:
		c.err = &InputError{Field: "token", Problem: "there is no function that gives a token", Remedy: "Pass a TokenFunc."}
	}
	for _, o := range opts {
		o(c)
	}
	return c
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Expect tells the client that the object with this id (an object id or an
// application id) was created a moment ago by somebody else, such as an
// earlier run, and may not be visible everywhere yet.
func (c *Client) Expect(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	for other, until := range c.recent {
		if !now.Before(until) {
			delete(c.recent, other)
		}
	}
	c.recent[strings.ToLower(id)] = now.Add(c.patience)
}

func (c *Client) forget(ids ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		delete(c.recent, strings.ToLower(id))
	}
}

// expectedUntil returns until when one of the ids may seem not to exist.
func (c *Client) expectedUntil(ids []string) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	var latest time.Time
	for _, id := range ids {
		if until := c.recent[strings.ToLower(id)]; until.After(latest) {
			latest = until
		}
	}
	return latest
}

// call is one operation on Graph.
type call struct {
	op     string // what is done, in words, for errors: "create application"
	method string
	path   string     // below /v1.0, beginning with a slash; its segments escaped
	query  url.Values // nil for none
	link   string     // instead of path and query: a checked @odata.nextLink
	body   any        // encoded as JSON; nil for none
	about  []string   // ids of the objects that must exist for the call to succeed
}

// Pauses between two tries: doubled from the first to the longest.
const (
	firstPause   = 500 * time.Millisecond
	longestPause = 8 * time.Second
)

// do runs a call and decodes its answer into out, which may be nil. It repeats
// what Graph asks to repeat: any call answered 429, and reads answered 503 or
// 504, since then nothing was done; and calls about objects just created that
// Graph does not see yet.
func (c *Client) do(ctx context.Context, k call, out any) error {
	if c.err != nil {
		return c.err
	}
	var payload []byte
	if k.body != nil {
		var err error
		if payload, err = json.Marshal(k.body); err != nil {
			return fmt.Errorf("directory: %s: encode: %w", k.op, err)
		}
	}
	start, pause := c.now(), firstPause
	for {
		err := c.once(ctx, k, payload, out)
		var refused *Error
		if !errors.As(err, &refused) {
			return err
		}
		deadline := start.Add(c.patience)
		switch {
		case refused.notVisibleYet():
			deadline = c.expectedUntil(k.about)
		case refused.Status == http.StatusTooManyRequests:
		case k.method == http.MethodGet && (refused.Status == http.StatusServiceUnavailable || refused.Status == http.StatusGatewayTimeout):
		default:
			return err
		}
		delay := max(pause, refused.RetryAfter)
		if c.now().Add(delay).After(deadline) {
			return err
		}
		if waitErr := c.wait(ctx, delay); waitErr != nil {
			return errors.Join(waitErr, err)
		}
		pause = min(2*pause, longestPause)
	}
}

func (c *Client) once(ctx context.Context, k call, payload []byte, out any) error {
	target := k.link
	if target == "" {
		target = c.origin + "/v1.0" + k.path
		if len(k.query) > 0 {
			// Graph's own spelling of spaces in OData is %20.
			target += "?" + strings.ReplaceAll(k.query.Encode(), "+", "%20")
		}
	}
	var body io.Reader
	if payload != nil {
		body = bytes.NewReader(payload)
	}
	req, err := http.NewRequestWithContext(ctx, k.method, target, body)
	if err != nil {
		return fmt.Errorf("directory: %s: %w", k.op, err)
	}
	token, err := c.token(ctx)
	if err != nil {
		return fmt.Errorf("directory: %s: sign in: %w", k.op, err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	if payload != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.hc.Do(req)
	if err != nil {
		return fmt.Errorf("directory: %s: %w", k.op, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
		return parseError(k.op, resp.StatusCode, resp.Header, text, c.now())
	}
	if out == nil {
		_, _ = io.CopyN(io.Discard, resp.Body, maxErrorBody) // so that the connection can be used again
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return fmt.Errorf("directory: %s: read answer: %w", k.op, err)
	}
	answer := &Error{Op: k.op, Status: resp.StatusCode, RequestID: resp.Header.Get("request-id")}
	if len(text) > maxBody {
		answer.Message = fmt.Sprintf("the answer is longer than the %d MB that are read", maxBody>>20)
		return answer
	}
	if err := json.Unmarshal(text, out); err != nil {
		answer.Message = "the answer is not the JSON document that Graph gives; something between may have answered instead"
		return answer
	}
	return nil
}

var guidPattern = regexp.MustCompile(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`)

// checkID refuses what is not a GUID before it becomes a part of a URL.
func checkID(field, id string) error {
	if !guidPattern.MatchString(id) {
		return &InputError{Field: field, Value: id, Problem: "is not a GUID", Remedy: "Use the id as the directory shows it."}
	}
	return nil
}
