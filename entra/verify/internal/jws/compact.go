// Package jws reads compact JSON Web Signatures (RFC 7515) and the JSON in
// them, strictly: one token has one spelling, and one text has one meaning.
//
// Every rule can be taken away by a [rule.Set]. That is for the tests of the
// package above, which show that each rule is what refuses a hostile token; a
// program cannot reach it.
package jws

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/tenantry/tenantry/entra/verify/internal/rule"
)

// Fault says which rule a text breaks, and how; the detail continues a
// sentence that begins with what the text is.
type Fault struct {
	Rule   rule.ID
	Detail string
}

func (f *Fault) Error() string { return f.Detail }

func fault(id rule.ID, format string, args ...any) *Fault {
	return &Fault{id, fmt.Sprintf(format, args...)}
}

// Compact is a token in its three parts, still encoded.
type Compact struct {
	Header, Payload, Signature string
	Input                      string // what is signed: header, dot, payload
}

// Split takes a compact JWS apart.
func Split(raw string, longest int, off rule.Set) (Compact, *Fault) {
	if len(raw) > longest && !off.Has(rule.FormLength) {
		return Compact{}, fault(rule.FormLength, "is %d bytes long, more than the %d that are looked at", len(raw), longest)
	}
	one := strings.IndexByte(raw, '.')
	two := -1
	if one >= 0 {
		two = strings.IndexByte(raw[one+1:], '.')
	}
	if two < 0 {
		return Compact{}, fault(rule.FormParts, "has %d parts separated by dots instead of three", strings.Count(raw, ".")+1)
	}
	two += one + 1
	sig := raw[two+1:]
	if more := strings.Count(sig, "."); more > 0 && !off.Has(rule.FormParts) {
		if more == 2 {
			return Compact{}, fault(rule.FormParts, "has five parts: an encrypted token (JWE), which only its audience can open")
		}
		return Compact{}, fault(rule.FormParts, "has %d parts separated by dots instead of three", more+3)
	} else if more > 0 {
		sig, _, _ = strings.Cut(sig, ".")
	}
	return Compact{Header: raw[:one], Payload: raw[one+1 : two], Signature: sig, Input: raw[:two]}, nil
}

// strict refuses stray bits at the end; it is read only.
var strict = base64.RawURLEncoding.Strict()

// Decode appends the bytes of one part to dst. in is scratch space for the
// encoded text and may be nil; it is returned grown.
func Decode(dst, in []byte, part string, off rule.Set) ([]byte, []byte, *Fault) {
	in = append(in[:0], part...)
	for i, c := range in {
		if alphabet[c] {
			continue
		}
		id := rule.FormAlphabet
		if c == '=' {
			id = rule.FormPadding
		}
		if !off.Has(id) {
			return dst, in, fault(id, "holds a character that is not base64url without padding")
		}
		in = lenient(in, i, id)
		break
	}
	encoding := strict
	if off.Has(rule.FormBits) {
		encoding = base64.RawURLEncoding
	}
	at := len(dst)
	size := encoding.DecodedLen(len(in))
	for cap(dst) < at+size {
		dst = append(dst[:cap(dst)], 0)
	}
	n, err := encoding.Decode(dst[at:at+size], in)
	if err != nil {
		if len(in)%4 != 1 && !off.Has(rule.FormBits) {
			return dst[:at], in, fault(rule.FormBits, "is not base64url: it was cut or changed")
		}
		if !off.Has(rule.FormEncoding) {
			return dst[:at], in, fault(rule.FormEncoding, "is not base64url: it was cut or changed")
		}
	}
	return dst[:at+n], in, nil
}

// lenient reads the rest as careless decoders do, for tests that take the
// rule id away.
func lenient(in []byte, from int, id rule.ID) []byte {
	out := in[:from]
	for _, c := range in[from:] {
		switch {
		case alphabet[c]:
			out = append(out, c)
		case id == rule.FormAlphabet && c == '+':
			out = append(out, '-')
		case id == rule.FormAlphabet && c == '/':
			out = append(out, '_')
		}
	}
	return out
}

var alphabet = func() (table [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
		table[c] = true
	}
	return table
}()

// VerifyRS256 verifies a signature by RSASSA-PKCS1-v1_5 with SHA-256 over the
// input. It is the only algorithm there is.
func VerifyRS256(public *rsa.PublicKey, input, signature []byte) bool {
	digest := sha256.Sum256(input)
	return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil
}
