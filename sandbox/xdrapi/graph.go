package xdrapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/odata"
	"github.com/tenantry/tenantry/sandbox/world"
)

// graphPageMax is the largest page of incidents and the size of one that was
// not asked for otherwise. No page of the documentation names it; collectors
// that asked for more than 50 were refused (wazuh/wazuh issue 27579).
const graphPageMax = 50

// graphRead opens the incidents, as application role and as scope.
var graphRead = [...]string{"SecurityIncident.Read.All", "SecurityIncident.ReadWrite.All"}

func (a *API) serveGraph(w http.ResponseWriter, r *http.Request) {
	journal.Note(r.Context(), func(e *journal.Event) { e.Service = "graph" })
	x := graphwire.Begin(w, r, a.now())
	body, failure := a.answerGraph(x)
	if failure != nil {
		x.Fail(failure)
		return
	}
	x.JSON(http.StatusOK, body)
}

func (a *API) answerGraph(x *graphwire.Exchange) (any, *graphwire.Error) {
	r := x.R
	path, unknown := parseGraphPath(r.URL.Path)
	journal.Note(r.Context(), func(e *journal.Event) { e.Operation, e.Required = path.operation, graphRead[:] })
	c, failure := graphwire.Authenticate(a.world, a.verifier, r)
	if failure != nil {
		return nil, failure
	}
	journal.Note(r.Context(), func(e *journal.Event) {
		e.TenantID, e.AppID, e.Resource, e.Roles = c.Tenant.ID, c.AppID, c.Audience, c.Carried()
	})
	if unknown != nil {
		return nil, unknown
	}
	if r.Method != http.MethodGet {
		return nil, graphwire.NoMethod(http.MethodGet)
	}
	if failure := authorizeGraph(c); failure != nil {
		return nil, failure
	}
	journal.Note(r.Context(), func(e *journal.Event) { e.Decision = "allowed" })
	t := teller{portal: portalOf(c.Tenant.Cloud), tenantID: c.Tenant.ID, unknownMembers: prefersUnknown(x)}
	context := x.Origin() + "/" + path.version + "/$metadata#security/incidents"
	if path.operation == "incidents.get" {
		return a.getGraph(x, t, context, path.id)
	}
	return a.listGraph(x, t, context)
}

type graphPath struct {
	version, operation, id string
}

// parseGraphPath reads /{version}/security/incidents, with /{id} or ('{id}').
func parseGraphPath(path string) (graphPath, *graphwire.Error) {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	if len(segments) < 3 || segments[1] != "security" {
		return graphPath{}, graphwire.NoSegment(segments[len(segments)-1])
	}
	collection, key, inParentheses := strings.Cut(segments[2], "(")
	rest := segments[3:]
	out := graphPath{version: segments[0], operation: "incidents.list"}
	switch {
	case inParentheses:
		out.operation, out.id = "incidents.get", strings.Trim(strings.TrimSuffix(key, ")"), "'")
	case len(rest) > 0:
		out.operation, out.id, rest = "incidents.get", rest[0], rest[1:]
	}
	if collection != "incidents" {
		return graphPath{}, graphwire.NoSegment(collection)
	}
	if len(rest) > 0 {
		return graphPath{}, graphwire.NoSegment(rest[0])
	}
	return out, nil
}

func authorizeGraph(c *graphwire.Caller) *graphwire.Error {
	forbidden := func(message, reason string) *graphwire.Error {
		return &graphwire.Error{Status: http.StatusForbidden, Code: graphwire.CodeForbidden, Message: message, Reason: reason}
	}
	if !c.Holds(graphRead[:]) {
		kind := "application roles"
		if !c.AppOnly {
			kind = "scopes"
		}
		return forbidden("Missing "+kind+". API required "+kind+": "+strings.Join(graphRead[:], ", ")+", "+kind+": "+strings.Join(c.Carried(), ", ")+".", "the token carries none of the required permissions")
	}
	if c.User != nil && !mayReadQueue(c.User) {
		return forbidden("The user has no permission to view incidents.", "the user holds no directory role that opens incidents")
	}
	// Undocumented for a tenant without Defender XDR; ours.
	if !c.Tenant.HasDefender() {
		return forbidden("Tenant feature is not enabled.", "the tenant has no licence for Defender XDR")
	}
	return nil
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

// graphFilter lists the properties that the page "List incidents" of Graph
// allows in $filter.
func graphFilter() odata.Schema {
	enum := func(name string, members []string) odata.Property {
		return odata.Property{Type: odata.Enum, Members: members, EnumName: "microsoft.graph.security." + name}
	}
	return odata.Schema{TypeName: "microsoft.graph.security.incident", Properties: map[string]odata.Property{
		"assignedTo":         {Type: odata.String},
		"classification":     enum("alertClassification", classifications()),
		"createdDateTime":    {Type: odata.DateTime},
		"determination":      enum("alertDetermination", determinations()),
		"lastUpdateDateTime": {Type: odata.DateTime},
		"severity":           enum("alertSeverity", severities()),
		"status":             enum("incidentStatus", incidentStatuses()),
	}}
}

func graphValue(in *world.Incident, name string) any {
	orUnknown := func(s string) string {
		if s == "" {
			return "unknown"
		}
		return s
	}
	switch name {
	case "assignedTo":
		if in.AssignedTo != "" {
			return in.AssignedTo
		}
	case "classification":
		return orUnknown(in.Classification)
	case "createdDateTime":
		return clip(in.Created)
	case "determination":
		return orUnknown(in.Determination)
	case "lastUpdateDateTime":
		return clip(in.LastUpdate)
	case "severity":
		return orUnknown(in.Severity)
	case "status":
		return in.Status
	}
	return nil
}

func (a *API) listGraph(x *graphwire.Exchange, t teller, context string) (any, *graphwire.Error) {
	rules := odata.Rules{
		Allowed: []string{"$filter", "$top", "$skip", "$count", "$orderby", "$select", "$expand"},
		MaxTop:  graphPageMax, BareNames: true,
	}
	opts, err := rules.Parse(x.R.URL.RawQuery)
	if err != nil {
		return nil, graphwire.Query(err)
	}
	keep, err := graphFilter().Filter(opts.Filter)
	if err != nil {
		return nil, graphwire.Query(err)
	}
	expand, failure := expandsAlerts(opts)
	if failure != nil {
		return nil, failure
	}
	if failure := checkSelect(opts.Select); failure != nil {
		return nil, failure
	}
	ordered, failure := orderGraph(a.world.Incidents(t.tenantID), opts.OrderBy)
	if failure != nil {
		return nil, failure
	}
	found := filterIncidents(ordered, func(in *world.Incident) bool {
		return keep(func(name string) any { return graphValue(in, name) })
	})
	top := opts.Top
	if top < 0 {
		top = graphPageMax
	}
	skip := max(0, opts.Skip)
	cut, more := page(found, skip, top)
	value := make([]any, 0, len(cut))
	for _, in := range cut {
		value = append(value, project(withExtra(t.incident(in, expand), in.Extra, in.ExtraSurface, world.SurfaceGraph), opts.Select, expand))
	}
	out := struct {
		Context  string `json:"@odata.context"`
		Count    *int   `json:"@odata.count,omitempty"`
		NextLink string `json:"@odata.nextLink,omitempty"`
		Value    []any  `json:"value"`
	}{Context: context + projection(opts.Select, expand), Value: value}
	if opts.Count {
		n := len(found)
		out.Count = &n
	}
	if more && top > 0 {
		out.NextLink = x.NextLink(map[string]string{"$skip": strconv.Itoa(skip + top)})
	}
	return out, nil
}

// orderGraph sorts by what Graph can order incidents by; the default is the
// last update, newest first. Ties are broken by id, newest first.
func orderGraph(list []*world.Incident, by []odata.Order) ([]*world.Incident, *graphwire.Error) {
	out := newestFirst(list)
	if len(by) == 0 {
		return out, nil
	}
	for _, o := range by {
		if o.Property != "createdDateTime" && o.Property != "lastUpdateDateTime" {
			return nil, &graphwire.Error{Status: http.StatusBadRequest, Code: graphwire.CodeODataBad, Message: "The property '" + o.Property + "' cannot be used in the $orderby query option."}
		}
	}
	slices.SortStableFunc(out, func(a, b *world.Incident) int {
		for _, o := range by {
			at, bt := clip(a.LastUpdate), clip(b.LastUpdate)
			if o.Property == "createdDateTime" {
				at, bt = clip(a.Created), clip(b.Created)
			}
			c := at.Compare(bt)
			if o.Descending {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
	return out, nil
}

func (a *API) getGraph(x *graphwire.Exchange, t teller, context, rawID string) (any, *graphwire.Error) {
	opts, err := odata.Rules{Allowed: []string{"$select", "$expand"}, BareNames: true}.Parse(x.R.URL.RawQuery)
	if err != nil {
		return nil, graphwire.Query(err)
	}
	expand, failure := expandsAlerts(opts)
	if failure != nil {
		return nil, failure
	}
	if failure := checkSelect(opts.Select); failure != nil {
		return nil, failure
	}
	id, err := strconv.ParseInt(rawID, 10, 64)
	in, ok := a.world.Incident(t.tenantID, id)
	if err != nil || !ok {
		return nil, &graphwire.Error{Status: http.StatusNotFound, Code: "NotFound", Message: fmt.Sprintf("Incident '%s' was not found.", rawID)}
	}
	fields := project(withExtra(t.incident(in, expand), in.Extra, in.ExtraSurface, world.SurfaceGraph), opts.Select, expand)
	return graphwire.Entity(context+projection(opts.Select, expand)+"/$entity", fields), nil
}

func expandsAlerts(o odata.Options) (bool, *graphwire.Error) {
	for _, name := range o.Expand {
		if name != "alerts" {
			return false, &graphwire.Error{Status: http.StatusBadRequest, Code: graphwire.CodeODataBad, Message: "Parsing OData Select and Expand failed: Could not find a property named '" + name + "' on type 'microsoft.graph.security.incident'."}
		}
	}
	return len(o.Expand) > 0, nil
}

// incidentProperties are the names $select may use, read off the wire type so
// that they cannot differ from what is told.
func incidentProperties() []string {
	var names []string
	t := reflect.TypeFor[graphIncident]()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if !strings.HasPrefix(name, "@") && name != "alerts" {
			names = append(names, name)
		}
	}
	return names
}

func checkSelect(names []string) *graphwire.Error {
	known := incidentProperties()
	for _, name := range names {
		if name != "*" && !slices.Contains(known, name) {
			return &graphwire.Error{Status: http.StatusBadRequest, Code: graphwire.CodeODataBad, Message: "Parsing OData Select and Expand failed: Could not find a property named '" + name + "' on type 'microsoft.graph.security.incident'."}
		}
	}
	return nil
}

// project keeps the selected properties, and expanded ones always.
func project(in any, names []string, expand bool) any {
	if len(names) == 0 || slices.Contains(names, "*") {
		return in
	}
	raw, err := json.Marshal(in)
	if err != nil {
		return in
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return in
	}
	maps.DeleteFunc(all, func(name string, _ json.RawMessage) bool {
		return !slices.Contains(names, name) && (!expand || name != "alerts")
	})
	return all
}

// projection is the part of the context URL that names what was selected and
// expanded.
func projection(names []string, expand bool) string {
	parts := slices.Clone(names)
	if expand {
		parts = append(parts, "alerts()")
	}
	if len(parts) == 0 {
		return ""
	}
	return "(" + strings.Join(parts, ",") + ")"
}
