package xdrapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/sandbox/world"
)

// operation is one call that a surface answers; H is the surface's kind of
// handler.
type operation[H any] struct {
	method  string
	pattern string // segments under the surface's root; "*" stands for a key
	name    string // as the journal, the limits and the faults call it
	needs   need
	handle  H
}

// need is what a caller must hold for an operation: any one of the roles for
// an application's token, any one of the scopes and any one of the directory
// roles for a user's.
type need struct {
	roles, scopes []string
	directory     []string
	verb          string // what the user is refused, for messages: "view incidents"
}

func (n need) permissions(appOnly bool) []string {
	if appOnly {
		return n.roles
	}
	return n.scopes
}

// mayDo says whether a signed-in user holds one of the directory roles.
func (n need) mayDo(u *world.User) bool { return u != nil && u.HasRole(n.directory...) }

// The directory roles that open the queue to a signed-in user, on either
// surface ("Microsoft Defender XDR access with Microsoft Entra global roles",
// learn.microsoft.com/defender-xdr/m365d-permissions), and those that may
// change it ("Update incident", "Create comment for incident", "Update alert"
// of Graph name the two Security roles as the least that do).
var (
	readers = []string{"Global Administrator", "Security Administrator", "Security Operator", "Security Reader", "Global Reader"}
	writers = []string{"Global Administrator", "Security Administrator", "Security Operator"}
)

// What each operation needs: the section Permissions of its page.
var (
	graphIncidentRead = need{
		roles: []string{"SecurityIncident.Read.All", "SecurityIncident.ReadWrite.All"}, scopes: []string{"SecurityIncident.Read.All", "SecurityIncident.ReadWrite.All"},
		directory: readers, verb: "view incidents",
	}
	graphIncidentWrite = need{
		roles: []string{"SecurityIncident.ReadWrite.All"}, scopes: []string{"SecurityIncident.ReadWrite.All"},
		directory: writers, verb: "change incidents",
	}
	graphAlertRead = need{
		roles: []string{"SecurityAlert.Read.All", "SecurityAlert.ReadWrite.All"}, scopes: []string{"SecurityAlert.Read.All", "SecurityAlert.ReadWrite.All"},
		directory: readers, verb: "view alerts",
	}
	graphAlertWrite = need{
		roles: []string{"SecurityAlert.ReadWrite.All"}, scopes: []string{"SecurityAlert.ReadWrite.All"},
		directory: writers, verb: "change alerts",
	}
	xdrRead = need{
		roles: []string{"Incident.Read.All", "Incident.ReadWrite.All"}, scopes: []string{"Incident.Read", "Incident.ReadWrite"},
		directory: readers, verb: "view incidents",
	}
	xdrWrite = need{
		roles: []string{"Incident.ReadWrite.All"}, scopes: []string{"Incident.ReadWrite"},
		directory: writers, verb: "change incidents",
	}
)

// graphOperations are the calls under /{version}/security. What is not here
// does not exist.
var graphOperations = []operation[graphHandler]{
	{http.MethodGet, "incidents", "incidents.list", graphIncidentRead, (*graphCall).listIncidents},
	{http.MethodGet, "incidents/*", "incidents.get", graphIncidentRead, (*graphCall).getIncident},
	{http.MethodPatch, "incidents/*", "incidents.update", graphIncidentWrite, (*graphCall).updateIncident},
	{http.MethodPost, "incidents/*/comments", "incidents.comment", graphIncidentWrite, (*graphCall).commentIncident},
	{http.MethodGet, "alerts_v2", "alerts.list", graphAlertRead, (*graphCall).listAlerts},
	{http.MethodGet, "alerts_v2/*", "alerts.get", graphAlertRead, (*graphCall).getAlert},
	{http.MethodPatch, "alerts_v2/*", "alerts.update", graphAlertWrite, (*graphCall).updateAlert},
	{http.MethodPost, "alerts_v2/*/comments", "alerts.comment", graphAlertWrite, (*graphCall).commentAlert},
}

// xdrOperations are the calls under /api and /api/v1.0.
var xdrOperations = []operation[xdrHandler]{
	{http.MethodGet, "incidents", "incidents.list", xdrRead, (*xdrCall).listIncidents},
	{http.MethodGet, "incidents/*", "incidents.get", xdrRead, (*xdrCall).getIncident},
	{http.MethodPatch, "incidents/*", "incidents.update", xdrWrite, (*xdrCall).updateIncident},
}

// Operation names the call that a method and a path ask for on either
// surface, such as "incidents.update" for PATCH /api/incidents/7; empty for
// what neither answers. Names are those of the journal and of sandbox/limit.
func Operation(method, path string) string {
	if segments, ok := xdrSegments(path); ok {
		if op, _, _ := find(xdrOperations, method, segments); op != nil {
			return op.name
		}
		return ""
	}
	if _, segments, ok := graphSegments(path); ok {
		if op, _, _ := find(graphOperations, method, segments); op != nil {
			return op.name
		}
	}
	return ""
}

// GraphOperations are the names of what the surface of Graph answers, as
// [Operation] tells them.
func GraphOperations() []string { return namesOf(graphOperations) }

// XDROperations are the names of what the Defender XDR API answers.
func XDROperations() []string { return namesOf(xdrOperations) }

func namesOf[H any](all []operation[H]) []string {
	var names []string
	for _, o := range all {
		names = append(names, o.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// find returns the operation of a method and path with the path's keys. When
// the path is known but not for this method, allow lists the methods it is
// known for; a nil allow means that no such path exists.
func find[H any](all []operation[H], method string, segments []string) (op *operation[H], keys, allow []string) {
	for i := range all {
		k, ok := match(all[i].pattern, segments)
		if !ok {
			continue
		}
		if all[i].method == method {
			return &all[i], k, nil
		}
		allow = append(allow, all[i].method)
	}
	slices.Sort(allow)
	return nil, nil, allow
}

// match compares names without case: Graph's own page "List alerts_v2" shows
// alerts_V2. That the other surface does so too is ours.
func match(pattern string, segments []string) (keys []string, ok bool) {
	i := 0
	for want := range strings.SplitSeq(pattern, "/") {
		if i >= len(segments) {
			return nil, false
		}
		switch {
		case want == "*" && strings.HasPrefix(segments[i], "$"):
			return nil, false // a word of OData, such as $count, is no key
		case want == "*":
			keys = append(keys, segments[i])
		case !strings.EqualFold(want, segments[i]):
			return nil, false
		}
		i++
	}
	return keys, i == len(segments)
}

// xdrSegments are the segments after /api and an optional version.
func xdrSegments(path string) ([]string, bool) {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	if !strings.EqualFold(segments[0], "api") {
		return nil, false
	}
	segments = segments[1:]
	if len(segments) > 0 && strings.EqualFold(segments[0], "v1.0") {
		segments = segments[1:]
	}
	return segments, true
}

// graphSegments are the version and the segments after /{version}/security. A
// key in parentheses becomes a segment of its own: incidents('7') reads as
// incidents/7.
func graphSegments(path string) (version string, segments []string, ok bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) < 2 || !strings.EqualFold(parts[1], "security") {
		return "", nil, false
	}
	for _, p := range parts[2:] {
		name, key, found := strings.Cut(p, "(")
		segments = append(segments, name)
		if found {
			segments = append(segments, strings.Trim(strings.TrimSuffix(key, ")"), "'"))
		}
	}
	return parts[0], segments, true
}
