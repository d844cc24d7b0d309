package sts

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox/world"
)

// appLifetime is what client credentials get; users' tokens live 60 to 90
// minutes at random, 75 on average ("Access tokens in the Microsoft identity
// platform"). Tokens say that they were issued five minutes ago, so that a
// resource whose clock is behind accepts them.
const (
	appLifetime     = 3599 * time.Second
	backdate        = 300 * time.Second
	userLifetimeMin = 60 * time.Minute
	userLifetimeMax = 90 * time.Minute
)

// issue is a token to be made.
type issue struct {
	tenant   *world.Tenant
	client   *world.App
	objectID string // of the client's service principal in the tenant
	api      *world.App
	audience string      // as asked for
	user     *world.User // nil: the application itself
	roles    []string
	scopes   []string
	acr      string // how the client proved itself: "0" not, "1" secret, "2" assertion

	strayAudience string // by a fault: an audience that is no API of the world
}

// issued is an access token and what the answer says about it.
type issued struct {
	token   string
	seconds int64
	refresh int64 // seconds until it should be renewed; 0: not said
	from    time.Time
	to      time.Time
}

func (x *exchange) lifetime(i issue) time.Duration {
	switch {
	case i.client.TokenLifetime > 0:
		return i.client.TokenLifetime
	case i.user == nil:
		return appLifetime
	}
	n, err := rand.Int(rand.Reader, big.NewInt(int64((userLifetimeMax-userLifetimeMin)/time.Second)))
	if err != nil {
		return userLifetimeMin
	}
	return userLifetimeMin + time.Duration(n.Int64())*time.Second
}

// accessToken signs an access token. The resource decides its version, not
// the endpoint.
func (x *exchange) accessToken(i issue) (issued, error) {
	i, unusual := x.stray(i)
	life := x.lifetime(i)
	if unusual.Lifetime > 0 {
		life = unusual.Lifetime
	}
	out := issued{seconds: int64(life / time.Second), refresh: int64(unusual.RefreshIn / time.Second), from: x.now.Add(-backdate), to: x.now.Add(life)}
	v2 := i.api.TokenVersion == 2
	graph := i.api.AppID == world.AppGraph
	issuer, from := any(x.issuer(i.tenant, i.tenant.ID, v2)), any(out.from.Unix())
	c := map[string]any{
		"iss": issuer, "iat": from, "nbf": from, "exp": out.to.Unix(),
		"aio": opaque(24), "tid": i.tenant.ID, "uti": opaque(16), "rh": routingHint(i.tenant, i.api), "xms_ftd": opaque(42),
	}
	header := map[string]any{}
	if v2 {
		c["ver"], c["aud"] = "2.0", i.api.AppID
		c["azp"], c["azpacr"] = i.client.AppID, i.acr
		header["x5t"] = nil
	} else {
		c["ver"], c["aud"] = "1.0", i.audience
		c["appid"], c["appidacr"] = i.client.AppID, i.acr
		if i.api.FirstParty {
			c["app_displayname"] = i.client.DisplayName
		}
	}
	if i.strayAudience != "" {
		c["aud"] = i.strayAudience
	}
	if len(i.roles) > 0 {
		c["roles"] = i.roles
	}
	if i.user == nil {
		c["oid"], c["sub"] = i.objectID, i.objectID
		if !v2 {
			c["idp"] = c["iss"]
		}
		if i.api.FirstParty {
			c["idtyp"] = "app"
		}
		c["xms_idrel"] = "7 16"
	} else {
		x.userClaims(c, i, v2)
	}
	if graph {
		c["wids"] = directoryRoles(i.user)
		c["xms_tcdt"] = 1_500_000_000 // creation of the tenant, epoch seconds
		c["xms_tdbr"] = region(i.tenant)
		c["tenant_region_scope"] = region(i.tenant)
		header["nonce"] = opaque(32)
	}
	raw, err := x.keys.Sign(header, c)
	out.token = raw
	x.note.Roles = i.roles
	if i.user != nil {
		x.note.Roles = i.scopes
	}
	return out, err
}

func (x *exchange) userClaims(c map[string]any, i issue, v2 bool) {
	c["oid"], c["sub"] = i.user.ID, pairwise(i.user.ID, i.api.AppID)
	c["name"] = i.user.Name
	c["scp"] = strings.Join(i.scopes, " ")
	c["xms_idrel"] = "1 8"
	if v2 {
		c["preferred_username"] = i.user.UPN
		return
	}
	given, family, _ := strings.Cut(i.user.Name, " ")
	c["acct"], c["acr"], c["amr"] = 0, "1", []string{"pwd"}
	c["given_name"], c["family_name"] = given, family
	c["ipaddr"] = "127.0.0.1"
	c["unique_name"], c["upn"] = i.user.UPN, i.user.UPN
	if i.api.FirstParty {
		c["idtyp"] = "user"
	}
}

// idToken signs an id token of the endpoint's version.
func (x *exchange) idToken(t *world.Tenant, client *world.App, user *world.User, nonce string) (string, error) {
	from := x.now.Add(-backdate)
	c := map[string]any{
		"aud": client.AppID, "iss": x.issuer(t, t.ID, x.v2), "iat": from.Unix(), "nbf": from.Unix(), "exp": x.now.Add(time.Hour).Unix(),
		"name": user.Name, "oid": user.ID, "sub": pairwise(user.ID, client.AppID), "tid": t.ID, "rh": routingHint(t, client), "uti": opaque(16),
	}
	if nonce != "" {
		c["nonce"] = nonce
	}
	header := map[string]any{}
	if x.v2 {
		c["ver"], c["preferred_username"] = "2.0", user.UPN
		header["x5t"] = nil
	} else {
		given, family, _ := strings.Cut(user.Name, " ")
		c["ver"], c["upn"], c["unique_name"] = "1.0", user.UPN, user.UPN
		c["amr"], c["given_name"], c["family_name"], c["ipaddr"] = []string{"pwd"}, given, family, "127.0.0.1"
	}
	return x.keys.Sign(header, c)
}

// pairwise is a user's subject, different for every application.
func pairwise(userID, appID string) string {
	sum := sha256.Sum256([]byte("sub\x00" + strings.ToLower(userID) + "\x00" + strings.ToLower(appID)))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// opaque is what only Entra can read: n random bytes in base64url.
func opaque(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b)
}

// routingHint has the form of rh: a version, then tenant and application in
// the byte order of a .NET GUID.
func routingHint(t *world.Tenant, api *world.App) string {
	b := []byte{0x01, 0x01}
	b = append(b, guidBytes(t.ID)...)
	b = append(b, guidBytes(api.AppID)...)
	return "1." + base64.RawURLEncoding.EncodeToString(b) + "AA."
}

func guidBytes(id string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	if err != nil || len(b) != 16 {
		return make([]byte, 16)
	}
	return []byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]}
}

func region(t *world.Tenant) string {
	if t.Region == "" {
		return "NA"
	}
	return t.Region
}

// directoryRoles are the wids of a Graph token: template ids of the user's
// directory roles, or the one value that application tokens carry. Source:
// "Microsoft Entra built-in roles".
func directoryRoles(u *world.User) []string {
	if u == nil {
		return []string{"0997a1d0-0d1d-4acb-b408-d5ca73121e90"}
	}
	templates := map[string]string{
		"global administrator":            "62e90394-69f5-4237-9190-012177145e10",
		"privileged role administrator":   "e8611ab8-c189-46e8-94e1-60213ab1f814",
		"cloud application administrator": "158c047a-c907-4556-b7ef-446551a6b5f7",
		"application administrator":       "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
		"security administrator":          "194ae4cb-b126-40b2-bd5b-6091b380977d",
		"security reader":                 "5d6b6bb7-de71-4623-b4af-96380a352509",
		"global reader":                   "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
	}
	var ids []string
	for _, r := range u.Roles {
		if id, ok := templates[strings.ToLower(r)]; ok {
			ids = append(ids, id)
		}
	}
	return append(ids, "b79fbf4d-3ef9-4689-8143-76b194e85509") // every user
}

// v1Answer has strings for numbers, as the v1 endpoint does.
type v1Answer struct {
	Type      string `json:"token_type"`
	Scope     string `json:"scope,omitempty"`
	ExpiresIn string `json:"expires_in"`
	Extended  string `json:"ext_expires_in"`
	RefreshIn string `json:"refresh_in,omitempty"`
	ExpiresOn string `json:"expires_on"`
	NotBefore string `json:"not_before"`
	Resource  string `json:"resource"`
	Access    string `json:"access_token"`
	Refresh   string `json:"refresh_token,omitempty"`
	ID        string `json:"id_token,omitempty"`
	Client    string `json:"client_info,omitempty"`
}

// v2Answer has numbers for numbers.
type v2Answer struct {
	Type      string `json:"token_type"`
	Scope     string `json:"scope,omitempty"`
	ExpiresIn int64  `json:"expires_in"`
	Extended  int64  `json:"ext_expires_in"`
	RefreshIn int64  `json:"refresh_in,omitempty"`
	Access    string `json:"access_token"`
	Refresh   string `json:"refresh_token,omitempty"`
	ID        string `json:"id_token,omitempty"`
	Client    string `json:"client_info,omitempty"`
}

// extras are the members that only users' answers have.
type extras struct{ scope, refresh, id, client string }

func (x *exchange) answerToken(t issued, resource string, e extras) {
	if x.v2 {
		x.json(200, v2Answer{"Bearer", e.scope, t.seconds, t.seconds, t.refresh, t.token, e.refresh, e.id, e.client})
		return
	}
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	refresh := ""
	if t.refresh > 0 {
		refresh = n(t.refresh)
	}
	x.json(200, v1Answer{"Bearer", e.scope, n(t.seconds), n(t.seconds), refresh, n(t.to.Unix()), n(t.from.Unix()), resource, t.token, e.refresh, e.id, e.client})
}
