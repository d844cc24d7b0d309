package fleet

import (
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
)

// App is the partner's multi-tenant application registration.
type App struct {
	ClientID     string         `json:"clientId"`           // application id, a GUID
	ObjectID     string         `json:"objectId,omitempty"` // of the application object in the home tenant
	DisplayName  string         `json:"displayName,omitempty"`
	HomeTenant   entra.TenantID `json:"homeTenant,omitempty"`
	Cloud        string         `json:"cloud"` // name of an entra.Cloud
	RedirectURIs []string       `json:"redirectUris,omitempty"`
	Credential   CredentialRef  `json:"credential"`
	Profile      string         `json:"profile,omitempty"` // name of the profile the registration asks for
	Created      time.Time      `json:"created,omitzero"`
}

// Kinds of credential an app can have.
const (
	CredentialSecret      = "secret"
	CredentialCertificate = "certificate"
	CredentialFederated   = "federated"
)

// CredentialRef says where the app's credential is kept. It never holds the
// credential itself.
type CredentialRef struct {
	Kind        string    `json:"kind"`                  // secret, certificate or federated
	Ref         string    `json:"ref"`                   // env:NAME, file:PATH or keyring:SERVICE/NAME
	PasswordRef string    `json:"passwordRef,omitempty"` // of a PFX file, in the same form
	Expires     time.Time `json:"expires,omitzero"`      // zero means not known or never
}

// State is how far a tenant has come.
type State string

// States of a tenant.
const (
	StateAdded   State = "added"   // known, nothing done yet
	StateInvited State = "invited" // a consent link was made
	StateActive  State = "active"  // consent proved by a token that carries the roles
	StateFailed  State = "failed"  // the last attempt failed; Tenant.Detail says why
)

// States lists the states in the order a tenant passes them.
func States() []State { return []State{StateAdded, StateInvited, StateActive, StateFailed} }

// Customer is one client of the partner, with one or more tenants.
type Customer struct {
	Name    string   `json:"name"`
	Tenants []Tenant `json:"tenants"`
}

// Tenant is one customer directory: the unit of consent, token and failure.
type Tenant struct {
	ID       entra.TenantID `json:"id"`
	Name     string         `json:"name,omitempty"`
	Domain   string         `json:"domain,omitempty"`
	Cloud    string         `json:"cloud,omitempty"`    // name of an entra.Cloud
	Customer string         `json:"customer,omitempty"` // name of the customer it belongs to
	Tags     []string       `json:"tags,omitempty"`     // see NormalizeTags
	State    State          `json:"state"`
	// Detail is the last reason in words, without secrets; empty when all is well.
	Detail string `json:"detail,omitempty"`
	// Surface is where its incidents are read; empty until consent is proved.
	Surface defender.Surface `json:"surface,omitempty"`
	// Roles are the roles that a token of each resource was seen to carry.
	Roles  map[entra.ResourceKind][]string `json:"roles,omitempty"`
	Added  time.Time                       `json:"added,omitzero"`
	Proved time.Time                       `json:"proved,omitzero"` // when consent was last proved
}

// Label is what people call the tenant: its name, else its domain, else its id.
func (t Tenant) Label() string {
	switch {
	case t.Name != "":
		return t.Name
	case t.Domain != "":
		return t.Domain
	}
	return string(t.ID)
}

// Place names the tenant so that no other can be meant: by label and id.
func (t Tenant) Place() string {
	if t.Label() == string(t.ID) {
		return t.Label()
	}
	return t.Label() + " (" + string(t.ID) + ")"
}

// Invitation is one single-use request for consent.
type Invitation struct {
	State       string         `json:"state"`            // random, the key of the invitation
	Nonce       string         `json:"nonce"`            // random, comes back in the id token
	Verifier    string         `json:"-"`                // PKCE code verifier: a secret until used
	Tenant      entra.TenantID `json:"tenant,omitempty"` // empty when the customer's tenant is not known yet
	Cloud       string         `json:"cloud"`
	RedirectURI string         `json:"redirectUri"`
	Created     time.Time      `json:"created"`
	Expires     time.Time      `json:"expires"`
	Used        time.Time      `json:"used,omitzero"` // zero while it may still be used
}

// Statuses of a tenant in a command over several tenants.
const (
	StatusOK      = "ok"
	StatusFailed  = "failed"
	StatusSkipped = "skipped"
)

// TenantStatus is what became of one tenant in a command over several.
type TenantStatus struct {
	ID     entra.TenantID `json:"id"`
	Name   string         `json:"name,omitempty"`
	Status string         `json:"status"`           // ok, failed or skipped
	Code   string         `json:"code,omitempty"`   // machine-readable reason, such as "AADSTS7000229"
	Detail string         `json:"detail,omitempty"` // the reason in words, safe to show
	Next   string         `json:"next,omitempty"`   // what to do next
	Items  int            `json:"items"`            // results of this tenant
}
