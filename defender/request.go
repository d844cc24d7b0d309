package defender

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
)

// request is one call to a service.
type request struct {
	surface Surface
	op      Operation
	method  string
	url     *url.URL
	body    any   // sent as JSON; nil for none
	accept  []int // statuses that are a success; none means 200
	// decode reads the body of a success, in place of the look through it for
	// complete JSON: a large answer is gone through once only. What it finds
	// fault with is an error of its own only if the body is complete JSON.
	decode func(body []byte) error
	// once keeps a GET from being repeated after a failure that another try may
	// mend, for callers that have something better to try.
	once bool
}

// answer is what a service answered to a request that it did not refuse.
type answer struct {
	status int
	body   []byte // complete JSON; empty only for status 204 and for writes
}

// send sends one request with a body (nil for none) and returns the answer when
// its status is one of accept (none means 200); else the error is a typed one.
func (c *Client) send(ctx context.Context, s Surface, op Operation, method string, u *url.URL, body any, accept ...int) (answer, error) {
	return c.do(ctx, request{surface: s, op: op, method: method, url: u, body: body, accept: accept})
}

// get sends one GET and returns the body of a success, which is complete JSON.
func (c *Client) get(ctx context.Context, s Surface, op Operation, u *url.URL) ([]byte, error) {
	a, err := c.do(ctx, request{surface: s, op: op, method: http.MethodGet, url: u})
	return a.body, err
}

// read sends one GET and has the body of a success decoded.
func (c *Client) read(ctx context.Context, s Surface, op Operation, u *url.URL, decode func(body []byte) error) error {
	_, err := c.do(ctx, request{surface: s, op: op, method: http.MethodGet, url: u, decode: decode})
	return err
}

// oneList sends the GET of one page of incidents, whatever page follows.
func (c *Client) oneList(ctx context.Context, r request) (items []*Incident, err error) {
	r.op, r.method = OpListIncidents, http.MethodGet
	r.decode = func(body []byte) (err error) {
		items, _, err = decodePage(r.surface, body)
		return err
	}
	_, err = c.do(ctx, r)
	return items, err
}

// exchange sends a request once.
func (c *Client) exchange(ctx context.Context, r request, token string, payload []byte) (answer, error) {
	var content io.Reader
	if payload != nil {
		content = bytes.NewReader(payload)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, r.url.String(), content)
	if err != nil {
		return answer{}, fmt.Errorf("%s on surface %s: %w", r.op, r.surface, withoutURL(err))
	}
	if payload != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	if r.surface == SurfaceGraph {
		// Without it Graph writes "unknownFutureValue" for members added later:
		// https://learn.microsoft.com/graph/best-practices-concept, evolvable enumerations.
		req.Header.Set("Prefer", "include-unknown-enum-members")
	}
	if c.onRetiring != nil {
		if about, retiring := findRetirement(r.surface, r.method, r.url.Path); retiring {
			c.onRetiring(about)
		}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, c.lost(ctx, r, err)
	}
	defer resp.Body.Close()
	body, err := c.readBody(resp)
	if ctx.Err() != nil {
		return answer{}, c.lost(ctx, r, ctx.Err())
	}
	if !r.accepts(resp.StatusCode) {
		if int64(len(body)) > c.maxBody {
			body = body[:c.maxBody]
		}
		return answer{}, parseError(r.surface, r.op, resp.StatusCode, resp.Header, body, c.now())
	}
	a := answer{status: resp.StatusCode}
	a.body, err = c.checkBody(r, resp, body, err)
	return a, err
}

// largestGuess bounds what is allocated because an answer says that it is so long.
const largestGuess = 4 << 20

// readBody reads a body, and one byte more than the limit of one that is longer.
func (c *Client) readBody(resp *http.Response) ([]byte, error) {
	var b bytes.Buffer
	if n := min(resp.ContentLength, c.maxBody, largestGuess); n > 0 {
		b.Grow(int(n) + bytes.MinRead) // with room to find the end in
	}
	_, err := b.ReadFrom(io.LimitReader(resp.Body, c.maxBody+1))
	return b.Bytes(), err
}

func (r request) accepts(status int) bool {
	return len(r.accept) == 0 && status == http.StatusOK || slices.Contains(r.accept, status)
}

// checkBody refuses a body that cannot be what the service meant to send.
func (c *Client) checkBody(r request, resp *http.Response, body []byte, err error) ([]byte, error) {
	problem := func(p BodyProblem, cause error) ([]byte, error) {
		return nil, &BodyError{Surface: r.surface, Operation: r.op, Status: resp.StatusCode, Problem: p,
			ContentType: resp.Header.Get("Content-Type"), Limit: c.maxBody, Err: cause}
	}
	switch {
	case int64(len(body)) > c.maxBody:
		return problem(BodyTooLarge, nil)
	case err != nil:
		return problem(BodyTruncated, err)
	}
	body = trimBOM(body)
	switch {
	case len(body) == 0 && (resp.StatusCode == http.StatusNoContent || r.method != http.MethodGet):
		return nil, nil
	case len(body) == 0:
		return problem(BodyEmpty, nil)
	case looksLikeHTML(resp.Header.Get("Content-Type"), body):
		return problem(BodyHTML, nil)
	}
	if r.decode != nil {
		err := r.decode(body)
		if err == nil || valid(body) {
			return body, err
		}
	}
	if !valid(body) {
		var anything json.RawMessage
		err := json.NewDecoder(bytes.NewReader(body)).Decode(&anything)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return problem(BodyTruncated, err)
		}
		return problem(BodyNotJSON, err)
	}
	return body, nil
}

// lost tells of a request without an answer.
func (c *Client) lost(ctx context.Context, r request, err error) error {
	e := &TransportError{Surface: r.surface, Operation: r.op, Host: r.url.Host, Err: withoutURL(err)}
	if ctx.Err() != nil {
		e.Err, e.Ended = context.Cause(ctx), true
	}
	e.Sent = !neverSent(err)
	return e
}

// withoutURL takes the address out of an HTTP client's error: its query can
// name persons.
func withoutURL(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}
