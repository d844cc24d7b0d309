package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// How long keys are used, and how often they are asked for. Microsoft's page
// "Signing key rollover" asks for a refresh every 24 hours and on an unknown
// key id; the limits keep a stream of made-up ids from becoming a stream of
// requests.
const (
	renewAfter   = 12 * time.Hour   // older keys are renewed while they are used, and nobody waits
	freshFor     = 24 * time.Hour   // older keys are used only if new ones cannot be had soon
	staleWait    = 2 * time.Second  // how long "soon" is
	usableFor    = 72 * time.Hour   // older keys are not used even if the authority cannot be reached
	refetchAfter = time.Minute      // between two successful requests
	retryAfter   = 10 * time.Second // between two requests when the last one failed
	fetchTimeout = 30 * time.Second
)

// RemoteKeys are the keys of one authority, read from its key endpoint and
// kept. It is safe for concurrent use; however many callers wait for keys, one
// request is made. No token decides where keys are asked for, and all of them
// together cause at most one request a minute, or one in 10 seconds after a
// failure (two documents each for NewDiscoveredKeys).
type RemoteKeys struct {
	source   string // URL of the keys, or of the OpenID configuration
	discover string // authority, when the keys are found by its OpenID configuration
	hc       *http.Client
	now      func() time.Time
	err      error // of construction

	flight singleflight.Group
	held   atomic.Pointer[heldKeys]

	mu      sync.Mutex
	began   time.Time // of the request under way; zero without one
	tried   time.Time // last request
	failure error     // of the last request
}

// heldKeys is what one answer gave.
type heldKeys struct {
	set     KeySet
	fetched time.Time
}

var (
	errNotURL   = errors.New("the authority is not a URL")
	errNotPlain = errors.New("the authority must be https://host/tenant: a plain host name, no user, query or fragment")
	errNoTenant = errors.New("the authority must end in a tenant id or common, as in https://login.microsoftonline.com/common")
	errNoAnswer = errors.New("the authority has not answered in time")
)

// NewRemoteKeys reads keys from authority, an https URL with a tenant or
// "common" as its path, such as https://login.microsoftonline.com/common. The
// keys come from its version 2.0 key endpoint, whose keys name the issuer they
// may sign for. Redirects are not followed. hc nil means a client with default
// settings, now nil means [time.Now]. An authority that is not usable is
// reported by the first call of Key.
//
// Keys are renewed in the background after 12 hours of age, and at once, but
// not more than once a minute, when a token names a key that is not there.
// While the authority is down, keys up to 72 hours old go on being used.
func NewRemoteKeys(authority string, hc *http.Client, now func() time.Time) *RemoteKeys {
	return newRemoteKeys(authority, "/discovery/v2.0/keys", hc, now)
}

// NewDiscoveredKeys is [NewRemoteKeys] for an authority whose keys are not at
// Entra's usual place: its OpenID configuration says where they are. What that
// document may say is told at [ParseDiscovery].
func NewDiscoveredKeys(authority string, hc *http.Client, now func() time.Time) *RemoteKeys {
	r := newRemoteKeys(authority, "/v2.0/.well-known/openid-configuration", hc, now)
	r.discover = authority
	return r
}

func newRemoteKeys(authority, path string, hc *http.Client, now func() time.Time) *RemoteKeys {
	if hc == nil {
		hc = &http.Client{}
	}
	if now == nil {
		now = time.Now
	}
	own := *hc
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	own.Jar = nil
	// Ages are counted by the wall clock: the monotonic one stands still while a
	// machine sleeps.
	wall := func() time.Time { return now().Round(0) }
	r := &RemoteKeys{hc: &own, now: wall, source: "the configured authority"}
	host, tenant, err := splitAuthority(authority)
	if err != nil {
		r.err = err
		return r
	}
	r.source = "https://" + host + "/" + url.PathEscape(tenant) + path
	return r
}

// Key implements [Keys].
func (r *RemoteKeys) Key(ctx context.Context, id string) (Key, error) {
	if r.err != nil {
		return Key{}, &KeySourceError{Source: r.source, Err: r.err}
	}
	wait := fetchTimeout + staleWait // a request ends before that by itself
	if h, age := r.current(); age < usableFor {
		if key, err := h.set.Key(ctx, id); err == nil {
			switch {
			case age < renewAfter:
				return key, nil
			case age < freshFor:
				if r.due() {
					r.start(ctx)
				}
				return key, nil
			}
			wait = staleWait
		}
	}
	if err := r.refresh(ctx, wait); err != nil {
		return Key{}, err
	}
	h, age := r.current()
	failure := r.lastFailure()
	if age >= usableFor {
		if failure == nil {
			failure = errNoAnswer
		}
		return Key{}, &KeySourceError{Source: r.source, Err: failure}
	}
	key, err := h.set.Key(ctx, id)
	if err != nil && failure != nil {
		// Whether the authority has such a key by now is not known.
		return Key{}, &KeySourceError{Source: r.source, Err: failure}
	}
	return key, err
}

// current returns the kept keys and their age; without any, an age beyond use.
func (r *RemoteKeys) current() (heldKeys, time.Duration) {
	h := r.held.Load()
	if h == nil {
		return heldKeys{}, usableFor
	}
	// A clock that was set back must not make old keys young for ever.
	return *h, r.now().Sub(h.fetched).Abs()
}

func (r *RemoteKeys) lastFailure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failure
}

// due says whether another request may be made now.
func (r *RemoteKeys) due() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	pause := refetchAfter
	if r.failure != nil {
		pause = retryAfter
	}
	return r.began.IsZero() && (r.tried.IsZero() || r.now().Sub(r.tried).Abs() >= pause)
}

// refresh makes at most one request for all callers that wait, and waits no
// longer than wait counted from the request's beginning. A caller that gives up
// does not end the request for the others. The outcome is kept in r; the error
// is only the caller's own.
func (r *RemoteKeys) refresh(ctx context.Context, wait time.Duration) error {
	if err := ctx.Err(); err != nil {
		return &KeySourceError{Source: r.source, Err: err}
	}
	r.mu.Lock()
	underWay := !r.began.IsZero()
	if underWay {
		wait -= r.now().Sub(r.began).Abs()
	}
	r.mu.Unlock()
	if wait <= 0 || !underWay && !r.due() {
		return nil
	}
	patience := time.NewTimer(wait)
	defer patience.Stop()
	select {
	case <-r.start(ctx):
		return nil
	case <-patience.C:
		return nil
	case <-ctx.Done():
		return &KeySourceError{Source: r.source, Err: ctx.Err()}
	}
}

// start makes a request unless one is under way or none is due, and returns
// what is closed or sent to when it is done.
func (r *RemoteKeys) start(ctx context.Context) <-chan singleflight.Result {
	return r.flight.DoChan("", func() (any, error) {
		if !r.due() {
			return nil, nil
		}
		r.mu.Lock()
		r.began = r.now()
		r.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		set, err := r.fetch(ctx)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.began, r.tried, r.failure = time.Time{}, r.now(), err
		if err == nil {
			r.held.Store(&heldKeys{set, r.tried})
		}
		return nil, nil
	})
}

func (r *RemoteKeys) fetch(ctx context.Context) (KeySet, error) {
	from := r.source
	if r.discover != "" {
		body, err := r.get(ctx, from, MaxDiscovery)
		if err != nil {
			return KeySet{}, err
		}
		d, err := ParseDiscovery(body, r.discover)
		if err != nil {
			return KeySet{}, err
		}
		from = d.KeysURI
	}
	body, err := r.get(ctx, from, MaxJWKS)
	if err != nil {
		return KeySet{}, err
	}
	return ParseJWKS(body)
}

// get reads one document, one byte more than longest at most.
func (r *RemoteKeys) get(ctx context.Context, from string, longest int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := r.hc.Do(req)
	if err != nil {
		var u *url.Error // its text repeats the URL, which KeySourceError names already
		if errors.As(err, &u) {
			err = u.Err
		}
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return nil, fmt.Errorf("HTTP status %d: redirects are not followed for keys", resp.StatusCode)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("HTTP status %d", resp.StatusCode)
	}
	return io.ReadAll(io.LimitReader(resp.Body, longest+1))
}
