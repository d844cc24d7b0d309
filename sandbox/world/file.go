package world

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Spec is a world file: everything a sandbox is to pretend, as declared. It is
// plain data; [Spec.Build] makes a [World] of it. The keys are explained in
// world.schema.json and in the comments of default.yaml.
type Spec struct {
	Tenants  []TenantSpec  `yaml:"tenants"`
	APIs     []APISpec     `yaml:"apis"`
	Apps     []AppSpec     `yaml:"apps"`
	Consents []ConsentSpec `yaml:"consents"`

	// What the world file says of the sandbox around the world; see Settings.
	Delays *Delays           `yaml:"delays"`
	Limits *LimitsSpec       `yaml:"limits"`
	Faults []json.RawMessage `yaml:"faults"`
	Rate   float64           `yaml:"rate"`

	name string // for problems
	dir  string // relative paths start here

	checkFault func(json.RawMessage) error
	limitNames []string
}

// TenantSpec declares one tenant.
type TenantSpec struct {
	ID      string   `yaml:"id"` // empty: derived from the first domain
	Name    string   `yaml:"name"`
	Domains []string `yaml:"domains"` // at least one; the first is the default domain
	Cloud   string   `yaml:"cloud"`   // empty: public
	Region  string   `yaml:"region"`  // empty: EU, or USG in a government cloud
	// Licences nil (key absent) means Defender XDR; empty means none at all.
	Licences    []string      `yaml:"licences"`
	Users       []UserSpec    `yaml:"users"`
	OlderErrors bool          `yaml:"olderErrors"`
	Incidents   IncidentsSpec `yaml:"incidents"`
	// StandaloneAlerts is how many generated alerts belong to no incident, at
	// most MaxAlerts.
	StandaloneAlerts int `yaml:"standaloneAlerts"`
	// Machines is empty (some are made up), or "none": no machine of the tenant
	// reported lately.
	Machines string `yaml:"machines"`
}

// UserSpec declares a person of a tenant.
type UserSpec struct {
	UPN      string   `yaml:"upn"`
	Name     string   `yaml:"name"`     // empty: made of the UPN
	Password string   `yaml:"password"` // empty: DefaultPassword
	Roles    []string `yaml:"roles"`    // directory roles
	Disabled bool     `yaml:"disabled"`
}

// IncidentsSpec declares a tenant's incidents.
type IncidentsSpec struct {
	Count int      `yaml:"count"` // generated ones, at most MaxIncidents
	Seed  uint64   `yaml:"seed"`
	Files []string `yaml:"files"` // JSON in the shape of either surface

	EqualTimestamps bool `yaml:"equalTimestamps"` // groups share their last update
	Hostile         bool `yaml:"hostile"`         // names that harm who shows them as they are
	BigAlerts       int  `yaml:"bigAlerts"`       // one incident more, of so many alerts; at most MaxAlerts
}

// AppSpec declares an application registration.
type AppSpec struct {
	DisplayName        string            `yaml:"displayName"`
	AppID              string            `yaml:"appId"`      // empty: derived from the display name
	HomeTenant         string            `yaml:"homeTenant"` // id or domain; empty: the first tenant
	Audience           string            `yaml:"audience"`   // empty: AudienceMultiple
	RedirectURIs       []string          `yaml:"redirectUris"`
	PublicRedirectURIs []string          `yaml:"publicRedirectUris"`
	PublicClient       bool              `yaml:"publicClient"`
	Secrets            []SecretSpec      `yaml:"secrets"`
	Certificates       []CertificateSpec `yaml:"certificates"`
	FederatedCreds     []FederatedSpec   `yaml:"federatedCredentials"`
	RequiredRoles      []RequiredSpec    `yaml:"requiredRoles"`
	TokenLifetime      time.Duration     `yaml:"tokenLifetime"` // 0: Microsoft's 3599 s
}

// SecretSpec declares a client secret.
type SecretSpec struct {
	Name  string `yaml:"name"`
	Value string `yaml:"value"`
	Start When   `yaml:"start"` // zero: a day before the world starts
	End   When   `yaml:"end"`   // zero: 180 days after the world starts
}

// CertificateSpec declares a certificate, by file or inline.
type CertificateSpec struct {
	Name string `yaml:"name"`
	File string `yaml:"file"`
	PEM  string `yaml:"pem"`
}

// FederatedSpec declares a federated identity credential.
type FederatedSpec struct {
	Name        string   `yaml:"name"`
	Issuer      string   `yaml:"issuer"`
	Subject     string   `yaml:"subject"`
	Audiences   []string `yaml:"audiences"` // empty: api://AzureADTokenExchange
	Description string   `yaml:"description"`
	JWKSFile    string   `yaml:"jwksFile"` // empty: fetched from the issuer
}

// RequiredSpec declares what an application asks of one resource.
type RequiredSpec struct {
	Resource string   `yaml:"resource"` // graph, xdr, mde, arm, keyvault, an application id, or the name of an API of the file
	Roles    []string `yaml:"roles"`
	Scopes   []string `yaml:"scopes"`
}

// APISpec declares an API of the partner's or customers' own.
type APISpec struct {
	DisplayName        string   `yaml:"displayName"`
	AppID              string   `yaml:"appId"`      // empty: derived from the display name
	HomeTenant         string   `yaml:"homeTenant"` // empty: the first tenant
	IdentifierURIs     []string `yaml:"identifierUris"`
	Roles              []string `yaml:"roles"`
	Scopes             []string `yaml:"scopes"`
	TokenVersion       int      `yaml:"tokenVersion"` // 1 or 2; 0 means 1
	AssignmentRequired bool     `yaml:"assignmentRequired"`
}

// ConsentSpec declares that an application is known in a tenant, and what it
// was granted there.
type ConsentSpec struct {
	Tenant   string   `yaml:"tenant"`
	App      string   `yaml:"app"`
	Roles    GrantSet `yaml:"roles"`
	Disabled bool     `yaml:"disabled"`
}

// GrantSet is what a consent grants: everything that the registration asks
// for, nothing, or the named roles of the named resources.
type GrantSet struct {
	All    bool
	None   bool           // a service principal without any role
	Listed []RequiredSpec // scopes are not used
}

// DefaultPassword is the password of a user for whom the world file gives none.
const DefaultPassword = "Sandbox-1"

// MaxIncidents is the most incidents that a tenant may ask the generator for.
const MaxIncidents = 10_000

// FileOption is an option of [ParseFile].
type FileOption func(*Spec)

// InDir makes relative paths of the file start at dir instead of the working
// directory.
func InDir(dir string) FileOption { return func(f *Spec) { f.dir = dir } }

// Named gives the file a name for its problems.
func Named(name string) FileOption { return func(f *Spec) { f.name = name } }

// CheckFaults lets f judge each entry of faults, which this package only keeps.
// What it returns is told as a problem of the entry.
func CheckFaults(f func(json.RawMessage) error) FileOption {
	return func(s *Spec) { s.checkFault = f }
}

// KnownLimits are the names of limits that a file may set; without this option
// any name is taken.
func KnownLimits(names ...string) FileOption {
	return func(s *Spec) { s.limitNames = names }
}

// ParseFile reads a world file. Its error is of type [Problems] and holds
// everything that is wrong, including what is wrong in files it refers to.
func ParseFile(data []byte, opts ...FileOption) (*Spec, error) {
	f := &Spec{}
	for _, o := range opts {
		o(f)
	}
	d := newDecoder(f.name)
	d.document(data, f)
	// Go on after wrong keys and values: the rest is checked as far as it was
	// understood, so that one run shows everything.
	if d.root != nil {
		_, problems := f.plan(d.where)
		d.problems = append(d.problems, problems...)
	}
	if len(d.problems) > 0 {
		d.problems.sort()
		return nil, d.problems
	}
	return f, nil
}

// LoadFile reads a world file from disk; paths in it are relative to its
// folder, unless an option says otherwise. Its error is the system's, or of
// type [Problems].
func LoadFile(path string, opts ...FileOption) (*Spec, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("world file: %w", err)
	}
	return ParseFile(data, append([]FileOption{InDir(filepath.Dir(path)), Named(path)}, opts...)...)
}

func (f *Spec) readFile(path string) ([]byte, error) {
	if !filepath.IsAbs(path) && f.dir != "" {
		path = filepath.Join(f.dir, path)
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a file") // a device or pipe might never end
	case info.Size() > maxFileSize:
		return nil, fmt.Errorf("it is larger than %d MB", maxFileSize>>20)
	}
	return os.ReadFile(path)
}

// maxFileSize bounds the files that a world file refers to.
const maxFileSize = 64 << 20

// readFailure says why a file cannot be read, in the same words on every system
// for the commonest reason.
func readFailure(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "it does not exist"
	}
	return err.Error()
}
