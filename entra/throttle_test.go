package entra

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"
)

// refusals answers with one refusal until told otherwise.
type refusals struct {
	status int
	header http.Header
	body   string
}

func (r *refusals) answer(_ context.Context, n int, tenant TenantID, _ url.Values) (int, http.Header, string) {
	if r.status != 0 {
		return r.status, r.header, r.body
	}
	return 200, nil, goodAnswer(tenant, n, 3599, 0)
}

func waitOf(t *testing.T, err error) time.Duration {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Action != ActionWait {
		t.Fatalf("error %v, want one that says to wait", err)
	}
	return e.RetryAfter
}

func TestThrottling(t *testing.T) {
	date := func(d time.Duration) http.Header {
		now := time.Now().UTC()
		return http.Header{"Date": {now.Format(http.TimeFormat)}, "Retry-After": {now.Add(d).Format(http.TimeFormat)}}
	}
	for _, tt := range []struct {
		name       string
		refusal    func() refusals
		wait       time.Duration
		othersWait bool
	}{
		{"plain text, seconds", func() refusals {
			return refusals{429, http.Header{"Retry-After": {"60"}, "Content-Type": {"text/plain"}}, "Too Many Requests"}
		}, time.Minute, true},
		{"plain text, a date", func() refusals { return refusals{429, date(90 * time.Second), "Too Many Requests"} }, 90 * time.Second, true},
		{"the tenant's", func() refusals {
			return refusals{429, http.Header{"Retry-After": {"60"}}, `{"error":"temporarily_unavailable","error_description":"AADSTS90055: throttled","error_codes":[90055]}`}
		}, time.Minute, false},
		{"unavailable, seconds", func() refusals {
			return refusals{503, http.Header{"Retry-After": {"30"}}, `{"error":"temporarily_unavailable"}`}
		}, 30 * time.Second, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := tt.refusal()
				s := &service{t: t, answer: r.answer}
				tokens := s.tokens(nil)
				_, err := tokens.Token(t.Context(), tenantA, xdr())
				if got := waitOf(t, err); got != tt.wait {
					t.Errorf("wait %s, want %s", got, tt.wait)
				}
				time.Sleep(tt.wait / 2)
				_, err = tokens.Token(t.Context(), tenantA, xdr())
				if got := waitOf(t, err); got != tt.wait/2 {
					t.Errorf("half-way the wait is %s, want %s", got, tt.wait/2)
				}
				if _, err = tokens.Fresh(t.Context(), tenantA, xdr()); err == nil || s.count() != 1 {
					t.Errorf("Fresh broke the wait: %v, %d requests", err, s.count())
				}
				r.status = 0
				_, err = tokens.Token(t.Context(), tenantB, xdr())
				if tt.othersWait != (err != nil) {
					t.Errorf("another tenant: %v", err)
				}
				time.Sleep(tt.wait/2 - time.Millisecond)
				before := s.count()
				if _, err = tokens.Token(t.Context(), tenantA, xdr()); err == nil || s.count() != before {
					t.Errorf("just before the end: %v, %d more requests", err, s.count()-before)
				}
				time.Sleep(time.Millisecond)
				mustToken(t, tokens, tenantA)
				mustToken(t, tokens, tenantB)
			})
		})
	}
}

// TestQueuedRequestsStopWhenTheApplicationIsThrottled: those already waiting
// for a place must not each be told again.
func TestQueuedRequestsStopWhenTheApplicationIsThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := refusals{429, http.Header{"Retry-After": {"60"}}, "Too Many Requests"}
		s := &service{t: t, delay: time.Second, answer: r.answer}
		tokens := s.tokens(func(c *Config) { c.MaxRequests = 2 })
		errs := make(chan error, 100)
		for i := range 100 {
			go func() { _, err := tokens.Token(t.Context(), tenantNumber(i), xdr()); errs <- err }()
		}
		for range 100 {
			waitOf(t, <-errs)
		}
		if s.count() > 2 {
			t.Errorf("%d requests, want the 2 that were under way", s.count())
		}
	})
}

// TestBackOff: failures without a Retry-After are asked again once, then ever
// more rarely.
func TestBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := refusals{500, nil, `{"error":"server_error"}`}
		s := &service{t: t, answer: r.answer}
		tokens := s.tokens(nil)
		for range 2 {
			if _, err := tokens.Token(t.Context(), tenantA, xdr()); err == nil {
				t.Fatal("no error")
			}
		}
		if s.count() != 2 {
			t.Errorf("%d requests, want a second try at once", s.count())
		}
		for range 10 * 60 * 10 {
			time.Sleep(100 * time.Millisecond)
			if _, err := tokens.Token(t.Context(), tenantA, xdr()); err == nil {
				t.Fatal("no error")
			}
		}
		if n := s.count(); n < 10 || n > 40 {
			t.Errorf("%d requests in ten minutes, want some dozen", n)
		}
		r.status = 0
		if _, err := tokens.Fresh(t.Context(), tenantA, xdr()); err != nil {
			t.Errorf("Fresh waits for a back-off of our own: %v", err)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"60", " 5 ", "0", "-1", "1e300", "inf", "NaN", "0x10", "1.5", "Sun, 22 Nov 2026 12:00:00 GMT", "Sunday, 22-Nov-26 12:00:00 GMT", "Sun Nov 22 12:00:00 2026", "99999999999999999999", "", "60, 120"} {
		f.Add(s, int64(0))
	}
	f.Fuzz(func(t *testing.T, v string, offset int64) {
		server := start().Add(time.Duration(offset))
		for _, srv := range []time.Time{{}, server} {
			d := retryAfter(v, srv, start())
			if d < 0 || d > maxRetryAfter {
				t.Errorf("%q: %s", v, d)
			}
		}
		// Nothing a header says may stop the application for longer.
		th := &throttle{}
		now := start().UnixNano()
		e := parseError(429, http.Header{"Retry-After": {v}}, []byte("Too Many Requests"), start())
		th.told(now, (&Tokens{}).judge(e), e)
		if p := th.pause(now); p <= 0 || p > max(longestAskedWait, 2*longestWait) {
			t.Errorf("%q: the application waits %s", v, p)
		}
	})
}
