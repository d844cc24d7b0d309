package register_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/internal/cli/register"
)

// refusals answers with one after the other, the last for ever; nil is a token.
type refusals struct {
	list  []error
	asked int
}

func (r *refusals) Fresh(context.Context, entra.TenantID, entra.Resource) (entra.Token, error) {
	err := r.list[min(r.asked, len(r.list)-1)]
	r.asked++
	return entra.Token{}, err
}

func TestAwait(t *testing.T) {
	lag := &entra.Error{Code: 7000215, Action: entra.ActionFixCredential}
	for _, c := range []struct {
		name   string
		list   []error
		asked  int
		waited time.Duration
		fails  error
	}{
		{"at once", []error{nil}, 1, 0, nil},
		{"after a while", []error{lag, lag, lag, nil}, 4, 7 * time.Second, nil},
		{"the app is not known yet", []error{&entra.Error{Code: 700016}, nil}, 2, time.Second, nil},
		{"no principal yet", []error{&entra.Error{Code: 7000229, Action: entra.ActionConsent}, nil}, 2, time.Second, nil},
		{"no answer", []error{&entra.ConnectionError{}, nil}, 2, time.Second, nil},
		{"throttled", []error{&entra.Error{Action: entra.ActionWait}, nil}, 2, time.Second, nil},
		{"refused for another reason: the secret was taken", []error{&entra.Error{Code: 53003}}, 1, 0, nil},
		{"never", []error{lag}, 15, 115 * time.Second, lag},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
			start := now
			source, told := &refusals{list: c.list}, 0
			err := register.Await(t.Context(), source, "t", entra.Resource{}, register.Waiting{
				Now:   func() time.Time { return now },
				Sleep: func(_ context.Context, d time.Duration) error { now = now.Add(d); return nil },
				On:    func(time.Duration, error) { told++ },
			})
			if !errors.Is(err, c.fails) || (err == nil) != (c.fails == nil) || source.asked != c.asked || now.Sub(start) != c.waited || told != c.asked-1 {
				t.Errorf("error %v, asked %d times in %s, told %d times; want %v, %d times in %s", err, source.asked, now.Sub(start), told, c.fails, c.asked, c.waited)
			}
		})
	}
}

func TestAwaitInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancelCause(t.Context())
	why := errors.New("Ctrl-C")
	source := &refusals{list: []error{&entra.Error{Code: 7000215}}}
	err := register.Await(ctx, source, "t", entra.Resource{}, register.Waiting{On: func(time.Duration, error) { interrupt(why) }})
	if !errors.Is(err, why) || source.asked != 1 {
		t.Errorf("error %v, asked %d times", err, source.asked)
	}
}
