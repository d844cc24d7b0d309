package e2e

import (
	"slices"
	"testing"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/sandbox/limit"
)

// calledBy names, for every call of the client, the sandbox's operation that it
// is there.
func calledBy() map[defender.Surface]map[defender.Operation]string {
	return map[defender.Surface]map[defender.Operation]string{
		defender.SurfaceGraph: {
			defender.OpListIncidents: "incidents.list", defender.OpGetIncident: "incidents.get",
			defender.OpUpdateIncident: "incidents.update", defender.OpCommentIncident: "incidents.comment",
			defender.OpListAlerts: "alerts.list", defender.OpGetAlert: "alerts.get",
			defender.OpUpdateAlert: "alerts.update", defender.OpCommentAlert: "alerts.comment",
		},
		defender.SurfaceXDR: {
			defender.OpListIncidents: "incidents.list", defender.OpGetIncident: "incidents.get",
			// There a comment is a property of the update.
			defender.OpUpdateIncident: "incidents.update", defender.OpCommentIncident: "incidents.update",
		},
		defender.SurfaceMDE: {
			defender.OpListMachines: "machines.list", defender.OpGetMachine: "machines.get",
			defender.OpIsolateMachine: "machines.isolate", defender.OpReleaseMachine: "machines.release",
			defender.OpScanMachine: "machines.scan", defender.OpCollectPackage: "machines.collect",
			defender.OpListActions: "actions.list", defender.OpGetAction: "actions.get", defender.OpCancelAction: "actions.cancel",
			defender.OpListIndicators: "indicators.list", defender.OpSubmitIndicator: "indicators.submit", defender.OpDeleteIndicator: "indicators.delete",
		},
	}
}

// limited are the operations of the sandbox that a limit of the client covers.
func limited(l defender.Limit) []string {
	var names []string
	for op, name := range calledBy()[l.Surface] {
		if (len(l.Operations) == 0 || slices.Contains(l.Operations, op)) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// TestLimitsAgree: what the sandbox enforces and what the client keeps to are
// the same numbers, windows and calls, with the same ones marked as ours. The
// client may count calls together that the service counts one by one, where the
// pages leave it open (those of Defender for Endpoint), never the other way.
func TestLimitsAgree(t *testing.T) {
	for s, table := range calledBy() {
		for op := range table {
			if defender.Documentation(s, op) == "" {
				t.Errorf("the client has no call %q on surface %s any more", op, s)
			}
		}
	}
	for _, l := range defender.Limits() {
		for _, op := range l.Operations {
			if calledBy()[l.Surface][op] == "" {
				t.Errorf("the client limits %q on surface %s, which this test does not know", op, l.Surface)
			}
		}
	}
	enforced, kept := limit.Published(), defender.Limits()
	if len(enforced) < 30 || len(kept) < 10 {
		t.Fatalf("%d limits of the sandbox, %d of the client: the comparison would prove little", len(enforced), len(kept))
	}
	for _, r := range enforced {
		found := false
		for _, l := range kept {
			if string(l.Surface) != r.Service || l.Calls != r.Calls || l.Per != r.Per || l.Ours != r.Ours {
				continue
			}
			names := limited(l)
			covers := !slices.ContainsFunc(r.Operations, func(o string) bool { return !slices.Contains(names, o) })
			if together := len(names) > len(r.Operations); covers && (!together || l.Surface == defender.SurfaceMDE) {
				found = true
				if !together && l.Source != r.Source {
					t.Errorf("%s: the sandbox has it from %s, the client from %s", r.Name, r.Source, l.Source)
				}
			}
		}
		if !found {
			t.Errorf("the sandbox enforces %s (%d calls per %s, ours: %v) of %v; the client keeps to nothing like it", r.Name, r.Calls, r.Per, r.Ours, r.Operations)
		}
	}
	for _, l := range kept {
		for _, name := range limited(l) {
			if !slices.ContainsFunc(enforced, func(r limit.Rule) bool {
				return r.Service == string(l.Surface) && slices.Contains(r.Operations, name) && r.Calls == l.Calls && r.Per == l.Per && r.Ours == l.Ours
			}) {
				t.Errorf("the client keeps to %d calls per %s of %s on surface %s (ours: %v), which the sandbox does not enforce", l.Calls, l.Per, name, l.Surface, l.Ours)
			}
		}
	}
	// No call of the client goes unlimited, and none that the sandbox counts is
	// one that the client has not.
	for s, table := range calledBy() {
		for op, name := range table {
			if !slices.ContainsFunc(kept, func(l defender.Limit) bool { return l.Surface == s && slices.Contains(limited(l), name) }) {
				t.Errorf("nothing limits %q on surface %s", op, s)
			}
		}
	}
}
