package respond_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/respond"
)

// The record is there before the effect, and finished after it.
func TestRun(t *testing.T) {
	r := newRig(t)
	p := respond.Plan{Kind: respond.KindIncidentUpdate, Tenant: contoso, TenantName: "Contoso", Surface: defender.SurfaceGraph, Target: "29",
		TargetName: "Ransomware", Reason: "case 7", Changes: []string{"status: active → resolved"}}
	res, err := r.runner.Run(t.Context(), p, func(context.Context) (respond.Receipt, error) {
		want := fleet.AuditRecord{ID: 1, Kind: "incident.update", Tenant: contoso, TenantName: "Contoso", Surface: defender.SurfaceGraph, Target: "29", TargetName: "Ransomware",
			Reason: "case 7", Changes: []string{"status: active → resolved"}, Actor: "bob", Started: start()}
		if diff := cmp.Diff([]fleet.AuditRecord{want}, r.audit(t)); diff != "" {
			t.Errorf("before the effect: -want +got:\n%s", diff)
		}
		r.advance(time.Second)
		return respond.Receipt{ServiceIDs: []string{"29"}, Detail: "both written"}, nil
	})
	if err != nil || res.Outcome != fleet.AuditDone || res.AuditID != 1 {
		t.Errorf("%+v, %v", res, err)
	}
	got := r.audit(t)[0]
	if got.Outcome != fleet.AuditDone || !got.Finished.Equal(start().Add(time.Second)) || !cmp.Equal(got.ServiceIDs, []string{"29"}) || got.Detail != "both written" {
		t.Errorf("after the effect: %+v", got)
	}
}

func TestPlanIsChecked(t *testing.T) {
	good := func() respond.Plan {
		return respond.Plan{Kind: respond.KindScan, Tenant: contoso, Target: "m1", Comment: "why"}
	}
	for _, c := range []struct {
		field  string
		change func(*respond.Plan)
	}{
		{"kind", func(p *respond.Plan) { p.Kind = "" }},
		{"kind", func(p *respond.Plan) { p.Kind = "explode" }},
		{"tenant", func(p *respond.Plan) { p.Tenant = "" }},
		{"tenant", func(p *respond.Plan) { p.Tenant = "contoso.com" }},
		{"tenant", func(p *respond.Plan) { p.Tenant = entra.TenantID(strings.ToUpper(contoso)) }},
		{"target", func(p *respond.Plan) { p.Target = "" }},
		{"comment", func(p *respond.Plan) { p.Comment = " \n" }},
		{"comment", func(p *respond.Plan) { p.Comment = strings.Repeat("ä", respond.MaxComment+1) }},
		{"comment", func(p *respond.Plan) { p.Comment = "\x1b]0;owned\a" }},
		{"comment", func(p *respond.Plan) { p.Comment = "\xff" }},
	} {
		r := newRig(t)
		p := good()
		c.change(&p)
		_, err := r.runner.Run(t.Context(), p, func(context.Context) (respond.Receipt, error) {
			t.Errorf("plan %+v was carried out", p)
			return respond.Receipt{}, nil
		})
		if e, ok := errors.AsType[*respond.PlanError](err); !ok || e.Field != c.field || e.Next() == "" || len(r.audit(t)) != 0 {
			t.Errorf("%+v: error %v, want a PlanError of %s and no record", p, err, c.field)
		}
	}
	for _, k := range respond.Kinds() {
		p := good()
		p.Kind = k
		if err := p.Check(); err != nil {
			t.Errorf("%s: %v", k, err)
		}
		p.Comment = ""
		if err := p.Check(); (err != nil) != k.NeedsComment() {
			t.Errorf("%s without a comment: %v", k, err)
		}
	}
	p := good()
	p.Comment = strings.Repeat("ä", respond.MaxComment-2) + "\n\t"
	if err := p.Check(); err != nil {
		t.Errorf("a comment of the longest: %v", err)
	}
}

// failing is a store that fails where it is told to.
type failing struct {
	respond.Store
	append, finish error
}

func (f failing) AppendAudit(ctx context.Context, r fleet.AuditRecord) (int64, error) {
	if f.append != nil {
		return 0, f.append
	}
	return f.Store.AppendAudit(ctx, r)
}

func (f failing) FinishAudit(ctx context.Context, id int64, res fleet.AuditResult) error {
	if f.finish != nil {
		return f.finish
	}
	return f.Store.FinishAudit(ctx, id, res)
}

// Without a record there is no effect.
func TestNoEffectWithoutARecord(t *testing.T) {
	r := newRig(t)
	full := errors.New("the disk is full")
	r.runner.Store = failing{Store: r.store, append: full}
	_, _, err := r.isolate(t.Context(), "why")
	if e, ok := errors.AsType[*respond.AuditError](err); !ok || !e.Before || !errors.Is(err, full) || e.Next() == "" {
		t.Errorf("error %v", err)
	}
	_, _, err = r.runner.Scan(t.Context(), r.client, plan("why"), defender.ScanQuick)
	if !errors.Is(err, full) || len(r.posted()) != 0 {
		t.Errorf("error %v, posted %v", err, r.posted())
	}
}

// A record that cannot be finished is told, with what the effect was.
func TestRecordCannotBeFinished(t *testing.T) {
	r := newRig(t)
	full, refused := errors.New("the disk is full"), &defender.Error{Status: 403, Code: "Forbidden"}
	r.runner.Store = failing{Store: r.store, finish: full}
	for _, effect := range []error{nil, refused} {
		res, err := r.runner.Run(t.Context(), respond.Plan{Kind: respond.KindScan, Tenant: contoso, Target: "m1", Comment: "c"},
			func(context.Context) (respond.Receipt, error) { return respond.Receipt{}, effect })
		e, ok := errors.AsType[*respond.AuditError](err)
		if !ok || e.Before || !errors.Is(err, full) || e.AuditID != res.AuditID || e.Outcome != res.Outcome || e.Next() == "" {
			t.Errorf("error %v, result %+v", err, res)
		}
		if effect != nil && !errors.Is(err, effect) {
			t.Errorf("error %v does not hold what went wrong itself", err)
		}
	}
}

// Ctrl-C during the effect does not leave the record open.
func TestRecordIsFinishedAfterCancel(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := r.runner.Run(ctx, respond.Plan{Kind: respond.KindScan, Tenant: contoso, Target: "m1", Comment: "c"},
		func(ctx context.Context) (respond.Receipt, error) {
			cancel()
			return respond.Receipt{}, &defender.UncertainError{Err: ctx.Err()}
		})
	if !errors.Is(err, context.Canceled) || outcomes(r.audit(t)) != "uncertain" {
		t.Errorf("error %v, audit %q", err, outcomes(r.audit(t)))
	}
	_, err = r.runner.Run(ctx, respond.Plan{Kind: respond.KindScan, Tenant: contoso, Target: "m1", Comment: "c"},
		func(context.Context) (respond.Receipt, error) {
			t.Error("an effect after the end")
			return respond.Receipt{}, nil
		})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// A panic of the effect leaves no open record.
func TestRecordAfterPanic(t *testing.T) {
	r := newRig(t)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_, _ = r.runner.Run(t.Context(), plan2(), func(context.Context) (respond.Receipt, error) { panic("broken") })
	}()
	if got := outcomes(r.audit(t)); got != "uncertain" {
		t.Errorf("audit %q", got)
	}
}

func plan2() respond.Plan {
	return respond.Plan{Kind: respond.KindScan, Tenant: contoso, Target: "m1", Comment: "c"}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		err  error
		want fleet.AuditOutcome
		code string
	}{
		{nil, fleet.AuditDone, ""},
		{&defender.Error{Operation: defender.OpIsolateMachine, Status: 403, Code: "Forbidden"}, fleet.AuditRefused, "Forbidden"},
		{&defender.Error{Operation: defender.OpIsolateMachine, Status: 429}, fleet.AuditRefused, "HTTP429"},
		{&defender.Error{Operation: defender.OpIsolateMachine, Status: 408}, fleet.AuditUncertain, "HTTP408"},
		{&defender.Error{Operation: defender.OpIsolateMachine, Status: 302}, fleet.AuditUncertain, "HTTP302"},
		{&defender.Error{Operation: defender.OpUpdateIncident, Status: 500, Code: "InternalServerError"}, fleet.AuditUncertain, "InternalServerError"},
		{&defender.Error{Operation: defender.OpGetIncident, Status: 500, Code: "InternalServerError"}, fleet.AuditFailed, "InternalServerError"},
		{&defender.UncertainError{Operation: defender.OpScanMachine, Err: &defender.Error{Status: 400}}, fleet.AuditUncertain, "uncertain"},
		{&defender.TransportError{Operation: defender.OpScanMachine}, fleet.AuditFailed, "not-sent"},
		{&defender.TransportError{Operation: defender.OpScanMachine, Sent: true}, fleet.AuditUncertain, "no-answer"},
		{&defender.TransportError{Operation: defender.OpGetAlert, Sent: true}, fleet.AuditFailed, "not-sent"},
		{&defender.BodyError{Operation: defender.OpUpdateAlert, Problem: defender.BodyHTML}, fleet.AuditUncertain, "html"},
		{&defender.BodyError{Operation: defender.OpListActions, Problem: defender.BodyTruncated}, fleet.AuditFailed, "truncated"},
		{&defender.ConflictError{}, fleet.AuditRefused, "changed-meanwhile"},
		{&defender.MergedError{}, fleet.AuditRefused, "merged"},
		{&defender.PartialUpdateError{Err: &defender.UncertainError{Err: errors.New("x")}}, fleet.AuditPartial, "partial"},
		{&defender.OptionError{}, fleet.AuditFailed, "option"},
		{&defender.WaitError{}, fleet.AuditFailed, "wait"},
		{&defender.PagingError{}, fleet.AuditFailed, "paging"},
		{&defender.NoRoleError{}, fleet.AuditFailed, "role"},
		{&entra.Error{Code: 7000229}, fleet.AuditFailed, "AADSTS7000229"},
		{&entra.ConnectionError{Err: errors.New("x")}, fleet.AuditFailed, "token"},
		{&respond.AlreadyIsolatingError{Record: &fleet.AuditRecord{}}, fleet.AuditRefused, "refused-here"},
		{errors.New("something new"), fleet.AuditUncertain, "unknown"},
	} {
		for _, err := range []error{c.err, wrapped(c.err)} {
			if got, code := respond.Judge(err); got != c.want || code != c.code {
				t.Errorf("%T %v: %s %s, want %s %s", c.err, c.err, got, code, c.want, c.code)
			}
		}
	}
}

func wrapped(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("about it: %w", err)
}

// Every effect on the endpoint is recorded with what the service gave.
func TestEndpointEffects(t *testing.T) {
	for _, c := range []struct {
		kind respond.Kind
		run  func(r *rig) (respond.Result, error)
		post string
	}{
		{respond.KindScan, func(r *rig) (respond.Result, error) {
			_, res, err := r.runner.Scan(context.Background(), r.client, plan("why"), defender.ScanFull)
			return res, err
		}, "/api/machines/" + machine + "/runAntiVirusScan"},
		{respond.KindCollect, func(r *rig) (respond.Result, error) {
			_, res, err := r.runner.Collect(context.Background(), r.client, plan("why"))
			return res, err
		}, "/api/machines/" + machine + "/collectInvestigationPackage"},
		{respond.KindCancel, func(r *rig) (respond.Result, error) {
			p := plan("why")
			p.Target = "action-9"
			_, res, err := r.runner.Cancel(context.Background(), r.client, p)
			return res, err
		}, "/api/machineactions/action-9/cancel"},
		{respond.KindIndicatorDelete, func(r *rig) (respond.Result, error) {
			p := plan("why")
			p.Target = "7"
			return r.runner.DeleteIndicator(context.Background(), r.client, p)
		}, "/api/indicators/7"},
		{respond.KindIndicatorSubmit, func(r *rig) (respond.Result, error) {
			p := plan("why")
			p.Target = ""
			_, res, err := r.runner.SubmitIndicator(context.Background(), r.client, p, defender.Indicator{
				Value: "evil.example", Type: defender.IndicatorDomain, Action: defender.IndicatorBlock, Title: "t", Description: "d"})
			return res, err
		}, "/api/indicators"},
	} {
		r := newRig(t)
		res, err := c.run(r)
		records := r.audit(t)
		if err != nil || len(records) != 1 || records[0].Kind != string(c.kind) || records[0].Outcome != fleet.AuditDone || len(records[0].ServiceIDs) != 1 ||
			records[0].Surface != defender.SurfaceMDE || records[0].Target == "" || res.AuditID != records[0].ID {
			t.Errorf("%s: %+v, %v; audit %+v", c.kind, res, err, records)
		}
		if !slices.Equal(r.posted(), []string{c.post}) {
			t.Errorf("%s: posted %v, want %s", c.kind, r.posted(), c.post)
		}
	}
}
