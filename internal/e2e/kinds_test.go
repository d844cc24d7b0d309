package e2e

import (
	"testing"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
)

// The documentation of defender.Config.Token relies on it: a surface's name is
// the kind of resource that its tokens are for.
func TestSurfacesAreKindsOfResource(t *testing.T) {
	cloud, err := entra.CloudByName("public")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range append(defender.Surfaces(), defender.SurfaceMDE) {
		got, want := cloud.Resource(entra.ResourceKind(s)), cloud.Resource(resourceKind(s))
		if got.URI != want.URI || got.URI == "" {
			t.Errorf("surface %s: tokens for %q, want %q", s, got.URI, want.URI)
		}
	}
}
