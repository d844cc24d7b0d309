package directory

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// ServicePrincipal stands for an application inside one tenant. Without one
// the tenant issues no token to the application (AADSTS7000229).
type ServicePrincipal struct {
	ID                  string // object id in this tenant; the oid of its tokens
	AppID               string
	DisplayName         string
	Enabled             bool   // accountEnabled: an administrator can switch it off
	OwnerOrganizationID string // home tenant of the application
	AppRoles            []AppRole
}

// AppRole is an application role that a resource defines.
type AppRole struct {
	ID          string
	Value       string // as in the roles of tokens: "Incident.Read.All"
	DisplayName string
	Enabled     bool
}

// RoleID returns the id of an enabled application role by its value.
func (p ServicePrincipal) RoleID(value string) (string, bool) {
	for _, r := range p.AppRoles {
		if r.Value == value && r.Enabled {
			return r.ID, true
		}
	}
	return "", false
}

// RoleAssignment is an application role granted to a service principal.
type RoleAssignment struct {
	ID           string
	PrincipalID  string // service principal of the client
	ResourceID   string // service principal of the resource
	ResourceName string
	RoleID       string
	Created      time.Time
}

type wirePrincipal struct {
	ID          string        `json:"id"`
	AppID       string        `json:"appId"`
	DisplayName string        `json:"displayName"`
	Enabled     *bool         `json:"accountEnabled"`
	Owner       string        `json:"appOwnerOrganizationId"`
	AppRoles    []wireAppRole `json:"appRoles"`
}

type wireAppRole struct {
	ID          string `json:"id"`
	Value       string `json:"value"`
	DisplayName string `json:"displayName"`
	Enabled     bool   `json:"isEnabled"`
}

type wireAssignment struct {
	ID           string    `json:"id"`
	PrincipalID  string    `json:"principalId"`
	ResourceID   string    `json:"resourceId"`
	ResourceName string    `json:"resourceDisplayName"`
	RoleID       string    `json:"appRoleId"`
	Created      time.Time `json:"createdDateTime"`
}

func (w wirePrincipal) principal(op string) (ServicePrincipal, error) {
	if checkID("", w.ID) != nil || checkID("", w.AppID) != nil {
		return ServicePrincipal{}, &Error{Op: op, Status: 200, Message: "the answer has no id and appId as Graph's have"}
	}
	p := ServicePrincipal{
		ID: w.ID, AppID: w.AppID, DisplayName: w.DisplayName, OwnerOrganizationID: w.Owner,
		Enabled: w.Enabled == nil || *w.Enabled,
	}
	for _, r := range w.AppRoles {
		p.AppRoles = append(p.AppRoles, AppRole(r))
	}
	return p, nil
}

func (w wireAssignment) assignment() RoleAssignment { return RoleAssignment(w) }

// CreateServicePrincipal puts an application into the tenant that is signed in
// to. One that exists gives an [*Error] whose AlreadyExists is true.
func (c *Client) CreateServicePrincipal(ctx context.Context, appID string) (ServicePrincipal, error) {
	if err := checkID("application id", appID); err != nil {
		return ServicePrincipal{}, err
	}
	var w wirePrincipal
	k := call{
		op: "create service principal", method: http.MethodPost, path: "/servicePrincipals",
		body: map[string]any{"appId": appID}, about: []string{appID},
	}
	if err := c.do(ctx, k, &w); err != nil {
		return ServicePrincipal{}, err
	}
	p, err := w.principal(k.op)
	if err != nil {
		return ServicePrincipal{}, err
	}
	c.Expect(p.ID)
	c.Expect(p.AppID)
	return p, nil
}

// ServicePrincipalByAppID finds the service principal of an application, of
// the partner's own or of a resource such as Microsoft Threat Protection, in
// the tenant that is signed in to.
func (c *Client) ServicePrincipalByAppID(ctx context.Context, appID string) (ServicePrincipal, error) {
	if err := checkID("application id", appID); err != nil {
		return ServicePrincipal{}, err
	}
	var w wirePrincipal
	k := call{
		op: "read service principal", method: http.MethodGet,
		path: "/servicePrincipals(appId='" + appID + "')", about: []string{appID},
	}
	if err := c.do(ctx, k, &w); err != nil {
		return ServicePrincipal{}, err
	}
	return w.principal(k.op)
}

// RoleAssignments lists the application roles granted to a service principal,
// by its object id.
func (c *Client) RoleAssignments(ctx context.Context, principalID string) iter.Seq2[RoleAssignment, error] {
	return func(yield func(RoleAssignment, error) bool) {
		if err := checkID("service principal id", principalID); err != nil {
			yield(RoleAssignment{}, err)
			return
		}
		k := call{
			op: "list role assignments", method: http.MethodGet,
			path: "/servicePrincipals/" + principalID + "/appRoleAssignments", about: []string{principalID},
		}
		for w, err := range list[wireAssignment](ctx, c, k) {
			if !yield(w.assignment(), err) {
				return
			}
		}
	}
}

// AppRoleAssignments is [Client.RoleAssignments] collected.
func (c *Client) AppRoleAssignments(ctx context.Context, principalID string) ([]RoleAssignment, error) {
	return collect(c.RoleAssignments(ctx, principalID))
}

// AssignRole grants an application role of a resource to a service principal,
// which is what an administrator's consent does for each role. A grant that
// exists gives an [*Error] whose AlreadyExists is true.
func (c *Client) AssignRole(ctx context.Context, principalID, resourceID, roleID string) (RoleAssignment, error) {
	for _, id := range [][2]string{{"service principal id", principalID}, {"resource id", resourceID}, {"role id", roleID}} {
		if err := checkID(id[0], id[1]); err != nil {
			return RoleAssignment{}, err
		}
	}
	var w wireAssignment
	// The page on appRoleAssignment recommends the resource's side for writing.
	k := call{
		op: "assign role", method: http.MethodPost, path: "/servicePrincipals/" + resourceID + "/appRoleAssignedTo",
		body:  map[string]any{"principalId": principalID, "resourceId": resourceID, "appRoleId": roleID},
		about: []string{principalID, resourceID},
	}
	if err := c.do(ctx, k, &w); err != nil {
		return RoleAssignment{}, err
	}
	return w.assignment(), nil
}
