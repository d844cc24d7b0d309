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

	shown, err := encodeHeader(header, key.id)
	if err != nil {
		return "", fmt.Errorf("encoding the header of a token: %w", err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encoding the claims of a token: %w", err)
	}
	body := base64.RawURLEncoding.EncodeToString(payload)
	signed := base64.RawURLEncoding.EncodeToString(hashNonce(shown)) + "." + body
	sum := sha256.Sum256([]byte(signed))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key.private, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(shown) + "." + body + "." + base64.RawURLEncoding.EncodeToString(sig), nil
}

// encodeHeader writes the members in the order Entra does: typ, nonce, alg,
// x5t, kid, and then whatever else was asked for by name.
func encodeHeader(extra map[string]any, kid string) ([]byte, error) {
	all := map[string]any{"typ": "JWT", "alg": "RS256", "x5t": kid, "kid": kid}
	maps.Copy(all, extra)
	first := []string{"typ", "nonce", "alg", "x5t", "kid"}
	order := slices.Clone(first)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !slices.Contains(first, name) {
			order = append(order, name)
		}
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for _, name := range order {
		value, ok := all[name]
		if !ok || value == nil {
			continue
		}
		n, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		v, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.Write(n)
		b.WriteByte(':')
		b.Write(v)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
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
