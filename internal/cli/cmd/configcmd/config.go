// Package configcmd is the command group "config".
package configcmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/config"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/output"
)

// New makes the group.
func New(f *factory.Factory) *cobra.Command {
	return command.Group(&cobra.Command{
		Use:   "config",
		Short: "The configuration",
		Long: `The configuration is one YAML file, tenantry.yaml, looked for in the current
directory and then in ~/.config/tenantry; --config names another. Every key can
be overridden by a TENANTRY_* variable. None is needed: flags, state and AZURE_*
variables are enough.`,
		Example: command.Examples("check the file in this directory", "tenantry config check"),
	}, newCheck(f))
}

// Setting is one key with its value.
type Setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

func newCheck(f *factory.Factory) *cobra.Command {
	var keys strings.Builder
	for _, k := range config.Keys() {
		fmt.Fprintf(&keys, "  %-28s %s\n", k.Name, k.Doc)
	}
	return &cobra.Command{
		Use:   "check",
		Short: "Check the configuration and the variables that override it",
		Long: `Check tenantry.yaml and the TENANTRY_* variables, tell of every problem with
its line, and print the settings that result. Nothing is sent anywhere, and no
secret is read: keys that lead to one hold a reference.

The keys:
` + keys.String() + `
A key is overridden by TENANTRY_ and its name in capitals with _ for the dots,
such as TENANTRY_APP_CLIENT_ID.`,
		Example: command.Examples(
			"check the file in this directory", "tenantry config check",
			"check another file", "tenantry config check --config /etc/tenantry/tenantry.yaml"),
		Args: command.NoArgs,
		RunE: func(*cobra.Command, []string) error { return check(f) },
	}
}

func check(f *factory.Factory) error {
	c, err := f.Config()
	if err != nil {
		return err
	}
	for _, name := range config.UnknownEnv(f.Environ, f.KnownEnv()...) {
		f.Streams.Notef("note: %s overrides no key", name)
	}
	if c.Path == "" {
		f.Streams.Notef("no %s was found; these are the settings of the environment", config.FileName)
	} else {
		f.Streams.Notef("%s is in order", c.Path)
	}
	settings := []Setting{}
	rows := [][]string{}
	for _, k := range config.Keys() {
		if v := k.Get(c); v != "" {
			settings = append(settings, Setting{Key: k.Name, Value: v})
			rows = append(rows, []string{k.Name, v})
		}
	}
	return f.Print(output.Result{Doc: settings, Columns: []string{"KEY", "VALUE"}, Rows: rows})
}
