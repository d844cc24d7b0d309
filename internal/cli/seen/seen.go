// Package seen remembers in the state what a person was shown, so that a change
// made by somebody else since is noticed before it is overwritten.
package seen

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/factory"
)

// Remember keeps what was shown, by tenant. What was shown has been shown: that
// it cannot be remembered is a note and no failure.
func Remember(ctx context.Context, f *factory.Factory, kind string, shown map[entra.TenantID][]fleet.Seen) {
	if len(shown) == 0 {
		return
	}
	if err := remember(ctx, f, kind, shown); err != nil && ctx.Err() == nil {
		f.Streams.Notef("note: what was shown cannot be remembered, so that an update will not notice changes made since: %v", err)
	}
}

func remember(ctx context.Context, f *factory.Factory, kind string, shown map[entra.TenantID][]fleet.Seen) error {
	store, err := f.Store(ctx)
	if err != nil {
		return err
	}
	for _, tenant := range slices.Sorted(maps.Keys(shown)) {
		list := slices.DeleteFunc(shown[tenant], func(s fleet.Seen) bool { return s.ID == "" || s.LastUpdate.IsZero() })
		if len(list) == 0 {
			continue
		}
		if err := store.PutSeen(ctx, tenant, kind, list); err != nil {
			return err
		}
	}
	return nil
}

// LastUpdate is the last update that was last shown of one; the zero time when
// it has not been shown. Nothing is created to find out.
func LastUpdate(ctx context.Context, f *factory.Factory, kind string, tenant entra.TenantID, id string) (time.Time, error) {
	store, there, err := f.ExistingStore(ctx)
	if err != nil || !there {
		return time.Time{}, err
	}
	s, _, err := store.Seen(ctx, tenant, kind, id)
	return s.LastUpdate, err
}
