package defender

import (
	"encoding/json"
	"testing"
)

// What is taken for JSON is what encoding/json takes for it.
func FuzzValid(f *testing.F) {
	for _, s := range []string{
		"", "{}", "{}{}", `{"a":[`, "[1,]", "{,}", `{"a" 1}`, `{"a":1}x`, "tru", "nul", "-", "01", "1.", "1e", "+1", ".5", "NaN",
		"\"\xff\"", "\"\x01\"", `"\ud800"`, `"\u12"`, `"\x"`, "[[[[[[[[[[]]]]]]]]]]", "\x00", "{\"a\":1}\x00", "\u00a0{}", "[1\x0c]",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if got, want := valid(body), json.Valid(body); got != want {
			t.Errorf("%q: valid is %v, encoding/json says %v", body, got, want)
		}
	})
}
