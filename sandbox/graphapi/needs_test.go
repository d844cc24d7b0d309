package graphapi

import (
	"testing"
	"time"

	"github.com/tenantry/tenantry/sandbox/world"
)

// A world file can only grant roles that Graph's registration offers: what a
// call asks of an application has to be among them.
func TestRolesAskedForCanBeGranted(t *testing.T) {
	graph, ok := world.New(time.Now).App(world.AppGraph)
	if !ok {
		t.Fatal("the world has no Microsoft Graph")
	}
	checked := 0
	for _, r := range routes() {
		for _, role := range r.needs.roles {
			checked++
			if _, ok := graph.RoleByValue(role); !ok {
				t.Errorf("%s asks for %s, which nobody can grant", r.operation, role)
			}
		}
	}
	if checked < 30 {
		t.Errorf("only %d roles were checked", checked)
	}
}
