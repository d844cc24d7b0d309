package proxy

import (
	"bytes"
	"crypto/x509"
	_ "embed" // preload.cjs
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"software.sslmate.com/src/go-pkcs12"
)

// Names of the files that foreign programs are pointed at, in the sandbox's
// directory.
const (
	PreloadFile    = "node-preload.cjs" // leads Node.js before version 24 to the sandbox
	TrustStoreFile = "truststore.p12"   // the authority for Java
	azureDir       = "azure"            // Azure CLI's profile, apart from the user's own
)

// trustStorePassword protects nothing: the store holds a public certificate.
const trustStorePassword = "changeit"

//go:embed preload.cjs
var preloadSource []byte

// WriteClientFiles writes into dir what foreign programs need besides the CA
// file: the preload script of Node.js, the trust store of Java, and an empty
// directory for Azure CLI. roots is the PEM that clients are to trust. Files
// of an earlier start are replaced.
func WriteClientFiles(dir string, roots []byte) error {
	var names []string
	for _, h := range Hosts() {
		names = append(names, h.Name)
	}
	list, err := json.Marshal(names)
	if err != nil {
		return fmt.Errorf("list the hosts for %s: %w", PreloadFile, err)
	}
	script := bytes.Replace(preloadSource, []byte("/*HOSTS*/[]"), list, 1)
	if err := ReplaceFile(filepath.Join(dir, PreloadFile), script, 0o644); err != nil {
		return err
	}
	certs, err := parseRoots(roots)
	if err != nil {
		return err
	}
	store, err := pkcs12.Modern2023.EncodeTrustStore(certs, trustStorePassword)
	if err != nil {
		return fmt.Errorf("make the trust store for Java: %w", err)
	}
	if err := ReplaceFile(filepath.Join(dir, TrustStoreFile), store, 0o644); err != nil {
		return err
	}
	return os.MkdirAll(filepath.Join(dir, azureDir), 0o700)
}

func parseRoots(roots []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for rest := roots; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		// Bundles of a system may hold certificates that Go does not read;
		// x509.CertPool passes over them too.
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			certs = append(certs, c)
		}
	}
	if len(certs) == 0 {
		return nil, errors.New("there is no certificate to trust")
	}
	return certs, nil
}

// ReplaceFile writes a file so that readers see the old or the new content,
// never a part.
func ReplaceFile(name string, data []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.new")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// Environment is where a program is to find the sandbox.
type Environment struct {
	Origin     string // https://localhost:PORT of the TLS listener
	Proxy      string // http://127.0.0.1:PORT
	Management string // http://127.0.0.1:PORT
	CAFile     string // absolute path of the PEM to trust
	Dir        string // absolute path of the directory that WriteClientFiles wrote to
}

// Apply returns base, in the form of os.Environ, with the variables set that
// lead unmodified programs to the sandbox: curl, Go, Python, Node.js, Azure
// CLI, Java, .NET on Linux, and Tenantry itself. base is not changed.
// On Windows and macOS Go and .NET trust the system's store alone and do not
// read SSL_CERT_FILE.
//
// NODE_OPTIONS and JAVA_TOOL_OPTIONS keep what base had. ALL_PROXY is removed,
// since some programs prefer it.
func (e Environment) Apply(base []string) []string {
	env := newEnviron(base)
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		// HTTP_PROXY too, so that plain http:// is refused by the proxy
		// instead of leaving the machine.
		env.set(name, e.Proxy)
	}
	env.unset("ALL_PROXY")
	env.unset("all_proxy")
	env.set("NO_PROXY", "localhost,127.0.0.1,::1")
	env.set("no_proxy", "localhost,127.0.0.1,::1")

	env.set("SSL_CERT_FILE", e.CAFile)       // Go, OpenSSL, Python's ssl and httpx, .NET on Linux
	env.set("CURL_CA_BUNDLE", e.CAFile)      // curl
	env.set("REQUESTS_CA_BUNDLE", e.CAFile)  // Python requests: MSAL Python, Azure CLI
	env.set("NODE_EXTRA_CA_CERTS", e.CAFile) // Node.js
	env.set("NODE_USE_ENV_PROXY", "1")       // Node.js from version 24
	env.join("NODE_OPTIONS", "--require "+quoteNode(filepath.Join(e.Dir, PreloadFile)))
	env.join("JAVA_TOOL_OPTIONS", e.javaOptions())

	env.set("AZURE_CONFIG_DIR", filepath.Join(e.Dir, azureDir))
	env.set("AZURE_CORE_COLLECT_TELEMETRY", "false") // its host is refused anyway

	env.set("TENANTRY_CA_FILE", e.CAFile)
	env.set("TENANTRY_SANDBOX_ORIGIN", e.Origin)
	env.set("TENANTRY_SANDBOX_PROXY", e.Proxy)
	env.set("TENANTRY_SANDBOX_MANAGEMENT", e.Management)
	return env.list
}

func (e Environment) javaOptions() string {
	var options []string
	add := func(name, value string) { options = append(options, quoteJava("-D"+name+"="+value)) }
	if u, err := url.Parse(e.Proxy); err == nil && u.Hostname() != "" {
		for _, scheme := range []string{"https", "http"} {
			add(scheme+".proxyHost", u.Hostname())
			add(scheme+".proxyPort", u.Port())
		}
		add("http.nonProxyHosts", "localhost|127.*|[::1]") // for https too
	}
	add("javax.net.ssl.trustStore", filepath.Join(e.Dir, TrustStoreFile))
	add("javax.net.ssl.trustStoreType", "PKCS12")
	add("javax.net.ssl.trustStorePassword", trustStorePassword)
	return strings.Join(options, " ")
}

// quoteNode writes one argument of NODE_OPTIONS.
func quoteNode(s string) string {
	if !strings.ContainsAny(s, " \"\\") {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// quoteJava writes one option of JAVA_TOOL_OPTIONS, which knows quotes of both
// kinds and no escapes.
func quoteJava(s string) string {
	switch {
	case !strings.ContainsAny(s, " \t\"'"):
		return s
	case !strings.Contains(s, `"`):
		return `"` + s + `"`
	default:
		return `'` + s + `'`
	}
}

// environ edits a list of NAME=value, keeping its order.
type environ struct{ list []string }

func newEnviron(base []string) *environ {
	return &environ{list: append(make([]string, 0, len(base)+24), base...)}
}

func (e *environ) set(name, value string) {
	e.unset(name)
	e.list = append(e.list, name+"="+value)
}

func (e *environ) unset(name string) {
	kept := e.list[:0]
	for _, kv := range e.list {
		if n, _, _ := strings.Cut(kv, "="); n != name {
			kept = append(kept, kv)
		}
	}
	e.list = kept
}

// join adds an option to a variable that holds several.
func (e *environ) join(name, option string) {
	old := ""
	for _, kv := range e.list { // the last one counts, as for exec
		if n, v, _ := strings.Cut(kv, "="); n == name {
			old = v
		}
	}
	switch {
	case old == "":
		old = option
	case !strings.Contains(old, option): // an exec inside an exec
		old += " " + option
	}
	e.set(name, old)
}
