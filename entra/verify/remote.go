package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// How long keys are used, and how often they are asked for. Microsoft's page
// "Signing key rollover" asks for a refresh every 24 hours and on an unknown
// key id; the limits keep a stream of made-up ids from becoming a stream of
// requests.
const (
	freshFor     = 24 * time.Hour   // keys younger than this are not asked for again, unless an id is unknown
	usableFor    = 72 * time.Hour   // older keys are not used even if the authority cannot be reached
	refetchAfter = time.Minute      // between two successful requests
	retryAfter   = 10 * time.Second // between two requests when the last one failed
	fetchTimeout = 30 * time.Second
)

// RemoteKeys are the keys of one authority, read from its key endpoint and
// kept. It is safe for concurrent use; however many callers wait for keys, one
// request is made.
type RemoteKeys struct {
	source string
	hc     *http.Client
	now    func() time.Time
	err    error // of construction

	flight singleflight.Group

	mu      sync.Mutex
	set     KeySet
	fetched time.Time // of set
	tried   time.Time // last request
	failure error     // of the last request
}

// NewRemoteKeys reads keys from authority, an https URL with a tenant or
// "common" as its path, such as https://login.microsoftonline.com/common. The
// keys come from its version 2.0 key endpoint, whose keys name the issuer they
// may sign for. Redirects are not followed. hc nil means a client with default
// settings, now nil means [time.Now]. An authority that is not usable is
// reported by the first call of Key.
func NewRemoteKeys(authority string, hc *http.Client, now func() time.Time) *RemoteKeys {
	if hc == nil {
		hc = &http.Client{}
	}
	if now == nil {
		now = time.Now
	}
	own := *hc
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	own.Jar = nil
	r := &RemoteKeys{hc: &own, now: now}
	u, err := url.Parse(authority)
	switch {
	case err != nil:
		r.source, r.err = "the configured authority", errors.New("the authority is not a URL")
	case u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		r.source, r.err = "the configured authority", errors.New("the authority must be https://host/tenant without user, query and fragment")
	case strings.Count(strings.Trim(u.Path, "/"), "/") != 0 || strings.Trim(u.Path, "/") == "":
		r.source, r.err = "https://"+u.Host, errors.New("the authority must end in a tenant id or common, as in https://login.microsoftonline.com/common")
	default:
		r.source = "https://" + u.Host + "/" + url.PathEscape(strings.Trim(u.Path, "/")) + "/discovery/v2.0/keys"
	}
	return r
}

// Key implements [Keys].
func (r *RemoteKeys) Key(ctx context.Context, id string) (Key, error) {
	if r.err != nil {
		return Key{}, &KeySourceError{Source: r.source, Err: r.err}
	}
	set, age := r.current()
	if age < freshFor {
		if key, err := set.Key(ctx, id); err == nil {
			return key, nil
		}
	}
	if err := r.refresh(ctx); err != nil {
		return Key{}, err
	}
	set, age = r.current()
	if age >= usableFor {
		return Key{}, &KeySourceError{Source: r.source, Err: r.lastFailure()}
	}
	return set.Key(ctx, id)
}

// current returns the kept keys and their age; without any, an age beyond use.
func (r *RemoteKeys) current() (KeySet, time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fetched.IsZero() {
		return KeySet{}, usableFor
	}
	// A clock that was set back must not make old keys young for ever.
	return r.set, r.now().Sub(r.fetched).Abs()
}

func (r *RemoteKeys) lastFailure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failure != nil {
		return r.failure
	}
	return errors.New("the keys are too old to be used")
}

// due says whether another request may be made now.
func (r *RemoteKeys) due() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	pause := refetchAfter
	if r.failure != nil {
		pause = retryAfter
	}
	return r.tried.IsZero() || r.now().Sub(r.tried).Abs() >= pause
}

// refresh makes at most one request for all callers that wait. A caller that
// gives up does not end the request for the others. The outcome is kept in r;
// the error is only the caller's own.
func (r *RemoteKeys) refresh(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return &KeySourceError{Source: r.source, Err: err}
	}
	done := r.flight.DoChan("", func() (any, error) {
		if !r.due() {
			return nil, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		set, err := r.fetch(ctx)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.tried, r.failure = r.now(), err
		if err == nil {
			r.set, r.fetched = set, r.tried
		}
		return nil, nil
	})
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return &KeySourceError{Source: r.source, Err: ctx.Err()}
	}
}

func (r *RemoteKeys) fetch(ctx context.Context) (KeySet, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.source, nil)
	if err != nil {
		return KeySet{}, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := r.hc.Do(req)
	if err != nil {
		var u *url.Error // its text repeats the URL, which KeySourceError names already
		if errors.As(err, &u) {
			err = u.Err
		}
		return KeySet{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return KeySet{}, fmt.Errorf("HTTP status %d: redirects are not followed for keys", resp.StatusCode)
	}
	if resp.StatusCode != http.StatusOK {
		return KeySet{}, fmt.Errorf("HTTP status %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxJWKS+1))
	if err != nil {
		return KeySet{}, err
	}
	return ParseJWKS(body)
}
