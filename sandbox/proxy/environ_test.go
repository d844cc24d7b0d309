package proxy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"software.sslmate.com/src/go-pkcs12"
)

var sampleEnv = Environment{
	Origin: "https://localhost:8443", Proxy: "http://127.0.0.1:3128", Management: "http://127.0.0.1:9000",
	CAFile: "/s/ca.pem", Dir: "/s",
}

func lookup(env []string, name string) (values []string) {
	for _, kv := range env {
		if n, v, _ := strings.Cut(kv, "="); n == name {
			values = append(values, v)
		}
	}
	return values
}

func TestApply(t *testing.T) {
	base := []string{
		"PATH=/bin", "HTTPS_PROXY=http://corporate:80", "https_proxy=x", "ALL_PROXY=socks5://x", "all_proxy=y", "HTTPS_PROXY=twice",
		"NODE_OPTIONS=--max-old-space-size=100", "JAVA_TOOL_OPTIONS=-Xmx1g", "AZURE_CLIENT_ID=mine", "ODD",
	}
	before := append([]string(nil), base...)
	got := sampleEnv.Apply(base)
	if diff := cmp.Diff(before, base); diff != "" {
		t.Errorf("base was changed:\n%s", diff)
	}
	want := map[string][]string{
		"PATH": {"/bin"}, "AZURE_CLIENT_ID": {"mine"}, "ODD": {""},
		"HTTPS_PROXY": {sampleEnv.Proxy}, "https_proxy": {sampleEnv.Proxy}, "HTTP_PROXY": {sampleEnv.Proxy}, "http_proxy": {sampleEnv.Proxy},
		"ALL_PROXY": nil, "all_proxy": nil,
		"NO_PROXY": {"localhost,127.0.0.1,::1"}, "no_proxy": {"localhost,127.0.0.1,::1"},
		"SSL_CERT_FILE": {"/s/ca.pem"}, "CURL_CA_BUNDLE": {"/s/ca.pem"}, "REQUESTS_CA_BUNDLE": {"/s/ca.pem"}, "NODE_EXTRA_CA_CERTS": {"/s/ca.pem"},
		"NODE_USE_ENV_PROXY": {"1"}, "NODE_OPTIONS": {"--max-old-space-size=100 --require /s/node-preload.cjs"},
		"JAVA_TOOL_OPTIONS": {"-Xmx1g -Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=3128 -Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=3128 " +
			"-Dhttp.nonProxyHosts=localhost|127.*|[::1] -Djavax.net.ssl.trustStore=/s/truststore.p12 -Djavax.net.ssl.trustStoreType=PKCS12 -Djavax.net.ssl.trustStorePassword=changeit"},
		"AZURE_CONFIG_DIR": {"/s/azure"}, "TENANTRY_SANDBOX_ORIGIN": {sampleEnv.Origin}, "TENANTRY_SANDBOX_MANAGEMENT": {sampleEnv.Management},
	}
	for name, values := range want {
		if diff := cmp.Diff(values, lookup(got, name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff(got, sampleEnv.Apply(got)); diff != "" {
		t.Errorf("applied twice it differs:\n%s", diff)
	}
}

func TestPathsWithBlanksAreQuoted(t *testing.T) {
	e := sampleEnv
	e.Dir = `/my "dir"/s`
	env := e.Apply(nil)
	if got := lookup(env, "NODE_OPTIONS")[0]; got != `--require "/my \"dir\"/s/node-preload.cjs"` {
		t.Errorf("NODE_OPTIONS=%s", got)
	}
	e.Dir = "/my dir"
	if got := lookup(e.Apply(nil), "JAVA_TOOL_OPTIONS")[0]; !strings.Contains(got, `"-Djavax.net.ssl.trustStore=/my dir/truststore.p12"`) {
		t.Errorf("JAVA_TOOL_OPTIONS=%s", got)
	}
}

func TestClientFiles(t *testing.T) {
	dir := t.TempDir()
	a := openAuthority(t, "", nil)
	for range 2 { // the second start replaces them
		if err := WriteClientFiles(dir, a.PEM()); err != nil {
			t.Fatal(err)
		}
	}
	store, err := os.ReadFile(filepath.Join(dir, TrustStoreFile))
	if err != nil {
		t.Fatal(err)
	}
	certs, err := pkcs12.DecodeTrustStore(store, trustStorePassword)
	if err != nil || len(certs) != 1 || !certs[0].Equal(a.Certificate()) {
		t.Errorf("trust store holds %d certificates, %v", len(certs), err)
	}
	script, err := os.ReadFile(filepath.Join(dir, PreloadFile))
	if err != nil || !strings.Contains(string(script), `"login.microsoftonline.com"`) || strings.Contains(string(script), "/*HOSTS*/") {
		t.Errorf("preload script: %v\n%s", err, script)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*.new"))
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if info, err := os.Stat(filepath.Join(dir, azureDir)); err != nil || !info.IsDir() {
		t.Errorf("Azure CLI's directory: %v", err)
	}
}

func TestClientFilesNeedACertificateAndADirectory(t *testing.T) {
	if err := WriteClientFiles(t.TempDir(), []byte("none")); err == nil {
		t.Error("no certificate: no error")
	}
	if err := WriteClientFiles(filepath.Join(t.TempDir(), "none"), openAuthority(t, "", nil).PEM()); err == nil {
		t.Error("no directory: no error")
	}
}

// TestJavaReadsTheTrustStore asks Java's own tool where there is one.
func TestJavaReadsTheTrustStore(t *testing.T) {
	keytool, err := exec.LookPath("keytool")
	if err != nil {
		t.Skip("keytool is not installed on this machine: not judged by Java here; TestClientFiles reads the store in Go")
	}
	dir := t.TempDir()
	a := openAuthority(t, "", nil)
	if err := WriteClientFiles(dir, a.PEM()); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(keytool, "-list", "-v", "-keystore", filepath.Join(dir, TrustStoreFile), "-storepass", trustStorePassword).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "trustedCertEntry") {
		t.Errorf("keytool: %v\n%s", err, out)
	}
}
