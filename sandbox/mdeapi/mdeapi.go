// Package mdeapi is the machine side of Microsoft Defender for Endpoint's own
// API: machines, the actions taken on them, and indicators of compromise, as
// the [world.World] has them.
//
// What stands here comes from Microsoft's pages under
// learn.microsoft.com/defender-endpoint/api: "List machines", "Get machine by
// ID", "Isolate machine", "Release device from isolation", "Run antivirus
// scan", "Collect investigation package", "List machineActions", "Get
// MachineAction object", "Cancel machine action", "List Indicators", "Submit or
// Update Indicator", "Delete Indicator", the resource types, "OData queries
// with Microsoft Defender for Endpoint" and "Common Microsoft Defender for
// Endpoint API errors". What those leave open is decided here and marked
// "ours"; where users report what the pages do not say, the report is named.
package mdeapi

import (
	"net/http"
	"time"

	"github.com/tenantry/tenantry/sandbox/limit"
	"github.com/tenantry/tenantry/sandbox/token"
	"github.com/tenantry/tenantry/sandbox/world"
)

// Config is what the API stands on. World and Verifier are required.
type Config struct {
	World    *world.World
	Verifier token.Verifier
	Limits   *limit.Keeper    // nil limits nothing
	Now      func() time.Time // nil means the world's clock
}

// API answers for Defender for Endpoint. It keeps no state of its own and is
// safe for concurrent use.
type API struct {
	world    *world.World
	verifier token.Verifier
	limits   *limit.Keeper
	now      func() time.Time
}

// New returns the API of a world.
func New(c Config) *API {
	if c.Now == nil {
		c.Now = c.World.Now
	}
	return &API{world: c.World, verifier: c.Verifier, limits: c.Limits, now: c.Now}
}

// Handler serves /api/machines, /api/machineactions and /api/indicators, and
// the same below /api/v1.0. Everything else is answered 404, so that it can
// stand behind a host name of its own.
func (a *API) Handler() http.Handler { return http.HandlerFunc(a.serve) }
