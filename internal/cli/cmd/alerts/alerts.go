// Package alerts is the command group "alerts".
package alerts

import (
	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
)

// New makes the group.
func New(f *factory.Factory) *cobra.Command {
	return command.Group(&cobra.Command{
		Use:   "alerts",
		Short: "Alerts of one, some or all tenants, with or without an incident",
		Long: `Alerts, read and changed through Microsoft Graph security (alerts_v2), also
those that belong to no incident. The Defender XDR API (xdr) has no calls for
alerts: it tells them with their incidents, see tenantry incidents show.`,
		Example: command.Examples(
			"alerts that belong to no incident", "tenantry alerts list --all --without-incident",
			"one alert as a story", "tenantry alerts show da637551227677560813_-961444813 --tenant contoso.com"),
	}, newList(f), newShow(f), newUpdate(f), newComment(f))
}
