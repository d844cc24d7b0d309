// Package graphwire is what every corner of Microsoft Graph has in common on
// the wire: the error body, request ids, the judgement of an access token and
// the shape of entity and collection answers.
package graphwire

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/tenantry/tenantry/sandbox/odata"
)

// Codes of Graph errors (learn.microsoft.com/graph/errors and the directory's
// own, as clients and the provider for Terraform match them).
const (
	CodeInvalidToken = "InvalidAuthenticationToken"
	CodeDenied       = "Authorization_RequestDenied"
	CodeBadRequest   = "Request_BadRequest"
	CodeNotFound     = "Request_ResourceNotFound"
	CodeSameKey      = "Request_MultipleObjectsWithSameKeyValue"
	CodeUnsupported  = "Request_UnsupportedQuery"
	CodeODataBad     = "BadRequest"
	CodeForbidden    = "Forbidden"
	CodeSegment      = "ResourceNotFound"
	CodeExpiredPage  = "Directory_ExpiredPageToken"
	CodeThrottled    = "TooManyRequests"
)

// Error is an error answer of Graph.
type Error struct {
	Status  int
	Code    string
	Message string
	// Reason tells the journal more than the caller is told; it falls back to
	// Message.
	Reason string
	// Allow lists the methods of a 405.
	Allow string
	// RetryAfter is the wait that a 429 asks for, in seconds; 0 means none.
	RetryAfter int
}

// Error tells code and message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// BadRequest is a 400 of the directory.
func BadRequest(format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: CodeBadRequest, Message: fmt.Sprintf(format, args...)}
}

// NotFound is the 404 of the directory for an object that does not exist.
func NotFound(id string) *Error {
	return &Error{Status: http.StatusNotFound, Code: CodeNotFound,
		Message: fmt.Sprintf("Resource '%s' does not exist or one of its queried reference-property objects are not present.", id)}
}

// Conflict is a second object under a key that must be unique.
func Conflict(status int, format string, args ...any) *Error {
	return &Error{Status: status, Code: CodeSameKey, Message: fmt.Sprintf(format, args...)}
}

// Denied is the 403 for a valid token without the permission. reason is for
// the journal.
func Denied(reason string) *Error {
	return &Error{Status: http.StatusForbidden, Code: CodeDenied, Message: "Insufficient privileges to complete the operation.", Reason: reason}
}

// NoSegment is the answer to a path that the service does not know.
func NoSegment(segment string) *Error {
	return &Error{Status: http.StatusNotFound, Code: CodeSegment, Message: fmt.Sprintf("Resource not found for the segment '%s'.", segment)}
}

// NoMethod is the answer to a method that the path does not take; allow lists
// those it does.
func NoMethod(allow ...string) *Error {
	return &Error{Status: http.StatusMethodNotAllowed, Code: CodeBadRequest,
		Message: "Specified HTTP method is not allowed for the request target.", Allow: strings.Join(allow, ", ")}
}

// Throttled is the answer to a call too many; seconds is the wait it asks for
// (learn.microsoft.com/graph/throttling).
func Throttled(seconds int) *Error {
	return &Error{Status: http.StatusTooManyRequests, Code: CodeThrottled, Message: "Please retry again later.", RetryAfter: seconds}
}

// Query turns an error of a query option into Graph's.
func Query(err error) *Error {
	var oe *odata.Error
	if !errors.As(err, &oe) {
		return &Error{Status: http.StatusBadRequest, Code: CodeODataBad, Message: err.Error()}
	}
	if oe.Option == "$filter" && oe.Pos >= 0 {
		return &Error{Status: http.StatusBadRequest, Code: CodeODataBad, Message: fmt.Sprintf("Invalid filter clause: %s at position %d in '%s'.", oe.Message, oe.Pos, oe.Input)}
	}
	return &Error{Status: http.StatusBadRequest, Code: CodeODataBad, Message: oe.Message}
}
