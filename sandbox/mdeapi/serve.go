package mdeapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/limit"
	"github.com/tenantry/tenantry/sandbox/world"
)

// call is one request, once it is known what is asked and by whom.
type call struct {
	*graphwire.Caller
	r  *http.Request
	op operation
	id string // from the path
}

// apiError is an error of the API. code is one of the page "Common Microsoft
// Defender for Endpoint API errors" unless its place says otherwise.
type apiError struct {
	status        int
	code, message string
	reason        string // for the journal, when it knows more than the caller is told
	allow         []string
	limit         *limit.Refusal
}

func (a *API) serve(w http.ResponseWriter, r *http.Request) {
	status, body, failure := a.answer(r)
	if failure != nil {
		fail(w, r, failure)
		return
	}
	write(w, status, body)
}

// answer judges the token before the path, so that nobody without one learns
// which paths exist; then what the token opens, then the limits, then the rest.
func (a *API) answer(r *http.Request) (int, any, *apiError) {
	op, id, allow := find(operations(), r.Method, r.URL.Path)
	journal.Note(r.Context(), func(e *journal.Event) { e.Service, e.Operation = limit.ServiceMDE, op.name })
	caller, failure := a.authenticate(r, op)
	switch {
	case failure != nil:
		return 0, nil, failure
	case allow != nil:
		// The shape is the page's; code and status are ours.
		return 0, nil, &apiError{status: http.StatusMethodNotAllowed, code: "MethodNotAllowed", message: "The requested resource does not support http method '" + r.Method + "'.", allow: allow}
	case op.name == "":
		return 0, nil, &apiError{status: http.StatusNotFound, code: "NotFound", message: "The requested resource '" + r.URL.Path + "' was not found."}
	}
	c := &call{Caller: caller, r: r, op: op, id: id}
	if failure := a.authorize(c); failure != nil {
		return 0, nil, failure
	}
	// Calls that are not allowed are not counted; the page does not say.
	if refusal, refused := a.limits.Take(limit.ServiceMDE, op.name, c.Tenant.ID, c.AppID); refused {
		return 0, nil, &apiError{status: http.StatusTooManyRequests, code: "TooManyRequests", message: refusal.Quota(), reason: "the limit " + refusal.Rule.Name + " is exhausted", limit: &refusal}
	}
	journal.Note(r.Context(), func(e *journal.Event) { e.Decision = "allowed" })
	body, failure := op.answer(a, c)
	return op.status, body, failure
}

// context is the address of an answer's description, as the samples write it.
func (c *call) context(of string) string {
	scheme := "https://"
	if c.r.TLS == nil {
		scheme = "http://"
	}
	return scheme + c.r.Host + "/api/$metadata#" + of
}

func badRequest(code, message string) *apiError {
	return &apiError{status: http.StatusBadRequest, code: code, message: message}
}

func notFound(what, id string) *apiError {
	return &apiError{status: http.StatusNotFound, code: "ResourceNotFound", message: what + " " + id + " was not found"}
}

func odataError(err error) *apiError {
	return badRequest("ODataError", "The query specified in the URI is not valid. "+err.Error())
}

// fail writes the error body of the page: code, message and the tracking id as
// target.
func fail(w http.ResponseWriter, r *http.Request, e *apiError) {
	journal.Note(r.Context(), func(ev *journal.Event) {
		ev.Error, ev.Decision = e.code, e.reason
		if e.reason == "" {
			ev.Decision = e.message
		}
		if e.limit != nil {
			ev.Add("limit", e.limit.Detail())
		}
	})
	h := w.Header()
	switch e.status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	case http.StatusMethodNotAllowed:
		h.Set("Allow", strings.Join(e.allow, ", "))
	case http.StatusTooManyRequests:
		h.Set("Retry-After", strconv.Itoa(e.limit.Seconds()))
	}
	type body struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Target  string `json:"target"`
	}
	write(w, e.status, struct {
		Error body `json:"error"`
	}{body{e.code, e.message, world.NewGUID()}})
}

// write sends v as JSON; nil sends no body.
func write(w http.ResponseWriter, status int, v any) {
	if v == nil {
		w.WriteHeader(status)
		return
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; odata.metadata=minimal")
	h.Set("OData-Version", "4.0")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}
