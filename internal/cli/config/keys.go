package config

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/output"
	"github.com/tenantry/tenantry/secret"
)

// Key documents one key of the configuration.
type Key struct {
	Name string // with dots, such as app.credential.ref
	Env  string // the variable that overrides it
	Doc  string // one sentence
	set  func(*Config, string) error
	get  func(Config) string
}

// Get is the key's value in c; empty when it is not set.
func (k Key) Get(c Config) string { return k.get(c) }

// Keys lists every key there is, in the order help shows them.
func Keys() []Key {
	keys := []Key{
		word("cloud", func(c *Config) *string { return &c.Cloud }, nil, "cloud of the tenants: public (default), usgov-gcc, usgov-high, usgov-dod, or the name of custom_cloud"),
		word("custom_cloud.name", func(c *Config) *string { return &c.CustomCloud.Name }, nil, "name of a cloud of your own, such as a sandbox"),
		word("custom_cloud.login", func(c *Config) *string { return &c.CustomCloud.Login }, checkOrigin, "its sign-in origin, https://HOST[:PORT]"),
		word("custom_cloud.graph", func(c *Config) *string { return &c.CustomCloud.Graph }, checkOrigin, "its Microsoft Graph origin"),
		word("custom_cloud.defender", func(c *Config) *string { return &c.CustomCloud.Defender }, checkOrigin, "its Defender XDR origin"),
		word("custom_cloud.defender_endpoint", func(c *Config) *string { return &c.CustomCloud.DefenderEndpoint }, checkOrigin, "its Defender for Endpoint origin"),
		word("ca_file", func(c *Config) *string { return &c.CAFile }, nil, "PEM file of certification authorities to trust besides the system's; a path is relative to this file"),
		word("state", func(c *Config) *string { return &c.State }, nil, "directory of the state, relative to this file (default: $XDG_STATE_HOME/tenantry)"),
		word("output", func(c *Config) *string { return &c.Output }, checkOutput, "format of --output when the flag is not given"),
		{Name: "parallel", Doc: "how many tenants are asked at once, 1 to 64 (default 8)", set: setParallel, get: getParallel},
		word("profile", func(c *Config) *string { return &c.Profile }, checkProfile, "set of application roles to ask for and to expect (default: that of the registration)"),
		word("app.client_id", func(c *Config) *string { return &c.App.ClientID }, checkGUID, "Application (client) ID of the registration"),
		word("app.home_tenant", func(c *Config) *string { return &c.App.HomeTenant }, checkGUID, "Directory (tenant) ID of the partner"),
		word("app.redirect_uri", func(c *Config) *string { return &c.App.RedirectURI }, checkRedirect, "redirect URI of consent links"),
		word("app.credential.kind", func(c *Config) *string { return &c.App.Credential.Kind }, checkKind, "secret (default), certificate or federated"),
		word("app.credential.ref", func(c *Config) *string { return &c.App.Credential.Ref }, checkRef, "where it is: env:NAME, file:PATH or keyring:SERVICE/NAME"),
		word("app.credential.password_ref", func(c *Config) *string { return &c.App.Credential.PasswordRef }, checkRef, "where the password of a PFX file is"),
	}
	for i := range keys {
		keys[i].Env = EnvName(keys[i].Name)
	}
	return keys
}

// EnvName is the variable that overrides a key: app.client_id becomes
// TENANTRY_APP_CLIENT_ID.
func EnvName(key string) string {
	return "TENANTRY_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// word is a key with one text; check may be nil.
func word(name string, at func(*Config) *string, check func(string) error, doc string) Key {
	return Key{
		Name: name,
		Doc:  doc,
		set: func(c *Config, v string) error {
			if check != nil {
				if err := check(v); err != nil {
					return err
				}
			}
			*at(c) = v
			return nil
		},
		get: func(c Config) string { return *at(&c) },
	}
}

func getParallel(c Config) string {
	if c.Parallel == 0 {
		return ""
	}
	return strconv.Itoa(c.Parallel)
}

func setParallel(c *Config, v string) error {
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 64 {
		return fmt.Errorf("%q is not a whole number from 1 to 64", v)
	}
	c.Parallel = n
	return nil
}

func checkCloudName(v string) error {
	_, err := entra.CloudByName(v)
	return err
}

func checkOrigin(v string) error {
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.Scheme != "https" || (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("%q is not an origin: write https://HOST or https://HOST:PORT and nothing after it", v)
	}
	return nil
}

func checkOutput(v string) error {
	_, err := output.ParseFormat(v)
	return err
}

func checkProfile(v string) error {
	_, err := fleet.ProfileByName(v)
	return err
}

func checkGUID(v string) error {
	_, err := entra.ParseTenantID(v) // any GUID but the empty one
	if err != nil {
		return fmt.Errorf("%q is not a GUID such as 11111111-2222-4333-8444-555555555555", v)
	}
	return nil
}

func checkRedirect(v string) error {
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.Fragment != "" {
		return fmt.Errorf("%q is not an absolute URL without a fragment", v)
	}
	host := u.Hostname()
	loopback := host == "localhost" || host == "127.0.0.1" || host == "::1"
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback) {
		return fmt.Errorf("%q must begin with https:// (http:// is for localhost alone)", v)
	}
	return nil
}

func checkKind(v string) error {
	kinds := []string{"secret", "certificate", "federated"}
	if !slices.Contains(kinds, v) {
		return fmt.Errorf("%q is not a kind of credential: use %s", v, strings.Join(kinds, ", "))
	}
	return nil
}

func checkRef(v string) error {
	_, err := secret.Parse(v)
	return err
}
