// Package demo is the command "demo": the whole job, on a sandbox, narrated.
package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/cmd/incidents"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/output"
	"github.com/tenantry/tenantry/sandbox/journal"
)

// New makes the command.
func New(f *factory.Factory) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "The whole job on a sandbox, narrated; needs no set-up",
		Long: `Show the whole job in a few seconds, without any set-up: a sandbox in the place of
Microsoft, an app registered in the partner's tenant, and a dozen customers in
different conditions, each invited, proved, validated and read.

All requests go over TLS to Microsoft's host names, through the sandbox's proxy.
The administrators are played by form posts to the sandbox's consent pages.
Nothing leaves this machine, and nothing stays on it. At the end stands the
sandbox's own count of what it was asked.

With --output json the narration goes to stderr, and stdout is the incidents,
the status of each tenant and the counts. Exit code 0 means that everything
went as staged: the healthy tenants answered, and the others failed as they
should.`,
		Example: command.Examples("watch", "tenantry demo", "with every request", "tenantry demo --trace", "the account per tenant", "tenantry demo --output json --query tenants"),
		Args:    command.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), f) },
	}
}

// Result is what the demo found, as JSON.
type Result struct {
	Items   []incidents.Item     `json:"items"`
	Tenants []fleet.TenantStatus `json:"tenants"`
	Journal journal.Summary      `json:"journal"`
}

func run(ctx context.Context, f *factory.Factory) (err error) {
	if _, err := f.Printer(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "tenantry-demo-")
	if err != nil {
		return clierr.Failed("set TMPDIR to a directory that can be written to", "the demo needs a temporary directory: %v", err).Because(err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := open(ctx, f, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	steps := []func(context.Context) error{s.register, s.customers, s.validate, s.read, s.account}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if f.Flags.Output != "" || f.Flags.Query != "" {
		if err := s.print(); err != nil {
			return err
		}
	}
	return s.verdict()
}

// path is a place in the demo's temporary directory.
func (s *stage) path(name string) string { return filepath.Join(s.dir, name) }

// say narrates one line: the step of the job, who it is about, and what
// happened.
func (s *stage) say(step, who, format string, args ...any) {
	label := fmt.Sprintf("%-10s %-24s ", step, who)
	lines := []string{fmt.Sprintf(format, args...)}
	if width := s.f.Streams.Width - len(label); width >= 30 { // a terminal; a file gets a line per step
		lines = output.Wrap(lines[0], width)
	}
	for _, line := range lines {
		fmt.Fprintf(s.narration, "%s%s\n", label, line)
		label = strings.Repeat(" ", len(label))
	}
}

func (s *stage) heading(format string, args ...any) {
	fmt.Fprintf(s.narration, "\n%s\n", fmt.Sprintf(format, args...))
}
