package entra

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"software.sslmate.com/src/go-pkcs12"
)

// ParseCertificatePEM reads a certificate and its unencrypted RSA key from PEM
// text, in any order, with further certificates as the chain. Errors are
// [*CertificateError] values and hold nothing of the text.
func ParseCertificatePEM(text []byte, opts CertificateOptions) (Credential, error) {
	fail := func(p CertificateProblem, detail, remedy string) (Credential, error) {
		return nil, &CertificateError{Problem: p, Detail: detail, Remedy: remedy}
	}
	var certs []*x509.Certificate
	var key crypto.Signer
	rest := text
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			break
		}
		switch {
		case block.Type == "CERTIFICATE":
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return fail(CertificateUnreadable, fmt.Sprintf("PEM block %d is no X.509 certificate", len(certs)+1), "export the certificate again")
			}
			certs = append(certs, c)
		case block.Type == "ENCRYPTED PRIVATE KEY", strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
			return fail(CertificateEncrypted, "the PEM's private key is encrypted",
				"decrypt it (openssl pkey -in key.pem -out plain.pem) and protect the file, or use a PFX with a password")
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			if key != nil {
				return fail(CertificateIncomplete, "the PEM has more than one private key", "leave only the certificate's own key")
			}
			k, err := parseKey(block)
			if err != nil {
				return nil, err
			}
			key = k
		}
	}
	switch {
	case len(certs) == 0 && key == nil:
		if looksLikePFX(text) {
			return fail(CertificateUnreadable, "it is a PFX (PKCS #12) file, not PEM", "give it as PFX")
		}
		return fail(CertificateUnreadable, "there is no PEM block in it", "give PEM text: BEGIN CERTIFICATE and BEGIN PRIVATE KEY")
	case len(certs) == 0:
		return fail(CertificateIncomplete, "the PEM has a key and no certificate", "add the certificate to the same file")
	case key == nil:
		return fail(CertificateIncomplete, "the PEM has a certificate and no private key", "add the private key to the same file")
	}
	leaf, chain := pickLeaf(certs, key)
	if len(opts.Chain) == 0 {
		opts.Chain = chain
	}
	return asCredential(newCertificate(leaf, key, opts))
}

// ParseCertificatePFX reads a PFX (PKCS #12) file. The password may be empty.
// Errors are [*CertificateError] values.
func ParseCertificatePFX(pfx []byte, password Secret, opts CertificateOptions) (Credential, error) {
	fail := func(p CertificateProblem, detail, remedy string) (Credential, error) {
		return nil, &CertificateError{Problem: p, Detail: detail, Remedy: remedy}
	}
	if bytes.Contains(pfx, []byte("-----BEGIN ")) {
		return fail(CertificateUnreadable, "it is a PEM file, not PFX", "give it as PEM")
	}
	if !looksLikePFX(pfx) {
		return fail(CertificateUnreadable, "it is not a PFX (PKCS #12) file", "export the certificate with its private key as PFX; if it is base64 text, decode it first")
	}
	key, leaf, chain, err := pkcs12.DecodeChain(pfx, password.Reveal())
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return fail(CertificatePassword, "the PFX password is wrong", "give the password that the PFX was exported with")
	case err != nil:
		return fail(CertificateUnreadable, "the PFX cannot be read ("+clip(err.Error(), 160)+")", "export it again with the private key, its certificate and AES or 3DES encryption")
	}
	signer, ok := key.(*rsa.PrivateKey)
	if !ok {
		return fail(CertificateKeyType, fmt.Sprintf("the PFX's key is %T", key), "use a certificate with an RSA key; Microsoft Entra ID takes no other")
	}
	if len(opts.Chain) == 0 {
		opts.Chain = chain
	}
	return asCredential(newCertificate(leaf, signer, opts))
}

// asCredential keeps a failed *certificate from becoming a non-nil Credential.
func asCredential(c *certificate, err error) (Credential, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

func parseKey(block *pem.Block) (crypto.Signer, error) {
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	default:
		return nil, &CertificateError{
			Problem: CertificateKeyType, Detail: fmt.Sprintf("the key is of the type %q", clip(block.Type, 40)),
			Remedy: "use a certificate with an RSA key; Microsoft Entra ID takes no other",
		}
	}
	if err != nil {
		return nil, &CertificateError{Problem: CertificateUnreadable, Detail: "the PEM's private key cannot be read", Remedy: "export the key again as PKCS #8"}
	}
	k, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, &CertificateError{
			Problem: CertificateKeyType, Detail: fmt.Sprintf("the PEM's key is %T", key),
			Remedy: "use a certificate with an RSA key; Microsoft Entra ID takes no other",
		}
	}
	return k, nil
}

// pickLeaf finds the certificate of the key, wherever it stands; without one
// the first is taken, and newCertificate reports the mismatch.
func pickLeaf(certs []*x509.Certificate, key crypto.Signer) (leaf *x509.Certificate, chain []*x509.Certificate) {
	at := 0
	for i, c := range certs {
		if p, ok := c.PublicKey.(*rsa.PublicKey); ok && p.Equal(key.Public()) {
			at = i
			break
		}
	}
	for i, c := range certs {
		if i != at {
			chain = append(chain, c)
		}
	}
	return certs[at], chain
}

// looksLikePFX: a PKCS #12 file is a DER sequence whose first member is the
// integer 3.
func looksLikePFX(b []byte) bool {
	if len(b) < 8 || b[0] != 0x30 {
		return false
	}
	i := 2
	if b[1] >= 0x80 {
		i += int(b[1] & 0x7f)
	}
	return len(b) > i+2 && b[i] == 0x02 && b[i+1] == 0x01 && b[i+2] == 0x03
}
