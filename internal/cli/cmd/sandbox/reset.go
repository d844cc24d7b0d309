package sandbox

import (
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
)

func newReset(f *factory.Factory) *cobra.Command {
	var m management
	cmd := &cobra.Command{
		Use:   "reset [PART...]",
		Short: "Take a running sandbox back to its beginning",
		Long: `Take a sandbox that runs, or parts of it, back to what it was when it began, for
the next test:

  world    registrations, credentials, consents, incidents, machine actions and
           indicators; sessions, codes and refresh tokens are forgotten
  faults   those set since are removed, those of the beginning in force anew
  limits   the rules of the beginning, and nobody has called anything
  journal  the events in memory are forgotten

Without a part, or with all, everything. Signing keys, certificates and
addresses stay, and so do access tokens until they expire.`,
		Example: command.Examples(
			"everything", "tenantry sandbox reset",
			"what was changed in the world, and the journal", "tenantry sandbox reset world journal"),
		Args: command.Args(0, -1, "part"),
		RunE: func(cmd *cobra.Command, parts []string) error {
			if len(parts) == 0 {
				parts = []string{"all"}
			}
			var answer struct{ Reset []string }
			if err := m.call(cmd.Context(), f, http.MethodPost, "/reset", map[string]any{"what": parts}, &answer); err != nil {
				return err
			}
			f.Streams.Notef("reset: %s", strings.Join(answer.Reset, ", "))
			return nil
		},
	}
	m.flag(cmd)
	return cmd
}
