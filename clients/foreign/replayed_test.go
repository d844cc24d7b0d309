package foreign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/clients/programs/report"
)

// Clients that cannot be installed where this suite runs (there is no .NET for
// it) are replayed: their requests, written down from Microsoft's documentation
// and from the public source of the libraries, are sent by net/http. That
// proves that the sandbox understands requests of this shape. It proves nothing
// about how the client reads the answers; no client ran.

// field is a field of a form; forms are sent in the order written down.
type field struct{ name, value string }

// shape is how one client asks for a token.
type shape struct {
	name    string
	source  string // where the shape was written down from
	token   func(tenant string) string
	headers func() map[string]string
	form    func(r *replay) []field
	// discover is asked before the token, "" when the client asks nothing.
	discover func(tenant string) string
	// mark says whether the journal shows a request as this client's.
	mark   func(event) bool
	cannot map[string]string
}

// replay is one situation in the hands of a shape.
type replay struct {
	t      *testing.T
	s      *sandbox
	tenant string
	secret string
	cert   string // base name of the certificate; "" for the secret
	fed    bool
	scope  string
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

func v1Endpoint(tenant string) string { return "https://login.windows.net/" + tenant + "/oauth2/token" }

func v2Endpoint(tenant string) string {
	return "https://login.microsoftonline.com/" + tenant + "/oauth2/v2.0/token"
}

// powerShellForm is the body of the partner page's sample: an ordered table
// that Invoke-RestMethod encodes as a form.
func powerShellForm(r *replay) []field {
	return []field{{"resource", resource}, {"client_id", app}, {"client_secret", r.secret}, {"grant_type", "client_credentials"}}
}

func dotNetHeaders() map[string]string {
	return map[string]string{
		"x-client-SKU": "MSAL.NetCore", "x-client-Ver": "4.79.2.0", "x-client-OS": "Ubuntu 24.04.3 LTS",
		"client-request-id": newGUID(), "return-client-request-id": "true",
		"x-ms-lib-capability": "retry-after, h429", "x-client-current-telemetry": "5|1003,2,,,|0,1,1,,",
		"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded",
	}
}

// dotNetForm is what AcquireTokenForClient sends: client_info is "2" since
// client credentials have a meaning for it, and was "1" before.
func dotNetForm(clientInfo string, sign func(r *replay) string) func(r *replay) []field {
	return func(r *replay) []field {
		form := []field{{"client_id", app}}
		switch {
		case r.fed:
			assertion, err := os.ReadFile(r.s.file("assertion.jwt"))
			if err != nil {
				r.t.Fatal(err)
			}
			form = append(form, field{"client_assertion_type", assertionType}, field{"client_assertion", string(assertion)})
		case r.cert != "":
			form = append(form, field{"client_assertion_type", assertionType}, field{"client_assertion", sign(r)})
		default:
			form = append(form, field{"client_secret", r.secret})
		}
		return append(form, field{"scope", r.scope}, field{"grant_type", "client_credentials"}, field{"client_info", clientInfo})
	}
}

// dotNetDiscovery is asked once per host before the first token.
func dotNetDiscovery(tenant string) string {
	authorize := "https://login.microsoftonline.com/" + tenant + "/oauth2/v2.0/authorize"
	return "https://login.microsoftonline.com/common/discovery/instance?api-version=1.1&authorization_endpoint=" + url.QueryEscape(authorize)
}

func isDotNet(e event) bool {
	return e.UserAgent == "" && strings.EqualFold(e.header("x-client-sku"), "MSAL.NetCore")
}

// header finds a header that the journal keeps, in any case.
func (e event) header(name string) string {
	for k, v := range e.Headers {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

var replayedClients = []shape{
	{
		name:   "Windows PowerShell 5.1, Invoke-RestMethod of the partner page",
		source: "learn.microsoft.com api-partner-access (the request) and Invoke-RestMethod, -UserAgent and -ContentType (headers)",
		token:  v1Endpoint, form: powerShellForm,
		headers: func() map[string]string {
			return map[string]string{
				"User-Agent":   "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.26100.4768",
				"Content-Type": "application/x-www-form-urlencoded",
			}
		},
		mark:   func(e event) bool { return strings.Contains(e.UserAgent, "WindowsPowerShell/5.1") },
		cannot: powerShellCannot,
	},
	{
		name:   "PowerShell 7, Invoke-RestMethod of the partner page",
		source: "as above; PowerShell 7 calls itself PowerShell and names the system it runs on",
		token:  v1Endpoint, form: powerShellForm,
		headers: func() map[string]string {
			return map[string]string{
				"User-Agent":   "Mozilla/5.0 (Windows NT 10.0; Microsoft Windows 10.0.26100; en-US) PowerShell/7.5.3",
				"Content-Type": "application/x-www-form-urlencoded",
			}
		},
		mark:   func(e event) bool { return strings.Contains(e.UserAgent, " PowerShell/7") },
		cannot: powerShellCannot,
	},
	{
		name:   "MSAL.NET, PS256 with the chain",
		source: "github.com/AzureAD/microsoft-authentication-library-for-dotnet: JsonWebToken, TokenClient, OAuth2Client, ClientCredentialRequest",
		token:  v2Endpoint, headers: dotNetHeaders, discover: dotNetDiscovery,
		form: dotNetForm("2", func(r *replay) string { return r.sign("PS256", "x5t#S256", true, `"%d"`) }),
		mark: isDotNet,
	},
	{
		name:   "MSAL.NET, PS256 without the chain",
		source: "as above, WithSendX5C(false)",
		token:  v2Endpoint, headers: dotNetHeaders, discover: dotNetDiscovery,
		form: dotNetForm("2", func(r *replay) string { return r.sign("PS256", "x5t#S256", false, `"%d"`) }),
		mark: isDotNet,
	},
	{
		name:   "MSAL.NET, older: RS256 with x5t",
		source: "as above, versions before PS256 and for authorities that do not know it",
		token:  v2Endpoint, headers: dotNetHeaders, discover: dotNetDiscovery,
		form: dotNetForm("1", func(r *replay) string { return r.sign("RS256", "x5t", true, "%d") }),
		mark: isDotNet,
	},
}

var powerShellCannot = map[string]string{
	"1002012": usesV1, "700027": onlySecret, "certificate": onlySecret, "federated": onlySecret,
}

// TestReplayedClients puts each shape into each situation of the matrix, and
// lets the journal judge as for the clients that run.
func TestReplayedClients(t *testing.T) {
	s := start(t)
	hc := s.client(t)
	var table strings.Builder
	for _, c := range replayedClients {
		fmt.Fprintf(&table, "\n%-62s", c.name)
		t.Run(c.name, func(t *testing.T) {
			t.Logf("REPLAYED, NOT RUN: %s; shape from %s", c.name, c.source)
			for _, sit := range situations {
				if reason, ok := c.cannot[sit.name]; ok {
					fmt.Fprintf(&table, " %s:cannot", sit.name)
					t.Logf("%s: cannot be produced: %s", sit.name, reason)
					continue
				}
				ok := t.Run(sit.name, func(t *testing.T) { s.replay(t, hc, c, sit) })
				fmt.Fprintf(&table, " %s:%s", sit.name, map[bool]string{true: "replayed", false: "FAILED"}[ok])
			}
		})
	}
	t.Logf("replayed from written-down shapes, no client ran; every cell was judged by the journal:%s", table.String())
}

// client reaches the sandbox as its own file tells: through the proxy, with
// its authority and no other.
func (s *sandbox) client(t *testing.T) *http.Client {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, "sandbox", "sandbox.json"))
	if err != nil {
		t.Fatal(err)
	}
	var at struct{ Proxy, CAFile string }
	if err := json.Unmarshal(data, &at); err != nil {
		t.Fatal(err)
	}
	proxy, err := url.Parse(at.Proxy)
	if err != nil || proxy.Host == "" {
		t.Fatalf("proxy %q: %v", at.Proxy, err)
	}
	ca, err := os.ReadFile(at.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		t.Fatalf("no certificate in %s", at.CAFile)
	}
	transport := &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

// replay sends a shape's requests in a situation and judges by the journal.
func (s *sandbox) replay(t *testing.T, hc *http.Client, c shape, sit situation) {
	r := &replay{t: t, s: s, tenant: acme, secret: goodSecret, cert: sit.cert, fed: sit.fed, scope: resource + "/.default"}
	for name, into := range map[string]*string{"TENANT": &r.tenant, "CLIENT_SECRET": &r.secret, "SCOPE": &r.scope} {
		if v, ok := sit.env[name]; ok {
			*into = v
		}
	}
	before := s.lastSeq(t)
	if c.discover != nil {
		r.discovers(hc, c)
	}
	status, body := r.post(hc, c.token(r.tenant), c.headers(), c.form(r))
	var answer struct {
		AccessToken string          `json:"access_token"`
		TokenType   string          `json:"token_type"`
		ExpiresIn   json.RawMessage `json:"expires_in"`
		Error       string
		Description string `json:"error_description"`
		Codes       []int  `json:"error_codes"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("status %d, body %s: %v", status, body, err)
	}
	if sit.aadsts != 0 {
		if status < 400 || answer.AccessToken != "" || answer.Error == "" || !slices.Equal(answer.Codes, []int{sit.aadsts}) ||
			!strings.HasPrefix(answer.Description, fmt.Sprintf("AADSTS%d: ", sit.aadsts)) {
			t.Errorf("status %d, %s; want AADSTS%d", status, body, sit.aadsts)
		}
	} else if status != http.StatusOK || answer.TokenType != "Bearer" {
		t.Fatalf("no token: status %d, %s", status, body)
	}
	// Version 1 writes its numbers as strings.
	if quoted := bytes.HasPrefix(answer.ExpiresIn, []byte(`"`)); sit.aadsts == 0 && quoted != strings.HasPrefix(c.token(acme), "https://login.windows.net/") {
		t.Errorf("expires_in is %s", answer.ExpiresIn)
	}
	if sit.aadsts == 0 {
		token := answer.AccessToken
		if sit.env["SPOIL_TOKEN"] != "" {
			token = report.Spoil(token)
		}
		if got := r.incidents(hc, token, c.headers()["User-Agent"]); got != sit.api {
			t.Errorf("the API answered %d, want %d", got, sit.api)
		}
	}
	r.judge(s.events(t, before), c, sit)
}

func (r *replay) judge(journal []event, c shape, sit situation) {
	t := r.t
	i := slices.IndexFunc(journal, func(e event) bool { return e.Service == "sts" && e.Operation == "token" })
	if i < 0 {
		t.Fatalf("the journal has no token request:\n%s", show(journal))
	}
	asked := journal[i]
	if asked.AADSTS != sit.aadsts || "https://"+asked.Host+asked.Path != c.token(r.tenant) {
		t.Errorf("the journal has AADSTS%d at %s%s:\n%s", asked.AADSTS, asked.Host, asked.Path, show(journal))
	}
	if !c.mark(asked) {
		t.Errorf("the journal does not know the client: user agent %q, headers %v", asked.UserAgent, asked.Headers)
	}
	for _, e := range journal {
		if e.Kind == "refused" {
			t.Errorf("asked for %s, which the sandbox does not stand in for", e.Host)
		}
		for name, values := range e.Form {
			if slices.ContainsFunc(values, func(v string) bool { return v == r.secret || strings.HasPrefix(v, "eyJ") }) {
				t.Errorf("the journal shows %s", name)
			}
		}
	}
	if sit.aadsts != 0 {
		return
	}
	i = slices.IndexFunc(journal, func(e event) bool { return e.Service == "xdr" && e.Status == sit.api })
	if i < 0 {
		t.Fatalf("the journal has no call of the API with status %d:\n%s", sit.api, show(journal))
	}
	call := journal[i]
	required, carried := slices.Contains(call.Required, "Incident.Read.All"), slices.Contains(call.Roles, "Incident.Read.All")
	switch sit.api {
	case 200:
		if call.Decision != "allowed" || !required || !carried {
			t.Errorf("the API answered 200 without having checked the role: %+v", call)
		}
	case 403:
		if call.Decision == "allowed" || !required || len(call.Roles) != 0 {
			t.Errorf("the API's refusal does not rest on the missing role: %+v", call)
		}
	default:
		if call.Decision == "allowed" {
			t.Errorf("the API allowed %+v", call)
		}
	}
}

// discovers asks what MSAL.NET asks before its first token, and reads what it
// reads.
func (r *replay) discovers(hc *http.Client, c shape) {
	r.t.Helper()
	status, body := r.send(hc, http.MethodGet, c.discover(r.tenant), c.headers(), nil)
	var answer struct {
		Endpoint string `json:"tenant_discovery_endpoint"`
		Metadata []struct{ Aliases []string }
	}
	err := json.Unmarshal(body, &answer)
	if err != nil || status != http.StatusOK || answer.Endpoint == "" || len(answer.Metadata) == 0 || !slices.Contains(answer.Metadata[0].Aliases, "login.microsoftonline.com") {
		r.t.Fatalf("instance discovery: status %d, %v: %s", status, err, body)
	}
}

func (r *replay) post(hc *http.Client, to string, headers map[string]string, form []field) (int, []byte) {
	r.t.Helper()
	var parts []string
	for _, f := range form {
		parts = append(parts, url.QueryEscape(f.name)+"="+url.QueryEscape(f.value))
	}
	return r.send(hc, http.MethodPost, to, headers, []byte(strings.Join(parts, "&")))
}

func (r *replay) send(hc *http.Client, method, to string, headers map[string]string, body []byte) (int, []byte) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, to, bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("User-Agent", "") // nothing of Go's own, unless the shape has one
	for name, value := range headers {
		if body != nil || name != "Content-Type" {
			req.Header.Set(name, value)
		}
	}
	resp, err := hc.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, data
}

// incidents calls the API, as the page's last sample does.
func (r *replay) incidents(hc *http.Client, token, agent string) int {
	r.t.Helper()
	status, body := r.send(hc, http.MethodGet, apiURL, map[string]string{"Authorization": "Bearer " + token, "User-Agent": agent}, nil)
	var answer struct {
		Value []any
		Error struct{ Code string }
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		r.t.Fatalf("status %d, body %s: %v", status, body, err)
	}
	if (status == http.StatusOK) != (len(answer.Value) > 0) || (status >= 400) != (answer.Error.Code != "") {
		r.t.Errorf("status %d with %s", status, body)
	}
	return status
}

// sign makes an assertion as MSAL.NET does: base64url without padding, and the
// certificate, when it is sent, as text in place of a list. seconds is the form
// of nbf and exp: text in the present source, numbers in older versions.
func (r *replay) sign(alg, thumbprint string, chain bool, seconds string) string {
	r.t.Helper()
	cert, key := r.keyPair()
	b64 := base64.RawURLEncoding
	var sum string
	if thumbprint == "x5t" {
		s := sha1.Sum(cert)
		sum = b64.EncodeToString(s[:])
	} else {
		s := sha256.Sum256(cert)
		sum = b64.EncodeToString(s[:])
	}
	header := fmt.Sprintf(`{"alg":%q,"typ":"JWT",%q:%q`, alg, thumbprint, sum)
	if chain {
		header += fmt.Sprintf(`,"x5c":%q`, base64.StdEncoding.EncodeToString(cert))
	}
	now := time.Now().Unix()
	claims := fmt.Sprintf(`{"aud":%q,"iss":%q,"sub":%q,"nbf":%s,"exp":%s,"jti":%q}`,
		v2Endpoint(r.tenant), app, app, fmt.Sprintf(seconds, now), fmt.Sprintf(seconds, now+600), newGUID())
	signed := b64.EncodeToString([]byte(header+"}")) + "." + b64.EncodeToString([]byte(claims))
	digest := sha256.Sum256([]byte(signed))
	var signature []byte
	var err error
	if alg == "PS256" {
		signature, err = rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	} else {
		signature, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return signed + "." + b64.EncodeToString(signature)
}

// keyPair reads the certificate of the situation and its key.
func (r *replay) keyPair() (cert []byte, key *rsa.PrivateKey) {
	r.t.Helper()
	data, err := os.ReadFile(r.s.file(r.cert + ".pem"))
	if err != nil {
		r.t.Fatal(err)
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			cert = block.Bytes
			continue
		}
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			r.t.Fatal(err)
		}
		key = parsed.(*rsa.PrivateKey)
	}
	return cert, key
}

func newGUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
