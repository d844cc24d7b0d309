package entra

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestAHerdMakesOneRequestWhoeverLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{t: t, delay: 300 * time.Millisecond}
		tokens := s.tokens(nil)
		leader, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		var mu sync.Mutex
		failed, tired := 0, 0
		ask := func(ctx context.Context) {
			defer wg.Done()
			tok, err := tokens.Token(ctx, tenantA, xdr())
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Is(err, context.Canceled):
				tired++
			case err != nil || tok.Tenant != tenantA:
				failed++
			}
		}
		wg.Add(1)
		go ask(leader)
		synctest.Wait() // the leader's request is under way
		wg.Add(999)
		for range 999 {
			go ask(t.Context())
		}
		synctest.Wait()
		leave()
		wg.Wait()
		if failed != 0 || tired != 1 || s.count() != 1 {
			t.Errorf("%d failed, %d cancelled, %d requests; want 0, 1, 1", failed, tired, s.count())
		}
	})
}

func TestAHangingTenantDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{t: t, answer: func(ctx context.Context, n int, tenant TenantID, _ url.Values) (int, http.Header, string) {
			if tenant == tenantA {
				<-ctx.Done()
			}
			return 200, nil, goodAnswer(tenant, n, 3599, 0)
		}}
		tokens := s.tokens(nil)
		began := time.Now()
		hung := make(chan error, 1)
		go func() { _, err := tokens.Token(t.Context(), tenantA, xdr()); hung <- err }()
		synctest.Wait()
		for i := range 500 {
			mustToken(t, tokens, tenantNumber(i))
		}
		if d := time.Since(began); d != 0 {
			t.Errorf("others waited %s", d)
		}
		if err := <-hung; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the hanging tenant: %v", err)
		}
		if d := time.Since(began); d != requestTimeout {
			t.Errorf("it hung for %s, want %s", d, requestTimeout)
		}
	})
}

func TestRequestsUnderWayAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 8
		var mu sync.Mutex
		busy, most := 0, 0
		s := &service{t: t, answer: func(ctx context.Context, n int, tenant TenantID, _ url.Values) (int, http.Header, string) {
			mu.Lock()
			busy++
			most = max(most, busy)
			mu.Unlock()
			_ = sleep(ctx, 50*time.Millisecond)
			mu.Lock()
			busy--
			mu.Unlock()
			return 200, nil, goodAnswer(tenant, n, 3599, 0)
		}}
		tokens := s.tokens(func(c *Config) { c.MaxRequests = limit })
		began := time.Now()
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() { mustToken(t, tokens, tenantNumber(i)) })
		}
		wg.Wait()
		if most != limit {
			t.Errorf("at most %d at a time, want %d", most, limit)
		}
		if d, want := time.Since(began), 200/limit*50*time.Millisecond; d != want {
			t.Errorf("%s, want %s", d, want)
		}
	})
}

// TestAQueuedCallerWhoLeavesMakesNoRequest: places are not spent on nobody.
func TestAQueuedCallerWhoLeavesMakesNoRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{t: t, delay: time.Second}
		tokens := s.tokens(func(c *Config) { c.MaxRequests = 1 })
		first := make(chan error, 1)
		go func() { _, err := tokens.Token(t.Context(), tenantA, xdr()); first <- err }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := tokens.Token(ctx, tenantB, xdr()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if err := <-first; err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		if s.count() != 1 {
			t.Errorf("%d requests, want 1", s.count())
		}
		mustToken(t, tokens, tenantB) // and its place is free again
	})
}

func TestCloseEndsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{t: t}
		tokens := s.tokens(nil)
		mustToken(t, tokens, tenantA)
		s.slow(time.Hour)
		waiting := make(chan error, 1)
		go func() { _, err := tokens.Token(t.Context(), tenantB, xdr()); waiting <- err }()
		synctest.Wait()
		if err := tokens.Close(); err != nil {
			t.Error(err)
		}
		if err := <-waiting; !errors.Is(err, ErrClosed) {
			t.Errorf("who waited: %v", err)
		}
		if _, err := tokens.Token(t.Context(), tenantA, xdr()); !errors.Is(err, ErrClosed) {
			t.Errorf("afterwards: %v", err)
		}
		if _, err := tokens.Fresh(t.Context(), tenantB, xdr()); !errors.Is(err, ErrClosed) {
			t.Errorf("Fresh afterwards: %v", err)
		}
		if err := tokens.Close(); err != nil {
			t.Errorf("a second time: %v", err)
		}
	})
}

func TestAHitAllocatesNothing(t *testing.T) {
	for _, n := range []int{1, 1000} {
		f := newHitFixture(t, n)
		i := 0
		if avg := testing.AllocsPerRun(2000, func() {
			if _, err := f.tokens.Token(t.Context(), f.keys[i%n], f.resource); err != nil {
				t.Fatal(err)
			}
			i++
		}); avg != 0 {
			t.Errorf("%d tenants: %v allocations per hit", n, avg)
		}
	}
}
