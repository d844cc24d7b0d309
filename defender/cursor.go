package defender

import (
	"bytes"

	"github.com/go-faster/jx"
)

// cursor goes through JSON that was validated before, and only then: see
// decoder.check and page. jx validates it; reading it with jx as well, which looks
// at each byte with the same suspicion again, was less than three times as fast as
// encoding/json (make bench-defender). Strings with escapes are left to jx.
type cursor struct {
	text []byte
	at   int
}

// kinds tells what begins with a byte; never written to.
var kinds = [256]jx.Type{
	'"': jx.String, '{': jx.Object, '[': jx.Array, 'n': jx.Null, 't': jx.Bool, 'f': jx.Bool,
	'-': jx.Number, '0': jx.Number, '1': jx.Number, '2': jx.Number, '3': jx.Number, '4': jx.Number,
	'5': jx.Number, '6': jx.Number, '7': jx.Number, '8': jx.Number, '9': jx.Number,
}

// next goes to the next token and tells what value begins there.
func (c *cursor) next() jx.Type {
	if c.text[c.at] <= ' ' {
		c.space()
	}
	return kinds[c.text[c.at]]
}

func (c *cursor) space() {
	for c.text[c.at] <= ' ' {
		c.at++
	}
}

// enter goes into the object or list that is next.
func (c *cursor) enter() {
	c.next()
	c.at++
}

// more goes to the next member or element, or behind the closing bracket when
// there is none.
func (c *cursor) more() bool {
	c.next()
	switch c.text[c.at] {
	case '}', ']':
		c.at++
		return false
	case ',':
		c.at++
		c.next()
	}
	return true
}

// key reads a member's name and goes to its value.
func (c *cursor) key() ([]byte, error) {
	name, err := c.str()
	c.next()
	c.at++ // the colon
	c.next()
	return name, err
}

// str reads a string: a part of the text if it has no escapes, else a copy.
func (c *cursor) str() ([]byte, error) {
	start := c.at
	c.skipString()
	inner := c.text[start+1 : c.at-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner, nil
	}
	return jx.DecodeBytes(c.text[start:c.at]).StrBytes()
}

func (c *cursor) skipString() {
	for c.at++; ; c.at++ {
		c.at += bytes.IndexByte(c.text[c.at:], '"')
		back := c.at
		for c.text[back-1] == '\\' { // ends at the opening quote, if not before
			back--
		}
		if (c.at-back)%2 == 0 {
			break
		}
	}
	c.at++
}

// raw reads a value of any kind as it is written.
func (c *cursor) raw() []byte {
	c.next()
	start := c.at
	c.skip()
	return c.text[start:c.at:c.at]
}

func (c *cursor) skip() {
	switch c.next() {
	case jx.String:
		c.skipString()
	case jx.Object, jx.Array:
		c.skipNested()
	case jx.Null:
		c.at += len("null")
	case jx.Bool:
		c.bool()
	default:
		for c.at < len(c.text) && kindOfNumber(c.text[c.at]) {
			c.at++
		}
	}
}

func kindOfNumber(b byte) bool {
	return kinds[b] == jx.Number || b == '.' || b == '+' || b|' ' == 'e'
}

// skipNested skips an object or list.
func (c *cursor) skipNested() {
	for depth := 0; ; {
		switch c.text[c.at] {
		case '"':
			c.skipString()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				c.at++
				return
			}
		}
		c.at++
	}
}

func (c *cursor) bool() bool {
	if c.text[c.at] == 't' {
		c.at += len("true")
		return true
	}
	c.at += len("false")
	return false
}

func (c *cursor) null() { c.at += len("null") }
