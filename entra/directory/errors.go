package directory

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// InputError says that an argument is not usable; nothing was sent.
type InputError struct {
	Field   string
	Value   string // empty when there is nothing to show
	Problem string // "is …"
	Remedy  string
}

func (e *InputError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("directory: %s %s", e.Field, e.Problem)
	}
	return fmt.Sprintf("directory: %s %q %s", e.Field, clean(e.Value), e.Problem)
}

// Next says what to do about it.
func (e *InputError) Next() string { return e.Remedy }

// Error is an answer of Graph that is not the one hoped for.
type Error struct {
	Op              string // what was tried, in words
	Status          int    // HTTP status
	Code            string // Graph's code, such as Authorization_RequestDenied; empty when the answer is not Graph's JSON
	Message         string // Graph's message, made safe to show
	RequestID       string // what Microsoft's support asks for
	ClientRequestID string
	Date            string        // as Graph writes it
	RetryAfter      time.Duration // 0 when not said
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "directory: %s: HTTP %d", e.Op, e.Status)
	if e.Code != "" {
		b.WriteString(" " + e.Code)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.RequestID != "" {
		b.WriteString(" (request-id " + e.RequestID + ")")
	}
	return b.String()
}

// Codes and messages of Graph that decide what is done.
const (
	codeNotFound    = "Request_ResourceNotFound"
	codeDenied      = "Authorization_RequestDenied"
	codeBadRequest  = "Request_BadRequest"
	codeBadToken    = "InvalidAuthenticationToken"
	codeQuota       = "Directory_QuotaExceeded"
	codeConflict    = "Request_MultipleObjectsWithSameKeyValue"
	messageNoApp    = "does not reference a valid application object"
	messageNoObject = "does not exist or one of its queried reference-property objects are not present"
	messageAssigned = "Permission being assigned already exists on the object"
	messageInUse    = "is already in use"
)

// notVisibleYet recognises the answers that an object gets which was created a
// moment ago. They are also the answers for objects that do not exist.
func (e *Error) notVisibleYet() bool {
	switch {
	case e.Status == http.StatusNotFound && e.Code == codeNotFound:
		return true
	case e.Status == http.StatusBadRequest:
		return strings.Contains(e.Message, messageNoApp) || strings.Contains(e.Message, messageNoObject)
	}
	return false
}

// NotFound reports whether Graph says that the object does not exist.
func (e *Error) NotFound() bool {
	return e.Status == http.StatusNotFound && e.Code != ""
}

// AlreadyExists reports whether Graph refused to create what is there already.
func (e *Error) AlreadyExists() bool {
	switch e.Status {
	case http.StatusConflict:
		return e.Code == codeConflict || strings.Contains(e.Message, messageInUse)
	case http.StatusBadRequest:
		return strings.Contains(e.Message, messageAssigned) || strings.Contains(e.Message, messageInUse)
	}
	return false
}

// Next says in a sentence what to do about it.
func (e *Error) Next() string {
	switch {
	case e.Code == codeDenied || e.Status == http.StatusForbidden:
		return "Sign in with an account that may manage applications (Application Administrator or Cloud Application Administrator) and consent to Application.ReadWrite.All; granting roles needs AppRoleAssignment.ReadWrite.All."
	case e.Code == codeBadToken || e.Status == http.StatusUnauthorized:
		return "Sign in again: the token is not valid for Microsoft Graph or has expired."
	case e.AlreadyExists():
		return "It exists already; look it up and use it."
	case e.notVisibleYet():
		return "Check the id and the tenant that is signed in to; an object created a moment ago needs up to some minutes to be visible, so try again."
	case e.Status == http.StatusTooManyRequests:
		if e.RetryAfter > 0 {
			return fmt.Sprintf("Microsoft Graph limits requests: try again in %s.", e.RetryAfter.Round(time.Second))
		}
		return "Microsoft Graph limits requests: try again later."
	case e.Code == codeQuota:
		return "The directory's quota of objects is used up: delete what is not needed, for good, or have the quota raised."
	case e.Status >= 300 && e.Status < 400:
		return "Check the Graph origin: it answers with a redirect, which is not followed."
	case e.Status >= 500:
		return "Microsoft Graph has a problem: try again later, with the request id for Microsoft's support."
	case e.Code == "":
		return "Check the Graph origin and the proxy: the answer is not one of Microsoft Graph."
	case e.Status == http.StatusBadRequest:
		return "Mend what the message names."
	}
	return "Look at the code and the message; Microsoft's support asks for the request id."
}

// parseError reads an error answer of any shape.
func parseError(op string, status int, header http.Header, body []byte, now time.Time) *Error {
	e := &Error{
		Op:              op,
		Status:          status,
		RequestID:       clean(header.Get("request-id")),
		ClientRequestID: clean(header.Get("client-request-id")),
		RetryAfter:      retryAfter(header.Get("Retry-After"), now),
	}
	var doc struct {
		Error struct {
			Code       string `json:"code"`
			Message    string `json:"message"`
			InnerError struct {
				Date            string `json:"date"`
				RequestID       string `json:"request-id"`
				ClientRequestID string `json:"client-request-id"`
			} `json:"innerError"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &doc) == nil && doc.Error.Code != "" {
		e.Code, e.Message, e.Date = clean(doc.Error.Code), clean(doc.Error.Message), clean(doc.Error.InnerError.Date)
		if id := doc.Error.InnerError.RequestID; id != "" {
			e.RequestID = clean(id)
		}
		if id := doc.Error.InnerError.ClientRequestID; id != "" {
			e.ClientRequestID = clean(id)
		}
		return e
	}
	kind, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	switch {
	case kind == "text/html":
		e.Message = "an HTML page instead of Graph's JSON, perhaps of a proxy"
	case len(body) == 0:
		e.Message = "an empty answer"
	default:
		e.Message = "an answer that is not Graph's JSON"
	}
	return e
}

// longestRetryAfter bounds what a server can make a client wait.
const longestRetryAfter = time.Hour

// retryAfter reads seconds or an HTTP date.
func retryAfter(value string, now time.Time) time.Duration {
	if value == "" {
		return 0
	}
	d := time.Duration(0)
	if seconds, err := strconv.Atoi(value); err == nil {
		if seconds > int(longestRetryAfter/time.Second) {
			return longestRetryAfter
		}
		d = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), longestRetryAfter)
}

// clean makes a foreign text safe to show: printable, one line, bounded.
func clean(s string) string {
	const longest = 600
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > longest {
			b.WriteString("…")
			break
		}
		switch {
		case r == '\r' || r == '\n' || r == '\t':
			b.WriteRune(' ')
		case !unicode.IsPrint(r) || unicode.Is(unicode.Bidi_Control, r):
			b.WriteRune('�')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
