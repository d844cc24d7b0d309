package entra

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Cloud is the set of hosts that serve one Microsoft cloud. Origins are
// "https://host" or "https://host:port", without a trailing slash.
//
// The public values come from learn.microsoft.com: "National clouds"
// (authentication-national-cloud), "Microsoft Defender XDR for US Government
// customers" (usgov) and "Supported Microsoft Defender XDR APIs" (api-supported).
type Cloud struct {
	// Name is what users type: public, usgov-gcc, usgov-high, usgov-dod, or
	// the name given to CustomCloud.
	Name string

	// Login is the origin of the v2 endpoints and of all interactive pages.
	Login string
	// LoginV1 is the origin that [V1] token requests go to. In the public
	// cloud it is login.windows.net, the alias Microsoft's samples use.
	LoginV1 string
	// Graph, Defender and DefenderEndpoint are API origins.
	Graph            string
	Defender         string
	DefenderEndpoint string
	// KeyVaultSuffix is appended to a vault's name, such as ".vault.azure.net".
	KeyVaultSuffix string
	// Issuer is the origin in the iss claim of v1 tokens, IssuerV2 of v2
	// tokens; both are followed by the tenant id.
	Issuer   string
	IssuerV2 string
	// DefenderRegions lists regional API origins that answer like Defender
	// from nearer to the data. Tokens are always asked for the global name.
	DefenderRegions []string

	// The audiences tokens are asked for. They are names, not addresses:
	// a custom cloud answers on its own hosts and still uses Microsoft's names.
	GraphAudience            string
	DefenderAudience         string
	DefenderEndpointAudience string
	KeyVaultAudience         string
	// FederatedAudience is the aud claim a federated assertion should carry.
	FederatedAudience string

	// Instance is the cloud_instance_name of this cloud's discovery documents;
	// "" means that the cloud does not say (custom clouds).
	Instance string
}

const (
	v1Issuer          = "https://sts.windows.net"
	federatedAudience = "api://AzureADTokenExchange"
)

// Clouds returns the clouds known by name: public, usgov-gcc, usgov-high and
// usgov-dod. The slice is the caller's own.
func Clouds() []Cloud {
	public := Cloud{
		Name:             "public",
		Login:            "https://login.microsoftonline.com",
		LoginV1:          "https://login.windows.net",
		Graph:            "https://graph.microsoft.com",
		Defender:         "https://api.security.microsoft.com",
		DefenderEndpoint: "https://api.securitycenter.microsoft.com",
		KeyVaultSuffix:   ".vault.azure.net",
		Issuer:           v1Issuer,
		DefenderRegions: []string{
			"https://us.api.security.microsoft.com", "https://eu.api.security.microsoft.com",
			"https://uk.api.security.microsoft.com", "https://au.api.security.microsoft.com",
			"https://swa.api.security.microsoft.com", "https://ina.api.security.microsoft.com",
			"https://aea.api.security.microsoft.com",
			"https://api-us.security.microsoft.com", "https://api-eu.security.microsoft.com",
			"https://api-uk.security.microsoft.com",
		},
		KeyVaultAudience:  "https://vault.azure.net",
		FederatedAudience: federatedAudience,
		Instance:          "microsoftonline.com",
	}
	// GCC tenants live in the public directory; only Defender has hosts of its own.
	gcc := public
	gcc.Name = "usgov-gcc"
	gcc.Defender = "https://api-gcc.security.microsoft.us"
	gcc.DefenderEndpoint = "https://api-gcc.securitycenter.microsoft.us"
	gcc.DefenderRegions = nil

	high := Cloud{
		Name:              "usgov-high",
		Login:             "https://login.microsoftonline.us",
		LoginV1:           "https://login.microsoftonline.us",
		Graph:             "https://graph.microsoft.us",
		Defender:          "https://api-gov.security.microsoft.us",
		DefenderEndpoint:  "https://api-gov.securitycenter.microsoft.us",
		KeyVaultSuffix:    ".vault.usgovcloudapi.net",
		Issuer:            v1Issuer,
		KeyVaultAudience:  "https://vault.usgovcloudapi.net",
		FederatedAudience: federatedAudience + "USGov",
		Instance:          "microsoftonline.us",
	}
	dod := high
	dod.Name = "usgov-dod"
	dod.Graph = "https://dod-graph.microsoft.us"

	clouds := []Cloud{public, gcc, high, dod}
	for i := range clouds {
		c := &clouds[i]
		c.IssuerV2 = c.Login
		c.GraphAudience = c.Graph
		c.DefenderAudience = c.Defender
		c.DefenderEndpointAudience = c.DefenderEndpoint
	}
	return clouds
}

// CloudByName finds one of [Clouds], ignoring case. The error for an unknown
// name is a [*ConfigError] that lists the names.
func CloudByName(name string) (Cloud, error) {
	var names []string
	for _, c := range Clouds() {
		if strings.EqualFold(c.Name, strings.TrimSpace(name)) {
			return c, nil
		}
		names = append(names, c.Name)
	}
	return Cloud{}, &ConfigError{
		Field: "cloud", Value: name, Problem: "is not a known cloud",
		Remedy: "use one of " + strings.Join(names, ", "),
	}
}

// CustomCloud describes a stand-in for Microsoft on hosts of its own, such as
// a sandbox: four origins, https only, which may all be the same. Tokens are
// still asked for under the public cloud's resource names, since those are
// names and not addresses; change the Audience fields of the result otherwise.
func CustomCloud(name string, login, graph, defender, defenderEndpoint string) (Cloud, error) {
	if strings.TrimSpace(name) == "" {
		return Cloud{}, &ConfigError{Field: "cloud.name", Problem: "is empty", Remedy: "give the custom cloud a name"}
	}
	if slices.ContainsFunc(Clouds(), func(c Cloud) bool { return strings.EqualFold(c.Name, name) }) {
		return Cloud{}, &ConfigError{
			Field: "cloud.name", Value: name, Problem: "is the name of a Microsoft cloud",
			Remedy: "choose another name for the custom cloud",
		}
	}
	c := Clouds()[0]
	c.Name = name
	c.Instance = ""
	c.DefenderRegions = nil
	for _, o := range []struct {
		field, value string
		to           *string
	}{
		{"cloud.login", login, &c.Login},
		{"cloud.graph", graph, &c.Graph},
		{"cloud.defender", defender, &c.Defender},
		{"cloud.defenderEndpoint", defenderEndpoint, &c.DefenderEndpoint},
	} {
		origin, err := parseOrigin(o.field, o.value)
		if err != nil {
			return Cloud{}, err
		}
		*o.to = origin
	}
	c.LoginV1 = c.Login
	c.IssuerV2 = c.Login
	return c, nil
}

// parseOrigin accepts "https://host[:port]" with at most a trailing slash.
func parseOrigin(field, s string) (string, error) {
	bad := func(problem string) error {
		return &ConfigError{Field: field, Value: s, Problem: problem, Remedy: "write https://host or https://host:port"}
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return "", bad("is not a URL")
	case u.Scheme != "https":
		return "", bad("is not an https origin")
	case u.User != nil:
		// The value is left out: it holds a password.
		return "", &ConfigError{Field: field, Problem: "holds a user name or password", Remedy: "write https://host or https://host:port"}
	case u.Hostname() == "":
		return "", bad("has no host")
	case u.Opaque != "" || (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", bad("has more than a host and a port")
	}
	return "https://" + strings.ToLower(u.Host), nil
}

// validate refuses a Cloud that was put together by hand and is not usable for
// signing in.
func (c Cloud) validate() error {
	for _, o := range [][2]string{{"cloud.login", c.Login}, {"cloud.loginV1", c.LoginV1}} {
		origin, err := parseOrigin(o[0], o[1])
		if err != nil {
			return err
		}
		if origin != o[1] {
			return &ConfigError{Field: o[0], Value: o[1], Problem: "is not in plain form", Remedy: fmt.Sprintf("write %s", origin)}
		}
	}
	return nil
}
