package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	box "github.com/tenantry/tenantry/sandbox"
	"github.com/tenantry/tenantry/sandbox/journal"
)

type execOptions struct {
	world, dir string
	settings   settings
	argv       []string
}

func newExec(f *factory.Factory) *cobra.Command {
	var o execOptions
	cmd := &cobra.Command{
		Use:   "exec [flags] -- CMD [ARG...]",
		Short: "Run a program with the sandbox in the place of Microsoft",
		Long: `Run a program, in any language, with the variables set that lead it to the
sandbox: the proxy, and the certification authority for curl, Go, Python,
Node.js, Java, .NET, the Azure CLI and tenantry itself. The program needs no
change and no switch that turns certificate checks off.

A sandbox that runs in --dir is used; else one is started for the program and
ends with it. Signals are passed on, and the program's exit code is the
command's. 126 and 127 mean that the program could not be started, as in a shell.

When the program calls an API that Microsoft is retiring, a notice on stderr
says when it ends and what to call instead.`,
		Example: command.Examples(
			"a script of yours", "tenantry sandbox exec -- python3 partner.py",
			"curl under Microsoft's host names", "tenantry sandbox exec -- curl -s https://login.microsoftonline.com/alderfinch.onmicrosoft.com/v2.0/.well-known/openid-configuration",
			"what a script does when every tenth answer is an error", "tenantry sandbox exec --fault kind=fail,services=graph,probability=0.1 -- ./collect.sh",
			"a shell, to try things", "tenantry sandbox exec --world world.yaml -- bash"),
		Args: command.Args(1, -1, "program to run"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.argv = args
			return runExec(cmd.Context(), f, o)
		},
	}
	// What follows the program's name are its own flags, with or without --.
	cmd.Flags().SetInterspersed(false)
	cmd.Flags().StringVar(&o.world, "world", "", "world `file` (default: the built-in world)")
	cmd.Flags().StringVar(&o.dir, "dir", "", "`directory` of a sandbox that runs, or of keys and journal for a new one")
	o.settings.add(cmd)
	return cmd
}

func runExec(ctx context.Context, f *factory.Factory, o execOptions) (err error) {
	path, err := exec.LookPath(o.argv[0])
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return cannotStart(f, o.argv[0], err)
	}
	environ, stop, err := environment(ctx, f, o)
	if err != nil {
		return err
	}
	defer func() {
		if serr := stop(); serr != nil && err == nil {
			err = serr
		}
	}()
	// Not by context: the program decides itself how to end on a signal.
	c := exec.Command(path, o.argv[1:]...)
	c.Args[0] = o.argv[0]
	c.Stdin, c.Stdout, c.Stderr, c.Env = f.Streams.In, f.Streams.Out, f.Streams.Err, environ
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	if err := c.Start(); err != nil {
		return cannotStart(f, o.argv[0], err)
	}
	done := make(chan error, 1)
	go func() { done <- c.Wait() }()
	for {
		select {
		case s := <-signals:
			// A terminal sends Ctrl-C to the whole group, the program included.
			if s != os.Interrupt || !f.Streams.InTTY {
				_ = c.Process.Signal(s) // it may have ended meanwhile
			}
		case err := <-done:
			return exitCode(err)
		}
	}
}

// environment is that of a running sandbox, or of one that is started here.
func environment(ctx context.Context, f *factory.Factory, o execOptions) (environ []string, stop func() error, err error) {
	dir := o.dir
	if dir == "" {
		if dir, err = defaultDir(f); err != nil {
			dir = "" // no state directory: nothing can be running there
		}
	}
	if dir != "" {
		e, err := box.ReadEndpoints(dir)
		if err == nil && e.Alive(ctx) == nil {
			if o.world != "" {
				return nil, nil, clierr.Usage("leave --world out, or name another --dir", "a sandbox runs in %s already, with a world of its own", dir)
			}
			if given := o.settings.given(); len(given) > 0 {
				return nil, nil, clierr.Usage("leave them out, set faults with tenantry sandbox faults set, or name another --dir", "a sandbox runs in %s already, and cannot follow %s", dir, strings.Join(given, ", "))
			}
			return box.EnvironFor(e, f.Environ), tellRetiring(ctx, f, e), nil
		}
	}
	if o.dir != "" {
		f.Streams.Progressf("no sandbox runs in %s: one is started for this program alone", o.dir)
	}
	w, _, err := load(o.world, f.Now)
	if err != nil {
		return nil, nil, err
	}
	// Without --dir nothing is left behind, and two at once do not meet.
	cfg := box.Config{Dir: o.dir, World: w, Now: f.Now, OnRetiring: warn(f)}
	if err := o.settings.apply(&cfg, w.Settings()); err != nil {
		return nil, nil, err
	}
	s, err := box.New(cfg)
	if err != nil {
		return nil, nil, err
	}
	if err := s.Start(); err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return s.Environ(f.Environ), s.Close, nil
}

// tellRetiring remembers where the journal of a sandbox that runs is, and
// returns what tells of the calls since then to APIs that end. That it cannot
// be asked any more is not the program's failure.
func tellRetiring(ctx context.Context, f *factory.Factory, e box.Endpoints) func() error {
	var before journal.Summary
	body, err := ask(ctx, e, http.MethodGet, "/journal/summary", nil)
	if err != nil {
		return func() error { return nil }
	}
	defer body.Close()
	if json.NewDecoder(body).Decode(&before) != nil {
		return func() error { return nil }
	}
	return func() error {
		// Also after Ctrl-C: it ended the program, not this.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		body, err := ask(ctx, e, http.MethodGet, fmt.Sprintf("/journal?kind=request&since=%d", before.Seq), nil)
		if err != nil {
			return nil
		}
		defer body.Close()
		told := map[string]bool{}
		_ = readEvents(body, func(raw json.RawMessage, _ journal.Event) error {
			var e struct {
				Detail struct{ Retiring *box.Retiring }
			}
			if json.Unmarshal(raw, &e) == nil && e.Detail.Retiring != nil && !told[e.Detail.Retiring.API] {
				told[e.Detail.Retiring.API] = true
				warn(f)(*e.Detail.Retiring)
			}
			return nil
		})
		return nil
	}
}

func cannotStart(f *factory.Factory, name string, err error) error {
	f.Streams.Notef("error: %q cannot be started: %v\n  next: check the name and PATH", name, err)
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return &clierr.Exit{Code: 127}
	}
	return &clierr.Exit{Code: 126}
}

func exitCode(err error) error {
	if err == nil {
		return nil
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return &clierr.Exit{Code: 128 + int(ws.Signal())}
	}
	return &clierr.Exit{Code: exit.ExitCode()}
}
