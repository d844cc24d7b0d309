package limit

import (
	"fmt"
	"testing"
	"time"
)

// TestMemoryBounded: idle windows go, and callers beyond the bound push out
// those that were heard of longest ago.
func TestMemoryBounded(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	k := New(Config{Now: func() time.Time { return now }, Rules: []Rule{{Name: "r", Service: "xdr", Calls: 1, Per: time.Minute}}})
	for i := range 5_000 {
		k.Take("xdr", "x", fmt.Sprint("idle", i), "a")
		now = now.Add(time.Second)
	}
	if n := len(k.windows); n > 1100 {
		t.Errorf("%d windows where 60 hold a call", n)
	}
	for i := range maxWindows + 10 {
		k.Take("xdr", "x", fmt.Sprint("busy", i), "a")
		now = now.Add(time.Microsecond)
	}
	if n := len(k.windows); n > maxWindows {
		t.Errorf("%d windows, more than %d", n, maxWindows)
	}
	if _, refused := k.Take("xdr", "x", fmt.Sprint("busy", maxWindows+9), "a"); !refused {
		t.Error("the newest caller was forgotten")
	}
	if _, refused := k.Take("xdr", "x", "busy0", "a"); refused {
		t.Error("the oldest caller was not forgotten")
	}
	for i := range 2 * maxMatches {
		k.Take("xdr", fmt.Sprint("made-up", i), "t", "a")
	}
	if n := len(k.match); n > maxMatches {
		t.Errorf("%d operations remembered", n)
	}
}

// TestSweepKeepsTheWindowsOfItsCall: a call that has windows of several rules
// counts in all of them, also when making the second one sweeps the others.
func TestSweepKeepsTheWindowsOfItsCall(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for begun := range 4 {
		k := New(Config{Now: func() time.Time { return now }, Rules: []Rule{
			{Name: "one", Service: "xdr", Operations: []string{"alone"}, Calls: 1, Per: time.Hour},
			{Name: "minute", Service: "xdr", Operations: []string{"x"}, Calls: 1, Per: time.Minute},
			{Name: "hour", Service: "xdr", Operations: []string{"x"}, Calls: 1, Per: time.Hour},
		}})
		for i := range begun { // so that the sweep falls on each rule once
			k.Take("xdr", "alone", fmt.Sprint("single", i), "a")
		}
		for i := range 1_500 {
			tenant := fmt.Sprint("tenant", i)
			k.Take("xdr", "x", tenant, "a")
			if w := k.windows[key{1, tenant, "a"}]; w == nil || w.n != 1 {
				t.Fatalf("with %d before it, call %d is not in its first window", begun, i)
			}
		}
	}
}
