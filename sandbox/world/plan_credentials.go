package world

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
)

func (p *planner) secret(all []SecretSpec, i int, at string) {
	s := &all[i]
	if s.Value == "" {
		p.problem(at+".value", "the secret has no value", "write what a client sends as client_secret")
	}
	if !s.Start.IsZero() && !s.End.IsZero() && s.Start.relative == s.End.relative {
		zero := Relative(0).at
		if !s.Start.At(zero).Before(s.End.At(zero)) {
			p.problem(at+".end", fmt.Sprintf("the secret ends at %s, not after its start at %s", s.End, s.Start), "let it end after its start")
		}
	}
	for _, other := range all[:i] {
		if s.Value != "" && other.Value == s.Value {
			p.problem(at+".value", "another secret of the application has the same value", "give every secret its own value")
			return
		}
	}
}

func (p *planner) certificate(a *App, s *CertificateSpec, at string) {
	data, field := []byte(s.PEM), at+".pem"
	switch {
	case s.File != "" && s.PEM != "":
		p.problem(at+".pem", "both a file and an inline PEM are given", "keep one of them")
		return
	case s.File != "":
		field = at + ".file"
		var err error
		if data, err = p.f.readFile(s.File); err != nil {
			p.problem(field, "the certificate cannot be read: "+readFailure(err), "give the path of a PEM file, relative to the world file")
			return
		}
	case s.PEM == "":
		p.problem(at, "the certificate is neither in a file nor inline", "give file or pem")
		return
	}
	cert, err := firstCertificate(data)
	if err != nil {
		p.problem(field, err.Error(), "give a PEM block BEGIN CERTIFICATE with an X.509 certificate")
		return
	}
	a.Keys = append(a.Keys, &Key{
		KeyID: DeriveGUID("key", a.AppID, string(cert.Raw)), Name: s.Name, Cert: cert, Usage: "Verify",
		Start: cert.NotBefore.UTC(), End: cert.NotAfter.UTC(),
	})
}

func firstCertificate(data []byte) (*x509.Certificate, error) {
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return nil, errors.New("there is no certificate in the PEM text")
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("the certificate is unreadable: %w", err)
		}
		return cert, nil
	}
}

func (p *planner) federated(a *App, s *FederatedSpec, at string) {
	fic := &FederatedCredential{ID: DeriveGUID("fic", a.AppID, s.Name), Name: s.Name, Issuer: s.Issuer, Subject: s.Subject, Audiences: slices.Clone(s.Audiences), Description: s.Description}
	if s.Name == "" {
		p.problem(at+".name", "the federated credential has no name", "give it one; it is unique in its application")
	} else if slices.ContainsFunc(a.FICs, func(o *FederatedCredential) bool { return o.Name == s.Name }) {
		p.problem(at+".name", fmt.Sprintf("the federated credential %q is declared twice", s.Name), "give every one its own name")
	}
	if u, err := url.Parse(s.Issuer); err != nil || u.Scheme != "https" || u.Host == "" {
		p.problem(at+".issuer", strconv.Quote(s.Issuer)+" is not an issuer", "write its https URL, exactly as the iss claim has it")
	}
	if s.Subject == "" {
		p.problem(at+".subject", "the federated credential has no subject", "write the sub claim of the assertions it trusts")
	}
	if len(fic.Audiences) == 0 {
		fic.Audiences = []string{"api://AzureADTokenExchange"}
	}
	if s.JWKSFile != "" {
		data, err := p.f.readFile(s.JWKSFile)
		if err != nil {
			p.problem(at+".jwksFile", "the key set cannot be read: "+readFailure(err), "give the path of a JSON file, relative to the world file")
		} else if err := checkJWKS(data); err != nil {
			p.problem(at+".jwksFile", s.JWKSFile+": "+err.Error(), `give a JSON Web Key Set: {"keys": [{"kty": "RSA", "kid": …, "n": …, "e": …}]}`)
		}
		fic.JWKS = data
	}
	a.FICs = append(a.FICs, fic)
}

// checkJWKS says whether data has the shape of a set of public keys; the token
// service reads them.
func checkJWKS(data []byte) error {
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	if len(set.Keys) == 0 {
		return errors.New("the key set has no key")
	}
	for i, k := range set.Keys {
		kty, _ := k["kty"].(string)
		switch {
		case !slices.Contains([]string{"RSA", "EC", "OKP"}, kty):
			return fmt.Errorf("key %d has no public key type (kty)", i)
		case k["d"] != nil:
			return fmt.Errorf("key %d is a private key", i)
		}
	}
	return nil
}
