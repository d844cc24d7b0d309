package access

import (
	"context"
	"slices"

	"github.com/tenantry/tenantry/defender"
)

// Incidents reads the incidents that match, at most limit of them; 0 means all.
// Those for which keep is not true are left out and do not count. Incidents
// read before a failure are returned along with the error.
func (t *Tenant) Incidents(ctx context.Context, opts defender.ListOptions, limit int, keep ...func(*defender.Incident) bool) ([]*defender.Incident, error) {
	if severities := opts.Severity; len(severities) > 0 && t.Surface == defender.SurfaceXDR {
		opts.Severity = nil // this surface has no such filter; it is applied here
		keep = append(slices.Clip(keep), func(i *defender.Incident) bool { return slices.Contains(severities, i.Severity) })
	}
	return Again(ctx, t, func() ([]*defender.Incident, error) {
		return collect(t.client.Incidents(t.Surface).All(ctx, opts), limit, keep)
	})
}

// Incident reads one incident with its alerts. When the service fails only with the
// alerts, the incident comes without them and AlertsMissing says why.
func (t *Tenant) Incident(ctx context.Context, id string) (*defender.Incident, error) {
	return Again(ctx, t, func() (*defender.Incident, error) {
		return t.client.Incidents(t.Surface).GetWithAlerts(ctx, id)
	})
}

// BriefIncident reads one incident without caring for its alerts.
func (t *Tenant) BriefIncident(ctx context.Context, id string) (*defender.Incident, error) {
	return Again(ctx, t, func() (*defender.Incident, error) {
		return t.client.Incidents(t.Surface).Get(ctx, id)
	})
}

// UpdateIncident changes one incident; see [defender.IncidentService.Update].
func (t *Tenant) UpdateIncident(ctx context.Context, id string, u defender.IncidentUpdate, o defender.UpdateOptions) (*defender.UpdateResult, error) {
	return Again(ctx, t, func() (*defender.UpdateResult, error) {
		return t.client.Incidents(t.Surface).Update(ctx, id, u, o)
	})
}
