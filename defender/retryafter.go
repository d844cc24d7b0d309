package defender

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxWait bounds what a service can make a caller wait; the longest window of
// the published quotas is an hour, of the hunting quota a day.
const maxWait = 24 * time.Hour

func bounded(d time.Duration) time.Duration { return min(max(d, 0), maxWait) }

// retryAfterHeader reads a Retry-After header: seconds or a date. The second
// result is false when it says nothing that can be read.
func retryAfterHeader(value string, now time.Time) (time.Duration, bool) {
	value = strings.TrimSpace(value)
	if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds >= 0 {
		return bounded(time.Duration(min(seconds, maxWait.Seconds()) * float64(time.Second))), true
	}
	if date, err := http.ParseTime(value); err == nil {
		return bounded(date.Sub(now)), true
	}
	return 0, false
}

// retryAfterText looks in the text of a refusal for when to resume, since the
// incident pages of Microsoft Defender XDR say that a 429 tells so in its body
// without saying how: "in 35 seconds", "after 00:00:35", "after
// 2026-11-22T10:00:00Z". What follows "per" is the size of a quota's window and
// no wait. 0 means that nothing was found.
func retryAfterText(text string, now time.Time) time.Duration {
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\n\r,;()\"'", r) })
	for i, word := range words {
		before := ""
		if i > 0 {
			before = strings.ToLower(words[i-1])
		}
		word = strings.TrimRight(word, ".!")
		if before == "per" || before == "every" || before == "last" {
			continue
		}
		if t, err := parseTime(word); err == nil && !t.IsZero() {
			if t.After(now) {
				return bounded(t.Sub(now))
			}
			continue
		}
		if d, ok := clockDuration(word); ok {
			return bounded(d)
		}
		n, unit := splitUnit(word)
		if unit == "" && i+1 < len(words) {
			unit = strings.ToLower(strings.TrimRight(words[i+1], ".!"))
		}
		if d, ok := unitDuration(unit); ok && n >= 0 {
			return bounded(time.Duration(min(float64(n)*float64(d), float64(maxWait))))
		}
	}
	return 0
}

// clockDuration reads hh:mm:ss.
func clockDuration(s string) (time.Duration, bool) {
	parts := strings.Split(s, ":")
	if len(parts) != 3 {
		return 0, false
	}
	var total float64
	for _, p := range parts {
		v, err := strconv.ParseFloat(p, 64)
		if err != nil || !(v >= 0 && v < 1e6) {
			return 0, false
		}
		total = total*60 + v
	}
	return time.Duration(min(total, maxWait.Seconds()) * float64(time.Second)), true
}

// splitUnit splits "30s" into 30 and "s"; -1 when it does not begin with a number.
func splitUnit(word string) (int64, string) {
	end := 0
	for end < len(word) && word[end] >= '0' && word[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(word[:end], 10, 64)
	if err != nil {
		return -1, ""
	}
	return n, strings.ToLower(word[end:])
}

func unitDuration(unit string) (time.Duration, bool) {
	switch unit {
	case "s", "sec", "secs", "second", "seconds":
		return time.Second, true
	case "m", "min", "mins", "minute", "minutes":
		return time.Minute, true
	case "h", "hour", "hours":
		return time.Hour, true
	}
	return 0, false
}
