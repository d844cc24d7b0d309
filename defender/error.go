package defender

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Action is what the caller of a failed request should do about it.
type Action string

// Actions.
const (
	ActionToken   Action = "token"   // get a fresh token, of this tenant and for this surface
	ActionConsent Action = "consent" // a role is missing: consent, then a fresh token
	ActionWait    Action = "wait"    // ask again after RetryAfter
	ActionRequest Action = "request" // the request is wrong: asking again does not help
	ActionGiveUp  Action = "give-up" // what was asked for does not exist
	ActionUnknown Action = "unknown"
)

// Error is the refusal of a service.
type Error struct {
	Surface   Surface
	Operation Operation
	Status    int    // HTTP status
	Code      string // the service's code, such as "Forbidden" or "TooManyRequests"; may be empty
	Message   string // the service's words
	Target    string // xdr: tracking id of the request
	RequestID string // graph: id of the request, for Microsoft's support
	Time      string // graph: date of the answer as written
	// InnerCode is the code of the innermost innerError of Graph that has one.
	InnerCode string
	Action    Action
	// RetryAfter is how long to wait, from the Retry-After header or else the text
	// of the answer; 0 means that the service did not say.
	RetryAfter time.Duration
	// Required are the roles of which any one would do; set for status 403.
	Required []string
	// Challenge is the WWW-Authenticate header of a 401.
	Challenge string
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s on surface %s: %d", e.Operation, e.Surface, e.Status)
	if text := http.StatusText(e.Status); text != "" {
		b.WriteString(" " + text)
	}
	if e.Code != "" {
		b.WriteString(", " + e.Code)
		if e.InnerCode != "" && e.InnerCode != e.Code {
			b.WriteString("/" + e.InnerCode)
		}
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if len(e.Required) > 0 {
		b.WriteString("; a role that would do: " + strings.Join(e.Required, " or "))
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, "; ask again in %s", e.RetryAfter)
	}
	if id := e.requestID(); id != "" {
		b.WriteString(" (request " + id + ")")
	}
	return b.String()
}

func (e *Error) requestID() string {
	if e.RequestID != "" {
		return e.RequestID
	}
	return e.Target
}

// Next says in one sentence what to do about it.
func (e *Error) Next() string {
	switch e.Action {
	case ActionToken:
		return "Get a fresh token for this tenant and this surface: the one sent has expired, is for another audience, or was altered."
	case ActionConsent:
		if len(e.Required) == 0 {
			return "The service refuses this although the token is valid: check that the tenant has a Defender licence and that the token is for this surface."
		}
		return "Look at the token's roles: if none of " + strings.Join(e.Required, ", ") +
			" is there, have the customer's administrator consent to it and get a fresh token; if one is, the token is for another audience or the tenant has no Defender licence."
	case ActionWait:
		if e.RetryAfter > 0 {
			return fmt.Sprintf("Ask again in %s.", e.RetryAfter)
		}
		return "Ask again in a minute."
	case ActionRequest:
		if page := Documentation(e.Surface, e.Operation); page != "" {
			return "The request is not what this service takes, and asking again does not help: " + page + " says what it takes."
		}
		return "The request is not what this service takes; asking again does not help."
	case ActionGiveUp:
		what := e.Operation.noun()
		return "Check the id: this tenant has no such " + what + ", or it is older than the tenant keeps " + what + "s."
	}
	return "Ask again later; if it stays, report it to Microsoft's support with the request id."
}

// parseError makes an Error of an answer that is not a success. It takes every
// shape of body, also none and HTML.
func parseError(s Surface, op Operation, status int, header http.Header, body []byte, now time.Time) *Error {
	e := &Error{Surface: s, Operation: op, Status: status}
	e.readBody(header, body)
	if e.RequestID == "" {
		e.RequestID = header.Get("request-id")
	}
	switch {
	case status == http.StatusUnauthorized:
		e.Action = ActionToken
		e.Challenge = strings.Join(header.Values("WWW-Authenticate"), ", ")
	case status == http.StatusForbidden:
		e.Action = ActionConsent
		if !strings.EqualFold(e.Code, "DisabledFeature") {
			e.Required = RequiredRoles(s, op)
		}
	case status == http.StatusNotFound:
		e.Action = ActionGiveUp
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status >= 500:
		e.Action = ActionWait
	case status >= 400:
		e.Action = ActionRequest
	default:
		e.Action = ActionUnknown
	}
	if e.Action == ActionWait {
		var told bool
		if e.RetryAfter, told = retryAfterHeader(header.Get("Retry-After"), now); !told {
			e.RetryAfter = retryAfterText(e.Message, now)
		}
	}
	return e
}

// maxMessage bounds what is kept of a message, in bytes.
const maxMessage = 2000

// noBody stands for the message of an answer without one.
const noBody = "the answer has no body"

func (e *Error) readBody(header http.Header, body []byte) {
	body = trimBOM(body)
	switch {
	case status3xx(e.Status):
		e.Message = "the service redirects to another address, which is not followed"
		return
	case len(body) == 0:
		e.Message = noBody
		return
	case looksLikeHTML(header.Get("Content-Type"), body):
		e.Message = "the answer is a web page instead of JSON: a proxy or sign-in page on the way may have answered instead of the service"
		return
	}
	var outer struct {
		Error            json.RawMessage `json:"error"`
		ErrorDescription string          `json:"error_description"`
		Message          string          `json:"message"`
	}
	if json.Unmarshal(body, &outer) != nil {
		e.Message = clip(string(body))
		return
	}
	var inner struct {
		Code       string          `json:"code"`
		Message    string          `json:"message"`
		Target     string          `json:"target"`
		InnerError json.RawMessage `json:"innerError"`
		Inner2     json.RawMessage `json:"innererror"`
	}
	if json.Unmarshal(outer.Error, &inner) != nil {
		// Gateways answer {"error":"…"} or {"message":"…"}.
		var code string
		_ = json.Unmarshal(outer.Error, &code)
		e.Code, e.Message = code, clip(outer.ErrorDescription+outer.Message)
		if e.Code == "" && e.Message == "" {
			e.Message = clip(string(body))
		}
		return
	}
	e.Code, e.Message, e.Target = inner.Code, clip(inner.Message), inner.Target
	next := inner.InnerError
	if next == nil {
		next = inner.Inner2
	}
	e.readInner(next, 0)
}

// readInner follows Graph's nested innerError; ids may stand at any level.
func (e *Error) readInner(raw json.RawMessage, depth int) {
	var in struct {
		Code      string          `json:"code"`
		Date      string          `json:"date"`
		RequestID string          `json:"request-id"`
		ClientID  string          `json:"client-request-id"`
		Inner     json.RawMessage `json:"innerError"`
		Inner2    json.RawMessage `json:"innererror"`
	}
	if raw == nil || depth > 8 || json.Unmarshal(raw, &in) != nil {
		return
	}
	if in.Code != "" {
		e.InnerCode = in.Code
	}
	if e.RequestID == "" {
		e.RequestID = in.RequestID
	}
	if e.RequestID == "" {
		e.RequestID = in.ClientID
	}
	if e.Time == "" {
		e.Time = in.Date
	}
	if in.Inner == nil {
		in.Inner = in.Inner2
	}
	e.readInner(in.Inner, depth+1)
}

func status3xx(status int) bool { return status >= 300 && status < 400 }

func clip(s string) string {
	s = strings.ToValidUTF8(strings.TrimSpace(s), "\uFFFD")
	if len(s) > maxMessage {
		s = strings.ToValidUTF8(s[:maxMessage], "") + " …"
	}
	return s
}
