package token

import (
	"encoding/base64"
	"encoding/json"
	"math/big"
)

// jwk has the members of Entra's key documents, which carry no "alg".
type jwk struct {
	KeyType string   `json:"kty"`
	Use     string   `json:"use"`
	KeyID   string   `json:"kid"`
	X5T     string   `json:"x5t"`
	N       string   `json:"n"`
	E       string   `json:"e"`
	X5C     []string `json:"x5c"`
	Issuer  string   `json:"issuer,omitempty"`
}

// JWKS returns the document of the published keys. issuer is the "issuer"
// member that the v2 document gives each key, possibly with "{tenantid}" in
// it; with "" the member is left out, as on the v1 endpoint.
func (k *Keys) JWKS(issuer string) []byte {
	k.mu.RLock()
	defer k.mu.RUnlock()
	doc := struct {
		Keys []jwk `json:"keys"`
	}{}
	for _, key := range k.list {
		public := key.private.PublicKey
		j := jwk{
			KeyType: "RSA",
			Use:     "sig",
			KeyID:   key.id,
			X5T:     key.id,
			N:       base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
			E:       base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
			X5C:     []string{base64.StdEncoding.EncodeToString(key.cert.Raw)},
			Issuer:  issuer,
		}
		doc.Keys = append(doc.Keys, j)
	}
	raw, _ := json.Marshal(doc) // strings only: cannot fail
	return raw
}
