// Package world holds everything the sandbox pretends exists: tenants, users,
// applications, service principals, consents, incidents, alerts, machines and
// indicators. Make one from a file ([ParseFile], [LoadFile]) or in Go ([Spec],
// [New]), and change it at any time ([World.UpdateIncident], [World.Step], …).
//
// The rooms around it (token service, Graph, Defender, proxy) keep no state of
// their own: they read and change a World, so that a consent given on a page
// is in the next token and a secret added through Graph signs in at once.
//
// Values handed out ([Tenant], [App], [Incident], …) are published once
// and never changed afterwards: an update clones, changes the clone and
// replaces the original under the lock. Readers may therefore keep a pointer
// without locking, and must not write through it.
package world

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Errors of the World's methods. They are wrapped with the name of what was
// asked for; compare with errors.Is.
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("already exists")
	ErrInvalid  = errors.New("invalid")
)

// World is the sandbox's state. Its methods are safe for concurrent use.
type World struct {
	mu      sync.RWMutex
	now     func() time.Time
	epoch   time.Time
	observe func(Change)

	order   []string           // tenant ids in the order they were added
	tenants map[string]*Tenant // by lower-case id
	domains map[string]string  // lower-case domain → tenant id
	apps    map[string]*App    // by lower-case application (client) id
	objects map[string]string  // lower-case application object id → application id
	appSeq  []string           // application ids in the order they were added
	sps     map[string]map[string]*ServicePrincipal
	users   map[string]userKey // lower-case user principal name → where

	incidents *incidentBook

	ledgerMu sync.RWMutex
	ledgers  map[string]*ledger // what changed, by lower-case tenant id

	liveSteps uint64 // events of Live so far; under ledgerMu

	settings Settings
	delays   Delays
	marked   *mark // what Reset goes back to
}

type userKey struct{ tenant, user string }

// Change is one change of state, as told to the observer (the journal).
type Change struct {
	Time     time.Time
	What     string // such as "tenant.added", "app.created", "consent.granted"
	TenantID string
	AppID    string
	Detail   map[string]any // never a secret's value
}

// New returns an empty world that holds Microsoft's own applications and
// nothing else. now is the world's clock; nil means time.Now.
func New(now func() time.Time) *World {
	if now == nil {
		now = time.Now
	}
	w := &World{
		now:     now,
		epoch:   now().UTC().Truncate(time.Minute),
		tenants: map[string]*Tenant{},
		domains: map[string]string{},
		apps:    map[string]*App{},
		objects: map[string]string{},
		sps:     map[string]map[string]*ServicePrincipal{},
		users:   map[string]userKey{},

		incidents: newIncidentBook(maxHeldIncidents),
		ledgers:   map[string]*ledger{},
	}
	for _, a := range firstParty() {
		w.apps[strings.ToLower(a.AppID)] = a
		w.objects[strings.ToLower(a.ObjectID)] = a.AppID
		w.appSeq = append(w.appSeq, a.AppID)
	}
	return w
}

// Now is the world's time, in UTC.
func (w *World) Now() time.Time { return w.now().UTC() }

// Epoch is the moment the world began, to the full minute: its clock's first
// reading. Relative times of a world file and the times of generated incidents
// count from it, so that they do not move while the world is used.
func (w *World) Epoch() time.Time { return w.epoch }

// Observe sets the one observer of changes. It is called after the change is
// visible, outside the lock, in the goroutine that made the change. Set it
// before the world is shared.
func (w *World) Observe(f func(Change)) { w.observe = f }

func (w *World) tell(c Change) {
	if w.observe == nil {
		return
	}
	c.Time = w.Now()
	w.observe(c)
}

// AddTenant adds a tenant. Its id, every domain and every user principal name
// must be new to the world. The service principals of Microsoft's resources
// that the tenant's licences bring are created with it.
func (w *World) AddTenant(t Tenant) (*Tenant, error) {
	c := t.clone()
	c.ID = strings.ToLower(c.ID)
	if c.Cloud == "" {
		c.Cloud = CloudPublic
	}
	for i, u := range c.Users {
		if u.ID == "" { // users are found by id
			named := *u
			named.ID = userID(c.ID, u.UPN)
			c.Users[i] = &named
		}
	}
	c.cast = c.Users
	w.mu.Lock()
	if err := w.addTenantLocked(c); err != nil {
		w.mu.Unlock()
		return nil, err
	}
	w.mu.Unlock()
	w.tell(Change{What: "tenant.added", TenantID: c.ID, Detail: map[string]any{"name": c.Name}})
	return c, nil
}

func (w *World) addTenantLocked(c *Tenant) error {
	if !IsGUID(c.ID) {
		return fmt.Errorf("tenant id %q is not a GUID: %w", c.ID, ErrInvalid)
	}
	if _, ok := w.tenants[c.ID]; ok {
		return fmt.Errorf("tenant %s: %w", c.ID, ErrExists)
	}
	for _, d := range c.Domains {
		if other, ok := w.domains[strings.ToLower(d)]; ok {
			return fmt.Errorf("domain %s (of tenant %s): %w", d, other, ErrExists)
		}
	}
	for _, u := range c.Users {
		if _, ok := w.users[strings.ToLower(u.UPN)]; ok {
			return fmt.Errorf("user %s: %w", u.UPN, ErrExists)
		}
	}
	w.tenants[c.ID] = c
	w.order = append(w.order, c.ID)
	for _, d := range c.Domains {
		w.domains[strings.ToLower(d)] = c.ID
	}
	for _, u := range c.Users {
		w.users[strings.ToLower(u.UPN)] = userKey{c.ID, u.ID}
	}
	w.sps[c.ID] = map[string]*ServicePrincipal{}
	for _, id := range w.appSeq {
		a := w.apps[strings.ToLower(id)]
		if a.FirstParty && c.licensed(a) {
			w.putServicePrincipalLocked(c.ID, a)
		}
	}
	return nil
}

// Tenant finds a tenant by id or by any of its domains, without regard to case.
func (w *World) Tenant(idOrDomain string) (*Tenant, bool) {
	key := strings.ToLower(idOrDomain)
	w.mu.RLock()
	defer w.mu.RUnlock()
	if id, ok := w.domains[key]; ok {
		key = id
	}
	t, ok := w.tenants[key]
	return t, ok
}

// Tenants returns all tenants in the order they were added.
func (w *World) Tenants() []*Tenant {
	w.mu.RLock()
	defer w.mu.RUnlock()
	all := make([]*Tenant, 0, len(w.order))
	for _, id := range w.order {
		all = append(all, w.tenants[id])
	}
	return all
}

// User finds a user by user principal name, without regard to case.
func (w *World) User(upn string) (*Tenant, *User, bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	k, ok := w.users[strings.ToLower(upn)]
	if !ok {
		return nil, nil, false
	}
	t := w.tenants[k.tenant]
	for _, u := range t.Users {
		if u.ID == k.user {
			return t, u, true
		}
	}
	return nil, nil, false
}

// CreateApp registers an application. Empty ids are filled in; HomeTenant
// must exist. No service principal is created: the portal does that, the API
// does not.
func (w *World) CreateApp(a App) (*App, error) {
	c := a.clone()
	if c.AppID == "" {
		c.AppID = NewGUID()
	}
	if c.ObjectID == "" {
		c.ObjectID = NewGUID()
	}
	if c.Created.IsZero() {
		c.Created = w.Now()
	}
	if c.SignInAudience == "" {
		c.SignInAudience = AudienceMyOrg
	}
	w.mu.Lock()
	if _, ok := w.tenants[strings.ToLower(c.HomeTenant)]; !ok {
		w.mu.Unlock()
		return nil, fmt.Errorf("home tenant %q of application %s: %w", c.HomeTenant, c.DisplayName, ErrNotFound)
	}
	if _, ok := w.apps[strings.ToLower(c.AppID)]; ok {
		w.mu.Unlock()
		return nil, fmt.Errorf("application %s: %w", c.AppID, ErrExists)
	}
	w.stampApp(c, nil)
	w.apps[strings.ToLower(c.AppID)] = c
	w.objects[strings.ToLower(c.ObjectID)] = c.AppID
	w.appSeq = append(w.appSeq, c.AppID)
	w.mu.Unlock()
	w.tell(Change{What: "app.created", TenantID: c.HomeTenant, AppID: c.AppID, Detail: map[string]any{"displayName": c.DisplayName}})
	return c, nil
}

// App finds an application by its application (client) id.
func (w *World) App(appID string) (*App, bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	a, ok := w.apps[strings.ToLower(appID)]
	return a, ok
}

// AppByObject finds an application by its object id.
func (w *World) AppByObject(objectID string) (*App, bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	a, ok := w.apps[strings.ToLower(w.objects[strings.ToLower(objectID)])]
	return a, ok
}

// Apps returns the applications registered in a tenant, oldest first, without
// Microsoft's own.
func (w *World) Apps(homeTenant string) []*App {
	w.mu.RLock()
	defer w.mu.RUnlock()
	var all []*App
	for _, id := range w.appSeq {
		if a := w.apps[strings.ToLower(id)]; a != nil && !a.FirstParty && strings.EqualFold(a.HomeTenant, homeTenant) {
			all = append(all, a)
		}
	}
	return all
}

// UpdateApp changes an application: f gets a clone to change. If f fails
// nothing changes. what names the change for the journal, such as
// "app.secret.added".
func (w *World) UpdateApp(appID, what string, f func(*App) error) (*App, error) {
	w.mu.Lock()
	old, ok := w.apps[strings.ToLower(appID)]
	if !ok {
		w.mu.Unlock()
		return nil, fmt.Errorf("application %s: %w", appID, ErrNotFound)
	}
	c := old.clone()
	if err := f(c); err != nil {
		w.mu.Unlock()
		return nil, err
	}
	w.stampApp(c, old)
	w.apps[strings.ToLower(appID)] = c
	w.mu.Unlock()
	w.tell(Change{What: what, TenantID: c.HomeTenant, AppID: c.AppID})
	return c, nil
}

// DeleteApp removes a registration and its service principal in the home
// tenant. Service principals in other tenants stay, as they do in Entra.
func (w *World) DeleteApp(appID string) error {
	key := strings.ToLower(appID)
	w.mu.Lock()
	a, ok := w.apps[key]
	if !ok || a.FirstParty {
		w.mu.Unlock()
		return fmt.Errorf("application %s: %w", appID, ErrNotFound)
	}
	delete(w.apps, key)
	delete(w.objects, strings.ToLower(a.ObjectID))
	w.appSeq = slices.DeleteFunc(w.appSeq, func(id string) bool { return strings.EqualFold(id, appID) })
	delete(w.sps[strings.ToLower(a.HomeTenant)], key)
	w.mu.Unlock()
	w.tell(Change{What: "app.deleted", TenantID: a.HomeTenant, AppID: a.AppID})
	return nil
}

// Resource finds the API that an audience names: one of its identifier URIs,
// with or without a slash at the end, or its application id.
func (w *World) Resource(uri string) (*App, bool) {
	key := strings.ToLower(strings.TrimRight(uri, "/"))
	w.mu.RLock()
	defer w.mu.RUnlock()
	if a, ok := w.apps[key]; ok {
		return a, true
	}
	for _, id := range w.appSeq {
		a := w.apps[strings.ToLower(id)]
		for _, u := range a.IdentifierURIs {
			if strings.ToLower(strings.TrimRight(u, "/")) == key {
				return a, true
			}
		}
	}
	return nil, false
}

// ServicePrincipal finds an application's service principal in a tenant.
func (w *World) ServicePrincipal(tenantID, appID string) (*ServicePrincipal, bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	sp, ok := w.sps[strings.ToLower(tenantID)][strings.ToLower(appID)]
	return sp, ok
}

// ServicePrincipals returns a tenant's service principals sorted by
// application id.
func (w *World) ServicePrincipals(tenantID string) []*ServicePrincipal {
	w.mu.RLock()
	defer w.mu.RUnlock()
	m := w.sps[strings.ToLower(tenantID)]
	all := make([]*ServicePrincipal, 0, len(m))
	for _, sp := range m {
		all = append(all, sp)
	}
	slices.SortFunc(all, func(a, b *ServicePrincipal) int { return strings.Compare(a.AppID, b.AppID) })
	return all
}

// CreateServicePrincipal adds an application to a tenant without granting it
// anything.
func (w *World) CreateServicePrincipal(tenantID, appID string) (*ServicePrincipal, error) {
	w.mu.Lock()
	t, a, err := w.tenantAndAppLocked(tenantID, appID)
	if err != nil {
		w.mu.Unlock()
		return nil, err
	}
	if _, ok := w.sps[t.ID][strings.ToLower(appID)]; ok {
		w.mu.Unlock()
		return nil, fmt.Errorf("service principal of %s in %s: %w", appID, tenantID, ErrExists)
	}
	sp := w.putServicePrincipalLocked(t.ID, a)
	w.mu.Unlock()
	w.tell(Change{What: "servicePrincipal.created", TenantID: t.ID, AppID: a.AppID})
	return sp, nil
}

// UpdateServicePrincipal changes a service principal, as [World.UpdateApp]
// does an application.
func (w *World) UpdateServicePrincipal(tenantID, appID, what string, f func(*ServicePrincipal) error) (*ServicePrincipal, error) {
	w.mu.Lock()
	m := w.sps[strings.ToLower(tenantID)]
	old, ok := m[strings.ToLower(appID)]
	if !ok {
		w.mu.Unlock()
		return nil, fmt.Errorf("service principal of %s in %s: %w", appID, tenantID, ErrNotFound)
	}
	c := old.clone()
	if err := f(c); err != nil {
		w.mu.Unlock()
		return nil, err
	}
	w.stampPrincipal(c, old)
	m[strings.ToLower(appID)] = c
	w.mu.Unlock()
	w.tell(Change{What: what, TenantID: c.TenantID, AppID: c.AppID})
	return c, nil
}

// DeleteServicePrincipal removes an application from a tenant, and with it
// every role and scope it was granted there.
func (w *World) DeleteServicePrincipal(tenantID, appID string) error {
	w.mu.Lock()
	m := w.sps[strings.ToLower(tenantID)]
	sp, ok := m[strings.ToLower(appID)]
	if !ok {
		w.mu.Unlock()
		return fmt.Errorf("service principal of %s in %s: %w", appID, tenantID, ErrNotFound)
	}
	delete(m, strings.ToLower(appID))
	w.mu.Unlock()
	w.tell(Change{What: "servicePrincipal.deleted", TenantID: sp.TenantID, AppID: sp.AppID})
	return nil
}
