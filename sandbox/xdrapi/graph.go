package xdrapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/limit"
)

// graphCall is one request to Graph on its way through a handler.
type graphCall struct {
	*graphwire.Exchange
	api     *API
	caller  *graphwire.Caller
	version string   // "v1.0" or "beta"
	keys    []string // the path's keys, in order
	tell    teller
}

// graphHandler answers a call that is allowed.
type graphHandler func(*graphCall) (answer, *graphwire.Error)

func (a *API) serveGraph(w http.ResponseWriter, r *http.Request) {
	c := &graphCall{Exchange: graphwire.Begin(w, r, a.now()), api: a}
	journal.Note(r.Context(), func(e *journal.Event) { e.Service = "graph" })
	body, failure := c.answer()
	if failure != nil {
		c.Fail(failure)
		return
	}
	journal.Note(r.Context(), func(e *journal.Event) { e.Decision = "allowed" })
	w.Header().Set("Content-Type", graphwire.ContentType)
	a.write(w, http.StatusOK, body)
}

// answer looks the path up first, for the journal's sake, and answers for it
// only once the token is good.
func (c *graphCall) answer() (answer, *graphwire.Error) {
	r := c.R
	version, segments, ok := graphSegments(r.URL.Path)
	if !ok {
		return nil, graphwire.NoSegment(r.URL.Path)
	}
	op, keys, allow := find(graphOperations, r.Method, segments)
	c.version, c.keys = version, keys
	if op != nil {
		journal.Note(r.Context(), func(e *journal.Event) { e.Operation, e.Required = op.name, op.needs.roles })
	}
	caller, failure := graphwire.Authenticate(c.api.world, c.api.verifier, r)
	if failure != nil {
		return nil, failure
	}
	c.caller = caller
	journal.Note(r.Context(), func(e *journal.Event) {
		e.TenantID, e.AppID, e.Resource, e.Roles = caller.Tenant.ID, caller.AppID, caller.Audience, caller.Carried()
	})
	switch {
	case op == nil && allow != nil:
		return nil, graphwire.NoMethod(allow...)
	case op == nil:
		return nil, graphwire.NoSegment(strange(segments))
	}
	if failure := authorizeGraph(caller, op.needs); failure != nil {
		return nil, failure
	}
	if failure := c.api.take(r, limit.ServiceGraph, op.name, caller); failure != nil {
		return nil, failure
	}
	c.tell = teller{portal: portalOf(caller.Tenant.Cloud), tenantID: caller.Tenant.ID, unknownMembers: prefersUnknown(c.Exchange)}
	return op.handle(c)
}

// strange is the segment that no operation has at its place.
func strange(segments []string) string {
	if len(segments) == 0 {
		return "security"
	}
	for _, op := range graphOperations {
		if first, _, _ := strings.Cut(op.pattern, "/"); strings.EqualFold(first, segments[0]) {
			return segments[len(segments)-1]
		}
	}
	return segments[0]
}

func authorizeGraph(c *graphwire.Caller, n need) *graphwire.Error {
	forbidden := func(message, reason string) *graphwire.Error {
		return &graphwire.Error{Status: http.StatusForbidden, Code: graphwire.CodeForbidden, Message: message, Reason: reason}
	}
	if required := n.permissions(c.AppOnly); !c.Holds(required) {
		kind := "application roles"
		if !c.AppOnly {
			kind = "scopes"
		}
		return forbidden("Missing "+kind+". API required "+kind+": "+strings.Join(required, ", ")+", "+kind+": "+strings.Join(c.Carried(), ", ")+".", "the token carries none of the required permissions")
	}
	if c.User != nil && !n.mayDo(c.User) {
		return forbidden("The user has no permission to "+n.verb+".", "the user holds no directory role that lets them "+n.verb)
	}
	// Undocumented for a tenant without Defender XDR; ours.
	if !c.Tenant.HasDefender() {
		return forbidden("Tenant feature is not enabled.", "the tenant has no licence for Defender XDR")
	}
	return nil
}

// take counts a call that is allowed against the limits. Calls that are
// refused for their token, path or permissions are not counted; ours.
func (a *API) take(r *http.Request, service, operation string, c *graphwire.Caller) *graphwire.Error {
	refusal, refused := a.limits.Take(service, operation, c.Tenant.ID, c.AppID)
	if !refused {
		return nil
	}
	journal.Note(r.Context(), func(e *journal.Event) {
		e.Add("limit", refusal.Detail())
	})
	failure := graphwire.Throttled(refusal.Seconds())
	failure.Reason = "the limit " + refusal.Rule.Name + " is used up"
	if service == limit.ServiceXDR {
		// "The response body indicates the time when you can begin making new
		// calls" ("Update incidents"); the wording is that of other quotas of
		// Defender, see limit.Refusal.Quota.
		failure.Message = refusal.Quota() + " New calls can be made at " + refusal.Resume().Format("2006-01-02T15:04:05Z") + "."
	}
	return failure
}

// prefersUnknown reads Prefer: include-unknown-enum-members and says in the
// answer that it was followed.
func prefersUnknown(x *graphwire.Exchange) bool {
	const preference = "include-unknown-enum-members"
	for _, line := range x.R.Header.Values("Prefer") {
		for p := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(p), preference) {
				x.W.Header().Set("Preference-Applied", preference)
				return true
			}
		}
	}
	return false
}

// context is the @odata.context of an answer.
func (c *graphCall) context(of string) string {
	return c.Origin() + "/" + c.version + "/$metadata#security/" + of
}

// page is an answer with the items of a window.
func (c *graphCall) page(collectionName string, s selection, w window, items [][]byte, found int, more bool) answer {
	var count, next []byte
	if w.count {
		count = strconv.AppendInt(nil, int64(found), 10)
	}
	if more {
		next = quoted(c.NextLink(map[string]string{"$skip": strconv.Itoa(w.skip + w.top)}))
	}
	return collection(items,
		[]byte(`"@odata.context"`), quoted(c.context(collectionName+s.String())),
		[]byte(`"@odata.count"`), count,
		[]byte(`"@odata.nextLink"`), next)
}

// notFound is ours but for status and code, which the page of Graph's errors
// gives to an object that does not exist.
func notFound(what, id string) *graphwire.Error {
	return &graphwire.Error{Status: http.StatusNotFound, Code: "NotFound", Message: what + " '" + id + "' was not found."}
}

// broken is the answer when something of a recording cannot be told.
func broken(err error) *graphwire.Error {
	return &graphwire.Error{Status: http.StatusInternalServerError, Code: "InternalServerError", Message: "The answer could not be written.", Reason: err.Error()}
}
