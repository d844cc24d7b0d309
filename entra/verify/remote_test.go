package verify

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantry/tenantry/entra/verify/internal/rule"
)

// recorder is a transport that writes down where it was sent.
type recorder struct {
	next http.RoundTripper
	mu   sync.Mutex
	urls []string
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	r.urls = append(r.urls, req.Method+" "+req.URL.String())
	r.mu.Unlock()
	return r.next.RoundTrip(req)
}

// A token is never the reason for a request to a place it names: whatever the
// hostile tokens say in iss, jku, x5u and kid, the one place asked is the
// configured authority's, and once.
func TestTokensNameNoPlace(t *testing.T) {
	usual := []jwk{jwkOf(keyID, templateIssuer, &signingKey().PublicKey), jwkOf("second", templateIssuer, &rogueKey().PublicKey)}
	for _, tw := range twins() {
		rec := &recorder{next: &authority{doc: jwks(usual...)}}
		keys := NewRemoteKeys("https://login.example/common", &http.Client{Transport: rec}, atNoon)
		n := 0
		for _, v := range vectors() {
			if !tw.has(v.on) || v.change == nil || v.keys != nil || v.spares != nil {
				continue
			}
			v.config = withKeys(v.config, keys)
			if said := tw.judge(t, v.token(tw), v, rule.Set{}); said == "" {
				t.Errorf("%s: %s is accepted", tw.name, v.name)
			}
			n++
		}
		if n < 80 {
			t.Errorf("%s: only %d tokens", tw.name, n)
		}
		if want := "GET https://login.example/common/discovery/v2.0/keys"; len(rec.urls) != 1 || rec.urls[0] != want {
			t.Errorf("%s: requests %v, want one: %s", tw.name, rec.urls, want)
		}
	}
}

func withKeys(config func(*Config), keys Keys) func(*Config) {
	return func(c *Config) {
		if config != nil {
			config(c)
		}
		c.Keys = keys
	}
}

func TestRemoteKeysRenewInBackground(t *testing.T) {
	old, both := jwks(jwkOf("old", "", &signingKey().PublicKey)), jwks(jwkOf("old", "", &signingKey().PublicKey), jwkOf("new", "", &rogueKey().PublicKey))
	synctest.Test(t, func(t *testing.T) {
		a := &authority{doc: old}
		r := NewRemoteKeys("https://login.example/common", &http.Client{Transport: a}, nil)
		mustKeyOf(t, r, "old")
		time.Sleep(renewAfter)
		a.set(both, nil)
		a.hold = make(chan struct{})
		start := time.Now()
		for range 100 {
			mustKeyOf(t, r, "old")
		}
		synctest.Wait()
		if waited := time.Since(start); waited != 0 || a.requests.Load() != 2 {
			t.Errorf("waited %s, %d requests; want none and 2", waited, a.requests.Load())
		}
		close(a.hold)
		synctest.Wait()
		mustKeyOf(t, r, "new")
		if n := a.requests.Load(); n != 2 {
			t.Errorf("%d requests, want 2", n)
		}
	})
}

func TestRemoteKeysHungAuthority(t *testing.T) {
	doc := jwks(jwkOf("k", "", &signingKey().PublicKey))
	synctest.Test(t, func(t *testing.T) {
		a := &authority{doc: doc}
		r := NewRemoteKeys("https://login.example/common", &http.Client{Transport: a}, nil)
		mustKeyOf(t, r, "k")
		time.Sleep(freshFor)
		a.hold = make(chan struct{})
		start := time.Now()
		mustKeyOf(t, r, "k")
		if waited := time.Since(start); waited != staleWait {
			t.Errorf("the first caller waited %s, want %s", waited, staleWait)
		}
		start = time.Now()
		for range 100 {
			mustKeyOf(t, r, "k")
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("callers after it waited %s, want none", waited)
		}
		if n := a.requests.Load(); n != 2 {
			t.Errorf("%d requests, want 2", n)
		}
		time.Sleep(fetchTimeout)
		synctest.Wait()
		var source *KeySourceError
		if _, err := r.Key(t.Context(), "unknown"); !errors.As(err, &source) {
			t.Errorf("unknown id while the authority hangs: error %v, want *KeySourceError: it may have the key by now", err)
		}
		close(a.hold)
	})
}

// However many ids are made up, the authority is asked once a minute, and a
// key that was rotated in meanwhile is found at the next of those requests.
func TestRemoteKeysStorm(t *testing.T) {
	old, rotated := jwks(jwkOf("old", "", &signingKey().PublicKey)), jwks(jwkOf("new", "", &rogueKey().PublicKey))
	synctest.Test(t, func(t *testing.T) {
		a := &authority{doc: old}
		r := NewRemoteKeys("https://login.example/common", &http.Client{Transport: a}, nil)
		const minutes = 10
		for minute := range minutes {
			var wg sync.WaitGroup
			for i := range 1000 {
				wg.Go(func() {
					var unknown *UnknownKeyError
					if _, err := r.Key(t.Context(), fmt.Sprint("made-up-", minute, "-", i)); !errors.As(err, &unknown) {
						t.Errorf("error %v", err)
					}
				})
			}
			wg.Wait()
			if minute == 4 {
				a.set(rotated, nil)
			}
			time.Sleep(time.Minute)
		}
		if n := a.requests.Load(); n != minutes {
			t.Errorf("%d requests for %d made-up ids in %d minutes, want %d", n, minutes*1000, minutes, minutes)
		}
		mustKeyOf(t, r, "new")
		if _, err := r.Key(t.Context(), "old"); err == nil {
			t.Error("a key that was rotated out is still used")
		}
	})
}

// The rotation happens while the old set is on its way.
func TestRemoteKeysRotatedMidFlight(t *testing.T) {
	old, rotated := jwks(jwkOf("old", "", &signingKey().PublicKey)), jwks(jwkOf("old", "", &signingKey().PublicKey), jwkOf("new", "", &rogueKey().PublicKey))
	synctest.Test(t, func(t *testing.T) {
		a := &authority{doc: old, hold: make(chan struct{})}
		r := NewRemoteKeys("https://login.example/common", &http.Client{Transport: a}, nil)
		got := make(chan error)
		go func() { _, err := r.Key(t.Context(), "new"); got <- err }()
		synctest.Wait()
		close(a.hold)
		var unknown *UnknownKeyError
		if err := <-got; !errors.As(err, &unknown) {
			t.Errorf("error %v, want *UnknownKeyError", err)
		}
		a.set(rotated, nil)
		time.Sleep(refetchAfter)
		mustKeyOf(t, r, "new")
	})
}

func TestRemoteKeysClockJumps(t *testing.T) {
	now := noon
	a := &authority{doc: jwks(jwkOf("k", "", &signingKey().PublicKey))}
	r := NewRemoteKeys("https://login.example/common", &http.Client{Transport: a}, func() time.Time { return now })
	mustKeyOf(t, r, "k")
	for i, jump := range []time.Duration{40 * 24 * time.Hour, -41 * 24 * time.Hour, -30 * 365 * 24 * time.Hour, 60 * 365 * 24 * time.Hour} {
		now = now.Add(jump)
		for range 100 {
			mustKeyOf(t, r, "k")
		}
		if n := a.requests.Load(); n != int32(i+2) {
			t.Errorf("after a jump of %s: %d requests in all, want %d", jump, n, i+2)
		}
	}
	a.set(nil, errors.New("no route"))
	now = now.Add(-40 * 24 * time.Hour)
	var source *KeySourceError
	if _, err := r.Key(t.Context(), "k"); !errors.As(err, &source) {
		t.Errorf("keys of another time are used: %v", err)
	}
}

func mustKeyOf(t *testing.T, keys Keys, id string) {
	t.Helper()
	if _, err := keys.Key(t.Context(), id); err != nil {
		t.Fatalf("key %s: %v", id, err)
	}
}

// Whatever answers for the authority, the error says what it is, in a type.
func TestRemoteKeysBadAnswers(t *testing.T) {
	doc := jwks(jwkOf("k", "", &signingKey().PublicKey))
	small := func(n int) []byte {
		return []byte(`{"keys":[` + strings.TrimSuffix(strings.Repeat(`{"kid":"a"},`, n), ",") + `]}`)
	}
	zipped := func(data []byte) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write(data)
		w.Close()
		return b.Bytes()
	}
	for _, tt := range []struct {
		name, want string
		document   bool // the error is a *DocumentError
		answer     http.HandlerFunc
	}{
		{"captive portal", "HTML page", true, func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "\n<!DOCTYPE html><html><title>Hotel</title></html>")
		}},
		{"truncated body", "unexpected EOF", false, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(doc)))
			w.Write(doc[:len(doc)-20])
		}},
		{"truncated document", "not valid JSON", true, func(w http.ResponseWriter, _ *http.Request) { w.Write(doc[:len(doc)-20]) }},
		{"10,000 keys", "more than the 256 keys", true, func(w http.ResponseWriter, _ *http.Request) { w.Write(small(10000)) }},
		{"100,000 keys", "more than the 1048576", true, func(w http.ResponseWriter, _ *http.Request) { w.Write(small(100000)) }},
		{"gzip of 1 GB", "more than the 1048576", true, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			zw := gzip.NewWriter(w)
			block := bytes.Repeat([]byte(" "), 1<<20)
			for range 1024 {
				if _, err := zw.Write(block); err != nil {
					return // the reader has gone, as it should
				}
			}
		}},
		{"gzip cut", "unexpected EOF", false, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(zipped(doc)[:200])
		}},
		{"deep JSON", "nests deeper", true, func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"keys":`+strings.Repeat("[", 1<<19))
		}},
		{"an error of the authority", "500", false, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }},
		{"no content", "204", false, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }},
		{"empty body", "not valid JSON", true, func(http.ResponseWriter, *http.Request) {}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := httptest.NewTLSServer(tt.answer)
			defer srv.Close()
			_, err := NewRemoteKeys(srv.URL+"/common", srv.Client(), atNoon).Key(t.Context(), "k")
			var source *KeySourceError
			if !errors.As(err, &source) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want *KeySourceError with %q", err, tt.want)
			}
			var document *DocumentError
			if errors.As(err, &document) != tt.document || tt.document && document.Next() == "" {
				t.Errorf("error %v (%T)", err, source.Err)
			}
		})
	}
	t.Run("redirect to another host", func(t *testing.T) {
		asked := 0
		evil := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked++; w.Write(doc) }))
		defer evil.Close()
		srv := httptest.NewTLSServer(http.RedirectHandler(evil.URL, http.StatusTemporaryRedirect))
		defer srv.Close()
		_, err := NewRemoteKeys(srv.URL+"/common", srv.Client(), atNoon).Key(t.Context(), "k")
		if err == nil || asked != 0 {
			t.Errorf("error %v, the other host was asked %d times", err, asked)
		}
	})
}

func TestRemoteKeysCancelled(t *testing.T) {
	a := &authority{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := NewRemoteKeys("https://login.example/common", &http.Client{Transport: a}, atNoon).Key(ctx, "k")
	var source *KeySourceError
	if !errors.As(err, &source) || !errors.Is(err, context.Canceled) || a.requests.Load() != 0 {
		t.Errorf("error %v, %d requests", err, a.requests.Load())
	}
}
