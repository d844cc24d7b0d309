package graphapi

import (
	"crypto/sha1" //nolint:gosec // a certificate's thumbprint is SHA-1 by definition
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/world"
)

func keyFields() fields {
	return fields{
		"keyId": {kind: aGUID}, "type": {}, "usage": {}, "key": {kind: aBinary}, "displayName": {},
		"startDateTime": {kind: aTime}, "endDateTime": {kind: aTime},
		// Edm.Binary in the metadata, yet the documentation's own sample sends
		// hex digits; whatever is sent, the certificate's thumbprint is told.
		"customKeyIdentifier": {},
	}
}

type keyBody struct {
	KeyID, Type, Usage, Key, DisplayName string
	StartDateTime, EndDateTime           *string
}

// keys tells the certificates; the DER itself only when withKey.
func keys(a *world.App, withKey bool) []object {
	out := []object{}
	for _, k := range a.Keys {
		out = append(out, keyObject(k, withKey))
	}
	return out
}

func keyObject(k *world.Key, withKey bool) object {
	o := object{
		"keyId": k.KeyID, "type": "AsymmetricX509Cert", "usage": k.Usage, "displayName": orNull(k.Name), "key": nil,
		"startDateTime": stamp(k.Start), "endDateTime": stamp(k.End), "customKeyIdentifier": nil,
	}
	if k.Cert != nil {
		sum := sha1.Sum(k.Cert.Raw) //nolint:gosec // see the import
		o["customKeyIdentifier"] = strings.ToUpper(hex.EncodeToString(sum[:]))
		if withKey {
			o["key"] = base64.StdEncoding.EncodeToString(k.Cert.Raw)
		}
	}
	return o
}

// newKey reads a keyCredential that brings a certificate.
func (c *call) newKey(b keyBody) (*world.Key, *graphwire.Error) {
	if b.Type != "AsymmetricX509Cert" || b.Usage != "Verify" {
		return nil, graphwire.BadRequest("Invalid value specified for property 'keyCredentials' of resource 'Application'. The type must be AsymmetricX509Cert and the usage Verify.")
	}
	der, err := base64.StdEncoding.DecodeString(b.Key)
	if err != nil || len(der) == 0 {
		return nil, graphwire.BadRequest("Key credential's key must be the base64 of a certificate in DER form.")
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, graphwire.BadRequest("Key value is invalid certificate.")
	}
	k := &world.Key{KeyID: b.KeyID, Name: b.DisplayName, Cert: cert, Usage: b.Usage}
	if k.KeyID == "" {
		k.KeyID = world.NewGUID()
	}
	if k.Name == "" {
		k.Name = cert.Subject.String()
	}
	k.Start, k.End = when(b.StartDateTime, cert.NotBefore.UTC()), when(b.EndDateTime, cert.NotAfter.UTC())
	if k.End.After(cert.NotAfter) || k.Start.Before(cert.NotBefore.Truncate(time.Second)) || !k.End.After(k.Start) {
		return nil, graphwire.BadRequest("Key credential end date is invalid: it must lie within the validity of the certificate.")
	}
	return k, nil
}

// replaceKeys applies keyCredentials of a PATCH: the list given is the list
// there is afterwards. An entry with the id of an existing key and no key of
// its own keeps that one.
func (c *call) replaceKeys(a *world.App, given []keyBody) *graphwire.Error {
	var list []*world.Key
	for _, b := range given {
		i := slices.IndexFunc(a.Keys, func(k *world.Key) bool { return b.KeyID != "" && strings.EqualFold(k.KeyID, b.KeyID) })
		if i >= 0 && b.Key == "" {
			list = append(list, a.Keys[i])
			continue
		}
		k, failure := c.newKey(b)
		if failure != nil {
			return failure
		}
		if slices.ContainsFunc(list, func(other *world.Key) bool { return strings.EqualFold(other.KeyID, k.KeyID) }) {
			return graphwire.BadRequest("The key identifier '%s' is used more than once.", k.KeyID)
		}
		list = append(list, k)
	}
	a.Keys = list
	return nil
}

// addKey adds a certificate for whoever proves to hold the key of one that is
// there already ("application: addKey").
func (c *call) addKey() (result, *graphwire.Error) {
	a, failure := c.rollable()
	if failure != nil {
		return result{}, failure
	}
	var b struct {
		KeyCredential      *keyBody
		PasswordCredential any
		Proof              string
	}
	schema := fields{"keyCredential": {kind: anObject, fields: keyFields()}, "passwordCredential": {kind: anObject, fields: passwordFields()}, "proof": {}}
	if _, failure := c.body("Application", schema, false, &b); failure != nil {
		return result{}, failure
	}
	if b.KeyCredential == nil {
		return result{}, graphwire.BadRequest("A value is required for parameter 'keyCredential'.")
	}
	k, failure := c.newKey(*b.KeyCredential)
	if failure != nil {
		return result{}, failure
	}
	_, failure = c.change(a, "app.key.added", func(a *world.App) *graphwire.Error {
		if failure := checkProof(a, b.Proof, c.Now); failure != nil {
			return failure
		}
		a.Keys = append(a.Keys, k)
		return nil
	})
	if failure != nil {
		return result{}, failure
	}
	out := keyObject(k, false)
	out["@odata.context"] = c.context("microsoft.graph.keyCredential")
	return result{http.StatusOK, out}, nil
}

func (c *call) removeKey() (result, *graphwire.Error) {
	a, failure := c.rollable()
	if failure != nil {
		return result{}, failure
	}
	var b struct{ KeyID, Proof string }
	if _, failure := c.body("Application", fields{"keyId": {kind: aGUID}, "proof": {}}, false, &b); failure != nil {
		return result{}, failure
	}
	return c.change(a, "app.key.removed", func(a *world.App) *graphwire.Error {
		if failure := checkProof(a, b.Proof, c.Now); failure != nil {
			return failure
		}
		i := slices.IndexFunc(a.Keys, func(k *world.Key) bool { return strings.EqualFold(k.KeyID, b.KeyID) })
		if i < 0 {
			return &graphwire.Error{Status: http.StatusNotFound, Code: graphwire.CodeNotFound, Message: "No key credential found with keyId."}
		}
		a.Keys = slices.Delete(a.Keys, i, i+1)
		return nil
	})
}

func (c *call) rollable() (*world.App, *graphwire.Error) {
	a, failure := c.applicationAt(c.keys[0])
	if failure != nil {
		return nil, failure
	}
	return a, c.mayRollKeys(a)
}

// Claims of a proof of possession ("Generate proof of possession tokens for
// rolling keys", learn.microsoft.com/graph).
const (
	proofAudience = "00000002-0000-0000-c000-000000000000"
	proofLifetime = 10 * time.Minute
	proofSkew     = 5 * time.Minute // ours, as for every other assertion
)

// checkProof verifies that the proof was signed by a certificate of the
// application that is valid now.
func checkProof(a *world.App, proof string, now time.Time) *graphwire.Error {
	denied := func(why string) *graphwire.Error {
		return &graphwire.Error{Status: http.StatusForbidden, Code: graphwire.CodeDenied, Message: "Proof of possession token is invalid: " + why + "."}
	}
	tok, err := jwt.ParseSigned(proof, []jose.SignatureAlgorithm{jose.RS256, jose.PS256})
	if err != nil {
		return denied("it is not a JSON Web Token signed with RS256 or PS256")
	}
	for _, k := range a.Keys {
		if k.Cert == nil || now.Before(k.Start) || now.After(k.End) {
			continue
		}
		var claims jwt.Claims
		if tok.Claims(k.Cert.PublicKey, &claims) != nil {
			continue
		}
		switch {
		case !claims.Audience.Contains(proofAudience):
			return denied("the audience must be " + proofAudience)
		case !strings.EqualFold(claims.Issuer, a.ObjectID):
			return denied("the issuer must be the application's object id")
		case claims.NotBefore == nil || claims.Expiry == nil || claims.Expiry.Time().Sub(claims.NotBefore.Time()) > proofLifetime:
			return denied("it must carry nbf and exp, at most ten minutes apart")
		case now.Add(proofSkew).Before(claims.NotBefore.Time()) || now.After(claims.Expiry.Time().Add(proofSkew)):
			return denied("it is not valid at this time")
		}
		return nil
	}
	return denied("no valid certificate of the application has signed it")
}
