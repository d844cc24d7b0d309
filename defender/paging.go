package defender

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// PagingProblem is why a list cannot be read to its end.
type PagingProblem string

// Problems of paging.
const (
	PagingForeignLink PagingProblem = "foreign-link"  // the next page is at another address
	PagingLoop        PagingProblem = "loop"          // a next link leads to a page read before
	PagingRepeated    PagingProblem = "repeated-page" // different requests get the same page
	PagingUnstable    PagingProblem = "unstable"      // items vanish faster than pages can be read
	PagingBadCursor   PagingProblem = "bad-cursor"    // the Cursor is of another list
)

// PagingError says that a list cannot be read on without losing or repeating
// items, or without sending the token elsewhere. What was yielded before
// it is right, but not all there is.
type PagingError struct {
	Surface   Surface
	Operation Operation // OpListIncidents, …
	Problem   PagingProblem
	Detail    string // where; without query strings
}

func (e *PagingError) Error() string {
	items := strings.TrimPrefix(string(e.Operation), "list ")
	what := map[PagingProblem]string{
		PagingForeignLink: "the next page is said to be at another address, where the token must not go",
		PagingLoop:        "the next page is one that was read before",
		PagingRepeated:    "different pages have the same content, so that others are missing",
		PagingUnstable:    items + " vanish while the list is read and the pages do not join up",
		PagingBadCursor:   "the cursor does not belong to this list",
	}[e.Problem]
	return fmt.Sprintf("list of %s on surface %s: %s (%s)", items, e.Surface, what, e.Detail)
}

// Next says in one sentence what to do about it.
func (e *PagingError) Next() string {
	if e.Problem == PagingBadCursor {
		return "Start the list again without a cursor."
	}
	return "Read the list again from the start, with a later Since if it is long; do not take what was read for the whole."
}

// offsetCursor is what a cursor begins with on the surfaces that count by $skip;
// the offset follows.
const offsetCursor = "skip:"

// offsetOf is the offset of a cursor; 0 for none.
func offsetOf(s Surface, op Operation, cursor string) (int, error) {
	if cursor == "" {
		return 0, nil
	}
	digits, ok := strings.CutPrefix(cursor, offsetCursor)
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 0 {
		return 0, &PagingError{Surface: s, Operation: op, Problem: PagingBadCursor, Detail: "it is not of this surface"}
	}
	return n, nil
}

// item is what lists are made of.
type item interface {
	key() string        // the same as long as it exists
	updated() time.Time // what lists are sorted by, newest first
}

func (i *Incident) key() string        { return i.ID }
func (i *Incident) updated() time.Time { return i.LastUpdate }
func (a *Alert) key() string           { return a.ID }
func (a *Alert) updated() time.Time    { return a.LastUpdate }

// collector hands each item of a list on once.
type collector[T item] struct {
	seen  keySet
	yield func(T) bool
	// mark is the newest update in the first page: what is newer came or moved
	// to the head of the list while it was read.
	mark    time.Time
	stopped bool // the caller wants no more

	last []string // keys of the page before
	runs int      // how often that page was read in a row
}

func newCollector[T item](yield func(T) bool) *collector[T] {
	return &collector[T]{yield: yield}
}

// take hands on what is new in a page and counts it.
func (c *collector[T]) take(items []T) (fresh int) {
	for _, i := range items {
		if !c.seen.add(i.key()) {
			continue
		}
		fresh++
		if !c.yield(i) {
			c.stopped = true
			return fresh
		}
	}
	return fresh
}

func (c *collector[T]) has(i T) bool { return c.seen.has(i.key()) }

// setMark remembers the newest update of the first page.
func (c *collector[T]) setMark(items []T) {
	for _, i := range items {
		if i.updated().After(c.mark) {
			c.mark = i.updated()
		}
	}
}

// reachesMark tells whether a page holds an item that was not updated
// since the list was begun: from there on the list is the one already read.
func (c *collector[T]) reachesMark(items []T) bool {
	return slices.ContainsFunc(items, func(i T) bool { return !i.updated().After(c.mark) })
}

// repeated counts equal pages in a row, the present one included.
func (c *collector[T]) repeated(items []T) int {
	keys := make([]string, len(items))
	for n, i := range items {
		keys[n] = i.key()
	}
	if len(keys) > 0 && slices.Equal(keys, c.last) {
		c.runs++
	} else {
		c.runs = 1
	}
	c.last = keys
	return c.runs
}

// forget makes the next page count as the first of its kind.
func (c *collector[T]) forget() { c.last, c.runs = nil, 0 }

// keySet is a set of ids. Incident ids are numbers that a tenant counts up, so
// that a bit each does for most of them and a long list can be remembered whole;
// others are copied, since a string of an answer keeps more of that answer alive
// than itself.
type keySet struct {
	numbers map[uint64]uint64 // by number/64, a bit for each of 64 numbers
	texts   map[string]struct{}
}

// number reads an id that is nothing but a number, written in the one way
// that numbers are.
func number(key string) (uint64, bool) {
	n, err := strconv.ParseUint(key, 10, 64)
	return n, err == nil && (key[0] != '0' || key == "0")
}

func (s *keySet) has(key string) bool {
	if n, ok := number(key); ok {
		return s.numbers[n/64]&(1<<(n%64)) != 0
	}
	_, found := s.texts[key]
	return found
}

// add puts a key in and tells whether it was not there yet.
func (s *keySet) add(key string) bool {
	if s.has(key) {
		return false
	}
	if n, ok := number(key); ok {
		if s.numbers == nil {
			s.numbers = map[uint64]uint64{}
		}
		s.numbers[n/64] |= 1 << (n % 64)
		return true
	}
	if s.texts == nil {
		s.texts = map[string]struct{}{}
	}
	s.texts[strings.Clone(key)] = struct{}{}
	return true
}

func (s *keySet) empty() bool { return len(s.numbers)+len(s.texts) == 0 }

// maxSweeps bounds how often the head of a list is read again because
// something new was found there the time before.
const maxSweeps = 5
