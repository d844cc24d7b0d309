// Package incidents is the command group "incidents".
package incidents

import (
	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
)

// New makes the group.
func New(f *factory.Factory) *cobra.Command {
	return command.Group(&cobra.Command{
		Use:   "incidents",
		Short: "Security incidents of one, some or all tenants",
		Long: `Security incidents, read and changed through Microsoft Graph security (graph)
or the Defender XDR API (xdr). The default, auto, takes graph when the tenant's
Graph token carries a role for it, else xdr, and says which.

What list and show have shown is remembered in the state, so that update can
refuse to overwrite what a colleague has changed since.`,
		Example: command.Examples(
			"all tenants, the last day", "tenantry incidents list --all --since 24h",
			"one incident as a story", "tenantry incidents show 29 --tenant contoso.com",
			"close it", "tenantry incidents update 29 --tenant contoso.com --status resolved --classification falsePositive --determination notMalicious"),
	}, newList(f), newShow(f), newUpdate(f), newComment(f))
}
