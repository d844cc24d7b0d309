package consent

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantry/tenantry/entra"
)

const (
	tenantA  = entra.TenantID("11111111-aaaa-4aaa-8aaa-111111111111")
	tenantB  = entra.TenantID("22222222-bbbb-4bbb-8bbb-222222222222")
	clientID = "33333333-cccc-4ccc-8ccc-333333333333"
	redirect = "https://partner.example/callback"
)

func start() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func public() entra.Cloud { return entra.Clouds()[0] }

func invite(t *testing.T, tenant entra.TenantID) Invitation {
	t.Helper()
	inv, err := NewInvitation(InvitationConfig{Cloud: public(), ClientID: clientID, Tenant: tenant, RedirectURI: redirect, Now: start})
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func TestDocumentedLink(t *testing.T) {
	const want = "https://login.microsoftonline.com/common/oauth2/authorize?prompt=consent&client_id=00000000-0000-0000-0000-000000000000&response_type=code&sso_reload=true"
	if got := DocumentedLink(public(), "00000000-0000-0000-0000-000000000000"); got != want {
		t.Errorf("\ngot  %s\nwant %s", got, want)
	}
	if got := DocumentedLink(public(), "x&y=z"); strings.Contains(got, "y=z") {
		t.Errorf("a client id adds parameters: %s", got)
	}
}

func TestLinks(t *testing.T) {
	inv := Invitation{
		Cloud: public(), ClientID: clientID, RedirectURI: "http://localhost:8400/a b", State: "ST", Nonce: "NO",
		Verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", // RFC 7636, appendix B
	}
	const enc = "http%3A%2F%2Flocalhost%3A8400%2Fa%20b"
	xdr, graph := public().Resource(entra.ResourceDefender), public().Resource(entra.ResourceGraph)
	known := inv
	known.Tenant, known.Prompt = tenantA, "consent"
	for _, tt := range []struct{ name, got, want string }{
		{"v1", inv.AdminConsentLinkV1(), "https://login.microsoftonline.com/common/adminconsent?client_id=" + clientID + "&redirect_uri=" + enc + "&state=ST"},
		{"v1, tenant known", known.AdminConsentLinkV1(), "https://login.microsoftonline.com/" + string(tenantA) + "/adminconsent?client_id=" + clientID + "&redirect_uri=" + enc + "&state=ST"},
		{"v2", inv.AdminConsentLinkV2(graph, xdr, graph), "https://login.microsoftonline.com/organizations/v2.0/adminconsent?client_id=" + clientID + "&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default%20https%3A%2F%2Fapi.security.microsoft.com%2F.default&redirect_uri=" + enc + "&state=ST"},
		{"sign-in", inv.SignInLink(), "https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize?client_id=" + clientID + "&response_type=code&redirect_uri=" + enc + "&response_mode=query&scope=openid%20profile&state=ST&nonce=NO&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&prompt=select_account"},
		{"sign-in, tenant known", strings.SplitAfter(known.SignInLink(), "authorize")[0], "https://login.microsoftonline.com/" + string(tenantA) + "/oauth2/v2.0/authorize"},
		{"prompt", known.SignInLink()[strings.LastIndex(known.SignInLink(), "&"):], "&prompt=consent"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, tt.got, tt.want)
		}
	}
	for _, link := range []string{inv.SignInLink(), inv.AdminConsentLinkV1(), inv.AdminConsentLinkV2(xdr)} {
		if strings.Contains(link, inv.Verifier) {
			t.Errorf("the verifier is in the link %s", link)
		}
	}
	if RequiredRole(xdr) != "Cloud Application Administrator" || RequiredRole(xdr, graph) != "Privileged Role Administrator" {
		t.Error("required role")
	}
}

func TestNewInvitation(t *testing.T) {
	a, b := invite(t, tenantA), invite(t, "")
	for name, pair := range map[string][2]string{"state": {a.State, b.State}, "nonce": {a.Nonce, b.Nonce}, "verifier": {a.Verifier, b.Verifier}} {
		if pair[0] == pair[1] || len(pair[0]) < 22 {
			t.Errorf("%s %q, then %q: not random enough", name, pair[0], pair[1])
		}
	}
	if len(a.Verifier) < 43 || len(a.Verifier) > 128 {
		t.Errorf("verifier of %d characters; RFC 7636 wants 43 to 128", len(a.Verifier))
	}
	if !a.Expires.Equal(start().Add(10 * time.Minute)) {
		t.Errorf("expires %s", a.Expires)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if s := fmt.Sprintf(verb, a); strings.Contains(s, a.State) || strings.Contains(s, a.Verifier) {
			t.Errorf("%s prints %s", verb, s)
		}
	}
	for name, c := range map[string]InvitationConfig{
		"client id":     {Cloud: public(), ClientID: "x", RedirectURI: redirect},
		"cloud":         {ClientID: clientID, RedirectURI: redirect},
		"tenant":        {Cloud: public(), ClientID: clientID, RedirectURI: redirect, Tenant: "contoso.com"},
		"no redirect":   {Cloud: public(), ClientID: clientID},
		"http redirect": {Cloud: public(), ClientID: clientID, RedirectURI: "http://partner.example/"},
		"fragment":      {Cloud: public(), ClientID: clientID, RedirectURI: "https://partner.example/#"},
		"wildcard":      {Cloud: public(), ClientID: clientID, RedirectURI: "https://*.example/"},
		"user":          {Cloud: public(), ClientID: clientID, RedirectURI: "https://u:p@partner.example/"},
		"relative":      {Cloud: public(), ClientID: clientID, RedirectURI: "/callback"},
		"script":        {Cloud: public(), ClientID: clientID, RedirectURI: "javascript:alert(1)"},
		"negative":      {Cloud: public(), ClientID: clientID, RedirectURI: redirect, Lifetime: -1},
	} {
		var ce *entra.ConfigError
		if _, err := NewInvitation(c); !errors.As(err, &ce) {
			t.Errorf("%s: error %v, want a ConfigError", name, err)
		}
	}
	for _, ok := range []string{"http://localhost:8400/callback", "http://127.0.0.1/", "http://[::1]:1/", "https://portal.azure.com"} {
		if err := checkRedirect(ok); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
	}
}

func TestParseCallback(t *testing.T) {
	const ids = "%0d%0aTrace+ID%3a+t1%0d%0aCorrelation+ID%3a+c1%0d%0aTimestamp%3a+2023-08-28+11%3a25%3a19Z"
	id := string(tenantA)
	for _, tt := range []struct {
		name, address string
		want          Result
	}{
		{"v1 as the service sends it", redirect + "?admin_consent=True&tenant=" + id + "&state=ST", Result{Kind: Granted, Tenant: tenantA, State: "ST"}},
		{"v1 as the page says, in capitals", redirect + "?tenant=" + strings.ToUpper(id) + "&state=ST&admin_consent=True#", Result{Kind: Granted, Tenant: tenantA, State: "ST"}},
		{"v2, scope with plus signs", redirect + "?admin_consent=True&tenant=" + id + "&state=ST&scope=https%3a%2f%2fgraph.microsoft.com%2fSecurityIncident.Read.All+https%3a%2f%2fgraph.microsoft.com%2f.default", Result{Kind: Granted, Tenant: tenantA, State: "ST", Scope: "https://graph.microsoft.com/SecurityIncident.Read.All https://graph.microsoft.com/.default"}},
		{"sign-in", redirect + "?code=0.AXo&state=ST&session_state=5e6f#", Result{Kind: SignedIn, State: "ST", Code: "0.AXo"}},
		{
			"cancelled, with escapes in lower case, no tenant, a trailing #, and a lie",
			redirect + "?error=access_denied&error_description=AADSTS65004%3a+User+declined+to+consent+to+access+the+app." + ids + "&error_uri=https%3a%2f%2flogin.microsoftonline.com%2ferror%3fcode%3d65004&admin_consent=True&state=ST#",
			Result{Kind: Declined, State: "ST", Error: "access_denied", Description: "User declined to consent to access the app.", AADSTS: 65004, TraceID: "t1", CorrelationID: "c1"},
		},
		{"cancelled, the older page", redirect + "?error=access_denied&error_subcode=cancel&state=ST", Result{Kind: Declined, State: "ST", Error: "access_denied", Subcode: "cancel"}},
		{"the documentation's v1 text", redirect + "?error=permission_denied&error_description=The+admin+canceled+the+request", Result{Kind: Declined, Error: "permission_denied", Description: "The admin canceled the request"}},
		{"the documentation's v2 text", redirect + "?error=consent_required&error_description=AADSTS65004%3a+The+resource+owner+or+authorization+server+denied+the+request.&state=ST&tenant=" + id, Result{Kind: Declined, Tenant: tenantA, State: "ST", Error: "consent_required", Description: "The resource owner or authorization server denied the request.", AADSTS: 65004}},
		{"wrong directory", redirect + "?error=access_denied&error_description=AADSTS50020%3a+User+account+from+identity+provider+does+not+exist+in+tenant." + ids + "&admin_consent=True&state=ST", Result{Kind: Refused, State: "ST", Error: "access_denied", Description: "User account from identity provider does not exist in tenant.", AADSTS: 50020, TraceID: "t1", CorrelationID: "c1"}},
		{"no licence", redirect + "?error=invalid_client&error_description=AADSTS650052%3a+The+app+is+trying+to+access+a+service.&state=ST", Result{Kind: Refused, State: "ST", Error: "invalid_client", Description: "The app is trying to access a service.", AADSTS: 650052}},
		{"an unknown refusal", redirect + "?error=odd_error&state=ST", Result{Kind: Refused, State: "ST", Error: "odd_error"}},
		{"a code beside an error is dropped", redirect + "?error=server_error&code=abc&scope=x&state=ST", Result{Kind: Refused, State: "ST", Error: "server_error"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseCallbackURL(tt.address)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(got.Next, ".") {
				t.Errorf("next step %q", got.Next)
			}
			got.Next = ""
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
	for name, address := range map[string]string{
		"nothing":          redirect,
		"state alone":      redirect + "?state=ST",
		"two states":       redirect + "?state=A&state=B&admin_consent=True",
		"two tenants":      redirect + "?admin_consent=True&tenant=" + id + "&tenant=" + string(tenantB),
		"tenant no GUID":   redirect + "?admin_consent=True&tenant=contoso.com",
		"not consented":    redirect + "?admin_consent=False&tenant=" + id,
		"broken escapes":   redirect + "?state=%zz",
		"not a URL":        "http://[::1",
		"a very long code": redirect + "?code=" + strings.Repeat("a", maxParameter+1),
	} {
		var ce *CallbackError
		if r, err := ParseCallbackURL(address); !errors.As(err, &ce) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	r, err := ParseCallback(url.Values{"code": {"SECRETCODE"}, "state": {"SECRETSTATE"}})
	if s := fmt.Sprintf("%v %+v %#v", r, r, r); err != nil || strings.Contains(s, "SECRET") {
		t.Errorf("prints %s (%v)", s, err)
	}
}

func TestCheck(t *testing.T) {
	inv := invite(t, tenantA)
	good := Result{Kind: Granted, State: inv.State, Tenant: tenantA}
	if err := inv.Check(good, start().Add(10*time.Minute-1)); err != nil {
		t.Errorf("good: %v", err)
	}
	for _, tt := range []struct {
		name string
		inv  Invitation
		r    Result
		at   time.Duration
		want error
	}{
		{"forged", inv, Result{State: "guess", Tenant: tenantA}, 0, &StateMismatchError{}},
		{"no state", inv, Result{Tenant: tenantA}, 0, &StateMismatchError{Missing: true}},
		{"something appended", inv, Result{State: inv.State + "Sign in to your account"}, 0, &StateMismatchError{Appended: true}},
		{"cut", inv, Result{State: inv.State[:8]}, 0, &StateMismatchError{}},
		{"other case", inv, Result{State: strings.ToLower(inv.State)}, 0, &StateMismatchError{}},
		{"an invitation without state matches nothing", Invitation{Expires: inv.Expires}, Result{}, 0, &StateMismatchError{Missing: true}},
		{"late", inv, good, 10 * time.Minute, &ExpiredError{Expired: inv.Expires}},
		{"another tenant", inv, Result{State: inv.State, Tenant: tenantB}, 0, &TenantMismatchError{Want: tenantA, Got: tenantB}},
		{"state goes first", inv, Result{State: "guess", Tenant: tenantB}, time.Hour, &StateMismatchError{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.inv.Check(tt.r, start().Add(tt.at))
			if d := cmp.Diff(tt.want, err); d != "" {
				t.Fatal(d)
			}
			if strings.Contains(err.Error(), inv.State) || !strings.Contains(err.Error(), ": ") {
				t.Errorf("error %q", err)
			}
		})
	}
	open := invite(t, "")
	if err := open.Check(Result{State: open.State, Tenant: tenantB}, start()); err != nil {
		t.Errorf("any tenant invited: %v", err)
	}
}

func FuzzParseCallback(f *testing.F) {
	f.Add(redirect + "?admin_consent=True&tenant=" + string(tenantA) + "&state=ST")
	f.Add(redirect + "?error=access_denied&error_description=AADSTS65004%3a+x%0d%0a&error_subcode=%1b[31m&admin_consent=True#")
	f.Add("?error=a&state=%00")
	f.Add("#")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseCallbackURL(s)
		if err != nil {
			if r != (Result{}) {
				t.Errorf("a result beside the error: %+v", r)
			}
			return
		}
		if r.Kind == "" || r.Next == "" {
			t.Errorf("%q: %+v", s, r)
		}
		if r.Kind == Granted && (r.Error != "" || r.Description != "" || r.Subcode != "") {
			t.Errorf("%q: granted in spite of an error", s)
		}
		if r.Tenant != "" {
			if _, err := entra.ParseTenantID(string(r.Tenant)); err != nil {
				t.Error(err)
			}
		}
		if strings.ContainsAny(r.Error+r.Description+r.Subcode+r.Next, "\r\n\x1b\x00") {
			t.Errorf("not fit for a terminal: %+v", r)
		}
	})
}
