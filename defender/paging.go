package defender

import (
	"fmt"
	"slices"
	"time"
)

// PagingProblem is why a list cannot be read to its end.
type PagingProblem string

// Problems of paging.
const (
	PagingForeignLink PagingProblem = "foreign-link"  // the next page is at another address
	PagingLoop        PagingProblem = "loop"          // a next link leads to a page read before
	PagingRepeated    PagingProblem = "repeated-page" // different requests get the same page
	PagingUnstable    PagingProblem = "unstable"      // incidents vanish faster than pages can be read
	PagingBadCursor   PagingProblem = "bad-cursor"    // ListOptions.Cursor is of another list
)

// PagingError says that a list cannot be read on without losing or repeating
// incidents, or without sending the token elsewhere. What was yielded before
// it is right, but not all there is.
type PagingError struct {
	Surface Surface
	Problem PagingProblem
	Detail  string // where; without query strings
}

func (e *PagingError) Error() string {
	what := map[PagingProblem]string{
		PagingForeignLink: "the next page is said to be at another address, where the token must not go",
		PagingLoop:        "the next page is one that was read before",
		PagingRepeated:    "different pages have the same content, so that others are missing",
		PagingUnstable:    "incidents vanish while the list is read and the pages do not join up",
		PagingBadCursor:   "the cursor does not belong to this list",
	}[e.Problem]
	return fmt.Sprintf("list of incidents on surface %s: %s (%s)", e.Surface, what, e.Detail)
}

// Next says in one sentence what to do about it.
func (e *PagingError) Next() string {
	if e.Problem == PagingBadCursor {
		return "Start the list again without a cursor."
	}
	return "Read the list again from the start, with a later Since if it is long; do not take what was read for the whole."
}

// collector hands each incident of a list on once.
type collector struct {
	surface Surface
	seen    map[string]struct{}
	yield   func(*Incident) bool
	// mark is the newest update in the first page: what is newer came or moved
	// to the head of the list while it was read.
	mark    time.Time
	stopped bool // the caller wants no more

	last []string // ids of the page before
	runs int      // how often that page was read in a row
}

func newCollector(s Surface, yield func(*Incident) bool) *collector {
	return &collector{surface: s, seen: map[string]struct{}{}, yield: yield}
}

// take hands on what is new in a page and counts it.
func (c *collector) take(items []*Incident) (fresh int) {
	for _, i := range items {
		if _, dup := c.seen[i.ID]; dup {
			continue
		}
		c.seen[i.ID] = struct{}{}
		fresh++
		if !c.yield(i) {
			c.stopped = true
			return fresh
		}
	}
	return fresh
}

func (c *collector) has(i *Incident) bool {
	_, ok := c.seen[i.ID]
	return ok
}

// setMark remembers the newest update of the first page.
func (c *collector) setMark(items []*Incident) {
	for _, i := range items {
		if i.LastUpdate.After(c.mark) {
			c.mark = i.LastUpdate
		}
	}
}

// reachesMark tells whether a page holds an incident that was not updated
// since the list was begun: from there on the list is the one already read.
func (c *collector) reachesMark(items []*Incident) bool {
	return slices.ContainsFunc(items, func(i *Incident) bool { return !i.LastUpdate.After(c.mark) })
}

// repeated counts equal pages in a row, the present one included.
func (c *collector) repeated(items []*Incident) int {
	ids := make([]string, len(items))
	for n, i := range items {
		ids[n] = i.ID
	}
	if len(ids) > 0 && slices.Equal(ids, c.last) {
		c.runs++
	} else {
		c.runs = 1
	}
	c.last = ids
	return c.runs
}

// forget makes the next page count as the first of its kind.
func (c *collector) forget() { c.last, c.runs = nil, 0 }

// maxSweeps bounds how often the head of a list is read again because
// something new was found there the time before.
const maxSweeps = 5
