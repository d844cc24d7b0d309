// Package journal is the sandbox's memory of what was really asked, answered
// and changed: append-only, one event per line, secrets and tokens redacted.
//
// It is the judge of tests: a client is right when the journal says so, not
// when the client says so. [Journal.Middleware] records requests,
// [Journal.Append] everything else, and [Management] lets other programs read.
package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
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
	Time time.Time `json:"time"` // of a request: when it arrived
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

// Add puts a detail into the event, in place of one of the same name.
func (e *Event) Add(name string, detail any) {
	if e.Detail == nil {
		e.Detail = map[string]any{}
	}
	e.Detail[name] = detail
}

// MaxInMemory is how many events a journal keeps in memory. Older ones are in
// the file alone; numbers and the summary go on counting them.
const MaxInMemory = 200_000

// Journal keeps events in memory and writes each as one line of JSON.
// It is safe for concurrent use. The maps and slices of an event must not be
// changed after it was appended.
type Journal struct {
	mu      sync.Mutex
	now     func() time.Time
	out     io.Writer
	outErr  error
	events  []Event
	max     int
	seq     uint64
	counts  map[countKey]uint64
	changed chan struct{} // closed and replaced by every Append

	pending []Event // not yet written to out, in order

	writing sync.Mutex // held before mu, by whoever writes to out
}

// New returns an empty journal. Events are also written to out as NDJSON;
// nil means they are kept in memory alone. now is the clock; nil means
// time.Now.
func New(out io.Writer, now func() time.Time) *Journal {
	if now == nil {
		now = time.Now
	}
	return &Journal{now: now, out: out, max: MaxInMemory, counts: map[countKey]uint64{}, changed: make(chan struct{})}
}

// Append adds an event, giving it its number and, when it has none, its time.
// JSON web tokens in its texts are redacted here, whoever wrote them; other
// secrets are the caller's to leave out, as the middleware does for requests.
func (j *Journal) Append(e Event) {
	scrub(&e)
	e.TenantID = strings.ToLower(e.TenantID) // one tenant, one line of the summary
	j.add(e)
	if j.out != nil {
		j.write()
	}
}

// write writes what is pending, so that an event is in out when its Append
// returns. Readers do not wait for it, and events that arrive while one
// goroutine writes are written by the next in one go.
func (j *Journal) write() {
	j.writing.Lock()
	defer j.writing.Unlock()
	j.mu.Lock()
	batch := j.pending
	j.pending = nil
	j.mu.Unlock()
	if len(batch) == 0 {
		return
	}
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	var errs []error
	for i := range batch {
		errs = append(errs, enc.Encode(&batch[i])) // nothing is written of what fails
	}
	_, err := j.out.Write(lines.Bytes())
	if err = errors.Join(errors.Join(errs...), err); err != nil {
		j.mu.Lock()
		defer j.mu.Unlock()
		if j.outErr == nil {
			j.outErr = err
		}
	}
}

// add is Append without the writing.
func (j *Journal) add(e Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	e.Seq = j.seq
	if e.Time.IsZero() {
		e.Time = j.now().UTC()
	}
	if len(j.events) >= j.max {
		// A quarter at once, so that the copy is paid for rarely.
		j.events = append(make([]Event, 0, j.max), j.events[j.max/4+1:]...)
	}
	j.events = append(j.events, e)
	j.counts[keyOf(&e)]++
	if j.out != nil {
		j.pending = append(j.pending, e)
	}
	close(j.changed)
	j.changed = make(chan struct{})
}

// Err returns the first error of writing to the journal's file. Requests are
// answered all the same; whoever closes the sandbox reports it.
func (j *Journal) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.outErr
}

// Since returns the events numbered higher than seq that are still in memory,
// oldest first.
func (j *Journal) Since(seq uint64) []Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]Event(nil), j.tail(seq)...)
}

// tail is the part of j.events after seq. Numbers in memory have no gaps.
func (j *Journal) tail(seq uint64) []Event {
	if len(j.events) == 0 || seq < j.events[0].Seq {
		return j.events
	}
	if seq >= j.seq {
		return nil
	}
	return j.events[seq-j.events[0].Seq+1:]
}

// Seq is the number of the newest event, 0 when there is none. Remember it to
// ask [Journal.Since] later for what happened in between.
func (j *Journal) Seq() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.seq
}

// Clear forgets the events in memory and their counts, and notes that it did
// as the first event of what follows. Numbers go on, so that whoever reads on
// from a number misses nothing; what was written to the file stays there. It
// returns how many events were forgotten.
func (j *Journal) Clear() int {
	j.mu.Lock()
	n := len(j.events)
	j.events, j.counts = nil, map[countKey]uint64{}
	j.mu.Unlock()
	j.Append(Event{Kind: KindState, What: "journal.cleared", Detail: map[string]any{"events": n}})
	return n
}

// Wait returns the events after seq, waiting for the first of them if there
// is none yet. When ctx ends first it returns none.
func (j *Journal) Wait(ctx context.Context, seq uint64) []Event {
	for {
		j.mu.Lock()
		events := append([]Event(nil), j.tail(seq)...)
		changed := j.changed
		j.mu.Unlock()
		if len(events) > 0 {
			return events
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
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
