package register

import (
	"context"
	"errors"
	"time"

	"github.com/tenantry/tenantry/entra"
)

// How long a new secret is waited for, and how often it is tried: a new one
// takes up to a minute or so to be known everywhere. Ours.
const (
	awaitLimit = 2 * time.Minute
	awaitFirst = time.Second
	awaitMost  = 10 * time.Second
)

// Tokens is what waiting for a secret needs of entra.Tokens.
type Tokens interface {
	Fresh(ctx context.Context, tenant entra.TenantID, r entra.Resource) (entra.Token, error)
}

// Waiting says how to wait. The zero value uses the real clock.
type Waiting struct {
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
	// On, if not nil, is told of each pause.
	On func(pause time.Duration, because error)
}

// Await waits until the credential of an app that was just registered works,
// by asking for tokens in the app's home tenant. It ends with nil when one is
// given, or when the refusal is not of a kind that a new app's first minutes
// explain: the credential itself was taken then. It ends with the last refusal
// when the time is up, and with ctx's cause when that ends.
func Await(ctx context.Context, tokens Tokens, home entra.TenantID, r entra.Resource, o Waiting) error {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = pause
	}
	end := o.Now().Add(awaitLimit)
	for wait := awaitFirst; ; wait = min(2*wait, awaitMost) {
		_, err := tokens.Fresh(ctx, home, r)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil || !young(err):
			return nil
		case o.Now().Add(wait).After(end):
			return err
		}
		if o.On != nil {
			o.On(wait, err)
		}
		if err := o.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// young tells whether a refusal is what a new app meets before it is known
// everywhere: its secret (7000215), the app itself (700016) or its service
// principal (7000229) is not there yet, or the service could not be asked.
func young(err error) bool {
	if _, ok := errors.AsType[*entra.ConnectionError](err); ok {
		return true
	}
	e, ok := errors.AsType[*entra.Error](err)
	return ok && (e.Code == 7000215 || e.Code == 700016 || e.Code == 7000229 || e.Action == entra.ActionWait)
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
