package defender

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// unsaidWait is how long calls pause after a 429 that does not say: the shortest
// window of the published limits.
const unsaidWait = time.Minute

// Waits between tries after a failure: half a second, doubled each time, at most
// half a minute; and each somewhere between half of that and all of it, so that
// many clients do not come back at once. Ours.
const (
	firstBackoff = 500 * time.Millisecond
	maxBackoff   = 30 * time.Second
)

// do sends a request within the budget, and again where that is safe.
func (c *Client) do(ctx context.Context, r request) (answer, error) {
	if c.origins[r.surface] == nil {
		return answer{}, noOrigin(r.surface)
	}
	var payload []byte
	if r.body != nil {
		var err error
		if payload, err = json.Marshal(r.body); err != nil {
			return answer{}, fmt.Errorf("%s on surface %s: the request cannot be written as JSON: %w", r.op, r.surface, err)
		}
	}
	for try := 0; ; try++ {
		a, err := c.try(ctx, r, payload)
		if err == nil {
			return a, nil
		}
		wait, why := c.again(r, err, try)
		if why == "" || tooLate(ctx, wait) {
			return answer{}, err
		}
		if why == WaitThrottled {
			continue // the budget is paused: the next try waits there
		}
		if c.onWait != nil {
			c.onWait(Wait{Surface: r.surface, Operation: r.op, For: wait, Why: why})
		}
		if c.sleep(ctx, wait) != nil {
			return answer{}, c.ended(ctx, r)
		}
	}
}

// try sends a request once, when the budget lets it.
func (c *Client) try(ctx context.Context, r request, payload []byte) (answer, error) {
	slot, err := c.budget.take(ctx, r.surface, r.op, c.onWait)
	var late *WaitError
	switch {
	case errors.As(err, &late):
		return answer{}, err
	case err != nil:
		return answer{}, c.ended(ctx, r)
	}
	// A token is asked for after the wait, which may be longer than its life.
	token, err := c.token(ctx, r.surface)
	if err != nil {
		slot.cancel()
		return answer{}, fmt.Errorf("token for surface %s: %w", r.surface, err)
	}
	a, err := c.exchange(ctx, r, token, payload)
	var refused *Error
	if errors.As(err, &refused) && refused.Status == http.StatusTooManyRequests {
		slot.done(false)
		c.budget.pause(r.surface, r.op, throttled(refused))
		return a, err
	}
	slot.done(err == nil || refused != nil && refused.Status < http.StatusInternalServerError)
	return a, err
}

func throttled(e *Error) time.Duration {
	if e.RetryAfter > 0 {
		return e.RetryAfter
	}
	return unsaidWait
}

// again decides whether a request that failed is sent once more, and after how
// long; no reason means it is not.
func (c *Client) again(r request, err error, try int) (time.Duration, WaitReason) {
	var refused *Error
	throttledNow := errors.As(err, &refused) && refused.Status == http.StatusTooManyRequests
	switch {
	case try >= c.retries:
		return 0, ""
	case throttledNow:
		return throttled(refused), WaitThrottled // refused, so not done: safe for writes too
	case r.method != http.MethodGet || r.once || !mayPass(err):
		return 0, ""
	}
	d := min(firstBackoff<<min(try, 16), maxBackoff)
	d = d/2 + rand.N(d/2+1)
	if refused != nil {
		d = max(d, refused.RetryAfter)
	}
	return d, WaitRetry
}

// mayPass tells whether a read that failed with err may work the next time.
func mayPass(err error) bool {
	var refused *Error
	var lost *TransportError
	var body *BodyError
	switch {
	case errors.As(err, &refused):
		return refused.Status >= 500 || refused.Status == http.StatusRequestTimeout
	case errors.As(err, &body):
		return body.Problem == BodyTruncated || body.Problem == BodyEmpty
	case errors.As(err, &lost):
		return lost.Sent && !lost.Ended
	}
	return false
}

// ended tells of a request that was not sent because its context ended.
func (c *Client) ended(ctx context.Context, r request) error {
	return &TransportError{Surface: r.surface, Operation: r.op, Host: r.url.Host, Ended: true, Err: context.Cause(ctx)}
}
