package main

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tenantry/tenantry/bench/internal/table"
)

const (
	signFor     = 1200 * time.Millisecond
	signCallers = 8
	mockServer  = "oauth2-mock-server"
	oidcServer  = "oidc-provider"
	bareSigning = "bare crypto/rsa"
	signingGoal = 0.85
)

// signing measures how many tokens the sandbox issues per second of its
// processor time, beside the signatures crypto/rsa makes in that time.
func (b *bench) signing() error {
	dir, err := os.MkdirTemp("", "tenantry-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	sandbox, err := b.startSandbox(dir)
	if err != nil {
		return err
	}
	defer sandbox.stop()
	issuers := []*issuer{sandbox}
	for _, name := range []string{mockServer, oidcServer} {
		p, err := b.startPeer(name)
		if err != nil {
			return err
		}
		defer p.stop()
		issuers = append(issuers, p)
	}
	perCPU := map[string]table.Series{}
	for _, i := range issuers {
		if _, err := i.run(signFor / 3); err != nil { // not counted: caches, just-in-time compilers
			return fmt.Errorf("%s: %w", i.name, err)
		}
	}
	for range b.repeats {
		per, err := bareSignatures(signFor)
		if err != nil {
			return err
		}
		perCPU[bareSigning] = append(perCPU[bareSigning], per)
		for _, i := range issuers {
			per, err := i.run(signFor)
			if err != nil {
				return fmt.Errorf("%s: %w", i.name, err)
			}
			perCPU[i.name] = append(perCPU[i.name], per)
		}
	}
	rate := func(x float64) string { return fmt.Sprintf("%.0f/s", x) }
	share := perCPU[ours].Over(perCPU[bareSigning])
	percent := func(x float64) string { return fmt.Sprintf("%.0f %%", 100*x) }
	var others []string
	for _, name := range []string{bareSigning, mockServer, oidcServer} {
		others = append(others, name+" "+rate(perCPU[name].Median()))
	}
	b.table.Add("sandbox signing, keep-alive, per CPU-second", "≥ 85 % of bare", fmt.Sprintf("%s, %s of bare", perCPU[ours].Show(rate), share.Show(percent)),
		others, share.Median() >= signingGoal)
	b.table.Note("Signing: client credentials with a secret, RS256 with 2048-bit keys, %d connections kept open; tokens divided by the user and system time of the issuing process (/proc/PID/stat). The sandbox speaks TLS and keeps its journal; the npm servers (%s, Node.js %s) speak plain HTTP and sign with OpenSSL, whose RSA is several times as fast as crypto/rsa. Every token of the sandbox has a uti and a signature of its own (checked). Bare: rsa.SignPKCS1v15 on %d goroutines.", signCallers, b.peerVersions(), nodeVersion(), runtime.GOMAXPROCS(0))
	return nil
}

// issuer is a process that issues tokens.
type issuer struct {
	name   string
	cmd    *exec.Cmd
	log    *bytes.Buffer // its standard error, shown only when it fails; read after stop
	stdin  io.Closer
	hc     *http.Client
	form   url.Values
	urls   []string
	unique bool // every token must be a different one
}

func (i *issuer) stop() {
	if i.stdin != nil {
		_ = i.stdin.Close()
	} else {
		_ = i.cmd.Process.Signal(syscall.SIGINT)
	}
	_ = i.cmd.Wait()
}

// run asks for tokens for so long and returns tokens per second of the
// process's processor time.
func (i *issuer) run(d time.Duration) (float64, error) {
	seen := make([][]string, signCallers) // only where they must differ
	body := i.form.Encode()
	before, err := processorTime(i.cmd.Process.Pid)
	if err != nil {
		return 0, err
	}
	var issued atomic.Int64
	end := time.Now().Add(d)
	err = table.Each(signCallers, signCallers, func(caller int) error {
		for n := caller; time.Now().Before(end); n++ {
			token, err := i.ask(i.urls[n%len(i.urls)], body)
			if err != nil {
				return err
			}
			if i.unique {
				seen[caller] = append(seen[caller], token)
			}
			issued.Add(1)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	after, err := processorTime(i.cmd.Process.Pid)
	if err != nil {
		return 0, err
	}
	if i.unique {
		if err := allDiffer(slices.Concat(seen...)); err != nil {
			return 0, err
		}
	}
	return float64(issued.Load()) / (after - before).Seconds(), nil
}

// allDiffer checks that every token has a uti and a signature of its own.
func allDiffer(tokens []string) error {
	utis, signatures := map[string]bool{}, map[string]bool{}
	for _, token := range tokens {
		parts := strings.Split(token, ".")
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil {
			return err
		}
		var claims struct{ UTI string }
		if err := json.Unmarshal(payload, &claims); err != nil {
			return err
		}
		utis[claims.UTI], signatures[parts[2]] = true, true
	}
	if len(utis) != len(tokens) || len(signatures) != len(tokens) {
		return fmt.Errorf("%d tokens, but %d different uti and %d different signatures", len(tokens), len(utis), len(signatures))
	}
	return nil
}

func (i *issuer) ask(at, body string) (string, error) {
	resp, err := i.hc.Post(at, "application/x-www-form-urlencoded", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(data, &answer); err != nil || strings.Count(answer.AccessToken, ".") != 2 {
		return "", fmt.Errorf("%s, and no JWT in the answer: %.200s", resp.Status, data)
	}
	return answer.AccessToken, nil
}

// bareSignatures signs on every processor, as a busy server does, and returns
// signatures per second of processor time.
func bareSignatures(d time.Duration) (float64, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return 0, err
	}
	before, err := processorTime(os.Getpid())
	if err != nil {
		return 0, err
	}
	var made atomic.Int64
	end := time.Now().Add(d)
	workers := runtime.GOMAXPROCS(0)
	err = table.Each(workers, workers, func(w int) error {
		var message [16]byte
		for n := uint64(0); time.Now().Before(end); n++ {
			binary.LittleEndian.PutUint64(message[:], n)
			sum := sha256.Sum256(message[:])
			if _, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:]); err != nil {
				return err
			}
			made.Add(1)
		}
		return nil
	})
	after, timeErr := processorTime(os.Getpid())
	if err := errors.Join(err, timeErr); err != nil {
		return 0, err
	}
	return float64(made.Load()) / (after - before).Seconds(), nil
}

// processorTime is the user and system time of a process so far, in the
// system's ticks of 10 ms; Linux only.
func processorTime(pid int) (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The second field, the name, may hold spaces; it ends with the last ")".
	_, rest, _ := strings.Cut(string(data[strings.LastIndexByte(string(data), ')'):]), " ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	var user, system int64
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		return 0, err
	}
	return time.Duration(user+system) * 10 * time.Millisecond, nil
}

// newIssuer prepares a process that is not started yet.
func newIssuer(name, program string, args ...string) *issuer {
	i := &issuer{name: name, cmd: exec.Command(program, args...), log: &bytes.Buffer{}}
	i.cmd.Stderr = i.log
	return i
}

// failed stops the process and adds to err what it said.
func (i *issuer) failed(err error) error {
	i.stop()
	return fmt.Errorf("%s: %w\n%s", i.name, err, i.log)
}

// startPeer starts one of the npm servers, which prints its token endpoint.
func (b *bench) startPeer(name string) (*issuer, error) {
	const resource = "https://api.security.microsoft.com"
	i := newIssuer(name, "node", name+".mjs", clientID, clientSecret, resource)
	i.hc, i.cmd.Dir = keepAlive(nil), b.peers
	i.cmd.Env = append(os.Environ(), "NODE_ENV=production")
	stdin, err := i.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	i.stdin = stdin
	out, err := i.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := i.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, i.failed(err)
	}
	i.urls = []string{strings.TrimSpace(line)}
	i.form = url.Values{"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {clientSecret}, "aud": {resource}}
	return i, nil
}

// peerVersions reads the versions that are installed.
func (b *bench) peerVersions() string {
	var all []string
	for _, name := range []string{mockServer, oidcServer} {
		var p struct{ Version string }
		data, err := os.ReadFile(filepath.Join(b.peers, "node_modules", name, "package.json"))
		if err == nil && json.Unmarshal(data, &p) == nil {
			all = append(all, name+" "+p.Version)
		}
	}
	return strings.Join(all, ", ")
}

func nodeVersion() string {
	out, _ := exec.Command("node", "--version").Output()
	return strings.TrimSpace(string(out))
}

func keepAlive(pool *x509.CertPool) *http.Client {
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, MaxIdleConnsPerHost: signCallers}}
}
