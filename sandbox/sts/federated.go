package sts

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/tenantry/tenantry/sandbox/world"
)

// maxDocument bounds what is read from a foreign issuer.
const maxDocument = 1 << 20

// checkFederated authenticates a client by a foreign token. Issuer, subject
// and audience are compared with case, as Entra does ("Workload identity
// federation concepts").
func (x *exchange) checkFederated(app *world.App, a *assertion) error {
	fic, err := matchFederated(x.usableFederated(app), a)
	if err != nil {
		return err
	}
	raw := fic.JWKS
	if len(raw) == 0 {
		if raw, err = x.fetchKeys(x.r.Context(), fic.Issuer); err != nil {
			return refuse(federatedUnreachable)
		}
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(raw, &set); err != nil {
		return refuse(federatedUnreachable)
	}
	if !signedByOne(a.raw, set) {
		return refuse(federatedSignature, "issuer", a.issuer)
	}
	if a.user && entraIssuer(a.issuer) {
		return refuse(federatedUser)
	}
	return x.checkTime(a)
}

// usableFederated are an application's federated credentials but for those
// added a moment ago.
func (x *exchange) usableFederated(app *world.App) []*world.FederatedCredential {
	return slices.DeleteFunc(slices.Clone(app.FICs), func(f *world.FederatedCredential) bool {
		if x.world.FederatedUsable(f) {
			return false
		}
		x.pending("federated credential " + f.ID)
		return true
	})
}

func matchFederated(known []*world.FederatedCredential, a *assertion) (*world.FederatedCredential, error) {
	audience := strings.Join(a.audiences, ", ")
	if len(known) == 0 {
		return nil, refuse(federatedNone, "issuer", a.issuer, "subject", a.subject, "audience", audience)
	}
	issuers := slices.DeleteFunc(slices.Clone(known), func(f *world.FederatedCredential) bool { return f.Issuer != a.issuer })
	if len(issuers) == 0 {
		return nil, refuse(federatedIssuer, "issuer", a.issuer)
	}
	subjects := slices.DeleteFunc(slices.Clone(issuers), func(f *world.FederatedCredential) bool { return f.Subject != a.subject })
	if len(subjects) == 0 {
		if slices.ContainsFunc(issuers, func(f *world.FederatedCredential) bool { return strings.EqualFold(f.Subject, a.subject) }) {
			return nil, refuse(federatedCase, "subject", a.subject)
		}
		return nil, refuse(federatedSubject, "subject", a.subject)
	}
	for _, f := range subjects {
		// One audience: a token made for several is not accepted.
		if len(a.audiences) == 1 && slices.Contains(f.Audiences, a.audiences[0]) {
			return f, nil
		}
	}
	return nil, refuse(federatedAudience, "audience", audience)
}

// entraIssuer says whether a token is of Entra itself, of which only an
// application's own may be an assertion. In authority mode the sandbox's own
// name issues version 2 tokens, and is a foreign issuer like any other.
func entraIssuer(issuer string) bool {
	u, err := url.Parse(issuer)
	if err != nil {
		return false
	}
	_, known := instanceOfHost(u.Host)
	return known
}

// signedByOne verifies with the keys that kid names; a token without kid may
// be signed by any of the set.
func signedByOne(raw string, set jose.JSONWebKeySet) bool {
	sig, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return false
	}
	keys := set.Keys
	if kid := sig.Signatures[0].Header.KeyID; kid != "" {
		keys = set.Key(kid)
	}
	return slices.ContainsFunc(keys, func(k jose.JSONWebKey) bool {
		_, err := sig.Verify(k)
		return err == nil
	})
}

// fetchKeys finds an issuer's keys by OpenID Connect discovery.
func (x *exchange) fetchKeys(ctx context.Context, issuer string) ([]byte, error) {
	raw, err := x.fetch(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return nil, err
	}
	var doc struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("discovery document of %s: %w", issuer, err)
	}
	if doc.Issuer != issuer {
		return nil, fmt.Errorf("discovery document of %s names another issuer", issuer)
	}
	return x.fetch(ctx, doc.Keys)
}

func (x *exchange) fetch(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("address of a foreign issuer: %w", err)
	}
	if x.fetcher == nil || (u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname()))) {
		return nil, fmt.Errorf("issuer %s is not fetched: no client, or neither https nor loopback", u.Host)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	resp, err := x.fetcher.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("issuer %s answered %s", u.Host, resp.Status)
	}
	return io.ReadAll(io.LimitReader(resp.Body, maxDocument))
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
