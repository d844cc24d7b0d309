// Package journal is the sandbox's memory of what was really asked, answered
// and changed: append-only, one event per line, secrets and tokens redacted.
//
// It is the judge of tests: a client is right when the journal says so, not
// when the client says so.
package journal

import (
	"context"
	"encoding/json"
	"io"
	"sync"
	"time"
)

// Kinds of events.
const (
	KindRequest = "request" // a request and its answer
	KindState   = "state"   // something of the world changed
	KindRefused = "refused" // a connection to a host the sandbox does not stand in for
)

// Event is one line of the journal. Fields that do not apply are left out.
type Event struct {
	Seq  uint64    `json:"seq"`
	Time time.Time `json:"time"`
	Kind string    `json:"kind"`

	// What was asked.
	Service   string              `json:"service,omitempty"`   // sts, graph, xdr, mde, arm, portal
	Operation string              `json:"operation,omitempty"` // such as "token", "incidents.list", "applications.create"
	Method    string              `json:"method,omitempty"`
	Host      string              `json:"host,omitempty"`
	Path      string              `json:"path,omitempty"`
	Query     string              `json:"query,omitempty"`
	Form      map[string][]string `json:"form,omitempty"`
	Headers   map[string]string   `json:"headers,omitempty"` // the few that tell clients apart
	UserAgent string              `json:"userAgent,omitempty"`

	// What was answered.
	Status     int     `json:"status,omitempty"`
	DurationMS float64 `json:"durationMs,omitempty"`
	Bytes      int64   `json:"bytes,omitempty"`

	// What the handler knew.
	TenantID string   `json:"tenantId,omitempty"`
	AppID    string   `json:"appId,omitempty"`
	Resource string   `json:"resource,omitempty"` // audience asked for or presented
	Roles    []string `json:"roles,omitempty"`    // roles (or scopes) the presented token carried, or the issued one got
	Required []string `json:"required,omitempty"` // any one of these would do
	Decision string   `json:"decision,omitempty"` // allowed, or the reason of the refusal
	Error    string   `json:"error,omitempty"`    // error code of the answer, such as invalid_client or Forbidden
	AADSTS   int      `json:"aadsts,omitempty"`

	// What changed (KindState).
	What   string         `json:"what,omitempty"`
	Detail map[string]any `json:"detail,omitempty"`
}

// Journal keeps events in memory and writes each as one line of JSON.
// It is safe for concurrent use.
type Journal struct {
	mu     sync.Mutex
	now    func() time.Time
	out    io.Writer
	events []Event
	seq    uint64
}

// New returns an empty journal. Events are also written to out as NDJSON;
// nil means they are kept in memory alone.
func New(out io.Writer, now func() time.Time) *Journal {
	if now == nil {
		now = time.Now
	}
	return &Journal{now: now, out: out}
}

// Append adds an event, giving it its number and, when it has none, its time.
// The caller has removed what is secret; the middleware does so for requests.
func (j *Journal) Append(e Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	e.Seq = j.seq
	if e.Time.IsZero() {
		e.Time = j.now().UTC()
	}
	j.events = append(j.events, e)
	if j.out != nil {
		if line, err := json.Marshal(e); err == nil {
			_, _ = j.out.Write(append(line, '\n'))
		}
	}
}

// Since returns the events numbered higher than seq, oldest first.
func (j *Journal) Since(seq uint64) []Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	i := len(j.events)
	for i > 0 && j.events[i-1].Seq > seq {
		i--
	}
	return append([]Event(nil), j.events[i:]...)
}

type noteKey struct{}

// Note lets a handler add to the entry of the request it is answering what
// only the handler knows. Outside a journalled request it does nothing.
func Note(ctx context.Context, add func(*Event)) {
	if e, ok := ctx.Value(noteKey{}).(*entry); ok {
		e.mu.Lock()
		defer e.mu.Unlock()
		add(&e.event)
	}
}

type entry struct {
	mu    sync.Mutex
	event Event
}
