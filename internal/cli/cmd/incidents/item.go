package incidents

import (
	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/output"
)

// Item is an incident with the tenant it belongs to.
type Item struct {
	TenantID   string
	TenantName string
	Customer   string
	*defender.Incident
}

// NewItem puts an incident beside its tenant.
func NewItem(t fleet.Tenant, inc *defender.Incident) Item {
	return Item{TenantID: string(t.ID), TenantName: t.Label(), Customer: t.Customer, Incident: inc}
}

// MarshalJSON writes the tenant, and then the incident's own properties as
// Microsoft Graph names them, whichever surface they were read from.
func (i Item) MarshalJSON() ([]byte, error) {
	head := struct {
		TenantID   string           `json:"tenantId"`
		TenantName string           `json:"tenantName,omitempty"`
		Customer   string           `json:"customer,omitempty"`
		Surface    defender.Surface `json:"surface"`
	}{i.TenantID, i.TenantName, i.Customer, i.Incident.Surface}
	return output.Compose(head, i.Incident)
}

// shown is what is remembered of an incident that was shown.
func shown(inc *defender.Incident) fleet.Seen {
	return fleet.Seen{ID: inc.ID, LastUpdate: inc.LastUpdate}
}
