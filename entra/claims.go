package entra

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Claims are the claims of an access or id token that say what it is for. They
// are read, not verified: fit for diagnosis and for checking an answer that
// came over TLS from the token endpoint, never for admitting a caller. Names
// as on learn.microsoft.com "Access token claims reference".
type Claims struct {
	Audience  string   // aud; "" if the token has none or several
	Audiences []string // aud as a list
	Issuer    string   // iss
	Subject   string   // sub
	TenantID  string   // tid
	AppID     string   // appid (v1) or azp (v2)
	ObjectID  string   // oid
	Version   string   // ver: "1.0" or "2.0"
	IDType    string   // idtyp: "app" for application tokens, where issued
	TokenID   string   // uti
	Nonce     string   // nonce
	// Name and Username are for display; both can be changed by the user's
	// own administrator and identify nobody.
	Name     string // name, or app_displayname
	Username string // preferred_username, upn or unique_name
	Roles    []string
	Scopes   []string // scp, split at spaces
	// Times are zero if the claim is missing.
	Issued, NotBefore, Expires time.Time
}

// maxTokenLength bounds what ReadClaims decodes. Real tokens are 1 to 5 kB.
const maxTokenLength = 256 << 10

// ReadClaims decodes the payload of a signed JWT without verifying anything.
// Errors never contain any part of the token.
func ReadClaims(jwt string) (Claims, error) {
	var c Claims
	if len(jwt) > maxTokenLength {
		return c, fmt.Errorf("read token: it is %d bytes long; a token is a few thousand", len(jwt))
	}
	parts := strings.Split(strings.TrimSpace(jwt), ".")
	switch {
	case len(parts) == 5:
		return c, errors.New("read token: it is encrypted (five parts); only the API it is for can read it")
	case len(parts) != 3:
		return c, fmt.Errorf("read token: it has %d parts between dots; a signed token has three", len(parts))
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return c, errors.New("read token: its second part is not base64url")
	}
	var raw struct {
		Aud            textList `json:"aud"`
		Iss            text     `json:"iss"`
		Sub            text     `json:"sub"`
		Tid            text     `json:"tid"`
		AppID          text     `json:"appid"`
		Azp            text     `json:"azp"`
		Oid            text     `json:"oid"`
		Ver            text     `json:"ver"`
		IDTyp          text     `json:"idtyp"`
		Uti            text     `json:"uti"`
		Nonce          text     `json:"nonce"`
		Name           text     `json:"name"`
		AppDisplayName text     `json:"app_displayname"`
		Preferred      text     `json:"preferred_username"`
		UPN            text     `json:"upn"`
		Unique         text     `json:"unique_name"`
		Roles          textList `json:"roles"`
		Scp            text     `json:"scp"`
		Iat            number   `json:"iat"`
		Nbf            number   `json:"nbf"`
		Exp            number   `json:"exp"`
	}
	if !bytes.HasPrefix(bytes.TrimSpace(payload), []byte("{")) {
		return c, errors.New("read token: its payload is not a JSON object")
	}
	if err := json.Unmarshal(payload, &raw); err != nil {
		return c, errors.New("read token: its payload is not well-formed JSON, or a claim has the wrong type")
	}
	c = Claims{
		Audiences: raw.Aud,
		Issuer:    string(raw.Iss),
		Subject:   string(raw.Sub),
		TenantID:  string(raw.Tid),
		AppID:     string(firstOf(raw.AppID, raw.Azp)),
		ObjectID:  string(raw.Oid),
		Version:   string(raw.Ver),
		IDType:    string(raw.IDTyp),
		TokenID:   string(raw.Uti),
		Nonce:     string(raw.Nonce),
		Name:      string(firstOf(raw.Name, raw.AppDisplayName)),
		Username:  string(firstOf(raw.Preferred, raw.UPN, raw.Unique)),
		Roles:     raw.Roles,
		Scopes:    strings.Fields(string(raw.Scp)),
		Issued:    raw.Iat.time(),
		NotBefore: raw.Nbf.time(),
		Expires:   raw.Exp.time(),
	}
	if len(raw.Aud) == 1 {
		c.Audience = raw.Aud[0]
	}
	return c, nil
}

func firstOf(values ...text) text {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// text is a JSON string; null counts as absent.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	return json.Unmarshal(b, (*string)(t))
}

// textList is a JSON string or array of strings.
type textList []string

func (l *textList) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*l = textList{s}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(l))
}

// number is a count of seconds that v2 answers write as 3599 and v1 answers
// as "3599". Set tells 0 from absent.
type number struct {
	Value int64
	Set   bool
}

// maxSeconds keeps times inside what time.Time and JSON can express (year 9999).
const maxSeconds = 253402300799

func (n *number) UnmarshalJSON(b []byte) error {
	s := strings.TrimSpace(strings.Trim(string(b), `"`))
	if s == "null" || s == "" {
		return nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || v != v || v < -maxSeconds || v > maxSeconds {
		return errors.New("not a number of seconds")
	}
	n.Value, n.Set = int64(v), true
	return nil
}

func (n number) time() time.Time {
	if !n.Set {
		return time.Time{}
	}
	return time.Unix(n.Value, 0).UTC()
}
