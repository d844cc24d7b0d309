package verify

import (
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/entra/verify/internal/jws"
	"github.com/tenantry/tenantry/entra/verify/internal/rule"
)

// token is a compact JWS that was taken apart, before anything is believed.
type token struct {
	raw    string
	parts  jws.Compact
	header Header
	claims Claims

	off       rule.Set
	names     bool     // collect the names of the header's members
	headHas   uint16   // bit i: headerMembers()[i] is there
	headWrong string   // a header member that should be a string and is none
	nonce     bool     // the header has a nonce
	has       uint16   // bits of the has constants
	count     int      // of claims
	wrong     []string // claims whose JSON type is not the documented one
	acr       [2]string
	client    [2]string
	upn       string
}

// Claims whose presence alone means something.
const (
	hasActorToken = 1 << iota
	hasActorT
	hasAct
	hasAppID
	hasAZP
	hasSCP
	hasIDType
	hasAppACR
	hasAZPACR
)

// headerMembers are the header members that no token of Entra has.
func headerMembers() [11]struct {
	name string
	rule rule.ID
} {
	return [...]struct {
		name string
		rule rule.ID
	}{
		{"jwk", rule.HeaderJWK}, {"jku", rule.HeaderJKU}, {"x5u", rule.HeaderX5U}, {"x5c", rule.HeaderX5C},
		{"crit", rule.HeaderCrit}, {"b64", rule.HeaderB64}, {"zip", rule.HeaderZip}, {"cty", rule.HeaderCty},
		{"enc", rule.HeaderForeign}, {"epk", rule.HeaderForeign}, {"p2c", rule.HeaderForeign},
	}
}

// scratch is memory for one verification, used again so that a busy service
// does not make garbage of the size of its tokens. It is wiped in between.
type scratch struct{ in, out, sig []byte }

// wipe forgets the token.
func (s *scratch) wipe() {
	clear(s.in[:cap(s.in)])
	clear(s.out[:cap(s.out)])
	clear(s.sig[:cap(s.sig)])
	s.in, s.out, s.sig = s.in[:0], s.out[:0], s.sig[:0]
}

// open reads the header and decodes the signature, which is all that may be
// looked at before the signature was verified. t.raw and t.off are given.
func (t *token) open(s *scratch) *Error {
	var f *jws.Fault
	if t.parts, f = jws.Split(t.raw, MaxToken, t.off); f != nil {
		return malformed("the token ", f)
	}
	if s.out, s.in, f = jws.Decode(s.out[:0], s.in, t.parts.Header, t.off); f != nil {
		return malformed("the token header ", f)
	}
	if f := t.readHeader(string(s.out)); f != nil {
		return malformed("the token header ", f)
	}
	if t.parts.Signature == "" && !t.off.Has(rule.FormEmptySignature) {
		return malformed("the token ", &jws.Fault{Rule: rule.FormEmptySignature, Detail: "signature is empty"})
	}
	if s.sig, s.in, f = jws.Decode(s.sig[:0], s.in, t.parts.Signature, t.off); f != nil {
		return malformed("the token signature ", f)
	}
	return nil
}

// read reads the claims.
func (t *token) read(s *scratch) *Error {
	var f *jws.Fault
	if s.out, s.in, f = jws.Decode(s.out[:0], s.in, t.parts.Payload, t.off); f != nil {
		return malformed("the token payload ", f)
	}
	if f := t.readClaims(string(s.out)); f != nil {
		return malformed("the token payload ", f)
	}
	return nil
}

func malformed(what string, f *jws.Fault) *Error {
	return &Error{Check: CheckForm, Rule: f.Rule.String(), Detail: what + f.Detail, Remedy: remedyFresh}
}

func (t *token) readHeader(text string) *jws.Fault {
	known := headerMembers()
	f := jws.Members(text, t.off, func(name, value string) {
		if t.names {
			t.header.Members = append(t.header.Members, strings.Clone(name))
		}
		var to *string
		switch name {
		case "alg":
			to = &t.header.Algorithm
		case "typ":
			to = &t.header.Type
		case "kid":
			to = &t.header.KeyID
		case "x5t":
			to = &t.header.X5T
		case "nonce":
			to, t.nonce = &t.header.Nonce, true
		default:
			for i := range known {
				if known[i].name == name {
					t.headHas |= 1 << i
				}
			}
			return
		}
		s, ok := jws.String(value)
		switch {
		case ok:
			*to = s
		case t.off.Has(rule.HeaderMember):
			*to = looseText(value)
		case t.headWrong == "":
			t.headWrong = name
		}
	})
	slices.Sort(t.header.Members)
	return f
}

func (t *token) readClaims(text string) *jws.Fault {
	f := jws.Members(text, t.off, func(name, value string) {
		t.count++
		c := &t.claims
		switch name {
		case "aud":
			c.Audience = t.text(name, value)
		case "iss":
			c.Issuer = t.text(name, value)
		case "tid":
			c.TenantID = t.text(name, value)
		case "ver":
			c.Version = t.text(name, value)
		case "appid":
			t.has |= hasAppID
			t.client[0] = t.text(name, value)
		case "azp":
			t.has |= hasAZP
			t.client[1] = t.text(name, value)
		case "appidacr":
			t.has |= hasAppACR
			t.acr[0] = t.text(name, value)
		case "azpacr":
			t.has |= hasAZPACR
			t.acr[1] = t.text(name, value)
		case "app_displayname":
			c.AppName = t.text(name, value)
		case "oid":
			c.ObjectID = t.text(name, value)
		case "sub":
			c.Subject = t.text(name, value)
		case "idtyp":
			t.has |= hasIDType
			c.IDType = t.text(name, value)
		case "name":
			c.Name = t.text(name, value)
		case "upn":
			t.upn = t.text(name, value)
		case "preferred_username":
			c.Username = t.text(name, value)
		case "nonce":
			c.Nonce = t.text(name, value)
		case "uti":
			c.TokenID = t.text(name, value)
		case "sid":
			c.SessionID = t.text(name, value)
		case "roles":
			c.Roles = t.list(name, value)
		case "scp":
			t.has |= hasSCP
			c.Scopes = nil
			if scp := t.text(name, value); scp != "" {
				c.Scopes = strings.Fields(scp)
			}
		case "iat":
			c.Issued = t.time(name, value)
		case "nbf":
			c.NotBefore = t.time(name, value)
		case "exp":
			c.Expires = t.time(name, value)
		case "actortoken":
			t.has |= hasActorToken
		case "actort":
			t.has |= hasActorT
		case "act":
			t.has |= hasAct
		}
	})
	// appid and azp are read by version, so that one cannot stand in for the
	// other: Entra never writes both.
	version := 1
	if t.claims.Version == "1.0" {
		version = 0
	}
	t.claims.AppID, t.claims.AppAuth = t.client[version], t.acr[version]
	if t.upn != "" {
		t.claims.Username = t.upn
	}
	return f
}

func (t *token) text(name, value string) string {
	s, ok := jws.String(value)
	if !ok {
		if t.off.Has(rule.ClaimsType) {
			return looseText(value)
		}
		t.wrong = append(t.wrong, name+" is not a string")
	}
	return s
}

func (t *token) list(name, value string) []string {
	l, ok := jws.Strings(value)
	if !ok {
		if t.off.Has(rule.ClaimsType) {
			return looseList(value)
		}
		t.wrong = append(t.wrong, name+" is not a list of strings")
	}
	return l
}

func (t *token) time(name, value string) time.Time {
	at, ok := seconds(value)
	if !ok {
		if t.off.Has(rule.ClaimsType) {
			return looseTime(value)
		}
		t.wrong = append(t.wrong, name+" is not a whole number of seconds since 1970")
	}
	return at
}

// latest is the last second of the year 9999, beyond which a time is not
// meant as one.
const latest = 253402300799

// seconds reads a NumericDate the way Entra writes it: whole seconds since
// 1970 as a JSON integer.
func seconds(value string) (time.Time, bool) {
	if len(value) == 0 || len(value) > 12 || value[0] == '0' && len(value) > 1 {
		return time.Time{}, false
	}
	var n int64
	for i := range len(value) {
		c := value[i]
		if c < '0' || c > '9' {
			return time.Time{}, false
		}
		n = n*10 + int64(c-'0')
	}
	if n > latest {
		return time.Time{}, false
	}
	return time.Unix(n, 0).UTC(), true
}
