package verify

import (
	"strings"
)

// NearMiss finds in have the role or scope that whoever wrote want probably
// meant: the same in other case, in singular or plural ("Incidents.Read.All"
// of Microsoft's picture, which is "Incident.Read.All"), with or without the
// ".All" that tells an application role from a delegated permission, or a
// typing error away. An entry equal to want is no near miss.
func NearMiss(want string, have []string) (string, bool) {
	asked := want
	want = strings.TrimSpace(want)
	if want == "" || len(want) > maxRole {
		return "", false
	}
	best, bestRank := "", 0
	for _, h := range have {
		if h == want || h == asked {
			continue
		}
		if rank := nearness(want, h); rank > 0 && (best == "" || rank < bestRank || rank == bestRank && h < best) {
			best, bestRank = h, rank
		}
	}
	return best, best != ""
}

// maxRole is the longest role name that is compared; Microsoft's longest has
// about sixty characters.
const maxRole = 128

// nearness ranks how close two different names are: 1 is closest, 0 is not
// close at all.
func nearness(a, b string) int {
	if b == "" || len(b) > maxRole {
		return 0
	}
	la, lb := strings.ToLower(strings.TrimSpace(a)), strings.ToLower(strings.TrimSpace(b))
	switch {
	case la == lb:
		return 1
	case singular(la) == singular(lb):
		return 2
	case delegated(singular(la)) == delegated(singular(lb)):
		return 3
	}
	// Two edits in a short name are another name: "Ti.Read" and "Ip.Read".
	limit := 2
	if min(len(la), len(lb)) < 10 {
		limit = 1
	}
	if d := editDistance(la, lb, limit); d <= limit {
		return 3 + d
	}
	return 0
}

// singular takes the plural s from the first word of a role's name.
func singular(role string) string {
	first, rest, found := strings.Cut(role, ".")
	if !found {
		return role
	}
	return strings.TrimSuffix(first, "s") + "." + rest
}

// delegated is the delegated name of an application role of the Defender
// APIs, which differs by the ".All" at its end.
func delegated(role string) string { return strings.TrimSuffix(role, ".all") }

// editDistance counts insertions, deletions, replacements and swaps of
// neighbours, and stops counting beyond limit.
func editDistance(a, b string, limit int) int {
	ra, rb := []rune(a), []rune(b)
	if diff := len(ra) - len(rb); diff > limit || -diff > limit {
		return limit + 1
	}
	before, prev, cur := make([]int, len(rb)+1), make([]int, len(rb)+1), make([]int, len(rb)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(ra); i++ {
		cur[0] = i
		for j := 1; j <= len(rb); j++ {
			cost := 1
			if ra[i-1] == rb[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && ra[i-1] == rb[j-2] && ra[i-2] == rb[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(rb)]
}
