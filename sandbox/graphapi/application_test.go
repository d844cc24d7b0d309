package graphapi_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/sandbox/world"
)

const partnerApp = `{
	"displayName": "Tenantry", "signInAudience": "AzureADMultipleOrgs", "notes": "kept", "tags": ["a"],
	"web": {"redirectUris": ["https://portal.azure.com"], "homePageUrl": "https://tenantry.example"},
	"requiredResourceAccess": [{"resourceAppId": "8ee8fdad-f234-4243-8f3b-15c294843740", "resourceAccess": [{"id": "a9790345-4595-42e4-971a-ccdc79f19b7c", "type": "Role"}]}]
}`

func TestApplicationLife(t *testing.T) {
	f := newFixture(t)
	bearer := f.asUser(devID, "Application.ReadWrite.All")
	made := f.want(201, "POST", bearer, "/applications", partnerApp)
	id, clientID := made.text("id"), made.text("appId")
	if !world.IsGUID(id) || !world.IsGUID(clientID) || made.text("publisherDomain") != "partner.example" || made.text("@odata.context") != origin+"/v1.0/$metadata#applications/$entity" || !strings.HasSuffix(made.header.Get("Location"), "/applications/"+id) {
		t.Fatalf("%s %v", made.raw, made.header)
	}
	if _, ok := f.world.ServicePrincipal(home, clientID); ok {
		t.Error("creating an application made a service principal")
	}
	a, _ := f.world.App(clientID)
	if a.SignInAudience != world.AudienceMultiple || !cmp.Equal(a.RedirectURIs, []string{"https://portal.azure.com"}) || a.Required[0].Access[0].Type != "Role" {
		t.Errorf("world: %+v", a)
	}
	f.want(204, "PATCH", bearer, "/applications/"+id, `{"displayName":"Second","web":{"redirectUris":["https://a.example","http://localhost:5000/cb"]}}`)
	got := f.want(200, "GET", bearer, "/applications(appId='"+clientID+"')", "")
	web := got.body["web"].(map[string]any)
	if got.text("displayName") != "Second" || got.text("notes") != "kept" || web["homePageUrl"] != "https://tenantry.example" || len(web["redirectUris"].([]any)) != 2 {
		t.Error(got.raw)
	}
	selected := f.want(200, "GET", bearer, "/applications/"+id+"?$select=id,appId", "")
	if d := cmp.Diff(map[string]any{"@odata.context": origin + "/v1.0/$metadata#applications(id,appId)/$entity", "id": id, "appId": clientID}, selected.body); d != "" {
		t.Error(d)
	}
	f.want(204, "DELETE", bearer, "/applications/"+id, "")
	gone := f.want(404, "GET", bearer, "/applications/"+id, "")
	if want := "Resource '" + id + "' does not exist or one of its queried reference-property objects are not present."; gone.message() != want || gone.code() != "Request_ResourceNotFound" {
		t.Error(gone.raw)
	}
}

func TestApplicationBodiesRefused(t *testing.T) {
	f := newFixture(t)
	bearer := f.asApp("Application.ReadWrite.All")
	for _, tt := range []struct{ body, part string }{
		{`{}`, "'displayName'"},
		{`{"displayName":""}`, "'displayName'"},
		{`{"displayName":5}`, "'displayName'"},
		{`{"displayName":"x","nonsense":1}`, "'nonsense'"},
		{`{"DisplayName":"x"}`, "'DisplayName'"},
		{`{"displayName":"x","web":{"nonsense":1}}`, "'web/nonsense'"},
		{`{"displayName":"x","web":{"redirectUris":"https://a.example"}}`, "'web/redirectUris'"},
		{`{"displayName":"x","web":{"redirectUris":["http://a.example"]}}`, "http://a.example"},
		{`{"displayName":"x","web":{"redirectUris":["/relative"]}}`, "/relative"},
		{`{"displayName":"x","appId":"11111111-1111-4111-8111-111111111111"}`, "'appId' is read-only"},
		{`{"displayName":"x","signInAudience":"Everybody"}`, "'signInAudience'"},
		{`{"displayName":"x","passwordCredentials":[{"displayName":"p"}]}`, "service actions"},
		{`{"displayName":"x","requiredResourceAccess":[{"resourceAppId":"x"}]}`, "'requiredResourceAccess/resourceAppId'"},
		{`{"displayName":"x","requiredResourceAccess":[{"resourceAppId":"8ee8fdad-f234-4243-8f3b-15c294843740","resourceAccess":[{"id":"a9790345-4595-42e4-971a-ccdc79f19b7c","type":"Rolle"}]}]}`, "Role or Scope"},
		{`{"displayName":"x","keyCredentials":[{"type":"AsymmetricX509Cert","usage":"Verify","key":"AAAA"}]}`, "invalid certificate"},
		{`{"displayName":"x","keyCredentials":[{"type":"Symmetric","usage":"Verify","key":"AAAA"}]}`, "AsymmetricX509Cert"},
		{`{"displayName":"x","identifierUris":["https://graph.microsoft.com"]}`, "already exists"},
		{`{"displayName":"x","api":{"requestedAccessTokenVersion":3}}`, "requestedAccessTokenVersion"},
		{`[]`, "JSON"},
		{`{`, "JSON"},
		{``, "Empty Payload"},
	} {
		a := f.want(400, "POST", bearer, "/applications", tt.body)
		if !strings.Contains(a.message(), tt.part) {
			t.Errorf("%s: %s, want %q", tt.body, a.raw, tt.part)
		}
	}
	if a := f.want(400, "POST", bearer, "/applications", `{"displayName":"x"}`, "Content-Type", "text/plain"); !strings.Contains(a.message(), "Content-Type") {
		t.Error(a.raw)
	}
	if n := len(f.world.Apps(home)); n != 2 {
		t.Errorf("%d applications after refusals, want 2", n)
	}
}

func TestApplicationList(t *testing.T) {
	f := newFixture(t)
	bearer := f.asApp("Application.ReadWrite.All")
	for i := range 5 {
		f.makeApp(bearer, fmt.Sprintf("Batch %d", i))
	}
	for query, want := range map[string][]string{
		"?$filter=appId eq '" + appID + "'":                           {"Mine"},
		"?$filter=displayName eq 'mine'":                              {"Mine"},
		"?$filter=startswith(displayName,'Batch 1')":                  {"Batch 1"},
		"?$filter=displayName in ('Mine','Peer')&$select=displayName": {"Mine", "Peer"},
		"?$filter=displayName eq 'none'":                              nil,
		"?$orderby=displayName desc&$top=2":                           {"Peer", "Mine"},
		"?$filter=identifierUris/any(u:u eq 'api://x')":               nil,
		"?$filter=signInAudience eq 'AzureADMultipleOrgs'":            {"Mine"},
	} {
		if d := cmp.Diff(want, f.want(200, "GET", bearer, "/applications"+query, "").all("displayName")); d != "" {
			t.Errorf("%s: %s", query, d)
		}
	}
	for query, code := range map[string]string{
		"?$filter=displayName ne 'x'":       "Request_UnsupportedQuery",
		"?$filter=endswith(displayName,'')": "Request_UnsupportedQuery",
		"?$filter=nonsense eq 'x'":          "BadRequest",
		"?$filter=displayName eq":           "BadRequest",
		"?$select=nonsense":                 "BadRequest",
		"?$top=1000":                        "Request_BadRequest",
		"?$top=0":                           "Request_BadRequest",
		"?$skip=1":                          "BadRequest",
		"?$count=true":                      "Request_BadRequest",
		"?$orderby=signInAudience":          "Request_UnsupportedQuery",
		"?$skiptoken=bad!":                  "Directory_ExpiredPageToken",
	} {
		if a := f.want(400, "GET", bearer, "/applications"+query, ""); a.code() != code {
			t.Errorf("%s: %s, want %s", query, a.raw, code)
		}
	}
	counted := f.want(200, "GET", bearer, "/applications?$count=true&$filter=displayName ne 'Mine'", "", "ConsistencyLevel", "eventual")
	if counted.body["@odata.count"] != 6.0 {
		t.Error(counted.raw)
	}
	// Paging sees every object once, also when one before the edge goes away.
	var seen []string
	for next := "/applications?$top=3&$select=id,displayName"; next != ""; {
		a := f.want(200, "GET", bearer, next, "")
		seen = append(seen, a.all("displayName")...)
		if len(seen) == 3 {
			f.want(204, "DELETE", bearer, "/applications/"+f.app.ObjectID, "")
		}
		next = a.text("@odata.nextLink")
	}
	if d := cmp.Diff([]string{"Mine", "Peer", "Batch 0", "Batch 1", "Batch 2", "Batch 3", "Batch 4"}, seen); d != "" {
		t.Error(d)
	}
}

func TestPasswords(t *testing.T) {
	f := newFixture(t)
	bearer := f.asApp("Application.ReadWrite.All")
	path := "/applications/" + f.app.ObjectID
	made := f.want(200, "POST", bearer, path+"/addPassword", `{"passwordCredential":{"displayName":"ci","endDateTime":"2026-06-01T00:00:00Z"}}`)
	secret := made.text("secretText")
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{3}8Q~[A-Za-z0-9_-]{34}$`).MatchString(secret) || made.text("hint") != secret[:3] || made.text("endDateTime") != "2026-06-01T00:00:00Z" || made.body["customKeyIdentifier"] != nil {
		t.Fatal(made.raw)
	}
	a, _ := f.world.App(appID)
	if len(a.Secrets) != 2 || a.Secrets[1].Value != secret {
		t.Error("the world does not hold the secret")
	}
	byDefault := f.want(200, "POST", bearer, path+"/addPassword", "")
	if byDefault.text("endDateTime") != "2028-05-04T12:00:00Z" {
		t.Error("default end is not two years on:", byDefault.text("endDateTime"))
	}
	// A secret's value is told once: not by any GET, not by the journal.
	all := f.want(200, "GET", bearer, path, "").raw + f.want(200, "GET", bearer, "/applications", "").raw +
		f.want(200, "GET", bearer, path+"?$select=passwordCredentials", "").raw + f.want(200, "GET", bearer, "/servicePrincipals", "").raw
	events, err := json.Marshal(f.journal.Since(0))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{secret, byDefault.text("secretText"), "old-secret-value"} {
		if strings.Contains(all, s) || strings.Contains(string(events), s) {
			t.Error("a secret's value is told again")
		}
	}
	if strings.Contains(string(events), bearer) {
		t.Error("a token is in the journal")
	}
	for body, part := range map[string]string{
		`{"passwordCredential":{"endDateTime":"2020-01-01T00:00:00Z"}}`: "end date",
		`{"passwordCredential":{"endDateTime":"tomorrow"}}`:             "Edm.DateTimeOffset",
		`{"passwordCredential":{"nonsense":1}}`:                         "nonsense",
		`{"displayName":"x"}`:                                           "displayName",
	} {
		if a := f.want(400, "POST", bearer, path+"/addPassword", body); !strings.Contains(a.message(), part) {
			t.Errorf("%s: %s", body, a.raw)
		}
	}
	f.want(204, "POST", bearer, path+"/removePassword", `{"keyId":"`+made.text("keyId")+`"}`)
	f.want(404, "POST", bearer, path+"/removePassword", `{"keyId":"`+made.text("keyId")+`"}`)
	f.want(400, "POST", bearer, path+"/removePassword", `{"keyId":"x"}`)
	f.want(404, "POST", bearer, "/applications/"+appID+"/addPassword", "")
	// PATCH may leave secrets out, never bring new ones.
	f.want(400, "PATCH", bearer, path, `{"passwordCredentials":[{"displayName":"new"}]}`)
	f.want(204, "PATCH", bearer, path, `{"passwordCredentials":[]}`)
	if a, _ := f.world.App(appID); len(a.Secrets) != 0 {
		t.Errorf("%d secrets left", len(a.Secrets))
	}
}

func TestKeys(t *testing.T) {
	f := newFixture(t)
	bearer := f.asApp("Application.ReadWrite.All")
	path := "/applications/" + f.app.ObjectID
	first, firstKey := certificate(t)
	second, secondKey := certificate(t)
	credential := func(der string) string {
		return `{"type":"AsymmetricX509Cert","usage":"Verify","displayName":"CN=partner","key":"` + der + `"}`
	}
	proof := func(key any, audience, issuer string, life time.Duration) string {
		t.Helper()
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, nil)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := jwt.Signed(signer).Claims(jwt.Claims{Audience: jwt.Audience{audience}, Issuer: issuer, NotBefore: jwt.NewNumericDate(noon), Expiry: jwt.NewNumericDate(noon.Add(life))}).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	const directory = "00000002-0000-0000-c000-000000000000"
	body := func(proof string) string {
		return `{"keyCredential":` + credential(second) + `,"passwordCredential":null,"proof":"` + proof + `"}`
	}
	// Without a certificate there is nothing to prove possession of.
	f.want(403, "POST", f.asApp(), path+"/addKey", body(proof(firstKey, directory, f.app.ObjectID, time.Minute)))
	f.want(204, "PATCH", bearer, path, `{"keyCredentials":[`+credential(first)+`]}`)
	for _, bad := range []string{
		proof(secondKey, directory, f.app.ObjectID, time.Minute),
		proof(firstKey, "https://graph.microsoft.com", f.app.ObjectID, time.Minute),
		proof(firstKey, directory, appID, time.Minute),
		proof(firstKey, directory, f.app.ObjectID, time.Hour),
		"nonsense",
	} {
		f.want(403, "POST", f.asApp(), path+"/addKey", body(bad))
	}
	// An application rolls its own keys without any permission, not others'.
	f.want(403, "POST", f.asApp(), "/applications/"+f.peer.ObjectID+"/addKey", body("x"))
	added := f.want(200, "POST", f.asApp(), path+"/addKey", body(proof(firstKey, directory, f.app.ObjectID, 10*time.Minute)))
	if !world.IsGUID(added.text("keyId")) || added.text("endDateTime") != "2027-05-04T12:00:00Z" {
		t.Error(added.raw)
	}
	if a, _ := f.world.App(appID); len(a.Keys) != 2 {
		t.Fatalf("%d keys, want 2", len(a.Keys))
	}
	if strings.Contains(f.want(200, "GET", bearer, path, "").raw, second) {
		t.Error("the certificate is told without $select")
	}
	if !strings.Contains(f.want(200, "GET", bearer, path+"?$select=keyCredentials", "").raw, second) {
		t.Error("the certificate is not told with $select=keyCredentials")
	}
	// PATCH replaces the whole list; an id without key keeps that entry.
	f.want(204, "PATCH", bearer, path, `{"keyCredentials":[{"keyId":"`+added.text("keyId")+`","type":"AsymmetricX509Cert","usage":"Verify"}]}`)
	a, _ := f.world.App(appID)
	if len(a.Keys) != 1 || a.Keys[0].KeyID != added.text("keyId") {
		t.Errorf("keys after PATCH: %+v", a.Keys)
	}
	remove := `{"keyId":"` + added.text("keyId") + `","proof":"` + proof(secondKey, directory, f.app.ObjectID, time.Minute) + `"}`
	f.want(204, "POST", f.asApp(), path+"/removeKey", remove)
	f.want(403, "POST", f.asApp(), path+"/removeKey", remove) // nothing left to prove it with
	f.want(400, "PATCH", bearer, path, `{"keyCredentials":[`+strings.Replace(credential(first), `"usage"`, `"endDateTime":"2030-01-01T00:00:00Z","usage"`, 1)+`]}`)
}

func TestFederatedCredentials(t *testing.T) {
	f := newFixture(t)
	bearer := f.asApp("Application.ReadWrite.All")
	path := "/applications/" + f.app.ObjectID + "/federatedIdentityCredentials"
	body := func(name, subject string) string {
		return `{"name":"` + name + `","issuer":"https://idp.example","subject":"` + subject + `","audiences":["api://AzureADTokenExchange"]}`
	}
	made := f.want(201, "POST", bearer, path, body("ci", "repo:one"))
	id := made.text("id")
	for _, by := range []string{"/" + id, "/ci", "(name='ci')"} {
		if a := f.want(200, "GET", bearer, path+by, ""); a.text("subject") != "repo:one" {
			t.Error(by, a.raw)
		}
	}
	f.want(409, "POST", bearer, path, body("ci", "repo:two"))
	f.want(409, "POST", bearer, path, body("ci2", "repo:one"))
	for _, bad := range []string{
		`{"issuer":"https://idp.example","subject":"s","audiences":["a"]}`,
		`{"name":"a b","issuer":"https://idp.example","subject":"s","audiences":["a"]}`,
		`{"name":"` + strings.Repeat("n", 121) + `","issuer":"https://idp.example","subject":"s","audiences":["a"]}`,
		`{"name":"n","issuer":"http://idp.example","subject":"s","audiences":["a"]}`,
		`{"name":"n","issuer":"https://idp.example","subject":"","audiences":["a"]}`,
		`{"name":"n","issuer":"https://idp.example","subject":"s","audiences":[]}`,
		`{"name":"n","issuer":"https://idp.example","subject":"s","audiences":["a","b"]}`,
		`{"name":"n","issuer":"https://idp.example","subject":"s","audiences":["a"],"claims":1}`,
	} {
		f.want(400, "POST", bearer, path, bad)
	}
	f.want(204, "PATCH", bearer, path+"/"+id, `{"subject":"repo:three"}`)
	f.want(400, "PATCH", bearer, path+"/"+id, `{"name":"renamed"}`)
	a, _ := f.world.App(appID)
	if len(a.FICs) != 1 || a.FICs[0].Subject != "repo:three" {
		t.Errorf("world: %+v", a.FICs[0])
	}
	for i := 1; i < 20; i++ {
		f.want(201, "POST", bearer, path, body(fmt.Sprint("n", i), fmt.Sprint("s", i)))
	}
	f.want(400, "POST", bearer, path, body("n20", "s20"))
	if n := len(f.want(200, "GET", bearer, path, "").value()); n != 20 {
		t.Errorf("%d listed, want 20", n)
	}
	f.want(204, "DELETE", bearer, path+"/"+id, "")
	f.want(404, "DELETE", bearer, path+"/"+id, "")
	f.want(403, "POST", f.asApp("Application.Read.All"), path, body("x", "y"))
}
