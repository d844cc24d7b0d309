package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/sandbox/fault"
	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/limit"
	"github.com/tenantry/tenantry/sandbox/world"
)

// productWorld has an app with every role that the tests below need, in two
// tenants, and a third that did not consent yet.
const productWorld = `
tenants:
  - {name: Partner, id: 90000000-0000-4000-8000-000000000000, domains: [partner.example]}
  - name: Acme
    id: 90000000-0000-4000-8000-000000000001
    domains: [acme.example]
    users: [{upn: admin@acme.example, roles: [Global Administrator]}]
    incidents: {count: 12, seed: 7}
  - {name: Bolt, id: 90000000-0000-4000-8000-000000000002, domains: [bolt.example], incidents: {count: 4, seed: 8}}
  - {name: Crow, id: 90000000-0000-4000-8000-000000000003, domains: [crow.example], incidents: {count: 4, seed: 9}}
apps:
  - displayName: Product
    appId: 99999999-0000-4000-8000-000000000000
    redirectUris: [https://portal.azure.com]
    secrets: [{name: one, value: not-a-secret}]
    requiredRoles:
      - {resource: graph, roles: [SecurityIncident.ReadWrite.All]}
      - {resource: xdr, roles: [Incident.ReadWrite.All]}
      - {resource: mde, roles: [Machine.Read.All, Machine.Isolate]}
consents:
  - {tenant: acme.example, app: Product, roles: all}
  - {tenant: bolt.example, app: Product, roles: all}
`

const (
	productApp = "99999999-0000-4000-8000-000000000000"
	acme       = "90000000-0000-4000-8000-000000000001"
	bolt       = "90000000-0000-4000-8000-000000000002"
	crow       = "90000000-0000-4000-8000-000000000003"

	graphHost = "https://graph.microsoft.com"
	xdrHost   = "https://api.security.microsoft.com"
	mdeHost   = "https://api.securitycenter.microsoft.com"
)

// clock is moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// product starts a sandbox with the product world and what follows it, by a
// clock that stands still.
func product(t *testing.T, more string, cfg Config) (*Sandbox, *clock) {
	t.Helper()
	c := &clock{now: time.Now().UTC()}
	spec, err := world.ParseFile([]byte(productWorld+more), WorldOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Now = c.Now
	if cfg.World, err = spec.Build(c.Now); err != nil {
		t.Fatal(err)
	}
	return start(t, cfg), c
}

func tokenFor(t *testing.T, s *Sandbox, tenant, resource string) string {
	t.Helper()
	resp, err := s.Client().PostForm("https://login.microsoftonline.com/"+tenant+"/oauth2/v2.0/token", url.Values{
		"scope": {resource + "/.default"}, "client_id": {productApp}, "client_secret": {"not-a-secret"}, "grant_type": {"client_credentials"},
	})
	text := body(t, resp, err)
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || answer.Token == "" {
		t.Fatalf("token of %s for %s: %s", tenant, resource, text)
	}
	return answer.Token
}

type reply struct {
	status int
	header http.Header
	body   string
	err    error
}

func (r reply) list(t *testing.T) (items []map[string]any, next string) {
	t.Helper()
	var p struct {
		Value []map[string]any `json:"value"`
		Next  string           `json:"@odata.nextLink"`
	}
	if err := json.Unmarshal([]byte(r.body), &p); err != nil || r.status != http.StatusOK {
		t.Fatalf("no list: %d %v %.300s", r.status, r.err, r.body)
	}
	return p.Value, p.Next
}

func call(t *testing.T, s *Sandbox, method, address, bearer, content string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	if content != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := s.Client().Do(req)
	if err != nil {
		return reply{err: err}
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(raw), err}
}

// last is the newest request in the journal.
func last(t *testing.T, s *Sandbox) journal.Event {
	t.Helper()
	events := s.Journal().Since(0)
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Kind == journal.KindRequest {
			return events[i]
		}
	}
	t.Fatal("nothing was asked")
	return journal.Event{}
}

func TestPublishedLimitsHoldByDefault(t *testing.T) {
	s, c := product(t, "", Config{})
	bearer, other := tokenFor(t, s, acme, xdrHost), tokenFor(t, s, bolt, xdrHost)
	for i := range 50 {
		if r := call(t, s, http.MethodGet, xdrHost+"/api/incidents?$top=1", bearer, ""); r.status != http.StatusOK {
			t.Fatalf("call %d: %d %s", i+1, r.status, r.body)
		}
	}
	r := call(t, s, http.MethodGet, xdrHost+"/api/incidents?$top=1", bearer, "")
	if r.status != http.StatusTooManyRequests || r.header.Get("Retry-After") != "60" {
		t.Errorf("call 51: %d %v %s", r.status, r.header, r.body)
	}
	if e := last(t, s); e.Status != http.StatusTooManyRequests || e.Operation != "incidents.list" || e.Detail["limit"] == nil {
		t.Errorf("journal: %+v", e)
	}
	if r := call(t, s, http.MethodGet, xdrHost+"/api/incidents?$top=1", other, ""); r.status != http.StatusOK {
		t.Errorf("another tenant: %d %s", r.status, r.body)
	}
	if r := call(t, s, http.MethodGet, graphHost+"/v1.0/security/incidents?$top=1", tokenFor(t, s, acme, graphHost), ""); r.status != http.StatusOK {
		t.Errorf("the other surface: %d %s", r.status, r.body)
	}
	c.pass(time.Minute - 1)
	if r := call(t, s, http.MethodGet, xdrHost+"/api/incidents?$top=1", bearer, ""); r.status != http.StatusTooManyRequests {
		t.Errorf("a moment too early: %d", r.status)
	}
	c.pass(1)
	if r := call(t, s, http.MethodGet, xdrHost+"/api/incidents?$top=1", bearer, ""); r.status != http.StatusOK {
		t.Errorf("after a minute: %d %s", r.status, r.body)
	}
}

func TestLimitsOfOnesOwn(t *testing.T) {
	listed := func(t *testing.T, s *Sandbox, n int) (answered int) {
		t.Helper()
		bearer := tokenFor(t, s, acme, xdrHost)
		for range n {
			if call(t, s, http.MethodGet, xdrHost+"/api/incidents?$top=1", bearer, "").status == http.StatusOK {
				answered++
			}
		}
		return answered
	}
	off, _ := product(t, "", Config{Limits: []limit.Rule{}})
	if n := listed(t, off, 60); n != 60 {
		t.Errorf("off: %d of 60 were answered", n)
	}
	name := limit.Published()[0].Name
	file, _ := product(t, "limits: {"+name+": {calls: 3, per: 1m}}\n", Config{})
	if n := listed(t, file, 5); n != 3 {
		t.Errorf("%s of the file: %d were answered", name, n)
	}
	// By management call, over what it began with, and back by a reset.
	if status, text := manage(t, file, http.MethodPut, "/limits", `{"rules":{"`+name+`":{"calls":4,"per":"2m"}}}`); status != http.StatusOK || !strings.Contains(text, `"per": "2m0s"`) {
		t.Errorf("PUT /limits: %d %s", status, text)
	}
	if n := listed(t, file, 6); n != 4 {
		t.Errorf("by management: %d were answered", n)
	}
	if err := file.Reset(PartLimits); err != nil {
		t.Error(err)
	}
	if n := listed(t, file, 6); n != 3 {
		t.Errorf("after the reset: %d were answered", n)
	}
	if status, _ := manage(t, file, http.MethodPut, "/limits", `{"off":true}`); status != http.StatusOK || listed(t, file, 60) != 60 {
		t.Error("limits cannot be switched off")
	}
	if status, text := manage(t, file, http.MethodGet, "/limits", ""); status != http.StatusOK || !strings.Contains(text, `"rules": []`) {
		t.Errorf("GET /limits: %d %s", status, text)
	}
	if _, err := New(Config{Limits: []limit.Rule{{Name: "x", Service: "xdr"}}}); !errors.As(err, new(*ConfigError)) {
		t.Errorf("a limit of nothing: %v", err)
	}
}

// TestFaultsOfTheAPIs sets each fault for one tenant and one service, and asks
// that service for that tenant, for another, and another service.
func TestFaultsOfTheAPIs(t *testing.T) {
	s, _ := product(t, "", Config{Limits: []limit.Rule{}})
	lists := map[string]string{
		fault.ServiceGraph: graphHost + "/v1.0/security/incidents?$top=4", fault.ServiceXDR: xdrHost + "/api/incidents?$top=4", fault.ServiceMDE: xdrHost + "/api/machines?$top=4",
	}
	audience := map[string]string{fault.ServiceGraph: graphHost, fault.ServiceXDR: xdrHost, fault.ServiceMDE: mdeHost}
	tokens := map[string]string{}
	for service, resource := range audience {
		for _, tenant := range []string{acme, bolt} {
			tokens[service+tenant] = tokenFor(t, s, tenant, resource)
		}
	}
	items := func(r reply) int {
		var p struct{ Value []any }
		if r.err != nil || r.status != http.StatusOK || json.Unmarshal([]byte(r.body), &p) != nil {
			return -1
		}
		return len(p.Value)
	}
	well := func(r reply) bool { return items(r) > 0 && !strings.Contains(r.body, "elsewhere.invalid") }
	for _, c := range []struct {
		spec  string
		judge func(r reply, address string) bool
	}{
		{`"kind":"fail"`, func(r reply, _ string) bool {
			return r.status == 503 && strings.HasPrefix(r.body, `{"error":{"code":"`)
		}},
		{`"kind":"fail","status":502,"body":"html"`, func(r reply, _ string) bool { return r.status == 502 && strings.HasPrefix(r.body, "<html>") }},
		{`"kind":"reset"`, func(r reply, _ string) bool { return r.err != nil && r.status == 0 }},
		{`"kind":"truncate"`, func(r reply, _ string) bool { return r.err != nil && r.status == 200 }},
		{`"kind":"wrongLength"`, func(r reply, _ string) bool { return r.err == nil && r.status == 200 && items(r) < 0 }},
		{`"kind":"cutGzip"`, func(r reply, _ string) bool { return errors.Is(r.err, io.ErrUnexpectedEOF) }},
		{`"kind":"hugeBody","bytes":2000000`, func(r reply, _ string) bool { return len(r.body) == 2_000_000 && items(r) > 0 }},
		{`"kind":"throttle"`, func(r reply, _ string) bool {
			return r.status == 429 && r.header.Get("Retry-After") == "60" && strings.Contains(r.body, `"TooManyRequests"`)
		}},
		{`"kind":"portal"`, func(r reply, _ string) bool { return r.status == 200 && items(r) < 0 }},
		{`"kind":"shrink"`, func(r reply, _ string) bool { return items(r) == 2 }},
		{`"kind":"loop"`, func(r reply, address string) bool {
			return items(r) > 0 && strings.Contains(r.body, `"@odata.nextLink":"`+address+`"`)
		}},
		{`"kind":"foreignLink"`, func(r reply, _ string) bool {
			return items(r) > 0 && strings.Contains(r.body, `"@odata.nextLink":"https://graph.elsewhere.invalid/`)
		}},
	} {
		for _, service := range []string{fault.ServiceGraph, fault.ServiceXDR, fault.ServiceMDE} {
			id := setFault(t, s, `{`+c.spec+`,"services":["`+service+`"],"tenant":"acme.example"}`)
			r := call(t, s, http.MethodGet, lists[service], tokens[service+acme], "")
			if !c.judge(r, lists[service]) {
				t.Errorf("%s of %s: %d %v %v %.300s", c.spec, service, r.status, r.err, r.header, r.body)
			}
			e, _ := struck(t, s, id)
			if e.Service != service || e.TenantID != acme || !strings.HasSuffix(e.Operation, ".list") {
				t.Errorf("%s of %s: journal: %+v", c.spec, service, e)
			}
			for other, address := range lists {
				if other != service && !well(call(t, s, http.MethodGet, address, tokens[other+acme], "")) {
					t.Errorf("%s of %s strikes %s", c.spec, service, other)
				}
			}
			if !well(call(t, s, http.MethodGet, lists[service], tokens[service+bolt], "")) {
				t.Errorf("%s of %s strikes another tenant", c.spec, service)
			}
			if f, _ := s.Faults().Get(id); f.Struck != 1 {
				t.Errorf("%s of %s struck %d times", c.spec, service, f.Struck)
			}
			s.Faults().Remove(id)
		}
	}
}

func TestExpandFailsForOneTenant(t *testing.T) {
	s, _ := product(t, "", Config{Faults: []fault.Spec{{Kind: fault.ExpandFails, Scope: fault.Scope{Tenant: "acme.example"}}}})
	for tenant, want := range map[string]int{acme: http.StatusInternalServerError, bolt: http.StatusOK} {
		bearer := tokenFor(t, s, tenant, graphHost)
		r := call(t, s, http.MethodGet, graphHost+"/v1.0/security/incidents?$expand=alerts", bearer, "")
		if r.status != want {
			t.Errorf("%s with $expand: %d %.200s", tenant, r.status, r.body)
		}
		if r := call(t, s, http.MethodGet, graphHost+"/v1.0/security/incidents", bearer, ""); r.status != http.StatusOK {
			t.Errorf("%s without: %d %.200s", tenant, r.status, r.body)
		}
	}
}

// TestShrunkPagesOfTheRealThing follows the links of Graph, and skips on the
// Defender API, with pages that are always shorter than asked for.
func TestShrunkPagesOfTheRealThing(t *testing.T) {
	s, _ := product(t, `faults: [{kind: shrink, items: 5}, {kind: repeat, services: [graph]}]`+"\n", Config{})
	bearer := tokenFor(t, s, acme, graphHost)
	seen := map[any]int{}
	for address, pages := graphHost+"/v1.0/security/incidents?$top=8&$filter="+url.QueryEscape("severity ne 'unknown'"), 0; address != ""; pages++ {
		if pages > 5 {
			t.Fatal("the pages do not end")
		}
		items, next := call(t, s, http.MethodGet, address, bearer, "").list(t)
		if len(items) > 5 || (next != "" && !strings.Contains(next, "$top=8")) {
			t.Errorf("%d items, next %s", len(items), next)
		}
		for _, i := range items {
			seen[i["id"]]++
		}
		address = next
	}
	twice := 0
	for _, n := range seen {
		if n > 1 {
			twice++
		}
	}
	if len(seen) != 12 || twice == 0 {
		t.Errorf("%d incidents, %d of them twice", len(seen), twice)
	}
	bearer = tokenFor(t, s, acme, xdrHost)
	for got := 0; got < 12; {
		items, _ := call(t, s, http.MethodGet, fmt.Sprintf("%s/api/incidents?$top=10&$skip=%d", xdrHost, got), bearer, "").list(t)
		if len(items) == 0 || len(items) > 5 {
			t.Fatalf("%d items after %d", len(items), got)
		}
		got += len(items)
	}
}

func TestFaultsOfTheBeginningAreJudged(t *testing.T) {
	for _, cfg := range []Config{
		{Faults: []fault.Spec{{Kind: fault.Hang, Scope: fault.Scope{Tenant: "nobody.example"}}}},
		{Faults: []fault.Spec{{Kind: "explode"}}},
	} {
		s, err := New(cfg)
		var wrong *ConfigError
		if !errors.As(err, &wrong) || wrong.Field != "Faults[0]" || wrong.Next() == "" {
			t.Errorf("%v, %v", s, err)
		}
	}
	if _, err := world.ParseFile([]byte("tenants: []\nfaults: [{kind: explode}]\nlimits: {nobodys: {calls: 1, per: 1m}}\n"), WorldOptions()...); err == nil || !strings.Contains(err.Error(), "explode") || !strings.Contains(err.Error(), "nobodys") {
		t.Errorf("a world file with wrong ones: %v", err)
	}
}

func TestNewConsentsAndSecretsTakeASecond(t *testing.T) {
	s, c := product(t, "", Config{})
	w := s.World()
	if _, err := w.Consent(world.ConsentRequest{TenantID: crow, AppID: productApp}); err != nil {
		t.Fatal(err)
	}
	roles := func() []string {
		t.Helper()
		tokenFor(t, s, crow, xdrHost)
		return last(t, s).Roles
	}
	if got := roles(); got != nil {
		t.Errorf("at once: %v", got)
	}
	c.pass(time.Second)
	if got := roles(); !slices.Equal(got, []string{"Incident.ReadWrite.All"}) {
		t.Errorf("after a second: %v", got)
	}
	if status, text := manage(t, s, http.MethodPut, "/delays", `{"credential":"1h"}`); status != http.StatusOK || !strings.Contains(text, `"consent": "1s"`) || !strings.Contains(text, `"credential": "1h0m0s"`) {
		t.Errorf("PUT /delays: %d %s", status, text)
	}
	if _, err := w.UpdateApp(productApp, "app.secret.added", func(a *world.App) error {
		a.Secrets = append(a.Secrets, &world.Secret{KeyID: "two", Value: "also-not-a-secret", End: c.Now().Add(24 * time.Hour)})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	try := func() int {
		resp, err := s.Client().PostForm("https://login.microsoftonline.com/"+acme+"/oauth2/v2.0/token", url.Values{
			"scope": {xdrHost + "/.default"}, "client_id": {productApp}, "client_secret": {"also-not-a-secret"}, "grant_type": {"client_credentials"},
		})
		body(t, resp, err)
		return last(t, s).AADSTS
	}
	if got := try(); got != 7000215 {
		t.Errorf("new secret at once: AADSTS%d", got)
	}
	c.pass(time.Hour)
	if got := try(); got != 0 {
		t.Errorf("after an hour: AADSTS%d", got)
	}
	none, _ := product(t, "", Config{Delays: &world.Delays{}})
	if _, err := none.World().Consent(world.ConsentRequest{TenantID: crow, AppID: productApp}); err != nil {
		t.Fatal(err)
	}
	if tokenFor(t, none, crow, xdrHost); last(t, none).Roles == nil {
		t.Error("without delays a consent is not seen at once")
	}
	if d := func() world.Delays {
		s, _ := product(t, "delays: {consent: 3s, credential: 0s}\n", Config{})
		return s.World().Delays()
	}(); d != (world.Delays{Consent: 3 * time.Second}) {
		t.Errorf("delays of the file: %+v", d)
	}
}
