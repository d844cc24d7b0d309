package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/output"
	box "github.com/tenantry/tenantry/sandbox"
	"github.com/tenantry/tenantry/sandbox/world"
)

type serveOptions struct {
	world, dir                      string
	addr, proxyAddr, managementAddr string
	certFile, keyFile, rootsFile    string
	beyondLoopback                  bool
	settings                        settings
}

func newServe(f *factory.Factory) *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run a sandbox until Ctrl-C",
		Long: `Run a sandbox until Ctrl-C, and print its addresses with commands to copy.

The certification authority, the signing keys and the journal are kept in --dir.
tenantry sandbox exec finds a sandbox that runs there.

Three addresses are listened on: TLS (also by the address alone: every path of
every service is served there), the proxy that leads Microsoft's host names to
it, and the management API with the journal of all that was asked.

What is new takes a moment to be noticed, as at Microsoft: a consent and a new
credential a second each, unless the world file or a switch says otherwise.
Limits of calls are Microsoft's published ones. Nothing happens in the world by
itself, and nothing goes wrong, unless asked for.

A certificate of your own has to name every host that clients are to reach;
--roots-file is what they are then told to trust.`,
		Example: command.Examples(
			"the default world, any free ports", "tenantry sandbox serve",
			"a world of your own, fixed ports", "tenantry sandbox serve --world world.yaml --addr 127.0.0.1:8443 --proxy-addr 127.0.0.1:8080",
			"a busy day, and one tenant whose answers come late", "tenantry sandbox serve --rate 30 --fault kind=slow,services=graph,tenant=alderfinch.onmicrosoft.com,delay=2s",
			"for tests that must not wait", "tenantry sandbox serve --limits off --consent-lag 0s --credential-lag 0s",
			"for names that resolve to this machine", "tenantry sandbox serve --addr 127.0.0.1:443",
			"with a certificate of yours", "tenantry sandbox serve --cert-file server.pem --key-file server-key.pem --roots-file ca.pem"),
		Args: command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runServe(cmd.Context(), f, o) },
	}
	cmd.Flags().StringVar(&o.world, "world", "", "world `file` (default: the built-in world)")
	cmd.Flags().StringVar(&o.dir, "dir", "", "`directory` of keys and journal (default: sandbox in the state directory)")
	cmd.Flags().StringVar(&o.addr, "addr", "", "`address` for TLS (default: a free port of 127.0.0.1)")
	cmd.Flags().StringVar(&o.proxyAddr, "proxy-addr", "", "`address` of the proxy (default: a free port of 127.0.0.1)")
	cmd.Flags().StringVar(&o.managementAddr, "management-addr", "", "`address` of the management API (default: a free port of 127.0.0.1)")
	cmd.Flags().StringVar(&o.certFile, "cert-file", "", "PEM `file` of a server certificate to use in place of the sandbox's own")
	cmd.Flags().StringVar(&o.keyFile, "key-file", "", "PEM `file` of its private key")
	cmd.Flags().StringVar(&o.rootsFile, "roots-file", "", "PEM `file` of what clients are to trust then")
	cmd.Flags().BoolVar(&o.beyondLoopback, "allow-non-loopback", false, "let --addr and --proxy-addr be reached from other machines, for containers")
	o.settings.add(cmd)
	return cmd
}

func runServe(ctx context.Context, f *factory.Factory, o serveOptions) error {
	if _, err := f.Printer(); err != nil {
		return err
	}
	if o.dir == "" {
		var err error
		if o.dir, err = defaultDir(f); err != nil {
			return err
		}
	}
	if running, err := box.ReadEndpoints(o.dir); err == nil && running.Alive(ctx) == nil {
		return clierr.Failed("end that one first, or name another --dir", "a sandbox runs in %s already (process %d, %s)", o.dir, running.PID, running.Origin)
	}
	w, spec, err := load(o.world, f.Now)
	if err != nil {
		return err
	}
	cfg := box.Config{
		Dir: o.dir, World: w, Addr: o.addr, ProxyAddr: o.proxyAddr, ManagementAddr: o.managementAddr, AllowNonLoopback: o.beyondLoopback,
		CertFile: o.certFile, KeyFile: o.keyFile, RootsFile: o.rootsFile,
		Now: f.Now, Log: slog.New(slog.NewTextHandler(f.Streams.Err, &slog.HandlerOptions{Level: slog.LevelWarn})),
		OnRetiring: warn(f),
	}
	if err := o.settings.apply(&cfg, w.Settings()); err != nil {
		return err
	}
	s, err := box.New(cfg)
	if err != nil {
		return err
	}
	if err := s.Start(); err != nil {
		return errors.Join(err, s.Close())
	}
	fmt.Fprint(f.Streams.Err, box.Banner())
	if err := describe(f, s.Endpoints(), o, spec); err != nil {
		return errors.Join(err, s.Close())
	}
	<-ctx.Done()
	f.Streams.Notef("the sandbox ends")
	return s.Close() // Ctrl-C is the way to end it: no failure
}

// describe prints the addresses, as data when a format was asked for, else
// with commands to copy.
func describe(f *factory.Factory, e box.Endpoints, o serveOptions, spec *world.Spec) error {
	if f.Flags.Output != "" || f.Flags.Query != "" {
		return f.Print(output.Result{Doc: e, Lines: []any{e}})
	}
	dir := ""
	if d, err := defaultDir(f); err != nil || d != o.dir {
		dir = " --dir " + command.Quote(e.Dir)
	}
	exec := "tenantry sandbox exec" + dir
	var b strings.Builder
	fmt.Fprintf(&b, "TLS         %s\nproxy       %s\nmanagement  %s\ncertificate %s\n", e.Origin, e.Proxy, e.Management, e.CAFile)
	fmt.Fprintf(&b, "\nTo run any program against it, in another terminal:\n\n  %s -- CMD …\n", exec)
	if ex, ok := pick(spec, f.Now()); ok {
		fmt.Fprintf(&b, `
The app %q, as %s:

  %s -- curl -s https://login.microsoftonline.com/%s/oauth2/v2.0/token \
    -d grant_type=client_credentials -d client_id=%s \
    -d scope=https://api.security.microsoft.com/.default \
    --data-urlencode client_secret=%s

  export AZURE_CLIENT_ID=%s AZURE_CLIENT_SECRET=%s
  %s -- tenantry token get --tenant %s | %s -- tenantry token inspect
  %s -- tenantry incidents list --tenant %s -o table
`, ex.app, ex.tenant, exec, ex.tenant, ex.clientID, command.Quote(ex.secret), ex.clientID, command.Quote(ex.secret), exec, ex.tenant, exec, exec, ex.tenant)
	}
	fmt.Fprintf(&b, "\nWhat was asked so far:\n\n  tenantry sandbox journal summary%s\n\nCtrl-C ends the sandbox.\n", dir)
	_, err := f.Streams.Out.Write([]byte(b.String()))
	return err
}

type example struct{ app, clientID, secret, tenant string }

// pick finds an app with a good secret and a tenant that consented to it.
func pick(spec *world.Spec, now time.Time) (example, bool) {
	w, err := spec.Build(func() time.Time { return now })
	if err != nil {
		return example{}, false
	}
	for _, t := range w.Tenants() {
		for _, sp := range w.ServicePrincipals(t.ID) {
			a, ok := w.App(sp.AppID)
			if !ok || a.FirstParty || !sp.Enabled || len(sp.Assignments) == 0 {
				continue
			}
			for _, s := range a.Secrets {
				if now.After(s.Start) && now.Before(s.End) {
					return example{app: a.DisplayName, clientID: a.AppID, secret: s.Value, tenant: t.DefaultDomain()}, true
				}
			}
		}
	}
	return example{}, false
}
