package cli

import (
	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/cmd/app"
	"github.com/tenantry/tenantry/internal/cli/cmd/completion"
	"github.com/tenantry/tenantry/internal/cli/cmd/configcmd"
	"github.com/tenantry/tenantry/internal/cli/cmd/demo"
	"github.com/tenantry/tenantry/internal/cli/cmd/incidents"
	"github.com/tenantry/tenantry/internal/cli/cmd/invite"
	"github.com/tenantry/tenantry/internal/cli/cmd/sandbox"
	"github.com/tenantry/tenantry/internal/cli/cmd/tenants"
	"github.com/tenantry/tenantry/internal/cli/cmd/token"
	"github.com/tenantry/tenantry/internal/cli/cmd/version"
	"github.com/tenantry/tenantry/internal/cli/factory"
)

// commands lists the commands in the order of the job.
func commands(f *factory.Factory) []*cobra.Command {
	return []*cobra.Command{
		demo.New(f),
		sandbox.New(f),
		app.New(f),
		invite.New(f),
		tenants.New(f),
		token.New(f),
		incidents.New(f),
		configcmd.New(f),
		version.New(f),
		completion.New(f),
	}
}
