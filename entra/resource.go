package entra

import (
	"net/url"
	"strings"
)

// ResourceKind names the API a token is for, independent of the cloud.
type ResourceKind string

// The kinds of resource. [ParseResource] also makes ResourceOther.
const (
	ResourceGraph    ResourceKind = "graph"
	ResourceDefender ResourceKind = "xdr"
	ResourceEndpoint ResourceKind = "mde"
	ResourceKeyVault ResourceKind = "keyvault"
	ResourceOther    ResourceKind = "other"
)

// Application ids of Microsoft's resources, the same in every cloud. A v2
// access token carries them in aud in place of the URI.
const (
	AppIDGraph            = "00000003-0000-0000-c000-000000000000"
	AppIDDefender         = "8ee8fdad-f234-4243-8f3b-15c294843740" // "Microsoft Threat Protection"
	AppIDDefenderEndpoint = "fc780465-2017-40d4-a0c5-307022471b92" // "WindowsDefenderATP"
	AppIDKeyVault         = "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"
)

// legacyEndpointURI is the Defender for Endpoint name that the curl sample of
// "Partner access through Microsoft Defender XDR APIs" asks for.
const legacyEndpointURI = "https://securitycenter.onmicrosoft.com/windowsatpservice"

// Resource is what a token is for.
type Resource struct {
	Kind ResourceKind
	// URI is the audience asked for, without a trailing slash.
	URI string
	// AppID is the resource's application id; "" if not known.
	AppID string
	// Audiences are the aud values accepted in a token, AppID among them. The
	// tokens of an API of your own carry its application id in place of the URI
	// if its registration says requestedAccessTokenVersion 2; ask for such an
	// API by its id, or add the id here.
	Audiences []string
}

// Scope returns the v2 scope for all application roles granted: URI + "/.default".
func (r Resource) Scope() string { return r.URI + "/.default" }

// Accepts reports whether a token's aud claim names this resource. A single
// trailing slash and the case of the host or GUID make no difference, since
// Microsoft Entra ID echoes the spelling of the request.
func (r Resource) Accepts(audience string) bool {
	if audience == "" {
		return false
	}
	audience = strings.TrimSuffix(audience, "/")
	for _, a := range r.Audiences {
		if strings.EqualFold(strings.TrimSuffix(a, "/"), audience) {
			return true
		}
	}
	return strings.EqualFold(r.URI, audience)
}

// Resource returns the resource of the given kind in this cloud; the zero
// Resource if the kind is unknown, which [Tokens] refuses.
func (c Cloud) Resource(kind ResourceKind) Resource {
	or := func(audience, origin string) string {
		if audience != "" {
			return audience
		}
		return origin
	}
	make := func(uri, appID string, more ...string) Resource {
		return Resource{Kind: kind, URI: uri, AppID: appID, Audiences: append([]string{uri, appID}, more...)}
	}
	switch kind {
	case ResourceGraph:
		return make(or(c.GraphAudience, c.Graph), AppIDGraph)
	case ResourceDefender:
		return make(or(c.DefenderAudience, c.Defender), AppIDDefender)
	case ResourceEndpoint:
		return make(or(c.DefenderEndpointAudience, c.DefenderEndpoint), AppIDDefenderEndpoint, legacyEndpointURI)
	case ResourceKeyVault:
		return make(or(c.KeyVaultAudience, "https://vault.azure.net"), AppIDKeyVault)
	}
	return Resource{}
}

// ParseResource reads what a user may write to name a resource: a kind
// ("graph", "xdr", "mde", "keyvault"), an application id, or a URI with or
// without "/.default". A URI or id of a resource known in the cloud gets that
// resource's kind and all of its names, but is asked for as written. Any other
// has the one name that was written: give the application id, and not the URI,
// of an API of your own whose tokens are of version 2.0.
func ParseResource(cloud Cloud, s string) (Resource, error) {
	uri := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSpace(s), "/.default"), "/")
	bad := func(problem string) error {
		return &ConfigError{
			Field: "resource", Value: s, Problem: problem,
			Remedy: "use graph, xdr, mde, keyvault, an application id, or a URI such as " + cloud.Resource(ResourceDefender).URI,
		}
	}
	if uri == "" {
		return Resource{}, bad("is empty")
	}
	for _, k := range []ResourceKind{ResourceGraph, ResourceDefender, ResourceEndpoint, ResourceKeyVault} {
		r := cloud.Resource(k)
		if strings.EqualFold(uri, string(k)) {
			return r, nil
		}
		if r.Accepts(uri) {
			r.URI = uri
			return r, nil
		}
	}
	if isGUID(uri) {
		uri = strings.ToLower(uri)
		return Resource{Kind: ResourceOther, URI: uri, AppID: uri, Audiences: []string{uri}}, nil
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil || strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return Resource{}, bad("is not a URI")
	case u.Scheme != "https" && u.Scheme != "api":
		return Resource{}, bad("is neither a known kind nor an https:// or api:// URI")
	case u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return Resource{}, bad("is not the plain identifier URI of an API")
	}
	return Resource{Kind: ResourceOther, URI: uri, Audiences: []string{uri}}, nil
}

func (r Resource) validate() error {
	if r.URI == "" {
		return &ConfigError{Field: "resource", Problem: "is empty", Remedy: "use Cloud.Resource or ParseResource"}
	}
	if strings.HasSuffix(r.URI, "/") {
		return &ConfigError{Field: "resource", Value: r.URI, Problem: "ends in a slash", Remedy: "leave the slash out"}
	}
	return nil
}
