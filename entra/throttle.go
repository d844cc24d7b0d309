package entra

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Waits between requests that fail. Each is halved to one and a half times by
// lot, so that those who failed together do not come back together.
const (
	firstWait   = time.Second
	longestWait = time.Minute
	// renewalWait is the first wait of a renewal in the background, where a
	// valid token is there and nobody is in a hurry.
	renewalWait        = 30 * time.Second
	longestRenewalWait = 5 * time.Minute
	// longestAskedWait bounds what an answer can make a whole application wait.
	longestAskedWait = time.Hour
)

// failure is what is remembered of a request that failed.
type failure struct {
	err       error
	at, until int64
	asked     bool // the service asked to wait
}

// stands reports whether the failure still answers callers.
func (f *failure) stands(now int64) bool {
	return f != nil && now < f.until && now >= f.at-int64(jumpTolerance)
}

// error is the failure for one more caller: with its own time to wait.
func (f *failure) error(now int64) error {
	var e *Error
	if !errors.As(f.err, &e) {
		return f.err
	}
	again := *e
	if again.RetryAfter > 0 || again.Action == ActionWait {
		again.RetryAfter = (time.Duration(f.until-now) + time.Second - 1).Truncate(time.Second)
	}
	return &again
}

// verdict is what follows from an error.
type verdict struct {
	permanent bool          // asking again at once would change nothing
	throttled bool          // the service said: too many
	wholeApp  bool          // …to the application, not about one tenant
	silent    bool          // nothing is known of the tenant: remember nothing
	wait      time.Duration // asked for, or kept for a refusal; 0: not said
}

// judge tells kinds of errors apart.
//
// A 429 with an AADSTS number (90055: the tenant is throttled) is about the
// tenant. The throttling layer in front answers 429 in plain text and says
// nothing about a tenant: that is taken for the whole application.
func (t *Tokens) judge(err error) verdict {
	var e *Error
	var c *ConfigError
	var cert *CertificateError
	switch {
	case errors.Is(err, errAbandoned), errors.Is(err, ErrClosed), errors.Is(err, errHeldBack), errors.As(err, &c), errors.As(err, &cert):
		return verdict{silent: true}
	case !errors.As(err, &e):
		return verdict{}
	}
	v := verdict{wait: min(e.RetryAfter, longestAskedWait)}
	switch {
	case e.HTTPStatus == http.StatusTooManyRequests:
		v.throttled, v.wholeApp = true, e.Code == 0
	case e.Action == ActionConsent, e.Action == ActionFixCredential, e.Action == ActionFixRequest, e.Action == ActionAskCustomer, e.Action == ActionSignIn,
		e.Action == ActionUnknown && e.Code != 0 && e.HTTPStatus < 500:
		v.permanent = true
		v.wait = max(v.wait, t.refusal)
	}
	return v
}

// fail remembers an error. The caller holds mu.
func (s *slot) fail(now int64, err error, v verdict) {
	valid := s.current.Load() != nil && now < s.until
	if v.silent {
		if valid { // a renewal that was held back
			s.lookAgain(now + int64(renewalWait+jitter(renewalWait)))
		}
		return
	}
	s.failures = min(s.failures+1, 16)
	if valid {
		// A renewal: the token stays in use, the next try comes later.
		wait := max(v.wait, backOff(renewalWait, longestRenewalWait, s.failures))
		s.lookAgain(now + int64(wait) + int64(jitter(wait/10)))
		if v.wait > 0 && !v.permanent { // asked for: also of Fresh, and of Token when the token has ended
			s.failure = &failure{err: err, at: now, until: now + int64(v.wait), asked: true}
		}
		return
	}
	wait := v.wait
	switch {
	case v.permanent: // for as long as the configuration says
	case wait == 0 && v.throttled:
		wait = backOff(firstWait, longestWait, s.failures)
	case wait == 0 && s.failures > 1: // a first one may be an accident
		wait = backOff(firstWait, longestWait, s.failures-1)
	}
	s.failure = nil
	if wait > 0 {
		s.failure = &failure{err: err, at: now, until: now + int64(wait), asked: !v.permanent && v.wait > 0}
	}
}

// backOff doubles with every failure in a row, and draws by lot.
func backOff(first, longest time.Duration, failures uint8) time.Duration {
	wait := longest
	if failures < 10 {
		wait = min(longest, first<<(max(failures, 1)-1))
	}
	return wait/2 + jitter(wait)
}

// throttle is the whole application's wait.
type throttle struct {
	until atomic.Int64 // 0: none

	mu       sync.Mutex
	failure  *failure
	failures uint8
}

// errHeldBack marks errors of requests that were not made.
var errHeldBack = errors.New("no request was made")

type heldBackError struct{ error }

func (e heldBackError) Is(target error) bool { return target == errHeldBack }
func (e heldBackError) Unwrap() error        { return e.error }

// check returns the error to answer with while the application has to wait.
func (th *throttle) check(now int64) error {
	if until := th.until.Load(); until == 0 || now >= until {
		return nil
	}
	th.mu.Lock()
	defer th.mu.Unlock()
	if !th.failure.stands(now) {
		return nil
	}
	return heldBackError{th.failure.error(now)}
}

// told begins or lengthens the wait.
func (th *throttle) told(now int64, v verdict, err error) {
	th.mu.Lock()
	defer th.mu.Unlock()
	if !th.failure.stands(now) { // answers that were under way together count once
		th.failures = min(th.failures+1, 16)
	}
	wait := v.wait
	if wait == 0 {
		wait = backOff(firstWait, longestWait, th.failures)
	}
	until := now + int64(wait)
	if th.failure.stands(now) {
		until = max(until, th.failure.until)
	}
	th.failure = &failure{err: err, at: now, until: until, asked: true}
	th.until.Store(until)
}

// succeeded ends the row of failures, once the wait is over.
func (th *throttle) succeeded(now int64) {
	until := th.until.Load()
	if until == 0 || now < until {
		return
	}
	th.mu.Lock()
	defer th.mu.Unlock()
	if th.failure != nil && now >= th.failure.until {
		th.failure, th.failures = nil, 0
		th.until.Store(0)
	}
}

func (th *throttle) putBack(back time.Duration) {
	th.mu.Lock()
	defer th.mu.Unlock()
	if th.failure != nil {
		moved := *th.failure
		moved.at -= int64(back)
		moved.until -= int64(back)
		th.failure = &moved
		th.until.Store(moved.until)
	}
}

// pause is how long background work has to wait for the application.
func (th *throttle) pause(now int64) time.Duration {
	return max(0, time.Duration(th.until.Load()-now))
}
