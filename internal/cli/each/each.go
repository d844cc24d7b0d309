// Package each asks several tenants at once and keeps the account of what
// became of each: the status every command over several tenants ends with.
package each

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/explain"
	"github.com/tenantry/tenantry/internal/cli/output"
)

// Outcome is what became of one tenant.
type Outcome[T any] struct {
	Items  []T
	Note   string // goes into the status's detail when all went well
	Err    error
	exit   int
	status fleet.TenantStatus
}

// Report is what became of all, in the order the tenants were given.
type Report[T any] struct {
	Outcomes []Outcome[T]
	Tenants  []fleet.TenantStatus
}

// Run calls ask for every tenant, at most parallel at once. The failure of one
// tenant does not touch the others; items that came before the failure are
// kept. The error is that of ctx alone, and comes with the whole report: tenants
// that were not begun by then are told apart from those that were.
func Run[T any](ctx context.Context, tenants []fleet.Tenant, parallel int, ask func(context.Context, fleet.Tenant) (items []T, note string, err error)) (Report[T], error) {
	r := Report[T]{Outcomes: make([]Outcome[T], len(tenants)), Tenants: make([]fleet.TenantStatus, len(tenants))}
	var g errgroup.Group
	g.SetLimit(max(parallel, 1))
	for i, t := range tenants {
		g.Go(func() error {
			o := &r.Outcomes[i]
			if ctx.Err() != nil {
				o.Err = clierr.NotBegun()
			} else {
				o.Items, o.Note, o.Err = ask(ctx, t)
			}
			o.exit, o.status = judge(t, len(o.Items), o.Note, o.Err)
			r.Tenants[i] = o.status
			return nil
		})
	}
	_ = g.Wait() // no call returns an error: failures are outcomes
	return r, ctx.Err()
}

func judge(t fleet.Tenant, items int, note string, err error) (int, fleet.TenantStatus) {
	s := fleet.TenantStatus{ID: t.ID, Name: t.Label(), Status: fleet.StatusOK, Detail: note, Items: items}
	if err == nil {
		return clierr.CodeDone, s
	}
	x := explain.Error(err)
	s.Status, s.Code, s.Detail, s.Next = fleet.StatusFailed, x.Code, x.Message, x.Next
	if e, ok := errors.AsType[*entra.Error](err); ok && e.Action == entra.ActionConsent && t.State == fleet.StateFailed && t.Detail != "" && !strings.Contains(t.Detail, x.Code) {
		// The consent page told why; the refusal of a token only tells that.
		s.Next = "When consent was last asked for: " + t.Detail
	}
	if s.Code == "AADSTS90038" && t.Cloud != "" {
		s.Next = "add --cloud " + t.Cloud // that of the state, since discovery told it
	}
	return x.Exit, s
}

// Lost adds a tenant that was named and could not be found, as one that failed.
func (r *Report[T]) Lost(name string, err error) {
	exit, status := judge(fleet.Tenant{Name: name}, 0, "", err)
	r.Outcomes = append(r.Outcomes, Outcome[T]{Err: err, exit: exit, status: status})
	r.Tenants = append(r.Tenants, status)
}

// Items are the items of all tenants, tenant by tenant.
func (r Report[T]) Items() []T {
	items := []T{} // never null in JSON
	for _, o := range r.Outcomes {
		items = append(items, o.Items...)
	}
	return items
}

// Failed counts the tenants that failed.
func (r Report[T]) Failed() int {
	n := 0
	for _, o := range r.Outcomes {
		if o.Err != nil {
			n++
		}
	}
	return n
}

// Err is how the command ends: nil when all went well, exit code 4 when some
// tenants failed, and when all failed the code they failed with if it is the
// same one, else 1.
func (r Report[T]) Err() error {
	switch r.Failed() {
	case 0:
		return nil
	case len(r.Outcomes):
		code := r.Outcomes[0].exit
		for _, o := range r.Outcomes {
			if o.exit != code {
				code = clierr.CodeFailed
			}
		}
		return &clierr.Exit{Code: code}
	}
	return clierr.Partial()
}

// Summary writes the account in words: how many answered, and for each that
// did not, why and what to do next.
func (r Report[T]) Summary(w io.Writer) {
	total := len(r.Tenants)
	fmt.Fprintf(w, "%d of %d %s answered\n", total-r.Failed(), total, plural(total, "tenant", "tenants"))
	for _, s := range r.Tenants {
		if s.Status != fleet.StatusFailed {
			continue
		}
		fmt.Fprintf(w, "%s: %s\n", output.Clean(s.Name), output.Clean(s.Detail))
		if s.Next != "" {
			fmt.Fprintf(w, "  next: %s\n", output.Clean(s.Next))
		}
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// Count is a number with its noun: "1 tenant", "12 tenants".
func Count(n int, one, many string) string { return fmt.Sprintf("%d %s", n, plural(n, one, many)) }

// Failure adds a tenant that failed in an earlier step of the same command,
// with the status it had then.
func (r *Report[T]) Failure(status fleet.TenantStatus, err error) {
	r.Outcomes = append(r.Outcomes, Outcome[T]{Err: err, exit: explain.Error(err).Exit, status: status})
	r.Tenants = append(r.Tenants, status)
}
