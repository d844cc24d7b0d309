package entra

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestALateSaveNeverBringsADroppedTokenBack: the saving of the first token ends
// after the drop, and after the next token was saved.
func TestALateSaveNeverBringsADroppedTokenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &slowFirstSave{memoryVault: &memoryVault{}, release: make(chan struct{})}
		s := &service{t: t}
		tokens := s.tokens(func(c *Config) { c.Vault = slow })
		dropped := mustToken(t, tokens, tenantA)
		synctest.Wait() // in the saving
		tokens.Drop(tenantA)
		next := mustToken(t, tokens, tenantA)
		synctest.Wait() // saved
		close(slow.release)
		synctest.Wait()
		switch {
		case slow.entry == nil:
			t.Error("the vault holds nothing")
		case slow.entry.Value.Reveal() == dropped.Reveal():
			t.Error("the vault holds the dropped token")
		case slow.entry.Value.Reveal() != next.Reveal():
			t.Error("the vault holds another token")
		}
	})
}

// slowFirstSave holds up the first saving.
type slowFirstSave struct {
	*memoryVault
	release chan struct{}
	begun   atomic.Bool
}

func (v *slowFirstSave) Save(ctx context.Context, k VaultKey, s StoredToken) error {
	if v.begun.CompareAndSwap(false, true) {
		<-v.release
	}
	return v.memoryVault.Save(ctx, k, s)
}

// TestADropWhileLoadingKeepsNothing: the tenant has no slot yet when it is
// dropped, and the stored token is read before it is removed.
func TestADropWhileLoadingKeepsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stored := StoredToken{Value: NewSecret(appToken(tenantA, xdr().URI)), Asked: time.Now(), Expires: time.Now().Add(time.Hour)}
		v := &loadBeforeForget{memoryVault: &memoryVault{entry: &stored}}
		s := &service{t: t}
		tokens := s.tokens(func(c *Config) { c.Vault = v })
		v.before = func() { mustToken(t, tokens, tenantA) }
		tokens.Drop(tenantA)
		if mustToken(t, tokens, tenantA).Reveal() == stored.Value.Reveal() {
			t.Error("the token of before the drop is handed out after it")
		}
	})
}

// loadBeforeForget lets something happen just before the entries go.
type loadBeforeForget struct {
	*memoryVault
	before func()
}

func (v *loadBeforeForget) Forget(ctx context.Context, k VaultKey) error {
	if f := v.before; f != nil {
		v.before = nil
		f()
	}
	return v.memoryVault.Forget(ctx, k)
}

// TestADroppedTokenStaysDroppedWhenItsSlotIsGone: the vault could not remove
// it, and the cache has forgotten the tenant meanwhile.
func TestADroppedTokenStaysDroppedWhenItsSlotIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{t: t}
		v := &memoryVault{keeps: true}
		tokens := s.tokens(func(c *Config) { c.Vault = v })
		first := mustToken(t, tokens, tenantA)
		synctest.Wait()
		tokens.Drop(tenantA)
		time.Sleep(5 * time.Minute)
		if got := mustToken(t, tokens, tenantA); got.Reveal() == first.Reveal() {
			t.Error("the dropped token came back")
		}
		// Once the vault works again, it is used again.
		synctest.Wait()
		v.mu.Lock()
		v.keeps = false
		v.mu.Unlock()
		tokens.Drop(tenantA)
		if v.entry != nil {
			t.Fatal("the entry was not removed")
		}
		kept := mustToken(t, tokens, tenantA)
		if err := tokens.Close(); err != nil {
			t.Fatal(err)
		}
		again := s.tokens(func(c *Config) { c.Vault = v })
		if mustToken(t, again, tenantA).Reveal() != kept.Reveal() {
			t.Error("the vault is not used any more")
		}
	})
}

// TestFreshDoesNotJoinALookIntoTheVault: what another caller gets from there was
// requested long ago.
func TestFreshDoesNotJoinALookIntoTheVault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stored := StoredToken{Value: NewSecret(appToken(tenantA, xdr().URI)), Asked: time.Now(), Expires: time.Now().Add(time.Hour)}
		v := &slowLoad{memoryVault: &memoryVault{entry: &stored}, delay: time.Second}
		s := &service{t: t}
		tokens := s.tokens(func(c *Config) { c.Vault = v })
		resource := xdr()
		// A caller comes between Fresh's look at the request under way and its
		// own: that is after settle, which finds nothing here.
		var wg sync.WaitGroup
		wg.Go(func() { mustToken(t, tokens, tenantA) })
		synctest.Wait()
		tok, err := tokens.acquireSettled(t.Context(), tenantA, resource)
		if err != nil || tok.Reveal() == stored.Value.Reveal() {
			t.Errorf("Fresh got the stored token (%v)", err)
		}
		wg.Wait()
		if mustToken(t, tokens, tenantA).Reveal() != tok.Reveal() {
			t.Error("the stored token replaced the fresh one")
		}
	})
}

// acquireSettled is Fresh after its wait for the request under way.
func (t *Tokens) acquireSettled(ctx context.Context, tenant TenantID, resource Resource) (Token, error) {
	sh := t.shelf(resource)
	s := sh.find(tenant)
	g, f, err := t.enter(ctx, s, tenant, resource, wish{fresh: true})
	if err != nil || g != nil {
		return Token{g}, err
	}
	return t.await(ctx, s, f, tenant, resource)
}

type slowLoad struct {
	*memoryVault
	delay time.Duration
}

func (v *slowLoad) Load(ctx context.Context, k VaultKey) (StoredToken, error) {
	time.Sleep(v.delay)
	return v.memoryVault.Load(ctx, k)
}

const tenantThrottled = `{"error":"temporarily_unavailable","error_description":"AADSTS90055: throttled","error_codes":[90055]}`

// TestAWaitToldToARenewalIsObeyed: by Fresh at once, by Token when the token
// has come to its end.
func TestAWaitToldToARenewalIsObeyed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := refusals{}
		s := &service{t: t, answer: r.answer}
		tokens := s.tokens(nil)
		mustToken(t, tokens, tenantA)
		mustToken(t, tokens, tenantA)
		r = refusals{429, http.Header{"Retry-After": {"3600"}}, tenantThrottled}
		began := time.Now()
		for s.count() == 1 { // the renewal is refused
			time.Sleep(time.Second)
		}
		told := time.Since(began)
		if _, err := tokens.Fresh(t.Context(), tenantA, xdr()); err == nil || s.count() != 2 {
			t.Errorf("Fresh broke the wait: %v, %d requests", err, s.count())
		}
		mustToken(t, tokens, tenantA) // still good
		time.Sleep(58*time.Minute - told)
		if _, err := tokens.Token(t.Context(), tenantA, xdr()); waitOf(t, err) == 0 || s.count() != 2 {
			t.Errorf("Token broke the wait: %v, %d requests", err, s.count())
		}
		time.Sleep(time.Hour)
		r = refusals{}
		mustToken(t, tokens, tenantA)
	})
}

// TestAChallengeDoesNotBreakAWait that the service asked for.
func TestAChallengeDoesNotBreakAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := refusals{}
		s := &service{t: t, answer: r.answer}
		tokens := s.tokens(nil)
		old := mustToken(t, tokens, tenantA)
		r = refusals{429, http.Header{"Retry-After": {"60"}}, tenantThrottled}
		for range 10 {
			if _, err := tokens.Challenge(t.Context(), old, challengeHeader(nbfClaims)); waitOf(t, err) == 0 {
				t.Error("no wait")
			}
			time.Sleep(time.Second)
		}
		if s.count() != 2 {
			t.Errorf("%d requests, want 2", s.count())
		}
		r = refusals{}
		time.Sleep(time.Minute)
		if tok, err := tokens.Challenge(t.Context(), old, challengeHeader(nbfClaims)); err != nil || tok.Reveal() == old.Reveal() {
			t.Errorf("after the wait: %v", err)
		}
	})
}

// TestACallbackThatEndsItsGoroutineStopsNobody: runtime.Goexit, as by
// testing.T.FailNow in a fake.
func TestACallbackThatEndsItsGoroutineStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := false
		s := &service{t: t, answer: func(_ context.Context, n int, tenant TenantID, _ url.Values) (int, http.Header, string) {
			if !gone {
				gone = true
				runtime.Goexit()
			}
			return 200, nil, goodAnswer(tenant, n, 3599, 0)
		}}
		tokens := s.tokens(func(c *Config) { c.MaxRequests = 1 })
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := tokens.Token(ctx, tenantA, xdr()); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want one that tells what happened", err)
		}
		mustToken(t, tokens, tenantA)
	})
}

// TestAbsurdExpiryIsCut: a time of the far future overflows nothing and is
// kept no longer than any token lives.
func TestAbsurdExpiryIsCut(t *testing.T) {
	for _, on := range []int64{10413792000, 99999999999, maxSeconds} {
		answer := tokenAnswer{ExpiresOn: number{Value: on, Set: true}}
		for _, claims := range []Claims{{}, {Expires: time.Unix(on, 0)}} {
			if !claims.Expires.IsZero() {
				answer = tokenAnswer{}
			}
			expires, ok := answer.expiry(start(), claims)
			if !ok || expires.Sub(start()) != maxLifetime*time.Second {
				t.Errorf("expires_on %d: %s", on, expires)
			}
		}
	}
}

// TestEmptySlotsGo: tenants that were asked for and of which nothing came.
func TestEmptySlotsGo(t *testing.T) {
	slots := func(tokens *Tokens) (n int) {
		for _, sh := range *tokens.shelves.Load() {
			sh.each(func(*slot) { n++ })
		}
		return n
	}
	synctest.Test(t, func(t *testing.T) {
		s := &service{t: t, delay: time.Minute}
		tokens := s.tokens(nil)
		for i := range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			if _, err := tokens.Token(ctx, tenantNumber(i), xdr()); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			cancel()
		}
		time.Sleep(5 * time.Minute)
		if n := slots(tokens); n != 0 {
			t.Errorf("%d slots are left", n)
		}
		tokens.sweeper.mu.Lock()
		defer tokens.sweeper.mu.Unlock()
		if tokens.sweeper.armed {
			t.Error("a timer is left")
		}
	})
}

// TestAnAbandonedFreshDoesNotPutOffTheRenewal that fell due meanwhile.
func TestAnAbandonedFreshDoesNotPutOffTheRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{t: t}
		tokens := s.tokens(nil)
		mustToken(t, tokens, tenantA)
		slot := (*tokens.shelves.Load())[0].find(tenantA)
		time.Sleep(time.Until(time.Unix(0, slot.due.Load())) - time.Second)
		s.slow(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := tokens.Fresh(ctx, tenantA, xdr()); err == nil {
				t.Error("Fresh was answered")
			}
		})
		time.Sleep(2 * time.Second)
		mustToken(t, tokens, tenantA) // the renewal is due
		wg.Wait()
		s.slow(0)
		time.Sleep(time.Minute)
		if tok := mustToken(t, tokens, tenantA); tok.Claims.TokenID == "1" {
			t.Error("the token was not renewed")
		}
	})
}

// TestAnExpiredTokenIsNotHandedOutWhileTheClockIsPutBack: other callers must
// not act on the new time before the kept times have moved with it.
func TestAnExpiredTokenIsNotHandedOutWhileTheClockIsPutBack(t *testing.T) {
	var mu sync.Mutex
	now := start()
	read := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	moving, goOn := make(chan struct{}), make(chan struct{})
	c := &timekeeper{read: read, jumped: func(time.Duration) { close(moving); <-goOn }}
	c.now()
	mu.Lock()
	now = now.Add(-time.Hour)
	mu.Unlock()
	first, second := make(chan int64), make(chan int64)
	go func() { first <- c.now() }()
	<-moving
	go func() { second <- c.now() }()
	select {
	case <-second:
		t.Error("a caller acts on the new time while the times are being moved")
	case <-time.After(50 * time.Millisecond):
	}
	close(goOn)
	<-first
	if !t.Failed() {
		<-second
	}
}

// TestPruneLeavesOthersFilesAlone: a folder may hold more than the vault's.
func TestPruneLeavesOthersFilesAlone(t *testing.T) {
	dir := t.TempDir()
	old := time.Now().Add(-vaultKeep - time.Hour)
	for _, name := range []string{"github.token", "my-folder-of-thirty-two-letters-/x.token"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	ours := filepath.Join(dir, "new-123.token") // left by a crash
	if err := os.WriteFile(ours, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(ours, old, old); err != nil {
		t.Fatal(err)
	}
	openVault(t, dir, vaultSecret)
	if got := vaultFiles(t, dir); len(got) != 2 {
		t.Errorf("files left: %v, want the two of someone else", got)
	}
}

// TestOnlyFilesAreRead: whatever else lies in an entry's place must not hang
// the reader, as a pipe would.
func TestOnlyFilesAreRead(t *testing.T) {
	v := openVault(t, t.TempDir(), vaultSecret)
	k := VaultKey{Tenant: tenantA}
	if err := os.MkdirAll(v.path(k), 0o700); err != nil {
		t.Fatal(err)
	}
	var refused *VaultError
	if _, err := v.Load(t.Context(), k); !errors.As(err, &refused) {
		t.Errorf("error %v, want a VaultError", err)
	}
}

// TestAClockPutBackBetweenAnswerAndCache: the kept times have been moved when
// the token arrives.
func TestAClockPutBackBetweenAnswerAndCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := &jumping{}
		s := &service{t: t}
		tokens := s.tokens(func(c *Config) {
			c.Now = clock.now
			c.Observe = func(e Event) {
				if e.Kind == EventAnswer {
					clock.jump(-10 * time.Hour)
				}
			}
		})
		tok := mustToken(t, tokens, tenantA)
		if left := tok.Expires.Sub(clock.now()); left > time.Hour {
			t.Errorf("the token is good for %s", left)
		}
	})
}
