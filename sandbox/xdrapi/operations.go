package xdrapi

import "slices"

// GraphOperations are the names of what the surface of Graph answers, as
// [Operation] tells them.
func GraphOperations() []string { return namesOf(graphOperations) }

// XDROperations are the names of what the Defender XDR API answers.
func XDROperations() []string { return namesOf(xdrOperations) }

func namesOf[H any](all []operation[H]) []string {
	var names []string
	for _, o := range all {
		names = append(names, o.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
