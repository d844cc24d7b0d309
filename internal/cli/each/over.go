package each

import (
	"context"
	"sync"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/access"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/selection"
)

// Over asks the tenants that were selected, in parallel as the configuration
// says, tells the progress on a terminal, and keeps the account of all of them:
// also of those that were named and could not be found.
func Over[T any](ctx context.Context, f *factory.Factory, sel selection.Flags, ask func(context.Context, fleet.Tenant) (items []T, note string, err error)) (Report[T], error) {
	var none Report[T]
	tenants, lost, err := sel.Resolve(ctx, f)
	if err != nil {
		return none, err
	}
	parallel, err := f.Parallel()
	if err != nil {
		return none, err
	}
	p := newProgress(f, len(tenants))
	report, err := Run(ctx, tenants, parallel, func(ctx context.Context, t fleet.Tenant) ([]T, string, error) {
		items, note, err := ask(ctx, t)
		p.answered(t, len(items), err)
		return items, note, err
	})
	if err != nil {
		return none, err
	}
	for _, l := range lost {
		report.Lost(l.Name, l.Err)
	}
	return report, nil
}

// Through is [Over] for what a command reads of Defender: each tenant is opened
// for op first. surface is as for [access.ForCommand].
func Through[T any](ctx context.Context, f *factory.Factory, sel selection.Flags, surface string, op defender.Operation, ask func(context.Context, fleet.Tenant, *access.Tenant) (items []T, note string, err error)) (Report[T], error) {
	if _, err := f.Printer(); err != nil {
		return Report[T]{}, err // before anything is asked
	}
	opener, err := access.ForCommand(ctx, f, surface, op)
	if err != nil {
		return Report[T]{}, err
	}
	return Over(ctx, f, sel, func(ctx context.Context, t fleet.Tenant) ([]T, string, error) {
		open, err := opener.Open(ctx, t.ID)
		if err != nil {
			return nil, "", err
		}
		return ask(ctx, t, open)
	})
}

// progress tells how far a run over tenants has come. It is safe for
// concurrent use.
type progress struct {
	f     *factory.Factory
	total int

	mu     sync.Mutex
	done   int
	failed int
	items  int
	told   time.Time
}

// pace is how often progress is told at most, so that a thousand tenants do
// not push everything else off the screen.
const pace = time.Second

func newProgress(f *factory.Factory, total int) *progress {
	f.Streams.Progressf("asking %s", Count(total, "tenant", "tenants"))
	return &progress{f: f, total: total, told: f.Now()}
}

func (p *progress) answered(t fleet.Tenant, items int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	p.items += items
	if err != nil {
		p.failed++
	}
	now := p.f.Now()
	if p.done == p.total || now.Sub(p.told) < pace {
		return // the end is told by the summary
	}
	p.told = now
	failed := ""
	if p.failed > 0 {
		failed = ", " + Count(p.failed, "failed", "failed")
	}
	p.f.Streams.Progressf("%d of %s, %s so far%s; last: %s", p.done, Count(p.total, "tenant", "tenants"), Count(p.items, "item", "items"), failed, t.Label())
}
