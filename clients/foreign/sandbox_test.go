// Package foreign runs unmodified clients of other makers against the sandbox
// and lets the sandbox's journal judge what they really did.
package foreign

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Ids of the world that the clients work in.
const (
	app         = "aaaaaaaa-1111-4222-8333-444444444444"
	acme        = "a0000000-0000-4000-8000-000000000001" // consented
	bare        = "b0000000-0000-4000-8000-000000000002" // service principal, no roles
	stranger    = "c0000000-0000-4000-8000-000000000003" // never consented
	strangerOld = "d0000000-0000-4000-8000-000000000004" // never consented, older error text
	nowhere     = "e0000000-0000-4000-8000-000000000005" // no such tenant

	goodSecret    = "fak8Q~this-is-a-made-up-value-for-tests1"
	expiredSecret = "old8Q~this-is-a-made-up-value-for-tests2"
	wrongSecret   = "bad8Q~this-is-a-made-up-value-for-tests3"

	resource = "https://api.security.microsoft.com"
	apiURL   = "https://api.security.microsoft.com/api/incidents?$top=5"

	fedIssuer   = "https://issuer.example/partner"
	fedSubject  = "daemon"
	fedAudience = "api://AzureADTokenExchange"
)

// world is the file the sandbox is started with.
const world = `tenants:
  - {name: Partner, id: f0000000-0000-4000-8000-00000000000f, domains: [partner.onmicrosoft.com]}
  - name: Acme
    id: ` + acme + `
    domains: [acme.onmicrosoft.com]
    licences: [defender-xdr]
    incidents: {count: 12, seed: 7}
  - {name: Bare, id: ` + bare + `, domains: [bare.onmicrosoft.com], licences: [defender-xdr]}
  - {name: Stranger, id: ` + stranger + `, domains: [stranger.onmicrosoft.com], licences: [defender-xdr]}
  - {name: Old Stranger, id: ` + strangerOld + `, domains: [oldstranger.onmicrosoft.com], licences: [defender-xdr], olderErrors: true}
apps:
  - displayName: Foreign clients
    appId: ` + app + `
    homeTenant: partner.onmicrosoft.com
    audience: AzureADMultipleOrgs
    redirectUris: [https://portal.azure.com]
    secrets:
      - {name: good, value: "` + goodSecret + `", start: -24h, end: +4320h}
      - {name: expired, value: "` + expiredSecret + `", start: -48h, end: -24h}
    certificates:
      - {name: registered, file: registered.pem}
    federatedCredentials:
      - {name: issuer, issuer: "` + fedIssuer + `", subject: ` + fedSubject + `, audiences: ["` + fedAudience + `"], jwksFile: issuer.jwks.json}
    requiredRoles:
      - {resource: xdr, roles: [Incident.Read.All]}
consents:
  - {tenant: acme.onmicrosoft.com, app: Foreign clients, roles: all}
  - {tenant: bare.onmicrosoft.com, app: Foreign clients, roles: none}
`

// sandbox is a running `tenantry sandbox serve`.
type sandbox struct {
	home       string // where make clients installed what it runs
	dir        string
	management string
}

// start serves the world of the matrix in a process of its own and stops it
// with the test.
func start(t *testing.T) *sandbox { return startWorld(t, world) }

func startWorld(t *testing.T, world string) *sandbox {
	t.Helper()
	home := os.Getenv("TENANTRY_CLIENTS")
	if home == "" {
		t.Fatal("TENANTRY_CLIENTS is not set: this suite needs clients that `make clients` installs before it runs them")
	}
	s := &sandbox{home: home, dir: t.TempDir()}
	writeCertificate(t, filepath.Join(s.dir, "registered"))
	writeCertificate(t, filepath.Join(s.dir, "unregistered"))
	writeIssuer(t, s.dir)
	worldFile := filepath.Join(s.dir, "world.yaml")
	write(t, worldFile, []byte(world))

	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, filepath.Join(home, "bin", "tenantry"), "sandbox", "serve",
		"--world", worldFile, "--dir", filepath.Join(s.dir, "sandbox"),
		"--addr", "127.0.0.1:0", "--proxy-addr", "127.0.0.1:0", "--management-addr", "127.0.0.1:0")
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	t.Cleanup(func() {
		cancel()
		<-exited
		if t.Failed() {
			t.Logf("sandbox said:\n%s", log.String())
		}
	})

	// The sandbox writes its addresses when it is ready to answer.
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-exited:
			exited <- err
			t.Fatalf("sandbox serve ended: %v\n%s", err, log.String())
		case <-deadline:
			t.Fatalf("sandbox serve is not ready after 30 s\n%s", log.String())
		case <-tick.C:
		}
		data, err := os.ReadFile(filepath.Join(s.dir, "sandbox", "sandbox.json"))
		if err != nil {
			continue
		}
		var at struct{ Management string }
		if json.Unmarshal(data, &at) == nil && at.Management != "" {
			s.management = at.Management
			return s
		}
	}
}

// result is what every client program prints; see programs/report.
type result struct {
	Token     bool
	ErrorType string
	Error     string
	APIStatus int
}

// run runs a program through `tenantry sandbox exec` and returns what it
// printed and what the journal recorded meanwhile.
func (s *sandbox) run(t *testing.T, command []string, env map[string]string) (result, []event) {
	t.Helper()
	var r result
	return r, s.exec(t, command, env, &r)
}

// exec is run for programs that print something else.
func (s *sandbox) exec(t *testing.T, command []string, env map[string]string, printed any) []event {
	t.Helper()
	before := s.lastSeq(t)
	args := append([]string{"sandbox", "exec", "--dir", filepath.Join(s.dir, "sandbox"), "--"}, command...)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(s.home, "bin", "tenantry"), args...)
	cmd.Env = os.Environ()
	for k, v := range env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\nstdout: %s\nstderr: %s", strings.Join(command, " "), err, out, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), printed); err != nil {
		t.Fatalf("%s printed no result: %v\nstdout: %s\nstderr: %s", strings.Join(command, " "), err, out, stderr.String())
	}
	return s.events(t, before)
}

// event is a line of the journal, as far as the suite judges it.
type event struct {
	Seq       uint64
	Kind      string
	Service   string
	Operation string
	Host      string
	Path      string
	Status    int
	AADSTS    int `json:"aadsts"`
	Decision  string
	Roles     []string
	Required  []string
	UserAgent string
	Headers   map[string]string
	Form      map[string][]string
	TenantID  string `json:"tenantId"`
	Detail    map[string]any
}

func (s *sandbox) events(t *testing.T, since uint64) []event {
	t.Helper()
	resp, err := http.Get(fmt.Sprintf("%s/journal?since=%d", s.management, since))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var all []event
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("journal line %q: %v", lines.Text(), err)
		}
		all = append(all, e)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func (s *sandbox) lastSeq(t *testing.T) uint64 {
	t.Helper()
	all := s.events(t, 0)
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].Seq
}

// file is a file that the suite made for the programs.
func (s *sandbox) file(name string) string { return filepath.Join(s.dir, name) }

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// writeCertificate makes a key and a self-signed certificate: base.pem holds
// certificate and key, base.key.pem the key alone.
func writeCertificate(t *testing.T, base string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: filepath.Base(base)},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	write(t, base+".pem", append(keyPEM, certPEM...))
	write(t, base+".key.pem", keyPEM)
}

// certificateEnv names the files and thumbprints of a certificate for the
// programs; each client wants them in its own form.
func (s *sandbox) certificateEnv(t *testing.T, name string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(s.file(name + ".pem"))
	if err != nil {
		t.Fatal(err)
	}
	var der []byte
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			der = block.Bytes
		}
	}
	s1, s256 := sha1.Sum(der), sha256.Sum256(der)
	return map[string]string{
		"CERT_FILE":   s.file(name + ".pem"),
		"KEY_FILE":    s.file(name + ".key.pem"),
		"CERT_SHA1":   strings.ToUpper(hex.EncodeToString(s1[:])),
		"CERT_SHA256": hex.EncodeToString(s256[:]),
	}
}

// writeIssuer makes a foreign issuer: its key set, and an assertion of it.
func writeIssuer(t *testing.T, dir string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	jwk := jose.JSONWebKey{Key: key, KeyID: "issuer-1", Algorithm: "RS256", Use: "sig"}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{jwk.Public()}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "issuer.jwks.json"), set)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jwk}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	assertion, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer:    fedIssuer,
		Subject:   fedSubject,
		Audience:  jwt.Audience{fedAudience},
		IssuedAt:  jwt.NewNumericDate(now),
		NotBefore: jwt.NewNumericDate(now.Add(-time.Minute)),
		Expiry:    jwt.NewNumericDate(now.Add(time.Hour)),
	}).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "assertion.jwt"), []byte(assertion))
}
