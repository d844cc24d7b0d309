// Package filter reads the flags that choose what is listed and judge what is
// changed, in Microsoft's words whatever their letter case and surface.
package filter

import (
	"strings"

	"github.com/tenantry/tenantry/internal/cli/clierr"
)

// Members reads the values of a flag with the parser of their enumeration.
// offered are the members that users are told of; others that the parser knows
// are taken all the same. The error tells what they are of ("a severity").
func Members[T ~string](flag, what string, offered []T, values []string, parse func(string) (T, bool)) ([]T, error) {
	var out []T
	for _, v := range values {
		m, ok := parse(strings.TrimSpace(v))
		if !ok {
			return nil, clierr.Usage("use "+Or(offered), "%s: %q is not %s", flag, v, what)
		}
		out = append(out, m)
	}
	return out, nil
}

// Member is Members for a flag with one value; empty stays empty.
func Member[T ~string](flag, what string, offered []T, value string, parse func(string) (T, bool)) (T, error) {
	if value == "" {
		return "", nil
	}
	list, err := Members(flag, what, offered, []string{value}, parse)
	if err != nil {
		return "", err
	}
	return list[0], nil
}

// Among is a parser for an enumeration that has none of its own: it reads a
// word as one of members, whatever its letter case.
func Among[T ~string](members []T) func(string) (T, bool) {
	return func(word string) (T, bool) {
		for _, m := range members {
			if strings.EqualFold(string(m), word) {
				return m, true
			}
		}
		return "", false
	}
}

// Limit refuses a --limit below 0.
func Limit(n int) error {
	if n < 0 {
		return clierr.Usage("use 0 for all", "--limit: %d is less than 0", n)
	}
	return nil
}

// Or lists members as a sentence does: "low, medium or high".
func Or[T ~string](members []T) string {
	var b strings.Builder
	for i, m := range members {
		switch {
		case i > 0 && i == len(members)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(string(m))
	}
	return b.String()
}
