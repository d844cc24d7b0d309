package entra

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// hitSizes are the numbers of tenants that hits are measured at.
var hitSizes = []struct {
	name string
	n    int
}{{"1", 1}, {"1k", 1000}, {"10k", 10_000}, {"100k", 100_000}}

// hitFixture is a filled cache, a plain map with the same keys, and the order
// of reading. The keys of the readers are other strings than those inside, as
// in a program that reads tenant ids from its database.
type hitFixture struct {
	tokens   *Tokens
	plain    map[hitKey]Token
	keys     []TenantID
	resource Resource
}

type hitKey struct {
	tenant   TenantID
	resource string
}

func newHitFixture(tb testing.TB, n int) *hitFixture {
	tokens, err := NewTokens(Config{Cloud: Clouds()[0], ClientID: clientID, Credential: ClientSecret(NewSecret(password)), HTTPClient: &http.Client{Transport: roundTrip(
		func(*http.Request) (*http.Response, error) { return nil, fmt.Errorf("no request is expected") })}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = tokens.Close() })
	f := &hitFixture{tokens: tokens, plain: make(map[hitKey]Token, n), keys: make([]TenantID, n), resource: xdr()}
	sh := tokens.shelf(f.resource)
	now := time.Now()
	for i := range n {
		id := fmt.Sprintf("%08x-%04x-4000-8000-%012x", rand.Uint32(), i&0xffff, i)
		f.keys[i] = TenantID(id)
		own := TenantID([]byte(id))
		g := &Grant{Tenant: own, Resource: f.resource, Expires: now.Add(time.Hour), asked: now.UnixNano(), value: NewSecret("t"), Claims: Claims{Audience: f.resource.URI}}
		s := sh.make(own)
		s.mu.Lock()
		s.keep(g)
		s.mu.Unlock()
		f.plain[hitKey{own, f.resource.URI}] = Token{g}
	}
	rand.Shuffle(n, func(i, j int) { f.keys[i], f.keys[j] = f.keys[j], f.keys[i] })
	return f
}

func benchmarkHits(b *testing.B, name string, read func(f *hitFixture, k TenantID) (Token, bool)) {
	for _, size := range hitSizes {
		if size.name != name {
			continue
		}
		f := newHitFixture(b, size.n)
		b.Run("Serial", func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if _, ok := read(f, f.keys[i]); !ok {
					b.Fatal("not there")
				}
				if i++; i == len(f.keys) {
					i = 0
				}
			}
		})
		b.Run("Parallel", func(b *testing.B) {
			b.ReportAllocs()
			var start atomic.Int64
			b.RunParallel(func(pb *testing.PB) {
				i := int(start.Add(7919)) % len(f.keys)
				for pb.Next() {
					if _, ok := read(f, f.keys[i]); !ok {
						b.Error("not there")
						return
					}
					if i++; i == len(f.keys) {
						i = 0
					}
				}
			})
		})
	}
}

func (f *hitFixture) cached(b *testing.B) func(*hitFixture, TenantID) (Token, bool) {
	ctx := b.Context()
	return func(f *hitFixture, k TenantID) (Token, bool) {
		tok, err := f.tokens.Token(ctx, k, f.resource)
		return tok, err == nil
	}
}

func fromMap(f *hitFixture, k TenantID) (Token, bool) {
	tok, ok := f.plain[hitKey{k, f.resource.URI}]
	return tok, ok
}

func BenchmarkTokensHit1(b *testing.B)    { benchmarkHits(b, "1", (*hitFixture)(nil).cached(b)) }
func BenchmarkTokensHit1k(b *testing.B)   { benchmarkHits(b, "1k", (*hitFixture)(nil).cached(b)) }
func BenchmarkTokensHit10k(b *testing.B)  { benchmarkHits(b, "10k", (*hitFixture)(nil).cached(b)) }
func BenchmarkTokensHit100k(b *testing.B) { benchmarkHits(b, "100k", (*hitFixture)(nil).cached(b)) }

func BenchmarkPlainMap1(b *testing.B)    { benchmarkHits(b, "1", fromMap) }
func BenchmarkPlainMap1k(b *testing.B)   { benchmarkHits(b, "1k", fromMap) }
func BenchmarkPlainMap10k(b *testing.B)  { benchmarkHits(b, "10k", fromMap) }
func BenchmarkPlainMap100k(b *testing.B) { benchmarkHits(b, "100k", fromMap) }

// BenchmarkTokensHitRatio reads the cache and the map in turns of a few
// milliseconds, so that whatever else the machine does hits both alike, and
// reports the median ratio. Its ns/op is of no use.
func BenchmarkTokensHitRatio(b *testing.B) {
	for _, size := range hitSizes {
		b.Run(size.name, func(b *testing.B) {
			f := newHitFixture(b, size.n)
			cached := f.cached(b)
			const reads = 50_000
			turn := func(read func(*hitFixture, TenantID) (Token, bool), i int) time.Duration {
				began := time.Now()
				for range reads {
					if _, ok := read(f, f.keys[i]); !ok {
						b.Fatal("not there")
					}
					if i++; i == len(f.keys) {
						i = 0
					}
				}
				return time.Since(began)
			}
			var ratios, ours, plain []float64
			for i := 0; b.Loop(); i = (i + reads) % len(f.keys) {
				var p, o time.Duration
				if len(ratios)%2 == 0 { // whoever reads second finds the keys in the processor's cache
					p, o = turn(fromMap, i), turn(cached, i)
				} else {
					o, p = turn(cached, i), turn(fromMap, i)
				}
				ratios = append(ratios, float64(o)/float64(p))
				ours, plain = append(ours, float64(o)/reads), append(plain, float64(p)/reads)
			}
			for _, l := range [][]float64{ratios, ours, plain} {
				slices.Sort(l)
			}
			b.ReportMetric(ratios[len(ratios)/2], "ratio")
			b.ReportMetric(ours[len(ours)/2], "ns/hit")
			b.ReportMetric(plain[len(plain)/2], "ns/map")
		})
	}
}
