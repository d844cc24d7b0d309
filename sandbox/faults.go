package sandbox

import (
	"net/http"
	"time"

	"github.com/tenantry/tenantry/sandbox/fault"
	"github.com/tenantry/tenantry/sandbox/sts"
)

func (s *Sandbox) newFaults(now func() time.Time) *fault.Set {
	return fault.New(fault.Config{
		Now: now, Journal: s.journal, Operations: sts.Operations(), Keys: keyRing{s},
		Tenant: func(name string) (string, bool) {
			t, ok := s.world.Tenant(name)
			if !ok {
				return "", false
			}
			return t.ID, true
		},
	})
}

// keyRing reaches the keys through the sandbox: they need the clock, which
// needs the faults, so they come later.
type keyRing struct{ s *Sandbox }

func (k keyRing) Rotate() error                       { return k.s.keys.Rotate() }
func (k keyRing) KeyIDs() (before, now, later string) { return k.s.keys.KeyIDs() }

// faultCalls are the calls of the management API that belong to the faults.
func (s *Sandbox) faultCalls() map[string]http.Handler {
	h := s.faults.Handler()
	return map[string]http.Handler{"/faults": h, "/faults/": h, "/keys": h, "/keys/": h}
}
