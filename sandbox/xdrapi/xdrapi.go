// Package xdrapi is the incident side of Microsoft Defender XDR: its own API
// at api.security.microsoft.com and the security part of Microsoft Graph. Both
// tell the facts of the same [world.Incident], each in its own words.
//
// What stands here comes from Microsoft's pages "List incidents", "Get
// incident", "Common Microsoft Defender XDR REST API error codes"
// (learn.microsoft.com/defender-xdr), "List incidents" and "incident resource
// type" (learn.microsoft.com/graph) and from the published metadata of Graph.
// What those leave open is decided here and marked "ours".
package xdrapi

import (
	"net/http"
	"slices"
	"time"

	"github.com/tenantry/tenantry/sandbox/token"
	"github.com/tenantry/tenantry/sandbox/world"
)

// Config is what the APIs stand on. World and Verifier are required.
type Config struct {
	World    *world.World
	Verifier token.Verifier
	Now      func() time.Time // nil means the world's clock
}

// API answers for both surfaces. It keeps no state of its own and is safe for
// concurrent use.
type API struct {
	world    *world.World
	verifier token.Verifier
	now      func() time.Time
}

// New returns the APIs of a world.
func New(c Config) *API {
	if c.Now == nil {
		c.Now = c.World.Now
	}
	return &API{world: c.World, verifier: c.Verifier, now: c.Now}
}

// XDR serves /api/incidents and /api/v1.0/incidents.
func (a *API) XDR() http.Handler { return http.HandlerFunc(a.serveXDR) }

// Graph serves /v1.0/security/… and /beta/security/….
func (a *API) Graph() http.Handler { return http.HandlerFunc(a.serveGraph) }

// readers are the directory roles that open the incident queue to a signed-in
// user, on either surface ("Microsoft Defender XDR access with Microsoft Entra
// global roles", learn.microsoft.com/defender-xdr/m365d-permissions).
var readers = [...]string{"Global Administrator", "Security Administrator", "Security Operator", "Security Reader", "Global Reader"}

func mayReadQueue(u *world.User) bool { return u.HasRole(readers[:]...) }

// page cuts skip and top out of list and says whether more follows.
func page[T any](list []T, skip, top int) (cut []T, more bool) {
	list = list[min(skip, len(list)):]
	if top < len(list) {
		return list[:top], true
	}
	return list, false
}

func filterIncidents(list []*world.Incident, keep func(*world.Incident) bool) []*world.Incident {
	out := make([]*world.Incident, 0, len(list))
	for _, in := range list {
		if keep(in) {
			out = append(out, in)
		}
	}
	return out
}

// newestFirst orders by last update, and by id where that is equal, so that a
// page's edge is always at the same place. It returns a copy.
func newestFirst(list []*world.Incident) []*world.Incident {
	out := slices.Clone(list)
	slices.SortStableFunc(out, func(a, b *world.Incident) int {
		if c := b.LastUpdate.Compare(a.LastUpdate); c != 0 {
			return c
		}
		return int(max(-1, min(1, b.ID-a.ID)))
	})
	return out
}

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
