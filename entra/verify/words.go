package verify

import (
	"fmt"
	"time"
)

// words says what the claims mean, for people who do not read claims.
func words(t *token, target Target, now time.Time) []Line {
	c := t.claims
	var lines []Line
	add := func(label, format string, args ...any) {
		lines = append(lines, Line{Label: label, Text: fmt.Sprintf(format, args...)})
	}
	app := named(c.AppID, c.AppName)
	switch c.Kind() {
	case KindApplication:
		add("who", "the application %s by itself (an application token)", app)
	case KindUser:
		add("who", "%s, through the application %s (a user token)", userName(c), app)
	case KindID:
		add("who", "%s (an id token for the application %s)", userName(c), named(c.Audience, ""))
	default:
		add("who", "unclear: the claims fit neither an application's nor a user's token")
	}
	if c.TenantID != "" {
		add("tenant", "%s", plain(c.TenantID))
	}
	if c.Kind() != KindID {
		switch {
		case target.Name != "":
			add("for", "%s, as %s", target.Name, target.Audience)
		default:
			add("for", "%s", target.Audience)
		}
		add("signed in by", "%s", clientAuth(c.AppAuth))
	}
	if c.ObjectID != "" {
		label := "service principal"
		if c.Kind() != KindApplication {
			label = "object"
		}
		add(label, "%s in that tenant", plain(c.ObjectID))
	}
	switch {
	case c.Expires.IsZero():
		add("until", "unknown: it does not say")
	case now.Before(c.Expires):
		add("until", "%s, %s from now", stamp(c.Expires), span(c.Expires.Sub(now)))
	default:
		add("until", "%s, which is %s ago", stamp(c.Expires), span(now.Sub(c.Expires)))
	}
	if !c.Issued.IsZero() {
		add("issued", "%s", stamp(c.Issued))
	}
	if len(c.Roles) > 0 || c.Kind() == KindApplication {
		add("roles", "%s", listed(c.Roles))
	}
	if len(c.Scopes) > 0 {
		add("delegated permissions", "%s", listed(c.Scopes))
	}
	if c.Version != "" {
		add("version", "%s", plain(c.Version))
	}
	if c.TokenID != "" {
		add("id in the sign-in log", "%s", plain(c.TokenID))
	}
	return lines
}

// clientAuth puts appidacr and azpacr into words.
func clientAuth(acr string) string {
	switch acr {
	case "0":
		return "no credential of the application (a public client)"
	case "1":
		return "a client secret"
	case "2":
		return "a certificate or a federated assertion"
	case "":
		return "not said"
	}
	return "a way that is not known here (" + plain(acr) + ")"
}

func named(id, name string) string {
	switch {
	case id == "" && name == "":
		return "(not named)"
	case name == "":
		return plain(id)
	case id == "":
		return printable(name)
	}
	return fmt.Sprintf("%s (%s)", plain(id), printable(name))
}

func userName(c Claims) string {
	switch {
	case c.Username != "" && c.Name != "":
		return fmt.Sprintf("the user %s (%s)", plain(c.Username), printable(c.Name))
	case c.Username != "":
		return "the user " + plain(c.Username)
	case c.Name != "":
		return "the user " + printable(c.Name)
	case c.ObjectID != "":
		return "the user with the object id " + plain(c.ObjectID)
	}
	return "a user"
}
