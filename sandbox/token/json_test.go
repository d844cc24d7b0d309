package token

import (
	"encoding/json"
	"testing"
)

func FuzzObjectIsThatOfEncodingJSON(f *testing.F) {
	for _, s := range []string{"plain", "quo\"te", "<b>&amp;", "\\", "\x00\x1f\x7f", "\xff", "e\u2028", "grün"} {
		f.Add(s, s, int64(-5), true)
	}
	f.Fuzz(func(t *testing.T, name, value string, n int64, flag bool) {
		m := map[string]any{
			name: value, "n": n, "i": int(n), "list": []string{value, name}, "none": []string(nil), "empty": []string{}, "flag": flag, "nil": nil,
			"deep": map[string]any{name: []any{n, value}},
		}
		want, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := appendObject(nil, m); err != nil || string(got) != string(want) {
			t.Errorf("got  %s (%v)\nwant %s", got, err, want)
		}
	})
}

func TestObjectRefusesWhatIsNoJSON(t *testing.T) {
	for _, v := range []any{make(chan int), func() {}} {
		if got, err := appendObject(nil, map[string]any{"a": v}); err == nil {
			t.Errorf("wrote %s", got)
		}
	}
}
