package fault

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantry/tenantry/sandbox/journal"
)

// clock is moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func mustSet(t *testing.T, f Fault, err error) Fault {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// serve passes one request of a tenant through the set, as a service does.
func serve(s *Set, tenant string) (rec *httptest.ResponseRecorder, aborted bool) {
	rec = httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/"+tenant+"/token", strings.NewReader("a=b"))
	defer func() {
		if v := recover(); v != nil {
			if v != http.ErrAbortHandler {
				panic(v)
			}
			aborted = true
		}
	}()
	handler(s, tenant).ServeHTTP(rec, r)
	return rec, false
}

func handler(s *Set, tenant string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := s.Plan(Request{Operation: "token", Tenant: tenant})
		if p.Begin(w, r) {
			return
		}
		out, finish := p.Writer(w, r)
		_, _ = out.Write([]byte("answered"))
		finish()
	})
}

// pattern serves n requests and tells who was struck: 'x' or '.'.
func pattern(s *Set, tenant string, n int) string {
	var b strings.Builder
	for range n {
		if rec, aborted := serve(s, tenant); aborted || rec.Code != 200 {
			b.WriteByte('x')
		} else {
			b.WriteByte('.')
		}
	}
	return b.String()
}

func TestNoFaults(t *testing.T) {
	var none *Set
	if none.Any() || none.Plan(Request{}) != nil || none.Alter(t.Context(), Request{}) != (Alteration{}) {
		t.Error("a nil set has faults")
	}
	s := New(Config{})
	if allocs := testing.AllocsPerRun(100, func() { s.Plan(Request{}); s.Alter(t.Context(), Request{}) }); allocs != 0 {
		t.Errorf("%v allocations without a fault", allocs)
	}
}

func TestProbabilityIsSeeded(t *testing.T) {
	draw := func(seed uint64, p float64) string {
		s := New(Config{})
		_, err := s.Reset(Scope{Probability: p, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		return pattern(s, "a", 400)
	}
	one, two, other := draw(7, .25), draw(7, .25), draw(8, .25)
	if one != two {
		t.Error("the same seed draws differently")
	}
	if one == other {
		t.Error("another seed draws the same")
	}
	if n := strings.Count(one, "x"); n < 60 || n > 140 {
		t.Errorf("%d of 400 at a quarter", n)
	}
	if p := draw(1, 1); strings.Contains(p, ".") {
		t.Errorf("at 1: %s", p)
	}
}

func TestCountAndExpiry(t *testing.T) {
	c := newClock()
	s := New(Config{Now: c.Now})
	f, err := s.Fail(Scope{Tenant: "a", Count: 2}, 500, BodyEmpty, 0)
	f = mustSet(t, f, err)
	if p := pattern(s, "b", 2) + pattern(s, "a", 4); p != "..xx.." {
		t.Errorf("pattern %s", p)
	}
	if f, _ = s.Get(f.ID); f.State != StateSpent || f.Struck != 2 {
		t.Errorf("%+v", f)
	}
	g, err := s.Fail(Scope{For: Duration(time.Minute)}, 500, BodyEmpty, 0)
	g = mustSet(t, g, err)
	p := pattern(s, "a", 1)
	c.pass(time.Minute - 1)
	p += pattern(s, "a", 1)
	c.pass(1)
	if p += pattern(s, "a", 1); p != "xx." {
		t.Errorf("pattern %s", p)
	}
	if g, _ = s.Get(g.ID); g.State != StateExpired || !g.Expires.Equal(c.Now()) {
		t.Errorf("%+v", g)
	}
}

func TestThrottleWindowsPerTenant(t *testing.T) {
	c := newClock()
	s := New(Config{Now: c.Now})
	if _, err := s.Throttle(Scope{}, Limit{Requests: 2, Window: 10 * time.Second}); err != nil {
		t.Fatal(err)
	}
	p := pattern(s, "a", 3)
	c.pass(3500 * time.Millisecond)
	rec, _ := serve(s, "a")
	if got := rec.Header().Get("Retry-After"); got != "7" { // 6.5, rounded up
		t.Errorf("Retry-After %q", got)
	}
	p += "|" + pattern(s, "b", 3)
	c.pass(6500 * time.Millisecond)
	if p += "|" + pattern(s, "a", 3); p != "..x|..x|..x" {
		t.Errorf("pattern %s", p)
	}
}

func TestRetryAfterGoesByTheShiftedClock(t *testing.T) {
	c := newClock()
	s := New(Config{Now: c.Now})
	if _, err := s.ShiftClock(time.Hour, time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Throttle(Scope{}, Limit{RetryAfter: 30 * time.Second, As: RetryDate}); err != nil {
		t.Fatal(err)
	}
	rec, _ := serve(s, "a")
	if got := rec.Header().Get("Retry-After"); got != "Sun, 01 Mar 2026 13:00:30 GMT" {
		t.Errorf("Retry-After %q", got)
	}
	c.pass(time.Minute)
	if !s.Now().Equal(c.Now()) {
		t.Errorf("after its time the clock is %s off", s.Now().Sub(c.Now()))
	}
}

func TestNewestClockCounts(t *testing.T) {
	c := newClock()
	s := New(Config{Now: c.Now})
	_, err := s.ShiftClock(time.Hour, 0)
	b, err2 := s.ShiftClock(-time.Hour, 0)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	if d := s.Now().Sub(c.Now()); d != -time.Hour {
		t.Errorf("offset %s", d)
	}
	s.Remove(b.ID)
	if d := s.Now().Sub(c.Now()); d != time.Hour {
		t.Errorf("offset %s after the newest was removed", d)
	}
}

// TestSlowRange draws delays and waits for none of them.
func TestSlowRange(t *testing.T) {
	var asked []time.Duration
	s := New(Config{After: func(d time.Duration) (<-chan time.Time, func()) {
		asked = append(asked, d)
		fired := make(chan time.Time, 1)
		fired <- time.Time{}
		return fired, func() {}
	}})
	if _, err := s.Slow(Scope{Seed: 3}, time.Second, 3*time.Second); err != nil {
		t.Fatal(err)
	}
	if p := pattern(s, "a", 200); strings.Contains(p, "x") {
		t.Errorf("slow is not answered: %s", p)
	}
	low, high := 0, 0
	for _, d := range asked {
		if d < time.Second || d > 3*time.Second {
			t.Fatalf("delay %s", d)
		}
		if d < 2*time.Second {
			low++
		} else {
			high++
		}
	}
	if low < 50 || high < 50 {
		t.Errorf("%d short, %d long delays", low, high)
	}
}

func TestOrderAndEnd(t *testing.T) {
	s := New(Config{After: func(time.Duration) (<-chan time.Time, func()) {
		fired := make(chan time.Time)
		close(fired)
		return fired, func() {}
	}})
	slow, err := s.Slow(Scope{}, time.Second, 0)
	fail, err2 := s.Fail(Scope{Count: 1}, 503, BodyESTS, 0)
	late, err3 := s.Throttle(Scope{}, Limit{})
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	var codes []int
	for range 2 {
		rec, _ := serve(s, "a")
		codes = append(codes, rec.Code)
	}
	if fmt.Sprint(codes) != "[503 429]" {
		t.Errorf("answers %v", codes)
	}
	for id, want := range map[string]uint64{slow.ID: 2, fail.ID: 1, late.ID: 1} {
		if f, _ := s.Get(id); f.Struck != want {
			t.Errorf("%+v, want %d strikes", f, want)
		}
	}
}

// TestWaiting judges time without waiting for it: the bubble's clock jumps.
func TestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{})
		slow, err := s.Slow(Scope{Tenant: "slow"}, 90*time.Second, 0)
		hang, err2 := s.Hang(Scope{Tenant: "hang"})
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if rec, aborted := serve(s, "slow"); aborted || rec.Body.String() != "answered" || time.Since(begun) != 90*time.Second {
			t.Errorf("slow: %v after %s", rec, time.Since(begun))
		}
		go func() {
			time.Sleep(time.Hour) // of the bubble's clock
			s.Remove(hang.ID)
		}()
		begun = time.Now()
		if rec, aborted := serve(s, "hang"); aborted || rec.Body.String() != "answered" || time.Since(begun) != time.Hour {
			t.Errorf("hang: %v after %s", rec, time.Since(begun))
		}
		done := make(chan bool)
		go func() {
			_, aborted := serve(s, "slow")
			done <- aborted
		}()
		synctest.Wait()
		begun = time.Now()
		s.Close()
		if !<-done || time.Since(begun) != 0 {
			t.Errorf("Close did not end a delayed request at once: %s", time.Since(begun))
		}
		s.Close()
		if f, _ := s.Get(slow.ID); f.Struck != 2 {
			t.Errorf("%+v", f)
		}
	})
}

func TestSetIsBounded(t *testing.T) {
	s := New(Config{})
	for range maxFaults {
		if _, err := s.Hang(Scope{Tenant: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Hang(Scope{}); !errors.Is(err, ErrFull) {
		t.Errorf("error is %v", err)
	}
	if n := s.Clear(); n != maxFaults || s.Any() {
		t.Errorf("%d removed", n)
	}
	if _, err := s.RotateKeys(); !errors.Is(err, ErrNoKeys) {
		t.Errorf("error is %v", err)
	}
}

// TestConcurrentUse is for the race detector.
func TestConcurrentUse(t *testing.T) {
	j := journal.New(nil, nil)
	s := New(Config{Journal: j})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				f, err := s.Fail(Scope{Count: 1}, 500, BodyEmpty, 0)
				if err != nil {
					t.Error(err)
					return
				}
				pattern(s, fmt.Sprint(i), 2)
				s.List()
				s.Now()
				s.Remove(f.ID)
			}
		})
	}
	wg.Wait()
	if s.Any() {
		t.Errorf("left: %+v", s.List())
	}
}
