package xdrapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/limit"
	"github.com/tenantry/tenantry/sandbox/world"
)

// Codes of the page "Common REST API error codes".
const (
	codeUnauthorized     = "Unauthorized"
	codeForbidden        = "Forbidden"
	codeDisabledFeature  = "DisabledFeature"
	codeNotFound         = "NotFound"
	codeResourceNotFound = "ResourceNotFound"
	codeODataError       = "ODataError"
	codeInvalidInput     = "InvalidInput"
	codeInvalidBody      = "InvalidRequestBody"
)

// xdrCall is one request to the API on its way through a handler. Errors are
// of graphwire's type, which is more than Graph's: their codes are those of
// the page "Common REST API error codes" but where it has none.
type xdrCall struct {
	w      http.ResponseWriter
	r      *http.Request
	api    *API
	caller *graphwire.Caller
	keys   []string
}

// xdrHandler answers a call that is allowed.
type xdrHandler func(*xdrCall) (answer, *graphwire.Error)

func (a *API) serveXDR(w http.ResponseWriter, r *http.Request) {
	journal.Note(r.Context(), func(e *journal.Event) {
		if e.Service == "" { // the sandbox's router tells "mde" apart by the host
			e.Service = "xdr"
		}
	})
	c := &xdrCall{w: w, r: r, api: a}
	body, failure := c.answer()
	if failure != nil {
		c.fail(failure)
		return
	}
	journal.Note(r.Context(), func(e *journal.Event) { e.Decision = "allowed" })
	a.writeXDR(w, http.StatusOK, body)
}

// answer judges the token before the path, so that nobody without one learns
// which paths exist.
func (c *xdrCall) answer() (answer, *graphwire.Error) {
	r := c.r
	segments, ok := xdrSegments(r.URL.Path)
	var op *operation[xdrHandler]
	var allow []string
	if ok {
		op, c.keys, allow = find(xdrOperations, r.Method, segments)
	}
	if op != nil {
		journal.Note(r.Context(), func(e *journal.Event) { e.Operation = op.name })
	}
	if failure := c.authenticate(); failure != nil {
		return nil, failure
	}
	switch {
	case op == nil && allow != nil:
		// The shape is the page's; code and status are ours.
		return nil, &graphwire.Error{
			Status: http.StatusMethodNotAllowed, Code: "MethodNotAllowed", Allow: strings.Join(allow, ", "),
			Message: "The requested resource does not support http method '" + r.Method + "'.",
		}
	case op == nil:
		return nil, &graphwire.Error{Status: http.StatusNotFound, Code: codeNotFound, Message: "The requested resource '" + r.URL.Path + "' was not found."}
	}
	journal.Note(r.Context(), func(e *journal.Event) { e.Required = op.needs.permissions(c.caller.AppOnly) })
	if failure := c.authorize(op.needs); failure != nil {
		return nil, failure
	}
	if failure := c.api.take(r, limit.ServiceXDR, op.name, c.caller); failure != nil {
		return nil, failure
	}
	return op.handle(c)
}

func (c *xdrCall) authenticate() *graphwire.Error {
	caller, refused := graphwire.Identify(c.api.world, c.api.verifier, c.r)
	if caller == nil {
		return &graphwire.Error{Status: http.StatusUnauthorized, Code: codeUnauthorized, Message: "The authorization header is missing, invalid or expired.", Reason: refused}
	}
	journal.Note(c.r.Context(), func(e *journal.Event) {
		e.TenantID, e.AppID, e.Resource, e.Roles = caller.Tenant.ID, caller.AppID, caller.Audience, caller.Carried()
	})
	c.caller = caller
	return nil
}

// authorize judges audience, permissions and licence of a token that is
// genuine.
func (c *xdrCall) authorize(n need) *graphwire.Error {
	forbidden := func(message, reason string) *graphwire.Error {
		return &graphwire.Error{Status: http.StatusForbidden, Code: codeForbidden, Message: message, Reason: reason}
	}
	// A genuine token for another audience is refused with 403 and not 401:
	// the page "Partner access through Microsoft Defender for Endpoint APIs"
	// says so of a token for api.securitycenter.microsoft.com. That tokens for
	// Graph and others are answered alike is ours; the error page agrees,
	// which keeps 401 for a header that is invalid or expired.
	if !graphwire.AudienceFits(c.api.world, c.caller.Audience, world.AppDefenderXDR, c.r.Host) {
		return forbidden("The token's audience is not valid for this API.", "audience "+c.caller.Audience)
	}
	// Microsoft documents no answer of a tenant without Defender XDR, whose
	// token service would not issue a token in the first place. Ours: the
	// documented code for a feature that the tenant does not have.
	if !c.caller.Tenant.HasDefender() {
		return &graphwire.Error{Status: http.StatusForbidden, Code: codeDisabledFeature, Message: "Tenant feature is not enabled.", Reason: "the tenant has no licence for Defender XDR"}
	}
	if required := n.permissions(c.caller.AppOnly); !c.caller.Holds(required) {
		return forbidden("Missing application roles. API required roles: "+strings.Join(required, ", ")+", application roles: "+strings.Join(c.caller.Carried(), ", ")+".", "the token carries none of the required permissions")
	}
	if !c.caller.AppOnly && !n.mayDo(c.caller.User) {
		return forbidden("The user has no permission to "+n.verb+".", "the user holds no directory role that lets them "+n.verb)
	}
	return nil
}

func (c *xdrCall) context() string {
	scheme := "https://"
	if c.r.TLS == nil {
		scheme = "http://"
	}
	return scheme + c.r.Host + "/api/$metadata#Incidents"
}

// fail writes the error body of the page "Common REST API error codes": code,
// message and the tracking id as target. A 429 has Retry-After beside the time
// in its message: the pages of Defender for Endpoint tell of the one, those of
// Defender XDR of the other.
func (c *xdrCall) fail(e *graphwire.Error) {
	journal.Note(c.r.Context(), func(ev *journal.Event) {
		ev.Error = e.Code
		ev.Decision = e.Reason
		if e.Reason == "" {
			ev.Decision = e.Message
		}
	})
	h := c.w.Header()
	if e.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	}
	if e.Allow != "" {
		h.Set("Allow", e.Allow)
	}
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(e.RetryAfter))
	}
	type body struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Target  string `json:"target"`
	}
	b, err := encode(map[string]body{"error": {e.Code, e.Message, world.NewGUID()}})
	if err != nil { // no text fails
		http.Error(c.w, err.Error(), http.StatusInternalServerError)
		return
	}
	c.api.writeXDR(c.w, e.Status, answer{b})
}

func (a *API) writeXDR(w http.ResponseWriter, status int, body answer) {
	w.Header().Set("Content-Type", "application/json; odata.metadata=minimal")
	w.Header().Set("OData-Version", "4.0")
	a.write(w, status, body)
}
