package defender

import (
	"math/bits"
	"testing"
)

// Ids that look alike are not the same, and are told apart however they are kept.
func TestKeySet(t *testing.T) {
	keys := []string{"0", "7", "07", "007", "+7", "-7", " 7", "7.0", "7_0", "", "18446744073709551615", "18446744073709551616", "da637_-1", "DA637_-1"}
	var s keySet
	if !s.empty() {
		t.Error("a new set is not empty")
	}
	for n, key := range keys {
		if s.has(key) || !s.add(key) {
			t.Errorf("%q is taken for one of %q", key, keys[:n])
		}
		if !s.has(key) || s.add(key) || s.empty() {
			t.Errorf("%q was not kept", key)
		}
	}
	numbers := 0
	for _, set := range s.numbers {
		numbers += bits.OnesCount64(set)
	}
	if numbers != 3 || len(s.texts) != len(keys)-3 {
		t.Errorf("%d numbers and %d texts", numbers, len(s.texts))
	}
}
