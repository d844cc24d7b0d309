package entra

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestNothingOfBeforeADropOrFresh: whatever goes on at the same time, what is
// handed out after a Drop was requested after it was called, and so was what
// Fresh returns.
func TestNothingOfBeforeADropOrFresh(t *testing.T) {
	for seed := range uint64(1000) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			s := &service{t: t, delay: 3 * time.Millisecond}
			stored := StoredToken{Value: NewSecret(appToken(tenantA, xdr().URI)), Asked: time.Now(), Expires: time.Now().Add(time.Hour)}
			v := &slowVault{memoryVault: &memoryVault{entry: &stored}, seed: seed}
			tokens := s.tokens(func(c *Config) { c.Vault = v })
			var dropped atomic.Int64 // the highest count before a Drop that has returned
			dropped.Store(-1)
			check := func(what string, after int64, tok Token, err error) {
				n, _ := strconv.ParseInt(tok.Claims.TokenID, 10, 64)
				if err == nil && n <= after {
					t.Errorf("seed %d: %s: token of request %d, want one after %d", seed, what, n, after)
				}
			}
			var wg sync.WaitGroup
			for range 6 {
				seeds := [2]uint64{random.Uint64(), random.Uint64()}
				wg.Go(func() {
					random := rand.New(rand.NewPCG(seeds[0], seeds[1]))
					for range 12 {
						time.Sleep(time.Duration(random.IntN(4)) * time.Millisecond) // many things at one moment
						ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+random.IntN(12))*time.Millisecond)
						switch after := dropped.Load(); random.IntN(6) {
						case 0:
							before := int64(s.count())
							tokens.Drop(tenantA)
							for old := dropped.Load(); old < before && !dropped.CompareAndSwap(old, before); old = dropped.Load() {
							}
						case 1:
							before := int64(s.count())
							tok, err := tokens.Fresh(ctx, tenantA, xdr())
							check("Fresh", before, tok, err)
						case 2:
							tok, err := tokens.Token(ctx, tenantA, xdr())
							check("Token", after, tok, err)
							if err == nil {
								_, _ = tokens.Challenge(ctx, tok, challengeHeader(nbfClaims))
							}
						default:
							tok, err := tokens.Token(ctx, tenantA, xdr())
							check("Token", after, tok, err)
						}
						cancel()
					}
				})
			}
			wg.Wait()
			// What the next process finds is no older.
			if err := tokens.Close(); err != nil {
				t.Fatal(err)
			}
			if v.entry != nil {
				c, err := ReadClaims(v.entry.Value.Reveal())
				check("the vault", dropped.Load(), Token{&Grant{Claims: c}}, err)
			}
		})
	}
}

// slowVault takes its time, another one for each call.
type slowVault struct {
	*memoryVault
	seed  uint64
	calls atomic.Uint64
}

func (v *slowVault) wait() {
	random := rand.New(rand.NewPCG(v.seed, v.calls.Add(1)))
	time.Sleep(time.Duration(random.IntN(8)) * time.Millisecond)
}

func (v *slowVault) Load(ctx context.Context, k VaultKey) (StoredToken, error) {
	v.wait()
	return v.memoryVault.Load(ctx, k)
}

func (v *slowVault) Save(ctx context.Context, k VaultKey, s StoredToken) error {
	v.wait()
	return v.memoryVault.Save(ctx, k, s)
}

func (v *slowVault) Forget(ctx context.Context, k VaultKey) error {
	v.wait()
	return v.memoryVault.Forget(ctx, k)
}
