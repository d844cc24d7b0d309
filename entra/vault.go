package entra

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Vault keeps tokens beyond the life of the process. It is a cache: losing an
// entry costs one request. Whoever implements it must encrypt (a token opens a
// customer's data for its lifetime) and bind an entry to its key, as
// [FileVault] does. What Load returns is checked like an answer of the
// service: tenant, audience and times.
//
// Methods are called by many goroutines.
type Vault interface {
	// Load returns the entry of the key; ErrNotStored if there is none.
	Load(ctx context.Context, k VaultKey) (StoredToken, error)
	// Save puts the entry in place of an older one.
	Save(ctx context.Context, k VaultKey, s StoredToken) error
	// Forget removes the entries of all resources of the key's tenant;
	// k.Resource is empty.
	Forget(ctx context.Context, k VaultKey) error
}

// VaultKey names an entry.
type VaultKey struct {
	Cloud    string // its name and login origin
	ClientID string
	Tenant   TenantID
	Resource string // URI
}

// StoredToken is an entry. Times are by the local clock.
type StoredToken struct {
	Value   Secret
	Asked   time.Time
	Expires time.Time
	// RenewIn is how long after Asked the service wants to be asked again; 0
	// if it did not say.
	RenewIn time.Duration
}

// ErrNotStored says that a vault has no such entry.
var ErrNotStored = errors.New("token vault: no such entry")

// vaultTimeout bounds one access to the vault.
const vaultTimeout = 10 * time.Second

func (t *Tokens) vaultKey(tenant TenantID, resource string) VaultKey {
	return VaultKey{Cloud: t.cloud.Name + " " + t.cloud.Login, ClientID: t.clientID, Tenant: tenant, Resource: resource}
}

// stored returns a token from the vault that may still be handed out, nil if
// there is none. Anything wrong with an entry is reported, never used.
func (t *Tokens) stored(ctx context.Context, tenant TenantID, resource Resource) *Grant {
	ctx, cancel := context.WithTimeout(ctx, vaultTimeout)
	defer cancel()
	var st StoredToken
	err := t.guardVault(func() (err error) {
		st, err = t.vault.Load(ctx, t.vaultKey(tenant, resource.URI))
		return err
	})
	if errors.Is(err, ErrNotStored) {
		return nil
	}
	var g *Grant
	if err == nil {
		g, err = st.grant(tenant, resource)
	}
	if err != nil {
		t.observe(Event{Kind: EventVaultRefused, Tenant: tenant, Resource: resource.URI, Err: err})
		var foreign *ForeignTokenError
		if errors.As(err, &foreign) {
			t.observe(Event{Kind: EventForeign, Tenant: tenant, Resource: resource.URI, Err: err})
		}
		return nil
	}
	now := t.clock.now()
	// Asked for in the future: the clock was put back since, and how old the
	// token is cannot be told.
	if _, until := plan(g); now >= until || now < g.asked-int64(jumpTolerance) {
		return nil
	}
	return g
}

// grant checks a stored token as checkToken checks an answer.
func (st StoredToken) grant(tenant TenantID, resource Resource) (*Grant, error) {
	life := st.Expires.Sub(st.Asked)
	if life <= 0 || life > maxLifetime*time.Second || st.Asked.Year() < 2000 || st.Expires.Year() > 2200 {
		return nil, errors.New("stored token: its times make no sense")
	}
	claims, err := ReadClaims(st.Value.Reveal())
	if err != nil {
		return nil, fmt.Errorf("stored token: %w", err)
	}
	g := &Grant{Resource: resource, Expires: st.Expires.Round(0), Claims: claims, value: st.Value, asked: st.Asked.UnixNano()}
	if st.RenewIn > 0 {
		g.renewIn = int32(min(st.RenewIn, life) / time.Second)
	}
	return g, g.belongs(tenant)
}

// store saves a token that has just been kept. If it was dropped meanwhile,
// the entry goes too.
func (t *Tokens) store(ctx context.Context, s *slot, g *Grant) {
	if t.vault == nil {
		return
	}
	// Close waits for the saving and does not cut it off.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), vaultTimeout)
	defer cancel()
	err := t.guardVault(func() error {
		return t.vault.Save(ctx, t.vaultKey(g.Tenant, g.Resource.URI), StoredToken{
			Value: g.value, Asked: time.Unix(0, g.asked).UTC(), Expires: g.Expires, RenewIn: time.Duration(g.renewIn) * time.Second,
		})
	})
	if err != nil {
		t.observe(Event{Kind: EventVaultRefused, Tenant: g.Tenant, Resource: g.Resource.URI, Err: err})
	}
	s.mu.Lock()
	dropped, current := s.skipVault, s.current.Load()
	s.mu.Unlock()
	switch {
	case dropped:
		t.forgetStored(g.Tenant)
	case err == nil && current != nil && current.Reveal() != g.Reveal():
		// A newer token came while this was being saved, perhaps after a drop,
		// and may have been saved first.
		t.store(ctx, s, current)
	}
}

// forgetStored removes the tenant's entries from the vault.
func (t *Tokens) forgetStored(tenant TenantID) {
	ctx, cancel := context.WithTimeout(context.Background(), vaultTimeout)
	defer cancel()
	if err := t.guardVault(func() error { return t.vault.Forget(ctx, t.vaultKey(tenant, "")) }); err != nil {
		t.unforgotten.Store(tenant, nil)
		t.observe(Event{Kind: EventVaultRefused, Tenant: tenant, Err: err})
		return
	}
	t.unforgotten.Delete(tenant)
}

// forgotten reports whether the vault holds nothing of the tenant that was
// dropped. What it could not remove it is told to remove again.
func (t *Tokens) forgotten(tenant TenantID) bool {
	if _, stuck := t.unforgotten.Load(tenant); !stuck {
		return true
	}
	t.forgetStored(tenant)
	_, stuck := t.unforgotten.Load(tenant)
	return !stuck
}

func (t *Tokens) guardVault(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("token vault: panic: %v", p)
		}
	}()
	return f()
}
