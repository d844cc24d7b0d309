package mdeapi

import (
	"net/http"
	"slices"
	"strings"
)

// operation is one documented call.
type operation struct {
	name   string // as the journal and the limits have it
	method string
	path   string // below /api, in small letters; "*" stands for an id
	// roles and scopes: any one of them opens the call, to an application and to
	// a signed-in user.
	roles, scopes []string
	writes        bool // whether it acts on machines or changes indicators
	status        int  // of success
	answer        func(*API, *call) (any, *apiError)
}

// operations are the calls of the pages. Reading one machine, and reading
// actions, take Machine.Read.All too: the newest versions of their pages list
// Machine.ReadWrite.All alone, the versions before (2025-03 and 2024-04) list
// both, and nothing announces the change. Deleting an indicator takes
// Ti.ReadWrite in the version of 2020-12 and not in that of 2025-12; here it
// deletes what the application itself made, as the list shows it.
func operations() []operation {
	read := []string{"Machine.Read.All", "Machine.ReadWrite.All"}
	readUser := []string{"Machine.Read", "Machine.ReadWrite"}
	isolate := []string{"Machine.Isolate"}
	scan := []string{"Machine.Scan"}
	collect := []string{"Machine.CollectForensics"}
	cancel := []string{"Machine.CollectForensics", "Machine.Isolate", "Machine.RestrictExecution", "Machine.Scan", "Machine.Offboard", "Machine.StopAndQuarantine", "Machine.LiveResponse"}
	indicators, indicatorsUser := []string{"Ti.ReadWrite", "Ti.ReadWrite.All"}, []string{"Ti.ReadWrite"}
	return []operation{
		{"machines.list", http.MethodGet, "machines", read, readUser, false, http.StatusOK, (*API).listMachines},
		{"machines.get", http.MethodGet, "machines/*", read, readUser, false, http.StatusOK, (*API).getMachine},
		{"machines.isolate", http.MethodPost, "machines/*/isolate", isolate, isolate, true, http.StatusCreated, (*API).isolate},
		{"machines.release", http.MethodPost, "machines/*/unisolate", isolate, isolate, true, http.StatusCreated, (*API).release},
		{"machines.scan", http.MethodPost, "machines/*/runantivirusscan", scan, scan, true, http.StatusCreated, (*API).scan},
		{"machines.collect", http.MethodPost, "machines/*/collectinvestigationpackage", collect, collect, true, http.StatusCreated, (*API).collect},
		{"actions.list", http.MethodGet, "machineactions", read, readUser, false, http.StatusOK, (*API).listActions},
		{"actions.get", http.MethodGet, "machineactions/*", read, readUser, false, http.StatusOK, (*API).getAction},
		{"actions.cancel", http.MethodPost, "machineactions/*/cancel", cancel, cancel, true, http.StatusOK, (*API).cancel},
		{"indicators.list", http.MethodGet, "indicators", indicators, indicatorsUser, false, http.StatusOK, (*API).listIndicators},
		{"indicators.submit", http.MethodPost, "indicators", indicators, indicatorsUser, true, http.StatusOK, (*API).submitIndicator},
		{"indicators.delete", http.MethodDelete, "indicators/*", indicators, indicatorsUser, true, http.StatusNoContent, (*API).deleteIndicator},
	}
}

// Operation names the call that a request would make, such as
// "machines.isolate", for faults, limits and the journal; empty when it is
// none of this API. path is the URL's path. Paths are compared without case,
// for the pages write machineactions and machineActions.
func Operation(method, path string) string {
	op, _, _ := find(operations(), method, path)
	return op.name
}

// Operations are all names that [Operation] can tell.
func Operations() []string {
	var names []string
	for _, o := range operations() {
		names = append(names, o.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Serves says whether a path belongs to this API, whatever the method, so that
// a host with several APIs behind it knows whom to ask.
func Serves(path string) bool {
	segments, ok := below(path)
	return ok && slices.Contains([]string{"machines", "machineactions", "indicators"}, segments[0])
}

// below returns the segments of a path behind /api or /api/v1.0; the first in
// small letters.
func below(path string) ([]string, bool) {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	if !strings.EqualFold(segments[0], "api") {
		return nil, false
	}
	segments = segments[1:]
	if len(segments) > 0 && strings.EqualFold(segments[0], "v1.0") {
		segments = segments[1:]
	}
	if len(segments) == 0 {
		return nil, false
	}
	segments[0] = strings.ToLower(segments[0])
	return segments, true
}

// find returns the operation of a request and the id in its path. When the
// path is known and the method is not, it returns the methods that are.
func find(all []operation, method, path string) (op operation, id string, allow []string) {
	segments, ok := below(path)
	if !ok {
		return operation{}, "", nil
	}
	for _, candidate := range all {
		got, fits := match(strings.Split(candidate.path, "/"), segments)
		if !fits {
			continue
		}
		if candidate.method == method {
			return candidate, got, nil
		}
		allow = append(allow, candidate.method)
	}
	return operation{}, "", allow
}

// isID tells ids from the names of calls that the pages have at the place of
// an id and this API has not (machines/FindByTag(…), indicators/Import and such)
// and from OData's own words. Those are paths that nobody serves.
func isID(segment string) bool {
	calls := []string{"import", "batchdelete", "addorremovetagformultiplemachines"}
	return segment != "" && segment[0] != '$' && !strings.Contains(segment, "(") && !slices.Contains(calls, strings.ToLower(segment))
}

func match(pattern, segments []string) (id string, ok bool) {
	if len(pattern) != len(segments) {
		return "", false
	}
	for i, p := range pattern {
		switch {
		case p == "*" && isID(segments[i]):
			id = segments[i]
		case !strings.EqualFold(p, segments[i]):
			return "", false
		}
	}
	return id, true
}
