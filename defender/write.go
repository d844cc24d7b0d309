package defender

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// FieldChange is one field of an update.
type FieldChange struct {
	Field    string // Graph's name, whatever the surface
	Old, New string // lists are joined by commas
}

// maxComment is the most characters of a comment. Ours: Microsoft's pages state
// no limit, and a comment that the service cuts would say something else.
const maxComment = 1000

// checkComment refuses what cannot be a comment.
func checkComment(s Surface, option, text string) error {
	refuse := func(remedy string) error {
		// The text itself may be customer data: it is not repeated.
		return &OptionError{Surface: s, Option: option, Remedy: remedy}
	}
	switch {
	case strings.TrimSpace(text) == "":
		return refuse("write something: the text is empty")
	case !utf8.ValidString(text):
		return refuse("write it in UTF-8")
	case utf8.RuneCountInString(text) > maxComment:
		return refuse(fmt.Sprintf("use %d characters at most; it has %d", maxComment, utf8.RuneCountInString(text)))
	}
	return nil
}

// checkName refuses what cannot be an assignee; empty means nobody.
func checkName(s Surface, name string) error {
	switch {
	case name == "":
		return nil
	case strings.TrimSpace(name) != name:
		return &OptionError{Surface: s, Option: "AssignedTo", Value: name, Remedy: "leave out the spaces around the name"}
	case !plain(name):
		return &OptionError{Surface: s, Option: "AssignedTo", Value: name, Remedy: "use a name without control characters"}
	}
	return nil
}

func checkTags(s Surface, tags []string) error {
	for i, tag := range tags {
		refuse := func(remedy string) error {
			return &OptionError{Surface: s, Option: fmt.Sprintf("Tags[%d]", i), Value: tag, Remedy: remedy}
		}
		switch {
		case strings.TrimSpace(tag) == "":
			return refuse("leave out empty tags")
		case !plain(tag):
			return refuse("use a tag without control characters")
		case slices.Contains(tags[:i], tag):
			return refuse("name each tag once")
		}
	}
	return nil
}

// plain tells whether s is text without control characters.
func plain(s string) bool { return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl) }

// plainLines tells whether s is text without control characters but for those
// that break lines or indent them.
func plainLines(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) })
}

// DeterminationsOf lists the determinations that go with a classification, nil
// where none do:
// https://learn.microsoft.com/defender-xdr/api-update-incidents, the table of
// properties. (A note on that page says that a determination can be set for true
// positives only; the table, and the portal, have it for all three.) Graph's
// pages give no such table; the same is used there, which is ours.
func DeterminationsOf(c Classification) []Determination {
	switch c {
	case ClassificationTruePositive:
		return []Determination{DeterminationMultiStagedAttack, DeterminationMaliciousUserActivity, DeterminationCompromisedAccount,
			DeterminationMalware, DeterminationPhishing, DeterminationUnwantedSoftware, DeterminationOther}
	case ClassificationExpected:
		return []Determination{DeterminationSecurityTesting, DeterminationLineOfBusiness, DeterminationConfirmedActivity, DeterminationOther}
	case ClassificationFalsePositive:
		return []Determination{DeterminationNotMalicious, DeterminationNotEnoughData, DeterminationOther}
	}
	return nil
}

// readVerdict gives classification and determination of an update their
// canonical spelling and refuses what nothing can be set to. Empty stays empty.
func readVerdict(s Surface, c Classification, d Determination) (Classification, Determination, error) {
	if c != "" {
		v, ok := enumClassification.read(string(c))
		switch {
		case !ok || v == "unknownFutureValue":
			return "", "", &OptionError{Surface: s, Option: "Classification", Value: string(c), Remedy: "use truePositive, falsePositive or informationalExpectedActivity"}
		case s == SurfaceXDR && Classification(v) == ClassificationUnknown:
			return "", "", &OptionError{Surface: s, Option: "Classification", Value: string(c), Remedy: "this surface cannot take a classification back: use surface graph"}
		}
		c = Classification(v)
	}
	if d != "" {
		v, ok := enumDetermination.read(string(d))
		d = Determination(v)
		usable := d == DeterminationUnknown && s == SurfaceGraph
		for _, of := range []Classification{ClassificationTruePositive, ClassificationExpected, ClassificationFalsePositive} {
			usable = usable || slices.Contains(DeterminationsOf(of), d)
		}
		if !ok || !usable {
			return "", "", &OptionError{Surface: s, Option: "Determination", Value: v, Remedy: "use one that can be set: " + allDeterminations()}
		}
	}
	if c != "" && d != "" {
		return c, d, fits(s, c, d)
	}
	return c, d, nil
}

func allDeterminations() string {
	var parts []string
	for _, c := range []Classification{ClassificationTruePositive, ClassificationExpected, ClassificationFalsePositive} {
		parts = append(parts, string(c)+": "+joined(DeterminationsOf(c)))
	}
	return strings.Join(parts, "; ")
}

// fits refuses a determination that does not go with a classification.
func fits(s Surface, c Classification, d Determination) error {
	if unset(string(d)) || slices.Contains(DeterminationsOf(c), d) {
		return nil
	}
	if unset(string(c)) {
		return &OptionError{Surface: s, Option: "Determination", Value: string(d),
			Remedy: "a determination needs the classification it goes with: set both (" + allDeterminations() + ")"}
	}
	return &OptionError{Surface: s, Option: "Determination", Value: string(d),
		Remedy: fmt.Sprintf("with classification %s set one of %s", c, joined(DeterminationsOf(c)))}
}

// unset tells whether an enum value says nothing.
func unset(v string) bool { return v == "" || v == "unknown" }

// edit is one field that an update sets.
type edit struct {
	field    string // Graph's name
	old, new string
	same     bool // nothing to do
	value    any  // for Graph
	xdrField string
	xdrValue any // for the xdr surface
}

// enumEdit is an edit of an enum; what is empty or unknown before is the same.
func enumEdit(field, old, new string) edit {
	xdr := upperFirst(new)
	switch Determination(new) { // two names differ on that surface's update page
	case DeterminationNotMalicious:
		xdr = "Clean"
	case DeterminationNotEnoughData:
		xdr = "NoEnoughDataToValidate"
	}
	return edit{field: field, old: old, new: new, same: old == new || unset(old) && unset(new), value: new, xdrField: field, xdrValue: xdr}
}

// textEdit is an edit of a text. No text is null on Graph ("or null if no owner
// is assigned") and empty on xdr, whose page does not say.
func textEdit(field, old, new string) edit {
	e := edit{field: field, old: old, new: new, same: old == new, value: new, xdrField: field, xdrValue: new}
	if new == "" {
		e.value = nil
	}
	return e
}

func tagsEdit(old, new []string) edit {
	same := slices.Equal(slices.Sorted(slices.Values(old)), slices.Sorted(slices.Values(new)))
	tags := append([]string{}, new...) // never null
	return edit{field: "customTags", old: strings.Join(old, ", "), new: strings.Join(new, ", "), same: same,
		value: tags, xdrField: "tags", xdrValue: tags}
}

// pending keeps the edits that change something.
func pending(edits []edit) []edit {
	return slices.DeleteFunc(edits, func(e edit) bool { return e.same })
}

func changes(edits []edit, comment string) []FieldChange {
	var out []FieldChange
	for _, e := range edits {
		out = append(out, FieldChange{Field: e.field, Old: e.old, New: e.new})
	}
	if comment != "" {
		out = append(out, FieldChange{Field: "comment", New: comment})
	}
	return out
}

func fieldNames(edits []edit) []string {
	var out []string
	for _, e := range edits {
		out = append(out, e.field)
	}
	return out
}

func body(s Surface, edits []edit) map[string]any {
	out := map[string]any{}
	for _, e := range edits {
		if s == SurfaceXDR {
			out[e.xdrField] = e.xdrValue
		} else {
			out[e.field] = e.value
		}
	}
	return out
}

// write sends a change. A failure that leaves open whether it was made is an
// [*UncertainError].
func (c *Client) write(ctx context.Context, s Surface, op Operation, method string, u *url.URL, what, id string, body any) ([]byte, error) {
	answer, err := c.send(ctx, s, op, method, u, body, http.StatusOK, http.StatusCreated, http.StatusNoContent)
	if unclear(err) {
		return nil, &UncertainError{Surface: s, Operation: op, Target: id, Err: err,
			Check: "Read " + what + " " + id + " and see whether it was done before you do it again."}
	}
	return answer.body, err
}

// comment adds a comment on Graph, which answers with all comments:
// https://learn.microsoft.com/graph/api/security-incident-post-comments and
// https://learn.microsoft.com/graph/api/security-alert-post-comments.
func (c *Client) comment(ctx context.Context, op Operation, path, what, id, text string) (*Comment, error) {
	u := *c.origins[SurfaceGraph]
	u.Path = path + "/" + id + "/comments"
	answer, err := c.write(ctx, SurfaceGraph, op, http.MethodPost, &u, what, id,
		map[string]any{"@odata.type": "microsoft.graph.security.alertComment", "comment": text})
	if err != nil {
		return nil, err
	}
	return ownComment(readComments(answer), text), nil
}

// readComments reads a list of comments, or a single one; nil when it is neither,
// which is no failure: the comment was made.
func readComments(data []byte) []Comment {
	type wire struct {
		Comment   *string `json:"comment"`
		ByName    string  `json:"createdByDisplayName"`
		By        string  `json:"createdBy"`
		Created   string  `json:"createdDateTime"`
		CreatedAt string  `json:"createdTime"`
	}
	var answer struct {
		Value []wire `json:"value"`
		wire
	}
	if json.Unmarshal(data, &answer) != nil {
		return nil
	}
	if answer.Comment != nil {
		answer.Value = append(answer.Value, answer.wire)
	}
	var out []Comment
	for _, w := range answer.Value {
		if w.Comment == nil {
			continue
		}
		c := Comment{Text: *w.Comment, By: w.ByName}
		if c.By == "" {
			c.By = w.By
		}
		for _, t := range []string{w.Created, w.CreatedAt} {
			if at, err := parseTime(t); err == nil && c.Created.IsZero() {
				c.Created = at
			}
		}
		out = append(out, c)
	}
	return out
}

// ownComment finds the comment just made among all: the newest with its text. If
// the answer does not show it, what is known of it is its text.
func ownComment(all []Comment, text string) *Comment {
	var own *Comment
	for i := range all {
		if c := &all[i]; c.Text == text && (own == nil || !c.Created.Before(own.Created)) {
			own = c
		}
	}
	if own == nil {
		own = &Comment{Text: text}
	}
	return own
}

// sameInstant compares times as exactly as the services tell them.
func sameInstant(a, b time.Time) bool {
	return a.Truncate(100 * time.Nanosecond).Equal(b.Truncate(100 * time.Nanosecond))
}
