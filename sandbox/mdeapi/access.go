package mdeapi

import (
	"net/http"
	"strings"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/world"
)

// The directory roles that a signed-in user needs. The pages name permissions
// of Defender's own ("View Data", "Active remediation actions"), which by
// default these roles hold ("Use basic permissions to access the portal",
// learn.microsoft.com/defender-endpoint/basic-permissions: Security
// Administrator has full access, Security Reader reads); Security Operator's
// right to act is ours, after "Microsoft Entra built-in roles".
var (
	viewers = [...]string{"Global Administrator", "Security Administrator", "Security Operator", "Security Reader", "Global Reader"}
	actors  = [...]string{"Global Administrator", "Security Administrator", "Security Operator"}
)

func (a *API) authenticate(r *http.Request, op operation) (*graphwire.Caller, *apiError) {
	c, refused := graphwire.Identify(a.world, a.verifier, r)
	if c == nil {
		return nil, &apiError{status: http.StatusUnauthorized, code: "Unauthorized", message: "Unauthorized (invalid or expired authorization header).", reason: refused}
	}
	journal.Note(r.Context(), func(e *journal.Event) {
		e.TenantID, e.AppID, e.Resource, e.Roles, e.Required = c.Tenant.ID, c.AppID, c.Audience, c.Carried(), op.required(c)
	})
	return c, nil
}

func (op operation) required(c *graphwire.Caller) []string {
	if c.AppOnly {
		return op.roles
	}
	return op.scopes
}

// authorize judges audience, licence and permission of a token that is
// genuine.
func (a *API) authorize(c *call) *apiError {
	forbidden := func(message, reason string) *apiError {
		return &apiError{status: http.StatusForbidden, code: "Forbidden", message: message, reason: reason}
	}
	// The token must be for https://api.securitycenter.microsoft.com even where
	// the call goes to api.security.microsoft.com; another audience is answered
	// 403 ("Partner access through Microsoft Defender for Endpoint APIs").
	if !graphwire.AudienceFits(a.world, c.Audience, world.AppDefenderMDE, c.r.Host) {
		return forbidden("The token's audience is not valid for this API.", "audience "+c.Audience)
	}
	// What a tenant without Defender for Endpoint is answered is ours: the
	// documented code for a feature that the tenant does not have.
	if !c.Tenant.HasEndpoint() {
		return &apiError{status: http.StatusForbidden, code: "DisabledFeature", message: "Tenant feature is not enabled.", reason: "the tenant has no licence for Defender for Endpoint"}
	}
	if required := c.op.required(c.Caller); !c.Holds(required) {
		return forbidden("Missing application roles. API required roles: "+strings.Join(required, ", ")+", application roles: "+strings.Join(c.Carried(), ", ")+".", "the token carries none of the required permissions")
	}
	if c.AppOnly {
		return nil
	}
	allowed := viewers[:]
	if c.op.writes {
		allowed = actors[:]
	}
	if c.User == nil || !c.User.HasRole(allowed...) {
		return forbidden("The user does not have the required permission.", "the user holds none of the directory roles "+strings.Join(allowed, ", "))
	}
	return nil
}

// who names the caller as actions and indicators do: a user by the sign-in
// name, an application by its display name (seen in answers that users of the
// API publish; the pages show a user alone).
func (a *API) who(c *call) string { return c.Name(a.world) }
