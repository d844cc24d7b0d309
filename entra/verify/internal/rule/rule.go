// Package rule names every single rule that a token is held against, so that a
// refusal can say which one it was, and so that a test can take exactly one
// away and see that nothing else had stood in for it.
package rule

import "strings"

// ID is one rule. The zero ID is none.
type ID uint8

// The rules, in the order in which a token meets them.
const (
	None ID = iota

	FormLength         // longer than any token
	FormParts          // three parts
	FormEmptySignature // the third part holds something
	FormAlphabet       // base64url and nothing else
	FormPadding        // no padding characters
	FormBits           // no stray bits in the last character
	FormEncoding       // a length that base64url can have
	FormBOM            // no byte order mark
	FormUTF8           // valid UTF-8
	FormObject         // a JSON object
	FormSyntax         // JSON grammar
	FormControl        // no raw control characters in strings
	FormDuplicate      // no member twice, at any depth
	FormDepth          // nesting
	FormTrailing       // nothing behind the object

	HeaderJWK
	HeaderJKU
	HeaderX5U
	HeaderX5C
	HeaderCrit
	HeaderB64
	HeaderZip
	HeaderCty
	HeaderForeign // members of encryption
	HeaderMember  // members that must be strings are
	HeaderTyp

	Algorithm

	SignatureNonce // tokens for Microsoft Graph
	SignatureKid   // missing or overlong
	SignatureKey   // the source has no such key
	KeyType
	KeyUse
	KeyOps
	KeyAlg
	KeyMalformed
	KeySize
	KeyExponent
	KeyIssuerType
	KeyAmbiguous
	SignatureValue

	ClaimsType
	ClaimsActor
	ClaimsSub

	TenantForm
	TenantAllowed

	Version
	Issuer
	KeyIssuer
	Audience

	LifetimeMissing
	LifetimeOrder
	LifetimeCap
	LifetimeIssued
	LifetimeNotBefore
	LifetimeExpires

	KindID       // an id token where an access token is needed
	KindAccess   // an access token where an id token is needed
	KindUnclear  // fits nothing
	KindClient   // names no client application
	KindObject   // oid
	KindSubject  // sub is oid in an application's token
	KindRequired // application where a user is needed, and the reverse

	Application
	Nonce
	Revoked
	Roles
	Scopes

	count
)

// String gives the rule's name: the name of the check it belongs to, and
// after a point what the rule is about.
func (id ID) String() string {
	if id < count {
		return names()[id]
	}
	return ""
}

// Check gives the name of the check the rule belongs to.
func (id ID) Check() string {
	check, _, _ := strings.Cut(id.String(), ".")
	return check
}

// All lists every rule.
func All() []ID {
	list := make([]ID, 0, count-1)
	for id := None + 1; id < count; id++ {
		list = append(list, id)
	}
	return list
}

// Set is a set of rules; its zero value is empty.
type Set [2]uint64

// Of makes a set.
func Of(ids ...ID) Set {
	var s Set
	for _, id := range ids {
		s[id/64] |= 1 << (id % 64)
	}
	return s
}

// Has reports whether the rule is in the set.
func (s Set) Has(id ID) bool { return s[id/64]&(1<<(id%64)) != 0 }

func names() *[count]string {
	return &[count]string{
		FormLength: "form.length", FormParts: "form.parts", FormEmptySignature: "form.empty-signature",
		FormAlphabet: "form.alphabet", FormPadding: "form.padding", FormBits: "form.stray-bits", FormEncoding: "form.encoding",
		FormBOM: "form.byte-order-mark", FormUTF8: "form.utf8", FormObject: "form.object", FormSyntax: "form.json",
		FormControl: "form.control-character", FormDuplicate: "form.duplicate", FormDepth: "form.depth", FormTrailing: "form.trailing",
		HeaderJWK: "header.jwk", HeaderJKU: "header.jku", HeaderX5U: "header.x5u", HeaderX5C: "header.x5c",
		HeaderCrit: "header.crit", HeaderB64: "header.b64", HeaderZip: "header.zip", HeaderCty: "header.cty",
		HeaderForeign: "header.encryption", HeaderMember: "header.member-type", HeaderTyp: "header.typ",
		Algorithm:      "algorithm",
		SignatureNonce: "signature.graph-nonce", SignatureKid: "signature.kid", SignatureKey: "signature.unknown-key",
		KeyType: "signature.key-type", KeyUse: "signature.key-use", KeyOps: "signature.key-ops", KeyAlg: "signature.key-alg",
		KeyMalformed: "signature.key-malformed", KeySize: "signature.key-size", KeyExponent: "signature.key-exponent",
		KeyIssuerType: "signature.key-issuer-type", KeyAmbiguous: "signature.key-ambiguous", SignatureValue: "signature.value",
		ClaimsType: "claims.type", ClaimsActor: "claims.actor", ClaimsSub: "claims.sub",
		TenantForm: "tenant.form", TenantAllowed: "tenant.allowed",
		Version: "version", Issuer: "issuer", KeyIssuer: "key issuer", Audience: "audience",
		LifetimeMissing: "lifetime.missing", LifetimeOrder: "lifetime.order", LifetimeCap: "lifetime.cap",
		LifetimeIssued: "lifetime.iat", LifetimeNotBefore: "lifetime.nbf", LifetimeExpires: "lifetime.exp",
		KindID: "kind.id-token", KindAccess: "kind.access-token", KindUnclear: "kind.unclear", KindClient: "kind.client",
		KindObject: "kind.oid", KindSubject: "kind.sub", KindRequired: "kind.required",
		Application: "application", Nonce: "nonce", Revoked: "revoked", Roles: "roles", Scopes: "scopes",
	}
}
