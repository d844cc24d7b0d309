package xdrapi

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/world"
)

// change is what a request wants of an incident or alert, in the world's
// words; nil leaves as it is.
type change struct {
	status, classification, determination, severity *string
	assignedTo                                      *string // empty takes the owner away
	tags                                            *[]string
	name, description, summary, resolving           *string // of incidents on Graph
	comment                                         *string // added to the others
}

func (c change) empty() bool { return c == change{} }

// set takes over what was asked for and leaves the rest.
func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// mergedError says that an incident lives on in another.
type mergedError struct{ id, into int64 }

func (e *mergedError) Error() string {
	return fmt.Sprintf("Incident %d was merged into incident %d and can no longer be changed. Change incident %d.", e.id, e.into, e.into)
}

// changeIncident makes a change in the name of the caller. A change that asks
// for nothing changes nothing, the last update neither; ours.
func (a *API) changeIncident(c *graphwire.Caller, id int64, what string, ch change) (*world.Incident, *graphwire.Error) {
	if ch.empty() {
		in, ok := a.world.Incident(c.Tenant.ID, id)
		if !ok {
			return nil, notFound("Incident", fmt.Sprint(id))
		}
		return in, nil
	}
	who, now := a.author(c), a.now().UTC() // before: f must not ask the world
	in, err := a.world.UpdateIncident(c.Tenant.ID, id, what, func(in *world.Incident) error {
		if in.RedirectTo != 0 {
			return &mergedError{in.ID, in.RedirectTo}
		}
		set(&in.Status, ch.status)
		set(&in.Classification, ch.classification)
		set(&in.Determination, ch.determination)
		set(&in.Severity, ch.severity)
		set(&in.AssignedTo, ch.assignedTo)
		set(&in.Tags, ch.tags)
		set(&in.Name, ch.name)
		set(&in.Description, ch.description)
		set(&in.Summary, ch.summary)
		set(&in.ResolvingComment, ch.resolving)
		if ch.comment != nil {
			in.Comments = append(in.Comments, world.Comment{Text: *ch.comment, By: who, Created: now})
		}
		// As in the answer of the page "Update incident" of 2026:
		// "API-App:admin@contoso.com".
		in.LastModifiedBy = "API-App:" + who
		return nil
	})
	if err != nil {
		return nil, refusal(err, "Incident", fmt.Sprint(id))
	}
	return in, nil
}

// changeAlert is changeIncident for an alert.
func (a *API) changeAlert(c *graphwire.Caller, id, what string, ch change) (*world.Alert, *graphwire.Error) {
	if ch.empty() {
		al, ok := a.world.Alert(c.Tenant.ID, id)
		if !ok {
			return nil, notFound("Alert", id)
		}
		return al, nil
	}
	who, now := a.author(c), a.now().UTC()
	al, err := a.world.UpdateAlert(c.Tenant.ID, id, what, func(al *world.Alert) error {
		set(&al.Status, ch.status)
		set(&al.Classification, ch.classification)
		set(&al.Determination, ch.determination)
		set(&al.AssignedTo, ch.assignedTo)
		if ch.comment != nil {
			al.Comments = append(al.Comments, world.Comment{Text: *ch.comment, By: who, Created: now})
		}
		return nil
	})
	if err != nil {
		return nil, refusal(err, "Alert", id)
	}
	return al, nil
}

// refusal turns an error of the world into an answer. What Microsoft answers
// to a change of a merged incident is not documented; that it is refused, and
// how, is ours.
func refusal(err error, what, id string) *graphwire.Error {
	var merged *mergedError
	switch {
	case errors.As(err, &merged):
		return &graphwire.Error{Status: http.StatusBadRequest, Code: graphwire.CodeODataBad, Message: merged.Error()}
	case errors.Is(err, world.ErrNotFound): // it went between the look and the change
		return notFound(what, id)
	}
	return broken(err)
}

// author is who comments and changes are told to be by ("the person or app name
// that submitted the comment", alertComment resource type of Graph).
func (a *API) author(c *graphwire.Caller) string { return c.Name(a.world) }
