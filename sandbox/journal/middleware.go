package journal

import (
	"bytes"
	"context"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxForm bounds how much of a form is recorded, in bytes. Token requests with
// a certificate chain stay well below it.
const maxForm = 64 << 10

// clientHeaders are the request headers that tell clients, and versions of
// them, apart. Authorization and Cookie are there for their presence and
// length; their values are not kept.
var clientHeaders = []string{
	"Accept", "Authorization", "Content-Type", "Cookie", "Origin", "Prefer", "Range", "ConsistencyLevel",
	"Client-Request-Id", "Return-Client-Request-Id", "X-Client-Sku", "X-Client-Ver", "X-Client-Os",
	"X-Client-Current-Telemetry", "X-Client-Last-Telemetry", "X-Ms-Lib-Capability", "X-Ms-Client-Request-Id",
}

// Middleware records every request that next answers: what was asked, the
// status, the bytes and the time taken, and what the handler told [Note].
// The event is in the journal before the client has the whole answer, so a
// client that has read its answer may ask the journal about it.
//
// A panic of next is recorded as an error, by the name that next noted for it
// or else as "panic", and goes on.
func (j *Journal) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := j.now()
		e := &entry{event: Event{
			Time:      start.UTC(),
			Kind:      KindRequest,
			Method:    r.Method,
			Host:      r.Host,
			Path:      r.URL.Path,
			Query:     r.URL.RawQuery,
			Headers:   describe(r.Header),
			UserAgent: r.UserAgent(),
			Form:      captureForm(r),
		}}
		rec := &recorder{ResponseWriter: w, head: r.Method == http.MethodHead}
		finished := false
		defer func() {
			j.finish(e, rec, start, finished)
			rec.release()
		}()
		next.ServeHTTP(rec, r.WithContext(context.WithValue(r.Context(), noteKey{}, e)))
		finished = true
	})
}

func (j *Journal) finish(e *entry, rec *recorder, start time.Time, finished bool) {
	e.mu.Lock()
	event := e.event
	e.mu.Unlock()
	event.Status = rec.status
	if event.Status == 0 {
		event.Status = http.StatusOK // what net/http sends for a handler that wrote nothing
	}
	if !finished {
		if event.Error == "" { // a handler that means to give no answer says why
			event.Error = "panic"
		}
		if rec.status == 0 {
			event.Status = 0 // the connection is dropped without an answer
		}
	}
	event.Bytes = rec.bytes
	event.DurationMS = float64(j.now().Sub(start).Microseconds()) / 1000
	j.Append(event)
}

func describe(h http.Header) map[string]string {
	var out map[string]string
	for _, name := range clientHeaders {
		v := h.Get(name)
		if v == "" {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		switch name {
		case "Authorization":
			v = redactAuthorization(v)
		case "Cookie":
			v = redacted(v)
		}
		out[name] = v
	}
	return out
}

// captureForm reads the beginning of a form body for the record and puts it
// back for the handler, which sees the body unchanged.
func captureForm(r *http.Request) map[string][]string {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "application/x-www-form-urlencoded" || r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	// Room for all of it, and for the read that finds the end.
	room := bytes.NewBuffer(make([]byte, 0, bytes.MinRead+max(0, min(r.ContentLength, maxForm))))
	_, err := room.ReadFrom(io.LimitReader(r.Body, maxForm+1))
	head := room.Bytes()
	r.Body = &rejoined{Reader: io.MultiReader(bytes.NewReader(head), afterError(err, r.Body)), Closer: r.Body}
	text := string(head)
	if len(text) > maxForm {
		text = text[:maxForm]
		// The last pair is cut off: its name may not look secret any more.
		text = text[:strings.LastIndexByte(text, '&')+1]
	}
	form, _ := url.ParseQuery(text) // what can be read of it; the handler judges the rest
	return RedactForm(form)
}

type rejoined struct {
	io.Reader
	io.Closer
}

// afterError is what follows the part read: the error met, or the rest.
func afterError(err error, rest io.Reader) io.Reader {
	if err != nil {
		return failing{err}
	}
	return rest
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// recorder counts what is answered. When the answer's length is declared it
// holds the last byte back until the event is recorded.
type recorder struct {
	http.ResponseWriter
	head   bool
	status int
	bytes  int64
	length int64 // declared Content-Length, -1 when none
	held   []byte
}

// Unwrap lets http.ResponseController reach the connection's own writer.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// WriteHeader notes the final status; 1xx answers go through unrecorded.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		r.status = status
		r.length = -1
		if n, err := strconv.ParseInt(r.Header().Get("Content-Length"), 10, 64); err == nil && !r.head {
			r.length = n
		}
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write passes p on, but for the very last byte of a declared length.
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	if r.length > 0 && len(p) > 0 && r.bytes+int64(len(p)) == r.length {
		n, err := r.ResponseWriter.Write(p[:len(p)-1])
		r.bytes += int64(n)
		if err != nil {
			return n, err
		}
		r.held = []byte{p[len(p)-1]}
		r.bytes++
		return len(p), nil
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Flush sends what was written so far.
func (r *recorder) Flush() {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	_ = http.NewResponseController(r.ResponseWriter).Flush()
}

func (r *recorder) release() {
	if r.held != nil {
		_, _ = r.ResponseWriter.Write(r.held)
	}
}
