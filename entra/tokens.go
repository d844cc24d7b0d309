package entra

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Protocol is the generation of the token endpoint. It does not decide the
// version of the token: the resource does.
type Protocol int

// The protocols.
const (
	// V2 asks /oauth2/v2.0/token with scope={resource}/.default. The default.
	V2 Protocol = iota
	// V1 asks /oauth2/token with resource={resource}, as Microsoft's Defender
	// samples do.
	V1
)

// String is "v2" or "v1".
func (p Protocol) String() string {
	if p == V1 {
		return "v1"
	}
	return "v2"
}

// Config is what NewTokens needs.
type Config struct {
	Cloud    Cloud
	ClientID string
	// Credential is needed.
	Credential Credential
	// HTTPClient sends the requests; nil means one with a timeout of 30 s that
	// honours HTTPS_PROXY and keeps MaxRequests connections. It is copied;
	// redirects are never followed.
	HTTPClient *http.Client
	Protocol   Protocol
	// Now is the clock; nil means time.Now, which cache hits read at most ten
	// times a second. A clock given here is read at every hit.
	Now func() time.Time

	// MaxRequests bounds the token requests under way at a time, of all
	// tenants together; 0 means 128. A tenant whose requests hang keeps one
	// place. Background renewals use at most three quarters of the places and
	// let callers go first.
	MaxRequests int
	// RefusalTTL is how long a refusal that asking again will not change (no
	// consent, wrong secret, unknown tenant) is answered from memory; 0 means
	// 30 s, a negative value means never. Fresh does not look at it, Drop
	// forgets it.
	RefusalTTL time.Duration
	// LongLived asks for the long-lived tokens of continuous access evaluation
	// (client capability cp1): 20 to 28 hours in place of about one, where the
	// resource supports it, as Microsoft Graph does. Roles are written into a
	// token when it is issued, so new consent stays invisible for up to a day
	// unless Drop or Fresh is called. Answer the resource's claims challenges
	// with Challenge. learn.microsoft.com: "Continuous access evaluation for
	// workload identities".
	LongLived bool
	// Vault, if not nil, keeps tokens beyond the life of the process; see
	// OpenFileVault.
	Vault Vault
	// Observe, if not nil, is told what happens; cache hits are not reported.
	// It is called by many goroutines, never under a lock, and must return
	// soon and not panic.
	Observe func(Event)
}

const (
	defaultMaxRequests = 128
	defaultRefusalTTL  = 30 * time.Second
)

// requestTimeout bounds a token request whatever its callers' contexts say,
// since it lives on while anyone waits for it.
const requestTimeout = 60 * time.Second

// Tokens gets, checks, keeps and renews tokens of one application for any
// number of tenants and resources. It is safe for concurrent use. A token that
// is there is handed out without a lock and without allocating. Tenants do not
// wait for each other: each (tenant, resource) has its own slot, with at most
// one request under way.
//
// Tokens that were used since they came are renewed in the background between
// 55 and 75 % of their life (or at refresh_in). A Tokens that is not used any
// more forgets its tokens as they expire and then has no timer left; Close ends
// it at once.
type Tokens struct {
	shelves atomic.Pointer[[]*shelf]
	clock   timekeeper

	cloud    Cloud
	clientID string
	cred     Credential
	hc       *http.Client
	ownHTTP  *http.Transport // to close, nil if the caller brought a client
	protocol Protocol
	refusal  time.Duration
	long     bool
	vault    Vault
	// unforgotten are the tenants (as keys) whose entries the vault could not
	// remove when they were dropped.
	unforgotten sync.Map
	observer    func(Event)

	gate     *gate
	throttle throttle
	strings  interner
	sweeper  sweeper

	life context.Context // ends with Close
	end  context.CancelCauseFunc

	mu      sync.Mutex // shelves (writing), closed
	closed  bool
	running sync.WaitGroup // goroutines of this Tokens
}

// NewTokens checks the configuration. Errors are [*ConfigError] or
// [*CertificateError] values; no request is made.
func NewTokens(c Config) (*Tokens, error) {
	if err := c.Cloud.validate(); err != nil {
		return nil, err
	}
	id, err := parseClientID(c.ClientID)
	if err != nil {
		return nil, err
	}
	if c.Credential == nil {
		return nil, &ConfigError{Field: "credential", Problem: "is missing", Remedy: "give a client secret, a certificate or a federated assertion"}
	}
	if err := c.Credential.check(); err != nil {
		return nil, err
	}
	if c.Protocol != V1 && c.Protocol != V2 {
		return nil, &ConfigError{Field: "protocol", Problem: "is unknown", Remedy: "use V1 or V2"}
	}
	if c.MaxRequests < 0 {
		return nil, &ConfigError{Field: "max requests", Problem: "is negative", Remedy: "use 0 for the default, or at least 1"}
	}
	if c.MaxRequests == 0 {
		c.MaxRequests = defaultMaxRequests
	}
	if c.RefusalTTL == 0 {
		c.RefusalTTL = defaultRefusalTTL
	}
	t := &Tokens{
		cloud: c.Cloud, clientID: id, cred: c.Credential, protocol: c.Protocol,
		refusal: c.RefusalTTL, long: c.LongLived, vault: c.Vault, observer: c.Observe, gate: newGate(c.MaxRequests),
	}
	if c.HTTPClient == nil {
		t.ownHTTP = newTransport(c.MaxRequests)
		c.HTTPClient = &http.Client{Timeout: defaultTimeout, Transport: t.ownHTTP}
	}
	t.hc = plainClient(c.HTTPClient)
	t.clock.read, t.clock.jumped = c.Now, t.putBack
	t.clock.told = func(back time.Duration) { t.observe(Event{Kind: EventClockPutBack, Wait: back}) }
	t.shelves.Store(new([]*shelf))
	t.life, t.end = context.WithCancelCause(context.Background())
	return t, nil
}

// newTransport keeps as many connections as there may be requests, where
// Go's default keeps two per host.
func newTransport(connections int) *http.Transport {
	tr := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 90 * time.Second}
	tr.MaxIdleConns, tr.MaxIdleConnsPerHost = connections, connections
	return tr
}

// Cloud returns the cloud that tokens come from.
func (t *Tokens) Cloud() Cloud { return t.cloud }

// ClientID returns the application's id, in lower case.
func (t *Tokens) ClientID() string { return t.clientID }

// Token returns a token for the resource in the tenant. One that is in the
// cache is handed out until five minutes before it expires (or for four fifths
// of its life, if that is less), also while it is being renewed. However many
// callers wait at once, one request is made; a caller whose context ends leaves
// without disturbing the others. A token without roles is no error: Microsoft
// Entra ID issues it when nothing was consented, so look at Claims.Roles.
//
// A refusal is answered from memory for a while, see Config.RefusalTTL; so is
// one that asked to wait (HTTP 429 and 503), for as long as it asked; and from
// the second failure in a row on, any other failure, for about 1 s to a minute.
//
// Errors: [*Error] (a refusal), [*ForeignTokenError], [*AnswerError],
// [*ConnectionError], [*ConfigError], [*CertificateError], [ErrClosed], or the
// context's.
func (t *Tokens) Token(ctx context.Context, tenant TenantID, resource Resource) (Token, error) {
	for _, sh := range *t.shelves.Load() {
		if sh.resource.URI != resource.URI {
			continue
		}
		now := t.clock.fast() // before the slot is read: a jump changes slots
		if s := sh.find(tenant); s != nil {
			if g := s.hit(now, &resource); g != nil {
				return Token{g}, nil
			}
		}
		break
	}
	return t.acquire(ctx, tenant, resource, wish{})
}

// Fresh returns a token that was requested after the call of Fresh, for
// example to see roles that have just been granted, and replaces the cached
// one. A request already under way is waited for and not used; callers of
// Fresh who wait at the same time share the next one. It asks again where a
// refusal is remembered, but does not break a wait that the service asked for.
func (t *Tokens) Fresh(ctx context.Context, tenant TenantID, resource Resource) (Token, error) {
	return t.acquire(ctx, tenant, resource, wish{fresh: true})
}

// Drop forgets the tenant's tokens and refusals, in memory and in the vault,
// after a consent change or when an API refuses a token with 401; also a wait
// that the service asked for this tenant, so it is not for loops. A request
// under way still answers its callers, but its token is not kept. What the
// vault cannot remove is not read again by this Tokens.
func (t *Tokens) Drop(tenant TenantID) {
	done, dropped := t.dropSlots(tenant, nil)
	if t.vault != nil && tenant.validate() == nil {
		t.forgetStored(tenant)
		// A slot that was made meanwhile may have read what was stored.
		_, more := t.dropSlots(tenant, done)
		dropped = dropped || more
	}
	if dropped {
		t.observe(Event{Kind: EventDropped, Tenant: tenant})
	}
}

// dropSlots drops what the tenant's slots hold, but for those done already.
func (t *Tokens) dropSlots(tenant TenantID, done []*slot) (all []*slot, dropped bool) {
	for _, sh := range *t.shelves.Load() {
		s := sh.find(tenant)
		if s == nil || slices.Contains(done, s) {
			continue
		}
		s.mu.Lock()
		dropped = dropped || s.current.Load() != nil || s.flight != nil
		s.drop()
		s.mu.Unlock()
		all = append(all, s)
	}
	return all, dropped
}

// Close ends background work and waiting requests, and returns when every
// goroutine of this Tokens has ended. Callers who wait, and later ones, get
// [ErrClosed]. Close may be called more than once.
func (t *Tokens) Close() error {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.end(ErrClosed)
	t.sweeper.stop()
	t.clock.close()
	for _, sh := range *t.shelves.Load() {
		sh.remove(func(s *slot) bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			// The token stays for a saving that is under way: it tells which
			// one is the newest. Nobody finds the slot any more.
			s.flight, s.dead = nil, true
			return true
		})
	}
	t.running.Wait()
	if t.ownHTTP != nil {
		t.ownHTTP.CloseIdleConnections()
	}
	return nil
}

// begin counts a goroutine in, unless Close was called.
func (t *Tokens) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.running.Add(1)
	return true
}

// putBack keeps every token's times right when the local clock was put back.
// It holds up everyone who reads the clock, so it calls nobody's code.
func (t *Tokens) putBack(back time.Duration) {
	t.throttle.putBack(back)
	for _, sh := range *t.shelves.Load() {
		sh.each(func(s *slot) {
			s.mu.Lock()
			s.putBack(back)
			s.mu.Unlock()
		})
	}
}
