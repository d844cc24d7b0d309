package token

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Sign implements [Signer]. Members of header are added to typ, alg, x5t and
// kid; a member given as nil is left out (version 2 tokens carry no x5t).
//
// A "nonce" member is treated as Microsoft treats it in tokens for Microsoft
// Graph: the token shows the nonce, the signature covers the header with the
// nonce's SHA-256 in its place. So the signature fails for everyone who does
// not know to hash it first, and clients learn that such a token is opaque.
func (k *Keys) Sign(header, claims map[string]any) (string, error) {
	k.mu.RLock()
	key := k.list[current]
	k.mu.RUnlock()

	// The signature is nearly all that a token costs; the rest is kept small by
	// writing JSON and base64 into two buffers.
	plain := make([]byte, 0, 2<<10)
	plain, err := appendHeader(plain, header, key.id)
	if err != nil {
		return "", fmt.Errorf("encoding the header of a token: %w", err)
	}
	shown := len(plain)
	plain, err = appendObject(plain, claims)
	if err != nil {
		return "", fmt.Errorf("encoding the claims of a token: %w", err)
	}
	enc := base64.RawURLEncoding
	raw := make([]byte, 0, enc.EncodedLen(len(plain))+enc.EncodedLen(key.private.Size())+4)
	raw = enc.AppendEncode(raw, plain[:shown])
	raw = append(raw, '.')
	body := len(raw)
	raw = enc.AppendEncode(raw, plain[shown:])
	hash := sha256.New()
	if _, ok := header["nonce"]; ok {
		hash.Write(append(enc.AppendEncode(nil, hashNonce(plain[:shown])), '.'))
		hash.Write(raw[body:])
	} else {
		hash.Write(raw)
	}
	sig, err := rsa.SignPKCS1v15(rand.Reader, key.private, crypto.SHA256, hash.Sum(nil))
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	raw = append(raw, '.')
	return string(enc.AppendEncode(raw, sig)), nil
}

// appendHeader writes the members in the order Entra does: typ, nonce, alg,
// x5t, kid, and then whatever else was asked for by name.
func appendHeader(b []byte, extra map[string]any, kid string) ([]byte, error) {
	usual := [...]struct{ name, value string }{{"typ", "JWT"}, {"nonce", ""}, {"alg", "RS256"}, {"x5t", kid}, {"kid", kid}}
	var err error
	b = append(b, '{')
	open := len(b)
	member := func(name string, value any) {
		if err != nil || value == nil {
			return
		}
		if len(b) > open {
			b = append(b, ',')
		}
		b = append(appendString(b, name), ':')
		b, err = appendValue(b, value)
	}
	known := 0
	for _, m := range usual {
		value, given := extra[m.name]
		switch {
		case given:
			known++
			member(m.name, value)
		case m.value != "":
			member(m.name, m.value)
		}
	}
	if known < len(extra) {
		for _, name := range slices.Sorted(maps.Keys(extra)) {
			if !slices.ContainsFunc(usual[:], func(m struct{ name, value string }) bool { return m.name == name }) {
				member(name, extra[name])
			}
		}
	}
	return append(b, '}'), err
}

// hashNonce returns the header the signature covers: the same bytes with the
// value of "nonce" replaced by the base64url of its SHA-256. A header without
// a nonce is returned as it is.
func hashNonce(header []byte) []byte {
	var h struct {
		Nonce string `json:"nonce"`
	}
	if json.Unmarshal(header, &h) != nil || h.Nonce == "" {
		return header
	}
	sum := sha256.Sum256([]byte(h.Nonce))
	quoted, err := json.Marshal(h.Nonce)
	if err != nil {
		return header
	}
	return bytes.Replace(header,
		slices.Concat([]byte(`"nonce":`), quoted),
		[]byte(`"nonce":"`+base64.RawURLEncoding.EncodeToString(sum[:])+`"`), 1)
}
