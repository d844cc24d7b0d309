package explain

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

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
		own       *clierr.Error
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
	case errors.As(err, &own):
		return false // the command has put it into words already
	case explainOption(err, x):
	default:
		if _, ok := UnderWay(err); !ok {
			return false
		}
		x.Exit, x.Code = clierr.CodeFailed, "under-way"
		x.Next = "An action of this kind is under way on this machine: wait until it has ended, or call it off; tenantry machines actions shows how far it has come, tenantry machines cancel ends it."
	}
	return true
}

// UnderWay finds the service's refusal of a machine action because one of the
// same kind is under way on the machine: status 400, as the page on scans quotes it
// (https://learn.microsoft.com/defender-endpoint/api/run-av-scan).
func UnderWay(err error) (*defender.Error, bool) {
	e, ok := errors.AsType[*defender.Error](err)
	return e, ok && e.Status == http.StatusBadRequest && e.Surface == defender.SurfaceMDE &&
		(e.Code == "ActiveRequestAlreadyExists" || strings.Contains(strings.ToLower(e.Message), "already in progress"))
}

// option gives the command line's name of a field that the libraries refused;
// false for one that no flag sets.
func option(field string) (string, bool) {
	if strings.HasPrefix(field, "Tags[") {
		field = "Tags"
	}
	name, ok := map[string]string{
		"Status": "--status", "AssignedTo": "--assign-to", "Classification": "--classification", "Determination": "--determination",
		"Comment": "--comment", "comment": "--comment", "ResolvingComment": "--resolving-comment", "Tags": "tag",
		"indicator value": "VALUE", "indicator type": "--type", "indicator action": "--action", "indicator severity": "--severity",
		"indicator expiration": "--expires", "indicator title": "--title", "indicator description": "--description",
		"indicator recommended actions": "--recommended-actions", "isolation type": "--type", "scan type": "--type",
	}[field]
	return name, ok
}

// explainOption puts what the libraries refuse to send, which name fields of
// theirs, into the words of the command line.
func explainOption(err error, x *Explanation) bool {
	var e *defender.OptionError
	var p *respond.PlanError
	switch {
	case errors.As(err, &e):
		name, ok := option(e.Option)
		if !ok {
			return false
		}
		where := ""
		if e.Surface == defender.SurfaceGraph || e.Surface == defender.SurfaceXDR {
			where = " through " + string(e.Surface)
		}
		x.Message = name + ": this cannot be set" + where
		if e.Value != "" {
			x.Message = fmt.Sprintf("%s: %q cannot be set%s", name, e.Value, where)
		}
		x.Next = strings.NewReplacer("use Comment", "use --comment", "use surface ", "use --surface ", "or surface ", "or --surface ").Replace(e.Remedy)
	case errors.As(err, &p):
		name, ok := option(p.Field)
		if !ok {
			return false
		}
		x.Message, x.Next = name+": "+p.Problem, p.Remedy
	default:
		return false
	}
	x.Exit, x.Code = clierr.CodeUsage, "usage"
	return true
}
