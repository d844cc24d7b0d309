package defender

import (
	"errors"
	"time"
)

var errTime = errors.New("not a time in ISO 8601 form")

// parseTime reads the times both surfaces write: a date, "T", a time of day
// with any number of fractional digits (Microsoft writes 0 to 7), and "Z", an
// offset, or nothing, which means UTC. The result is in UTC. The year 1, with
// which .NET writes "never", is the zero time.
func parseTime(s string) (time.Time, error) {
	// time.Parse alone would take one-digit hours and a comma before the fraction.
	if len(s) < len("2006-01-02T15:04:05") || s[10] != 'T' || s[13] != ':' || len(s) > 19 && s[19] == ',' {
		return time.Time{}, errTime
	}
	t, err := parseISO(s)
	if err != nil {
		return time.Time{}, errTime
	}
	if t = t.UTC(); t.Year() <= 1 {
		return time.Time{}, nil
	}
	return t, nil
}

// isYearOne tells whether a time that parseTime read as zero is the very first
// instant, which can be written again, and not another one of that year.
func isYearOne(s string) bool {
	t, err := parseISO(s)
	return err == nil && t.IsZero()
}

func parseISO(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	return time.Parse("2006-01-02T15:04:05", s)
}

// odataTime writes a time for a $filter, rounded down to the seven fractional
// digits that the services keep, so that "ge" never leaves out an incident.
func odataTime(t time.Time) string {
	return t.UTC().Truncate(100 * time.Nanosecond).Format("2006-01-02T15:04:05.9999999Z")
}
