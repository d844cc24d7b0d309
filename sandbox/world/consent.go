package world

import (
	"fmt"
	"slices"
	"strings"
)

// ConsentRequest is what an administrator (or a user) agreed to.
type ConsentRequest struct {
	TenantID string
	AppID    string
	// UserID of a user who consents for himself alone. Empty means consent on
	// behalf of the organization: application roles and tenant-wide grants.
	UserID string
	// Resources limits consent to these resources (application ids), as
	// /v2.0/adminconsent does by its scope. Empty means all the registration
	// asks for.
	Resources []string
}

// Consent records a consent as a snapshot of what the registration asks for
// now: it creates the service principal, one app role assignment per required
// role and one permission grant per resource with scopes. A permission added
// to the registration later is in no token until consent is given again; one
// removed from it stays granted.
//
// A required resource without a service principal in the tenant (no licence)
// fails the whole with a *MissingResourceError and grants nothing.
func (w *World) Consent(req ConsentRequest) (*ServicePrincipal, error) {
	w.mu.Lock()
	t, a, err := w.tenantAndAppLocked(req.TenantID, req.AppID)
	if err != nil {
		w.mu.Unlock()
		return nil, err
	}
	var wanted []RequiredResource
	for _, r := range a.Required {
		if len(req.Resources) == 0 || slices.ContainsFunc(req.Resources, func(id string) bool { return strings.EqualFold(id, r.ResourceAppID) }) {
			wanted = append(wanted, r)
		}
	}
	for _, r := range wanted {
		if _, ok := w.sps[t.ID][strings.ToLower(r.ResourceAppID)]; !ok {
			name := r.ResourceAppID
			if api, ok := w.apps[strings.ToLower(r.ResourceAppID)]; ok {
				name = api.DisplayName
			}
			w.mu.Unlock()
			return nil, &MissingResourceError{TenantID: t.ID, ResourceAppID: r.ResourceAppID, ResourceName: name}
		}
	}
	sp, ok := w.sps[t.ID][strings.ToLower(a.AppID)]
	if !ok {
		sp = w.putServicePrincipalLocked(t.ID, a)
	}
	before := sp
	sp = sp.clone()
	var granted []string
	for _, r := range wanted {
		api := w.apps[strings.ToLower(r.ResourceAppID)]
		if api == nil {
			continue
		}
		var scopes []string
		for _, acc := range r.Access {
			if acc.Type == "Role" {
				role, ok := api.RoleByID(acc.ID)
				if !ok || req.UserID != "" {
					continue
				}
				sp.assign(t.ID, api.AppID, role.ID, w)
				granted = append(granted, role.Value)
				continue
			}
			if s, ok := api.ScopeByID(acc.ID); ok && (req.UserID == "" || !s.AdminConsent) {
				scopes = append(scopes, s.Value)
			}
		}
		if len(scopes) > 0 {
			sp.grant(t.ID, api.AppID, req.UserID, scopes)
			granted = append(granted, scopes...)
		}
	}
	w.stampPrincipal(sp, before)
	w.sps[t.ID][strings.ToLower(a.AppID)] = sp
	w.mu.Unlock()
	w.tell(Change{What: "consent.granted", TenantID: t.ID, AppID: a.AppID, Detail: map[string]any{"granted": granted, "organization": req.UserID == ""}})
	return sp, nil
}

// MissingResourceError says that a required API has no service principal in
// the tenant, usually because the tenant has no licence for it (AADSTS650052).
type MissingResourceError struct {
	TenantID, ResourceAppID, ResourceName string
}

func (e *MissingResourceError) Error() string {
	return fmt.Sprintf("tenant %s has no service principal of %s (%s)", e.TenantID, e.ResourceName, e.ResourceAppID)
}

// Next says in one sentence what to do about it.
func (e *MissingResourceError) Next() string {
	return "Give the tenant the licence that brings the resource, or leave the resource out of the registration."
}

// Assign grants one application role directly, as a world file or a POST to
// appRoleAssignments does. It fails with ErrExists when the role is granted
// already.
func (w *World) Assign(tenantID, appID, resourceAppID, roleID string) (Assignment, error) {
	var out Assignment
	_, err := w.UpdateServicePrincipal(tenantID, appID, "role.assigned", func(sp *ServicePrincipal) error {
		if slices.ContainsFunc(sp.RolesFor(resourceAppID), func(id string) bool { return strings.EqualFold(id, roleID) }) {
			return fmt.Errorf("role %s of %s: %w", roleID, resourceAppID, ErrExists)
		}
		out = sp.assign(strings.ToLower(tenantID), resourceAppID, roleID, w)
		return nil
	})
	return out, err
}

func (s *ServicePrincipal) assign(tenantID, resourceAppID, roleID string, w *World) Assignment {
	for _, a := range s.Assignments {
		if strings.EqualFold(a.ResourceAppID, resourceAppID) && strings.EqualFold(a.RoleID, roleID) {
			return a
		}
	}
	a := Assignment{
		ID:            DeriveGUID("assignment", tenantID, s.AppID, resourceAppID, roleID),
		ResourceAppID: resourceAppID,
		RoleID:        roleID,
		Created:       w.Now(),
	}
	s.Assignments = append(s.Assignments, a)
	return a
}

func (s *ServicePrincipal) grant(tenantID, resourceAppID, userID string, scopes []string) {
	for i, g := range s.Grants {
		if strings.EqualFold(g.ResourceAppID, resourceAppID) && g.UserID == userID {
			merged := slices.Clone(g.Scopes)
			for _, sc := range scopes {
				if !slices.Contains(merged, sc) {
					merged = append(merged, sc)
				}
			}
			s.Grants[i].Scopes = merged
			return
		}
	}
	s.Grants = append(s.Grants, Grant{
		ID:            DeriveGUID("grant", tenantID, s.AppID, resourceAppID, userID),
		ResourceAppID: resourceAppID,
		UserID:        userID,
		Scopes:        slices.Clone(scopes),
	})
}

func (w *World) tenantAndAppLocked(tenantID, appID string) (*Tenant, *App, error) {
	t, ok := w.tenants[strings.ToLower(tenantID)]
	if !ok {
		return nil, nil, fmt.Errorf("tenant %s: %w", tenantID, ErrNotFound)
	}
	a, ok := w.apps[strings.ToLower(appID)]
	if !ok {
		return nil, nil, fmt.Errorf("application %s: %w", appID, ErrNotFound)
	}
	if a.SignInAudience == AudienceMyOrg && !strings.EqualFold(a.HomeTenant, t.ID) && !a.FirstParty {
		return nil, nil, fmt.Errorf("application %s is single-tenant and cannot enter tenant %s: %w", appID, tenantID, ErrInvalid)
	}
	return t, a, nil
}

func (w *World) putServicePrincipalLocked(tenantID string, a *App) *ServicePrincipal {
	sp := &ServicePrincipal{
		// Derived, so that a world file gives the same ids in every run.
		ID:       DeriveGUID("sp", tenantID, strings.ToLower(a.AppID)),
		TenantID: tenantID,
		AppID:    a.AppID,
		Enabled:  true,
		Created:  w.Now(),
	}
	w.sps[tenantID][strings.ToLower(a.AppID)] = sp
	return sp
}
