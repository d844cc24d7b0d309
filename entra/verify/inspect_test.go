package verify

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/entra"
)

func inspect(t *testing.T, raw string, opts InspectOptions) Report {
	t.Helper()
	opts.Now = atNoon
	r, err := Inspect(raw, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func graphToken() forge {
	return appV1().head1("nonce", "wYl1k").with(map[string]any{
		"aud": "https://graph.microsoft.com", "roles": []string{"SecurityIncident.Read.All"}, "idtyp": "app", "app_displayname": "Partner\x1b[31m",
	})
}

func TestInspectGood(t *testing.T) {
	opts := InspectOptions{
		Keys:     keySet(t, jwkOf(keyID, templateIssuer, &signingKey().PublicKey)),
		Tenant:   tenantA,
		ClientID: strings.ToUpper(clientID),
		Roles:    []string{"Incident.Read.All", "SecurityIncident.Read.All"},
	}
	token := appV1().token()
	r := inspect(t, token, opts)
	var got []string
	for _, c := range r.Checks {
		got = append(got, c.Name+" "+string(c.Status))
	}
	want := []string{
		"form passed", "header passed", "algorithm passed", "signature passed", "claims passed", "tenant passed",
		"version passed", "issuer passed", "key issuer passed", "lifetime passed", "kind passed", "application passed", "resource passed", "roles passed",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wantWords := []Line{
		{"who", "the application " + clientID + " by itself (an application token)"},
		{"tenant", tenantA},
		{"for", "Microsoft Defender XDR (shown as Microsoft Threat Protection), as " + xdr},
		{"signed in by", "a client secret"},
		{"service principal", objectID + " in that tenant"},
		{"until", "2026-11-22 12:55:00Z, 55 min from now"},
		{"issued", "2026-11-22 11:55:00Z"},
		{"roles", "Incident.Read.All"},
		{"version", "1.0"},
		{"id in the sign-in log", "u0"},
	}
	if diff := cmp.Diff(wantWords, r.Words); diff != "" {
		t.Error(diff)
	}
	wantRoles := []RoleResult{
		{Role: "Incident.Read.All", Status: Passed, Detail: "present"},
		{Role: "SecurityIncident.Read.All", Status: Skipped, Detail: "is a role of Microsoft Graph and comes in a token for that"},
	}
	if diff := cmp.Diff(wantRoles, r.Roles); diff != "" {
		t.Error(diff)
	}
	if !r.OK() || r.Kind != KindApplication || len(r.Notes) != 0 {
		t.Errorf("report %+v", r)
	}
}

// Every case changes one thing and names the one check that must notice, and
// what its words must say.
func TestInspectFinds(t *testing.T) {
	keys := keySet(t, jwkOf(keyID, templateIssuer, &signingKey().PublicKey))
	for _, tt := range []struct {
		name   string
		forge  forge
		opts   InspectOptions
		check  string
		status Status
		detail string
		remedy string
	}{
		{"Graph token, opaque with keys", graphToken(), InspectOptions{Keys: keys}, CheckSignature, Skipped, "opaque to clients", "Call Microsoft Graph"},
		{"nonce in a token that is not for Graph", appV1().head1("nonce", "x"), InspectOptions{Keys: keys}, CheckSignature, Failed, "only tokens for Microsoft Graph have", ""},
		{"no keys", appV1(), InspectOptions{}, CheckSignature, Skipped, "no keys were given", "https://login.microsoftonline.com/" + tenantA + "/discovery/v2.0/keys"},
		{"keys out of reach", appV1(), InspectOptions{Keys: brokenKeys{}}, CheckSignature, Skipped, "no route to host", "can be reached"},
		{"key unknown", appV1().head1("kid", "other"), InspectOptions{Keys: keys}, CheckSignature, Failed, "none of the 1 keys", "Compare the cloud"},
		{"alg none", appV1().head1("alg", "none"), InspectOptions{Keys: keys}, CheckAlgorithm, Failed, `"none"`, "Do not use"},
		{"expired", appV1().with(map[string]any{"iat": noon.Unix() - 7200, "nbf": noon.Unix() - 7200, "exp": noon.Unix() - 3600}), InspectOptions{}, CheckLifetime, Failed, "60 min ago", "new token"},
		{"clock off", appV1().with(map[string]any{"iat": noon.Unix() + 600, "nbf": noon.Unix() + 600}), InspectOptions{}, CheckLifetime, Failed, "10 min in the future", "clock"},
		{"other tenant", appV1(), InspectOptions{Tenant: tenantB}, CheckTenant, Failed, tenantA, "token endpoint of the tenant"},
		{"other client", appV1(), InspectOptions{ClientID: otherApp}, CheckApplication, Failed, clientID, "client id"},
		{"issuer of another cloud", appV2().with(map[string]any{"iss": "https://login.microsoftonline.us/" + tenantA + "/v2.0"}), InspectOptions{}, CheckIssuer, Failed, "usgov-high", "usgov-high"},
		{"resource of another cloud", appV1().with(map[string]any{"aud": "https://api-gov.security.microsoft.us"}), InspectOptions{}, CheckResource, Failed, "usgov-high", "https://api.security.microsoft.com/.default"},
		{"securitycenter for incidents", appV1().with(map[string]any{"aud": "https://api.securitycenter.microsoft.com"}), InspectOptions{Roles: []string{"Incident.Read.All"}}, CheckResource, Failed, "Defender for Endpoint", "scope=https://api.security.microsoft.com/.default"},
		{"windowsatpservice for incidents", appV1().with(map[string]any{"aud": "https://securitycenter.onmicrosoft.com/windowsatpservice"}), InspectOptions{Resource: entra.ResourceDefender}, CheckResource, Failed, "Defender for Endpoint", "resource=https://api.security.microsoft.com"},
		{"windowsatpservice, nothing asked", appV1().with(map[string]any{"aud": "https://securitycenter.onmicrosoft.com/windowsatpservice"}), InspectOptions{}, CheckResource, Info, "/api/incidents refuses it", "https://api.security.microsoft.com/.default"},
		{"Graph for the XDR API", graphToken(), InspectOptions{Resource: entra.ResourceDefender}, CheckResource, Failed, "Microsoft Graph", "api.security.microsoft.com/.default"},
		{"XDR for Graph", appV1(), InspectOptions{Roles: []string{"SecurityIncident.Read.All"}}, CheckResource, Failed, "Microsoft Graph is to be called", "https://graph.microsoft.com/.default"},
		{"Azure CLI's default", appV1().with(map[string]any{"aud": "https://management.core.windows.net/"}), InspectOptions{}, CheckResource, Info, "Azure Resource Manager", "api.security.microsoft.com"},
		{"retired Azure AD Graph", appV1().with(map[string]any{"aud": "00000002-0000-0000-c000-000000000000"}), InspectOptions{}, CheckResource, Info, "retired", "graph.microsoft.com"},
		{"slash at the end is the same resource", appV1().with(map[string]any{"aud": xdr + "/"}), InspectOptions{Resource: entra.ResourceDefender}, CheckResource, Passed, "Defender XDR", ""},
		{"application id as audience", appV2().with(map[string]any{"aud": entra.AppIDDefender}), InspectOptions{Resource: entra.ResourceDefender}, CheckResource, Passed, "Defender XDR", ""},
		{"id token where an API is to be called", idV2(), InspectOptions{Resource: entra.ResourceDefender}, CheckKind, Failed, "id token", "access_token"},
		{"id token, nothing asked", idV2(), InspectOptions{}, CheckKind, Info, "who signed in", ""},
		{"no roles", appV1().with(map[string]any{"roles": nil}), InspectOptions{Roles: []string{"Incident.Read.All"}}, CheckRoles, Failed, "no roles at all", "consent again"},
		{"no roles, nothing asked", appV1().with(map[string]any{"roles": nil}), InspectOptions{}, CheckRoles, Info, "403", "consent again"},
		{"role of the picture in the documentation", appV1(), InspectOptions{Roles: []string{"Incidents.Read.All"}}, CheckRoles, Failed, "Incident.Read.All is meant, which the token has", "Write Incident.Read.All."},
		{"role of the picture, token for Graph", graphToken(), InspectOptions{Roles: []string{"Incidents.Read.All"}}, CheckRoles, Failed, "Incident.Read.All is meant", "Write Incident.Read.All."},
		{"plural of a Graph role", graphToken(), InspectOptions{Roles: []string{"SecurityIncidents.Read.All"}}, CheckRoles, Failed, "SecurityIncident.Read.All is meant, which the token has", "Write"},
		{"role with a typing error", appV1(), InspectOptions{Roles: []string{"Incident.Raed.All"}}, CheckRoles, Failed, "Incident.Read.All is meant", "Write Incident.Read.All."},
		{"role in small letters", appV1(), InspectOptions{Roles: []string{"incident.read.all"}}, CheckRoles, Failed, "Incident.Read.All is meant", "Write"},
		{"delegated name asked for", appV1(), InspectOptions{Roles: []string{"Incident.Read"}}, CheckRoles, Failed, "the application role is Incident.Read.All, which the token has", "Incident.Read.All"},
		{"token with a role in other case", appV1().with(map[string]any{"roles": []string{"incident.read.all"}}), InspectOptions{Roles: []string{"Incident.Read.All"}}, CheckRoles, Failed, "differs in case", "consent"},
		{"user token", userV1(), InspectOptions{Roles: []string{"Incident.Read.All"}}, CheckRoles, Failed, "delegated permission", "client credentials"},
		{"user token without near scope", userV1().with(map[string]any{"scp": "User.Read"}), InspectOptions{Roles: []string{"Incident.Read.All"}}, CheckRoles, Failed, "user's token", "client credentials"},
		{"wider role", appV1().with(map[string]any{"roles": []string{"Incident.ReadWrite.All"}}), InspectOptions{Roles: []string{"Incident.Read.All"}}, CheckRoles, Passed, "every role", ""},
		{"narrower role", appV1(), InspectOptions{Roles: []string{"Incident.ReadWrite.All"}}, CheckRoles, Failed, "Incident.ReadWrite.All missing", "consent"},
		{"role of another resource alone", appV1(), InspectOptions{Roles: []string{"ThreatHunting.Read.All"}}, CheckRoles, Failed, "role of Microsoft Graph", "Ask for a token for Microsoft Graph"},
		{"roles in a claim of the wrong type", appV1().with(map[string]any{"roles": "Incident.Read.All"}), InspectOptions{}, CheckClaims, Failed, "roles is not a list", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := inspect(t, tt.forge.token(), tt.opts)
			c := r.Check(tt.check)
			if c.Status != tt.status || !strings.Contains(c.Detail, tt.detail) || !strings.Contains(c.Remedy, tt.remedy) {
				t.Errorf("check %+v, want status %s, detail with %q, remedy with %q", c, tt.status, tt.detail, tt.remedy)
			}
			for _, c := range r.Failures() {
				if c.Detail == "" || c.Remedy == "" {
					t.Errorf("a failure without detail or remedy: %+v", c)
				}
			}
			if (len(r.Failures()) == 0) != r.OK() {
				t.Error("OK and Failures contradict each other")
			}
		})
	}
}

func TestInspectPeels(t *testing.T) {
	token := appV1().token()
	wrapped := token[:60] + "\r\n  " + token[60:200] + "\n" + token[200:]
	for _, tt := range []struct{ name, raw, note string }{
		{"alone", token, ""},
		{"Bearer", "Bearer " + token, "Bearer"},
		{"bearer in small letters", "bearer   " + token + "\n", "Bearer"},
		{"header line", "Authorization: Bearer " + token, "Authorization"},
		{"quotes", `"` + token + `"`, "quotes"},
		{"typographic quotes around Bearer", "“Bearer " + token + "”", "quotes"},
		{"PowerShell's apostrophes", "'" + token + "'", "quotes"},
		{"wrapped lines", wrapped, "line breaks"},
		{"byte order mark and line break", "\ufeff" + token + "\r\n", "blank space"},
		{"token answer of version 1.0", `{"token_type":"Bearer","expires_in":"3599","resource":"https://api.security.microsoft.com","access_token":"` + token + `"}`, "access_token"},
		{"token answer with an id token", `{"id_token":"` + idV2().token() + `","access_token":"` + token + `"}`, "access_token"},
		{"Azure CLI", "{\n  \"accessToken\": \"" + token + "\",\n  \"expiresOn\": \"2026-11-22 13:00:00.000000\"\n}", "accessToken"},
		{"curl -i", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"access_token\":\"" + token + "\"}", "HTTP answer"},
		{"percent encoding", strings.ReplaceAll(token, ".", "%2E"), "percent"},
		{"form", "token_type=Bearer&access_token=" + url.QueryEscape(token), "access_token"},
		{"fragment of a redirect", "https://localhost/cb#access_token=" + token + "&state=1", "access_token"},
		{"assignment", "token=" + token, "token"},
		{"in a sentence", "here it is: " + token + " thanks", "text around"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := inspect(t, tt.raw, InspectOptions{})
			if r.Claims.TokenID != "u0" || r.Claims.AppID != clientID {
				t.Errorf("claims %+v", r.Claims)
			}
			if notes := strings.Join(r.Notes, "; "); (tt.note == "") != (notes == "") || !strings.Contains(notes, tt.note) {
				t.Errorf("notes %q, want one with %q", notes, tt.note)
			}
		})
	}
}

func TestInspectNotAToken(t *testing.T) {
	token := appV1().token()
	for _, tt := range []struct{ name, raw, kind, detail string }{
		{"empty", " \n", "empty", "empty"},
		{"too long", strings.Repeat("x", maxPasted+1), "too-long", "256 kB"},
		{"error answer", `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: x"}`, "error-answer", "AADSTS7000215: Invalid client secret provided."},
		{"API error", `{"error":{"code":"Unauthorized","message":"Missing roles"}}`, "error-answer", "Unauthorized: Missing roles"},
		{"JSON without token", `{"value":[]}`, "no-token", "without access_token"},
		{"broken JSON", `{"access_token":`, "broken", "not one"},
		{"decoded payload", `{"aud":"x","iss":"y"}`, "no-token", "decoded"},
		{"encrypted", "eyJhbGciOiJSU0EtT0FFUCJ9.AA.AA.AA.AA", "encrypted", "five parts"},
		{"shortened by dots", token[:40] + "...", "cut", "shortened"},
		{"as in the documentation", token[:40] + " <truncated> " + token[80:], "cut", "shortened"},
		{"cut after the header", strings.Split(token, ".")[0], "cut", "1 of its three parts"},
		{"cut after the payload", token[:strings.LastIndex(token, ".")], "cut", "2 of its three parts"},
		{"HTML", "<!DOCTYPE html><html>", "no-token", "HTML"},
		{"GUID", tenantA, "no-token", "GUID"},
		{"private key", "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "no-token", "key or a certificate"},
		{"refresh token", "0.AXkAnb" + strings.Repeat("Q", 60), "opaque", "refresh token"},
		{"client secret", "abc8Q~" + strings.Repeat("x", 34), "no-token", "client secret"},
		{"opaque", "sandbox-opaque-value", "opaque", "no JSON web token"},
		{"three parts of nonsense", "a.b.c", "broken", "base64url"},
		{"header of nonsense", "eyJh.eyJh.AAAA", "broken", "not valid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Inspect(tt.raw, InspectOptions{Now: atNoon})
			var not *NotTokenError
			if !errors.As(err, &not) {
				t.Fatalf("error %v, want *NotTokenError", err)
			}
			if not.Kind != tt.kind || !strings.Contains(not.Detail, tt.detail) || not.Next() == "" {
				t.Errorf("got %+v, want kind %q and a detail with %q", not, tt.kind, tt.detail)
			}
			if leaks(err.Error()+not.Next(), token) {
				t.Errorf("the error repeats the token: %v", err)
			}
		})
	}
}

// A hostile token must not reach the terminal's control sequences.
func TestInspectShowsNoControlCharacters(t *testing.T) {
	f := appV1().with(map[string]any{"roles": []string{"\x1b]0;x\x07"}, "aud": "https://x\u202egpj", "app_displayname": "\r\nroot", "uti": strings.Repeat("u", 5000)})
	r := inspect(t, f.token(), InspectOptions{Roles: []string{"Incident.Read.All"}})
	var text strings.Builder
	for _, l := range r.Words {
		text.WriteString(l.Label + l.Text)
		if len(l.Text) > 600 {
			t.Errorf("%s is %d bytes long", l.Label, len(l.Text))
		}
	}
	for _, c := range r.Checks {
		text.WriteString(c.Detail + c.Remedy)
	}
	if strings.ContainsAny(text.String(), "\x1b\x07\r\n\u202e") {
		t.Errorf("control characters in %q", text.String())
	}
}

func TestNearMiss(t *testing.T) {
	for _, tt := range []struct {
		want string
		have []string
		near string
	}{
		{"Incidents.Read.All", []string{"Incident.ReadWrite.All", "Incident.Read.All"}, "Incident.Read.All"},
		{"Incident.Read.All", []string{"Incidents.Read.All"}, "Incidents.Read.All"},
		{"Incidents.ReadWrite.All", []string{"Incident.Read.All", "Incident.ReadWrite.All"}, "Incident.ReadWrite.All"},
		{"incident.read.all", []string{"Incidents.Read.All", "Incident.Read.All"}, "Incident.Read.All"},
		{"Incident.Read.All", []string{"Incident.Read"}, "Incident.Read"},
		{"Incident.Read", []string{"Incident.Read.All"}, "Incident.Read.All"},
		{"AdvanceHunting.Read.All", []string{"AdvancedHunting.Read.All"}, "AdvancedHunting.Read.All"},
		{"Incident.Raed.All", []string{"Incident.Read.All"}, "Incident.Read.All"},
		{"SecurityIncidents.Read.All", []string{"SecurityAlert.Read.All", "SecurityIncident.Read.All"}, "SecurityIncident.Read.All"},
		{"Incident.Read.All", []string{"Incident.ReadWrite.All", "Alert.Read.All", "Machine.Read.All"}, ""},
		{"Incident.Read.All", []string{"Incident.Read.All"}, ""},
		{"Ti.Read", []string{"Ip.Read"}, ""},
		{"Incident.Read.All", nil, ""},
		{"", []string{"a", ""}, ""},
	} {
		near, ok := NearMiss(tt.want, tt.have)
		if near != tt.near || ok != (tt.near != "") {
			t.Errorf("NearMiss(%q, %q) = %q, %v; want %q", tt.want, tt.have, near, ok, tt.near)
		}
	}
}

func TestJudgeRoles(t *testing.T) {
	claims, err := verifier(t, config(t)).Verify(t.Context(), appV1().token())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range JudgeRoles(claims, entra.Clouds()[0], []string{"Incident.Read.All", "Incidents.Read.All", "AdvancedHunting.Read.All", "SecurityIncident.Read.All"}) {
		got = append(got, r.Role+" "+string(r.Status)+" "+r.Near)
	}
	want := []string{"Incident.Read.All passed ", "Incidents.Read.All failed Incident.Read.All", "AdvancedHunting.Read.All failed ", "SecurityIncident.Read.All skipped "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
