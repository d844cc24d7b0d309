package mdeapi

import (
	"testing"
	"time"

	"github.com/tenantry/tenantry/sandbox/world"
)

// TestPermissionsAreDeclared: what opens a call can be had, because the
// resource offers it to applications and to users.
func TestPermissionsAreDeclared(t *testing.T) {
	api, ok := world.New(time.Now).App(world.AppDefenderMDE)
	if !ok {
		t.Fatal("no WindowsDefenderATP")
	}
	for _, op := range operations() {
		for _, r := range op.roles {
			if _, ok := api.RoleByValue(r); !ok {
				t.Errorf("%s: the resource has no role %s", op.name, r)
			}
		}
		for _, s := range op.scopes {
			if _, ok := api.ScopeByValue(s); !ok {
				t.Errorf("%s: the resource has no delegated permission %s", op.name, s)
			}
		}
	}
}
