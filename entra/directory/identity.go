package directory

import (
	"context"
	"net/http"

	"github.com/tenantry/tenantry/entra"
)

// Organization is the tenant that is signed in to.
type Organization struct {
	ID      entra.TenantID
	Name    string
	Domains []Domain
}

// Domain is a verified domain of a tenant.
type Domain struct {
	Name    string
	Default bool
	Initial bool // the onmicrosoft.com domain the tenant began with
}

// DefaultDomain returns the tenant's default domain, empty if it has none.
func (o Organization) DefaultDomain() string {
	for _, d := range o.Domains {
		if d.Default {
			return d.Name
		}
	}
	return ""
}

// User is the person that is signed in.
type User struct {
	ID                string
	DisplayName       string
	UserPrincipalName string // for display; it identifies nobody across tenants
}

type wireOrganization struct {
	ID      string       `json:"id"`
	Name    string       `json:"displayName"`
	Domains []wireDomain `json:"verifiedDomains"`
}

type wireDomain struct {
	Name    string `json:"name"`
	Default bool   `json:"isDefault"`
	Initial bool   `json:"isInitial"`
}

// Organization reads the tenant that is signed in to.
func (c *Client) Organization(ctx context.Context) (Organization, error) {
	k := call{op: "read organization", method: http.MethodGet, path: "/organization"}
	wires, err := collect(list[wireOrganization](ctx, c, k))
	if err != nil {
		return Organization{}, err
	}
	if len(wires) != 1 {
		return Organization{}, &Error{Op: k.op, Status: 200, Message: "the answer does not have exactly one organization"}
	}
	id, err := entra.ParseTenantID(wires[0].ID)
	if err != nil {
		return Organization{}, &Error{Op: k.op, Status: 200, Message: "the organization's id is not a tenant id"}
	}
	o := Organization{ID: id, Name: wires[0].Name}
	for _, d := range wires[0].Domains {
		o.Domains = append(o.Domains, Domain(d))
	}
	return o, nil
}

// Me reads the person that is signed in. With an application's token Graph
// answers 400, since nobody is.
func (c *Client) Me(ctx context.Context) (User, error) {
	var w struct {
		ID                string `json:"id"`
		DisplayName       string `json:"displayName"`
		UserPrincipalName string `json:"userPrincipalName"`
	}
	k := call{op: "read signed-in user", method: http.MethodGet, path: "/me"}
	if err := c.do(ctx, k, &w); err != nil {
		return User{}, err
	}
	if w.ID == "" {
		return User{}, &Error{Op: k.op, Status: 200, Message: "the answer has no id"}
	}
	return User(w), nil
}
