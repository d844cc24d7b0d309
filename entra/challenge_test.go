package entra

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const nbfClaims = `{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}`

func challengeHeader(claims string) http.Header {
	return http.Header{"Www-Authenticate": {`Bearer realm="", authorization_uri="https://evil.example/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000", error="insufficient_claims", claims="` + base64.StdEncoding.EncodeToString([]byte(claims)) + `"`}}
}

func TestAChallengeIsAnsweredOnce(t *testing.T) {
	for _, long := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := &service{t: t, delay: 50 * time.Millisecond}
			tokens := s.tokens(func(c *Config) { c.LongLived = long })
			old := mustToken(t, tokens, tenantA)
			other := mustToken(t, tokens, tenantB)
			var wg sync.WaitGroup
			answers := make([]Token, 50)
			for i := range answers { // every worker of the tenant got the 401
				wg.Go(func() {
					tok, err := tokens.Challenge(t.Context(), old, challengeHeader(nbfClaims))
					if err != nil {
						t.Error(err)
					}
					answers[i] = tok
				})
			}
			wg.Wait()
			for _, tok := range answers {
				if tok.Reveal() == old.Reveal() || tok.Claims.TokenID != "3" {
					t.Fatalf("answered with token %s", tok.Claims.TokenID)
				}
			}
			if s.count() != 3 {
				t.Fatalf("%d requests, want 3", s.count())
			}
			want := map[string]any{"nbf": map[string]any{"essential": true, "value": "1604106651"}}
			first := ""
			if long {
				want["xms_cc"] = map[string]any{"values": []any{"cp1"}}
				first = capabilityClaims
			}
			if got := s.all()[0].form.Get("claims"); got != first {
				t.Errorf("the first request's claims: %s", got)
			}
			var got map[string]map[string]any
			if err := json.Unmarshal([]byte(s.all()[2].form.Get("claims")), &got); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(map[string]map[string]any{"access_token": want}, got); d != "" {
				t.Error(d)
			}
			if mustToken(t, tokens, tenantB).Reveal() != other.Reveal() || mustToken(t, tokens, tenantA).Reveal() != answers[0].Reveal() {
				t.Error("the cache does not hold what it should")
			}
			// A late caller with the old token gets the one that replaced it.
			if tok, err := tokens.Challenge(t.Context(), old, challengeHeader(nbfClaims)); err != nil || tok.Reveal() != answers[0].Reveal() || s.count() != 3 {
				t.Errorf("a late caller: %v, %d requests", err, s.count())
			}
			// And the API that refuses the new one, too, gets no further.
			for range 10 {
				var ce *ChallengeError
				if _, err := tokens.Challenge(t.Context(), answers[0], challengeHeader(`{"access_token":{"nbf":{"value":"2"}}}`)); !errors.As(err, &ce) || !ce.Repeated {
					t.Fatalf("error %v, want a repeated ChallengeError", err)
				}
			}
			if s.count() != 3 {
				t.Errorf("%d requests: it loops", s.count())
			}
			time.Sleep(10 * time.Minute) // later it is another event
			if _, err := tokens.Challenge(t.Context(), answers[0], challengeHeader(nbfClaims)); err != nil || s.count() != 4 {
				t.Errorf("later: %v, %d requests", err, s.count())
			}
		})
	}
}

// TestAChallengeDoesNotUseARequestThatBeganBefore: its token could be the
// refused one's twin.
func TestAChallengeDoesNotUseARequestThatBeganBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{t: t}
		tokens := s.tokens(nil)
		old := mustToken(t, tokens, tenantA)
		s.slow(time.Second)
		under := make(chan Token, 1)
		go func() {
			tok, err := tokens.Fresh(t.Context(), tenantA, xdr())
			if err != nil {
				t.Error(err)
			}
			under <- tok
		}()
		synctest.Wait()
		answer, err := tokens.Challenge(t.Context(), old, challengeHeader(nbfClaims))
		if err != nil {
			t.Fatal(err)
		}
		if before := <-under; answer.Reveal() == before.Reveal() {
			t.Error("the request of before the challenge answered it")
		}
		if mustToken(t, tokens, tenantA).Reveal() != answer.Reveal() {
			t.Error("the request of before the challenge refilled the cache")
		}
	})
}

func TestParseChallenge(t *testing.T) {
	enc := func(e *base64.Encoding) string { return e.EncodeToString([]byte(nbfClaims + " ")) }
	good := []string{
		`Bearer claims="` + enc(base64.StdEncoding) + `"`,
		`bearer error="insufficient_claims", CLAIMS="` + enc(base64.RawURLEncoding) + `"`,
		`PoP nonce="claims=x", Bearer realm="a, claims=\"b\"", claims=` + enc(base64.RawStdEncoding),
		`Negotiate, Bearer authorization_uri="x",error="insufficient_claims" , claims="` + enc(base64.URLEncoding) + `", x="y"`,
	}
	for _, v := range good {
		got, err := ParseChallenge(http.Header{"Www-Authenticate": {`Basic realm="x"`, v}})
		if err != nil || strings.TrimSpace(got) != nbfClaims {
			t.Errorf("%s: %q, %v", v, got, err)
		}
	}
	for _, v := range []string{"", "Bearer", `Basic claims="e30="`, `Bearer realm="claims"`, `Bearer claims=""`, `=`, `"`, `Bearer "claims=e30"`} {
		if _, err := ParseChallenge(http.Header{"Www-Authenticate": {v}}); !errors.Is(err, ErrNoChallenge) {
			t.Errorf("%q: error %v, want ErrNoChallenge", v, err)
		}
	}
	var ce *ChallengeError
	for _, v := range []string{
		`Bearer claims="***"`,
		`Bearer claims="` + base64.StdEncoding.EncodeToString([]byte(`["x"]`)) + `"`,
		`Bearer claims="` + base64.StdEncoding.EncodeToString([]byte(`{}`)) + `"`,
		`Bearer claims="` + base64.StdEncoding.EncodeToString([]byte(`{"a":"`+strings.Repeat("x", maxChallengeClaims)+`"}`)) + `"`,
		`Bearer claims="` + strings.Repeat("A", maxChallengeHeader) + `"`,
	} {
		if _, err := ParseChallenge(http.Header{"Www-Authenticate": {v}}); !errors.As(err, &ce) {
			t.Errorf("%.60q: error %v, want a ChallengeError", v, err)
		}
	}
}

func TestChallengeRefusesNonsense(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{t: t}
		tokens := s.tokens(func(c *Config) { c.LongLived = true })
		old := mustToken(t, tokens, tenantA)
		for name, ask := range map[string]func() (Token, error){
			"no challenge": func() (Token, error) { return tokens.Challenge(t.Context(), old, http.Header{}) },
			"no token":     func() (Token, error) { return tokens.Challenge(t.Context(), Token{}, challengeHeader(nbfClaims)) },
			"not an object": func() (Token, error) {
				return tokens.Challenge(t.Context(), old, challengeHeader(`{"access_token":[]}`))
			},
		} {
			if _, err := ask(); err == nil {
				t.Errorf("%s: no error", name)
			}
		}
		if mustToken(t, tokens, tenantA).Reveal() != old.Reveal() || s.count() != 1 {
			t.Error("nonsense dropped the token")
		}
	})
}

func FuzzParseChallenge(f *testing.F) {
	f.Add(challengeHeader(nbfClaims).Get("WWW-Authenticate"))
	f.Add(`Bearer claims="e30=", PoP a=b,,,`)
	f.Add(`Bearer realm="\"`)
	f.Fuzz(func(t *testing.T, v string) {
		claims, err := ParseChallenge(http.Header{"Www-Authenticate": {v}})
		if err != nil {
			return
		}
		merged, err := requestClaims(claims, true)
		if err != nil {
			return
		}
		var got map[string]map[string]any
		if json.Unmarshal([]byte(merged), &got) != nil && !json.Valid([]byte(merged)) {
			t.Errorf("%q became %q", claims, merged)
		}
		if !strings.Contains(merged, `"cp1"`) {
			t.Errorf("%q lost the capability", merged)
		}
	})
}
