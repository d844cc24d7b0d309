package defender

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// mdeMaxTop is the largest page of machines, actions and indicators,
// https://learn.microsoft.com/defender-endpoint/api/get-machines.
const mdeMaxTop = 10000

// mdeTop is the page size when none is asked for: a tenth of the largest, since
// a page is held in memory whole. Ours.
const mdeTop = 1000

// mdeMaxRestarts bounds how often a list is read from its start again because
// it moved between two pages.
const mdeMaxRestarts = 4

// mdeItem is what lists of this surface hold.
type mdeItem interface {
	Machine | MachineAction | Indicator
}

// mdeList reads lists that are counted by $skip.
type mdeList[T mdeItem] struct {
	client *Client
	op     Operation
	path   string
	query  url.Values
	top    int
	id     func(*T) string
	// emptyOn404 is for lists whose service answers 404 when there is nothing.
	emptyOn404 bool
}

func (l *mdeList[T]) size() int {
	if l.top == 0 {
		return mdeTop
	}
	return l.top
}

// fetch reads one page.
func (l *mdeList[T]) fetch(ctx context.Context, skip, top int) ([]*T, error) {
	q := url.Values{"$top": {strconv.Itoa(top)}}
	for k, v := range l.query {
		q[k] = v
	}
	if skip > 0 {
		q.Set("$skip", strconv.Itoa(skip))
	}
	u, err := l.client.mdeURL(l.path)
	if err != nil {
		return nil, err
	}
	u.RawQuery = encodeQuery(q)
	body, err := l.client.get(ctx, SurfaceMDE, l.op, u)
	if refused, ok := errors.AsType[*Error](err); ok && l.emptyOn404 && nothingThere(refused) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var page struct {
		Value []json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(body, &page); err != nil || page.Value == nil {
		return nil, &DecodeError{Surface: SurfaceMDE, Field: "value", Problem: "is not a list"}
	}
	items := make([]*T, 0, len(page.Value))
	for n, raw := range page.Value {
		item := new(T)
		if err := json.Unmarshal(raw, item); err != nil {
			if bad, ok := errors.AsType[*DecodeError](err); ok {
				return nil, &DecodeError{Surface: SurfaceMDE, Field: fmt.Sprintf("value[%d].%s", n, bad.Field), Problem: bad.Problem}
			}
			return nil, &DecodeError{Surface: SurfaceMDE, Field: fmt.Sprintf("value[%d]", n), Problem: "cannot be read"}
		}
		items = append(items, item)
	}
	return items, nil
}

// nothingThere tells a 404 of the service itself, which means an empty list,
// from that of something on the way, whose pages are no JSON.
func nothingThere(e *Error) bool {
	return e.Status == http.StatusNotFound && (e.Code != "" || e.Message == noBody)
}

// page reads one page for a caller who does the paging.
func (l *mdeList[T]) page(ctx context.Context, cursor string) ([]*T, string, error) {
	skip, err := offsetOf(SurfaceMDE, l.op, cursor)
	if err != nil {
		return nil, "", err
	}
	items, err := l.fetch(ctx, skip, l.size())
	if err != nil || len(items) == 0 {
		return nil, "", err
	}
	return items, offsetCursor + strconv.Itoa(skip+len(items)), nil
}

// all reads the list by offsets and hands each item on once. A page begins with
// the last item of the page before: where it does not, the list has moved and
// is read from its start again. The end is where nothing follows the last item,
// not a page that is short.
func (l *mdeList[T]) all(ctx context.Context) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		seen := map[string]struct{}{}
		top := max(l.size(), 2) // an overlap needs two
		pos, last, restarts := 0, "", 0
		for {
			skip := max(0, pos-1)
			items, err := l.fetch(ctx, skip, top)
			if err != nil {
				yield(nil, err)
				return
			}
			if pos > 0 && (len(items) == 0 || l.id(items[0]) != last) {
				if restarts++; restarts > mdeMaxRestarts {
					yield(nil, &PagingError{Surface: SurfaceMDE, Operation: l.op, Problem: PagingUnstable, Detail: fmt.Sprintf("at $skip=%d", skip)})
					return
				}
				pos, last = 0, ""
				continue
			}
			for _, item := range items {
				id := l.id(item)
				if _, dup := seen[id]; dup {
					continue
				}
				seen[id] = struct{}{}
				if !yield(item, nil) {
					return
				}
			}
			if skip+len(items) <= pos {
				return
			}
			pos, last = skip+len(items), l.id(items[len(items)-1])
		}
	}
}

// mdeURL is the address of a path on this surface.
func (c *Client) mdeURL(path string) (*url.URL, error) {
	origin := c.origins[SurfaceMDE]
	if origin == nil {
		return nil, noOrigin(SurfaceMDE)
	}
	u := *origin
	u.Path = path
	return &u, nil
}

// equal keeps what has this text in a field; empty text keeps everything.
func (f *filter) equal(option, field, value string) {
	if value == "" {
		return
	}
	if strings.ContainsFunc(value, unicode.IsControl) {
		f.refuse(option, value, "use text without control characters")
		return
	}
	f.add(field + " eq " + quoted(value))
}

// oneOf keeps what has one of values in a field. known are the values there
// are; their spelling is the one sent.
func oneOf[T ~string](f *filter, option, field string, known, values []T) {
	var terms []string
	for _, v := range values {
		canonical := canonicalOf(known, v)
		if !slices.Contains(known, canonical) {
			f.refuse(option, string(v), "use "+joined(known))
			return
		}
		terms = append(terms, field+" eq "+quoted(string(canonical)))
	}
	f.either(terms)
}

// mdeQuery is the query of a filter on this surface with a page size, which is
// sent with each page.
func (f *filter) mdeQuery(top int) (url.Values, error) {
	if top < 0 || top > mdeMaxTop {
		f.refuse("Top", strconv.Itoa(top), fmt.Sprintf("use a page size of 1 to %d, or 0 for the default", mdeMaxTop))
	}
	return f.query()
}

// mdePathID refuses an id that would change the path of a request. what names
// it, such as "machine id".
func mdePathID(what, id string) error {
	if id == "" {
		return &OptionError{Surface: SurfaceMDE, Option: what, Remedy: "give the id as the list shows it"}
	}
	if len(id) > 255 || !segment(id) {
		return &OptionError{Surface: SurfaceMDE, Option: what, Value: id, Remedy: "use the id as the list shows it"}
	}
	return nil
}
