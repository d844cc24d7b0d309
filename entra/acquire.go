package entra

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrClosed is what callers get after [Tokens.Close].
var ErrClosed = errors.New("token: the cache is closed")

// errAbandoned is the cause when the last waiter left; no caller sees it.
var errAbandoned = errors.New("nobody waits for the token any more")

// errGone is the outcome of a request whose goroutine was ended from within.
var errGone = errors.New("token request: a credential, transport or vault ended its goroutine (runtime.Goexit)")

// wish is what a caller wants beyond any valid token.
type wish struct {
	fresh  bool   // one requested from now on
	claims string // one that answers this claims challenge…
	refuse *Grant // …of the API that refused this one
}

// refuses reports whether g is the token that an API refused.
func (w wish) refuses(g *Grant) bool { return w.refuse != nil && w.refuse.Reveal() == g.Reveal() }

// acquire is the way of everything that is not a hit.
func (t *Tokens) acquire(ctx context.Context, tenant TenantID, resource Resource, w wish) (Token, error) {
	if err := tenant.validate(); err != nil {
		return noToken(), err
	}
	if err := resource.validate(); err != nil {
		return noToken(), err
	}
	if ctx.Err() != nil {
		return noToken(), fmt.Errorf("token: %w", context.Cause(ctx))
	}
	sh := t.shelf(resource)
	if w.fresh {
		if err := t.settle(ctx, sh.find(tenant)); err != nil {
			return noToken(), err
		}
	}
	for again := false; ; again = true {
		s := sh.find(tenant)
		if s == nil || again { // make waits for the removal, if one is under way
			s = sh.make(tenant)
			t.sweeper.arm(t, 0) // it goes again if nothing comes of it
		}
		g, f, err := t.enter(ctx, s, tenant, resource, w)
		switch {
		case err != nil:
			return noToken(), err
		case g != nil:
			return Token{g}, nil
		case f != nil:
			return t.await(ctx, s, f, tenant, resource)
		}
		// The slot was taken off the shelf in between.
	}
}

// shelf returns the resource's shelf, a new one if there is none.
func (t *Tokens) shelf(resource Resource) *shelf {
	find := func() *shelf {
		for _, sh := range *t.shelves.Load() {
			if sh.resource.URI == resource.URI {
				return sh
			}
		}
		return nil
	}
	if sh := find(); sh != nil {
		return sh
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if sh := find(); sh != nil {
		return sh
	}
	resource.Audiences = slices.Clone(resource.Audiences)
	sh := newShelf(resource)
	more := append(slices.Clip(*t.shelves.Load()), sh)
	t.shelves.Store(&more)
	return sh
}

// enter decides under the slot's lock: a token that is there, a request to
// wait for, or an error. All three are nil if the slot is dead.
func (t *Tokens) enter(ctx context.Context, s *slot, tenant TenantID, resource Resource, w wish) (*Grant, *flight, error) {
	now := t.clock.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		if t.life.Err() != nil {
			return nil, nil, ErrClosed
		}
		return nil, nil, nil
	}
	if g := s.current.Load(); g != nil && !w.fresh && !w.refuses(g) && now < s.until && resource.Accepts(g.Claims.Audience) {
		s.used.Store(1)
		if now >= s.due.Load()&^otherName {
			t.renew(s, now)
		}
		return g, nil, nil
	}
	f := s.flight
	switch {
	case w.refuse != nil && (f == nil || f.claims != w.claims):
		old := s.failure
		s.drop() // a request without the claims could bring the refused token again
		f = nil
		if old != nil && old.asked {
			s.failure = old
		}
	case w.fresh && f != nil && !f.fresh && t.vault != nil:
		// It may bring what was stored long ago: its callers keep it, the slot
		// does not.
		s.flight, f = nil, nil
	}
	if f == nil {
		if s.failure.stands(now) && (!w.fresh && w.refuse == nil || s.failure.asked) {
			return nil, nil, s.failure.error(now)
		}
		if err := t.throttle.check(now); err != nil {
			return nil, nil, err
		}
		if f = t.start(ctx, s, tenant, resource, w, false); f == nil {
			return nil, nil, ErrClosed
		}
	}
	f.waiters++
	t.gate.promote(f.ticket)
	return nil, f, nil
}

// start begins a request; nil after Close. The caller holds the slot's lock.
func (t *Tokens) start(ctx context.Context, s *slot, tenant TenantID, resource Resource, w wish, background bool) *flight {
	if !t.begin() {
		return nil
	}
	// The values of the first caller's context (tracing) are kept, its
	// cancellation is not: the others must not fail with it.
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	f := &flight{
		done: make(chan struct{}), cancel: cancel, ticket: t.gate.ask(background), background: background,
		fresh: w.fresh || background || s.skipVault || w.claims != "", claims: w.claims,
	}
	s.flight = f
	go func() {
		defer t.running.Done()
		defer context.AfterFunc(t.life, func() { cancel(ErrClosed) })()
		defer cancel(nil)
		var g *Grant
		stored, err := false, errGone
		kept := false
		func() {
			// Deferred, or nobody would be woken if a caller's code ends the
			// goroutine.
			defer func() { kept = t.land(s, f, g, err) }()
			g, stored, err = t.guard(ctx, f, tenant, resource, s.shelf)
		}()
		if kept && err == nil && !stored {
			t.store(ctx, s, g)
		}
	}()
	return f
}

// guard turns a panic of a caller's code (a signer, an assertion function, a
// transport, a vault) into an error: it would otherwise end the whole program
// from a goroutine that the caller cannot see.
func (t *Tokens) guard(ctx context.Context, f *flight, tenant TenantID, resource Resource, sh *shelf) (g *Grant, stored bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			g, err = nil, fmt.Errorf("token request: panic: %v", p)
		}
	}()
	return t.fetch(ctx, f, tenant, resource, sh)
}

// fetch waits for a place and gets a token from the vault or the service.
func (t *Tokens) fetch(ctx context.Context, f *flight, tenant TenantID, resource Resource, sh *shelf) (g *Grant, stored bool, err error) {
	if err := t.gate.wait(ctx, f.ticket); err != nil {
		return nil, false, fmt.Errorf("token: %w", err)
	}
	defer t.gate.leave(f.ticket)
	if t.vault != nil && !f.fresh && t.forgotten(tenant) {
		if g := t.stored(ctx, tenant, resource); g != nil {
			t.strings.compact(g, sh, t.clientID)
			return g, true, nil
		}
	}
	// While this waited, others may have been told to slow down.
	if err := t.throttle.check(t.clock.now()); err != nil {
		return nil, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	t.observe(Event{Kind: EventRequest, Tenant: tenant, Resource: resource.URI, Background: f.background})
	began := time.Now()
	g, err = t.request(ctx, tenant, resource, f.claims)
	t.observe(Event{Kind: EventAnswer, Tenant: tenant, Resource: resource.URI, Background: f.background, Duration: time.Since(began), Err: err})
	if err != nil {
		return nil, false, err
	}
	t.strings.compact(g, sh, t.clientID)
	return g, false, nil
}

// land puts the outcome into the slot, unless the slot has forgotten the
// request (Drop), and wakes the waiters. It reports whether it was kept.
func (t *Tokens) land(s *slot, f *flight, g *Grant, err error) (kept bool) {
	now := t.clock.now()
	var v verdict
	if err == nil {
		t.throttle.succeeded(now)
		if ahead := time.Duration(g.asked - now); ahead > jumpTolerance {
			// The clock was put back since the answer came.
			g = g.moved(ahead)
		}
	} else {
		v = t.judge(err)
		if v.wholeApp {
			t.throttle.told(now, v, err)
		}
	}
	s.mu.Lock()
	kept = s.flight == f
	if kept {
		s.flight = nil
		if err == nil {
			s.keep(g)
		} else {
			s.fail(now, err, v)
		}
	}
	window := time.Duration(s.until - s.due.Load())
	s.mu.Unlock()
	f.grant, f.err = g, err
	close(f.done)
	if kept {
		t.sweeper.arm(t, window)
		t.report(s, f, err, v)
	}
	return kept
}

// report tells of what a request changed.
func (t *Tokens) report(s *slot, f *flight, err error, v verdict) {
	e := Event{Tenant: TenantID(s.id[:]), Resource: s.shelf.resource.URI, Background: f.background, Err: err, Wait: v.wait}
	var foreign *ForeignTokenError
	switch {
	case err == nil && f.background:
		e.Kind = EventRenewed
	case err == nil:
		return
	case errors.As(err, &foreign):
		e.Kind = EventForeign
	case v.throttled:
		e.Kind = EventThrottled
	case v.permanent:
		e.Kind = EventRefused
	default:
		return
	}
	t.observe(e)
}

// await waits for a request together with others.
func (t *Tokens) await(ctx context.Context, s *slot, f *flight, tenant TenantID, resource Resource) (Token, error) {
	select {
	case <-f.done:
		if f.err != nil {
			return noToken(), f.err
		}
		// Whoever began the request may have brought a Resource of the same
		// URI that accepts more names.
		if !resource.Accepts(f.grant.Claims.Audience) {
			return noToken(), &ForeignTokenError{Tenant: tenant, Resource: resource, TokenTenant: f.grant.Claims.TenantID, TokenAudience: f.grant.Claims.Audience}
		}
		return Token{f.grant}, nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	f.waiters--
	if f.waiters == 0 && !f.background {
		f.cancel(errAbandoned)
		if s.flight == f {
			s.flight = nil // the next caller must not join a cancelled request
		}
	}
	s.mu.Unlock()
	return noToken(), fmt.Errorf("token: %w", context.Cause(ctx))
}

// settle waits until the request that is under way now, if any, is over.
func (t *Tokens) settle(ctx context.Context, s *slot) error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	f := s.flight
	if f != nil {
		t.gate.promote(f.ticket)
	}
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
