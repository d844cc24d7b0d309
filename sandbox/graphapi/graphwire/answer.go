package graphwire

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/world"
)

// ContentType is what Graph sends JSON as.
const ContentType = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"

// Exchange is one request being answered.
type Exchange struct {
	W         http.ResponseWriter
	R         *http.Request
	Now       time.Time
	RequestID string
}

// Begin sets the headers that every answer of Graph carries. A client's own
// client-request-id is given back, as Graph does.
func Begin(w http.ResponseWriter, r *http.Request, now time.Time) *Exchange {
	x := &Exchange{W: w, R: r, Now: now.UTC(), RequestID: world.NewGUID()}
	w.Header().Set("request-id", x.RequestID)
	w.Header().Set("client-request-id", x.ClientRequestID())
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("OData-Version", "4.0")
	return x
}

// ClientRequestID is the id the client gave its request, or ours when it gave
// none. What is no GUID is not echoed.
func (x *Exchange) ClientRequestID() string {
	if id := x.R.Header.Get("client-request-id"); world.IsGUID(id) {
		return id
	}
	return x.RequestID
}

// Origin is the scheme and host the client used, for links in answers.
func (x *Exchange) Origin() string {
	if x.R.TLS == nil {
		return "http://" + x.R.Host
	}
	return "https://" + x.R.Host
}

// Fail writes an error answer and tells the journal.
func (x *Exchange) Fail(e *Error) {
	journal.Note(x.R.Context(), func(ev *journal.Event) {
		ev.Error = e.Code
		ev.Decision = e.Reason
		if ev.Decision == "" {
			ev.Decision = e.Message
		}
	})
	if e.Status == http.StatusUnauthorized {
		x.W.Header().Set("WWW-Authenticate", `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="`+world.AppGraph+`"`)
	}
	if e.Allow != "" {
		x.W.Header().Set("Allow", e.Allow)
	}
	if e.RetryAfter > 0 {
		x.W.Header().Set("Retry-After", strconv.Itoa(e.RetryAfter))
	}
	type inner struct {
		// Only a 429 has these, as the sample of learn.microsoft.com/graph/throttling does.
		Code    string `json:"code,omitempty"`
		Message string `json:"message,omitempty"`
		Status  string `json:"status,omitempty"`

		Date            string `json:"date"`
		RequestID       string `json:"request-id"`
		ClientRequestID string `json:"client-request-id"`
	}
	type body struct {
		Code       string `json:"code"`
		Message    string `json:"message"`
		InnerError inner  `json:"innerError"`
	}
	in := inner{Date: x.Now.Format("2006-01-02T15:04:05"), RequestID: x.RequestID, ClientRequestID: x.ClientRequestID()}
	if e.Status == http.StatusTooManyRequests {
		in.Code, in.Message, in.Status = "429", "Please retry after", "429"
	}
	x.JSON(e.Status, struct {
		Error body `json:"error"`
	}{body{e.Code, e.Message, in}})
}

// JSON writes v. A nil v writes no body.
func (x *Exchange) JSON(status int, v any) {
	if v == nil {
		x.W.WriteHeader(status)
		return
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		// Only a programming error can make an answer unwritable.
		http.Error(x.W, err.Error(), http.StatusInternalServerError)
		return
	}
	x.W.Header().Set("Content-Type", ContentType)
	x.W.WriteHeader(status)
	_, _ = x.W.Write(bytes.TrimRight(b.Bytes(), "\n"))
}

// NextLink is the URL of the request with some options replaced; an empty
// value removes one.
func (x *Exchange) NextLink(replace map[string]string) string {
	q := x.R.URL.Query()
	for name, value := range replace {
		// Options are known in any case and without their dollar sign, too.
		maps.DeleteFunc(q, func(have string, _ []string) bool {
			return strings.EqualFold(strings.TrimPrefix(have, "$"), strings.TrimPrefix(name, "$"))
		})
		if value != "" {
			q.Set(name, value)
		}
	}
	// Graph writes the dollar sign of its options unescaped.
	u := url.URL{Path: x.R.URL.Path, RawQuery: unescapeDollar(q.Encode())}
	return x.Origin() + u.String()
}

func unescapeDollar(query string) string {
	return string(bytes.ReplaceAll([]byte(query), []byte("%24"), []byte("$")))
}

// Entity is a single object with its context in front of its own members.
// object must marshal to a JSON object.
func Entity(context string, object any) any { return entity{context, object} }

type entity struct {
	context string
	object  any
}

// MarshalJSON implements json.Marshaler.
func (e entity) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(map[string]string{"@odata.context": e.context}); err != nil {
		return nil, err
	}
	head := bytes.TrimRight(b.Bytes(), "}\n")
	var body bytes.Buffer
	enc = json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e.object); err != nil {
		return nil, err
	}
	tail := bytes.TrimRight(body.Bytes(), "\n")
	if !bytes.HasPrefix(tail, []byte("{")) {
		return nil, errors.New("an entity must be an object")
	}
	if bytes.Equal(tail, []byte("{}")) {
		return append(bytes.Clone(head), '}'), nil
	}
	return append(append(bytes.Clone(head), ','), tail[1:]...), nil
}
