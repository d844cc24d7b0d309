package verify

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// MaxToken is the longest token that is looked at, in bytes. Entra's largest
// access tokens (two hundred group ids and many roles) stay below 12 kB.
const MaxToken = 16 << 10

// Header is the JOSE header of a token, as far as it is understood.
type Header struct {
	Algorithm string   `json:"alg"`             // alg; Entra writes RS256
	Type      string   `json:"typ"`             // typ; Entra writes JWT
	KeyID     string   `json:"kid,omitempty"`   // kid
	X5T       string   `json:"x5t,omitempty"`   // x5t; only in tokens of version 1.0
	Nonce     string   `json:"nonce,omitempty"` // only in tokens for Microsoft Graph: the signature is opaque to clients
	Members   []string `json:"members"`         // names of all members, sorted
}

// Claims are the claims of a token that mean something to a partner's
// application. They are proved when they come from a [Verifier], and mere
// assertions when they come from [Inspect].
//
// To recognise a person or an application use TenantID together with
// ObjectID. Names, mail addresses and user principal names can be chosen by
// the administrator of any tenant and identify nobody.
type Claims struct {
	Audience  string    `json:"aud"`                       // aud: the resource the token is for
	Issuer    string    `json:"iss"`                       // iss
	TenantID  string    `json:"tid"`                       // tid: the tenant whose data the token opens
	Version   string    `json:"ver"`                       // ver: "1.0" or "2.0"
	AppID     string    `json:"clientId,omitempty"`        // appid (1.0) or azp (2.0): the client application
	AppAuth   string    `json:"clientAuth,omitempty"`      // appidacr (1.0) or azpacr (2.0): "0" none, "1" secret, "2" certificate or assertion
	AppName   string    `json:"app_displayname,omitempty"` // app_displayname; written for some resources only
	ObjectID  string    `json:"oid,omitempty"`             // oid: the service principal or the user in the tenant
	Subject   string    `json:"sub"`                       // sub
	IDType    string    `json:"idtyp,omitempty"`           // idtyp: "app", "user"; written for some resources only
	Name      string    `json:"name,omitempty"`            // name of the user; for display only
	Username  string    `json:"username,omitempty"`        // upn or preferred_username; for display only
	Nonce     string    `json:"nonce,omitempty"`           // nonce of an id token
	TokenID   string    `json:"uti,omitempty"`             // uti: what Entra's sign-in logs call the token
	Roles     []string  `json:"roles,omitempty"`
	Scopes    []string  `json:"scp,omitempty"` // scp
	Issued    time.Time `json:"iat,omitzero"`
	NotBefore time.Time `json:"nbf,omitzero"`
	Expires   time.Time `json:"exp,omitzero"`
}

// Kind says what a token stands for.
type Kind string

const (
	// KindApplication is a token of an application on its own behalf: its
	// roles count.
	KindApplication Kind = "application"
	// KindUser is a token of an application on behalf of a signed-in user:
	// its scopes count, and the user's own rights.
	KindUser Kind = "user"
	// KindID is an id token: it tells the application who signed in and is
	// accepted by no API.
	KindID Kind = "id"
	// KindUnclear is a token whose claims fit none of the others.
	KindUnclear Kind = "unclear"
)

// Kind judges by the claims what the token stands for. Without idtyp, which
// Entra writes for some resources only, an application token is one that has
// no scp and whose sub is its oid.
func (c Claims) Kind() Kind {
	switch {
	case c.IDType == "app" && len(c.Scopes) == 0 && c.AppID != "":
		return KindApplication
	case c.IDType == "user" && c.AppID != "":
		return KindUser
	case c.IDType != "":
		return KindUnclear
	case c.AppID == "" && len(c.Scopes) == 0:
		return KindID
	case c.AppID == "":
		return KindUnclear
	case len(c.Scopes) > 0:
		return KindUser
	case c.ObjectID != "" && c.Subject == c.ObjectID:
		return KindApplication
	}
	return KindUnclear
}

// token is a compact JWS that was taken apart, before anything is believed.
type token struct {
	raw    string
	header Header
	claims Claims

	headerMembers map[string]json.RawMessage
	claimMembers  map[string]json.RawMessage
	wrongType     []string // claims whose JSON type is not the documented one
}

// parse takes a compact JWS apart. It is strict about the encoding: base64url
// without padding, without line breaks and without stray bits, so that a token
// has one spelling only.
func parse(raw string) (*token, error) {
	if len(raw) > MaxToken {
		return nil, fmt.Errorf("is %d bytes long, more than the %d that are looked at", len(raw), MaxToken)
	}
	switch n := strings.Count(raw, "."); {
	case n == 4:
		return nil, errors.New("has five parts: an encrypted token (JWE), which only its audience can open")
	case n != 2:
		return nil, fmt.Errorf("has %d parts separated by dots instead of three", n+1)
	}
	parts := strings.Split(raw, ".")
	names := [...]string{"header", "payload", "signature"}
	var decoded [3][]byte
	for i, part := range parts {
		b, err := decodeSegment(part)
		if err != nil {
			return nil, fmt.Errorf("%s %w", names[i], err)
		}
		decoded[i] = b
	}
	t := &token{raw: raw}
	var err error
	if t.headerMembers, err = decodeObject(decoded[0]); err != nil {
		return nil, fmt.Errorf("header %w", err)
	}
	if t.claimMembers, err = decodeObject(decoded[1]); err != nil {
		return nil, fmt.Errorf("payload %w", err)
	}
	if len(decoded[2]) == 0 {
		return nil, errors.New("signature is empty")
	}
	t.readHeader()
	t.readClaims()
	return t, nil
}

func decodeSegment(s string) ([]byte, error) {
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return nil, errors.New("holds a character that is not base64url without padding")
		}
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, errors.New("is not base64url: it was cut or changed")
	}
	return b, nil
}

func (t *token) readHeader() {
	text := func(name string) string {
		s, _ := decodeString(t.headerMembers[name])
		return s
	}
	t.header = Header{
		Algorithm: text("alg"),
		Type:      text("typ"),
		KeyID:     text("kid"),
		X5T:       text("x5t"),
		Nonce:     text("nonce"),
		Members:   sortedKeys(t.headerMembers),
	}
}

func (t *token) readClaims() {
	t.claims = Claims{
		Audience:  t.text("aud"),
		Issuer:    t.text("iss"),
		TenantID:  t.text("tid"),
		Version:   t.text("ver"),
		AppName:   t.text("app_displayname"),
		ObjectID:  t.text("oid"),
		Subject:   t.text("sub"),
		IDType:    t.text("idtyp"),
		Name:      t.text("name"),
		Nonce:     t.text("nonce"),
		TokenID:   t.text("uti"),
		Roles:     t.list("roles"),
		Scopes:    strings.Fields(t.text("scp")),
		Issued:    t.time("iat"),
		NotBefore: t.time("nbf"),
		Expires:   t.time("exp"),
	}
	// appid and azp are read by version, so that one cannot stand in for the
	// other: Entra never writes both.
	appid, azp := t.text("appid"), t.text("azp")
	appidacr, azpacr := t.text("appidacr"), t.text("azpacr")
	if t.claims.Version == "1.0" {
		t.claims.AppID, t.claims.AppAuth = appid, appidacr
	} else {
		t.claims.AppID, t.claims.AppAuth = azp, azpacr
	}
	t.claims.Username = t.text("preferred_username")
	if upn := t.text("upn"); upn != "" {
		t.claims.Username = upn
	}
}

func (t *token) text(name string) string {
	raw, ok := t.claimMembers[name]
	if !ok {
		return ""
	}
	s, ok := decodeString(raw)
	if !ok {
		t.wrongType = append(t.wrongType, name+" is not a string")
	}
	return s
}

func (t *token) list(name string) []string {
	raw, ok := t.claimMembers[name]
	if !ok {
		return nil
	}
	l, ok := decodeStrings(raw)
	if !ok {
		t.wrongType = append(t.wrongType, name+" is not a list of strings")
	}
	return l
}

func (t *token) time(name string) time.Time {
	raw, ok := t.claimMembers[name]
	if !ok {
		return time.Time{}
	}
	at, ok := decodeTime(raw)
	if !ok {
		t.wrongType = append(t.wrongType, name+" is not a whole number of seconds since 1970")
	}
	return at
}
