package directory

import (
	"context"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/entra"
)

// PasswordCredential describes a client secret, without its value.
type PasswordCredential struct {
	KeyID       string // the "secret id", which is not the secret
	DisplayName string
	Hint        string // first three characters of the value
	Start, End  time.Time
}

// Password is a client secret with its value, which Graph tells once.
type Password struct {
	PasswordCredential
	Secret entra.Secret
}

// KeyCredential describes a certificate of an application.
type KeyCredential struct {
	KeyID       string
	DisplayName string
	Thumbprint  string // customKeyIdentifier: base64 of the SHA-1 of the certificate, or what its uploader chose
	Type        string // AsymmetricX509Cert
	Usage       string // Verify
	Start, End  time.Time
}

// AddPassword makes a client secret that ends at end; the zero time leaves it
// to Graph (two years). It takes up to a minute until Entra accepts it.
func (c *Client) AddPassword(ctx context.Context, objectID, displayName string, end time.Time) (Password, error) {
	if err := checkID("object id", objectID); err != nil {
		return Password{}, err
	}
	if !end.IsZero() && !end.After(c.now()) {
		return Password{}, &InputError{Field: "end", Value: end.UTC().Format(time.RFC3339), Problem: "is not in the future", Remedy: "Choose a later time."}
	}
	credential := map[string]any{"displayName": displayName}
	if !end.IsZero() {
		credential["endDateTime"] = end.UTC().Format(time.RFC3339)
	}
	var w wirePassword
	k := call{
		op: "add password", method: http.MethodPost, path: "/applications/" + objectID + "/addPassword",
		body: map[string]any{"passwordCredential": credential}, about: []string{objectID},
	}
	if err := c.do(ctx, k, &w); err != nil {
		return Password{}, err
	}
	if w.SecretText == "" || w.KeyID == "" {
		return Password{}, &Error{Op: k.op, Status: 200, Message: "the answer has no secretText and keyId"}
	}
	return Password{PasswordCredential: w.credential(), Secret: entra.NewSecret(w.SecretText)}, nil
}

// RemovePassword removes a client secret by its key id. Tokens already issued
// with it stay valid until they expire.
func (c *Client) RemovePassword(ctx context.Context, objectID, keyID string) error {
	if err := checkID("object id", objectID); err != nil {
		return err
	}
	if err := checkID("key id", keyID); err != nil {
		return err
	}
	return c.do(ctx, call{
		op: "remove password", method: http.MethodPost, path: "/applications/" + objectID + "/removePassword",
		body: map[string]any{"keyId": keyID}, about: []string{objectID},
	}, nil)
}

// LostKeysError says that certificates which the application had before a
// change are not there after it: somebody else wrote at the same time, since
// Graph replaces the list as a whole and offers no lock.
type LostKeysError struct {
	ObjectID string
	KeyIDs   []string // missing, sorted
}

func (e *LostKeysError) Error() string {
	return fmt.Sprintf("directory: application %s: after the change these key credentials are missing: %s", e.ObjectID, strings.Join(e.KeyIDs, ", "))
}

// Next says what to do about it.
func (e *LostKeysError) Next() string {
	return "Somebody changed the certificates at the same time: look at the application, and add what is missing again."
}

// AddKeyCredential adds a certificate to an application. Graph's addKey needs a
// proof signed by a certificate that is there already, so the list is written
// by PATCH, which replaces it: the present entries are read first and written
// back exactly as they were read, and afterwards the list is read again; an
// entry that is gone then gives a [*LostKeysError]. A certificate that is there
// already is not added twice.
func (c *Client) AddKeyCredential(ctx context.Context, objectID, displayName string, cert *x509.Certificate) (KeyCredential, error) {
	if err := checkID("object id", objectID); err != nil {
		return KeyCredential{}, err
	}
	if cert == nil || len(cert.Raw) == 0 {
		return KeyCredential{}, &InputError{Field: "certificate", Problem: "is missing", Remedy: "Pass a parsed certificate."}
	}
	if !cert.NotAfter.After(c.now()) {
		return KeyCredential{}, &InputError{Field: "certificate", Problem: "expired at " + cert.NotAfter.UTC().Format(time.RFC3339), Remedy: "Make a new one."}
	}
	before, err := c.readKeys(ctx, objectID)
	if err != nil {
		return KeyCredential{}, err
	}
	if have, ok := before.find(cert); ok {
		return have.credential(), nil
	}
	added, err := json.Marshal(map[string]any{
		"type":          "AsymmetricX509Cert",
		"usage":         "Verify",
		"key":           base64.StdEncoding.EncodeToString(cert.Raw),
		"displayName":   displayName,
		"startDateTime": cert.NotBefore.UTC().Format(time.RFC3339),
		"endDateTime":   cert.NotAfter.UTC().Format(time.RFC3339),
	})
	if err != nil {
		return KeyCredential{}, fmt.Errorf("directory: add certificate: encode: %w", err)
	}
	if err := c.writeKeys(ctx, objectID, append(slices.Clone(before.raw), added)); err != nil {
		return KeyCredential{}, err
	}
	after, err := c.settledKeys(ctx, objectID, func(k keyList) bool {
		_, there := k.find(cert)
		return there && len(before.missingIn(k)) == 0
	})
	if err != nil {
		return KeyCredential{}, err
	}
	if lost := before.missingIn(after); len(lost) > 0 {
		return KeyCredential{}, &LostKeysError{ObjectID: objectID, KeyIDs: lost}
	}
	have, ok := after.find(cert)
	if !ok {
		return KeyCredential{}, &Error{Op: "add certificate", Status: 200, Message: "Graph accepted the certificate and does not show it"}
	}
	return have.credential(), nil
}

// RemoveKeyCredential removes one certificate by its key id and keeps the
// others, in the manner of [Client.AddKeyCredential]. A certificate that is not
// there gives an [*InputError] and changes nothing.
func (c *Client) RemoveKeyCredential(ctx context.Context, objectID, keyID string) error {
	if err := checkID("object id", objectID); err != nil {
		return err
	}
	if err := checkID("key id", keyID); err != nil {
		return err
	}
	before, err := c.readKeys(ctx, objectID)
	if err != nil {
		return err
	}
	var keep keyList
	for i, k := range before.keys {
		if !strings.EqualFold(k.KeyID, keyID) {
			keep.keys, keep.raw = append(keep.keys, k), append(keep.raw, before.raw[i])
		}
	}
	if len(keep.keys) == len(before.keys) {
		return &InputError{Field: "key id", Value: keyID, Problem: "is none of the application's certificates", Remedy: "List them and choose one."}
	}
	if err := c.writeKeys(ctx, objectID, keep.raw); err != nil {
		return err
	}
	after, err := c.settledKeys(ctx, objectID, func(k keyList) bool { return !k.has(keyID) && len(keep.missingIn(k)) == 0 })
	if err != nil {
		return err
	}
	if lost := keep.missingIn(after); len(lost) > 0 {
		return &LostKeysError{ObjectID: objectID, KeyIDs: lost}
	}
	if after.has(keyID) {
		return &Error{Op: "remove certificate", Status: 200, Message: "Graph accepted the change and still shows the certificate"}
	}
	return nil
}

// keyList is the list as read: decoded, and as it was written.
type keyList struct {
	keys []wireKey
	raw  []json.RawMessage
}

func (l keyList) has(id string) bool {
	return slices.ContainsFunc(l.keys, func(k wireKey) bool { return strings.EqualFold(k.KeyID, id) })
}

// missingIn returns the ids of l that other lacks.
func (l keyList) missingIn(other keyList) []string {
	var ids []string
	for _, k := range l.keys {
		if !other.has(k.KeyID) {
			ids = append(ids, k.KeyID)
		}
	}
	slices.Sort(ids)
	return ids
}

// find looks for a certificate by its bytes or, where Graph does not tell
// them, by its SHA-1 thumbprint, which Graph writes as base64 or as hex.
func (l keyList) find(cert *x509.Certificate) (wireKey, bool) {
	content := base64.StdEncoding.EncodeToString(cert.Raw)
	sum := sha1.Sum(cert.Raw) // an identifier, not a protection
	thumbprints := []string{base64.StdEncoding.EncodeToString(sum[:]), strings.ToUpper(hex.EncodeToString(sum[:]))}
	for _, k := range l.keys {
		if k.Key != nil && *k.Key != "" {
			if *k.Key == content {
				return k, true
			}
			continue
		}
		if slices.Contains(thumbprints, k.Thumbprint) {
			return k, true
		}
	}
	return wireKey{}, false
}

func (c *Client) readKeys(ctx context.Context, objectID string) (keyList, error) {
	var doc struct {
		Keys []json.RawMessage `json:"keyCredentials"`
	}
	// Without $select Graph leaves out the certificate's bytes.
	k := call{
		op: "read certificates", method: http.MethodGet, path: "/applications/" + objectID,
		query: map[string][]string{"$select": {"id,keyCredentials"}}, about: []string{objectID},
	}
	if err := c.do(ctx, k, &doc); err != nil {
		return keyList{}, err
	}
	if doc.Keys == nil {
		// Writing a list now could drop certificates nobody saw.
		return keyList{}, &Error{Op: k.op, Status: 200, Message: "the answer has no keyCredentials"}
	}
	l := keyList{raw: doc.Keys}
	for _, raw := range doc.Keys {
		var w wireKey
		if err := json.Unmarshal(raw, &w); err != nil || w.KeyID == "" {
			return keyList{}, &Error{Op: k.op, Status: 200, Message: "an entry of keyCredentials is not what Graph documents"}
		}
		l.keys = append(l.keys, w)
	}
	return l, nil
}

func (c *Client) writeKeys(ctx context.Context, objectID string, entries []json.RawMessage) error {
	if entries == nil {
		entries = []json.RawMessage{}
	}
	return c.do(ctx, call{
		op: "write certificates", method: http.MethodPatch, path: "/applications/" + objectID,
		body: map[string]any{"keyCredentials": entries}, about: []string{objectID},
	}, nil)
}

// settledKeys reads the list until it is as wanted or patience ends, since a
// read after a write may show the state before it.
func (c *Client) settledKeys(ctx context.Context, objectID string, wanted func(keyList) bool) (keyList, error) {
	deadline, pause := c.now().Add(c.patience), firstPause
	for {
		l, err := c.readKeys(ctx, objectID)
		if err != nil || wanted(l) || c.now().Add(pause).After(deadline) {
			return l, err
		}
		if err := c.wait(ctx, pause); err != nil {
			return keyList{}, err
		}
		pause = min(2*pause, longestPause)
	}
}
