package entra

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// tenantSlots are the slots of one tenant, by resource URI.
type tenantSlots struct {
	mu    sync.RWMutex
	slots map[string]*slot
}

func (ts *tenantSlots) get(uri string) (*slot, bool) {
	ts.mu.RLock()
	defer ts.mu.RUnlock()
	s, ok := ts.slots[uri]
	return s, ok
}

func (ts *tenantSlots) make(uri string) *slot {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	s, ok := ts.slots[uri]
	if !ok {
		if ts.slots == nil {
			ts.slots = make(map[string]*slot)
		}
		s = &slot{}
		ts.slots[uri] = s
	}
	return s
}

func (ts *tenantSlots) drop() {
	ts.mu.RLock()
	defer ts.mu.RUnlock()
	for _, s := range ts.slots {
		s.drop()
	}
}

// slot keeps the token of one (tenant, resource) and its request under way.
// Readers load current without a lock; everything else happens under mu.
type slot struct {
	current atomic.Pointer[Token]

	mu     sync.Mutex
	flight *flight
}

// flight is one request with everyone who waits for it. It runs in a goroutine
// of its own and is cancelled only when the last waiter has left.
type flight struct {
	done    chan struct{}
	token   Token
	err     error
	waiters int // under slot.mu
	cancel  context.CancelCauseFunc
}

// errAbandoned is the cause when the last waiter left; no caller sees it.
var errAbandoned = errors.New("nobody waits for the token any more")

// join waits for the request under way, or starts one. usable, if not nil, is
// asked under the lock whether the cached token will do after all, since it
// may have been stored between the caller's look and now.
func (s *slot) join(ctx context.Context, fetch func(context.Context) (Token, error), usable func(*Token) bool) (Token, error) {
	if err := ctx.Err(); err != nil {
		return Token{}, fmt.Errorf("token: %w", context.Cause(ctx))
	}
	s.mu.Lock()
	if usable != nil {
		if tok := s.current.Load(); tok != nil && usable(tok) {
			s.mu.Unlock()
			return *tok, nil
		}
	}
	f := s.flight
	if f == nil {
		f = s.start(ctx, fetch)
	}
	f.waiters++
	s.mu.Unlock()

	select {
	case <-f.done:
		return f.token, f.err
	case <-ctx.Done():
	}
	s.mu.Lock()
	f.waiters--
	if f.waiters == 0 {
		f.cancel(errAbandoned)
		if s.flight == f {
			s.flight = nil // the next caller must not join a cancelled request
		}
	}
	s.mu.Unlock()
	return Token{}, fmt.Errorf("token: %w", context.Cause(ctx))
}

// start runs fetch. The caller holds mu.
func (s *slot) start(ctx context.Context, fetch func(context.Context) (Token, error)) *flight {
	// The values of the first caller's context (tracing) are kept, its
	// cancellation is not: the others must not fail with it.
	ctx, cancelTime := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
	ctx, cancel := context.WithCancelCause(ctx)
	f := &flight{done: make(chan struct{}), cancel: cancel}
	s.flight = f
	go func() {
		defer cancelTime()
		defer cancel(nil)
		f.token, f.err = guard(ctx, fetch)
		s.mu.Lock()
		// After Drop the slot has forgotten the flight: do not keep its token.
		if s.flight == f {
			s.flight = nil
			if f.err == nil {
				kept := f.token
				s.current.Store(&kept)
			}
		}
		s.mu.Unlock()
		close(f.done)
	}()
	return f
}

// guard turns a panic of a caller's code (a signer, an assertion function, a
// transport) into an error: it would otherwise end the whole program from a
// goroutine that the caller cannot see.
func guard(ctx context.Context, fetch func(context.Context) (Token, error)) (tok Token, err error) {
	defer func() {
		if p := recover(); p != nil {
			tok, err = Token{}, fmt.Errorf("token request: panic: %v", p)
		}
	}()
	return fetch(ctx)
}

// settle waits until the request that is under way now, if any, is over.
func (s *slot) settle(ctx context.Context) error {
	s.mu.Lock()
	f := s.flight
	s.mu.Unlock()
	if f == nil {
		return nil
	}
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("token: %w", context.Cause(ctx))
	}
}

func (s *slot) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current.Store(nil)
	s.flight = nil
}
