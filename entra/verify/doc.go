// Package verify judges tokens that Microsoft Entra ID issued, or is said to
// have issued: access tokens of version 1.0 and 2.0, and id tokens.
//
// A [Verifier] answers yes or no for a program that accepts tokens: it allows
// one algorithm (RS256), takes keys only from the source it was given, binds
// the key's issuer to iss and iss to tid, and refuses whatever Entra never
// writes. It is for the audience of a token. A client must treat the access
// tokens it was given for somebody else's API as opaque, and Microsoft Graph
// makes that plain: its tokens carry a nonce in the header that only Graph can
// undo, so their signature cannot be verified by anybody else.
//
// [Inspect] answers a person who asks "what is this token, and why does the
// API refuse it": the same rules, each by name with its outcome and a remedy,
// the claims in words, for which resource the token is and which one to ask
// for instead, and the roles against the ones needed, near misses named.
//
// [Handler] puts a Verifier in front of an API of your own: an allow-list of
// tenants, the roles and scopes that are needed, answers as RFC 6750 wants them.
//
// The signature is verified before the claims are read. JSON is read by a
// strict scanner, since a token that two parsers read in two ways is a token
// with two meanings. Nothing in a token, neither iss nor jku nor kid, decides
// where keys are asked for.
//
// No function of this package writes a token into an error or a report.
//
// Sources: learn.microsoft.com, "Access tokens in the Microsoft identity
// platform", "Access token claims reference", "ID token claims reference" and
// "Secure applications and APIs by validating claims"; RFC 7515, 7519, 8725.
package verify
