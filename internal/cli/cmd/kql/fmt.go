package kql

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/output"
	"github.com/tenantry/tenantry/kql/syntax"
)

type fmtOptions struct {
	check bool
	write bool
}

func newFmt(f *factory.Factory) *cobra.Command {
	var o fmtOptions
	cmd := &cobra.Command{
		Use:   "fmt [FILE...]",
		Short: "Bring queries into the canonical layout",
		Long: fmt.Sprintf(`Bring queries into the canonical layout and print them. Without a file, or for
the file -, the query is read from stdin.

One operator stands on a line, and what does not fit into %d characters has one
element per line. Nothing but the layout changes: names, literals and comments
stay as they are, comments at their place; only old spellings of comparisons
become today's, such as != for <>. A second run changes nothing.

--check changes nothing and prints the files whose layout is another, one per
line, or as --output says; the exit code is 1 if there are any.
--write rewrites the files whose layout is another. All files are read first:
if one of them cannot be read, or is no query, no file is changed.

A file holds one query, in UTF-8; its statements are separated by semicolons.
An error in it is told with file, line and column, and the exit code is 1.`, syntax.PrintWidth),
		Example: command.Examples(
			"print a query in the canonical layout", "tenantry kql fmt hunt.kql",
			"rewrite all queries of a directory", "tenantry kql fmt --write queries/*.kql",
			"fail if a query is in another layout, in CI", "tenantry kql fmt --check queries/*.kql",
			"in an editor's filter", "tenantry kql fmt -"),
		Args: command.Args(0, -1, "file"),
		RunE: func(cmd *cobra.Command, args []string) error { return runFmt(cmd.Context(), f, o, args) },
	}
	cmd.Flags().BoolVar(&o.check, "check", false, "print the files whose layout is another, and exit with 1 if there are any")
	cmd.Flags().BoolVar(&o.write, "write", false, "rewrite the files in place")
	return cmd
}

// File is one file in the answer of --check.
type File struct {
	Name string `json:"file"`
}

// formatted is a source and what it becomes.
type formatted struct {
	source
	text string
}

func (f formatted) differs() bool { return string(f.data) != f.text }

func runFmt(ctx context.Context, f *factory.Factory, o fmtOptions, names []string) error {
	if o.check && o.write {
		return clierr.Usage("use --check to see what --write would rewrite", "--check changes nothing and --write does: only one of them can be given")
	}
	if len(names) == 0 {
		names = []string{stdin}
	}
	if o.write {
		for _, name := range names {
			if name == stdin {
				return clierr.Usage("name files, or leave out --write to have the result on stdout", "--write: stdin cannot be rewritten")
			}
		}
	}
	var all []formatted
	problems := newProblems(f.Streams)
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		src, err := read(f.Streams.In, name)
		if err != nil {
			return err
		}
		query, diagnostics := syntax.Parse(string(src.data))
		if len(diagnostics) > 0 {
			problems.tell(src, diagnostics)
			continue
		}
		text := syntax.Format(query)
		// A detection that means something else afterwards is worse than any
		// layout, so nobody has to trust the printer.
		if again, wrong := syntax.Parse(text); len(wrong) > 0 || !syntax.Equal(query, again) {
			return clierr.Failed("report this together with the query", "%s: the canonical layout would change the query, which is a mistake of this program; nothing was changed", src.name)
		}
		all = append(all, formatted{source: src, text: text})
	}
	switch {
	case o.check:
		return errorOr(problems.err(""), check(f, all))
	case problems.any() && o.write:
		return problems.err("no file was changed; ")
	case o.write:
		return write(ctx, f, all)
	}
	for _, q := range all {
		if _, err := io.WriteString(f.Streams.Out, q.text); err != nil {
			return err
		}
	}
	return problems.err("")
}

// errorOr returns the first error.
func errorOr(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// check prints the files whose layout is another.
func check(f *factory.Factory, all []formatted) error {
	files, rows := []File{}, [][]string{}
	for _, q := range all {
		if q.differs() {
			files = append(files, File{Name: q.name})
			rows = append(rows, []string{q.name})
		}
	}
	var err error
	if f.Flags.Output == "" && f.Flags.Query == "" {
		// Names alone, for xargs and for people.
		for _, file := range files {
			_, werr := fmt.Fprintln(f.Streams.Out, output.Clean(file.Name))
			err = errorOr(err, werr)
		}
	} else {
		err = f.Print(output.Result{Doc: files, Columns: []string{"FILE"}, Rows: rows})
	}
	if err != nil || len(files) == 0 {
		return err
	}
	return clierr.Failed("tenantry kql fmt --write rewrites them", "%s of %d not in the canonical layout", count(len(files), "is", "are"), len(all))
}

// write rewrites the files whose layout is another.
func write(ctx context.Context, f *factory.Factory, all []formatted) error {
	done := 0
	for _, q := range all {
		if !q.differs() {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := q.replace([]byte(q.text)); err != nil {
			f.Streams.Notef("%s rewritten before that", count(done, "file was", "files were"))
			return err
		}
		f.Streams.Progressf("rewritten: %s", q.name)
		done++
	}
	f.Streams.Notef("%s rewritten, %d in the canonical layout already", count(done, "file was", "files were"), len(all)-done)
	return nil
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
