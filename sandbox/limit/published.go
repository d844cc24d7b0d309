package limit

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Published returns the limits of the services, in the order of the
// documentation: what Microsoft's pages state, and what the sandbox assumes
// where they state nothing, which is marked as ours. Each call returns a copy.
func Published() []Rule {
	const (
		learn    = "https://learn.microsoft.com/"
		endpoint = learn + "defender-endpoint/api/"
	)
	var rules []Rule
	// pair is the form of the Defender pages: "Rate limitations for this API
	// are 100 calls per minute and 1,500 calls per hour", each call by itself.
	pair := func(service, operation string, minute int, source string) {
		name := service + "." + operation
		rules = append(rules,
			Rule{Name: name + "/minute", Service: service, Operations: []string{operation}, Calls: minute, Per: time.Minute, Source: source},
			Rule{Name: name + "/hour", Service: service, Operations: []string{operation}, Calls: 1500, Per: time.Hour, Source: source})
	}
	pair(ServiceXDR, "incidents.list", 50, learn+"defender-xdr/api-list-incidents")
	pair(ServiceXDR, "incidents.get", 100, learn+"defender-xdr/api-get-incident")
	pair(ServiceXDR, "incidents.update", 50, learn+"defender-xdr/api-update-incidents")

	pair(ServiceMDE, "machines.list", 100, endpoint+"get-machines")
	pair(ServiceMDE, "machines.get", 100, endpoint+"get-machine-by-id")
	pair(ServiceMDE, "machines.isolate", 100, endpoint+"isolate-machine")
	pair(ServiceMDE, "machines.release", 100, endpoint+"unisolate-machine")
	pair(ServiceMDE, "machines.scan", 100, endpoint+"run-av-scan")
	pair(ServiceMDE, "machines.collect", 100, endpoint+"collect-investigation-package")
	pair(ServiceMDE, "actions.list", 100, endpoint+"get-machineactions-collection")
	pair(ServiceMDE, "actions.get", 100, endpoint+"get-machineaction-object")
	pair(ServiceMDE, "actions.cancel", 100, endpoint+"cancel-machine-action")
	pair(ServiceMDE, "indicators.list", 100, endpoint+"get-ti-indicators-collection")
	pair(ServiceMDE, "indicators.submit", 100, endpoint+"post-ti-indicator")
	pair(ServiceMDE, "indicators.delete", 100, endpoint+"delete-ti-indicator-by-id")

	const throttling = learn + "graph/throttling-limits"
	return append(rules,
		// "Any operation on alert": 150 requests per minute, per application
		// and tenant.
		Rule{
			Name: "graph.alerts/minute", Service: ServiceGraph, Calls: 150, Per: time.Minute, Source: throttling,
			Operations: []string{"alerts.list", "alerts.get", "alerts.update", "alerts.comment"},
		},
		// The page does not name incidents; they are limited as alerts are.
		Rule{
			Name: "graph.incidents/minute", Service: ServiceGraph, Calls: 150, Per: time.Minute, Source: throttling, Ours: true,
			Operations: []string{"incidents.list", "incidents.get", "incidents.update", "incidents.comment"},
		})
}

// Change is what a world file or a switch says about one limit. The zero
// fields keep what is published; Off lifts the limit.
type Change struct {
	Calls int
	Per   time.Duration
	Off   bool
}

// Adjust returns the rules with changes made to those they name. The rules
// given are not touched. The error is a [*RuleError]: an unknown name, or a
// number no window can have. A rule whose numbers were changed is ours from
// then on.
func Adjust(rules []Rule, changes map[string]Change) ([]Rule, error) {
	known := map[string]bool{}
	var out []Rule
	for _, r := range rules {
		known[r.Name] = true
		c, changed := changes[r.Name]
		if changed && c.Off {
			continue
		}
		if changed && (c.Calls != 0 || c.Per != 0) {
			if c.Calls != 0 {
				r.Calls = c.Calls
			}
			if c.Per != 0 {
				r.Per = c.Per
			}
			r.Ours = true
		}
		if err := r.Validate(); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		if !known[name] {
			return nil, &RuleError{Field: "name", Value: "'" + name + "'", Want: "one of " + join(rules)}
		}
	}
	return out, nil
}

func join(rules []Rule) string {
	names := make([]string, len(rules))
	for i, r := range rules {
		names[i] = r.Name
	}
	return strings.Join(names, ", ")
}
