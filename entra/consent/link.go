package consent

import (
	"net/url"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/entra"
)

// DocumentedLink is the consent link of Microsoft's page "Partner access
// through Microsoft Defender XDR APIs" (api-partner-access), parameter for
// parameter in that page's order.
//
// When to use it: with an app registered as that page says (redirect URI
// https://portal.azure.com, nothing listening there), or when a customer insists
// on Microsoft's own wording. Nothing returns to the partner, so consent has to
// be proved by [Prove].
//
// Least directory role: Cloud Application Administrator or Application
// Administrator as long as the app lists no application permission of Microsoft
// Graph, else Privileged Role Administrator. The administrator has to tick
// "Consent on behalf of your organization"; without it the permissions are
// given for that person alone, and application permissions not at all.
func DocumentedLink(cloud entra.Cloud, clientID string) string {
	return cloud.Login + "/common/oauth2/authorize?prompt=consent&client_id=" + url.QueryEscape(clientID) +
		"&response_type=code&sso_reload=true"
}

// SignInLink asks the administrator to sign in with the authorization code flow
// (v2, scopes openid and profile, PKCE, state and nonce). [RedeemCode] turns
// the code of the callback into the proved tenant of whoever signed in.
//
// When to use it: before an admin consent link, if the tenant is not known or
// must be proved rather than believed, as on a public sign-up page.
//
// Least directory role: none for signing in, unless the customer does not let
// users consent to applications; then the administrator consents to the two
// sign-in permissions on the way.
func (inv Invitation) SignInLink() string {
	q := query{
		{"client_id", inv.ClientID},
		{"response_type", "code"},
		{"redirect_uri", inv.RedirectURI},
		{"response_mode", "query"},
		{"scope", strings.Join(signInScopes(), " ")},
		{"state", inv.State},
		{"nonce", inv.Nonce},
		{"code_challenge", challenge(inv.Verifier)},
		{"code_challenge_method", "S256"},
		{"prompt", inv.prompt()},
	}
	return inv.Cloud.Login + "/" + inv.place("organizations") + "/oauth2/v2.0/authorize?" + q.encode()
}

// AdminConsentLinkV1 asks for tenant-wide consent to everything the app
// registration lists (requiredResourceAccess).
//
// When to use it: always, if the customer's tenant has a licence for every
// resource listed. It is the only link that grants application permissions of
// several resources in one go on every version of the page.
//
// Least directory role: Privileged Role Administrator if the registration lists
// an application permission of Microsoft Graph; otherwise Cloud Application
// Administrator or Application Administrator. Source: grant-admin-consent.
func (inv Invitation) AdminConsentLinkV1() string {
	q := query{{"client_id", inv.ClientID}, {"redirect_uri", inv.RedirectURI}, {"state", inv.State}}
	return inv.Cloud.Login + "/" + inv.place("common") + "/adminconsent?" + q.encode()
}

// AdminConsentLinkV2 asks for tenant-wide consent to the listed permissions of
// the given resources only; at least one is needed.
//
// When to use it: for a tenant that lacks the licence of one of the resources,
// such as Defender for Endpoint, where the v1 link fails with AADSTS650052. Pass
// every resource the profile needs in one link: Microsoft notes that a later
// tenant-wide consent may revoke what an earlier one granted.
//
// Least directory role: Privileged Role Administrator if Microsoft Graph is
// among the resources and has application permissions; otherwise Cloud
// Application Administrator or Application Administrator; see [RequiredRole].
// Source: grant-admin-consent.
func (inv Invitation) AdminConsentLinkV2(resources ...entra.Resource) string {
	var scopes []string
	for _, r := range resources {
		if s := r.Scope(); !slices.Contains(scopes, s) {
			scopes = append(scopes, s)
		}
	}
	q := query{
		{"client_id", inv.ClientID},
		{"scope", strings.Join(scopes, " ")},
		{"redirect_uri", inv.RedirectURI},
		{"state", inv.State},
	}
	return inv.Cloud.Login + "/" + inv.place("organizations") + "/v2.0/adminconsent?" + q.encode()
}

// RequiredRole names the least privileged built-in directory role that may
// consent to application permissions of the resources, for showing beside a
// link. Source: learn.microsoft.com grant-admin-consent.
func RequiredRole(resources ...entra.Resource) string {
	for _, r := range resources {
		if r.Kind == entra.ResourceGraph {
			return "Privileged Role Administrator"
		}
	}
	return "Cloud Application Administrator"
}

// place is the tenant segment of a link.
func (inv Invitation) place(unknown string) string {
	if inv.Tenant != "" {
		return string(inv.Tenant)
	}
	return unknown
}

func (inv Invitation) prompt() string {
	if inv.Prompt != "" {
		return inv.Prompt
	}
	return "select_account"
}

func signInScopes() []string { return []string{"openid", "profile"} }

// query keeps its order, which url.Values does not, so that a link reads as in
// Microsoft's pages. Spaces become %20: some mail programs mangle "+".
type query [][2]string

func (q query) encode() string {
	var b strings.Builder
	for i, p := range q {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p[0] + "=" + strings.ReplaceAll(url.QueryEscape(p[1]), "+", "%20"))
	}
	return b.String()
}
