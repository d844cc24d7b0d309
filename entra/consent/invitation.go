package consent

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/tenantry/tenantry/entra"
)

// DefaultLifetime is how long an invitation's state is good for when
// InvitationConfig does not say. It runs from making the link to the callback.
const DefaultLifetime = 10 * time.Minute

// InvitationConfig is what NewInvitation needs.
type InvitationConfig struct {
	Cloud    entra.Cloud
	ClientID string
	// Tenant is the tenant expected, "" if it is not known yet.
	Tenant entra.TenantID
	// RedirectURI is one of the app's registered ones: https, or http on a
	// loopback host.
	RedirectURI string
	// Lifetime is how long the link may be used; 0 means [DefaultLifetime].
	Lifetime time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Invitation is one request for consent. State, Nonce and Verifier are random
// and for a single use: whoever keeps invitations must accept each State once.
// State and Nonce travel in the link; Verifier is a secret of ours until the
// code is redeemed.
type Invitation struct {
	Cloud       entra.Cloud
	ClientID    string
	Tenant      entra.TenantID // "" if not known
	RedirectURI string
	State       string
	Nonce       string
	Verifier    string // PKCE, RFC 7636
	// Prompt of the sign-in link; "" means select_account.
	Prompt  string
	Created time.Time
	Expires time.Time
}

// NewInvitation makes an invitation with fresh random values. Errors are
// [*entra.ConfigError] values.
func NewInvitation(c InvitationConfig) (Invitation, error) {
	clientID, err := entra.ParseTenantID(c.ClientID) // the same form
	if err != nil {
		return Invitation{}, &entra.ConfigError{Field: "client id", Value: c.ClientID, Problem: "is not a GUID", Remedy: "use the application (client) id"}
	}
	if c.Cloud.Login == "" {
		return Invitation{}, &entra.ConfigError{Field: "cloud", Problem: "is missing", Remedy: "use entra.CloudByName"}
	}
	var tenant entra.TenantID
	if c.Tenant != "" {
		if tenant, err = entra.ParseTenantID(string(c.Tenant)); err != nil {
			return Invitation{}, err
		}
	}
	if err := checkRedirect(c.RedirectURI); err != nil {
		return Invitation{}, err
	}
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	life := c.Lifetime
	if life == 0 {
		life = DefaultLifetime
	}
	if life < 0 {
		return Invitation{}, &entra.ConfigError{Field: "lifetime", Value: life.String(), Problem: "is negative", Remedy: "give a positive duration"}
	}
	created := now()
	return Invitation{
		Cloud: c.Cloud, ClientID: string(clientID), Tenant: tenant, RedirectURI: c.RedirectURI,
		State: rand.Text(), Nonce: rand.Text(), Verifier: newVerifier(),
		Created: created, Expires: created.Add(life),
	}, nil
}

// checkRedirect refuses what Microsoft Entra ID would not redirect to either.
func checkRedirect(s string) error {
	bad := func(problem string) error {
		return &entra.ConfigError{
			Field: "redirect URI", Value: s, Problem: problem,
			Remedy: "use a redirect URI of the app registration, such as https://portal.azure.com or http://localhost:8400/callback",
		}
	}
	if s == "" {
		return bad("is empty")
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return bad("is not an absolute URL")
	case u.User != nil:
		return &entra.ConfigError{Field: "redirect URI", Problem: "holds a user name or password", Remedy: "leave it out"}
	case strings.Contains(s, "#"):
		return bad("has a fragment")
	case strings.Contains(u.Host, "*"):
		return bad("has a wildcard")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return bad("is neither https nor http on a loopback host")
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// newVerifier has 256 random bits in 43 characters, as RFC 7636 §4.1 advises.
func newVerifier() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// String describes the invitation without state, nonce and verifier.
func (inv Invitation) String() string {
	tenant := string(inv.Tenant)
	if tenant == "" {
		tenant = "any tenant"
	}
	return fmt.Sprintf("invitation of %s for app %s until %s", tenant, inv.ClientID, inv.Expires.UTC().Format(time.RFC3339))
}

// GoString is String.
func (inv Invitation) GoString() string { return inv.String() }

// StateMismatchError is a callback whose state is not the invitation's: forged,
// stale, or changed on the way. Nothing of it may be used.
type StateMismatchError struct {
	// Missing says that the callback has no state at all, Appended that the
	// invitation's state is there with something added, as an embedded
	// browser has been seen to do.
	Missing, Appended bool
}

func (e *StateMismatchError) Error() string {
	switch {
	case e.Missing:
		return "consent callback: it has no state: " + e.Next()
	case e.Appended:
		return "consent callback: something was appended to the state on the way: " + e.Next()
	}
	return "consent callback: its state is not that of the invitation: " + e.Next()
}

// Next says what to do.
func (e *StateMismatchError) Next() string {
	if e.Appended {
		return "open the link in a normal browser window in place of an embedded one"
	}
	return "make a new invitation and use its link only; do not trust this callback"
}

// ExpiredError is a callback that came after the invitation's end.
type ExpiredError struct{ Expired time.Time }

func (e *ExpiredError) Error() string {
	return fmt.Sprintf("consent callback: the invitation expired at %s: %s", e.Expired.UTC().Format(time.RFC3339), e.Next())
}

// Next says what to do.
func (e *ExpiredError) Next() string {
	return "make a new invitation; if consent was given all the same, prove it with a token"
}

// TenantMismatchError is a callback, or an id token, of another tenant than
// the one invited.
type TenantMismatchError struct{ Want, Got entra.TenantID }

func (e *TenantMismatchError) Error() string {
	return fmt.Sprintf("consent: it comes from tenant %s, invited was %s: %s", e.Got, e.Want, e.Next())
}

// Next says what to do.
func (e *TenantMismatchError) Next() string {
	return "ask the administrator to sign in with an account of the invited tenant"
}

// Check compares a callback with the invitation it claims to answer: its state,
// exactly, then the expiry, then the tenant if both sides name one. It does
// not prove anything about consent; see [Prove]. Using a state once only is up
// to whoever keeps the invitations.
func (inv Invitation) Check(r Result, now time.Time) error {
	if inv.State == "" || subtle.ConstantTimeCompare([]byte(inv.State), []byte(r.State)) != 1 {
		return &StateMismatchError{
			Missing:  r.State == "",
			Appended: inv.State != "" && strings.HasPrefix(r.State, inv.State),
		}
	}
	if !now.Before(inv.Expires) {
		return &ExpiredError{Expired: inv.Expires}
	}
	if inv.Tenant != "" && r.Tenant != "" && r.Tenant != inv.Tenant {
		return &TenantMismatchError{Want: inv.Tenant, Got: r.Tenant}
	}
	return nil
}
