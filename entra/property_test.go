package entra

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// TestATokenIsAlwaysTheOneAskedFor: whatever callers do at once, and in
// whatever order a service answers that sometimes mixes answers up, refuses or
// drops the line, a returned token is of the tenant and for the resource asked
// for, and has not expired.
func TestATokenIsAlwaysTheOneAskedFor(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		tenants := rapid.IntRange(1, 6).Draw(rt, "tenants")
		mixUp := rapid.IntRange(0, 30).Draw(rt, "mixed up %")
		fail := rapid.IntRange(0, 30).Draw(rt, "failing %")
		callers := rapid.IntRange(1, 12).Draw(rt, "callers")
		limit := rapid.IntRange(1, 6).Draw(rt, "places")
		synctest.Test(t, func(t *testing.T) { mixedTraffic(t, rt, seed, tenants, mixUp, fail, callers, limit) })
	})
}

func mixedTraffic(t *testing.T, rt *rapid.T, seed uint64, tenants, mixUp, fail, callers, limit int) {
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(seed, 1))
	lot := func(n int) int { mu.Lock(); defer mu.Unlock(); return rng.IntN(n) }
	resources := []Resource{xdr(), Clouds()[0].Resource(ResourceGraph)}
	s := &service{t: t, answer: func(ctx context.Context, n int, tenant TenantID, form url.Values) (int, http.Header, string) {
		_ = sleep(ctx, time.Duration(lot(3000))*time.Millisecond)
		if lot(100) < fail {
			return []int{500, 429, 400}[lot(3)], nil, `{"error":"unauthorized_client","error_codes":[700016]}`
		}
		audience := resources[0].URI
		if form.Get("scope") == resources[1].Scope() {
			audience = resources[1].URI
		}
		if lot(100) < mixUp {
			tenant, audience = tenantNumber(lot(tenants)), resources[lot(2)].URI
		}
		jwt := fakeJWT(map[string]any{"aud": audience, "tid": tenant, "uti": fmt.Sprint(n)})
		b, _ := json.Marshal(map[string]any{"expires_in": 20 + lot(600), "access_token": jwt})
		return 200, nil, string(b)
	}}
	clock := &jumping{}
	tokens := s.tokens(func(c *Config) { c.MaxRequests, c.RefusalTTL, c.Now = limit, time.Second, clock.now })
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range 40 {
				tenant, resource := tenantNumber(lot(tenants)), resources[lot(2)]
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+lot(8000))*time.Millisecond)
				var tok Token
				var err error
				switch lot(12) {
				case 0:
					tok, err = tokens.Fresh(ctx, tenant, resource)
				case 1:
					tokens.Drop(tenant)
					tok, err = tokens.Token(ctx, tenant, resource)
				case 2:
					if tok, err = tokens.Token(ctx, tenant, resource); err == nil {
						tok, err = tokens.Challenge(ctx, tok, challengeHeader(nbfClaims))
					}
				default:
					tok, err = tokens.Token(ctx, tenant, resource)
				}
				cancel()
				switch {
				case err != nil:
				case tok.Tenant != tenant || tok.Claims.TenantID != string(tenant) || tok.Resource.URI != resource.URI || tok.Claims.Audience != resource.URI:
					rt.Errorf("asked for %s in %s, got a token for %s in %s", resource.URI, tenant, tok.Claims.Audience, tok.Claims.TenantID)
				case !tok.Expires.After(clock.now()):
					rt.Errorf("an expired token was handed out")
				case inToken(tok.Reveal()) != string(tenant):
					rt.Errorf("claims and token are not of one tenant")
				}
				time.Sleep(time.Duration(lot(20_000)) * time.Millisecond)
			}
		})
	}
	wg.Wait()
	if err := tokens.Close(); err != nil {
		rt.Error(err)
	}
}

// inToken reads the tenant from the token itself.
func inToken(jwt string) string {
	c, err := ReadClaims(jwt)
	if err != nil {
		return err.Error()
	}
	return c.TenantID
}

// TestTheTableFindsWhatItHolds compares the table with a map.
func TestTheTableFindsWhatItHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sh := newShelf(xdr())
		model := map[TenantID]*slot{}
		for range rapid.IntRange(1, 6).Draw(t, "rounds") {
			for range rapid.IntRange(0, 200).Draw(t, "adding") {
				id := tenantNumber(rapid.IntRange(0, 300).Draw(t, "tenant"))
				s := sh.make(id)
				if old := model[id]; old != nil && old != s {
					t.Fatalf("%s has two slots", id)
				}
				model[id] = s
			}
			n := rapid.IntRange(1, 5).Draw(t, "remove every nth")
			i := 0
			gone := sh.remove(func(s *slot) bool {
				i++
				if i%n != 0 {
					return false
				}
				delete(model, TenantID(s.id[:]))
				return true
			})
			if sh.count != len(model) || gone != i/n {
				t.Fatalf("%d slots and %d removed, want %d and %d", sh.count, gone, len(model), i/n)
			}
			for k := range 301 {
				if id := tenantNumber(k); sh.find(id) != model[id] {
					t.Fatalf("%s: found %p, want %p", id, sh.find(id), model[id])
				}
			}
		}
	})
}

// TestLookingUpWhileTheTableGrows: what was there stays findable.
func TestLookingUpWhileTheTableGrows(t *testing.T) {
	sh := newShelf(xdr())
	first := sh.make(tenantA)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if sh.find(tenantA) != first {
					t.Error("lost while growing")
					return
				}
			}
		})
	}
	for i := range 20_000 {
		if s := sh.make(tenantNumber(i)); sh.find(tenantNumber(i)) != s {
			t.Fatal("not found after adding")
		}
	}
	sh.remove(func(s *slot) bool { return s != first })
	close(stop)
	wg.Wait()
}
