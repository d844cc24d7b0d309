// Command scale measures how fast a sandbox is ready and what a large world
// costs: start-up with and without keys on disk, then 10,000 tenants of 50
// incidents served over TLS, with the process's peak memory.
//
// It prints target, figure, met or missed. It never fails because of a figure:
// machines are shared and noisy.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	app    = "aaaaaaaa-1111-4222-8333-444444444444"
	secret = "fak8Q~this-is-a-made-up-value-for-bench"
)

func main() {
	binary := flag.String("tenantry", ".build/bin/tenantry", "the command to measure")
	tenants := flag.Int("tenants", 10000, "tenants of the large world")
	incidents := flag.Int("incidents", 50, "incidents of each tenant")
	flag.Parse()
	if err := run(*binary, *tenants, *incidents); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

func run(binary string, tenants, incidents int) error {
	dir, err := os.MkdirTemp("", "tenantry-scale")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	row := func(what string, target, got time.Duration) {
		verdict := "met"
		if got > target {
			verdict = "MISSED"
		}
		fmt.Printf("%-58s target %6.1f s   figure %6.2f s   %s\n", what, target.Seconds(), got.Seconds(), verdict)
	}

	small := filepath.Join(dir, "small")
	first, err := serve(binary, small, "")
	if err != nil {
		return err
	}
	first.stop()
	row("default world ready, keys made", 3*time.Second, first.ready)
	second, err := serve(binary, small, "")
	if err != nil {
		return err
	}
	second.stop()
	row("default world ready, keys on disk", time.Second, second.ready)

	world := filepath.Join(dir, "world.yaml")
	if err := writeWorld(world, tenants, incidents); err != nil {
		return err
	}
	large, err := serve(binary, filepath.Join(dir, "large"), world)
	if err != nil {
		return err
	}
	defer large.stop()
	row(fmt.Sprintf("%d tenants of %d incidents ready", tenants, incidents), 10*time.Second, large.ready)
	ready := large.peak()

	began := time.Now()
	read, err := large.readAll(tenants)
	if err != nil {
		return err
	}
	fmt.Printf("%-58s %d tokens, %d incidents in %.1f s\n", "every tenant asked for a token and its incidents", tenants, read, time.Since(began).Seconds())
	if want := int64(tenants * incidents); read != want {
		return fmt.Errorf("read %d incidents, the world has %d", read, want)
	}
	verdict := "met"
	if large.peak() > 1<<30 {
		verdict = "MISSED"
	}
	fmt.Printf("%-58s target   1024 MiB  figure %d MiB when ready, %d MiB after all was read   %s\n", "peak memory of the sandbox", ready>>20, large.peak()>>20, verdict)
	return nil
}

type server struct {
	cmd   *exec.Cmd
	ready time.Duration
	at    struct{ Origin, Proxy, Management, CAFile string }
}

func serve(binary, dir, world string) (*server, error) {
	args := []string{"sandbox", "serve", "--dir", dir, "--addr", "127.0.0.1:0", "--proxy-addr", "127.0.0.1:0", "--management-addr", "127.0.0.1:0"}
	if world != "" {
		args = append(args, "--world", world)
	}
	endpoints := filepath.Join(dir, "sandbox.json")
	_ = os.Remove(endpoints)
	s := &server{cmd: exec.Command(binary, args...)}
	s.cmd.Stderr = os.Stderr
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		select {
		case <-ctx.Done():
			s.stop()
			return nil, fmt.Errorf("sandbox is not ready after two minutes")
		case <-tick.C:
		}
		data, err := os.ReadFile(endpoints)
		if err != nil || json.Unmarshal(data, &s.at) != nil || s.at.Management == "" {
			continue
		}
		resp, err := http.Get(s.at.Management + "/healthz")
		if err != nil {
			continue
		}
		resp.Body.Close()
		s.ready = time.Since(began)
		return s, nil
	}
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGINT)
	_ = s.cmd.Wait()
}

// peak is the highest resident set of the process so far, in bytes; Linux only.
func (s *server) peak() int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	return 0
}

// readAll asks for a token for each tenant and reads all its incidents.
func (s *server) readAll(tenants int) (int64, error) {
	ca, err := os.ReadFile(s.at.CAFile)
	if err != nil {
		return 0, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	proxy, err := url.Parse(s.at.Proxy)
	if err != nil {
		return 0, err
	}
	hc := &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		Proxy:               http.ProxyURL(proxy),
		TLSClientConfig:     &tls.Config{RootCAs: pool},
		MaxIdleConnsPerHost: 4,
	}}
	var total atomic.Int64
	var failed atomic.Pointer[error]
	work := make(chan int)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range work {
				n, err := readTenant(hc, tenantID(i))
				if err != nil {
					failed.CompareAndSwap(nil, &err)
				}
				total.Add(int64(n))
			}
		})
	}
	for i := range tenants {
		if failed.Load() != nil {
			break
		}
		work <- i
	}
	close(work)
	wg.Wait()
	if err := failed.Load(); err != nil {
		return total.Load(), *err
	}
	return total.Load(), nil
}

func readTenant(hc *http.Client, tenant string) (int, error) {
	resp, err := hc.PostForm("https://login.microsoftonline.com/"+tenant+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {app}, "client_secret": {secret},
		"scope": {"https://api.security.microsoft.com/.default"},
	})
	if err != nil {
		return 0, err
	}
	var token struct {
		AccessToken string `json:"access_token"`
		Description string `json:"error_description"`
	}
	err = decode(resp, &token)
	if err != nil || token.AccessToken == "" {
		return 0, fmt.Errorf("token for %s: %v %s", tenant, err, token.Description)
	}
	req, err := http.NewRequest(http.MethodGet, "https://api.security.microsoft.com/api/incidents?$top=100", nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+token.AccessToken)
	resp, err = hc.Do(req)
	if err != nil {
		return 0, err
	}
	var page struct{ Value []json.RawMessage }
	if err := decode(resp, &page); err != nil {
		return 0, fmt.Errorf("incidents of %s: %s: %w", tenant, resp.Status, err)
	}
	return len(page.Value), nil
}

func decode(resp *http.Response, into any) error {
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

func tenantID(i int) string { return fmt.Sprintf("10000000-0000-4000-8000-%012d", i) }

func writeWorld(path string, tenants, incidents int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	fmt.Fprintf(w, "tenants:\n  - {name: Partner, id: f0000000-0000-4000-8000-00000000000f, domains: [partner.onmicrosoft.com]}\n")
	for i := range tenants {
		fmt.Fprintf(w, "  - {name: Customer %d, id: %s, domains: [customer%d.onmicrosoft.com], licences: [defender-xdr], incidents: {count: %d, seed: %d}}\n", i, tenantID(i), i, incidents, i)
	}
	fmt.Fprintf(w, `apps:
  - displayName: Bench
    appId: %s
    homeTenant: partner.onmicrosoft.com
    audience: AzureADMultipleOrgs
    redirectUris: [https://portal.azure.com]
    secrets: [{name: s, value: "%s", start: -24h, end: +4320h}]
    requiredRoles: [{resource: xdr, roles: [Incident.Read.All]}]
consents:
`, app, secret)
	for i := range tenants {
		fmt.Fprintf(w, "  - {tenant: %s, app: Bench, roles: all}\n", tenantID(i))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}
