// Package onboard takes a customer's tenant from invitation to proof.
//
// A tenant passes the states of [fleet.State]: added, invited when a consent
// link was made for it, active when a token of the tenant carried the roles of
// the profile, failed when the last attempt to prove it ended without them.
// The callback of a consent page never makes a tenant active: it can be forged
// ("Never use the tenant ID value of the tenant parameter to authenticate or
// authorize", learn.microsoft.com, v2-admin-consent). It says which tenant to
// ask a token of, no more.
package onboard
