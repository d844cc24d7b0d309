package fault

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox/journal"
)

// throttledBody is the whole body of the token service's throttled answer:
// plain text, where clients expect JSON.
const throttledBody = "Too Many Requests"

func (p *Plan) throttle(w http.ResponseWriter, r *http.Request, a act) {
	p.retryAfter(w, a)
	journal.Note(r.Context(), func(e *journal.Event) { e.Decision = decision(a.entry) })
	if p.service() != ServiceSTS {
		p.throttleOwn(w, r, a)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	write(w, http.StatusTooManyRequests, throttledBody)
}

func (p *Plan) retryAfter(w http.ResponseWriter, a act) {
	if a.retryAfter <= 0 {
		return
	}
	switch a.entry.spec.RetryAfterAs {
	case RetrySeconds:
		w.Header().Set("Retry-After", strconv.FormatInt(int64(a.retryAfter/time.Second), 10))
	case RetryDate:
		// Rounded up: dates have no fractions, and a client must not come early.
		at := p.set.Now().Add(a.retryAfter + time.Second - 1).UTC().Truncate(time.Second)
		w.Header().Set("Retry-After", at.Format(http.TimeFormat))
	}
}

// failure is what the token service itself says of a failure on its side
// ("Microsoft Entra authentication & authorization error codes").
func failure(status int) (code int, oauth, text string) {
	if status == http.StatusInternalServerError {
		return 50000, "server_error", "There was an error issuing a token or an issue with our sign-in service."
	}
	return 90033, "temporarily_unavailable", "A transient error has occurred. Please try again."
}

func (p *Plan) fail(w http.ResponseWriter, r *http.Request, a act) {
	spec := a.entry.spec
	journal.Note(r.Context(), func(e *journal.Event) { e.Decision = decision(a.entry) })
	switch spec.Body {
	case BodyOwn, BodyESTS:
		p.retryAfter(w, a)
		p.failOwn(w, r, spec.Status)
	case BodyHTML:
		foreign(w)
		p.retryAfter(w, a)
		w.Header().Set("Content-Type", "text/html")
		name := fmt.Sprintf("%d %s", spec.Status, http.StatusText(spec.Status))
		write(w, spec.Status, "<html>\r\n<head><title>"+name+"</title></head>\r\n<body>\r\n<center><h1>"+name+"</h1></center>\r\n<hr><center>sandbox gateway</center>\r\n</body>\r\n</html>\r\n")
	default:
		foreign(w)
		p.retryAfter(w, a)
		write(w, spec.Status, "")
	}
}

func (p *Plan) failESTS(w http.ResponseWriter, r *http.Request, status int) {
	code, oauth, text := failure(status)
	trace := w.Header().Get("x-ms-request-id")
	stamp := p.set.Now().UTC().Format("2006-01-02 15:04:05Z")
	body, _ := json.Marshal(struct { // texts and numbers: cannot fail
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Codes       []int  `json:"error_codes"`
		Timestamp   string `json:"timestamp"`
		Trace       string `json:"trace_id"`
		Correlation string `json:"correlation_id"`
	}{oauth, fmt.Sprintf("AADSTS%d: %s\r\nTrace ID: %s\r\nCorrelation ID: %s\r\nTimestamp: %s", code, text, trace, p.req.Correlation, stamp), []int{code}, stamp, trace, p.req.Correlation})
	journal.Note(r.Context(), func(e *journal.Event) { e.Error, e.AADSTS = oauth, code })
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	write(w, status, string(body))
}

// portalPage is what a network that wants a sign-in of its own answers in the
// place of whoever was asked.
const portalPage = `<!DOCTYPE html>
<html><head><title>Guest network</title><meta http-equiv="refresh" content="0; url=https://portal.sandbox.invalid/login"></head>
<body><h1>Welcome to the guest network</h1><p>Please accept the terms of use to continue.</p>
<form method="post" action="https://portal.sandbox.invalid/login"><button>Accept</button></form></body></html>
`

func portal(w http.ResponseWriter, r *http.Request, e *entry) {
	journal.Note(r.Context(), func(ev *journal.Event) { ev.Decision = decision(e) })
	foreign(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	write(w, e.spec.Status, portalPage)
}

// foreign takes the service's headers away: somebody else answers. The
// mark of the sandbox stays.
func foreign(w http.ResponseWriter) {
	h := w.Header()
	for name := range h {
		if !strings.HasPrefix(name, "Tenantry-") && name != "Date" {
			h.Del(name)
		}
	}
}

func write(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // the client may have gone
}
