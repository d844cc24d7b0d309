package consent

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantry/tenantry/entra"
)

func fakeJWT(claims map[string]any) string {
	b, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"RS256"}`)) + "." + enc(b) + "." + enc([]byte("sig"))
}

// exchanger gives an id token without a network.
type exchanger func(entra.CodeExchange) (string, error)

func (f exchanger) ExchangeCode(_ context.Context, x entra.CodeExchange) (entra.Secret, error) {
	s, err := f(x)
	return entra.NewSecret(s), err
}

func goodIDToken(inv Invitation, tenant entra.TenantID) map[string]any {
	return map[string]any{
		"aud": clientID, "iss": "https://login.microsoftonline.com/" + string(tenant) + "/v2.0", "tid": tenant,
		"oid": "55555555-eeee-4eee-8eee-555555555555", "nonce": inv.Nonce, "name": "Ada Admin", "preferred_username": "ada@contoso.com",
		"iat": start().Unix(), "nbf": start().Unix(), "exp": start().Add(time.Hour).Unix(),
	}
}

func TestRedeemCodeChecksTheIDToken(t *testing.T) {
	at := start().Add(time.Minute)
	for _, tt := range []struct {
		name   string
		tenant entra.TenantID // invited
		change func(map[string]any)
		claim  string // that is refused
	}{
		{"good", tenantA, func(map[string]any) {}, ""},
		{"good, any tenant", "", func(map[string]any) {}, ""},
		{"good, tenant and audience in capitals", tenantA, func(c map[string]any) {
			c["tid"], c["aud"] = strings.ToUpper(string(tenantA)), strings.ToUpper(clientID)
		}, ""},
		{"good, a clock four minutes off", "", func(c map[string]any) { c["exp"] = at.Add(-4 * time.Minute).Unix() }, ""},
		{"another app", tenantA, func(c map[string]any) { c["aud"] = "66666666-ffff-4fff-8fff-666666666666" }, "aud"},
		{"two audiences", tenantA, func(c map[string]any) { c["aud"] = []string{clientID, "other"} }, "aud"},
		{"no audience", tenantA, func(c map[string]any) { delete(c, "aud") }, "aud"},
		{"no tid", tenantA, func(c map[string]any) { delete(c, "tid") }, "tid"},
		{"tid is a domain", "", func(c map[string]any) { c["tid"] = "contoso.com" }, "tid"},
		{"tid of another tenant than iss", "", func(c map[string]any) { c["tid"] = tenantB }, "iss"},
		{"issuer of v1", "", func(c map[string]any) { c["iss"] = "https://sts.windows.net/" + string(tenantA) + "/" }, "iss"},
		{"another issuer", "", func(c map[string]any) { c["iss"] = "https://evil.example/" + string(tenantA) + "/v2.0" }, "iss"},
		{"issuer with a user", "", func(c map[string]any) {
			c["iss"] = "https://login.microsoftonline.com@evil.example/" + string(tenantA) + "/v2.0"
		}, "iss"},
		{"issuer with a user name", "", func(c map[string]any) { c["iss"] = "https://x@login.microsoftonline.com/" + string(tenantA) + "/v2.0" }, "iss"},
		{"issuer over http", "", func(c map[string]any) { c["iss"] = "http://login.microsoftonline.com/" + string(tenantA) + "/v2.0" }, "iss"},
		{"issuer of a template", "", func(c map[string]any) { c["iss"] = "https://login.microsoftonline.com/{tenantid}/v2.0" }, "iss"},
		{"another nonce", tenantA, func(c map[string]any) { c["nonce"] = "x" }, "nonce"},
		{"no nonce", tenantA, func(c map[string]any) { delete(c, "nonce") }, "nonce"},
		{"expired", tenantA, func(c map[string]any) { c["exp"] = at.Add(-5 * time.Minute).Unix() }, "exp"},
		{"never expires", tenantA, func(c map[string]any) { delete(c, "exp") }, "exp"},
		{"from the future", tenantA, func(c map[string]any) { c["nbf"] = at.Add(6 * time.Minute).Unix() }, "nbf"},
		{"nobody", tenantA, func(c map[string]any) { delete(c, "oid") }, "oid"},
		{"another tenant signed in", tenantB, func(map[string]any) {}, "mismatch"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inv := invite(t, tt.tenant)
			claims := goodIDToken(inv, tenantA)
			tt.change(claims)
			raw := fakeJWT(claims)
			var got entra.CodeExchange
			id, err := RedeemCode(t.Context(), exchanger(func(x entra.CodeExchange) (string, error) { got = x; return raw, nil }), inv, "CODE", at)
			wantPlace := "organizations"
			if tt.tenant != "" {
				wantPlace = string(tt.tenant)
			}
			if got.Tenant != wantPlace || got.Code.Reveal() != "CODE" || got.Verifier.Reveal() != inv.Verifier || got.RedirectURI != redirect || !cmp.Equal(got.Scopes, []string{"openid", "profile"}) {
				t.Errorf("exchange %+v", got)
			}
			var ie *IDTokenError
			var tm *TenantMismatchError
			switch tt.claim {
			case "":
				want := IDToken{Tenant: tenantA, ObjectID: "55555555-eeee-4eee-8eee-555555555555", Name: "Ada Admin", Username: "ada@contoso.com", Issued: start()}
				if d := cmp.Diff(want, id); d != "" || err != nil {
					t.Errorf("%v\n%s", err, d)
				}
				return
			case "mismatch":
				if !errors.As(err, &tm) || tm.Got != tenantA || tm.Want != tenantB {
					t.Errorf("error %v", err)
				}
			default:
				if !errors.As(err, &ie) || ie.Claim != tt.claim {
					t.Errorf("error %v, want one about %s", err, tt.claim)
				}
			}
			if id != (IDToken{}) {
				t.Errorf("a result beside the error: %+v", id)
			}
			if strings.Contains(fmt.Sprint(err), raw) {
				t.Error("the error shows the token")
			}
		})
	}
	// An invitation that lost its nonce must not accept a token without one.
	inv := invite(t, tenantA)
	inv.Nonce = ""
	if _, err := RedeemCode(t.Context(), exchanger(func(entra.CodeExchange) (string, error) { return fakeJWT(goodIDToken(inv, tenantA)), nil }), inv, "CODE", at); err == nil {
		t.Error("an empty nonce matched")
	}
	if _, err := RedeemCode(t.Context(), nil, inv, "", at); err == nil {
		t.Error("an empty code was accepted")
	}
	if _, err := RedeemCode(t.Context(), exchanger(func(entra.CodeExchange) (string, error) { return "junk", nil }), inv, "CODE", at); err == nil {
		t.Error("junk was accepted")
	}
}

// TestRedeemCodeOnTheWire goes through entra.Tokens to a TLS server.
func TestRedeemCodeOnTheWire(t *testing.T) {
	var inv Invitation
	var form url.Values
	var path string
	answer := ""
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		form, path = r.PostForm, r.URL.Path
		if strings.Contains(answer, `"error"`) {
			w.WriteHeader(http.StatusBadRequest)
		}
		fmt.Fprint(w, answer)
	}))
	defer srv.Close()
	cloud, err := entra.CustomCloud("test", srv.URL, srv.URL, srv.URL, srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := entra.NewTokens(entra.Config{Cloud: cloud, ClientID: clientID, Credential: entra.ClientSecret(entra.NewSecret("abc8Q~fake")), HTTPClient: srv.Client(), Now: start})
	if err != nil {
		t.Fatal(err)
	}
	inv, err = NewInvitation(InvitationConfig{Cloud: cloud, ClientID: clientID, RedirectURI: redirect, Now: start})
	if err != nil {
		t.Fatal(err)
	}
	claims := goodIDToken(inv, tenantA)
	claims["iss"] = srv.URL + "/" + string(tenantA) + "/v2.0"
	answer = fmt.Sprintf(`{"token_type":"Bearer","expires_in":3599,"access_token":"opaque","id_token":%q}`, fakeJWT(claims))
	id, err := RedeemCode(t.Context(), tokens, inv, "CODE", start())
	if err != nil || id.Tenant != tenantA {
		t.Fatalf("%+v, %v", id, err)
	}
	want := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {clientID}, "client_secret": {"abc8Q~fake"}, "code": {"CODE"},
		"redirect_uri": {redirect}, "scope": {"openid profile"}, "code_verifier": {inv.Verifier},
	}
	if d := cmp.Diff(want, form); d != "" || path != "/organizations/oauth2/v2.0/token" {
		t.Errorf("path %s\n%s", path, d)
	}
	answer = `{"error":"invalid_grant","error_description":"AADSTS54005: OAuth2 Authorization code was already redeemed.","error_codes":[54005]}`
	_, err = RedeemCode(t.Context(), tokens, inv, "CODE", start())
	var e *entra.Error
	if !errors.As(err, &e) || e.Code != 54005 || e.Action != entra.ActionSignIn {
		t.Errorf("a used code: %v", err)
	}
	answer = `{"access_token":"opaque","expires_in":3599}`
	if _, err := RedeemCode(t.Context(), tokens, inv, "CODE", start()); err == nil || !strings.Contains(err.Error(), "no id_token") {
		t.Errorf("no id token: %v", err)
	}
}
