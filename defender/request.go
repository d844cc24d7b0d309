package defender

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// BodyProblem is what is wrong with the body of an answer that says it is a success.
type BodyProblem string

// Problems of bodies.
const (
	BodyEmpty     BodyProblem = "empty"
	BodyHTML      BodyProblem = "html"
	BodyTruncated BodyProblem = "truncated"
	BodyNotJSON   BodyProblem = "not-json"
	BodyTooLarge  BodyProblem = "too-large"
)

// BodyError says that an answer claims success and yet cannot be used.
type BodyError struct {
	Surface     Surface
	Operation   Operation
	Status      int
	Problem     BodyProblem
	ContentType string
	Limit       int64 // bytes; for BodyTooLarge
	Err         error // cause, or nil
}

func (e *BodyError) Error() string {
	what := map[BodyProblem]string{
		BodyEmpty:     "has no body",
		BodyHTML:      "is a web page instead of JSON",
		BodyTruncated: "ends before it is complete",
		BodyNotJSON:   "is not JSON",
		BodyTooLarge:  fmt.Sprintf("is larger than the limit of %d bytes", e.Limit),
	}[e.Problem]
	return fmt.Sprintf("%s on surface %s: the answer (status %d) %s", e.Operation, e.Surface, e.Status, what)
}

// Unwrap gives the cause.
func (e *BodyError) Unwrap() error { return e.Err }

// Next says in one sentence what to do about it.
func (e *BodyError) Next() string {
	switch e.Problem {
	case BodyHTML:
		return "Something on the way answered instead of the service: check proxy settings and whether a network sign-in page is in between."
	case BodyTooLarge:
		return "Ask for smaller pages, or leave out the alerts, or raise the limit."
	case BodyTruncated:
		return "Ask again; if it stays, ask for smaller pages."
	}
	return "Ask again; if it stays, look at the answer with the wire log."
}

// get sends one GET and returns the body of a success, which is complete JSON.
func (c *Client) get(ctx context.Context, s Surface, op Operation, u *url.URL) ([]byte, error) {
	token, err := c.token(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("token for surface %s: %w", s, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%s on surface %s: %w", op, s, withoutURL(err))
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	if s == SurfaceGraph {
		// Without it Graph writes "unknownFutureValue" for members added later:
		// https://learn.microsoft.com/graph/best-practices-concept, evolvable enumerations.
		req.Header.Set("Prefer", "include-unknown-enum-members")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%s on surface %s: %w", op, s, context.Cause(ctx))
		}
		return nil, fmt.Errorf("%s on surface %s: %s does not answer: %w", op, s, u.Host, withoutURL(err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.maxBody+1))
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%s on surface %s: %w", op, s, context.Cause(ctx))
	}
	if resp.StatusCode != http.StatusOK {
		if int64(len(body)) > c.maxBody {
			body = body[:c.maxBody]
		}
		return nil, parseError(s, op, resp.StatusCode, resp.Header, body, c.now())
	}
	problem := func(p BodyProblem, cause error) error {
		return &BodyError{Surface: s, Operation: op, Status: resp.StatusCode, Problem: p,
			ContentType: resp.Header.Get("Content-Type"), Limit: c.maxBody, Err: cause}
	}
	switch {
	case int64(len(body)) > c.maxBody:
		return nil, problem(BodyTooLarge, nil)
	case err != nil:
		return nil, problem(BodyTruncated, err)
	}
	body = trimBOM(body)
	switch {
	case len(body) == 0:
		return nil, problem(BodyEmpty, nil)
	case looksLikeHTML(resp.Header.Get("Content-Type"), body):
		return nil, problem(BodyHTML, nil)
	case !json.Valid(body):
		var anything json.RawMessage
		err := json.NewDecoder(bytes.NewReader(body)).Decode(&anything)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, problem(BodyTruncated, err)
		}
		return nil, problem(BodyNotJSON, err)
	}
	return body, nil
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

func trimBOM(body []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
}

func looksLikeHTML(contentType string, body []byte) bool {
	if len(body) > 0 && body[0] == '<' {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && strings.EqualFold(media, "text/html") && !json.Valid(body)
}
