package sts

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/tenantry/tenantry/sandbox/journal"
)

// Both benchmarks report cpu-ns/op: processor time of this process, whichever
// goroutine spent it. %bare says how much of a token's cost is the signature
// itself, by bare signatures made right before and after:
//
//	go test -run '^$' -bench 'BareSign|TokenEndpoint' -benchtime 5s -count 3 ./sandbox/sts

// BenchmarkBareSign is what cannot be saved: one RSA-2048 signature.
func BenchmarkBareSign(b *testing.B) {
	key := clientKey()
	sum := sha256.Sum256([]byte("a token"))
	from := processorTime(b)
	for b.Loop() {
		if _, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(processorTime(b)-from)/float64(b.N), "cpu-ns/op")
}

// bareCost is the processor time of one bare signature, now.
func bareCost(b *testing.B) float64 {
	const n = 300
	key := clientKey()
	sum := sha256.Sum256([]byte("a token"))
	from := processorTime(b)
	for range n {
		if _, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:]); err != nil {
			b.Fatal(err)
		}
	}
	return float64(processorTime(b)-from) / n
}

// BenchmarkTokenEndpoint asks the token endpoint for tokens over one TLS
// connection that is kept open, with the journal written to a file. The
// client is a loop over prepared bytes, so what is measured is the server and
// both ends of the connection.
func BenchmarkTokenEndpoint(b *testing.B) {
	for _, c := range []struct{ name, path, form string }{
		{"v2", "/" + customerTenant + v2Token, appForm().Encode()},
		{"v1", "/" + customerTenant + v1Token, values("grant_type", "client_credentials", "client_id", partnerApp, "client_secret", goodSecret, "resource", secURI).Encode()},
		{"graph", "/" + customerTenant + v2Token, appForm("scope", graphAPI+"/.default").Encode()},
	} {
		b.Run(c.name, func(b *testing.B) { benchmarkToken(b, c.path, c.form) })
	}
}

func benchmarkToken(b *testing.B, path, form string) {
	now := time.Now
	h := newHarness(b)
	h.sts.now = now
	h.consentAll(customerTenant, partnerApp)
	file, err := os.Create(filepath.Join(b.TempDir(), "journal.ndjson"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	j := journal.New(file, now)
	srv := httptest.NewTLSServer(j.Middleware(h.sts))
	defer srv.Close()
	conn, err := tls.Dial("tcp", srv.Listener.Addr().String(), srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	request := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: login.microsoftonline.com\r\nAccept: application/json\r\nUser-Agent: bench\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", path, len(form), form)
	reader := bufio.NewReader(conn)
	ids := map[string]bool{}
	bare := bareCost(b)
	from := processorTime(b)
	for b.Loop() {
		if _, err := conn.Write(request); err != nil {
			b.Fatal(err)
		}
		body := readAnswer(b, reader)
		i := bytes.Index(body, []byte(`"access_token":"`))
		if i < 0 {
			b.Fatalf("no token: %s", body)
		}
		// The signature tells that no token is served twice.
		token := body[i:]
		ids[string(token[len(token)-40:])] = true
	}
	cost := float64(processorTime(b)-from) / float64(b.N)
	bare = (bare + bareCost(b)) / 2
	b.ReportMetric(cost, "cpu-ns/op")
	b.ReportMetric(100*bare/cost, "%bare")
	if len(ids) != b.N {
		b.Errorf("%d different tokens of %d", len(ids), b.N)
	}
}

// readAnswer reads one answer of a declared length.
func readAnswer(b *testing.B, r *bufio.Reader) []byte {
	length := -1
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			b.Fatal(err)
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
			b.Fatalf("answer is %s", line)
		}
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			length = 0
			for _, d := range bytes.TrimSpace(v) {
				length = length*10 + int(d-'0')
			}
		}
		if len(bytes.TrimSpace(line)) == 0 {
			break
		}
	}
	if length < 0 {
		b.Fatal("the answer declares no length")
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil {
		b.Fatal(err)
	}
	return body
}

// processorTime is what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
