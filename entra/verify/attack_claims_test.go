package verify

import (
	"fmt"
	"strings"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/entra/verify/internal/rule"
)

func typeVectors() []vector {
	as := func(name, claim, json string) vector {
		return vector{name: name, change: replaced(claim, json), chain: one(rule.ClaimsType)}
	}
	good := fmt.Sprint(noon.Unix() + 3300)
	aud := func(shape string) func(forge) forge {
		return func(f forge) forge {
			return replaced("aud", fmt.Sprintf(shape, f.claims["aud"]))(f)
		}
	}
	return []vector{
		as("exp as a string", "exp", `"`+good+`"`),
		as("exp as a fraction", "exp", good+".5"),
		as("exp as a whole fraction", "exp", good+".0"),
		as("exp with an exponent", "exp", good+"e0"),
		as("iat as a string", "iat", `"`+fmt.Sprint(noon.Unix()-300)+`"`),
		as("nbf as a list", "nbf", `"`+fmt.Sprint(noon.Unix()-300)+`"`),
		{name: "exp of 1e300", change: replaced("exp", "1e300"), chain: []rule.ID{rule.ClaimsType, rule.LifetimeCap}, why: "it never ends"},
		{name: "exp of 30 digits", change: replaced("exp", strings.Repeat("9", 30)), chain: []rule.ID{rule.ClaimsType, rule.LifetimeCap}, why: "it never ends"},
		{name: "exp in the year 10000", change: replaced("exp", "253402300800"), chain: []rule.ID{rule.ClaimsType, rule.LifetimeCap}, why: "it lives too long"},
		{name: "exp negative", change: replaced("exp", "-1"), chain: []rule.ID{rule.ClaimsType, rule.LifetimeOrder, rule.LifetimeExpires}, why: "it ended before 1970"},
		{name: "exp true", change: replaced("exp", "true"), chain: []rule.ID{rule.ClaimsType, rule.LifetimeMissing, rule.LifetimeOrder, rule.LifetimeExpires}, why: "it is no time at all"},
		{name: "exp null", change: replaced("exp", "null"), chain: []rule.ID{rule.ClaimsType, rule.LifetimeMissing, rule.LifetimeOrder, rule.LifetimeExpires}, why: "it is no time at all"},
		{name: "aud a list with ours first", change: aud(`["%s","https://evil.example"]`), chain: one(rule.ClaimsType)},
		{name: "aud a list of ours alone", change: aud(`["%s"]`), chain: one(rule.ClaimsType)},
		{name: "aud a list with ours last", on: "-inspect", change: aud(`["https://evil.example","%s"]`), chain: []rule.ID{rule.ClaimsType, rule.Audience}, why: "a careless reader that takes the first sees another audience"},
		as("tid a list", "tid", `["`+tenantA+`"]`),
		as("ver a number", "ver", "2.0").onlyFor("v2"),
		as("roles a string", "roles", `"Incident.Read.All"`).onlyFor("app"),
		as("roles with a number", "roles", `["Incident.Read.All",1]`).onlyFor("app"),
		as("scp a list", "scp", `["Incident.Read"]`).onlyFor("user"),
		as("oid a list", "oid", `["`+objectID+`"]`),
		as("nonce a list", "nonce", `["n-1"]`).onlyFor("id"),
		{name: "tid null", change: replaced("tid", "null"), chain: []rule.ID{rule.ClaimsType, rule.TenantForm, rule.TenantAllowed, rule.Issuer}, why: "a tenant is needed for everything about the tenant"},
		{name: "actortoken inside", change: set("actortoken", "eyJ"), chain: one(rule.ClaimsActor)},
		{name: "actort inside", change: set("actort", "eyJ"), chain: one(rule.ClaimsActor)},
		{name: "act inside", change: set("act", map[string]any{"sub": "x"}), chain: one(rule.ClaimsActor)},
		{name: "sub missing, user or id token", on: "-app", change: set("sub", nil), chain: one(rule.ClaimsSub)},
		{name: "sub missing, application", on: "app", change: set("sub", nil), chain: []rule.ID{rule.ClaimsSub, rule.KindUnclear}, why: "by sub and oid an application's token is told from others"},
	}
}

func (v vector) onlyFor(words string) vector { v.on = words; return v }

// ofTenant writes the tenant in tid and in iss, so that they agree.
func ofTenant(tid string) func(forge) forge {
	return func(f forge) forge {
		iss, _ := f.claims["iss"].(string)
		return f.with(map[string]any{"tid": tid, "iss": strings.ReplaceAll(iss, tenantA, tid)})
	}
}

func tenantVectors() []vector {
	anyTenant := func(c *Config) { c.Tenants = nil }
	iss := func(name string, change func(iss string) string) vector {
		return vector{name: name, chain: one(rule.Issuer), change: func(f forge) forge {
			good, _ := f.claims["iss"].(string)
			return f.with(map[string]any{"iss": change(good)})
		}}
	}
	ver := func(name, on string, value any, id rule.ID, floor string) vector {
		return vector{name: name, on: on, change: set("ver", value), chain: one(id), floor: floor}
	}
	noClient := "the client is read from appid in version 1.0 and from azp in version 2.0, so the token names none"
	of := func(name, tid string) vector {
		return vector{name: name, change: ofTenant(tid), config: anyTenant, chain: one(rule.TenantForm)}
	}
	aud := func(name string, change func(aud string) string, spares ...string) vector {
		v := vector{name: name, chain: one(rule.Audience), change: func(f forge) forge {
			good, _ := f.claims["aud"].(string)
			return f.with(map[string]any{"aud": change(good)})
		}}
		if len(spares) > 0 {
			v.spares = map[string]string{"inspect": spares[0]}
		}
		return v
	}
	same := "Inspect asks for which API a token is, and this is a spelling that Entra echoes"
	return []vector{
		{name: "tid of another tenant, issuer kept", change: set("tid", tenantB), config: anyTenant, chain: one(rule.Issuer)},
		{name: "a sound token of another tenant", change: ofTenant(tenantB), chain: one(rule.TenantAllowed)},
		{name: "no tenant is served", config: func(c *Config) { c.Tenants = []entra.TenantID{} }, on: "verify", chain: one(rule.TenantAllowed)},
		{name: "tid missing", change: set("tid", nil), config: anyTenant, chain: []rule.ID{rule.TenantForm, rule.Issuer}, why: "the issuer cannot be that of a tenant that is not named"},
		of("tid a domain", "contoso.com"),
		of("tid common", "common"),
		of("tid the empty GUID", emptyGUID),
		of("tid in capitals", strings.ToUpper(tenantA)),
		of("tid with a blank", tenantA+" "),
		of("tid in braces", "{"+tenantA+"}"),
		of("tid climbing a path", tenantA+"/../"+tenantB),
		iss("iss of another tenant", func(s string) string { return strings.Replace(s, tenantA, tenantB, 1) }),
		iss("iss missing", func(string) string { return "" }),
		iss("iss with its slash gone or one added", func(s string) string {
			if bare, ok := strings.CutSuffix(s, "/"); ok {
				return bare
			}
			return s + "/"
		}),
		iss("iss with the placeholder tenantid", func(s string) string { return strings.Replace(s, tenantA, "{tenantid}", 1) }),
		iss("iss in the form of the other version", func(s string) string {
			if strings.HasPrefix(s, "https://sts") {
				return "https://login.microsoftonline.com/" + tenantA + "/v2.0"
			}
			return "https://sts.windows.net/" + tenantA + "/"
		}),
		iss("iss of a look-alike host", func(s string) string { return strings.Replace(s, "/"+tenantA, ".evil.example/"+tenantA, 1) }),
		iss("iss with the host as a user", func(s string) string { return strings.Replace(s, "/"+tenantA, "@evil.example/"+tenantA, 1) }),
		iss("iss with a port", func(s string) string { return strings.Replace(s, "/"+tenantA, ":443/"+tenantA, 1) }),
		iss("iss over http", func(s string) string { return strings.Replace(s, "https:", "http:", 1) }),
		iss("iss in capitals", strings.ToUpper),
		iss("iss with the tenant as a query", func(s string) string { return strings.Replace(s, tenantA, tenantB, 1) + "?" + tenantA }),
		iss("iss with something behind", func(s string) string { return s + "x" }),
		iss("iss of another cloud", func(s string) string {
			return strings.NewReplacer("microsoftonline.com", "microsoftonline.us", "sts.windows.net", "sts.chinacloudapi.cn").Replace(s)
		}),
		ver("ver missing, application or user", "access v1", nil, rule.Version, noClient),
		ver("ver missing, id token", "id v1", nil, rule.Version, ""),
		ver("ver 3.0, id token", "id v1", "3.0", rule.Version, ""),
		ver("ver 1, id token", "id v1", "1", rule.Version, ""),
		ver("ver 2.0 in a token of version 1.0", "v1", "2.0", rule.Issuer, "").floored("access", noClient),
		aud("aud missing", func(string) string { return "" }),
		aud("aud of another API", func(string) string { return "https://api.securitycenter.microsoft.com" }),
		aud("aud with a suffix", func(s string) string { return s + ".evil.example" }),
		aud("aud that is a prefix", func(s string) string { return s[:len(s)-1] }),
		aud("aud in capitals", strings.ToUpper, same),
		aud("aud with a slash", func(s string) string { return s + "/" }, same),
		aud("aud with a blank", func(s string) string { return s + " " }),
		aud("aud the token endpoint", func(string) string { return "https://login.microsoftonline.com/" + tenantA + "/oauth2/v2.0/token" }),
		aud("aud the exchange of assertions", func(string) string { return "api://AzureADTokenExchange" }),
	}
}

// floored keeps a vector to the twins that no further rule lets through.
func (v vector) floored(on, floor string) vector {
	v.on, v.floor = strings.TrimSpace(v.on+" "+on), floor
	return v
}

func timeVectors() []vector {
	shift := func(by int64) func(forge) forge {
		return func(f forge) forge {
			return f.with(map[string]any{"iat": noon.Unix() - 300 + by, "nbf": noon.Unix() - 300 + by, "exp": noon.Unix() + 3300 + by})
		}
	}
	return []vector{
		{name: "of yesterday", change: shift(-24 * 3600), chain: one(rule.LifetimeExpires)},
		{name: "expired by the skew to the second", change: shift(-3600), chain: one(rule.LifetimeExpires)},
		{name: "nbf in the future", change: set("nbf", noon.Unix()+301), chain: one(rule.LifetimeNotBefore)},
		{name: "iat in the future", change: set("iat", noon.Unix()+301), chain: one(rule.LifetimeIssued)},
		{name: "lives a year", change: set("exp", noon.Unix()+365*24*3600), chain: one(rule.LifetimeCap)},
		{name: "lives a second too long", change: set("exp", noon.Unix()-300+30*3600+1), chain: one(rule.LifetimeCap)},
		{name: "ends before it begins", change: func(f forge) forge {
			return f.with(map[string]any{"nbf": noon.Unix() + 200, "exp": noon.Unix() + 100})
		}, chain: one(rule.LifetimeOrder)},
		{name: "nbf missing", change: set("nbf", nil), chain: one(rule.LifetimeMissing)},
		{name: "iat missing", change: set("iat", nil), chain: []rule.ID{rule.LifetimeMissing, rule.LifetimeCap}, why: "how long it lives is not known"},
		{name: "exp missing", change: set("exp", nil), chain: []rule.ID{rule.LifetimeMissing, rule.LifetimeOrder, rule.LifetimeExpires}, why: "no time is before every other"},
		{name: "exp zero", change: set("exp", 0), chain: []rule.ID{rule.LifetimeOrder, rule.LifetimeExpires}, why: "1970 is over"},
	}
}

func idToken(f forge) forge {
	return f.with(map[string]any{"appid": nil, "azp": nil, "appidacr": nil, "azpacr": nil, "roles": nil, "nonce": "n"})
}

func kindVectors() []vector {
	return []vector{
		{name: "an id token", on: "access app -inspect", change: idToken, chain: []rule.ID{rule.KindID, rule.KindClient}, floor: "an id token has neither roles nor a client application"},
		{name: "an id token, inspected for an API", on: "inspect app", change: idToken, chain: []rule.ID{rule.KindID, rule.KindClient}, why: "an id token names no client application"},
		{name: "idtyp app with scopes", on: "access app -handler", change: func(f forge) forge { return f.with(map[string]any{"idtyp": "app", "scp": "Incident.Read"}) }, chain: one(rule.KindUnclear)},
		{name: "idtyp unknown", on: "access app", change: set("idtyp", "device"), chain: one(rule.KindUnclear)},
		{name: "sub and oid differ in an application's token", on: "access app", change: set("sub", tenantB), chain: one(rule.KindUnclear)},
		{name: "idtyp app, sub and oid differ", on: "access app", change: func(f forge) forge { return f.with(map[string]any{"idtyp": "app", "sub": tenantB}) }, chain: one(rule.KindSubject)},
		{name: "oid missing, user", on: "access user", change: set("oid", nil), chain: one(rule.KindObject)},
		{name: "oid no GUID, user", on: "access user", change: set("oid", "ada@contoso.example"), chain: one(rule.KindObject)},
		{name: "oid missing, application", on: "access app", change: set("oid", nil), chain: []rule.ID{rule.KindUnclear, rule.KindObject}, why: "by sub and oid an application's token is told from others"},
		{name: "appid no GUID", on: "access v1", change: set("appid", "my-app"), config: func(c *Config) { c.Clients = nil }, chain: one(rule.KindClient)},
		{name: "azp no GUID", on: "access v2", change: set("azp", "my-app"), config: func(c *Config) { c.Clients = nil }, chain: one(rule.KindClient)},
		{name: "appid of another client", on: "access v1", change: set("appid", otherApp), chain: one(rule.Application)},
		{name: "azp of another client", on: "access v2", change: set("azp", otherApp), chain: one(rule.Application)},
		{name: "client in azp only, in version 1.0", on: "access app v1 -inspect", change: func(f forge) forge { return f.with(map[string]any{"appid": nil, "azp": clientID}) }, chain: []rule.ID{rule.KindID, rule.KindClient, rule.Application}, why: "no client application is named, which is how an id token looks"},
		{name: "user where an application is needed", on: "verify user", config: func(c *Config) { c.Kind = KindApplication }, chain: one(rule.KindRequired)},
		{name: "application where a user is needed", on: "verify app", config: func(c *Config) { c.Kind = KindUser }, chain: one(rule.KindRequired)},
		{name: "id token with azp", on: "id", change: set("azp", clientID), chain: one(rule.KindAccess)},
		{name: "id token with appid", on: "id", change: set("appid", clientID), chain: one(rule.KindAccess)},
		{name: "id token with scp", on: "id", change: set("scp", "User.Read"), chain: one(rule.KindAccess)},
		{name: "id token with idtyp", on: "id", change: set("idtyp", "user"), chain: one(rule.KindAccess)},
		{name: "id token with azpacr", on: "id", change: set("azpacr", "1"), chain: one(rule.KindAccess)},
		{name: "nonce of another sign-in", on: "id", change: set("nonce", "n-2"), chain: one(rule.Nonce)},
		{name: "nonce in capitals", on: "id", change: set("nonce", "N-1"), chain: one(rule.Nonce)},
		{name: "nonce missing", on: "id", change: set("nonce", nil), chain: one(rule.Nonce)},
	}
}

// callerVectors are refused by what the caller knows: sessions that ended, roles
// and scopes that are needed.
func callerVectors() []vector {
	ended := func(c *Config) {
		c.Revoked = func(c Claims) bool { return c.SessionID == "s-ended" || c.TokenID == "u-ended" }
	}
	needs := func(roles, scopes []string) func(*HandlerConfig) {
		return func(c *HandlerConfig) { c.Roles, c.Scopes = roles, scopes }
	}
	return []vector{
		{name: "session that was ended", on: "-inspect", change: set("sid", "s-ended"), config: ended, chain: one(rule.Revoked)},
		{name: "token that was ended", on: "-inspect", change: set("uti", "u-ended"), config: ended, chain: one(rule.Revoked)},
		{name: "tenant that the handler does not list", on: "handler", config: func(c *Config) { c.Tenants = nil }, handle: func(c *HandlerConfig) { c.Tenants = []entra.TenantID{tenantB} }, chain: one(rule.TenantAllowed)},
		{name: "tenant that the handler's function does not know", on: "handler", config: func(c *Config) { c.Tenants = nil }, handle: func(c *HandlerConfig) { c.Allow = onlyTenant(tenantB) }, chain: one(rule.TenantAllowed)},
		{name: "no roles", on: "handler app", change: set("roles", nil), chain: one(rule.Roles)},
		{name: "role in the plural", on: "handler app", change: set("roles", []string{"Incidents.Read.All"}), chain: one(rule.Roles)},
		{name: "role in small letters", on: "handler app", change: set("roles", []string{"incident.read.all"}), chain: one(rule.Roles)},
		{name: "one role of two", on: "handler app", handle: needs([]string{"Incident.Read.All", "AdvancedHunting.Read.All"}, nil), chain: one(rule.Roles)},
		{name: "application where only users are let in", on: "handler app", handle: needs(nil, []string{"Incident.Read"}), chain: one(rule.Roles)},
		{name: "scope missing", on: "handler user", change: set("scp", "User.Read"), chain: one(rule.Scopes)},
		{name: "scope that only begins like it", on: "handler user", change: set("scp", "Incident.ReadWrite"), chain: one(rule.Scopes)},
		{name: "user with the role of an application", on: "handler user", change: func(f forge) forge {
			return f.with(map[string]any{"scp": "User.Read", "roles": []string{"Incident.Read.All"}})
		}, chain: one(rule.Scopes)},
		{name: "user where only applications are let in", on: "handler user", handle: needs([]string{"Incident.Read.All"}, nil), chain: one(rule.Scopes)},
	}
}
