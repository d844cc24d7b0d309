package verify

import (
	"slices"
	"strings"

	"github.com/tenantry/tenantry/entra"
)

// Target is the resource a token is for, by its aud.
type Target struct {
	Audience string             `json:"audience"`
	Kind     entra.ResourceKind `json:"kind,omitempty"`  // empty when it is none of the security APIs
	Name     string             `json:"name,omitempty"`  // Microsoft's name for it; empty when unknown
	Cloud    string             `json:"cloud,omitempty"` // set when it is a resource of another cloud than the one asked about
	Opens    string             `json:"opens"`           // what the token is good for, in words
}

// kinds are the resources a partner asks tokens for.
func kinds() []entra.ResourceKind {
	return []entra.ResourceKind{entra.ResourceGraph, entra.ResourceDefender, entra.ResourceEndpoint, entra.ResourceKeyVault}
}

func resourceName(kind entra.ResourceKind) string {
	switch kind {
	case entra.ResourceGraph:
		return "Microsoft Graph"
	case entra.ResourceDefender:
		return "Microsoft Defender XDR (shown as Microsoft Threat Protection)"
	case entra.ResourceEndpoint:
		return "Microsoft Defender for Endpoint (shown as WindowsDefenderATP)"
	case entra.ResourceKeyVault:
		return "Azure Key Vault"
	}
	return string(kind)
}

func resourceOpens(kind entra.ResourceKind, cloud entra.Cloud) string {
	switch kind {
	case entra.ResourceGraph:
		return "Microsoft Graph only, with incidents at " + cloud.Graph + "/v1.0/security/incidents; " + cloud.Defender + "/api/incidents refuses it"
	case entra.ResourceDefender:
		return cloud.Defender + "/api/incidents and advanced hunting there; neither Microsoft Graph nor the device actions of Defender for Endpoint"
	case entra.ResourceEndpoint:
		return "the Defender for Endpoint API (machines, alerts, indicators); it has no incidents, and " + cloud.Defender + "/api/incidents refuses it"
	case entra.ResourceKeyVault:
		return "Azure Key Vault only"
	}
	return ""
}

// bystander is a resource that tokens are asked for by mistake, or by tools
// that ask for their own.
type bystander struct {
	names []string
	name  string
}

func bystanders() []bystander {
	return []bystander{
		{[]string{"https://management.azure.com", "https://management.core.windows.net", "https://management.usgovcloudapi.net", "https://management.core.usgovcloudapi.net", "797f4846-ba00-4fd7-ba43-dac1f8f63013"}, "Azure Resource Manager, which is what the Azure CLI asks for unless told otherwise"},
		{[]string{"https://graph.windows.net", "00000002-0000-0000-c000-000000000000"}, "Azure AD Graph, which is retired"},
		{[]string{"https://manage.office.com", "c5393580-f805-4401-95e8-94b7a6ef2fc2"}, "Office 365 Management APIs"},
		{[]string{"https://api.loganalytics.io", "https://api.loganalytics.azure.com", "ca7f3f0b-7d91-482c-8e09-c5d840d0eac5"}, "Azure Monitor Logs"},
		{[]string{"https://outlook.office.com", "https://outlook.office365.com", "00000002-0000-0ff1-ce00-000000000000"}, "Exchange Online"},
		{[]string{"api://azureadtokenexchange", "api://azureadtokenexchangeusgov"}, "the exchange of federated credentials: it is an assertion to sign in with, not a token for an API"},
	}
}

// identify finds out which resource an audience stands for, first in the
// cloud that was asked about, then in the others.
func identify(aud string, cloud entra.Cloud) Target {
	t := Target{Audience: plain(aud)}
	if aud == "" {
		t.Opens = "nothing: it names no audience"
		return t
	}
	for _, c := range append([]entra.Cloud{cloud}, entra.Clouds()...) {
		for _, kind := range kinds() {
			if !c.Resource(kind).Accepts(aud) {
				continue
			}
			t.Kind, t.Name, t.Opens = kind, resourceName(kind), resourceOpens(kind, c)
			if c.Name != cloud.Name {
				t.Cloud = c.Name
			}
			return t
		}
	}
	bare := strings.ToLower(strings.TrimSuffix(aud, "/"))
	for _, b := range bystanders() {
		if slices.Contains(b.names, bare) {
			t.Name, t.Opens = b.name, "none of the security APIs"
			return t
		}
	}
	t.Opens = "none of the security APIs known here; an API of your own or of a third party"
	return t
}

// askFor says how to ask for a token for a resource.
func askFor(kind entra.ResourceKind, cloud entra.Cloud) string {
	r := cloud.Resource(kind)
	return "Ask for scope=" + r.Scope() + " at /oauth2/v2.0/token, or resource=" + r.URI + " at /oauth2/token."
}

// checkResource judges whether the token is for the API that is to be called.
// wanted is empty when nobody said; then what the token opens is told.
func checkResource(t Target, wanted []entra.ResourceKind, cloud entra.Cloud) Check {
	described := t.Audience
	if t.Name != "" {
		described = t.Name + ", aud " + t.Audience
	}
	if t.Cloud != "" {
		return failed(CheckResource, "Use the hosts and the resource names of one cloud throughout; "+lowerFirst(askFor(t.Kind, cloud)),
			"the token is for %s in the cloud %s, not in %s", described, t.Cloud, cloud.Name)
	}
	if len(wanted) == 0 {
		c := Check{Name: CheckResource, Status: Info, Detail: "for " + described + "; it opens " + t.Opens}
		if t.Kind == "" || t.Kind == entra.ResourceEndpoint {
			c.Remedy = "For incidents: " + lowerFirst(askFor(entra.ResourceDefender, cloud)) + " For Microsoft Graph the name is " + cloud.Resource(entra.ResourceGraph).URI + "."
		}
		return c
	}
	if slices.Contains(wanted, t.Kind) {
		return passed(CheckResource, "for %s", described)
	}
	var names, asks []string
	for _, kind := range wanted {
		names = append(names, resourceName(kind))
		asks = append(asks, askFor(kind, cloud))
	}
	return failed(CheckResource, strings.Join(asks, " Or: "),
		"the token is for %s, and %s is to be called; the token opens %s", described, strings.Join(names, " or "), t.Opens)
}
