package mdeapi

import "slices"

// Operations are all names that [Operation] can tell.
func Operations() []string {
	var names []string
	for _, o := range operations() {
		names = append(names, o.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
