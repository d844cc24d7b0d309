package fleet

import (
	"fmt"
	"slices"
	"strings"
)

// Selector chooses tenants. Its parts narrow each other: a tenant is chosen
// when it is named (or none is named), carries one of Tags (or none is given)
// and carries none of ExcludeTags. The zero Selector chooses nothing, so that
// forgetting to say which tenants is never read as all of them.
type Selector struct {
	Tenants     []string // ids, domains or names, in any letter case
	Tags        []string
	ExcludeTags []string
	All         bool // all tenants; ExcludeTags still applies
}

// IsZero tells whether the selector says nothing.
func (s Selector) IsZero() bool {
	return !s.All && len(s.Tenants) == 0 && len(s.Tags) == 0 && len(s.ExcludeTags) == 0
}

// SelectError refuses a selection.
type SelectError struct {
	Field   string   // "tenant", "tag", "exclude-tag" or "all"
	Value   string   // what was asked for
	Problem string   // what is wrong with it
	Near    []string // what may have been meant
	Remedy  string
}

func (e *SelectError) Error() string {
	var b strings.Builder
	b.WriteString(e.Field)
	if e.Value != "" {
		fmt.Fprintf(&b, " %q", e.Value)
	}
	b.WriteString(": " + e.Problem)
	if len(e.Near) > 0 {
		b.WriteString("; did you mean " + strings.Join(e.Near, " or ") + "?")
	}
	return b.String() + "; " + e.Remedy
}

// Next says in one sentence what to do about it.
func (e *SelectError) Next() string { return e.Remedy }

// Select returns the chosen ones of tenants, in their order, each once. It
// refuses, with a [*SelectError], an unknown name (telling near ones), a name
// that several tenants share, a tag that no tenant carries, and a selection
// that says nothing or contradicts itself.
func (s Selector) Select(tenants []Tenant) ([]Tenant, error) {
	if s.All && (len(s.Tenants) > 0 || len(s.Tags) > 0) {
		return nil, &SelectError{Field: "all", Problem: "it contradicts naming tenants or tags", Remedy: "give one or the other"}
	}
	if !s.All && len(s.Tenants) == 0 && len(s.Tags) == 0 {
		return nil, &SelectError{Field: "tenant", Problem: "no tenant is chosen", Remedy: "name tenants or tags, or choose all"}
	}
	named := map[int]bool{}
	for _, want := range s.Tenants {
		i, err := find(tenants, want)
		if err != nil {
			return nil, err
		}
		named[i] = true
	}
	if err := knownTags(tenants, "tag", s.Tags); err != nil {
		return nil, err
	}
	if err := knownTags(tenants, "exclude-tag", s.ExcludeTags); err != nil {
		return nil, err
	}
	var chosen []Tenant
	for i, t := range tenants {
		switch {
		case len(s.Tenants) > 0 && !named[i],
			len(s.Tags) > 0 && !anyTag(t, s.Tags),
			anyTag(t, s.ExcludeTags):
			continue
		}
		chosen = append(chosen, t)
	}
	return chosen, nil
}

// find looks for a tenant by id, then by domain, then by name: an id is never
// shadowed by a name that looks like one.
func find(tenants []Tenant, want string) (int, error) {
	key := strings.ToLower(strings.TrimSpace(want))
	if key == "" {
		return 0, &SelectError{Field: "tenant", Problem: "an empty name", Remedy: "use an id, a domain or a name"}
	}
	for _, form := range []func(Tenant) string{
		func(t Tenant) string { return string(t.ID) },
		func(t Tenant) string { return t.Domain },
		func(t Tenant) string { return t.Name },
	} {
		var hits []int
		for i, t := range tenants {
			if strings.ToLower(form(t)) == key {
				hits = append(hits, i)
			}
		}
		if len(hits) == 1 {
			return hits[0], nil
		}
		if len(hits) > 1 {
			ids := make([]string, len(hits))
			for i, h := range hits {
				ids[i] = string(tenants[h].ID)
			}
			return 0, &SelectError{Field: "tenant", Value: want, Problem: fmt.Sprintf("%d tenants are called this", len(hits)),
				Remedy: "use the id: " + strings.Join(ids, ", ")}
		}
	}
	var forms []string
	for _, t := range tenants {
		forms = append(forms, t.Name, t.Domain, string(t.ID))
	}
	return 0, &SelectError{Field: "tenant", Value: want, Problem: "no such tenant", Near: nearest(key, forms),
		Remedy: "tenantry tenants list shows ids, domains and names"}
}

func knownTags(tenants []Tenant, field string, tags []string) error {
	for _, want := range tags {
		if slices.ContainsFunc(tenants, func(t Tenant) bool { return anyTag(t, []string{want}) }) {
			continue
		}
		var all []string
		for _, t := range tenants {
			all = append(all, t.Tags...)
		}
		return &SelectError{Field: field, Value: want, Problem: "no tenant carries this tag", Near: nearest(strings.ToLower(want), all),
			Remedy: "tenantry tenants list shows their tags"}
	}
	return nil
}

func anyTag(t Tenant, tags []string) bool {
	return slices.ContainsFunc(tags, func(want string) bool {
		return slices.ContainsFunc(t.Tags, func(have string) bool { return strings.EqualFold(have, strings.TrimSpace(want)) })
	})
}

// nearest returns up to three of names that are like want: one contains the
// other, or few letters differ.
func nearest(want string, names []string) []string {
	type match struct {
		name string
		cost int
	}
	var matches []match
	seen := map[string]bool{}
	for _, name := range names {
		lower := strings.ToLower(name)
		if name == "" || seen[lower] {
			continue
		}
		seen[lower] = true
		cost := distance(want, lower)
		if len(want) >= 3 && strings.Contains(lower, want) {
			cost = min(cost, 1)
		}
		if cost <= max(1, len(want)/4) {
			matches = append(matches, match{name, cost})
		}
	}
	slices.SortStableFunc(matches, func(a, b match) int { return a.cost - b.cost })
	var near []string
	for _, m := range matches[:min(3, len(matches))] {
		near = append(near, m.name)
	}
	return near
}

// distance is how many letters must be added, removed, replaced or swapped with
// their neighbour to turn a into b.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, above, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(y)]
}
