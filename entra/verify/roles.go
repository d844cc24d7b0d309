package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/entra"
)

// catalogue lists the application roles that the security APIs document, to
// tell a missing role from a misspelt one and from one of another resource.
// Sources: "Microsoft Graph permissions reference" and the Permissions tables
// of the Defender XDR and Defender for Endpoint API pages.
func catalogue(kind entra.ResourceKind) []string {
	switch kind {
	case entra.ResourceGraph:
		return []string{
			"SecurityIncident.Read.All", "SecurityIncident.ReadWrite.All",
			"SecurityAlert.Read.All", "SecurityAlert.ReadWrite.All",
			"ThreatHunting.Read.All", "CustomDetection.Read.All", "CustomDetection.ReadWrite.All",
			"SecurityEvents.Read.All", "SecurityEvents.ReadWrite.All",
			"SecurityActions.Read.All", "SecurityActions.ReadWrite.All",
			"ThreatIndicators.Read.All", "ThreatIndicators.ReadWrite.OwnedBy", "ThreatIntelligence.Read.All",
			"Application.Read.All", "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy",
			"AppRoleAssignment.ReadWrite.All", "Directory.Read.All",
		}
	case entra.ResourceDefender:
		return []string{
			"Incident.Read.All", "Incident.ReadWrite.All", "AdvancedHunting.Read.All", "CustomDetections.ReadWrite.All",
		}
	case entra.ResourceEndpoint:
		return []string{
			"AdvancedQuery.Read.All", "Alert.Read.All", "Alert.ReadWrite.All",
			"File.Read.All", "Ip.Read.All", "Url.Read.All", "User.Read.All",
			"Library.Manage", "Machine.Read.All", "Machine.ReadWrite.All", "Machine.CollectForensics", "Machine.Isolate",
			"Machine.LiveResponse", "Machine.Offboard", "Machine.RestrictExecution", "Machine.Scan", "Machine.StopAndQuarantine",
			"RemediationTasks.Read.All", "Score.Read.All", "SecurityBaselinesAssessment.Read.All",
			"SecurityConfiguration.Read.All", "SecurityConfiguration.ReadWrite.All", "SecurityRecommendation.Read.All",
			"Software.Read.All", "Ti.Read.All", "Ti.ReadWrite", "Ti.ReadWrite.All", "Vulnerability.Read.All",
		}
	}
	return nil
}

// owners returns the resources that define a role.
func owners(role string) []entra.ResourceKind {
	var list []entra.ResourceKind
	for _, kind := range kinds() {
		if slices.Contains(catalogue(kind), role) {
			list = append(list, kind)
		}
	}
	return list
}

// RoleResult is the outcome for one role that is needed.
type RoleResult struct {
	Role   string `json:"role"`
	Status Status `json:"status"` // Passed, Failed, or Skipped for a role of another resource
	Near   string `json:"near,omitempty"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
}

// JudgeRoles holds the roles of a token against those that a profile needs:
// one result for each, with near misses named. Roles that come in a token for
// another resource are skipped, so that a profile over several resources can be
// given whole. cloud says what the token's audience stands for.
func JudgeRoles(c Claims, cloud entra.Cloud, needed []string) []RoleResult {
	return judgeRoles(c, identify(c.Audience, cloud), needed)
}

// judgeRoles holds the token's roles against the ones needed.
func judgeRoles(c Claims, target Target, needed []string) []RoleResult {
	var results []RoleResult
	here := func(role string) bool {
		own := owners(role)
		return len(own) == 0 || slices.Contains(own, target.Kind)
	}
	anyHere := slices.ContainsFunc(needed, here)
	for _, role := range needed {
		if !here(role) && anyHere && !slices.Contains(c.Roles, role) {
			results = append(results, RoleResult{
				Role: role, Status: Skipped,
				Detail: "is a role of " + resourceName(owners(role)[0]) + " and comes in a token for that",
			})
			continue
		}
		results = append(results, judgeRole(c, target, role))
	}
	return results
}

const remedyConsent = "Add the role to the app registration, have an administrator of the tenant consent again, and get a new token: tokens issued before keep their roles."

func judgeRole(c Claims, target Target, role string) RoleResult {
	r := RoleResult{Role: role, Status: Failed, Remedy: remedyConsent}
	app := c.Kind() != KindUser
	if app && slices.Contains(c.Roles, role) {
		return RoleResult{Role: role, Status: Passed, Detail: "present"}
	}
	if wider, ok := strings.CutSuffix(role, ".Read.All"); ok && app && slices.Contains(c.Roles, wider+".ReadWrite.All") {
		return RoleResult{Role: role, Status: Passed, Detail: "covered by " + wider + ".ReadWrite.All"}
	}
	// A role that no API defines is a mistake of whoever needs it.
	known := owners(role)
	if len(known) == 0 {
		// "Incident.Read" is a permission that exists, for users.
		if all := role + ".All"; len(owners(all)) > 0 {
			r.Near = all
			r.Detail = "is a delegated permission; the application role is " + all
			r.Remedy = "Ask for " + all + " where an application signs in by itself."
			if slices.Contains(c.Roles, all) {
				r.Detail += ", which the token has"
			}
			return r
		}
		near, ok := NearMiss(role, documented(target.Kind))
		if !ok {
			near, ok = NearMiss(role, documented(""))
		}
		if ok {
			r.Near = near
			r.Detail = fmt.Sprintf("is no role of any security API; %s is meant", near)
			if strings.HasPrefix(role, "Incidents.") {
				r.Detail = fmt.Sprintf("is no role of any security API, although a picture in Microsoft's documentation shows it; %s is meant", near)
			}
			r.Remedy = "Write " + near + "."
			if slices.Contains(c.Roles, near) {
				r.Detail += ", which the token has"
			}
			return r
		}
	}
	if near, ok := NearMiss(role, c.Roles); ok && app {
		r.Near = plain(near)
		r.Detail = fmt.Sprintf("missing; the token has %s, which is another role", printable(near))
		if strings.EqualFold(near, role) {
			r.Detail = fmt.Sprintf("missing; the token has %s, which differs in case, and roles are compared exactly", printable(near))
		}
		return r
	}
	if near, ok := scopeFor(role, c.Scopes); ok {
		r.Near = plain(near)
		r.Detail = fmt.Sprintf("missing; the token has the delegated permission %s, which counts for a signed-in user only", printable(near))
		r.Remedy = "Sign in with client credentials: an application's token carries roles, a user's token carries scopes."
		return r
	}
	if len(known) > 0 && !slices.Contains(known, target.Kind) {
		r.Detail = "missing; it is a role of " + resourceName(known[0]) + ", and this token is for another resource"
		r.Remedy = "Ask for a token for " + resourceName(known[0]) + "."
		return r
	}
	switch {
	case !app:
		r.Detail = "missing; this is a user's token, in which roles of applications do not appear"
		r.Remedy = "Sign in with client credentials to get an application's token."
	case len(c.Roles) == 0:
		r.Detail = "missing; the token has no roles at all, which is how Entra answers when nothing was consented to"
	default:
		r.Detail = "missing"
	}
	return r
}

// documented lists the roles of the token's resource first in line, all of
// them when the resource is unknown.
func documented(kind entra.ResourceKind) []string {
	if own := catalogue(kind); own != nil {
		return own
	}
	var all []string
	for _, k := range kinds() {
		all = append(all, catalogue(k)...)
	}
	return all
}

// scopeFor finds the delegated permission that means for users what role means
// for applications: "Incident.Read" for "Incident.Read.All", or the same name.
func scopeFor(role string, scopes []string) (string, bool) {
	for _, s := range scopes {
		if strings.EqualFold(s, role) || strings.EqualFold(s, strings.TrimSuffix(role, ".All")) {
			return s, true
		}
	}
	return NearMiss(role, scopes)
}

// checkRoles sums the results up in one check.
func checkRoles(c Claims, results []RoleResult) Check {
	if len(results) == 0 {
		switch {
		case c.Kind() == KindID:
			return Check{Name: CheckRoles, Status: Info, Detail: "an id token opens no API, whatever roles it has"}
		case c.Kind() == KindUser:
			return Check{Name: CheckRoles, Status: Info, Detail: "delegated permissions: " + listed(c.Scopes)}
		case len(c.Roles) == 0:
			return Check{
				Name: CheckRoles, Status: Info, Detail: "no roles: every call that needs one will be answered 403",
				Remedy: remedyConsent,
			}
		}
		return Check{Name: CheckRoles, Status: Info, Detail: listed(c.Roles)}
	}
	var missing, remedies []string
	judged := 0
	for _, r := range results {
		if r.Status != Skipped {
			judged++
		}
		if r.Status != Failed {
			continue
		}
		missing = append(missing, plain(r.Role)+" "+r.Detail)
		if !slices.Contains(remedies, r.Remedy) {
			remedies = append(remedies, r.Remedy)
		}
	}
	if len(missing) == 0 {
		return passed(CheckRoles, "every role that is needed of this resource (%d) is there", judged)
	}
	return failed(CheckRoles, strings.Join(remedies, " "), "%s", strings.Join(missing, "; "))
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	shown := make([]string, 0, len(names))
	for _, n := range names {
		shown = append(shown, plain(n))
	}
	return strings.Join(shown, ", ")
}
