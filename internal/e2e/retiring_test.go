package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/sandbox"
)

// The client and the sandbox each know which APIs end, and when.
func TestBothSidesKnowWhatRetires(t *testing.T) {
	var client, server []string
	for _, r := range defender.Retirements() {
		client = append(client, r.Method+" "+r.Path+" "+r.Ends.Format(time.DateOnly))
	}
	for _, r := range sandbox.RetiringAPIs() {
		server = append(server, r.API+" "+r.Ends)
	}
	slices.Sort(client)
	slices.Sort(server)
	if d := cmp.Diff(client, server); d != "" || len(client) == 0 {
		t.Errorf("defender (-) and sandbox (+) differ:\n%s", d)
	}
}
