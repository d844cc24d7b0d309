package cli_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tenantry/tenantry/internal/cli"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/iostreams"
	"github.com/tenantry/tenantry/internal/cli/output"
)

func newRoot(t *testing.T) *cobra.Command {
	t.Helper()
	streams, _, _ := iostreams.Test("")
	return cli.NewRoot(factory.New(factory.Options{
		Streams:   streams,
		OpenStore: nil, // building and showing commands opens nothing
	}))
}

func walk(c *cobra.Command, f func(*cobra.Command)) {
	f(c)
	for _, child := range c.Commands() {
		walk(child, f)
	}
}

// Help is where people learn: every command explains itself, gives examples,
// and tells what each flag does.
func TestEveryCommandTeaches(t *testing.T) {
	commands := 0
	walk(newRoot(t), func(c *cobra.Command) {
		if c.Hidden {
			return
		}
		commands++
		if c.Short == "" || len(c.Long) < len(c.Short) || c.Example == "" {
			t.Errorf("%s: Short, Long and Example are all needed", c.CommandPath())
		}
		for _, line := range strings.Split(c.Long+"\n"+c.Example, "\n") {
			if strings.HasSuffix(line, " ") || strings.Contains(line, "\t") {
				t.Errorf("%s: help line %q ends in a space or holds a tab", c.CommandPath(), line)
			}
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s --%s: no usage", c.CommandPath(), f.Name)
			}
		})
		if c.RunE == nil {
			t.Errorf("%s does nothing", c.CommandPath())
		}
	})
	if commands < 25 {
		t.Errorf("%d commands were seen; the check looked at too few", commands)
	}
}

var queryRE = regexp.MustCompile(`--query ('[^']*'|"[^"]*"|\S+)`)

// Examples are copied and pasted: each names a command there is, with flags it
// has, and a query that compiles.
func TestExamplesAreValid(t *testing.T) {
	examples := 0
	walk(newRoot(t), func(c *cobra.Command) {
		for _, line := range strings.Split(c.Example, "\n") {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			for _, m := range queryRE.FindAllStringSubmatch(line, -1) {
				if _, err := output.ParseQuery(strings.Trim(m[1], `'"`)); err != nil {
					t.Errorf("%s: example %q: %v", c.CommandPath(), line, err)
				}
			}
			for _, part := range regexp.MustCompile(`[|<>()]| -- `).Split(line, -1) {
				part = strings.TrimSpace(part)
				if !strings.HasPrefix(part, "tenantry ") {
					continue
				}
				examples++
				check(t, c.CommandPath(), queryRE.ReplaceAllString(part, ""))
			}
		}
	})
	if examples < 40 {
		t.Errorf("%d examples were seen; the check looked at too few", examples)
	}
}

func check(t *testing.T, where, line string) {
	t.Helper()
	root := newRoot(t)
	args := strings.Fields(line)[1:]
	cmd, rest, err := root.Find(args)
	if err != nil || cmd == root {
		t.Errorf("%s: example %q: no such command (%v)", where, line, err)
		return
	}
	if err := cmd.ParseFlags(rest); err != nil {
		t.Errorf("%s: example %q: %v", where, line, err)
		return
	}
	if cmd.HasSubCommands() {
		t.Errorf("%s: example %q stops at a group", where, line)
	}
}

// Whatever is interrupted ends with 130.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	streams, _, errOut := iostreams.Test("")
	code := cli.Run(ctx, []string{"tenants", "add", "contoso.example"}, factory.Options{
		Streams: streams, Environ: []string{"HOME=" + t.TempDir()},
	})
	if code != 130 || !strings.Contains(errOut.String(), "interrupted") {
		t.Errorf("exit code %d and %q, want 130 and a word", code, errOut)
	}
}
