package world

import (
	"fmt"
	"slices"
	"strings"
)

// AddUser adds a person to a tenant. An empty id, name or password is filled
// in as a world file's would be; the user principal name must be new to the
// world and in one of the tenant's domains.
func (w *World) AddUser(tenantID string, u User) (*User, error) {
	u.UPN = strings.ToLower(u.UPN)
	if u.ID == "" {
		u.ID = userID(strings.ToLower(tenantID), u.UPN)
	}
	local, _, _ := strings.Cut(u.UPN, "@")
	if u.Name == "" {
		u.Name = displayName(local)
	}
	if u.Password == "" {
		u.Password = DefaultPassword
	}
	u.Roles = slices.Clone(u.Roles)
	_, err := w.UpdateTenant(tenantID, "user.added", func(t *Tenant) error {
		t.Users = append(t.Users, &u)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &u, nil
}

// UpdateTenant changes a tenant as [World.UpdateApp] does an application. A
// user to be changed must be replaced by a changed copy. The id and cloud
// cannot change. Licences that are added or dropped bring or take the service
// principals of Microsoft's resources.
func (w *World) UpdateTenant(tenantID, what string, f func(*Tenant) error) (*Tenant, error) {
	w.mu.Lock()
	old, ok := w.tenants[strings.ToLower(tenantID)]
	if !ok {
		w.mu.Unlock()
		return nil, fmt.Errorf("tenant %s: %w", tenantID, ErrNotFound)
	}
	c := old.clone()
	c.Licences = slices.Clone(old.Licences)
	if err := f(c); err != nil {
		w.mu.Unlock()
		return nil, err
	}
	if err := w.replaceTenantLocked(old, c); err != nil {
		w.mu.Unlock()
		return nil, err
	}
	w.mu.Unlock()
	w.tell(Change{What: what, TenantID: c.ID})
	return c, nil
}

func (w *World) replaceTenantLocked(old, c *Tenant) error {
	if c.ID != old.ID || c.Cloud != old.Cloud {
		return fmt.Errorf("tenant %s cannot change its id or cloud: %w", old.ID, ErrInvalid)
	}
	for i, d := range c.Domains {
		c.Domains[i] = strings.ToLower(d)
		if other, ok := w.domains[c.Domains[i]]; ok && other != c.ID {
			return fmt.Errorf("domain %s (of tenant %s): %w", d, other, ErrExists)
		}
	}
	seen := map[string]bool{}
	for _, u := range c.Users {
		upn := strings.ToLower(u.UPN)
		_, domain, _ := strings.Cut(upn, "@")
		if !slices.Contains(c.Domains, domain) {
			return fmt.Errorf("user %s is in no domain of tenant %s: %w", u.UPN, c.ID, ErrInvalid)
		}
		if other, ok := w.users[upn]; seen[upn] || ok && other.tenant != c.ID {
			return fmt.Errorf("user %s: %w", u.UPN, ErrExists)
		}
		seen[upn] = true
	}
	for _, d := range old.Domains {
		delete(w.domains, strings.ToLower(d))
	}
	for _, u := range old.Users {
		delete(w.users, strings.ToLower(u.UPN))
	}
	w.tenants[c.ID] = c
	for _, d := range c.Domains {
		w.domains[d] = c.ID
	}
	for _, u := range c.Users {
		w.users[strings.ToLower(u.UPN)] = userKey{c.ID, u.ID}
	}
	for _, id := range w.appSeq {
		a := w.apps[strings.ToLower(id)]
		if !a.FirstParty || len(a.NeedsLicence) == 0 {
			continue
		}
		_, has := w.sps[c.ID][strings.ToLower(id)]
		switch licensed := c.licensed(a); {
		case licensed && !has:
			w.putServicePrincipalLocked(c.ID, a)
		case !licensed && has:
			delete(w.sps[c.ID], strings.ToLower(id))
		}
	}
	return nil
}
