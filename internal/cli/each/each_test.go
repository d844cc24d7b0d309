package each_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/each"
)

func tenants(n int) []fleet.Tenant {
	var list []fleet.Tenant
	for i := range n {
		list = append(list, fleet.Tenant{ID: entra.TenantID(fmt.Sprintf("10000000-0000-4000-8000-%012d", i)), Name: fmt.Sprintf("T%d", i)})
	}
	return list
}

func TestRun(t *testing.T) {
	consent := &entra.Error{Code: 7000229, OAuth: "invalid_client", Message: "no service principal", Action: entra.ActionConsent}
	network := &entra.ConnectionError{Host: "x", Err: errors.New("refused")}
	tests := []struct {
		name string
		errs map[string]error
		exit int
	}{
		{"all well", nil, 0},
		{"one fails", map[string]error{"T1": consent}, clierr.CodePartial},
		{"all need consent", map[string]error{"T0": consent, "T1": consent, "T2": consent}, clierr.CodeSignIn},
		{"all fail, differently", map[string]error{"T0": consent, "T1": network, "T2": consent}, clierr.CodeFailed},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r, err := each.Run(t.Context(), tenants(3), 2, func(_ context.Context, tn fleet.Tenant) ([]string, string, error) {
				return []string{tn.Name + "a", tn.Name + "b"}, "noted", tc.errs[tn.Name]
			})
			if err != nil {
				t.Fatal(err)
			}
			// What came before a failure is kept, in the order of the tenants.
			if diff := cmp.Diff([]string{"T0a", "T0b", "T1a", "T1b", "T2a", "T2b"}, r.Items()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			code := 0
			var exit *clierr.Exit
			if errors.As(r.Err(), &exit) {
				code = exit.Code
			}
			if code != tc.exit {
				t.Errorf("exit code %d, want %d", code, tc.exit)
			}
			for _, s := range r.Tenants {
				if failed := tc.errs[s.Name] != nil; failed != (s.Status == fleet.StatusFailed) || failed != (s.Code != "") || failed != (s.Next != "") || s.Items != 2 {
					t.Errorf("status %+v", s)
				}
			}
			var b bytes.Buffer
			r.Summary(&b)
			if want := fmt.Sprintf("%d of 3 tenants answered\n", 3-len(tc.errs)); !strings.HasPrefix(b.String(), want) || strings.Count(b.String(), "  next: ") != len(tc.errs) {
				t.Errorf("got %q", b.String())
			}
		})
	}
}

func TestRunIsBoundedAndEnds(t *testing.T) {
	var running, most atomic.Int32
	ctx, cancel := context.WithCancel(t.Context())
	r, err := each.Run(ctx, tenants(50), 4, func(context.Context, fleet.Tenant) ([]int, string, error) {
		if n := running.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer running.Add(-1)
		cancel()
		return nil, "", nil
	})
	if !errors.Is(err, context.Canceled) || most.Load() > 4 {
		t.Errorf("got %v, %d at once", err, most.Load())
	}
	if r.Failed() < 46 {
		t.Errorf("%d tenants were not asked after the interrupt, want at least 46", r.Failed())
	}
}

// What the consent page told is more than what the refusal of a token tells.
func TestReasonOfTheConsentPage(t *testing.T) {
	tn := tenants(1)
	tn[0].State, tn[0].Detail = fleet.StateFailed, "consent was refused (AADSTS650052): ask for a licence"
	r, err := each.Run(t.Context(), tn, 1, func(context.Context, fleet.Tenant) ([]int, string, error) {
		return nil, "", &entra.Error{Code: 7000229, Action: entra.ActionConsent}
	})
	if err != nil || !strings.Contains(r.Tenants[0].Next, "650052") || r.Tenants[0].Code != "AADSTS7000229" {
		t.Errorf("got %+v, %v", r.Tenants[0], err)
	}
}
