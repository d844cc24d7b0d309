package verify

import (
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
	SessionID string    `json:"sid,omitempty"`             // sid: the session of the user's sign-in
	Roles     []string  `json:"roles,omitempty"`
	Scopes    []string  `json:"scp,omitempty"` // scp
	Issued    time.Time `json:"iat,omitzero"`
	NotBefore time.Time `json:"nbf,omitzero"`
	Expires   time.Time `json:"exp,omitzero"`
}

// Principal is the one safe name of whom the token stands for: tenant and
// object id, joined by a slash. The same object id in another tenant is somebody
// else, and so is the same mail address. It is empty if either is missing.
func (c Claims) Principal() string {
	if c.TenantID == "" || c.ObjectID == "" {
		return ""
	}
	return c.TenantID + "/" + c.ObjectID
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
