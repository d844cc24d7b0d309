// Package kql is the command group "kql".
package kql

import (
	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
)

// New makes the group.
func New(f *factory.Factory) *cobra.Command {
	return command.Group(&cobra.Command{
		Use:   "kql",
		Short: "Queries in KQL, offline",
		Long: `Work on queries in the Kusto Query Language, the language of advanced hunting,
without asking a tenant: nothing is sent anywhere, and no app is needed.`,
		Example: command.Examples("bring a query into the canonical layout", "tenantry kql fmt hunt.kql"),
	}, newFmt(f))
}
