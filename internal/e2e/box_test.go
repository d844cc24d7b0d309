package e2e

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/sandbox"
	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/world"
)

// clock is a time that passes only when everybody who works by it waits: then
// it is the earliest moment that anybody waits for. Without [clock.work] whoever
// waits is taken for the only one.
type clock struct {
	mu      sync.Mutex
	now     time.Time
	busy    int
	waiting []*sleeper
}

type sleeper struct {
	until time.Time
	woken chan struct{}
}

// newClock starts at the true time, so that certificates are valid.
func newClock() *clock { return &clock{now: time.Now().UTC().Truncate(time.Second)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Sleep waits for d by this clock.
func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.mu.Lock()
	s := &sleeper{c.now.Add(max(d, 0)), make(chan struct{})}
	c.waiting = append(c.waiting, s)
	c.busy--
	c.turn()
	c.mu.Unlock()
	<-s.woken
	return nil
}

// turn wakes who waits for the earliest moment when nobody is busy.
func (c *clock) turn() {
	if c.busy > 0 || len(c.waiting) == 0 {
		return
	}
	first := 0
	for i, s := range c.waiting {
		if s.until.Before(c.waiting[first].until) {
			first = i
		}
	}
	s := c.waiting[first]
	c.waiting = slices.Delete(c.waiting, first, first+1)
	if s.until.After(c.now) {
		c.now = s.until
	}
	c.busy++
	close(s.woken)
}

// work runs n workers by this clock and waits for them.
func (c *clock) work(n int, f func(worker int)) {
	c.mu.Lock()
	c.busy += n
	c.mu.Unlock()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			f(i)
			c.mu.Lock()
			defer c.mu.Unlock()
			c.busy--
			c.turn()
		})
	}
	all.Wait()
}

// pass lets time pass while nobody waits.
func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// The world of the tests that judge from outside: one app with every role in
// two tenants, and in a third without consent yet.
const (
	boxWorld = `
tenants:
  - {name: Partner, id: 90000000-0000-4000-8000-000000000000, domains: [partner.example]}
  - {name: Acme, id: 90000000-0000-4000-8000-000000000001, domains: [acme.example], incidents: {count: 30, seed: 7}, standaloneAlerts: 3}
  - {name: Bolt, id: 90000000-0000-4000-8000-000000000002, domains: [bolt.example], incidents: {count: 12, seed: 8}}
  - {name: Crow, id: 90000000-0000-4000-8000-000000000003, domains: [crow.example], incidents: {count: 4, seed: 9}}
  - {name: Same, id: 90000000-0000-4000-8000-000000000004, domains: [same.example], incidents: {count: 90, seed: 10, equalTimestamps: true}}
apps:
  - displayName: Outside
    appId: 99999999-0000-4000-8000-000000000000
    secrets: [{name: one, value: not-a-secret}]
    requiredRoles:
      - {resource: graph, roles: [SecurityIncident.ReadWrite.All, SecurityAlert.ReadWrite.All]}
      - {resource: xdr, roles: [Incident.ReadWrite.All]}
      - {resource: mde, roles: [Machine.Read.All, Machine.Isolate, Machine.Scan, Machine.CollectForensics, Ti.ReadWrite.All]}
consents:
  - {tenant: acme.example, app: Outside, roles: all}
  - {tenant: bolt.example, app: Outside, roles: all}
  - {tenant: same.example, app: Outside, roles: all}
`
	boxApp = "99999999-0000-4000-8000-000000000000"
	acme   = "90000000-0000-4000-8000-000000000001"
	bolt   = "90000000-0000-4000-8000-000000000002"
	crow   = "90000000-0000-4000-8000-000000000003"
	same   = "90000000-0000-4000-8000-000000000004"

	graphOrigin = "https://graph.microsoft.com"
	xdrOrigin   = "https://api.security.microsoft.com"
)

// box is a sandbox with the world above, by a clock of the test.
type box struct {
	*sandbox.Sandbox
	clock  *clock
	cloud  entra.Cloud
	tokens *entra.Tokens
}

func newBox(t *testing.T) *box {
	t.Helper()
	b := &box{clock: newClock()}
	spec, err := world.ParseFile([]byte(boxWorld), sandbox.WorldOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	w, err := spec.Build(b.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	if b.Sandbox, err = sandbox.New(sandbox.Config{World: w, Now: b.clock.Now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	if b.cloud, err = entra.CloudByName("public"); err != nil {
		t.Fatal(err)
	}
	b.tokens = b.signIn(t, "not-a-secret", b.Client())
	return b
}

// signIn makes a client of the token service, which remembers no refusals.
func (b *box) signIn(t *testing.T, password string, hc *http.Client) *entra.Tokens {
	t.Helper()
	tokens, err := entra.NewTokens(entra.Config{
		Cloud: b.cloud, ClientID: boxApp, Credential: entra.ClientSecret(entra.NewSecret(password)),
		HTTPClient: hc, Now: b.clock.Now, RefusalTTL: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tokens.Close(); err != nil {
			t.Error(err)
		}
	})
	return tokens
}

func resourceKind(s defender.Surface) entra.ResourceKind {
	switch s {
	case defender.SurfaceXDR:
		return entra.ResourceDefender
	case defender.SurfaceMDE:
		return entra.ResourceEndpoint
	}
	return entra.ResourceGraph
}

// client makes a client of one tenant by the box's clock; what c holds stays.
func (b *box) client(t *testing.T, tenant string, c defender.Config) *defender.Client {
	t.Helper()
	return b.clientOf(t, b.tokens, tenant, c)
}

func (b *box) clientOf(t *testing.T, tokens *entra.Tokens, tenant string, c defender.Config) *defender.Client {
	t.Helper()
	c.Graph, c.XDR, c.MDE = graphOrigin, xdrOrigin, xdrOrigin
	c.Now, c.Sleep = b.clock.Now, b.clock.Sleep
	if c.HTTPClient == nil {
		c.HTTPClient = b.Client()
	}
	c.Token = func(ctx context.Context, s defender.Surface) (string, error) {
		tok, err := tokens.Token(ctx, entra.TenantID(tenant), b.cloud.Resource(resourceKind(s)))
		return tok.Reveal(), err
	}
	out, err := defender.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// requests are the journal's entries of a tenant's calls to the APIs after seq.
func (b *box) requests(tenant string, seq uint64) []journal.Event {
	var all []journal.Event
	for _, e := range b.Journal().Since(seq) {
		if e.Kind == journal.KindRequest && e.TenantID == tenant && e.Service != "sts" {
			all = append(all, e)
		}
	}
	return all
}

// typed returns what an error says is to be done next; "" when no error of its
// chain that has a type of ours says anything.
func typed(err error) string {
	var next interface {
		error
		Next() string
	}
	if errors.As(err, &next) {
		return next.Next()
	}
	return ""
}
