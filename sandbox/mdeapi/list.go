package mdeapi

import (
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox/odata"
)

// maxPage is the largest page, and the size of one that was not asked for
// otherwise (the pages of the lists: "Maximum page size is 10,000").
const maxPage = 10_000

// collection is the answer of a list. No nextLink is documented; the next page
// is had with $skip.
type collection[W any] struct {
	Context string `json:"@odata.context"`
	Value   []W    `json:"value"`
}

// list filters and cuts all, and writes what is left with wire. Options that
// the pages do not name are refused, and not passed over in silence; that is
// ours.
func list[T, W any](c *call, of string, all []T, fields odata.Resource[T], wire func(T) W) (any, *apiError) {
	opts, err := odata.Rules{Allowed: []string{"$filter", "$top", "$skip"}, MaxTop: maxPage}.Parse(c.r.URL.RawQuery)
	if err != nil {
		return nil, odataError(err)
	}
	keep, err := fields.Filter(opts.Filter)
	if err != nil {
		return nil, odataError(err)
	}
	top := opts.Top
	if top < 0 {
		top = maxPage
	}
	skip := max(0, opts.Skip)
	out := collection[W]{Context: c.context(of), Value: []W{}}
	for _, v := range all {
		switch {
		case len(out.Value) == top:
			return out, nil
		case !keep(v):
		case skip > 0:
			skip--
		default:
			out.Value = append(out.Value, wire(v))
		}
	}
	return out, nil
}

// The kinds of fields that filters name. A text that is empty is null.

func textField[T any](read func(T) string, functions ...string) odata.Field[T] {
	return odata.Field[T]{Property: odata.Property{Type: odata.String, Functions: functions}, Text: present(read)}
}

func guidField[T any](read func(T) string) odata.Field[T] {
	return odata.Field[T]{Property: odata.Property{Type: odata.GUID}, Text: present(read)}
}

func enumField[T any](members []string, read func(T) string) odata.Field[T] {
	return odata.Field[T]{Property: odata.Property{Type: odata.Enum, Members: members}, Text: present(read)}
}

func timeField[T any](read func(T) time.Time) odata.Field[T] {
	return odata.Field[T]{Property: odata.Property{Type: odata.DateTime}, Time: func(v T) (time.Time, bool) {
		t := read(v)
		return clip(t), !t.IsZero()
	}}
}

func listField[T any](read func(T) []string) odata.Field[T] {
	return odata.Field[T]{Property: odata.Property{Type: odata.Strings}, List: read}
}

func present[T any](read func(T) string) func(T) (string, bool) {
	return func(v T) (string, bool) {
		s := read(v)
		return s, s != ""
	}
}

// tick is the resolution of times: filters see what answers tell, so "gt the
// last one seen" never brings that one again.
const tick = 100 * time.Nanosecond

func clip(t time.Time) time.Time { return t.UTC().Truncate(tick) }

// stamp writes a time with as many fractional digits as it needs, up to seven,
// as the samples do; nil for the zero time.
func stamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := clip(t).Format("2006-01-02T15:04:05.9999999Z07:00")
	return &s
}

// text is nil for an empty string: what is absent is null.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// pascal spells the world's words as this API does: noSensorData → NoSensorData.
func pascal(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
