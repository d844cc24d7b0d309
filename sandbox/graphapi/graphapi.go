// Package graphapi is the part of Microsoft Graph that a partner's onboarding
// touches: application registrations with their credentials, service
// principals, role assignments, permission grants, the signed-in user, users
// and the organization; and, through xdrapi, security incidents and alerts.
//
// Sources: the pages of each call at learn.microsoft.com/graph/api, and the
// error texts quoted in issue trackers of Graph's clients where those pages
// are silent. It has no delay between a write and the next read.
package graphapi

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/limit"
	"github.com/tenantry/tenantry/sandbox/token"
	"github.com/tenantry/tenantry/sandbox/world"
	"github.com/tenantry/tenantry/sandbox/xdrapi"
)

// Config is what the API stands on. World and Verifier are required.
type Config struct {
	World    *world.World
	Verifier token.Verifier
	Limits   *limit.Keeper    // of calls under /security; nil limits nothing
	Now      func() time.Time // nil means the world's clock
}

// api answers requests. It keeps no state of its own.
type api struct {
	world    *world.World
	verifier token.Verifier
	now      func() time.Time
	routes   []route
	security http.Handler
}

// New returns the handler of Microsoft Graph's hosts: /v1.0/…, /beta/… and
// /oidc/userinfo. It is safe for concurrent use.
func New(c Config) http.Handler {
	if c.Now == nil {
		c.Now = c.World.Now
	}
	return &api{
		world: c.World, verifier: c.Verifier, now: c.Now, routes: routes(),
		security: xdrapi.New(xdrapi.Config{World: c.World, Verifier: c.Verifier, Limits: c.Limits, Now: c.Now}).Graph(),
	}
}

// object is an entity as it goes over the wire.
type object = map[string]any

// call is one request on its way through a handler.
type call struct {
	*graphwire.Exchange
	*api
	caller  *graphwire.Caller
	version string   // "v1.0" or "beta"
	keys    []string // the path's keys in order, as written
	route   route
}

// result is a successful answer. A nil body writes none.
type result struct {
	status int
	body   any
}

// ServeHTTP implements http.Handler.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	segments := split(r.URL.Path)
	if isSecurity(segments) {
		a.security.ServeHTTP(w, r)
		return
	}
	journal.Note(r.Context(), func(e *journal.Event) { e.Service = "graph" })
	c := &call{Exchange: graphwire.Begin(w, r, a.now()), api: a}
	res, failure := c.serve(segments)
	if failure != nil {
		c.Fail(failure)
		return
	}
	c.JSON(res.status, res.body)
}

func (c *call) serve(segments []string) (result, *graphwire.Error) {
	// The path is looked up first for the journal's sake, and only answered
	// once the token is good.
	notFound := c.find(segments)
	journal.Note(c.R.Context(), func(e *journal.Event) { e.Operation = c.route.operation })
	caller, failure := graphwire.Authenticate(c.world, c.verifier, c.R)
	if failure != nil {
		return result{}, failure
	}
	c.caller = caller
	journal.Note(c.R.Context(), func(e *journal.Event) {
		e.TenantID, e.AppID, e.Resource, e.Roles = caller.Tenant.ID, caller.AppID, caller.Audience, caller.Carried()
	})
	if notFound != nil {
		return result{}, notFound
	}
	journal.Note(c.R.Context(), func(e *journal.Event) { e.Required = c.route.needs.list(caller.AppOnly) })
	if failure := c.authorize(); failure != nil {
		return result{}, failure
	}
	res, failure := c.route.handle(c)
	if failure == nil {
		journal.Note(c.R.Context(), func(e *journal.Event) { e.Decision = "allowed" })
	}
	return res, failure
}

// find sets the route, version and keys of a path.
func (c *call) find(segments []string) *graphwire.Error {
	if len(segments) == 0 {
		return graphwire.NoSegment("")
	}
	c.version = segments[0]
	if c.version != "v1.0" && c.version != "beta" && c.version != "oidc" {
		return graphwire.NoSegment(c.version)
	}
	rest := segments[1:]
	if c.version == "oidc" {
		rest = segments
	}
	var allow []string
	for _, rt := range c.routes {
		keys, ok := rt.match(rest)
		if !ok {
			continue
		}
		if rt.method == c.R.Method {
			c.route, c.keys = rt, keys
			return nil
		}
		allow = append(allow, rt.method)
	}
	if len(allow) == 0 {
		return graphwire.NoSegment(strings.Join(rest, "/"))
	}
	slices.Sort(allow)
	return graphwire.NoMethod(slices.Compact(allow)...)
}

// context is the @odata.context of an answer.
func (c *call) context(of string) string {
	return c.Origin() + "/" + c.version + "/$metadata#" + of
}

// split cuts a path into segments; a key in parentheses is a segment of its
// own, in its parentheses: applications(appId='x') → applications, (appId='x').
func split(path string) []string {
	var out []string
	for part := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if part == "" {
			continue
		}
		name, key, found := strings.Cut(part, "(")
		out = append(out, strings.TrimPrefix(name, "microsoft.graph."))
		if found {
			out = append(out, "("+key)
		}
	}
	return out
}
