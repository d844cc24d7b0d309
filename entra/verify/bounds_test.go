package verify

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

// allocated is how many bytes f allocates, the least of a few runs since other
// goroutines allocate too.
func allocated(f func()) uint64 {
	least := ^uint64(0)
	for range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

// What a stranger can send costs little, and little time: the bounds are what
// is allowed, some times what is measured.
func TestBounds(t *testing.T) {
	good := appV1().token()
	parts := strings.Split(good, ".")
	signed := func(change func(string) string) string { return text(change)(appV1()).token() }
	members := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"%x":0,`, i)
		}
		return b.String()
	}
	c := config(t)
	v := verifier(t, c)
	h := handler(t, open(t))
	refuse := func(raw string) func() {
		return func() {
			_, err := v.Verify(t.Context(), raw)
			if !errors.As(err, new(*Error)) {
				t.Errorf("error %v", err)
			}
		}
	}
	keySetOf := func(doc string) func() {
		return func() {
			_, err := ParseJWKS([]byte(doc))
			if !errors.As(err, new(*DocumentError)) {
				t.Errorf("error %v", err)
			}
		}
	}
	for _, tt := range []struct {
		name string
		most uint64 // bytes
		run  func()
	}{
		{"token of 1 MB", 4 << 10, refuse(strings.Repeat("x", 1<<20))},
		{"token of 1 MB of dots", 4 << 10, refuse(strings.Repeat(".", 1<<20))},
		{"16 kB of dots", 8 << 10, refuse(strings.Repeat(".", MaxToken))},
		{"header of 16 kB, unsigned", 128 << 10, refuse(b64([]byte(`{"alg":"RS256","kid":"`+strings.Repeat("k", 11000)+`"}`)) + "." + parts[1] + "." + parts[2])},
		{"header of 1,000 members, unsigned", 512 << 10, refuse(b64([]byte("{"+members(1000)+`"alg":"RS256"}`)) + "." + parts[1] + "." + parts[2])},
		{"header nested 5,000 deep, unsigned", 128 << 10, refuse(b64([]byte(`{"x":`+strings.Repeat("[", 5000))) + "." + parts[1] + "." + parts[2])},
		{"payload nested 4,000 deep, signed", 128 << 10, refuse(signed(last(`"x":` + strings.Repeat("[", 4000) + strings.Repeat("]", 4000))))},
		{"payload of 1,000 members, one twice, signed", 512 << 10, refuse(signed(last(strings.TrimSuffix(members(1000), ",") + `,"1":0`)))},
		{"payload of exp 1e300, signed", 64 << 10, refuse(replaced("exp", "1e300")(appV1()).token())},
		{"key set of 10,000 entries", 4 << 20, keySetOf(`{"keys":[` + strings.TrimSuffix(strings.Repeat(`{"kty":"RSA","kid":"a","n":"AA","e":"AQAB"},`, 10000), ",") + `]}`)},
		{"key set of 200 keys of 1 kB each, none usable", 4 << 20, keySetOf(`{"keys":[` + strings.TrimSuffix(strings.Repeat(`{"kty":"EC","kid":"a","x":"`+strings.Repeat("A", 1000)+`"},`, 200), ",") + `]}`)},
		{"key set nested 500,000 deep", 4 << 20, keySetOf(`{"keys":` + strings.Repeat("[", 500000))},
		{"key set of 80,000 members", 32 << 20, keySetOf("{" + members(80000) + `"keys":[]}`)},
		{"key with a modulus of 700 kB", 8 << 20, keySetOf(`{"keys":[{"kty":"RSA","kid":"a","e":"AQAB","n":"` + strings.Repeat("A", 700000) + `"}]}`)},
		{"request with a token of 1 MB", 16 << 10, func() {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.Header["Authorization"] = []string{"Bearer " + strings.Repeat("x", 1<<20)}
			w := httptest.NewRecorder()
			got := allocated(func() { h.ServeHTTP(w, r) })
			if w.Code != http.StatusUnauthorized || got > 16<<10 {
				t.Errorf("status %d, %d bytes", w.Code, got)
			}
		}},
		{"text of 256 kB to inspect", 16 << 20, func() {
			_, err := Inspect(strings.Repeat("eyJ.", maxPasted/4), InspectOptions{})
			if !errors.As(err, new(*NotTokenError)) {
				t.Errorf("error %v", err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			got := allocated(tt.run)
			took := time.Since(start)
			if most := tt.most; got > most && tt.name != "request with a token of 1 MB" {
				t.Errorf("%d bytes allocated, at most %d are allowed", got, most)
			}
			if took > 3*time.Second { // for all runs; milliseconds in truth
				t.Errorf("took %s", took)
			}
		})
	}
}

// Scratch memory is shared between verifications, so none may see another's.
func TestScratchIsWiped(t *testing.T) {
	v := verifier(t, config(t))
	claims, err := v.Verify(t.Context(), appV1().token())
	if err != nil {
		t.Fatal(err)
	}
	kept := claims.AppID + claims.Roles[0]
	for range 100 {
		v.Verify(t.Context(), appV2().with(map[string]any{"azp": otherApp}).token())
	}
	if got := claims.AppID + claims.Roles[0]; got != kept {
		t.Errorf("claims changed under the caller: %q", got)
	}
	s := &scratch{in: []byte("token"), out: []byte("claims"), sig: []byte("signature")}
	in, out, sig := s.in, s.out, s.sig
	s.wipe()
	if strings.Trim(string(in)+string(out)+string(sig), "\x00") != "" {
		t.Error("scratch memory still holds a token")
	}
}
