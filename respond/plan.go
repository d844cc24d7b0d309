package respond

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/entra"
)

// Kind is what a plan does.
type Kind string

// Kinds of plan.
const (
	KindIsolate         Kind = "isolate"
	KindRelease         Kind = "release"
	KindScan            Kind = "scan"
	KindCollect         Kind = "collect"
	KindCancel          Kind = "cancel"
	KindIndicatorSubmit Kind = "indicator.submit"
	KindIndicatorDelete Kind = "indicator.delete"
	KindIncidentUpdate  Kind = "incident.update"
	KindIncidentComment Kind = "incident.comment"
	KindAlertUpdate     Kind = "alert.update"
	KindAlertComment    Kind = "alert.comment"
)

// Kinds lists the kinds of plan.
func Kinds() []Kind {
	return []Kind{KindIsolate, KindRelease, KindScan, KindCollect, KindCancel, KindIndicatorSubmit, KindIndicatorDelete,
		KindIncidentUpdate, KindIncidentComment, KindAlertUpdate, KindAlertComment}
}

// NeedsComment tells whether Microsoft's API, or this program, takes the kind
// only with a comment.
func (k Kind) NeedsComment() bool {
	switch k {
	case KindIsolate, KindRelease, KindScan, KindCollect, KindCancel, KindIncidentComment, KindAlertComment:
		return true
	}
	return false
}

// guard is what a plan of this kind must not be under way twice for; empty when
// it may be. Isolating and releasing share one, so that they cannot cross.
func (k Kind) guard() string {
	switch k {
	case KindIsolate, KindRelease:
		return "isolation"
	}
	return ""
}

// Plan is one effect on one tenant.
type Plan struct {
	Kind       Kind
	Tenant     entra.TenantID
	TenantName string
	Surface    defender.Surface // the service that is told
	Target     string           // id of the incident, alert, machine or indicator
	TargetName string           // for people; may be empty
	Comment    string           // sent to the service, where the customer reads it
	Reason     string           // kept in the audit alone; may be empty
	Changes    []string         // what is asked for, in words, such as "status: active → resolved"
}

// PlanError refuses a plan; nothing was written or sent.
type PlanError struct {
	Field   string // name of the field
	Value   string // what it held, when it can be shown
	Problem string
	Remedy  string
}

func (e *PlanError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("%s: %s; %s", e.Field, e.Problem, e.Remedy)
	}
	return fmt.Sprintf("%s %q: %s; %s", e.Field, e.Value, e.Problem, e.Remedy)
}

// Next says in one sentence what to do about it.
func (e *PlanError) Next() string { return e.Remedy }

// MaxComment is the longest comment taken, in characters. Microsoft publishes
// no limit; ours.
const MaxComment = 1000

// Check refuses a plan that lacks something, with a [*PlanError].
func (p Plan) Check() error {
	id, err := entra.ParseTenantID(string(p.Tenant))
	switch {
	case !slices.Contains(Kinds(), p.Kind):
		return &PlanError{Field: "kind", Value: string(p.Kind), Problem: "there is no such kind of effect", Remedy: "use one of those that Kinds lists"}
	case err != nil || id != p.Tenant:
		return &PlanError{Field: "tenant", Value: string(p.Tenant), Problem: "it is not the id of a tenant", Remedy: "name one tenant by its id"}
	case p.Target == "":
		return &PlanError{Field: "target", Problem: "it is empty", Remedy: "name what the effect is on by its id"}
	}
	if p.Kind.NeedsComment() && strings.TrimSpace(p.Comment) == "" {
		return &PlanError{Field: "comment", Problem: "it is missing", Remedy: "say why: the customer reads it beside what was done"}
	}
	if n := utf8.RuneCountInString(p.Comment); n > MaxComment {
		return &PlanError{Field: "comment", Problem: fmt.Sprintf("it has %d characters, and %d are taken at most", n, MaxComment), Remedy: "shorten it"}
	}
	// Line breaks are the only control characters a comment can mean to hold.
	if strings.ContainsFunc(p.Comment, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }) || !utf8.ValidString(p.Comment) {
		return &PlanError{Field: "comment", Problem: "it holds control characters", Remedy: "write it in plain text"}
	}
	return nil
}
