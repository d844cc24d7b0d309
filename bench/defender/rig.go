package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/tenantry/tenantry/defender"
)

// rig is the services in their own process. Its fields are the server's Announcement.
type rig struct {
	Origin  string                       `json:"origin"`
	Bare    string                       `json:"bare"`
	Manage  string                       `json:"manage"`
	CA      string                       `json:"ca"`
	Tokens  map[string]map[string]string `json:"tokens"` // by tenant and surface
	Tenants map[string]string            `json:"tenants"`

	cmd   *exec.Cmd
	stdin io.Closer
	pool  *x509.CertPool
}

func startRig(binary string) (*rig, error) {
	r := &rig{cmd: exec.Command(binary)}
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
		return nil, fmt.Errorf("the services did not start: %w", err)
	}
	r.pool = x509.NewCertPool()
	r.pool.AppendCertsFromPEM([]byte(r.CA))
	return r, nil
}

func (r *rig) stop() {
	_ = r.stdin.Close()
	_ = r.cmd.Wait()
}

// client makes an HTTP client that trusts the services and keeps up to conns
// connections to each, of HTTP/2 or of HTTP/1.1.
func (r *rig) client(conns int, http2 bool) *http.Client {
	return &http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: r.pool}, ForceAttemptHTTP2: http2,
		MaxIdleConns: 2 * conns, MaxIdleConnsPerHost: conns,
	}}
}

// call asks the sandbox, or whoever the address leads to, as a tenant's app.
func (r *rig) call(tenant string, s defender.Surface, address string) (*http.Request, error) {
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err == nil {
		req.Header.Set("Authorization", "Bearer "+r.Tokens[tenant][string(s)])
	}
	return req, err
}

// list is the address of a list with alerts: $top=top unless it is 0, and a filter unless it is empty.
func list(origin string, s defender.Surface, top int, filter string) string {
	q := url.Values{}
	if top > 0 {
		q.Set("$top", fmt.Sprint(top))
	}
	if filter != "" {
		q.Set("$filter", filter)
	}
	path := "/api/incidents"
	if s == defender.SurfaceGraph {
		path = "/v1.0/security/incidents"
		q.Set("$expand", "alerts")
	}
	return origin + path + "?" + q.Encode()
}

// page reads the first page of a list, with alerts.
func (r *rig) page(s defender.Surface, purpose string, top int) ([]byte, error) {
	req, err := r.call(r.Tenants[purpose], s, list(r.Origin, s, top, ""))
	if err != nil {
		return nil, err
	}
	hc := r.client(1, false)
	defer hc.CloseIdleConnections()
	return fetch(hc, req)
}

func fetch(hc *http.Client, req *http.Request) ([]byte, error) {
	resp, err := hc.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.200s", req.URL.Path, resp.Status, body)
	}
	return body, err
}

// delay makes the sandbox's incident APIs wait before each answer, until undo is called.
func (r *rig) delay(d time.Duration) (undo func() error, err error) {
	spec := fmt.Sprintf(`{"kind":"slow","services":["graph","xdr"],"delay":"%s"}`, d)
	resp, err := http.Post(r.Manage+"/faults", "application/json", strings.NewReader(spec))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		text, _ := io.ReadAll(resp.Body)
		return nil, fmt.Errorf("faults: %s: %s", resp.Status, text)
	}
	location := resp.Header.Get("Location")
	return func() error {
		req, err := http.NewRequest(http.MethodDelete, r.Manage+location, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			err = resp.Body.Close()
		}
		return err
	}, nil
}

// discard reads an answer and throws its body away; it returns how long that was.
func discard(hc *http.Client, req *http.Request) (int64, error) {
	resp, err := hc.Do(req)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(io.Discard, resp.Body)
	err = errors.Join(err, resp.Body.Close())
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", req.URL.Path, resp.Status)
	}
	return n, err
}

// defender makes a client of one tenant, without limits on calls.
func (r *rig) defender(tenant string, hc *http.Client) (*defender.Client, error) {
	tokens := r.Tokens[tenant]
	return defender.New(defender.Config{
		Graph: r.Origin, XDR: r.Origin, HTTPClient: hc,
		Token:  func(_ context.Context, s defender.Surface) (string, error) { return tokens[string(s)], nil },
		Budget: defender.NewBudget(defender.BudgetConfig{Limits: []defender.Limit{}}),
	})
}
