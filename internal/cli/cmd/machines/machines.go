// Package machines is the command group "machines".
package machines

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/fleet"
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
  scan              Machine.Scan
  collect           Machine.CollectForensics
  cancel            the role of the action that is cancelled`,
		Example: command.Examples(
			"machines of all tenants that are at high risk", "tenantry machines list --all --risk high",
			"what isolating one would do", "tenantry machines isolate desktop-7 --tenant contoso.com --comment 'incident 29' --dry-run",
			"how far it has come", "tenantry machines actions --tenant contoso.com --machine desktop-7"),
	}, newList(f), newIsolate(f), newRelease(f), newScan(f), newCollect(f), newActions(f), newCancel(f))
}

// head is what every item of a list says of its tenant.
type head struct {
	TenantID   string `json:"tenantId"`
	TenantName string `json:"tenantName,omitempty"`
	Customer   string `json:"customer,omitempty"`
}

func headOf(t fleet.Tenant) head {
	return head{TenantID: string(t.ID), TenantName: t.Label(), Customer: t.Customer}
}

// statusLine is how a status per tenant stands in NDJSON, after the items.
type statusLine struct {
	TenantStatus fleet.TenantStatus `json:"tenantStatus"`
}

// list is what the lists print as JSON.
type list[T any] struct {
	Items   []T                  `json:"items"`
	Tenants []fleet.TenantStatus `json:"tenants"`
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04")
}
