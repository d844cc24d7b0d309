package verify

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// DefaultSkew is how far the clocks of Entra and of this machine may differ.
// It is what Microsoft's own validators allow.
const DefaultSkew = 5 * time.Minute

// DefaultMaxLifetime bounds exp minus iat. Entra's long-lived tokens, for
// clients capable of continuous access evaluation, last up to 28 hours.
const DefaultMaxLifetime = 30 * time.Hour

// guid is a GUID as Entra writes it in claims: lower case.
var guid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

const emptyGUID = "00000000-0000-0000-0000-000000000000"

func isGUID(s string) bool { return guid.MatchString(s) && s != emptyGUID }

const remedyFresh = "Get the token again from the cloud's token endpoint and pass on exactly what access_token holds."

// rules are what a token is held against. The zero value of a list means that
// the list does not restrict.
type rules struct {
	login       string // origin of the issuer of version 2.0 tokens
	issuer      string // origin of the issuer of version 1.0 tokens
	audiences   []string
	tenants     []string
	clients     []string
	now         time.Time
	skew        time.Duration
	maxLifetime time.Duration
}

func (r rules) issuerV1(tid string) string { return r.issuer + "/" + tid + "/" }
func (r rules) issuerV2(tid string) string { return r.login + "/" + tid + "/v2.0" }

// header checks every member that could redirect the choice of key, change
// what is signed, or make the token something other than a plain JWT.
func (r rules) header(t *token) Check {
	for _, name := range []string{"jwk", "jku", "x5u", "x5c"} {
		if _, has := t.headerMembers[name]; has {
			return failed(CheckHeader, "Do not use the token: whoever made it wants its own key to be believed.",
				"the header brings or points to a key (%s); Entra never does, and it is not followed", name)
		}
	}
	for _, name := range []string{"crit", "b64", "zip", "enc", "cty", "epk", "p2c"} {
		if _, has := t.headerMembers[name]; has {
			return failed(CheckHeader, remedyFresh, "the header has the member %s, which no token of Entra has", name)
		}
	}
	for _, name := range []string{"alg", "typ", "kid", "x5t", "nonce"} {
		raw, has := t.headerMembers[name]
		if !has {
			continue
		}
		if _, ok := decodeString(raw); !ok {
			return failed(CheckHeader, remedyFresh, "the header's %s is not a string", name)
		}
	}
	if t.header.Type != "JWT" {
		return failed(CheckHeader, "Pass an access token or id token; logout tokens, proofs and assertions are something else.",
			"the header's typ is %s instead of \"JWT\"", printable(t.header.Type))
	}
	return passed(CheckHeader, "typ JWT, and nothing in it that chooses a key by itself")
}

func (r rules) algorithm(t *token) Check {
	if t.header.Algorithm != "RS256" {
		return failed(CheckAlgorithm, "Do not use the token: Entra signs with RS256 only, so this one was made or changed by somebody else.",
			"the header's alg is %s; only \"RS256\" is allowed", printable(t.header.Algorithm))
	}
	return passed(CheckAlgorithm, "RS256")
}

// signature finds the key and verifies. An error means that nothing can be
// said, because the keys could not be had.
func (r rules) signature(ctx context.Context, t *token, keys Keys) (Check, Key, error) {
	id := t.header.KeyID
	if id == "" || len(id) > 256 {
		return failed(CheckSignature, remedyFresh, "the header has no usable kid, so there is no telling which key signed"), Key{}, nil
	}
	key, err := keys.Key(ctx, id)
	if err != nil {
		var unknown *UnknownKeyError
		if !errors.As(err, &unknown) {
			return Check{}, Key{}, err
		}
		return failed(CheckSignature, "Compare the cloud and the tenant of the token with the authority the keys come from; keys that were saved to a file may be too old.",
			"%s (kid %s)", unknown.Error(), printable(id)), Key{}, nil
	}
	signed, err := jose.ParseSignedCompact(t.raw, []jose.SignatureAlgorithm{jose.RS256})
	if err == nil {
		_, err = signed.Verify(key.Public)
	}
	if err != nil {
		return failed(CheckSignature, "Do not use the token: a part of it was changed after it was signed, or it was cut while it was copied.",
			"the signature does not fit the content under key %s", printable(id)), Key{}, nil
	}
	return passed(CheckSignature, "valid under key %s", printable(id)), key, nil
}

// claims refuses claims of another JSON type than documented, and tokens that
// carry other tokens: the unsigned inner token of an "actor token" is what
// CVE-2025-55241 was about.
func (r rules) claims(t *token) Check {
	if len(t.wrongType) > 0 {
		return failed(CheckClaims, remedyFresh, "%s", strings.Join(t.wrongType, "; "))
	}
	for _, name := range []string{"actortoken", "actort", "act"} {
		if _, has := t.claimMembers[name]; has {
			return failed(CheckClaims, "Do not use the token: tokens that act for others are not accepted by anything here.",
				"the token carries another one in the claim %s", name)
		}
	}
	if t.claims.Subject == "" {
		return failed(CheckClaims, remedyFresh, "the claim sub is missing")
	}
	return passed(CheckClaims, "%d claims, each of its documented type", len(t.claimMembers))
}

func (r rules) tenant(t *token) Check {
	tid := t.claims.TenantID
	if !isGUID(tid) {
		return failed(CheckTenant, remedyFresh, "the claim tid is %s and not a tenant id as Entra writes it", printable(tid))
	}
	if r.tenants != nil && !slices.Contains(r.tenants, tid) {
		return failed(CheckTenant, "Ask for the token at the token endpoint of the tenant that is meant, with its id in the path, or add the tenant.",
			"the token is of tenant %s, which is not among the expected ones", tid)
	}
	return passed(CheckTenant, "%s", tid)
}

func (r rules) version(t *token) Check {
	switch t.claims.Version {
	case "1.0", "2.0":
		return passed(CheckVersion, "%s (the resource decides the version, not the endpoint that was asked)", t.claims.Version)
	}
	return failed(CheckVersion, remedyFresh, "the claim ver is %s; Entra writes \"1.0\" or \"2.0\"", printable(t.claims.Version))
}

// issuerOf checks iss against the one spelling the authority has for this
// tenant and version. It depends on tid being checked before.
func (r rules) issuerOf(t *token) Check {
	tid, iss := t.claims.TenantID, t.claims.Issuer
	want, other := r.issuerV1(tid), r.issuerV2(tid)
	if t.claims.Version == "2.0" {
		want, other = other, want
	}
	switch {
	case iss == want:
		return passed(CheckIssuer, "%s", iss)
	case iss == "":
		return failed(CheckIssuer, remedyFresh, "the claim iss is missing")
	case iss == other:
		return failed(CheckIssuer, remedyFresh, "iss and ver contradict each other: %s is not the issuer of version %s tokens", printable(iss), t.claims.Version)
	case strings.Contains(iss, "{"):
		return failed(CheckIssuer, remedyFresh, "iss holds a placeholder instead of the tenant: %s", printable(iss))
	case !strings.Contains(iss, tid):
		return failed(CheckIssuer, "Do not use the token: issuer and tenant contradict each other, or its issuer is another authority.",
			"iss is %s, which is not the issuer for tenant %s; %s is", printable(iss), tid, printable(want))
	}
	return failed(CheckIssuer, "Check the cloud: each has its own issuer.", "iss is %s instead of %s", printable(iss), printable(want))
}

// keyIssuer binds the key to the issuer. Keys of version 1.0 endpoints name no
// issuer. Keys of version 2.0 endpoints name the version 2.0 issuer, also when
// they sign version 1.0 tokens, so its form for the same tenant is accepted.
func (r rules) keyIssuer(t *token, key Key) Check {
	if key.Issuer == "" {
		return passed(CheckKeyIssuer, "the key names no issuer (keys of version 1.0 do not)")
	}
	effective := strings.ReplaceAll(key.Issuer, "{tenantid}", t.claims.TenantID)
	if effective == t.claims.Issuer || effective == r.issuerV2(t.claims.TenantID) {
		return passed(CheckKeyIssuer, "the key may sign for this issuer")
	}
	return failed(CheckKeyIssuer, "Do not use the token: the key belongs to another tenant.",
		"the key may sign for %s only, and the token's issuer is %s", printable(effective), printable(t.claims.Issuer))
}

func (r rules) audience(t *token) Check {
	aud := t.claims.Audience
	if slices.Contains(r.audiences, aud) && aud != "" {
		return passed(CheckAudience, "%s", aud)
	}
	remedy := "Ask for a token for " + strings.Join(r.audiences, " or ") + "."
	if aud == "" {
		return failed(CheckAudience, remedy, "the claim aud is missing")
	}
	for _, want := range r.audiences {
		if strings.EqualFold(strings.TrimSuffix(aud, "/"), strings.TrimSuffix(want, "/")) {
			return failed(CheckAudience, fmt.Sprintf("Ask for the token with exactly %s, or accept this spelling too.", want),
				"aud is %s, which differs from %s by a slash or by case", printable(aud), printable(want))
		}
	}
	return failed(CheckAudience, remedy, "aud is %s", printable(aud))
}

func (r rules) lifetime(t *token) Check {
	c := t.claims
	for _, claim := range []struct {
		name string
		at   time.Time
	}{{"iat", c.Issued}, {"nbf", c.NotBefore}, {"exp", c.Expires}} {
		if claim.at.IsZero() {
			return failed(CheckLifetime, remedyFresh, "the claim %s is missing", claim.name)
		}
	}
	const clock = "Check this machine's clock (time synchronisation); if it is right, do not use the token."
	switch {
	case !c.Expires.After(c.NotBefore) || !c.Expires.After(c.Issued):
		return failed(CheckLifetime, remedyFresh, "the token ends before it begins")
	case c.Expires.Sub(c.Issued) > r.maxLifetime:
		return failed(CheckLifetime, "Do not use the token: Entra issues none that lives that long.",
			"the token lives %s, more than the %s allowed", span(c.Expires.Sub(c.Issued)), span(r.maxLifetime))
	case c.Issued.After(r.now.Add(r.skew)):
		return failed(CheckLifetime, clock, "the token was issued at %s, %s in the future", stamp(c.Issued), span(c.Issued.Sub(r.now)))
	case c.NotBefore.After(r.now.Add(r.skew)):
		return failed(CheckLifetime, clock, "the token is valid from %s, %s in the future", stamp(c.NotBefore), span(c.NotBefore.Sub(r.now)))
	case !r.now.Before(c.Expires.Add(r.skew)):
		return failed(CheckLifetime, "Get a new token; app-only tokens live about an hour and are not renewed.",
			"the token expired at %s, %s ago", stamp(c.Expires), span(r.now.Sub(c.Expires)))
	case !r.now.Before(c.Expires):
		return passed(CheckLifetime, "expired %s ago, which the allowed clock difference of %s still covers", span(r.now.Sub(c.Expires)), span(r.skew))
	}
	return passed(CheckLifetime, "until %s, %s from now", stamp(c.Expires), span(c.Expires.Sub(r.now)))
}

// accessKind checks that the token is an access token, of the kind that is
// wanted; want empty means either.
func (r rules) accessKind(t *token, want Kind) Check {
	c := t.claims
	kind := c.Kind()
	switch {
	case kind == KindID:
		return failed(CheckKind, "Pass access_token of the token answer; an id token is accepted by no API.", "this is an id token")
	case kind == KindUnclear:
		return failed(CheckKind, remedyFresh, "idtyp, scp, oid and sub fit neither an application's nor a user's token")
	case c.AppID == "" || !isGUID(c.AppID):
		return failed(CheckKind, remedyFresh, "the token names no client application (%s)", appClaim(c))
	case !isGUID(c.ObjectID):
		return failed(CheckKind, remedyFresh, "the claim oid is not an object id")
	case kind == KindApplication && c.Subject != c.ObjectID:
		return failed(CheckKind, remedyFresh, "an application's token has the same sub and oid, and this one does not")
	case want != "" && kind != want:
		return failed(CheckKind, "Sign in the other way: client credentials give an application's token, a user's sign-in gives a user's.",
			"the token is of kind %s where %s is needed", kind, want)
	}
	return passed(CheckKind, "%s token", kind)
}

func (r rules) idKind(t *token) Check {
	for _, name := range []string{"appid", "azp", "scp", "idtyp", "appidacr", "azpacr"} {
		if _, has := t.claimMembers[name]; has {
			return failed(CheckKind, "Pass id_token of the token answer; an access token proves no sign-in.", "this is not an id token: it has the claim %s", name)
		}
	}
	return passed(CheckKind, "id token")
}

func (r rules) application(t *token) Check {
	id := t.claims.AppID
	if r.clients != nil && !slices.Contains(r.clients, id) {
		return failed(CheckApplication, "Use the client id that is configured, or configure this one.",
			"%s is %s, which is not among the expected client applications", appClaim(t.claims), printable(id))
	}
	return passed(CheckApplication, "%s", plain(id))
}

func appClaim(c Claims) string {
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
