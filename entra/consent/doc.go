// Package consent asks the administrator of a customer tenant to accept the
// partner's application, reads what comes back, and proves the result.
//
// # Which link
//
//   - [DocumentedLink]: the link of Microsoft's partner page, for an app that
//     was registered as that page says. Nothing comes back to us, and unless the
//     administrator ticks "Consent on behalf of your organization", nothing is
//     granted for the tenant.
//   - [Invitation.AdminConsentLinkV1]: consents to everything the app
//     registration lists, for the whole tenant. The usual choice.
//   - [Invitation.AdminConsentLinkV2]: only the resources named, for a tenant
//     that lacks the licence of another one (AADSTS650052).
//   - [Invitation.SignInLink]: signs the administrator in first, so that the
//     id token proves the tenant ([RedeemCode]).
//
// # Which directory role
//
// Consent to application permissions of Microsoft Graph needs a Privileged
// Role Administrator (or Global Administrator). For application permissions of
// every other API, such as Defender's, a Cloud Application Administrator or
// Application Administrator suffices. Source: learn.microsoft.com "Grant
// tenant-wide admin consent to an application" (grant-admin-consent),
// prerequisites. [RequiredRole] answers for a set of resources.
//
// # Belief and proof
//
// The callback of an admin consent is a plain redirect that anyone can forge;
// the page "Admin consent on the Microsoft identity platform" (v2-admin-consent)
// warns against its tenant parameter. So a [Result] is only a claim: check
// its state with [Invitation.Check], then [Prove] the consent by a token that
// carries the roles.
package consent
