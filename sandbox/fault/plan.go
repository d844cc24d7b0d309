package fault

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox/journal"
)

// Request is what a fault's scope is compared with.
type Request struct {
	Service     string // ServiceSTS, …; empty means ServiceSTS
	Operation   string // the journal's name for it
	Tenant      string // id; empty when the request names none
	Correlation string // correlation id, for error bodies

	listing listing // by Wrap
}

// Plan is what is to happen to one request. A nil *Plan is nothing.
type Plan struct {
	set  *Set
	req  Request
	acts []act
}

// act is one fault that strikes, with what was drawn for this request.
type act struct {
	entry      *entry // immutable parts only: spec, id, removed
	delay      time.Duration
	retryAfter time.Duration
}

// Plan decides which faults strike a request, in the order they were set; the
// first that ends the request is the last. Faults that change tokens are not
// among them, see [Set.Alter].
func (s *Set) Plan(q Request) *Plan {
	if !s.Any() {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	var p *Plan
	for _, e := range s.faults {
		if e.spec.Kind == Clock || e.spec.Kind.alters() {
			continue
		}
		a, ok := e.strike(q, now)
		if !ok {
			continue
		}
		if p == nil {
			p = &Plan{set: s, req: q}
		}
		p.acts = append(p.acts, a)
		if e.spec.Kind.ends() {
			break
		}
	}
	return p
}

// strike says whether the fault acts on the request, and counts.
func (e *entry) strike(q Request, now time.Time) (act, bool) {
	in := e.spec.Scope
	if e.state(now) != StateActive ||
		!slices.Contains(e.spec.reach(), cmp.Or(q.Service, ServiceSTS)) || !q.listing.fits(e.spec.Kind) ||
		(in.Tenant != "" && !strings.EqualFold(in.Tenant, q.Tenant)) ||
		(len(in.Operations) > 0 && !slices.Contains(in.Operations, q.Operation)) {
		return act{}, false
	}
	e.matched++
	a := act{entry: e, retryAfter: time.Duration(e.spec.RetryAfter)}
	if e.spec.Kind == Throttle && !e.over(q.Tenant, now, &a) {
		return act{}, false
	}
	if in.Probability > 0 && in.Probability < 1 && e.rng.Float64() >= in.Probability {
		return act{}, false
	}
	if e.spec.Kind == Slow {
		a.delay = time.Duration(e.spec.Delay)
		if more := time.Duration(e.spec.DelayMax - e.spec.Delay); more > 0 {
			a.delay += time.Duration(e.rng.Int64N(int64(more) + 1))
		}
	}
	e.struck++
	return a, true
}

// defaultRetry is what Entra's token service tells clients that ask too often.
const defaultRetry = time.Minute

// over counts a request against the limit of its tenant. Tenants are those of
// the world, so the windows kept are bounded.
func (e *entry) over(tenant string, now time.Time, a *act) bool {
	if e.spec.Requests > 0 {
		w := e.windows[tenant]
		if !now.Before(w.ends) {
			w = window{ends: now.Add(time.Duration(e.spec.Window))}
		}
		w.used++
		e.windows[tenant] = w
		if w.used <= e.spec.Requests {
			return false
		}
		if a.retryAfter == 0 {
			// Rounded up: whoever waits so long finds the window over.
			a.retryAfter = max((w.ends.Sub(now) + time.Second - 1).Truncate(time.Second), time.Second)
		}
	}
	if a.retryAfter == 0 {
		a.retryAfter = defaultRetry
	}
	return true
}

// Begin carries out what happens before the service answers, in the handler's
// goroutine. over means that the request was answered. Requests that get no
// answer end by panic(http.ErrAbortHandler), as net/http wants it.
func (p *Plan) Begin(w http.ResponseWriter, r *http.Request) (over bool) {
	if p == nil {
		return false
	}
	for _, a := range p.acts {
		e := a.entry
		switch e.spec.Kind {
		case Slow:
			note(r.Context(), e.id, Slow, map[string]any{"delayMs": float64(a.delay.Microseconds()) / 1000})
			p.wait(w, r, e, a.delay)
		case Hang:
			note(r.Context(), e.id, Hang, nil)
			p.set.tellHang(e, p.req)
			p.wait(w, r, e, 0)
		case Reset:
			note(r.Context(), e.id, Reset, nil)
			abort(r.Context(), e, "no answer was given")
		case Fail:
			note(r.Context(), e.id, Fail, map[string]any{"status": e.spec.Status})
			p.fail(w, r, a)
			return true
		case Throttle:
			note(r.Context(), e.id, Throttle, map[string]any{"retryAfterMs": float64(a.retryAfter.Milliseconds())})
			p.throttle(w, r, a)
			return true
		case Portal:
			note(r.Context(), e.id, Portal, nil)
			portal(w, r, e)
			return true
		case ExpandFails:
			note(r.Context(), e.id, ExpandFails, nil)
			journal.Note(r.Context(), func(ev *journal.Event) { ev.Decision = decision(e) })
			p.failOwn(w, r, http.StatusInternalServerError)
			return true
		}
	}
	return false
}

// maxHeldBody is how much of a request is read before it is made to wait. The
// server notices that an HTTP/1.1 client has left only when the body was read.
const maxHeldBody = 1 << 20

// wait holds a request: for a time, or with 0 until the fault is removed.
func (p *Plan) wait(w http.ResponseWriter, r *http.Request, e *entry, d time.Duration) {
	if r.Body != nil && r.Body != http.NoBody {
		head, err := io.ReadAll(io.LimitReader(r.Body, maxHeldBody))
		r.Body = &heldBody{io.MultiReader(bytes.NewReader(head), rest(err, r.Body)), r.Body}
	}
	// The server's own limits would end the wait: reading has one too, because
	// it waits for the client to leave. Recorders of tests have neither.
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{})
	_ = c.SetWriteDeadline(time.Time{})
	var fired <-chan time.Time
	if d > 0 {
		var stop func()
		fired, stop = p.set.cfg.After(d)
		defer stop()
	}
	select {
	case <-fired:
	case <-e.removed:
	case <-r.Context().Done():
		abort(r.Context(), e, "the client left")
	case <-p.set.closed:
		abort(r.Context(), e, "the sandbox closed")
	}
}

type heldBody struct {
	io.Reader
	io.Closer
}

func rest(err error, body io.Reader) io.Reader {
	if err != nil {
		return failing{err}
	}
	return body
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// tellHang writes at once what the journal's entry of the request can say
// only when it is over, so that a test knows when a client hangs.
func (s *Set) tellHang(e *entry, q Request) {
	if s.cfg.Journal == nil {
		return
	}
	s.cfg.Journal.Append(journal.Event{
		Kind: journal.KindState, What: "fault.hanging", TenantID: q.Tenant,
		Detail: map[string]any{"id": e.id, "kind": string(Hang), "operation": q.Operation},
	})
}

// abort ends a request without (the rest of) an answer.
func abort(ctx context.Context, e *entry, how string) {
	journal.Note(ctx, func(ev *journal.Event) {
		ev.Decision = decision(e) + ": " + how
		ev.Error = "aborted"
	})
	panic(http.ErrAbortHandler)
}

func decision(e *entry) string { return "fault " + e.id + " " + string(e.spec.Kind) }

// note adds a strike to the journal's entry of a request.
func note(ctx context.Context, id string, kind Kind, more map[string]any) {
	strike := map[string]any{"id": id, "kind": string(kind)}
	for k, v := range more {
		strike[k] = v
	}
	journal.Note(ctx, func(e *journal.Event) {
		list, _ := e.Detail["faults"].([]any)
		e.Add("faults", append(list, strike))
	})
}
