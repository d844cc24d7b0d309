// Package sts is the sandbox's token service: what Microsoft Entra ID does on
// its login hosts. It keeps sessions, codes and refresh tokens; everything
// else it reads from, and writes to, the world.
//
// Every error it can give is a row of the table in errors.go, and every row
// is given because its condition is true in the world, never by a switch.
package sts

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox/fault"
	"github.com/tenantry/tenantry/sandbox/token"
	"github.com/tenantry/tenantry/sandbox/world"
)

// Config is what a token service needs.
type Config struct {
	World *world.World
	Keys  *token.Keys
	// Now is the clock; nil means the world's.
	Now func() time.Time
	// HTTPClient fetches the keys of the issuers of federated credentials.
	// nil means that only issuers whose keys the world declares are trusted.
	HTTPClient *http.Client
	// Faults make the service misbehave; nil means that nothing does.
	Faults *fault.Set
}

// server holds what outlives a request.
type server struct {
	world   *world.World
	keys    *token.Keys
	now     func() time.Time
	fetcher *http.Client
	faults  *fault.Set
	rows    map[string]ErrorRow
	routes  map[string]route

	sessions shelf[session]
	flows    shelf[flow]
	codes    shelf[grant]
	refresh  shelf[grant]
	devices  shelf[device]
	userCode shelf[string] // user code → device code

	refused func(row string) // test hook: told the id of every row given
}

// New returns the token service as one handler for all its hosts. The journal
// entry of the request in flight is completed through the journal package.
func New(cfg Config) http.Handler { return newServer(cfg) }

func newServer(cfg Config) *server {
	s := &server{world: cfg.World, keys: cfg.Keys, now: cfg.Now, fetcher: cfg.HTTPClient, faults: cfg.Faults, rows: map[string]ErrorRow{}, routes: routes()}
	if s.now == nil {
		s.now = cfg.World.Now
	}
	for _, r := range Errors() {
		s.rows[r.ID] = r
	}
	return s
}

// route is one endpoint. Its path is what follows the tenant.
type route struct {
	operation string // for the journal
	serve     func(*exchange) error
	v2        bool
	page      bool // answers HTML, errors included
	post      bool // refuses other methods by 900561
	json      bool // the body is JSON, not a form
}

func routes() map[string]route {
	return map[string]route{
		".well-known/openid-configuration":      {operation: "discovery", serve: (*exchange).configuration},
		"v2.0/.well-known/openid-configuration": {operation: "discovery", serve: (*exchange).configuration, v2: true},
		"discovery/keys":                        {operation: "keys", serve: (*exchange).keySet},
		"discovery/v2.0/keys":                   {operation: "keys", serve: (*exchange).keySet, v2: true},
		"discovery/instance":                    {operation: "instance", serve: (*exchange).instance},
		"getcredentialtype":                     {operation: "credentialtype", serve: (*exchange).credentialType, post: true, json: true},
		"openid/userinfo":                       {operation: "userinfo", serve: (*exchange).userInfo},
		"oauth2/authorize":                      {operation: "authorize", serve: (*exchange).authorize, page: true},
		"oauth2/v2.0/authorize":                 {operation: "authorize", serve: (*exchange).authorize, page: true, v2: true},
		"oauth2/token":                          {operation: "token", serve: (*exchange).token, post: true},
		"oauth2/v2.0/token":                     {operation: "token", serve: (*exchange).token, post: true, v2: true},
		"oauth2/devicecode":                     {operation: "devicecode", serve: (*exchange).deviceCode, post: true},
		"oauth2/v2.0/devicecode":                {operation: "devicecode", serve: (*exchange).deviceCode, post: true, v2: true},
		"oauth2/deviceauth":                     {operation: "deviceauth", serve: (*exchange).deviceAuth, page: true},
		"oauth2/nativeclient":                   {operation: "nativeclient", serve: (*exchange).nativeClient, page: true},
		"oauth2/logout":                         {operation: "logout", serve: (*exchange).logout, page: true},
		"oauth2/v2.0/logout":                    {operation: "logout", serve: (*exchange).logout, page: true, v2: true},
		"adminconsent":                          {operation: "adminconsent", serve: (*exchange).adminConsent, page: true},
		"v2.0/adminconsent":                     {operation: "adminconsent", serve: (*exchange).adminConsent, page: true, v2: true},
		"login":                                 {operation: "login", serve: (*exchange).login, page: true, post: true},
		"consent":                               {operation: "consent", serve: (*exchange).consent, page: true, post: true},
	}
}

// find returns the endpoint of a path and the tenant segment in it. Paths
// are matched without regard to case: clients disagree on "UserRealm".
func (s *server) find(path string) (route, string) {
	path = strings.TrimPrefix(path, "/")
	switch strings.ToLower(path) {
	case "error":
		return route{operation: "error", serve: (*exchange).errorLookup, page: true}, ""
	case "devicelogin", "device":
		return route{operation: "devicelogin", serve: (*exchange).deviceLogin, page: true}, ""
	}
	tenant, rest, _ := strings.Cut(path, "/")
	rest = strings.ToLower(rest)
	if strings.HasPrefix(rest, "userrealm/") {
		return route{operation: "userrealm", serve: (*exchange).userRealm}, tenant
	}
	if r, ok := s.routes[strings.TrimSuffix(rest, "/")]; ok && tenant != "" {
		return r, tenant
	}
	return route{operation: "unknown", serve: (*exchange).notFound, page: true}, tenant
}

// ServeHTTP implements http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rt, tenant := s.find(r.URL.Path)
	x := newExchange(s, w, r, rt, tenant)
	x.headers()
	finish, over := x.misbehave()
	if over {
		return
	}
	err := x.read()
	if err == nil {
		err = rt.serve(x)
	}
	if err != nil {
		x.answerError(err)
	}
	x.tell()
	finish()
}

// Operations are the names of what the service does, as the journal and the
// scopes of faults have them.
func Operations() []string {
	all := []string{"error", "devicelogin", "userrealm", "unknown"}
	for _, r := range routes() {
		all = append(all, r.operation)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
