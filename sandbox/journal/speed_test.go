package journal

import (
	"slices"
	"strings"
	"testing"
)

// FuzzShortcuts holds the ways around the regular expressions to what those
// would have said.
func FuzzShortcuts(f *testing.F) {
	for _, s := range []string{sampleJWT, "ey", "xeyJ", "ewo=", "client_secret", "Client-Secret", "K\u212Aey", "TOKEN.Type", "[redacted:12]", "[redacted:]", "[redacted:1x]", "[redacted:1]]", "\xff_token"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if jwtRE.MatchString(s) && !mayHoldJWT(s) {
			t.Errorf("a token in %q is overlooked", s)
		}
		if got, want := string(appendPlainName(nil, s)), separators.Replace(strings.ToLower(s)); got != want {
			t.Errorf("%q is %q, want %q", s, got, want)
		}
		marked := strings.HasPrefix(s, "[redacted:") && strings.HasSuffix(s, "]") && len(s) > len("[redacted:]") &&
			!slices.ContainsFunc([]byte(s[len("[redacted:"):len(s)-1]), func(c byte) bool { return c < '0' || c > '9' })
		if isMark(s) != marked {
			t.Errorf("isMark(%q) is %v", s, !marked)
		}
		form := map[string][]string{"scope": {s}, s: {"value", ""}, "client_secret": {s}}
		clean := RedactForm(form)
		if !cleanForm(clean) {
			t.Errorf("a redacted form is not clean: %v", clean)
		}
		if cleanForm(form) && len(clean) != len(form) {
			t.Errorf("%v is not clean", form)
		}
		if cleanForm(form) {
			for name, values := range form {
				if !slices.Equal(clean[name], values) {
					t.Errorf("%v is not clean", form)
				}
			}
		}
	})
}
