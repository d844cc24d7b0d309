package sts

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/sandbox/world"
)

// makeAssertion signs what is given, in whatever base64 the caller's client
// would use.
func makeAssertion(t testing.TB, enc *base64.Encoding, alg string, header, claims map[string]any) string {
	t.Helper()
	h := map[string]any{"typ": "JWT", "alg": alg}
	maps.Copy(h, header)
	signed := enc.EncodeToString(must(json.Marshal(h))) + "." + enc.EncodeToString(must(json.Marshal(claims)))
	sum := sha256.Sum256([]byte(signed))
	var sig []byte
	var err error
	if alg == "PS256" {
		sig, err = rsa.SignPSS(rand.Reader, clientKey(), crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	} else {
		sig, err = rsa.SignPKCS1v15(rand.Reader, clientKey(), crypto.SHA256, sum[:])
	}
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + enc.EncodeToString(sig)
}

func (h *harness) clientCert(i int) *x509.Certificate {
	app, _ := h.world.App(certApp)
	return app.Keys[i].Cert
}

// ownClaims is a good assertion's payload, changed by pairs; nil removes.
func (h *harness) ownClaims(pairs ...any) map[string]any {
	c := map[string]any{
		"iss": certApp, "sub": certApp, "aud": h.srv.URL + "/" + customerTenant + v2Token, "jti": "one",
		"nbf": h.clock().Unix(), "exp": h.clock().Add(10 * time.Minute).Unix(),
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if c[pairs[i].(string)] = pairs[i+1]; pairs[i+1] == nil {
			delete(c, pairs[i].(string))
		}
	}
	return c
}

func (h *harness) x5t(i int) map[string]any {
	sum := sha1.Sum(h.clientCert(i).Raw)
	return map[string]any{"x5t": base64.RawURLEncoding.EncodeToString(sum[:])}
}

func (h *harness) byAssertion(raw string) answer {
	h.t.Helper()
	return h.post("/"+customerTenant+v2Token, appForm("client_id", certApp, "client_secret", "", "client_assertion", raw, "client_assertion_type", assertionType))
}

func TestCertificateVariants(t *testing.T) {
	h := newHarness(t)
	der := h.clientCert(0).Raw
	s1, s256 := sha1.Sum(der), sha256.Sum256(der)
	std, url, rawURL := base64.StdEncoding, base64.URLEncoding, base64.RawURLEncoding
	x5c := std.EncodeToString(der)
	for name, c := range map[string]struct {
		enc    *base64.Encoding
		alg    string
		header map[string]any
	}{
		"MSAL Go: PS256, x5t#S256 standard base64": {rawURL, "PS256", map[string]any{"x5t#S256": std.EncodeToString(s256[:])}},
		"MSAL Python: padded url-safe":             {rawURL, "PS256", map[string]any{"x5t#S256": url.EncodeToString(s256[:])}},
		"MSAL Python, older: RS256, x5t padded":    {rawURL, "RS256", map[string]any{"x5t": url.EncodeToString(s1[:])}},
		"MSAL Python: x5c array beside x5t":        {rawURL, "RS256", map[string]any{"x5t": url.EncodeToString(s1[:]), "x5c": []string{x5c}}},
		"MSAL Node: url-safe, no padding":          {rawURL, "PS256", map[string]any{"x5t#S256": rawURL.EncodeToString(s256[:])}},
		"MSAL.NET: x5c as a string":                {rawURL, "PS256", map[string]any{"x5t#S256": rawURL.EncodeToString(s256[:]), "x5c": x5c}},
		"MSAL Java: RS256 with x5t#S256":           {rawURL, "RS256", map[string]any{"x5t#S256": rawURL.EncodeToString(s256[:])}},
		"x5c alone, string":                        {rawURL, "RS256", map[string]any{"x5c": x5c}},
		"x5c alone, array":                         {rawURL, "RS256", map[string]any{"x5c": []string{x5c}}},
		"kid as hexadecimal thumbprint":            {rawURL, "RS256", map[string]any{"kid": strings.ToUpper(hex.EncodeToString(s1[:]))}},
		"kid as base64 thumbprint":                 {rawURL, "RS256", map[string]any{"kid": rawURL.EncodeToString(s1[:])}},
		"kid as key id":                            {rawURL, "RS256", map[string]any{"kid": world.DeriveGUID("key")}},
		"segments padded":                          {url, "RS256", map[string]any{"x5t": url.EncodeToString(s1[:])}},
		"segments in standard base64":              {std, "PS256", map[string]any{"x5t": std.EncodeToString(s1[:])}},
	} {
		t.Run(name, func(t *testing.T) {
			raw := makeAssertion(t, c.enc, c.alg, c.header, h.ownClaims())
			for range 2 { // a repeated jti is accepted
				if a := h.byAssertion(raw); a.status != 200 {
					t.Fatalf("status %d: %s", a.status, a.body)
				}
			}
			if c := claimsOf(t, h.byAssertion(raw).json(t)["access_token"].(string)); c["appidacr"] != "2" {
				t.Errorf("appidacr = %v, want 2", c["appidacr"])
			}
		})
	}
}

func TestAssertionAudiences(t *testing.T) {
	h := newHarness(t)
	for aud, want := range map[string]int{
		h.srv.URL + "/" + customerTenant + v1Token:                                             200,
		h.srv.URL + "/" + customerTenant + "/v2.0":                                             200,
		h.srv.URL + "/CUSTOMER.example" + v2Token:                                              200,
		"https://login.microsoftonline.com/" + customerTenant + v2Token:                        200,
		"https://login.windows.net/customer.onmicrosoft.example/oauth2/token":                  200,
		"https://sts.windows.net/" + customerTenant + "/":                                      200,
		"https://login.microsoftonline.com/" + customerTenant + "/":                            200,
		"https://login.microsoftonline.us/" + customerTenant + v2Token:                         401,
		"https://login.microsoftonline.com/" + plainTenant + v2Token:                           401,
		"https://login.microsoftonline.com/common" + v2Token:                                   401,
		"http://login.microsoftonline.com/" + customerTenant + v2Token:                         401,
		"https://evil.example/" + customerTenant + v2Token:                                     401,
		"https://login.microsoftonline.com/" + customerTenant + "/oauth2/v2.0/token/something": 401,
	} {
		if a := h.byAssertion(makeAssertion(t, base64.RawURLEncoding, "RS256", h.x5t(0), h.ownClaims("aud", aud))); a.status != want {
			t.Errorf("aud %s: status %d, want %d: %s", aud, a.status, want, a.body)
		}
	}
	raw := makeAssertion(t, base64.RawURLEncoding, "RS256", h.x5t(0), h.ownClaims("aud", []string{"x", h.srv.URL + "/" + customerTenant + v2Token}))
	if a := h.byAssertion(raw); a.status != 200 {
		t.Errorf("a list with the right audience: %s", a.body)
	}
}

func TestAssertionClock(t *testing.T) {
	h := newHarness(t)
	for name, c := range map[string]struct {
		nbf, exp any
		want     int
	}{
		"expired, inside the skew":  {h.now.Add(-time.Hour).Unix(), h.now.Add(-5 * time.Minute).Unix(), 200},
		"expired, outside the skew": {h.now.Add(-time.Hour).Unix(), h.now.Add(-5*time.Minute - time.Second).Unix(), 401},
		"ahead, inside the skew":    {h.now.Add(5 * time.Minute).Unix(), h.now.Add(time.Hour).Unix(), 200},
		"ahead, outside the skew":   {h.now.Add(5*time.Minute + time.Second).Unix(), h.now.Add(time.Hour).Unix(), 401},
		"numbers as text, MSAL.NET": {fmt.Sprint(h.now.Unix()), fmt.Sprint(h.now.Add(time.Hour).Unix()), 200},
		"expired, as text":          {fmt.Sprint(h.now.Add(-time.Hour).Unix()), fmt.Sprint(h.now.Add(-6 * time.Minute).Unix()), 401},
		"text that is no number":    {"now", h.now.Add(time.Hour).Unix(), 401},
		"no nbf":                    {nil, h.now.Add(time.Hour).Unix(), 200},
		"no exp":                    {h.now.Unix(), nil, 401},
	} {
		a := h.byAssertion(makeAssertion(t, base64.RawURLEncoding, "RS256", h.x5t(0), h.ownClaims("nbf", c.nbf, "exp", c.exp)))
		if a.status != c.want {
			t.Errorf("%s: status %d, want %d: %s", name, a.status, c.want, a.body)
		}
	}
	a := h.byAssertion(makeAssertion(t, base64.RawURLEncoding, "RS256", h.x5t(0), h.ownClaims("nbf", nil, "exp", h.now.Add(-time.Hour).Unix())))
	if want := "assertion valid from 1970-01-01T00:00:00.0000000Z, expiry time of assertion " + h.now.Add(-time.Hour).Format("2006-01-02T15:04:05.0000000Z"); !strings.Contains(a.body, want) {
		t.Errorf("body %s lacks %q", a.body, want)
	}
}

func FuzzParseAssertion(f *testing.F) {
	good := makeAssertion(f, base64.RawURLEncoding, "RS256", map[string]any{"x5t": "AAAA", "x5c": []string{"AAAA"}}, map[string]any{"iss": "a", "sub": "a", "aud": "x", "exp": 1})
	for _, s := range []string{good, strings.ReplaceAll(good, "_", "/"), "..", "e30.e30.", "e30=.e30=.AA==", "", fmt.Sprintf("%s.x", good)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		a, err := parseAssertion(raw)
		if (a == nil) == (err == nil) {
			t.Fatalf("parseAssertion = %v, %v", a, err)
		}
		if a != nil {
			a.thumbprint()
			if a.key(&world.App{Keys: []*world.Key{{}}}) != nil {
				t.Fatal("a key without certificate matched")
			}
		}
	})
}
