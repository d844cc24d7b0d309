package mdeapi

import (
	"errors"
	"net/http"
	"time"

	"github.com/tenantry/tenantry/sandbox/graphapi/graphwire"
	"github.com/tenantry/tenantry/sandbox/journal"
	"github.com/tenantry/tenantry/sandbox/odata"
	"github.com/tenantry/tenantry/sandbox/world"
)

// action is a machine action on the wire ("MachineAction resource type").
// errorHResult, externalId in this spelling, and troubleshootInfo are in no
// table but in every answer that users of the API publish.
type action struct {
	ID               string   `json:"id"`
	Type             string   `json:"type"`
	Title            *string  `json:"title"`
	Requestor        string   `json:"requestor"`
	RequestorComment string   `json:"requestorComment"`
	Status           string   `json:"status"`
	MachineID        string   `json:"machineId"`
	DNSName          string   `json:"computerDnsName"`
	Created          *string  `json:"creationDateTimeUtc"`
	LastUpdate       *string  `json:"lastUpdateDateTimeUtc"`
	LastUpdateInList *string  `json:"lastUpdateTimeUtc,omitempty"`
	CancelledBy      *string  `json:"cancellationRequestor"`
	CancelComment    *string  `json:"cancellationComment"`
	CancelledAt      *string  `json:"cancellationDateTimeUtc"`
	Error            int32    `json:"errorHResult"`
	Scope            *string  `json:"scope"`
	ExternalID       *string  `json:"externalId"`
	RequestSource    *string  `json:"requestSource"`
	File             *file    `json:"relatedFileInfo"`
	Commands         []string `json:"commands"`
	Troubleshoot     *string  `json:"troubleshootInfo"`
}

type file struct {
	ID     string  `json:"fileIdentifier"`
	IDType *string `json:"fileIdentifierType"`
}

func wireAction(a *world.MachineAction) action {
	w := action{
		ID: a.ID, Type: a.Type, Title: text(a.Title), Requestor: a.Requestor, RequestorComment: a.Comment, Status: a.Status,
		MachineID: a.MachineID, DNSName: a.MachineName, Created: stamp(a.Created), LastUpdate: stamp(a.LastUpdate),
		CancelledBy: text(a.CancelledBy), CancelComment: text(a.CancelComment), CancelledAt: stamp(a.CancelledAt), Error: a.ErrorHResult,
		Scope: text(a.Scope), ExternalID: text(a.ExternalID), RequestSource: text(a.RequestSource), Commands: orEmpty(a.Commands),
	}
	if a.FileID != "" {
		w.File = &file{a.FileID, text(a.FileIDType)}
	}
	return w
}

// wireListedAction adds lastUpdateTimeUtc, as the samples of "List
// machineActions" call what the resource calls lastUpdateDateTimeUtc.
func wireListedAction(a *world.MachineAction) action {
	w := wireAction(a)
	w.LastUpdateInList = w.LastUpdate
	return w
}

// actionFields are what "List machineActions" allows in $filter.
func actionFields() odata.Resource[*world.MachineAction] {
	type one = *world.MachineAction
	return odata.Resource[one]{TypeName: "Microsoft.WindowsDefenderATP.MachineAction", AnyCase: true, Fields: map[string]odata.Field[one]{
		"id":        guidField(func(a one) string { return a.ID }),
		"machineId": textField(func(a one) string { return a.MachineID }),
		"requestor": textField(func(a one) string { return a.Requestor }),
		"status": enumField([]string{world.ActionPending, world.ActionInProgress, world.ActionSucceeded, world.ActionFailed, world.ActionTimeOut, world.ActionCancelled},
			func(a one) string { return a.Status }),
		"type": enumField([]string{world.ActionScan, "Offboard", "LiveResponse", world.ActionCollect, world.ActionIsolate, world.ActionUnisolate, "StopAndQuarantineFile", "RestrictCodeExecution", "UnrestrictCodeExecution"},
			func(a one) string { return a.Type }),
		"creationDateTimeUtc": timeField(func(a one) time.Time { return a.Created }),
	}}
}

// listActions lists the latest first, as the page's second example relies on.
func (a *API) listActions(c *call) (any, *apiError) {
	return list(c, "MachineActions", a.world.Actions(c.Tenant.ID), actionFields(), wireListedAction)
}

func (a *API) getAction(c *call) (any, *apiError) {
	found, ok := a.world.Action(c.Tenant.ID, c.id)
	if !ok {
		return nil, notFound("MachineAction", c.id)
	}
	return c.actionBody(found), nil
}

func (c *call) actionBody(a *world.MachineAction) any {
	return graphwire.Entity(c.context("MachineActions/$entity"), wireAction(a))
}

func (a *API) cancel(c *call) (any, *apiError) {
	p, failure := c.readBody("Comment")
	if failure != nil {
		return nil, failure
	}
	comment, failure := p.text("Comment") // not required, by the page's table
	if failure != nil {
		return nil, failure
	}
	cancelled, err := a.world.CancelAction(c.Tenant.ID, c.id, a.who(c), comment)
	var final *world.FinalActionError
	switch {
	case errors.As(err, &final):
		// "Cancel an already launched machine action that isn't yet in final
		// state"; status and code are ours.
		return nil, badRequest("BadRequest", "Machine action "+final.Action.ID+" is in the final state "+final.Action.Status+" and cannot be cancelled.")
	case errors.Is(err, world.ErrNotFound):
		return nil, notFound("MachineAction", c.id)
	case err != nil:
		return nil, internal(err)
	}
	c.noteAction(cancelled)
	return c.actionBody(cancelled), nil
}

// noteAction ties the request to the action in the journal.
func (c *call) noteAction(a *world.MachineAction) {
	journal.Note(c.r.Context(), func(e *journal.Event) {
		e.Add("machineAction", map[string]any{"id": a.ID, "type": a.Type, "machineId": a.MachineID, "status": a.Status})
	})
}

func internal(err error) *apiError {
	return &apiError{status: http.StatusInternalServerError, code: "InternalServerError", message: "", reason: err.Error()}
}
