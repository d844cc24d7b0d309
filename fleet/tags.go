package fleet

import (
	"fmt"
	"slices"
	"strings"
)

// maxTag bounds the length of a tag, in bytes.
const maxTag = 64

// NormalizeTag checks a tag and returns it in lower case: letters, digits and
// ". _ - : /", such as "eu", "tier:gold" or "team/soc-1".
func NormalizeTag(tag string) (string, error) {
	t := strings.ToLower(strings.TrimSpace(tag))
	switch {
	case t == "":
		return "", &SelectError{Field: "tag", Problem: "it is empty", Remedy: "use letters, digits and . _ - : /"}
	case len(t) > maxTag:
		return "", &SelectError{Field: "tag", Value: t[:maxTag] + "…", Problem: fmt.Sprintf("it is longer than %d characters", maxTag), Remedy: "use a shorter one"}
	}
	for _, r := range t {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("._-:/", r) {
			return "", &SelectError{Field: "tag", Value: tag, Problem: fmt.Sprintf("%q cannot be part of a tag", r), Remedy: "use letters, digits and . _ - : /"}
		}
	}
	return t, nil
}

// NormalizeTags checks tags and returns them in lower case, sorted, each once.
func NormalizeTags(tags []string) ([]string, error) {
	var out []string
	for _, tag := range tags {
		t, err := NormalizeTag(tag)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Customers groups tenants by the customer they belong to, by name. A tenant
// without a customer is a customer of its own, called by its label.
func Customers(tenants []Tenant) []Customer {
	at := map[string]int{}
	var out []Customer
	for _, t := range tenants {
		if t.Customer == "" {
			out = append(out, Customer{Name: t.Label(), Tenants: []Tenant{t}})
			continue
		}
		key := strings.ToLower(t.Customer)
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, Customer{Name: t.Customer})
		}
		out[i].Tenants = append(out[i].Tenants, t)
	}
	slices.SortStableFunc(out, func(a, b Customer) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return out
}
