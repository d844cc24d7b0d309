package sandbox

import (
	"time"

	"github.com/tenantry/tenantry/sandbox/world"
)

// WorldView is what the management API shows of a world: no secret, no
// password, no key.
type WorldView struct {
	Tenants  []TenantView  `json:"tenants"`
	Apps     []AppView     `json:"apps"`
	Consents []ConsentView `json:"consents"`
}

// TenantView is one tenant.
type TenantView struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	Domains  []string   `json:"domains"`
	Cloud    string     `json:"cloud"`
	Licences []string   `json:"licences"`
	Users    []UserView `json:"users"`
}

// UserView is one user.
type UserView struct {
	UPN      string   `json:"upn"`
	Name     string   `json:"name"`
	Roles    []string `json:"roles"`
	Disabled bool     `json:"disabled,omitempty"`
}

// AppView is one application registration of the world, Microsoft's own left
// out.
type AppView struct {
	AppID          string           `json:"appId"`
	DisplayName    string           `json:"displayName"`
	HomeTenant     string           `json:"homeTenant"`
	SignInAudience string           `json:"signInAudience"`
	RedirectURIs   []string         `json:"redirectUris"`
	Credentials    []CredentialView `json:"credentials"`
}

// CredentialView is one credential, without its value.
type CredentialView struct {
	Kind  string     `json:"kind"` // secret, certificate or federated
	ID    string     `json:"id"`
	Name  string     `json:"name,omitempty"`
	Start *time.Time `json:"start,omitempty"`
	End   *time.Time `json:"end,omitempty"`
}

// ConsentView is what one application was granted in one tenant.
type ConsentView struct {
	TenantID string      `json:"tenantId"`
	AppID    string      `json:"appId"`
	Enabled  bool        `json:"enabled"`
	Granted  []GrantView `json:"granted"`
}

// GrantView is what was granted on one API.
type GrantView struct {
	ResourceAppID string   `json:"resourceAppId"`
	Resource      string   `json:"resource"`
	Roles         []string `json:"roles,omitempty"`
	Scopes        []string `json:"scopes,omitempty"`
}

func viewWorld(w *world.World) WorldView {
	v := WorldView{Tenants: []TenantView{}, Apps: []AppView{}, Consents: []ConsentView{}}
	for _, t := range w.Tenants() {
		tv := TenantView{ID: t.ID, Name: t.Name, Domains: list(t.Domains), Cloud: t.Cloud, Licences: list(t.Licences), Users: []UserView{}}
		for _, u := range t.Users {
			tv.Users = append(tv.Users, UserView{UPN: u.UPN, Name: u.Name, Roles: list(u.Roles), Disabled: u.Disabled})
		}
		v.Tenants = append(v.Tenants, tv)
		for _, a := range w.Apps(t.ID) {
			v.Apps = append(v.Apps, viewApp(a))
		}
		for _, sp := range w.ServicePrincipals(t.ID) {
			if a, ok := w.App(sp.AppID); ok && a.FirstParty && len(sp.Assignments)+len(sp.Grants) == 0 {
				continue // comes with the licence; nobody consented
			}
			v.Consents = append(v.Consents, viewConsent(w, sp))
		}
	}
	return v
}

func viewApp(a *world.App) AppView {
	v := AppView{
		AppID: a.AppID, DisplayName: a.DisplayName, HomeTenant: a.HomeTenant, SignInAudience: a.SignInAudience,
		RedirectURIs: append(list(a.RedirectURIs), a.PublicRedirectURIs...), Credentials: []CredentialView{},
	}
	for _, c := range a.Secrets {
		v.Credentials = append(v.Credentials, CredentialView{Kind: "secret", ID: c.KeyID, Name: c.Name, Start: when(c.Start), End: when(c.End)})
	}
	for _, c := range a.Keys {
		v.Credentials = append(v.Credentials, CredentialView{Kind: "certificate", ID: c.KeyID, Name: c.Name, Start: when(c.Start), End: when(c.End)})
	}
	for _, c := range a.FICs {
		v.Credentials = append(v.Credentials, CredentialView{Kind: "federated", ID: c.ID, Name: c.Name})
	}
	return v
}

func viewConsent(w *world.World, sp *world.ServicePrincipal) ConsentView {
	v := ConsentView{TenantID: sp.TenantID, AppID: sp.AppID, Enabled: sp.Enabled, Granted: []GrantView{}}
	at := map[string]int{}
	grant := func(resource string) *GrantView {
		i, ok := at[resource]
		if !ok {
			i = len(v.Granted)
			at[resource] = i
			g := GrantView{ResourceAppID: resource, Resource: resource}
			if api, ok := w.App(resource); ok {
				g.Resource = api.DisplayName
			}
			v.Granted = append(v.Granted, g)
		}
		return &v.Granted[i]
	}
	for _, a := range sp.Assignments {
		value := a.RoleID
		if api, ok := w.App(a.ResourceAppID); ok {
			if r, ok := api.RoleByID(a.RoleID); ok {
				value = r.Value
			}
		}
		g := grant(a.ResourceAppID)
		g.Roles = append(g.Roles, value)
	}
	for _, a := range sp.Grants {
		g := grant(a.ResourceAppID)
		g.Scopes = append(g.Scopes, a.Scopes...)
	}
	return v
}

// list makes an empty list of nil, so that JSON has [] and not null.
func list(s []string) []string { return append([]string{}, s...) }

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}
