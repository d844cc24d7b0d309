package sandbox

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/sandbox/fault"
	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/world"
)

func TestReset(t *testing.T) {
	s, _ := product(t, "", Config{Delays: &world.Delays{}, Faults: []fault.Spec{{Kind: fault.Slow, Delay: 1}}})
	bearer := tokenFor(t, s, acme, graphHost)
	newest := func() map[string]any {
		t.Helper()
		items, _ := call(t, s, http.MethodGet, graphHost+"/v1.0/security/incidents?$top=1", bearer, "").list(t)
		return items[0]
	}
	before := newest()
	incident := graphHost + "/v1.0/security/incidents/" + before["id"].(string)
	change := func() {
		t.Helper()
		if r := call(t, s, http.MethodPatch, incident, bearer, `{"assignedTo":"kaic@acme.example"}`); r.status != http.StatusOK {
			t.Fatalf("PATCH: %d %s", r.status, r.body)
		}
		if _, err := s.World().Consent(world.ConsentRequest{TenantID: crow, AppID: productApp}); err != nil {
			t.Fatal(err)
		}
		s.Faults().Clear()
		if _, err := s.Faults().Fail(fault.Scope{Tenant: crow, Count: 1}, 500, fault.BodyOwn, 0); err != nil {
			t.Fatal(err)
		}
	}
	crowKnows := func() bool {
		_, ok := s.World().ServicePrincipal(crow, productApp)
		return ok
	}
	faults := func() (kinds []fault.Kind) {
		for _, f := range s.Faults().List() {
			kinds = append(kinds, f.Kind)
		}
		return kinds
	}

	change()
	if got := newest(); got["assignedTo"] != "kaic@acme.example" || got["lastUpdateDateTime"] == before["lastUpdateDateTime"] || !crowKnows() {
		t.Fatalf("nothing was changed: %v", got)
	}
	if status, text := manage(t, s, http.MethodPost, "/reset", `{"what":"world"}`); status != http.StatusOK || !strings.Contains(text, "world") {
		t.Fatalf("POST /reset: %d %s", status, text)
	}
	if got := newest(); got["assignedTo"] != before["assignedTo"] || got["lastUpdateDateTime"] != before["lastUpdateDateTime"] || crowKnows() {
		t.Errorf("the world is not what it was: %v, before %v", got, before)
	}
	if k := faults(); len(k) != 1 || k[0] != fault.Fail {
		t.Errorf("faults were reset with the world: %v", k)
	}
	if d := s.World().Delays(); d != (world.Delays{}) {
		t.Errorf("delays: %+v", d)
	}

	change()
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	if k := faults(); len(k) != 1 || k[0] != fault.Slow || crowKnows() || newest()["assignedTo"] != before["assignedTo"] {
		t.Errorf("after a whole reset: faults %v", k)
	}
	events := s.Journal().Since(0)
	if events[0].What != "journal.cleared" || events[0].Kind != journal.KindState {
		t.Errorf("the journal begins with %+v", events[0])
	}

	if err := s.Reset("everything"); !errors.As(err, new(*ConfigError)) {
		t.Errorf("an unknown part: %v", err)
	}
	for _, c := range []struct {
		content string
		status  int
	}{
		{`{"what":["journal","limits"]}`, 200}, {`{"what":"all"}`, 200}, {`{"what":"everything"}`, 400}, {`{"what":[]}`, 400}, {`{}`, 400},
		{`{"what":3}`, 400}, {`{"parts":"world"}`, 400}, {`{"what":"world"} {}`, 400}, {`world`, 400},
	} {
		if status, text := manage(t, s, http.MethodPost, "/reset", c.content); status != c.status || (status == 400 && !strings.Contains(text, `"remedy": "`)) {
			t.Errorf("%s: %d %s", c.content, status, text)
		}
	}
}

// TestResetForgetsSignIns: a code of before does not sign in after.
func TestResetForgetsSignIns(t *testing.T) {
	s, _ := product(t, "", Config{})
	first := s.services.Load()
	if err := s.Reset(PartWorld); err != nil {
		t.Fatal(err)
	}
	if s.services.Load() == first || s.services.Load().sts == first.sts {
		t.Error("the token service remembers what was before")
	}
	if bearer := tokenFor(t, s, acme, xdrHost); bearer == "" {
		t.Error("no token after a reset")
	}
}

func TestManagementCallsAreJudged(t *testing.T) {
	s, _ := product(t, "", Config{})
	for _, c := range []struct {
		method, path, content string
		status                int
		part                  string
	}{
		{"PUT", "/delays", `{"consent":"soon"}`, 400, `"field": "consent"`},
		{"PUT", "/delays", `{"credential":"-1s"}`, 400, `"field": "credential"`},
		{"PUT", "/delays", `{"consents":"1s"}`, 400, `"field": "body"`},
		{"GET", "/delays", ``, 200, `"consent": "1s"`},
		{"PUT", "/limits", `{"rules":{"nobodys":{"calls":1}}}`, 400, `nobodys`},
		{"PUT", "/limits", `{"rules":{"nobodys":{"per":"1"}}}`, 400, `rules.nobodys.per`},
		{"PUT", "/servicePrincipals", `{"tenant":"acme.example","app":"Product"}`, 400, `"field": "enabled"`},
		{"PUT", "/servicePrincipals", `{"tenant":"nobody.example","app":"Product","enabled":false}`, 404, `"field": "tenant"`},
		{"PUT", "/servicePrincipals", `{"tenant":"crow.example","app":"Product","enabled":false}`, 404, `"field": "app"`},
		{"POST", "/delays", `{}`, 405, ``},
	} {
		if status, text := manage(t, s, c.method, c.path, c.content); status != c.status || !strings.Contains(text, c.part) {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.content, status, text)
		}
	}
	for _, enabled := range []string{"false", "true"} {
		if status, text := manage(t, s, "PUT", "/servicePrincipals", `{"tenant":"acme.example","app":"product","enabled":`+enabled+`}`); status != 200 {
			t.Fatalf("%d %s", status, text)
		}
		r, err := s.Client().PostForm("https://login.microsoftonline.com/"+acme+"/oauth2/v2.0/token", map[string][]string{
			"scope": {xdrHost + "/.default"}, "client_id": {productApp}, "client_secret": {"not-a-secret"}, "grant_type": {"client_credentials"},
		})
		body(t, r, err)
		if e := last(t, s); (e.AADSTS == 7000112) != (enabled == "false") {
			t.Errorf("enabled %s: %+v", enabled, e)
		}
	}
}

// TestTheWorldLives waits for the journal to tell of what happened by itself.
func TestTheWorldLives(t *testing.T) {
	s := start(t, Config{Rate: 6000})
	seq := uint64(0)
	for happened := 0; happened < 3; {
		events := s.Journal().Wait(t.Context(), seq)
		if len(events) == 0 {
			t.Fatal("nothing happens")
		}
		for _, e := range events {
			if seq = e.Seq; e.Kind == journal.KindState && e.TenantID != "" {
				happened++
			}
		}
	}
	still := start(t, Config{Rate: -1})
	if r := still.rate(); r > 0 {
		t.Errorf("rate %v", r)
	}
	if _, err := New(Config{Rate: 1e9}); !errors.As(err, new(*ConfigError)) {
		t.Errorf("a rate that no world keeps up with: %v", err)
	}
	file, _ := product(t, "rate: 30\n", Config{})
	if r := file.rate(); r != 30 {
		t.Errorf("rate of the file: %v", r)
	}
}

func TestRetiringAPIsAreToldOnce(t *testing.T) {
	told := make(chan Retiring, 10)
	s, _ := product(t, "", Config{OnRetiring: func(r Retiring) { told <- r }})
	ask := func(method, address string) journal.Event {
		t.Helper()
		call(t, s, method, address, "nobody", "")
		return last(t, s)
	}
	for _, c := range []struct {
		method, address, api string
	}{
		{"POST", xdrHost + "/api/advancedhunting/run", "POST /api/advancedhunting/run"},
		{"POST", xdrHost + "/api/v1.0/advancedhunting/run", "POST /api/advancedhunting/run"},
		{"POST", mdeHost + "/api/advancedqueries/run", "POST /api/advancedqueries/run"},
		{"POST", xdrHost + "/api/advancedqueries/run", "POST /api/advancedqueries/run"},
		{"GET", graphHost + "/v1.0/security/alerts", "GET /v1.0/security/alerts"},
		{"GET", graphHost + "/v1.0/security/alerts/7", "GET /v1.0/security/alerts"},
		{"GET", graphHost + "/v1.0/security/alerts_v2", ""},
		{"GET", xdrHost + "/api/incidents", ""},
		{"GET", xdrHost + "/api/advancedhunting/run", ""},
		{"POST", graphHost + "/v1.0/security/runHuntingQuery", ""},
	} {
		e := ask(c.method, c.address)
		note, _ := e.Detail["retiring"].(map[string]any)
		if c.api == "" {
			if note != nil {
				t.Errorf("%s %s: %v", c.method, c.address, note)
			}
			continue
		}
		if note["api"] != c.api || note["successor"] == "" || note["source"] == "" {
			t.Errorf("%s %s: %v", c.method, c.address, note)
		}
		if _, err := time.Parse(time.DateOnly, note["ends"].(string)); err != nil {
			t.Error(err)
		}
	}
	if n := len(told); n != 3 {
		t.Errorf("told %d times, want once for each API", n)
	}
}

// TestDefenderHosts: both APIs are answered at the hosts of both, and told
// apart by the path.
func TestDefenderHosts(t *testing.T) {
	s, _ := product(t, "", Config{})
	machines, incidents := tokenFor(t, s, acme, mdeHost), tokenFor(t, s, acme, xdrHost)
	for _, c := range []struct{ address, bearer, service string }{
		{xdrHost + "/api/machines", machines, "mde"},
		{xdrHost + "/api/v1.0/machines", machines, "mde"},
		{mdeHost + "/api/machines", machines, "mde"},
		{s.Origin() + "/api/machines", machines, "mde"},
		{xdrHost + "/api/machineactions", machines, "mde"},
		{xdrHost + "/api/incidents", incidents, "xdr"},
		{s.Origin() + "/api/incidents", incidents, "xdr"},
	} {
		if r := call(t, s, http.MethodGet, c.address, c.bearer, ""); r.status != http.StatusOK || last(t, s).Service != c.service {
			t.Errorf("%s: %d %.200s, journal %s", c.address, r.status, r.body, last(t, s).Service)
		}
	}
}
