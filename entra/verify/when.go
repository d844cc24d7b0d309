package verify

import (
	"fmt"
	"time"

	"github.com/tenantry/tenantry/entra/verify/internal/rule"
)

func (r *rules) lifetime(t *token, now time.Time) *Error {
	c := &t.claims
	if r.on(rule.LifetimeMissing) {
		switch {
		case c.Issued.IsZero():
			return refuse(rule.LifetimeMissing, remedyFresh, "the claim iat is missing")
		case c.NotBefore.IsZero():
			return refuse(rule.LifetimeMissing, remedyFresh, "the claim nbf is missing")
		case c.Expires.IsZero():
			return refuse(rule.LifetimeMissing, remedyFresh, "the claim exp is missing")
		}
	}
	const clock = "Check this machine's clock (time synchronisation); if it is right, do not use the token."
	switch {
	case (!c.Expires.After(c.NotBefore) || !c.Expires.After(c.Issued)) && r.on(rule.LifetimeOrder):
		return refuse(rule.LifetimeOrder, remedyFresh, "the token ends before it begins")
	case c.Expires.Sub(c.Issued) > r.maxLifetime && r.on(rule.LifetimeCap):
		return refuse(rule.LifetimeCap, "Do not use the token: Entra issues none that lives that long.",
			"the token lives %s, more than the %s allowed", span(c.Expires.Sub(c.Issued)), span(r.maxLifetime))
	case c.Issued.After(now.Add(r.skew)) && r.on(rule.LifetimeIssued):
		return refuse(rule.LifetimeIssued, clock, "the token was issued at %s, %s in the future", stamp(c.Issued), span(c.Issued.Sub(now)))
	case c.NotBefore.After(now.Add(r.skew)) && r.on(rule.LifetimeNotBefore):
		return refuse(rule.LifetimeNotBefore, clock, "the token is valid from %s, %s in the future", stamp(c.NotBefore), span(c.NotBefore.Sub(now)))
	case !now.Before(c.Expires.Add(r.skew)) && r.on(rule.LifetimeExpires):
		return refuse(rule.LifetimeExpires, "Get a new token; app-only tokens live about an hour and are not renewed.",
			"the token expired at %s, %s ago", stamp(c.Expires), span(now.Sub(c.Expires)))
	}
	return nil
}

// accessKind checks that the token is an access token, of the kind that is
// wanted; want empty means either.
func (r *rules) accessKind(t *token, want Kind) *Error {
	c := &t.claims
	kind := c.Kind()
	switch {
	case kind == KindID && r.on(rule.KindID):
		return refuse(rule.KindID, "Pass access_token of the token answer; an id token is accepted by no API.", "this is an id token")
	case kind == KindUnclear && r.on(rule.KindUnclear):
		return refuse(rule.KindUnclear, remedyFresh, "idtyp, scp, oid and sub fit neither an application's nor a user's token")
	case !isGUID(c.AppID) && r.on(rule.KindClient):
		return refuse(rule.KindClient, remedyFresh, "the token names no client application (%s)", appClaim(c))
	case !isGUID(c.ObjectID) && r.on(rule.KindObject):
		return refuse(rule.KindObject, remedyFresh, "the claim oid is not an object id")
	case kind == KindApplication && c.Subject != c.ObjectID && r.on(rule.KindSubject):
		return refuse(rule.KindSubject, remedyFresh, "an application's token has the same sub and oid, and this one does not")
	case want != "" && kind != want && r.on(rule.KindRequired):
		return refuse(rule.KindRequired, "Sign in the other way: client credentials give an application's token, a user's sign-in gives a user's.",
			"the token is of kind %s where %s is needed", kind, want)
	}
	return nil
}

func (r *rules) idKind(t *token) *Error {
	const foreign = hasAppID | hasAZP | hasSCP | hasIDType | hasAppACR | hasAZPACR
	if t.has&foreign == 0 || !r.on(rule.KindAccess) {
		return nil
	}
	name := named1(t.has, []string{3: "appid", 4: "azp", 5: "scp", 6: "idtyp", 7: "appidacr", 8: "azpacr"})
	return refuse(rule.KindAccess, "Pass id_token of the token answer; an access token proves no sign-in.", "this is not an id token: it has the claim %s", name)
}

func (r *rules) application(t *token) *Error {
	if r.clients == nil || !r.on(rule.Application) {
		return nil
	}
	id := t.claims.AppID
	if _, ok := r.clients[id]; ok {
		return nil
	}
	return refuse(rule.Application, "Use the client id that is configured, or configure this one.",
		"%s is %s, which is not among the expected client applications", appClaim(&t.claims), printable(id))
}

func appClaim(c *Claims) string {
	if c.Version == "1.0" {
		return "appid"
	}
	return "azp"
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// span writes a duration as a person would say it.
func span(d time.Duration) string {
	d = d.Abs()
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Round(time.Second)/time.Second))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute)/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d/time.Hour), int(d%time.Hour/time.Minute))
	}
	return fmt.Sprintf("%d days", int(d/(24*time.Hour)))
}
