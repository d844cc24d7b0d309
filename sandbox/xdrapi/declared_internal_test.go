package xdrapi

import (
	"testing"
	"time"

	"github.com/tenantry/tenantry/sandbox/world"
)

// TestPermissionsAreDeclared: what opens a call can be had, because the
// resource offers it to applications and to users.
func TestPermissionsAreDeclared(t *testing.T) {
	w := world.New(time.Now)
	check := func(resource, operation string, n need) {
		t.Helper()
		api, ok := w.App(resource)
		if !ok {
			t.Fatalf("no resource %s", resource)
		}
		for _, r := range n.roles {
			if _, ok := api.RoleByValue(r); !ok {
				t.Errorf("%s: %s has no role %s", operation, api.DisplayName, r)
			}
		}
		for _, s := range n.scopes {
			if _, ok := api.ScopeByValue(s); !ok {
				t.Errorf("%s: %s has no delegated permission %s", operation, api.DisplayName, s)
			}
		}
	}
	for _, op := range graphOperations {
		check(world.AppGraph, op.name, op.needs)
	}
	for _, op := range xdrOperations {
		check(world.AppDefenderXDR, op.name, op.needs)
	}
}
