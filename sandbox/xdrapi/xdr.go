package xdrapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/odata"
	"github.com/tenantry/tenantry/sandbox/token"
	"github.com/tenantry/tenantry/sandbox/world"
)

// xdrPageMax is the largest page, and the size of one that was not asked for
// otherwise ("List incidents": maximum page size is 100 incidents).
const xdrPageMax = 100

// What opens the queue ("List incidents", section Permissions).
var (
	xdrReadRoles  = [...]string{"Incident.Read.All", "Incident.ReadWrite.All"}
	xdrReadScopes = [...]string{"Incident.Read", "Incident.ReadWrite"}
)

// xdrError is an error of the API. code is one of the page "Common REST API
// error codes", but for the 405, of which it says nothing.
type xdrError struct {
	status        int
	code, message string
	reason        string // for the journal, when it knows more than the caller is told
}

func (a *API) serveXDR(w http.ResponseWriter, r *http.Request) {
	journal.Note(r.Context(), func(e *journal.Event) {
		if e.Service == "" { // the sandbox's router tells "mde" apart by the host
			e.Service = "xdr"
		}
	})
	status, body, failure := a.answerXDR(r)
	if failure != nil {
		failXDR(w, r, failure)
		return
	}
	writeXDR(w, status, body)
}

// answerXDR judges the token before the path, so that nobody without one
// learns which paths exist.
func (a *API) answerXDR(r *http.Request) (int, any, *xdrError) {
	path := strings.Trim(r.URL.Path, "/")
	segments := strings.Split(path, "/")
	if len(segments) > 1 && segments[1] == "v1.0" {
		segments = slices.Delete(segments, 1, 2)
	}
	known := len(segments) >= 2 && len(segments) <= 3 && segments[0] == "api" && segments[1] == "incidents"
	operation := ""
	switch {
	case known && len(segments) == 2:
		operation = "incidents.list"
	case known:
		operation = "incidents.get"
	}
	journal.Note(r.Context(), func(e *journal.Event) { e.Operation = operation })
	tenant, failure := a.authenticateXDR(r)
	if failure != nil {
		return 0, nil, failure
	}
	if !known {
		return 0, nil, &xdrError{status: http.StatusNotFound, code: "NotFound", message: "The requested resource '" + r.URL.Path + "' was not found."}
	}
	if r.Method != http.MethodGet {
		// The shape is the page's; code and status are ours.
		return 0, nil, &xdrError{status: http.StatusMethodNotAllowed, code: "MethodNotAllowed", message: "The requested resource does not support http method '" + r.Method + "'."}
	}
	if failure := a.authorizeXDR(r, tenant); failure != nil {
		return 0, nil, failure
	}
	journal.Note(r.Context(), func(e *journal.Event) { e.Decision = "allowed" })
	if operation == "incidents.get" {
		return a.getXDR(r, tenant.Tenant, segments[2])
	}
	return a.listXDR(r, tenant.Tenant)
}

func (a *API) authenticateXDR(r *http.Request) (*graphwire.Caller, *xdrError) {
	unauthorized := func(reason string) *xdrError {
		return &xdrError{status: http.StatusUnauthorized, code: "Unauthorized", message: "The authorization header is missing, invalid or expired.", reason: reason}
	}
	raw, ok := graphwire.Bearer(r)
	if !ok {
		return nil, unauthorized("no bearer token")
	}
	claims, err := a.verifier.Verify(raw)
	switch {
	case errors.Is(err, token.ErrExpired):
		return nil, unauthorized("the token has expired")
	case err != nil:
		return nil, unauthorized("the token is not valid: " + err.Error())
	}
	c := &graphwire.Caller{Claims: claims}
	if c.Tenant, ok = a.world.Tenant(claims.TenantID); !ok {
		return nil, unauthorized("the token's tenant does not exist")
	}
	if i := slices.IndexFunc(c.Tenant.Users, func(u *world.User) bool { return !claims.AppOnly && strings.EqualFold(u.ID, claims.ObjectID) }); i >= 0 {
		c.User = c.Tenant.Users[i]
	}
	journal.Note(r.Context(), func(e *journal.Event) {
		e.TenantID, e.AppID, e.Resource, e.Roles = c.Tenant.ID, c.AppID, c.Audience, c.Carried()
		e.Required = xdrReadScopes[:]
		if c.AppOnly {
			e.Required = xdrReadRoles[:]
		}
	})
	return c, nil
}

// authorizeXDR judges audience, role and licence of a token that is genuine.
func (a *API) authorizeXDR(r *http.Request, c *graphwire.Caller) *xdrError {
	forbidden := func(message, reason string) *xdrError {
		return &xdrError{status: http.StatusForbidden, code: "Forbidden", message: message, reason: reason}
	}
	// A genuine token for another audience is refused with 403 and not 401:
	// the page "Partner access through Microsoft Defender for Endpoint APIs"
	// says so of a token for api.securitycenter.microsoft.com. That tokens for
	// Graph and others are answered alike is ours; the error page agrees,
	// which keeps 401 for a header that is invalid or expired.
	if !graphwire.AudienceFits(a.world, c.Audience, world.AppDefenderXDR, r.Host) {
		return forbidden("The token's audience is not valid for this API.", "audience "+c.Audience)
	}
	// Microsoft documents no answer of a tenant without Defender XDR, whose
	// token service would not issue a token in the first place. Ours: the
	// documented code for a feature that the tenant does not have.
	if !c.Tenant.HasDefender() {
		return &xdrError{status: http.StatusForbidden, code: "DisabledFeature", message: "Tenant feature is not enabled.", reason: "the tenant has no licence for Defender XDR"}
	}
	required := xdrReadRoles[:]
	if !c.AppOnly {
		required = xdrReadScopes[:]
	}
	if !c.Holds(required) {
		return forbidden("Missing application roles. API required roles: "+strings.Join(required, ", ")+", application roles: "+strings.Join(c.Carried(), ", ")+".", "the token carries none of the required permissions")
	}
	if !c.AppOnly && (c.User == nil || !mayReadQueue(c.User)) {
		return forbidden("The user has no permission to view incidents.", "the user holds no directory role that opens incidents")
	}
	return nil
}

// xdrFilter lists the properties the page allows in $filter.
func xdrFilter() odata.Schema {
	return odata.Schema{TypeName: "Microsoft.Defender.Incident", Properties: map[string]odata.Property{
		"lastUpdateTime": {Type: odata.DateTime},
		"createdTime":    {Type: odata.DateTime},
		"status":         {Type: odata.Enum, Members: []string{"Active", "InProgress", "Resolved", "Redirected"}},
		"assignedTo":     {Type: odata.String},
	}}
}

func (a *API) listXDR(r *http.Request, t *world.Tenant) (int, any, *xdrError) {
	// $count, $orderby, $select and $expand are on no page of this API; that
	// they are refused, and not passed over in silence, is ours.
	opts, err := odata.Rules{Allowed: []string{"$filter", "$top", "$skip"}, MaxTop: xdrPageMax}.Parse(r.URL.RawQuery)
	if err != nil {
		return 0, nil, odataError(err)
	}
	keep, err := xdrFilter().Filter(opts.Filter)
	if err != nil {
		return 0, nil, odataError(err)
	}
	found := filterIncidents(newestFirst(a.world.Incidents(t.ID)), func(in *world.Incident) bool {
		return keep(func(name string) any {
			switch name {
			case "lastUpdateTime":
				return clip(in.LastUpdate)
			case "createdTime":
				return clip(in.Created)
			case "status":
				return pascal(in.Status)
			case "assignedTo":
				if in.AssignedTo != "" {
					return in.AssignedTo
				}
			}
			return nil
		})
	})
	top := opts.Top
	if top < 0 {
		top = xdrPageMax
	}
	cut, _ := page(found, max(0, opts.Skip), top)
	value := make([]any, 0, len(cut))
	for _, in := range cut {
		value = append(value, withExtra(toXDR(in), in.Extra, in.ExtraSurface, world.SurfaceXDR))
	}
	return http.StatusOK, struct {
		Context string `json:"@odata.context"`
		Value   []any  `json:"value"`
	}{xdrContext(r), value}, nil
}

func (a *API) getXDR(r *http.Request, t *world.Tenant, rawID string) (int, any, *xdrError) {
	id, err := strconv.ParseInt(rawID, 10, 64)
	if err != nil || id <= 0 {
		return 0, nil, &xdrError{status: http.StatusBadRequest, code: "InvalidInput", message: "The incident id '" + rawID + "' is not a positive number."}
	}
	in, ok := a.world.Incident(t.ID, id)
	if !ok {
		return 0, nil, &xdrError{status: http.StatusNotFound, code: "ResourceNotFound", message: fmt.Sprintf("Incident %d was not found.", id)}
	}
	return http.StatusOK, graphwire.Entity(xdrContext(r)+"/$entity", withExtra(toXDR(in), in.Extra, in.ExtraSurface, world.SurfaceXDR)), nil
}

func xdrContext(r *http.Request) string {
	scheme := "https://"
	if r.TLS == nil {
		scheme = "http://"
	}
	return scheme + r.Host + "/api/$metadata#Incidents"
}

func odataError(err error) *xdrError {
	return &xdrError{status: http.StatusBadRequest, code: "ODataError", message: "The query specified in the URI is not valid. " + err.Error()}
}

// failXDR writes the error body of the page "Common REST API error codes":
// code, message and the tracking id as target.
func failXDR(w http.ResponseWriter, r *http.Request, e *xdrError) {
	journal.Note(r.Context(), func(ev *journal.Event) {
		ev.Error = e.code
		ev.Decision = e.reason
		if e.reason == "" {
			ev.Decision = e.message
		}
	})
	switch e.status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodGet)
	}
	type body struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Target  string `json:"target"`
	}
	writeXDR(w, e.status, struct {
		Error body `json:"error"`
	}{body{e.code, e.message, world.NewGUID()}})
}

func writeXDR(w http.ResponseWriter, status int, v any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; odata.metadata=minimal")
	w.Header().Set("OData-Version", "4.0")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}
