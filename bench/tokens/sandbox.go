package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const signTenants = 50

// startSandbox starts the command's sandbox on a world of some customers that
// consented, and waits until it is ready.
func (b *bench) startSandbox(dir string) (*issuer, error) {
	world := filepath.Join(dir, "world.yaml")
	if err := os.WriteFile(world, signWorld(), 0o600); err != nil {
		return nil, err
	}
	home := filepath.Join(dir, "sandbox")
	i := newIssuer(ours, b.tenantry, "sandbox", "serve", "--dir", home, "--world", world,
		"--addr", "127.0.0.1:0", "--proxy-addr", "127.0.0.1:0", "--management-addr", "127.0.0.1:0")
	i.unique = true
	if err := i.cmd.Start(); err != nil {
		return nil, err
	}
	at, err := sandboxReady(filepath.Join(home, "sandbox.json"))
	if err != nil {
		return nil, i.failed(err)
	}
	ca, err := os.ReadFile(at.CAFile)
	if err != nil {
		return nil, i.failed(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	i.hc = keepAlive(pool)
	for n := range signTenants {
		i.urls = append(i.urls, at.Origin+"/"+tenantID(n)+"/oauth2/v2.0/token")
	}
	i.form = url.Values{
		"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {clientSecret},
		"scope": {"https://api.security.microsoft.com/.default"},
	}
	return i, nil
}

type sandboxAddress struct{ Origin, Management, CAFile string }

func sandboxReady(endpoints string) (sandboxAddress, error) {
	var at sandboxAddress
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		select {
		case <-ctx.Done():
			return at, errors.New("the sandbox is not ready after a minute")
		case <-tick.C:
		}
		data, err := os.ReadFile(endpoints)
		if err == nil && json.Unmarshal(data, &at) == nil && at.Management != "" {
			return at, nil
		}
	}
}

func signWorld() []byte {
	var w strings.Builder
	fmt.Fprintf(&w, "tenants:\n  - {name: Partner, id: %s, domains: [partner.onmicrosoft.com]}\n", homeTenant)
	for i := range signTenants {
		fmt.Fprintf(&w, "  - {name: Customer %d, id: %s, domains: [customer%d.onmicrosoft.com], licences: [defender-xdr]}\n", i, tenantID(i), i)
	}
	fmt.Fprintf(&w, `apps:
  - displayName: Bench
    appId: %s
    homeTenant: partner.onmicrosoft.com
    audience: AzureADMultipleOrgs
    redirectUris: [https://portal.azure.com]
    secrets: [{name: s, value: "%s", start: -24h, end: +4320h}]
    requiredRoles: [{resource: xdr, roles: [Incident.Read.All]}]
consents:
`, clientID, clientSecret)
	for i := range signTenants {
		fmt.Fprintf(&w, "  - {tenant: %s, app: Bench, roles: all}\n", tenantID(i))
	}
	return []byte(w.String())
}
