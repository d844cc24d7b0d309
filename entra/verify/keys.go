package verify

import (
	"context"
	"crypto/rsa"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/entra/verify/internal/jws"
	"github.com/tenantry/tenantry/entra/verify/internal/rule"
)

// Bounds of a key set that is read, in bytes and in keys. Entra's are about
// 20 kB and ten keys.
const (
	MaxJWKS = 1 << 20
	MaxKeys = 256
)

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

	rule rule.ID // which rule left the key out; none if it is not there
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
	refused map[string]*UnknownKeyError // by kid, why it is not used
}

// Len returns how many usable keys the set has.
func (s KeySet) Len() int { return len(s.keys) }

// IDs returns the ids of the usable keys, sorted.
func (s KeySet) IDs() []string { return slices.Sorted(maps.Keys(s.keys)) }

// Key implements [Keys].
func (s KeySet) Key(_ context.Context, id string) (Key, error) {
	if why, ok := s.refused[id]; ok {
		own := *why // the caller may change what it gets
		return Key{}, &own
	}
	k, ok := s.keys[id]
	if !ok {
		return Key{}, &UnknownKeyError{Known: len(s.keys)}
	}
	return k, nil
}

// DocumentError says why a document of an authority, a key set or an OpenID
// configuration, is not used. It repeats nothing of a page that is no such
// document.
type DocumentError struct {
	Document string // "key set" or "OpenID configuration"
	Detail   string
	Remedy   string
}

func (e *DocumentError) Error() string { return e.Document + " " + e.Detail }

// Next says what to do about it.
func (e *DocumentError) Next() string { return e.Remedy }

// document reads the members of an authority's document.
func document(name string, data []byte, longest int, member func(name, value string)) *DocumentError {
	if len(data) > longest {
		return &DocumentError{name, fmt.Sprintf("is %d bytes long, more than the %d that are read", len(data), longest), "Check which server answers for the authority."}
	}
	f := jws.Members(string(data), rule.Set{}, member)
	switch {
	case f == nil:
		return nil
	case strings.HasPrefix(strings.TrimSpace(string(data[:min(len(data), 64)])), "<"):
		return &DocumentError{name, "is not valid JSON but an HTML page, as a captive portal or a proxy answers with", "Sign in to the network, or configure the proxy, and try again."}
	}
	return &DocumentError{name, f.Detail, "Give the JSON document exactly as the authority serves it."}
}

// ParseJWKS reads a JSON Web Key Set as Entra serves it at jwks_uri. Keys
// that this package would never use (not RSA, for encryption, too short, of a
// declared algorithm other than RS256) are left out; an id that stands for two
// different keys is not used at all. A set without any usable key, of more than
// [MaxJWKS] bytes or more than [MaxKeys] keys is refused by a [*DocumentError].
func ParseJWKS(data []byte) (KeySet, error) { return parseJWKS(data, rule.Set{}) }

// parseJWKS is ParseJWKS; off is empty but in tests.
func parseJWKS(data []byte, off rule.Set) (KeySet, error) {
	var list string
	if err := document("key set", data, MaxJWKS, func(name, value string) {
		if name == "keys" {
			list = value
		}
	}); err != nil {
		return KeySet{}, err
	}
	set := KeySet{keys: map[string]Key{}, refused: map[string]*UnknownKeyError{}}
	entries := 0
	isList := jws.Elements(list, func(entry string) bool {
		if entries++; entries <= MaxKeys {
			set.add(entry, off)
		}
		return entries <= MaxKeys
	})
	switch {
	case !isList:
		return KeySet{}, &DocumentError{"key set", "has no list keys", "Give the document of jwks_uri, not the one of openid-configuration."}
	case entries > MaxKeys:
		return KeySet{}, &DocumentError{"key set", fmt.Sprintf("has more than the %d keys that are read", MaxKeys), "Check which server answers for the authority; Entra's sets have about ten keys."}
	case len(set.keys) == 0:
		return KeySet{}, &DocumentError{"key set", fmt.Sprintf("has %d entries, none of which is an RSA signing key of at least %d bits", entries, minKeyBits), "Check which server answers for the authority."}
	}
	for _, refused := range set.refused {
		refused.Known = len(set.keys)
	}
	return set, nil
}

// add takes one entry, or remembers why not.
func (s *KeySet) add(entry string, off rule.Set) {
	var kty, use, alg, kid, n, e, issuer, ops string
	var hasIssuer bool
	if jws.Members(entry, rule.Set{}, func(name, value string) {
		switch name {
		case "kty":
			kty = value
		case "use":
			use = value
		case "key_ops":
			ops = value
		case "alg":
			alg = value
		case "kid":
			kid = value
		case "n":
			n = value
		case "e":
			e = value
		case "issuer":
			hasIssuer, issuer = true, value
		}
	}) != nil {
		return
	}
	id, _ := jws.String(kid)
	if id == "" {
		return
	}
	if _, already := s.refused[id]; already {
		return
	}
	refuse := func(why rule.ID, reason string) {
		delete(s.keys, id)
		s.refused[id] = &UnknownKeyError{Reason: reason, rule: why}
	}
	public, sound := publicKey(n, e)
	key := Key{ID: id, Public: public}
	var issuerIsText bool
	key.Issuer, issuerIsText = jws.String(issuer)
	switch on := func(id rule.ID) bool { return !off.Has(id) }; {
	case kty != `"RSA"` && on(rule.KeyType):
		refuse(rule.KeyType, "it is not an RSA key")
	case use != "" && use != `"sig"` && on(rule.KeyUse):
		refuse(rule.KeyUse, "it is not for signatures")
	case ops != "" && !verifies(ops) && on(rule.KeyOps):
		refuse(rule.KeyOps, "its operations do not include verify")
	case alg != "" && alg != `"RS256"` && on(rule.KeyAlg):
		refuse(rule.KeyAlg, "it is for an algorithm other than RS256")
	case !sound:
		refuse(rule.KeyMalformed, "it is malformed")
	case (public.N.BitLen() < minKeyBits || public.N.BitLen() > maxKeyBits) && on(rule.KeySize):
		refuse(rule.KeySize, fmt.Sprintf("it has %d bits; %d to %d are used", public.N.BitLen(), minKeyBits, maxKeyBits))
	case (public.E < minExponent || public.E%2 == 0) && on(rule.KeyExponent):
		refuse(rule.KeyExponent, fmt.Sprintf("its exponent is %d; odd ones of at least %d are used", public.E, minExponent))
	case hasIssuer && (!issuerIsText || key.Issuer == "") && on(rule.KeyIssuerType):
		refuse(rule.KeyIssuerType, "its issuer is not a string")
	default:
		other, twice := s.keys[id]
		if twice && (!other.Public.Equal(public) || other.Issuer != key.Issuer) && on(rule.KeyAmbiguous) {
			refuse(rule.KeyAmbiguous, "its id stands for two different keys")
			return
		}
		if !twice {
			key.ID, key.Issuer = strings.Clone(key.ID), strings.Clone(key.Issuer)
			s.keys[key.ID] = key
		}
	}
}

func verifies(ops string) bool {
	list, ok := jws.Strings(ops)
	return ok && slices.Contains(list, "verify")
}

// publicKey takes modulus and exponent alone: certificates and thumbprints
// beside them prove nothing here, and a broken one does not spoil the key.
func publicKey(n, e string) (*rsa.PublicKey, bool) {
	number := func(value string) (*big.Int, bool) {
		text, ok := jws.String(value)
		if !ok {
			return nil, false
		}
		raw, _, f := jws.Decode(nil, nil, text, rule.Set{})
		if f != nil || len(raw) == 0 || len(raw) > maxKeyBits/8+1 {
			return nil, false
		}
		return new(big.Int).SetBytes(raw), true
	}
	modulus, ok := number(n)
	exponent, ok2 := number(e)
	if !ok || !ok2 || modulus.Sign() == 0 || !exponent.IsInt64() || exponent.Int64() > math.MaxInt32 {
		return nil, false
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}, true
}
