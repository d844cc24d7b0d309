package xdrapi

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/odata"
	"github.com/tenantry/tenantry/sandbox/world"
)

// window is the part of a list that a request asks for.
type window struct {
	skip, top int
	count     bool // all that pass are counted, not just those of the page
}

func windowOf(o odata.Options, size int) window {
	w := window{skip: max(0, o.Skip), top: o.Top, count: o.Count}
	if w.top < 0 {
		w.top = size
	}
	return w
}

// cut returns the items of the window out of those that pass the filter, in
// order, and whether more follow. Unless all are to be counted it looks no
// further than one item past the page.
func cut[T any](w window, all []T, keep odata.Predicate, value func(T, string) any) (items []T, found int, more bool) {
	var item T
	get := func(name string) any { return value(item, name) } // one closure for all items
	for _, item = range all {
		if !keep(get) {
			continue
		}
		found++
		switch {
		case found <= w.skip:
		case len(items) < w.top:
			items = append(items, item)
		case !w.count:
			return items, found, true
		}
	}
	return items, found, found > w.skip+len(items) && w.top > 0
}

// sorted returns list in order: itself when it is in order already, as the
// world's lists mostly are, else a copy.
func sorted[T any](list []T, by func(a, b T) int) []T {
	if slices.IsSortedFunc(list, by) {
		return list
	}
	out := slices.Clone(list)
	slices.SortStableFunc(out, by)
	return out
}

// latestUpdate orders incidents by last update, newest first, and by id where
// that is equal, so that a page's edge is always at the same place.
func latestUpdate(a, b *world.Incident) int {
	return cmp.Or(b.LastUpdate.Compare(a.LastUpdate), cmp.Compare(b.ID, a.ID))
}

// latestCreated orders alerts as the page "List alerts_v2" says: the most
// recent at the top. Ties are broken by id.
func latestCreated(a, b *world.Alert) int {
	return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(b.ID, a.ID))
}

// orUnknown and orNull are how filters see what is empty.
func orUnknown(member string) any {
	if member == "" {
		return "unknown"
	}
	return member
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func timeOf(v any) time.Time {
	t, _ := v.(time.Time)
	return t
}

// orderable are the properties that incidents and alerts are ordered by. The
// pages of neither list $orderby; collectors use it for these two
// (elastic/integrations#20348). That no other is taken is ours.
var orderable = []string{"createdDateTime", "lastUpdateDateTime"}

// ordering returns what sorts by the given criteria, ties by last; nil
// criteria are the order that is usual.
func ordering[T any](by []odata.Order, usual func(a, b T) int, value func(T, string) any) (func(a, b T) int, *graphwire.Error) {
	by = slices.Clone(by)
	for i, o := range by {
		var ok bool
		if by[i].Property, ok = spelled(orderable, o.Property); !ok {
			return nil, &graphwire.Error{Status: http.StatusBadRequest, Code: graphwire.CodeODataBad, Message: "The property '" + o.Property + "' cannot be used in the $orderby query option."}
		}
	}
	if len(by) == 0 {
		return usual, nil
	}
	return func(a, b T) int {
		for _, o := range by {
			at, bt := timeOf(value(a, o.Property)), timeOf(value(b, o.Property))
			c := at.Compare(bt)
			if o.Descending {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return usual(a, b)
	}, nil
}
