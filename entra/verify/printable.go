package verify

import (
	"strings"
	"unicode"
)

// maxShown is how many characters of a foreign value a message repeats.
const maxShown = 120

// printable makes a foreign value safe to show on a terminal and in a log: no
// control or direction characters, bounded in length, in quotes.
func printable(s string) string {
	return `"` + plain(s) + `"`
}

// plain is [printable] without the quotes.
func plain(s string) string {
	var b strings.Builder
	shown := 0
	for _, r := range s {
		if shown == maxShown {
			b.WriteString("…")
			break
		}
		shown++
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) || unicode.Is(unicode.Bidi_Control, r) {
			b.WriteRune('�')
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
