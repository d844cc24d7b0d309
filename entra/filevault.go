package entra

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// FileVault is a [Vault] in a folder: one file per tenant and resource,
// encrypted with AES-256-GCM under a key of the caller's and bound to cloud,
// application, tenant and resource. File names are keyed hashes, so the folder
// tells how many tenants there are and not which. Files are replaced whole; two
// processes may share a folder.
type FileVault struct {
	dir  string
	seal cipher.AEAD
	name []byte // key of the file names
}

// VaultError is an entry that was refused: changed, moved from another place,
// or written under another key. It was not used.
type VaultError struct {
	File    string
	Problem string
}

func (e *VaultError) Error() string {
	return fmt.Sprintf("token vault: entry %s %s: %s", e.File, e.Problem, e.Next())
}

// Next says what to do.
func (e *VaultError) Next() string {
	return "the token is asked for anew; if the vault's key was not changed, find out who writes to its folder"
}

const (
	vaultMagic  = "TNV1"
	vaultSuffix = ".token"
	// vaultNameLength is the length of a keyed hash in a name.
	vaultNameLength = 32
	maxVaultFile    = maxTokenLength + 256
	// vaultKeep is how long a file can matter: longer than any token lives.
	vaultKeep = (maxLifetime + 24*3600) * time.Second
)

// OpenFileVault opens the folder, making it if need be (0700), with a key of 32
// bytes: raw, in base64 or in hexadecimal. Files older than any token lives are
// removed. Errors are [*ConfigError] or those of the file system.
func OpenFileVault(dir string, key Secret) (*FileVault, error) {
	raw, ok := vaultKeyBytes(key.Reveal())
	if !ok {
		return nil, &ConfigError{Field: "vault key", Problem: "is not 32 bytes", Remedy: "give 32 random bytes, raw, in base64 or in hexadecimal, for example of: openssl rand -base64 32"}
	}
	// Two keys from one, so that a name is no function of the sealing key.
	block, err := aes.NewCipher(derive(raw, "seal"))
	if err != nil {
		return nil, err
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("token vault: %w", err)
	}
	v := &FileVault{dir: dir, seal: seal, name: derive(raw, "name")}
	return v, v.prune(time.Now())
}

func vaultKeyBytes(s string) ([]byte, bool) {
	if len(s) == 32 {
		return []byte(s), true
	}
	s = strings.TrimSpace(s)
	if b, err := hex.DecodeString(s); err == nil && len(b) == 32 {
		return b, true
	}
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(s), "="))
	return b, err == nil && len(b) == 32
}

func derive(key []byte, purpose string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("tenantry token vault " + purpose))
	return h.Sum(nil)
}

// prune removes what no token can be in any more. Problems with single files
// are not errors: another process may have been quicker.
func (v *FileVault) prune(now time.Time) error {
	err := filepath.WalkDir(v.dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil && path == v.dir:
			return err
		case err != nil:
			return nil
		case e.IsDir() && path != v.dir && (filepath.Dir(path) != v.dir || !isVaultName(e.Name())):
			return fs.SkipDir // not ours
		case !e.Type().IsRegular() || !v.ours(path):
			return nil
		}
		if info, err := e.Info(); err == nil && now.Sub(info.ModTime()) > vaultKeep {
			_ = os.Remove(path)
			if dir := filepath.Dir(path); dir != v.dir {
				_ = os.Remove(dir) // succeeds only if it is empty
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("token vault: %w", err)
	}
	return nil
}

// ours reports whether a file is an entry, or a temporary one of Save.
func (v *FileVault) ours(path string) bool {
	name, ok := strings.CutSuffix(filepath.Base(path), vaultSuffix)
	if filepath.Dir(path) == filepath.Clean(v.dir) {
		return ok && strings.HasPrefix(name, "new-")
	}
	return ok && isVaultName(name)
}

func isVaultName(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == vaultNameLength
}

// associated is what an entry is bound to. NUL cannot be part of any field.
func (k VaultKey) associated() []byte {
	return []byte(strings.Join([]string{vaultMagic, k.Cloud, k.ClientID, string(k.Tenant), k.Resource}, "\x00"))
}

func (v *FileVault) hash(parts ...string) string {
	h := hmac.New(sha256.New, v.name)
	h.Write([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(h.Sum(nil)[:vaultNameLength/2])
}

// folder holds the files of a tenant, so that they can be removed together.
func (v *FileVault) folder(k VaultKey) string {
	return filepath.Join(v.dir, v.hash(k.Cloud, k.ClientID, string(k.Tenant)))
}

func (v *FileVault) path(k VaultKey) string {
	return filepath.Join(v.folder(k), v.hash(k.Resource)+vaultSuffix)
}

// Load reads and opens an entry. Errors: [ErrNotStored], [*VaultError], or of
// the file system.
func (v *FileVault) Load(_ context.Context, k VaultKey) (StoredToken, error) {
	path := v.path(k)
	refuse := func(problem string) (StoredToken, error) {
		return StoredToken{}, &VaultError{File: filepath.Base(path), Problem: problem}
	}
	// Opening a pipe would wait for ever.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return refuse("is not a file")
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return StoredToken{}, ErrNotStored
	}
	if err != nil {
		return StoredToken{}, fmt.Errorf("token vault: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxVaultFile+1))
	if err != nil {
		return StoredToken{}, fmt.Errorf("token vault: %w", err)
	}
	head := len(vaultMagic) + v.seal.NonceSize()
	if len(b) > maxVaultFile || len(b) < head || string(b[:len(vaultMagic)]) != vaultMagic {
		return refuse("is not a vault entry")
	}
	plain, err := v.seal.Open(nil, b[len(vaultMagic):head], b[head:], k.associated())
	if err != nil {
		return refuse("was changed, moved from another place or written under another key")
	}
	if len(plain) < 24 {
		return refuse("is too short")
	}
	number := func(i int) int64 { return int64(binary.BigEndian.Uint64(plain[8*i:])) }
	return StoredToken{
		Asked: time.Unix(0, number(0)).UTC(), Expires: time.Unix(0, number(1)).UTC(), RenewIn: time.Duration(number(2)),
		Value: NewSecret(string(plain[24:])),
	}, nil
}

// Save seals an entry and puts it in its place (0600).
func (v *FileVault) Save(_ context.Context, k VaultKey, s StoredToken) error {
	plain := make([]byte, 0, 24+len(s.Value.Reveal()))
	plain = binary.BigEndian.AppendUint64(plain, uint64(s.Asked.UnixNano()))
	plain = binary.BigEndian.AppendUint64(plain, uint64(s.Expires.UnixNano()))
	plain = binary.BigEndian.AppendUint64(plain, uint64(s.RenewIn))
	plain = append(plain, s.Value.Reveal()...)
	nonce := make([]byte, v.seal.NonceSize())
	_, _ = rand.Read(nonce) // never fails: crypto/rand ends the program instead
	sealed := v.seal.Seal(append([]byte(vaultMagic), nonce...), nonce, plain, k.associated())

	// A temporary file of this call's own, so that readers see all or nothing.
	f, err := os.CreateTemp(v.dir, "new-*"+vaultSuffix)
	if err != nil {
		return fmt.Errorf("token vault: %w", err)
	}
	_, err = f.Write(sealed)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = v.place(f.Name(), k)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("token vault: %w", err)
	}
	return nil
}

// place moves a finished file to where it belongs. Forget may remove the
// tenant's folder in between, once.
func (v *FileVault) place(file string, k VaultKey) error {
	var err error
	for range 2 {
		if err = os.MkdirAll(v.folder(k), 0o700); err != nil {
			return err
		}
		if err = os.Rename(file, v.path(k)); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// Forget removes the tenant's entries.
func (v *FileVault) Forget(_ context.Context, k VaultKey) error {
	if err := os.RemoveAll(v.folder(k)); err != nil {
		return fmt.Errorf("token vault: %w", err)
	}
	return nil
}
