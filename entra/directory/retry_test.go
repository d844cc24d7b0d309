package directory

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func created() answer { return answer{status: 201, body: applicationJSON} }

func noValidApp() answer {
	return refusal(400, "Request_BadRequest", "The appId '"+appID+"' of the service principal does not reference a valid application object.")
}

func throttled(after string) answer {
	a := refusal(429, "TooManyRequests", "Too many requests")
	if after != "" {
		a.header = http.Header{"Retry-After": {after}}
	}
	return a
}

// Each case runs under a fake clock, so that the waiting is exact and takes no
// time.
func TestRetries(t *testing.T) {
	principal := answer{status: 201, body: `{"id":"` + principalID + `","appId":"` + appID + `"}`}
	password := ok(`{"keyId":"` + keyID + `","secretText":"s"}`)
	create := func(ctx context.Context, c *Client) error {
		_, err := c.CreateApplication(ctx, NewApplication{DisplayName: "Partner"})
		return err
	}
	addPassword := func(ctx context.Context, c *Client) error {
		_, err := c.AddPassword(ctx, objectID, "x", time.Time{})
		return err
	}
	createPrincipal := func(ctx context.Context, c *Client) error {
		_, err := c.CreateServicePrincipal(ctx, appID)
		return err
	}
	assign := func(ctx context.Context, c *Client) error {
		_, err := c.AssignRole(ctx, principalID, resourceID, roleID)
		return err
	}
	me := func(ctx context.Context, c *Client) error { _, err := c.Me(ctx); return err }
	meJSON := ok(`{"id":"` + principalID + `"}`)
	repeat := func(n int, a answer) []answer {
		list := make([]answer, n)
		for i := range list {
			list[i] = a
		}
		return list
	}
	type op = func(context.Context, *Client) error
	for _, tt := range []struct {
		name    string
		answers []answer
		ops     []op
		took    time.Duration
		status  int // of the last operation's error; 0 for success
	}{
		{"password after create, seen at once", []answer{created(), password}, []op{create, addPassword}, 0, 0},
		{"password after create, two times not seen", []answer{created(), notFound(), notFound(), password}, []op{create, addPassword}, 1500 * time.Millisecond, 0},
		{"principal after create, not seen", []answer{created(), noValidApp(), noValidApp(), noValidApp(), principal}, []op{create, createPrincipal}, 3500 * time.Millisecond, 0},
		{"role for a principal just created", []answer{created(), principal, notFound(), ok(`{"id":"a"}`)}, []op{create, createPrincipal, assign}, 500 * time.Millisecond, 0},
		{"role, the 400 of a missing reference", []answer{principal, refusal(400, "Request_BadRequest", "Resource '"+principalID+"' does not exist or one of its queried reference-property objects are not present."), ok(`{"id":"a"}`)}, []op{createPrincipal, assign}, 500 * time.Millisecond, 0},
		{"expected by the caller", []answer{notFound(), password}, []op{func(_ context.Context, c *Client) error { c.Expect(strings.ToUpper(objectID)); return nil }, addPassword}, 500 * time.Millisecond, 0},
		{"unknown application: believed at once", []answer{notFound()}, []op{addPassword}, 0, 404},
		{"unknown application, principal: believed at once", []answer{noValidApp()}, []op{createPrincipal}, 0, 400},
		{"another application than the one created", []answer{created(), notFound()}, []op{create, func(ctx context.Context, c *Client) error { return c.DeleteApplication(ctx, resourceID) }}, 0, 404},
		{"deleted, then not found: believed at once", []answer{created(), {status: 204}, notFound()}, []op{create, func(ctx context.Context, c *Client) error { return c.DeleteApplication(ctx, objectID) }, addPassword}, 0, 404},
		{"another 400 is not repeated", []answer{created(), refusal(400, "Request_BadRequest", "Invalid value.")}, []op{create, createPrincipal}, 0, 400},
		// 0.5+1+2+4 and then 8 s each until two minutes are full: 19 tries, 18 pauses.
		{"never seen: the deadline", append([]answer{created()}, repeat(19, notFound())...), []op{create, addPassword}, 119500 * time.Millisecond, 404},
		{"throttled by seconds", []answer{throttled("7"), meJSON}, []op{me}, 7 * time.Second, 0},
		{"throttled without a time", []answer{throttled(""), meJSON}, []op{me}, 500 * time.Millisecond, 0},
		{"throttled by a date", []answer{throttled("Sat, 01 Jan 2000 00:00:20 GMT"), meJSON}, []op{me}, 20 * time.Second, 0},
		{"throttled for longer than patience", []answer{throttled("600")}, []op{me}, 0, 429},
		{"throttled for ages", []answer{throttled("99999999999")}, []op{me}, 0, 429},
		{"throttled with nonsense", []answer{throttled("soon"), meJSON}, []op{me}, 500 * time.Millisecond, 0},
		{"throttled write: nothing was done, so again", []answer{throttled("1"), created()}, []op{create}, time.Second, 0},
		{"read unavailable", []answer{refusal(503, "ServiceUnavailable", "x"), refusal(504, "UnknownError", ""), meJSON}, []op{me}, 1500 * time.Millisecond, 0},
		{"write unavailable: may have been done, so not again", []answer{refusal(503, "ServiceUnavailable", "x")}, []op{create}, 0, 503},
		{"internal error is not repeated", []answer{refusal(500, "InternalServerError", "x")}, []op{me}, 0, 500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, s := scripted(t, tt.answers...)
				start := time.Now()
				var err error
				for i, do := range tt.ops {
					if err = do(t.Context(), c); err != nil && i < len(tt.ops)-1 {
						t.Fatalf("operation %d: %v", i, err)
					}
				}
				var refused *Error
				switch {
				case tt.status == 0 && err != nil:
					t.Error(err)
				case tt.status != 0 && (!errors.As(err, &refused) || refused.Status != tt.status):
					t.Errorf("error %v, want status %d", err, tt.status)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("took %s, want %s (%d requests)", took, tt.took, len(s.got))
				}
			})
		})
	}
}

// An object created long ago is not waited for.
func TestExpectationEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := scripted(t, created(), notFound())
		if _, err := c.CreateApplication(t.Context(), NewApplication{DisplayName: "x"}); err != nil {
			t.Fatal(err)
		}
		<-time.After(DefaultPatience)
		start := time.Now()
		_, err := c.GetApplication(t.Context(), objectID)
		var refused *Error
		if !errors.As(err, &refused) || !refused.NotFound() || time.Since(start) != 0 {
			t.Errorf("error %v after %s", err, time.Since(start))
		}
		c.Expect(resourceID)
		if len(c.recent) != 1 {
			t.Errorf("%d ids are remembered, want the last alone", len(c.recent))
		}
	})
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := scripted(t, throttled("60"))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		_, err := c.Me(ctx)
		var refused *Error
		if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &refused) || time.Since(start) != 10*time.Second {
			t.Errorf("error %v after %s", err, time.Since(start))
		}
	})
}

func TestOptions(t *testing.T) {
	s := &script{t: t, answers: []answer{created(), notFound()}}
	c := New(origin, signedIn, &http.Client{Transport: s}, WithPatience(0))
	if _, err := c.CreateApplication(t.Context(), NewApplication{DisplayName: "x"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.GetApplication(t.Context(), objectID); err == nil || len(s.got) != 2 {
		t.Errorf("without patience: error %v, %d requests", err, len(s.got))
	}

	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var waits []time.Duration
	s = &script{t: t, answers: []answer{created(), notFound(), notFound(), ok(applicationJSON)}}
	c = New(origin, signedIn, &http.Client{Transport: s}, WithClock(func() time.Time { return now }, func(_ context.Context, d time.Duration) error {
		waits = append(waits, d)
		now = now.Add(d)
		return nil
	}))
	if _, err := c.CreateApplication(t.Context(), NewApplication{DisplayName: "x"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.GetApplication(t.Context(), objectID); err != nil {
		t.Fatal(err)
	}
	if len(waits) != 2 || waits[0] != firstPause || waits[1] != 2*firstPause {
		t.Errorf("waits %v", waits)
	}
}
