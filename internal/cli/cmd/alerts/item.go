package alerts

import (
	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/output"
)

// Item is an alert with the tenant it belongs to.
type Item struct {
	TenantID   string
	TenantName string
	Customer   string
	Surface    defender.Surface
	*defender.Alert
}

func newItem(t fleet.Tenant, s defender.Surface, a *defender.Alert) Item {
	return Item{TenantID: string(t.ID), TenantName: t.Label(), Customer: t.Customer, Surface: s, Alert: a}
}

// MarshalJSON writes the tenant, and then the alert's own properties as
// Microsoft Graph names them.
func (i Item) MarshalJSON() ([]byte, error) {
	head := struct {
		TenantID   string           `json:"tenantId"`
		TenantName string           `json:"tenantName,omitempty"`
		Customer   string           `json:"customer,omitempty"`
		Surface    defender.Surface `json:"surface"`
	}{i.TenantID, i.TenantName, i.Customer, i.Surface}
	return output.Compose(head, i.Alert)
}

// shown is what is remembered of an alert that was shown.
func shown(a *defender.Alert) fleet.Seen { return fleet.Seen{ID: a.ID, LastUpdate: a.LastUpdate} }
