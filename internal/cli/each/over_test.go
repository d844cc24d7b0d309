package each_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/each"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/iostreams"
	"github.com/tenantry/tenantry/internal/cli/selection"
)

// On a terminal progress is told now and then, not for each of many tenants;
// in a log not at all.
func TestOverTellsProgress(t *testing.T) {
	for _, terminal := range []bool{true, false} {
		streams, _, errOut := iostreams.Test("")
		streams.ErrTTY = terminal
		now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
		f := factory.New(factory.Options{
			Streams: streams, Now: func() time.Time { return now },
			Environ: []string{"HOME=" + t.TempDir(), "TENANTRY_PARALLEL=1"},
		})
		var sel selection.Flags
		for i := range 20 {
			sel.Tenants = append(sel.Tenants, fmt.Sprintf("20000000-0000-4000-8000-0000000000%02d", i))
		}
		report, err := each.Over(t.Context(), f, sel, func(_ context.Context, tenant fleet.Tenant) ([]int, string, error) {
			now = now.Add(300 * time.Millisecond) // one at a time
			if strings.HasSuffix(string(tenant.ID), "02") {
				return nil, "", errors.New("broken")
			}
			return []int{1, 2}, "", nil
		})
		if err != nil || len(report.Items()) != 38 || report.Failed() != 1 {
			t.Fatalf("got %d items, %d failed, %v", len(report.Items()), report.Failed(), err)
		}
		lines := strings.Split(strings.TrimSuffix(errOut.String(), "\n"), "\n")
		if !terminal {
			if errOut.Len() > 0 {
				t.Errorf("a log is told %q", errOut)
			}
			continue
		}
		want := []string{"asking 20 tenants", "4 of 20 tenants, 6 items so far, 1 failed; last: 20000000-0000-4000-8000-000000000003"}
		if len(lines) != 5 || lines[0] != want[0] || lines[1] != want[1] {
			t.Errorf("got %q", lines)
		}
	}
}

// A tenant that cannot be found is one that failed, and stops no other.
func TestOverCountsTheLost(t *testing.T) {
	streams, _, _ := iostreams.Test("")
	f := factory.New(factory.Options{Streams: streams, Now: time.Now, Environ: []string{"HOME=" + t.TempDir()}})
	sel := selection.Flags{Tenants: []string{"20000000-0000-4000-8000-000000000001", "no tenant"}}
	report, err := each.Over(t.Context(), f, sel, func(context.Context, fleet.Tenant) ([]int, string, error) { return []int{1}, "", nil })
	if err != nil || len(report.Tenants) != 2 || report.Failed() != 1 || report.Tenants[1].Name != "no tenant" || report.Tenants[1].Code != "usage" {
		t.Errorf("got %+v, %v", report.Tenants, err)
	}
}
