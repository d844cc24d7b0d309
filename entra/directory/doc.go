// Package directory registers and looks after a multi-tenant application
// through Microsoft Graph v1.0: the application object, its credentials, its
// service principal and the application roles granted to it.
//
// The directory behind Graph is eventually consistent: for some seconds after
// an object was created, other requests may be answered as if it did not
// exist. A [Client] knows which objects it created itself and repeats requests
// about those, up to a deadline; for all other objects "not found" is believed
// at once.
//
// Sources: learn.microsoft.com, Microsoft Graph REST API v1.0 reference, the
// pages on application, servicePrincipal, appRoleAssignment,
// federatedIdentityCredential and organization.
package directory
