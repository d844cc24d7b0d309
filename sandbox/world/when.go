package world

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// When is a moment of a world file: absolute, or relative to the world's start
// so that "expired yesterday" is true whenever the file is used. The zero
// value means that nothing was said.
type When struct {
	at       time.Time
	offset   time.Duration
	relative bool
}

// Relative is a moment counted from the world's start; negative is before it.
func Relative(d time.Duration) When { return When{offset: d, relative: true} }

// Absolute is a fixed moment.
func Absolute(t time.Time) When { return When{at: t.UTC()} }

// IsZero says that nothing was said.
func (w When) IsZero() bool { return !w.relative && w.at.IsZero() }

// At is the moment in a world that started at start.
func (w When) At(start time.Time) time.Time {
	if w.relative {
		return start.Add(w.offset)
	}
	return w.at
}

// String writes the moment as a world file does.
func (w When) String() string {
	switch {
	case w.IsZero():
		return ""
	case !w.relative:
		return w.at.Format(time.RFC3339Nano)
	case w.offset < 0:
		return "-" + (-w.offset).String()
	}
	return "+" + w.offset.String()
}

var (
	relativeRE = regexp.MustCompile(`^[+-](\d{1,7}[dhms])+$`)
	partRE     = regexp.MustCompile(`(\d+)([dhms])`)
)

// ParseWhen reads "now", an RFC 3339 time, or a signed offset in days, hours,
// minutes and seconds such as "-24h", "+180d" or "+1d12h".
func ParseWhen(s string) (When, error) {
	if s == "now" {
		return Relative(0), nil
	}
	if relativeRE.MatchString(s) {
		var sum time.Duration
		for _, m := range partRE.FindAllStringSubmatch(s[1:], -1) {
			n, err := strconv.Atoi(m[1])
			if err != nil {
				return When{}, fmt.Errorf("time %q: %w", s, err)
			}
			part := time.Duration(n) * map[string]time.Duration{"d": 24 * time.Hour, "h": time.Hour, "m": time.Minute, "s": time.Second}[m[2]]
			sum += part
			if sum > 36500*24*time.Hour || n > 36500 && m[2] == "d" {
				return When{}, fmt.Errorf("time %q is more than 100 years away: %w", s, ErrInvalid)
			}
		}
		if strings.HasPrefix(s, "-") {
			sum = -sum
		}
		return Relative(sum), nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil && t.Year() > 1 {
		return Absolute(t), nil
	}
	return When{}, fmt.Errorf("%q is not a time: %w", s, ErrInvalid)
}
