package world

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with a world file.
type Problem struct {
	File         string // as given to the parser; empty when unknown
	Line, Column int    // from 1; 0 when the world was built in Go and has no lines
	Field        string // path such as "apps[0].secrets[1].end"
	Message      string // what is wrong, with the value unless it is a secret
	Remedy       string // what to write instead
}

// String is the problem in one line: place, field, message, remedy.
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File + ":")
	}
	if p.Line > 0 {
		fmt.Fprintf(&b, "%d:%d:", p.Line, p.Column)
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	if p.Field != "" {
		b.WriteString(p.Field + ": ")
	}
	b.WriteString(p.Message)
	if p.Remedy != "" {
		b.WriteString("; " + p.Remedy)
	}
	return b.String()
}

// Problems is the error of a world file: everything that is wrong with it, in
// the order of the file.
type Problems []Problem

// Error is one line per problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

func (ps Problems) sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// suggest is the remedy for a word that is not one of the allowed ones: the
// nearest of them, or all of them when none is near.
func suggest(word string, allowed []string) string {
	if best, ok := nearest(word, allowed); ok {
		return fmt.Sprintf("did you mean %q?", best)
	}
	if len(allowed) == 0 {
		return ""
	}
	return "use one of " + strings.Join(allowed, ", ")
}

func nearest(word string, allowed []string) (string, bool) {
	for _, a := range allowed {
		if len(word) > 3 && strings.HasPrefix(strings.ToLower(a), strings.ToLower(word)) {
			return a, true
		}
	}
	best, at := "", len(word)/3+1
	for _, a := range allowed {
		d := distance(strings.ToLower(word), strings.ToLower(a))
		if d < at || (best == "" && d == at) {
			best, at = a, d
		}
	}
	return best, best != ""
}

// distance counts the letters to insert, drop, replace or swap with their
// neighbour to make a into b.
func distance(a, b string) int {
	const longest = 100 // longer words are no typing mistakes of ours
	if len(a) > longest || len(b) > longest {
		return longest
	}
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
