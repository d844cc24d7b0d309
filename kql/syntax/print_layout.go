package syntax

import (
	"strings"
	"unicode/utf8"
)

// PrintWidth is the number of characters that [Format] fits a line into.
// A line is longer only if a single name, literal or comment is.
const PrintWidth = 120

// printIndent is one step of indentation.
const printIndent = "    "

// A layout is a text whose lines are not broken yet: a flat list of tokens,
// places where a line may be broken, and groups. A group is written on one
// line if it fits, else all places that are its own are broken, and the groups
// inside it are judged by themselves. Everything is decided in passes over the
// list, never by trying: a query of a megabyte costs what its length says.
type layout struct {
	items   []layoutItem
	opening int // groups begun, and not in items yet
}

type itemKind uint8

const (
	itemText     itemKind = iota
	itemSpace             // a space, unless the line ends there
	itemLine              // flat what s says, broken a new line
	itemHard              // always a new line
	itemBlank             // always a new line and an empty one
	itemOpen              // begin of a group
	itemClose             // end of a group
	itemIn                // a step to the right, for lines begun after it
	itemOut               // a step back
	itemTrailing          // a comment behind what is on the line
	itemOwnLine           // a comment on a line of its own
)

type layoutItem struct {
	kind itemKind
	s    string
}

func (l *layout) add(kind itemKind, s string) {
	// A comment that stands before the first token of a group does not belong
	// to it, and must not break it.
	if kind != itemTrailing && kind != itemOwnLine {
		for ; l.opening > 0; l.opening-- {
			l.items = append(l.items, layoutItem{kind: itemOpen})
		}
	}
	l.items = append(l.items, layoutItem{kind, s})
}

func (l *layout) text(s string) {
	if s != "" {
		l.add(itemText, s)
	}
}

func (l *layout) open() { l.opening++ }

func (l *layout) close() {
	if l.opening > 0 { // nothing came since
		l.opening--
		return
	}
	l.add(itemClose, "")
}

func (l *layout) in()    { l.add(itemIn, "") }
func (l *layout) out()   { l.add(itemOut, "") }
func (l *layout) line()  { l.add(itemLine, " ") } // a space, or a new line
func (l *layout) space() { l.add(itemSpace, " ") }
func (l *layout) soft()  { l.add(itemLine, "") } // nothing, or a new line
func (l *layout) hard()  { l.add(itemHard, "") }
func (l *layout) blank() { l.add(itemBlank, "") }

// measure is what is found out before writing.
type measure struct {
	flat   []int  // characters before item i if nothing is broken
	next   []int  // the first place behind item i where the line may end
	match  []int  // the itemClose of an itemOpen
	broken []bool // the itemOpen's group holds something that ends a line
}

func (l *layout) measure() measure {
	n := len(l.items)
	m := measure{make([]int, n+1), make([]int, n+1), make([]int, n), make([]bool, n)}
	var stack []int
	for i, it := range l.items {
		m.flat[i+1] = m.flat[i]
		switch it.kind {
		case itemText:
			m.flat[i+1] += utf8.RuneCountInString(it.s)
		case itemLine, itemSpace:
			m.flat[i+1] += len(it.s)
		case itemOpen:
			stack = append(stack, i)
		case itemClose:
			open := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			m.match[open] = i
			if m.broken[open] && len(stack) > 0 {
				m.broken[stack[len(stack)-1]] = true
			}
		case itemHard, itemBlank, itemTrailing, itemOwnLine:
			if len(stack) > 0 {
				m.broken[stack[len(stack)-1]] = true
			}
		}
	}
	m.next[n] = n
	for i := n - 1; i >= 0; i-- {
		m.next[i] = m.next[i+1]
		switch l.items[i].kind {
		case itemLine, itemHard, itemBlank, itemTrailing, itemOwnLine:
			m.next[i] = i
		}
	}
	return m
}

// write breaks the lines.
func (l *layout) write() string {
	m := l.measure()
	var (
		b       strings.Builder
		indent  int
		column  int
		flat    int  // depth of groups since the one that is written flat, or 0
		newline int  // new lines owed before the next token
		owed    int  // the indentation that comes with them
		begun   int  // the indentation of the line being written
		space   bool // a space owed before the next token
		comment bool // the line ends in a comment
		started bool // something is written
	)
	end := func(n int) { // the line, before the next token
		newline, owed = max(newline, n), indent
	}
	pad := func() { // what is owed

		switch {
		case !started:
		case newline > 0 || comment:
			for range max(newline, 1) {
				b.WriteByte('\n')
			}
			for range owed {
				b.WriteString(printIndent)
			}
			begun, column = owed, owed*len(printIndent)
		case space:
			b.WriteByte(' ')
			column++
		}
		newline, space, comment, started = 0, false, false, true
	}
	for i, it := range l.items {
		switch it.kind {
		case itemText:
			pad()
			b.WriteString(it.s)
			if last := strings.LastIndexByte(it.s, '\n'); last >= 0 {
				column = 0
				it.s = it.s[last+1:]
			}
			column += utf8.RuneCountInString(it.s)
		case itemSpace:
			space = true
		case itemLine:
			if flat == 0 {
				end(1)
			} else if it.s != "" {
				space = true
			}
		case itemHard:
			end(1)
		case itemBlank:
			end(2)
		case itemIn:
			indent++
		case itemOut:
			indent--
		case itemTrailing, itemOwnLine:
			if started && newline == 0 && !comment {
				// Inside of what would be a line: it goes on further right.
				owed = max(indent, begun+1)
			}
			if it.kind == itemTrailing && started && !comment {
				b.WriteByte(' ') // behind the last token, whatever is owed by now
			} else {
				newline = max(newline, 1)
				pad()
			}
			b.WriteString(it.s)
			comment, started = true, true
		case itemOpen:
			if flat > 0 {
				flat++
				break
			}
			if m.broken[i] {
				break
			}
			at := column
			switch {
			case newline > 0 || comment:
				at = owed * len(printIndent)
			case space:
				at++
			}
			// What follows the group up to the next chance to end the line
			// has to find room, too.
			if at+m.flat[m.next[m.match[i]]]-m.flat[i] <= PrintWidth {
				flat = 1
			}
		case itemClose:
			if flat > 0 {
				flat--
			}
		}
	}
	if started {
		b.WriteByte('\n')
	}
	return b.String()
}
