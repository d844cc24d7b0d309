package respond

import (
	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/fleet"
)

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
