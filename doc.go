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
//  5. Read incidents, of one tenant or of all of them, each tenant with its
//     own outcome (tenantry incidents list; package defender).
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
// alerts, the same types from both of Microsoft's surfaces).
//
// # The product around them
//
// fleet has the words of the trade as types: tenant, customer, tag, selector,
// profile. secret resolves references to secrets, which are never written in
// a configuration by value. store keeps state; onboard takes a tenant from
// invitation to proof. The command line is in internal/cli.
//
// # The sandbox
//
// sandbox stands in for Microsoft on the wire and shares no code with the
// libraries, so that a client and its counterpart cannot agree on a mistake.
// It is judged by Microsoft's own clients.
package tenantry
