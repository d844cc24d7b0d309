// Package moment reads points in time as people type them, and writes them as
// tables show them.
package moment

import (
	"strconv"
	"strings"
	"time"

	"github.com/tenantry/tenantry/internal/cli/clierr"
)

// Forms are the forms of a point in time that help and errors offer.
const Forms = "24h, 7d, 2026-11-16 or 2026-11-16T08:00:00Z"

// Parse reads the value of a flag that is a point in time: an age such as 90m,
// 24h, 7d or 2w, a date (midnight UTC), or an RFC 3339 time. Empty is the zero
// time.
func Parse(flag, s string, now time.Time) (time.Time, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return time.Time{}, nil
	}
	bad := clierr.Usage("use "+Forms, "%s: %q is not a time", flag, s)
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, nil
	}
	if unit, ok := map[byte]time.Duration{'d': 24 * time.Hour, 'w': 7 * 24 * time.Hour}[s[len(s)-1]]; ok {
		n, err := strconv.Atoi(s[:len(s)-1])
		if err != nil || n < 0 || n > 10*366 { // ten years: more than any retention
			return time.Time{}, bad
		}
		return now.Add(-time.Duration(n) * unit), nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return time.Time{}, bad
	}
	return now.Add(-d), nil
}

// ahead is how far the clocks of others may be ahead of this machine's. Ours.
const ahead = 5 * time.Minute

// Past is [Parse] for a point in time that has been: a year mistyped would
// otherwise find nothing, and say that there is nothing.
func Past(flag, s string, now time.Time) (time.Time, error) {
	t, err := Parse(flag, s, now)
	if err == nil && t.After(now.Add(ahead)) {
		return time.Time{}, clierr.Usage("use a time that has been: 24h, 7d, or a date up to "+now.UTC().Format(time.DateOnly),
			"%s: %q is still to come", flag, strings.TrimSpace(s))
	}
	return t, err
}

// Stamp is a time in a table: in UTC, to the minute; empty for the zero time.
func Stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04")
}
