package verify

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestParseJWKS(t *testing.T) {
	good := jwkOf(keyID, templateIssuer, &signingKey().PublicKey)
	set := keySet(t, good, good, jwkOf("second", "", &rogueKey().PublicKey))
	if set.Len() != 2 || strings.Join(set.IDs(), " ") != keyID+" second" {
		t.Errorf("ids %v", set.IDs())
	}
	k, err := set.Key(t.Context(), keyID)
	if err != nil || k.Issuer != templateIssuer || !k.Public.Equal(&signingKey().PublicKey) {
		t.Errorf("key %+v, error %v", k, err)
	}
	var unknown *UnknownKeyError
	if _, err := set.Key(t.Context(), "none"); !errors.As(err, &unknown) || unknown.Known != 2 {
		t.Errorf("error %v, want *UnknownKeyError", err)
	}
}

func TestParseJWKSRefuses(t *testing.T) {
	short := mustKey(1024)
	tiny := jwkOf("k", "", &signingKey().PublicKey)
	tiny["e"] = "Aw" // 3
	for _, tt := range []struct {
		name, want string
		doc        []byte
	}{
		{"empty", "not valid JSON", nil},
		{"HTML", "not valid JSON", []byte("<html>")},
		{"no keys", "no list keys", []byte(`{"issuer":"https://login.microsoftonline.com/x/v2.0","jwks_uri":"https://x"}`)},
		{"keys not a list", "no list keys", []byte(`{"keys":{}}`)},
		{"empty list", "0 entries", []byte(`{"keys":[]}`)},
		{"keys twice", "twice", []byte(`{"keys":[],"keys":[]}`)},
		{"short key", "none of which", jwks(jwkOf("k", "", &short.PublicKey))},
		{"small exponent", "none of which", jwks(tiny)},
		{"symmetric key", "none of which", []byte(`{"keys":[{"kty":"oct","kid":"k","k":"AAAA"}]}`)},
		{"elliptic key", "none of which", []byte(`{"keys":[{"kty":"EC","kid":"k","crv":"P-256","x":"AA","y":"AA"}]}`)},
		{"no kid", "none of which", jwks(jwkOf("", "", &signingKey().PublicKey))},
		{"no modulus", "none of which", []byte(`{"keys":[{"kty":"RSA","kid":"k","e":"AQAB"}]}`)},
		{"longer than 1 MB", "more than", bytes.Repeat([]byte(" "), MaxJWKS+1)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseJWKS(tt.doc)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

// authority is an authority's key endpoint without a network.
type authority struct {
	mu       sync.Mutex
	doc      []byte
	err      error
	requests atomic.Int32
	hold     chan struct{} // when not nil, answers wait for it
}

func (a *authority) set(doc []byte, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.doc, a.err = doc, err
}

func (a *authority) RoundTrip(r *http.Request) (*http.Response, error) {
	a.requests.Add(1)
	if a.hold != nil {
		select {
		case <-a.hold:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return nil, a.err
	}
	if r.URL.String() != "https://login.example/common/discovery/v2.0/keys" {
		return &http.Response{StatusCode: 404, Body: http.NoBody, Request: r}, nil
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(bytes.NewReader(a.doc)), Request: r}, nil
}

func TestRemoteKeysRotation(t *testing.T) {
	now := noon
	a := &authority{doc: jwks(jwkOf("old", "", &signingKey().PublicKey))}
	r := NewRemoteKeys("https://login.example/common/", &http.Client{Transport: a}, func() time.Time { return now })
	step := func(what, kid string, requests int32, want any) {
		t.Helper()
		_, err := r.Key(t.Context(), kid)
		switch want := want.(type) {
		case nil:
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		default:
			if !errors.As(err, want) {
				t.Errorf("%s: error %v, want %T", what, err, want)
			}
		}
		if n := a.requests.Load(); n != requests {
			t.Errorf("%s: %d requests in all, want %d", what, n, requests)
		}
	}
	step("first use", "old", 1, nil)
	step("kept", "old", 1, nil)
	a.set(jwks(jwkOf("old", "", &signingKey().PublicKey), jwkOf("new", "", &rogueKey().PublicKey)), nil)
	step("unknown id at once: rate limited", "new", 1, new(*UnknownKeyError))
	now = now.Add(refetchAfter)
	step("unknown id later", "new", 2, nil)
	for _, kid := range []string{"x1", "x2", "x3", "x4"} {
		step("made-up ids", kid, 2, new(*UnknownKeyError))
	}
	a.set(nil, errors.New("no route"))
	now = now.Add(freshFor)
	step("a day later, authority down: old keys still work", "new", 3, nil)
	step("and it is not asked again at once", "new", 3, nil)
	now = now.Add(retryAfter)
	step("but soon", "new", 4, nil)
	now = now.Add(usableFor)
	step("too old to be used", "new", 5, new(*KeySourceError))
	a.set(jwks(jwkOf("new", "", &rogueKey().PublicKey)), nil)
	step("failure is remembered for a moment", "new", 5, new(*KeySourceError))
	now = now.Add(retryAfter)
	step("back", "new", 6, nil)
	step("the old key is gone", "old", 6, new(*UnknownKeyError))
	now = now.Add(-48 * time.Hour)
	step("clock set back: asked again", "new", 7, nil)
}

func TestRemoteKeysSingleFlight(t *testing.T) {
	doc := jwks(jwkOf("k", "", &signingKey().PublicKey))
	synctest.Test(t, func(t *testing.T) {
		a := &authority{doc: doc, hold: make(chan struct{})}
		r := NewRemoteKeys("https://login.example/common", &http.Client{Transport: a}, nil)
		leader, cancel := context.WithCancel(t.Context())
		leaderErr := make(chan error, 1)
		go func() { _, err := r.Key(leader, "k"); leaderErr <- err }()
		synctest.Wait()
		const followers = 50
		errs := make(chan error, followers)
		for range followers {
			go func() { _, err := r.Key(t.Context(), "k"); errs <- err }()
		}
		synctest.Wait()
		cancel()
		if err := <-leaderErr; !errors.Is(err, context.Canceled) {
			t.Errorf("the leader that gave up got %v", err)
		}
		close(a.hold)
		for range followers {
			if err := <-errs; err != nil {
				t.Errorf("a follower got %v", err)
			}
		}
		if n := a.requests.Load(); n != 1 {
			t.Errorf("%d requests for %d callers, want 1", n, followers+1)
		}
	})
}

func TestRemoteKeysTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &authority{hold: make(chan struct{})}
		r := NewRemoteKeys("https://login.example/common", &http.Client{Transport: a}, nil)
		start := time.Now()
		_, err := r.Key(t.Context(), "k")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the deadline", err)
		}
		if took := time.Since(start); took != fetchTimeout {
			t.Errorf("gave up after %s, want %s", took, fetchTimeout)
		}
	})
}

func TestRemoteKeysHostileAnswers(t *testing.T) {
	doc := jwks(jwkOf("k", "", &signingKey().PublicKey))
	for _, tt := range []struct {
		name, want string
		answer     http.HandlerFunc
	}{
		{"redirect", "redirects are not followed", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/elsewhere" {
				w.Write(doc)
				return
			}
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}},
		{"not found", "404", http.NotFound},
		{"HTML", "not valid JSON", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>sign in</html>") }},
		{"endless", "more than", func(w http.ResponseWriter, _ *http.Request) {
			w.Write(bytes.Repeat([]byte(" "), MaxJWKS))
			w.Write(doc)
		}},
		{"empty set", "0 entries", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"keys":[]}`) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := httptest.NewTLSServer(tt.answer)
			defer srv.Close()
			_, err := NewRemoteKeys(srv.URL+"/common", srv.Client(), atNoon).Key(t.Context(), "k")
			var source *KeySourceError
			if !errors.As(err, &source) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want *KeySourceError with %q", err, tt.want)
			}
		})
	}
	t.Run("good twin", func(t *testing.T) {
		srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(doc) }))
		defer srv.Close()
		if _, err := NewRemoteKeys(srv.URL+"/common", srv.Client(), atNoon).Key(t.Context(), "k"); err != nil {
			t.Error(err)
		}
	})
}

func TestRemoteKeysRefusesAuthority(t *testing.T) {
	for _, bad := range []string{
		"", "http://login.example/common", "https://login.example", "https://login.example/", "https:///common",
		"https://user@login.example/common", "https://l\u00f6gin.example/common", "https://login.example/common?x=1", "https://login.example/a/b", "https://login.example/common#x", "://",
	} {
		a := &authority{}
		_, err := NewRemoteKeys(bad, &http.Client{Transport: a}, nil).Key(t.Context(), "k")
		var source *KeySourceError
		if !errors.As(err, &source) || source.Next() == "" {
			t.Errorf("%q: error %v, want *KeySourceError", bad, err)
		}
		if a.requests.Load() != 0 {
			t.Errorf("%q: a request was made", bad)
		}
	}
}
