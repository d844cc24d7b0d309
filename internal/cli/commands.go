package cli

import (
	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/cmd/alerts"
	"github.com/tenantry/tenantry/internal/cli/cmd/app"
	"github.com/tenantry/tenantry/internal/cli/cmd/audit"
	"github.com/tenantry/tenantry/internal/cli/cmd/completion"
	"github.com/tenantry/tenantry/internal/cli/cmd/configcmd"
	"github.com/tenantry/tenantry/internal/cli/cmd/demo"
	"github.com/tenantry/tenantry/internal/cli/cmd/incidents"
	"github.com/tenantry/tenantry/internal/cli/cmd/indicators"
	"github.com/tenantry/tenantry/internal/cli/cmd/invite"
	"github.com/tenantry/tenantry/internal/cli/cmd/kql"
	"github.com/tenantry/tenantry/internal/cli/cmd/machines"
	"github.com/tenantry/tenantry/internal/cli/cmd/sandbox"
	"github.com/tenantry/tenantry/internal/cli/cmd/tenants"
	"github.com/tenantry/tenantry/internal/cli/cmd/token"
	"github.com/tenantry/tenantry/internal/cli/cmd/version"
	"github.com/tenantry/tenantry/internal/cli/factory"
)

// group is a heading of the top help.
type group struct {
	title    string
	commands []*cobra.Command
}

// commands lists the commands by what people come for.
func commands(f *factory.Factory) []group {
	return []group{
		{"To see it work:", []*cobra.Command{demo.New(f), sandbox.New(f)}},
		{"The job:", []*cobra.Command{app.New(f), invite.New(f), tenants.New(f), token.New(f), incidents.New(f), alerts.New(f), machines.New(f), indicators.New(f), audit.New(f)}},
		{"Queries:", []*cobra.Command{kql.New(f)}},
		{"Besides:", []*cobra.Command{configcmd.New(f), completion.New(f), version.New(f)}},
	}
}
