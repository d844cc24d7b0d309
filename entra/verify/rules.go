package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/entra/verify/internal/jws"
	"github.com/tenantry/tenantry/entra/verify/internal/rule"
)

// DefaultSkew is how far the clocks of Entra and of this machine may differ.
// It is what Microsoft's own validators allow.
const DefaultSkew = 5 * time.Minute

// DefaultMaxLifetime bounds exp minus iat. Entra's long-lived tokens, for
// clients capable of continuous access evaluation, last up to 28 hours.
const DefaultMaxLifetime = 30 * time.Hour

const emptyGUID = "00000000-0000-0000-0000-000000000000"

// isGUID reports whether s is a GUID as Entra writes it in claims: lower case,
// and not the empty one.
func isGUID(s string) bool {
	if len(s) != len(emptyGUID) || s == emptyGUID {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}

const remedyFresh = "Get the token again from the cloud's token endpoint and pass on exactly what access_token holds."

// rules are what a token is held against. A nil list does not restrict.
type rules struct {
	login       string // origin of the issuer of version 2.0 tokens
	issuer      string // origin of the issuer of version 1.0 tokens
	audiences   []string
	tenants     map[string]struct{}
	clients     map[string]struct{}
	skew        time.Duration
	maxLifetime time.Duration
	off         rule.Set // rules that a test has taken away; always empty otherwise
}

func refuse(id rule.ID, remedy, format string, args ...any) *Error {
	return &Error{Check: id.Check(), Rule: id.String(), Detail: fmt.Sprintf(format, args...), Remedy: remedy}
}

// on reports whether a rule holds, as it does in every program.
func (r *rules) on(id rule.ID) bool { return !r.off.Has(id) }

func (r *rules) issuerV1(tid string) string { return r.issuer + "/" + tid + "/" }
func (r *rules) issuerV2(tid string) string { return r.login + "/" + tid + "/v2.0" }

// isIssuer is iss == origin + "/" + tid + tail, without making the string.
func isIssuer(iss, origin, tid, tail string) bool {
	return len(iss) == len(origin)+1+len(tid)+len(tail) && strings.HasPrefix(iss, origin) && iss[len(origin)] == '/' &&
		iss[len(origin)+1:len(iss)-len(tail)] == tid && strings.HasSuffix(iss, tail)
}

// header checks every member that could redirect the choice of key or change
// what is signed.
func (r *rules) header(t *token) *Error {
	if t.headHas != 0 {
		for i, m := range headerMembers() {
			if t.headHas&(1<<i) == 0 || !r.on(m.rule) {
				continue
			}
			if i < 4 {
				return refuse(m.rule, "Do not use the token: whoever made it wants its own key to be believed.",
					"the header brings or points to a key (%s); Entra never does, and it is not followed", m.name)
			}
			return refuse(m.rule, remedyFresh, "the header has the member %s, which no token of Entra has", m.name)
		}
	}
	if t.headWrong != "" {
		return refuse(rule.HeaderMember, remedyFresh, "the header's %s is not a string", t.headWrong)
	}
	return nil
}

// typ tells tokens from what else is signed. It is judged behind the
// signature: unlike the other members of the header it decides nothing before.
func (r *rules) typ(t *token) *Error {
	if t.header.Type != "JWT" && r.on(rule.HeaderTyp) {
		return refuse(rule.HeaderTyp, "Pass an access token or id token; logout tokens, proofs and assertions are something else.",
			"the header's typ is %s instead of \"JWT\"", printable(t.header.Type))
	}
	return nil
}

func (r *rules) algorithm(t *token) *Error {
	if t.header.Algorithm == "RS256" || !r.on(rule.Algorithm) {
		return nil
	}
	return refuse(rule.Algorithm, "Do not use the token: Entra signs with RS256 only, so this one was made or changed by somebody else.",
		"the header's alg is %s; only \"RS256\" is allowed", printable(t.header.Algorithm))
}

// graphNonce refuses what nobody but Microsoft Graph can verify.
func (r *rules) graphNonce(t *token) *Error {
	if !t.nonce || !r.on(rule.SignatureNonce) {
		return nil
	}
	return refuse(rule.SignatureNonce, "Ask for a token for this API; a token for Microsoft Graph is for Microsoft Graph only.",
		"the header has a nonce: the token is for Microsoft Graph, and nobody else can verify its signature")
}

// signature finds the key and verifies. An error other than *Error means that
// nothing can be said, because the keys could not be had.
func (r *rules) signature(ctx context.Context, t *token, s *scratch, keys Keys) (Key, *Error, error) {
	id := t.header.KeyID
	if (id == "" || len(id) > 256) && r.on(rule.SignatureKid) {
		return Key{}, refuse(rule.SignatureKid, remedyFresh, "the header has no usable kid, so there is no telling which key signed"), nil
	}
	key, err := keys.Key(ctx, id)
	if err != nil {
		var unknown *UnknownKeyError
		if !errors.As(err, &unknown) {
			return Key{}, nil, err
		}
		why := unknown.rule
		if why == rule.None {
			why = rule.SignatureKey
		}
		if !r.on(why) {
			return Key{}, nil, nil
		}
		return Key{}, refuse(why, "Compare the cloud and the tenant of the token with the authority the keys come from; keys that were saved to a file may be too old.",
			"%s (kid %s)", unknown.Error(), printable(id)), nil
	}
	s.in = append(s.in[:0], t.parts.Input...)
	if !jws.VerifyRS256(key.Public, s.in, s.sig) && r.on(rule.SignatureValue) {
		return Key{}, refuse(rule.SignatureValue, "Do not use the token: a part of it was changed after it was signed, or it was cut while it was copied.",
			"the signature does not fit the content under key %s", printable(id)), nil
	}
	return key, nil, nil
}

// wellTyped refuses claims of another JSON type than documented, and tokens that
// carry other tokens: the unsigned inner token of an "actor token" is what
// CVE-2025-55241 was about.
func (r *rules) wellTyped(t *token) *Error {
	if len(t.wrong) > 0 {
		return refuse(rule.ClaimsType, remedyFresh, "%s", strings.Join(t.wrong, "; "))
	}
	if t.has&(hasActorToken|hasActorT|hasAct) != 0 && r.on(rule.ClaimsActor) {
		return refuse(rule.ClaimsActor, "Do not use the token: tokens that act for others are not accepted by anything here.",
			"the token carries another one in the claim %s", named1(t.has, []string{"actortoken", "actort", "act"}))
	}
	if t.claims.Subject == "" && r.on(rule.ClaimsSub) {
		return refuse(rule.ClaimsSub, remedyFresh, "the claim sub is missing")
	}
	return nil
}

// named1 gives the name of the lowest bit that is set.
func named1(bits uint16, list []string) string {
	for i, name := range list {
		if bits&(1<<i) != 0 {
			return name
		}
	}
	return ""
}

func (r *rules) tenant(t *token) *Error {
	tid := t.claims.TenantID
	if !isGUID(tid) && r.on(rule.TenantForm) {
		return refuse(rule.TenantForm, remedyFresh, "the claim tid is %s and not a tenant id as Entra writes it", printable(tid))
	}
	if r.tenants != nil && r.on(rule.TenantAllowed) {
		if _, ok := r.tenants[tid]; !ok {
			return refuse(rule.TenantAllowed, "Ask for the token at the token endpoint of the tenant that is meant, with its id in the path, or add the tenant.",
				"the token is of tenant %s, which is not among the expected ones", plain(tid))
		}
	}
	return nil
}

func (r *rules) version(t *token) *Error {
	if v := t.claims.Version; v == "1.0" || v == "2.0" || !r.on(rule.Version) {
		return nil
	}
	return refuse(rule.Version, remedyFresh, "the claim ver is %s; Entra writes \"1.0\" or \"2.0\"", printable(t.claims.Version))
}

// issuerOf checks iss against the one spelling the authority has for this
// tenant and version. It depends on tid being checked before.
func (r *rules) issuerOf(t *token) *Error {
	tid, iss, v2 := t.claims.TenantID, t.claims.Issuer, t.claims.Version == "2.0"
	if v2 && isIssuer(iss, r.login, tid, "/v2.0") || !v2 && isIssuer(iss, r.issuer, tid, "/") || !r.on(rule.Issuer) {
		return nil
	}
	want, other := r.issuerV1(tid), r.issuerV2(tid)
	if v2 {
		want, other = other, want
	}
	switch {
	case iss == "":
		return refuse(rule.Issuer, remedyFresh, "the claim iss is missing")
	case iss == other:
		return refuse(rule.Issuer, remedyFresh, "iss and ver contradict each other: %s is not the issuer of version %s tokens", printable(iss), plain(t.claims.Version))
	case strings.Contains(iss, "{"):
		return refuse(rule.Issuer, remedyFresh, "iss holds a placeholder instead of the tenant: %s", printable(iss))
	case !strings.Contains(iss, tid):
		return refuse(rule.Issuer, "Do not use the token: issuer and tenant contradict each other, or its issuer is another authority.",
			"iss is %s, which is not the issuer for tenant %s; %s is", printable(iss), plain(tid), printable(want))
	}
	return refuse(rule.Issuer, "Check the cloud: each has its own issuer.", "iss is %s instead of %s", printable(iss), printable(want))
}

// keyIssuer binds the key to the issuer. Keys of version 1.0 endpoints name no
// issuer. Keys of version 2.0 endpoints name the version 2.0 issuer, also when
// they sign version 1.0 tokens, so its form for the same tenant is accepted.
func (r *rules) keyIssuer(t *token, key Key) *Error {
	tid, iss := t.claims.TenantID, t.claims.Issuer
	if key.Issuer == "" || !r.on(rule.KeyIssuer) {
		return nil
	}
	before, after, template := strings.Cut(key.Issuer, "{tenantid}")
	switch {
	case !template && (key.Issuer == iss || isIssuer(key.Issuer, r.login, tid, "/v2.0")):
		return nil
	case template && len(iss) == len(before)+len(tid)+len(after) && strings.HasPrefix(iss, before) && strings.HasSuffix(iss, after) && iss[len(before):len(iss)-len(after)] == tid:
		return nil
	case template && len(before) == len(r.login)+1 && strings.HasPrefix(before, r.login) && before[len(r.login)] == '/' && after == "/v2.0":
		return nil
	}
	return refuse(rule.KeyIssuer, "Do not use the token: the key belongs to another tenant.",
		"the key may sign for %s only, and the token's issuer is %s", printable(strings.ReplaceAll(key.Issuer, "{tenantid}", tid)), printable(iss))
}

func (r *rules) audience(t *token) *Error {
	aud := t.claims.Audience
	if aud != "" && slices.Contains(r.audiences, aud) || !r.on(rule.Audience) {
		return nil
	}
	remedy := "Ask for a token for " + strings.Join(r.audiences, " or ") + "."
	if aud == "" {
		return refuse(rule.Audience, remedy, "the claim aud is missing")
	}
	for _, want := range r.audiences {
		if strings.EqualFold(strings.TrimSuffix(aud, "/"), strings.TrimSuffix(want, "/")) {
			return refuse(rule.Audience, fmt.Sprintf("Ask for the token with exactly %s, or accept this spelling too.", want),
				"aud is %s, which differs from %s by a slash or by case", printable(aud), printable(want))
		}
	}
	return refuse(rule.Audience, remedy, "aud is %s", printable(aud))
}
