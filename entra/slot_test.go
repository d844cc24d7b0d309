package entra

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestManyCallersMakeOneRequest(t *testing.T) {
	release := make(chan struct{})
	arrived := make(chan struct{}, 1)
	l := newLogin(t, func(w http.ResponseWriter, path string, form url.Values) {
		arrived <- struct{}{}
		<-release
		healthy(xdr())(w, path, form)
	})
	tokens := l.tokens(&clock{t: start()}, nil)
	leaderCtx, cancelLeader := context.WithCancel(t.Context())
	leader := make(chan error, 1)
	go func() {
		_, err := tokens.Token(leaderCtx, tenantA, xdr())
		leader <- err
	}()
	<-arrived

	const followers = 50
	var wg sync.WaitGroup
	errs := make(chan error, followers)
	for range followers {
		wg.Go(func() {
			_, err := tokens.Token(t.Context(), tenantA, xdr())
			errs <- err
		})
	}
	s := slotOf(tokens, tenantA, xdr())
	waitFor(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.flight != nil && s.flight.waiters == followers+1
	})
	cancelLeader()
	if err := <-leader; !errors.Is(err, context.Canceled) {
		t.Errorf("leader: %v, want its cancellation", err)
	}
	close(release)
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Errorf("a follower failed with the leader: %v", err)
		}
	}
	if l.count() != 1 {
		t.Errorf("%d requests, want 1", l.count())
	}
}

// waitFor yields until the condition, which other goroutines bring about.
func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatal("the condition did not come about")
		case <-tick.C:
		}
	}
}

func TestAnAbandonedRequestIsCancelledAndNotJoined(t *testing.T) {
	ended, hold := make(chan struct{}), make(chan struct{})
	var requests atomic.Int32
	tr := roundTrip(func(r *http.Request) (*http.Response, error) {
		if requests.Add(1) == 1 {
			<-r.Context().Done()
			close(ended)
			<-hold // the request takes its time to end
			return nil, r.Context().Err()
		}
		return respond(200, "application/json", fmt.Sprintf(`{"token_type":"Bearer","expires_in":3599,"access_token":%q}`, appToken(tenantA, xdr().URI))), nil
	})
	tokens, err := NewTokens(Config{Cloud: Clouds()[0], ClientID: clientID, Credential: ClientSecret(NewSecret(password)), HTTPClient: &http.Client{Transport: tr}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("the user pressed Ctrl-C")
	done := make(chan error, 1)
	go func() { _, err := tokens.Token(ctx, tenantA, xdr()); done <- err }()
	waitFor(t, func() bool {
		s := slotOf(tokens, tenantA, xdr())
		return s != nil && func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.flight != nil }()
	})
	cancel(cause)
	if err := <-done; !errors.Is(err, cause) {
		t.Errorf("error %v, want the context's cause", err)
	}
	<-ended
	next := make(chan error, 1)
	go func() { _, err := tokens.Token(t.Context(), tenantA, xdr()); next <- err }()
	waitFor(t, func() bool { return requests.Load() == 2 })
	if err := <-next; err != nil {
		t.Errorf("the next caller: %v", err)
	}
	close(hold)
}

// slotOf is the slot without making one.
func slotOf(tokens *Tokens, tenant TenantID, resource Resource) *slot {
	return tokens.shelf(resource).find(tenant)
}

// TestANarrowerResourceIsNotGivenTheWiderOnesToken: two callers bring resources
// of one URI, and one of them accepts fewer names.
func TestANarrowerResourceIsNotGivenTheWiderOnesToken(t *testing.T) {
	l := newLogin(t, func(w http.ResponseWriter, path string, _ url.Values) {
		writeToken(w, appToken(tenantOf(path), AppIDDefender))
	})
	tokens := l.tokens(&clock{t: start()}, nil)
	for range 2 { // by a request and by a hit
		if _, err := tokens.Token(t.Context(), tenantA, xdr()); err != nil {
			t.Fatal(err)
		}
	}
	narrow := xdr()
	narrow.Audiences = []string{narrow.URI}
	var foreign *ForeignTokenError
	if _, err := tokens.Token(t.Context(), tenantA, narrow); !errors.As(err, &foreign) {
		t.Errorf("error %v, want a ForeignTokenError", err)
	}
	if tok, err := tokens.Token(t.Context(), tenantA, xdr()); err != nil || tok.Claims.Audience != AppIDDefender {
		t.Errorf("the wider resource lost its token: %v", err)
	}
}

// TestANarrowerResourceJoinsAWiderOnesRequest: the same for a request that is
// under way.
func TestANarrowerResourceJoinsAWiderOnesRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := roundTrip(func(r *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return respond(200, "application/json", fmt.Sprintf(`{"expires_in":3599,"access_token":%q}`, appToken(tenantOf(r.URL.Path), AppIDDefender))), nil
		})
		tokens, err := NewTokens(Config{Cloud: Clouds()[0], ClientID: clientID, Credential: ClientSecret(NewSecret(password)), HTTPClient: &http.Client{Transport: tr}})
		if err != nil {
			t.Fatal(err)
		}
		defer tokens.Close()
		wide := make(chan error, 1)
		go func() { _, err := tokens.Token(t.Context(), tenantA, xdr()); wide <- err }()
		synctest.Wait()
		narrow := xdr()
		narrow.Audiences = nil
		var foreign *ForeignTokenError
		if _, err := tokens.Token(t.Context(), tenantA, narrow); !errors.As(err, &foreign) {
			t.Errorf("error %v, want a ForeignTokenError", err)
		}
		if err := <-wide; err != nil {
			t.Error(err)
		}
	})
}

func TestFreshAndDrop(t *testing.T) {
	var mu sync.Mutex
	role := "Incident.Read.All"
	l := newLogin(t, func(w http.ResponseWriter, path string, form url.Values) {
		mu.Lock()
		defer mu.Unlock()
		writeToken(w, appToken(tenantOf(path), xdr().URI, role))
	})
	tokens := l.tokens(&clock{t: start()}, nil)
	roleOf := func(tok Token, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return tok.Claims.Roles[0]
	}
	roleOf(tokens.Token(t.Context(), tenantA, xdr()))
	mu.Lock()
	role = "Incident.ReadWrite.All"
	mu.Unlock()
	if got := roleOf(tokens.Token(t.Context(), tenantA, xdr())); got != "Incident.Read.All" {
		t.Errorf("Token gave %s, want the cached one", got)
	}
	if got := roleOf(tokens.Fresh(t.Context(), tenantA, xdr())); got != "Incident.ReadWrite.All" {
		t.Errorf("Fresh gave %s", got)
	}
	if got := roleOf(tokens.Token(t.Context(), tenantA, xdr())); got != "Incident.ReadWrite.All" {
		t.Errorf("Token after Fresh gave %s: Fresh did not replace the cached one", got)
	}
	before := l.count()
	tokens.Drop(tenantB) // another tenant, never seen
	roleOf(tokens.Token(t.Context(), tenantA, xdr()))
	if l.count() != before {
		t.Error("dropping another tenant dropped this one")
	}
	tokens.Drop(tenantA)
	roleOf(tokens.Token(t.Context(), tenantA, xdr()))
	if l.count() != before+1 {
		t.Errorf("%d requests after Drop, want %d", l.count(), before+1)
	}
}

func TestDropDuringARequestKeepsNothing(t *testing.T) {
	release, arrived := make(chan struct{}), make(chan struct{}, 4)
	l := newLogin(t, func(w http.ResponseWriter, path string, form url.Values) {
		arrived <- struct{}{}
		<-release
		healthy(xdr())(w, path, form)
	})
	tokens := l.tokens(&clock{t: start()}, nil)
	done := make(chan error, 1)
	go func() { _, err := tokens.Token(t.Context(), tenantA, xdr()); done <- err }()
	<-arrived
	tokens.Drop(tenantA)
	close(release)
	if err := <-done; err != nil {
		t.Fatalf("the caller of before the drop: %v", err)
	}
	if _, err := tokens.Token(t.Context(), tenantA, xdr()); err != nil {
		t.Fatal(err)
	}
	if l.count() != 2 {
		t.Errorf("%d requests, want 2: the token of before the drop was kept", l.count())
	}
}

func TestFreshDoesNotUseARequestThatBeganBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		requests := 0
		tr := roundTrip(func(r *http.Request) (*http.Response, error) {
			requests++
			<-release
			return respond(200, "application/json", fmt.Sprintf(`{"expires_in":3599,"access_token":%q}`, appToken(tenantOf(r.URL.Path), xdr().URI))), nil
		})
		tokens, err := NewTokens(Config{Cloud: Clouds()[0], ClientID: clientID, Credential: ClientSecret(NewSecret(password)), HTTPClient: &http.Client{Transport: tr}})
		if err != nil {
			t.Fatal(err)
		}
		errs := make(chan error, 3)
		go func() { _, err := tokens.Token(t.Context(), tenantA, xdr()); errs <- err }()
		synctest.Wait()
		for range 2 { // both share the one request after the first
			go func() { _, err := tokens.Fresh(t.Context(), tenantA, xdr()); errs <- err }()
		}
		synctest.Wait()
		if requests != 1 {
			t.Errorf("%d requests at a time, want 1", requests)
		}
		release <- struct{}{}
		synctest.Wait()
		release <- struct{}{}
		synctest.Wait()
		if err := errors.Join(<-errs, <-errs, <-errs); err != nil {
			t.Fatal(err)
		}
		if requests != 2 {
			t.Errorf("%d requests, want 2", requests)
		}
	})
}

// TestTenantsAreNeverMixedUp lets many callers ask for many tenants at once.
func TestTenantsAreNeverMixedUp(t *testing.T) {
	tr := roundTrip(func(r *http.Request) (*http.Response, error) {
		return respond(200, "application/json", fmt.Sprintf(`{"expires_in":301,"access_token":%q}`, appToken(tenantOf(r.URL.Path), xdr().URI))), nil
	})
	c := &clock{t: start()}
	tokens, err := NewTokens(Config{Cloud: Clouds()[0], ClientID: clientID, Credential: ClientSecret(NewSecret(password)), HTTPClient: &http.Client{Transport: tr}, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for i := range 200 {
				id := TenantID(fmt.Sprintf("%08x-0000-4000-8000-000000000001", (i*7+g)%40))
				var tok Token
				var err error
				switch i % 10 {
				case 3:
					tokens.Drop(id)
					tok, err = tokens.Token(t.Context(), id, xdr())
				case 7:
					tok, err = tokens.Fresh(t.Context(), id, xdr())
				default:
					tok, err = tokens.Token(t.Context(), id, xdr())
				}
				c.add(time.Millisecond * 50)
				if err != nil || tok.Tenant != id || tok.Claims.TenantID != string(id) || !strings.Contains(tok.Reveal(), ".") {
					t.Errorf("asked %s, got %s: %v", id, tok.Claims.TenantID, err)
					return
				}
			}
		})
	}
	wg.Wait()
}
