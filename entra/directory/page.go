package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"strings"
)

// maxPages bounds a listing. With the smallest page Graph serves on its own
// accord (100 objects) it is far beyond the size of any directory's app list.
const maxPages = 10_000

// page is one answer of a list.
type page struct {
	Value    []json.RawMessage `json:"value"`
	NextLink string            `json:"@odata.nextLink"`
}

// PagingError says that the link to the next page of a list is not one that is
// followed. Items before it were delivered.
type PagingError struct {
	Op      string
	Problem string
}

func (e *PagingError) Error() string { return "directory: " + e.Op + ": next page: " + e.Problem }

// Next says what to do about it.
func (e *PagingError) Next() string {
	return "Check the Graph origin and what lies between; Microsoft Graph links to itself only. The list is not complete."
}

// list runs a call that answers with pages and yields its items. It stops after
// the first error. Links are followed within the version of the same origin
// only, since the token goes with them, and no link twice.
func list[W any](ctx context.Context, c *Client, first call) iter.Seq2[W, error] {
	return func(yield func(W, error) bool) {
		var none W
		k, seen := first, map[string]bool{}
		for n := 0; ; n++ {
			if n == maxPages {
				yield(none, &PagingError{Op: first.op, Problem: fmt.Sprintf("there are more than %d pages", maxPages)})
				return
			}
			var p page
			if err := c.do(ctx, k, &p); err != nil {
				yield(none, err)
				return
			}
			for _, raw := range p.Value {
				var item W
				if err := json.Unmarshal(raw, &item); err != nil {
					yield(none, &Error{Op: first.op, Status: 200, Message: "an item of the list is not what Graph documents"})
					return
				}
				if !yield(item, nil) {
					return
				}
			}
			if p.NextLink == "" {
				return
			}
			if problem := c.checkLink(p.NextLink); problem != "" {
				yield(none, &PagingError{Op: first.op, Problem: problem})
				return
			}
			if seen[p.NextLink] {
				yield(none, &PagingError{Op: first.op, Problem: "it leads in a circle"})
				return
			}
			seen[p.NextLink] = true
			k = call{op: first.op, method: first.method, link: p.NextLink, about: first.about}
		}
	}
}

// checkLink says what is wrong with a link; nothing is "".
func (c *Client) checkLink(link string) string {
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return "the link is not a URL"
	case u.User != nil || u.Opaque != "" || u.Fragment != "":
		return "the link has a user, a fragment or no path"
	case !strings.EqualFold(u.Scheme+"://"+u.Host, c.origin):
		return "the link leads to another host, " + clean(u.Host) + ", and the token is not sent there"
	case !strings.HasPrefix(u.Path, "/v1.0/") || strings.Contains(u.Path, ".."):
		return "the link leaves /v1.0"
	}
	return ""
}
