package token

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // x5t and kid are SHA-1 thumbprints by definition (RFC 7515 §4.1.7)
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// keyFile is the one file in the sandbox's directory that holds the signing
// keys: pairs of a private key and its certificate, previous key first.
const keyFile = "signing-keys.pem"

// Entra publishes the key it signed with before, the one it signs with now
// and the one it will sign with next; so do we.
const (
	previous = iota
	current
	next
	keyCount
)

const keyBits = 2048

// Keys are the sandbox's signing keys: three at a time, of which the middle
// one signs and all verify. Its methods are safe for concurrent use.
type Keys struct {
	dir string
	now func() time.Time

	mu   sync.RWMutex
	list [keyCount]*signingKey
}

type signingKey struct {
	private *rsa.PrivateKey
	cert    *x509.Certificate
	id      string // kid and x5t: base64url of the certificate's SHA-1
}

// KeyFileError says which file of signing keys could not be read or written
// and what to do about it.
type KeyFileError struct {
	Path   string
	Remedy string
	Err    error
}

func (e *KeyFileError) Error() string {
	return fmt.Sprintf("signing keys %s: %v; %s", e.Path, e.Err, e.Remedy)
}

func (e *KeyFileError) Unwrap() error { return e.Err }

// Next says in one sentence what to do about it.
func (e *KeyFileError) Next() string { return e.Remedy }

// Load reads the signing keys kept in dir, and creates them (readable by the
// owner alone) when there are none. With dir "" the keys live in memory and
// end with the process. now is the clock for certificates and lifetimes; nil
// means time.Now. A failure is a *KeyFileError.
func Load(dir string, now func() time.Time) (*Keys, error) {
	if now == nil {
		now = time.Now
	}
	k := &Keys{dir: dir, now: now}
	if dir != "" {
		raw, err := os.ReadFile(k.path())
		switch {
		case err == nil:
			list, err := decodeKeys(raw)
			if err != nil {
				return nil, &KeyFileError{Path: k.path(), Remedy: "delete the file to have new keys created", Err: err}
			}
			k.list = list
			return k, nil
		case !errors.Is(err, fs.ErrNotExist):
			return nil, &KeyFileError{Path: k.path(), Remedy: "make the file readable or choose another directory", Err: err}
		}
	}
	var wg sync.WaitGroup
	var errs [keyCount]error
	for i := range k.list {
		wg.Go(func() { k.list[i], errs[i] = newSigningKey(now()) })
	}
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	if err := k.save(k.list); err != nil {
		return nil, err
	}
	return k, nil
}

// Rotate makes the published next key the signing one, publishes a new next
// key and withdraws the oldest: tokens signed with that one no longer verify.
func (k *Keys) Rotate() error {
	fresh, err := newSigningKey(k.now())
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	list := [keyCount]*signingKey{k.list[current], k.list[next], fresh}
	if err := k.save(list); err != nil {
		return err
	}
	k.list = list
	return nil
}

// KeyIDs returns the ids (kid) of the published keys: the one that signed
// before, the one that signs, and the one that will.
func (k *Keys) KeyIDs() (before, now, later string) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.list[previous].id, k.list[current].id, k.list[next].id
}

func (k *Keys) path() string { return filepath.Join(k.dir, keyFile) }

// save replaces the file as a whole, so that an interrupted run leaves either
// the old keys or the new ones.
func (k *Keys) save(list [keyCount]*signingKey) error {
	if k.dir == "" {
		return nil
	}
	remedy := "make the directory writable or choose another one"
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return &KeyFileError{Path: k.path(), Remedy: remedy, Err: err}
	}
	raw, err := encodeKeys(list)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(k.dir, keyFile+".*") // mode 0600
	if err != nil {
		return &KeyFileError{Path: k.path(), Remedy: remedy, Err: err}
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), k.path())
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return &KeyFileError{Path: k.path(), Remedy: remedy, Err: err}
	}
	return nil
}

func newSigningKey(now time.Time) (*signingKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("creating a signing key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("creating a serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "Tenantry sandbox token signing (not Microsoft)"},
		NotBefore:    now.Add(-24 * time.Hour),
		NotAfter:     now.AddDate(5, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, fmt.Errorf("creating the certificate of a signing key: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate of a signing key: %w", err)
	}
	return withID(private, cert), nil
}

func withID(private *rsa.PrivateKey, cert *x509.Certificate) *signingKey {
	sum := sha1.Sum(cert.Raw) //nolint:gosec // see the import
	return &signingKey{private: private, cert: cert, id: base64.RawURLEncoding.EncodeToString(sum[:])}
}

func encodeKeys(list [keyCount]*signingKey) ([]byte, error) {
	var b bytes.Buffer
	for _, k := range list {
		der, err := x509.MarshalPKCS8PrivateKey(k.private)
		if err != nil {
			return nil, fmt.Errorf("encoding a signing key: %w", err)
		}
		if err := pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: der}); err != nil {
			return nil, err
		}
		if err := pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: k.cert.Raw}); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

func decodeKeys(raw []byte) (list [keyCount]*signingKey, err error) {
	for i := range list {
		var keyBlock, certBlock *pem.Block
		keyBlock, raw = pem.Decode(raw)
		if keyBlock == nil || keyBlock.Type != "PRIVATE KEY" {
			return list, fmt.Errorf("block %d is not a PRIVATE KEY", 2*i+1)
		}
		certBlock, raw = pem.Decode(raw)
		if certBlock == nil || certBlock.Type != "CERTIFICATE" {
			return list, fmt.Errorf("block %d is not a CERTIFICATE", 2*i+2)
		}
		parsed, err := x509.ParsePKCS8PrivateKey(keyBlock.Bytes)
		if err != nil {
			return list, fmt.Errorf("private key %d: %w", i+1, err)
		}
		private, ok := parsed.(*rsa.PrivateKey)
		if !ok {
			return list, fmt.Errorf("private key %d is not an RSA key", i+1)
		}
		cert, err := x509.ParseCertificate(certBlock.Bytes)
		if err != nil {
			return list, fmt.Errorf("certificate %d: %w", i+1, err)
		}
		if !private.PublicKey.Equal(cert.PublicKey) {
			return list, fmt.Errorf("certificate %d does not belong to its private key", i+1)
		}
		list[i] = withID(private, cert)
	}
	return list, nil
}
