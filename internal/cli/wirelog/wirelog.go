// Package wirelog is --trace: what was asked of Microsoft and what came back,
// one line per request, with everything secret taken out.
//
// What is left in is chosen, not what is taken out: the method, the URL
// without the values of unknown parameters, the names of form fields with the
// values of a few, the status, and of answers the error alone. Tokens,
// secrets, codes and customers' data are in none of these.
package wirelog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// plain are the parameters whose values are shown.
var plain = []string{
	"grant_type", "client_id", "scope", "resource", "response_type", "redirect_uri", "prompt", "client_assertion_type",
	"$filter", "$top", "$skip", "$expand", "$select", "$count", "$orderby", "api-version", "error", "tenant", "admin_consent",
}

// Transport writes one line per request to Log.
type Transport struct {
	Base http.RoundTripper
	Log  io.Writer
	Now  func() time.Time

	mu sync.Mutex // one line at a time
}

// RoundTrip sends the request through Base and logs it with its answer.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	form, err := peekForm(req)
	if err != nil {
		return nil, err
	}
	start := t.Now()
	resp, err := t.Base.RoundTrip(req)
	took := t.Now().Sub(start).Round(time.Millisecond)
	line := fmt.Sprintf("> %s %s", req.Method, SafeURL(req.URL))
	if len(form) > 0 {
		line += " {" + safeValues(form) + "}"
	}
	if err != nil {
		t.write(fmt.Sprintf("%s\n< no answer after %s: %s\n", line, took, safeError(err)))
		return resp, err
	}
	line += fmt.Sprintf("\n< %d %s", resp.StatusCode, took)
	for _, h := range []string{"Retry-After", "Request-Id", "X-Ms-Request-Id"} {
		if v := resp.Header.Get(h); v != "" {
			line += fmt.Sprintf(" %s=%s", strings.ToLower(h), v)
		}
	}
	if resp.StatusCode >= 400 {
		note, err := peekError(resp)
		if err != nil {
			return nil, err
		}
		line += note
	}
	t.write(line + "\n")
	return resp, nil
}

func (t *Transport) write(s string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = io.WriteString(t.Log, s) // a log that cannot be written stops nothing
}

// peekForm reads a form body and puts it back.
func peekForm(req *http.Request) (url.Values, error) {
	if req.Body == nil || !strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return nil, nil
	}
	b, err := io.ReadAll(req.Body)
	if cerr := req.Body.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, fmt.Errorf("read the request's body for --trace: %w", err)
	}
	req.Body = io.NopCloser(bytes.NewReader(b))
	v, err := url.ParseQuery(string(b))
	if err != nil {
		return nil, nil // not a form after all; it is sent as it is
	}
	return v, nil
}

const maxErrorBody = 64 << 10

// peekError reads the beginning of an error answer and puts it back.
func peekError(resp *http.Response) (string, error) {
	head, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil {
		return "", fmt.Errorf("read the answer for --trace: %w", err)
	}
	rest := resp.Body
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), rest), rest}
	var body struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
	}
	if json.Unmarshal(head, &body) != nil || len(body.Error) == 0 {
		return "", nil
	}
	var word string
	if json.Unmarshal(body.Error, &word) == nil { // Entra
		first, _, _ := strings.Cut(body.Description, "\r\n")
		code, _, _ := strings.Cut(first, ":")
		return " " + oneLine(word) + " " + oneLine(code), nil
	}
	var api struct { // Graph and Defender
		Code string `json:"code"`
	}
	if json.Unmarshal(body.Error, &api) == nil {
		return " " + oneLine(api.Code), nil
	}
	return "", nil
}

func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return -1
		}
		return r
	}, s)
	if len(s) > 80 {
		s = s[:80]
	}
	return s
}

// SafeURL prints a URL with the values of unknown parameters taken out.
func SafeURL(u *url.URL) string {
	s := u.Scheme + "://" + u.Host + u.EscapedPath()
	if u.RawQuery != "" {
		s += "?" + safeValues(u.Query())
	}
	return s
}

func safeValues(v url.Values) string {
	keys := make([]string, 0, len(v))
	for k := range v {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	parts := make([]string, 0, len(keys))
	for _, k := range keys {
		value := "[removed]"
		if slices.Contains(plain, k) {
			value = strings.Join(v[k], ",")
		}
		parts = append(parts, oneLine(k)+"="+value)
	}
	return strings.Join(parts, "&")
}

// safeError drops the URL that net/http puts into its errors.
func safeError(err error) string {
	if ue, ok := err.(*url.Error); ok { // only the outermost carries the URL
		return ue.Err.Error()
	}
	return err.Error()
}
