package proxy

import (
	"net"
	"net/netip"
	"strings"
)

// Services that stand behind the host names.
const (
	ServiceSTS    = "sts"    // Entra's token service and sign-in pages
	ServiceGraph  = "graph"  // Microsoft Graph
	ServiceXDR    = "xdr"    // Defender XDR API
	ServiceMDE    = "mde"    // Defender for Endpoint API
	ServiceARM    = "arm"    // Azure Resource Manager
	ServicePortal = "portal" // a landing page
)

// Clouds a host belongs to, named as on the command line.
const (
	cloudPublic = "public"
	cloudGCC    = "usgov-gcc"
	cloudHigh   = "usgov-high"
	cloudDoD    = "usgov-dod"
)

// Host is one of Microsoft's host names that the sandbox stands in for.
type Host struct {
	Name    string // lower case
	Service string
	// Cloud is the cloud that the name was made for. Some names serve more:
	// tenants of usgov-gcc sign in at the public cloud's hosts, and those of
	// usgov-dod share most hosts of usgov-high.
	Cloud string
}

// Hosts returns every host name that the sandbox answers for; all others are
// refused. This is the one place that lists them.
//
// Sources: "National clouds" and "Use the Microsoft Graph API" (identity
// platform), the host lists of the MSAL libraries' instance discovery,
// "Supported Microsoft Defender XDR APIs", "Microsoft Defender XDR for US
// Government customers", "Defender for Endpoint API: hosts by region".
func Hosts() []Host {
	return []Host{
		{"login.microsoftonline.com", ServiceSTS, cloudPublic},
		{"login.windows.net", ServiceSTS, cloudPublic},
		{"login.microsoft.com", ServiceSTS, cloudPublic},
		{"sts.windows.net", ServiceSTS, cloudPublic},
		{"login.microsoftonline.us", ServiceSTS, cloudHigh},
		{"login.usgovcloudapi.net", ServiceSTS, cloudHigh},
		{"login-us.microsoftonline.com", ServiceSTS, cloudHigh},

		{"graph.microsoft.com", ServiceGraph, cloudPublic},
		{"graph.microsoft.us", ServiceGraph, cloudHigh},
		{"dod-graph.microsoft.us", ServiceGraph, cloudDoD},

		// Two spellings of regional hosts are documented; both are answered.
		{"api.security.microsoft.com", ServiceXDR, cloudPublic},
		{"api-us.security.microsoft.com", ServiceXDR, cloudPublic},
		{"api-eu.security.microsoft.com", ServiceXDR, cloudPublic},
		{"api-uk.security.microsoft.com", ServiceXDR, cloudPublic},
		{"us.api.security.microsoft.com", ServiceXDR, cloudPublic},
		{"eu.api.security.microsoft.com", ServiceXDR, cloudPublic},
		{"uk.api.security.microsoft.com", ServiceXDR, cloudPublic},
		{"au.api.security.microsoft.com", ServiceXDR, cloudPublic},
		{"swa.api.security.microsoft.com", ServiceXDR, cloudPublic},
		{"ina.api.security.microsoft.com", ServiceXDR, cloudPublic},
		{"aea.api.security.microsoft.com", ServiceXDR, cloudPublic},
		{"api-gcc.security.microsoft.us", ServiceXDR, cloudGCC},
		{"api-gov.security.microsoft.us", ServiceXDR, cloudHigh},

		{"api.securitycenter.microsoft.com", ServiceMDE, cloudPublic},
		{"api-us.securitycenter.microsoft.com", ServiceMDE, cloudPublic},
		{"api-eu.securitycenter.microsoft.com", ServiceMDE, cloudPublic},
		{"api-uk.securitycenter.microsoft.com", ServiceMDE, cloudPublic},
		{"api-gcc.securitycenter.microsoft.us", ServiceMDE, cloudGCC},
		{"api-gov.securitycenter.microsoft.us", ServiceMDE, cloudHigh},

		{"management.azure.com", ServiceARM, cloudPublic},
		{"management.core.windows.net", ServiceARM, cloudPublic},
		{"management.usgovcloudapi.net", ServiceARM, cloudHigh},

		{"portal.azure.com", ServicePortal, cloudPublic},
		{"portal.azure.us", ServicePortal, cloudHigh},
		{"azure.microsoft.com", ServicePortal, cloudPublic}, // Azure CLI probes it
	}
}

// HostTable finds hosts by name, as [SplitHost] returns it.
type HostTable map[string]Host

// NewHostTable returns the table of all [Hosts].
func NewHostTable() HostTable {
	t := HostTable{}
	for _, h := range Hosts() {
		t[h.Name] = h
	}
	return t
}

// SplitHost splits a Host header into a name in lower case, without the dot
// and brackets it may have, and a port that is empty when there is none.
func SplitHost(host string) (name, port string) {
	if h, p, err := net.SplitHostPort(host); err == nil {
		host, port = h, p
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.TrimSuffix(strings.ToLower(host), "."), port
}

// IsLoopback says whether a host name or address is this machine's loopback.
func IsLoopback(name string) bool {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.Unmap().IsLoopback()
}
