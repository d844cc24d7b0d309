// Package xdrapi is the incident side of Microsoft Defender XDR: its own API
// at api.security.microsoft.com and the security part of Microsoft Graph. Both
// tell the facts of the same [world.Incident], each in its own words, and both
// change it: what one of them was told is in the next answer of the other.
//
// What stands here comes from Microsoft's pages "List incidents", "Get
// incident", "Update incidents", "Common Microsoft Defender XDR REST API error
// codes" (learn.microsoft.com/defender-xdr), from the pages of incidents,
// alerts_v2 and their comments (learn.microsoft.com/graph/api) and from the
// published metadata of Graph. What those leave open is decided here and
// marked "ours".
package xdrapi

import (
	"net/http"
	"sync"
	"time"

	"github.com/tenantry/tenantry/sandbox/limit"
	"github.com/tenantry/tenantry/sandbox/token"
	"github.com/tenantry/tenantry/sandbox/world"
)

// Config is what the APIs stand on. World and Verifier are required.
type Config struct {
	World    *world.World
	Verifier token.Verifier
	Limits   *limit.Keeper    // of calls, by the services "graph" and "xdr"; nil limits nothing
	Now      func() time.Time // nil means the world's clock
}

// API answers for both surfaces. What it tells and changes is in the world
// alone; of its own it keeps what it encoded lately. It is safe for concurrent
// use.
type API struct {
	world    *world.World
	verifier token.Verifier
	limits   *limit.Keeper
	now      func() time.Time
	shelf    *shelf
	blocks   sync.Pool // of *[]byte, see write
}

// New returns the APIs of a world.
func New(c Config) *API {
	if c.Now == nil {
		c.Now = c.World.Now
	}
	return &API{
		world: c.World, verifier: c.Verifier, limits: c.Limits, now: c.Now, shelf: newShelf(maxEncoded),
		blocks: sync.Pool{New: func() any { b := make([]byte, 0, blockSize); return &b }},
	}
}

// XDR serves /api/incidents and /api/v1.0/incidents.
func (a *API) XDR() http.Handler { return http.HandlerFunc(a.serveXDR) }

// Graph serves /v1.0/security/… and /beta/security/….
func (a *API) Graph() http.Handler { return http.HandlerFunc(a.serveGraph) }

// tick is the resolution of times on both surfaces: filters see what answers
// tell, so "gt the last one seen" never brings that one again.
const tick = 100 * time.Nanosecond

func clip(t time.Time) time.Time { return t.UTC().Truncate(tick) }

// stamp writes a time with as many fractional digits as it needs, up to seven,
// as both APIs do; nil for the zero time.
func stamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := clip(t).Format("2006-01-02T15:04:05.9999999Z07:00")
	return &s
}

// text is nil for an empty string: absent values are null on the wire.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func number(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}

func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
