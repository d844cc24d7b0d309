package world

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Clouds that a tenant can live in. The values are those of the product's
// command line; the hosts of each are the proxy's business.
const (
	CloudPublic = "public"
	CloudGCC    = "usgov-gcc"
	CloudHigh   = "usgov-high"
	CloudDoD    = "usgov-dod"
)

// Sign-in audiences of an application registration.
const (
	AudienceMyOrg    = "AzureADMyOrg"
	AudienceMultiple = "AzureADMultipleOrgs"
)

// Licences that decide which of Microsoft's resources a tenant has.
const (
	LicenceDefenderXDR      = "defender-xdr"      // Microsoft Threat Protection and WindowsDefenderATP
	LicenceDefenderEndpoint = "defender-endpoint" // WindowsDefenderATP alone
)

// Tenant is one Entra directory.
type Tenant struct {
	ID       string   // GUID, lower case
	Name     string   // display name
	Domains  []string // the first is the default domain
	Cloud    string
	Region   string // tenant_region_scope of the discovery document, such as "EU"
	Licences []string
	Users    []*User

	// OlderErrors makes the token service answer 700016 where it would answer
	// 7000229 today (application known, no service principal in the tenant).
	OlderErrors bool

	// Incidents tells what the tenant's queue holds; see IncidentSource.
	Incidents IncidentSource

	// NoMachines makes it a tenant none of whose machines reported lately:
	// [World.Machines] has none, and nothing can be asked of one, though alerts
	// still speak of those that were.
	NoMachines bool

	// cast are the users the tenant was added with: the ones incidents are told
	// of. People who join later do not change what has happened.
	cast []*User
}

func (t *Tenant) clone() *Tenant {
	c := *t
	c.Domains = slices.Clone(t.Domains)
	c.Licences = slices.Clone(t.Licences)
	c.Users = slices.Clone(t.Users)
	return &c
}

// DefaultDomain is the tenant's first domain, or its id when it has none.
func (t *Tenant) DefaultDomain() string {
	if len(t.Domains) == 0 {
		return t.ID
	}
	return t.Domains[0]
}

// HasDefender says whether the tenant's licences include Defender XDR.
func (t *Tenant) HasDefender() bool { return slices.Contains(t.Licences, LicenceDefenderXDR) }

// HasEndpoint says whether the tenant's licences include Defender for Endpoint,
// alone or as a part of Defender XDR.
func (t *Tenant) HasEndpoint() bool {
	return t.HasDefender() || slices.Contains(t.Licences, LicenceDefenderEndpoint)
}

func (t *Tenant) licensed(a *App) bool {
	if len(a.NeedsLicence) == 0 {
		return true
	}
	return slices.ContainsFunc(a.NeedsLicence, func(l string) bool { return slices.Contains(t.Licences, l) })
}

// User is a person who can sign in on the sandbox's pages.
type User struct {
	ID       string
	UPN      string
	Name     string
	Password string
	Roles    []string // directory roles by display name, such as "Global Administrator"
	Disabled bool
}

// HasRole says whether the user holds one of the directory roles.
func (u *User) HasRole(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		return slices.ContainsFunc(u.Roles, func(r string) bool { return strings.EqualFold(r, n) })
	})
}

// App is an application registration: a partner's app, or an API.
type App struct {
	ObjectID       string
	AppID          string
	DisplayName    string
	HomeTenant     string
	SignInAudience string
	Created        time.Time
	FirstParty     bool     // one of Microsoft's own
	NeedsLicence   []string // the tenant needs one of these for the app to have a service principal there
	PublicClient   bool     // no credential; device code and authorization code with PKCE

	RedirectURIs       []string // platform "web"
	PublicRedirectURIs []string // platform "mobile and desktop"

	Secrets []*Secret
	Keys    []*Key
	FICs    []*FederatedCredential

	Required []RequiredResource // what consent is asked for

	// What the app offers when it is an API.
	IdentifierURIs []string
	Roles          []AppRole
	Scopes         []Scope
	TokenVersion   int // requestedAccessTokenVersion; 0 and 1 mean version 1

	TokenLifetime time.Duration // 0 means 3599 s

	// Owners are the object ids of the users and service principals that
	// created or own the registration: they manage it without a directory role.
	Owners []string
	// Extra holds documented properties of Graph's application resource that
	// decide nothing here, as they were written; by path ("web.homePageUrl").
	Extra map[string]json.RawMessage
}

func (a *App) clone() *App {
	c := *a
	c.RedirectURIs = slices.Clone(a.RedirectURIs)
	c.PublicRedirectURIs = slices.Clone(a.PublicRedirectURIs)
	c.Secrets = slices.Clone(a.Secrets)
	c.Keys = slices.Clone(a.Keys)
	c.FICs = slices.Clone(a.FICs)
	c.Required = slices.Clone(a.Required)
	for i := range c.Required {
		c.Required[i].Access = slices.Clone(a.Required[i].Access)
	}
	c.IdentifierURIs = slices.Clone(a.IdentifierURIs)
	c.Roles = slices.Clone(a.Roles)
	c.Scopes = slices.Clone(a.Scopes)
	c.Owners = slices.Clone(a.Owners)
	c.Extra = maps.Clone(a.Extra)
	return &c
}

// RoleByID finds one of the application roles the API offers.
func (a *App) RoleByID(id string) (AppRole, bool) {
	i := slices.IndexFunc(a.Roles, func(r AppRole) bool { return strings.EqualFold(r.ID, id) })
	if i < 0 {
		return AppRole{}, false
	}
	return a.Roles[i], true
}

// RoleByValue finds an application role by its value, such as
// "Incident.Read.All". Values are compared with case, as Entra does.
func (a *App) RoleByValue(v string) (AppRole, bool) {
	i := slices.IndexFunc(a.Roles, func(r AppRole) bool { return r.Value == v })
	if i < 0 {
		return AppRole{}, false
	}
	return a.Roles[i], true
}

// ScopeByID finds one of the delegated permissions the API offers.
func (a *App) ScopeByID(id string) (Scope, bool) {
	i := slices.IndexFunc(a.Scopes, func(s Scope) bool { return strings.EqualFold(s.ID, id) })
	if i < 0 {
		return Scope{}, false
	}
	return a.Scopes[i], true
}

// ScopeByValue finds a delegated permission by its value, such as "User.Read".
func (a *App) ScopeByValue(v string) (Scope, bool) {
	i := slices.IndexFunc(a.Scopes, func(s Scope) bool { return strings.EqualFold(s.Value, v) })
	if i < 0 {
		return Scope{}, false
	}
	return a.Scopes[i], true
}

// Secret is a client secret. Values are never told through any API of the
// sandbox but the answer to addPassword.
type Secret struct {
	KeyID   string
	Name    string
	Value   string
	Start   time.Time
	End     time.Time
	Created time.Time

	made time.Time // after the world was marked; zero: it was there from the beginning
}

// Key is a certificate that client assertions may be signed with.
type Key struct {
	KeyID string
	Name  string
	Cert  *x509.Certificate
	Usage string // "Verify"
	Start time.Time
	End   time.Time

	made time.Time // after the world was marked; zero: it was there from the beginning
}

// FederatedCredential trusts assertions of a foreign issuer.
type FederatedCredential struct {
	ID          string
	Name        string
	Issuer      string
	Subject     string
	Audiences   []string
	Description string
	// JWKS is the issuer's key set when the world declares it by file. Empty
	// means that the keys are fetched from the issuer by discovery.
	JWKS []byte

	made time.Time // after the world was marked; zero: it was there from the beginning
}

// RequiredResource is one entry of requiredResourceAccess.
type RequiredResource struct {
	ResourceAppID string
	Access        []Access
}

// Access is one permission asked for: an application role ("Role") or a
// delegated permission ("Scope").
type Access struct {
	ID   string
	Type string
}

// AppRole is an application permission that an API offers.
type AppRole struct {
	ID          string
	Value       string
	DisplayName string
	Description string
}

// Scope is a delegated permission that an API offers.
type Scope struct {
	ID           string
	Value        string
	DisplayName  string
	Description  string
	AdminConsent bool // only an administrator may consent
}

// ServicePrincipal is an application's presence in one tenant.
type ServicePrincipal struct {
	ID       string // object id in the tenant
	TenantID string
	AppID    string
	Enabled  bool
	Created  time.Time

	Assignments []Assignment // application roles granted to it
	Grants      []Grant      // delegated permissions granted to it
	// AssignmentRequired is appRoleAssignmentRequired of a resource: no token
	// for it without a role.
	AssignmentRequired bool
}

func (s *ServicePrincipal) clone() *ServicePrincipal {
	c := *s
	c.Assignments = slices.Clone(s.Assignments)
	c.Grants = slices.Clone(s.Grants)
	return &c
}

// RolesFor returns the ids of the application roles granted on one resource.
func (s *ServicePrincipal) RolesFor(resourceAppID string) []string {
	var ids []string
	for _, a := range s.Assignments {
		if strings.EqualFold(a.ResourceAppID, resourceAppID) {
			ids = append(ids, a.RoleID)
		}
	}
	return ids
}

// Assignment is an app role assignment: role RoleID of the resource was
// granted to the service principal that holds it.
type Assignment struct {
	ID            string
	ResourceAppID string
	RoleID        string
	Created       time.Time

	made time.Time // after the world was marked; zero: it was there from the beginning
}

// Grant is an oauth2PermissionGrant.
type Grant struct {
	ID            string
	ResourceAppID string
	// UserID is empty for a grant on behalf of all users.
	UserID string
	Scopes []string
}

var guidRE = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

// IsGUID says whether s has the form of a GUID.
func IsGUID(s string) bool { return guidRE.MatchString(s) }

// NewGUID returns a random version 4 GUID in lower case.
func NewGUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return formatGUID(b)
}

// DeriveGUID returns the GUID that belongs to the given words: the same words
// give the same GUID in every run and on every machine.
func DeriveGUID(words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return formatGUID([16]byte(sum[:16]))
}

func formatGUID(b [16]byte) string {
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
