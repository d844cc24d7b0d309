package story

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/internal/cli/output"
)

// words writes a member of one of Microsoft's enumerations for people:
// "inProgress" becomes "in progress". Names of products keep their capitals.
func words(member string) string {
	if member == "" || strings.Contains(member, " ") {
		return member
	}
	product := strings.HasPrefix(member, "microsoft") || strings.HasPrefix(member, "azure")
	var parts []string
	runes := []rune(member)
	start := 0
	for i := 1; i <= len(runes); i++ {
		if i < len(runes) && !begins(runes, i) {
			continue
		}
		part := string(runes[start:i])
		switch {
		case product && len(parts) == 0:
			part = strings.ToUpper(part[:1]) + part[1:]
		case product && part != "For", strings.ToUpper(part) == part: // an abbreviation
		default:
			part = strings.ToLower(part)
		}
		parts = append(parts, part)
		start = i
	}
	return strings.ReplaceAll(strings.Join(parts, " "), " Io T", " IoT")
}

// begins says whether a word begins at i.
func begins(r []rune, i int) bool {
	if unicode.IsDigit(r[i]) {
		return !unicode.IsDigit(r[i-1])
	}
	return unicode.IsUpper(r[i]) && !unicode.IsUpper(r[i-1])
}

func severityStyle(s defender.Severity) output.Style {
	switch s {
	case defender.SeverityHigh:
		return output.Red
	case defender.SeverityMedium:
		return output.Yellow
	case defender.SeverityLow:
		return output.Blue
	}
	return output.Plain
}

func statusStyle(s string) output.Style {
	if s == string(defender.StatusResolved) {
		return output.Green
	}
	return output.Plain
}

func assigned(to string) output.Cell {
	if to == "" {
		return output.Text("not assigned")
	}
	return output.Text("assigned to " + to)
}

func assignedShort(to string) string {
	if to == "" {
		return ""
	}
	return "assigned to " + to
}

func when(what string, t, now time.Time) output.Cell {
	if t.IsZero() {
		return output.Cell{}
	}
	return output.Text(fmt.Sprintf("%s %s UTC%s", what, stamp(t), age(t, now)))
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// span writes a period; one that begins and ends in the same minute is a time.
func span(from, to time.Time) string {
	first, last := stamp(from), stamp(to)
	if first == "" || last == "" || first == last {
		if first == "" {
			first = last
		}
		if first == "" {
			return ""
		}
		return first + " UTC"
	}
	return first + " to " + last + " UTC"
}

// age says how long ago a time was, in its largest unit; nothing for the future.
func age(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case now.IsZero(), d < 0:
		return ""
	case d < time.Minute:
		return " (just now)"
	case d < time.Hour:
		return fmt.Sprintf(" (%d min ago)", int(d/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf(" (%d h ago)", int(d/time.Hour))
	}
	return fmt.Sprintf(" (%d days ago)", int(d/(24*time.Hour)))
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// join puts what is not empty together.
func join(separator string, parts ...string) string {
	var have []string
	for _, p := range parts {
		if p != "" {
			have = append(have, p)
		}
	}
	return strings.Join(have, separator)
}
