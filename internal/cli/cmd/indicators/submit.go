package indicators

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/access"
	"github.com/tenantry/tenantry/internal/cli/act"
	"github.com/tenantry/tenantry/internal/cli/change"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/each"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/filter"
	"github.com/tenantry/tenantry/internal/cli/moment"
	"github.com/tenantry/tenantry/internal/cli/selection"
	"github.com/tenantry/tenantry/respond"
)

// Submitted is what became of an indicator in one tenant.
type Submitted struct {
	each.Head
	Value     string                 `json:"indicatorValue"`
	Type      defender.IndicatorType `json:"indicatorType"`
	Outcome   string                 `json:"outcome"` // done, or planned with --dry-run
	Changes   []string               `json:"changes"`
	Indicator *defender.Indicator    `json:"indicator,omitempty"`
	AuditID   int64                  `json:"auditId,omitempty"`
}

type submitOptions struct {
	act.Flags
	sel         selection.Flags
	value       string
	kind        string
	action      string
	title       string
	description string
	severity    string
	recommend   string
	expires     string
	groups      []string
	alert       bool
}

func newSubmit(f *factory.Factory) *cobra.Command {
	var o submitOptions
	cmd := &cobra.Command{
		Use:   "submit VALUE",
		Short: "Submit an indicator to one, some or all tenants",
		Long: `Submit an indicator, or update the one with the same value and type that is
there. Each tenant is looked at first, so that you see where it is new and where
something changes; then you confirm, or --yes. Each tenant has an audit record of
its own, written before anything is sent, and a status of its own at the end;
what fails in one does not keep the others from it. Submitting again is safe.

The type is read from the value where only one can be meant: a SHA-1 of 40
digits could be a certificate's thumbprint, too, and is taken for a file's unless
--type says otherwise. Ranges of addresses are not supported by the service.

  action             what machines do
  audit              tell of it (raises an alert)
  warn               warn the user, who may go on
  block              block it
  blockAndRemediate  block it and remove it (files)
  allowed            let it pass

Needed is the application role Ti.ReadWrite of WindowsDefenderATP, or
Ti.ReadWrite.All.`,
		Example: command.Examples(
			"look what it would change", "tenantry indicators submit 203.0.113.7 --all --action block --comment 'campaign 12' --dry-run",
			"a file, for a month, with an alert", "tenantry indicators submit 881c0f10c75e64ec39d257a131fcd531f47dd2cff2070ae94baa347d375126fd --tenant contoso.com --action blockAndRemediate --alert --expires 30d --comment 'incident 29'"),
		Args: command.Args(1, 1, "value"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.value = args[0]
			return runSubmit(cmd.Context(), f, o)
		},
	}
	o.sel.Add(cmd)
	o.Add(cmd, "kept in the audit, and the indicator's description unless --description is given")
	fs := cmd.Flags()
	fs.StringVar(&o.action, "action", "", "`action`: "+filter.Or(defender.IndicatorActions())+" (required)")
	fs.StringVar(&o.kind, "type", "", "`type`: "+filter.Or(defender.IndicatorTypes())+"; left out: read from the value")
	fs.StringVar(&o.title, "title", "", "`title` of the indicator and its alerts (default: its value)")
	fs.StringVar(&o.description, "description", "", "description `text` (default: the comment)")
	fs.StringVar(&o.severity, "severity", "", "`severity` of its alerts: "+filter.Or(defender.IndicatorSeverities()))
	fs.StringVar(&o.recommend, "recommended-actions", "", "`text` for who reads its alerts")
	fs.StringVar(&o.expires, "expires", "", "when it ends: a `time` such as 30d, 2026-12-31 or 2026-12-31T00:00:00Z; left out: never")
	fs.StringSliceVar(&o.groups, "group", nil, "for machines of this device `group` only; repeat it for several")
	fs.BoolVar(&o.alert, "alert", false, "raise an alert where it is found; audit always does")
	return cmd
}

// parse makes the indicator of the flags and checks it.
func (o submitOptions) parse(now time.Time) (defender.Indicator, error) {
	i := defender.Indicator{
		Value: strings.TrimSpace(o.value), Title: o.title, Description: o.description, RecommendedActions: o.recommend, Groups: o.groups,
	}
	if i.Title == "" {
		i.Title = i.Value
	}
	if i.Description == "" {
		i.Description = o.Comment
	}
	var err error
	if i.Type, err = filter.Member("--type", "a type of indicator", defender.IndicatorTypes(), o.kind, filter.Among(defender.IndicatorTypes())); err != nil {
		return i, err
	}
	if i.Type == "" {
		if i.Type = typeOf(i.Value); i.Type == "" {
			return i, clierr.Usage("say what it is with --type: "+filter.Or(defender.IndicatorTypes()), "%q: it cannot be told what kind of indicator this is", o.value)
		}
	}
	if o.action == "" {
		return i, clierr.Usage("add --action with one of "+filter.Or(defender.IndicatorActions()), "--action is missing")
	}
	if i.Action, err = filter.Member("--action", "an action of an indicator", defender.IndicatorActions(), o.action, filter.Among(defender.IndicatorActions())); err != nil {
		return i, err
	}
	if i.Severity, err = filter.Member("--severity", "a severity", defender.IndicatorSeverities(), o.severity, filter.Among(defender.IndicatorSeverities())); err != nil {
		return i, err
	}
	if alert := o.alert || i.Action == defender.IndicatorAudit; alert {
		i.GenerateAlert = &alert
	}
	if i.Expires, err = ahead("--expires", o.expires, now); err != nil {
		return i, err
	}
	return i, i.Check(now)
}

// ahead reads a time to come: an age of moment.Parse counts forward.
func ahead(flag, s string, now time.Time) (time.Time, error) {
	t, err := moment.Parse(flag, s, now)
	if err != nil || t.IsZero() || strings.Contains(s, "-") { // dates have a dash, ages have none
		return t, err
	}
	return now.Add(now.Sub(t)), nil
}

// typeOf reads the type from a value; empty when it can be several, or none.
func typeOf(value string) defender.IndicatorType {
	hexadecimal := strings.Trim(strings.ToLower(value), "0123456789abcdef") == ""
	switch {
	case hexadecimal && len(value) == 64:
		return defender.IndicatorFileSHA256
	case hexadecimal && len(value) == 40:
		return defender.IndicatorFileSHA1
	case hexadecimal && len(value) == 32:
		return defender.IndicatorFileMD5
	case strings.Contains(value, "://"):
		return defender.IndicatorURL
	}
	if _, err := netip.ParseAddr(value); err == nil {
		return defender.IndicatorIP
	}
	if _, err := netip.ParsePrefix(value); err == nil {
		return defender.IndicatorIP // its check tells that ranges are not supported
	}
	if strings.Contains(value, ".") && !strings.ContainsAny(value, "/ \\") {
		return defender.IndicatorDomain
	}
	return ""
}

// target is one tenant that the indicator is submitted to.
type target struct {
	tenant  fleet.Tenant
	open    *access.Tenant
	changes []string
}

func runSubmit(ctx context.Context, f *factory.Factory, o submitOptions) error {
	if err := o.Check(f); err != nil {
		return err
	}
	i, err := o.parse(f.Now())
	if err != nil {
		return err
	}
	// Look first: what is there decides what the person confirms.
	looked, err := each.Through(ctx, f, o.sel, "auto", defender.OpSubmitIndicator, func(ctx context.Context, t fleet.Tenant, open *access.Tenant) ([]target, string, error) {
		changes, err := preview(ctx, open, i)
		if err != nil {
			return nil, "", err
		}
		return []target{{t, open, changes}}, open.Reason, nil
	})
	if err != nil {
		return err
	}
	targets := looked.Items()
	tell(f, o, i, targets)
	if o.DryRun || len(targets) == 0 {
		return finish(f, planned(i, targets), looked.Tenants, looked.Err(), looked.Summary)
	}
	if err := o.Confirm(ctx, f, question(i, targets)); err != nil {
		return err
	}
	runner, err := act.Runner(ctx, f)
	if err != nil {
		return err
	}
	return submit(ctx, f, o, i, runner, looked, targets)
}

// preview tells what submitting would change in a tenant.
func preview(ctx context.Context, open *access.Tenant, i defender.Indicator) ([]string, error) {
	found, err := access.Again(ctx, open, func() (*defender.Indicator, error) {
		for have, err := range open.Client().Indicators().All(ctx, defender.IndicatorListOptions{Value: i.Value, Type: []defender.IndicatorType{i.Type}}) {
			if err != nil {
				return nil, err
			}
			if strings.EqualFold(have.Value, i.Value) && have.Type == i.Type {
				return have, nil
			}
		}
		return nil, nil
	})
	switch {
	case err != nil:
		return nil, err
	case found == nil:
		return []string{fmt.Sprintf("new: %s %s %s", i.Action, i.Type, i.Value)}, nil
	}
	changes := []string{}
	compare := func(field, old, to string) {
		if old != to {
			changes = append(changes, fmt.Sprintf("%s: %s → %s", field, cmp.Or(old, change.None), cmp.Or(to, change.None)))
		}
	}
	compare("action", string(found.Action), string(i.Action))
	compare("severity", found.Severity, i.Severity)
	compare("expirationTime", moment.Stamp(found.Expires), moment.Stamp(i.Expires))
	compare("generateAlert", truth(found.GenerateAlert), truth(i.GenerateAlert))
	compare("title", found.Title, i.Title)
	compare("description", found.Description, i.Description)
	compare("recommendedActions", found.RecommendedActions, i.RecommendedActions)
	compare("rbacGroupNames", strings.Join(found.Groups, ", "), strings.Join(i.Groups, ", "))
	return append([]string{fmt.Sprintf("update of indicator %s", found.ID)}, changes...), nil
}

func truth(b *bool) string {
	if b != nil && *b {
		return "true"
	}
	return "false"
}

func tell(f *factory.Factory, o submitOptions, i defender.Indicator, targets []target) {
	f.Streams.Notef("indicator %s %s: %s", i.Type, i.Value, i.Action)
	if i.Expires.IsZero() {
		f.Streams.Notef("  it does not expire")
	} else {
		f.Streams.Notef("  until %s", moment.Stamp(i.Expires))
	}
	f.Streams.Notef("  comment: %s", o.Comment)
	for _, t := range targets {
		f.Streams.Notef("%s: %s", t.tenant.Place(), strings.Join(t.changes, "; "))
	}
}

func question(i defender.Indicator, targets []target) string {
	if len(targets) == 1 {
		return fmt.Sprintf("Submit %s %s (%s) to %s?", i.Type, i.Value, i.Action, targets[0].tenant.Place())
	}
	return fmt.Sprintf("Submit %s %s (%s) to these %d tenants?", i.Type, i.Value, i.Action, len(targets))
}

func planned(i defender.Indicator, targets []target) []Submitted {
	out := make([]Submitted, 0, len(targets))
	for _, t := range targets {
		out = append(out, Submitted{Head: each.HeadOf(t.tenant), Value: i.Value, Type: i.Type, Outcome: act.OutcomePlanned, Changes: t.changes})
	}
	return out
}

// submit carries it out in the tenants that could be looked at; the others
// keep the failure they had then.
func submit(ctx context.Context, f *factory.Factory, o submitOptions, i defender.Indicator, runner *respond.Runner, looked each.Report[target], targets []target) error {
	parallel, err := f.Parallel()
	if err != nil {
		return err
	}
	var tenants []fleet.Tenant
	byID := map[string]target{}
	for _, t := range targets {
		tenants = append(tenants, t.tenant)
		byID[string(t.tenant.ID)] = t
	}
	report, err := each.Run(ctx, tenants, parallel, func(ctx context.Context, t fleet.Tenant) ([]Submitted, string, error) {
		at := byID[string(t.ID)]
		plan := respond.Plan{Tenant: t.ID, TenantName: t.Label(), Target: i.Value, TargetName: i.Title, Comment: o.Comment, Reason: o.Reason, Changes: at.changes}
		var res respond.Result
		out, err := access.Again(ctx, at.open, func() (out *defender.Indicator, err error) {
			out, res, err = runner.SubmitIndicator(ctx, at.open.Client(), plan, i)
			return out, err
		})
		if err != nil {
			return nil, "", unfinished(ctx, err, t, i, res)
		}
		return []Submitted{{Head: each.HeadOf(t), Value: i.Value, Type: i.Type, Outcome: string(res.Outcome), Changes: at.changes, Indicator: out, AuditID: res.AuditID}}, at.open.Reason, nil
	})
	report = joined(report, looked)
	end := report.Err()
	if err != nil && report.Failed() > 0 {
		// What was sent by then is told all the same.
		end = &clierr.Exit{Code: clierr.CodeInterrupted}
	}
	return finish(f, report.Items(), report.Tenants, end, report.Summary)
}

// unfinished puts the command to type into an error that calls for one, and
// tells what was interrupted before anything was sent.
func unfinished(ctx context.Context, err error, t fleet.Tenant, i defender.Indicator, res respond.Result) error {
	if e, ok := errors.AsType[*defender.UncertainError](err); ok {
		return &defender.UncertainError{Surface: e.Surface, Operation: e.Operation, Target: e.Target, Err: e.Err,
			Check: fmt.Sprintf("tenantry indicators list --tenant %s --value %s tells whether it is there; submitting it again is safe (audit record %d).",
				command.Quote(t.Label()), command.Quote(i.Value), res.AuditID)}
	}
	if ctx.Err() != nil && res.AuditID == 0 {
		return clierr.NotBegun()
	}
	return err
}

// joined adds what failed while looking to the account of submitting.
func joined(report each.Report[Submitted], looked each.Report[target]) each.Report[Submitted] {
	for n, o := range looked.Outcomes {
		if o.Err != nil {
			report.Failure(looked.Tenants[n], o.Err)
		}
	}
	return report
}
