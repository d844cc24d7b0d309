package defender

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"strings"

	"github.com/go-faster/jx"
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

// valid tells whether body is one complete JSON document, as encoding/json sees
// it. Each answer is looked through once before it is decoded, so that one cut
// short is told from one that has changed; jx does so three times as fast. What
// it alone finds fault with, such as deep nesting, is left to the decoders.
func valid(body []byte) bool { return jx.Valid(body) || json.Valid(body) }

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
