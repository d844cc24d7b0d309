package each

import (
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/output"
)

// Head is what the items of a list say of their tenant.
type Head struct {
	TenantID   string `json:"tenantId"`
	TenantName string `json:"tenantName,omitempty"`
	Customer   string `json:"customer,omitempty"`
}

// HeadOf is the head of the items of a tenant.
func HeadOf(t fleet.Tenant) Head {
	return Head{TenantID: string(t.ID), TenantName: t.Label(), Customer: t.Customer}
}

// list is what a command over several tenants prints as JSON.
type list[T any] struct {
	Items   []T                  `json:"items"`
	Tenants []fleet.TenantStatus `json:"tenants"`
}

// statusLine is how the status of a tenant stands in NDJSON, after the items.
type statusLine struct {
	TenantStatus fleet.TenantStatus `json:"tenantStatus"`
}

// Print prints items, which are not nil, with the account of the tenants they
// were read from. The table is the caller's: Doc and Lines of r are set here.
func Print[T any](f *factory.Factory, items []T, tenants []fleet.TenantStatus, r output.Result) error {
	lines := make([]any, 0, len(items)+len(tenants))
	for _, i := range items {
		lines = append(lines, i)
	}
	for _, t := range tenants {
		lines = append(lines, statusLine{t})
	}
	r.Doc, r.Lines = list[T]{Items: items, Tenants: tenants}, lines
	return f.Print(r)
}
