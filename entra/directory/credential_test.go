package directory

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func certificate(t testing.TB, notBefore, notAfter time.Time) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "partner"}, NotBefore: notBefore, NotAfter: notAfter}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// oldKey has a member that this package does not know, which must survive.
const oldKey = `{"keyId":"01d00000-1111-4222-8333-944445555666","type":"AsymmetricX509Cert","usage":"Verify","displayName":"old","key":"T0xE","customKeyIdentifier":"AAAA","startDateTime":"2025-01-01T00:00:00Z","endDateTime":"2027-01-01T00:00:00.1234567Z","hasExtendedValue":false}`

func keysJSON(entries ...string) answer {
	return ok(`{"id":"` + objectID + `","keyCredentials":[` + strings.Join(entries, ",") + `]}`)
}

func newKey(cert *x509.Certificate) string {
	return fmt.Sprintf(`{"keyId":%q,"type":"AsymmetricX509Cert","usage":"Verify","displayName":"new","key":%q,"customKeyIdentifier":"BBBB"}`, keyID, base64.StdEncoding.EncodeToString(cert.Raw))
}

func TestAddKeyCredential(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cert := certificate(t, time.Now(), time.Now().Add(24*time.Hour))
		// The read after the write shows the old state once.
		c, s := scripted(t, keysJSON(oldKey), answer{status: 204}, keysJSON(oldKey), keysJSON(oldKey, newKey(cert)))
		start := time.Now()
		got, err := c.AddKeyCredential(t.Context(), objectID, "new", cert)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(KeyCredential{KeyID: keyID, DisplayName: "new", Thumbprint: "BBBB", Type: "AsymmetricX509Cert", Usage: "Verify"}, got); diff != "" {
			t.Error(diff)
		}
		want := seen{"PATCH", "/v1.0/applications/" + objectID, "", map[string]any{"keyCredentials": []any{
			map[string]any{
				"keyId": "01d00000-1111-4222-8333-944445555666", "type": "AsymmetricX509Cert", "usage": "Verify", "displayName": "old", "key": "T0xE", "customKeyIdentifier": "AAAA",
				"startDateTime": "2025-01-01T00:00:00Z", "endDateTime": "2027-01-01T00:00:00.1234567Z", "hasExtendedValue": false,
			},
			map[string]any{
				"type": "AsymmetricX509Cert", "usage": "Verify", "displayName": "new", "key": base64.StdEncoding.EncodeToString(cert.Raw),
				"startDateTime": cert.NotBefore.UTC().Format(time.RFC3339), "endDateTime": cert.NotAfter.UTC().Format(time.RFC3339),
			},
		}}}
		if diff := cmp.Diff(want, s.got[1]); diff != "" {
			t.Error(diff)
		}
		if s.got[0].Query != "%24select=id%2CkeyCredentials" {
			t.Errorf("query %q: without $select the certificates' bytes are left out", s.got[0].Query)
		}
		if took := time.Since(start); took != firstPause {
			t.Errorf("took %s", took)
		}
	})
}

func TestAddKeyCredentialIsThere(t *testing.T) {
	cert := certificate(t, time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour))
	sum := sha1.Sum(cert.Raw)
	for name, entry := range map[string]string{
		"by bytes":             newKey(cert),
		"by base64 thumbprint": fmt.Sprintf(`{"keyId":%q,"key":null,"customKeyIdentifier":%q}`, keyID, base64.StdEncoding.EncodeToString(sum[:])),
		"by hex thumbprint":    fmt.Sprintf(`{"keyId":%q,"key":null,"customKeyIdentifier":%q}`, keyID, strings.ToUpper(hex.EncodeToString(sum[:]))),
	} {
		c, _ := scripted(t, keysJSON(oldKey, entry))
		got, err := c.AddKeyCredential(t.Context(), objectID, "new", cert)
		if err != nil || got.KeyID != keyID {
			t.Errorf("%s: %+v, %v; nothing is written when the certificate is there", name, got, err)
		}
	}
}

func TestKeyCredentialsAreNotLostSilently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cert := certificate(t, time.Now(), time.Now().Add(24*time.Hour))
		gone := make([]answer, 0, 20)
		for range 19 {
			gone = append(gone, keysJSON(newKey(cert)))
		}
		c, _ := scripted(t, append([]answer{keysJSON(oldKey), {status: 204}}, gone...)...)
		_, err := c.AddKeyCredential(t.Context(), objectID, "new", cert)
		var lost *LostKeysError
		if !errors.As(err, &lost) || len(lost.KeyIDs) != 1 || !strings.HasPrefix(lost.KeyIDs[0], "01d0") || lost.Next() == "" {
			t.Errorf("error %v, want *LostKeysError with the old key", err)
		}
	})
	// Answers from which the present keys cannot be known: nothing is written.
	cert := certificate(t, time.Now(), time.Now().Add(24*time.Hour))
	for name, a := range map[string]answer{
		"no list":          ok(`{"id":"` + objectID + `"}`),
		"null":             ok(`{"id":"` + objectID + `","keyCredentials":null}`),
		"entry without id": keysJSON(`{"key":"AA"}`),
		"entry a string":   keysJSON(`"x"`),
	} {
		c, s := scripted(t, a)
		_, err := c.AddKeyCredential(t.Context(), objectID, "new", cert)
		var refused *Error
		if !errors.As(err, &refused) || len(s.got) != 1 {
			t.Errorf("%s: error %v after %d requests", name, err, len(s.got))
		}
	}
}

func TestAddKeyCredentialExpired(t *testing.T) {
	c, s := scripted(t)
	_, err := c.AddKeyCredential(t.Context(), objectID, "x", certificate(t, time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)))
	var input *InputError
	if !errors.As(err, &input) || !strings.Contains(err.Error(), "expired") || len(s.got) != 0 {
		t.Errorf("error %v", err)
	}
}

func TestRemoveKeyCredential(t *testing.T) {
	cert := certificate(t, time.Now(), time.Now().Add(24*time.Hour))
	c, s := scripted(t, keysJSON(oldKey, newKey(cert)), answer{status: 204}, keysJSON(oldKey))
	if err := c.RemoveKeyCredential(t.Context(), objectID, strings.ToUpper(keyID)); err != nil {
		t.Fatal(err)
	}
	kept, _ := s.got[1].Body.(map[string]any)["keyCredentials"].([]any)
	if len(kept) != 1 || kept[0].(map[string]any)["displayName"] != "old" {
		t.Errorf("written %+v", s.got[1].Body)
	}
	c, _ = scripted(t, keysJSON(oldKey), answer{status: 204}, keysJSON())
	if err := c.RemoveKeyCredential(t.Context(), objectID, "01d00000-1111-4222-8333-944445555666"); err != nil {
		t.Errorf("the last one: %v", err)
	}
	c, s = scripted(t, keysJSON(oldKey))
	var input *InputError
	if err := c.RemoveKeyCredential(t.Context(), objectID, keyID); !errors.As(err, &input) || len(s.got) != 1 {
		t.Errorf("one that is not there: error %v, %d requests", err, len(s.got))
	}
}
