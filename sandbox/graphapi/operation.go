package graphapi

import (
	"slices"
	"strings"

	"github.com/tenantry/tenantry/sandbox/xdrapi"
)

// Operation names the call that a method and a path ask for, such as
// "applications.create", as the journal does; empty for what does not exist.
// The security part is xdrapi's.
func Operation(method, path string) string {
	segments := split(path)
	if isSecurity(segments) {
		return xdrapi.Operation(method, path)
	}
	if len(segments) > 0 && segments[0] != "oidc" {
		segments = segments[1:]
	}
	for _, rt := range routes() {
		if _, ok := rt.match(segments); ok && rt.method == method {
			return rt.operation
		}
	}
	return ""
}

// Operations are all names that [Operation] can tell.
func Operations() []string {
	all := xdrapi.GraphOperations()
	for _, rt := range routes() {
		all = append(all, rt.operation)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func isSecurity(segments []string) bool {
	return len(segments) > 1 && strings.EqualFold(segments[1], "security") && (segments[0] == "v1.0" || segments[0] == "beta")
}
