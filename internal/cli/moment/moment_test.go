package moment

import (
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		in   string
		want time.Time
		bad  bool
	}{
		{in: "", want: time.Time{}},
		{in: "24h", want: now.Add(-24 * time.Hour)},
		{in: "90m", want: now.Add(-90 * time.Minute)},
		{in: "7d", want: now.AddDate(0, 0, -7)},
		{in: " 2w ", want: now.AddDate(0, 0, -14)},
		{in: "2026-11-16", want: time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)},
		{in: "2026-11-16T08:00:00.1234567+02:00", want: time.Date(2026, 11, 16, 6, 0, 0, 123456700, time.UTC)},
		{in: "yesterday", bad: true},
		{in: "-1h", bad: true},
		{in: "-3d", bad: true},
		{in: "d", bad: true},
		{in: "99999999999999999999d", bad: true},
		{in: "2026-13-01", bad: true},
	}
	for _, tc := range tests {
		got, err := Parse("--since", tc.in, now)
		if (err != nil) != tc.bad || !got.Equal(tc.want) {
			t.Errorf("%q: got %s, %v", tc.in, got, err)
		}
	}
}

// A point in time that is still to come finds nothing, and is no answer.
func TestPast(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for in, ok := range map[string]bool{"24h": true, "2026-11-22": true, "2026-11-22T12:04:00Z": true, "2026-11-23": false, "2027-01-01T00:00:00Z": false, "soon": false, "": true} {
		if got, err := Past("--since", in, now); (err == nil) != ok || !ok && !got.IsZero() {
			t.Errorf("%q: got %s, %v", in, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"24h", "7d", "2026-11-16", "1e9h", "w"} {
		f.Add(s)
	}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Parse("--since", s, now)
		if err != nil && !got.IsZero() {
			t.Errorf("%q: a time and an error", s)
		}
	})
}

func TestStamp(t *testing.T) {
	at := time.Date(2026, 11, 16, 1, 30, 59, 0, time.FixedZone("", 2*60*60))
	if got := Stamp(at); got != "2026-11-15 23:30" {
		t.Errorf("got %q", got)
	}
	if got := Stamp(time.Time{}); got != "" {
		t.Errorf("the zero time: %q", got)
	}
}
