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
