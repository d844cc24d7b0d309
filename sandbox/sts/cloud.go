package sts

import (
	"net"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/sandbox/world"
)

// instance is one national cloud's set of hosts, as discovery documents name
// them. The lists are those of instance discovery in the MSAL libraries.
type instance struct {
	name      string // cloud_instance_name
	login     string // the host of issuers
	cache     string // preferred_cache of instance discovery
	aliases   []string
	graph     string // msgraph_host
	aadGraph  string // cloud_graph_host_name
	rbac      string
	clouds    []string // of the world
	subRegion bool
}

func instances() []instance { return allInstances }

// allInstances is made once: every request looks for its host in it. Nobody
// changes it.
var allInstances = []instance{
	{
		name: "microsoftonline.com", login: "login.microsoftonline.com", cache: "login.windows.net",
		aliases: []string{"login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"},
		graph:   "graph.microsoft.com", aadGraph: "graph.windows.net", rbac: "https://pas.windows.net",
		clouds: []string{world.CloudPublic, world.CloudGCC},
	},
	{
		name: "microsoftonline.us", login: "login.microsoftonline.us", cache: "login.microsoftonline.us",
		aliases: []string{"login.microsoftonline.us", "login.usgovcloudapi.net"},
		graph:   "graph.microsoft.us", aadGraph: "graph.windows.net", rbac: "https://pasff.usgovcloudapi.net",
		clouds: []string{world.CloudHigh, world.CloudDoD}, subRegion: true,
	},
	{
		name: "partner.microsoftonline.cn", login: "login.partner.microsoftonline.cn", cache: "login.partner.microsoftonline.cn",
		aliases: []string{"login.partner.microsoftonline.cn", "login.chinacloudapi.cn"},
		graph:   "microsoftgraph.chinacloudapi.cn", aadGraph: "graph.chinacloudapi.cn", rbac: "https://pas.chinacloudapi.cn",
	},
	{
		name: "microsoftonline.de", login: "login.microsoftonline.de", cache: "login.microsoftonline.de",
		aliases: []string{"login.microsoftonline.de"},
		graph:   "graph.microsoft.de", aadGraph: "graph.cloudapi.de", rbac: "https://pas.cloudapi.de",
	},
	{
		name: "microsoftonline.us", login: "login-us.microsoftonline.com", cache: "login-us.microsoftonline.com",
		aliases: []string{"login-us.microsoftonline.com"},
		graph:   "graph.microsoft.com", aadGraph: "graph.windows.net", rbac: "https://pas.windows.net",
		clouds: []string{world.CloudHigh, world.CloudDoD}, // behind login.microsoftonline.us, which is their canonical host
	},
}

// instanceOfHost finds the cloud a Microsoft login host belongs to. A host
// that is none of Microsoft's is the sandbox under its own name (authority
// mode), which serves every cloud.
func instanceOfHost(host string) (instance, bool) {
	name := strings.ToLower(host)
	if h, _, err := net.SplitHostPort(name); err == nil {
		name = h
	}
	for _, i := range instances() {
		if slices.Contains(i.aliases, name) {
			return i, true
		}
	}
	return instance{}, false
}

// instanceOfCloud finds the hosts of a world's cloud.
func instanceOfCloud(cloud string) instance {
	all := instances()
	for _, i := range all {
		if slices.Contains(i.clouds, cloud) {
			return i
		}
	}
	return all[0]
}

// documentHost is the host that a discovery document's endpoints name: the
// one that was asked, except that a tenant of another national cloud is
// pointed to its own cloud's login host, as Entra does.
func (x *exchange) documentHost(t *world.Tenant) string {
	in, real := instanceOfHost(x.host)
	if real && t != nil && !slices.Contains(in.clouds, t.Cloud) {
		return instanceOfCloud(t.Cloud).login
	}
	return x.host
}

// issuerHost is the host of version 2 issuers: always the canonical name of a
// Microsoft cloud, or the sandbox's own name in authority mode.
func (x *exchange) issuerHost(t *world.Tenant) string {
	in, real := instanceOfHost(x.host)
	switch {
	case !real:
		return x.host
	case t != nil:
		return instanceOfCloud(t.Cloud).login
	}
	return in.login
}

// issuer of tokens and documents; tenant may be the literal "{tenantid}".
func (x *exchange) issuer(t *world.Tenant, tenant string, v2 bool) string {
	if v2 {
		return "https://" + x.issuerHost(t) + "/" + tenant + "/v2.0"
	}
	return "https://sts.windows.net/" + tenant + "/"
}

// graphURI is Microsoft Graph's identifier in a tenant's cloud.
func graphURI(t *world.Tenant) string {
	if t == nil {
		return "https://graph.microsoft.com"
	}
	if t.Cloud == world.CloudDoD {
		return "https://dod-graph.microsoft.us"
	}
	return "https://" + instanceOfCloud(t.Cloud).graph
}
