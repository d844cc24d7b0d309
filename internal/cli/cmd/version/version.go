// Package version is the command "version".
package version

import (
	"runtime"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/output"
)

// Info is what the command prints.
type Info struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// New makes the command.
func New(f *factory.Factory) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long: `Print the version of this program, the Go version it was built with and the
platform it runs on. A report of a fault should carry all three.`,
		Example: command.Examples("the version alone", "tenantry version --output json --query version"),
		Args:    command.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			i := Info{Version: f.Version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
			return f.Print(output.Result{
				Doc:     i,
				Columns: []string{"VERSION", "GO", "PLATFORM"},
				Rows:    [][]string{{i.Version, i.Go, i.Platform}},
			})
		},
	}
}
