// Package entra signs a multi-tenant application in to Microsoft Entra ID,
// once per customer tenant, and says in words why a sign-in fails.
//
// The centre is [Tokens]: it holds one application and one [Credential]
// (a client secret, a certificate or a federated assertion) and hands out an
// access token for any (tenant, [Resource]). A token is checked before it is
// given to anyone: its tid claim must be the tenant that was asked for and its
// aud claim must be one of the resource's names, or the call fails with a
// [*ForeignTokenError] and nothing is cached.
//
// Refusals are [*Error] values. They carry the AADSTS number, the ids that
// Microsoft's support asks for, an [Action] for programs to branch on and a
// sentence for people, see [Error.Next]. The numbers known are in [Codes].
//
// Subpackages: consent (links, callbacks, proof of consent), verify (access
// and id tokens), directory (app registration through Microsoft Graph).
package entra
