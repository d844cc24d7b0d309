package defender

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// IncidentUpdate says what to change of an incident. A zero field leaves that
// field alone. Enum values may be in either surface's spelling.
type IncidentUpdate struct {
	Status Status // active, inProgress, resolved; graph also awaitingAction
	// AssignedTo is a name, as a rule a user principal name; a pointer to "" unassigns.
	AssignedTo *string
	// Classification and Determination must go together; when one of them is given,
	// the other is the one the incident has.
	Classification Classification
	Determination  Determination
	Tags           *[]string // all custom tags: those it has and lacks here are removed
	// ResolvingComment explains how the incident was resolved; graph only. At most
	// 1,000 characters (ours).
	ResolvingComment string
	// Comment is added to the incident's comments. At most 1,000 characters (ours).
	Comment string
}

// UpdateOptions says how to update an incident.
type UpdateOptions struct {
	// Seen is the incident as it was shown to who decided the update, or SeenAt only
	// its LastUpdate. If the incident has changed since, the update is refused with
	// a [*ConflictError]. Nil and zero: not compared.
	Seen   *Incident
	SeenAt time.Time
	Force  bool // update although it has changed
	DryRun bool // tell what would change, and change nothing
}

// UpdateResult tells what an update did, or would do.
type UpdateResult struct {
	Before *Incident // as read just before
	// After is the incident as the service tells it afterwards; for DryRun and when
	// nothing changes, as it would be.
	After   *Incident
	Changes []FieldChange // empty: nothing was to be changed, and nothing was sent
	// Differs are fields that the service, though it reported success, tells
	// otherwise than they were written.
	Differs []FieldChange
	DryRun  bool
}

// Update changes an incident. It reads it first, and refuses when it was merged
// into another (a [*MergedError], Force or not) or has changed since it was
// shown (a [*ConflictError]). It sends only what changes, and nothing when
// nothing does. Neither surface can update on a condition: what a colleague
// changes between that read and the write, a moment later, is overwritten.
//
// A write that may or may not have been carried out is an [*UncertainError], and
// is never repeated. On graph fields and comment are two calls; when only the
// second fails, the error is a [*PartialUpdateError], and the result is told too.
//
//   - graph: PATCH /v1.0/security/incidents/{id}, and POST …/comments; needs
//     SecurityIncident.ReadWrite.All;
//     https://learn.microsoft.com/graph/api/security-incident-update
//   - xdr: PATCH /api/incidents/{id}; needs Incident.ReadWrite.All; 50 calls a
//     minute and 1,500 an hour; https://learn.microsoft.com/defender-xdr/api-update-incidents
func (s *IncidentService) Update(ctx context.Context, id string, u IncidentUpdate, o UpdateOptions) (*UpdateResult, error) {
	if err := s.ready(); err != nil {
		return nil, err
	}
	if err := u.check(s.surface); err != nil {
		return nil, err
	}
	before, err := s.unmerged(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := o.conflict(before); err != nil {
		return nil, err
	}
	edits := pending(u.edits(before))
	if err := verdictFits(s.surface, edits, string(before.Classification), string(before.Determination)); err != nil {
		return nil, err
	}
	r := &UpdateResult{Before: before, After: u.apply(before), Changes: changes(edits, u.Comment), DryRun: o.DryRun}
	if o.DryRun || len(r.Changes) == 0 {
		return r, nil
	}
	return s.write(ctx, r, edits, u.Comment)
}

// write sends the edits and the comment of an update.
func (s *IncidentService) write(ctx context.Context, r *UpdateResult, edits []edit, comment string) (*UpdateResult, error) {
	id, expected := r.Before.ID, r.After
	content := body(s.surface, edits)
	if s.surface == SurfaceXDR && comment != "" {
		content["comment"] = comment
	}
	if len(content) > 0 {
		answer, err := s.patch(ctx, OpUpdateIncident, id, content)
		if err != nil {
			return nil, err
		}
		if r.After, err = s.after(ctx, id, answer); err != nil {
			r.After = expected
			return r, s.partial(r, edits, "reading it back", err)
		}
	}
	if s.surface == SurfaceGraph && comment != "" {
		made, err := s.client.comment(ctx, OpCommentIncident, graphIncidentsPath, "incident", id, comment)
		if err != nil && len(edits) == 0 {
			return nil, err
		} else if err != nil {
			return r, s.partial(r, edits, "the comment", err)
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
	r.Differs = untaken(edits, r.After, incidentFields())
	return r, nil
}

func (s *IncidentService) partial(r *UpdateResult, edits []edit, missing string, err error) error {
	done := fieldNames(edits)
	if len(done) == 0 {
		done = []string{"comment"}
	}
	return &PartialUpdateError{Surface: s.surface, What: "incident", ID: r.Before.ID, Done: done, Missing: missing, Err: err}
}

func (s *IncidentService) patch(ctx context.Context, op Operation, id string, content map[string]any) ([]byte, error) {
	u := *s.client.origins[s.surface]
	u.Path = graphIncidentsPath + "/" + id
	if s.surface == SurfaceXDR {
		u.Path = xdrIncidentsPath + "/" + id
	}
	return s.client.write(ctx, s.surface, op, http.MethodPatch, &u, "incident", id, content)
}

// after reads the incident of an answer to a PATCH, or asks for it when the
// answer has none.
func (s *IncidentService) after(ctx context.Context, id string, answer []byte) (*Incident, error) {
	if len(answer) > 0 {
		if i, err := DecodeIncident(s.surface, answer); err == nil && i.ID == id {
			return i, nil
		}
	}
	return s.Get(ctx, id)
}

// Comment adds a comment to an incident, of at most 1,000 characters (ours), and
// returns it as the service tells it. An incident that was merged into another
// is refused with a [*MergedError]; a comment that may or may not have been added is
// an [*UncertainError].
//
//   - graph: POST /v1.0/security/incidents/{id}/comments, roles as for Update;
//     https://learn.microsoft.com/graph/api/security-incident-post-comments
//   - xdr: PATCH /api/incidents/{id} with nothing but a comment
func (s *IncidentService) Comment(ctx context.Context, id, text string) (*Comment, error) {
	if err := s.ready(); err != nil {
		return nil, err
	}
	if err := checkComment(s.surface, "Comment", text); err != nil {
		return nil, err
	}
	if _, err := s.unmerged(ctx, id); err != nil {
		return nil, err
	}
	if s.surface == SurfaceGraph {
		return s.client.comment(ctx, OpCommentIncident, graphIncidentsPath, "incident", id, text)
	}
	answer, err := s.patch(ctx, OpCommentIncident, id, map[string]any{"comment": text})
	if err != nil {
		return nil, err
	}
	i, err := s.after(ctx, id, answer)
	if err != nil {
		return &Comment{Text: text}, nil // it was made; its author and time are not known
	}
	return ownComment(slices.Clone(i.Comments), text), nil
}

// unmerged reads an incident that is to be changed.
func (s *IncidentService) unmerged(ctx context.Context, id string) (*Incident, error) {
	i, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if i.Status == StatusRedirected || i.RedirectTo != "" {
		return nil, &MergedError{Surface: s.surface, ID: i.ID, Target: i.RedirectTo}
	}
	return i, nil
}

// check refuses what no incident could be updated to, and gives enum values
// their canonical spelling.
func (u *IncidentUpdate) check(s Surface) error {
	if *u == (IncidentUpdate{}) {
		return &OptionError{Surface: s, Option: "IncidentUpdate", Remedy: "name something to change"}
	}
	if u.Status != "" {
		status, ok := ParseStatus(string(u.Status))
		refuse := func(remedy string) error {
			return &OptionError{Surface: s, Option: "Status", Value: string(u.Status), Remedy: remedy}
		}
		switch {
		case status == StatusRedirected:
			return refuse("the service sets this state when it merges incidents; use active, inProgress or resolved")
		case !ok || status == "unknownFutureValue":
			return refuse("use active, inProgress or resolved")
		case status == StatusAwaitingAction && s == SurfaceXDR:
			return refuse("this surface does not know this state: use surface graph")
		}
		u.Status = status
	}
	var err error
	if u.Classification, u.Determination, err = readVerdict(s, u.Classification, u.Determination); err != nil {
		return err
	}
	if u.AssignedTo != nil {
		if err := checkName(s, *u.AssignedTo); err != nil {
			return err
		}
	}
	if u.Tags != nil {
		if err := checkTags(s, *u.Tags); err != nil {
			return err
		}
	}
	if u.ResolvingComment != "" {
		if s == SurfaceXDR {
			return &OptionError{Surface: s, Option: "ResolvingComment", Remedy: "this surface has no such field: use Comment, or surface graph"}
		}
		if err := checkComment(s, "ResolvingComment", u.ResolvingComment); err != nil {
			return err
		}
	}
	if u.Comment != "" {
		return checkComment(s, "Comment", u.Comment)
	}
	return nil
}

// edits lists what u sets, compared with what is.
func (u *IncidentUpdate) edits(is *Incident) []edit {
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
	if u.Tags != nil {
		out = append(out, tagsEdit(is.Tags, *u.Tags))
	}
	if u.ResolvingComment != "" {
		out = append(out, textEdit("resolvingComment", is.ResolvingComment, u.ResolvingComment))
	}
	return out
}

// apply is the incident as the update would leave it.
func (u *IncidentUpdate) apply(is *Incident) *Incident {
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
	if u.Tags != nil {
		out.Tags = slices.Clone(*u.Tags)
	}
	if u.ResolvingComment != "" {
		out.ResolvingComment = u.ResolvingComment
	}
	if u.Comment != "" {
		out.Comments = append(slices.Clip(out.Comments), Comment{Text: u.Comment})
	}
	return &out
}

// conflict refuses when the incident is not as it was seen.
func (o UpdateOptions) conflict(now *Incident) error {
	seen := o.SeenAt
	if o.Seen != nil {
		seen = o.Seen.LastUpdate
	}
	if o.Force || seen.IsZero() || sameInstant(seen, now.LastUpdate) {
		return nil
	}
	e := &ConflictError{Surface: now.Surface, What: "incident", ID: now.ID, Seen: seen, Now: now.LastUpdate, By: now.LastModifiedBy}
	if o.Seen != nil {
		for _, f := range incidentFields() {
			if f.get(o.Seen) != f.get(now) {
				e.Fields = append(e.Fields, f.name)
			}
		}
		// Graph tells alerts only when asked: fewer than were seen means nothing.
		if len(now.Alerts) > 0 && len(o.Seen.Alerts) > 0 && len(now.Alerts) != len(o.Seen.Alerts) {
			e.Fields = append(e.Fields, "alerts")
		}
	}
	return e
}

// field is one that people change, as text to compare.
type field[T any] struct {
	name string
	get  func(T) string
}

func incidentFields() []field[*Incident] {
	return []field[*Incident]{
		{"displayName", func(i *Incident) string { return i.Name }},
		{"status", func(i *Incident) string { return string(i.Status) }},
		{"severity", func(i *Incident) string { return string(i.Severity) }},
		{"assignedTo", func(i *Incident) string { return i.AssignedTo }},
		{"classification", func(i *Incident) string { return known(string(i.Classification)) }},
		{"determination", func(i *Incident) string { return known(string(i.Determination)) }},
		{"customTags", func(i *Incident) string { return sorted(i.Tags) }},
		{"resolvingComment", func(i *Incident) string { return i.ResolvingComment }},
		{"comments", func(i *Incident) string { return fmt.Sprint(len(i.Comments)) }},
	}
}

// known is an enum value, empty when it says nothing.
func known(v string) string {
	if unset(v) {
		return ""
	}
	return v
}

func sorted(list []string) string {
	return strings.Join(slices.Sorted(slices.Values(list)), ", ")
}

// untaken are the edits that a thing does not show although they were written.
func untaken[T any](edits []edit, is T, fields []field[T]) []FieldChange {
	var out []FieldChange
	for _, e := range edits {
		i := slices.IndexFunc(fields, func(f field[T]) bool { return f.name == e.field })
		if i < 0 {
			continue
		}
		got, want := fields[i].get(is), known(e.new)
		if list, ok := e.value.([]string); ok {
			want = sorted(list)
		}
		// Services give names their own letter case.
		if !strings.EqualFold(got, want) {
			out = append(out, FieldChange{Field: e.field, Old: got, New: want})
		}
	}
	return out
}

// verdictFits checks the classification and determination that edits lead to,
// if they touch either.
func verdictFits(s Surface, edits []edit, classification, determination string) error {
	touched := false
	for _, e := range edits {
		switch e.field {
		case "classification":
			classification, touched = e.new, true
		case "determination":
			determination, touched = e.new, true
		}
	}
	if !touched {
		return nil
	}
	return fits(s, Classification(classification), Determination(determination))
}
