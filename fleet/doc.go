// Package fleet holds the words of the product as types: the partner's app, the
// customer tenants it serves, how to select among them, the invitations sent to
// them, and the profiles of permissions they are asked for.
//
// It has no state and does no input or output; package store keeps these
// values, package onboard moves a tenant from one [State] to the next.
package fleet
