package access

import (
	"context"
	"iter"

	"github.com/tenantry/tenantry/defender"
)

// Alerts reads the alerts that match, at most limit of them; 0 means all. Those
// for which keep is not true are left out and do not count. Alerts read before
// a failure are returned along with the error.
func (t *Tenant) Alerts(ctx context.Context, opts defender.AlertListOptions, limit int, keep ...func(*defender.Alert) bool) ([]*defender.Alert, error) {
	return Again(ctx, t, func() ([]*defender.Alert, error) {
		return collect(t.client.Alerts(t.Surface).All(ctx, opts), limit, keep)
	})
}

// Alert reads one alert.
func (t *Tenant) Alert(ctx context.Context, id string) (*defender.Alert, error) {
	return Again(ctx, t, func() (*defender.Alert, error) { return t.client.Alerts(t.Surface).Get(ctx, id) })
}

// UpdateAlert changes one alert; see [defender.AlertService.Update].
func (t *Tenant) UpdateAlert(ctx context.Context, id string, u defender.AlertUpdate, o defender.AlertUpdateOptions) (*defender.AlertUpdateResult, error) {
	return Again(ctx, t, func() (*defender.AlertUpdateResult, error) {
		return t.client.Alerts(t.Surface).Update(ctx, id, u, o)
	})
}

// collect reads a list until it ends or limit are kept.
func collect[T any](all iter.Seq2[*T, error], limit int, keep []func(*T) bool) ([]*T, error) {
	var items []*T
next:
	for item, err := range all {
		if err != nil {
			return items, err
		}
		for _, wanted := range keep {
			if !wanted(item) {
				continue next
			}
		}
		items = append(items, item)
		if limit > 0 && len(items) == limit {
			break
		}
	}
	return items, nil
}
