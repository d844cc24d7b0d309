package mdeapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/limit"
	"github.com/tenantry/tenantry/sandbox/mdeapi"
	"github.com/tenantry/tenantry/sandbox/token"
	"github.com/tenantry/tenantry/sandbox/world"
)

const (
	tenantID   = "11111111-1111-4111-8111-111111111111"
	otherID    = "22222222-2222-4222-8222-222222222222" // Defender for Endpoint alone
	bareTenant = "33333333-3333-4333-8333-333333333333" // no licence
	analystID  = "44444444-4444-4444-8444-444444444444"
	clerkID    = "55555555-5555-4555-8555-555555555555"
	operatorID = "66666666-6666-4666-8666-666666666666"
	appID      = "99999999-9999-4999-8999-999999999999"
	otherApp   = "88888888-8888-4888-8888-888888888888" // unknown to the world

	mdeAudience = "https://api.securitycenter.microsoft.com"
	xdrAudience = "https://api.security.microsoft.com"

	host       = "https://api.security.microsoft.com"
	machines   = host + "/api/machines"
	actions    = host + "/api/machineactions"
	indicators = host + "/api/indicators"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// everything is what an application needs for all calls.
var everything = []string{"Machine.Read.All", "Machine.Isolate", "Machine.Scan", "Machine.CollectForensics", "Ti.ReadWrite.All"}

// fixture is a world behind the API, with the journal that judges it and a
// clock that stands until it is moved.
type fixture struct {
	t       testing.TB
	world   *world.World
	keys    *token.Keys
	journal *journal.Journal
	limits  *limit.Keeper
	handler http.Handler

	mu    sync.Mutex
	clock time.Time
}

func newFixture(t testing.TB) *fixture { return newLimited(t, nil) }

func newLimited(t testing.TB, rules []limit.Rule) *fixture { return newWith(t, rules, nil) }

// newWith takes the keys, which cost more to make than all the rest; nil makes
// them. Keys of another fixture have that one's clock.
func newWith(t testing.TB, rules []limit.Rule, keys *token.Keys) *fixture {
	t.Helper()
	f := &fixture{t: t, keys: keys, clock: noon}
	f.world, f.journal, f.limits = world.New(f.now), journal.New(nil, f.now), limit.New(limit.Config{Rules: rules, Now: f.now})
	if keys == nil {
		var err error
		if f.keys, err = token.Load("", f.now); err != nil {
			t.Fatal(err)
		}
	}
	for _, tenant := range []world.Tenant{
		{
			ID: tenantID, Name: "Contoso", Domains: []string{"contoso.example"}, Licences: []string{world.LicenceDefenderXDR},
			Users: []*world.User{
				{ID: analystID, UPN: "ana@contoso.example", Name: "Ana Lyst", Roles: []string{"Security Reader"}},
				{ID: operatorID, UPN: "olga@contoso.example", Name: "Olga Perator", Roles: []string{"Security Operator"}},
				{ID: clerkID, UPN: "carl@contoso.example", Name: "Carl Clerk"},
			},
		},
		{ID: otherID, Name: "Fabrikam", Domains: []string{"fabrikam.example"}, Licences: []string{world.LicenceDefenderEndpoint}},
		{ID: bareTenant, Name: "Bare", Domains: []string{"bare.example"}},
	} {
		if _, err := f.world.AddTenant(tenant); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.world.CreateApp(world.App{AppID: appID, DisplayName: "Partner Connector", HomeTenant: tenantID, SignInAudience: world.AudienceMultiple}); err != nil {
		t.Fatal(err)
	}
	f.handler = f.journal.Middleware(mdeapi.New(mdeapi.Config{World: f.world, Verifier: f.keys, Limits: f.limits}).Handler())
	return f
}

func (f *fixture) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.clock
}

func (f *fixture) wait(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clock = f.clock.Add(d)
}

// app signs an application's token for Defender for Endpoint.
func (f *fixture) app(tenant string, roles ...string) string {
	return f.sign(mdeAudience, map[string]any{"tid": tenant, "oid": "sp", "sub": "sp", "roles": roles})
}

// user signs a user's token.
func (f *fixture) user(oid string, scopes ...string) string {
	return f.sign(mdeAudience, map[string]any{"tid": tenantID, "oid": oid, "sub": oid, "scp": strings.Join(scopes, " ")})
}

func (f *fixture) sign(audience string, claims map[string]any) string {
	f.t.Helper()
	now := f.now()
	all := map[string]any{
		"aud": audience, "iss": "https://sts.windows.net/x/", "appid": appID, "ver": "1.0", "uti": "u",
		"nbf": now.Add(-time.Minute).Unix(), "iat": now.Add(-time.Minute).Unix(), "exp": now.Add(24 * time.Hour).Unix(),
	}
	for k, v := range claims {
		all[k] = v
	}
	raw, err := f.keys.Sign(map[string]any{}, all)
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

func (a answer) errorOf(key string) string {
	e, _ := a.body["error"].(map[string]any)
	s, _ := e[key].(string)
	return s
}

func (a answer) value() []map[string]any {
	var out []map[string]any
	list, _ := a.body["value"].([]any)
	for _, v := range list {
		out = append(out, v.(map[string]any))
	}
	return out
}

func (a answer) text(key string) string {
	s, _ := a.body[key].(string)
	return s
}

func (f *fixture) get(bearer, url string) answer {
	f.t.Helper()
	return f.do(http.MethodGet, bearer, url, "")
}

func (f *fixture) post(bearer, url, body string) answer {
	f.t.Helper()
	return f.do(http.MethodPost, bearer, url, body, "Content-Type", "application/json")
}

func (f *fixture) do(method, bearer, url, body string, headers ...string) answer {
	f.t.Helper()
	r := httptest.NewRequest(method, strings.ReplaceAll(url, " ", "%20"), strings.NewReader(body))
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	out := answer{status: w.Code, header: w.Result().Header, raw: w.Body.String()}
	if w.Code == http.StatusNoContent {
		if out.raw != "" {
			f.t.Fatalf("%s %s: a body with 204: %s", method, url, out.raw)
		}
		return out
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out.body); err != nil {
		f.t.Fatalf("%s %s: not JSON: %s", method, url, out.raw)
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

// device finds a machine of the first tenant.
func (f *fixture) device(want func(*world.Device) bool) *world.Device {
	f.t.Helper()
	for _, d := range f.world.Machines(tenantID) {
		if want(d) {
			return d
		}
	}
	f.t.Fatal("no such machine")
	return nil
}

func (f *fixture) workstation() *world.Device {
	return f.device(func(d *world.Device) bool { return d.Online() && d.OSPlatform == "Windows11" })
}
