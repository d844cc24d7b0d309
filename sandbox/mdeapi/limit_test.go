package mdeapi_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/sandbox/limit"
)

// TestLimits drives every documented limit of the API to its edge: what the
// client is told is what then holds, and the journal shows both.
func TestLimits(t *testing.T) {
	f := newLimited(t, limit.Published())
	d := f.workstation().MDEID
	calls := map[string][3]string{
		"machines.list":     {"GET", machines + "?$top=0"},
		"machines.get":      {"GET", machines + "/" + d},
		"machines.isolate":  {"POST", machines + "/" + d + "/isolate"},
		"machines.release":  {"POST", machines + "/" + d + "/unisolate"},
		"machines.scan":     {"POST", machines + "/" + d + "/runAntiVirusScan"},
		"machines.collect":  {"POST", machines + "/" + d + "/collectInvestigationPackage"},
		"actions.list":      {"GET", actions},
		"actions.get":       {"GET", actions + "/x"},
		"actions.cancel":    {"POST", actions + "/x/cancel"},
		"indicators.list":   {"GET", indicators},
		"indicators.submit": {"POST", indicators},
		"indicators.delete": {"DELETE", indicators + "/x"},
	}
	seen := 0
	for _, rule := range limit.Published() {
		if rule.Service != limit.ServiceMDE || rule.Per != time.Minute {
			continue
		}
		operation := rule.Operations[0]
		c, ok := calls[operation]
		if !ok || len(rule.Operations) != 1 {
			t.Fatalf("no call for the limit %s", rule.Name)
		}
		seen++
		t.Run(operation, func(t *testing.T) {
			// The hour's limit is reached by the minute's, again and again.
			bearer := f.app(tenantID, everything...)
			made := 0
			for made < 1500 {
				for range 99 { // through the keeper, for the sake of time
					if refusal, refused := f.limits.Take(rule.Service, operation, tenantID, appID); refused {
						t.Fatalf("call %d: %+v", made+1, refusal)
					}
					made++
				}
				if a := f.do(c[0], bearer, c[1], ""); a.status == http.StatusTooManyRequests || a.status == http.StatusUnauthorized {
					t.Fatalf("call %d: %s", made+1, a.raw)
				}
				made++
				a := f.do(c[0], bearer, c[1], "")
				wait, max, per := 60, 100, "00:01:00"
				if made == 1500 { // the first calls of the hour were 14 minutes ago
					wait, max, per = 46*60, 1500, "01:00:00"
				}
				want := fmt.Sprintf("API calls quota exceeded! maximum allowed %d per %s. You can resume in %d seconds.", max, per, wait)
				if a.status != http.StatusTooManyRequests || a.errorOf("code") != "TooManyRequests" || a.errorOf("message") != want || a.header.Get("Retry-After") != strconv.Itoa(wait) {
					t.Fatalf("after %d calls: %d, Retry-After %s, %s; want %q", made, a.status, a.header.Get("Retry-After"), a.raw, want)
				}
				e := f.lastEvent()
				detail, _ := e.Detail["limit"].(map[string]any)
				if e.Operation != operation || e.Error != "TooManyRequests" || detail["used"] != max || detail["retryAfter"] != wait || !strings.HasPrefix(fmt.Sprint(detail["source"]), "https://learn.microsoft.com/") {
					t.Fatalf("journal: %+v", e)
				}
				f.wait(time.Duration(wait) * time.Second)
			}
			if a := f.do(c[0], bearer, c[1], ""); a.status == http.StatusTooManyRequests {
				t.Errorf("after the hour: %s", a.raw)
			}
		})
	}
	if seen != len(calls) {
		t.Errorf("%d limits for %d calls", seen, len(calls))
	}
}

// TestLimitScope: limits are counted for each application in each tenant, of
// calls that are allowed.
func TestLimitScope(t *testing.T) {
	f := newLimited(t, []limit.Rule{{Name: "one", Service: limit.ServiceMDE, Operations: []string{"machines.list"}, Calls: 1, Per: time.Minute}})
	bearer := f.app(tenantID, everything...)
	status := func(bearer, url string) int { return f.get(bearer, url).status }
	for i := range 3 {
		if got := status(f.app(tenantID), machines); got != 403 {
			t.Errorf("without a role, call %d: %d", i, got)
		}
	}
	for _, tt := range []struct {
		name, bearer, url string
		want              int
	}{
		{"the first", bearer, machines, 200},
		{"the second", bearer, machines, 429},
		{"by the other path", bearer, host + "/api/v1.0/machines", 429},
		{"a user of the same application", f.user(analystID, "Machine.Read"), machines, 429},
		{"another call", bearer, actions, 200},
		{"another tenant", f.app(otherID, everything...), machines, 200},
		{"another application", f.sign(mdeAudience, map[string]any{"tid": tenantID, "oid": "sp2", "sub": "sp2", "appid": otherApp, "roles": everything}), machines, 200},
	} {
		if got := status(tt.bearer, tt.url); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
	f.wait(time.Minute)
	if got := status(bearer, machines); got != 200 {
		t.Errorf("after the wait: %d", got)
	}
}
