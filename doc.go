// Package tenantry is the overview of the Tenantry module; it holds no code.
//
// Tenantry gives a security partner (MSSP, MSP, ISV) programmatic access to
// Microsoft Defender XDR in every customer tenant it serves, through one
// multi-tenant Entra ID application. The job has five steps, and each has a
// command and a library call:
//
//  1. Register one multi-tenant application in the partner's own tenant
//     (tenantry app create; package entra/directory).
//  2. Invite a customer: an administrator follows a consent link. What the
//     link sends back is a claim; the tenant counts as consented only when a
//     token for it carries the roles (tenantry invite --wait; packages
//     entra/consent and onboard).
//  3. Get a token for that tenant with a secret, a certificate or a federated
//     assertion (tenantry token get; package entra).
//  4. Validate it: tenant, audience, lifetime and, above all, roles
//     (tenantry token inspect; package entra/verify).
//  5. Use it: read incidents and alerts, of one tenant or of all of them, each
//     tenant with its own outcome (tenantry incidents list), change them
//     without overwriting a colleague (tenantry incidents update), and act on
//     machines and indicators (tenantry machines, tenantry indicators;
//     packages defender and respond).
//
// # Where to begin
//
// Run "tenantry demo": it starts the sandbox, registers an application, and
// takes a dozen customers through the five steps without any set-up. Then
// "tenantry sandbox serve" keeps a sandbox running to work against, and
// "tenantry sandbox exec -- CMD" runs any program, in any language, with the
// sandbox in the place of Microsoft.
//
// # The libraries
//
// Each of these can be used alone and imports nothing of Tenantry outside its
// own folder: entra (clouds, credentials, tokens, typed AADSTS errors) with
// entra/consent, entra/verify and entra/directory, and defender (incidents and
// alerts, the same types from both of Microsoft's surfaces; machines, actions
// and indicators), which keeps its calls under Microsoft's limits.
//
// # The product around them
//
// fleet has the words of the trade as types: tenant, customer, tag, selector,
// profile. secret resolves references to secrets, which are never written in
// a configuration by value. store keeps state; onboard takes a tenant from
// invitation to proof; respond carries out a change to a customer's tenant
// once, between the two halves of its audit record. The command line is in
// internal/cli.
//
// # The sandbox
//
// sandbox stands in for Microsoft on the wire and shares no code with the
// libraries, so that a client and its counterpart cannot agree on a mistake.
// It is judged by Microsoft's own clients. It enforces Microsoft's published
// limits, misbehaves when asked to, and can be used by itself, from Go as
// httptest is, and from any language; docs/sandbox.md begins with that.
package tenantry
