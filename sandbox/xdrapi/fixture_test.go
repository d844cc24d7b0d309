package xdrapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/limit"
	"github.com/tenantry/tenantry/sandbox/token"
	"github.com/tenantry/tenantry/sandbox/world"
	"github.com/tenantry/tenantry/sandbox/xdrapi"
)

const (
	tenantID   = "11111111-1111-4111-8111-111111111111"
	bareTenant = "22222222-2222-4222-8222-222222222222" // no licence
	seedTenant = "33333333-3333-4333-8333-333333333333" // generated incidents
	appID      = "99999999-9999-4999-8999-999999999999"
	analystID  = "44444444-4444-4444-8444-444444444444"
	clerkID    = "55555555-5555-4555-8555-555555555555"
	operatorID = "45454545-4545-4545-8545-454545454545"

	xdrAudience   = "https://api.security.microsoft.com"
	mdeAudience   = "https://api.securitycenter.microsoft.com"
	graphAudience = "https://graph.microsoft.com"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// fixture is a world behind both surfaces, with the journal that judges them.
type fixture struct {
	t       *testing.T
	world   *world.World
	keys    *token.Keys
	journal *journal.Journal
	limits  *limit.Keeper // empty: nothing is limited
	at      time.Time     // what the clock says
	xdr     http.Handler
	graph   http.Handler
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, at: noon}
	now := func() time.Time { return f.at }
	f.world, f.journal, f.limits = world.New(now), journal.New(nil, now), limit.New(limit.Config{Now: now})
	var err error
	if f.keys, err = token.Load("", now); err != nil {
		t.Fatal(err)
	}
	for _, tenant := range []world.Tenant{
		{
			ID: tenantID, Name: "Contoso", Domains: []string{"contoso.example"}, Licences: []string{world.LicenceDefenderXDR},
			Users: []*world.User{
				{ID: analystID, UPN: "ana@contoso.example", Name: "Ana Lyst", Roles: []string{"Security Reader"}},
				{ID: clerkID, UPN: "carl@contoso.example", Name: "Carl Clerk"},
				{ID: operatorID, UPN: "olga@contoso.example", Name: "Olga Operator", Roles: []string{"Security Operator"}},
			},
			Incidents: world.IncidentSource{Recorded: handMade()},
		},
		{ID: bareTenant, Name: "Bare", Domains: []string{"bare.example"}},
		{
			ID: seedTenant, Name: "Seeded", Domains: []string{"seeded.example"}, Licences: []string{world.LicenceDefenderXDR},
			Users: []*world.User{
				{ID: "66666666-6666-4666-8666-666666666661", UPN: "one@seeded.example", Name: "One Person"},
				{ID: "66666666-6666-4666-8666-666666666662", UPN: "two@seeded.example", Name: "Two Person"},
			},
			Incidents: world.IncidentSource{Count: 130, Seed: 7},
		},
	} {
		if _, err := f.world.AddTenant(tenant); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.world.CreateApp(world.App{AppID: appID, DisplayName: "Partner SOC", HomeTenant: tenantID}); err != nil {
		t.Fatal(err)
	}
	api := xdrapi.New(xdrapi.Config{World: f.world, Verifier: f.keys, Limits: f.limits})
	f.xdr, f.graph = f.journal.Middleware(api.XDR()), f.journal.Middleware(api.Graph())
	return f
}

// app signs an application's token.
func (f *fixture) app(tenant, audience string, roles ...string) string {
	return f.sign(audience, map[string]any{"tid": tenant, "oid": "sp", "sub": "sp", "roles": roles})
}

// user signs a user's token.
func (f *fixture) user(tenant, audience, oid string, scopes ...string) string {
	return f.sign(audience, map[string]any{"tid": tenant, "oid": oid, "sub": oid, "scp": strings.Join(scopes, " ")})
}

func (f *fixture) sign(audience string, claims map[string]any) string {
	f.t.Helper()
	all := map[string]any{
		"aud": audience, "iss": "https://sts.windows.net/x/", "appid": appID, "ver": "1.0", "uti": "u",
		"nbf": noon.Add(-time.Minute).Unix(), "iat": noon.Add(-time.Minute).Unix(), "exp": noon.Add(time.Hour).Unix(),
	}
	for k, v := range claims {
		all[k] = v
	}
	header := map[string]any{}
	if strings.Contains(audience, "graph") {
		header["nonce"] = "a-nonce-as-graph-tokens-carry"
	}
	raw, err := f.keys.Sign(header, all)
	if err != nil {
		f.t.Fatal(err)
	}
	return raw
}

// answer is a decoded response.
type answer struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

func (a answer) errorOf(key string) any {
	e, _ := a.body["error"].(map[string]any)
	return e[key]
}

func (a answer) value() []map[string]any {
	var out []map[string]any
	list, _ := a.body["value"].([]any)
	for _, v := range list {
		out = append(out, v.(map[string]any))
	}
	return out
}

func (f *fixture) get(h http.Handler, bearer, url string, headers ...string) answer {
	f.t.Helper()
	return f.do(h, http.MethodGet, bearer, url, headers...)
}

// send sends a body of JSON.
func (f *fixture) send(h http.Handler, method, bearer, url, body string) answer {
	f.t.Helper()
	return f.with(h, method, bearer, url, strings.NewReader(body), "Content-Type", "application/json")
}

func (f *fixture) do(h http.Handler, method, bearer, url string, headers ...string) answer {
	f.t.Helper()
	return f.with(h, method, bearer, url, nil, headers...)
}

func (f *fixture) with(h http.Handler, method, bearer, url string, body io.Reader, headers ...string) answer {
	f.t.Helper()
	r := httptest.NewRequest(method, strings.ReplaceAll(url, " ", "%20"), body)
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	raw, err := io.ReadAll(w.Result().Body)
	if err != nil {
		f.t.Fatal(err)
	}
	out := answer{status: w.Code, header: w.Result().Header, raw: string(raw)}
	if err := json.Unmarshal(raw, &out.body); err != nil {
		f.t.Fatalf("%s %s: not JSON: %s", method, url, raw)
	}
	return out
}

func (f *fixture) lastEvent() journal.Event {
	f.t.Helper()
	events := f.journal.Since(0)
	if len(events) == 0 {
		f.t.Fatal("the journal is empty")
	}
	return events[len(events)-1]
}

// handMade are incidents with everything that makes a difference on the wire.
func handMade() []*world.Incident {
	at := func(minutes int) time.Time {
		return time.Date(2026, 5, 1, 8, minutes, 0, 123456789, time.UTC)
	}
	account := &world.Account{Name: "ana", Domain: "CONTOSO", SID: "S-1-5-21-1", EntraID: analystID, UPN: "ana@contoso.example", Display: "Ana Lyst"}
	box := &world.Device{MDEID: strings.Repeat("ab", 20), EntraID: "77777777-7777-4777-8777-777777777777", Host: "pc1", Domain: "contoso.example", OSPlatform: "Windows11", OSVersion: "23H2", OSBuild: 22631, Health: "active", Risk: "high", Onboarding: "onboarded", AVStatus: "updated", FirstSeen: at(0), LastIP: "10.0.0.5", LoggedOnUser: account}
	exe := world.File{Name: "evil.exe", Path: `C:\Temp`, SHA1: strings.Repeat("1a", 20), SHA256: strings.Repeat("2b", 32), Size: 512, DeviceMDEID: box.MDEID}
	alert := &world.Alert{
		ID: "da637551227677560813_-961444813", IncidentID: 101, ProviderAlertID: "da637551227677560813_-961444813", Title: "Malware ran", Description: "It ran.", Category: "Execution",
		ServiceSource: "microsoftDefenderForEndpoint", DetectionSource: "antivirus", Severity: "high", Status: "inProgress",
		Created: at(1), LastUpdate: at(2), FirstActivity: at(0), LastActivity: at(1), InvestigationState: "partiallyInvestigated",
		Techniques: []string{"T1059.001"}, ThreatFamily: "Emotet",
		Entities: []world.Entity{
			{Kind: world.EntityDevice, Device: box, Verdict: "suspicious", Remediation: "none", Created: at(1)},
			{Kind: world.EntityUser, Account: account, Verdict: "suspicious", Remediation: "active", Created: at(1)},
			{Kind: world.EntityFile, File: &exe, Verdict: "malicious", Remediation: "prevented", Created: at(1)},
			{Kind: world.EntityProcess, Process: &world.Process{ID: 4242, CommandLine: "evil.exe -q", Started: at(1), Image: exe, ParentID: 17, Account: account, DeviceMDEID: box.MDEID}, Verdict: "malicious"},
			{Kind: world.EntityIP, IP: "203.0.113.9", Country: "NL"},
			{Kind: world.EntityURL, URL: "https://evil.example/x"},
			{Kind: world.EntityMailbox, Mailbox: account},
			{Kind: world.EntityMail, Mail: &world.Mail{NetworkMessageID: "88888888-8888-4888-8888-888888888888", Sender: "x@evil.example", Recipient: "ana@contoso.example", Subject: "Invoice", DeliveryAction: "Delivered", Received: at(0), URLs: []string{"https://evil.example/x"}}},
			{Kind: world.EntityRegistry, Registry: &world.Registry{Hive: "HKEY_LOCAL_MACHINE", Key: `SOFTWARE\Run`, ValueName: "evil", ValueType: "String", Value: "evil.exe", DeviceMDEID: box.MDEID}},
			{Kind: world.EntityMailCluster, Cluster: &world.MailCluster{By: "Subject;P2SenderDomain", ByValue: "Invoice;evil.example", Count: 12, NetworkMessageIDs: []string{"88888888-8888-4888-8888-888888888888"}, Query: "Subject:Invoice", URN: "urn:MailClusterEntity:1"}},
			{Kind: world.EntitySecurityGroup, Group: &world.SecurityGroup{ID: "78787878-7878-4878-8878-787878787878", SID: "S-1-5-21-7", Name: "Payroll", DistinguishedName: "CN=Payroll,DC=contoso"}},
			{Kind: world.EntityCloudApp, CloudApp: &world.CloudApp{AppID: 20595, Name: "Storage", SaaSID: 11161, Instance: "Storage of Contoso"}},
			{Kind: world.EntityOAuthApp, OAuthApp: &world.OAuthApp{AppID: "79797979-7979-4979-8979-797979797979", ObjectID: "7a7a7a7a-7a7a-4a7a-8a7a-7a7a7a7a7a7a", Name: "Mail helper", Publisher: "Evil"}},
		},
	}
	cloud := &world.Alert{ID: "dc1", IncidentID: 102, Title: "Cloud", Category: "Impact", ServiceSource: "microsoftDefenderForCloud", DetectionSource: "microsoftDefenderForServers", Severity: "low", Status: "new", Created: at(1), LastUpdate: at(1), FirstActivity: at(1), LastActivity: at(1)}
	return []*world.Incident{
		{ID: 101, Name: "Oldest", Created: at(1), LastUpdate: at(10), Status: "active", Severity: "high", Classification: "unknown", Determination: "unknown", Alerts: []*world.Alert{alert}},
		{ID: 102, Name: "Judged", Created: at(2), LastUpdate: at(20), Status: "resolved", Severity: "medium", Classification: "falsePositive", Determination: "notMalicious", AssignedTo: "ana@contoso.example", Tags: []string{"vip"}, SystemTags: []string{"Defender Experts"}, Comments: []world.Comment{{Text: "checked <ok>", By: "ana", Created: at(15)}}, PriorityScore: 40, Alerts: []*world.Alert{cloud}},
		{ID: 103, Name: "Merged", Created: at(3), LastUpdate: at(30), Status: "redirected", Severity: "low", RedirectTo: 101},
		{ID: 104, Name: "Waiting", Created: at(4), LastUpdate: at(40), Status: "awaitingAction", Severity: "informational", Classification: "truePositive", Determination: "multiStagedAttack"},
	}
}
