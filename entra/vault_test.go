package entra

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var vaultSecret = NewSecret("0123456789abcdef0123456789abcdef")

func openVault(t *testing.T, dir string, key Secret) *FileVault {
	t.Helper()
	v, err := OpenFileVault(dir, key)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func vaultFiles(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return files
}

func TestTokensOutliveTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := &service{t: t}
		with := func(c *Config) { c.Vault = openVault(t, dir, vaultSecret) }
		first := s.tokens(with)
		a, b := mustToken(t, first, tenantA), mustToken(t, first, tenantB)
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		second := s.tokens(with)
		if got := mustToken(t, second, tenantA); got.Reveal() != a.Reveal() || !got.Expires.Equal(a.Expires) || got.Claims.Roles[0] != "Incident.Read.All" {
			t.Error("the stored token is another one")
		}
		if s.count() != 2 {
			t.Errorf("%d requests, want 2", s.count())
		}
		// What is dropped is dropped for the next process, too, and for this
		// one, even what it has not loaded.
		second.Drop(tenantA)
		second.Drop(tenantB)
		if mustToken(t, second, tenantA).Reveal() == a.Reveal() || mustToken(t, second, tenantB).Reveal() == b.Reveal() {
			t.Error("a dropped token came back from the vault")
		}
		if tok, err := second.Fresh(t.Context(), tenantA, xdr()); err != nil || tok.Claims.TokenID != "5" {
			t.Errorf("Fresh: %v, token %s", err, tok.Claims.TokenID)
		}
		if err := second.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		third := s.tokens(with)
		if mustToken(t, third, tenantA).Claims.TokenID != "6" {
			t.Error("an expired token came from the vault")
		}
		if err := third.Close(); err != nil { // waits for the saving
			t.Fatal(err)
		}
		for _, f := range vaultFiles(t, dir) {
			content, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(f)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != 0o600 || bytes.Contains(content, []byte("eyJ")) || strings.Contains(f, string(tenantA)[:8]) || bytes.Contains(content, []byte(tenantA)) {
				t.Errorf("%s is readable: mode %v", filepath.Base(f), info.Mode())
			}
		}
	})
}

func TestAClockPutBackMakesStoredTokensUseless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{t: t}
		clock := &jumping{}
		with := func(c *Config) { c.Vault, c.Now = openVault(t, t.TempDir(), vaultSecret), clock.now }
		mustToken(t, s.tokens(with), tenantA)
		clock.jump(-time.Hour)
		mustToken(t, s.tokens(with), tenantA)
		if s.count() != 2 {
			t.Error("a token asked for in the future was used")
		}
	})
}

func TestTamperedEntriesAreRefused(t *testing.T) {
	keyOf := func(tenant TenantID) VaultKey {
		return VaultKey{Cloud: "public", ClientID: clientID, Tenant: tenant, Resource: xdr().URI}
	}
	entry := StoredToken{Value: NewSecret("a.b.c"), Asked: start(), Expires: start().Add(time.Hour), RenewIn: time.Minute}
	fill := func(t *testing.T) (*FileVault, string) {
		dir := t.TempDir()
		v := openVault(t, dir, vaultSecret)
		for _, tenant := range []TenantID{tenantA, tenantB} {
			if err := v.Save(t.Context(), keyOf(tenant), entry); err != nil {
				t.Fatal(err)
			}
		}
		got, err := v.Load(t.Context(), keyOf(tenantA))
		if err != nil || got.Value.Reveal() != "a.b.c" || !got.Asked.Equal(entry.Asked) || !got.Expires.Equal(entry.Expires) || got.RenewIn != entry.RenewIn {
			t.Fatalf("the untouched entry: %v, %v", got, err)
		}
		return v, dir
	}
	refused := func(t *testing.T, v *FileVault, k VaultKey, what string) {
		t.Helper()
		got, err := v.Load(t.Context(), k)
		var ve *VaultError
		if !errors.As(err, &ve) || got.Value.Reveal() != "" {
			t.Errorf("%s: %v, want a VaultError", what, err)
		}
	}
	t.Run("every bit", func(t *testing.T) {
		v, _ := fill(t)
		path := v.path(keyOf(tenantA))
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 8 * len(whole) {
			changed := bytes.Clone(whole)
			changed[i/8] ^= 1 << (i % 8)
			if err := os.WriteFile(path, changed, 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, v, keyOf(tenantA), "a flipped bit")
		}
		for n := range len(whole) {
			if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, v, keyOf(tenantA), "cut off")
		}
	})
	t.Run("swapped", func(t *testing.T) {
		v, _ := fill(t)
		if err := os.Rename(v.path(keyOf(tenantB)), v.path(keyOf(tenantA))); err != nil {
			t.Fatal(err)
		}
		refused(t, v, keyOf(tenantA), "another tenant's entry")
		if _, err := v.Load(t.Context(), keyOf(tenantB)); !errors.Is(err, ErrNotStored) {
			t.Errorf("the missing entry: %v", err)
		}
	})
	t.Run("every part of the key is bound", func(t *testing.T) {
		v, _ := fill(t)
		whole, err := os.ReadFile(v.path(keyOf(tenantA)))
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range []func(*VaultKey){
			func(k *VaultKey) { k.Cloud = "usgov" }, func(k *VaultKey) { k.ClientID = "x" },
			func(k *VaultKey) { k.Tenant = tenantB }, func(k *VaultKey) { k.Resource = "https://graph.microsoft.com" },
		} {
			k := keyOf(tenantA)
			change(&k)
			if err := os.MkdirAll(v.folder(k), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(v.path(k), whole, 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, v, k, "an entry in another's place")
		}
	})
	t.Run("wrong key", func(t *testing.T) {
		v, dir := fill(t)
		other := openVault(t, dir, NewSecret(strings.Repeat("x", 32)))
		other.name = v.name // otherwise it would not even find the file
		refused(t, other, keyOf(tenantA), "another key")
	})
	t.Run("too long", func(t *testing.T) {
		v, _ := fill(t)
		if err := os.WriteFile(v.path(keyOf(tenantA)), append([]byte(vaultMagic), make([]byte, maxVaultFile)...), 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, v, keyOf(tenantA), "a long file")
	})
}

// memoryVault is a vault of the caller's that may lie.
type memoryVault struct {
	mu      sync.Mutex
	entry   *StoredToken
	err     error
	saved   int
	keeps   bool          // Forget fails
	saving  chan struct{} // if set, Save waits for it
	arrived chan struct{}
}

func (m *memoryVault) Load(context.Context, VaultKey) (StoredToken, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return StoredToken{}, m.err
	}
	if m.entry == nil {
		return StoredToken{}, ErrNotStored
	}
	return *m.entry, nil
}

func (m *memoryVault) Save(_ context.Context, _ VaultKey, s StoredToken) error {
	if m.saving != nil {
		m.arrived <- struct{}{}
		<-m.saving
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.saved++
	m.entry = &s
	return m.err
}

func (m *memoryVault) Forget(context.Context, VaultKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.keeps {
		return errors.New("read-only file system")
	}
	m.entry = nil
	return nil
}

func TestStoredTokensAreCheckedLikeAnswers(t *testing.T) {
	good := StoredToken{Value: NewSecret(appToken(tenantA, xdr().URI)), Asked: start(), Expires: start().Add(time.Hour)}
	change := func(f func(*StoredToken)) *StoredToken { s := good; f(&s); return &s }
	for _, tt := range []struct {
		name     string
		vault    *memoryVault
		requests int
		refused  int
		foreign  int
	}{
		{"good", &memoryVault{entry: &good}, 0, 0, 0},
		{"another tenant's", &memoryVault{entry: change(func(s *StoredToken) { s.Value = NewSecret(appToken(tenantB, xdr().URI)) })}, 1, 1, 1},
		{"another resource's", &memoryVault{entry: change(func(s *StoredToken) { s.Value = NewSecret(appToken(tenantA, "https://graph.microsoft.com")) })}, 1, 1, 1},
		{"no token", &memoryVault{entry: change(func(s *StoredToken) { s.Value = NewSecret("x") })}, 1, 1, 0},
		{"no times", &memoryVault{entry: &StoredToken{Value: good.Value}}, 1, 1, 0},
		{"a year's life", &memoryVault{entry: change(func(s *StoredToken) { s.Expires = s.Expires.AddDate(1, 0, 0) })}, 1, 1, 0},
		{"expired", &memoryVault{entry: change(func(s *StoredToken) { s.Asked, s.Expires = s.Asked.Add(-2*time.Hour), s.Expires.Add(-2*time.Hour) })}, 1, 0, 0},
		{"from the future", &memoryVault{entry: change(func(s *StoredToken) { s.Asked, s.Expires = s.Asked.Add(time.Hour), s.Expires.Add(time.Hour) })}, 1, 0, 0},
		{"broken vault", &memoryVault{err: errors.New("disk on fire")}, 1, 2, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var seen events
			l := newLogin(t, healthy(xdr()))
			tokens := l.tokens(&clock{t: start()}, func(c *Config) { c.Vault, c.Observe = tt.vault, seen.add })
			tok, err := tokens.Token(t.Context(), tenantA, xdr())
			if err != nil || tok.Claims.TenantID != string(tenantA) {
				t.Fatal(err)
			}
			if err := tokens.Close(); err != nil { // waits for the saving
				t.Fatal(err)
			}
			if l.count() != tt.requests || seen.count(EventVaultRefused) != tt.refused || seen.count(EventForeign) != tt.foreign {
				t.Errorf("%d requests, %d refused, %d foreign; want %d, %d, %d", l.count(), seen.count(EventVaultRefused), seen.count(EventForeign), tt.requests, tt.refused, tt.foreign)
			}
		})
	}
}

// TestADropWhileSavingEmptiesTheVault: the entry of before the drop must not
// stay behind.
func TestADropWhileSavingEmptiesTheVault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &memoryVault{saving: make(chan struct{}), arrived: make(chan struct{}, 4)}
		s := &service{t: t}
		tokens := s.tokens(func(c *Config) { c.Vault = v })
		mustToken(t, tokens, tenantA) // callers do not wait for the vault
		<-v.arrived
		tokens.Drop(tenantA)
		close(v.saving)
		synctest.Wait()
		if v.entry != nil || v.saved != 1 {
			t.Errorf("the dropped token stays in the vault (saved %d times)", v.saved)
		}
	})
}

// TestADroppedTokenStaysDroppedWhateverTheVaultDoes: it cannot be removed.
func TestADroppedTokenStaysDroppedWhateverTheVaultDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen events
		s := &service{t: t}
		tokens := s.tokens(func(c *Config) { c.Vault, c.Observe = &memoryVault{keeps: true}, seen.add })
		first := mustToken(t, tokens, tenantA)
		synctest.Wait()
		tokens.Drop(tenantA)
		if mustToken(t, tokens, tenantA).Reveal() == first.Reveal() || seen.count(EventVaultRefused) != 1 {
			t.Error("the dropped token came back, or the vault's failure was not reported")
		}
	})
}

func TestOpenFileVault(t *testing.T) {
	raw := bytes.Repeat([]byte{7}, 32)
	for _, s := range []string{string(raw), hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw) + "\n", base64.RawURLEncoding.EncodeToString(raw)} {
		b, ok := vaultKeyBytes(s)
		if !ok || !bytes.Equal(b, raw) {
			t.Errorf("key %q was not understood", s)
		}
	}
	var ce *ConfigError
	for _, s := range []string{"", "short", strings.Repeat("x", 31), strings.Repeat("x", 33)} {
		if _, err := OpenFileVault(t.TempDir(), NewSecret(s)); !errors.As(err, &ce) || s != "" && strings.Contains(err.Error(), s) {
			t.Errorf("key %q: error %v, want a ConfigError that does not show it", s, err)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFileVault(file, vaultSecret); err == nil {
		t.Error("a file was taken for a folder")
	}
}

func TestOldEntriesAreRemovedAtOpening(t *testing.T) {
	dir := t.TempDir()
	v := openVault(t, dir, vaultSecret)
	for _, tenant := range []TenantID{tenantA, tenantB} {
		if err := v.Save(t.Context(), VaultKey{Tenant: tenant}, StoredToken{}); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-vaultKeep - time.Hour)
	alien := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(alien, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{v.path(VaultKey{Tenant: tenantA}), alien} {
		if err := os.Chtimes(f, old, old); err != nil {
			t.Fatal(err)
		}
	}
	openVault(t, dir, vaultSecret)
	if got := vaultFiles(t, dir); len(got) != 2 {
		t.Errorf("files left: %v, want the young entry and the file of someone else", got)
	}
}
