package verify

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// MaxJWKS is the largest key set that is read, in bytes. Entra's are about
// 20 kB.
const MaxJWKS = 1 << 20

// Bounds of an RSA key that is taken. Entra uses 2048 bits and 65537.
const (
	minKeyBits  = 2048
	maxKeyBits  = 8192
	minExponent = 65537
)

// Key is one public signing key of an authority.
type Key struct {
	ID     string // kid
	Issuer string // issuer member: the only issuer the key may sign for, with "{tenantid}" in keys of /common; empty in keys of version 1.0
	Public *rsa.PublicKey
}

// Keys finds signing keys by their id. Implementations are [KeySet], which
// never changes, and [RemoteKeys]; both are safe for concurrent use.
type Keys interface {
	// Key returns the key with exactly this id. An id the source does not
	// know gives an [*UnknownKeyError]; a source that cannot answer gives a
	// [*KeySourceError].
	Key(ctx context.Context, id string) (Key, error)
}

// UnknownKeyError says that a key source has no usable key of that id.
type UnknownKeyError struct {
	Reason string // why, when the source has the key but does not use it; may be empty
	Known  int    // how many keys the source does have
}

func (e *UnknownKeyError) Error() string {
	if e.Reason != "" {
		return "the token's signing key is not usable: " + e.Reason
	}
	return fmt.Sprintf("the token's signing key is none of the %d keys of the key source", e.Known)
}

// KeySourceError says that keys could not be had, so that nothing can be said
// about the token. It is worth trying again later.
type KeySourceError struct {
	Source string // URL asked
	Err    error
}

func (e *KeySourceError) Error() string {
	return "signing keys could not be read from " + e.Source + ": " + e.Err.Error()
}

func (e *KeySourceError) Unwrap() error { return e.Err }

// Next says what to do about it.
func (e *KeySourceError) Next() string {
	return "Check that the authority can be reached from here (proxy, certificate, cloud) and try again."
}

// KeySet is a set of keys that does not change.
type KeySet struct {
	keys    map[string]Key
	refused map[string]string // kid → why it is not used
}

// Len returns how many usable keys the set has.
func (s KeySet) Len() int { return len(s.keys) }

// IDs returns the ids of the usable keys, sorted.
func (s KeySet) IDs() []string { return slices.Sorted(maps.Keys(s.keys)) }

// Key implements [Keys].
func (s KeySet) Key(_ context.Context, id string) (Key, error) {
	if why, ok := s.refused[id]; ok {
		return Key{}, &UnknownKeyError{Reason: why, Known: len(s.keys)}
	}
	k, ok := s.keys[id]
	if !ok {
		return Key{}, &UnknownKeyError{Known: len(s.keys)}
	}
	return k, nil
}

// ParseJWKS reads a JSON Web Key Set as Entra serves it at jwks_uri. Keys
// that this package would never use (not RSA, for encryption, too short, of a
// declared algorithm other than RS256) are left out; an id that stands for two
// different keys is not used at all. A set without any usable key is an error.
func ParseJWKS(data []byte) (KeySet, error) {
	if len(data) > MaxJWKS {
		return KeySet{}, fmt.Errorf("key set is %d bytes long, more than the %d that are read", len(data), MaxJWKS)
	}
	doc, err := decodeObject(data)
	if err != nil {
		return KeySet{}, fmt.Errorf("key set %w; it must be a JSON object with the member keys, as the authority's jwks_uri gives it", err)
	}
	var entries []json.RawMessage
	raw, ok := doc["keys"]
	if !ok || json.Unmarshal(raw, &entries) != nil {
		return KeySet{}, errors.New("key set has no list keys; give the document of jwks_uri, not the one of openid-configuration")
	}
	set := KeySet{keys: map[string]Key{}, refused: map[string]string{}}
	for _, entry := range entries {
		set.add(entry)
	}
	if len(set.keys) == 0 {
		return KeySet{}, fmt.Errorf("key set has %d entries, none of which is an RSA signing key of at least %d bits", len(entries), minKeyBits)
	}
	return set, nil
}

// add takes one entry, or remembers why not.
func (s *KeySet) add(entry json.RawMessage) {
	members, err := decodeObject(entry)
	if err != nil {
		return
	}
	text := func(name string) string {
		v, _ := decodeString(members[name])
		return v
	}
	id := text("kid")
	if id == "" {
		return
	}
	refuse := func(why string) {
		delete(s.keys, id)
		s.refused[id] = why
	}
	if _, already := s.refused[id]; already {
		return
	}
	if text("kty") != "RSA" {
		refuse("it is not an RSA key")
		return
	}
	if use, has := members["use"]; has && string(use) != `"sig"` {
		refuse("it is not for signatures")
		return
	}
	if alg, has := members["alg"]; has && string(alg) != `"RS256"` {
		refuse("it is for an algorithm other than RS256")
		return
	}
	public, ok := publicKey(members)
	if !ok {
		refuse("it is malformed")
		return
	}
	if bits := public.N.BitLen(); bits < minKeyBits || bits > maxKeyBits || public.E < minExponent {
		refuse(fmt.Sprintf("it has %d bits and exponent %d; %d to %d bits and exponent %d are used", bits, public.E, minKeyBits, maxKeyBits, minExponent))
		return
	}
	key := Key{ID: id, Issuer: text("issuer"), Public: public}
	if _, has := members["issuer"]; has && key.Issuer == "" {
		refuse("its issuer is not a string")
		return
	}
	if other, twice := s.keys[id]; twice && (!other.Public.Equal(public) || other.Issuer != key.Issuer) {
		refuse("its id stands for two different keys")
		return
	}
	s.keys[id] = key
}

// publicKey takes modulus and exponent alone: certificates and thumbprints
// beside them prove nothing here, and a broken one does not spoil the key.
func publicKey(members map[string]json.RawMessage) (*rsa.PublicKey, bool) {
	bare, err := json.Marshal(map[string]json.RawMessage{"kty": members["kty"], "n": members["n"], "e": members["e"]})
	if err != nil {
		return nil, false
	}
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON(bare); err != nil {
		return nil, false
	}
	public, ok := jwk.Key.(*rsa.PublicKey)
	return public, ok
}

func sortedKeys(m map[string]json.RawMessage) []string {
	return slices.Sorted(maps.Keys(m))
}
