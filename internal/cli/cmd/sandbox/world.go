package sandbox

import (
	"errors"
	"io/fs"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/output"
	"github.com/tenantry/tenantry/sandbox/world"
)

func newWorld(f *factory.Factory) *cobra.Command {
	return command.Group(&cobra.Command{
		Use:   "world",
		Short: "World files: what a sandbox pretends exists",
		Long: `A world file (YAML) declares tenants, users, apps with their credentials,
consents and incidents. It is read strictly: a wrong or unknown key is an error,
and all problems are told at once with their lines.`,
		Example: command.Examples(
			"start from the default world", "tenantry sandbox world init world.yaml",
			"check it after editing", "tenantry sandbox world check world.yaml",
			"let an editor check while you type", "tenantry sandbox world schema > world.schema.json"),
	}, newWorldInit(f), newWorldCheck(f), newWorldSchema(f))
}

func newWorldInit(f *factory.Factory) *cobra.Command {
	return &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write the default world to start from",
		Long: `Write the default world, with every key explained in comments, to FILE or, when
none is named, to stdout. A file that exists is never overwritten.`,
		Example: command.Examples("into a file", "tenantry sandbox world init world.yaml", "to read it", "tenantry sandbox world init | less"),
		Args:    command.Args(0, 1, "file"),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] == "-" {
				_, err := f.Streams.Out.Write(world.DefaultYAML())
				return err
			}
			file, err := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			if errors.Is(err, fs.ErrExist) {
				return clierr.Failed("name another file, or remove this one", "%s exists already", args[0]).Because(err)
			}
			if err != nil {
				return err
			}
			_, err = file.Write(world.DefaultYAML())
			if cerr := file.Close(); err == nil {
				err = cerr
			}
			if err != nil {
				return errors.Join(err, os.Remove(args[0]))
			}
			f.Streams.Notef("wrote %s; next: tenantry sandbox serve --world %s", args[0], args[0])
			return nil
		},
	}
}

// counts is what world check found.
type counts struct {
	File      string `json:"file"`
	Tenants   int    `json:"tenants"`
	Users     int    `json:"users"`
	Apps      int    `json:"apps"`
	Consents  int    `json:"consents"`
	Incidents int    `json:"incidents"`
}

func newWorldCheck(f *factory.Factory) *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE",
		Short: "Check a world file",
		Long: `Check a world file and everything it refers to, tell of every problem with its
line, and count what it declares. Exit code 2 when something is wrong.`,
		Example: command.Examples("check one", "tenantry sandbox world check world.yaml"),
		Args:    command.Args(1, 1, "file"),
		RunE: func(_ *cobra.Command, args []string) error {
			w, spec, err := load(args[0], f.Now)
			if err != nil {
				return err
			}
			c := counts{File: args[0], Tenants: len(spec.Tenants), Apps: len(spec.Apps), Consents: len(spec.Consents)}
			for _, t := range w.Tenants() {
				c.Users += len(t.Users)
				c.Incidents += len(w.Incidents(t.ID))
			}
			return f.Print(output.Result{
				Doc:     c,
				Columns: []string{"FILE", "TENANTS", "USERS", "APPS", "CONSENTS", "INCIDENTS"},
				Rows:    [][]string{{c.File, strconv.Itoa(c.Tenants), strconv.Itoa(c.Users), strconv.Itoa(c.Apps), strconv.Itoa(c.Consents), strconv.Itoa(c.Incidents)}},
			})
		},
	}
}

func newWorldSchema(f *factory.Factory) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of world files",
		Long: `Print the JSON Schema (draft 2020-12) of world files. Editors that know JSON
Schema check and complete a world file with it. tenantry sandbox world check
finds more: what a schema cannot say, such as references between the parts.`,
		Example: command.Examples("for an editor", "tenantry sandbox world schema > world.schema.json"),
		Args:    command.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := f.Streams.Out.Write(world.Schema())
			return err
		},
	}
}
