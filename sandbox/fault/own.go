package fault

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/limit"
)

func (p *Plan) service() string {
	if p.req.Service == "" {
		return ServiceSTS
	}
	return p.req.Service
}

// failOwn answers a failure in the form that the service itself has for it.
func (p *Plan) failOwn(w http.ResponseWriter, r *http.Request, status int) {
	switch p.service() {
	case ServiceSTS:
		p.failESTS(w, r, status)
	case ServiceGraph:
		code, message := graphFailure(status)
		p.graphError(w, r, status, code, "", message)
	default:
		code, message := defenderFailure(status)
		p.defenderError(w, r, status, code, message)
	}
}

// graphFailure are code and message of Graph for a failure on its side
// (learn.microsoft.com/graph/errors: generalException, serviceNotAvailable;
// that 502 and 504 are the former is ours).
func graphFailure(status int) (code, message string) {
	if status == http.StatusServiceUnavailable {
		return "serviceNotAvailable", "The service is not available. Try the request again after a delay."
	}
	return "generalException", "An unspecified error has occurred."
}

// defenderFailure is the same for both Defender APIs
// (learn.microsoft.com/defender-xdr/api-error-codes: InternalServerError; the
// codes of 502, 503 and 504 are ours).
func defenderFailure(status int) (code, message string) {
	switch status {
	case http.StatusBadGateway:
		return "BadGateway", "The service behind the gateway gave no valid answer."
	case http.StatusServiceUnavailable:
		return "ServiceUnavailable", "The service is temporarily unavailable."
	case http.StatusGatewayTimeout:
		return "GatewayTimeout", "The service behind the gateway did not answer in time."
	}
	return "InternalServerError", "Internal server error."
}

// throttleOwn answers 429 in the form of an API. Graph tells the wait in the
// header alone (learn.microsoft.com/graph/throttling); the pages of the
// Defender XDR API say that the body tells it, those of Defender for Endpoint
// name the header.
func (p *Plan) throttleOwn(w http.ResponseWriter, r *http.Request, a act) {
	wait := int(a.retryAfter / time.Second)
	switch p.service() {
	case ServiceGraph:
		p.graphError(w, r, http.StatusTooManyRequests, "TooManyRequests", "429", "Please retry again later.")
	case ServiceMDE:
		message := fmt.Sprintf("API calls quota exceeded! You can resume in %d seconds.", wait)
		if spec := a.entry.spec; spec.Requests > 0 { // as the limits themselves say it
			rule := limit.Rule{Calls: spec.Requests, Per: time.Duration(spec.Window)}
			message = limit.Refusal{Rule: rule, RetryAfter: a.retryAfter}.Quota()
		}
		p.defenderError(w, r, http.StatusTooManyRequests, "TooManyRequests", message)
	default:
		p.defenderError(w, r, http.StatusTooManyRequests, "TooManyRequests", fmt.Sprintf("Too many requests. Calls can resume in %d seconds.", wait))
	}
}

// graphError writes Graph's error body (learn.microsoft.com/graph/errors).
func (p *Plan) graphError(w http.ResponseWriter, r *http.Request, status int, code, inner, message string) {
	id := newID()
	client := cmp.Or(p.req.Correlation, id)
	type innerError struct {
		Code    string `json:"code,omitempty"`
		Date    string `json:"date"`
		ID      string `json:"request-id"`
		Client  string `json:"client-request-id"`
		Status  string `json:"status,omitempty"`
		Message string `json:"message,omitempty"`
	}
	type body struct {
		Code    string     `json:"code"`
		Message string     `json:"message"`
		Inner   innerError `json:"innerError"`
	}
	e := innerError{Code: inner, Date: p.set.Now().UTC().Format("2006-01-02T15:04:05"), ID: id, Client: client, Status: inner}
	if inner != "" {
		e.Message = "Please retry after"
	}
	w.Header().Set("request-id", id)
	w.Header().Set("client-request-id", client)
	p.apiError(w, r, status, code, struct {
		Error body `json:"error"`
	}{body{code, message, e}})
}

// defenderError writes the error body of both Defender APIs
// (learn.microsoft.com/defender-xdr/api-error-codes).
func (p *Plan) defenderError(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	type body struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Target  string `json:"target"`
	}
	p.apiError(w, r, status, code, struct {
		Error body `json:"error"`
	}{body{code, message, newID()}})
}

// newID is a random GUID, for what answers call themselves.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func (p *Plan) apiError(w http.ResponseWriter, r *http.Request, status int, code string, v any) {
	journal.Note(r.Context(), func(e *journal.Event) { e.Error = code })
	body, _ := json.Marshal(v) // texts: cannot fail
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	write(w, status, string(body))
}
