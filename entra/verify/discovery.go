package verify

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/tenantry/tenantry/entra/verify/internal/jws"
)

// MaxDiscovery is the largest OpenID configuration that is read, in bytes.
// Entra's are about 2 kB.
const MaxDiscovery = 64 << 10

// consumers is the tenant of personal Microsoft accounts.
const consumers = "9188040d-6c67-4c5b-b112-36a304b66dad"

// Discovery is what an OpenID configuration says about tokens.
type Discovery struct {
	Issuer  string // issuer, with "{tenantid}" for common and organizations
	KeysURI string // jwks_uri
}

// ParseDiscovery reads the OpenID configuration that authority, such as
// https://login.microsoftonline.com/common, has served. Whoever can change that
// document chooses the keys that are believed, so it may not lead anywhere
// else: issuer and jwks_uri must be https, at the authority's own host, and for
// the authority's own tenant. Anything else is a [*DocumentError].
func ParseDiscovery(data []byte, authority string) (Discovery, error) {
	host, tenant, err := splitAuthority(authority)
	if err != nil {
		return Discovery{}, &DocumentError{"OpenID configuration", "cannot be judged: " + err.Error(), "Give the authority the document is of."}
	}
	var issuer, keys string
	if err := document("OpenID configuration", data, MaxDiscovery, func(name, value string) {
		switch name {
		case "issuer":
			issuer, _ = jws.String(value)
		case "jwks_uri":
			keys, _ = jws.String(value)
		}
	}); err != nil {
		return Discovery{}, err
	}
	bad := func(format string, args ...any) (Discovery, error) {
		return Discovery{}, &DocumentError{"OpenID configuration", fmt.Sprintf(format, args...), "Do not use it: check which server answers for " + host + "."}
	}
	if issuer == "" || keys == "" {
		return bad("has no issuer or no jwks_uri")
	}
	of, ok := issuerSegment(issuer, host)
	if !ok {
		return bad("names the issuer %s, which is not one of https://%s", printable(issuer), host)
	}
	switch tenant {
	case "common", "organizations":
		ok = of == "{tenantid}"
	case "consumers":
		ok = of == consumers
	default:
		// A domain is answered with the id of its tenant.
		ok = isGUID(of) && (of == tenant || !isGUID(tenant))
	}
	if !ok {
		return bad("is about the tenant %s, asked was %s", printable(of), printable(tenant))
	}
	u, err := url.Parse(keys)
	if err != nil || u.Scheme != "https" || u.Host != host || u.User != nil || u.Fragment != "" || u.RawQuery != "" && !strings.HasPrefix(u.RawQuery, "appid=") {
		return bad("names the keys at %s, which is not at https://%s", printable(keys), host)
	}
	segment, rest, _ := strings.Cut(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	if segment != tenant && segment != of && segment != "common" || rest != "discovery/v2.0/keys" && rest != "discovery/keys" {
		return bad("names the keys at %s, which are not the keys of the tenant %s", printable(keys), printable(tenant))
	}
	return Discovery{Issuer: strings.Clone(issuer), KeysURI: u.String()}, nil
}

// issuerSegment takes the tenant out of https://host/{tenant}/v2.0.
func issuerSegment(issuer, host string) (string, bool) {
	rest, ok := strings.CutPrefix(issuer, "https://"+host+"/")
	if !ok {
		return "", false
	}
	segment, ok := strings.CutSuffix(rest, "/v2.0")
	return segment, ok && !strings.Contains(segment, "/")
}

// plainHost says whether a host, with or without a port, is a name or address
// in ASCII: it goes into addresses and messages as it is.
func plainHost(host string) bool {
	return host != "" && !strings.ContainsFunc(host, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._:[]", r))
	})
}

// splitAuthority reads https://host/tenant.
func splitAuthority(authority string) (host, tenant string, err error) {
	u, err := url.Parse(authority)
	if err != nil {
		return "", "", errNotURL
	}
	tenant = strings.Trim(u.Path, "/")
	switch {
	case u.Scheme != "https" || !plainHost(u.Host) || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", "", errNotPlain
	case tenant == "" || strings.Contains(tenant, "/"):
		return "", "", errNoTenant
	}
	return strings.ToLower(u.Host), tenant, nil
}
