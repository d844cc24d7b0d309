// Package command has what the commands share in the way they are declared:
// groups, checks of their arguments, and errors of usage.
package command

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/clierr"
)

// Group makes a command that only holds others. Called alone it shows its
// help; with a word it does not know it is an error that names what is near.
func Group(c *cobra.Command, children ...*cobra.Command) *cobra.Command {
	c.AddCommand(children...)
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return Unknown(cmd, args[0])
	}
	return c
}

// Unknown is the error for a word that is no command of cmd's.
func Unknown(cmd *cobra.Command, word string) error {
	next := cmd.CommandPath() + " --help lists the commands"
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(word); len(near) > 0 {
		next = "did you mean " + cmd.CommandPath() + " " + strings.Join(near, " or ") + "?"
	}
	return clierr.Usage(next, "%q is not a command of %s", word, cmd.CommandPath())
}

// NoArgs refuses arguments.
func NoArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return clierr.Usage("usage: "+cmd.UseLine(), "%s takes no argument, got %q", cmd.CommandPath(), args[0])
}

// Args wants at least low and at most high arguments; high below 0 means any
// number. what names them, such as "tenant".
func Args(low, high int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		usage := "usage: " + cmd.UseLine()
		if len(args) < low {
			return clierr.Usage(usage, "%s: %s is missing", cmd.CommandPath(), what)
		}
		if high >= 0 && len(args) > high {
			return clierr.Usage(usage, "%s: %d %s wanted, got %q besides", cmd.CommandPath(), high, what, args[high])
		}
		return nil
	}
}

// Examples formats the examples of a command: pairs of a remark and a command
// line.
func Examples(pairs ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "  # %s\n  %s\n", pairs[i], pairs[i+1])
	}
	return strings.TrimRight(b.String(), "\n")
}

// Quote makes a word safe for a POSIX shell.
func Quote(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_./:@%+,=", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
