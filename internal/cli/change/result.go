package change

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/explain"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/output"
)

// Outcome is what became of one change: one of the audit's outcomes, or one of
// those below, of which nothing was sent and no record kept.
type Outcome string

// Outcomes without an effect.
const (
	OutcomePlanned   Outcome = "planned"   // --dry-run: it would be made
	OutcomeUnchanged Outcome = "unchanged" // it is so already
)

// Result is what became of one of the things to change.
type Result struct {
	TenantID   string           `json:"tenantId"`
	TenantName string           `json:"tenantName,omitempty"`
	Surface    defender.Surface `json:"surface"`
	ID         string           `json:"id"`
	Name       string           `json:"displayName,omitempty"`
	Outcome    Outcome          `json:"outcome"`
	Changes    []Field          `json:"changes"`
	Differs    []Difference     `json:"differs,omitempty"`
	LastUpdate time.Time        `json:"lastUpdateDateTime,omitzero"` // afterwards
	AuditID    int64            `json:"auditId,omitempty"`
	Code       string           `json:"code,omitempty"`
	Detail     string           `json:"detail,omitempty"`
	Next       string           `json:"next,omitempty"`

	shown, before time.Time
	exit          int
}

// Field is one field that changes.
type Field struct {
	Field string `json:"field"` // Microsoft Graph's name
	Old   string `json:"old"`
	New   string `json:"new"`
}

// Difference is a field that the service, though it reported success, tells
// otherwise than it was written.
type Difference struct {
	Field   string `json:"field"`
	Written string `json:"written"`
	Told    string `json:"told"`
}

func fields(list []defender.FieldChange) []Field {
	out := make([]Field, 0, len(list)) // never null in JSON
	for _, c := range list {
		out = append(out, Field(c))
	}
	return out
}

func (r *Result) take(w *Written) {
	r.Name, r.Changes, r.LastUpdate = w.Name, fields(w.Changes), w.After
	for _, d := range w.Differs {
		r.Differs = append(r.Differs, Difference{Field: d.Field, Written: d.New, Told: d.Old})
	}
}

// fail tells why it was not, or not wholly, changed.
func (r *Result) fail(j Job, err error) *Result {
	x := explain.Error(err)
	r.Code, r.Detail, r.Next, r.exit = x.Code, x.Message, x.Next, x.Exit
	if r.Changes == nil {
		r.Changes = []Field{}
	}
	tenant := command.Quote(j.Tenant.Label())
	var (
		conflict  *defender.ConflictError
		merged    *defender.MergedError
		uncertain *defender.UncertainError
	)
	switch {
	case errors.As(err, &conflict):
		r.Outcome = Outcome(fleet.AuditRefused)
		r.Next = fmt.Sprintf("tenantry %s %s --tenant %s shows it as it is now; then decide anew, or add --force", j.Show, r.ID, tenant)
	case errors.As(err, &merged):
		r.Outcome = Outcome(fleet.AuditRefused)
		if merged.Target != "" {
			r.Next = fmt.Sprintf("change incident %s instead: tenantry %s %s --tenant %s", merged.Target, j.Show, merged.Target, tenant)
		}
	case errors.As(err, &uncertain):
		r.Outcome = Outcome(fleet.AuditUncertain)
		r.Next = fmt.Sprintf("do not repeat it blindly: tenantry %s %s --tenant %s tells whether it was made", j.Show, r.ID, tenant)
	case r.Outcome == "" || r.Outcome == OutcomePlanned:
		r.Outcome = Outcome(fleet.AuditFailed)
	}
	return r
}

// tell writes what is about to be changed, for who confirms it.
func tell(f *factory.Factory, j Job, list []*Result) {
	for _, r := range list {
		if r.Outcome != OutcomePlanned {
			continue
		}
		f.Streams.Notef("%s %s of %s: %s", j.Noun, r.ID, j.Tenant.Label(), r.Name)
		for _, c := range r.Changes {
			f.Streams.Notef("  %s", sentence(c))
		}
		switch {
		case !j.Compared:
		case r.shown.IsZero():
			f.Streams.Notef("  it has not been shown before, so that changes made by others go unnoticed")
		case !same(r.shown, r.before):
			f.Streams.Notef("  it was updated %s, after it was shown: forced", r.before.UTC().Format(time.RFC3339))
		}
	}
}

// None stands for an empty value.
const None = "(none)"

// sentence is a change in words.
func sentence(c Field) string {
	if c.Field == "comment" || c.Field == "comments" {
		return "comment: " + c.New
	}
	return fmt.Sprintf("%s: %s → %s", c.Field, cmp.Or(c.Old, None), cmp.Or(c.New, None))
}

// finish prints what became of all of them and chooses how the command ends.
func finish(ctx context.Context, f *factory.Factory, j Job, list []*Result) error {
	rows := make([][]string, 0, len(list))
	for _, r := range list {
		var changed []string
		for _, c := range r.Changes {
			changed = append(changed, sentence(c))
		}
		what := strings.Join(changed, "; ")
		if what == "" {
			what = r.Code
		}
		rows = append(rows, []string{r.TenantName, r.ID, string(r.Outcome), what, r.Name})
	}
	err := f.Print(output.Result{
		Doc: list, Columns: []string{"TENANT", "ID", "OUTCOME", "CHANGES", strings.ToUpper(j.Noun)}, Rows: rows,
		Give: output.Give{Cut: []output.Limit{{Column: strings.ToUpper(j.Noun), Width: 12}, {Column: "CHANGES", Width: 16}, {Column: "TENANT", Width: 12}}},
	})
	if err != nil {
		return err
	}
	failed := 0
	for _, r := range list {
		for _, d := range r.Differs {
			f.Streams.Notef("note: %s %s: %s was written as %s, and the service tells %s", j.Noun, r.ID, d.Field, cmp.Or(d.Written, None), cmp.Or(d.Told, None))
		}
		if r.Detail == "" {
			continue
		}
		failed++
		f.Streams.Notef("%s %s, %s: %s", j.Noun, r.ID, r.Outcome, r.Detail)
		if r.Next != "" {
			f.Streams.Notef("  next: %s", r.Next)
		}
	}
	return end(ctx, list, failed)
}

func end(ctx context.Context, list []*Result, failed int) error {
	switch {
	case failed == 0:
		return nil
	case ctx.Err() != nil:
		return &clierr.Exit{Code: clierr.CodeInterrupted}
	case failed < len(list):
		return clierr.Partial()
	}
	code := list[0].exit
	for _, r := range list {
		if r.exit != code {
			code = clierr.CodeFailed
		}
	}
	return &clierr.Exit{Code: code}
}

func onlyOne(tenant entra.TenantID, s fleet.Seen) map[entra.TenantID][]fleet.Seen {
	return map[entra.TenantID][]fleet.Seen{tenant: {s}}
}
