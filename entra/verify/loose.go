package verify

import (
	"math"
	"strconv"
	"time"

	"github.com/tenantry/tenantry/entra/verify/internal/jws"
)

// How careless programs read claims of the wrong JSON type. Nothing reaches
// this but the tests that take the rule "claims.type" or "header.member-type"
// away, to show that the rule is what refuses such tokens.

func looseText(value string) string {
	if s, ok := jws.String(value); ok {
		return s
	}
	if list := looseList(value); len(list) > 0 {
		return list[0]
	}
	if value == "null" {
		return ""
	}
	return value
}

func looseList(value string) []string {
	if s, ok := jws.String(value); ok {
		return []string{s}
	}
	var list []string
	jws.Elements(value, func(v string) bool {
		if s, ok := jws.String(v); ok {
			list = append(list, s)
		}
		return true
	})
	return list
}

func looseTime(value string) time.Time {
	if s, ok := jws.String(value); ok {
		value = s
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil && n == 0 {
		return time.Time{}
	}
	return time.Unix(int64(math.Max(-latest, math.Min(latest, n))), 0).UTC()
}
