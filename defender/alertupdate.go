package defender

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// AlertUpdate says what to change of an alert. A zero field leaves that field
// alone. Enum values may be in either surface's spelling.
type AlertUpdate struct {
	Status         AlertStatus // new, inProgress, resolved
	AssignedTo     *string     // a pointer to "" unassigns
	Classification Classification
	Determination  Determination // must go with the classification, as for IncidentUpdate
	// Comment is added to the alert's comments. At most 1,000 characters (ours).
	Comment string
}

// AlertUpdateOptions says how to update an alert; see UpdateOptions.
type AlertUpdateOptions struct {
	Seen   *Alert
	SeenAt time.Time
	Force  bool
	DryRun bool
}

// AlertUpdateResult tells what an update did, or would do; see UpdateResult.
type AlertUpdateResult struct {
	Before, After *Alert
	Changes       []FieldChange
	Differs       []FieldChange
	DryRun        bool
}

// Update changes an alert, as [IncidentService.Update] changes an incident: it
// reads it first, refuses with a [*ConflictError] when it has changed since it was
// shown, sends only what changes, and never repeats what may have been done.
//
// PATCH /v1.0/security/alerts_v2/{id}, and POST …/comments; needs
// SecurityAlert.ReadWrite.All; https://learn.microsoft.com/graph/api/security-alert-update
func (s *AlertService) Update(ctx context.Context, id string, u AlertUpdate, o AlertUpdateOptions) (*AlertUpdateResult, error) {
	address, err := s.address(id)
	if err != nil {
		return nil, err
	}
	if err := u.check(); err != nil {
		return nil, err
	}
	before, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := o.conflict(before); err != nil {
		return nil, err
	}
	edits := pending(u.edits(before))
	if err := verdictFits(SurfaceGraph, edits, string(before.Classification), string(before.Determination)); err != nil {
		return nil, err
	}
	r := &AlertUpdateResult{Before: before, After: u.apply(before), Changes: changes(edits, u.Comment), DryRun: o.DryRun}
	if o.DryRun || len(r.Changes) == 0 {
		return r, nil
	}
	partial := func(missing string, err error) error {
		return &PartialUpdateError{Surface: SurfaceGraph, What: "alert", ID: id, Done: fieldNames(edits), Missing: missing, Err: err}
	}
	if len(edits) > 0 {
		answer, err := s.patch(ctx, address, id, body(SurfaceGraph, edits))
		if err != nil {
			return nil, err
		}
		expected := r.After
		if r.After, err = s.after(ctx, id, answer); err != nil {
			r.After = expected
			return r, partial("reading it back", err)
		}
	}
	if u.Comment != "" {
		made, err := s.client.comment(ctx, OpCommentAlert, graphAlertsPath, "alert", id, u.Comment)
		if err != nil && len(edits) == 0 {
			return nil, err
		} else if err != nil {
			return r, partial("the comment", err)
		}
		// The comment has moved the last update, which a later update is compared with.
		if again, err := s.Get(ctx, id); err == nil {
			r.After = again
		} else {
			commented := *r.After
			commented.Comments = append(slices.Clip(commented.Comments), *made)
			r.After = &commented
		}
	}
	r.Differs = untaken(edits, r.After, alertFields())
	return r, nil
}

// Comment adds a comment to an alert, of at most 1,000 characters (ours), and
// returns it as the service tells it.
//
// POST /v1.0/security/alerts_v2/{id}/comments, needs SecurityAlert.ReadWrite.All;
// https://learn.microsoft.com/graph/api/security-alert-post-comments
func (s *AlertService) Comment(ctx context.Context, id, text string) (*Comment, error) {
	if _, err := s.address(id); err != nil {
		return nil, err
	}
	if err := checkComment(SurfaceGraph, "Comment", text); err != nil {
		return nil, err
	}
	return s.client.comment(ctx, OpCommentAlert, graphAlertsPath, "alert", id, text)
}

func (s *AlertService) patch(ctx context.Context, u *url.URL, id string, content map[string]any) ([]byte, error) {
	return s.client.write(ctx, SurfaceGraph, OpUpdateAlert, http.MethodPatch, u, "alert", id, content)
}

// after reads the alert of an answer to a PATCH, or asks for it when the answer
// has none.
func (s *AlertService) after(ctx context.Context, id string, answer []byte) (*Alert, error) {
	if len(answer) > 0 {
		if a, err := DecodeAlert(SurfaceGraph, answer); err == nil && a.ID == id {
			return a, nil
		}
	}
	return s.Get(ctx, id)
}

// check refuses what no alert could be updated to, and gives enum values their
// canonical spelling.
func (u *AlertUpdate) check() error {
	if *u == (AlertUpdate{}) {
		return &OptionError{Surface: SurfaceGraph, Option: "AlertUpdate", Remedy: "name something to change"}
	}
	if u.Status != "" {
		v, ok := enumAlertStatus.read(string(u.Status))
		if !ok || unset(v) || v == "unknownFutureValue" {
			return &OptionError{Surface: SurfaceGraph, Option: "Status", Value: string(u.Status), Remedy: "use new, inProgress or resolved"}
		}
		u.Status = AlertStatus(v)
	}
	var err error
	if u.Classification, u.Determination, err = readVerdict(SurfaceGraph, u.Classification, u.Determination); err != nil {
		return err
	}
	if u.AssignedTo != nil {
		if err := checkName(SurfaceGraph, *u.AssignedTo); err != nil {
			return err
		}
	}
	if u.Comment != "" {
		return checkComment(SurfaceGraph, "Comment", u.Comment)
	}
	return nil
}

// edits lists what u sets, compared with what is.
func (u *AlertUpdate) edits(is *Alert) []edit {
	var out []edit
	if u.Status != "" {
		out = append(out, enumEdit("status", string(is.Status), string(u.Status)))
	}
	if u.AssignedTo != nil {
		out = append(out, textEdit("assignedTo", is.AssignedTo, *u.AssignedTo))
	}
	if u.Classification != "" {
		out = append(out, enumEdit("classification", string(is.Classification), string(u.Classification)))
	}
	if u.Determination != "" {
		out = append(out, enumEdit("determination", string(is.Determination), string(u.Determination)))
	}
	return out
}

// apply is the alert as the update would leave it.
func (u *AlertUpdate) apply(is *Alert) *Alert {
	out := *is
	out.Raw = nil
	if u.Status != "" {
		out.Status = u.Status
	}
	if u.AssignedTo != nil {
		out.AssignedTo = *u.AssignedTo
	}
	if u.Classification != "" {
		out.Classification = u.Classification
	}
	if u.Determination != "" {
		out.Determination = u.Determination
	}
	if u.Comment != "" {
		out.Comments = append(slices.Clip(out.Comments), Comment{Text: u.Comment})
	}
	return &out
}

// conflict refuses when the alert is not as it was seen.
func (o AlertUpdateOptions) conflict(now *Alert) error {
	seen := o.SeenAt
	if o.Seen != nil {
		seen = o.Seen.LastUpdate
	}
	if o.Force || seen.IsZero() || sameInstant(seen, now.LastUpdate) {
		return nil
	}
	e := &ConflictError{Surface: SurfaceGraph, What: "alert", ID: now.ID, Seen: seen, Now: now.LastUpdate}
	if o.Seen != nil {
		for _, f := range alertFields() {
			if f.get(o.Seen) != f.get(now) {
				e.Fields = append(e.Fields, f.name)
			}
		}
	}
	return e
}

func alertFields() []field[*Alert] {
	return []field[*Alert]{
		{"title", func(a *Alert) string { return a.Title }},
		{"status", func(a *Alert) string { return string(a.Status) }},
		{"severity", func(a *Alert) string { return string(a.Severity) }},
		{"assignedTo", func(a *Alert) string { return a.AssignedTo }},
		{"classification", func(a *Alert) string { return known(string(a.Classification)) }},
		{"determination", func(a *Alert) string { return known(string(a.Determination)) }},
		{"incidentId", func(a *Alert) string { return a.IncidentID }},
		{"comments", func(a *Alert) string { return fmt.Sprint(len(a.Comments)) }},
		{"evidence", func(a *Alert) string { return fmt.Sprint(len(a.Evidence)) }},
	}
}
