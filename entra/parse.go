package entra

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ParseError reads the refusal of a login endpoint: the JSON of the token
// endpoint in all its variants, and what proxies, captive portals and the
// throttling layer say in its place. It never returns nil, whatever the bytes.
// No body is copied into the Error except the description and a page's title.
func ParseError(status int, header http.Header, body []byte) *Error {
	return parseError(status, header, body, time.Now())
}

// wireError is the body documented in "Handle errors and exceptions" and
// "Error codes". Numbers may come as strings.
type wireError struct {
	Error       text     `json:"error"`
	Description text     `json:"error_description"`
	Codes       codeList `json:"error_codes"`
	Timestamp   text     `json:"timestamp"`
	TraceID     text     `json:"trace_id"`
	Correlation text     `json:"correlation_id"`
	URI         text     `json:"error_uri"`
	Suberror    text     `json:"suberror"`
	Claims      text     `json:"claims"`
}

func parseError(status int, header http.Header, body []byte, now time.Time) *Error {
	e := &Error{HTTPStatus: status, Action: ActionUnknown}
	if d, err := http.ParseTime(header.Get("Date")); err == nil {
		e.ServerTime = d.UTC()
		e.ClockOffset = now.Sub(d)
	}
	e.RetryAfter = retryAfter(header.Get("Retry-After"), e.ServerTime, now)

	trimmed := bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	var w wireError
	switch {
	case len(trimmed) == 0:
		e.describe("the answer has no body", "")
	case trimmed[0] == '{':
		if json.Unmarshal(trimmed, &w) != nil {
			salvage(trimmed, &w)
		}
		e.fromWire(w)
		if e.OAuth == "" && e.Code == 0 && e.Message == "" {
			e.describe("the answer is JSON, but not an error of the login service", "Check the login host: something else seems to answer there.")
			e.Action = ActionNetwork
		}
	case looksLikeHTML(header, trimmed):
		e.fromHTML(trimmed)
	default:
		e.fromText(trimmed)
	}
	e.classify(header)
	return e
}

// ParseErrorDescription reads an error that came as parameters of a redirect:
// the error and error_description values, after percent-decoding.
func ParseErrorDescription(oauth, description string) *Error {
	e := &Error{Action: ActionUnknown}
	e.fromWire(wireError{Error: text(oauth), Description: text(description)})
	e.classify(nil)
	if e.Code == 0 && e.Action == ActionUnknown && e.next == "" {
		e.next = "Open the link again; if the refusal stays, ask the customer what the page says."
	}
	return e
}

// describe sets message and next sentence for answers without a code.
func (e *Error) describe(message, next string) { e.Message, e.next = message, next }

func (e *Error) fromWire(w wireError) {
	e.OAuth = clip(string(w.Error), 120)
	e.Suberror = clip(string(w.Suberror), 120)
	e.Claims = string(w.Claims)
	e.URI = clip(string(w.URI), 500)
	message, trailer := splitTrailer(string(w.Description))
	e.TraceID = clip(firstString(string(w.TraceID), trailer.trace), 80)
	e.CorrelationID = clip(firstString(string(w.Correlation), trailer.correlation), 80)
	e.Time = parseTimestamp(firstString(string(w.Timestamp), trailer.timestamp))

	inText := codesInText(message)
	e.Codes = w.Codes
	if len(e.Codes) == 0 {
		e.Codes = inText
	}
	if len(e.Codes) == 0 {
		if u, err := url.Parse(string(w.URI)); err == nil {
			if c, err := strconv.Atoi(u.Query().Get("code")); err == nil && c > 0 {
				e.Codes = []int{c}
			}
		}
	}
	e.Code = telling(e.Codes)
	e.Message = clip(stripCode(message, e.Code), 1000)
}

// telling picks the code that says most: the first one known that is not a
// mere introduction, else the first known, else the first.
func telling(codes []int) int {
	if len(codes) == 0 {
		return 0
	}
	best := 0
	for _, c := range codes {
		if _, known := LookupCode(c); !known {
			continue
		}
		if !genericCode(c) {
			return c
		}
		if best == 0 {
			best = c
		}
	}
	if best == 0 {
		return codes[0]
	}
	// A generic one beside an unknown one: the unknown one is the cause.
	for _, c := range codes {
		if !genericCode(c) {
			return c
		}
	}
	return best
}

type trailer struct{ trace, correlation, timestamp string }

// splitTrailer takes "…text\r\nTrace ID: x\r\nCorrelation ID: y\r\nTimestamp: z"
// apart; since 2024 some codes join the parts with spaces.
func splitTrailer(s string) (message string, t trailer) {
	fields := []struct {
		label string
		to    *string
	}{{"Trace ID:", &t.trace}, {"Correlation ID:", &t.correlation}, {"Timestamp:", &t.timestamp}}
	end := len(s)
	for _, f := range fields {
		i := strings.LastIndex(s, f.label)
		if i < 0 {
			continue
		}
		value := strings.TrimSpace(s[i+len(f.label):])
		if f.to == &t.timestamp {
			value, _, _ = strings.Cut(value, "\r")
			value, _, _ = strings.Cut(value, "\n")
			if len(value) > 20 {
				value = value[:20]
			}
		} else if j := strings.IndexFunc(value, func(r rune) bool { return r <= ' ' }); j >= 0 {
			value = value[:j]
		}
		*f.to = strings.TrimSpace(value)
		end = min(end, i)
	}
	message = s[:end]
	// Some texts go on after a line break before the trailer; one line is kept.
	return strings.Join(strings.Fields(message), " "), t
}

func parseTimestamp(s string) time.Time {
	for _, layout := range []string{"2006-01-02 15:04:05Z", time.RFC3339Nano} {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// codesInText finds every "AADSTS<digits>" in order, without repeats.
func codesInText(s string) []int {
	var codes []int
	for {
		i := strings.Index(s, "AADSTS")
		if i < 0 || len(codes) == 8 {
			return codes
		}
		s = s[i+len("AADSTS"):]
		n := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		if c, err := strconv.Atoi(s[:n]); err == nil && n <= 9 && c > 0 && !containsInt(codes, c) {
			codes = append(codes, c)
		}
	}
}

func containsInt(list []int, v int) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

// stripCode removes the leading "AADSTS<code>: ", which Error prints itself.
func stripCode(message string, code int) string {
	return strings.TrimSpace(strings.TrimPrefix(message, fmt.Sprintf("AADSTS%d:", code)))
}

// salvage reads what it can of a body that is cut off or malformed: the string
// members, and numbers from the description.
func salvage(b []byte, w *wireError) {
	*w = wireError{}
	for _, f := range []struct {
		name string
		to   *text
	}{
		{"error", &w.Error}, {"error_description", &w.Description}, {"timestamp", &w.Timestamp},
		{"trace_id", &w.TraceID}, {"correlation_id", &w.Correlation}, {"error_uri", &w.URI}, {"suberror", &w.Suberror},
	} {
		i := bytes.Index(b, []byte(`"`+f.name+`"`))
		if i < 0 {
			continue
		}
		rest := bytes.TrimLeft(b[i+len(f.name)+2:], " \t\r\n:")
		if len(rest) == 0 || rest[0] != '"' {
			continue
		}
		end := 1
		for end < len(rest) && rest[end] != '"' {
			if rest[end] == '\\' {
				end++
			}
			end++
		}
		var s string
		if end < len(rest) && json.Unmarshal(rest[:end+1], &s) == nil {
			*f.to = text(s)
		} else if f.to == &w.Description {
			// Cut inside the description: its beginning still has the code.
			raw := strings.NewReplacer(`\r`, " ", `\n`, " ", `\u0027`, "'", `\"`, `"`).Replace(string(rest[1:min(end, len(rest))]))
			*f.to = text(strings.TrimRight(raw, `\`))
		}
	}
}

// codeList is error_codes: numbers, or numbers in strings.
type codeList []int

func (l *codeList) UnmarshalJSON(b []byte) error {
	var raw []json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		raw = []json.RawMessage{b} // a single number
	}
	for _, r := range raw {
		if c, err := strconv.Atoi(strings.Trim(string(r), `" `)); err == nil && c > 0 && len(*l) < 8 {
			*l = append(*l, c)
		}
	}
	return nil
}

func looksLikeHTML(header http.Header, b []byte) bool {
	if strings.HasPrefix(strings.ToLower(header.Get("Content-Type")), "text/html") {
		return true
	}
	start := bytes.ToLower(b[:min(len(b), 64)])
	return bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html")) || bytes.HasPrefix(start, []byte("<head"))
}

// fromHTML names a page by its title. The sign-in pages of Microsoft carry
// their AADSTS code in the text, anything else is a stranger's page.
func (e *Error) fromHTML(b []byte) {
	page := string(b)
	if codes := codesInText(page); len(codes) > 0 {
		e.Codes, e.Code = codes, telling(codes)
		i := strings.Index(page, fmt.Sprintf("AADSTS%d", e.Code))
		line := page[i:]
		if j := strings.IndexAny(line, "<\r\n"); j >= 0 {
			line = line[:j]
		}
		e.Message = clip(stripCode(html.UnescapeString(line), e.Code), 500)
		return
	}
	e.describe("the answer is a web page"+pageTitle(page)+", not an answer of the login service",
		"Open a browser on this network: a captive portal or proxy answers in Microsoft's place; check proxy settings and the login host.")
	e.Action = ActionNetwork
}

func pageTitle(page string) string {
	lower := strings.ToLower(page)
	if len(lower) != len(page) {
		return "" // case mapping moved the offsets
	}
	i := strings.Index(lower, "<title")
	if i < 0 {
		return ""
	}
	j := strings.IndexByte(lower[i:], '>')
	if j < 0 {
		return ""
	}
	start := i + j + 1
	end := strings.Index(lower[start:], "</title")
	if end < 0 {
		return ""
	}
	title := strings.Join(strings.Fields(html.UnescapeString(page[start:start+end])), " ")
	if title == "" {
		return ""
	}
	return fmt.Sprintf(" titled %q", clip(title, 80))
}

// fromText: the throttling layer answers in plain text.
func (e *Error) fromText(b []byte) {
	if codes := codesInText(string(b)); len(codes) > 0 {
		e.fromWire(wireError{Description: text(b)})
		return
	}
	if e.HTTPStatus == http.StatusTooManyRequests {
		return // classify says it better than the body
	}
	if !utf8.Valid(b) || len(b) > 2000 {
		e.describe("the answer is not JSON", "Check the login host and any proxy on the way.")
		e.Action = ActionNetwork
		return
	}
	e.describe(fmt.Sprintf("the answer is plain text: %q", clip(string(b), 160)), "Check the login host and any proxy on the way.")
}

// classify sets the action from the code, else from the protocol's error name,
// else from the status.
func (e *Error) classify(header http.Header) {
	if info, ok := LookupCode(e.Code); ok {
		e.Action = info.Action
		return
	}
	if e.HTTPStatus == http.StatusTooManyRequests {
		e.Action = ActionWait
		e.next = ""
		if e.Message == "" {
			e.Message = "too many requests: the login service throttles this application; it answers so when tokens are asked for again and again in place of being kept"
		}
		return
	}
	if e.HTTPStatus >= 300 && e.HTTPStatus < 400 {
		to := "elsewhere"
		if u, err := url.Parse(header.Get("Location")); err == nil && u.Host != "" {
			to = "to " + clip(u.Host, 100)
		}
		e.describe("the answer redirects "+to+", which a token request must not follow", "Check the login host: a captive portal or proxy answers in Microsoft's place.")
		e.Action = ActionNetwork
		return
	}
	if e.Action != ActionUnknown {
		return
	}
	switch e.Suberror {
	case "consent_required":
		e.Action = ActionConsent
		return
	case "basic_action", "additional_action", "token_expired", "bad_token":
		e.Action = ActionSignIn
		return
	}
	switch e.OAuth {
	case "invalid_client":
		e.Action = ActionFixCredential
	case "invalid_tenant", "invalid_resource", "invalid_scope", "invalid_request", "unsupported_grant_type", "invalid_instance", "unsupported_response_type":
		e.Action = ActionFixRequest
	case "consent_required":
		e.Action = ActionConsent
	case "interaction_required", "login_required", "expired_token", "authorization_declined", "bad_verification_code":
		e.Action = ActionSignIn
	case "temporarily_unavailable", "server_error", "authorization_pending", "slow_down":
		e.Action = ActionWait
	case "":
		if e.HTTPStatus >= 500 {
			e.Action = ActionWait
			e.next = ""
		}
		if e.HTTPStatus == http.StatusProxyAuthRequired {
			e.Action = ActionNetwork
			e.next = "Give the proxy's user name and password in HTTPS_PROXY."
		}
	}
	// An unknown AADSTS code keeps ActionUnknown only when the protocol's own
	// error name says nothing either; the text then says where to look it up.
	if e.Code != 0 && e.next == "" {
		e.next = fmt.Sprintf("Look the code up at https://login.microsoftonline.com/error?code=%d.", e.Code)
	}
}

// maxRetryAfter bounds what a header may make us wait.
const maxRetryAfter = 24 * time.Hour

// retryAfter reads seconds or an HTTP date; a date counts from the server's own
// clock when that is known.
func retryAfter(v string, server, now time.Time) time.Duration {
	v = strings.TrimSpace(v)
	if v == "" {
		return 0
	}
	if s, err := strconv.ParseFloat(v, 64); err == nil {
		if !(s > 0) {
			return 0
		}
		return time.Duration(min(s, maxRetryAfter.Seconds()) * float64(time.Second))
	}
	t, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	if !server.IsZero() {
		now = server
	}
	return min(max(t.Sub(now), 0), maxRetryAfter)
}

func firstString(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
