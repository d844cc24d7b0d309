package world

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// How long a secret lives for which the file says nothing.
const (
	defaultSecretAge  = 24 * time.Hour
	defaultSecretLife = 180 * 24 * time.Hour
)

// Build makes the world that the file declares. now is the world's clock (nil
// means time.Now); relative times count from its first reading. The error is
// of type [Problems].
//
// Every application has a service principal in its home tenant, as the portal
// makes one, and every API has one in each tenant, so that consent finds it.
// Ids are derived from the declared names: the same file gives the same ids.
func (f *Spec) Build(now func() time.Time) (*World, error) {
	pl, problems := f.plan(nil)
	if len(problems) > 0 {
		return nil, problems
	}
	w := New(now)
	for _, t := range pl.tenants {
		if _, err := w.AddTenant(t); err != nil {
			return nil, f.failed(err)
		}
	}
	for i := range pl.apps {
		if err := f.buildApp(w, &pl.apps[i], pl.tenants); err != nil {
			return nil, f.failed(err)
		}
	}
	for _, c := range pl.consents {
		if err := buildConsent(w, c); err != nil {
			return nil, f.failed(err)
		}
	}
	w.settings = f.settings()
	if w.settings.Delays != nil {
		w.delays = *w.settings.Delays
	}
	w.Mark()
	return w, nil
}

// failed keeps Build's promise of its error's type for what only the world
// itself can refuse.
func (f *Spec) failed(err error) error {
	if ps, ok := err.(Problems); ok { //nolint:errorlint // made here, never wrapped
		return ps
	}
	return Problems{{File: f.name, Message: err.Error()}}
}

func (f *Spec) buildApp(w *World, p *plannedApp, tenants []Tenant) error {
	a := p.app
	a.Created = w.Epoch()
	if p.spec != nil {
		for i, s := range p.spec.Secrets {
			start, end := s.Start, s.End
			if end.IsZero() {
				end = Relative(defaultSecretLife)
			}
			e := end.At(w.Epoch())
			b := start.At(w.Epoch())
			if start.IsZero() {
				// An expired secret needs no start: it began a year before its end.
				if b = w.Epoch().Add(-defaultSecretAge); !b.Before(e) {
					b = e.AddDate(-1, 0, 0)
				}
			}
			if !b.Before(e) {
				return Problems{{File: f.name, Field: fmt.Sprintf("%s: secrets[%d].end", a.DisplayName, i), Message: fmt.Sprintf("the secret ends at %s, not after its start at %s", e, b), Remedy: "let it end after its start"}}
			}
			a.Secrets = append(a.Secrets, &Secret{KeyID: DeriveGUID("secret", a.AppID, strconv.Itoa(i), s.Name), Name: s.Name, Value: s.Value, Start: b, End: e, Created: b})
		}
	}
	if _, err := w.CreateApp(a); err != nil {
		return err
	}
	if !p.api {
		_, err := w.CreateServicePrincipal(a.HomeTenant, a.AppID)
		return err
	}
	for i := range tenants {
		if _, err := w.CreateServicePrincipal(tenants[i].ID, a.AppID); err != nil {
			return err
		}
		if !p.assignmentRequired {
			continue
		}
		if _, err := w.UpdateServicePrincipal(tenants[i].ID, a.AppID, "servicePrincipal.updated", func(sp *ServicePrincipal) error {
			sp.AssignmentRequired = true
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

func buildConsent(w *World, c plannedConsent) error {
	if c.all {
		if _, err := w.Consent(ConsentRequest{TenantID: c.tenantID, AppID: c.appID}); err != nil {
			return err
		}
	} else if _, ok := w.ServicePrincipal(c.tenantID, c.appID); !ok {
		if _, err := w.CreateServicePrincipal(c.tenantID, c.appID); err != nil {
			return err
		}
	}
	for _, r := range c.roles {
		if _, err := w.Assign(c.tenantID, c.appID, r.ResourceAppID, r.RoleID); err != nil {
			return err
		}
	}
	if !c.disabled {
		return nil
	}
	_, err := w.UpdateServicePrincipal(c.tenantID, c.appID, "servicePrincipal.disabled", func(sp *ServicePrincipal) error {
		sp.Enabled = false
		return nil
	})
	return err
}

// settings are what the file says of the sandbox, for the world to keep.
func (f *Spec) settings() Settings {
	s := Settings{Delays: copied(f.Delays), Limits: copied(f.Limits), Rate: f.Rate}
	for _, raw := range f.Faults {
		s.Faults = append(s.Faults, slices.Clone(raw))
	}
	if s.Limits != nil {
		s.Limits.Rules = slices.Clone(s.Limits.Rules)
	}
	return s
}
