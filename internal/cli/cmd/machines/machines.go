// Package machines is the command group "machines".
package machines

import (
	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
)

// New makes the group.
func New(f *factory.Factory) *cobra.Command {
	return command.Group(&cobra.Command{
		Use:   "machines",
		Short: "Machines: find, isolate, release and scan them",
		Long: `The machines that Defender for Endpoint knows of, and what is done to them,
through its own API (surface mde). What changes a machine is told first and
confirmed, is written to the audit in the state before it is sent, and is sent
once: when the answer is lost, you are told how to find out what became of it.

The roles are those of WindowsDefenderATP; the profile respond holds them:

  list, actions     Machine.Read.All
  isolate, release  Machine.Isolate, and Machine.Read.All to look first
  scan              Machine.Scan, and Machine.Read.All to find the machine
  collect           Machine.CollectForensics, and Machine.Read.All
  cancel            the role of the action that is cancelled, and Machine.Read.All

What was begun is told on stdout with its outcome and the number of its audit
record, whatever became of it; exit code 0 means done.`,
		Example: command.Examples(
			"machines of all tenants that are at high risk", "tenantry machines list --all --risk high",
			"what isolating one would do", "tenantry machines isolate desktop-7 --tenant contoso.com --comment 'incident 29' --dry-run",
			"how far it has come", "tenantry machines actions --tenant contoso.com --machine desktop-7"),
	}, newList(f), newIsolate(f), newRelease(f), newScan(f), newCollect(f), newActions(f), newCancel(f))
}
