package respond

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
)

// Judge reads from an effect's error what became of it, and a machine-readable
// reason for the audit. No error is done. A refusal by the service is refused;
// what failed before anything was sent that changes something is failed. All
// else is uncertain: errors that are not known here do not pass for harmless.
//
// An error of another package can say for itself by a method
// AuditOutcome() fleet.AuditOutcome.
func Judge(err error) (fleet.AuditOutcome, string) {
	if err == nil {
		return fleet.AuditDone, ""
	}
	var own interface{ AuditOutcome() fleet.AuditOutcome }
	if errors.As(err, &own) {
		return own.AuditOutcome(), "refused-here"
	}
	if outcome, code, ok := judgeUpdate(err); ok {
		return outcome, code
	}
	if is[*defender.UncertainError](err) {
		return fleet.AuditUncertain, "uncertain"
	}
	if e, ok := errors.AsType[*defender.Error](err); ok {
		code := e.Code
		if code == "" {
			code = "HTTP" + strconv.Itoa(e.Status)
		}
		switch {
		case e.Status >= 400 && e.Status < 500 && e.Status != http.StatusRequestTimeout:
			return fleet.AuditRefused, code
		case reads(e.Operation):
			return fleet.AuditFailed, code
		}
		return fleet.AuditUncertain, code
	}
	if e, ok := errors.AsType[*defender.TransportError](err); ok {
		if !e.Sent || reads(e.Operation) {
			return fleet.AuditFailed, "not-sent"
		}
		return fleet.AuditUncertain, "no-answer"
	}
	if e, ok := errors.AsType[*defender.BodyError](err); ok {
		if reads(e.Operation) {
			return fleet.AuditFailed, string(e.Problem)
		}
		return fleet.AuditUncertain, string(e.Problem)
	}
	if code, ok := unsent(err); ok {
		return fleet.AuditFailed, code
	}
	return fleet.AuditUncertain, "unknown"
}

// judgeUpdate knows the errors of updating incidents and alerts.
func judgeUpdate(err error) (outcome fleet.AuditOutcome, code string, ok bool) {
	switch {
	// It comes first: it wraps the error of what was not done.
	case is[*defender.PartialUpdateError](err):
		return fleet.AuditPartial, "partial", true
	case is[*defender.ConflictError](err):
		return fleet.AuditRefused, "changed-meanwhile", true
	case is[*defender.MergedError](err):
		return fleet.AuditRefused, "merged", true
	}
	return "", "", false
}

// reads tells whether an operation changes nothing.
func reads(op defender.Operation) bool {
	return slices.Contains([]defender.Operation{
		defender.OpListIncidents, defender.OpGetIncident, defender.OpListAlerts, defender.OpGetAlert,
		defender.OpListMachines, defender.OpGetMachine, defender.OpListActions, defender.OpGetAction, defender.OpListIndicators,
	}, op)
}

// unsent knows the errors after which nothing has been sent to the service that
// is asked for the effect: options it cannot take, a wait that is too long,
// pages that do not join up, and everything about getting a token.
func unsent(err error) (code string, ok bool) {
	switch {
	case is[*defender.OptionError](err):
		return "option", true
	case is[*defender.WaitError](err):
		return "wait", true
	case is[*defender.PagingError](err):
		return "paging", true
	case is[*defender.NoRoleError](err):
		return "role", true
	}
	if e, ok := errors.AsType[*entra.Error](err); ok {
		if e.Code != 0 {
			return "AADSTS" + strconv.Itoa(e.Code), true
		}
		return "token", true
	}
	if is[*entra.ConfigError](err) || is[*entra.ForeignTokenError](err) || is[*entra.AnswerError](err) || is[*entra.ConnectionError](err) ||
		is[*entra.CertificateError](err) || is[*entra.ChallengeError](err) || is[*entra.VaultError](err) {
		return "token", true
	}
	return "", false
}

func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}
