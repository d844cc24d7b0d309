package sandbox

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	box "github.com/tenantry/tenantry/sandbox"
)

type execOptions struct {
	world, dir string
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
command's. 126 and 127 mean that the program could not be started, as in a shell.`,
		Example: command.Examples(
			"a script of yours", "tenantry sandbox exec -- python3 partner.py",
			"curl under Microsoft's host names", "tenantry sandbox exec -- curl -s https://login.microsoftonline.com/alderfinch.onmicrosoft.com/v2.0/.well-known/openid-configuration",
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
			return box.EnvironFor(e, f.Environ), func() error { return nil }, nil
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
	s, err := box.New(box.Config{Dir: o.dir, World: w, Now: f.Now})
	if err != nil {
		return nil, nil, err
	}
	if err := s.Start(); err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return s.Environ(f.Environ), s.Close, nil
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
