package explain

import (
	"errors"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/respond"
)

// explainWrite explains what became of a change to a customer's tenant. These
// come before everything else: an uncertain change is uncertain whatever broke
// it off, and wraps the error of that.
func explainWrite(err error, x *Explanation) bool {
	var (
		uncertain *defender.UncertainError
		audit     *respond.AuditError
		partial   *defender.PartialUpdateError
		conflict  *defender.ConflictError
		merged    *defender.MergedError
	)
	switch {
	case errors.As(err, &uncertain):
		x.Exit, x.Code, x.Next = clierr.CodeFailed, "uncertain", uncertain.Next()
	case errors.As(err, &audit):
		x.Exit, x.Code, x.Next = clierr.CodeFailed, "audit", audit.Next()
	case errors.As(err, &partial):
		x.Exit, x.Code, x.Next = clierr.CodePartial, "partial", partial.Next()
	case errors.As(err, &conflict):
		x.Exit, x.Code, x.Next = clierr.CodeFailed, "conflict", conflict.Next()
	case errors.As(err, &merged):
		x.Exit, x.Code, x.Next = clierr.CodeFailed, "merged", merged.Next()
	default:
		return false
	}
	return true
}
