// Package act is what commands share that act on machines and indicators: the
// flags of a write, its confirmation, and who carries it out.
package act

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/change"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/respond"
)

// OutcomePlanned is the outcome of --dry-run: nothing was sent and no record kept.
const OutcomePlanned = "planned"

// Flags are those of every command that acts.
type Flags struct {
	Comment string
	Reason  string
	DryRun  bool
	Yes     bool
}

// Add declares the flags. comment says what becomes of the comment.
func (o *Flags) Add(cmd *cobra.Command, comment string) {
	fs := cmd.Flags()
	fs.StringVar(&o.Comment, "comment", "", "`text` that says why; "+comment+" (required)")
	fs.StringVar(&o.Reason, "reason", "", "`text` for your own audit; the customer does not see it")
	fs.BoolVar(&o.DryRun, "dry-run", false, "look and tell what would be done, and do nothing")
	fs.BoolVar(&o.Yes, "yes", false, "do not ask for confirmation")
}

// Check refuses what cannot be carried out, before anything is asked.
func (o *Flags) Check(f *factory.Factory) error {
	if strings.TrimSpace(o.Comment) == "" {
		return clierr.Usage("add --comment 'why this is done'", "--comment is missing: what is done to a customer's tenant needs a reason")
	}
	if !o.DryRun && !o.Yes && !f.Streams.CanAsk() {
		return clierr.Usage("look with --dry-run, then add --yes", "this changes a customer's tenant, and nobody is there to confirm it")
	}
	_, err := f.Printer()
	return err
}

// Confirm asks the person unless --yes was given. Anything but yes is an error.
func (o *Flags) Confirm(ctx context.Context, f *factory.Factory, question string) error {
	if o.Yes {
		return nil
	}
	yes, err := f.Streams.Confirm(ctx, question)
	switch {
	case err != nil:
		return err
	case !yes:
		return clierr.Failed("", "nothing was done")
	}
	return nil
}

// Runner carries out plans and keeps the audit in the state.
func Runner(ctx context.Context, f *factory.Factory) (*respond.Runner, error) {
	store, err := f.Store(ctx)
	if err != nil {
		return nil, err
	}
	return &respond.Runner{Store: store, Now: f.Now, Actor: change.Actor(f)}, nil
}
