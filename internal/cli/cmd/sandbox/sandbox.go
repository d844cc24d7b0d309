// Package sandbox is the command group "sandbox".
package sandbox

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	box "github.com/tenantry/tenantry/sandbox"
	"github.com/tenantry/tenantry/sandbox/world"
)

// New makes the group.
func New(f *factory.Factory) *cobra.Command {
	return command.Group(&cobra.Command{
		Use:   "sandbox",
		Short: "Microsoft's side, pretended, for tests and development",
		Long: `The sandbox stands in for Microsoft on the wire: sign-in and consent pages,
tokens, Microsoft Graph, the APIs of Defender XDR and of Defender for Endpoint,
under Microsoft's own host names, over TLS with a certification authority of its
own. Programs in any language work against it unmodified, Microsoft's own SDKs
among them.

What is changed stays changed: a consent is in the next token, a new secret
works after a moment, an update is in the next answer. Microsoft's limits of
calls hold, and what can go wrong goes wrong when it is asked to.

What it pretends exists is a world: tenants, users, apps, consents, incidents.
The default world has a partner and a dozen customers in different conditions.`,
		Example: command.Examples(
			"keep one running", "tenantry sandbox serve",
			"run a program against it", "tenantry sandbox exec -- python3 partner.py",
			"a world of your own", "tenantry sandbox world init world.yaml",
			"what it was asked", "tenantry sandbox journal summary"),
	}, newServe(f), newExec(f), newWorld(f), newFaults(f), newJournal(f), newReset(f))
}

// defaultDir is where serve keeps its keys, and where exec looks for a running
// sandbox, when --dir is not given.
func defaultDir(f *factory.Factory) (string, error) {
	dir, err := f.StateDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "sandbox"), nil
}

// load builds the world of a file, or the default one.
func load(path string, now func() time.Time) (*world.World, *world.Spec, error) {
	spec := world.Default()
	if path != "" {
		var err error
		if spec, err = world.LoadFile(path, box.WorldOptions()...); err != nil {
			return nil, nil, worldError(path, err)
		}
	}
	w, err := spec.Build(now)
	if err != nil {
		return nil, nil, worldError(path, err)
	}
	return w, spec, nil
}

func worldError(path string, err error) error {
	if path == "" {
		return fmt.Errorf("build the default world: %w", err)
	}
	return clierr.Usage("tenantry sandbox world init shows a world with every key explained", "the world %s cannot be used\n%v", path, err).Because(err)
}
