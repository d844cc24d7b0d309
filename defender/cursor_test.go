package defender

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/go-faster/jx"
)

// A cursor over valid JSON takes each value whole and ends where it ends.
func TestCursorTakesValuesWhole(t *testing.T) {
	for _, value := range []string{
		`null`, `true`, `false`, `0`, `-0`, `-12.5e+10`, `1E-3`, `""`, `"a"`, `"\\"`, `"\\\\"`, `"\""`, `"\\\""`, `"a\"b\\"`,
		`{}`, `[]`, `[ ]`, `{ }`, `["]"]`, `{"}":"{"}`, `{"a\"":[1,{"b":"\\"},null]}`, `[[[]],[{}]]`, "{ \"a\" :\n[ 1 , 2 ]\t}",
	} {
		text := []byte(" { \"first\" : " + value + " ,\"\\u006cast\": " + value + "}")
		if !jx.Valid(text) {
			t.Fatalf("%s is not valid", text)
		}
		c := cursor{text: text}
		var names []string
		for c.enter(); c.more(); {
			name, err := c.key()
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, string(name))
			if raw := c.raw(); !bytes.Equal(raw, []byte(value)) {
				t.Errorf("%s was read as %s", value, raw)
			}
		}
		if !slices.Equal(names, []string{"first", "last"}) || c.at != len(text) {
			t.Errorf("%s: names %q, ends at %d of %d", value, names, c.at, len(text))
		}
	}
}

// Strings are what encoding/json makes of them.
func TestCursorReadsStrings(t *testing.T) {
	for _, text := range []string{`""`, `"a"`, `"\\"`, `"\\\""`, `"a\tb\u00e9\ud83d\ude00"`, `"é"`, `"\ud800"`} {
		var want string
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		c := cursor{text: []byte(text)}
		got, err := c.str()
		if err != nil || string(got) != want || c.at != len(text) {
			t.Errorf("%s was read as %q, ends at %d, error %v; want %q", text, got, c.at, err, want)
		}
	}
}
