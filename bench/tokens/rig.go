package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/tenantry/tenantry/bench/internal/table"
)

// rig is the token service in its own process.
type rig struct {
	Origin string `json:"origin"`
	CA     string `json:"ca"`

	cmd   *exec.Cmd
	stdin io.Closer
	pool  *x509.CertPool
	hc    *http.Client // for control only, never handed to a measured client
}

// settings and counters are the server's Settings and Counters.
type settings struct {
	LatencyMS int    `json:"latencyMs"`
	RefreshIn int    `json:"refreshIn"`
	Hang      string `json:"hang"`
}

type counters struct {
	Token, Discovery, Other int64
}

// fewest is how many tenants the rows other than the hits take.
const fewest = 10_000

func startRig(binary string, tenants int) (*rig, error) {
	r := &rig{cmd: exec.Command(binary, "-tenants", fmt.Sprint(max(tenants, fewest)))}
	r.cmd.Stderr = os.Stderr
	stdin, err := r.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	r.stdin = stdin
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, r)
	}
	if err != nil {
		r.stop()
		return nil, fmt.Errorf("the token service did not start: %w", err)
	}
	r.pool = x509.NewCertPool()
	r.pool.AppendCertsFromPEM([]byte(r.CA))
	r.hc = r.client(2)
	return r, nil
}

func (r *rig) stop() {
	_ = r.stdin.Close()
	_ = r.cmd.Wait()
}

// client makes an HTTP client that trusts the service and keeps up to conns
// connections. HTTP/1.1, so that connections can be counted and warmed alike
// for every library.
func (r *rig) client(conns int) *http.Client {
	address := strings.TrimPrefix(r.Origin, "https://localhost")
	dialer := &net.Dialer{}
	return &http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: r.pool},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, "127.0.0.1"+address)
		},
		MaxIdleConns: 2 * conns, MaxIdleConnsPerHost: 2 * conns,
	}}
}

// warm opens conns connections at once and leaves them idle.
func (r *rig) warm(hc *http.Client, conns int) error {
	return table.Each(conns, conns, func(int) error {
		resp, err := hc.Get(r.Origin + "/warm")
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		return errors.Join(err, resp.Body.Close())
	})
}

// set changes the service's behaviour and resets its counters.
func (r *rig) set(s settings) error {
	body, err := json.Marshal(s)
	if err != nil {
		return err
	}
	resp, err := r.hc.Post(r.Origin+"/control", "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("control: %s", resp.Status)
	}
	return nil
}

func (r *rig) counters() (counters, error) {
	var c counters
	resp, err := r.hc.Get(r.Origin + "/counters")
	if err != nil {
		return c, err
	}
	defer resp.Body.Close()
	return c, json.NewDecoder(resp.Body).Decode(&c)
}

// tenantID is the id of tenant number i; bench/tokens/server makes the same ids.
func tenantID(i int) string {
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(i)*2654435761, i)
}
