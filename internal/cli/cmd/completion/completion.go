// Package completion is the command "completion".
package completion

import (
	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
)

// New makes the command.
func New(f *factory.Factory) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print the completion script of a shell",
		Long: `Print a script that teaches a shell to complete the commands and flags of
tenantry. Load it once to try it, or from the shell's start-up file to keep it.`,
		Example: command.Examples(
			"try it in this bash", "source <(tenantry completion bash)",
			"keep it, for zsh", `tenantry completion zsh > "${fpath[1]}/_tenantry"`,
			"keep it, for fish", "tenantry completion fish > ~/.config/fish/completions/tenantry.fish",
			"try it in this PowerShell", "tenantry completion powershell | Out-String | Invoke-Expression"),
		ValidArgs: shells,
		Args:      command.Args(1, 1, "shell"),
		RunE: func(cmd *cobra.Command, args []string) error {
			root, out := cmd.Root(), f.Streams.Out
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(out, true)
			case "zsh":
				return root.GenZshCompletion(out)
			case "fish":
				return root.GenFishCompletion(out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(out)
			}
			return clierr.Usage("use bash, zsh, fish or powershell", "%q is not a shell this command knows", args[0])
		},
	}
}
