package world

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"time"
)

// dice are random choices that fall the same way for the same words, on every
// machine and in every version of Go (PCG's stream is fixed).
type dice struct{ r *rand.Rand }

func newDice(words ...string) dice {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return dice{rand.New(rand.NewPCG(binary.LittleEndian.Uint64(sum[:8]), binary.LittleEndian.Uint64(sum[8:16])))} //nolint:gosec // invented data, no secret
}

func pick[T any](d dice, from []T) T { return from[d.r.IntN(len(from))] }

// between is a number from low to high, both included.
func (d dice) between(low, high int) int { return low + d.r.IntN(high-low+1) }

func (d dice) chance(percent int) bool { return d.r.IntN(100) < percent }

// span is a duration from low to high in steps of 100 ns, as fine as
// Microsoft's times are.
func (d dice) span(low, high time.Duration) time.Duration {
	return (low + time.Duration(d.r.Int64N(int64(high-low)+1))).Truncate(100 * time.Nanosecond)
}

// hexOf gives n hex digits that belong to the words.
func hexOf(n int, words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return hex.EncodeToString(sum[:])[:n]
}
