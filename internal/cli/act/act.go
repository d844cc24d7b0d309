// Package act is what commands share that change a customer's tenant: who
// confirms it and who carries it out; and the flags of those that act on
// machines and indicators.
package act

import (
	"context"
	"os/user"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/explain"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/respond"
)

// OutcomePlanned is the outcome of --dry-run: nothing was sent and no record kept.
const OutcomePlanned = "planned"

// Remarks are what a write printed as JSON tells besides its outcome: detail
// in any case, code and next when it was not done. A program that reads stdout
// alone has to see from it that a write is uncertain, and what to do then.
type Remarks struct {
	Code   string `json:"code,omitempty"`
	Detail string `json:"detail,omitempty"`
	Next   string `json:"next,omitempty"`
}

// RemarksOn puts the error of a write into words.
func RemarksOn(err error) Remarks {
	x := explain.Error(err)
	return Remarks{Code: x.Code, Detail: x.Message, Next: x.Next}
}

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
	return Confirmable(f, o.DryRun || o.Yes)
}

// Confirmable refuses a write that nobody could confirm, unless it is free of
// that, and an output that could not be printed: both before anything is asked.
func Confirmable(f *factory.Factory, free bool) error {
	if !free && !f.Streams.CanAsk() {
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
	return Confirm(ctx, f, question)
}

// Confirm asks the person. Anything but yes is an error.
func Confirm(ctx context.Context, f *factory.Factory, question string) error {
	yes, err := f.Streams.Confirm(ctx, question)
	switch {
	case err != nil:
		return err
	case !yes:
		return clierr.Failed("", "nothing was changed")
	}
	return nil
}

// Runner carries out plans and keeps the audit in the state.
func Runner(ctx context.Context, f *factory.Factory) (*respond.Runner, error) {
	store, err := f.Store(ctx)
	if err != nil {
		return nil, err
	}
	return &respond.Runner{Store: store, Now: f.Now, Actor: actor(f)}, nil
}

// actor is who runs this, for the audit.
func actor(f *factory.Factory) string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	if name := f.Getenv("USER"); name != "" {
		return name
	}
	return f.Getenv("USERNAME")
}
