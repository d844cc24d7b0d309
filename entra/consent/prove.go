package consent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/entra"
)

// TokenSource gives tokens requested after the call; [*entra.Tokens] does.
type TokenSource interface {
	Fresh(context.Context, entra.TenantID, entra.Resource) (entra.Token, error)
}

// Need is a resource with the application roles that its token has to carry.
type Need struct {
	Resource entra.Resource
	Roles    []string
}

// ProveOptions change how long and how often Prove asks. The zero value is
// usable.
type ProveOptions struct {
	// Interval is the pause between rounds; 0 means 5 s. A server that asks
	// for more gets more.
	Interval time.Duration
	// Deadline is how long to go on, from the call; 0 means 2 minutes. At
	// least one round is made.
	Deadline time.Duration
	// Enough, if set, ends the proof with success before every role is there,
	// given the roles found so far per kind of resource: for a profile whose
	// needs have alternatives.
	Enough func(roles map[entra.ResourceKind][]string) bool
	// OnAttempt, if set, is told of every token request.
	OnAttempt func(Attempt)
	// Now is the clock, nil means time.Now; Sleep waits and ends early with
	// the context, nil means a timer.
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
}

// Attempt is one token request of Prove.
type Attempt struct {
	Round    int // from 1
	Resource entra.Resource
	Roles    []string // found
	Missing  []string // of the need
	Err      error    // why there was no token
	Elapsed  time.Duration
}

// Proof is what tokens showed.
type Proof struct {
	Tenant entra.TenantID
	// Roles are the application roles in each token, per kind of resource.
	Roles map[entra.ResourceKind][]string
	// Missing is empty unless Enough was content with less.
	Missing []Need
	// ServicePrincipal is the application's object id in the tenant.
	ServicePrincipal string
	Rounds           int
	At               time.Time
}

// UnprovedError is consent that could not be proved until the deadline.
// Unwrap gives the last refusals, so that errors.As finds an [*entra.Error].
type UnprovedError struct {
	Tenant  entra.TenantID
	Missing []Need // per resource, the roles not seen
	Rounds  int
	Waited  time.Duration
	Errs    []error // the last refusal of each resource that gave no token
}

func (e *UnprovedError) Error() string {
	var parts []string
	for _, n := range e.Missing {
		parts = append(parts, strings.Join(n.Roles, ", ")+" of "+n.Resource.URI)
	}
	s := fmt.Sprintf("consent of tenant %s is not proved after %s: missing %s", e.Tenant, e.Waited.Round(time.Second), strings.Join(parts, "; "))
	for _, err := range e.Errs {
		s += "; " + err.Error()
	}
	if len(e.Errs) == 0 {
		s += "; " + e.Next()
	}
	return s
}

// Unwrap returns the last refusals.
func (e *UnprovedError) Unwrap() []error { return e.Errs }

// Next says what to do.
func (e *UnprovedError) Next() string {
	for _, err := range e.Errs {
		if n, ok := errors.AsType[interface {
			error
			Next() string
		}](err); ok {
			return n.Next()
		}
	}
	return "Send the tenant's administrator the consent link again; roles added to the registration later need a new consent."
}

const (
	defaultProveInterval = 5 * time.Second
	defaultProveDeadline = 2 * time.Minute
)

// Prove asks for fresh tokens of every need's resource until each carries all
// of its roles. This, and not the callback, is what makes a tenant proved; it
// needs no permission of its own and no callback. Right after consent it is
// normal that the application is not found (AADSTS700016, 7000229), or that
// roles are missing, for seconds to minutes.
//
// Prove ends early with the refusal if waiting cannot help, such as for a wrong
// secret or a tenant that does not exist. Otherwise the error is an
// [*UnprovedError], or the context's. A resource that was satisfied once is not
// asked again.
func Prove(ctx context.Context, tokens TokenSource, tenant entra.TenantID, needs []Need, opts ProveOptions) (Proof, error) {
	if len(needs) == 0 {
		return Proof{}, &entra.ConfigError{Field: "needs", Problem: "are empty", Remedy: "name at least one resource and role: nothing proves nothing"}
	}
	for _, n := range needs {
		if len(n.Roles) == 0 {
			// A token without roles is issued to every known app.
			return Proof{}, &entra.ConfigError{Field: "need", Value: n.Resource.URI, Problem: "names no role", Remedy: "name the roles: a token alone proves no consent"}
		}
	}
	p := newProver(tokens, tenant, needs, opts)
	for {
		p.round++
		wait, err := p.ask(ctx)
		if err != nil {
			return Proof{}, err
		}
		if missing := p.missing(); len(missing) == 0 || (opts.Enough != nil && opts.Enough(p.roles())) {
			return Proof{Tenant: tenant, Roles: p.roles(), Missing: missing, ServicePrincipal: p.principal, Rounds: p.round, At: p.now()}, nil
		}
		if p.now().Add(wait).After(p.end) {
			return Proof{}, p.unproved()
		}
		if err := p.sleep(ctx, wait); err != nil {
			return Proof{}, fmt.Errorf("prove consent: %w", err)
		}
	}
}

type prover struct {
	tokens    TokenSource
	tenant    entra.TenantID
	needs     []Need
	opts      ProveOptions
	now       func() time.Time
	sleep     func(context.Context, time.Duration) error
	interval  time.Duration
	start     time.Time
	end       time.Time
	round     int
	principal string
	found     [][]string // roles per need
	errs      []error    // last refusal per need
}

func newProver(tokens TokenSource, tenant entra.TenantID, needs []Need, opts ProveOptions) *prover {
	p := &prover{
		tokens: tokens, tenant: tenant, needs: needs, opts: opts, now: opts.Now, sleep: opts.Sleep, interval: opts.Interval,
		found: make([][]string, len(needs)), errs: make([]error, len(needs)),
	}
	if p.now == nil {
		p.now = time.Now
	}
	if p.sleep == nil {
		p.sleep = timerSleep
	}
	if p.interval <= 0 {
		p.interval = defaultProveInterval
	}
	deadline := opts.Deadline
	if deadline <= 0 {
		deadline = defaultProveDeadline
	}
	p.start = p.now()
	p.end = p.start.Add(deadline)
	return p
}

// ask makes one round and says how long to wait before the next. The error is
// final.
func (p *prover) ask(ctx context.Context) (wait time.Duration, err error) {
	wait = p.interval
	for i, n := range p.needs {
		if len(lacking(n.Roles, p.found[i])) == 0 {
			continue
		}
		tok, err := p.tokens.Fresh(ctx, p.tenant, n.Resource)
		if ctx.Err() != nil {
			return 0, fmt.Errorf("prove consent: %w", context.Cause(ctx))
		}
		p.errs[i] = err
		if err == nil {
			p.found[i] = slices.Clone(tok.Claims.Roles)
			p.principal = tok.Claims.ObjectID
		}
		if p.opts.OnAttempt != nil {
			p.opts.OnAttempt(Attempt{
				Round: p.round, Resource: n.Resource, Roles: slices.Clone(p.found[i]),
				Missing: lacking(n.Roles, p.found[i]), Err: err, Elapsed: p.now().Sub(p.start),
			})
		}
		if err == nil {
			continue
		}
		if !mayPass(err, p.opts.Enough != nil) {
			return 0, fmt.Errorf("prove consent: %w", err)
		}
		if e, ok := errors.AsType[*entra.Error](err); ok {
			wait = max(wait, e.RetryAfter)
		}
	}
	return wait, nil
}

// mayPass reports whether a refusal can go away by waiting for the consent. If
// there are alternatives, one resource that is out of order (a lapsed licence)
// must not end the proof by another.
func mayPass(err error, alternatives bool) bool {
	if _, ok := errors.AsType[*entra.ConnectionError](err); ok {
		return true
	}
	e, ok := errors.AsType[*entra.Error](err)
	if !ok {
		return false
	}
	switch e.Code {
	case 500011: // consent creates the resource's service principal too
		return true
	case 500014, 501051:
		return alternatives
	}
	return e.Action == entra.ActionConsent || e.Action == entra.ActionWait
}

func (p *prover) missing() []Need {
	var out []Need
	for i, n := range p.needs {
		if l := lacking(n.Roles, p.found[i]); len(l) > 0 {
			out = append(out, Need{Resource: n.Resource, Roles: l})
		}
	}
	return out
}

func (p *prover) roles() map[entra.ResourceKind][]string {
	out := make(map[entra.ResourceKind][]string)
	for i, n := range p.needs {
		for _, r := range p.found[i] {
			if !slices.Contains(out[n.Resource.Kind], r) {
				out[n.Resource.Kind] = append(out[n.Resource.Kind], r)
			}
		}
	}
	return out
}

func (p *prover) unproved() error {
	e := &UnprovedError{Tenant: p.tenant, Missing: p.missing(), Rounds: p.round, Waited: p.now().Sub(p.start)}
	for _, err := range p.errs {
		if err != nil {
			e.Errs = append(e.Errs, err)
		}
	}
	return e
}

// lacking compares exactly: role values are case-sensitive.
func lacking(want, have []string) []string {
	var out []string
	for _, w := range want {
		if !slices.Contains(have, w) {
			out = append(out, w)
		}
	}
	return out
}

// timerSleep waits with a timer, or until the context ends.
func timerSleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
