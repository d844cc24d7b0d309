// Package cli is the command line: it puts the commands together, runs one and
// turns its error into words and an exit code.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/explain"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/iostreams"
	"github.com/tenantry/tenantry/internal/cli/output"
	"github.com/tenantry/tenantry/store/sqlite"
)

// Main runs the process's command line and returns its exit code. The first
// interrupt ends the command in order; a second one ends the process at once.
func Main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the second signal finds its default again
	return Run(ctx, args, factory.Options{
		Streams: iostreams.System(),
		Environ: os.Environ(),
		Now:     time.Now,
		Version: Version(),
		OpenStore: func(ctx context.Context, path string, now func() time.Time) (factory.Store, error) {
			return sqlite.Open(ctx, path, now)
		},
	})
}

// Run runs one command line in the given surroundings and returns its exit
// code. It does not touch the process: tests run it as often as they like.
func Run(ctx context.Context, args []string, o factory.Options) int {
	f := factory.New(o)
	root := NewRoot(f)
	root.SetArgs(args)
	root.SetIn(o.Streams.In)
	root.SetOut(o.Streams.Out)
	root.SetErr(o.Streams.Err)
	err := root.ExecuteContext(ctx)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if ctx.Err() != nil && err != nil {
		var exit *clierr.Exit
		if !errors.As(err, &exit) {
			err = context.Canceled // whatever the interrupt broke off
		}
	}
	return end(o.Streams.Err, err)
}

// end tells of an error and chooses the exit code.
func end(w io.Writer, err error) int {
	if err == nil {
		return clierr.CodeDone
	}
	var exit *clierr.Exit
	if errors.As(err, &exit) {
		return exit.Code
	}
	x := explain.Error(err)
	lines := strings.Split(x.Message, "\n")
	for i := range lines {
		lines[i] = output.Clean(lines[i])
	}
	fmt.Fprintf(w, "error: %s\n", strings.Join(lines, "\n"))
	if x.Next != "" {
		fmt.Fprintf(w, "  next: %s\n", output.Clean(x.Next))
	}
	return x.Exit
}

// NewRoot puts the commands together.
func NewRoot(f *factory.Factory) *cobra.Command {
	root := &cobra.Command{
		Use:   "tenantry",
		Short: "Microsoft Defender XDR in every customer tenant, through one app",
		Long: `Tenantry gives a security partner (MSSP, MSP, ISV) programmatic access to
Microsoft Defender XDR in every customer tenant it serves, through one
multi-tenant Entra ID application.

New here? Run tenantry demo: it shows the whole job on a sandbox and needs no
set-up. Then, with tenants of your own:

  tenantry app create      register the application
  tenantry invite          ask a customer's administrator for consent
  tenantry token inspect   see what a token carries
  tenantry incidents list  read the incidents of one, some or all tenants

Data goes to stdout; notes, progress and questions go to stderr.

Exit codes: 0 done, 1 failed, 2 wrong command line or configuration, 3 sign-in
or consent needed first, 4 partly done (some tenants failed), 130 interrupted.`,
		Example: command.Examples(
			"see everything work, in a few seconds", "tenantry demo",
			"the incidents of all tenants, as JSON for a program", "tenantry incidents list --all --output json"),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(helpCommand())
	globalFlags(root, &f.Flags)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return flagError(cmd, err)
	})
	for _, g := range commands(f) {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title})
		for _, c := range g.commands {
			c.GroupID = g.title
			root.AddCommand(c)
		}
		root.SetHelpCommandGroupID(g.title) // in the end, of the last group
	}
	return command.Group(root)
}

// flagError says in plain words what is wrong with a flag.
func flagError(cmd *cobra.Command, err error) error {
	help := cmd.CommandPath() + " --help lists the flags"
	if bad, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		if what := map[string]string{
			"int": "a whole number", "float64": "a number", "duration": "a duration such as 500ms, 20s or 5m", "bool": "true or false",
		}[bad.GetFlag().Value.Type()]; what != "" {
			return clierr.Usage(cmd.CommandPath()+" --help tells what --"+bad.GetFlag().Name+" is for", "--%s: %q is not %s", bad.GetFlag().Name, bad.GetValue(), what).Because(err)
		}
	}
	if bare, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return clierr.Usage(help, "--%s: the value is missing", bare.GetFlag().Name).Because(err)
	}
	return clierr.Usage(help, "%v", err).Because(err)
}

func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Help on a command, as COMMAND --help",
		Long:    "Show the help of a command: the same as the command with --help.",
		Example: command.Examples("on listing incidents", "tenantry help incidents list"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return command.Unknown(cmd.Root(), strings.Join(args, " "))
			}
			c.InitDefaultHelpFlag()
			return c.Help()
		},
	}
}

func globalFlags(root *cobra.Command, to *factory.Flags) {
	p := root.PersistentFlags()
	p.StringVarP(&to.Output, "output", "o", "", "table, json, ndjson, csv or yaml (default: table on a terminal, ndjson when piped)")
	p.StringVar(&to.Query, "query", "", "JMESPath `expression` applied to the JSON form of the result")
	p.StringVar(&to.Config, "config", "", "configuration `file` (default: tenantry.yaml here, else in ~/.config/tenantry)")
	p.StringVar(&to.CAFile, "ca-file", "", "PEM `file` of certification authorities to trust besides the system's")
	p.BoolVar(&to.Trace, "trace", false, "log every request and answer to stderr, secrets removed")
	p.StringVar(&to.Cloud, "cloud", "", "`name` of the cloud: public, usgov-gcc, usgov-high, usgov-dod, or one of the configuration")
	p.StringVar(&to.State, "state", "", "`directory` of the state (default: $XDG_STATE_HOME/tenantry)")
}
