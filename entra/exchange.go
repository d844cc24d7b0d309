package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxBody is the most that is read of any answer. Token answers are a few kB.
const maxBody = 1 << 20

// defaultTimeout bounds one request when the caller brings no client.
const defaultTimeout = 30 * time.Second

// plainClient returns a copy of hc that follows no redirect and keeps no
// cookie: a token request must not carry its credential to another host.
func plainClient(hc *http.Client) *http.Client {
	if hc == nil {
		hc = &http.Client{Timeout: defaultTimeout}
	}
	c := *hc
	c.Jar = nil
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// answer is one HTTP answer with its body read.
type answer struct {
	status int
	header http.Header
	body   []byte
	host   string
}

// postForm sends a form to a login endpoint. Errors are [*ConnectionError] or
// the context's.
func postForm(ctx context.Context, hc *http.Client, endpoint string, form url.Values) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return send(ctx, hc, req)
}

func get(ctx context.Context, hc *http.Client, address string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return answer{}, err
	}
	return send(ctx, hc, req)
}

func send(ctx context.Context, hc *http.Client, req *http.Request) (answer, error) {
	req.Header.Set("Accept", "application/json")
	host := req.URL.Host
	fail := func(err error) (answer, error) {
		if cause := context.Cause(ctx); cause != nil {
			return answer{}, fmt.Errorf("ask %s: %w", host, cause)
		}
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // the URL adds nothing to the host
		}
		return answer{}, &ConnectionError{Host: host, Err: err}
	}
	resp, err := hc.Do(req)
	if err != nil {
		return fail(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil && resp.StatusCode == http.StatusOK {
		return fail(err)
	}
	if len(body) > maxBody {
		return answer{}, &AnswerError{Host: host, Problem: fmt.Sprintf("it is longer than %d bytes", maxBody)}
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: body, host: host}, nil
}

// tokenAnswer is the token endpoint's answer, v1 and v2.
type tokenAnswer struct {
	TokenType    text   `json:"token_type"`
	AccessToken  text   `json:"access_token"`
	IDToken      text   `json:"id_token"`
	Scope        text   `json:"scope"`
	ExpiresIn    number `json:"expires_in"`
	ExpiresOn    number `json:"expires_on"`
	RefreshIn    number `json:"refresh_in"`
	Error        text   `json:"error"`
	ErrorMessage text   `json:"error_description"`
}

// readTokenAnswer parses an answer of the token endpoint; anything but a
// success is an *Error.
func readTokenAnswer(a answer, now time.Time) (tokenAnswer, error) {
	var t tokenAnswer
	if a.status != http.StatusOK {
		return t, parseError(a.status, a.header, a.body, now)
	}
	if err := json.Unmarshal(a.body, &t); err != nil {
		if looksLikeHTML(a.header, a.body) {
			return t, parseError(a.status, a.header, a.body, now)
		}
		return t, &AnswerError{Host: a.host, Problem: "it is not the JSON of a token"}
	}
	if t.Error != "" || t.ErrorMessage != "" {
		return t, parseError(a.status, a.header, a.body, now)
	}
	if t.TokenType != "" && !strings.EqualFold(string(t.TokenType), "Bearer") {
		return t, &AnswerError{Host: a.host, Problem: fmt.Sprintf("the token is of the type %q, not Bearer", clip(string(t.TokenType), 40))}
	}
	return t, nil
}

// expiry prefers the relative lifetime, so that a wrong local clock does no
// harm: asked is the local time just before the request.
func (t tokenAnswer) expiry(asked time.Time, claims Claims) (time.Time, bool) {
	switch {
	case t.ExpiresIn.Set && t.ExpiresIn.Value > 0:
		return asked.Add(time.Duration(min(t.ExpiresIn.Value, maxLifetime)) * time.Second), true
	case t.ExpiresOn.Set:
		return earlier(t.ExpiresOn.time(), asked.Add(maxLifetime*time.Second)), true
	case !claims.Expires.IsZero():
		return earlier(claims.Expires, asked.Add(maxLifetime*time.Second)), true
	}
	return time.Time{}, false
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// maxLifetime, in seconds, is above the 28 hours of long-lived tokens.
const maxLifetime = 7 * 24 * 3600
