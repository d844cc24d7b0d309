package sts

import (
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/sandbox/world"
)

// configuration answers both forms of openid-configuration. It is built from
// the host that was asked, because clients follow its URLs through whatever
// brought them here.
func (x *exchange) configuration() error {
	a, err := x.authority()
	if err != nil {
		return err
	}
	host := x.documentHost(a.tenant)
	in, real := instanceOfHost(x.host)
	if !real {
		in = instances()[0]
	}
	region := any(nil)
	if a.tenant != nil {
		in = instanceOfCloud(a.tenant.Cloud)
		region = a.tenant.Region
		if a.tenant.Region == "" {
			region = "NA"
		}
	}
	base := "https://" + host + "/" + a.segment()
	graph := in.graph
	if !real {
		graph = x.host
	}
	issuerTenant := "{tenantid}"
	switch {
	case a.tenant != nil:
		issuerTenant = a.tenant.ID
	case a.word == "consumers":
		issuerTenant = consumersTenant
	}
	doc := map[string]any{
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"response_modes_supported":              []string{"query", "fragment", "form_post"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"issuer":                                x.issuer(a.tenant, issuerTenant, x.v2),
		"request_uri_parameter_supported":       false,
		"http_logout_supported":                 true,
		"frontchannel_logout_supported":         true,
		"tenant_region_scope":                   region,
		"cloud_instance_name":                   in.name,
		"cloud_graph_host_name":                 in.aadGraph,
		"msgraph_host":                          in.graph,
		"rbac_url":                              in.rbac,
	}
	if in.subRegion && a.tenant != nil {
		doc["tenant_region_scope"] = "USGov"
		doc["tenant_region_sub_scope"] = map[string]string{world.CloudHigh: "DODCON", world.CloudDoD: "DOD"}[a.tenant.Cloud]
	}
	if a.tenant != nil && a.tenant.Cloud == world.CloudGCC {
		doc["tenant_region_sub_scope"] = "GCC"
	}
	keys := "/discovery/keys"
	if x.v2 {
		keys = "/discovery/v2.0/keys"
		base2 := base + "/oauth2/v2.0/"
		doc["authorization_endpoint"] = base2 + "authorize"
		doc["token_endpoint"] = base2 + "token"
		doc["device_authorization_endpoint"] = base2 + "devicecode"
		doc["end_session_endpoint"] = base2 + "logout"
		doc["userinfo_endpoint"] = "https://" + graph + "/oidc/userinfo"
		doc["kerberos_endpoint"] = base + "/kerberos"
		doc["response_types_supported"] = []string{"code", "id_token", "code id_token", "id_token token"}
		doc["scopes_supported"] = []string{"openid", "profile", "email", "offline_access"}
		doc["claims_supported"] = []string{"sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name", "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email"}
	} else {
		base1 := base + "/oauth2/"
		doc["authorization_endpoint"] = base1 + "authorize"
		doc["token_endpoint"] = base1 + "token"
		doc["device_authorization_endpoint"] = base1 + "devicecode"
		doc["end_session_endpoint"] = base1 + "logout"
		doc["userinfo_endpoint"] = base + "/openid/userinfo"
		doc["response_types_supported"] = []string{"code", "id_token", "code id_token", "token id_token", "token"}
		doc["scopes_supported"] = []string{"openid"}
		doc["microsoft_multi_refresh_token"] = true
		doc["check_session_iframe"] = base1 + "checksession"
		doc["claims_supported"] = []string{"sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name", "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "email", "given_name", "family_name", "nickname"}
	}
	doc["jwks_uri"] = base + keys
	// Applications with claims mapping get keys of their own; the parameter
	// is handed on as Entra does.
	if id := x.r.URL.Query().Get("appid"); world.IsGUID(id) {
		doc["jwks_uri"] = base + keys + "?appid=" + id
	}
	x.publicDocument()
	x.json(200, doc)
	return nil
}

func (x *exchange) publicDocument() {
	h := x.w.Header()
	h.Set("Cache-Control", "max-age=86400, private")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, OPTIONS")
}

// keySet answers the JWKS; version 2 says for which issuer a key may sign.
func (x *exchange) keySet() error {
	a, err := x.authority()
	if err != nil {
		return err
	}
	issuer := ""
	if x.v2 {
		tenant := "{tenantid}"
		switch {
		case a.tenant != nil:
			tenant = a.tenant.ID
		case a.word == "consumers":
			tenant = consumersTenant
		}
		issuer = x.issuer(a.tenant, tenant, true)
	}
	x.publicDocument()
	x.json(200, json.RawMessage(x.keys.JWKS(issuer)))
	return nil
}

type instanceEntry struct {
	Network string   `json:"preferred_network"`
	Cache   string   `json:"preferred_cache"`
	Aliases []string `json:"aliases"`
}

// instance answers instance discovery. The host that was asked about is
// always among the aliases: MSAL Go finds no cached token otherwise.
func (x *exchange) instance() error {
	raw := x.param("authorization_endpoint")
	if raw == "" {
		return refuse(requestMissing, "parameter", "authorization_endpoint")
	}
	asked, err := url.Parse(raw)
	if err != nil || asked.Host == "" {
		return refuse(instanceUnknown)
	}
	host := strings.ToLower(strings.TrimSuffix(asked.Host, ":443"))
	_, known := instanceOfHost(host)
	if !known && host != x.host {
		return refuse(instanceUnknown)
	}
	var metadata []instanceEntry
	for _, i := range instances() {
		metadata = append(metadata, instanceEntry{i.login, i.cache, i.aliases})
	}
	listed := slices.ContainsFunc(metadata, func(e instanceEntry) bool { return slices.Contains(e.Aliases, host) })
	if !listed {
		metadata = append(metadata, instanceEntry{host, host, []string{host}})
	}
	path := strings.Split(strings.Trim(asked.Path, "/"), "/")
	version := ""
	if slices.ContainsFunc(path, func(p string) bool { return strings.EqualFold(p, "v2.0") }) {
		version = "/v2.0"
	}
	api := x.param("api-version")
	if api == "" {
		api = "1.0"
	}
	doc := struct {
		Endpoint string          `json:"tenant_discovery_endpoint"`
		API      string          `json:"api-version"`
		Metadata []instanceEntry `json:"metadata"`
	}{"https://" + host + "/" + path[0] + version + "/.well-known/openid-configuration", api, metadata}
	x.publicDocument()
	x.json(200, doc)
	return nil
}

// userRealm answers where a user's password would be checked.
func (x *exchange) userRealm() error {
	upn := x.r.URL.Path[strings.LastIndexByte(x.r.URL.Path, '/')+1:]
	_, domain, ok := strings.Cut(upn, "@")
	if !ok || domain == "" {
		return refuse(requestMalformed)
	}
	kind := "Unknown"
	in := instances()[0]
	if t, ok := x.world.Tenant(domain); ok {
		x.note.TenantID = t.ID
		kind, in = "Managed", instanceOfCloud(t.Cloud)
	}
	x.json(200, struct {
		Ver    string `json:"ver"`
		Type   string `json:"account_type"`
		Domain string `json:"domain_name"`
		Cloud  string `json:"cloud_instance_name"`
		URN    string `json:"cloud_audience_urn"`
	}{"1.0", kind, domain, in.name, "urn:federation:MicrosoftOnline"})
	return nil
}

// credentialType answers what the login page asks before the password: is
// there such a user.
func (x *exchange) credentialType() error {
	var body struct {
		Username string `json:"username"`
	}
	raw, err := io.ReadAll(x.r.Body)
	if err != nil || json.Unmarshal(raw, &body) != nil {
		return refuse(requestMalformed)
	}
	if body.Username == "" {
		return refuse(requestMissing, "parameter", "username")
	}
	exists := 1 // no such account
	if t, _, ok := x.world.User(body.Username); ok {
		exists = 0
		x.note.TenantID = t.ID
	}
	x.json(200, map[string]any{
		"Username": body.Username, "Display": body.Username, "IfExistsResult": exists, "IsUnmanaged": false, "ThrottleStatus": 0,
		"Credentials":        map[string]any{"PrefCredential": 1, "HasPassword": true},
		"EstsProperties":     map[string]any{"DomainType": 3},
		"IsSignupDisallowed": true,
	})
	return nil
}

// userInfo is the v1 userinfo endpoint.
func (x *exchange) userInfo() error {
	_, raw, _ := strings.Cut(x.r.Header.Get("Authorization"), " ")
	c, err := x.keys.Verify(raw)
	if err != nil || c.AppOnly {
		x.note.Decision = "refused: no valid token of a user"
		x.w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		x.json(401, map[string]string{"error": "invalid_token", "error_description": "The access token is missing, not valid, or not a user's."})
		return nil
	}
	x.note.TenantID, x.note.AppID, x.note.Roles = c.TenantID, c.AppID, c.Scopes
	answer := map[string]string{"sub": c.Subject}
	if _, u, ok := x.world.User(c.UPN); ok {
		answer["name"], answer["upn"] = u.Name, u.UPN
	}
	x.json(200, answer)
	return nil
}
